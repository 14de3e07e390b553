"""Files into the store: every row stored or set aside with a reason, whatever the file is."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from engine.problem import Problems, as_text
from scheduler import cli
from scheduler.intake.files import read_file
from scheduler.intake.importing import Imported, Run, files_of, import_file, table_of
from scheduler.intake.layouts import GENERIC, Layout, bundled, layout_of, read_layout
from scheduler.intake.rows import IntakeError
from scheduler.intake.separated import decoded, delimiter
from scheduler.intake.values import typed
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import synth
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.schema import DAY, FLAG, INSTANT, MONEY, STRINGS, TABLES, Column
from scheduler.store.snapshot import snapshot, write_snapshot

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
ANY = layout_of(GENERIC)


def quiet(what: str, done: int, total: int) -> None:
    """Nobody hears it."""


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up portfolio, as Parquet and as CSV."""
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 120, 4, NOW, csv=True)
    return place


@pytest.fixture(scope="module")
def firm(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that holds it; what tests add there has ids of its own."""
    place = tmp_path_factory.mktemp("firm")
    found = open_store("sqlite:///store.sqlite", place)
    migrate(found, place)
    take_all(found, made, place)
    yield found
    found.close()


def take(store: Store, path: Path, kind: str, **more: Any) -> Imported:
    layout: Layout = more.pop("layout", ANY)
    now = more.pop("now", NOW)
    run = Run(now, path.parent / "aside", quiet, "crm", **more)
    return import_file(store, path, table_of(kind), layout, run)


def take_all(store: Store, place: Path, aside: Path, ending: str = ".parquet") -> list[Imported]:
    found = []
    for name, table in TABLES.items():
        path = place / f"{name}{ending}"
        found.append(import_file(store, path, table, ANY, Run(NOW, aside, quiet, "crm")))
    return found


def counts(found: Imported) -> tuple[int, int, int, int]:
    return found.new, found.corrected, found.same, found.set_aside


def said(found: Imported) -> list[str]:
    return [str(one).partition(": ")[2] for one in found.problems]


PEOPLE = "consumer,person,deceased\n"


def written(place: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = place / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# -- whole portfolios


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".ndjson"])
def test_a_portfolio_goes_in_whole_and_a_second_time_not_at_all(
    store: Store, made: Path, tmp_path: Path, ending: str
) -> None:
    if ending == ".ndjson":
        for name in TABLES:
            pl.read_parquet(made / f"{name}.parquet").with_columns(
                pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z"),
                pl.col(pl.Decimal).cast(pl.String),
            ).write_ndjson(tmp_path / f"{name}.ndjson")
    place = tmp_path if ending == ".ndjson" else made
    for again in (False, True):
        for found in take_all(store, place, tmp_path, ending):
            rows = pl.scan_parquet(made / f"{found.table}.parquet").select(pl.len()).collect()
            assert found.rows == rows.item()
            assert counts(found) == ((0, 0, found.rows, 0) if again else (found.rows, 0, 0, 0))
            assert not found.problems
            assert not found.unread
    for name, frame in snapshot(store).items():
        had = pl.read_parquet(made / f"{name}.parquet").sort(TABLES[name].key)
        assert_frame_equal(frame.sort(TABLES[name].key), had)
    write_snapshot(store, tmp_path / "out")
    assert open_portfolio(tmp_path / "out").counts() == open_portfolio(made).counts()


def test_the_files_of_a_directory(made: Path, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="none of a portfolio's files"):
        files_of(tmp_path)
    with pytest.raises(IntakeError, match=r"consumers\.parquet and consumers\.csv are both there"):
        files_of(made)
    written(tmp_path, "", "addresses.csv")
    written(tmp_path, "", "consumers.ndjson")
    assert [path.name for _, path in files_of(tmp_path)] == ["consumers.ndjson", "addresses.csv"]


# -- rows


def test_a_row_told_otherwise_is_a_correction(store: Store, tmp_path: Path) -> None:
    first = written(tmp_path, PEOPLE + "C1,H1,no\nC2,H2,no\n")
    assert counts(take(store, first, "consumers")) == (2, 0, 0, 0)
    second = written(tmp_path, PEOPLE + "C1,H1,yes\nC2,H2,no\nC3,H3,no\n")
    later = datetime(2026, 11, 22, tzinfo=UTC)
    assert counts(take(store, second, "consumers", now=later)) == (1, 1, 1, 0)
    assert snapshot(store)["consumers"]["deceased"].to_list() == [True, False, False]
    assert snapshot(store, None, NOW)["consumers"]["deceased"].to_list() == [False, False]
    back = written(tmp_path, "consumer,person,deceased,void\nC3,H3,no,yes\n")
    assert counts(take(store, back, "consumers", now=later)) == (0, 1, 0, 0)
    assert snapshot(store)["consumers"].height == 2


def test_bad_rows_are_set_aside_and_mended_ones_go_in(store: Store, tmp_path: Path) -> None:
    text = PEOPLE + 'C1,H1,no\nC2,,maybe\nC3,H3,no,"more, of it"\nC1,H1,yes\n"C4\nx",H4,no\nC5\n'
    found = take(store, written(tmp_path, text), "consumers")
    assert counts(found) == (2, 0, 0, 4)
    assert found.rows == 6
    assert said(found) == [
        "row 3: column deceased `maybe`: not true or false",
        "row 3: column person: no value; one is needed: the natural person: equal for rows of the "
        "same human",
        "row 4: it has 4 fields, and the header has 3",
        "row 5: column consumer `C1`: row 2 of the file has the same id",
        "row 7: it has 1 fields, and the header has 3",
    ]
    assert found.aside is not None
    with found.aside.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["forbear_row"] for row in rows] == ["3", "4", "5", "7"]
    assert rows[0]["forbear_value"] == "maybe | "
    assert rows[1]["forbear_more"] == '["more, of it"]'
    assert {row["forbear_file"] for row in rows} == {"people.csv"}
    rows[0] |= {"person": "H2", "deceased": "no"}
    rows[2] |= {"consumer": "C6"}
    rows[3] |= {"person": "H5", "deceased": "y"}
    with found.aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert counts(take(store, found.aside, "consumers")) == (4, 0, 0, 0)
    assert take(store, written(tmp_path, text), "consumers").aside != found.aside


CONTACT = {
    "contact": "N1", "consumer": "C00000001", "channel": "call", "direction": "out",
    "at": "2026-11-20T10:00:00-05:00", "reply_to_consumer": "no", "automated": "no",
    "collector": "AGENCY",
}  # fmt: skip
ADDRESS = {
    "address": "N1", "consumer": "C00000001", "kind": "work", "state": "MA", "source": "crm",
    "known_bad": "no",
}  # fmt: skip
STATEMENT = {
    "statement": "N1", "consumer": "C00000001", "kind": "disputes", "to": "this_collector",
    "medium": "oral", "accepted_medium": "yes", "accounts": "A00000001",
    "made_at": "2026-11-20T10:00Z",
}  # fmt: skip
ACCOUNT = {
    "account": "N1", "consumer": "C00000001", "type": "medical", "collector": "NEW",
    "collector_role": "third_party", "status": "open", "balance": "12.50",
}  # fmt: skip
POINT = {
    "point": "N1", "consumer": "C00000001", "kind": "mobile", "owner": "H1", "whom": "consumer",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("contacts", {"consumer": "C0"}, "column consumer `C0`: the store has no consumer C0"),
        ("contacts", {"point": "P0"}, "column point `P0`: the store has no contact point P0"),
        ("contacts", {"discussed": '["A00000001","A0"]'}, "the store has no account A0"),
        ("contacts", {"discussed": '["A00000001",7]'}, 'not a list; write it as in ["A1","A2"]'),
        ("contacts", {"channel": "cal"}, "`cal`: unknown word; did you mean `call`?; it may be"),
        ("contacts", {"at": "2026-11-20 10:00"}, "`2026-11-20 10:00`: not a moment; write it"),
        ("contacts", {"at": "1776-07-04T00:00Z"}, "before 1900 or after"),
        ("contacts", {"at": ""}, "column at: no value; one is needed: when it was placed"),
        ("contacts", {"validation_period_end": "11/30/2026"}, "not a date; write it as in"),
        ("contacts", {"collector": "A\0B"}, "a character that no text may hold"),
        ("contacts", {"discussed": '["A\\u0000B"]'}, "a character that no text may hold"),
        ("addresses", {"known_bad": "perhaps"}, "column known_bad `perhaps`: not true or false"),
        ("statements", {"accounts": ""}, "column accounts: nothing, but disputes needs it"),
        ("statements", {"kind": "do_not_use_number"}, "column point: nothing, but do_not_use"),
        ("statements", {"kind": "stop_calls_at"}, "column value: nothing, but stop_calls_at needs"),
        ("statements", {"value": '{"A1":"x"}'}, "column value `{\"A1\":\"x\"}`: not what the word"),
        ("statements", {"value": "["}, "column value `[`: not what the word takes"),
        ("statements", {"more": '{"a":1}'}, "column more `{\"a\":1}`: not what the word takes"),
        ("statements", {"kind": "disputs"}, "unknown word; did you mean `disputes`?"),
        ("accounts", {"balance": "1.234"}, "`1.234`: not an amount of dollars and cents"),
        ("accounts", {"balance": "99999999999"}, "not an amount of dollars and cents"),
        ("accounts", {"collector": "AGENCY", "collector_role": "creditor"},
         "column collector_role `creditor`: collector AGENCY is known as third_party here"),
        ("contact-points", {"email_provenance": "[1]"}, "`[1]`: no JSON object"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_said(
    firm: Store, tmp_path: Path, kind: str, row: dict[str, str], reason: str
) -> None:
    plain = {
        "contacts": CONTACT, "addresses": ADDRESS, "statements": STATEMENT,
        "accounts": ACCOUNT, "contact-points": POINT,
    }[kind]  # fmt: skip
    lines = [json.dumps(plain), json.dumps({**plain, table_of(kind).key[0]: "N2", **row})]
    path = written(tmp_path, "\n".join(lines), "rows.ndjson")
    found = take(firm, path, kind, dry=True)
    assert counts(found) == (1, 0, 0, 1)
    assert found.problems[0].row == 2
    assert any(reason in one for one in said(found)), said(found)
    assert found.aside is None


def test_a_moment_left_out_is_now(firm: Store, tmp_path: Path) -> None:
    found = take(firm, written(tmp_path, json.dumps(ADDRESS), "rows.ndjson"), "addresses")
    assert counts(found) == (1, 0, 0, 0)
    row = snapshot(firm)["addresses"].filter(pl.col("address") == "N1").row(0, named=True)
    assert (row["received_at"], row["recorded_at"]) == (NOW, NOW)


def test_two_collectors_of_one_file_in_two_capacities(firm: Store, tmp_path: Path) -> None:
    two = [ACCOUNT, ACCOUNT | {"account": "N2", "collector_role": "creditor"}]
    path = written(tmp_path, "\n".join(map(json.dumps, two)), "rows.ndjson")
    found = take(firm, path, "accounts", dry=True)
    assert counts(found) == (1, 0, 0, 1)
    assert "is known as third_party here; give each capacity an id" in said(found)[0]


# -- files


def test_a_dry_run_stores_nothing(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path, PEOPLE + "C1,H1,no\nC2,H2,q\n")
    found = take(store, path, "consumers", dry=True)
    assert counts(found) == (1, 0, 0, 1)
    assert snapshot(store)["consumers"].height == 0
    assert not (tmp_path / "aside").exists()


@pytest.mark.parametrize(
    ("data", "text", "name"),
    [
        (b"\xef\xbb\xbfa,b\n", "a,b\n", "utf-8"),
        ("a,é\n".encode("utf-16"), "a,é\n", "utf-16"),
        ("a,é\n".encode("cp1252"), "a,é\n", "windows-1252"),
        ("a,é\n".encode(), "a,é\n", "utf-8"),
        (b"a,\x81\n", "a,\x81\n", "latin-1"),
        (b"\xff\xfea", "ÿþa", "windows-1252"),
        ("a,é\nb,1\n".encode("utf-16-le"), "a,é\nb,1\n", "utf-16"),
        ("a,é\nb,1\n".encode("utf-16-be"), "a,é\nb,1\n", "utf-16"),
    ],
)
def test_an_encoding_is_found_out(data: bytes, text: str, name: str) -> None:
    assert decoded(data) == (text, name)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2\n", ";"),
        ("a\tb,c\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a;b\n"1;2;3";x,y,z\n', ";"),
        ("a\n1\n", ","),
        ("", ","),
    ],
)
def test_a_delimiter_is_found_out(text: str, mark: str) -> None:
    assert delimiter(text) == mark


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.doc", b"x", "not a kind of file that is read"),
        ("a.csv", b" \n", "the file is empty"),
        ("a.csv", b"person,Person\n1,2\n", "the header names `Person` twice"),
        ("a.csv", b"a,line\n1,2\n", "a column may not be called `line`"),
        ("a.csv", b'"' + b"x" * 200_000, "no line of it can be read as CSV"),
        ("a.csv", b"name,age\n1,2\n", "no column for `consumer` (the consumer's id"),
        ("a.parquet", b"PAR1", "not readable as Parquet"),
    ],
)
def test_a_file_that_cannot_be_taken_in(
    firm: Store, tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    with pytest.raises(IntakeError) as error:
        take(firm, written(tmp_path, data, name), "consumers")
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "\r\n\n a ,b\n\n1, 2 \n", "rows.csv"))
    assert found.rows.rows() == [("1", "2", 5)]
    assert found.count == 1


def test_lines_that_are_no_rows(tmp_path: Path) -> None:
    text = '{"a": 1.50, "b": [1, "x"]}\n\nnot json\n[1]\n{"c": null, "a": true}\n'
    found = read_file(written(tmp_path, text, "rows.jsonl"))
    assert [(number, why) for number, _, why in found.broken] == [
        (3, "the line is not JSON"),
        (4, "the line is not a JSON object"),
    ]
    assert found.rows.rows() == [("1.50", '["1", "x"]', None, 1), ("true", None, None, 5)]
    assert found.count == 4


def value(text: str, dtype: pl.DataType, *formats: str, **more: Any) -> Any:
    column = Column("x", dtype, True, "")
    found = typed(pl.DataFrame({"x": [text]}), column, formats, **more)
    return "bad" if found["bad"][0] else found["value"].to_list()[0]


def test_cells_are_read_in_the_ways_they_are_written() -> None:
    at = datetime(2026, 11, 30, 14, 15, tzinfo=UTC)
    for text in ("2026-11-30T09:15:00-05:00", "2026-11-30 14:15Z", "2026-11-30T14:15:00.000+0000",
                 "2026-11-30T09:15-05"):  # fmt: skip
        assert value(text, INSTANT) == at
    eastern = {"zone": "America/New_York"}
    american = "%m/%d/%Y %H:%M"
    assert value("11/30/2026 09:15", INSTANT, american, **eastern) == at
    for never in ("03/08/2026 02:30", "11/01/2026 01:30"):  # skipped, and shown twice
        assert value(never, INSTANT, american, **eastern) == "bad"
    for wall in ("2026-11-30 09:15", "2026-11-30T09:15:00", "2026-11-30T09:15:00-05:00"):
        assert value(wall, INSTANT, american, **eastern) == at
    assert value("2026-11-30", INSTANT, american, **eastern) == "bad"
    first = datetime(2026, 11, 30, 5, tzinfo=UTC)
    for day in ("2026-11-30", "11/30/2026"):
        assert value(day, INSTANT, american, "%m/%d/%Y", days=True, **eastern) == first
    assert value("30.11.2026 14:15", INSTANT, "%d.%m.%Y %H:%M") == at
    assert value("11/30/26", DAY, "%m/%d/%y") == at.date()
    for day in ("30-NOV-26", "30-Nov-2026", "2026-11-30", "2026-11-30T00:00:00"):
        assert value(day, DAY, "%d-%b-%y", "%d-%b-%Y") == at.date()
    assert [value(one, FLAG) for one in ("Yes", "0", "T", "si")] == [True, False, True, "bad"]
    assert str(value("$1,234.5", MONEY)) == "1234.50"
    assert str(value("1,234,567.89", MONEY)) == "1234567.89"
    assert [value(one, MONEY) for one in ("120,50", "1,23", "12,3456", "1.234,50")] == ["bad"] * 4
    assert value("1e3", MONEY) == "bad"
    owed = ("-12.5", "(12.50)", "12.50-", "$-12.50", "-12.5000", "($ 12.50)")
    assert {str(value(one, MONEY)) for one in owed} == {"-12.50"}
    for text in ("1.234,50", "1234,5", "1.234,50-"):
        assert str(value(text, MONEY, decimal=",")).removeprefix("-") == "1234.50"
    assert [value(one, MONEY, decimal=",") for one in ("1.23", "1,234.50", "1.2345,6")] == [
        "bad"
    ] * 3
    assert value("A1; A2", STRINGS) == ["A1", "A2"]
    assert value("[]", STRINGS) == []
    assert value("  ", STRINGS) is None
    exact = pl.DataFrame({"x": [at]}, schema={"x": pl.Datetime("ns", "America/Denver")})
    assert typed(exact, Column("x", INSTANT, True, ""))["value"].to_list() == [at]
    nested = pl.DataFrame({"x": [{"a": 1}, None]})
    assert typed(nested, Column("x", FLAG, True, ""))["bad"].to_list() == [True, False]
    assert typed(pl.DataFrame({"x": [None]}), Column("x", DAY, True, ""))["bad"].to_list() == [
        False
    ]


# -- layouts

DIALER = """\
format: 1
table: contacts
origin: dialer
columns:
  source: {value: dialer}
  source_id: Call ID
  consumer: [Lead, Cust]
  at: {column: Date, format: '%m/%d/%Y %I:%M %p', zone: America/Chicago}
  channel: {value: call}
  direction: {column: Way, default: out}
  result: Disposition
  reply_to_consumer: {value: no}
  automated: {value: no}
  collector: {value: AGENCY}
results: {A: no_answer, SALE: conversation}
"""


def test_a_layout_says_which_column_is_which(firm: Store, tmp_path: Path) -> None:
    layout = read_layout(DIALER.encode(), "dialer.yaml", "dialer")
    text = (
        "Call ID|Cust|Date|Way|Disposition|Agent\n"
        "17|C00000001|11/20/2026 09:05 AM||SALE|x\n"
        "18|C00000001|11/20/2026 09:15 AM|in|WHAT|x\n"
        "19|C00000001|11/20/2026 09:25 AM||WHAT|x\n"
    )
    found = take(firm, written(tmp_path, text, "log.txt"), "contacts", layout=layout)
    assert counts(found) == (3, 0, 0, 0)
    assert found.unmapped == {"WHAT": 2}
    assert found.unread == ("Agent",)
    assert "delimiter `|`" in found.shape
    rows = snapshot(firm)["contacts"].filter(pl.col("contact").str.starts_with("dialer:"))
    assert rows.select("contact", "direction", "result", "source_id").rows() == [
        ("dialer:17", "out", "conversation", "17"),
        ("dialer:18", "in", None, "18"),
        ("dialer:19", "out", None, "19"),
    ]
    assert rows["at"][0] == datetime(2026, 11, 20, 15, 5, tzinfo=UTC)
    other = written(tmp_path, "contact,source,source_id\nZ1,dialer,17\n", "other.csv")
    plain = {name: {"value": text} for name, text in CONTACT.items() if name != "contact"}
    same = f"format: 1\ncolumns: {json.dumps(plain)}\n"
    again = take(firm, other, "contacts", layout=read_layout(same.encode(), "a.yaml", "a"))
    assert said(again) == [
        "row 2: column contact `Z1`: its id at `dialer` stands under another key: dialer:17"
    ]
    with pytest.raises(IntakeError, match="layout `dialer` is for contacts, not accounts"):
        take(firm, other, "accounts", layout=layout)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: contacts", "1:1  R047  this version reads `format: 1`"),
        ("format: 1\ntables: contacts", "2:1  R013  unknown word `tables` in a layout; did you"),
        ("format: 1\ntable: calls", "2:8  R028  unknown table"),
        ("format: 1\ncolumns: {att: x}", "2:11  R013  unknown word `att` in `columns`"),
        ("format: 1\ncolumns: [a]", "2:10  R011  `columns` is a mapping"),
        ("format: 1\ncolumns: {at: }", "2:11  R029  `at` has no value"),
        ("format: 1\ncolumns: {at: []}", "R038  `at` is an empty list"),
        ("format: 1\ncolumns: {at: [{a: b}]}", "R011  `at` is a text"),
        ("format: 1\ncolumns: {at: {column: a, value: b}}", "R036  `at` needs one of"),
        ("format: 1\ncolumns: {at: {column: a, zone: Mars}}", "R025  not a time zone"),
        ("format: 1\ncolumns: {at: {column: a, zon: b}}", "R013  unknown word `zon` in `at`; did"),
        ("format: 1\nresults: {A: no_anser}", "R028  unknown result `no_anser`; did you mean"),
    ],
)  # fmt: skip
def test_mistakes_in_a_layout_are_reported_where_they_stand(text: str, message: str) -> None:
    with pytest.raises(Problems) as error:
        read_layout(text.encode(), "l.yaml", "l")
    assert message in as_text(error.value.problems, "")


def test_layouts_that_come_with_it_are_read_and_explained(tmp_path: Path) -> None:
    readme = (ROOT / "scheduler" / "intake" / "README.md").read_text(encoding="utf-8")
    for name in bundled():
        assert layout_of(name).name == name
        assert f"`{name}`" in readme
    with pytest.raises(IntakeError, match="no layout `generc`; did you mean `generic`"):
        layout_of("generc")
    with pytest.raises(Problems):
        layout_of(str(tmp_path / "none.yaml"))
    own = written(tmp_path, DIALER, "own.yaml")
    assert layout_of(str(own)).origin == "dialer"


# -- whatever the file is

SOUND = PEOPLE + "".join(f'F{n},"H,{n}",{"yes" if n % 2 else "no"}\n' for n in range(6))


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 4), st.binary(max_size=4)),
        max_size=6,
    )
)
def test_rows_in_are_rows_stored_and_rows_set_aside(
    firm: Store, tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int, bytes]]
) -> None:
    data = SOUND.encode()
    for at, size, more in cuts:
        data = data[:at] + more + data[at + size :]
    path = written(tmp_path_factory.mktemp("fuzz"), data)
    try:
        found = take(firm, path, "consumers", dry=True)
    except IntakeError:
        return
    assert found.rows == found.new + found.corrected + found.same + found.set_aside
    assert {one.row for one in found.problems} <= set(range(2, found.rows + 99))
    assert len({one.row for one in found.problems}) == found.set_aside


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["C00000001", "A00000001", "2026-11-20T10:00Z", "2026-02-30", "cease", "[]"])
    | st.sampled_from(['["A00000001"]', "out", "call", "12.50", "yes", "\ud800", "1e400", "{"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


@given(data=st.data(), kind=st.sampled_from(["contacts", "statements", "accounts", "addresses"]))
def test_whatever_stands_in_a_cell_is_stored_or_set_aside(
    firm: Store, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    plain = {
        "contacts": CONTACT, "statements": STATEMENT, "accounts": ACCOUNT, "addresses": ADDRESS,
    }[kind]  # fmt: skip
    table = table_of(kind)
    rows = [plain | {name: None for name in table.schema if name not in plain}]
    for number in range(3):
        named = st.sampled_from(sorted(table.schema))
        rows.append(plain | {table.key[0]: f"Z{number}"} | data.draw(st.dictionaries(named, ODD)))
    path = written(tmp_path_factory.mktemp("odd"), "\n".join(map(json.dumps, rows)), "a.ndjson")
    found = take(firm, path, kind, dry=True)
    assert found.rows == 4
    assert found.rows == found.new + found.corrected + found.same + found.set_aside


# -- the command

Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Any:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    return run


def test_the_command_says_what_became_of_each_file(ask: Ask, made: Path, tmp_path: Path) -> None:
    assert ask("init", "--home", "firm").exit_code == 0
    (tmp_path / "p").mkdir()
    for name in TABLES:
        (tmp_path / "p" / f"{name}.parquet").symlink_to(made / f"{name}.parquet")
    done = ask("import", "p", "--home", "firm")
    assert done.exit_code == 0, done.stderr
    assert "consumers.parquet (parquet)" in done.stdout
    rows = [CONTACT | {"contact": f"N{n}", "result": "X", "more": "1"} for n in range(30)]
    rows = [rows[0], *({**row, "channel": "fax"} for row in rows[1:])]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "calls.ndjson")
    holed = ask("import", "contacts", path, "--home", "firm")
    assert holed.exit_code == 2
    assert "calls.ndjson: the contacts of the 30 days before the cut-over" in holed.stderr
    answered = ("--accept-holes", "a new system", "--by", "Ann Lee")
    bad = ask("import", "contacts", path, "--home", "firm", *answered)
    assert bad.exit_code == 1
    assert "accepted by Ann Lee: a new system" in bad.stdout
    assert "and 9 more problems in calls.ndjson" in bad.stderr
    assert "new 1, corrections 0, told before 0, set aside 29" in bad.stdout
    assert "columns not read: more" in bad.stdout
    assert "result `X` is not known, 30 rows: each counts as all it could be" in bad.stdout
    assert "mend and import again: firm/set-aside/calls-1.set-aside.csv" in bad.stdout
    told = ask("import", "contacts", path, "--home", "firm", "--json", "--dry-run")
    (file,) = json.loads(told.stdout)["files"]
    assert (file["rows"], file["same"], file["set_aside"], len(file["problems"])) == (30, 1, 29, 29)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("calls",), "neither a portfolio's directory nor a kind of row; the kinds are consumers"),
        (("contact",), "did you mean `contacts`?"),
        (("contacts",), "import which file of contacts?"),
        (("wide",), "import which file of wide?"),
        (("ageing.csv",), "say what rows it has: `forbear import KIND ageing.csv`"),
        (("ageing.csv", "--layout", "quickbooks"), "`forbear import wide ageing.csv`"),
        (
            ("wide", "ageing.csv", "--set", "collectorr=A"),
            "no column `collectorr` of wide; did you",
        ),
        (("wide", "ageing.csv", "--set", "collector"), "write COLUMN=VALUE"),
        (("wide", "ageing.csv", "--zone", "Mars"), "`Mars` is not a time zone"),
        (("wide", "ageing.csv", "--sheet", "A"), "only a workbook has sheets"),
        (("wide", "ageing.csv", "--by", "Ann"), "both or neither"),
        (("contacts", "x.csv", "--layout", "none"), "no layout `none`"),
        (("contacts", "x.csv"), "x.csv: no such file"),
    ],
)
def test_an_import_that_cannot_be(
    ask: Ask, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    ask("init", "--home", "firm")
    written(tmp_path, PEOPLE, "ageing.csv")
    said = ask("import", *words, "--home", "firm")
    assert said.exit_code in (2, 3)
    assert message in said.stderr
    without = ask("import", "contacts", "x.csv")
    assert (without.exit_code, without.stdout) == (2, "")
    assert "there is no home" in without.stderr


def test_killed_in_the_middle_it_leaves_the_store_as_it_was(
    ask: Ask, url: str, tmp_path: Path
) -> None:
    (tmp_path / "firm").mkdir()
    (tmp_path / "firm" / "settings.yaml").write_text(f"store: '{url}'\n", encoding="utf-8")
    assert ask("init", "--home", "firm").exit_code == 0
    rows = "".join(f"K{n},H{n},no\n" for n in range(60_000))
    path = written(tmp_path, PEOPLE + rows)
    command = [sys.executable, "-m", "scheduler", "import", "consumers", str(path)]
    command += ["--home", "firm", "--now", "2026-11-21T11:00Z"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for after in ("checking", "storing"):
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as running:
            assert running.stderr is not None
            for line in running.stderr:
                if line.startswith(after):
                    running.send_signal(signal.SIGKILL)
        assert running.returncode == -signal.SIGKILL
        store = open_store(url, tmp_path / "firm")
        assert snapshot(store)["consumers"].height == 0
        store.close()
    done = ask("import", "consumers", path, "--home", "firm")
    assert "new 60,000, corrections 0, told before 0, set aside 0" in done.stdout
