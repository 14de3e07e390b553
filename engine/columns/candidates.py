"""What a part may do: ways, candidates, and a row for each candidate and zone.

A way is a point and a channel its kind allows: whose it is, whose law holds there and which clocks
are its are worked out once for it, whatever accounts its consumer has. A candidate is an account
and a way of its consumer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from .. import words
from ..reading import Place
from ..terms import limitation
from .past import place_in
from .prepare import Prepared
from .where import Where, unmask
from .windows import OWN_NUMBER

_OF_ACCOUNT = ("a", "account", "consumer", "pool", "collector", "balance", "placed", "debt_type",
               "role", "group")  # fmt: skip
_OF_ROW = ("i", "a", "fp", "pt", "tc", "l", "tp", "pool", "collector", "channel", "kind", "whom",
           "role", "debt_type", "nz", "sig", "voice", "law")  # fmt: skip
"""What units are told apart by, and whose law applies. Names are the candidate's (`i`)."""


def ways_of(
    prepared: Prepared,
    where: Where,
    signed: pl.DataFrame,
    channels: Iterable[str],
    *,
    pointed: bool,
) -> pl.DataFrame:
    """One row for each point and planned channel its kind allows, by point and channel: `tc`.

    `signed`: people with hours of their own (`windows.signatures`). `nz`, the zones of a number, is
    kept where a window may read that clock: for somebody else's number, and, marked OWN_NUMBER, for
    the consumer's where some rule asks the point's (`pointed`).
    """
    planned = sorted(channels)
    allowed = pl.DataFrame(
        [
            (kind, channel)
            for kind, its in words.CHANNELS_OF_KIND.items()
            for channel in planned
            if channel in its
        ],
        schema={"kind": pl.String, "channel": pl.String},
        orient="row",
    )
    points = prepared.points.select(
        "t", "pt", "c", "fp", "point", "kind", "number", "tp", "l", "stranger",
        pl.col("whom_now").alias("whom"),
    ).with_columns(where.points["nz"])  # fmt: skip
    ways = points.join(allowed, on="kind", maintain_order="left_right")
    ways = ways.join(signed, on="tp", how="left", maintain_order="left")
    home = ["zones", "places", "work", "by_number", "known"]
    ways = ways.hstack(where.consumers.select(home)[ways["c"]])
    other = pl.col("stranger") | (pl.col("tp") != pl.col("fp"))
    at_work = pl.col("kind").is_in(sorted(words.WORK_KINDS))
    nothing = pl.lit(0, dtype=pl.UInt64)
    own = pl.col("nz") | pl.lit(OWN_NUMBER, dtype=pl.UInt64) if pointed else nothing
    law = (
        pl.col("places")
        | pl.when(at_work).then("work").otherwise(nothing)
        | pl.when(~pl.col("known")).then("by_number").otherwise(nothing)
    )
    return (
        ways.with_columns(
            pl.when(other).then("nz").otherwise(own).alias("nz"),
            pl.col("sig").fill_null(0),
            pl.col("channel").is_in(list(words.VOICE_CHANNELS)).alias("voice"),
            law.alias("law"),
        )
        .drop("stranger", "work", "by_number")
        .with_row_index("tc")
    )


def candidates_of(
    prepared: Prepared, ways: pl.DataFrame, groups: pl.DataFrame, places: Mapping[str, Place]
) -> pl.DataFrame:
    """Every account with every way of its consumer, in the order of the list; words as numbers.

    `groups`: consumer and group; who is in none is one of his own.
    """
    accounts = prepared.accounts
    group = groups["group"].gather(place_in(groups["consumer"], accounts["consumer"]))
    accounts = accounts.select(
        "c",
        *_OF_ACCOUNT[:7],
        pl.col("type").cast(pl.Categorical).alias("debt_type"),
        _role().cast(pl.Categorical).alias("role"),
        pl.coalesce(pl.lit(group), "consumer").alias("group"),
    ).sort("group", "account")
    # INVARIANT: points are in order, and the ways of each; so are the candidates
    pairs = (
        accounts.select("c")
        .with_row_index("row")
        .join(ways.select("c", "tc"), on="c", maintain_order="left_right")
    )
    worded = ways.with_columns(pl.col("kind", "whom", "channel").cast(pl.Categorical))
    cand = accounts.select(_OF_ACCOUNT)[pairs["row"]].hstack(worded[pairs["tc"]])
    return _years(places, cand).with_row_index("i")


def _role() -> pl.Expr:
    """`decide.role_of`: a servicer of an account in default when obtained is marked so."""
    covered = pl.col("fdcpa_covered").eq_missing(pl.lit(value=True))
    not_covered = pl.col("fdcpa_covered").eq_missing(pl.lit(value=False))
    default = (pl.col("defaulted") <= pl.col("placed")).fill_null(~not_covered)
    servicer = pl.col("collector_role") == "servicer"
    return (
        pl.when(servicer & (covered | default))
        .then(pl.lit("servicer_in_default"))
        .otherwise("collector_role")
    )


def _years(places: Mapping[str, Place], cand: pl.DataFrame) -> pl.DataFrame:
    """The shortest limitation period of each candidate's debt, and whether it surely is that."""
    laws, debts = (cand[name].unique().sort() for name in ("law", "debt_type"))
    code = place_in(laws, cand["law"]) * len(debts) + place_in(debts, cand["debt_type"])
    met = code.unique()
    found = [
        limitation(places, unmask(laws[one // len(debts)], zones=False), debts[one % len(debts)])
        for one in met.to_list()
    ]
    table = pl.DataFrame(found, schema={"years": pl.Int64, "sure": pl.Boolean}, orient="row")
    order = pl.zeros(len(laws) * len(debts), dtype=pl.UInt32, eager=True)
    order = order.scatter(met, pl.int_range(len(met), dtype=pl.UInt32, eager=True))
    return cand.hstack(table[order.gather(code)])


def rows_of(cand: pl.DataFrame, utc: int) -> pl.DataFrame:
    """One row per candidate and candidate zone; a zone unknown is judged on UTC's clock."""
    masks = cand["zones"].unique().to_list()
    table = pl.DataFrame(
        {
            "zones": masks,
            "z": [[n for n in range(utc) if m >> n & 1] or [utc] for m in masks],
        },
        schema={"zones": pl.UInt64, "z": pl.List(pl.UInt8)},
    )
    rows = cand.select(*_OF_ROW, "zones")
    rows = rows.join(table, on="zones", how="left", maintain_order="left").drop("zones")
    if all(len(one) == 1 for one in table["z"].to_list()):
        return rows.with_columns(pl.col("z").list.first()).with_row_index("r")
    return rows.explode("z", empty_as_null=True, keep_nulls=True).with_row_index("r")
