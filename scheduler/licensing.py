"""Licences from two places, the settings and the table of collectors: the stricter holds.

Where both speak of a collector, a place counts as licensed only if both say so, until the earlier
last day; what they say differently is told, so that somebody mends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Final

from engine.clock import parse_date
from engine.reading.files import CODE
from engine.terms import Licences

from .records import Tables

UNLIMITED: Final = "unlimited"


def licences_in(text: str) -> dict[str, date | None] | None:
    """Licences from their JSON text, {"US-MA": "2027-12-31", "US-NY": "unlimited"}; None: not so.

    >>> licences_in('{"US-MA": "unlimited"}')
    {'US-MA': None}
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    found: dict[str, date | None] = {}
    for place, last in told.items():
        if not CODE.fullmatch(place) or not isinstance(last, str):
            return None
        try:
            found[place] = None if last == UNLIMITED else parse_date(last)
        except ValueError:
            return None
    return found


Held = dict[str, dict[str, date | None]]


def licences_of(source: Tables, settings: Licences) -> tuple[Held, tuple[str, ...]]:
    """The licences to decide by, and a line for each thing that both places say differently."""
    rows = source.scan("collectors").select("collector", "licences").drop_nulls().collect()
    return merged(
        settings,
        {name: licences_in(text) or {} for name, text in rows.sort("collector").iter_rows()},
    )


def merged(one: Licences, other: Licences) -> tuple[Held, tuple[str, ...]]:
    """The stricter of two, of the settings and of the table; and where they differ."""
    found = {name: dict(held) for name, held in (*one.items(), *other.items())}
    lines = []
    for name in sorted(set(one) & set(other)):
        here, there = one[name], other[name]
        found[name] = {}
        for place in sorted({*here, *there}):
            if place in here and place in there:
                found[name][place] = _earlier(here[place], there[place])
            if _shown(here, place) != _shown(there, place):
                kept = _shown(found[name], place)
                lines.append(
                    f"licences_differ: {name} in {place}: {_shown(here, place)} in the settings, "
                    f"{_shown(there, place)} in the table of collectors; taken: {kept}"
                )
    return found, tuple(lines)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _shown(held: Mapping[str, date | None], place: str) -> str:
    if place not in held:
        return "none"
    last = held[place]
    return UNLIMITED if last is None else f"until {last.isoformat()}"


def plain(licences: Licences) -> dict[str, dict[str, str]]:
    """Licences as plain data, for a record: by collector and place, the last day or `unlimited`."""
    return {
        name: {
            place: last.isoformat() if last else UNLIMITED for place, last in sorted(held.items())
        }
        for name, held in sorted(licences.items())
    }
