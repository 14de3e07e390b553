"""CSV of any common delimiter and encoding, as exports and spreadsheets write it.

A row whose quotation marks do not pair is set aside alone: reading goes on at the next line, so
that one open mark does not swallow what follows it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

import polars as pl

from .rows import BLANK, OURS, TITLE, How, IntakeError, Read, header, header_at, made, recogniser

TAB: Final = "\t"
DELIMITERS: Final = (",", ";", TAB, "|")
LONGEST: Final = 131_072
"""Characters a cell may have."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT: Final = 50  # records by which a delimiter is found out
_PROBED: Final = 400  # bytes that show an encoding of two bytes a letter
_FIRST: Final = 100  # records among which the header is
_HELD: Final = 50_000  # records that are held as such before they become columns
_PAIRS: Final = "its quotation marks do not pair"
_Record = tuple[int, list[str]]


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
    for name, zeros in (("utf-16-le", data[1:_PROBED:2]), ("utf-16-be", data[0:_PROBED:2])):
        if zeros.count(0) * 4 > len(zeros) * 3:  # nothing else has so many
            try:
                return data.decode(name), "utf-16"
            except UnicodeDecodeError:
                break
    for name, shown in (("utf-8", "utf-8"), ("cp1252", "windows-1252")):
        try:
            return data.decode(name), shown
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def delimiter(text: str) -> str:
    r"""The delimiter by which the most of the first records have equally many fields, and many.

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
        widths = Counter(width for width in first if width > 1)
        for width, alike in widths.items():
            if (alike, width) > most:
                best, most = one, (alike, width)
    return best


def _lines(text: str) -> Iterator[str]:
    """A text's lines with their ends; a wrapper of bytes takes a quarter of StringIO's memory."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")


class _Lines:
    """A text's lines one after the other, from wherever one says."""

    def __init__(self, text: str) -> None:
        self.all = list(_lines(text))
        self.at = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.all):
            raise StopIteration
        line = self.all[self.at]
        self.at += 1
        return line


def read_separated(path: Path, data: bytes, how: How) -> Read:
    """A CSV file's rows. Its header is the line that names what is wanted. Raises IntakeError."""
    text, encoding = decoded(data)
    mark = delimiter(text)
    shown = "tab" if mark == TAB else mark
    spoilt: list[tuple[int, str, str]] = []
    records = _records(text, mark, spoilt)
    first = list(islice(records, _FIRST))
    if not first:
        raise IntakeError(f"{path}: no line of it can be read as CSV")
    top = header_at([record for _, record in first], how.wanted)
    names = header(path, first[top][1], how.wanted)
    none = [(number, TITLE) for number, record in first[:top] if any(map(str.strip, record))]
    known = recogniser(names, how.none)
    width = len(names)
    schema = dict.fromkeys(names, pl.String())
    frames: list[pl.DataFrame] = [pl.DataFrame(schema=schema)]
    good: list[list[str]] = []
    lines: list[int] = []
    broken: list[tuple[int, dict[str, str], str]] = []
    for number, record in chain(first[top + 1 :], records):
        if known is not None and (why := known.why(record)) is not None:
            none.append((number, why))
        elif len(record) == width:
            good.append(record)
            lines.append(number)
        elif not any(map(str.strip, record)):
            none.append((number, BLANK))
        elif len(record) > width and not any(map(str.strip, record[width:])):
            good.append(record[:width])  # delimiters at the end of a line say nothing
            lines.append(number)
        else:
            kept = dict(zip(names, record, strict=False))
            if more := record[width:]:
                kept[f"{OURS}more"] = json.dumps(more, ensure_ascii=False)
            why = f"it has {len(record)} fields, and the header has {width}"
            broken.append((number, kept, why))
        if len(good) == _HELD:
            frames.append(pl.DataFrame(good, schema=schema, orient="row"))
            good = []
    frames.append(pl.DataFrame(good, schema=schema, orient="row"))
    broken += [(number, {f"{OURS}more": line}, why) for number, line, why in spoilt]
    shape = f"csv, {encoding}, delimiter `{shown}`"
    return made(pl.concat(frames), lines, broken, none, shape)


def _records(text: str, mark: str, spoilt: list[tuple[int, str, str]]) -> Iterator[_Record]:
    """The records that have a field, by number; lines that are none are added to `spoilt`."""
    number = 0
    if '"' not in text:
        try:
            for number, record in enumerate(csv.reader(_lines(text), delimiter=mark), 1):
                if record:
                    yield number, record
        except csv.Error:
            pass  # one cell is too long; each record is a line, so that the next is known
        else:
            return
    lines = _Lines(text)
    lines.at = number
    reader = csv.reader(lines, delimiter=mark, strict=True)
    while True:
        number += 1
        start = lines.at
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            line = lines.all[start].rstrip("\r\n")
            lines.at = start + 1
            if mark == TAB and len(line) <= LONGEST:
                # what writes tabs writes no quotation marks around cells: they are text
                yield number, line.split(mark)
                continue
            long = len(line) > LONGEST
            why = f"a cell of more than {LONGEST:,} characters" if long else _PAIRS
            spoilt.append((number, line, why))
            continue
        if record:
            yield number, record
