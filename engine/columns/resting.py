"""Counts that rest on what somebody said: consent that lifts them, agreement on their number.

The columns count what is the same for everybody; where a statement bears on a count, the plain
functions give it (`bits`), and the statements that did stand here until the record names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from ..rule import Rule
from .judge import Judgement
from .table import Said, Table

SCHEMA = {
    "i": pl.UInt32, "z": pl.UInt32, "excused": pl.String, "agreed": pl.String, "number": pl.Int64
}  # fmt: skip


def resting(table: Table, one: Judgement, rule: Rule) -> pl.DataFrame | None:
    """i, `excused` and `agreed` (JSON: ids of statements), `number` (of the limit, as agreed).

    Of the candidates for whom any statement bears on the rule's count; None: of nobody. `excused`
    only where it is lifted in every zone that the candidate may be in.
    """
    told = table.said.get(rule.id)
    if not told:
        return None
    return table.once(("resting", one.rules.name, rule.id), lambda: _resting(one, told))


def _resting(one: Judgement, told: Mapping[tuple[int, int], Said]) -> pl.DataFrame | None:
    rows = [
        (i, z, _ids(said.excused), _ids(said.agreed), said.maximum if said.agreed else None)
        for (i, z), said in told.items()
    ]
    found = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    here = one.rows.select("i", pl.col("z").cast(pl.UInt32))
    here = here.join(found.select("i").unique(), on="i", how="semi")
    if here.is_empty():
        return None
    lifted = pl.when(pl.col("excused").is_not_null().all()).then(pl.col("excused").max())
    return (
        here.join(found, on=["i", "z"], how="left")
        .group_by("i")
        .agg(lifted.alias("excused"), pl.col("agreed").max(), pl.col("number").min())
    )


def _ids(statements: tuple[str, ...]) -> str | None:
    return json.dumps(statements, separators=(",", ":")) if statements else None


def bound_by(rows: pl.DataFrame, said: pl.DataFrame | None) -> pl.DataFrame:
    """Rows that a limit binds, with the `number` agreed on; those that a consent excuses go."""
    if said is None:
        return rows.with_columns(number=pl.lit(None, dtype=pl.Int64))
    told = said.select("i", "number", pl.col("excused").is_not_null().alias("out"))
    rows = rows.join(told, on="i", how="left", maintain_order="left")
    return rows.filter(~pl.col("out").fill_null(value=False)).drop("out")


def fragments(worst: pl.DataFrame, number: int, said: pl.DataFrame) -> pl.DataFrame:
    """Rows with x{number}, what evidence says of statements, and m{number}, the number agreed."""
    texts = [
        pl.concat_str(pl.lit(f',"{name}":'), name).fill_null("") for name in ("excused", "agreed")
    ]
    text = pl.concat_str(texts)
    told = said.select(
        "i",
        pl.when(text != "").then(text).alias(f"x{number}"),
        pl.col("number").alias(f"m{number}"),
    )
    return worst.join(told, on="i", how="left", maintain_order="left")
