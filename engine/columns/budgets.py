"""Attempts left: how often each row may be worked so that all rows together break no rule.

Every limit that applies is a budget shared by the rows of its unit, and every wait that an attempt
itself would start is a budget of one. Rows take one attempt after another, in order, as long as
every budget they draw on has room for all that stand before them; so working every row to its
`attempts_left`, in any order and without a conversation, stays within every rule.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ..kinds import Limit, Wait
from ..rule import Rule
from .judge import Judgement, Table, maximum_of
from .tally import KEYS
from .upcoming import _columns_of

ROUNDS = 12


def budgets(
    table: Table, judgements: list[Judgement], found: pl.DataFrame, caps: Mapping[str, int]
) -> pl.DataFrame:
    """Adds `attempts_left` and `budgets` (JSON) to permitted rows, and `evidence` to all."""
    shares = _shares(judgements, found)
    cap = pl.col("channel").replace_strict(dict(caps), default=1, return_dtype=pl.Int32)
    listed = found.filter("permitted").select("i", cap.alias("cap"))
    taken = _allocate(listed, shares)
    found = found.join(taken, on="i", how="left", maintain_order="left").with_columns(
        pl.col("attempts_left").fill_null(0)
    )
    named = _named(table, shares)
    found = found.join(named, on="i", how="left", maintain_order="left").with_columns(
        pl.col("budgets").fill_null("[]")
    )
    return _evidence(judgements, found)


def _shares(judgements: list[Judgement], found: pl.DataFrame) -> pl.DataFrame:
    """Long: i, rule, unit keys as a hash-free struct text, left. Only permitted rows."""
    permitted = found.filter("permitted").select("i", "applies")
    frames = []
    for one in judgements:
        rows = one.rows.join(permitted, on="i", maintain_order="left")
        for number, rule in _columns_of(one):
            here = _budget_rows(one, rows, number, rule)
            if here is not None and len(here):
                frames.append(here)
    if not frames:
        return pl.DataFrame(
            schema={"i": pl.UInt32, "rule": pl.String, "unit": pl.String, "left": pl.Int64}
        )
    # several zones: the smallest room holds
    return pl.concat(frames).group_by("i", "rule", "unit").agg(pl.col("left").min())


def _budget_rows(
    one: Judgement, rows: pl.DataFrame, number: int, rule: Rule
) -> pl.DataFrame | None:
    body = rule.body
    if isinstance(body, Limit):
        counts = [n for n, c in enumerate(one.combos) if c.member.get(rule.key) == "counts"]
        mine = rows.filter(pl.col("combo").is_in(counts) & pl.col(f"u{number}").is_not_null())
        left = maximum_of(rule) - pl.col(f"u{number}").cast(pl.Int64)
    elif isinstance(body, Wait):
        starts = [n for n, c in enumerate(one.combos) if rule.key in c.starts]
        if not starts:
            return None
        mine = rows.filter(pl.col("combo").is_in(starts))
        left = pl.lit(1, dtype=pl.Int64)
    else:
        return None
    mine = mine.filter(pl.col("applies").list.contains(pl.lit(rule.id)))
    keys = ["collector", *dict.fromkeys(KEYS[unit] for unit in body.per)]
    unit = pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="/")
    return mine.select("i", pl.lit(rule.id).alias("rule"), unit.alias("unit"), left.alias("left"))


def _allocate(listed: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Give attempts round by round: in each, a row gets one if all its budgets have room for it
    and for every row before it that still asks."""
    taken = listed.select("i", pl.lit(0, dtype=pl.Int32).alias("attempts_left"))
    unit = ["rule", "unit"]
    # an unlimited row needs no rounds
    bound = shares.select("i").unique()
    free = listed.join(bound, on="i", how="anti").select("i", pl.col("cap").alias("attempts_left"))
    shares = shares.join(listed, on="i").sort("i")
    done = []
    for _ in range(ROUNDS):
        # who still asks: below its cap, and no budget of its own is spent
        spent = shares.filter(pl.col("left") <= 0).select("i").unique()
        shares = shares.join(spent, on="i", how="anti")
        if shares.is_empty():
            break
        ranked = shares.with_columns(pl.col("i").cum_count().over(unit).alias("rank"))
        given = ranked.group_by("i").agg((pl.col("rank") <= pl.col("left")).all().alias("ok"))
        given = given.filter("ok").select("i")
        if given.is_empty():
            break
        done.append(given.with_columns(pl.lit(1, dtype=pl.Int32).alias("one")))
        used = shares.join(given, on="i", how="semi").group_by(unit).agg(
            pl.len().cast(pl.Int64).alias("used")
        )
        shares = shares.join(used, on=unit, how="left").with_columns(
            (pl.col("left") - pl.col("used").fill_null(0)).alias("left"),
            (pl.col("cap") - pl.col("i").is_in(given["i"].implode()).cast(pl.Int32)).alias("cap"),
        ).drop("used")
        shares = shares.filter(pl.col("cap") > 0).sort("i")
    if done:
        total = pl.concat(done).group_by("i").agg(pl.col("one").sum())
        taken = taken.join(total, on="i", how="left").with_columns(
            pl.coalesce("one", "attempts_left").alias("attempts_left")
        ).drop("one")
    return pl.concat([taken.join(free, on="i", how="anti"), free]).sort("i")


def _named(table: Table, shares: pl.DataFrame) -> pl.DataFrame:
    """The budgets column: [{"id","rule","left"}], by rule. Rows with the same id share it.

    An id is the rule and the least candidate of the unit, so that it names nobody and is the same
    however a day was cut into parts.
    """
    if shares.is_empty():
        return pl.DataFrame(schema={"i": pl.UInt32, "budgets": pl.String})
    first = table.cand.select("i", "account", "point", "channel")
    named = shares.with_columns(pl.col("i").min().over("rule", "unit").alias("first")).join(
        first.rename({"i": "first"}), on="first"
    )
    text = pl.concat_str(
        pl.lit('{"id":"'),
        pl.concat_str("rule", "account", "point", "channel", separator="|"),
        pl.lit('","rule":"'),
        "rule",
        pl.lit('","left":'),
        pl.col("left").cast(pl.String),
        pl.lit("}"),
    )
    return (
        named.with_columns(text.alias("one"))
        .sort("i", "rule", "unit")
        .group_by("i", maintain_order=True)
        .agg(pl.concat_str(pl.lit("["), pl.col("one").str.join(","), pl.lit("]")).alias("budgets"))
    )


def _evidence(judgements: list[Judgement], found: pl.DataFrame) -> pl.DataFrame:
    """`evidence`: per limit what is used of it, per wait when it ends, as JSON by rule."""
    for one in judgements:
        timed = [(n, r) for n, r in _columns_of(one) if isinstance(r.body, Limit | Wait)]
        if not timed:
            continue
        columns = [c for n, r in timed for c in ([f"u{n}"] if isinstance(r.body, Limit) else [f"v{n}"])]
        worst = one.rows.group_by("i").agg(pl.col(columns).max())
        distinct = worst.select(columns).unique(maintain_order=True)
        texts = []
        for values in distinct.iter_rows():
            parts = []
            for (_, rule), value in zip(timed, values, strict=True):
                if value is None:
                    continue
                if isinstance(rule.body, Limit):
                    parts.append(f'"{rule.id}":{{"used":{value},"max":{maximum_of(rule)}}}')
                else:
                    parts.append(f'"{rule.id}":{{"until":"{value:%Y-%m-%dT%H:%M:%SZ}"}}')
            texts.append("{" + ",".join(parts) + "}")
        told = distinct.with_columns(pl.Series("told", texts, dtype=pl.String))
        worst = worst.join(told, on=columns, how="left", nulls_equal=True).select("i", "told")
        name = "evidence"
        if name in found.columns:
            found = found.join(worst, on="i", how="left", maintain_order="left").with_columns(
                pl.when(pl.col("told").is_null() | (pl.col("told") == "{}"))
                .then(name)
                .when(pl.col(name) == "{}")
                .then("told")
                .otherwise(pl.concat_str(pl.col(name).str.head(-1), pl.lit(","),
                                         pl.col("told").str.slice(1)))
                .alias(name)
            ).drop("told")  # fmt: skip
        else:
            found = found.join(
                worst.rename({"told": name}), on="i", how="left", maintain_order="left"
            ).with_columns(pl.col(name).fill_null("{}"))
    if "evidence" not in found.columns:
        found = found.with_columns(pl.lit("{}").alias("evidence"))
    return found
