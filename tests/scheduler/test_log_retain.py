"""Retention: whose time is over, what is erased in the store, and the command that does it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from scheduler import cli
from scheduler.live import Live, Proposed, check
from scheduler.live.recording import broken
from scheduler.log.keys import keys_of
from scheduler.log.reading import Log, decisions, open_log
from scheduler.log.retaining import clocks
from scheduler.log.sealing_live import seal_live
from scheduler.store import retention
from scheduler.store.append_only import DOOR
from scheduler.store.database import Store, StoreError, open_store
from scheduler.store.fetching import fetch
from scheduler.store.living import live_decisions
from scheduler.store.migrating import migrate
from scheduler.store.retention import erase
from scheduler.store.snapshot import snapshot
from tests.scheduler.living import NOON, Frames, Hands, debtors, frame, living, tell

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def closed(frames: Frames, *accounts: str) -> dict[str, pl.DataFrame]:
    """The same with these accounts closed."""
    shut = pl.when(pl.col("account").is_in(accounts)).then(pl.lit("closed")).otherwise("status")
    return {**frames, "accounts": frames["accounts"].with_columns(shut.alias("status"))}


def words(*rows: tuple[str, str, str, list[str] | None]) -> pl.DataFrame:
    """Knowledge: its kind, value, consumer and debts, one a day."""
    return frame(
        "knowledge",
        [
            {
                "knowledge": f"K{number}",
                "consumer": consumer,
                "kind": kind,
                "source": "own_records",
                "accounts": debts,
                "value": json.dumps(value),
                "received_at": NOON.replace(day=number + 1),
                "recorded_at": NOON.replace(day=number + 1),
            }
            for number, (kind, value, consumer, debts) in enumerate(rows)
        ],
    )


def why(frames: Mapping[str, pl.DataFrame], now: datetime = LATER, **more: int) -> dict[str, str]:
    return {name: one.why for name, one in clocks(frames, None, now, **more).items()}


def test_records_are_kept_three_years_after_the_last_activity() -> None:
    frames = closed(debtors(2), "A1", "A2")
    last = frames["contacts"].filter(pl.col("consumer") == "C1")["at"].max()
    assert isinstance(last, datetime)
    until = date(last.year + 3, last.month, last.day)
    edge = datetime(until.year, until.month, until.day, 23, tzinfo=UTC)
    said = f"the last activity was on {last.date()}: records are kept until {until}"
    assert why(frames, edge)["C1"] == said
    assert why(frames, edge.replace(day=until.day + 1))["C1"] == ""
    assert why(frames, edge.replace(day=until.day + 1), years=6)["C1"] != ""


def test_nobody_is_erased_while_an_account_is_open() -> None:
    assert why(closed(debtors(2), "A1")) == {"C1": "", "C2": "an account is open"}


def test_a_legal_hold_holds_until_it_is_released() -> None:
    frames = closed(debtors(3), "A1", "A2", "A3")
    told = words(
        ("hold", "legal_hold", "C1", None),
        ("hold", "legal_hold", "C2", ["A2"]),
        ("hold", "complaint", "C3", None),
        ("releases_hold", "legal_hold", "C1", None),
    )
    assert why({**frames, "knowledge": told}) == {"C1": "", "C2": "there is a legal hold", "C3": ""}


def test_a_place_may_ask_for_longer(logged: Log) -> None:
    place = "US-TX"
    now = datetime(2030, 6, 1, tzinfo=UTC)
    plain = clocks({}, logged, now)
    longer = clocks({}, logged, now, places={place: 6})
    found = decisions(logged).select("consumer", "jurisdictions").collect()
    there = set(found.filter(pl.col("jurisdictions").str.contains(place))["consumer"])
    assert there
    assert {name for name, one in longer.items() if one.years == 6} == there
    assert {one.why for one in plain.values()} == {""}
    kept = {name for name, one in longer.items() if one.why}
    assert kept == {name for name in there if longer[name].last is not None}


# -- in the store


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    told = words(("hold", "legal_hold", "C1", None), ("active_duty", "true", "C2", None))
    tell(empty, {**debtors(2), "knowledge": told}, NOON)
    return empty


def allow(store: Store) -> None:
    """What an administrator does on PostgreSQL."""
    if store.dialect == "postgresql":
        with store.writing() as connection:
            known = connection.execute(
                sa.text(f"SELECT 1 FROM pg_roles WHERE rolname = '{DOOR}'")
            ).first()
            if known is None:
                connection.execute(sa.text(f"CREATE ROLE {DOOR}"))
            connection.execute(
                sa.text(f"GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {DOOR}")
            )


def test_the_store_forgets_what_is_personal_and_is_read_still(store: Store) -> None:
    allow(store)
    before = snapshot(store)
    counts = erase(store, ["C1", "nobody"])
    assert counts["contact_point"] == 1
    assert counts["knowledge"] == 1
    assert erase(store, ["C1"]) == {}
    after = snapshot(store)
    assert after["contact_points"]["number"].to_list() == [None, "+13125550002"]
    assert after["knowledge"]["consumer"].to_list() == ["C2"]
    assert {name: rows.height for name, rows in after.items() if name != "knowledge"} == {
        name: rows.height for name, rows in before.items() if name != "knowledge"
    }
    with store.reading() as connection:
        live = fetch(connection, ["C1", "C2"], NOON)
    assert [row["consumer"] for row in live.rows["knowledge"]] == ["C2"]


def test_a_server_that_has_no_door_says_what_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DOOR", "no_such_role")
    why = "lets nobody erase yet: an administrator makes the role|no such function"
    with pytest.raises(StoreError, match=why):
        erase(store, ["C1"])


# -- the command


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """A home with a store: C1 is closed, C2 open; both were asked about once, and sealed."""
    place = tmp_path / "firm"
    made = CliRunner().invoke(cli.app, ["init", "--home", str(place)], obj=cli.now)
    assert made.exit_code == 0, made.output
    return place


@pytest.fixture
def live(firm: Path) -> Iterator[Live]:
    store = open_store("sqlite:///store.sqlite", firm)
    tell(store, closed(debtors(2), "A1"), NOON)
    with living(store, Hands()) as made:
        check(made, [Proposed("A1", "call", "P1"), Proposed("A2", "call", "P2")], "x").result()
        seal_live(keys_of(firm), store, broken)
        yield made
    store.close()


def ask(firm: Path, *words_: str) -> tuple[int, dict[str, object]]:
    told = ["log", *words_, "--home", str(firm), "--json"]
    done = CliRunner().invoke(cli.app, told, obj=cli.now)
    return done.exit_code, json.loads(done.stdout)


def test_the_command_says_whom_and_erases_when_told(firm: Path, live: Live) -> None:
    now = ("--now", "2030-01-01T00:00:00Z")
    assert ask(firm, "purge", "--due", *now) == (0, {"purge": None, "would_erase": ["C1"]})
    status, said = ask(firm, "purge", "C2", "--yes", *now)
    assert status == 1
    assert said["errors"] == [{"message": "C2: an account is open"}]
    status, said = ask(firm, "purge", "--due", "--yes", "--reason", "retention", *now)
    assert (status, said["purge"], said["consumers"], said["records"]) == (0, 1, 1, 1)
    assert isinstance(said["store"], dict)
    assert said["store"]["live_decision"] == 1
    assert "retention" in (firm / "log" / "purges" / "000001.note").read_text("utf-8")
    status, said = ask(firm, "verify", str(firm))
    assert (status, said["erased"]) == (0, 1)
    first, second = live_decisions(live.store, 0, 9)
    assert (first.personal, first.salt) == (None, None)
    assert second.personal is not None
    assert broken([first, second], "0" * 64, 1) is None
    rows = decisions(open_log(firm / "log")).collect()
    assert rows["consumer"].to_list() == [None, "C2"]


def test_wrong_use_of_the_command_is_named(firm: Path) -> None:
    for words_, why_ in (
        (["purge"], "name consumers, or take every one"),
        (["purge", "C1", "--due"], "name consumers, or take every one"),
        (["purge", "C9"], "nobody knows consumer `C9`"),
        (["purge", "--due", "--years-in", "US-TX"], "say a place and its years"),
    ):
        status, said = ask(firm, *words_)
        assert status == 2
        assert why_ in str(said["errors"])
