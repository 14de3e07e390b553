"""Shares of limits and waits: those that bind a decision follow from its counts; the others draw.

An attempt may draw on what another law, or another rule, leaves to others (`engine.columns.
charging`). Such a share is right where an attempt of that kind would count for the rule, and says
what the decisions it binds say is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import polars as pl

from engine import words
from engine.columns.combos import draws, plain_view
from engine.kinds import Agreed, Limit, Wait
from engine.rule import Rule

from .footing import Followed, Law, Wrong
from .sharing import shares_of


class Drawn(NamedTuple):
    """A share of what its decision is not bound by: in which way of taking people, which, left."""

    decision: str
    way: int
    id: str
    left: int


SCHEMA: Final = {"decision_id": pl.String, "way": pl.Int32, "id": pl.String, "told": pl.Int64}


@dataclass
class Drawing:
    """Which shares decisions may have beside those that bind them, and those they have."""

    law: Law
    day: date
    now: datetime
    drawn: list[Drawn] = field(default_factory=list)
    _may: dict[tuple[str, str, str, str], bool] = field(default_factory=dict)

    def compare(
        self, row: Mapping[str, Any], shares: Sequence[Mapping[str, Any]], now: Followed, way: int
    ) -> Iterator[Wrong]:
        """What the shares of one way to take a decision say otherwise than what follows."""
        bound = {one["rule"]: one["left"] for one in shares if one["rule"] in now.budgets}
        told = dict(now.budgets)
        for one in shares:
            name, left = one["rule"], one["left"]
            if name in told and left < told[name] and self._agreed(name):
                told[name] = left  # others who share it did not agree
            elif name in told or (now.permitted and name in now.held and left == 1):
                continue
            elif not now.permitted or not self._draws(name, row["channel"], now):
                yield f"a share of {name}", left, None
                continue
            self.drawn.append(Drawn(row["decision_id"], way, one["id"], left))
        if bound != told:
            yield "what limits leave", bound, dict(now.budgets)

    def _agreed(self, name: str) -> bool:
        body = self.law.rules[name].body
        return isinstance(body, Limit) and isinstance(body.max, Agreed)

    def _draws(self, name: str, channel: str, now: Followed) -> bool:
        rule = self.law.rules.get(name)
        if rule is None or not isinstance(rule.body, Limit | Wait):
            return False
        return any(self._counts(rule, channel, *one) for one in now.reached)

    def _counts(self, rule: Rule, channel: str, kind: str, whom: str) -> bool:
        key = (rule.id, channel, kind, whom)
        if key not in self._may:
            body = rule.body
            assert isinstance(body, Limit | Wait)
            chosen = body.counting if isinstance(body, Limit) else body.after
            # a situation tells the type of debt only as far as its own rules ask
            types = words.DEBT_TYPES if chosen.types is not None else words.DEBT_TYPES[:1]
            views = (plain_view(channel, kind, whom, one, self.day, self.now) for one in types)
            self._may[key] = any(draws(view, body) for view in views)
        return self._may[key]

    def unlike(
        self, ways: Sequence[pl.DataFrame], *, whole: bool, gaps: bool
    ) -> list[tuple[str, int, int | None]]:
        """Decisions whose drawn shares say otherwise than those bound: id, on record, now.

        `ways`: all who draw on the same (`sharing.by_way`). `whole`: all of them were compared,
        so that it is known whom each binds; else the least of all holds. `gaps`: some who drew
        were erased: a share of nobody left is then no difference.
        """
        if not self.drawn:
            return []
        drawn = pl.DataFrame(self.drawn, schema=SCHEMA, orient="row").unique(maintain_order=True)
        found: list[tuple[str, int, int | None]] = []
        for number, rows in enumerate(ways):
            mine = drawn.filter(pl.col("way") == number)
            if mine.is_empty():
                continue
            named = rows.filter(pl.col("budgets").str.contains_any(mine["id"].unique().to_list()))
            shares = shares_of(named)
            if whole:
                shares = shares.join(mine, on=["decision_id", "id"], how="anti")
            least = shares.group_by("id").agg(pl.col("left").min())
            both = mine.join(least, on="id", how="left", maintain_order="left")
            wrong = pl.col("told").ne_missing(pl.col("left"))
            if gaps:
                wrong = pl.col("told") > pl.col("left")
            found += both.filter(wrong).select("decision_id", "told", "left").rows()
        return found


def shares_in(text: str | None) -> list[dict[str, Any]]:
    """The field `budgets` read."""
    told: list[dict[str, Any]] = json.loads(text or "[]")
    return told
