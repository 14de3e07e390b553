"""Counting, plainly: selectors, units, limits, waits, `happened` (RULES.md 4).

One contact counts at most once for a rule. Days are civil days in the view's zone. A past contact
with no recorded attribution counts for every debt where that tightens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .. import clock, days, words
from ..account import Account
from ..history import Contact, Statement
from ..kinds import Agreed, Limit, Wait
from ..rule import Exclusion, Happened, Period, Selector
from .consent import discussed, in_call_consent, past_call_consented, returned_at_request
from .statuses import timely
from .view import (
    View,
    concerns,
    day_of,
    effective_contents,
    listed,
    proposed_counts,
    technology,
    written,
)

FOREVER = Period(0, "ever")


# -- selecting


def matches(view: View, past: Contact, chosen: Selector, debt: Account) -> bool:
    """Whether a past contact is what a selector counts (units and periods aside)."""
    if chosen.what not in view.counts(past):
        return False
    if chosen.direction != "any" and past.direction != chosen.direction:
        return False
    if not _fits(view, past, chosen, past=True):
        return False
    if chosen.types is not None:
        named = debts_of(past, chosen)
        if named is not None:
            types = {a.type for n in named if (a := view.group.accounts.get(n)) is not None}
            if types and not types & chosen.types:
                return False
    return not any(excluded(view, past, one, debt) for one in chosen.not_)


def _fits(view: View, contact: Contact, chosen: Selector, *, past: bool) -> bool:
    """The fields that past and proposed contacts share: channel, point, person, what it was."""
    if chosen.channels is not None and contact.channel not in chosen.channels:
        return False
    if chosen.to is not None and not _to(view, contact, chosen.to):
        return False
    if chosen.whom is not None and view.owner(contact.point)[1] not in chosen.whom:
        return False
    if chosen.purpose is not None and not chosen.purpose & {
        contact.purpose or "collection",
        *effective_contents(contact),
    }:
        return False
    if chosen.content is not None and not chosen.content & effective_contents(contact):
        return False
    if chosen.technology is not None and technology(contact, past) not in chosen.technology:
        return False
    if chosen.result is not None and past and contact.result not in chosen.result:
        return contact.result is None
    started = "consumer" if contact.direction == "in" else "collector"
    return chosen.initiated_by is None or (contact.initiated_by or started) == chosen.initiated_by


def _to(view: View, contact: Contact, to: frozenset[str]) -> bool:
    point = view.group.points.get(contact.point or "")
    kind = point.kind if point is not None else words.UNKNOWN_KIND
    if kind == words.UNKNOWN_KIND:
        return True
    if contact.channel == "text" and "electronic" in to:
        return True
    return kind in to and not (contact.channel == "text" and "-electronic" in to)


def debts_of(past: Contact, chosen: Selector) -> tuple[str, ...] | None:
    """The debts a past contact counts for, as `debts:` of the selector says; None: any."""
    return discussed(past) if chosen.debts == "discussed" else past.attributed_to or None


def excluded(view: View, past: Contact, exclusion: Exclusion, debt: Account) -> bool:
    """Whether an entry of `not` leaves a past contact out: all of its words hold."""
    return all(_excluded(view, past, word, exclusion.days, debt) for word in exclusion.words)


def _excluded(view: View, past: Contact, word: str, within: int | None, debt: Account) -> bool:
    counted = view.counts(past)
    match word:
        case "in_call_consent":
            return past_call_consented(view, past, view.pooled(debt))
        case "to_professional":
            return view.owner(past.point)[1] in words.PROFESSIONAL_ROLES
        case "misdirected":
            return view.line(past.point) in view.wrong_lines
        case "reply_to_consumer":
            return past.flag("reply_to_consumer") is True
        case "returned_at_request":
            return "conversations" in counted and returned_at_request(
                view, past, view.pooled(debt)
            )
        case "not_connected":
            return "connected" not in counted
        case "no_message_possible":
            return past.message_possible is False
        case "returned":
            return past.id in view.returned
        case "returned_within":
            back = view.returned.get(past.id)
            sent = view.local_day(past)
            return back is not None and within is not None and (
                clock.local_date(back, view.zone) - sent
            ).days <= within
        case "conversation":
            return "conversations" in counted
    raise ValueError(f"unknown exclusion `{word}`")


def exempted(view: View, entries: tuple[Exclusion, ...], debt: Account) -> bool:
    """Whether an entry of `not` or `exempt` leaves the *proposed* contact out."""
    return any(all(_exempted(view, word, debt) for word in one.words) for one in entries)


def _exempted(view: View, word: str, debt: Account) -> bool:
    match word:
        case "in_call_consent":
            return in_call_consent(view, view.pooled(debt))
        case "to_professional":
            return view.whom in words.PROFESSIONAL_ROLES
        case "reply_to_consumer":
            return view.contact.flag("reply_to_consumer") is True
        case "no_message_possible":
            return view.contact.message_possible is False
        case "not_connected":
            return "connected" not in proposed_counts(view.contact)
        case "conversation":
            return (
                view.contact.result is not None
                and "conversations" in proposed_counts(view.contact)
            )
    return False  # misdirected, returned, returned_at_request: never of what is yet to come


def membership(view: View, chosen: Selector, debt: Account) -> str:
    """The proposed contact as a member of the history: counts, exempt, or out (RULES.md 4)."""
    counted = proposed_counts(view.contact)
    if chosen.direction == "in" or not _fits(view, view.contact, chosen, past=False):
        return "out"
    if chosen.types is not None and debt.type not in chosen.types:
        return "out"
    if exempted(view, chosen.not_, debt):
        return "exempt"
    return "counts" if chosen.what in counted else "out"


# -- units


def same_unit(
    view: View, past: Contact, per: tuple[str, ...], debt: Account, chosen: Selector
) -> bool:
    """Whether a past contact is in the proposed contact's unit, by every word of `per`."""
    if debt.collector != past.collector and past.collector in view.group.collectors:
        return False  # counts are per collector
    return all(_same(view, past, unit, debt, chosen) for unit in per)


def _same(view: View, past: Contact, unit: str, debt: Account, chosen: Selector) -> bool:
    match unit:
        case "person":
            talk = chosen.what == "conversations"
            return bool(view.persons_of(past, talk) & view.persons)
        case "particular_debt" | "account":
            if not view.in_file(past):
                return False
            named = debts_of(past, chosen)
            ours = view.pooled(debt) if unit == "particular_debt" else {debt.id}
            return named is None or bool(set(named) & ours)
        case "household":
            return view.in_file(past) and view.owner(past.point)[1] in ("consumer", "spouse")
        case "consumer":
            return view.in_file(past)
        case "point":
            return past.point is not None and past.point == view.contact.point
        case "line":
            return past.point is not None and view.line(past.point) == view.line(
                view.contact.point
            )
        case "workplace":
            point = view.group.points.get(past.point or "")
            known = point is not None and point.kind in words.WORK_KINDS
            return view.in_file(past) and known and view.kind in words.WORK_KINDS
    raise ValueError(f"unknown unit `{unit}`")


# -- events


def events(view: View, chosen: Selector, per: tuple[str, ...], debt: Account) -> list[datetime]:
    """Instants of what an EVENT selects, oldest first; contacts by unit, statements by debt."""
    if chosen.of_contacts:
        return [
            past.at
            for past in view.history
            if same_unit(view, past, per, debt, chosen) and matches(view, past, chosen, debt)
        ]
    if chosen.of_dates:
        day = debt.dates.get(chosen.what)
        return [] if day is None else [clock.start_of_day(day, view.zone)]
    return [received for received, one in view.said(chosen.what) if _said(view, one, chosen, debt)]


def _said(view: View, one: Statement, chosen: Selector, debt: Account) -> bool:
    if chosen.medium is not None:
        if one.medium not in chosen.medium and not ("written" in chosen.medium and written(one)):
            return False
    if chosen.timely is not None and timely(view, one, debt) is not chosen.timely:
        return False
    about = one.more.get("debts")
    if isinstance(one.value, dict) and "debt" in one.value:
        about = one.value["debt"]
    elif isinstance(one.value, list | tuple):
        about = one.value
    elif isinstance(one.value, str) and one.value in view.group.accounts:
        about = one.value
    return concerns(_ids(view, about), (debt.id,))


def _ids(view: View, about: object) -> tuple[str, ...]:
    """Only ids of debts name debts: a list of points (numbers consented to) names none."""
    named = listed(about)
    return named if any(one in view.group.accounts for one in named) else ()


# -- periods


def in_period(view: View, at: datetime, period: Period, now: datetime) -> bool:
    """Whether a past instant still counts on the day asked (RULES.md 4, `within`)."""
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
    over, unknown. `free` None while it refuses: not by time alone.
    """

    bit: str
    state: str
    used: int = 0
    maximum: int = 0
    free: datetime | None = None
    counts_this: bool = False


OUT = Count(words.NO, "out")


def agreed(view: View, name: str) -> int | None:
    """A number that the person agreed to: messages_max or messages_within (in days)."""
    found: int | None = None
    for _, one in view.binding("agrees_to_messages", ours=True):
        if isinstance(one.value, dict):
            key = "max" if name == "messages_max" else "within"
            if one.value.get(key) is not None:
                found = int(str(one.value[key]).split()[0])
    return found


def limit(view: View, body: Limit, debt: Account) -> Count:
    """Judge one limit for one debt (RULES.md 4; for Regulation F: 12 CFR 1006.14(b)(2)(i)(A))."""
    if view.contact.flag("same_call"):
        return OUT
    chosen = body.counting
    member = membership(view, chosen, debt)
    if member == "out":
        return OUT
    found = counted(view, body, debt)
    if found is None:
        return OUT
    maximum, period, instants = found
    used = len(instants)
    if member == "exempt":
        return Count(words.NO, "exempt", used, maximum)
    if used + 1 <= maximum:
        return Count(words.NO, "room", used, maximum, counts_this=True)
    free: datetime | None = None
    if maximum > 0 and period is not None:
        # the proposed one fits when all but (maximum - 1) of those that count have left
        blocking = sorted(instants)[: used - maximum + 1]
        leaves = [leaves_period(view, at, period) for at in blocking]
        free = None if None in leaves else max(one for one in leaves if one is not None)
    return Count(words.YES, "reached", used, maximum, free, counts_this=True)


def counted(
    view: View, body: Limit, debt: Account
) -> tuple[int, Period | None, list[datetime]] | None:
    """(the maximum, the period, instants of what counts now); None where it is not applied."""
    maximum = body.max.law if isinstance(body.max, Agreed) else body.max
    if isinstance(body.max, Agreed):
        maximum = agreed(view, body.max.or_agreed) or maximum
    assert isinstance(maximum, int)
    period = body.within
    if body.agreed_within and (number := agreed(view, body.agreed_within)) and period:
        period = Period(number, "day")
    now = view.moment.at or max(view.moment.known, clock.start_of_day(view.day, view.zone))
    since: datetime | None = None
    if body.since is not None:
        begun = events(view, body.since, body.per, debt)
        if not begun:
            return None
        since = min(begun)
    floor = now - timedelta(days=period.count + 3) if period and period.unit == "day" else None
    instants = [
        past.at
        for past in view.history
        if (floor is None or past.at >= floor)
        and (since is None or past.at >= since)
        and (period is None or in_period(view, past.at, period, now))
        and same_unit(view, past, body.per, debt, body.counting)
        and matches(view, past, body.counting, debt)
    ]
    return maximum, period, instants


def wait(view: View, body: Wait, debt: Account) -> Count:
    """Judge one wait for one debt (RULES.md 4; for Regulation F: 12 CFR 1006.14(b)(2)(i)(B))."""
    if view.contact.flag("same_call"):
        return OUT
    if body.after.of_dates and body.after.what not in debt.dates:
        return Count(words.UNKNOWN, "unknown")
    begun = events(view, body.after, body.per, debt)
    if not begun:
        return OUT
    event = min(begun) if body.after.which == "first" else max(begun)
    if exempted(view, body.exempt, debt):
        return Count(words.NO, "exempt")
    if body.until is not None:
        ended = [at for at in events(view, body.until, body.per, debt) if at >= event]
        if ended:
            return Count(words.NO, "over")
        return Count(words.YES, "running")
    assert body.for_ is not None
    ends = wait_ends(view, event, body)
    now = view.moment.at
    if now is None:
        running = ends >= clock.day_bounds(view.day, view.zone)[1]
        return Count(words.YES if running else words.NO, "running" if running else "over", free=ends)
    running = now < ends
    return Count(words.YES if running else words.NO, "running" if running else "over", free=ends)


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
    """Whether it is on record: yes, no, or unknown where nobody recorded which debt (RULES.md 3)."""
    sure = _happened(view, asked, debt, strict=True)
    if sure:
        return words.YES
    if asked.event.of_dates and asked.event.what not in debt.dates:
        return words.UNKNOWN
    return words.UNKNOWN if _happened(view, asked, debt, strict=False) else words.NO


def _happened(view: View, asked: Happened, debt: Account, *, strict: bool) -> bool:
    per = ("person", "particular_debt")
    found = _instants(view, asked.event, debt, strict)
    if asked.since is not None:
        begun = events(view, asked.since, per, debt)
        if begun:
            found = [at for at in found if at >= max(begun)]
    now = view.moment.at or max(view.moment.known, clock.start_of_day(view.day, view.zone))
    if asked.within is not None:
        found = [at for at in found if in_period(view, at, asked.within, now)]
    if asked.older_than is not None:
        found = [at for at in found if _older(view, at, asked.older_than)]
    if asked.unless_followed is not None:
        follows = events(view, asked.unless_followed, per, debt)
        found = [at for at in found if not _followed(view, at, follows, asked.followed_within)]
    return bool(found)


def _instants(view: View, chosen: Selector, debt: Account, strict: bool) -> list[datetime]:
    if not chosen.of_contacts:
        return events(view, chosen, (), debt)
    single = len(view.own_accounts) == 1
    found = []
    for past in view.own_history:
        if not matches(view, past, chosen, debt):
            continue
        named = debts_of(past, chosen)
        if named is None:
            if single or not strict:
                found.append(past.at)
        elif set(named) & view.pooled(debt):
            found.append(past.at)
    return found


def _older(view: View, at: datetime, period: Period) -> bool:
    past = clock.local_date(at, view.zone)
    if period.unit == "business_day":
        return days.add_business_days(past, period.count) < view.day
    return view.day - past > timedelta(days=period.count)


def _followed(
    view: View, at: datetime, follows: list[datetime], within: Period | None
) -> bool:
    for later in follows:
        if later < at:
            continue
        if within is None:
            return True
        day = clock.local_date(at, view.zone)
        last = (
            days.add_business_days(day, within.count)
            if within.unit == "business_day"
            else day + timedelta(days=within.count)
        )
        if clock.local_date(later, view.zone) <= last:
            return True
    return False
