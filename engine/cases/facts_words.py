"""A case's `facts` and `proposed_contact`, read into a group and a contact."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final

from .. import words
from ..account import Point
from ..history import Contact, Group, Statement
from ..reading.nodes import Map, Node, Sheet
from . import people, sayings, values
from .sayings import Known

FACT_WORDS: Final = (
    "collector",
    "consumer",
    "debts",
    "contact_points",
    "history",
    "statements",
    "knowledge",
    "email_provenance",
)
ABOUT_WORDS: Final = (
    "channel",
    "at",
    "point",
    "purpose",
    "content",
    *words.FLAGS,
    "disclosure",
    "sender_name",
    "languages",
    "disclosure_languages",
    "language",
    "visible_to",
    "viewed_at",
    "intended_for",
    "reached",
    "attributed_to",
    "discussed",
    "conversation_attributed_to",
    "validation_period_end",
    "message_possible",
)
HISTORY_WORDS: Final = (*ABOUT_WORDS, "direction", "result")
PROPOSED_WORDS: Final = (*ABOUT_WORDS, "debts")
STATEMENT_WORDS: Final = (
    "at",
    "received",
    "by",
    "to",
    "medium",
    "accepted_medium",
    "after_opt_out_deadline",
    "during_lawful_contact",
    "says",
)
KNOWLEDGE_WORDS: Final = ("received", "source", "says")
PROPOSED: Final = "proposed"


def read(sheet: Sheet, facts: Map | None, proposed: Node | None) -> tuple[Group, Contact] | None:
    """The group and the proposed contact of a case; None if there is no contact to speak of.

    Every problem is on the sheet; a case with problems is not to be decided.
    """
    nothing = Map((), 1, 1, 1, 0, 0)
    entry = facts or nothing
    values.known(sheet, entry, FACT_WORDS, "facts")
    covered = people.collector(sheet, entry.get("collector"))
    consumer = people.consumer(sheet, entry.get("consumer"))
    accounts = people.accounts(sheet, entry.get("debts"), consumer.id, covered.fdcpa_covered)
    points = people.points(sheet, entry.get("contact_points"), consumer.id)
    ids = Known(consumer.id, accounts, points)
    past = [
        contact
        for at, one in enumerate(values.listing(sheet, entry.get("history"), "history"), 1)
        if (contact := _past(sheet, one, f"c{at}", ids)) is not None
    ]
    said: list[Statement] = []
    for at, one in enumerate(values.listing(sheet, entry.get("statements"), "statements"), 1):
        said += _statement(sheet, one, f"s{at}", ids)
    for at, one in enumerate(values.listing(sheet, entry.get("knowledge"), "knowledge"), 1):
        said += _knowledge(sheet, one, f"k{at}", ids)
    contact = _proposed(sheet, proposed, ids)
    provenance = people.provenance(sheet, entry.get("email_provenance"))
    if contact is None:
        return None
    group = Group(
        consumers={consumer.id: consumer},
        accounts=accounts,
        points=_with_undeclared(points, [*past, contact], consumer.id),
        collectors={covered.collector.id: covered.collector},
        contacts=tuple(sorted(past, key=lambda one: one.at)),
        statements=tuple(said),
        email_provenance={} if provenance is None else {"": provenance},
        roles=people.roles(said, [*past, contact]),
    )
    return group, contact


def _with_undeclared(
    points: dict[str, Point], contacts: list[Contact], owner: str
) -> dict[str, Point]:
    found = dict(points)
    for one in contacts:
        if one.point is not None and one.point not in found:
            found[one.point] = people.undeclared(one.point, owner)
    return found


# -- contacts


def _past(sheet: Sheet, node: Node, id: str, ids: Known) -> Contact | None:
    entry = values.mapping(sheet, node, "an entry of history")
    if entry is None:
        return None
    values.known(sheet, entry, HISTORY_WORDS, "history")
    direction = values.choice(sheet, entry.get("direction"), words.DIRECTIONS, "direction")
    result = values.choice(sheet, entry.get("result"), words.RESULTS, "result")
    contact = _contact(sheet, entry, id, ids, "history")
    if contact is None:
        return None
    if contact.discussed == () and contact.conversation_attributed_to is None:
        contact = replace(contact, discussed=None)  # empty and nothing beside it: left out
    return replace(contact, direction=direction or "out", result=result)


def _proposed(sheet: Sheet, node: Node | None, ids: Known) -> Contact | None:
    entry = values.mapping(sheet, node, "proposed_contact")
    if entry is None:
        if values.empty(node):
            sheet.report("R029", node, "`proposed_contact` is missing")
        return None
    values.known(sheet, entry, PROPOSED_WORDS, "proposed_contact")
    contact = _contact(sheet, entry, PROPOSED, ids, "proposed_contact")
    debts = ids.debts_of(sheet, entry.get("debts"), "debts")
    if contact is None:
        return None
    if contact.channel != "furnish_to_cra":
        if contact.point is None and values.empty(entry.get("point")):
            sheet.report("R029", entry, "proposed_contact: `point` is missing")
        elif contact.point is not None and contact.point not in ids.points:
            sheet.report(
                "R028",
                entry.get("point"),
                f"proposed_contact: the point `{values.shown(contact.point)}` is not declared",
                f"declared: {values.shown(', '.join(ids.points) or 'none')}",
            )
    return replace(contact, debts=debts or tuple(ids.debts))


def _contact(sheet: Sheet, entry: Map, id: str, ids: Known, what: str) -> Contact | None:
    channel = values.channel(sheet, entry.get("channel"))
    at = values.instant(sheet, entry.get("at"), f"{what}: at")
    for word in ("channel", "at"):
        if values.empty(entry.get(word)):
            sheet.report("R029", entry, f"{what}: `{word}` is missing")
    flags: dict[str, bool] = {}
    for word in words.FLAGS:
        declared = values.boolean(sheet, entry.get(word), word)
        if declared is not None:
            flags[word] = declared
    values.moment(sheet, entry.get("viewed_at"), "viewed_at")
    spoken = values.names(sheet, entry.get("languages"), "languages")
    language = values.name(sheet, entry.get("language"), "language")
    if language is not None:
        spoken = tuple(dict.fromkeys((*(spoken or ()), language)))
    found = Contact(
        id=id,
        at=at or datetime.combine(date(2000, 1, 1), values.DAY_STARTS),
        channel=channel or "call",
        point=values.name(sheet, entry.get("point"), "point"),
        attributed_to=ids.debts_of(sheet, entry.get("attributed_to"), "attributed_to") or None,
        discussed=ids.debts_of(sheet, entry.get("discussed"), "discussed"),
        conversation_attributed_to=ids.debts_of(
            sheet, entry.get("conversation_attributed_to"), "conversation_attributed_to"
        ),
        intended_for=_person(sheet, entry, "intended_for", ids),
        reached=_person(sheet, entry, "reached", ids),
        technology=_technology(flags),
        purpose=values.choice(sheet, entry.get("purpose"), words.PURPOSES, "purpose"),
        content=values.choice(sheet, entry.get("content"), words.CONTENTS, "content"),
        disclosure=values.choice(sheet, entry.get("disclosure"), words.DISCLOSURES, "disclosure"),
        sender_name=values.choice(
            sheet, entry.get("sender_name"), words.SENDER_NAMES, "sender_name"
        ),
        visible_to=values.choice(sheet, entry.get("visible_to"), words.VISIBILITIES, "visible_to"),
        languages=spoken,
        disclosure_languages=values.names(
            sheet, entry.get("disclosure_languages"), "disclosure_languages"
        ),
        message_possible=values.boolean(sheet, entry.get("message_possible"), "message_possible"),
        validation_period_end=values.day(
            sheet, entry.get("validation_period_end"), "validation_period_end"
        ),
        consumer=ids.consumer,
        flags=flags,
    )
    return None if at is None or channel is None else found


def _person(sheet: Sheet, entry: Map, word: str, ids: Known) -> str | None:
    return values.person(sheet, entry.get(word), word, ids.consumer)


def _technology(flags: dict[str, bool]) -> str | None:
    """What the flags say of how a contact was placed; None where they say nothing of it."""
    for word in ("prerecorded", "autodialled"):
        if flags.get(word):
            return word
    return "manual" if flags.get("prerecorded") is False else None


# -- statements and knowledge


def _statement(sheet: Sheet, node: Node, id: str, ids: Known) -> list[Statement]:
    entry = values.mapping(sheet, node, "a statement")
    if entry is None:
        return []
    values.known(sheet, entry, STATEMENT_WORDS, "a statement")
    made = values.moment(sheet, entry.get("at"), "statement: at")
    received = values.moment(sheet, entry.get("received"), "statement: received")
    if values.empty(entry.get("at")) and received is None:
        sheet.report("R029", entry, "a statement needs `at`, the time it was made")
    by = values.person(sheet, entry.get("by"), "by", ids.consumer)
    to = values.choice(sheet, entry.get("to"), words.STATEMENT_TARGETS, "to")
    medium = values.choice(sheet, entry.get("medium"), words.MEDIA, "medium")
    accepted = values.boolean(sheet, entry.get("accepted_medium"), "accepted_medium")
    late = values.boolean(sheet, entry.get("after_opt_out_deadline"), "after_opt_out_deadline")
    lawful = values.boolean(sheet, entry.get("during_lawful_contact"), "during_lawful_contact")
    said = _says(sheet, entry, ids)
    when = received or made
    if when is None:
        return []
    return [
        Statement(
            id=id if len(said) == 1 else f"{id}.{kind}",
            kind=kind,
            origin="statement",
            value=value,
            received=when,
            made=made or when,
            consumer=ids.consumer,
            by=by or ids.consumer,
            to=to or "this_collector",
            medium=medium or "written",
            accepted_medium=True if accepted is None else accepted,
            during_lawful_contact=lawful,
            after_opt_out_deadline=bool(late),
            more=more,
        )
        for kind, value, more in said
    ]


def _knowledge(sheet: Sheet, node: Node, id: str, ids: Known) -> list[Statement]:
    entry = values.mapping(sheet, node, "an entry of knowledge")
    if entry is None:
        return []
    values.known(sheet, entry, KNOWLEDGE_WORDS, "knowledge")
    received = values.moment(sheet, entry.get("received"), "knowledge: received")
    if values.empty(entry.get("received")):
        sheet.report("R029", entry, "knowledge needs `received`, the time it came in")
    source = values.choice(sheet, entry.get("source"), words.SOURCES, "source")
    said = _says(sheet, entry, ids)
    if received is None:
        return []
    return [
        Statement(
            id=id if len(said) == 1 else f"{id}.{kind}",
            kind=kind,
            origin="knowledge",
            value=value,
            received=received,
            consumer=ids.consumer,
            source=source,
            more=more,
        )
        for kind, value, more in said
    ]


def _says(sheet: Sheet, entry: Map, ids: Known) -> list[tuple[str, object, dict[str, object]]]:
    says = values.mapping(sheet, entry.get("says"), "says")
    if says is None:
        if values.empty(entry.get("says")):
            sheet.report("R029", entry, "`says` is missing")
        return []
    return sayings.read(sheet, says, ids)
