"""Selectors: what of the past they take, and whether the proposed contact is of it."""

from __future__ import annotations

from engine import words
from engine.history import Contact
from engine.rule import Selector

from .exclusions import excluded, proposed_excluded
from .past import COMMUNICATION, CONVERSATION, MAYBE, NO, VOICE, YES, Asked, all_of, counts_as
from .people import point_of

POINTS_OF = {
    "call": ("mobile", "home_landline", "work_phone"),
    "voicemail": ("mobile", "home_landline", "work_phone"),
    "text": ("mobile",),
    "email": ("email_personal", "email_work"),
    "mail": ("home_mail", "work_mail"),
    "visit": ("home_visit", "work_visit"),
    "social": ("social_media_private", "social_media_public"),
    "web": ("web_portal",),
    "furnish_to_cra": ("cra",),
}
"""What a point may be by which a contact went."""


def kind_reached(to: frozenset[str] | None, channel: str, kind: str) -> bool:
    """A `to`: a point of unknown kind matches every one; `electronic` has texts to any phone."""
    if to is None or kind == words.UNKNOWN_KIND:
        return True
    if channel == "text":
        if "electronic" in to:
            return True
        if "-electronic" in to:
            return False
    return kind in to


def surely_reached(to: frozenset[str] | None, channel: str, kind: str) -> bool:
    """Whether a `to` has a point for sure: one of unknown kind only if it has all it can be."""
    if to is None or kind != words.UNKNOWN_KIND:
        return True
    if channel == "text" and ("electronic" in to or "-electronic" in to):
        return "electronic" in to
    can_be = POINTS_OF.get(channel, ())
    return bool(can_be) and all(one in to for one in can_be)


def technology_of(contact: Contact) -> str:
    """How a past contact was placed; a past call without it counts as prerecorded.

    READING: and so does anything else that was sent.
    """
    if contact.technology is not None:
        return contact.technology
    if contact.flag("autodialled") and not contact.flag("prerecorded"):
        return "autodialled"
    return "prerecorded"


def contents_of(contact: Contact) -> set[str]:
    """Contents; a purpose that is also a content implies it (rules/README.md)."""
    found = {contact.content} if contact.content is not None else set()
    if contact.purpose in words.CONTENTS:
        found.add(contact.purpose)
    return {one for one in found if one is not None}


def initiator_of(contact: Contact) -> str:
    """Who began it: as recorded, else by its direction."""
    if contact.initiated_by is not None:
        return contact.initiated_by
    return "consumer" if contact.direction == "in" else "collector"


def selects(asked: Asked, selector: Selector, contact: Contact) -> str:
    """Whether a selector takes a past contact; debts, unit and period are asked elsewhere."""
    point = point_of(asked.group, contact, asked.consumer)
    answers = [counts_as(asked, contact, selector.what)]
    answers.append(_in(contact.channel, selector.channels))
    if selector.direction != "any":
        answers.append(YES if contact.direction == selector.direction else NO)
    if not kind_reached(selector.to, contact.channel, point.kind):
        answers.append(NO)
    elif not surely_reached(selector.to, contact.channel, point.kind):
        answers.append(MAYBE)
    answers.append(_in(point.whom, selector.whom))
    answers.append(_in(contact.purpose or "collection", selector.purpose))
    if selector.content is not None:
        answers.append(YES if contents_of(contact) & selector.content else NO)
    if selector.technology is not None:
        answers.append(_in(technology_of(contact), selector.technology))
    if selector.result is not None:
        answers.append(MAYBE if contact.result is None else _in(contact.result, selector.result))
    if selector.initiated_by is not None:
        answers.append(YES if initiator_of(contact) == selector.initiated_by else NO)
    for exclusion in selector.not_:
        out = excluded(asked, contact, exclusion)
        answers.append({YES: NO, NO: YES, MAYBE: MAYBE}[out])
    return all_of(answers)


def _in(word: str, allowed: frozenset[str] | None) -> str:
    return YES if allowed is None or word in allowed else NO


def is_limited(contact: Contact) -> bool:
    """A limited-content message left by voice, as declared: no communication, no conversation."""
    return contact.content == "limited_content_message" and contact.channel in VOICE


def selects_proposed(asked: Asked, selector: Selector) -> str:
    """Whether a selector takes the proposed contact: yes, "out", or "excluded" (rules/README.md).

    It is judged as an attempt, connected, a communication and, if a call or visit, a conversation.
    """
    contact = asked.contact
    point = point_of(asked.group, contact, asked.consumer)
    if selector.what == CONVERSATION and contact.channel not in ("call", "visit"):
        return "out"
    if selector.what in (COMMUNICATION, CONVERSATION) and is_limited(contact):
        return "out"
    fits = [
        _in(contact.channel, selector.channels) == YES,
        selector.direction != "in",
        kind_reached(selector.to, contact.channel, point.kind),
        _in(point.whom, selector.whom) == YES,
        _in(asked.account.type, selector.types) == YES,
        _in(contact.purpose or "collection", selector.purpose) == YES,
        selector.content is None or bool(contents_of(contact) & selector.content),
        _in(proposed_technology(contact), selector.technology) == YES,
        selector.initiated_by in (None, contact.initiated_by or "collector"),
    ]
    if not all(fits):
        return "out"
    if any(proposed_excluded(asked, exclusion) for exclusion in selector.not_):
        return "excluded"
    return YES


def proposed_technology(contact: Contact) -> str:
    """The plain contact is dialled by hand; one declared otherwise is taken as declared."""
    if contact.technology is not None:
        return contact.technology
    if contact.flag("prerecorded"):
        return "prerecorded"
    return "autodialled" if contact.flag("autodialled") else "manual"
