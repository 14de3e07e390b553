"""Attempts that draw on a budget without being bound by its rule (see `budgets`).

A limit on calls may count texts too; a wait that holds calls back may be started by a letter; a
number that two families share may lie under a place's law for one of them only. Each such attempt
takes room from the rows that the rule does bind, so it must have a share of their budget.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from ..facts.view import View
from ..kinds import Limit, Wait
from ..panel import Panel
from ..rule import Rule
from .combos import draws, plain_view
from .table import Table

Words = tuple[str, str, str, str]
"""channel, kind, whom, debt type."""


@dataclass
class Drawing:
    """The permitted candidates of a part (`rows`), and what each of their attempts counts for.

    `kind`: by candidate, the number of its `words`, as the panel has met them; `here`: those met in
    this part.
    """

    panel: Panel
    table: Table
    rows: pl.Series
    kind: pl.Series
    here: pl.Series
    words: list[Words]
    _views: dict[int, View] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Panel, table: Table, permitted: pl.Series) -> Drawing:
        """Of the candidates that are `permitted` (by candidate)."""
        met = panel.notes.setdefault(("drawing",), {})
        assert isinstance(met, dict)
        kinds = [
            met.setdefault((channel, kind, whom, debt_type), len(met))
            for channel, kind, whom, _, debt_type in table.kinds
        ]
        here = pl.Series(kinds, dtype=pl.UInt32)
        kind = here.gather(table.kinds_of)
        return cls(panel, table, permitted.arg_true(), kind, here, list(met))

    def counting(self, rule: Rule) -> pl.Series | None:
        """By the number of its words (`kind`): whether an attempt would count, or start a wait.

        It may be bound by the rule or not. None: nobody's of this part would.
        """
        known = self.panel.notes.setdefault(("draws", rule.id, self.table.prepared.day), [])
        assert isinstance(known, list)
        known += [self._counts(rule, number) for number in range(len(known), len(self.words))]
        if not any(known):
            return None
        counts = pl.Series(known, dtype=pl.Boolean)
        return counts if counts.gather(self.here).any() else None

    def _counts(self, rule: Rule, number: int) -> bool:
        if number not in self._views:
            channel, kind, whom, debt_type = self.words[number]
            prepared = self.table.prepared
            self._views[number] = plain_view(
                channel, kind, whom, debt_type, prepared.day, prepared.now
            )
        assert isinstance(rule.body, Limit | Wait)
        return draws(self._views[number], rule.body)
