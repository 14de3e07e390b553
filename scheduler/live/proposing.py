"""A contact proposed: as the engine's record, and its answer, from memory or anew."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from typing import Final

from engine import words
from engine.account import Account, Point
from engine.decision import Decision, Finding
from engine.history import Contact, Group

from ..explaining import NoSuchContact, choose, plain_contact
from .asked import Fault, Proposed
from .deciding import RESERVED, Desk
from .knowing import SPOKEN, Known, persons_of
from .recording import Kept, keep

_WORDS: Final = {
    "channel": words.CHANNELS,
    "purpose": words.PURPOSES,
    "content": words.CONTENTS,
    "technology": words.TECHNOLOGIES,
    "disclosure": words.DISCLOSURES,
}
_CITE: Final = ("12 CFR 1006.14(b)(2)",)


def contact_of(known: Known, asked: Proposed, now: datetime) -> Contact | Fault:
    """The proposed contact as the engine's record."""
    for name, allowed in _WORDS.items():
        value = getattr(asked, name)
        if value is not None and value not in allowed:
            return Fault("unknown_word", f"`{value}` is no {name}; it may be {', '.join(allowed)}")
    strange = [one for one in asked.flags if one not in words.FLAGS]
    if strange:
        return Fault("unknown_word", f"`{strange[0]}` is no flag; see rules/README.md")
    group = known.facts
    debt = group.accounts[asked.account]
    lost = [one for one in asked.debts if one not in group.accounts]
    if lost:
        why = f"account `{lost[0]}` is not one that is counted together with `{debt.id}`"
        return Fault("unknown_account", why)
    try:
        point, channel = _way(group, debt, asked)
    except NoSuchContact as error:
        named = asked.point is None or asked.point in group.points
        return Fault("wrong_channel" if named else "unknown_point", error.why)
    plain = plain_contact(debt, point, channel, now)
    return replace(
        plain,
        debts=(debt.id, *(one for one in asked.debts if one != debt.id)),
        purpose=asked.purpose or plain.purpose,
        content=asked.content,
        technology=asked.technology or plain.technology,
        disclosure=asked.disclosure,
        flags=dict(asked.flags),
    )


def _way(group: Group, debt: Account, asked: Proposed) -> tuple[Point, str]:
    point = group.points.get(asked.point or "")
    ways = words.CHANNELS_OF_KIND[point.kind] if point is not None else ()
    if point is not None and point.consumer == debt.consumer and asked.channel in ways:
        return point, asked.channel
    return choose(group, debt, asked.channel, asked.point)


def key_of(asked: Proposed) -> Hashable:
    """What two questions must have in common to have one answer."""
    if not asked.flags and not asked.debts and asked.purpose is None and asked.content is None:
        return (asked.account, asked.channel, asked.point, asked.technology, asked.disclosure)
    return (
        asked.account, asked.channel, asked.point, asked.technology, asked.disclosure,
        asked.debts, asked.purpose, asked.content, tuple(sorted(asked.flags.items())),
    )  # fmt: skip


def decide_now(
    desk: Desk, known: Known, asked: Proposed, now: datetime, micro: int
) -> Kept | Fault:
    """The decision about a proposed contact as of now: the one in memory while it holds.

    `micro` is now, as `turning.micros` has it.
    """
    key = key_of(asked)
    kept: Kept | None = known.answers.get(key)
    if kept is not None and kept.holds(micro):
        return kept
    contact = contact_of(known, asked, now)
    if isinstance(contact, Fault):
        return contact

    def reserved(decision: Decision) -> Decision:
        finding = reservation(known, contact, now)
        if finding is None:
            return decision
        found = tuple(sorted((*decision.findings, finding), key=lambda one: one.rule))
        return replace(decision, permitted=False, findings=found)

    granted = {
        one.rule: one.release
        for one in reversed(known.releases)
        if one.account == asked.account
        and one.until > now
        and one.channel in (None, contact.channel)
        and one.point in (None, contact.point)
    }
    decided = desk.decide(
        known.group, known.marks(desk.dial), contact, now, reserved, granted, known.same
    )
    kept = keep(desk, known.group, known.name, decided, now)
    known.answers[key] = kept
    return kept


def reservation(known: Known, contact: Contact, now: datetime) -> Finding | None:
    """The refusal of a second call while one is open to the same person or number.

    It could follow a conversation, after which no call is permitted (12 CFR 1006.14(b)(2)(i)(B)).
    """
    if contact.channel not in SPOKEN:
        return None
    met = known.same or known.facts
    mine = persons_of(met, contact.consumer, contact.point or "")
    for permit in known.opens.values():
        if permit.channel not in SPOKEN:
            continue
        person, line = persons_of(met, permit.consumer, permit.point)
        if person == mine[0] or line == mine[1]:
            same = "person" if person == mine[0] else "number"
            return Finding(
                RESERVED,
                _CITE,
                "structural",
                "A call to this person or number is reserved, and its result is not known yet.",
                f"an open permit for the same {same}",
                "no other call open",
                free=permit.until if permit.until > now else None,
            )
    return None
