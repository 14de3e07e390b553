"""When a contact is asked about, and what a civil date means there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .. import clock


@dataclass(frozen=True, slots=True)
class Moment:
    """When a contact is asked about.

    `known`: as of when things are known. `at`: the instant of the contact; None when a whole civil
    day is asked, as the day's list does: then `day` is that day at the consumer's place, and an
    answer must hold at any instant of it.
    """

    known: datetime
    at: datetime | None = None
    day: date | None = None

    def day_in(self, zone: str) -> date:
        """The civil day asked about, at a zone."""
        if self.at is not None:
            return clock.local_date(self.at, zone)
        assert self.day is not None
        return self.day


def instant_of(value: datetime | date, zone: str) -> datetime:
    """An instant; a civil date is the start of that local day in the zone (case format)."""
    if isinstance(value, datetime):
        return value
    return clock.start_of_day(value, zone)


def day_of(value: datetime | date, zone: str) -> date:
    """The civil day of an instant in a zone; a date is itself."""
    if isinstance(value, datetime):
        return clock.local_date(value, zone)
    return value
