"""Chance that can be thrown again: a number for each (seed, stream, row), in columns.

SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) as a counter: no state, so the same row gets the same
number however the work is cut. Polars only; the same on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from statistics import NormalDist
from typing import Final, TypeVar

import polars as pl

T = TypeVar("T", str, int)
_GOLDEN: Final = 0x9E3779B97F4A7C15
_STEPS: Final = 10_000
_NORMAL: Final = pl.Series(
    [NormalDist().inv_cdf((step + 0.5) / 4096) for step in range(4096)], dtype=pl.Float64()
)


def whole(value: int) -> pl.Expr:
    """A 64-bit unsigned constant."""
    return pl.lit(value, dtype=pl.UInt64())


def bits(row: pl.Expr, seed: int, stream: str) -> pl.Expr:
    """64 even bits for each row number (UInt64)."""
    key = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    x = row * whole(_GOLDEN) + whole(int.from_bytes(key[:8], "little"))
    x = (x ^ (x // whole(1 << 30))) * whole(0xBF58476D1CE4E5B9)
    x = (x ^ (x // whole(1 << 27))) * whole(0x94D049BB133111EB)
    return x ^ (x // whole(1 << 31))


def unit(row: pl.Expr, seed: int, stream: str) -> pl.Expr:
    """An even number in [0, 1) for each row number."""
    return (bits(row, seed, stream) // whole(2048)).cast(pl.Float64()) * 2.0**-53


def parts(drawn: str, count: int) -> list[pl.Expr]:
    """Up to four numbers in [0, 1), in steps of 1/65536, out of one column of `bits`."""
    cell = pl.col(drawn)
    return [
        ((cell // whole(1 << (16 * n))) % whole(1 << 16)).cast(pl.Float64()) * 2.0**-16
        for n in range(count)
    ]


def _slots(weights: Iterable[tuple[T, float]]) -> list[T]:
    shares = list(weights)
    total = sum(share for _, share in shares)
    slots: list[T] = []
    run = 0.0
    for word, weight in shares:
        run += weight
        slots.extend([word] * (round(run / total * _STEPS) - len(slots)))
    return slots


@cache
def _words(weights: tuple[tuple[str, float], ...]) -> pl.Series:
    return pl.Series([word or None for word in _slots(weights)], dtype=pl.String())


@cache
def _numbers(weights: tuple[tuple[int, float], ...]) -> pl.Series:
    return pl.Series(_slots(weights), dtype=pl.Int64())


def choose(chance: pl.Expr, weights: Mapping[str, float]) -> pl.Expr:
    """A word for each chance in [0, 1), as often as its weight says (in steps of 1/10,000).

    The word "" stands for null.
    """
    words = _words(tuple(weights.items()))
    return pl.lit(words).gather((chance * _STEPS).cast(pl.UInt32()))


def choose_number(chance: pl.Expr, weights: Mapping[int, float]) -> pl.Expr:
    """A whole number (Int64) for each chance in [0, 1), as often as its weight says."""
    numbers = _numbers(tuple(weights.items()))
    return pl.lit(numbers).gather((chance * _STEPS).cast(pl.UInt32()))


def normal(chance: pl.Expr) -> pl.Expr:
    """The standard normal number at a chance in [0, 1), from a table of 4,096."""
    return pl.lit(_NORMAL).gather((chance * 4096).cast(pl.UInt32()))


def filled(template: str, *values: pl.Expr) -> pl.Expr:
    """A text with each `%s` filled from a column; null where one of them is null."""
    fixed = template.split("%s")
    pieces: list[pl.Expr] = [pl.lit(fixed[0])]
    for value, after in zip(values, fixed[1:], strict=True):
        pieces.append(value.cast(pl.String()))
        pieces.append(pl.lit(after))
    return pl.concat_str(pieces)
