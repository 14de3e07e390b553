"""A whole group with the contact proposed to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from engine.cases.people import roles
from engine.history import Contact, Group

from .moments import moments
from .past import past_contacts, proposed_contacts
from .people import File, files
from .words import provenances, statements


@dataclass(frozen=True, slots=True)
class Situated:
    """A group and a contact proposed to it."""

    group: Group
    contact: Contact


@st.composite
def situated(
    draw: st.DrawFn, *, contacts: int = 8, words: int = 4, located: bool = False
) -> Situated:
    """A group with a past of at most so many contacts and statements, and a proposed contact.

    `located`: the consumer has an address or a zone.
    """
    now = draw(moments())
    file = draw(files(now))
    if located:
        from hypothesis import assume

        assume(file.consumers["P1"].zone_evidence)
    count = draw(st.integers(0, contacts))
    past = [draw(past_contacts(file, now, number)) for number in range(count)]
    said = [draw(statements(file, now, n)) for n in range(draw(st.integers(0, words)))]
    provenance = {}
    if draw(st.integers(0, 2)) == 2:
        provenance[draw(st.sampled_from(("", "E1", "EW")))] = draw(provenances(now))
    known = draw(st.integers(0, 3)) > 0  # what people are of whom neither point nor account tells
    group = Group(
        consumers=file.consumers,
        accounts=file.accounts,
        points={
            id: replace(one, owner=_person(file, one.owner)) for id, one in file.points.items()
        },
        collectors=file.collectors,
        contacts=tuple(sorted((_with_people(file, one) for one in past), key=lambda one: one.at)),
        statements=tuple(said),
        email_provenance=provenance,
        parties={
            debt: tuple((_person(file, one), role) for one, role in others)
            for debt, others in file.parties.items()
        },
        roles=roles(said, past) if known else {},
    )
    return Situated(group, _with_people(file, draw(proposed_contacts(file, now))))


def _with_people(file: File, contact: Contact) -> Contact:
    return replace(
        contact,
        intended_for=contact.intended_for and _person(file, contact.intended_for),
        reached=contact.reached and _person(file, contact.reached),
    )


def _person(file: File, name: str) -> str:
    """People stand in a group by their person ids, not by those of their files."""
    return file.consumers[name].person if name in file.consumers else name
