"""The door of the live core: every function hands its work to the writer and returns a Future."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any

from ..law import Law
from ..settings import Settings
from ..store import living
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
from .core import Core
from .entering import Entry
from .jobs import Job
from .recording import PREFIX, number_of
from .token import Signer
from .withdrawing import Lists, Published
from .writer import LiveError, Writer

Clock = Callable[[], datetime]
"""Asks what time it is, in UTC; only commands own one."""


@dataclass
class Live:
    """An open core: a store, a rulebook, a writer. Use as a context manager."""

    store: Store
    writer: Writer

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
        self.writer.close()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for the writer."""
        return self.writer.waiting()

    @property
    def law(self) -> Law:
        """The rulebook that is decided by."""
        return self.writer.core.law

    @property
    def settings(self) -> Settings:
        """The settings that are decided by."""
        return self.writer.core.settings

    @property
    def now(self) -> Clock:
        """The clock."""
        return self.writer.now


def open_live(
    store: Store,
    law: Law,
    settings: Settings,
    signer: Signer,
    now: Clock,
    alarm: Callable[[str], None] = lambda _: None,
    lists: Lists | None = None,
) -> Live:
    """An open core. `alarm` is told of disagreements of the engines.

    `lists`: where published lists are; None: in the settings' place. Of a store of this version.
    """
    found = Published(settings.lists) if lists is None else lists
    return Live(store, Writer(Core(store, law, settings, signer, found, alarm), now))


def check(
    live: Live, asked: Sequence[Proposed], by: str, person: str | None = None
) -> Future[tuple[Answer | Fault, ...]]:
    """Decide each contact as of now; reserves nothing. One answer for each, in order.

    The future raises LiveError, StoreError or ClockBehind: then nothing was decided. `by` is the
    key that asks, `person` whoever is behind it.
    """
    return live.writer.hand_in(Job(tuple(asked), "check", by, person), len(asked))


def check_plain(
    live: Live, asked: Sequence[Proposed], by: str, person: str | None = None
) -> Future[tuple[Entry | Fault, ...]]:
    """`check`, with each decision as it was logged: for whoever writes many answers as text."""
    return live.writer.hand_in(Job(tuple(asked), "check", by, person, plain=True), len(asked))


def ahead(live: Live, asked: Sequence[Proposed]) -> Future[int]:
    """Decide what is likely to be asked soon, and answer nobody: nothing is logged or reserved.

    What is asked afterwards is answered from memory while it holds. How many were decided. Hand
    in a few dozen at a time: others wait meanwhile.
    """
    return live.writer.hand_in(Job(tuple(asked), "ahead"), len(asked))


def foresee(live: Live, asked: Sequence[Proposed]) -> Future[int]:
    """Have contacts decided ahead, a few at a time, whenever nothing else waits.

    How many were; those for which there is no room, or no time within `writer.PATIENCE`, are left
    out. Nothing is logged or reserved.
    """
    return live.writer.foresee(asked)


def reserve(
    live: Live, asked: Proposed, by: str, person: str | None = None
) -> Future[Reserved | Fault]:
    """Decide, and if permitted reserve, in one transaction."""
    return live.writer.hand_in(Job(asked, "reserve", by, person))


def reserve_now(
    live: Live, asked: Proposed, by: str, person: str | None = None
) -> Reserved | Fault:
    """`reserve`, in the caller's own thread where nothing else waits: it waits for the commit.

    Raises LiveError, StoreError, ClockBehind.
    """
    found: Reserved | Fault = live.writer.at_once(Job(asked, "reserve", by, person))
    return found


def settle(live: Live, told: Result, by: str) -> Future[Ended | Fault]:
    """What came of a permit: a contact in the store, and the permit is closed.

    After its expiry the contact that was written then is corrected. Told again: the same answer,
    or a correction if the content differs.
    """
    return live.writer.hand_in(Job(told, "settle", by))


def cancel(live: Live, permit: str, by: str) -> Future[Ended | Fault]:
    """Give a permit back. Whoever cancels declares that nothing was placed."""
    return live.writer.hand_in(Job(permit, "cancel", by))


def expire(live: Live) -> Future[int]:
    """Turn permits past their end into contacts with an unknown result; how many there were.

    At most `core.AT_ONCE` of them; ask again where it was so many.
    """
    return live.writer.hand_in(Job(None, "expire"))


def post_events(live: Live, events: Sequence[Event], by: str) -> Future[tuple[Posted, ...]]:
    """Take in what happened; one outcome for each, in order. Late, repeated, unordered is normal.

    When the future is done every check and permit of every process sees it, and the rows of
    today's list that it withdraws are in the changes feed.
    """
    return live.writer.hand_in(Job(tuple(events), "post", by), len(events))


def release(live: Live, asked: Release, by: str) -> Future[Released | Fault]:
    """A named person lifts a presumption for one contact."""
    return live.writer.hand_in(Job(asked, "release", by, asked.person))


def refresh(live: Live) -> Future[int]:
    """Look for rows that others added to the store, and withdraw what they forbid.

    After so large an import that any listed row may be concerned they are asked again, some at a
    time: how many consumers are left; ask again where there are any.
    """
    return live.writer.hand_in(Job(None, "sweep"), 100)


def renew(live: Live, law: Law) -> Future[None]:
    """Go on with another rulebook; what was handed in before is decided by the one before.

    Rows of today's lists are asked again by the new one as `refresh` is called, until it says that
    none is left; whoever asks is refused at once.
    """
    return live.writer.hand_in(lambda core: core.renew(law, live.now()))


def changes_after(live: Live, day: date, cursor: int, limit: int = 1000) -> tuple[Change, ...]:
    """Rows of a day's list withdrawn after a place in the feed (0: from the start), in order.

    Reads at once, does not wait for the writer. Raises StoreError.
    """
    return tuple(
        Change(
            one.seq,
            one.at,
            one.day,
            one.row_id,
            one.account,
            one.consumer,
            one.point,
            one.channel,
            tuple(json.loads(one.rules)),
            one.decision,
        )
        for one in living.changes(live.store, day, cursor, limit)
    )


def decision(live: Live, name: str) -> dict[str, Any] | None:
    """A live decision's record by its id, as the log has it; None where there is none.

    `rulebook`, `versions`, `settings` beside it are what it was decided by; its personal fields
    are left out where they were erased. Raises StoreError.
    """
    number = number_of(name)
    rows = [] if number is None else living.live_decisions(live.store, number - 1, 1)
    if not rows or f"{PREFIX}{rows[0].seq}" != name:
        return None
    row = rows[0]
    common = living.live_common(live.store, row.common) or "{}"
    personal = {} if row.personal is None else json.loads(row.personal)
    return {**json.loads(row.public), **personal, **json.loads(common)}


__all__ = [
    "Clock",
    "Live",
    "LiveError",
    "ahead",
    "cancel",
    "changes_after",
    "check",
    "check_plain",
    "decision",
    "expire",
    "foresee",
    "open_live",
    "post_events",
    "refresh",
    "release",
    "renew",
    "reserve",
    "reserve_now",
    "settle",
]
