"""Attempts given, round by round, out of what shared budgets leave."""

from __future__ import annotations

import polars as pl

ROUNDS = 12


def allocate(listed: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """`attempts_left` of rows (i, cap) that draw on budgets (shares: i, r, unit, left).

    Those with no share are given their cap.
    """
    last = listed["i"].max()
    cap = pl.zeros(last + 1 if isinstance(last, int) else 0, dtype=pl.Int32, eager=True)
    cap.scatter(listed["i"], listed["cap"])
    mine = shares.join(listed, on="i", how="semi").sort("r", "unit", "i")
    mine = mine.with_columns(g=pl.struct("r", "unit").rle_id())
    given = rounds(cap, mine)
    bound = mine["i"].unique()
    cap.scatter(bound, given.gather(bound))
    return listed.select("i", cap.gather(listed["i"]).alias("attempts_left")).sort("i")


def rounds(cap: pl.Series, shares: pl.DataFrame) -> pl.Series:
    """What each row (its number is its place in `cap`) is given by the budgets it has shares of.

    `shares`: i, g (number of the budget), left; sorted by g, then i. In each round a row gets one
    attempt if all its budgets have room for it and for every row before it that still asks.
    """
    i, g, left = shares["i"], shares["g"], shares["left"]
    given = pl.zeros(len(cap), dtype=pl.Int32, eager=True)
    asks = pl.zeros(len(cap), dtype=pl.Boolean, eager=True).scatter(i, True)
    for _ in range(ROUNDS):
        # who still asks: below its cap, and no budget of its own is spent
        asks.scatter(i.filter(left <= 0), False)
        still = asks.gather(i)
        i, g, left = i.filter(still), g.filter(still), left.filter(still)
        if i.is_empty():
            break
        start = starts(g)
        budget = g.rle_id()
        before = pl.int_range(len(i), dtype=pl.Int64, eager=True) - start.gather(budget)
        gets = asks.clone().scatter(i.filter(before >= left), False)
        given = given + gets.cast(pl.Int32)  # the first of all that ask is always among them
        up_to = gets.gather(i).cast(pl.Int64).cum_sum().gather(ends(start, len(i)))
        left = left - up_to.diff().fill_null(up_to[0]).gather(budget)
        asks = asks & (given < cap)
    return given


def starts(sorted_: pl.Series) -> pl.Series:
    """The places at which a sorted column begins a new value."""
    return (sorted_ != sorted_.shift()).fill_null(value=True).arg_true()


def ends(start: pl.Series, length: int) -> pl.Series:
    """The last places of the stretches that begin at `start`."""
    return start.shift(-1).fill_null(length) - 1
