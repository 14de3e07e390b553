"""Attempts that draw on a budget without being bound by its rule (see `budgets`).

A limit on calls may count texts too; a wait that holds calls back may be started by a letter; a
number that two families share may lie under a place's law for one of them only. Each such attempt
takes room from the rows that the rule does bind, so it must have a share of their budget.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import polars as pl

from ..facts.view import View
from ..kinds import Limit, Wait
from ..rule import Rule
from .combos import draws, plain_view
from .table import Table
from .tally import KEYS

WORDS = ["channel", "kind", "whom", "debt_type"]


@dataclass
class Drawing:
    """The permitted candidates of a part, and what each of their attempts would count for."""

    table: Table
    rows: pl.DataFrame
    words: list[tuple[str, str, str, str]]
    _views: dict[int, View] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table, found: pl.DataFrame) -> Drawing:
        """Of the candidates that `found` permits."""
        rows = table.cand[found.filter("permitted")["i"]]  # `i` numbers them
        near = [
            rows.select(key)
            .join(rows.group_by(key).agg(pl.col("law").bitwise_or()), on=key, how="left",
                  maintain_order="left")["law"]
            for key in dict.fromkeys(KEYS.values())
        ]  # fmt: skip
        kinds = rows.select(WORDS).unique(maintain_order=True)
        numbered = kinds.with_row_index("w")
        rows = rows.select(
            "i", "a", "pool", "fp", "tp", "pt", "l", "collector", *WORDS,
            near=reduce(or_, near),
        ).join(numbered, on=WORDS, how="left", maintain_order="left")  # fmt: skip
        return cls(table, rows.drop(WORDS), kinds.rows())

    def counting(self, rule: Rule, near: int | None) -> pl.DataFrame:
        """Rows whose attempt would count for a limit or start a wait, bound by it or not.

        `near`: of a place's law the bit; only rows that share a file, line or person with one
        under it can count.
        """
        counts = [n for n in range(len(self.words)) if self._counts(rule, n)]
        if not counts:
            return self.rows.clear()
        chosen = pl.col("w").is_in(pl.Series(counts, dtype=pl.UInt32).implode())
        if near is not None:
            chosen &= (pl.col("near") & pl.lit(near, dtype=pl.UInt64)) != 0
        return self.rows.filter(chosen)

    def _counts(self, rule: Rule, number: int) -> bool:
        if number not in self._views:
            channel, kind, whom, debt_type = self.words[number]
            prepared = self.table.prepared
            self._views[number] = plain_view(
                channel, kind, whom, debt_type, prepared.day, prepared.now
            )
        assert isinstance(rule.body, Limit | Wait)
        return draws(self._views[number], rule.body)
