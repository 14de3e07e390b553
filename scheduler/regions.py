"""Regions: zones that get their day's list together, each region at a time of its own clock.

What two lists of one day may not do is share a limit: of a contact group every contact is counted
together, and what is left is given out once. So a group stands on one list alone. It belongs to a
region of its own zones, in the order in which regions start: the one that starts first, so that
the list is there before anybody's first opening. But not to one that starts while the day before
goes on for somebody else of the group: yesterday's list still holds there, and what is done by it
then would be counted for neither day. Such a group (Guam and New York) waits for the next of its
regions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from engine.clock import ZONES, local, readings, start_of_day
from engine.place import same_clock
from engine.problem import ForbearError, did_you_mean

OTHERS: Final = "others"
"""Zones that no region names, and consumers of whom no zone is known."""
EVERYBODY: Final = "everybody"
ROWS: Final = 1_000_000_000
"""Rows of a day's lists are numbered from so many on for each region: no number stands twice."""


@dataclass(frozen=True, slots=True)
class Region:
    """`zones` go by their first names (`engine.place.same_clock`); the first one's is its clock.

    `others`: it takes what no region names. `list`: when its list is made; None: as `jobs` says.
    """

    name: str
    zones: tuple[str, ...]
    others: bool = False
    list: time | None = None

    @property
    def clock(self) -> str:
        """The zone whose civil date its day is."""
        return self.zones[0]


Regions = tuple[Region, ...]
DEFAULT: Final[Regions] = (
    Region("marianas", ("Pacific/Guam",)),
    Region("atlantic", ("America/Puerto_Rico",)),
    Region("eastern", ("America/New_York",), others=True),
    Region("central", ("America/Chicago",)),
    Region("mountain", ("America/Denver", "America/Phoenix")),
    Region("pacific", ("America/Los_Angeles",)),
    Region("alaska", ("America/Anchorage", "America/Metlakatla")),
    Region("hawaii", ("Pacific/Honolulu", "America/Adak")),
    Region("samoa", ("Pacific/Pago_Pago",)),
)
"""In the order in which their days begin; every zone of the states and the territories."""


class NoRegion(ForbearError):
    """The settings name no such region."""

    def __init__(self, name: str, regions: Regions) -> None:
        """Say which there are."""
        known = [one.name for one in regions]
        near = did_you_mean(name, known)
        super().__init__(f"there is no region `{name}`{near}; the regions are {', '.join(known)}")


def start_on(day: date, at: time, zone: str) -> datetime:
    """When it is a time of day on a civil day of a zone, in UTC.

    A time that comes twice is its first occurrence; one that is skipped is as long after the
    change as it would have been after the hour before.
    """
    wall = datetime.combine(day, at)
    first, last = readings(wall, zone)
    return first if local(first, zone) == wall else last


def region_named(regions: Regions, name: str) -> Region:
    """The region of that name. Raises NoRegion."""
    for one in regions:
        if one.name == name:
            return one
    raise NoRegion(name, regions)


def told(regions: Regions) -> dict[str, list[str]]:
    """How all zones are divided, as plain data: what a day's lists must have in common."""
    return {one.name: [*one.zones, *([OTHERS] if one.others else [])] for one in regions}


@dataclass(frozen=True, slots=True)
class Starts:
    """When each region's list of a day is made, the first first."""

    day: date
    at: tuple[tuple[Region, datetime], ...]

    def of(self, zones: Collection[str]) -> Region:
        """The region that a contact group with candidates in these zones belongs to.

        Of the regions of its zones the first at whose start the day before has ended in all its
        zones; the last of them where it has at none.
        """
        known = [same_clock(zone) for zone in zones]
        mine = [(one, start) for one, start in self.at if _has(one, known, self.at)]
        ended = max((start_of_day(self.day, zone) for zone in known), default=None)
        for one, start in mine:
            if ended is None or ended <= start:
                return one
        return mine[-1][0]


def _has(one: Region, zones: Sequence[str], at: Iterable[tuple[Region, datetime]]) -> bool:
    if any(zone in one.zones for zone in zones):
        return True
    if not one.others:
        return False
    named = {zone for region, _ in at for zone in region.zones}
    return not zones or any(zone not in named for zone in zones)


def starts(regions: Regions, day: date, usual: time) -> Starts:
    """When the lists of a civil day are made; `usual` is the time of regions that name none."""
    at = [(one, start_on(day, one.list or usual, one.clock)) for one in regions]
    return Starts(day, tuple(sorted(at, key=lambda one: one[1])))


def zones_in(region: Region, regions: Regions) -> tuple[str, ...]:
    """Every zone of the country that a region takes, by first names, its clock first."""
    if not region.others:
        return region.zones
    named = {zone for one in regions for zone in one.zones}
    more = dict.fromkeys(same_clock(zone) for zone in ZONES)
    return (*region.zones, *(zone for zone in more if zone not in named))
