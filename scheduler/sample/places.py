"""Where made-up people live: states by population, and postal codes that exist.

Populations: U.S. Census Bureau, 2020 Census, resident population (Guam and the Virgin Islands:
2020 Island Areas Censuses). Postal codes, their counties, zones and area codes: the `zipcodes`
package. Within a state every ordinary postal code is as likely as another, but for New York
City's five counties, which hold four in ten of their state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final

import polars as pl
import zipcodes

from engine import clock

POPULATION: Final = {
    "AL": 5_024_279, "AK": 733_391, "AZ": 7_151_502, "AR": 3_011_524, "CA": 39_538_223,
    "CO": 5_773_714, "CT": 3_605_944, "DE": 989_948, "DC": 689_545, "FL": 21_538_187,
    "GA": 10_711_908, "HI": 1_455_271, "ID": 1_839_106, "IL": 12_812_508, "IN": 6_785_528,
    "IA": 3_190_369, "KS": 2_937_880, "KY": 4_505_836, "LA": 4_657_757, "ME": 1_362_359,
    "MD": 6_177_224, "MA": 7_029_917, "MI": 10_077_331, "MN": 5_706_494, "MS": 2_961_279,
    "MO": 6_154_913, "MT": 1_084_225, "NE": 1_961_504, "NV": 3_104_614, "NH": 1_377_529,
    "NJ": 9_288_994, "NM": 2_117_522, "NY": 20_201_249, "NC": 10_439_388, "ND": 779_094,
    "OH": 11_799_448, "OK": 3_959_353, "OR": 4_237_256, "PA": 13_002_700, "RI": 1_097_379,
    "SC": 5_118_425, "SD": 886_667, "TN": 6_910_840, "TX": 29_145_505, "UT": 3_271_616,
    "VT": 643_077, "VA": 8_631_393, "WA": 7_705_281, "WV": 1_793_716, "WI": 5_893_718,
    "WY": 576_851, "PR": 3_285_874, "GU": 153_836, "VI": 87_146,
}  # fmt: skip
_CITY: Final = frozenset(
    {"New York County", "Kings County", "Queens County", "Bronx County", "Richmond County"}
)
_CITY_WEIGHT: Final = 6.0
DAYS_KEPT: Final = 1200
"""How far back the table of clock offsets reaches from `now`."""


@dataclass(frozen=True, slots=True)
class Places:
    """`codes`: one row for each postal code (postal_code, state, county, zone, zone_id, areas).

    `reach` is the running share of people, by which a chance finds its row; `zones` the zone
    names that `zone_id` counts; `areas` every area code.
    """

    codes: pl.DataFrame
    reach: pl.Series
    zones: tuple[str, ...]
    areas: tuple[str, ...]

    def find(self, chance: pl.Series) -> pl.Series:
        """The row of `codes` for each chance in [0, 1)."""
        return self.reach.search_sorted(chance, side="right").clip(0, len(self.reach) - 1)


@lru_cache(maxsize=1)
def places() -> Places:
    """All ordinary postal codes of the states, D.C., Puerto Rico, Guam and the Virgin Islands."""
    found = sorted(
        (
            code
            for code in zipcodes.list_all()  # type: ignore[no-untyped-call]  # untyped package
            if code["active"]
            and code["zip_code_type"] == "STANDARD"
            and code["state"] in POPULATION
            and code["area_codes"]
        ),
        key=lambda code: (code["state"], code["zip_code"]),
    )
    weights = [
        _CITY_WEIGHT if code["state"] == "NY" and code["county"] in _CITY else 1.0 for code in found
    ]
    whole: dict[str, float] = {}
    for code, weight in zip(found, weights, strict=True):
        whole[code["state"]] = whole.get(code["state"], 0.0) + weight
    people = sum(POPULATION.values())
    shares = [
        weight / whole[code["state"]] * POPULATION[code["state"]] / people
        for code, weight in zip(found, weights, strict=True)
    ]
    zones = sorted({code["timezone"] for code in found})
    number = {zone: place for place, zone in enumerate(zones)}
    codes = pl.DataFrame(
        {
            "postal_code": [code["zip_code"] for code in found],
            "state": [code["state"] for code in found],
            "county": [code["county"] or None for code in found],
            "zone": [code["timezone"] for code in found],
            "zone_id": pl.Series([number[code["timezone"]] for code in found], dtype=pl.Int64()),
            "areas": [sorted(set(code["area_codes"])) for code in found],
        }
    )
    return Places(
        codes,
        pl.Series(list(accumulate(shares)), dtype=pl.Float64()),
        tuple(zones),
        tuple(sorted({area for code in found for area in code["area_codes"]})),
    )


def offsets(zones: tuple[str, ...], today: date) -> pl.Series:
    """Minutes from a zone's noon to UTC's, by zone and day: at zone_id * DAYS_KEPT + days back."""
    found: list[int] = []
    for zone in zones:
        for back in range(DAYS_KEPT):
            noon = datetime.combine(today - timedelta(days=back), time(12))
            instant = clock.readings(noon, zone)[0].replace(tzinfo=None)
            found.append(round((instant - noon).total_seconds() / 60))
    return pl.Series(found, dtype=pl.Int64())
