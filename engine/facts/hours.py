"""Windows and the consumer's own hours: when the law, or the person, leaves the door open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dateutil.rrule import rrulestr

from .. import clock, days, words
from ..history import Statement
from ..intervals import Interval, intersect, subtract, union
from ..kinds import Agreed, Window
from ..place import locate_number
from .speaking import in_order, own_words
from .view import day_of

if TYPE_CHECKING:
    from .view import View

TAKES_OFF = "withdraws_inconvenience"
BARS = ("inconvenient", "this_time_is_inconvenient")
KINDS_OF_HOURS = (*BARS, TAKES_OFF)
FAR = 800  # days: no day asked about lies further off
Bounds = tuple[time | None, time | None]
FEDERAL_EVENING = (time(21, 0), time(8, 0))  # 12 CFR 1006.6(b)(1)(i): the bad time between


def _time(value: Any) -> time | None:
    if value is None or isinstance(value, time):
        return value
    return clock.parse_time(str(value), closing=True)


def _date(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return clock.parse_date(str(value))


def parse_time_of(value: Any) -> time | None:
    """A time of day as a statement gives it: text or a time."""
    return _time(value)


def weekdays(value: Any) -> frozenset[str]:
    """Days as written (mon or monday, one or a list) as words.DAYS; None is every day."""
    if value is None:
        return frozenset(words.DAYS)
    listed = [value] if isinstance(value, str) else list(value)
    return frozenset(str(one).lower()[:3] for one in listed)


def _entries(value: Any) -> list[dict[str, Any]]:
    return [value] if isinstance(value, dict) else list(value)


Hours = tuple[bool, date | None, frozenset[str], time | None, time | None, datetime | None]
"""(bars or withdraws, last day, weekdays, from, to, not before this instant)."""


def entries_of(said: Iterable[tuple[datetime, Statement]], zone: str) -> tuple[Hours, ...]:
    """What was said of one person's hours, in the order received, as spans that need nothing else.

    Of two words received at one instant the withdrawal is the earlier.
    `this_time_is_inconvenient` bars from its receipt to the end of that local day (number ours).
    """
    found: list[Hours] = []
    ordered = sorted(said, key=lambda pair: (pair[0], pair[1].kind != TAKES_OFF))
    for received, one in ordered:
        if one.kind == "this_time_is_inconvenient":
            if one.value is not False:
                told = day_of(one.received, zone)
                found.append((True, told, frozenset(words.DAYS), None, None, received))
            continue
        found.extend(
            (
                one.kind == "inconvenient",
                _date(entry.get("until")),
                weekdays(entry.get("days")),
                _time(entry.get("from")),
                _time(entry.get("to")),
                None,
            )
            for entry in _entries(one.value)
        )
    return tuple(found)


def own_hours(view: View) -> tuple[tuple[Hours, ...], ...]:
    """What each of the people contacted said of the hours."""
    people = sorted(view.governed)
    return tuple(entries_of(in_order(view, one, BARS, TAKES_OFF), view.zone) for one in people)


def _holds(hours: Hours, day: date) -> bool:
    _, until, on, *_, since = hours
    if since is not None:  # only the day it was said
        return until == day
    return (until is None or day <= until) and words.DAYS[day.weekday()] in on


def barred_at(view: View, at: datetime) -> bool:
    """Whether the exact instant lies in hours the person called inconvenient (ends included).

    12 CFR 1006.6(b)(1)(i), comment 6(b)(1)-1; a later word beats an earlier one.
    """
    return any(barred_by(entries, at, view.zone) for entries in own_hours(view))


def barred_by(entries: tuple[Hours, ...], at: datetime, zone: str) -> bool:
    """Whether an instant lies in hours that one person called inconvenient."""
    today = clock.local_date(at, zone)
    barred = False
    for hours in entries:
        bars, _, _, start, end, since = hours
        if since is not None and at < since:
            continue
        for day in (today - timedelta(days=1), today):
            if _holds(hours, day) and clock.is_barred(at, day, zone, start, end):
                barred = bars
    return barred


@lru_cache(maxsize=65536)
def barred_on(entries: tuple[Hours, ...], zone: str, day: date) -> tuple[Interval, ...]:
    """The whole minutes of a local day in hours that were called inconvenient."""
    bounds = (clock.day_bounds(day, zone),)
    barred: tuple[Interval, ...] = ()
    for hours in entries:
        bars, _, _, start, end, since = hours
        spans: tuple[Interval, ...] = ()
        for one in (day - timedelta(days=1), day):
            if not _holds(hours, one):
                continue
            if bars:
                spans = union(spans, clock.barred_span(one, zone, start, end))
            else:
                spans = union(spans, clock.wall_window(one, zone, start, end, "closed"))
        if since is not None:
            spans = subtract(spans, ((bounds[0][0] - timedelta(days=1), since),))
        barred = union(barred, spans) if bars else subtract(barred, spans)
    return intersect(barred, bounds)


def bad_time_began(view: View, at: datetime, own: bool) -> datetime | None:
    """When the running bad period began; None if the instant is not in one.

    `own`: the consumer's hours; else the evening and morning that the federal window shuts.
    """
    if own:
        if not barred_at(view, at):
            return None
        began = at
        day = clock.local_date(at, view.zone)
        for back in range(7):
            spans = tuple[Interval, ...]()
            for entries in own_hours(view):
                spans = union(spans, barred_on(entries, view.zone, day - timedelta(days=back)))
            inside = [span for span in spans if span[0] <= began <= span[1]]
            if not inside:
                return began
            began = inside[0][0]
            if began > clock.start_of_day(day - timedelta(days=back), view.zone):
                return began
        return began
    evening, morning = FEDERAL_EVENING
    if clock.is_open(at, view.zone, morning, evening, "open"):
        return None
    day = clock.local_date(at, view.zone)
    if clock.local(at, view.zone).time() <= morning:
        day -= timedelta(days=1)
    return clock.readings(datetime.combine(day, evening), view.zone)[0]


# -- windows


def agreed_time(view: View, agreement: str) -> time | None:
    """The latest `consents_to_calls_until` that binds: told to us in a lawful contact.

    12 CFR 1006.6(b)(4)(i), comments 6(b)(4)(i)-1, -2; it moves calls and voicemail only.
    """
    if agreement != "calls_until" or view.contact.channel not in words.VOICE_CHANNELS:
        return None
    agreed: time | None = None
    for _, one in own_words(view, "consents_to_calls_until"):
        if one.during_lawful_contact is True:
            agreed = _time(one.value)
    return agreed


def bounds_of(body: Window, agreed: Callable[[str], time | None]) -> Bounds:
    """The opening and closing that hold, with what was agreed put in place of the law."""

    def pick(value: time | Agreed | None) -> time | None:
        if not isinstance(value, Agreed):
            return value
        found = agreed(value.or_agreed)
        assert isinstance(value.law, time)
        return value.law if found is None else found

    return pick(body.from_), pick(body.to)


@lru_cache(maxsize=4096)
def is_closed_day(closed: tuple[str, ...], day: date) -> bool:
    """Whether a day is on a window's list of closed days: holidays, dates, or an RRULE."""
    for entry in closed:
        if entry == "federal_holidays":
            if day in days.federal_holidays(day.year):
                return True
        elif entry.startswith(("RRULE:", "DTSTART", "FREQ=")):
            first = datetime(day.year, 1, 1)  # noqa: DTZ001 - calendar days, no zone
            rule = rrulestr(entry, dtstart=first, ignoretz=True)
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001
            if rule.between(moment, moment, inc=True):
                return True
        elif entry == day.isoformat() or entry == day.strftime("%m-%d"):
            return True
    return False


def window_zones(view: View, body: Window, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones whose clocks a window is read on.

    consumer: this view's; for somebody else's number that person's as well; a zone's name; point.
    """
    if body.clock == "consumer":
        own = (view.zone,) if zones else ()
        if view.point is not None and view.owner(view.point.id)[0] != view.consumer.person:
            return (*own, *sorted(locate_number(view.point) - set(own)))
        return own
    if body.clock == "point":
        return tuple(sorted(locate_number(view.point))) if view.point is not None else ()
    return (body.clock,)


def closes(view: View, body: Window, zones: tuple[str, ...]) -> str:
    """Yes if the window is shut at the moment asked (or all of the day asked), no, or unknown."""
    clocks = window_zones(view, body, zones)
    if not clocks:
        return words.UNKNOWN
    if view.moment.at is not None:
        shut = any(_shut_at(view, body, view.moment.at, zone) for zone in clocks)
    else:
        later = ((view.moment.known, view.moment.known + timedelta(days=FAR)),)
        shut = not intersect(open_on(view, body, view.day, clocks), later)
    return words.YES if shut else words.NO


def _shut_at(view: View, body: Window, at: datetime, zone: str) -> bool:
    bounds = bounds_of(body, lambda name: agreed_time(view, name))
    if shut_by_law(body, bounds, at, zone):
        return True
    return body.closed_by == "consumer_hours" and barred_at(view, at)


def shut_by_law(body: Window, bounds: Bounds, at: datetime, zone: str) -> bool:
    """Whether a window with these hours is shut at an instant on one clock, whoever is asked."""
    day = clock.local_date(at, zone)
    if is_closed_day(body.closed, day):
        return True
    if body.days is not None and words.DAYS[day.weekday()] not in body.days:
        return True
    return not clock.is_open(at, zone, *bounds, body.edges)


def open_on(view: View, body: Window, day: date, clocks: tuple[str, ...]) -> tuple[Interval, ...]:
    """The published minutes of a day in which a window is open on every one of its clocks."""
    bounds = bounds_of(body, lambda name: agreed_time(view, name))
    found = minutes_open(body, bounds, day, clocks, view.zone, ())
    if body.closed_by == "consumer_hours":
        for entries in own_hours(view):
            found = subtract(found, barred_on(entries, view.zone, day))
    return found


def minutes_open(
    body: Window,
    bounds: Bounds,
    day: date,
    clocks: tuple[str, ...],
    zone: str,
    entries: tuple[Hours, ...],
) -> tuple[Interval, ...]:
    """`open_on` without a view: hours as agreed, clocks, and the person's own hours in a zone."""
    found: tuple[Interval, ...] | None = None
    start, end = bounds
    barred = barred_on(entries, zone, day) if entries else ()
    for name in clocks:
        here: tuple[Interval, ...] = ()
        listed = body.days is None or words.DAYS[day.weekday()] in body.days
        if listed and not is_closed_day(body.closed, day):
            here = clock.wall_window(day, name, start, end, body.edges)
        if barred:
            here = subtract(here, barred)
        found = here if found is None else intersect(found, here)
    return found or ()
