"""One question's view of a group: what is known, who is contacted, what is judged.

A `View` is what every plain fact is asked of: one proposed contact, at one moment, in one
candidate zone. It holds what was *received and recorded* by then and nothing later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

from .. import clock, words
from ..account import Account, Consumer, Point
from ..history import (
    Contact,
    Group,
    Statement,
    came_back,
    counts_as,
    is_receipt,
    role_of,
)
from .moment import Moment, day_of, instant_of

__all__ = ["ELECTRONIC_KINDS", "FEW", "HOUSEHOLD", "STRANGER", "Moment", "View",
           "day_of", "instant_of"]  # fmt: skip

T = TypeVar("T")

ELECTRONIC_KINDS = words.POINT_GROUPS["electronic"]
STRANGER = "?"
HOUSEHOLD = ("consumer", "spouse")
FEW = 32
"""Contacts of a group up to which all of them are looked at, one by one."""


class View:
    """What one question sees. Not a record: it caches what several facts ask for."""

    def __init__(
        self,
        group: Group,
        contact: Contact,
        moment: Moment,
        zone: str,
        shared: dict[tuple[str, str], Any] | None = None,
    ) -> None:
        """Take the file as it is; nothing is copied.

        `shared`: views of one group as known at one moment share what does not depend on contacts.
        """
        self.shared = {} if shared is None else shared
        self.group = group
        self.contact = contact
        self.moment = moment
        self.zone = zone
        self.day = moment.day_in(zone)
        self._counts: dict[int, tuple[Contact, frozenset[str]]] = self.shared.setdefault(
            ("counts", ""), {}
        )
        self._past: dict[tuple[str, str], tuple[Contact, ...]] = {}
        self.told: dict[str, str] = {}  # facts of the point, which every rule set asks again

    def once(self, key: tuple[str, str], make: Callable[[], T]) -> T:
        """What `make` makes, made once for all views that share."""
        if key not in self.shared:
            self.shared[key] = make()
        found: T = self.shared[key]
        return found

    # -- who and what is contacted

    @cached_property
    def point(self) -> Point | None:
        """The contact point proposed; None only for furnishing without one."""
        return self.group.points.get(self.contact.point or "")

    @cached_property
    def consumer(self) -> Consumer:
        """The consumer whose debts these are (the point's file, else the first debt's)."""
        if self.contact.debts and self.contact.debts[0] in self.group.accounts:
            return self.group.consumers[self.group.accounts[self.contact.debts[0]].consumer]
        if self.point is not None:
            return self.group.consumers[self.point.consumer]
        return next(iter(self.group.consumers.values()))

    @cached_property
    def consumers(self) -> frozenset[str]:
        """Ids of all files of the same human being."""
        person = self.consumer.person
        return frozenset(c.id for c in self.group.consumers.values() if c.person == person)

    @cached_property
    def wrong_lines(self) -> frozenset[str]:
        """Lines and addresses known by now not to be the consumer's (12 CFR 1006.14(b)(2)(i)-3)."""
        found = set()
        for _, one in self.said("number_not_consumers", "reassigned_since"):
            if one.kind == "reassigned_since":
                if str(one.value.get("answer")) not in ("yes", "True"):
                    continue
                found.add(self.line(str(one.value.get("point"))))
            else:
                found.add(self.line(str(one.value)))
        return frozenset(found)

    def line(self, point: str | None) -> str:
        """The line behind a point's id: its number, else the id itself."""
        known = self.group.points.get(point or "")
        return known.line if known is not None else (point or "")

    @cached_property
    def shared_lines(self) -> frozenset[str]:
        """Numbers that stand in the files of several people: each is one point."""
        return self.once(("shared lines", ""), self._shared_lines)

    def _shared_lines(self) -> frozenset[str]:
        files: dict[str, set[str]] = {}
        for point in self.group.points.values():
            files.setdefault(point.line, set()).add(self.human(point.consumer))
        return frozenset(line for line, of in files.items() if len(of) > 1)

    def owner(self, point_id: str | None) -> tuple[str, str]:
        """(person, role) behind a point as now known; a wrong number is a stranger's.

        A point on no record is taken as the consumer's own (case format).
        """
        point = self.group.points.get(point_id or "")
        if point is None:
            return self.consumer.person, "consumer"
        if point.whom in words.CONSUMER_ROLES and point.line in self.wrong_lines:
            return STRANGER + point.line, "third_party"
        return point.owner, point.whom

    @cached_property
    def whom(self) -> str:
        """The role of the person contacted."""
        if self.contact.channel == "furnish_to_cra":
            return "cra"
        return self.owner(self.contact.point)[1]

    @cached_property
    def kind(self) -> str:
        """The kind of the point contacted."""
        if self.point is None:
            return "cra" if self.contact.channel == "furnish_to_cra" else words.UNKNOWN_KIND
        return self.point.kind

    @cached_property
    def persons(self) -> frozenset[str]:
        """The people the proposed contact is with."""
        return self.persons_of(self.contact)

    def persons_of(self, contact: Contact, talk: bool = False) -> frozenset[str]:
        """Whose tally a contact is in (rules/README.md, units).

        Placed contacts: whoever was intended, else the owner, and whoever was reached as well;
        `talk`: a conversation is with whoever was reached first of all.
        """
        owner = self.group.points.get(contact.point or "")
        whose = contact.intended_for or (owner.owner if owner else self.person_of_file(contact))
        if contact.reached:
            return frozenset({contact.reached}) if talk else frozenset({whose, contact.reached})
        return frozenset({whose})

    def person_of_file(self, contact: Contact) -> str:
        """The consumer in whose file a contact stands, as a person."""
        file = self.group.consumers.get(contact.consumer)
        return file.person if file is not None else self.consumer.person

    # -- the debts judged

    @cached_property
    def debts(self) -> tuple[Account, ...]:
        """The accounts the contact is about, as far as they are on record."""
        known = self.group.accounts
        return tuple(known[one] for one in self.contact.debts if one in known)

    @cached_property
    def charged(self) -> tuple[Account, ...]:
        """The accounts limits and waits judge: those it is attributed to, else all."""
        named = self.contact.attributed_to
        if named is None:
            return self.debts
        return tuple(self.group.accounts[one] for one in named if one in self.group.accounts)

    @cached_property
    def own_accounts(self) -> frozenset[str]:
        """All accounts of the person, whichever file they stand in."""
        return frozenset(a.id for a in self.group.accounts.values() if a.consumer in self.consumers)

    def pooled(self, debt: Account) -> frozenset[str]:
        """The particular debt: student loans under one servicing account when obtained are one.

        12 CFR 1006.14(b)(4), comment 14(b)(4)-2.vii.
        """
        if debt.type != "student_loan" or not debt.servicing_account:
            return frozenset({debt.id})
        return frozenset(
            one.id
            for one in self.group.accounts.values()
            if one.type == "student_loan"
            and one.servicing_account == debt.servicing_account
            and one.consumer in self.consumers
            and one.collector == debt.collector
        )

    # -- what is known

    @cached_property
    def known_statements(self) -> tuple[tuple[datetime, Statement], ...]:
        """Statements and knowledge received and recorded by the moment, oldest first."""
        return self.once(("statements", self.zone), self._known_statements)

    def _known_statements(self) -> tuple[tuple[datetime, Statement], ...]:
        found = []
        for one in self.group.statements:
            received = instant_of(one.received, self.zone)
            recorded = one.recorded if one.recorded is not None else received
            if received <= self.moment.known and recorded <= self.moment.known:
                found.append((received, one))
        return tuple(sorted(found, key=lambda pair: pair[0]))

    @cached_property
    def by_kind(self) -> dict[str, list[tuple[datetime, Statement]]]:
        """The same, by kind, of this consumer's files."""
        found: dict[str, list[tuple[datetime, Statement]]] = {}
        for received, one in self.known_statements:
            if one.consumer in self.group.consumers and one.consumer not in self.consumers:
                continue
            found.setdefault(one.kind, []).append((received, one))
        return found

    def said(self, *kinds: str) -> Iterator[tuple[datetime, Statement]]:
        """Known statements of these kinds, oldest first within a kind."""
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    @cached_property
    def history(self) -> tuple[Contact, ...]:
        """Contacts known by the moment, oldest first, without receipts."""
        return self.once(("history", ""), self._history)

    def _history(self) -> tuple[Contact, ...]:
        known = self.moment.known
        return tuple(
            one
            for one in self.group.contacts
            if one.at <= known
            and (one.recorded is None or one.recorded <= known)
            and not is_receipt(one)
        )

    @cached_property
    def own_history(self) -> tuple[Contact, ...]:
        """History that stands in the files of this consumer."""
        if len(self.history) <= FEW:
            return tuple(one for one in self.history if self.in_file(one))
        filed = self.once(("filed", ""), self._filed)
        places = [at for name in ("", *self.consumers) for at in filed.get(name, ())]
        return tuple(self.history[at] for at in sorted(places))

    def _filed(self) -> dict[str, list[int]]:
        """The places of contacts in the history, by the file they stand in."""
        found: dict[str, list[int]] = {}
        for at, one in enumerate(self.history):
            found.setdefault(one.consumer, []).append(at)
        return found

    def past_of(self, debt: Account) -> tuple[Contact, ...]:
        """History in this consumer's files that is this collector's: counts are per collector."""
        found = self._past.get((debt.collector, ""))
        if found is None:
            found = tuple(one for one in self.own_history if one.collector == debt.collector)
            self._past[debt.collector, ""] = found
        return found

    def past_counting(self, debt: Account, what: str) -> tuple[Contact, ...]:
        """Of `past_of` an account, what counts as `what`."""
        found = self._past.get((debt.collector, what))
        if found is None:
            found = tuple(one for one in self.past_of(debt) if what in self.counts(one))
            self._past[debt.collector, what] = found
        return found

    def in_file(self, contact: Contact) -> bool:
        """Whether a contact stands in a file of this consumer."""
        return not contact.consumer or contact.consumer in self.consumers

    @cached_property
    def returned(self) -> dict[str, datetime]:
        """Contacts that came back undelivered: id -> when that was known.

        `undeliverable` marks the latest earlier outbound contact on that point and channel.
        """
        return self.once(("returned", ""), self._returned)

    def _returned(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        latest: dict[tuple[str | None, str], str] = {}
        for one in self.group.contacts:
            if one.at > self.moment.known or (one.recorded or one.at) > self.moment.known:
                continue
            if came_back(one):
                found.setdefault(one.id, one.at)
            elif one.result == "undeliverable":
                sent = latest.get((one.point, one.channel))
                if sent is not None:
                    found.setdefault(sent, one.at)
            elif one.direction == "out":
                latest[one.point, one.channel] = one.id
        return found

    def counts(self, contact: Contact) -> frozenset[str]:
        """What a past contact counts as; a message that came back is an attempt, no more."""
        kept = self._counts.get(id(contact))
        if kept is not None:
            return kept[1]
        found = counts_as(contact)
        if contact.id in self.returned and contact.channel in words.WRITTEN_CHANNELS:
            found -= {"communications"}
        self._counts[id(contact)] = contact, found  # kept, so that its id stays its own
        return found

    def counting_as(self, what: str) -> tuple[Contact, ...]:
        """History that counts as `what`, oldest first."""
        return self.once(
            ("counting as", what),
            lambda: tuple(one for one in self.history if what in self.counts(one)),
        )

    def local_day(self, contact: Contact) -> date:
        """The civil day of a past contact in this view's zone."""
        return self.day_at(contact.at)

    def day_at(self, at: datetime) -> date:
        """The civil day of an instant in this view's zone, remembered."""
        key = ("days", self.zone)
        days: dict[datetime, date] = self.shared.setdefault(key, {})
        found = days.get(at)
        if found is None:
            found = days[at] = clock.local_date(at, self.zone)
        return found

    @cached_property
    def same_call(self) -> datetime | None:
        """When the call in progress began that the contact is declared to continue; else None.

        On the same line: where none is marked in progress, there is none to continue.
        """
        if not self.contact.flag("same_call"):
            return None
        line = self.line(self.contact.point)
        whose = self.debts[0].collector if self.debts else self.contact.collector
        running = [
            past.at
            for past in self.history
            if past.in_progress
            and past.collector == whose
            and past.channel in words.VOICE_CHANNELS
            and self.line(past.point) == line
        ]
        return max(running, default=None)

    # -- people

    def human(self, person: str) -> str:
        """The human behind an id: rows of the same human are joined by `Consumer.person`."""
        file = self.group.consumers.get(person)
        return file.person if file is not None else person

    def role_of(self, person: str, consumer: str) -> str | None:
        """What a person is to a consumer (`history.role_of`)."""
        return role_of(self.group, person, consumer)

    @cached_property
    def governed(self) -> frozenset[str]:
        """The people whose words govern the contact: whoever it is with, and the point's owner."""
        if self.point is None:
            return self.persons
        return self.persons | {self.human(self.point.owner)}

    @cached_property
    def spoken(self) -> dict[str, list[tuple[datetime, Statement]]]:
        """Known statements by kind, in whosever file of the group they were noted."""
        return self.once(("spoken", self.zone), self._spoken)

    def _spoken(self) -> dict[str, list[tuple[datetime, Statement]]]:
        found: dict[str, list[tuple[datetime, Statement]]] = {}
        for received, one in self.known_statements:
            found.setdefault(one.kind, []).append((received, one))
        return found
