"""Windows for a part: computed once per zones, number, hours of one's own, and day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import polars as pl

from .. import clock, words
from ..facts import hours
from ..facts.hours import FAR, KINDS_OF_HOURS, Hours
from ..facts.view import day_of
from ..history import Statement
from ..intervals import Interval, intersect
from ..kinds import Window
from ..panel import Panel
from ..rule import Rule
from .prepare import Prepared
from .where import unmask

UTC = "UTC"
THIS_TIME = "this_time_is_inconvenient"
OWN_NUMBER = 1 << 63  # beside the zones of a number: it is the consumer's, not somebody else's
Said = tuple[tuple[datetime, Statement], ...]


Shut = tuple[str, str, int, int, bool, date]
Joint = tuple[tuple[str, ...], tuple[str, ...], int, int, bool, date]


@dataclass
class Common:
    """Windows that hang on nobody's own words: worked out once for all parts of a day."""

    day: date
    shut: dict[Shut, tuple[Interval, ...]] = field(default_factory=dict)
    joint: dict[Joint, tuple[Interval, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Panel, day: date) -> Common:
        """Those a panel has worked out."""
        found = panel.notes.get(("windows",))
        if not isinstance(found, Common) or found.day != day:
            found = panel.notes["windows",] = Common(day)
        return found


@dataclass
class Hourglass:
    """Who has hours of their own in a part, and every window worked out so far.

    `own`: per signature number, what was said; 0 is nobody's. `agreed`: calls_until by signature.
    """

    day: date
    now: datetime
    own: list[Said] = field(default_factory=lambda: [()])
    agreed: list[time | None] = field(default_factory=lambda: [None])
    _entries: dict[tuple[int, str], tuple[Hours, ...]] = field(default_factory=dict)
    common: Common | None = None
    _shut: dict[Shut, tuple[Interval, ...]] = field(default_factory=dict)
    _joint: dict[Joint, tuple[Interval, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Where nobody gave what is common, it is this part's alone."""
        if self.common is None:
            self.common = Common(self.day)

    def entries(self, signature: int, zone: str) -> tuple[Hours, ...]:
        """The hours behind a signature, in a zone."""
        key = (signature, zone)
        if key not in self._entries:
            self._entries[key] = hours.entries_of(self.own[signature], zone)
        return self._entries[key]

    def minutes(
        self, rule: Rule, zone: str, number: int, signature: int, voice: bool, day: date
    ) -> tuple[Interval, ...] | None:
        """Open minutes of a rule in one zone; None where no clock is known."""
        body = rule.body
        assert isinstance(body, Window)
        if body.closed_by != "consumer_hours" and (not voice or self.agreed[signature] is None):
            signature = 0
        assert self.common is not None
        known = self._shut if signature else self.common.shut
        key = (rule.id, zone, number, signature, voice, day)
        if key not in known:
            clocks = self._clocks(body, zone, number)
            if not clocks:
                return None
            until = self.agreed[signature] if voice else None
            bounds = hours.bounds_of(body, lambda name: until if name == "calls_until" else None)
            own = self.entries(signature, zone) if body.closed_by == "consumer_hours" else ()
            known[key] = hours.minutes_open(body, bounds, day, clocks, zone, own)
        return known[key]

    def shut_at(
        self, rule: Rule, zone: str, number: int, signature: int, voice: bool, at: datetime
    ) -> bool:
        """Whether a window is shut at an instant, to the exact second."""
        body = rule.body
        assert isinstance(body, Window)
        until = self.agreed[signature] if voice else None
        bounds = hours.bounds_of(body, lambda name: until if name == "calls_until" else None)
        clocks = self._clocks(body, zone, number)
        if any(hours.shut_by_law(body, bounds, at, one) for one in clocks):
            return True
        own = body.closed_by == "consumer_hours"
        return own and hours.barred_by(self.entries(signature, zone), at, zone)

    def _clocks(self, body: Window, zone: str, number: int) -> tuple[str, ...]:
        if body.clock == "consumer":
            own = () if zone == UTC else (zone,)
            if number & OWN_NUMBER:
                return own
            return (*own, *(z for z in unmask(number, zones=True) if z not in own))
        if body.clock == "point":
            return unmask(number, zones=True)
        return (body.clock,)

    def bit(self, rule: Rule, zone: str, number: int, signature: int, voice: bool) -> str:
        """Whether the window is shut for all of the day that is left."""
        found = self.minutes(rule, zone, number, signature, voice, self.day)
        if found is None:
            return words.UNKNOWN
        return words.NO if intersect(found, (self.rest(),)) else words.YES

    def rest(self) -> Interval:
        """From now on."""
        return (self.now, self.now + timedelta(days=FAR))

    def together(
        self,
        rules: Sequence[Rule],
        zones: Sequence[str],
        number: int,
        signature: int,
        voice: bool,
        day: date,
    ) -> tuple[Interval, ...]:
        """Minutes of a day, as every zone has it, that all these windows leave in all of them."""
        key = (tuple(rule.id for rule in rules), tuple(zones), number, signature, voice, day)
        assert self.common is not None
        known = self._joint if signature else self.common.joint
        if key not in known:
            found: tuple[Interval, ...] | None = None
            for zone in zones:
                bounds = (clock.day_bounds(day, zone),)
                found = bounds if found is None else intersect(found, bounds)
            for zone in zones:
                for rule in rules:
                    here = self.minutes(rule, zone, number, signature, voice, day) or ()
                    found = intersect(found or (), here)
            known[key] = found or ()
        return known[key]


def signatures(prepared: Prepared, hourglass: Hourglass) -> pl.DataFrame:
    """People with hours of their own: tp, signature. Equal words share a signature."""
    kinds = [*KINDS_OF_HOURS, "consents_to_calls_until"]
    rows = prepared.bound.filter(pl.col("kind").is_in(kinds)).select(
        "who", "id", "kind", "value", "received_at", "ours", "during_lawful_contact"
    )
    known: dict[tuple[object, ...], int] = {}
    found: list[tuple[int, int]] = []
    people: dict[int, list[tuple[datetime, Statement, bool]]] = {}
    for who, name, kind, value, received, ours, lawful in rows.iter_rows():
        told = None if value is None else json.loads(value)
        one = Statement(name, kind, "statement", told, received, during_lawful_contact=lawful)
        people.setdefault(who, []).append((received, one, ours))
    for who, said in people.items():
        until: time | None = None
        own = list[tuple[datetime, Statement]]()
        for received, one, ours in said:
            if one.kind == "consents_to_calls_until":
                if ours and one.during_lawful_contact is True:
                    until = hours.parse_time_of(one.value)
            elif one.kind != THIS_TIME or (hourglass.day - day_of(one.received, UTC)).days <= 2:
                own.append((received, one))
        key = (until, *((one.kind, _frozen(one.value), _when(one, at)) for at, one in own))
        if not own and until is None:
            continue
        if key not in known:
            known[key] = len(hourglass.own)
            hourglass.own.append(tuple(own))
            hourglass.agreed.append(until)
        found.append((who, known[key]))
    schema = {"tp": pl.UInt32, "sig": pl.UInt32}
    return pl.DataFrame(found, schema=schema, orient="row")


def _when(one: Statement, at: datetime) -> datetime | None:
    return at if one.kind == "this_time_is_inconvenient" else None


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return tuple(sorted((str(k), _frozen(v)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(one) for one in value)
    return value
