"""Ids that another system uses -> ours: an account's consumer, a number's contact point.

A dialer's log names a lead by the account or the consumer it was loaded for, and a contact by the
number that was dialled. What is not found of a consumer sets the row aside; what is not found of a
debt or a point is left open, for a contact that is not counted at all would be worse.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from ..store import lookups
from ..store.adding import LINE
from ..store.database import Connection
from ..store.schema import STRINGS
from . import checks, spelling
from .layouts import Layout

DEBTS: Final = ("attributed_to", "discussed")
NO_POINT: Final = (
    "the number is no contact point of the consumer; the contact counts for the person, and for no "
    "number"
)
NO_DEBT: Final = "the id is no account's; the contact counts for every debt of the consumer"


def found(
    connection: Connection, rows: pl.DataFrame, layout: Layout
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.Series]]:
    """Rows with our ids, what is wrong with them, and those left open, by what it means."""
    problems = checks.none()
    notes: dict[str, pl.Series] = {}
    asked = [name for name in ("consumer", *DEBTS, "point") if _asks(layout, rows, name)]
    if not asked:
        return rows, problems, notes
    owners = lookups.owners(connection, _ids(rows, asked))
    if "consumer" in asked:
        rows, problems = consumers(rows, owners)
    for name in DEBTS:
        if name in asked:
            known = owners.filter("account")["id"].unique().implode()
            kept = pl.col(name).list.filter(pl.element().is_in(known))
            lost = kept.list.len() < pl.col(name).list.len()
            notes[NO_DEBT] = rows.filter(lost)[LINE]
            rows = rows.with_columns(pl.when(~lost).then(kept).cast(STRINGS).alias(name))
    if "point" in asked:
        rows, notes[NO_POINT] = points(rows, lookups.numbers(connection, rows["consumer"]))
    return rows, problems, notes


def _asks(layout: Layout, rows: pl.DataFrame, name: str) -> bool:
    return name in rows.columns and layout.source(name).find


def _ids(rows: pl.DataFrame, asked: list[str]) -> pl.Series:
    ids = [rows["consumer"]] if "consumer" in asked else []
    ids += [
        rows[name].explode(empty_as_null=False, keep_nulls=False) for name in DEBTS if name in asked
    ]
    return pl.concat(ids) if ids else pl.Series("id", [], pl.String())


def consumers(rows: pl.DataFrame, owners: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose `consumer` is the one meant, by an account's id or his own; and the problems."""
    meant = owners.group_by("id").agg(pl.col("consumer").unique().sort())
    met = rows.rename({"consumer": "id"}).join(meant, on="id", how="left", maintain_order="left")
    several = met.filter(pl.col("consumer").list.len() > 1)
    none = met.filter(pl.col("id").is_not_null() & pl.col("consumer").is_null())
    column = pl.lit("consumer")
    problems = pl.concat(
        [
            none.select(
                LINE,
                column=column,
                reason=pl.format("the store has no account and no consumer {}", "id"),
            ),
            several.select(
                LINE,
                column=column,
                reason=pl.format(
                    "{} is an account of {} and a consumer", "id", pl.col("consumer").list.first()
                ),
            ),
        ]
    )
    one = pl.when(pl.col("consumer").list.len() == 1).then(pl.col("consumer").list.first())
    # what was not found stays as it was told, so that the problem is said once and as it stands
    told = met.with_columns(pl.coalesce(one, "id").alias("consumer"))
    return told.select(rows.columns), problems


def points(rows: pl.DataFrame, numbers: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Rows whose `point` is the consumer's with that number, and those that have none."""
    spelt = spelling.reached(pl.col("number"))
    known = (
        numbers.with_columns(key=pl.coalesce(spelt, "number"))
        .group_by("consumer", "key")
        .agg(pl.col("point").min().alias("found"))
    )
    asked = rows.with_columns(key=pl.coalesce(spelling.reached(pl.col("point")), "point"))
    met = asked.join(known, on=["consumer", "key"], how="left", maintain_order="left")
    lost = met.filter(pl.col("point").is_not_null() & pl.col("found").is_null())[LINE]
    return met.with_columns(point=pl.col("found")).select(rows.columns), lost
