"""Make edge_codes.csv: postal codes that border codes of another zone in the same state.

Run `python -m engine.tables.make_edge_codes` after a new `zipcodes` or split_counties.csv.
A postal code is no area: it follows delivery routes, which cross county and zone lines. Which do
is not in the package, so each code whose ground meets another zone's is held to both. Two codes'
ground meets where no third code's point lies in the circle over the line between theirs (Gabriel
neighbours), the points being at most `REACH` kilometres apart. A code's own zone here is its
county's, since the package's zone is that of one point. Arizona is left out: its line is that of
the Navajo Nation, within counties that split_counties.csv already holds to both.
"""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path

from engine.place.zones import (
    STATES,
    county_zones,
    package_codes,
    plain_county,
    zones_of_state,
)

HEADER = (
    "# Made by make_edge_codes.py: do not edit.\n"
    f"# Source: points and counties of package zipcodes {version('zipcodes')}; 49 CFR part 71.\n"
    "postal_code,state,zones\n"
)
REACH = 40.0
EARTH = 6371.0


Point = tuple[float, float]


def _points(state: str) -> dict[Point, tuple[str, list[str]]]:
    """Each point of a state's codes, in kilometres on a plane, with its zone and its codes."""
    found: dict[Point, tuple[str, list[str]]] = {}
    for row in package_codes():
        zone = county_zones().get((row["state"], plain_county(row["county"])))
        if row["state"] != state or zone is None:
            continue
        north, east = math.radians(float(row["lat"])), math.radians(float(row["long"]))
        point = (EARTH * north, EARTH * east * math.cos(north))
        found.setdefault(point, (zone, []))[1].append(row["zip_code"])
    return found


def _meet(a: Point, b: Point, near: list[Point]) -> bool:
    """Whether no other point lies in the circle over the line from a to b."""
    square = math.dist(a, b) ** 2
    return all(
        math.dist(a, c) ** 2 + math.dist(b, c) ** 2 >= square for c in near if c not in (a, b)
    )


def compute() -> list[tuple[str, str, tuple[str, ...]]]:
    """The table's rows: (postal code, state, zones), sorted."""
    found: dict[tuple[str, str], set[str]] = {}
    for state in STATES:
        if state == "AZ" or len(zones_of_state(state)) == 1:
            continue
        points = _points(state)
        for a, (zone, codes) in points.items():
            across = [b for b in points if points[b][0] != zone and math.dist(a, b) <= REACH]
            near = [c for c in points if math.dist(a, c) <= REACH] if across else []
            for b in across:
                other, others = points[b]
                if _meet(a, b, near):
                    for code in codes + others:
                        found.setdefault((code, state), set()).update((zone, other))
    return [(code, state, tuple(sorted(zones))) for (code, state), zones in sorted(found.items())]


def text() -> str:
    """The whole file."""
    return HEADER + "".join(
        f"{code},{state},{' '.join(zones)}\n" for code, state, zones in compute()
    )


if __name__ == "__main__":
    Path(__file__).with_name("edge_codes.csv").write_text(text(), encoding="utf-8")
