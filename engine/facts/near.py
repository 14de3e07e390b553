"""Of a large group's history, the contacts that can be in a view's unit at all.

Everybody behind a switchboard is one group. A rule counts by a unit (`selecting.same_unit`): the
files of one human, the people met, or a line. So contacts are found by these, once for all views
that share, and only those found are looked at one by one: what is left out here is in no unit of
such a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..history import Contact
from .view import FEW, HOUSEHOLD, View

FILE, PERSON, LINE = "file", "person", "line"
ANYBODY: Final = ""
"""The key of contacts of which no file tells whose they are."""


def near(view: View, what: str, per: Sequence[str]) -> Sequence[Contact]:
    """History that counts as `what`, oldest first, but for what cannot be in these units."""
    every = view.counting_as(what)
    if len(every) <= FEW or not per:
        return every
    ways = {_way(view, unit) for unit in per}
    if LINE in ways:
        return _under(view, every, what, LINE, [view.line(view.contact.point)])
    if FILE in ways:
        return _under(view, every, what, FILE, [ANYBODY, *view.consumers])
    return _under(view, every, what, PERSON, [ANYBODY, *view.persons])


def _way(view: View, unit: str) -> str:
    """By what the contacts of a unit are found (`selecting.same_unit`)."""
    match unit:
        case "point" | "line":
            return LINE
        case "person":
            return PERSON
        case "household":
            return FILE if view.whom in HOUSEHOLD else PERSON
    return FILE


def _under(
    view: View, every: Sequence[Contact], what: str, way: str, keys: Iterable[str]
) -> Sequence[Contact]:
    """The contacts found under any of these keys, in their order."""
    index = view.once((f"near by {way}", what), lambda: _index(view, every, way))
    places = [found for key in keys if (found := index.get(key))]
    if len(places) == 1:
        return [every[at] for at in places[0]]
    return [every[at] for at in sorted({at for found in places for at in found})]


def _index(view: View, every: Sequence[Contact], way: str) -> dict[str, list[int]]:
    """The places of contacts, by each key they are found under."""
    found: dict[str, list[int]] = {}
    for at, one in enumerate(every):
        for key in _keys(view, one, way):
            found.setdefault(key, []).append(at)
    return found


def _keys(view: View, one: Contact, way: str) -> Iterable[str]:
    """What a contact is found by; the same for every view of the group."""
    if way == FILE:
        return (one.consumer or ANYBODY,)
    if way == LINE:
        return () if one.point is None else (view.line(one.point),)
    if one.consumer not in view.group.consumers and one.intended_for is None:
        return (ANYBODY,)
    return view.persons_of(one)
