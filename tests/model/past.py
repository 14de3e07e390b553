"""Past contacts: what they count as, what they were about, and what a selector takes of them.

Every question here has three answers: yes, no, and *maybe* where the record does not say (a result
or an attribution left out). rules/README.md: maybe tightens (it counts) and never loosens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.account import Account
from engine.history import Contact, Group
from engine.rule import Selector

from .people import accounts_of, human, people_reached, point_of, same_debt

YES, NO, MAYBE = "yes", "no", "maybe"
ATTEMPT, CONNECTED = "attempts", "connected"
COMMUNICATION, CONVERSATION = "communications", "conversations"
VOICE = ("call", "voicemail")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: a contact proposed now, about one debt, seen from one zone."""

    group: Group
    contact: Contact
    zone: str
    account: Account

    @property
    def now(self) -> datetime:
        """The moment asked about."""
        return self.contact.at

    @property
    def consumer(self) -> str:
        """Whose debt is judged, as an id of the file."""
        return self.account.consumer

    @property
    def person(self) -> str:
        """The human whose debt is judged."""
        return human(self.group, self.account.consumer)


def all_of(answers: list[str]) -> str:
    """No if any is no, else maybe if any is maybe, else yes."""
    if NO in answers:
        return NO
    return MAYBE if MAYBE in answers else YES


# -- what a contact is (case format, `result`)


def is_receipt(contact: Contact) -> bool:
    """Receipts are no contacts: undeliverable, portal sessions, `delivered` coming in.

    An outbound entry that itself says undeliverable is an attempt that came back.
    """
    if contact.result in ("session_started", "session_ended"):
        return True
    return contact.direction == "in" and contact.result in ("undeliverable", "delivered")


def happened_by_now(asked: Asked) -> list[Contact]:
    """Every contact on record by now, of the collector asked about; receipts left out."""
    return [
        contact
        for contact in asked.group.contacts
        if contact.at <= asked.now
        and contact.collector == asked.contact.collector
        and not is_receipt(contact)
    ]


def returned_at(asked: Asked, contact: Contact) -> datetime | None:
    """When a contact came back, if it has by now.

    `undeliverable` marks the latest earlier outbound contact on that point and channel.
    """
    if contact.direction == "out" and contact.result == "undeliverable":
        return contact.at
    if contact.direction != "out":
        return None
    for receipt in asked.group.contacts:
        if receipt.result != "undeliverable" or receipt.direction != "in":
            continue
        if receipt.at > asked.now:
            continue
        earlier = [
            one
            for one in asked.group.contacts
            if one.direction == "out"
            and one.channel == receipt.channel
            and one.point == receipt.point
            and one.at < receipt.at
        ]
        if earlier and max(earlier, key=lambda one: one.at) is contact:
            return receipt.at
    return None


def counts_as(asked: Asked, contact: Contact, what: str) -> str:
    """Whether a past contact counts as an attempt, connected, a communication, a conversation.

    The table of the case format. A result left out is all that its channel can be: what only a
    result could tell is a maybe.
    """
    sure, possible = _table(contact)
    if contact.direction == "in":
        # an attempt is an outbound contact
        sure, possible = sure - {ATTEMPT, CONNECTED}, possible - {ATTEMPT, CONNECTED}
    if returned_at(asked, contact) is not None:
        # "attempt, communication, until undeliverable". READING: the attempt stays one
        sure, possible = sure & {ATTEMPT}, possible & {ATTEMPT}
    if what in sure:
        return YES
    return MAYBE if what in possible else NO


def _table(contact: Contact) -> tuple[set[str], set[str]]:
    """What a contact surely is, and what it may be."""
    result, channel = contact.result, contact.channel
    limited = contact.content == "limited_content_message"
    if channel == "furnish_to_cra" or result == "furnished":
        return {ATTEMPT}, {ATTEMPT}
    if result in ("conversation", "conversation_then_dropped", "answered_in_progress"):
        every = {ATTEMPT, CONNECTED, COMMUNICATION, CONVERSATION}
        return every, every
    if result == "voicemail_left" or (
        channel == "voicemail" and result in ("delivered", "sent", None)
    ):
        found = {ATTEMPT, CONNECTED} | (set() if limited else {COMMUNICATION})
        return found, found
    if result in ("answered_then_dropped", "voicemail_full_no_ring", "no_answer"):
        return {ATTEMPT, CONNECTED}, {ATTEMPT, CONNECTED}
    if result in ("busy", "not_in_service", "undeliverable"):
        return {ATTEMPT}, {ATTEMPT}
    if result in ("sent", "delivered"):
        return {ATTEMPT, COMMUNICATION}, {ATTEMPT, COMMUNICATION}
    if result == "received":
        return {COMMUNICATION}, {COMMUNICATION}
    if result is None and channel in ("call", "visit"):
        return {ATTEMPT}, {ATTEMPT, CONNECTED, COMMUNICATION, CONVERSATION}
    if result is None:
        # a message on record went out; that it came back would be a receipt of its own
        return {ATTEMPT, COMMUNICATION}, {ATTEMPT, COMMUNICATION}
    raise AssertionError(result)


# -- what a contact was about (rules/README.md, attribution)


def charged_to(contact: Contact) -> tuple[str, ...] | None:
    """The debts the collector recorded; None where nothing is recorded."""
    return contact.attributed_to or contact.debts or None


def talked_about(contact: Contact) -> tuple[str, ...] | None:
    """`discussed`, else `conversation_attributed_to`, else the debts charged; None: all."""
    return contact.discussed or contact.conversation_attributed_to or charged_to(contact)


def concerned(asked: Asked, contact: Contact) -> set[str]:
    """The humans whose debts a contact that names none can be about."""
    group = asked.group
    if contact.consumer:
        return {human(group, contact.consumer)}
    point = point_of(group, contact, asked.consumer)
    found = {
        human(group, one.consumer) for one in group.points.values() if one.line == point.line
    } | {human(group, point.consumer)}
    for person in (contact.intended_for, contact.reached):
        if person is not None and person in group.consumers:
            found.add(human(group, person))
    return found


def about(asked: Asked, contact: Contact, how: str, *, pooled: bool) -> str:
    """Whether a past contact is about the debt judged: attributed to it, or discussing it.

    With no recorded attribution it counts for every debt of the person where that tightens, and
    where it would loosen for none, unless the person has only one: hence maybe.
    `pooled`: student loans of one servicing account are one debt.
    """
    group, account = asked.group, asked.account
    named = talked_about(contact) if how == "discussed" else charged_to(contact)
    if named is not None:
        for debt in named:
            if debt == account.id:
                return YES
            known = group.accounts.get(debt)
            if pooled and known is not None and same_debt(group, known, account):
                return YES
        return NO
    people = concerned(asked, contact)
    if asked.person not in people:
        return NO
    debts = accounts_of(group, people, account.collector)
    return YES if [debt.id for debt in debts] == [account.id] else MAYBE


def of_type(asked: Asked, contact: Contact, selector: Selector) -> str:
    """Whether a past contact is about a debt of the types a selector takes."""
    if selector.types is None:
        return YES
    named = talked_about(contact) if selector.debts == "discussed" else charged_to(contact)
    group = asked.group
    if named is None:
        debts = accounts_of(group, concerned(asked, contact), asked.account.collector)
        kinds = [debt.type for debt in debts]
    else:
        kinds = [group.accounts[debt].type for debt in named if debt in group.accounts]
    inside = [kind in selector.types for kind in kinds]
    if named is not None:
        return YES if any(inside) else NO
    if inside and all(inside):
        return YES
    return MAYBE if any(inside) else NO


def conversations(asked: Asked) -> list[Contact]:
    """Every past contact that was, or for all the record says may have been, a conversation."""
    return [one for one in happened_by_now(asked) if counts_as(asked, one, CONVERSATION) != NO]


def talkers(asked: Asked, contact: Contact) -> set[str]:
    """Who was spoken to in a conversation."""
    return people_reached(asked.group, contact, asked.consumer, CONVERSATION)
