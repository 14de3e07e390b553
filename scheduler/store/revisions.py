"""Rows of things that were corrected, every revision of them: what was known of them and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from . import bulk
from .database import Store
from .kept import KEPT, Kept
from .schema import TABLES
from .tables import STORED

LEFT_OUT = ("origin", "origin_id")


def write_corrected(store: Store, place: Path, as_of: datetime) -> dict[str, int]:
    """Every revision, recorded by a moment, of what was ever corrected, as Parquet by table.

    The columns are a portfolio's with `received_at`, `recorded_at`, `revision` and `void`; the
    directory is made. Returns the rows of each table. Raises StoreError, OSError.
    """
    place.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with store.reading() as connection:
        for kept in KEPT.values():
            if kept.of is None or kept.of.name not in TABLES:
                continue
            schema = {
                column.name: column.dtype for column in kept.columns if column.name not in LEFT_OUT
            }
            asked = _asked(kept, list(schema), as_of)
            rows = bulk.frame(connection, asked, schema)
            rows.sort([*kept.key, "revision"]).write_parquet(place / f"{kept.of.name}.parquet")
            counts[kept.of.name] = rows.height
    return counts


def _asked(kept: Kept, columns: list[str], as_of: datetime) -> sa.Select[tuple[object, ...]]:
    table = STORED[kept.name]
    other = table.alias("other")
    same = [table.c[name] == other.c[name] for name in kept.key]
    corrected = sa.exists(sa.select(sa.literal(1)).where(*same, other.c.revision > 0))
    asked: sa.Select[tuple[object, ...]] = sa.select(*(table.c[name] for name in columns))
    return asked.where(table.c.recorded_at <= as_of, corrected)


def corrected(place: Path, table: str) -> pl.LazyFrame:
    """The rows of one table that `write_corrected` wrote."""
    return pl.scan_parquet(place / f"{table}.parquet")
