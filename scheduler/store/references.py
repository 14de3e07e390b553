"""What the store has: which ids are known, and in what capacity each collector collects."""

from __future__ import annotations

from typing import Final

import polars as pl
import sqlalchemy as sa

from . import bulk
from .kept import KEPT, NAMES
from .tables import STORED

SAID: Final = ("collector_role", "collector_type", "collector_located_in")
"""Columns of accounts that say what a collector is; each has one value for a collector."""


def unknown(connection: sa.Connection, table: str, ids: pl.Series) -> pl.Series:
    """Those of the ids that a portfolio's table has no row of, or only one taken back."""
    wanted = ids.drop_nulls().unique().rename("id")
    return wanted.filter(~wanted.is_in(_standing(connection, table, wanted)["id"].implode()))


def files_of_others(connection: sa.Connection, ids: pl.Series) -> dict[str, str]:
    """Of person ids those that are a consumer's file, whose person goes by another id: which."""
    rows = _standing(connection, "consumers", ids.drop_nulls().unique().rename("id"), "person")
    return dict(rows.filter(pl.col("id") != pl.col("person")).select("id", "person").iter_rows())


def _standing(connection: sa.Connection, table: str, wanted: pl.Series, *more: str) -> pl.DataFrame:
    """The newest row of each of the ids of a portfolio's table: id and `more`, if it stands."""
    kept = KEPT[NAMES[table]]
    stored = STORED[kept.name]
    key = kept.key[0]
    asked = sa.Table(
        f"asked_{kept.name}",
        sa.MetaData(),
        sa.Column("id", sa.Text()),
        prefixes=["TEMPORARY"],
    )
    asked.create(connection)
    bulk.insert(connection, asked, wanted.to_frame())
    rows = bulk.frame(
        connection,
        sa.select(
            stored.c[key].label("id"), stored.c.revision, stored.c.void,
            *(stored.c[name] for name in more),
        ).select_from(stored.join(asked, stored.c[key] == asked.c.id)),
        {"id": pl.String(), "revision": pl.Int64(), "void": pl.Boolean(),
         **dict.fromkeys(more, pl.String())},
    )  # fmt: skip
    asked.drop(connection)
    newest = rows.sort("id", "revision").unique("id", keep="last", maintain_order=True)
    return newest.filter(~pl.col("void"))


def collectors(connection: sa.Connection, told_by: str = "account") -> pl.DataFrame:
    """What a table (account, collector) says of collectors: their id and SAID, each once."""
    table = STORED[told_by]
    newer = table.alias()
    newest = ~sa.exists().where(
        newer.c[told_by] == table.c[told_by], newer.c.revision > table.c.revision
    )
    names = ("collector", *SAID)
    asked = sa.select(*(table.c[name] for name in names)).where(newest, ~table.c.void).distinct()
    return bulk.frame(connection, asked, dict.fromkeys(names, pl.String()))


def count_of(connection: sa.Connection, name: str, origin: str) -> int:
    """How many things of a table a system told of. Others who write wait from here on."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f'LOCK TABLE "{name}" IN SHARE ROW EXCLUSIVE MODE'))
    table = STORED[name]
    asked = sa.select(sa.func.count()).where(table.c.origin == origin, table.c.revision == 0)
    return int(connection.execute(asked).scalar_one())
