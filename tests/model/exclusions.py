"""Exclusions: contacts that a selector leaves out, or a wait does not hold back."""

from __future__ import annotations

from dataclasses import replace

from engine import words
from engine.history import Contact, Group
from engine.rule import Exclusion

from . import calendar
from .consent import covered_by_consent, returned_at_request
from .past import (
    CONNECTED,
    CONVERSATION,
    MAYBE,
    NO,
    VOICE,
    YES,
    Asked,
    all_of,
    counts_as,
    returned_at,
)
from .people import human, point_of, role_of, with_whom


def excluded(asked: Asked, contact: Contact, exclusion: Exclusion) -> str:
    """Whether all words of one entry hold of a past contact."""
    return all_of([_word_holds(asked, contact, word, exclusion.days) for word in exclusion.words])


def _word_holds(asked: Asked, contact: Contact, word: str, days: int | None) -> str:

    point = point_of(asked.group, contact, asked.consumer)
    if word == "in_call_consent":
        return YES if covered_by_consent(asked, contact) else NO
    if word == "to_professional":
        return YES if point.whom in words.PROFESSIONAL_ROLES else NO
    if word == "misdirected":
        return YES if misdirected(asked, contact) else NO
    if word == "reply_to_consumer":
        return YES if contact.flag("reply_to_consumer") else NO
    if word == "returned_at_request":
        return YES if returned_at_request(asked, contact) else NO
    if word == "not_connected":
        # READING: only a call can fail to connect
        if contact.channel not in VOICE or contact.direction == "in":
            return NO
        return {YES: NO, NO: YES, MAYBE: MAYBE}[counts_as(asked, contact, CONNECTED)]
    if word == "no_message_possible":
        return YES if contact.message_possible is False else NO
    if word == "returned":
        return YES if returned_at(asked, contact) is not None else NO
    if word == "returned_within":
        back = returned_at(asked, contact)
        if back is None or days is None:
            return NO
        sent, came = (calendar.day_of(at, asked.zone) for at in (contact.at, back))
        return YES if came <= sent + days * calendar.DAY else NO
    if word == "conversation":
        return counts_as(asked, contact, CONVERSATION)
    raise AssertionError(word)


def proposed_excluded(asked: Asked, exclusion: Exclusion) -> bool:
    """Whether all words of one entry hold of the proposed contact.

    READING: what only the outcome or later knowledge can tell never leaves out what is proposed.
    """

    point = point_of(asked.group, asked.contact, asked.consumer)
    holds = {
        "in_call_consent": covered_by_consent(asked, asked.contact),
        "to_professional": point.whom in words.PROFESSIONAL_ROLES,
        "reply_to_consumer": bool(asked.contact.flag("reply_to_consumer")),
    }
    return bool(exclusion.words) and all(holds.get(word, False) for word in exclusion.words)


def misdirected(asked: Asked, contact: Contact) -> bool:
    """The number is known by now to be somebody else's (comment 14(b)(2)(i)-3).

    READING: only `number_not_consumers` says so. It leaves the consumer's tally, not that of the
    number's own owner.
    """
    group = asked.group
    point = point_of(group, contact, asked.consumer)
    if not wrong_number(asked, point.line):
        return False
    if role_of(group, point.owner) not in words.CONSUMER_ROLES:
        return with_whom(group, asked.contact, asked.consumer) != human(group, point.owner)
    return True


def wrong_number(asked: Asked, line: str) -> bool:
    """Whether somebody has said by now that a line is not the consumer's."""
    for statement in asked.group.statements:
        if statement.kind != "number_not_consumers":
            continue
        if calendar.instant(statement.received, asked.zone) > asked.now:
            continue
        named = asked.group.points.get(str(statement.value))
        if (named.line if named is not None else str(statement.value)) == line:
            return True
    return False


def wrong_lines(asked: Asked) -> set[str]:
    """The lines said by now to be somebody else's, in the files of the human judged."""
    group = asked.group
    wrong = set()
    for one in group.statements:
        if human(group, one.consumer) != asked.person:
            continue
        if calendar.instant(one.received, asked.zone) > asked.now:
            continue
        if one.kind == "number_not_consumers":
            wrong.add(str(one.value))
        elif one.kind == "reassigned_since" and one.value.get("answer") == "yes":
            wrong.add(str(one.value.get("point")))
    return {group.points[point].line if point in group.points else point for point in wrong}


def as_known(asked: Asked) -> Group:
    """The group as it is known by now: a wrong number is a stranger's, whoever it was noted for.

    A reassigned-number check that says yes makes a number wrong too. READING: so says a word in the
    file of the human whose debt is judged.
    """
    group = asked.group
    lines = wrong_lines(asked)
    points = {
        name: replace(point, whom="third_party")
        if point.line in lines and point.whom in words.CONSUMER_ROLES
        else point
        for name, point in group.points.items()
    }
    return replace(group, points=points)
