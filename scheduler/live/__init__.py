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
    ahead,
    cancel,
    changes_after,
    check,
    check_plain,
    decision,
    expire,
    foresee,
    open_live,
    post_events,
    refresh,
    release,
    renew,
    reserve,
    settle,
)
from .knowing import ClockBehind
from .token import KeySigner, NoPermit, Token, check_token
from .writer import LiveError

__all__ = [
    "Answer",
    "Change",
    "ClockBehind",
    "Ended",
    "Event",
    "Fault",
    "KeySigner",
    "Live",
    "LiveError",
    "NoPermit",
    "Posted",
    "Proposed",
    "Release",
    "Released",
    "Reserved",
    "Result",
    "Token",
    "ahead",
    "cancel",
    "changes_after",
    "check",
    "check_plain",
    "check_token",
    "decision",
    "expire",
    "foresee",
    "open_live",
    "post_events",
    "refresh",
    "release",
    "renew",
    "reserve",
    "settle",
]
