"""Ready layouts against exports written by hand as those systems write them."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from engine.problem import Problems, as_text
from scheduler.intake import results
from scheduler.intake.cutover import Accepted, CutOver
from scheduler.intake.importing import Imported, Run, import_file, table_of
from scheduler.intake.layouts import bundled, layout_of, read_layout
from scheduler.intake.rows import IntakeError
from scheduler.intake.wide import import_wide
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from scheduler.store.snapshot import snapshot

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EXPORTS = Path(__file__).parent / "exports"
FIRM = {"collector": "HARBOR", "collector_role": "third_party", "type": "medical"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


def quiet(what: str, done: int, total: int) -> None:
    """Nobody hears it."""


def take(store: Store, name: str, path: Path, **more: Any) -> Imported:
    always = more.pop("always", FIRM)
    more.setdefault("zone", "America/New_York")
    now = more.pop("now", NOW)
    run = Run(now, path.parent / "aside", quiet, day_zone="America/New_York", **more)
    layout = layout_of(name).told(always)
    if layout.table == "contacts":
        return import_file(store, path, table_of("contacts"), layout, run)
    return import_wide(store, path, layout, run)


def export(name: str, tmp_path: Path) -> Path:
    path = tmp_path / name
    path.write_bytes((EXPORTS / name).read_bytes())
    return path


def balanced(found: Imported, path: Path) -> None:
    """Every line of the file with something on it is stored, set aside, or told to be no row."""
    dialect = "excel-tab" if path.suffix == ".txt" else "excel"
    quoting = csv.QUOTE_NONE if path.suffix == ".txt" else csv.QUOTE_MINIMAL
    with path.open(encoding="utf-8", newline="") as file:
        lines = sum(any(map(str.strip, one)) for one in csv.reader(file, dialect, quoting=quoting))
    assert lines - 1 == found.stored + found.set_aside + sum(found.lines.values())


def test_quickbooks(store: Store, tmp_path: Path) -> None:
    path = export("quickbooks.csv", tmp_path)
    found = take(store, "quickbooks", path)
    balanced(found, path)
    assert (found.stored, found.set_aside) == (3, 1)
    assert found.lines == {
        "above the header": 3,
        "a heading or footer of the report": 3,
        "a payment or credit, and no debt": 1,
        "a total": 3,
    }
    assert [str(one).partition(": ")[2] for one in found.problems] == [
        "row 13: column Num: no value; one is needed: the account's id in the caller's files"
    ]
    rows = snapshot(store)["accounts"].sort("account")
    asked = rows.select("account", "consumer", "balance", "delinquent_since", "status").rows()
    assert asked == [
        ("1041", "Alvarez, Dana", Decimal("1284.50"), date(2026, 7, 2), "open"),
        ("1052", "Nakamura, Yui", Decimal("642.00"), date(2026, 7, 15), "open"),
        ("1063", "Alvarez, Dana", Decimal("210.00"), date(2026, 9, 27), "open"),
    ]
    again = take(store, "quickbooks", path)
    assert (again.new, again.corrected, again.same) == (0, 0, 5)


def test_quickbooks_desktop_as_a_workbook(store: Store, tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None, "Type", None, "Date", None, "Num", None, "Name", None, "Due Date", None, "Aging",
         None, "Open Balance"],
        ["Current"],
        ["Total Current"],
        ["> 90"],
        [None, "Invoice", None, date(2026, 6, 2), None, "0041", None, "Alvarez, Dana", None,
         date(2026, 7, 2), None, 141, None, 1284.5],
        [None, "Credit Memo", None, date(2026, 6, 3), None, "C1", None, "Alvarez, Dana", None,
         date(2026, 6, 3), None, None, None, -20],
        ["Total > 90", None, None, None, None, None, None, None, None, None, None, None, None,
         1264.5],
        ["TOTAL", None, None, None, None, None, None, None, None, None, None, None, None, 1264.5],
    ]  # fmt: skip
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    path = tmp_path / "ageing.xlsx"
    book.save(path)
    found = take(store, "quickbooks", path)
    assert (found.stored, found.set_aside, sum(found.lines.values())) == (1, 0, 6)
    (row,) = snapshot(store)["accounts"].select("account", "balance", "delinquent_since").rows()
    assert row == ("0041", Decimal("1284.50"), date(2026, 7, 2))


def test_salesforce(store: Store, tmp_path: Path) -> None:
    path = export("salesforce.csv", tmp_path)
    found = take(store, "salesforce", path)
    balanced(found, path)
    assert (found.stored, found.set_aside) == (2, 1)
    assert found.lines == {"a heading or footer of the report": 2, "Salesforce's footer": 3}
    known = snapshot(store)
    assert known["accounts"].sort("account").select("account", "status", "balance").rows() == [
        ("00041877", "open", Decimal("1284.50")),
        ("00041878", "paid", Decimal("642.00")),
    ]
    assert known["addresses"].select("state", "postal_code", "source").sort("state").rows() == [
        ("CT", "06103", "salesforce"),
        ("MA", "02118", "salesforce"),
    ]
    said = known["statements"].sort("statement").select("kind", "accounts", "value", "made_at")
    ceased = datetime(2026, 10, 3, 4, tzinfo=UTC)
    assert said.rows() == [
        ("cease", ["00041877"], None, ceased),
        ("disputes", ["00041878"], None, NOW),
        ("stop_medium", None, '"email"', NOW),
        ("stop_medium", None, '"call"', NOW),
    ]
    (lawyer,) = known["knowledge"].select("kind", "value", "accounts").rows()
    assert lawyer == ("represented_by", '"Roe & Partners"', ["00041878"])
    kinds = known["contact_points"].sort("number", "kind").select("number", "kind").rows()
    assert kinds == [
        (None, "home_mail"),
        (None, "home_mail"),
        ("+12035550188", "mobile"),
        ("+16175550141", "phone"),
        ("dana.alvarez@example.com", "email_personal"),
    ]


def test_sap_and_oracle(store: Store, tmp_path: Path) -> None:
    path = export("sap.csv", tmp_path)
    found = take(store, "sap", path)
    balanced(found, path)
    assert found.lines == {
        "a payment, credit or clearing, and no debt": 1,
        "SAP's subtotal": 3,
    }
    rows = snapshot(store)["accounts"].sort("account")
    assert rows.select("account", "consumer", "status", "creditor").rows() == [
        ("1800003201", "0000104177", "open", "1000"),
        ("1800003290", "0000104177", "paid", "1000"),
        ("1800003302", "0000104190", "open", "1000"),
    ]
    other = export("oracle.csv", tmp_path)
    found = take(store, "oracle", other)
    balanced(found, other)
    assert (found.stored, found.lines["a heading or total of the report"]) == (2, 3)
    rows = snapshot(store)["accounts"].filter(pl.col("creditor") == "Harbor US").sort("account")
    assert rows.select("account", "balance", "original_amount", "delinquent_since").rows() == [
        ("INV-1041", Decimal("1284.50"), Decimal("1284.50"), date(2026, 7, 2)),
        ("INV-1052", Decimal("642.00"), Decimal("642.00"), date(2026, 7, 15)),
    ]


def test_vicidial_beside_quickbooks(store: Store, tmp_path: Path) -> None:
    take(store, "quickbooks", export("quickbooks.csv", tmp_path))
    leads = export("vicidial-leads.txt", tmp_path)
    found = take(store, "vicidial-leads", leads, always={})
    balanced(found, leads)
    assert (found.stored, found.set_aside) == (2, 1)
    assert [one.reason for one in found.problems] == [
        "the store has no account and no consumer 9999"
    ]
    known = snapshot(store)
    assert set(known["contact_points"]["consumer"]) == {"Alvarez, Dana", "Nakamura, Yui"}
    (stop,) = known["statements"].select("consumer", "kind", "value", "made_at").rows()
    at = datetime(2026, 10, 30, 14, 2, 11, tzinfo=UTC)
    assert stop == ("Nakamura, Yui", "stop_medium", '"call"', at)
    calls = export("vicidial-calls.txt", tmp_path)
    with pytest.raises(IntakeError, match="say it with --zone"):
        take(store, "vicidial-calls", calls, zone="")
    accepted = Accepted("Ann", "a pilot")
    cut = CutOver(date(2026, 11, 20), "America/New_York", accepted=accepted)
    found = take(store, "vicidial-calls", calls, always={"collector": "HARBOR"}, cut=cut)
    balanced(found, calls)
    assert (found.stored, found.set_aside, found.unmapped) == (4, 1, {"SKIPX": 1})
    assert (len(found.holes), found.accepted) == (13, accepted)
    assert list(found.notes.values()) == [1]
    rows = snapshot(store)["contacts"].sort("at").select(
        "contact", "consumer", "direction", "result", "attributed_to"
    )  # fmt: skip
    assert rows.rows() == [
        ("vicidial:1202/2026-10-30 10:02:00/2035550188", "Nakamura, Yui", "out", "conversation",
         ["1052"]),
        ("vicidial:1202/2026-11-02 11:30:00/2035550777", "Nakamura, Yui", "out", None, ["1052"]),
        ("vicidial:1201/2026-11-18 10:05:09/6175550141", "Alvarez, Dana", "out", "no_answer",
         ["1041"]),
        ("vicidial:1201/2026-11-19 17:12:00/6175550142", "Alvarez, Dana", "out", "voicemail_left",
         ["1041"]),
    ]  # fmt: skip
    wrong = take(
        store, "vicidial-calls", calls, always={"collector": "HARBOR"}, zone="Pacific/Honolulu",
        now=datetime(2026, 11, 20, tzinfo=UTC), dry=True,
    )  # fmt: skip
    assert wrong.notes["the contact is later than this import; is the clock right?"] == 1
    points = snapshot(store)["contacts"].sort("at")["point"].to_list()
    assert [point is None for point in points] == [False, True, False, False]


def test_what_the_firm_must_say_is_asked_for_at_once(store: Store, tmp_path: Path) -> None:
    path = export("quickbooks.csv", tmp_path)
    with pytest.raises(IntakeError) as error:
        take(store, "quickbooks", path, always={})
    for name in ("type", "collector", "collector_role"):
        assert f"`{name}` (" in str(error.value)
    assert "--set COLUMN=VALUE" in str(error.value)
    with pytest.raises(IntakeError, match="layout `vicidial-calls` is for contacts, not wide"):
        import_wide(store, path, layout_of("vicidial-calls"), Run(NOW, tmp_path, quiet))
    run = Run(NOW, tmp_path, quiet)
    with pytest.raises(IntakeError, match="`forbear import wide"):
        import_file(store, path, table_of("accounts"), layout_of("quickbooks"), run)


# -- codes


def test_codes_that_come_with_it() -> None:
    vicidial = results.load("vicidial")
    assert results.load("vicidial.yaml") == vicidial
    assert (vicidial["na"], vicidial.get("ERI"), vicidial["XFER"]) == (
        "no_answer", None, "conversation",
    )  # fmt: skip
    generic = results.load("generic")
    for code in ("No Answer", "NO-ANSWER", "no_answer", "RNA"):
        assert generic[code] == "no_answer"
    assert set(results.OURS) <= set(generic)
    readme = (ROOT / "scheduler" / "intake" / "README.md").read_text(encoding="utf-8")
    for name in results.bundled():
        assert f"`{name}`" in readme


def test_codes_of_a_firm(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("format: 1\nresults: {A: no_answer, Talked: conversation}\n", encoding="utf-8")
    assert dict(results.load(own)) == {"A": "no_answer", "Talked": "conversation"}
    layout = tmp_path / "l.yaml"
    layout.write_text("format: 1\nresults: own.yaml\n", encoding="utf-8")
    codes = layout_of(str(layout)).results
    assert codes is not None
    assert codes["talked"] == "conversation"
    with pytest.raises(IntakeError, match=r"no codes `vicidal`; did you mean `vicidial`\?"):
        results.load("vicidal")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("results: {A: busy}", "R047  this version reads `format: 1`"),
        ("format: 1", "R036  a file of codes needs `results`"),
        ("format: 1\nresult: {A: busy}", "R013  unknown word `result` in a file of codes; did"),
        ("format: 1\nresults: [A]", "R011  `results` is a mapping"),
        ("format: 1\nresults: {A: busyy}", "R028  unknown result `busyy`; did you mean `busy`?"),
        ("format: 1\nresults: {NO ANSWER: busy, no_answer: no_answer}", "R036  the code `no_"),
        ("[1]", "R011  a file of codes is a mapping"),
    ],
)  # fmt: skip
def test_mistakes_in_codes_are_reported_where_they_stand(text: str, message: str) -> None:
    with pytest.raises(Problems) as error:
        results.read_codes(text.encode(), "c.yaml")
    assert message in as_text(error.value.problems, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: 1\nresults: none.yaml", "R001  the codes of `none.yaml`: the file"),
        ("format: 1\nresults: vicidal", "R028  no codes `vicidal`; did you mean `vicidial`?"),
        ("format: 1\nnone: [{begins: a}]", "R029  it needs `why`, and how such a line is known"),
        ("format: 1\nnone: [{why: a}]", "R029  it needs `why`, and how such a line is known"),
        ("format: 1\nnone: [{why: a, alone: no}]", "R030  `alone` is yes, or left out"),
        ("format: 1\ncolumns: {at: {column: a, find: yes}}", "R037  `at` is not found in the"),
        ("format: 1\ncolumns: {point: {column: a, find: no}}", "R030  `find` is yes, or left out"),
        ("format: 1\ncolumns: {balance: {column: a, decimal: x}}", "R028  the sign before cents"),
        ("format: 1\ntable: wide\ncolumns: {phone_7: a}", "R013  unknown word `phone_7`"),
    ],
)  # fmt: skip
def test_mistakes_in_the_further_words_of_a_layout(text: str, message: str) -> None:
    with pytest.raises(Problems) as error:
        read_layout(text.encode(), "l.yaml", "l")
    assert message in as_text(error.value.problems, "")


def test_every_layout_is_tried() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for name in bundled():
        assert f'"{name}"' in text or name == "generic"
