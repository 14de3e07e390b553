"""Files as they come: CSV of any common delimiter and encoding, NDJSON, Parquet; rows as columns.

Every row of a file is either in `rows` or in `broken`, with its number: in CSV the header is row
1, in the others the first row is.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

from ..store.adding import LINE

OURS: Final = "forbear_"
"""Columns that begin so are those of a file of rows set aside; they are not read."""
TAB: Final = "\t"
DELIMITERS: Final = (",", ";", TAB, "|")
KINDS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet",
}  # fmt: skip
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT: Final = 50  # records by which a delimiter is found out


class IntakeError(ForbearError):
    """A file that cannot be taken in at all: one sentence says why. Nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file's rows. `rows`: its columns, text where the file has no types, and `line`.

    `broken`: the rows that are none, by number, each with what is there of it and why. `shape`
    says how it was read, for people.
    """

    rows: pl.DataFrame
    broken: tuple[tuple[int, dict[str, str], str], ...]
    shape: str

    @property
    def count(self) -> int:
        """How many rows the file has."""
        return self.rows.height + len(self.broken)


def read_file(path: Path) -> Read:
    """Read a file by its name's ending. Raises IntakeError, OSError."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise IntakeError(f"{path}: not a kind of file that is read ({', '.join(KINDS)})")
    if kind == "parquet":
        return _parquet(path)
    data = path.read_bytes()
    if not data.strip():
        raise IntakeError(f"{path}: the file is empty")
    text, encoding = decoded(data)
    return _csv(path, text, encoding) if kind == "csv" else _ndjson(path, text)


def decoded(data: bytes) -> tuple[str, str]:
    """A file's text, and the encoding it is in: told by its first bytes, else UTF-8, else Windows.

    >>> decoded("Müller".encode("cp1252"))
    ('Müller', 'windows-1252')
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(name), name.removesuffix("-sig")
            except UnicodeDecodeError:
                break
    for name, shown in (("utf-8", "utf-8"), ("cp1252", "windows-1252")):
        try:
            return data.decode(name), shown
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def delimiter(text: str) -> str:
    r"""The delimiter by which the first records have the most, and equally many, fields.

    >>> delimiter("name;owes\nA;1,50\nB;2,75\n")
    ';'
    """
    best, most = ",", (0, 1)
    for one in DELIMITERS:
        records = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=one)
        try:
            first = [len(row) for row, _ in zip(records, range(_LOOKED_AT), strict=False) if row]
        except csv.Error:
            continue
        if not first or first[0] < 2:
            continue
        alike = sum(1 for width in first if width == first[0])
        if (alike, first[0]) > most or most == (0, 1):
            best, most = one, (alike, first[0])
    return best


def _header(path: Path, names: list[str]) -> list[str]:
    """Names of columns, trimmed; one without a name is called by its place."""
    found = [name.strip() or f"column {place}" for place, name in enumerate(names, 1)]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise IntakeError(f"{path}: the header names `{twice[0]}` twice")
    if LINE in found:
        raise IntakeError(f"{path}: a column may not be called `{LINE}`")
    return found


def _csv(path: Path, text: str, encoding: str) -> Read:
    mark = delimiter(text)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    good: list[list[str]] = []
    lines: list[int] = []
    broken: list[tuple[int, dict[str, str], str]] = []
    names: list[str] = []
    try:
        for number, record in enumerate(records, 1):
            if not record:
                continue
            if not names:
                names = _header(path, record)
            elif len(record) == len(names):
                good.append(record)
                lines.append(number)
            else:
                kept = dict(zip(names, record, strict=False))
                if more := record[len(names) :]:
                    kept[f"{OURS}more"] = json.dumps(more, ensure_ascii=False)
                why = f"it has {len(record)} fields, and the header has {len(names)}"
                broken.append((number, kept, why))
    except csv.Error as error:
        raise IntakeError(f"{path}: row {records.line_num} cannot be read: {error}") from None
    rows = pl.DataFrame(good, schema=dict.fromkeys(names, pl.String()), orient="row")
    shown = "tab" if mark == "\t" else mark
    return Read(
        _numbered(_trimmed(rows), lines), tuple(broken), f"csv, {encoding}, delimiter `{shown}`"
    )


def _ndjson(path: Path, text: str) -> Read:
    good: list[dict[str, str | None]] = []
    lines: list[int] = []
    broken: list[tuple[int, dict[str, str], str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            broken.append((number, {f"{OURS}more": line}, "the line is not JSON"))
            continue
        if not isinstance(found, dict):
            broken.append((number, {f"{OURS}more": line}, "the line is not a JSON object"))
            continue
        cells = {name.strip(): _text(value) for name, value in found.items()}
        if _is_text(cells):
            good.append(cells)
            lines.append(number)
        else:
            broken.append((number, {f"{OURS}more": line}, "half of a character stands alone"))
    names = _header(path, list(dict.fromkeys(name for row in good for name in row)))
    columns = {name: [row.get(name) for row in good] for name in names}
    rows = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String()))
    return Read(_numbered(_trimmed(rows), lines), tuple(broken), "ndjson")


def _is_text(cells: dict[str, str | None]) -> bool:
    """Whether all of it can be written down: JSON may name halves of characters."""
    try:
        "".join(part for pair in cells.items() for part in pair if part).encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _parquet(path: Path) -> Read:
    try:
        rows = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise IntakeError(f"{path}: not readable as Parquet") from None
    rows.columns = _header(path, rows.columns)
    return Read(_numbered(rows, list(range(1, rows.height + 1))), (), "parquet")


def _trimmed(rows: pl.DataFrame) -> pl.DataFrame:
    """Text without blanks around it; nothing where there is only that."""
    plain = pl.all().str.strip_chars()
    return rows.select(pl.when(plain != "").then(plain))


def _numbered(rows: pl.DataFrame, lines: list[int]) -> pl.DataFrame:
    return rows.with_columns(pl.Series(LINE, lines, pl.Int64()))
