"""Whose word it is: whom a statement binds, whom it frees, who consented.

A word binds contacts with whoever said it, in whosever file of the group it was noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .. import words
from ..history import Statement
from .view import View

Said = tuple[datetime, Statement]


def about(view: View, one: Statement) -> str:
    """The person in whose file a statement stands."""
    return view.group.consumers.get(one.consumer, view.consumer).person


def bound(view: View, one: Statement) -> frozenset[str]:
    """The people whose contacts a statement about time, place or medium governs.

    Whoever made it; knowledge, or an attorney's or outsider's word, is about the consumer
    (case format). A third party on record is bound by its own word too: 1006.14(h) protects
    any person, and the cautious reading takes both.
    """
    consumer = about(view, one)
    if one.origin == "knowledge" or one.by is None:
        return frozenset({consumer})
    speaker = view.human(one.by)
    if view.role_of(speaker, consumer) in words.CONSUMER_ROLES:
        return frozenset({speaker})
    return frozenset({speaker, consumer})


def freed(view: View, one: Statement) -> str:
    """The person from whom a statement may take a restriction off again.

    Whoever made it; an attorney speaks for the consumer, an outsider only for himself.
    """
    consumer = about(view, one)
    if one.origin == "knowledge" or one.by is None:
        return consumer
    speaker = view.human(one.by)
    return consumer if view.role_of(speaker, consumer) == "attorney" else speaker


def binding(view: View, *kinds: str, ours: bool = False) -> Iterator[Said]:
    """Statements of these kinds that govern contact with the people contacted.

    `ours`: only those told to this collector (cease, opt-outs, consent).
    """
    for kind in kinds:
        for received, one in view.spoken.get(kind, ()):
            if ours and one.to != "this_collector":
                continue
            if bound(view, one) & view.governed:
                yield received, one


def speaker(view: View, one: Statement) -> str:
    """The human who said it; whoever the file is about where nobody is named."""
    return about(view, one) if one.by is None else view.human(one.by)


def own_words(view: View, *kinds: str) -> Iterator[Said]:
    """Consents and requests of the very people contacted, told to this collector."""
    for kind in kinds:
        for received, one in view.spoken.get(kind, ()):
            if one.origin == "knowledge" or one.to != "this_collector":
                continue
            if speaker(view, one) in view.persons:
                yield received, one


def in_order(
    view: View, person: str, kinds: tuple[str, ...], takes_off: str, *, ours: bool = False
) -> list[Said]:
    """What governs contact with one person, oldest first, with what takes it off again.

    Of two words received at one instant the restriction is the later.
    """
    found = [pair for pair in binding(view, *kinds, ours=ours) if person in bound(view, pair[1])]
    found += [
        pair
        for pair in view.spoken.get(takes_off, ())
        if freed(view, pair[1]) == person and not (ours and pair[1].to != "this_collector")
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].kind != takes_off))
