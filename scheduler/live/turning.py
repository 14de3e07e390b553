"""When a decision can change by the clock alone, if nothing becomes known.

A decision reads of the clock: which civil day it is in each zone, whether hours are open, whether
a period of hours since an event is over, and what has been said or done by now. So it turns only
at a beginning of a day, at an edge of hours, and so many hours after an event
(`tests/scheduler/test_live_known.py` holds it to that).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from engine import clock
from engine.history import Group
from engine.kinds import Agreed, Window
from engine.rule import Period
from engine.rulebook import Rulebook

from ..store.tables import EPOCH

MICRO: Final = timedelta(microseconds=1)
QUARTER: Final = 900_000_000
"""Microseconds of a quarter of an hour: every zone's offset is a multiple of it."""
DAY: Final = timedelta(days=1)
BESIDES: Final = (time(0), time(1), time(23))
"""When days begin, and where a number of hours from there ends when clocks change in between."""


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICRO


@dataclass(frozen=True, slots=True)
class Marks:
    """Where decisions about a group turn: instants, in microseconds since 1970, sorted.

    `quarters`: where in each quarter of an hour as well, for hours that somebody named.
    """

    instants: Sequence[int] = ()
    quarters: Sequence[int] = ()


@dataclass
class Dial:
    """Where all decisions of a rulebook turn. `hours`: the periods it counts in hours."""

    hours: tuple[int, ...] = (0,)
    edges: tuple[time, ...] = BESIDES
    _days: dict[date, list[int]] = field(default_factory=dict)

    def marks(self, group: Group, ends: Iterable[datetime] = ()) -> Marks:
        """Where decisions about a group turn, for its own sake; `ends` are more such instants."""
        events: set[int] = set()
        quarters: set[int] = set()
        for contact in group.contacts:
            events.add(micros(contact.at))
            if contact.recorded is not None:
                events.add(micros(contact.recorded))
        for one in group.statements:
            for value in (one.received, one.made, one.recorded, one.value, one.more):
                for at in _times(value):
                    if isinstance(at, datetime):
                        events.add(micros(at))
                    else:
                        quarters.add(_inside(at))
        after = [hours * 3_600_000_000 for hours in self.hours]
        instants = {at + more for at in events for more in after}
        instants.update(map(micros, ends))
        return Marks(sorted(instants), sorted(quarters))

    def between(self, marks: Marks, at: datetime) -> tuple[int, int]:
        """The marks on both sides of an instant; equal ones if it stands on one."""
        now = micros(at)
        turns = self._turns(at.date())
        low, high = _around(turns, now, turns[0], turns[-1])
        low, high = _around(marks.instants, now, low, high)
        if marks.quarters:
            start = now - now % QUARTER
            near = [start + one for one in (*marks.quarters, QUARTER + marks.quarters[0])]
            low, high = _around(near, now, max(low, start - 1), high)
        return low, high

    def _turns(self, day: date) -> list[int]:
        """Beginnings of days and edges of hours in any zone, around a civil day of UTC."""
        found = self._days.get(day)
        if found is None:
            self._days.clear()
            turns: set[int] = set()
            for zone in clock.ZONES:
                for near in (day - DAY, day, day + DAY):
                    start, end = (micros(one) for one in clock.day_bounds(near, zone))
                    # counted from both ends: clocks may change in between
                    for edge in self.edges:
                        turns |= {start + _since(edge), end - 24 * 3_600_000_000 + _since(edge)}
            found = self._days[day] = sorted(turns)
        return found


def dial_of(rulebook: Rulebook) -> Dial:
    """The dial of a rulebook."""
    hours = {0, *(one.count for one in _periods(rulebook.rules) if one.unit == "hour")}
    edges = set(BESIDES)
    for rule in rulebook.rules:
        if isinstance(rule.body, Window):
            for edge in (rule.body.from_, rule.body.to):
                at = edge.law if isinstance(edge, Agreed) else edge
                if isinstance(at, time):
                    edges.add(at)
    return Dial(tuple(sorted(hours)), tuple(sorted(edges)))


def _around(sorted_: Sequence[int], now: int, low: int, high: int) -> tuple[int, int]:
    """The nearest of them on both sides, or the bounds where those are nearer."""
    place = bisect_right(sorted_, now)
    if place:
        low = max(low, sorted_[place - 1])
    if place < len(sorted_):
        high = min(high, sorted_[place])
    return (now, now) if low == now else (low, high)


def _since(at: time) -> int:
    """Microseconds since the day began."""
    if at == clock.END_OF_DAY:
        return 24 * 3_600_000_000
    return (at.hour * 3_600 + at.minute * 60 + at.second) * 1_000_000


def _inside(at: time) -> int:
    """Where in its quarter of an hour."""
    return _since(at) % QUARTER


def _times(value: Any) -> Iterator[datetime | time]:
    """Every instant and clock time inside a value."""
    if isinstance(value, datetime | time):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _times(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _times(one)


def _periods(value: Any) -> Iterator[Period]:
    """Every period that rules name."""
    if isinstance(value, Period):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _periods(getattr(value, one.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _periods(each)
