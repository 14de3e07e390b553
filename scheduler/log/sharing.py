"""Attempts given again: what shared limits leave, shared out among all who draw on them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from engine.columns.allocating import allocate

SHARE: Final = pl.List(pl.Struct({"id": pl.String(), "rule": pl.String(), "left": pl.Int64()}))
WAYS: Final = '{"ways":'


def ids_of(rows: pl.DataFrame) -> list[str]:
    """The ids of every shared allowance that these decisions draw on, sorted."""
    found: set[str] = set()
    for way in by_way(rows):
        told = way["budgets"].drop_nulls().unique().str.json_decode(SHARE)
        found.update(told.explode().drop_nulls().struct.field("id").to_list())
    return sorted(found)


def by_way(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Decisions as each way of taking people has them: all of them, then those taken both ways."""
    doubted = pl.col("basis").str.starts_with(WAYS).fill_null(value=False)
    few = rows.filter(doubted)
    if few.is_empty():
        return [rows]
    ways = [json.loads(text)["ways"] for text in few["basis"].to_list()]
    frames = []
    for number in (0, 1):
        told = pl.DataFrame(
            {
                "decision_id": few["decision_id"],
                "verdict": ["permitted" if one[number]["permitted"] else "refused" for one in ways],
                "budgets": [json.dumps(one[number]["budgets"]) for one in ways],
                "attempts_left": [one[number]["attempts"] for one in ways],
            },
            schema_overrides={"attempts_left": pl.Int32()},
        )
        whole = rows if number == 0 else few
        frames.append(whole.update(told, on="decision_id", maintain_order="left"))
    return frames


def shares_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The shares of decisions, one a row: decision_id, id, rule, left."""
    told = rows.select("decision_id", pl.col("budgets").str.json_decode(SHARE).alias("one"))
    long = told.explode("one", empty_as_null=True, keep_nulls=True).drop_nulls("one")
    return long.unnest("one")


def shared_out(rows: pl.DataFrame, caps: Mapping[str, int]) -> pl.DataFrame:
    """`n` (the row) and `given`: the attempts that permitted decisions get, in their order.

    `rows` hold all who draw on the same allowances.
    """
    listed = rows.with_row_index("i").filter(pl.col("verdict") == "permitted")
    cap = pl.col("channel").replace_strict(dict(caps), default=1, return_dtype=pl.Int32)
    told = listed.select("i", pl.col("budgets").str.json_decode(SHARE).alias("one"))
    shares = (
        told.explode("one", empty_as_null=True, keep_nulls=True)
        .drop_nulls("one")
        .unnest("one")
        .select("i", pl.col("id").alias("unit"), pl.col("rule").alias("r"), "left")
    )
    return allocate(listed.select("i", cap.alias("cap")), shares).rename(
        {"i": "n", "attempts_left": "given"}
    )


def misgiven(
    rows: pl.DataFrame, caps: Mapping[str, int], wanted: Collection[str] | None, *, gaps: bool
) -> list[tuple[str, int, int]]:
    """Decisions whose attempts are others than those they get: id, on record, now.

    `wanted`: of these alone; `gaps`: some who drew on the same allowances were erased, and what
    they took nobody can tell: only more than there was is wrong then.
    """
    found: list[tuple[str, int, int]] = []
    least: pl.DataFrame | None = None
    for way in by_way(rows):
        given = shared_out(way, caps)
        both = way.with_row_index("n").join(given, on="n", how="left", maintain_order="left")
        both = both.select(
            "decision_id", pl.col("attempts_left").fill_null(0), pl.col("given").fill_null(0)
        )
        found += _wrong(both, gaps=gaps)
        given = both.select("decision_id", "given")
        least = given if least is None else pl.concat([least, given])
    assert least is not None
    least = least.group_by("decision_id", maintain_order=True).agg(pl.col("given").min())
    whole = rows.join(least, on="decision_id", maintain_order="left").select(
        "decision_id",
        pl.col("attempts_left").fill_null(0),
        pl.when(pl.col("verdict") == "permitted").then("given").otherwise(0).alias("given"),
    )
    found += _wrong(whole, gaps=gaps)
    told = dict.fromkeys(found)
    return [one for one in told if wanted is None or one[0] in wanted]


def _wrong(both: pl.DataFrame, *, gaps: bool) -> list[tuple[str, int, int]]:
    left, given = pl.col("attempts_left"), pl.col("given")
    return both.filter(left > given if gaps else left != given).rows()
