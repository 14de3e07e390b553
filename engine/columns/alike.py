"""Contacts alike in all that a selector asks, told apart once for all selectors.

A selector is tried on some hundred kinds of contact, and what it takes of them holds for every
contact of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from ..rule import Selector
from .units import Units

ASKED = ("channel", "purpose", "content", "result", "technology", "kind", "whom", "counts", "out",
         "initiated_by", "message_possible", "wrong", "reply", "returned")  # fmt: skip
"""What selectors ask of a contact, its moment and its debts aside."""


@dataclass(frozen=True, slots=True)
class Alike:
    """`kinds`: one row for each kind of contact there is, in the order of its number (k)."""

    kinds: pl.DataFrame
    _taken: dict[Selector, pl.Series] = field(default_factory=dict, compare=False, repr=False)

    def taken(self, chosen: Selector, test: Callable[[Selector], pl.Expr]) -> pl.Series:
        """Whether a selector, by its `test`, takes each kind."""
        if chosen not in self._taken:
            found = self.kinds.select(test(chosen).fill_null(value=False).alias("taken"))
            self._taken[chosen] = found["taken"]
        return self._taken[chosen]


def kinds_of_contact(history: pl.DataFrame) -> tuple[pl.DataFrame, Alike]:
    """The history with the number of each contact's kind (k), and the kinds."""
    asked = history.select(ASKED)
    numbers = asked.with_columns(pl.col(pl.Categorical).to_physical())
    kind = Units.told(numbers, list(ASKED)).of
    kinds = asked[kind.is_first_distinct().arg_true()]
    return history.with_columns(kind.alias("k")), Alike(kinds)
