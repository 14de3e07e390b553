"""Where a consumer may be: every candidate zone and jurisdiction, and why (rules/README.md).

`zones` knows places and numbers, `whereabouts` one consumer. Zones that have kept the same time
since 2011 go by one name (`same_clock`), so that a window is judged once per clock, not per name.
"""

from __future__ import annotations

from .whereabouts import (
    SAY_WHERE,
    Evidence,
    Whereabouts,
    current_addresses,
    locate,
    locate_number,
    together,
)
from .zones import (
    NEW_YORK_CITY,
    STATES,
    area_code_table,
    jurisdictions_of,
    number_area_code,
    postal_code_table,
    same_clock,
    state_of,
    state_table,
    states_of_area_code,
    zones_of_area_code,
    zones_of_postal_code,
    zones_of_state,
)

__all__ = [
    "NEW_YORK_CITY",
    "SAY_WHERE",
    "STATES",
    "Evidence",
    "Whereabouts",
    "area_code_table",
    "current_addresses",
    "jurisdictions_of",
    "locate",
    "locate_number",
    "number_area_code",
    "postal_code_table",
    "same_clock",
    "state_of",
    "state_table",
    "states_of_area_code",
    "together",
    "zones_of_area_code",
    "zones_of_postal_code",
    "zones_of_state",
]
