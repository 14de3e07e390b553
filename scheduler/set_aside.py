"""A part's candidates as they were set aside, and how their rows are read again for log and lists.

Of a part there lie in the run's directory of parts: its candidates, as they were decided, written
once; `marks`, what was made of each when its place in the day was known, in the order of the day;
and, where candidates of crowds stand among them, those. Log and lists are made of these columns:
each reads the ones it wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

AT: Final = "at"
"""Of marks: the place of a row among the candidates set aside, and those of crowds behind them."""
NO_LISTS: Final[tuple[str, ...]] = ("listed", "kept_by", "kept_cites")


@dataclass(frozen=True, slots=True)
class Lot:
    """A part's rows in the day: its number, its `first` row, how many, and how many are `listed`.

    `mixed`: candidates of crowds stand among them.
    """

    number: int
    first: int
    rows: int
    listed: int
    mixed: bool


def candidates_path(place: Path, number: int) -> Path:
    """The candidates of a part, as they were decided."""
    return place / f"decided-{number:05}.parquet"


def marks_path(place: Path, number: int) -> Path:
    """What was made of each."""
    return place / f"marks-{number:05}.parquet"


def crowd_path(place: Path, number: int) -> Path:
    """The candidates of crowds that stand among them."""
    return place / f"crowd-{number:05}.parquet"


def write(path: Path, rows: pl.DataFrame) -> None:
    """Write rows down, to be read again by this run."""
    rows.write_parquet(path, compression="zstd", compression_level=1, statistics=False)


def read(path: Path, columns: Iterable[str] | None = None) -> pl.DataFrame:
    """Read rows again, in memory of our own: of these columns those that are there, or all."""
    if columns is None:
        return pl.read_parquet(path)
    there = pl.read_parquet_schema(path)
    return pl.read_parquet(path, columns=[name for name in columns if name in there])


def read_rows(
    place: Path,
    lot: Lot,
    columns: Iterable[str],
    marks: Iterable[str] = (),
    *,
    listed: bool | None = None,
) -> pl.DataFrame:
    """Columns of a lot's candidates, of their marks, and `row`, their number; in their order.

    `listed`: only those on the list, or only those that are not.
    """
    wanted = list(columns)
    found = read(candidates_path(place, lot.number), wanted)
    made = read(marks_path(place, lot.number), [AT, "listed", *marks])
    number = pl.int_range(lot.first, lot.first + pl.len(), dtype=pl.Int64)
    made = made.with_columns(number.alias("row"))
    if listed is not None:
        made = made.filter(pl.col("listed") if listed else ~pl.col("listed"))
    own = made[AT] < found.height
    if lot.mixed:
        others = read(crowd_path(place, lot.number), wanted)
        others = others[made[AT].filter(~own) - found.height]
    if listed is not None:
        found = found[made[AT].filter(own)]
    if lot.mixed:
        found = _among(found, others, own)
    return found.hstack(made.drop(AT))


def _among(rows: pl.DataFrame, others: pl.DataFrame, own: pl.Series) -> pl.DataFrame:
    """Others put in among rows, each in its own order: `own` says which come from where.

    Long runs of rows are taken as they are, which costs less than a gather of every value.
    """
    bounds = [0, *(own != own.shift(1)).arg_true(), len(own)]
    runs, taken = [], {True: 0, False: 0}
    for low, high in pairwise(dict.fromkeys(bounds)):
        mine = bool(own[low])
        runs.append((rows if mine else others).slice(taken[mine], high - low))
        taken[mine] += high - low
    return pl.concat(runs, rechunk=True) if runs else rows
