"""One contact, now: checks, permits, events, withdrawals (README.md)."""

from __future__ import annotations

from .asked import (
    Answer,
    Change,
    Ended,
    Event,
    Fault,
    Posted,
    Proposed,
    Release,
    Released,
    Reserved,
    Result,
)
from .door import (
    Live,
    LiveError,
    cancel,
    changes_after,
    check,
    decision,
    expire,
    open_live,
    post_events,
    release,
    renew,
    reserve,
    settle,
)

__all__ = [
    "Answer",
    "Change",
    "Ended",
    "Event",
    "Fault",
    "Live",
    "LiveError",
    "Posted",
    "Proposed",
    "Release",
    "Released",
    "Reserved",
    "Result",
    "cancel",
    "changes_after",
    "check",
    "decision",
    "expire",
    "open_live",
    "post_events",
    "release",
    "renew",
    "reserve",
    "settle",
]
