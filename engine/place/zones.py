"""Zones and jurisdictions of states, postal codes and area codes.

Tables: `engine/tables` (split counties, codes at a zone's edge, area codes with their overlays)
and the postal codes of the `zipcodes` package. A place nobody can pin down keeps every zone it may
have; a yes must hold in all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Final, cast

import zipcodes

from .. import clock, tables

Zones = frozenset[str]

NEW_YORK_CITY: Final = "US-NY-NYC"
_BOROUGHS = frozenset({"bronx", "kings", "newyork", "queens", "richmond"})
_NOWHERE: Zones = frozenset()

STATES: Final = MappingProxyType(
    {row["state"]: row["jurisdiction"] for row in tables.rows("states")}
)
"""State, District or territory as in an address ("MA") -> jurisdiction ("US-MA")."""


@lru_cache(maxsize=1024)
def _behaviour(zone: str) -> tuple[tuple[object, int], ...]:
    return tuple(clock.transitions(zone, date(2011, 1, 1), date(clock.LAST_YEAR, 12, 31)))


@lru_cache(maxsize=1024)
def same_clock(zone: str) -> str:
    """The name that stands for every zone keeping the same time since 2011 as this one.

    It is the first such of `clock.ZONES`, found in the zone database in use; a zone that agrees
    with none stands for itself. Raises ValueError for a name no zone has.
    """
    mine = _behaviour(zone)
    return next((other for other in clock.ZONES if _behaviour(other) == mine), zone)


def _same_clocks(zones: Iterable[str]) -> Zones:
    return frozenset(same_clock(zone) for zone in zones)


def state_of(text: str | None) -> str | None:
    """The key of `STATES` that an address's state means ("ma", "US-MA"), or None."""
    if text is None:
        return None
    state = text.strip().upper().removeprefix("US-")
    return state if state in STATES else None


@lru_cache(maxsize=1)
def _zones_by_state() -> dict[str, Zones]:
    return {row["state"]: _same_clocks(row["zones"].split()) for row in tables.rows("states")}


def zones_of_state(state: str | None) -> Zones:
    """Every zone some part of a state keeps; empty for what is no state (AA, AE, AP too)."""
    key = state_of(state)
    return _zones_by_state()[key] if key else _NOWHERE


# -- postal codes


@dataclass(frozen=True, slots=True)
class _Code:
    state: str
    zones: Zones
    jurisdictions: frozenset[str]


def plain_county(county: str | None) -> str:
    """A county's name in plain letters, so that its spellings agree (La Porte, LaPorte)."""
    return (county or "").casefold().replace(" ", "").removesuffix("county")


def package_codes() -> Iterator[dict[str, str]]:
    """Every postal code of a state: zip_code, state, county, timezone, lat, long.

    State by state: all of the package's at once are 130 MB, which a process never quite gives back.
    """
    for state in STATES:
        yield from cast(list[dict[str, str]], zipcodes.filter_by(state=state))  # type: ignore[no-untyped-call]  # it comes without types


@lru_cache(maxsize=1)
def _package() -> tuple[tuple[str, str, str, str | None], ...]:
    """Of each code of the package: itself, state, county in plain letters, and the zone kept."""
    return tuple(
        (row["zip_code"], intern(row["state"]), intern(plain_county(row["county"])),
         _zone_kept(row))
        for row in package_codes()
    )  # fmt: skip


def _zone_kept(row: dict[str, str]) -> str | None:
    """The zone the package gives, unless it is none of the state's: then the package is wrong."""
    zone = row["timezone"]
    if not zone or not clock.is_zone(zone):
        return None
    return same_clock(zone) if same_clock(zone) in zones_of_state(row["state"]) else None


@lru_cache(maxsize=1)
def county_zones() -> dict[tuple[str, str], str]:
    """The zone that most codes of a county lie in, by state and county in plain letters."""
    votes: dict[tuple[str, str], Counter[str]] = {}
    for _, state, county, zone in _package():
        if zone:
            votes.setdefault((state, county), Counter())[zone] += 1
    return {place: count.most_common(1)[0][0] for place, count in votes.items()}


@lru_cache(maxsize=1)
def _splits() -> tuple[dict[tuple[str, str], Zones], dict[str, Zones]]:
    """Zones of split counties, and of single codes."""
    counties: dict[tuple[str, str], Zones] = {}
    codes: dict[str, Zones] = {}
    for row in tables.rows("split_counties"):
        zones = _same_clocks(row["zones"].split())
        if row["postal_codes"]:
            codes.update(dict.fromkeys(row["postal_codes"].split(), zones))
        else:
            counties[row["state"], plain_county(row["county"])] = zones
    return counties, codes


@lru_cache(maxsize=1)
def _codes() -> dict[str, _Code]:
    most = county_zones()
    counties, single = _splits()
    edge = {row["postal_code"]: row["zones"].split() for row in tables.rows("edge_codes")}
    city = {row["postal_code"] for row in tables.rows("new_york_city")}
    found: dict[str, _Code] = {}
    alike: dict[_Code, _Code] = {}
    for code, state, county, kept in _package():
        if state not in STATES:
            continue
        zones = {zone for zone in (kept, most.get((state, county))) if zone}
        zones |= counties.get((state, county), _NOWHERE) | single.get(code, _NOWHERE)
        zones |= _same_clocks(edge.get(code, ()))
        places = {STATES[state]}
        if state == "NY" and (county in _BOROUGHS or code in city):
            places.add(NEW_YORK_CITY)
        one = _Code(state, frozenset(zones) or zones_of_state(state), frozenset(places))
        found[code] = alike.setdefault(one, one)
    return found


def _code_of(text: str | None) -> str | None:
    """The five digits of a postal code as people write it (02108, 02108-1234, 021081234)."""
    match = re.fullmatch(r"\s*(\d{5})(?:[- ]?\d{4})?\s*", text or "", re.ASCII)
    return match[1] if match else None


def _known_code(text: str | None) -> _Code | None:
    code = _code_of(text)
    return _codes().get(code) if code else None


@lru_cache(maxsize=1)
def _zones_by_county() -> dict[tuple[str, str], Zones]:
    """Every zone that some code of a county can span, by state and county in plain letters."""
    found: dict[tuple[str, str], Zones] = {}
    for code, state, county, _ in _package():
        if state in STATES:
            key = (state, county)
            found[key] = found.get(key, _NOWHERE) | _codes()[code].zones
    return found


def zones_of_postal_code(
    code: str | None, state: str | None = None, county: str | None = None
) -> Zones:
    """Every zone a postal code can span, as `same_clock` names.

    An unknown code keeps all zones of its county, or of its state where that is unknown too; a
    code that belongs to another state than the one written keeps both states' zones, since either
    may be the slip. Neither known: empty.
    """
    known, key = _known_code(code), state_of(state)
    if known is None:
        by_county = _zones_by_county().get((key or "", plain_county(county)))
        return by_county if by_county and county else zones_of_state(key)
    if key is None or key == known.state:
        return known.zones
    return known.zones | zones_of_state(key)


def jurisdictions_of(
    state: str | None, postal_code: str | None, county: str | None = None
) -> frozenset[str]:
    """The places whose law an address falls under: its state's, and New York City's beside it.

    The city's where the code lies in a borough or crosses the city line, where the county is one
    of the five, and where a New York address has no usable code. A code of another state adds that
    state. Nothing known: empty.
    """
    known, key = _known_code(postal_code), state_of(state)
    found = set(known.jurisdictions) if known else set()
    if key:
        found.add(STATES[key])
        if key == "NY" and (known is None or known.state != "NY"):
            found.add(NEW_YORK_CITY)
    if STATES["NY"] in found and plain_county(county) in _BOROUGHS:
        found.add(NEW_YORK_CITY)
    return frozenset(found)


# -- area codes


@lru_cache(maxsize=1)
def _areas() -> dict[str, tuple[Zones, frozenset[str]]]:
    return {
        row["area_code"]: (_same_clocks(row["zones"].split()), frozenset(row["states"].split()))
        for row in tables.rows("area_codes")
    }


def zones_of_area_code(area_code: str | None) -> Zones:
    """Every zone an area code reaches, its overlays' ground included, as `same_clock` names.

    Empty for codes that belong to no place (5xx, 8xx, 900) and those of other countries.
    """
    return _areas().get(area_code or "", (_NOWHERE, _NOWHERE))[0]


def states_of_area_code(area_code: str | None) -> frozenset[str]:
    """The states an area code lies in, as keys of `STATES`; empty as for its zones."""
    return _areas().get(area_code or "", (_NOWHERE, _NOWHERE))[1]


def number_area_code(number: str | None) -> str | None:
    """The area code of a number of the North American plan, or None.

    >>> number_area_code("+16175550123"), number_area_code("(617) 555-0123")
    ('617', '617')
    >>> number_area_code("+442079460000") is None
    True
    """
    text = (number or "").strip()
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if text.startswith("+") and not digits.startswith("1"):
        return None
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return digits[:3] if len(digits) == 10 and digits[0] not in "01" else None


# -- the same, as tables to join on


def postal_code_table() -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Every known postal code: (code, its state, zones, jurisdictions), sorted.

    It answers for addresses whose state is missing or the code's own; for another state, and for
    codes not in it, add or take the row of `state_table`.
    """
    return [
        (code, one.state, tuple(sorted(one.zones)), tuple(sorted(one.jurisdictions)))
        for code, one in sorted(_codes().items())
    ]


def area_code_table() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Every area code that tells something: (code, states, zones), sorted."""
    return [
        (code, tuple(sorted(states)), tuple(sorted(zones)))
        for code, (zones, states) in sorted(_areas().items())
    ]


def state_table() -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Every state: (state, jurisdiction, zones, jurisdictions where no usable postal code)."""
    return [
        (
            state,
            place,
            tuple(sorted(zones_of_state(state))),
            tuple(sorted(jurisdictions_of(state, None))),
        )
        for state, place in sorted(STATES.items())
    ]
