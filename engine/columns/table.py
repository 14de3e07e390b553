"""What a part holds while it is judged: frames, zones, and the way to the raw rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import polars as pl

from .. import words
from ..facts.view import Moment, View
from ..history import Group
from . import tally
from .combos import plain_contact
from .prepare import Prepared, files_apart
from .windows import Hourglass

WORDS = {0: words.NO, 1: words.YES, 2: words.UNKNOWN}
CODE = {word: code for code, word in WORDS.items()}
Made = TypeVar("Made")
COMBO = ["channel", "kind", "whom", "role", "debt_type"]


@dataclass
class Table:
    """What a part holds while it is judged: frames, zones, and the way to the raw rows."""

    prepared: Prepared
    near: Prepared  # the same, its history cut to what can count for these rows
    cand: pl.DataFrame  # one row per candidate, i in order
    rows: pl.DataFrame  # one row per candidate and zone
    ways: pl.DataFrame  # one row per point and channel; `tc` of `cand` numbers them
    zones: tuple[str, ...]  # the names behind z
    calendar: tally.Calendar
    hourglass: Hourglass
    groups_of: Callable[[Sequence[str]], Mapping[str, Group]]
    _groups: dict[str, Group] = field(default_factory=dict)
    _views: dict[tuple[str, str | None, str, int], View] = field(default_factory=dict)
    _shared: dict[int, dict[tuple[str, str], Any]] = field(default_factory=dict)
    _known: dict[Hashable, Any] = field(default_factory=dict)
    plain_rows: int = 0

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, worked out once for all rule sets that ask about this part."""
        if key not in self._known:
            self._known[key] = make()
        found: Made = self._known[key]
        return found

    @cached_property
    def apart(self) -> pl.Series:
        """Files (fp) that see contacts on a line which one file knows to be a stranger's.

        The columns take each point as its own file knows it; another file's question is answered
        by the plain functions.
        """
        return files_apart(self.prepared)

    def groups(self, consumers: Sequence[str]) -> Mapping[str, Group]:
        """Groups of consumers from raw rows, each fetched once."""
        missing = sorted({one for one in consumers if one not in self._groups})
        if missing:
            self._groups.update(self.groups_of(missing))
        return self._groups

    def views(self, rows: pl.DataFrame) -> list[View]:
        """A plain view for each of these rows (consumer, account, point, channel, z)."""
        wanted = rows.select("consumer", "account", "point", "channel", "z")
        groups = self.groups(wanted["consumer"].unique().to_list())
        moment = Moment(self.prepared.now, day=self.prepared.day)
        found = []
        for consumer, account, point, channel, z in wanted.iter_rows():
            key = (account, point, channel, z)
            if key not in self._views:
                contact = plain_contact(channel, point, account, self.prepared.now)
                group = groups[consumer]
                shared = self._shared.setdefault(id(group), {})
                self._views[key] = View(group, contact, moment, self.zones[z], shared)
            found.append(self._views[key])
        self.plain_rows += len(found)
        return found
