"""The first moment a refused contact becomes permitted if nothing else happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from . import clock
from .decision import Finding
from .facts.view import Moment
from .history import Contact, Group

if TYPE_CHECKING:
    from .decide import Ask
    from .panel import Panel

STEPS = 40


def _by_time(finding: Finding) -> bool:
    """Whether a refusal can end by time alone: limits, waits and windows can."""
    return finding.free is not None or finding.rule == "structural/no_common_window" or (
        finding.threshold.startswith(("between", "outside", "on an"))
        and finding.observed != "zone unknown"
    )


def next_permitted(
    panel: Panel,
    group: Group,
    contact: Contact,
    when: Moment,
    asked: Ask,
    findings: tuple[Finding, ...],
) -> datetime | None:
    """Walk from one release to the next until a day is found that permits; None: not by time.

    Each step asks for a whole day, as the list does, at the latest release of what refuses; so
    the answer is a yes of the engines and never only arithmetic. At most 40 steps are taken.
    """
    from .decide import decide

    known = when.at or when.known
    zoned = [clock.local_date(known, f.zone) for f in findings if f.zone]
    day = when.day or min(zoned, default=known.date())
    tried = when.day
    for _ in range(STEPS):
        if not all(_by_time(one) for one in findings):
            return None
        frees = [clock.local_date(one.free, one.zone) for one in findings if one.free and one.zone]
        day = max([day, *frees])
        if day == tried:
            day += timedelta(days=1)
        tried = day
        again = decide(panel, group, contact, Moment(known, day=day), replace(asked, search=False))
        if again.permitted and again.windows:
            return again.windows[0][0]
        findings = again.findings
    return None
