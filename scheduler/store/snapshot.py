"""What was known at a moment, as a portfolio: columns, superseded rows left out."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl
import sqlalchemy as sa

from . import bulk
from .database import Store
from .erased import WORDS, erased
from .kept import KEPT, Kept
from .ranges import Readers, readers
from .schema import OPTIONAL
from .tables import STORED

ROWS_IN_GROUP: Final = 120_000
AT_ONCE: Final = 500_000  # rows put in order at once
SAMPLED: Final = 50  # one row in so many says where a span begins


def snapshot(
    store: Store, as_of_received: datetime | None = None, as_of_recorded: datetime | None = None
) -> dict[str, pl.DataFrame]:
    """The tables of a portfolio as they stood, by their names there; rows in the order of keys.

    `as_of_received`: what had reached the collector by then; `as_of_recorded`: what was known of
    it by then. None: all of it. A table that a portfolio may leave out is left out where it is
    empty. Raises StoreError.
    """
    found: dict[str, pl.DataFrame] = {}
    with store.reading() as connection:
        for kept in _portfolio():
            asked, schema = _asked(kept, as_of_received, as_of_recorded)
            rows = bulk.frame(connection, asked, schema)
            frame = _current(kept, rows.lazy(), _newest(kept, rows.lazy())).collect()
            if frame.height or _file(kept) not in OPTIONAL:
                found[_file(kept)] = frame
    return found


def write_snapshot(
    store: Store,
    place: Path,
    as_of_received: datetime | None = None,
    as_of_recorded: datetime | None = None,
    tables: Collection[str] | None = None,
) -> dict[str, int]:
    """The same as Parquet files in a directory, which is made; the rows of each table.

    `tables`: only these. No more than some hundred thousand rows are held at once.
    Raises StoreError, OSError.
    """
    place.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with readers(store) as many:
        for kept in _portfolio():
            if tables is None or _file(kept) in tables:
                asked, schema = _asked(kept, as_of_received, as_of_recorded)
                loose = place / ".rows"
                loose.mkdir()
                files, once = _lay_aside(many, kept, asked, schema, loose)
                path = place / f"{_file(kept)}.parquet"
                _in_order(kept, files, schema, loose, once=once).sink_parquet(
                    path,
                    compression="zstd",
                    compression_level=1,
                    row_group_size=ROWS_IN_GROUP,
                    maintain_order=True,
                    engine="streaming",
                )
                shutil.rmtree(loose)
                counts[_file(kept)] = pl.scan_parquet(path).select(pl.len()).collect().item()
                if _file(kept) in OPTIONAL and not counts[_file(kept)]:
                    path.unlink()
    return counts


def _lay_aside(
    many: Readers,
    kept: Kept,
    asked: sa.Select[tuple[object, ...]],
    schema: Mapping[str, pl.DataType],
    loose: Path,
) -> tuple[list[Path], bool]:
    """Files with a table's rows, each in order; and whether each row is the only one of its key."""

    def put(number: int, rows: pl.DataFrame) -> bool:
        if rows.height:
            rows.sort(_order(kept)).write_ipc(loose / f"{number:06}.arrow")
        return not ((rows["revision"] > 0).any() or rows["void"].any())

    once = all(list(many.each(STORED[kept.name], asked, schema, put)))
    return sorted(loose.iterdir()), once


def _in_order(
    kept: Kept,
    files: Sequence[Path],
    schema: Mapping[str, pl.DataType],
    loose: Path,
    *,
    once: bool,
) -> pl.LazyFrame:
    """The rows that stand, of files that are in order each by itself; in order together.

    Many rows are put in order a span of the first column at a time.
    """
    if not files:
        return _current(kept, pl.LazyFrame(schema=dict(schema)), None)
    whole = pl.scan_ipc(list(files))
    newest = None if once else _newest(kept, whole).collect().lazy()
    first = _order(kept)[0]
    columns = [pl.read_ipc(file, columns=[first])[first] for file in files]
    total = sum(column.len() for column in columns)
    if total <= AT_ONCE:
        return _current(kept, whole, newest)
    some = pl.concat([column.gather_every(SAMPLED) for column in columns]).sort()
    spans = -(-total // AT_ONCE)
    bounds = some.gather([some.len() * n // spans for n in range(1, spans)]).unique().sort()
    starts = [[0, *column.search_sorted(bounds), column.len()] for column in columns]
    del columns, some
    made = []
    for n in range(bounds.len() + 1):
        within = [
            pl.scan_ipc(file).slice(at[n], at[n + 1] - at[n])
            for file, at in zip(files, starts, strict=True)
        ]
        made.append(loose / f"in-order-{n:06}.arrow")
        _current(kept, pl.concat(within), newest).collect().write_ipc(made[-1])
    return pl.scan_ipc(made)


def _portfolio() -> list[Kept]:
    return [kept for kept in KEPT.values() if kept.of is not None]


def _file(kept: Kept) -> str:
    assert kept.of is not None
    return kept.of.name


def _asked(
    kept: Kept, received: datetime | None, recorded: datetime | None
) -> tuple[sa.Select[tuple[object, ...]], Mapping[str, pl.DataType]]:
    """The rows that were there: the question, and the columns of its answer."""
    table = STORED[kept.name]
    schema = {column.name: column.dtype for column in kept.told}
    schema |= {name: kept.schema[name] for name in ("revision", "void")}
    asked: sa.Select[tuple[object, ...]] = sa.select(*(table.c[name] for name in schema))
    if received is not None:
        asked = asked.where(table.c.received_at <= received)
    if recorded is not None:
        asked = asked.where(table.c.recorded_at <= recorded)
    return asked, schema


def _order(kept: Kept) -> list[str]:
    """The columns that a portfolio's rows are in the order of."""
    key = list(kept.key)
    return key if "consumer" not in kept.schema or key == ["consumer"] else ["consumer", *key]


def _kept(kept: Kept, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows but for words whose content retention took away."""
    return rows.filter(~erased()) if kept.name in WORDS else rows


def _newest(kept: Kept, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of keys that were told more than once, the newest revision."""
    found = _kept(kept, rows).filter(pl.col("revision") > 0).group_by(list(kept.key))
    return found.agg(pl.col("revision").max().alias("newest"))


def _current(kept: Kept, rows: pl.LazyFrame, newest: pl.LazyFrame | None) -> pl.LazyFrame:
    """The newest row of each key, unless it takes the thing back. `newest` None: there is one."""
    rows = _kept(kept, rows)
    if newest is not None:
        rows = rows.join(newest, on=list(kept.key), how="left", maintain_order="left").filter(
            pl.col("revision") == pl.col("newest").fill_null(0), ~pl.col("void")
        )
    return rows.sort(_order(kept)).select(column.name for column in kept.told)
