"""When work is to be done: once a day at a clock, or every so often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from engine.clock import local_date

from .regions import start_on

EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Work that is done every so often is done in step with it."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each civil day of a zone, at a time of its clock.

    On the day of a clock change a time that comes twice is its first occurrence, and one that is
    skipped is as long after the change as it would have been after the hour before.
    """

    at: time
    zone: str

    def on(self, day: date) -> datetime:
        """When it is that time on a day, in UTC."""
        return start_on(day, self.at, self.zone)

    def after(self, moment: datetime) -> datetime:
        """The first time that is not before a moment."""
        day = local_date(moment, self.zone) - _DAY
        while (found := self.on(day)) < moment:
            day += _DAY
        return found

    def before(self, moment: datetime) -> datetime:
        """The last time that is not after a moment."""
        day = local_date(moment, self.zone) + _DAY
        while (found := self.on(day)) > moment:
            day -= _DAY
        return found


@dataclass(frozen=True, slots=True)
class Every:
    """Every so often, in step with EPOCH."""

    step: timedelta

    def after(self, moment: datetime) -> datetime:
        """The first time that is not before a moment."""
        return EPOCH - (EPOCH - moment) // self.step * self.step

    def before(self, moment: datetime) -> datetime:
        """The last time that is not after a moment."""
        return EPOCH + (moment - EPOCH) // self.step * self.step


When = Daily | Every


def shown(when: When) -> str:
    """When, in words."""
    if isinstance(when, Daily):
        return f"daily at {when.at:%H:%M} {when.zone}"
    seconds = int(when.step.total_seconds())
    return f"every {seconds} s" if seconds % 60 else f"every {seconds // 60} min"
