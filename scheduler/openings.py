"""When the rules first let anybody be contacted on a day, and lists made too late or too early.

Hours are those of the law of the whole country and the firm's policy, at the consumer's clock, of
channels that have any: post has none, and no list comes before midnight. A debt that such a rule
leaves out may be open earlier; no list is the worse for being early.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from engine.clock import format_instant, local_date, start_of_day
from engine.kinds import Window
from engine.rulebook import FEDERAL, Rulebook

from .published import lists_of_day
from .regions import Region, Regions, start_on, starts, zones_in
from .settings import Settings

YEAR: Final = 366
"""Days looked through: every clock change of a year."""
_CURE: Final = "name it another `list`, or that zone another region"
_TIME: Final = timedelta(hours=1)  # that a list which starts after its opening may take


@dataclass(frozen=True, slots=True)
class Opening:
    """The first moment of a region's day at which the rules may let somebody be contacted."""

    zone: str
    at: datetime


def first_hour(rulebook: Rulebook, channels: tuple[str, ...], day: date) -> time | None:
    """The earliest time of day at which a rule of a channel opens; None where none has hours."""
    found = [
        rule.body.from_
        for rule in rulebook.rule_set(FEDERAL, day).rules
        if isinstance(rule.body, Window)
        and rule.body.clock == "consumer"
        and not rule.channels.isdisjoint(channels)
    ]
    return min((one for one in found if isinstance(one, time)), default=None)


def opening(region: Region, regions: Regions, day: date, hour: time) -> Opening:
    """When the first zone of a region opens on a day."""
    found = [Opening(zone, start_on(day, hour, zone)) for zone in zones_in(region, regions)]
    return min(found, key=lambda one: one.at)


@dataclass(frozen=True, slots=True)
class Due:
    """A region's list of the day that it is there: `region` None for the list of everybody.

    `state`: `published`; `waits`, until `starts`; `due`, since then; `missing`: not there though
    somebody may be contacted since `opens` (the list of everybody: though the day has begun).
    """

    region: str | None
    day: date
    starts: datetime
    opens: datetime | None
    state: str


def due(settings: Settings, rulebook: Rulebook, now: datetime) -> list[Due]:
    """How it stands with each region's list, in the settings' order."""
    found = []
    for one in settings.regions:
        day = local_date(now, one.clock)
        name = None if len(settings.regions) == 1 else one.name
        hour = first_hour(rulebook, settings.channels, day)
        start = start_on(day, one.list or settings.jobs.list, one.clock)
        opens = None if hour is None else opening(one, settings.regions, day, hour).at
        needed = start + _TIME if opens is None or opens <= start else opens
        lists = {list_.region for list_ in lists_of_day(settings.lists, day)}
        if lists & {None, name}:
            state = "published"
        elif name is None or now >= needed:
            state = "missing"
        else:
            state = "due" if now >= start else "waits"
        found.append(Due(name, day, start, opens, state))
    return found


def untimely(settings: Settings, rulebook: Rulebook, day: date) -> Iterator[str]:
    """Regions whose list is made at a wrong time, on the first such day within a year, in words.

    Too late: the rules let somebody be contacted before. Too early: for somebody the day before
    goes on, and what is done by yesterday's list then is counted for neither day.
    """
    found: set[tuple[str, str]] = set()
    regions = settings.regions
    for ahead in range(YEAR):
        civil = day + timedelta(days=ahead)
        hour = first_hour(rulebook, settings.channels, civil)
        for region, start in starts(regions, civil, settings.jobs.list).at:
            made = f"the list of {region.name} for {civil} is made at {format_instant(start)}, but "
            first = None if hour is None else opening(region, regions, civil, hour)
            if first is not None and start >= first.at and (region.name, "late") not in found:
                found.add((region.name, "late"))
                yield f"{made}{first.zone} opens at {format_instant(first.at)}; {_CURE}"
            begins = [(start_of_day(civil, one), one) for one in zones_in(region, regions)]
            last, zone = max(begins)
            if start < last and (region.name, "early") not in found:
                found.add((region.name, "early"))
                yield f"{made}in {zone} the day begins at {format_instant(last)}; {_CURE}"
