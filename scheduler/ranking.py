"""The order a list is worked in: the rank of every listed row, by the words of the strategy.

A day has rows by the ten million. So what orders a row is one number, made where the row is read,
and rows are put in order a share of them at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

KEYS: Final[dict[str, tuple[str, bool]]] = {
    "balance_high": ("balance", True),
    "balance_low": ("balance", False),
    "placed_oldest": ("placed", False),
    "placed_newest": ("placed", True),
    "delinquent_oldest": ("delinquent_since", False),
    "delinquent_newest": ("delinquent_since", True),
}
"""By the word of a strategy: the account's column, and whether the greatest comes first."""
AT_ONCE: Final = 1 << 20  # rows put in order at once, about
SAMPLE: Final = 64  # rows looked at for each share


def priorities(marks: Sequence[Path], strategy: Sequence[str], at_once: int = AT_ONCE) -> pl.Series:
    """The rank, from 1, of every listed row in the order of the parts, of whose marks these are.

    Rows are ordered by the strategy's words; an account without the date asked comes last; rows
    that are alike in all of them keep their order in the list. `at_once` is about how many are put
    in order at a time, if they are not all alike.
    """
    columns = sorted({KEYS[word][0] for word in strategy})
    listed = [pl.scan_parquet(path).filter("listed").select(columns) for path in marks]
    spans = [
        bound(pl.col(name).to_physical().cast(pl.Int64)).alias(f"{bound.__name__} {name}")
        for name in columns
        for bound in (pl.Expr.min, pl.Expr.max)
    ]
    found = pl.concat(listed).select(spans).collect(engine="streaming").row(0, named=True)
    whole: dict[str, tuple[int, int]] = {
        name: (found[f"min {name}"] or 0, found[f"max {name}"] or 0) for name in columns
    }
    order = _order(strategy, whole)
    kept = [rows.select(order.alias("order")) for rows in listed]
    return _ranks(pl.concat(kept).collect(engine="streaming")["order"], at_once)


def _order(strategy: Sequence[str], spans: Mapping[str, tuple[int, int]]) -> pl.Expr:
    """One number for each row: less for what comes first. `spans` are each column's bounds."""
    room = 1
    for word in strategy:
        low, high = spans[KEYS[word][0]]
        room *= high - low + 2
    kind = pl.UInt64() if room < 1 << 64 else pl.Int128()
    order = pl.lit(0, dtype=kind)
    for word in strategy:
        name, greatest = KEYS[word]
        low, high = spans[name]
        at = pl.col(name).to_physical().cast(pl.Int64)
        place = (high - at) if greatest else (at - low)
        order = order * (high - low + 2) + place.fill_null(high - low + 1).cast(kind)
    return order


def _ranks(order: pl.Series, at_once: int) -> pl.Series:
    """The rank, from 1, of each of some numbers; those that are alike stay in their order."""
    found = pl.zeros(len(order), dtype=pl.UInt32, eager=True)
    shares = len(order) // at_once
    sample = order.gather_every(max(1, len(order) // ((shares + 1) * SAMPLE))).sort()
    firsts = sorted({sample[len(sample) * n // (shares + 1)] for n in range(1, shares + 1)})
    done = 0
    for low, high in pairwise([0, *firsts, None]):
        mine = order >= low
        if high is not None:
            mine &= order < high
        at = mine.arg_true()
        some = order.gather(at).to_frame("some")
        ranked = some.select(pl.arg_sort_by("some", maintain_order=True))["some"]
        ranks = pl.int_range(done + 1, done + 1 + len(at), dtype=pl.UInt32, eager=True)
        found = found.scatter(at.gather(ranked), ranks)
        done += len(at)
    return found
