"""Make area_codes.csv: each area code's zones, from its exchanges, its overlays and the plan.

Run `python -m engine.tables.make_area_codes` after a new `phonenumbers` or numbering_plan.csv.
A code's zones are the union of what libphonenumber knows of its exchanges and what the plan's
administrator says of the code (its word alone where it names one zone), joined with those of every
code laid over the same ground, and cut to the zones its state keeps. A code that covers its whole
state has all of the state's zones.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from phonenumbers.tzdata import TIMEZONE_DATA

from engine import tables
from engine.place.zones import same_clock, zones_of_state

HEADER = (
    "# Made by make_area_codes.py: do not edit.\n"
    f"# Sources: numbering_plan.csv; exchanges of package phonenumbers {version('phonenumbers')}.\n"
    "area_code,states,zones\n"
)
WORDS = {
    "Eastern": "America/New_York",
    "Central": "America/Chicago",
    "Mountain": "America/Denver",
    "Pacific": "America/Los_Angeles",
}
ANY_PLACE = 20  # libphonenumber gives a code of no place every zone of the plan


def of_exchanges() -> dict[str, frozenset[str]]:
    """Zones per area code, over all of its exchanges, where they mean a place."""
    found: dict[str, set[str]] = {}
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) > 3 and len(zones) < ANY_PLACE:
            found.setdefault(prefix[1:4], set()).update(zones)
    return {code: _same(zones) for code, zones in found.items()}


def _same(zones: Iterable[str]) -> frozenset[str]:
    return frozenset(same_clock(zone) for zone in zones)


def compute() -> list[tuple[str, str, tuple[str, ...]]]:
    """The table's rows: (area code, state, zones), sorted."""
    plan = {row["area_code"]: row for row in tables.rows("numbering_plan")}
    exchanges = of_exchanges()
    ground: dict[str, frozenset[str]] = {}
    for code, row in plan.items():
        named = _same(WORDS[word] for word in row["zones"].split())
        known = named if len(named) == 1 else exchanges.get(code, frozenset()) | named
        ground[code] = known & zones_of_state(row["state"])
    found = []
    for code, row in sorted(plan.items()):
        laid_over = {code, *row["overlays"].split()}
        mates = {other for other, its in plan.items() if its["state"] == row["state"]}
        zones = frozenset[str]().union(*(ground[other] for other in laid_over))
        if mates <= laid_over or not zones:
            zones = zones_of_state(row["state"])
        found.append((code, row["state"], tuple(sorted(zones))))
    return found


def text() -> str:
    """The whole file."""
    return HEADER + "".join(
        f"{code},{state},{' '.join(zones)}\n" for code, state, zones in compute()
    )


if __name__ == "__main__":
    Path(__file__).with_name("area_codes.csv").write_text(text(), encoding="utf-8")
