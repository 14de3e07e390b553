"""The door of the live core: every function hands its work to the writer and returns a Future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Protocol

from engine.problem import ForbearError

from ..law import Law
from ..settings import Settings
from ..store.database import Store
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

Clock = Callable[[], datetime]
"""Asks what time it is, in UTC; only commands own one."""


class Signer(Protocol):
    """Signs permits: the home's Ed25519 key."""

    name: str

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        ...


class LiveError(ForbearError):
    """Nothing can be answered now: one sentence says why. The client must take it as a no."""


@dataclass
class Live:
    """An open core: a store, a rulebook, a writer. Use as a context manager."""

    store: Store
    law: Law
    settings: Settings
    signer: Signer
    now: Clock

    def __enter__(self) -> Live:
        """Nothing is asked of the store before the first question."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was handed in, then stop."""
        self.close()

    def close(self) -> None:
        """Finish what was handed in, then stop the writer and the engines. The store stays open."""


def open_live(
    store: Store,
    law: Law,
    settings: Settings,
    signer: Signer,
    now: Clock,
    alarm: Callable[[str], None] = lambda _: None,
) -> Live:
    """An open core. `alarm` is told of disagreements of the engines. Raises StoreError."""
    return Live(store, law, settings, signer, now)


def check(live: Live, asked: Sequence[Proposed], by: str) -> Future[tuple[Answer | Fault, ...]]:
    """Decide each contact as of now; reserves nothing. One answer for each, in order.

    The future raises LiveError or StoreError: then nothing was decided.
    """
    return Future()


def reserve(live: Live, asked: Proposed, by: str) -> Future[Reserved | Fault]:
    """Decide, and if permitted reserve, in one transaction."""
    return Future()


def settle(live: Live, told: Result, by: str) -> Future[Ended | Fault]:
    """What came of a permit: a contact in the store, and the permit is closed.

    After its expiry the contact that was written then is corrected. Told again: the same answer,
    or a correction if the content differs.
    """
    return Future()


def cancel(live: Live, permit: str, by: str) -> Future[Ended | Fault]:
    """Give a permit back. Whoever cancels declares that nothing was placed."""
    return Future()


def expire(live: Live) -> Future[int]:
    """Turn permits past their end into contacts with an unknown result; how many there were."""
    return Future()


def post_events(live: Live, events: Sequence[Event], by: str) -> Future[tuple[Posted, ...]]:
    """Take in what happened; one outcome for each, in order. Late, repeated, unordered is normal.

    When the future is done every check and permit of every process sees it, and the rows of
    today's list that it withdraws are in the changes feed.
    """
    return Future()


def release(live: Live, asked: Release, by: str) -> Future[Released | Fault]:
    """A named person lifts a presumption for one contact."""
    return Future()


def changes_after(live: Live, day: date, cursor: int, limit: int = 1000) -> tuple[Change, ...]:
    """Rows of a day's list withdrawn after a place in the feed (0: from the start), in order.

    Reads at once, does not wait for the writer. Raises StoreError.
    """
    return ()


def decision(live: Live, name: str) -> dict[str, Any] | None:
    """A live decision's record by its id, as the log has it; None where there is none."""
    return None


def renew(live: Live, law: Law) -> Future[None]:
    """Go on with another rulebook; what was handed in before is decided by the one before."""
    return Future()
