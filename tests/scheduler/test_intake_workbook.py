"""Workbooks as people keep them: dates, zeros, formulas, titles, sheets; and what is none."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from scheduler.intake.files import read_file
from scheduler.intake.importing import Run, import_file, table_of
from scheduler.intake.layouts import GENERIC, layout_of
from scheduler.intake.rows import How, IntakeError, NoRow
from scheduler.intake.workbook import shown
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from scheduler.store.snapshot import snapshot

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
WANTED = How(frozenset({"account", "balance", "placed"}))


def wall(*time: int) -> datetime:
    """A moment as cells have it: without a zone."""
    hour, minute, second = (*time, 0, 0, 0)[:3]
    return datetime(2026, 3, 1, hour, minute, second, tzinfo=UTC).replace(tzinfo=None)


def book(place: Path, *rows: list[Any], formats: dict[str, str] | None = None) -> Path:
    path = place / "book.xlsx"
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, format in (formats or {}).items():
        sheet[cell].number_format = format
    made.create_sheet("Second").append(["account", "note"])
    made["Second"].append(["A9", "x"])
    made.save(path)
    return path


def test_cells_are_what_people_see_in_them(tmp_path: Path) -> None:
    rows = [
        ["account", "balance", "placed", "at", "note"],
        ["000123", 1250.0, date(2026, 3, 1), wall(9, 5, 30), True],
        [123, "1,250.10", "2026-03-01", None, None],
        [456.0, 0.1 + 0.2, wall(), time(9, 5), " x "],
        [7, -12.5, None, timedelta(hours=1), 2.5e-7],
    ]
    found = read_file(book(tmp_path, *rows, formats={"A3": "000000", "A4": "0"}), WANTED)
    assert found.rows.rows() == [
        ("000123", "1250", "2026-03-01", "2026-03-01T09:05:30", "true", 2),
        ("000123", "1,250.10", "2026-03-01", None, None, 3),
        ("456", "0.3", "2026-03-01", "09:05:00", "x", 4),
        ("7", "-12.5", None, "1:00:00", "0.00000025", 5),
    ]
    assert found.shape == "xlsx, sheet `Sheet`"
    assert (found.broken, found.none) == ((), ())


def test_the_slip_of_a_days_fraction_is_no_microsecond() -> None:
    near = wall(9, 4, 59).replace(microsecond=999_998)
    assert shown(near, "") == ("2026-03-01T09:05:00", "")
    assert shown(near.replace(microsecond=500_000), "") == ("2026-03-01T09:04:59.500000", "")
    midnight = near.replace(day=28, month=2, hour=23, minute=59)
    assert shown(midnight, "") == ("2026-03-01", "")


def test_a_header_stands_after_blank_lines_and_titles(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [],
        ["Acme Agency"],
        ["All accounts, as of", date(2026, 11, 1)],
        [],
        [None, "Account", "Balance", None],
        [None, "A1", 5],
        [],
        [None, "Total", 5],
        [None, "A2", 6, None, "beside"],
    ]
    how = How(WANTED.wanted, (NoRow("a total", begins=("total",)),))
    found = read_file(book(tmp_path, *rows), how)
    assert found.rows.rows() == [(None, "A1", "5", 6)]
    assert found.rows.columns == ["column 1", "Account", "Balance", "line"]
    assert found.none == ((2, "above the header"), (3, "above the header"), (8, "a total"))
    assert found.lines == {"above the header": 2, "a total": 1}
    ((number, kept, why),) = found.broken
    assert (number, kept["Account"], why) == (
        9, "A2", "a cell stands beside the columns that have a name",
    )  # fmt: skip


def test_a_sheet_is_the_first_or_the_one_named(tmp_path: Path) -> None:
    path = book(tmp_path, ["account"], ["A1"])
    assert read_file(path).rows["account"].to_list() == ["A1"]
    named = read_file(path, How(sheet="Second"))
    assert named.rows.rows() == [("A9", "x", 2)]
    with pytest.raises(IntakeError, match=r"no sheet `Secondd`; did you mean `Second`\?; it has"):
        read_file(path, How(sheet="Secondd"))
    other = tmp_path / "a.csv"
    other.write_text("account\nA1\n", encoding="utf-8")
    with pytest.raises(IntakeError, match="only a workbook has sheets"):
        read_file(other, How(sheet="Second"))


def test_a_value_that_is_lost_sets_its_row_aside(tmp_path: Path) -> None:
    rows = [
        ["account", "balance"],
        [1234567890123456, 1],
        ["A2", "=1+1"],
        ["A3", "#N/A"],
        ["A4", 4],
    ]
    found = read_file(book(tmp_path, *rows), WANTED)
    assert found.rows.rows() == [("A4", "4", 5)]
    assert [(number, why) for number, _, why in found.broken] == [
        (2, "cell A2: a number of more than 15 digits; the last are lost, it must be text"),
        (3, "cell B3: a formula without its value; open and save the file"),
        (4, "cell B4: it shows #N/A"),
    ]  # fmt: skip


def test_a_formula_is_its_value(tmp_path: Path) -> None:
    path = book(tmp_path, ["account", "balance"], ["A1", "=2*21"])
    worked = tmp_path / "worked.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(worked, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"<v></v>", b"<v>42</v>").replace(b"<v />", b"<v>42</v>")
            new.writestr(name, data)
    assert read_file(worked).rows.rows() == [("A1", "42", 2)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"account,balance\n", "not readable as a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "it is locked by a password, or an old"),
        (b"PK\x03\x04" + bytes(90), "not readable as a workbook"),
    ],
)
def test_what_is_no_workbook(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(IntakeError) as error:
        read_file(path)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_workbook_cut_off_or_with_nothing_in_it(tmp_path: Path) -> None:
    whole = book(tmp_path, ["account"], *(["A1"] for _ in range(99))).read_bytes()
    path = tmp_path / "cut.xlsx"
    for size in range(40, len(whole), len(whole) // 25):
        path.write_bytes(whole[:size])
        with pytest.raises(IntakeError, match="not readable as a workbook"):
            read_file(path)
    with pytest.raises(IntakeError, match="the sheet `Sheet` is empty"):
        read_file(book(tmp_path))


def test_a_workbook_goes_in(store: Store, tmp_path: Path) -> None:
    path = book(tmp_path, ["Consumers"], ["consumer", "person", "deceased"], ["C1", 17, False])
    layout = layout_of(GENERIC)
    aside = tmp_path / "aside"

    def quiet(what: str, done: int, total: int) -> None:
        pass

    run = Run(NOW, aside, quiet)
    found = import_file(store, path, table_of("consumers"), layout, run)
    assert (found.new, found.rows, found.lines) == (1, 1, {"above the header": 1})
    assert snapshot(store)["consumers"].row(0)[:3] == ("C1", "17", False)


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty
