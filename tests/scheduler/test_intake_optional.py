"""Collectors with their licences, and pairs of person ids, through the intake and out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from scheduler.intake.importing import Imported, Run, files_of, import_file, table_of
from scheduler.intake.layouts import layout_of
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from scheduler.store.schema import EVERY
from scheduler.store.snapshot import snapshot, write_snapshot

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
PEOPLE = "consumer,person,deceased\nC1,H1,no\n"
DEBTS = (
    "account,consumer,type,collector,collector_role,status,balance\n"
    "A1,C1,credit_card,X,third_party,open,10.00\n"
)


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


def quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""


def take(store: Store, place: Path, kind: str, text: str, now: datetime = NOW) -> Imported:
    path = place / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    run = Run(now, place / "aside", quiet, "crm")
    return import_file(store, path, table_of(kind), layout_of("generic"), run)


def said(found: Imported) -> list[str]:
    return [f"{one.column}: {one.reason}" for one in found.problems]


def test_both_go_in_are_corrected_and_come_out(store: Store, tmp_path: Path) -> None:
    head = "person,other,source,confidence\n"
    first = take(store, tmp_path, "same-persons", f"{head}H1,H2,bureau,low\nH3,H4,bureau,high\n")
    assert (first.new, first.corrected, first.set_aside) == (2, 0, 0)
    later = NOW + timedelta(days=1)
    more = f"{head}H1,H2,bureau,medium\nH3,H4,bureau,high\n"
    again = take(store, tmp_path, "same-persons", more, later)
    assert (again.new, again.corrected, again.same) == (0, 1, 1)
    gone = f"{head.strip()},void\nH3,H4,bureau,high,true\n"
    assert take(store, tmp_path, "same-persons", gone, later).corrected == 1
    held = 'collector,collector_role,licences\nX,third_party,"{""US-MA"": ""2027-01-31""}"\n'
    assert take(store, tmp_path, "collectors", held).new == 1
    known = snapshot(store)
    assert known["same_persons"].rows() == [("H1", "H2", "bureau", "medium")]
    assert known["collectors"]["licences"].to_list() == ['{"US-MA": "2027-01-31"}']
    then = snapshot(store, NOW, NOW)["same_persons"]
    assert [row[3] for row in then.rows()] == ["low", "high"]
    write_snapshot(store, tmp_path / "out")
    for name, frame in known.items():
        written = pl.read_parquet(tmp_path / "out" / EVERY[name].file)
        assert written.equals(frame)
    files = [table.name for table, _ in files_of(tmp_path / "out")]
    assert files == list(EVERY)


def test_a_pair_is_of_persons_and_not_of_files(store: Store, tmp_path: Path) -> None:
    take(store, tmp_path, "consumers", "consumer,person,deceased\nC1,H1,false\nC2,C2,false\n")
    head = "person,other,source,confidence\n"
    found = take(store, tmp_path, "same-persons", f"{head}C1,C2,bureau,high\nH1,C2,bureau,high\n")
    assert (found.new, found.set_aside) == (1, 1)
    assert said(found) == ["person: C1, which is the id of a file; the person of that file is H1"]


def test_a_store_without_them_leaves_their_files_out(store: Store, tmp_path: Path) -> None:
    assert not {"collectors", "same_persons"} & set(snapshot(store))
    write_snapshot(store, tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_what_is_wrong_with_them_is_said(store: Store, tmp_path: Path) -> None:
    pairs = "person,other,source,confidence\nH1,H1,bureau,high\nH1,H2,bureau,sure\n"
    assert said(take(store, tmp_path, "same-persons", pairs)) == [
        "other: the same id: a pair is of two",
        "confidence: unknown word; it may be low, medium, high",
    ]
    held = "collector,collector_role,licences\nX,third_party,MA\n"
    (why,) = said(take(store, tmp_path, "collectors", held))
    assert why.startswith("licences: no JSON object of places with their last day")


def test_a_collector_has_one_capacity_whoever_says_it(store: Store, tmp_path: Path) -> None:
    assert take(store, tmp_path, "consumers", PEOPLE).new == 1
    assert take(store, tmp_path, "accounts", DEBTS).new == 1
    held = "collector,collector_role\nX,debt_buyer\nY,debt_buyer\n"
    told = take(store, tmp_path, "collectors", held)
    assert told.new == 1
    assert said(told)[0].startswith("collector_role: collector X is known as third_party here")
    other = DEBTS.replace("A1,C1,credit_card,X", "A2,C1,credit_card,Y")
    assert "collector Y is known as debt_buyer here" in said(
        take(store, tmp_path, "accounts", other)
    )[0]  # fmt: skip
    mended = "collector,collector_role\nY,law_firm\n"
    assert take(store, tmp_path, "collectors", mended).corrected == 1
