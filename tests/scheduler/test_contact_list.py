"""The lists: their formats say the same, their order is the strategy's, their bytes are sure."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Rulebook, law_directory, load
from scheduler import contact_list, list_files, set_aside
from scheduler.contact_list import LIST, SUPPRESSED
from scheduler.list_files import write_list
from scheduler.ranking import KEYS, priorities

OPEN = datetime(2026, 11, 21, 13, 1, tzinfo=UTC)
CLOSE = datetime(2026, 11, 22, 2, tzinfo=UTC)
WINDOW = '[["2026-11-21T13:01:00Z","2026-11-22T02:00:00Z"]]'
WAIT = "regulation_f/seven-days-after-conversation"
ROW: dict[str, Any] = {
    "row": 1,
    "day": date(2026, 11, 21),
    "account": "A1",
    "consumer": "C1",
    "point": "P1",
    "channel": "call",
    "number": "+16175550100",
    "permitted": True,
    "listed": True,
    "rules": [],
    "cites": [],
    "kept_by": [],
    "kept_cites": [],
    "jurisdictions": "US-MA;US-NY",
    "zones": "America/New_York",
    "open_utc": OPEN,
    "close_utc": CLOSE,
    "windows_utc": WINDOW,
    "windows_local": WINDOW,
    "attempts_left": 1,
    "budgets": '[{"id":"x","rule":"a/b","left":3}]',
    "duties": "identify_caller",
    "next_permitted_utc": OPEN,
    "decision_id": "r-000000001",
    "balance": Decimal("10.00"),
    "placed": date(2026, 1, 1),
    "delinquent_since": None,
}
REFUSED = {
    "permitted": False, "listed": False, "rules": ["a/b", "c/d"], "cites": ['§ "1"', "2, (b)"],
    "open_utc": None, "close_utc": None, "windows_utc": "[]", "next_permitted_utc": None,
}  # fmt: skip
STRINGS = pl.List(pl.String)
TYPES = {
    "rules": STRINGS, "cites": STRINGS, "kept_by": STRINGS, "kept_cites": STRINGS,
    "open_utc": contact_list.INSTANT, "close_utc": contact_list.INSTANT,
    "next_permitted_utc": contact_list.INSTANT, "attempts_left": pl.Int32, "placed": pl.Date,
    "delinquent_since": pl.Date, "number": pl.String, "balance": pl.Decimal(12, 2),
}  # fmt: skip


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [{**ROW, "row": number, **row} for number, row in enumerate(rows, 1)]
    return pl.DataFrame(filled, schema_overrides=TYPES)


def written(
    place: Path,
    *parts: pl.DataFrame,
    formats: Sequence[str] = ("csv", "ndjson", "parquet"),
    strategy: Sequence[str] = ("balance_high", "placed_oldest"),
) -> Path:
    """The files of a day made of these parts, in a directory of their own."""
    scratch = place / "parts"
    scratch.mkdir(parents=True)
    marks = [set_aside.marks_path(scratch, number) for number in range(len(parts))]
    for path, rows in zip(marks, parts, strict=True):
        set_aside.write(path, rows.select("listed", *{column for column, _ in KEYS.values()}))
    ranks = priorities(marks, strategy)
    own = [rows.filter("listed") for rows in parts]
    firsts = [0, *accumulate(rows.height for rows in own)]
    assert len(ranks) == firsts[-1]
    listed = (
        contact_list.listed(rows, 1 + first, ranks.slice(first, rows.height))
        for rows, first in zip(own, firsts, strict=False)
    )
    others = (contact_list.suppressed(rows.filter(~pl.col("listed"))) for rows in parts)
    digests = write_list(place, "list", LIST, formats, listed)
    digests |= write_list(place, "suppressed", SUPPRESSED, formats, others)
    assert set(digests) == {f"{name}.{kind}" for name in ("list", "suppressed")
                            for kind in formats if kind != "parquet"}  # fmt: skip
    for name, digest in digests.items():
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest
    return place


def rows_of(path: Path) -> list[dict[str, Any]]:
    """A file's rows in one form: text for CSV, else as the format has them."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".ndjson":
        lines = path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]
    return pl.read_parquet(path).to_dicts()


def test_the_columns_are_the_contract() -> None:
    contract = (
        "row_id, day, account, consumer, point, channel, number, jurisdictions, zones, open_utc, "
        "close_utc, windows_utc, windows_local, attempts_left, budgets, technology, priority, "
        "duties, expires_utc, decision_id"
    )
    assert list(LIST) == contract.split(", ")
    contract = "account, consumer, point, channel, rules, cites, next_permitted_utc, decision_id"
    assert list(SUPPRESSED) == contract.split(", ")


def test_every_format_has_the_same_columns_in_the_same_order(tmp_path: Path) -> None:
    place = written(tmp_path, frame({}, REFUSED))
    for name, columns in (("list", LIST), ("suppressed", SUPPRESSED)):
        for ending in ("csv", "ndjson", "parquet"):
            (row,) = rows_of(place / f"{name}.{ending}")
            assert list(row) == list(columns), f"{name}.{ending}"
        assert pl.read_parquet_schema(place / f"{name}.parquet") == columns


def test_a_listed_row_reads_alike_in_every_format(tmp_path: Path) -> None:
    place = written(tmp_path, frame({"number": None, "account": 'A "1",\n=é'}))
    (text,), (plain,), (typed,) = (
        rows_of(place / f"list.{ending}") for ending in ("csv", "ndjson", "parquet")
    )
    assert text["account"] == plain["account"] == typed["account"] == 'A "1",\n=é'
    assert (text["number"], plain["number"], typed["number"]) == ("", None, None)
    assert (text["row_id"], plain["row_id"], typed["row_id"]) == ("1", 1, 1)
    assert text["open_utc"] == plain["open_utc"] == "2026-11-21T13:01:00Z"
    assert typed["open_utc"] == OPEN
    assert text["day"] == plain["day"] == "2026-11-21"
    assert text["expires_utc"] == plain["expires_utc"] == "2026-11-22T02:00:00Z"
    for name in ("windows_utc", "windows_local", "budgets"):
        assert json.loads(text[name]) == plain[name] == json.loads(typed[name])
    assert plain["windows_utc"] == [["2026-11-21T13:01:00Z", "2026-11-22T02:00:00Z"]]
    assert plain["budgets"] == [{"id": "x", "rule": "a/b", "left": 3}]


def test_a_suppressed_row_holds_every_rule_and_citation(tmp_path: Path) -> None:
    place = written(tmp_path, frame(REFUSED, {**REFUSED, "next_permitted_utc": OPEN}))
    text, plain, typed = (
        rows_of(place / f"suppressed.{ending}") for ending in ("csv", "ndjson", "parquet")
    )
    assert json.loads(text[0]["rules"]) == plain[0]["rules"] == typed[0]["rules"] == ["a/b", "c/d"]
    cites = ['§ "1"', "2, (b)"]
    assert json.loads(text[0]["cites"]) == plain[0]["cites"] == typed[0]["cites"] == cites
    assert (text[0]["next_permitted_utc"], plain[0]["next_permitted_utc"]) == ("", None)
    assert text[1]["next_permitted_utc"] == plain[1]["next_permitted_utc"] == "2026-11-21T13:01:00Z"


def test_technology_is_said_where_the_law_asks() -> None:
    some = frame(*({"channel": one} for one in ("call", "voicemail", "text", "email", "mail")))
    rows = contact_list.listed(some, 1, pl.Series(range(5)))
    assert rows["technology"].to_list() == ["manual", "manual", "manual", "", ""]


def test_rows_that_are_alike_keep_the_order_of_the_list(tmp_path: Path) -> None:
    place = written(tmp_path, frame({}, {}), frame({}, {}, {}))
    rows = rows_of(place / "list.parquet")
    assert [row["priority"] for row in rows] == [row["row_id"] for row in rows] == [1, 2, 3, 4, 5]


def test_a_list_of_nothing_still_has_its_columns(tmp_path: Path) -> None:
    place = written(tmp_path, frame({}).clear())
    assert (place / "list.csv").read_text(encoding="utf-8") == ",".join(LIST) + "\n"
    assert (place / "suppressed.csv").read_text(encoding="utf-8") == ",".join(SUPPRESSED) + "\n"
    assert (place / "list.ndjson").read_bytes() == b""
    assert pl.read_parquet(place / "list.parquet").schema == LIST


def test_only_the_formats_wanted_are_written(tmp_path: Path) -> None:
    place = written(tmp_path, frame({}, REFUSED), formats=("ndjson",))
    files = sorted(path.name for path in place.iterdir() if path.is_file())
    assert files == ["list.ndjson", "suppressed.ndjson"]


@given(cuts=st.lists(st.integers(0, 40), max_size=6), at_once=st.integers(1, 50))
def test_bytes_do_not_depend_on_how_rows_were_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], at_once: int
) -> None:
    rows = frame(
        *(
            {**(REFUSED if number % 3 == 0 else {}), "account": f"A{number}",
             "balance": Decimal(number * 7 % 5)}
            for number in range(40)
        )
    )  # fmt: skip
    bounds = [0, *sorted(cuts), 40]
    parts = [rows[low:high] for low, high in pairwise(bounds)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_files, "ROWS_IN_GROUP", 9)  # a group of rows ends within pieces
        whole = written(tmp_path_factory.mktemp("whole"), rows)
        patch.setattr(list_files, "AT_ONCE", at_once)
        cut = written(tmp_path_factory.mktemp("cut"), *parts)
    for path in sorted(whole.glob("*.*")):
        assert path.read_bytes() == (cut / path.name).read_bytes(), path.name


def test_pages_of_lists_do_not_depend_on_how_rows_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a page of Parquet holds in one piece, and in many."""
    monkeypatch.setattr(list_files, "ROWS_IN_GROUP", 5000)
    texts = [[f"{number:064}"] * (number % 4) for number in range(23_000)]
    rows = pl.DataFrame({"texts": texts}, schema={"texts": STRINGS})
    found = []
    for size in (23_000, 10_000, 7_000, 1_000):
        path = tmp_path / f"{size}.parquet"
        list_files.write_parquet(path, {"texts": STRINGS}, rows.iter_slices(size))
        found.append(path.read_bytes())
        assert pl.read_parquet(path).equals(rows)
    assert found[1:] == found[:-1]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load([law_directory()])


def test_a_withheld_row_names_the_tightest_budgets(rulebook: Rulebook) -> None:
    budgets = [
        {"id": "1", "rule": "regulation_f/seven-calls-in-seven-days", "left": 4},
        {"id": "2", "rule": WAIT, "left": 1},
    ]
    rows = frame(
        {"attempts_left": 1},
        {"listed": False, "attempts_left": 0, "budgets": json.dumps(budgets)},
        REFUSED,
    ).drop("kept_by", "kept_cites")
    marked = contact_list.withheld(rows, rulebook)
    assert marked["kept_by"].to_list() == [[], [WAIT], []]
    assert marked["kept_cites"][1].to_list() == list(rulebook.rule(WAIT).cite)
    found = contact_list.suppressed(marked.filter(~pl.col("listed")))
    assert found["rules"].to_list() == [[WAIT], ["a/b", "c/d"]]


def test_ndjson_survives_any_text(tmp_path: Path) -> None:
    strange = ["\\", '"', "\x01\t\r\n", "\u2028", "a,b", "{}", "é\U0001f600", ""]
    place = written(tmp_path, frame(*({"account": text} for text in strange)))
    assert [row["account"] for row in rows_of(place / "list.ndjson")] == strange
    assert [row["account"] for row in rows_of(place / "list.csv")] == strange
