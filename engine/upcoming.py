"""The first moment a refused contact becomes permitted if nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from . import clock
from .decision import Decision, Finding
from .facts.view import Moment
from .intervals import from_on

STEPS: Final = 40


def _by_time(finding: Finding) -> bool:
    """Whether a refusal can end by time alone: limits, waits and windows can."""
    return (
        finding.free is not None
        or finding.rule == "structural/no_common_window"
        or (
            finding.threshold.startswith(("between", "outside", "on an"))
            and finding.observed != "zone unknown"
        )
    )


def next_permitted(
    decide: Callable[[Moment], Decision], when: Moment, findings: tuple[Finding, ...]
) -> datetime | None:
    """Walk from one release to the next until a day is found that permits; None: not by time.

    Each step asks `decide` for a whole day, as the list does, at the latest release of what
    refuses; so the answer is a yes of the engines and never only arithmetic. At most 40 steps. What
    is of no zone, a call open to the same person, lets go at an instant: nothing opens before it.
    """
    known = when.at or when.known
    zoned = [clock.local_date(known, f.zone) for f in findings if f.zone]
    day = when.day or min(zoned, default=known.date())
    tried = when.day
    floor = max((one.free for one in findings if one.free and not one.zone), default=known)
    for _ in range(STEPS):
        if not all(_by_time(one) for one in findings):
            return None
        frees = [clock.local_date(one.free, one.zone) for one in findings if one.free and one.zone]
        day = max([day, *frees])
        if day == tried:
            day += timedelta(days=1)
        tried = day
        again = decide(Moment(known, day=day))
        opens = from_on(again.windows, clock.whole_minute(floor)) if again.permitted else ()
        if opens:
            return opens[0][0]
        findings = again.findings
    return None
