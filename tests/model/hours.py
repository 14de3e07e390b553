"""Windows of the law and hours that a consumer called inconvenient (rules/README.md, window).

A moment is inside a window or it is not: there are no intervals here, only moments.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr

from engine import clock, words
from engine.kinds import Agreed, Window

from . import calendar
from .consent import told_us
from .past import VOICE, Asked
from .people import human, with_whom
from .told import binding, lifting, received_at, said

INSTANT = timedelta(microseconds=1)


def agreed_end(asked: Asked) -> time | None:
    """`consents_to_calls_until`: moves calls and voicemail only, if said in a lawful contact.

    It must have been told to this collector (12 CFR 1006.6(b)(4)(i)). The latest one holds.
    """
    if asked.contact.channel not in VOICE:
        return None
    person = with_whom(asked.group, asked.contact, asked.consumer)
    found: time | None = None
    for one in said(asked, "consents_to_calls_until"):
        speaker = human(asked.group, one.by or one.consumer)
        if told_us(one) and one.during_lawful_contact is True and speaker == person:
            found = one.value
    return found


def _hour(asked: Asked, value: time | Agreed | None) -> time | None:
    if isinstance(value, Agreed):
        agreed = agreed_end(asked) if value.or_agreed == "calls_until" else None
        law = value.law
        assert isinstance(law, time)
        return agreed if agreed is not None else law
    return value


def is_closed(
    asked: Asked, window: Window, at: datetime, zones: Collection[str], zone_of_hours: str | None
) -> bool:
    """Whether a moment is outside a window: in any of the zones, or in the person's bad hours."""
    if not zones:
        return True  # no zone known: unknown is a no
    for zone in zones:
        if _closed_here(asked, window, at, zone):
            return True
    if window.closed_by == "consumer_hours" and zone_of_hours is not None:
        return called_inconvenient(asked, at, zone_of_hours)
    return False


def _closed_here(asked: Asked, window: Window, at: datetime, zone: str) -> bool:
    day = calendar.day_of(at, zone)
    if window.days is not None and words.DAYS[day.weekday()] not in window.days:
        return True
    if any(is_closed_day(entry, day) for entry in window.closed):
        return True
    return not _between(
        at, day, zone, _hour(asked, window.from_), _hour(asked, window.to), window.edges
    )


def is_closed_day(entry: str, day: date) -> bool:
    names = calendar.holiday_names(day)
    if entry == "federal_holidays":
        return bool(names)
    if entry in calendar.holidays_of(day.year):
        return entry in names
    start = datetime(day.year - 1, 1, 1)  # noqa: DTZ001 (a civil date, no instant)
    rule = rrulestr(entry, dtstart=start)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    return bool(rule.between(midnight, midnight, inc=True))


def _between(
    at: datetime, day: date, zone: str, start: time | None, end: time | None, edges: str
) -> bool:
    """Inside the hours of this local day; where a clock change repeats an edge, cautiously."""
    if end == clock.END_OF_DAY:
        end = None
    after = before = True
    if start is not None:
        opens = clock.readings(datetime.combine(day, start), zone)[1]
        after = at >= opens if edges == "closed" else at > opens
    if end is not None:
        closes = clock.readings(datetime.combine(day, end), zone)[0]
        before = at <= closes if edges == "closed" else at < closes
    if start is not None and end is not None and start > end:
        return after or before  # hours over midnight: the day's own until `end`, from `start` on
    return after and before


# -- the consumer's own hours


def _in_hours(entry: dict[str, Any], at: datetime, zone: str) -> bool:
    """Whether a moment lies in {days, from, to, until}: both ends are in, `until` is the last day.

    Hours over midnight belong to the day they start on and run on into the next morning.
    READING: they also cover the morning of the listed day itself.
    """
    today = calendar.day_of(at, zone)
    start: time | None = entry.get("from")
    end: time | None = entry.get("to")
    if end == clock.END_OF_DAY:
        end = None
    over_midnight = start is not None and end is not None and start >= end
    for day in (today, today - calendar.DAY):
        if entry.get("days") is not None and words.DAYS[day.weekday()] not in entry["days"]:
            continue
        if entry.get("until") is not None and day > entry["until"]:
            continue
        opened = start is None or at >= clock.readings(datetime.combine(day, start), zone)[0]
        if day == today:
            if end is None:
                if opened:
                    return True
                continue
            ended = at > clock.readings(datetime.combine(day, end), zone)[1]
            if over_midnight:
                if opened or not ended:
                    return True
            elif opened and not ended:
                return True
        elif over_midnight and end is not None:
            ended = at > clock.readings(datetime.combine(today, end), zone)[1]
            if not ended:
                return True
    return False


def _entries(value: Any) -> list[dict[str, Any]]:
    return [value] if isinstance(value, dict) else list(value)


def called_inconvenient(asked: Asked, at: datetime, zone: str) -> bool:
    """Whether a moment is one that whoever is contacted called inconvenient (1006.6(b)(1)(i)).

    A withdrawal subtracts from what was said before it; the edge of what remains stays closed.
    """
    for one in binding(asked, "inconvenient"):
        withdrawn = [
            entry
            for other in lifting(asked, one, "withdraws_inconvenience")
            for entry in _entries(other.value)
        ]
        for entry in _entries(one.value):
            if not _in_hours(entry, at, zone):
                continue
            near = [at, at - INSTANT, at + INSTANT]
            if all(
                not _in_hours(entry, moment, zone)
                or any(_in_hours(off, moment, zone) for off in withdrawn)
                for moment in near
            ):
                continue
            return True
    for one in binding(asked, "this_time_is_inconvenient"):
        # the running call and the rest of that local day (ours)
        since = received_at(asked, one)
        same_day = calendar.day_of(since, zone) == calendar.day_of(at, zone)
        if one.value is not False and since <= at and same_day:
            return True
    return False
