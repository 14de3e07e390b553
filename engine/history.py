"""What happened: contacts, statements, knowledge; and the group they are counted in.

A *statement* is what somebody told the collector, *knowledge* what the collector learned
otherwise; both are `Statement` here (`origin` tells them apart), since rules ask of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from . import words
from .account import Account, Collector, Consumer, Point


@dataclass(frozen=True, slots=True)
class Contact:
    """Anything placed, sent or received; also the contact proposed. Left out fields are None.

    `debts` are what a proposed contact is about; `attributed_to` what it was charged to
    (12 CFR 1006.14(b)(4), comment 14(b)(4)-1). `flags` holds words.FLAGS that were declared.
    """

    id: str
    at: datetime
    channel: str
    point: str | None = None
    direction: str = "out"
    result: str | None = None
    attributed_to: tuple[str, ...] | None = None
    discussed: tuple[str, ...] | None = None
    conversation_attributed_to: tuple[str, ...] | None = None
    debts: tuple[str, ...] = ()
    intended_for: str | None = None
    reached: str | None = None
    initiated_by: str | None = None
    technology: str | None = None
    purpose: str | None = None
    content: str | None = None
    disclosure: str | None = None
    sender_name: str | None = None
    visible_to: str | None = None
    languages: tuple[str, ...] | None = None
    disclosure_languages: tuple[str, ...] | None = None
    message_possible: bool | None = None
    validation_period_end: date | None = None
    collector: str = "this_collector"
    consumer: str = ""  # whose file it stands in; "": the group's only consumer
    recorded: datetime | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)

    def flag(self, name: str) -> bool | None:
        """The declared value of a flag, or None where nothing was declared."""
        return self.flags.get(name)

    @property
    def in_progress(self) -> bool:
        """Whether the call is running: declared so, or answered and not said to have ended."""
        declared = self.flag("call_in_progress")
        return self.result == "answered_in_progress" if declared is None else declared


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said or learned: `kind` is a word of `facts.catalogue.STATEMENTS`.

    `made` and `received` are instants; a civil date instead of an instant means the start of
    that local day in each candidate zone (case format), so both may be a `date`.
    `value` is what the word was given, `more` the words beside it (debts, address_known, ...).
    """

    id: str
    kind: str
    origin: str  # statement | knowledge
    value: Any
    received: datetime | date
    made: datetime | date | None = None
    recorded: datetime | None = None
    consumer: str = "P1"
    by: str | None = None
    source: str | None = None
    to: str = "this_collector"
    medium: str = "written"
    accepted_medium: bool = True
    during_lawful_contact: bool | None = None
    after_opt_out_deadline: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Everything known of one contact group: what must be counted and locked together.

    Contacts are oldest first. All mappings are by id. People stand in it by their person ids, not
    by those of their files: whoever makes one of rows sees to that (`scheduler.records`).
    `email_provenance` is by point id ("" for one given without a point).
    """

    consumers: Mapping[str, Consumer]
    accounts: Mapping[str, Account]
    points: Mapping[str, Point]
    collectors: Mapping[str, Collector]
    contacts: tuple[Contact, ...] = ()
    statements: tuple[Statement, ...] = ()
    email_provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parties: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Per account, the other people on it: (person id, role: co_debtor, spouse, ...)."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What people are of whom no point and no account tells: a case says it by their ids."""


def role_of(group: Group, person: str, consumer: str) -> str | None:
    """What a person is to a consumer, by the file's points, else the accounts; None: nobody knows.

    Both are person ids. Who owes a debt of his own is, in another's file, what that file says of
    him; who owes the same debt is a consumer (12 CFR 1006.2(e)).
    """
    if person == consumer:
        return "consumer"
    files = {one.id for one in group.consumers.values() if one.person == consumer}
    for point in group.points.values():
        if point.owner == person and point.consumer in files:
            return point.whom
    for account, others in group.parties.items():
        debt = group.accounts.get(account)
        if debt is not None and debt.consumer in files:
            for other, role in others:
                if other == person:
                    return words.PARTY_ROLES[role]
    return group.roles.get(person)


def roles_in(group: Group, consumer: Consumer) -> Callable[[str], str | None]:
    """What people are to a consumer, by person id or by that of a file."""

    def role(name: str) -> str | None:
        file = group.consumers.get(name)
        return role_of(group, name if file is None else file.person, consumer.person)

    return role


ALL_THE_CHANNEL_CAN_BE = {
    "call": words.RESULTS["conversation"],
    "visit": words.RESULTS["conversation"],
    "voicemail": words.RESULTS["voicemail_left"],
}
MESSAGES = frozenset({"voicemail_left", "delivered", "sent"})  # what may be a limited content one
SENT_CHANNELS = frozenset({"text", "email", "mail", "social", "web"})


def counts_as(contact: Contact) -> frozenset[str]:
    """What a contact counts as: attempts, connected, communications, conversations.

    The one table behind every count (case format, `result`; 12 CFR 1006.2(b),(d),(j),
    1006.14(b)(3)(ii), comment 14(b)(3)(ii)-1). A result left out counts as all its channel can be.
    """
    if contact.result is None:
        if contact.channel == "furnish_to_cra":
            found = words.RESULTS["furnished"]
        else:
            found = ALL_THE_CHANNEL_CAN_BE.get(contact.channel, words.RESULTS["sent"])
    else:
        found = words.RESULTS[contact.result]
        if came_back(contact):
            return frozenset({"attempts"})
        if contact.channel == "voicemail" and contact.result in ("delivered", "sent"):
            found = words.RESULTS["voicemail_left"]
    limited = contact.content == "limited_content_message"
    left = contact.result in MESSAGES or (not contact.result and contact.channel == "voicemail")
    if limited and left and contact.channel in words.VOICE_CHANNELS:
        found = found - {"communications"}
    if contact.direction == "in":
        found = found - {"attempts", "connected"}
    return found


def came_back(contact: Contact) -> bool:
    """Whether an outbound entry itself says that it was not delivered: an attempt, no more."""
    return contact.direction == "out" and contact.result == "undeliverable"


def is_receipt(contact: Contact) -> bool:
    """Whether a history entry is a receipt and not a contact by anyone (case format, `result`).

    `delivered` coming in is the carrier's word about a message already on record.
    """
    if came_back(contact):
        return False
    if contact.result in words.RECEIPTS:
        return True
    return contact.direction == "in" and contact.result == "delivered"


def listed(value: object) -> tuple[str, ...]:
    """The ids in a value that may be one id, a list of ids, or a list of {debt, amount}."""
    if value is None or isinstance(value, bool):
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable):
        # hours are a list of records too, which name no debt
        plain = [one.get("debt") if isinstance(one, dict) else one for one in value]
        return tuple(str(one) for one in plain if one is not None)
    return (str(value),)


def concerns(value: object, debts: Iterable[str]) -> bool:
    """Whether a statement's debts name one of these; naming none, or `true`, names all."""
    named = listed(value)
    return not named or bool(set(named) & set(debts))


def effective_purposes(contact: Contact) -> frozenset[str]:
    """Purpose and content read alike; a purpose that is also a content implies it."""
    found = {contact.purpose or "collection"}
    if contact.content:
        found.add(contact.content)
    return frozenset(found)


def effective_contents(contact: Contact) -> frozenset[str]:
    """The contents of a contact, with a purpose that is also a content."""
    found = {contact.content} if contact.content else set()
    if contact.purpose in words.CONTENTS:
        found.add(contact.purpose)
    return frozenset(one for one in found if one)


def proposed_counts(contact: Contact) -> frozenset[str]:
    """What the proposed contact is judged as: rules/README.md, "as a member of the history"."""
    if contact.result is not None:
        return counts_as(contact)
    found = {"attempts", "connected", "communications"}
    if contact.channel in ("call", "visit"):
        found.add("conversations")
    if contact.content == "limited_content_message" and contact.channel in words.VOICE_CHANNELS:
        found.discard("communications")
        found.discard("conversations")
    return frozenset(found)


def technology(contact: Contact, past: bool) -> str:
    """manual, autodialled or prerecorded; a past call without it counts as prerecorded."""
    if contact.flag("prerecorded"):
        return "prerecorded"
    if contact.flag("autodialled"):
        return "autodialled"
    if contact.technology:
        return contact.technology
    return "prerecorded" if past else "manual"


def written(one: Statement) -> bool:
    """Whether a statement is in writing: any medium but oral; electronic only where accepted.

    12 CFR 1006.6(c)(1), comment 6(c)(1)-1; 12 CFR 1006.38, comment 38-1.
    """
    if one.medium == "oral":
        return False
    return one.medium not in words.ELECTRONIC_MEDIA or one.accepted_medium
