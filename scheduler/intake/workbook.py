"""Workbooks (.xlsx, .xlsm): one sheet's cells as the text that people see in them.

Numbers are written as they are meant: whole ones without a point, and with the zeros before them
that the cell's format shows. Dates are written as 2026-11-30, moments as 2026-11-30T09:15:00. A
formula is its value. A row in which a value is lost is set aside.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import openpyxl
import polars as pl

from engine.problem import did_you_mean

from .rows import TITLE, How, IntakeError, Read, header, header_at, made, recogniser

DIGITS: Final = 15
"""Digits of a number that a workbook keeps."""
_TOO_LONG: Final = f"a number of more than {DIGITS} digits; the last are lost, it must be text"
_UNCOUNTED: Final = "a formula without its value; open and save the file"
_OLE: Final = b"\xd0\xcf\x11\xe0"  # the container of encrypted workbooks, and of .xls
_ZEROS: Final = re.compile(r"0+")
_FORMULA: Final = re.compile(rb"<f[ />]")
_ERROR: Final = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_SECOND: Final = timedelta(seconds=1)
_SLIP: Final = 2_000  # microseconds by which a day's fraction may miss a second


def read_workbook(path: Path, how: How) -> Read:
    """The rows of a workbook's first sheet, or of the one asked for. Raises IntakeError."""
    data = path.read_bytes()
    if data.startswith(_OLE):
        raise IntakeError(
            f"{path}: it is locked by a password, or an old .xls; save it as .xlsx without one"
        )
    if not data.strip():
        raise IntakeError(f"{path}: the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are not read
            sheet, cells, lost = _cells(path, data, how.sheet)
    except IntakeError:
        raise
    except Exception:  # whatever a damaged archive or its XML makes of a reader
        raise IntakeError(f"{path}: not readable as a workbook") from None
    if not cells:
        raise IntakeError(f"{path}: the sheet `{sheet}` is empty")
    return _rows(path, f"xlsx, sheet `{sheet}`", cells, lost, how)


def _cells(
    path: Path, data: bytes, wanted: str | None
) -> tuple[str, list[tuple[int, list[str]]], dict[int, str]]:
    """A sheet's name, its rows that are not blank as text, and what is lost in which row."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        names = [one.title for one in book.worksheets]
        if wanted is not None and wanted not in names:
            near = did_you_mean(wanted, tuple(names))
            known = ", ".join(f"`{one}`" for one in names)
            raise IntakeError(f"{path}: no sheet `{wanted}`{near}; it has {known}")
        if not names:
            raise IntakeError(f"{path}: the workbook has no sheet with cells")
        name = wanted or names[0]
        sheet = book[name]
        sheet.reset_dimensions()
        found: list[tuple[int, list[str]]] = []
        lost: dict[int, str] = {}
        for number, row in enumerate(sheet.iter_rows(), 1):
            texts = []
            for cell in row:
                value = cell.value
                format = cell.number_format if isinstance(value, int | float) else ""
                text, wrong = shown(value, format)
                texts.append(text)
                if wrong and number not in lost:
                    lost[number] = f"cell {cell.coordinate}: {wrong}"
            if any(texts):
                found.append((number, texts))
    finally:
        book.close()
    had = dict(found)
    for number, place in _uncounted(data, name, had):
        had.setdefault(number, [])
        lost.setdefault(
            number, f"cell {place}: a formula without its value; open and save the file"
        )
    return name, sorted(had.items()), lost


def _uncounted(data: bytes, name: str, had: dict[int, list[str]]) -> Iterator[tuple[int, str]]:
    """Formulas whose value nobody worked out: the program that wrote the file did not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [one for one in archive.namelist() if one.startswith("xl/worksheets/")]
        if not any(_has_formulas(archive, one) for one in sheets):
            return
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    try:
        sheet = book[name]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), 1):
            texts = had.get(number, [])
            for at, cell in enumerate(row):
                if cell.data_type == "f" and (at >= len(texts) or not texts[at]):
                    yield number, cell.coordinate
    finally:
        book.close()


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as file:
        before = b""
        while part := file.read(1 << 20):
            if _FORMULA.search(before + part):
                return True
            before = part[-2:]
    return False


def shown(value: Any, format: str) -> tuple[str, str]:
    """A cell's text, and what is wrong with it ("" if nothing is).

    >>> shown(123, "000000"), shown(1250.0, "General"), shown(0.1, "General")
    (('000123', ''), ('1250', ''), ('0.1', ''))
    """
    if value is None:
        return "", ""
    if isinstance(value, bool):
        return ("true" if value else "false"), ""
    if isinstance(value, int | float | Decimal):
        return _number(value, format)
    if isinstance(value, datetime):
        return _moment(value), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, time):
        return value.isoformat(), ""
    if isinstance(value, timedelta):
        return str(value), ""
    text = str(value).strip()
    return text, f"it shows {text}" if _ERROR.fullmatch(text) else ""


def _number(value: int | float | Decimal, format: str) -> tuple[str, str]:
    # fifteen digits are what a workbook shows; the sixteenth is noise of its binary form
    exact = Decimal(f"{value:.{DIGITS}g}") if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return str(value), "not a number"
    whole = exact == exact.to_integral_value()
    text = f"{exact:.0f}" if whole else f"{exact.normalize():f}"
    if whole and _ZEROS.fullmatch(format) and not text.startswith("-"):
        text = text.zfill(len(format))
    if whole and abs(exact) >= 10**DIGITS:
        return text, _TOO_LONG
    return text, ""


def _moment(value: datetime) -> str:
    """A moment without the slip of a day's fraction; a date where it is midnight."""
    slip = value.microsecond
    if slip <= _SLIP or slip >= 1_000_000 - _SLIP:
        value = value.replace(microsecond=0) + (_SECOND if slip > _SLIP else timedelta(0))
    midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
    return value.date().isoformat() if midnight else value.isoformat()


def _rows(
    path: Path,
    shape: str,
    cells: Sequence[tuple[int, list[str]]],
    lost: dict[int, str],
    how: How,
) -> Read:
    top = header_at([texts for _, texts in cells[:100]], how.wanted)
    named = list(cells[top][1])
    while named and not named[-1]:
        named.pop()
    names = header(path, named, how.wanted)
    width = len(names)
    none = [(number, TITLE) for number, _ in cells[:top]]
    known = recogniser(names, how.none)
    good: list[list[str]] = []
    lines: list[int] = []
    broken: list[tuple[int, dict[str, str], str]] = []
    for number, texts in cells[top + 1 :]:
        record = [*texts, *[""] * (width - len(texts))]
        if known is not None and (why := known.why(record)) is not None:
            none.append((number, why))
        elif number in lost:
            broken.append((number, dict(zip(names, record, strict=False)), lost[number]))
        elif any(record[width:]):
            kept = dict(zip(names, record, strict=False))
            broken.append((number, kept, "a cell stands beside the columns that have a name"))
        else:
            good.append(record[:width])
            lines.append(number)
    rows = pl.DataFrame(good, schema=dict.fromkeys(names, pl.String()), orient="row")
    return made(rows, lines, broken, none, shape)
