"""Rows told to the store: new ones, those told before, corrections, and those that cannot be.

A thing is named by its key. Told again with the same content, nothing happens; with another, a row
is added that supersedes: its `revision` is one more, and it is recorded no earlier than `now`, for
a correction is never known before it was made. A `received_at` that is not told again is no
difference, and a `recorded_at` never is one. A key that another system told stays that system's:
two systems that number alike must not correct each other unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from . import bulk
from .kept import KEPT, Kept
from .schema import INSTANT
from .tables import STORED

LINE: Final = "line"
"""The column by which a caller knows its rows again."""


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows were new, corrections, or told before; `refused` has line, reason."""

    new: int
    corrected: int
    same: int
    refused: pl.DataFrame


def add(connection: sa.Connection, name: str, told: pl.DataFrame, now: datetime) -> Added:
    """Add rows to a table, within the caller's transaction.

    `told` has `line`, the columns of `Kept.told`, and `origin`, `origin_id`, `void`; where it has
    no `received_at` or `recorded_at`, or null in one, it is `now`. A key stands in it once.
    """
    kept, table = KEPT[name], STORED[name]
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f'LOCK TABLE "{name}" IN SHARE ROW EXCLUSIVE MODE'))
    stands = _standing(connection, kept, table, told)
    key = list(kept.key)
    met = told.join(stands, on=key, how="left", suffix="_had", maintain_order="left")
    met = _timed(met, now)
    is_new = pl.col("revision").is_null()
    same = pl.all_horizontal(
        pl.col(one).eq_missing(pl.col(f"{one}_had")) for one in kept.content if one not in key
    )
    first = pl.col(LINE).min().over("origin", "origin_id")
    foreign = ~is_new & (pl.col("origin") != pl.col("origin_had"))
    renamed = ~is_new & ~foreign & (pl.col("origin_id") != pl.col("origin_id_had"))
    met = met.with_columns(
        pl.when(pl.col("taken").is_not_null())
        .then(pl.format("its id at `{}` stands under another key: {}", "origin", "taken"))
        .when(pl.col(LINE) > first)
        .then(pl.format("row {} of the file has the same id at `{}`", first, "origin"))
        .when(foreign)
        .then(pl.format("`{}` told of it already; the same id there and here", "origin_had"))
        .when(renamed)
        .then(pl.format("it stands under another id of `{}`: {}", "origin", "origin_id_had"))
        .alias("reason"),
        (~is_new & same).alias("same"),
    )
    refused = met.filter(pl.col("reason").is_not_null()).select(LINE, "reason")
    fit = met.filter(pl.col("reason").is_null())
    new = fit.filter(is_new).with_columns(revision=pl.lit(0, pl.Int64()))
    changed = fit.filter(~is_new, ~pl.col("same")).with_columns(
        pl.col("revision") + 1, recorded_at=pl.max_horizontal("recorded_at", pl.lit(now, INSTANT))
    )
    columns = list(kept.schema)
    bulk.insert(connection, table, pl.concat([new.select(columns), changed.select(columns)]))
    same_rows = fit.height - new.height - changed.height
    return Added(new.height, changed.height, same_rows, refused)


def add_told(
    connection: sa.Connection, name: str, rows: pl.DataFrame, origin: str, now: datetime
) -> Added:
    """Add rows that have the columns of `Kept.told` alone; their ids are their keys."""
    told = rows.with_columns(
        pl.int_range(1, pl.len() + 1).alias(LINE),
        pl.lit(origin).alias("origin"),
        pl.concat_str(list(KEPT[name].key), separator="/").alias("origin_id"),
        pl.lit(False).alias("void"),
    )
    return add(connection, name, told, now)


def _timed(met: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Moments nobody told: now; but what reached us then is corrected as of then."""
    at = pl.lit(now, INSTANT)
    had = "received_at_had" in met.columns
    for name in ("received_at", "recorded_at"):
        told = pl.col(name) if name in met.columns else pl.lit(None, INSTANT)
        if name == "received_at" and had:
            told = told.fill_null(pl.col("received_at_had"))
        met = met.with_columns(told.fill_null(at).alias(name))
    return met


def _standing(
    connection: sa.Connection, kept: Kept, table: sa.Table, told: pl.DataFrame
) -> pl.DataFrame:
    """The newest row of each key told; `taken`, where its id is under another key."""
    wanted = {name: kept.schema[name] for name in (*kept.key, *kept.content)}
    wanted |= {name: kept.schema[name] for name in ("origin", "origin_id", "revision")}
    nothing = sa.select(table.c.row).limit(1)
    if connection.execute(nothing).first() is None:
        return pl.DataFrame(schema={**wanted, "taken": pl.String()})
    names = [*kept.key, "origin", "origin_id"]
    asked = sa.Table(
        f"told_{kept.name}",
        sa.MetaData(),
        *(sa.Column(name, sa.Text()) for name in names),
        prefixes=["TEMPORARY"],
    )
    asked.create(connection)
    bulk.insert(connection, asked, told.select(names))
    newer = table.alias()
    newest = ~sa.exists().where(
        *(newer.c[name] == table.c[name] for name in kept.key),
        newer.c.revision > table.c.revision,
    )
    by_key = sa.and_(*(table.c[name] == asked.c[name] for name in kept.key))
    rows = bulk.frame(
        connection,
        sa.select(*(table.c[name] for name in wanted))
        .select_from(table.join(asked, by_key))
        .where(newest),
        wanted,
    )
    by_id = sa.and_(table.c.origin == asked.c.origin, table.c.origin_id == asked.c.origin_id)
    keys = {name: kept.schema[name] for name in kept.key}
    had = bulk.frame(
        connection,
        sa.select(*(asked.c[name] for name in kept.key), table.c[kept.key[0]].label("taken"))
        .select_from(asked.join(table, by_id))
        .where(~by_key, table.c.revision == 0),
        {**keys, "taken": pl.String()},
    )
    asked.drop(connection)
    return rows.join(had, on=list(kept.key), how="full", coalesce=True)
