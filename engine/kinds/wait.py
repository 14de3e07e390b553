"""`wait`: not until so long after an event, or until another event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..rule import Exclusion, Period, Selector


@dataclass(frozen=True, slots=True)
class Wait:
    """Exactly one of `for_` and `until` is given.

    `first_day`: event (the event's day is day 1) or next (the event's day is barred, and then so
    many full days). Hours run from the instant. `exempt` names proposed contacts that the wait
    does not hold back; it never removes the event.
    """

    kind: ClassVar[str] = "wait"
    after: Selector
    per: tuple[str, ...]
    for_: Period | None = None
    until: Selector | None = None
    first_day: str = "event"
    exempt: tuple[Exclusion, ...] = ()
