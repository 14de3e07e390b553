"""The cut-over: whether the contacts of the thirty days before it are all there.

Limits and waits look back: seven days, a month. Contacts of the old system that are not taken in
are contacts that were never made, and in the first weeks too many are permitted. So the import
that first tells of past contacts is looked through for days on which the firm works and nothing
stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from engine.days import federal_holidays

from .rows import IntakeError

DAYS: Final = 30
"""Days before the cut-over that are looked through."""
_SHARE: Final = 4  # a weekday is worked if contacts stand on more than a quarter of its days
_NAMED: Final = 12  # days that a message names
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Holes that somebody answers for."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class CutOver:
    """What is looked for in an import of contacts.

    `day`: the first that is not looked through. `told`: somebody said it is the cut-over; else it
    is one if no system that the file names told of contacts before. `zone`: whose days count.
    `whole`: the file is part of a portfolio, which ends with its last contact.
    """

    day: date
    zone: str
    told: bool = False
    accepted: Accepted | None = None
    whole: bool = False

    def until(self, days: Iterable[date]) -> date:
        """The first day that is not looked through, for contacts of these days."""
        if not self.whole or self.told:
            return self.day
        return min(self.day, max(days, default=self.day) + _DAY)


class HolesError(IntakeError):
    """Contacts are missing before the cut-over, and nobody answers for it. Nothing was stored."""


def holes(days: Iterable[date], cut: date) -> tuple[date, ...]:
    """Days of the thirty before `cut` on which the firm works and no contact stands.

    It works on a weekday if contacts stand on more than a quarter of its dates between the first
    contact that is near enough and the last; Monday to Friday where all is of less than a week.
    Federal holidays are not looked for.
    """
    first = cut - DAYS * _DAY
    seen = {day for day in days if day < cut}
    window = [first + n * _DAY for n in range(DAYS)]
    worked = _worked({day for day in seen if day >= first - 2 * DAYS * _DAY})
    return tuple(
        day
        for day in window
        if day not in seen and day.weekday() in worked and day not in federal_holidays(day.year)
    )


def _worked(seen: set[date]) -> set[int]:
    if not seen:
        return set(range(5))
    start, end = min(seen), max(seen)
    span = (end - start).days + 1
    dates = Counter((start + n * _DAY).weekday() for n in range(span))
    had = Counter(day.weekday() for day in seen)
    often = {weekday for weekday, times in had.items() if times * _SHARE > dates[weekday]}
    # less than a week's habit says nothing of the days it does not reach
    return often | (set(range(5)) if span < 7 else set())


def said(missing: Sequence[date], days: Iterable[date], cut: date) -> str:
    """What is missing, as a person reads it: where the file begins and ends, and which days."""
    first = cut - DAYS * _DAY
    near = sorted(day for day in days if first <= day < cut)
    if not near:
        return f"there is no contact of the {DAYS} days before {cut}"
    parts = []
    before = [day for day in missing if day < near[0]]
    after = [day for day in missing if day > near[-1]]
    between = [day for day in missing if near[0] < day < near[-1]]
    if before:
        parts.append(f"it begins on {near[0]}, later than {first}")
    if between:
        named = ", ".join(f"{day:%a} {day}" for day in between[:_NAMED])
        more = f" and {len(between) - _NAMED} more days" if len(between) > _NAMED else ""
        parts.append(f"no contact on {named}{more}")
    if after:
        parts.append(f"it ends on {near[-1]}, before {cut - _DAY}")
    return "; ".join(parts)


def check(name: str, days: Iterable[date], cut: CutOver, aside: int = 0) -> tuple[date, ...]:
    """The days that are missing and accepted. Raises HolesError for those that nobody accepts.

    `aside`: rows of the file that would be set aside, whose days are not among `days`.
    """
    seen = set(days)
    day = cut.until(seen)
    missing = holes(seen, day)
    if missing and cut.accepted is None:
        more = f" {aside:,} rows would be set aside: see them with --dry-run." if aside else ""
        raise HolesError(
            f"{name}: the contacts of the {DAYS} days before the cut-over on {day} are not "
            f"whole: {said(missing, seen, day)}. Limits that look back would permit too "
            f"much.{more} "
            "Export those days and import all in one file; or, if there was no contact on them, "
            "say so with --accept-holes WHY --by PERSON. Nothing was stored"
        )
    return missing
