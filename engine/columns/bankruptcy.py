"""Bankruptcy as columns: stays and discharges, for every candidate of a part.

The plain functions are in `engine.facts.bankruptcy`.
"""

from __future__ import annotations

import polars as pl

from ..facts.bankruptcy import STAYS_CODEBTORS
from ..rule import Ask
from .prepare import Prepared
from .statuses import NO, UNKNOWN, YES, by_debt, flag, said, value


def discharged(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`bankruptcy.discharged`."""
    made = pl.coalesce("made", "received_at").alias("made")
    orders = by_debt(prepared, said(prepared, "discharged").with_columns(made))
    agreed = by_debt(prepared, said(prepared, "reaffirmed").with_columns(made))
    first = agreed.group_by("a").agg(pl.col("made").min().alias("agreed"))
    stands = orders.join(first, on="a", how="left").filter(
        pl.col("agreed").is_null() | (pl.col("agreed") >= pl.col("made"))
    )
    return flag(cand, stands, ["a"])


def _running(
    prepared: Prepared, petitions: pl.DataFrame, told: pl.DataFrame, keys: list[str]
) -> pl.DataFrame:
    """Of petitions those whose stay runs: none of the ends, by these keys, is theirs."""
    filed = petitions.with_columns(
        _day(pl.col("value").str.json_path_match("$.filed")).alias("filed"),
        pl.col("value").str.json_path_match("$.chapter").fill_null("").alias("chapter"),
    )
    ends = told.select(
        *keys, pl.col("received_at").alias("heard"), _day(pl.col("value")).alias("ended")
    )
    ended = pl.col("ended")
    come = (ended <= prepared.day) & (pl.col("filed").is_null() | (ended >= pl.col("filed")))
    closed = filed.join(ends, on=keys).filter(
        (pl.col("heard") > pl.col("received_at")) & (ended.is_null() | come)
    )
    return filed.join(closed, on=["order", *keys], how="anti")


def _day(value: pl.Expr) -> pl.Expr:
    return value.str.strip_chars('"').str.slice(0, 10).str.to_date(strict=False)


def ends_told(prepared: Prepared) -> pl.DataFrame:
    """Ends of bankruptcies on record: the file (fp) and the day (ended)."""
    rows = said(prepared, "bankruptcy_ended")
    return rows.select("fp", _day(pl.col("value")).alias("ended")).drop_nulls()


def ends_near(prepared: Prepared) -> pl.Series:
    """Files (fp) that hang on an end a day or less from the one asked about: a zone may matter."""
    gap = (pl.col("ended") - pl.lit(prepared.day)).dt.total_days().abs()
    near = ends_told(prepared).filter(gap <= 1)["fp"].unique()
    with_them = prepared.parties.filter(pl.col("p").is_in(near.implode()))["a"].unique()
    theirs = prepared.accounts.filter(pl.col("a").is_in(with_them.implode()))["fp"]
    return pl.concat([near, theirs]).unique()


def bankruptcy_stay(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`bankruptcy.bankruptcy_stay`."""
    theirs = prepared.accounts.select("a", "fp")
    petitions = said(prepared, "bankruptcy_filed").drop("accounts").join(theirs, on="fp")
    ends = by_debt(prepared, said(prepared, "bankruptcy_ended"))
    return flag(cand, _running(prepared, petitions, ends, ["a"]), ["a"])


def codebtor_stay(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`bankruptcy.codebtor_stay`: somebody else's case, of chapter 12, 13 or unknown."""
    own = prepared.accounts.select("a", "account", pl.col("fp").alias("of"))
    others = prepared.parties.rename({"p": "fp"}).join(own, on="a")
    others = others.filter(pl.col("fp") != pl.col("of")).select("fp", "a", "account")
    columns = ["order", "fp", "accounts", "value", "c", "received_at"]
    petitions = said(prepared, "bankruptcy_filed").select(columns).join(others, on="fp")
    named = pl.col("accounts")
    ends = said(prepared, "bankruptcy_ended").select(columns).join(others, on="fp")
    ends = ends.filter(
        (named.list.len().fill_null(0) == 0) | named.list.contains(pl.col("account"))
    )
    chapter = pl.col("chapter")
    runs = _running(prepared, petitions, ends, ["a", "c"]).with_columns(
        pl.when(chapter.is_in(STAYS_CODEBTORS)).then(2).when(chapter == "").then(1).otherwise(0)
        .alias("weight")
    )  # fmt: skip
    weighed = runs.group_by("a").agg(pl.col("weight").max())
    code = weighed.with_columns(
        pl.col("weight").replace_strict({2: YES, 1: UNKNOWN, 0: NO}, return_dtype=pl.UInt8)
        .alias("state")
    )  # fmt: skip
    return value(cand, code, ["a"], "state")
