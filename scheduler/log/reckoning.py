"""What a look-back came to: how often each rule was broken, and by when that could be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.clock import format_instant

from .lookback import KNOWN, LATER, STRUCTURAL, Broken
from .looking import Review

FORCES: Final = ("prohibition", "presumption", "policy", STRUCTURAL)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many contacts broke one rule: all, by when it could be known, and those since cleared."""

    rule: str
    force: str
    cite: tuple[str, ...]
    says: str
    contacts: int
    known: Mapping[str, int]
    cleared: int


def tallies(broken: Sequence[Broken]) -> list[Tally]:
    """Every rule that was broken, the gravest first, then the most often broken."""
    contacts: Counter[str] = Counter()
    known: Counter[tuple[str, str]] = Counter()
    cleared: Counter[str] = Counter()
    first: dict[str, Broken] = {}
    for of in _by_contact(broken).values():
        one = min(of, key=lambda each: list(KNOWN).index(each.known))
        first.setdefault(one.rule, one)
        contacts[one.rule] += 1
        known[one.rule, one.known] += 1
        cleared[one.rule] += not any(each.stands for each in of)
    found = [
        Tally(
            rule=name,
            force=one.force,
            cite=one.cite,
            says=one.says,
            contacts=contacts[name],
            known={word: known[name, word] for word in KNOWN},
            cleared=cleared[name],
        )
        for name, one in first.items()
    ]
    return sorted(found, key=lambda one: (FORCES.index(one.force), -one.contacts, one.rule))


def _by_contact(broken: Sequence[Broken]) -> dict[tuple[str, str], list[Broken]]:
    """What was found, by rule and contact: one contact breaks a rule once, whatever its debts."""
    found: dict[tuple[str, str], list[Broken]] = {}
    for one in broken:
        found.setdefault((one.rule, one.contact), []).append(one)
    return found


def counts(found: Review) -> dict[str, int]:
    """How many contacts were judged, broke a rule, and by when that could be known.

    A contact counts as known by the earliest of all the rules it broke; policy is the firm's own.
    """
    law = [one for one in found.rules if one.force != "policy"]
    by: dict[str, set[str]] = {word: set() for word in KNOWN}
    for one in law:
        by[one.known].add(one.contact)
    seen: set[str] = set()
    first: dict[str, int] = {}
    for word, names in by.items():
        first[word] = len(names - seen)
        seen |= names
    return {
        "contacts": found.contacts,
        "broke_law": len(seen),
        "broke_policy_alone": len({one.contact for one in found.rules} - seen),
        **{f"law_{word}": number for word, number in first.items()},
        "law_if": len({one.contact for one in found.doubtful if one.force != "policy"} - seen),
        "not_judged_whole": len(
            {one.contact for one in found.broken if one.force == STRUCTURAL and not one.only_if}
        ),
        "undated": found.undated,
        "others": found.others,
    }


def document(found: Review) -> dict[str, Any]:
    """A look-back as plain data: counts, rules, and every rule that every contact broke."""
    return {
        "counts": counts(found),
        "rules": [
            {
                "rule": one.rule,
                "force": one.force,
                "cite": list(one.cite),
                "says": one.says,
                "contacts": one.contacts,
                **one.known,
                "cleared": one.cleared,
            }
            for one in tallies(found.sure)
        ],
        "doubtful": [
            {"rule": one.rule, "force": one.force, "contacts": one.contacts}
            for one in tallies(found.doubtful)
        ],
        "broken": [row(found, one) for one in found.broken],
        "alarms": found.alarms,
    }


def row(found: Review, one: Broken) -> dict[str, Any]:
    """One rule broken by one contact, as plain data; the columns of the CSV file."""
    system, its = found.sources.get(one.contact, ("", ""))
    return {
        "contact": one.contact,
        "at": format_instant(one.at),
        "recorded_at": format_instant(one.recorded) if one.recorded else None,
        "source": system,
        "source_id": its,
        "consumer": one.consumer,
        "account": one.account,
        "account_named": one.named,
        "point": one.point,
        "channel": one.channel,
        "rule": one.rule,
        "force": one.force,
        "cite": "; ".join(one.cite),
        "place": one.place,
        "found": one.observed,
        "allowed": one.threshold,
        "known": one.known,
        "received_by_then": one.known != LATER,
        "recorded_by_then": one.known == "recorded",
        "stands": one.stands,
        "only_if": one.only_if,
    }
