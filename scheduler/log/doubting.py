"""What may have been so when a contact was placed, and nobody knows: judged as if it were.

A look-back names what a contact broke only if such a doubt is so: that two person ids are one human
(`humans`: pairs that are not sure), or, from a portfolio's files, which do not say since when, that
an account was no longer open or a consumer had died.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from engine.clock import local_date
from engine.history import Contact, Group

from ..humans import group_as_one, people_of
from .lookback import Doubt


def one_human(group: Group, maybe: Mapping[str, str]) -> Iterator[Doubt]:
    """That people of a group who may be one human are; at most one doubt, about all of them.

    `maybe`: person id -> the id that all of that human would go by.
    """
    alike: dict[str, set[str]] = {}
    for person in people_of(group) if maybe else ():
        alike.setdefault(maybe.get(person, person), set()).add(person)
    several = [" and ".join(sorted(ids)) for _, ids in sorted(alike.items()) if len(ids) > 1]
    if not several:
        return

    def change(found: Group, asked: Contact) -> tuple[Group, Contact]:
        (contact,) = group_as_one(replace(found, contacts=(asked,)), maybe).contacts
        return group_as_one(found, maybe), contact

    yield Doubt(f"if {', '.join(several)} are one human", lambda _: True, change, people=True)


def not_open(group: Group) -> Iterator[Doubt]:
    """That accounts which are not open now were not open then; a later payment says that they were.

    `group` is as its files have it.
    """
    for name, account in sorted(group.accounts.items()):
        if account.status == "open":
            continue
        paid = account.dates.get("last_payment")

        def concerns(asked: Contact, name: str = name, paid: date | None = paid) -> bool:
            return name in asked.debts and (paid is None or paid <= local_date(asked.at, "UTC"))

        def change(
            found: Group, asked: Contact, name: str = name, status: str = account.status
        ) -> tuple[Group, Contact]:
            debt = replace(found.accounts[name], status=status)
            return replace(found, accounts={**found.accounts, name: debt}), asked

        yield Doubt(f"if {name} was {account.status} by then", concerns, change)


def had_died(group: Group) -> Iterator[Doubt]:
    """That consumers who are dead now had died by then; `group` is as its files have it."""
    for name, consumer in sorted(group.consumers.items()):
        if not consumer.deceased:
            continue
        rows = {one.id for one in group.consumers.values() if one.person == consumer.person}

        def concerns(asked: Contact, rows: frozenset[str] = frozenset(rows)) -> bool:
            owners = {group.accounts[one].consumer for one in asked.debts if one in group.accounts}
            return not rows.isdisjoint({asked.consumer, *owners})

        def change(found: Group, asked: Contact, name: str = name) -> tuple[Group, Contact]:
            dead = replace(found.consumers[name], deceased=True)
            return replace(found, consumers={**found.consumers, name: dead}), asked

        yield Doubt(f"if {name} had died by then", concerns, change)
