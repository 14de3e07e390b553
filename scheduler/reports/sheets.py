"""Reports as CSV and as a workbook: numbers and days as such, no text that runs as a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from .report import MONEY, WHOLE, Cell, Column, Report, Table, plain, shown

RUNS: Final = frozenset("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a text may not begin with: a spreadsheet would take it for a formula."""
MOST_ROWS: Final = 1_048_000
"""Rows of a sheet; CSV holds what a workbook cannot."""
MOST_TEXT: Final = 32_000
WIDEST: Final = 60
FORMATS: Final = {MONEY: '"$"#,##0.00', WHOLE: "#,##0"}
BOLD: Final = Font(bold=True)
ABOVE: Final = Border(top=Side(style="thin"))
TOP: Final = Alignment(vertical="top")
WRAPPED: Final = Alignment(vertical="top", wrap_text=True)
RIGHT: Final = Alignment(horizontal="right", vertical="top")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what would begin one.

    >>> harmless("=1+1")
    "'=1+1"
    """
    begin = text.lstrip(" \u00a0")[:1]
    return f"'{text}" if begin in RUNS and begin else text


def csv_text(table: Table) -> str:
    """A table as CSV (RFC 4180): names of columns, then rows; money as exact decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(one.name for one in table.columns)
    for row in table.rows:
        writer.writerow(harmless(cell) if isinstance(cell, str) else plain(cell) for cell in row)
    return text.getvalue()


def write_csv(report: Report, path: Path) -> None:
    """Write the finest table of a report. Raises OSError."""
    path.write_text(csv_text(report.table(report.fine)), encoding="utf-8", newline="")


def write_workbook(report: Report, path: Path, now: datetime) -> None:
    """Write every table of a report to a sheet of its own, after one that sums it up.

    `now` is the moment the workbook says it was made. Raises OSError.
    """
    book = Workbook()
    book.properties.title = report.title
    book.properties.creator = "forbear"
    book.properties.created = now.astimezone(UTC).replace(tzinfo=None)
    first = book.worksheets[0]
    first.title = "Summary"
    _summary(first, report)
    for table in report.tables:
        _sheet(book.create_sheet(table.title[:31].strip()), table)
    book.save(path)


def _summary(sheet: Worksheet, report: Report) -> None:
    sheet.column_dimensions["A"].width = 44
    sheet.column_dimensions["B"].width = 24
    lines = [(report.title, ""), *((one, "") for one in report.said), ("", "")]
    lines += [*report.numbers.items(), ("", "")]
    lines += [(f"{one.title}: {one.note}", "") for one in report.tables if one.note]
    for row, (word, value) in enumerate(lines, 1):
        _text(_at(sheet, row, 1), word).font = BOLD if row == 1 else Font()
        _text(_at(sheet, row, 2), value, RIGHT)


def _sheet(sheet: Worksheet, table: Table) -> None:
    """One table: header frozen, widths by what is in it, its sums as formulas below it."""
    rows = table.rows[:MOST_ROWS]
    last = get_column_letter(len(table.columns))
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{last}{len(rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for n, one in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(n)].width = _width(table, n - 1)
        head = _text(_at(sheet, 1, n), one.head, RIGHT if one.kind in FORMATS else TOP)
        head.font = BOLD
    for at, row in enumerate(rows, 2):
        for n, (one, value) in enumerate(zip(table.columns, row, strict=True), 1):
            _value(_at(sheet, at, n), one, value)
    if len(rows) < len(table.rows):
        more = f"and {len(table.rows) - len(rows):,} more rows, which the CSV holds"
        _text(_at(sheet, len(rows) + 2, 1), more)
    elif table.total is not None:
        for n, one in enumerate(table.columns, 1):
            _total(_at(sheet, len(rows) + 2, n), table, one)


def _at(sheet: Worksheet, row: int, column: int) -> BookCell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, BookCell)  # nothing here is merged
    return cell


def _width(table: Table, place: int) -> float:
    column = table.columns[place]
    longest = max((len(shown(row[place], column.kind)) for row in table.rows), default=0)
    total = 0 if table.total is None else len(shown(table.total.get(column.name), column.kind))
    return float(min(WIDEST, max(longest, total, len(column.head) + 3) + 2))


def _total(cell: BookCell, table: Table, column: Column) -> None:
    """The cell below a column: its sum as a formula where rows add up, else what it is."""
    assert table.total is not None
    if column.sums and table.rows:
        letter = get_column_letter(cell.column)
        cell.value = f"=SUM({letter}2:{letter}{len(table.rows) + 1})"
        cell.number_format = FORMATS[column.kind]
    elif table.total.get(column.name) is not None:
        _value(cell, column, table.total[column.name])
    cell.font, cell.border = BOLD, ABOVE


def _value(cell: BookCell, column: Column, value: Cell) -> None:
    if value is None or isinstance(value, str):
        _text(cell, value or "", WRAPPED if column.name in ("says", "cite") else TOP)
        return
    cell.value = value
    cell.number_format = FORMATS.get(column.kind, "yyyy-mm-dd")
    cell.alignment = TOP


def _text(cell: BookCell, text: str, at: Alignment = TOP) -> BookCell:
    """Make a cell hold text and nothing else, whatever stands in it."""
    if text:
        cell.value = harmless(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)[:MOST_TEXT])
        cell.data_type = "s"
    cell.alignment = at
    return cell
