"""The hours that windows leave open on a day, worked out again from the rules and zones alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, time

from engine import clock
from engine.facts.hours import minutes_open
from engine.intervals import Interval, intersect, subtract
from engine.kinds import Window
from engine.kinds.agreed import Agreed
from engine.rule import Rule


def open_by_law(rules: Sequence[Rule], zones: Sequence[str], day: date) -> tuple[Interval, ...]:
    """The minutes of a civil day that all these windows leave open in every zone, at the most.

    An end of the hours that the consumer may move by agreement is taken as moved all the way; the
    clock of a number, and hours of the consumer's own, can only shut more.
    """
    found: tuple[Interval, ...] | None = None
    for zone in zones:
        bounds = (clock.day_bounds(day, zone),)
        found = bounds if found is None else intersect(found, bounds)
        for rule in rules:
            body = rule.body
            if isinstance(body, Window) and body.clock != "point":
                clocks = (zone if body.clock == "consumer" else body.clock,)
                hours = (_law(body.from_), _law(body.to))
                found = intersect(found, minutes_open(body, hours, day, clocks, zone, ()))
    return found or ()


def _law(bound: time | Agreed | None) -> time | None:
    return None if isinstance(bound, Agreed) else bound


def beyond(windows: str, allowed: Sequence[Interval]) -> str:
    """What hours on record (JSON of [start, end] pairs) hold that is not allowed, as JSON or ""."""
    told = tuple(
        (clock.parse_instant(start), clock.parse_instant(end)) for start, end in json.loads(windows)
    )
    rest = subtract(told, tuple(allowed))
    shown = [[clock.format_instant(start), clock.format_instant(end)] for start, end in rest]
    return json.dumps(shown) if shown else ""
