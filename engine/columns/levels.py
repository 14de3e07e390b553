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

Places = Mapping[str, pl.Series]
"""By the name of a level, for each row the place on it: which account, which way."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes (UInt8: no, yes, unknown) of all things of a level, in its order."""

    level: str
    of: pl.Series

    def at(self, places: Places, rows: pl.Series | None = None) -> pl.Series:
        """The code of each row, or of some by their positions."""
        where = places[self.level]
        return self.of[where if rows is None else where[rows]]


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
    last = combo.max()
    parts = [(combo.cast(pl.UInt64), last.bit_length() if isinstance(last, int) else 0)]
    for level, codes in levels.items():
        where = places[level]
        few = len(where) < len(codes[0])
        for start in range(0, len(codes), ROOM // WIDTH):
            some = codes[start : start + ROOM // WIDTH]
            packed = _packed([one[where] for one in some] if few else some)
            parts.append((packed if few else packed[where], len(some) * WIDTH))
    words = pl.DataFrame([one.alias(f"w{n}") for n, one in enumerate(_together(parts))])
    known = words.with_row_index("first").unique(words.columns, keep="first", maintain_order=True)
    told = known.with_row_index("kind").drop("first")
    of = words.join(told, on=words.columns, how="left", maintain_order="left")["kind"]
    return Kinds(known["first"], of)


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
