"""`happened`, and the events that limits and waits run from (rules/README.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from engine.facts.catalogue import STATEMENTS
from engine.history import Statement
from engine.rule import Happened, Selector

from . import calendar
from .past import MAYBE, NO, VOICE, YES, Asked, about, all_of, happened_by_now, of_type
from .people import (
    at_work,
    bound_people,
    household_of,
    human,
    point_of,
    shares_unit,
    speaks_for,
    with_whom,
)
from .selecting import selects
from .told import ELECTRONIC, is_timely, on_debt, points_named, received_at

NAME_A_MEDIUM = ("stop_medium", "opt_out_medium", "consents_to_medium")
DEBT_UNITS = ("particular_debt", "account")


@dataclass(frozen=True, slots=True)
class Event:
    """Something on record: when, and whether it surely is what was asked for (yes or maybe)."""

    at: datetime
    sure: str


def date_of(asked: Asked, selector: Selector) -> datetime | None:
    """A date of the account as the start of that local day; None where nobody recorded it."""
    day = asked.account.dates.get(selector.what)
    return None if day is None else calendar.instant(day, asked.zone)


def events(asked: Asked, selector: Selector, units: tuple[str, ...] | None) -> list[Event]:
    """Everything on record by now that a selector takes, earliest first.

    With `units` (limits and waits) it must share each with the proposed contact; without (as in
    `happened`) it must be about the debt judged.
    """
    if selector.of_dates:
        at = date_of(asked, selector)
        return [Event(at, YES)] if at is not None and at <= asked.now else []
    if selector.of_contacts:
        found = _contacts(asked, selector, units)
    else:
        found = [
            Event(event_at(asked, one), MAYBE if vaguely(one, selector) else YES)
            for one in selected(asked, selector)
            if units is None or all(_statement_shares(asked, unit, one) for unit in units)
        ]
    return sorted(found, key=lambda event: event.at)


def _contacts(asked: Asked, selector: Selector, units: tuple[str, ...] | None) -> list[Event]:
    found = []
    for contact in happened_by_now(asked):
        sure = selects(asked, selector, contact)
        if sure == NO:
            continue
        if units is not None and not all(
            shares_unit(asked.group, unit, asked.contact, contact, asked.consumer, selector.what)
            for unit in units
        ):
            continue
        elsewhere = contact.consumer and human(asked.group, contact.consumer) != asked.person
        if units is None and elsewhere:
            continue  # READING: what stands in another's file is no event of this debt's person
        if units is None or any(unit in DEBT_UNITS for unit in units):
            pooled = units is not None and "account" not in units
            link = about(asked, contact, selector.debts, pooled=pooled)
            if selector.types is not None and asked.account.type not in selector.types:
                link = NO
        else:
            link = of_type(asked, contact, selector)
        sure = all_of([sure, link])
        if sure != NO:
            found.append(Event(contact.at, sure))
    return found


def _statement_shares(asked: Asked, unit: str, statement: Statement) -> bool:
    """Whether a statement is in the unit of the proposed contact; it already names the debt."""
    group = asked.group
    if unit in (*DEBT_UNITS, "consumer"):
        return True
    if unit == "person":
        people = speaks_for(group, statement)
        return bool(people & bound_people(group, asked.contact, asked.consumer))
    if unit == "household":
        mine = household_of(group, with_whom(group, asked.contact, asked.consumer))
        return bool(mine & speaks_for(group, statement))
    here = point_of(group, asked.contact, asked.consumer)
    if unit == "workplace":
        return at_work(here.kind)
    # point or line: READING: a word that names no point is about every one
    named = [
        group.points[point].line for point in _named_points(statement) if point in group.points
    ]
    return not named or here.line in named


def _named_points(statement: Statement) -> list[str]:
    value = statement.value
    if isinstance(value, str | tuple | list) or (isinstance(value, dict) and "point" in value):
        return [str(one) for one in points_named(value) if isinstance(one, str)]
    return []


def happened(asked: Asked, question: Happened) -> str:
    """Whether such a contact, statement or knowledge is on record (rules/README.md).

    READING: any one event is enough, but with `which: first` only the first is looked at.
    """
    selector = question.event
    if selector.of_dates and date_of(asked, selector) is None:
        return "unknown"  # one the rule needs and nobody recorded
    found = events(asked, selector, None)
    if selector.which == "first":
        found = found[:1]
    if question.since is not None:
        starts = events(asked, question.since, None)
        if starts:
            start = starts[0] if question.since.which == "first" else starts[-1]
            # a date is a whole day, which is in it; of anything else only what came later
            same = question.since.of_dates
            found = [one for one in found if one.at > start.at or (same and one.at == start.at)]
    answers = []
    for event in found:
        if question.within is not None and not calendar.counts_still(
            event.at, asked.now, asked.zone, question.within
        ):
            continue
        if question.older_than is not None and not calendar.older_than(
            event.at, asked.now, asked.zone, question.older_than
        ):
            continue
        answers.append(all_of([event.sure, _not_followed(asked, question, event)]))
    if YES in answers:
        return YES
    return "unknown" if MAYBE in answers else NO


def _not_followed(asked: Asked, question: Happened, event: Event) -> str:
    """Requests that lapse, or count, only if confirmed in time: was this one not confirmed?"""
    if question.unless_followed is None:
        return YES
    followers = [
        one.sure
        for one in events(asked, question.unless_followed, None)
        if one.at > event.at
        and calendar.no_later_than(event.at, one.at, asked.zone, question.followed_within)
    ]
    if YES in followers:
        return NO
    return MAYBE if followers else YES


def event_at(asked: Asked, statement: Statement) -> datetime:
    """When an event happened: a word that is a date says so itself, else when it came in."""
    value = statement.value
    if STATEMENTS[statement.kind].shape == "date" and isinstance(value, date):
        return calendar.instant(value, asked.zone)
    return received_at(asked, statement)


def selected(asked: Asked, selector: Selector) -> list[Statement]:
    """Statements and knowledge that a selector takes, about the debt judged, happened by now."""
    found = []
    for one in on_debt(asked, selector.what):
        if one.value is False or event_at(asked, one) > asked.now:
            continue
        if one.kind in NAME_A_MEDIUM and not names_medium(asked, selector, one):
            continue
        if selector.places is not None and one.value not in selector.places:
            continue
        if selector.medium is not None and not medium_fits(one, selector.medium):
            continue
        if selector.timely is not None and is_timely(asked, one) is not selector.timely:
            continue
        found.append(one)
    return found


def names_medium(asked: Asked, selector: Selector, statement: Statement) -> bool:
    """Whether a word about a medium is about ours, or one that the selector lists.

    READING: call and voicemail are one; consent to voicemail alone is none to calls.
    """
    channels = {asked.contact.channel} if selector.channels is None else set(selector.channels)
    medium = statement.value
    if medium == "voicemail" and statement.kind == "consents_to_medium":
        return "voicemail" in channels
    if medium in VOICE:
        return not channels.isdisjoint(VOICE)
    return medium in channels


def medium_fits(statement: Statement, media: frozenset[str]) -> bool:
    """Whether a statement came by one of these media (groups are opened by the reader).

    READING: plain "written" (nobody said how) fits every written medium.
    """
    if statement.medium == "written":
        return bool(media - {"oral"})
    if statement.medium in media:
        return statement.medium not in ELECTRONIC or statement.accepted_medium
    return False


def vaguely(statement: Statement, selector: Selector) -> bool:
    """Whether only the kind of writing asked for is not told of a written word."""
    media = selector.medium
    return statement.medium == "written" and media is not None and "written" not in media


def at_work_here(asked: Asked) -> bool:
    """Whether the proposed contact is, or may be, at work: else there is no `workplace` unit."""
    return at_work(point_of(asked.group, asked.contact, asked.consumer).kind)


def humans_of(asked: Asked) -> set[str]:
    """The humans the proposed contact goes to."""
    return {
        human(asked.group, one) for one in bound_people(asked.group, asked.contact, asked.consumer)
    }
