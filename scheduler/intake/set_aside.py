"""Rows set aside: a CSV file as the one that was read, with what is wrong beside each row.

It can be mended and imported again under the same layout: the columns that say what is wrong are
not read.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..store.adding import LINE
from .rows import OURS, Read


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one row of a file; `column` "" if it is about the whole row."""

    file: Path
    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        """The line a person reads."""
        where = f"{self.file.name}: row {self.row}"
        if not self.column:
            return f"{where}: {self.reason}"
        said = f" `{self.value}`" if self.value else ""
        return f"{where}: column {self.column}{said}: {self.reason}"


def shown(rows: pl.DataFrame, name: str) -> pl.Series:
    """A column as text, as an import reads it back."""
    dtype = rows.schema[name]
    cell = pl.col(name)
    if dtype == pl.List(pl.String()):
        text = pl.struct(cell.alias("x")).struct.json_encode().str.slice(5).str.head(-1)
        return rows.select(pl.when(cell.is_not_null()).then(text).alias(name)).to_series()
    if isinstance(dtype, pl.Datetime):
        offset = "%:z" if dtype.time_zone else ""
        return rows.select(cell.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{offset}")).to_series()
    if dtype.is_nested():
        return pl.Series(name, [None if one is None else str(one) for one in rows[name].to_list()])
    return rows.select(cell.cast(pl.String(), strict=False)).to_series()


def set_aside(place: Path, path: Path, read: Read, problems: tuple[Problem, ...]) -> Path:
    """Write the rows that have problems; the file, named after the one that was read.

    One that is there from an earlier import is not overwritten. Raises OSError.
    """
    place.mkdir(parents=True, exist_ok=True)
    by_row: dict[int, list[Problem]] = {}
    for one in problems:
        by_row.setdefault(one.row, []).append(one)
    names = [name for name in read.rows.columns if name != LINE and not name.startswith(OURS)]
    bad = read.rows.filter(pl.col(LINE).is_in(list(by_row)))
    rows = pl.DataFrame([bad[LINE], *(shown(bad, name).alias(name) for name in names)])
    whole = {row[LINE]: row for row in rows.iter_rows(named=True)}
    whole |= {number: {LINE: number, **kept} for number, kept, _ in read.broken}
    said = [f"{OURS}{word}" for word in ("more", "file", "row", "column", "value", "reason")]
    target = _free(place, path.stem.removesuffix(".set-aside"))
    target.touch(mode=0o600, exist_ok=False)  # people are named in it
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*names, *said], restval="")
        writer.writeheader()
        for number, row in sorted(whole.items()):
            found = by_row[number]
            told = {
                "file": path.name,
                "row": str(number),
                "column": " | ".join(one.column for one in found),
                "value": " | ".join(one.value for one in found),
                "reason": " | ".join(one.reason for one in found),
            }
            kept = {name: row.get(name) or "" for name in [*names, said[0]]}
            writer.writerow(kept | {f"{OURS}{word}": text for word, text in told.items()})
        file.flush()
        os.fsync(file.fileno())
    return target


def _free(place: Path, stem: str) -> Path:
    number = 1
    while (path := place / f"{stem}-{number}.set-aside.csv").exists():
        number += 1
    return path
