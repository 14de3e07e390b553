"""Instants, wall clocks, days and windows: all wall-clock knowledge, and the only user of pytz.

An instant is an aware datetime in UTC. Wall time is made here, only to compare. A wall time that
a clock change repeats or skips has two readings (pytz refuses to choose); the cautious one is
taken: permission starts at the later and ends at the earlier, a bar the other way round.
Calendar arithmetic stands in `engine.days`, sets of intervals in `engine.intervals`; both are
given out here again, so that a caller needs one module.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import pytz

from .days import (
    add_business_days,
    add_months,
    business_week,
    federal_holidays,
    is_business_day,
    month_start,
    week_start,
)
from .intervals import Interval, intersect, minutes, subtract, union, whole_minute

__all__ = [
    "END_OF_DAY",
    "LAST_YEAR",
    "TZ_VERSION",
    "ZONES",
    "Interval",
    "add_business_days",
    "add_months",
    "barred_span",
    "business_week",
    "day_bounds",
    "federal_holidays",
    "format_instant",
    "format_local",
    "intersect",
    "is_barred",
    "is_business_day",
    "is_open",
    "is_zone",
    "local",
    "local_date",
    "minutes",
    "month_start",
    "parse_date",
    "parse_instant",
    "parse_time",
    "readings",
    "start_of_day",
    "subtract",
    "transitions",
    "union",
    "wall_window",
    "week_start",
    "whole_minute",
]

ZONES: Final = (
    "America/New_York",
    "America/Detroit",
    "America/Kentucky/Louisville",
    "America/Kentucky/Monticello",
    "America/Indiana/Indianapolis",
    "America/Indiana/Vincennes",
    "America/Indiana/Winamac",
    "America/Indiana/Marengo",
    "America/Indiana/Petersburg",
    "America/Indiana/Vevay",
    "America/Chicago",
    "America/Indiana/Tell_City",
    "America/Indiana/Knox",
    "America/Menominee",
    "America/North_Dakota/Center",
    "America/North_Dakota/New_Salem",
    "America/North_Dakota/Beulah",
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Juneau",
    "America/Sitka",
    "America/Metlakatla",
    "America/Yakutat",
    "America/Nome",
    "America/Adak",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Thomas",
    "Pacific/Guam",
    "Pacific/Saipan",
    "Pacific/Pago_Pago",
)
"""Every zone kept in the states, the District and the five territories (15 USC 261-263)."""

TZ_VERSION: Final = str(vars(pytz)["OLSON_VERSION"])
"""The release of the zone database every wall time here stands on, such as "2026f"."""

END_OF_DAY: Final = time.max
"""What "24:00" reads as: the end of the local day, as a closing."""

LAST_YEAR: Final = 2037
"""The last year whose clock changes pytz knows; later wall times are refused, not guessed."""

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


# -- reading and writing


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with its offset, such as 2026-11-21T10:02-05:00, as UTC.

    Raises ValueError with one sentence where it is none, or says no offset.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"`{text}` is not an instant; write it with its offset, as in 2026-11-21T10:02:00-05:00"
        )
    day, minute, second, offset = match.groups()
    offset = offset.upper()
    try:
        return datetime.fromisoformat(f"{day}T{minute}{second or ''}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"`{text}` names a day, a time or an offset that does not exist") from None


def parse_date(text: str) -> date:
    """Read a civil date, such as 2026-11-21. Raises ValueError with one sentence."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is None:
        raise ValueError(f"`{text}` is not a date; write it as 2026-11-21")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is not a date of the calendar") from None


def parse_time(text: str, *, closing: bool = False) -> time:
    """Read a time of day, such as 08:00; a `closing` may also be 24:00 (`END_OF_DAY`).

    Raises ValueError with one sentence.
    """
    if closing and text == "24:00":
        return END_OF_DAY
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII) is None:
        raise ValueError(f"`{text}` is not a time of day; write it as 08:00 or 21:00")
    return time.fromisoformat(text)


def format_instant(at: datetime) -> str:
    """Write an instant in UTC: 2026-11-21T10:02:00Z, with a fraction only where it has one."""
    return _utc(at).replace(tzinfo=None).isoformat() + "Z"


def format_local(at: datetime, zone: str) -> str:
    """Write an instant at a zone's clock with its offset: 2026-11-21T05:02:00-05:00."""
    _known(at)
    return _utc(at).astimezone(_tz(zone)).isoformat()


# -- wall clocks and days


@lru_cache(maxsize=1024)
def _tz(zone: str) -> pytz.BaseTzInfo:
    if not is_zone(zone):
        raise ValueError(f"unknown zone `{zone}`")
    return pytz.timezone(zone)


def is_zone(zone: str) -> bool:
    """Whether the zone database knows this name, letter for letter."""
    return zone in pytz.all_timezones_set


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"`{at.isoformat()}` has no offset, so it is no instant")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _known(at: date) -> None:
    # the first days of the year after are needed to end the last one, and change no clock
    if at.year > LAST_YEAR and (at.year > LAST_YEAR + 1 or at.month > 1 or at.day > 2):
        raise ValueError(f"no clock changes are known after {LAST_YEAR}: `{at.isoformat()}`")


def local(at: datetime, zone: str) -> datetime:
    """The naive wall time an instant has in a zone. Raises ValueError after `LAST_YEAR`."""
    _known(at)
    utc = _utc(at).replace(tzinfo=None)
    quarter = datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute // 15 * 15)  # noqa: DTZ001
    return utc + (_ahead(quarter, zone) or _ahead_at(utc, zone))


def _ahead_at(utc: datetime, zone: str) -> timedelta:
    """How far a zone's clock is ahead of UTC at a naive UTC instant."""
    return _tz(zone).fromutc(utc).replace(tzinfo=None) - utc


@lru_cache(maxsize=65536)
def _ahead(quarter: datetime, zone: str) -> timedelta | None:
    """The same for all of a quarter of an hour; None where the clock changes within it."""
    first = _ahead_at(quarter, zone)
    return first if first == _ahead_at(quarter + _QUARTER, zone) else None


@lru_cache(maxsize=32768)
def local_date(at: datetime, zone: str) -> date:
    """The civil date an instant has in a zone. Raises ValueError after `LAST_YEAR`."""
    return local(at, zone).date()


def readings(wall: datetime, zone: str) -> Interval:
    """The earliest and the latest instant a naive wall time can mean; mostly they are equal.

    A repeated time is read as both its occurrences. A skipped one is read with the offset before
    and with the offset after the change, so the two readings enclose the change.
    """
    _known(wall)
    try:
        at = _tz(zone).localize(wall, is_dst=None).astimezone(UTC)
    except pytz.InvalidTimeError:
        near = wall.replace(tzinfo=UTC)
        both = sorted(near - _ahead_at(wall + step, zone) for step in (-_DAY, _DAY))
        return both[0], both[1]
    return at, at


@lru_cache(maxsize=65536)
def start_of_day(day: date, zone: str) -> datetime:
    """The first instant of a civil date in a zone, in UTC.

    Where midnight itself is skipped the day starts with the clock change; where it is repeated,
    at its first occurrence.
    """
    first, last = readings(datetime.combine(day, time.min), zone)
    return first if local_date(first, zone) >= day else last


@lru_cache(maxsize=65536)
def day_bounds(day: date, zone: str) -> Interval:
    """The civil date in a zone as [its first instant, the next day's first instant)."""
    return start_of_day(day, zone), start_of_day(day + _DAY, zone)


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[datetime, int], ...]:
    """Changes of offset within a UTC year, found by halving the weeks they fall in.

    No zone has changed its clocks twice in a week since 1970.
    """
    found: list[tuple[datetime, int]] = []
    low = datetime(year, 1, 1) - _SECOND  # noqa: DTZ001 (pytz asks for naive UTC here)
    end = datetime(year + 1, 1, 1) - _SECOND  # noqa: DTZ001
    before = _ahead_at(low, zone)
    while low < end:
        high = min(low + 7 * _DAY, end)
        after = _ahead_at(high, zone)
        if after != before:
            early, late = low, high
            while late - early > _SECOND:
                middle = early + (late - early) // _SECOND // 2 * _SECOND
                came = _ahead_at(middle, zone) == after
                early, late = (early, middle) if came else (middle, late)
            found.append((late.replace(tzinfo=UTC), round(after.total_seconds())))
        low, before = high, after
    return tuple(found)


def transitions(zone: str, first: date, last: date) -> list[tuple[datetime, int]]:
    """Offsets in force from local day `first` through `last`: (from this instant, seconds east).

    The first element starts with the first instant of `first`; each holds until the next. So a
    column engine makes wall times without a zone database of its own: utc + offset.
    """
    start, end = start_of_day(first, zone), start_of_day(last + _DAY, zone)
    found = [(start, round(_ahead_at(start.replace(tzinfo=None), zone).total_seconds()))]
    for year in range(start.year, min(end.year, LAST_YEAR) + 1):
        found.extend((at, offset) for at, offset in _changes(zone, year) if start < at < end)
    return found


# -- windows


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _ceil(at: datetime) -> datetime:
    whole = _floor(at)
    return whole if whole == at else whole + _MINUTE


def _closes(end: time | None) -> bool:
    return end is not None and end != END_OF_DAY


_Span = tuple[datetime, datetime, bool, bool]
"""First and last instant, and for each whether it is an edge of the law or only of the day."""


@lru_cache(maxsize=65536)
def _open_spans(day: date, zone: str, start: time | None, end: time | None) -> tuple[_Span, ...]:
    dawn, dusk = day_bounds(day, zone)
    opens = dawn if start is None else readings(datetime.combine(day, start), zone)[1]
    closes = dusk
    if end is not None and _closes(end):
        closes = readings(datetime.combine(day, end), zone)[0]
        if start is not None and start > end:
            return (dawn, closes, False, True), (opens, dusk, True, False)
    return ((opens, closes, start is not None, _closes(end)),)


@lru_cache(maxsize=65536)
def wall_window(
    day: date, zone: str, start: time | None, end: time | None, edges: str = "open"
) -> tuple[Interval, ...]:
    """The whole minutes of one local day that lie inside permitted wall-clock hours, in UTC.

    Every instant of every interval is lawful: 08:00 to 21:00 with `open` edges is [08:01, 21:00),
    with `closed` edges [08:00, 21:00). None, and 24:00 as `end`, is the edge of the day itself.
    Hours over midnight (start > end) are the day's own hours: until `end`, and from `start` on.
    Equal times are an empty window.
    """
    found: list[Interval] = []
    for opens, closes, law_opens, _ in _open_spans(day, zone, start, end):
        first = _floor(opens) + _MINUTE if law_opens and edges == "open" else _ceil(opens)
        if first < _floor(closes):
            found.append((first, _floor(closes)))
    return tuple(found)


def is_open(
    at: datetime, zone: str, start: time | None, end: time | None, edges: str = "open"
) -> bool:
    """Whether an exact instant lies inside permitted hours, judged on its own local day.

    08:00 to 21:00 with `open` edges: 08:00:00 and 21:00:00 are out, 08:00:01 is in; with `closed`
    edges both are in. Law: 15 USC 1692c(a)(1), 12 CFR 1006.6(b)(1)(i), read cautiously.
    """
    for opens, closes, law_opens, law_closes in _open_spans(local_date(at, zone), zone, start, end):
        after = at > opens if law_opens and edges == "open" else at >= opens
        before = at <= closes if law_closes and edges == "closed" else at < closes
        if after and before:
            return True
    return False


@lru_cache(maxsize=65536)
def _barred_spans(day: date, zone: str, start: time | None, end: time | None) -> tuple[_Span, ...]:
    dawn, dusk = day_bounds(day, zone)
    opens = dawn if start is None else readings(datetime.combine(day, start), zone)[0]
    if end is None or not _closes(end):
        return ((opens, dusk, start is not None, False),)
    closes = readings(datetime.combine(day, end), zone)[1]
    if start is None or start < end:
        return ((opens, closes, start is not None, True),)
    next_closes = readings(datetime.combine(day + _DAY, end), zone)[1]
    return (dawn, closes, False, True), (opens, next_closes, True, True)


@lru_cache(maxsize=65536)
def barred_span(day: date, zone: str, start: time | None, end: time | None) -> tuple[Interval, ...]:
    """The whole minutes touched by hours somebody barred on a local day, in UTC, at their widest.

    Both ends are barred themselves: 15:00 to 17:00 is [15:00, 17:01). Hours over midnight
    (start >= end) bar the day's own until `end` and, from `start`, on into the next day: for one
    day's whole bar ask for the day before as well.
    """
    spans = (
        (_floor(opens), _floor(closes) + _MINUTE if closed else _ceil(closes))
        for opens, closes, _, closed in _barred_spans(day, zone, start, end)
    )
    return union(tuple(spans), ())


def is_barred(at: datetime, day: date, zone: str, start: time | None, end: time | None) -> bool:
    """Whether an exact instant lies inside hours barred on local day `day`, ends included."""
    return any(
        opens <= at and (at <= closes if closed else at < closes)
        for opens, closes, _, closed in _barred_spans(day, zone, start, end)
    )
