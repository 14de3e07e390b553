"""What was known at a moment, as a portfolio: columns, superseded rows left out."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
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
            frame = _current(kept, rows.lazy()).collect()
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

    `tables`: only these. No more than some thousand rows are held at once.
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
                rows, once = _lay_aside(many, kept, asked, schema, loose)
                path = place / f"{_file(kept)}.parquet"
                _current(kept, rows, once=once).sink_parquet(
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
) -> tuple[pl.LazyFrame, bool]:
    """A table's rows, loose in files, and whether each is the only one of its key."""

    def put(number: int, rows: pl.DataFrame) -> bool:
        if rows.height:
            rows.write_ipc(loose / f"{number:06}.arrow")
        return not ((rows["revision"] > 0).any() or rows["void"].any())

    once = all(list(many.each(STORED[kept.name], asked, schema, put)))
    files = sorted(loose.iterdir())
    return (pl.scan_ipc(files) if files else pl.LazyFrame(schema=dict(schema))), once


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


def _current(kept: Kept, rows: pl.LazyFrame, *, once: bool = False) -> pl.LazyFrame:
    """The newest row of each key, unless it takes the thing back. `once`: there is no other."""
    key = list(kept.key)
    rows = rows.filter(~erased()) if kept.name in WORDS else rows
    stands = rows
    if not once:
        newest = rows.filter(pl.col("revision") > 0).group_by(key).agg(pl.col("revision").max())
        stands = rows.join(
            newest.rename({"revision": "newest"}), on=key, how="left", maintain_order="left"
        ).filter(pl.col("revision") == pl.col("newest").fill_null(0), ~pl.col("void"))
    owner = [] if "consumer" not in kept.schema or key == ["consumer"] else ["consumer"]
    return stands.sort([*owner, *key]).select(column.name for column in kept.told)
