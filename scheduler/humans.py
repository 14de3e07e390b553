"""Person ids that are one human, by the table same_persons: surely, or perhaps.

Pairs of SURE confidence join: every person id is replaced by one for all of that human, so whatever
holds for "every row of one human" (statements, counts, points) holds for all their files. Pairs
below it join nothing; `doubtful` decides a contact both ways, and it must be permitted both ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from engine.facts.catalogue import STATEMENTS
from engine.history import Group, Statement

from .records import Tables, table_of

SURE: Final = "high"
"""The confidence from which two person ids are simply one human."""
PERSONS: Final[dict[str, tuple[str, ...]]] = {
    "consumers": ("person", "surviving_spouse", "personal_representative"),
    "account_parties": ("person",),
    "contact_points": ("owner",),
    "contacts": ("intended_for", "reached"),
    "statements": ("by",),
}
"""Columns that hold person ids, by table; words of the shape `person` hold one in `value`."""
NAMING: Final = tuple(name for name, saying in STATEMENTS.items() if saying.shape == "person")


@dataclass(frozen=True, slots=True)
class Humans:
    """`surely`: person id -> the id all of that human goes by; ids that stay are left out.

    `maybe`: the same, over those ids, were every pair that is not sure one human as well.
    """

    surely: Mapping[str, str] = field(default_factory=dict)
    maybe: Mapping[str, str] = field(default_factory=dict)


NOBODY: Final = Humans()


def humans(pairs: Iterable[tuple[str, str, str]]) -> Humans:
    """What pairs of person ids with their confidence come to.

    >>> humans([("A", "B", "high"), ("B", "C", "low")])
    Humans(surely={'B': 'A'}, maybe={'C': 'A'})
    """
    known = list(pairs)
    surely = _roots((a, b) for a, b, confidence in known if confidence == SURE)
    maybe = _roots((surely.get(a, a), surely.get(b, b)) for a, b, _ in known)
    return Humans(surely, maybe)


def humans_of(source: Tables | Mapping[str, pl.DataFrame]) -> Humans:
    """The humans of a portfolio."""
    rows = table_of(source, "same_persons").select("person", "other", "confidence").collect()
    return humans(rows.sort("person", "other").iter_rows()) if rows.height else NOBODY


def _roots(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each name that is joined to a smaller one, with the smallest it is joined to."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        top = name
        while (above := parent.setdefault(top, top)) != top:
            top = above
        while parent[name] != top:
            parent[name], name = top, parent[name]
        return top

    for one, other in pairs:
        a, b = root(one), root(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return {name: root(name) for name in sorted(parent) if root(name) != name}


def as_one(frame: pl.LazyFrame, table: str, names: Mapping[str, str]) -> pl.LazyFrame:
    """Rows of a portfolio's table with each person under the name given."""
    if not names:
        return frame
    changed = [pl.col(column).replace(names) for column in PERSONS.get(table, ())]
    if table in ("statements", "knowledge"):
        texts = {json.dumps(one): json.dumps(other) for one, other in names.items()}
        named = pl.col("kind").is_in(NAMING)
        changed.append(pl.when(named).then(pl.col("value").replace(texts)).otherwise("value"))
    if not changed:
        return frame
    frame = frame.with_columns(changed)
    return frame.unique() if table == "account_parties" else frame


def people_of(group: Group) -> set[str]:
    """Every person id that a group's records name."""
    found = {one.by for one in group.statements}
    for person in group.consumers.values():
        found |= {person.person, person.surviving_spouse, person.personal_representative}
    found |= {one.owner for one in group.points.values()}
    for contact in group.contacts:
        found |= {contact.intended_for, contact.reached}
    found |= {person for parties in group.parties.values() for person, _ in parties}
    return {one for one in found if one is not None}


def group_as_one(group: Group, names: Mapping[str, str]) -> Group:
    """A group's records with each person under the name given."""
    if not names:
        return group

    def named(one: str) -> str:
        return names.get(one, one)

    def maybe(one: str | None) -> str | None:
        return None if one is None else named(one)

    def filed(one: str | None, consumer: str) -> str | None:
        """Who is named by the id of the file he stands in is the person whose file it is."""
        found, file = maybe(one), group.consumers.get(consumer)
        return named(file.person) if file is not None and found == consumer else found

    def said(one: Statement) -> Statement:
        value = named(one.value) if one.kind in NAMING and isinstance(one.value, str) else one.value
        return replace(one, by=maybe(one.by), value=value)

    return replace(
        group,
        consumers={
            name: replace(
                one,
                person=named(one.person),
                surviving_spouse=maybe(one.surviving_spouse),
                personal_representative=maybe(one.personal_representative),
            )
            for name, one in group.consumers.items()
        },
        points={
            name: replace(one, owner=filed(one.owner, one.consumer) or one.owner)
            for name, one in group.points.items()
        },
        contacts=tuple(
            replace(
                one,
                intended_for=filed(one.intended_for, one.consumer),
                reached=filed(one.reached, one.consumer),
            )
            for one in group.contacts
        ),
        statements=tuple(map(said, group.statements)),
        parties={
            name: tuple(sorted({(named(person), role) for person, role in people}))
            for name, people in group.parties.items()
        },
    )
