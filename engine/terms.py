"""What a place asks at the head of its file rather than by a rule.

A licence to collect, consent to recording, and how long a debt may be sued on: one word each for a
whole place. What is missing or unknown becomes a duty; a licence known to be missing refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from .account import Collector
from .decision import Finding
from .reading import Place
from .structural import STRUCTURAL, refusal

HELD: Final = "held"
UNCHECKED: Final = "unchecked"
OF_CARE: Final = frozenset({"medical", "medical_facility"})  # kinds of contract
MAY_BE_CARE: Final = frozenset({"medical", "other", "unspecified"})  # types of debt
MISSING: Final = "licence_missing"  # of structural.STRUCTURAL
Licences = Mapping[str, Mapping[str, date | None]]


def licensed(collector: Collector, licences: Licences | None) -> Collector:
    """A collector with the licences told of it: by collector, each place with the last day, if any.

    None: every collector holds all; one that is not named: nobody said which it holds.
    """
    if licences is None:
        return collector
    told = licences.get(collector.id)
    if told is None:
        return replace(collector, licences_told=False)
    ends = {place: last for place, last in told.items() if last is not None}
    return replace(collector, licensed_in=frozenset(told), licence_ends=ends)


def licence(place: Place, collector: Collector, role: str, day: date) -> str:
    """How a collector stands in a place: HELD, UNCHECKED, or why no licence is in force.

    HELD also where none is needed: the place asks for none, or not of this role. UNCHECKED where
    the place's law is not known to say, or nobody said which licences the collector holds.
    """
    asked = place.licence
    if asked is None or asked.required == "no" or role not in asked.collectors:
        return HELD if asked is not None or not place.encoded else UNCHECKED
    if not collector.licences_told:
        return UNCHECKED
    code = place.jurisdiction
    if collector.licensed_in is None:
        return HELD
    if code in collector.licensed_in:
        ends = collector.licence_ends.get(code)
        if ends is None or day <= ends:
            return HELD
        why = f"the licence of {collector.id} in {code} ended on {ends.isoformat()}"
    else:
        why = f"{collector.id} has no licence in {code}"
    return why if asked.required == "yes" else UNCHECKED


def licence_cite(place: Place) -> tuple[str, ...]:
    """The law by which a place asks for a licence."""
    own = place.licence.cite if place.licence else ()
    return own or (STRUCTURAL[MISSING][1],)


def unlicensed(place: Place, why: str) -> Finding:
    """The finding of a licence that is not in force: a prohibition, by the place's own law."""
    found = refusal(MISSING, why)
    return Finding(
        found.rule, licence_cite(place), found.force, found.says, why, "a licence in force",
        place=place.jurisdiction,
    )  # fmt: skip


def duties(place: Place, standings: Iterable[str], *, call: bool, suable: bool) -> list[str]:
    """The duties that a contact has by a place's head.

    `standings`: how each collector of its debts stands; `call`: whether it is one; `suable`:
    whether every debt is known to be one that may still be sued on, or has a judgment.
    """
    if not place.encoded:
        return ["state_law_not_encoded"]
    found = []
    if UNCHECKED in standings:
        found.append("licence_unchecked")
    recording = place.recording_consent
    if call and (recording is None or recording.parties != "one"):
        found.append("recording_consent")
    if not suable:
        found.append("no_suit_threat")
    return found


def limitation(
    places: Mapping[str, Place], codes: Collection[str], debt: str
) -> tuple[int | None, bool]:
    """The shortest limitation period that places have for a type of debt; None: none is known.

    In years, and whether it is surely the shortest: no place leaves one unknown, or says nothing.
    A debt may rest on any kind of contract, but for those of medical care alone. A place within
    another has that one's periods unless it names its own.
    """
    found: list[int] = []
    sure = True
    for code in codes:
        place = places.get(code)
        if place is None or (place.within is not None and not place.limitation_years):
            continue
        own = [
            years
            for kind, years in place.limitation_years.items()
            if kind not in OF_CARE or debt in MAY_BE_CARE
        ]
        found += [years for years in own if years is not None]
        sure &= bool(own) and None not in own
    return min(found, default=None), sure
