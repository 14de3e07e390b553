"""The way to the next permitted moment gone again, day by day, of the situations on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine import clock, words
from engine.columns.upcoming import Clocks
from engine.intervals import Interval, from_on, intersect
from engine.kinds import Limit, Wait, Window
from engine.upcoming import STEPS

from .answering import Outcome

if TYPE_CHECKING:
    from .following import Follower
    from .footing import Basis, Wrong


def walked(
    follower: Follower,
    ways: Sequence[tuple[Basis, Clocks]],
    day: date | None,
    steps: Sequence[Mapping[str, Any]],
    wrong: list[Wrong],
    tried: date | None = None,
    now: datetime | None = None,
    floor: datetime | None = None,
) -> datetime | None:
    """The first opening on the way, or None: not by time alone.

    `day`: when what refuses on the day asked lets go. Each step must be the day that the one before
    leads to. `ways`: the bases and clocks of each way in which days were looked at.
    `now`: the moment of a live decision; `tried`: the whole day it was about, if it was; `floor`:
    when what is of no zone lets go.
    """
    known = now or follower.now
    if now is None:
        tried = follower.day
    next_day = max(one for one in (tried, day) if one is not None)
    for step in steps:
        if next_day == tried:
            next_day += timedelta(days=1)
        tried = next_day
        if step["day"] != next_day.isoformat():
            wrong.append(("the days looked at", step["day"], next_day.isoformat()))
            return None
        looks = [
            stepped(follower, *way, next_day, one, known, wrong)
            for way, one in zip(ways, step.get("both", [step]), strict=False)
        ]
        ends = [end for end, _, _ in looks]
        if None in ends:
            return None
        if not any(refused for _, _, refused in looks):
            opens = looks[0][1]
            for _, more, _ in looks[1:]:
                opens = intersect(opens, more)
            if floor is not None:
                opens = from_on(opens, clock.whole_minute(floor))
            if opens:
                return opens[0][0]
        next_day = max(next_day, *(end for end in ends if end is not None))
    if len(steps) < STEPS:  # no more are looked at
        wrong.append(("the days looked at", f"{len(steps)} of them", "more"))
    return None


def stepped(
    follower: Follower,
    basis: Basis,
    clocks: Clocks,
    day: date,
    step: Mapping[str, Any],
    now: datetime,
    wrong: list[Wrong],
) -> tuple[date | None, tuple[Interval, ...], bool]:
    """A day on the way: until when something refuses, what is open, and whether anything refuses.

    Until None: not by time alone.
    """
    places = tuple(filter(None, step["places"].split(";")))
    zones = tuple(filter(None, step["zones"].split(";")))
    lost = [name for name, *_ in step["judged"] if name not in follower.outcomes]
    if lost:
        wrong.append(("situations that the record does not have", lost, []))
        return None, (), True
    judged = [(follower.outcomes[name], zone, told) for name, zone, _, told in step["judged"]]
    follower.sets((one for one, _, _ in judged), places, basis, day, wrong)
    missing, _ = follower.missing(places, basis, day, known=bool(step["known"]))
    if missing or any(one.trouble for one, _, _ in judged):
        return None, (), True
    ends = day
    refused = False
    for one, zone, told in judged:
        for name in one.refusing:
            refused = True
            body = follower.law.rules[name].body
            if isinstance(body, Window) and zones and one.bits.get(name) != words.UNKNOWN:
                continue
            if not isinstance(body, Limit | Wait) or "free" not in told.get(name, ()):
                return None, (), True
            free = clock.parse_instant(told[name]["free"])
            ends = max(ends, clock.local_date(free, zone))
    if refused:
        return ends, (), True
    return ends, _open(follower, judged, basis, (zones, *clocks[1:]), day, now), False


def _open(
    follower: Follower,
    judged: Sequence[tuple[Outcome, str, Mapping[str, Any]]],
    basis: Basis,
    clocks: Clocks,
    day: date,
    now: datetime,
) -> tuple[Interval, ...]:
    """The minutes of a day that all windows leave, from when the last wait in it is over."""
    found: tuple[Interval, ...] | None = None
    for zone in dict.fromkeys(zone for _, zone, _ in judged):
        bounds = (clock.day_bounds(day, zone),)
        found = bounds if found is None else intersect(found, bounds)
    start = clock.whole_minute(now)
    for one, zone, told in judged:
        for rule in one.windows:
            for sig in basis.signs:
                here = follower.hourglass.minutes(rule, zone, clocks[1], sig, clocks[3], day)
                found = intersect(found or (), here or ())
        for name, count in told.items():
            if "free" in count and name not in one.refusing:
                start = max(start, clock.whole_minute(clock.parse_instant(count["free"])))
    return from_on(found or (), start)
