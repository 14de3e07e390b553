"""A contact group as it was told at a moment: each row in the revision that stood then.

What says how things are (an account, a consumer, a contact point) may have been told first long
after the contacts that are looked back over; before it was told at all, its first telling holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine.history import Group
from engine.terms import Licences

from ..records import group_of_rows
from ..store.schema import TABLES

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
Homes = Mapping[str, tuple[datetime, ...]]
RECORDED: Final = "recorded_at"
RECEIVED: Final = "received_at"
BASE: Final = ("consumers", "accounts", "account_parties", "contact_points")
"""Tables that say how things are; the others say what happened, was said or learned."""
UNREAD: Final = frozenset({"balance", "source", "source_id"})
"""Columns that no rule reads."""


@dataclass
class Ages:
    """The rows of a group as they stand, and every revision of those that were corrected."""

    rows: Rows
    told: Rows
    licences: Licences | None
    _turns: dict[str, list[datetime]] = field(default_factory=dict)
    _known: dict[tuple[str, int], tuple[Group, Homes]] = field(default_factory=dict)

    def known(self, by: str, at: datetime) -> tuple[Group, Homes]:
        """The group by what was recorded, or received, by a moment, and its addresses' records.

        By receipt only rows of BASE are as they were, as far as they were recorded: nobody tells
        when it reached us that an account was paid. A correction of what was said or happened says
        what was so all along.
        """
        turns = self._turns.get(by)
        if turns is None:
            turns = self._turns[by] = sorted(
                {row[RECORDED] for name in self._tables(by) for row in self.told.get(name, ())}
            )
        age = bisect_right(turns, at)
        if (by, age) not in self._known:
            self._known[by, age] = self._made(by, at)
        return self._known[by, age]

    def _tables(self, by: str) -> tuple[str, ...]:
        return BASE if by == RECEIVED else tuple(TABLES)

    def _made(self, by: str, at: datetime) -> tuple[Group, Homes]:
        found: dict[str, list[Row]] = {}
        for name, table in TABLES.items():
            rows = list(self.rows.get(name, ()))
            if name in self._tables(by) and self.told.get(name):
                rows = _then(rows, self.told[name], table.key, at, first=name in BASE)
            found[name] = sorted(map(dict, rows), key=lambda row: tuple(row[k] for k in table.key))
        there = {row["consumer"] for row in found["consumers"]}
        for name, rows in found.items():  # of a file that never was, nothing is there
            if name != "account_parties":
                found[name] = [row for row in rows if row["consumer"] in there]
        homes: dict[str, list[datetime]] = {}
        for row in found["addresses"]:
            homes.setdefault(row["consumer"], []).append(row["recorded_at"])
        group = group_of_rows(found, self.licences)
        return group, {name: tuple(times) for name, times in homes.items()}


def _then(
    rows: Sequence[Row],
    told: Sequence[Row],
    key: tuple[str, ...],
    at: datetime,
    *,
    first: bool,
) -> list[Row]:
    """Rows with those that were corrected as they stood at a moment."""
    versions: dict[tuple[Any, ...], list[Row]] = {}
    for row in told:
        versions.setdefault(tuple(row[name] for name in key), []).append(row)
    found = [row for row in rows if tuple(row[name] for name in key) not in versions]
    for each in versions.values():
        each.sort(key=lambda row: row["revision"])
        stood = [row for row in each if row[RECORDED] <= at] or (each[:1] if first else [])
        if stood and not stood[-1]["void"]:
            found.append(stood[-1])
    return found


def matters(told: Sequence[Row], table: str) -> list[Row]:
    """Revisions of one thing without those that change nothing a rule reads."""
    columns = [name for name in TABLES[table].schema if name not in UNREAD]
    columns = [name for name in columns if name not in (RECORDED, RECEIVED)]
    kept: list[Row] = []
    for row in sorted(told, key=lambda one: one["revision"]):
        if not kept or any(row[name] != kept[-1][name] for name in [*columns, "void"]):
            kept.append(row)
    return kept
