"""Sets of names by number, and their unions: what several answers come to is worked out once.

Numbers live as long as whatever holds them; a column of them stands for a column of sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl


@dataclass
class Sets:
    """Distinct sets of names (`members`, each sorted) in the order they were met; 0 is empty."""

    members: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    _numbers: dict[tuple[str, ...], int] = field(default_factory=lambda: {(): 0})
    _joined: dict[int, int] = field(default_factory=dict)
    _within: dict[str, list[int]] = field(default_factory=dict)
    _sorted_out: int = 0

    def __len__(self) -> int:
        """How much is held: sets, and pairs of them that were joined."""
        return max(len(self.members), len(self._joined))

    def number(self, names: Iterable[str]) -> int:
        """The number of a set."""
        key = tuple(sorted({*names}))
        if key not in self._numbers:
            self._numbers[key] = len(self.members)
            self.members.append(key)
        return self._numbers[key]

    def joined(self, one: pl.Series, other: pl.Series) -> pl.Series:
        """By row, the union of two sets, all by number."""
        pairs, of = told_apart(side_by_side(one, other))
        numbers = [self._union(pair) for pair in pairs.to_list()]
        return pl.Series(one.name, numbers, dtype=pl.UInt32).gather(of)

    def _union(self, pair: int) -> int:
        if pair not in self._joined:
            one, other = divmod(pair, 1 << 32)
            self._joined[pair] = self.number((*self.members[one], *self.members[other]))
        return self._joined[pair]

    def holding(self, name: str) -> pl.Series:
        """By set, whether a name is in it."""
        for number, names in enumerate(self.members[self._sorted_out :], self._sorted_out):
            for one in names:
                self._within.setdefault(one, []).append(number)
        self._sorted_out = len(self.members)
        found = pl.zeros(len(self.members), dtype=pl.Boolean, eager=True)
        return found.scatter(self._within.get(name, []), True)


def side_by_side(one: pl.Series, other: pl.Series) -> pl.Series:
    """Two columns of numbers below 2**32 as one."""
    return one.cast(pl.UInt64) * (1 << 32) + other


def told_apart(marks: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The distinct marks in the order they are met, and the number of each row's."""
    marks = marks.alias("mark")
    kinds = marks.unique(maintain_order=True)
    numbered = kinds.to_frame().with_row_index("n")
    found = marks.to_frame().join(numbered, on="mark", how="left", maintain_order="left")
    return kinds, found["n"]
