"""What rules ask, on the level it lives on: by account, by way, by account and zone, by row.

Most of what a rule set asks of ten rows is said of two accounts and three ways. So codes stay on
their level and are packed there; a row is only told from others by the packed numbers, and what is
asked is laid out for one row of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

WIDTH = 2  # bits of a code
ROOM = 62  # bits of a packed number that are used
FEW = 500  # things that are told apart sooner one by one than by joining columns

Places = Mapping[str, pl.Series]
"""By the name of a level, for each row the place on it: which account, which way."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes (UInt8: no, yes, unknown) of all things of a level, in its order.

    `apart`: rows, by their positions, that have a code of their own all the same, and which.
    """

    level: str
    of: pl.Series
    apart: tuple[pl.Series, pl.Series] | None = None

    def at(self, places: Places, rows: pl.Series | None = None) -> pl.Series:
        """The code of each row, or of some by their positions."""
        where = places[self.level]
        found = self.of[where if rows is None else where[rows]]
        if self.apart is None:
            return found
        at, codes = self.apart
        if rows is None:
            return found.scatter(at, codes)
        own = pl.zeros(len(where), dtype=pl.UInt8, eager=True).scatter(at, codes + 1)[rows]
        return found.zip_with(own == 0, own - 1)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Rows told apart: `first`, the position of the first row of each kind; `of`, each row's."""

    first: pl.Series
    of: pl.Series


def kinds(places: Places, columns: Sequence[Codes], combo: pl.Series) -> Kinds:
    """Tell rows apart by their combo and by all these codes."""
    levels: dict[str, list[pl.Series]] = {}
    for one in columns:
        if one.of.max():  # no of all things tells nothing apart
            levels.setdefault(one.level, []).append(one.of)
    parts = [(combo.cast(pl.UInt64), _bits(combo))]
    for level, codes in levels.items():
        where = places[level]
        if len(where) < len(codes[0]):
            parts += in_numbers([one[where] for one in codes])
        else:
            of = numbered(_together(in_numbers(codes)))[1]
            parts.append((of.cast(pl.UInt64)[where], _bits(of)))
    parts += _apart([one.apart for one in columns if one.apart is not None], len(combo))
    return Kinds(*numbered(_together(parts)))


def numbered(words: Sequence[pl.Series]) -> tuple[pl.Series, pl.Series]:
    """Things told apart by numbers: the place of the first of each kind, and each one's kind."""
    if len(words[0]) <= FEW:
        return _one_by_one(words)
    keys = pl.DataFrame([one.alias(f"w{n}") for n, one in enumerate(words)])
    known = keys.with_row_index("first").unique(keys.columns, keep="first", maintain_order=True)
    told = known.with_row_index("kind").drop("first")
    of = keys.join(told, on=keys.columns, how="left", maintain_order="left")["kind"]
    return known["first"], of


def _one_by_one(words: Sequence[pl.Series]) -> tuple[pl.Series, pl.Series]:
    kinds: dict[tuple[int, ...], int] = {}
    first, of = list[int](), list[int]()
    for place, key in enumerate(zip(*(one.to_list() for one in words), strict=True)):
        kind = kinds.setdefault(key, len(first))
        if kind == len(first):
            first.append(place)
        of.append(kind)
    return pl.Series(first, dtype=pl.UInt32), pl.Series(of, dtype=pl.UInt32)


def _bits(numbers: pl.Series) -> int:
    """The bits that the greatest of these takes."""
    last = numbers.max()
    return last.bit_length() if isinstance(last, int) else 0


def in_numbers(codes: Sequence[pl.Series]) -> list[tuple[pl.Series, int]]:
    """Codes packed, and the bits they take, in as many numbers as hold them."""
    most = ROOM // WIDTH
    some = [codes[start : start + most] for start in range(0, len(codes), most)]
    return [(_packed(one), len(one) * WIDTH) for one in some]


def _apart(own: Sequence[tuple[pl.Series, pl.Series]], rows: int) -> list[tuple[pl.Series, int]]:
    """The codes that rows have of their own, packed: one more than the code, nought for none."""
    most = ROOM // WIDTH
    found = []
    for start in range(0, len(own), most):
        some = own[start : start + most]
        word = pl.zeros(rows, dtype=pl.UInt64, eager=True)
        for place, (at, codes) in enumerate(some):
            more = (codes.cast(pl.UInt64) + 1) * (1 << (WIDTH * place))
            word = word.scatter(at, word[at] + more)
        found.append((word, len(some) * WIDTH))
    return found


def _packed(codes: Sequence[pl.Series]) -> pl.Series:
    """Codes side by side in one number."""
    found = codes[0].cast(pl.UInt64)
    for place, one in enumerate(codes[1:], 1):
        found = found + one.cast(pl.UInt64) * (1 << (WIDTH * place))
    return found


def _together(parts: Sequence[tuple[pl.Series, int]]) -> list[pl.Series]:
    """Numbers, each with the bits it takes, side by side in as few numbers as hold them."""
    found: list[tuple[pl.Series, int]] = []
    for number, bits in sorted(parts, key=lambda one: -one[1]):
        at = next((n for n, (_, taken) in enumerate(found) if taken + bits <= ROOM), len(found))
        if at == len(found):
            found.append((number, bits))
        else:
            word, taken = found[at]
            found[at] = (word + number * (1 << taken), taken + bits)
    return [word for word, _ in found]
