"""Consent to calls: episodes (12 CFR 1006.14(b)(3)(i); rules/README.md, `in_call_consent`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from engine import words
from engine.history import Contact, Statement

from . import calendar
from .past import (
    CONVERSATION,
    NO,
    VOICE,
    Asked,
    about,
    conversations,
    counts_as,
    is_receipt,
    talkers,
)
from .people import human, point_of, with_whom

SEVEN_DAYS = 7 * calendar.DAY


def told_us(statement: Statement) -> bool:
    """Consent binds only if told to this collector. READING: only a statement, not knowledge."""
    return statement.origin == "statement" and statement.to == "this_collector"


def speaker(asked: Asked, statement: Statement) -> str:
    """Who made a statement; left out it is the consumer."""
    return human(asked.group, statement.by or statement.consumer)


def names_debt(value: Any, account: str) -> bool:
    """Whether the debts that a word names, if it names any, hold this one."""
    if value is None or value is True:
        return True
    if isinstance(value, str):
        return value == account
    return account in tuple(value)


def covered_by_consent(asked: Asked, contact: Contact) -> bool:
    """Whether prior consent to calls covers a contact, about the debt judged, at its own moment."""
    if contact.channel not in VOICE or contact.direction != "out":
        return False
    return any(_covers(asked, statement, contact) for statement in asked.group.statements)


def _covers(asked: Asked, statement: Statement, contact: Contact) -> bool:
    if statement.kind not in ("consents_to_call", "asks_to_be_called"):
        return False
    if not told_us(statement):
        return False
    value = statement.value if isinstance(statement.value, dict) else {}
    received = calendar.instant(statement.received, asked.zone)
    # prior consent: it has effect from the instant of receipt
    if not received <= contact.at:
        return False
    # of the person who was called, nobody else having been reached.
    # READING: it tells nothing about contacts with somebody else, though a tally have both
    said = speaker(asked, statement)
    people = {with_whom(asked.group, one, asked.consumer) for one in (contact, asked.contact)}
    if contact.reached:
        people.add(human(asked.group, contact.reached))
    if people != {said}:
        return False
    # at most seven days from the day of consent
    first, day = (calendar.day_of(at, asked.zone) for at in (received, contact.at))
    if not first <= day < first + SEVEN_DAYS:
        return False
    # on, date, until and a named debt or number narrow it
    if not names_debt(value.get("debt"), asked.account.id):
        return False
    if "number" in value and not _same_line(asked, str(value["number"]), contact):
        return False
    if "date" in value and value["date"] != day:
        return False
    if not on_day(value.get("on"), day):
        return False
    if "until" in value and not contact.at < calendar.instant(value["until"], asked.zone):
        return False
    if _revoked(asked, statement, received, contact.at):
        return False
    return not _talked_since(asked, statement, received, contact)


def on_day(on: Any, day: date) -> bool:
    """Whether a consent's `on` (a weekday, or unspecified) allows a day."""
    return on is None or on == "unspecified" or str(on)[:3] == words.DAYS[day.weekday()]


def _same_line(asked: Asked, number: str, contact: Contact) -> bool:
    named = asked.group.points.get(number)
    line = named.line if named is not None else number
    return point_of(asked.group, contact, asked.consumer).line == line


def _revoked(asked: Asked, consent: Statement, received: datetime, until: datetime) -> bool:
    """A revocation about the debt (or about all) that came after the consent, by the moment."""
    for statement in asked.group.statements:
        if statement.kind != "revokes_consent_to_call" or statement.value is False:
            continue
        if human(asked.group, statement.consumer) != human(asked.group, consent.consumer):
            continue
        when = calendar.instant(statement.received, asked.zone)
        if received <= when <= until and names_debt(statement.value, asked.account.id):
            return True
    return False


def _talked_since(asked: Asked, consent: Statement, received: datetime, contact: Contact) -> bool:
    """The next conversation on that debt that starts after the consent ends it."""
    for talk in conversations(asked):
        if not received < talk.at < contact.at or talk is contact:
            continue
        if speaker(asked, consent) not in talkers(asked, talk):
            continue
        if about(asked, talk, "discussed", pooled=True) != NO:
            return True
    return False


def asked_to_be_called(asked: Asked) -> str:
    """`asks_to_be_called` lifts a rule that names it on the very day it was said."""
    today = calendar.day_of(asked.now, asked.zone)
    for statement in asked.group.statements:
        if statement.kind != "asks_to_be_called" or not told_us(statement):
            continue
        value = statement.value if isinstance(statement.value, dict) else {}
        received = calendar.instant(statement.received, asked.zone)
        if received > asked.now or calendar.day_of(received, asked.zone) != today:
            continue
        if with_whom(asked.group, asked.contact, asked.consumer) != speaker(asked, statement):
            continue
        if not names_debt(value.get("debt"), asked.account.id) or not on_day(
            value.get("on"), today
        ):
            continue
        if not _revoked(asked, statement, received, asked.now):
            return "yes"
    return "no"


def returned_at_request(asked: Asked, contact: Contact) -> bool:
    """The first conversation after the consumer asked to be called, on the same debt."""
    if counts_as(asked, contact, CONVERSATION) != "yes" or is_receipt(contact):
        return False
    for statement in asked.group.statements:
        if statement.kind != "asks_to_be_called" or not told_us(statement):
            continue
        value = statement.value if isinstance(statement.value, dict) else {}
        received = calendar.instant(statement.received, asked.zone)
        if not received < contact.at:
            continue
        if not names_debt(value.get("debt"), asked.account.id):
            continue
        if speaker(asked, statement) not in talkers(asked, contact):
            continue
        if about(asked, contact, "discussed", pooled=True) != "yes":
            continue
        between = [
            talk
            for talk in conversations(asked)
            if received < talk.at < contact.at
            and about(asked, talk, "discussed", pooled=True) != NO
        ]
        if not between:
            return True
    return False


def minutes_between(first: datetime, last: datetime) -> list[datetime]:
    """Every minute from one moment to another, both included."""
    found = []
    at = first
    while at < last:
        found.append(at)
        at += timedelta(minutes=1)
    return [*found, last]
