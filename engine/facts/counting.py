"""Counting, plainly: periods, limits, waits, `happened` (rules/README.md, kinds and periods).

One contact counts at most once for a rule. Days are civil days in the view's zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from .. import clock, days, words
from ..account import Account
from ..kinds import Agreed, Limit, Wait
from ..rule import Happened, Period, Selector
from .near import near
from .selecting import (
    debts_of,
    events,
    excuse,
    exempted,
    has_unit,
    matches,
    membership,
    same_unit,
    unclear,
    words_said,
)
from .speaking import own_words
from .view import View, day_of

# -- periods


def in_period(view: View, at: datetime, period: Period, now: datetime) -> bool:
    """Whether a past instant still counts on the day asked (rules/README.md, `within`)."""
    if period.unit == "ever":
        return True
    past = view.day_at(at)
    match period.unit:
        case "hour":
            return at > now - timedelta(hours=period.count)
        case "day":
            return past > view.day - timedelta(days=period.count)
        case "month":
            return days.add_months(past, period.count) > view.day
        case "business_day":
            return days.add_business_days(past, period.count) > view.day
        case "calendar_day":
            return past == view.day
        case "calendar_week_from_sunday":
            return days.week_start(past) == days.week_start(view.day)
        case "business_week":
            return days.business_week(past) == days.business_week(view.day)
        case "calendar_month":
            return days.month_start(past) == days.month_start(view.day)
    raise ValueError(f"unknown period `{period.unit}`")


def leaves_period(view: View, at: datetime, period: Period) -> datetime | None:
    """The first instant at which a past contact no longer counts; None: never."""
    past = clock.local_date(at, view.zone)
    match period.unit:
        case "ever":
            return None
        case "hour":
            return at + timedelta(hours=period.count)
        case "day":
            first = past + timedelta(days=period.count)
        case "month":
            first = days.add_months(past, period.count)
        case "business_day":
            first = days.add_business_days(past, period.count)
        case "calendar_day":
            first = past + timedelta(days=1)
        case "calendar_week_from_sunday":
            first = days.week_start(past) + timedelta(days=7)
        case "business_week":
            first = days.business_week(past)[0] + timedelta(days=7)
        case "calendar_month":
            first = days.add_months(days.month_start(past), 1)
        case _:
            raise ValueError(f"unknown period `{period.unit}`")
    return clock.start_of_day(first, view.zone)


# -- limits and waits


@dataclass(frozen=True, slots=True)
class Count:
    """What a limit or wait says: `bit` (yes refuses), how it stands, and when it lets go.

    `state`: out (the rule did not apply), exempt (applied and satisfied), room, reached, running,
    over, unknown. `free` None while it refuses: not by time alone. Ids of statements: `excused`,
    the consent that leaves the contact out where there is something to count; `agreed`, those by
    which the number is another than the law's.
    """

    bit: str
    state: str
    used: int = 0
    maximum: int = 0
    free: datetime | None = None
    counts_this: bool = False
    excused: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()


OUT: Final = Count(words.NO, "out")


def agreed(view: View, name: str) -> tuple[int, str] | None:
    """A number that the person agreed to, and in which statement, the last that gives one.

    `name`: messages_max or messages_within (in days).
    """
    found: tuple[int, str] | None = None
    for _, one in own_words(view, "agrees_to_messages"):
        if isinstance(one.value, dict):
            key = "max" if name == "messages_max" else "within"
            if one.value.get(key) is not None:
                found = int(str(one.value[key]).split()[0]), one.id
    return found


def limit(view: View, body: Limit, debt: Account) -> Count:
    """Judge one limit for one debt (Regulation F: 12 CFR 1006.14(b)(2)(i)(A))."""
    if view.same_call is not None:
        return OUT
    chosen = body.counting
    member = membership(view, chosen, debt)
    if member == "out" or not has_unit(view, body.per):
        return OUT
    found = counted(view, body, debt)
    if found is None:
        return OUT
    maximum, period, instants, by = found
    used = len(instants)
    excused: tuple[str, ...] = ()
    if member == "exempt" and used >= min(maximum, 1):
        excused = excuse(view, chosen.not_, debt)
    if _since_unknown(body, debt):
        bit = words.NO if member == "exempt" else words.UNKNOWN
        return Count(bit, "unknown", used, maximum, excused=excused, agreed=by)
    if member == "exempt":
        return Count(words.NO, "exempt", used, maximum, excused=excused, agreed=by)
    if used + 1 <= maximum:
        return Count(words.NO, "room", used, maximum, counts_this=True, agreed=by)
    free: datetime | None = None
    if maximum > 0 and period is not None:
        # the proposed one fits when all but (maximum - 1) of those that count have left
        blocking = sorted(instants)[: used - maximum + 1]
        leaves = [leaves_period(view, at, period) for at in blocking]
        free = None if None in leaves else max(one for one in leaves if one is not None)
        if free is not None and period.unit == "hour" and _within_day(view, free):
            # the day asked has room from then on, as after a wait that runs out in it
            still = sum(1 for at in instants if at > free - timedelta(hours=period.count))
            return Count(words.NO, "room", still, maximum, free, counts_this=True, agreed=by)
    return Count(words.YES, "reached", used, maximum, free, counts_this=True, agreed=by)


def may_begin(event: Selector) -> bool:
    """Whether an attempt, without a conversation, may be the event that something runs from."""
    ours = event.of_contacts and event.direction != "in"
    return ours and event.what != "conversations"


def _since_unknown(body: Limit, debt: Account) -> bool:
    """Whether nobody recorded the date of the account from which the limit counts."""
    since = body.since
    return since is not None and since.of_dates and since.what not in debt.dates


def _within_day(view: View, free: datetime) -> bool:
    """Whether a whole day is asked and what holds lets go before it ends."""
    return view.moment.at is None and free < clock.day_bounds(view.day, view.zone)[1]


def counted(
    view: View, body: Limit, debt: Account
) -> tuple[int, Period | None, list[datetime], tuple[str, ...]] | None:
    """(the maximum, the period, instants of what counts now, the statements that gave the numbers).

    None where it is not applied. What was agreed counts where it is not zero.
    """
    maximum = body.max.law if isinstance(body.max, Agreed) else body.max
    by: list[str] = []
    if isinstance(body.max, Agreed) and (told := agreed(view, body.max.or_agreed)) and told[0]:
        maximum = told[0]
        by.append(told[1])
    assert isinstance(maximum, int)
    period = body.within
    if body.agreed_within and period and (told := agreed(view, body.agreed_within)) and told[0]:
        period = Period(told[0], "day")
        by.append(told[1])
    now = view.moment.at or max(view.moment.known, clock.start_of_day(view.day, view.zone))
    since: datetime | None = None
    if body.since is not None and not _since_unknown(body, debt):
        begun = events(view, body.since, body.per, debt)
        if not begun:
            # an attempt of the same day may be that event, and then counts from itself on: what
            # there is room for is told before it, and nothing refuses
            return (maximum, period, [], tuple(by)) if maximum and may_begin(body.since) else None
        since = min(begun)
    floor = now - timedelta(days=period.count + 3) if period and period.unit == "day" else None
    instants = [
        past.at
        for past in near(view, body.counting.what, body.per)
        if (floor is None or past.at >= floor)
        and (since is None or past.at >= since)
        and (period is None or in_period(view, past.at, period, now))
        and same_unit(view, past, body.per, debt, body.counting)
        and matches(view, past, body.counting, debt)
    ]
    return maximum, period, instants, tuple(sorted(set(by)))


def wait(view: View, body: Wait, debt: Account) -> Count:
    """Judge one wait for one debt (Regulation F: 12 CFR 1006.14(b)(2)(i)(B))."""
    if view.same_call is not None:
        return OUT
    if body.after.of_dates and body.after.what not in debt.dates:
        return Count(words.UNKNOWN, "unknown")
    if body.after.of_dates:  # a date still to come holds as well
        begun = [clock.start_of_day(debt.dates[body.after.what], view.zone)]
    else:
        begun = events(view, body.after, body.per, debt)
    if not begun or not has_unit(view, body.per):
        return OUT
    event = min(begun) if body.after.which == "first" else max(begun)
    if exempted(view, body.exempt, debt):
        return Count(words.NO, "exempt", excused=excuse(view, body.exempt, debt))
    if body.until is not None:
        ended = [at for at in events(view, body.until, body.per, debt, ends=True) if at >= event]
        if ended:
            return Count(words.NO, "over")
        return Count(words.YES, "running")
    assert body.for_ is not None
    ends = wait_ends(view, event, body)
    now = view.moment.at
    last = clock.day_bounds(view.day, view.zone)[1]
    if now < ends if now is not None else last <= ends:
        return Count(words.YES, "running", free=ends)
    return Count(words.NO, "over", free=ends)


def wait_ends(view: View, event: datetime, body: Wait) -> datetime:
    """The first instant after a wait."""
    assert body.for_ is not None
    count, unit = body.for_.count, body.for_.unit
    if unit == "hour":
        return event + timedelta(hours=count)
    return clock.start_of_day(first_free(day_of(event, view.zone), body), view.zone)


def first_free(first: date, body: Wait) -> date:
    """The first day after a wait in days: `event` counts the event's day as day 1, `next` not."""
    assert body.for_ is not None
    count, unit = body.for_.count, body.for_.unit
    after = body.first_day == "next"
    if unit == "month":
        return days.add_months(first, count) + timedelta(days=int(after))
    if unit == "business_day":
        if after:
            return days.add_business_days(first, count) + timedelta(days=1)
        counts_first = days.is_business_day(first)
        last = days.add_business_days(first, count - 1 if counts_first else count)
        return last + timedelta(days=1)
    return first + timedelta(days=count + int(after))


# -- happened


def happened(view: View, asked: Happened, debt: Account) -> str:
    """Whether it is on record: yes, no, or unknown where nobody recorded which debt or how it went.

    With `which: first` only the first is looked at.
    """
    if asked.event.of_dates and asked.event.what not in debt.dates:
        return words.UNKNOWN
    found = sorted(_instants(view, asked.event, debt))
    if asked.event.which == "first":
        found = found[:1]
    if asked.since is not None:
        begun = [at for at, _ in _instants(view, asked.since, debt)]
        if begun:
            start = min(begun) if asked.since.which == "first" else max(begun)
            if asked.since.of_dates:  # that day itself is in it
                found = [one for one in found if one[0] >= start]
            else:
                found = [one for one in found if one[0] > start]
    now = view.moment.at or max(view.moment.known, clock.start_of_day(view.day, view.zone))
    if asked.within is not None:
        found = [one for one in found if in_period(view, one[0], asked.within, now)]
    if asked.older_than is not None:
        found = [one for one in found if _older(view, one[0], asked.older_than)]
    if asked.unless_followed is not None:
        follows = _instants(view, asked.unless_followed, debt)
        found = [
            (at, sure and left == words.YES)
            for at, sure in found
            if (left := _left(view, at, follows, asked.followed_within)) != words.NO
        ]
    if any(sure for _, sure in found):
        return words.YES
    return words.UNKNOWN if found else words.NO


def _instants(view: View, chosen: Selector, debt: Account) -> list[tuple[datetime, bool]]:
    """Instants of what is selected about a debt, and whether each surely is that."""
    if not chosen.of_contacts:
        if chosen.of_dates:
            return [(at, True) for at in events(view, chosen, (), debt)]
        return words_said(view, chosen, debt)
    single = len(view.own_accounts) == 1
    found = []
    for past in view.past_counting(debt, chosen.what):
        if not matches(view, past, chosen, debt):
            continue
        named = debts_of(past, chosen)
        if named is None or debt.id in named:  # pooled are the debts of a unit alone
            clear = not unclear(view, past, chosen)
            found.append((past.at, clear and (named is not None or single)))
    return found


def _older(view: View, at: datetime, period: Period) -> bool:
    past = clock.local_date(at, view.zone)
    if period.unit == "business_day":
        return days.add_business_days(past, period.count) < view.day
    return view.day - past > timedelta(days=period.count)


def _left(
    view: View, at: datetime, follows: list[tuple[datetime, bool]], within: Period | None
) -> str:
    """Whether a thing was not followed in time: no, where it surely was."""
    met = [sure for later, sure in follows if _followed(view, at, later, within)]
    if any(met):
        return words.NO
    return words.UNKNOWN if met else words.YES


def _followed(view: View, at: datetime, later: datetime, within: Period | None) -> bool:
    if later <= at:
        return False
    if within is None:
        return True
    if within.unit == "hour":
        return later <= at + timedelta(hours=within.count)
    day = clock.local_date(at, view.zone)
    if within.unit == "business_day":
        last = days.add_business_days(day, within.count)
    elif within.unit == "month":
        last = days.add_months(day, within.count)
    else:
        last = day + timedelta(days=within.count)
    return clock.local_date(later, view.zone) <= last
