"""Who is who: humans, roles, owners of points, and the units that counts are kept for."""

from __future__ import annotations

from engine import words
from engine.account import Account, Point
from engine.history import Contact, Group, Statement


def human(group: Group, person: str) -> str:
    """The human behind an id: rows of one human are joined by `Consumer.person`."""
    consumer = group.consumers.get(person)
    return consumer.person if consumer is not None else person


def role_of(group: Group, person: str) -> str | None:
    """The role a person has in this group, or None where nothing tells."""
    for consumer in group.consumers.values():
        if person in (consumer.id, consumer.person):
            return "consumer"
    for point in group.points.values():
        if point.owner == person:
            return point.whom
    for others in group.parties.values():
        for other, role in others:
            if other == person:
                return words.PARTY_ROLES[role]
    return group.roles.get(person)


def file_of(group: Group, contact: Contact, consumer: str) -> str:
    """The consumer whose file a contact stands in: as recorded, else its point's, else `consumer`.

    READING: a contact that says neither is taken to be about whoever is asked about.
    """
    if contact.consumer:
        return contact.consumer
    if contact.point is not None and contact.point in group.points:
        return group.points[contact.point].consumer
    return consumer


def point_of(group: Group, contact: Contact, consumer: str) -> Point:
    """The point of a contact; one that is not declared has unknown kind and is the consumer's.

    Case format: a history point that is not declared has unknown kind and belongs to P1 (CRA: cra);
    furnishing needs no point.
    """
    if contact.point is not None and contact.point in group.points:
        return group.points[contact.point]
    consumer = file_of(group, contact, consumer)
    if contact.channel == "furnish_to_cra" or contact.point == "CRA":
        return Point("CRA", "cra", "CRA", "cra", consumer)
    return Point(contact.point or "", words.UNKNOWN_KIND, consumer, "consumer", consumer)


def with_whom(group: Group, contact: Contact, consumer: str) -> str:
    """The human a contact is meant for: `intended_for`, else the point's owner."""
    return human(group, contact.intended_for or point_of(group, contact, consumer).owner)


def bound_people(group: Group, contact: Contact, consumer: str) -> set[str]:
    """Everybody whose word binds a contact: the owner of the point and whom it is meant for."""
    owner = human(group, point_of(group, contact, consumer).owner)
    return {owner, with_whom(group, contact, consumer)}


def speaks_for(group: Group, statement: Statement) -> set[str]:
    """Whose contacts a restriction about time, place or medium binds (case format, Meaning).

    A statement binds contacts with whoever made it; knowledge, or an attorney's or outsider's word,
    is about the consumer. READING: an outsider's word binds contacts with the outsider too.
    """
    consumer = human(group, statement.consumer)
    if statement.origin == "knowledge" or statement.by is None:
        return {consumer}
    speaker = human(group, statement.by)
    if role_of(group, statement.by) in words.CONSUMER_ROLES:
        return {speaker}
    return {consumer, speaker}


def may_loosen_for(group: Group, statement: Statement) -> set[str]:
    """Whose restrictions a withdrawal lifts.

    READING: an attorney speaks for the consumer, an outsider only for himself.
    """
    if statement.origin == "knowledge" or statement.by is None:
        return {human(group, statement.consumer)}
    if role_of(group, statement.by) == "attorney":
        return {human(group, statement.consumer)}
    return {human(group, statement.by)}


# -- units (rules/README.md, `per`)


def people_reached(group: Group, contact: Contact, consumer: str, what: str) -> set[str]:
    """The `person` unit of a contact, as something of kind `what`.

    For placed calls: intended for, else the point's owner, and whoever was reached as well; for
    conversations: reached first.
    """
    if what == "conversations":
        if contact.reached is not None:
            return {human(group, contact.reached)}
        return {with_whom(group, contact, consumer)}
    found = {with_whom(group, contact, consumer)}
    if contact.reached is not None:
        found.add(human(group, contact.reached))
    return found


def household_of(group: Group, person: str) -> set[str]:
    """Consumer and spouse, whoever of them is asked about (rules/README.md).

    READING: joined through points and parties of role spouse, and through `surviving_spouse`.
    """
    pairs = [
        (human(group, point.owner), human(group, point.consumer))
        for point in group.points.values()
        if point.whom == "spouse"
    ]
    pairs += [
        (human(group, other), human(group, group.accounts[account].consumer))
        for account, others in group.parties.items()
        for other, role in others
        if role == "spouse" and account in group.accounts
    ]
    pairs += [
        (human(group, consumer.surviving_spouse), consumer.person)
        for consumer in group.consumers.values()
        if consumer.surviving_spouse is not None
    ]
    found = {person}
    for _ in pairs:
        for one, other in pairs:
            if one in found or other in found:
                found |= {one, other}
    return found


def consumers_about(group: Group, contact: Contact, consumer: str) -> set[str]:
    """The consumers a contact is about: the point's and those of the debts it was charged to."""
    found = {human(group, file_of(group, contact, consumer))}
    for debt in contact.attributed_to or contact.debts or ():
        if debt in group.accounts:
            found.add(human(group, group.accounts[debt].consumer))
    return found


def same_debt(group: Group, one: Account, other: Account) -> bool:
    """Whether two accounts are one particular debt.

    12 CFR 1006.14(b)(4): student loans serviced under one account number when obtained are one.
    """
    if one.id == other.id:
        return True
    return (
        one.type == other.type == "student_loan"
        and one.servicing_account is not None
        and one.servicing_account == other.servicing_account
        and one.collector == other.collector
        and human(group, one.consumer) == human(group, other.consumer)
    )


def shares_unit(
    group: Group, unit: str, proposed: Contact, past: Contact, consumer: str, what: str
) -> bool:
    """Whether a past contact is in the same unit as the proposed one; debts are asked elsewhere."""
    if unit in ("particular_debt", "account"):
        return True
    here = point_of(group, proposed, consumer)
    there = point_of(group, past, consumer)
    if unit == "person":
        mine = people_reached(group, proposed, consumer, "attempts")
        return bool(mine & people_reached(group, past, consumer, what))
    if unit == "household":
        mine = household_of(group, with_whom(group, proposed, consumer))
        return bool(mine & people_reached(group, past, consumer, what))
    if unit == "consumer":
        mine = consumers_about(group, proposed, consumer)
        return bool(mine & consumers_about(group, past, consumer))
    if unit == "line":
        return here.line == there.line
    if unit == "point":
        # a phone shared by several consumers is one unit, however often it is recorded
        same = [one for one in group.points.values() if one.line == here.line]
        shared = len({human(group, one.consumer) for one in same}) > 1
        return here.id == there.id or (shared and here.line == there.line)
    if unit == "workplace":
        file = human(group, file_of(group, proposed, consumer))
        return file == human(group, file_of(group, past, consumer)) and at_work(there.kind)
    raise AssertionError(unit)


def at_work(kind: str) -> bool:
    """Whether a kind of point is, or for all we know may be, at work."""
    return kind in words.WORK_KINDS or kind == words.UNKNOWN_KIND


def accounts_of(group: Group, people: set[str], collector: str) -> list[Account]:
    """Every account of these humans that this collector has."""
    return [
        account
        for account in group.accounts.values()
        if human(group, account.consumer) in people and account.collector == collector
    ]
