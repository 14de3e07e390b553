"""A whole group with the contact proposed to it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from engine.history import Contact, Group

from .moments import moments
from .past import past_contacts, proposed_contacts
from .people import files
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
    group = Group(
        consumers=file.consumers,
        accounts=file.accounts,
        points=file.points,
        collectors=file.collectors,
        contacts=tuple(sorted(past, key=lambda one: one.at)),
        statements=tuple(said),
        email_provenance=provenance,
        parties=file.parties,
    )
    return Situated(group, draw(proposed_contacts(file, now)))
