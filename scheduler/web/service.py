"""What the service has in hand: the live core, the published lists, keys, and who is told what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from engine.problem import ForbearError, Problems

from ..law import Law
from ..live.asked import Proposed
from ..live.door import Live, changes_after, foresee, refresh, renew
from ..openings import Due, due
from ..published import MANIFEST
from ..settings import Settings
from ..store.database import Store
from .journal import Journal
from .keys import Bearer, Keyring
from .lists import Lists
from .metrics import Metrics
from .pacing import Pace
from .problems import Refused

T = TypeVar("T")
OFF: Final = timedelta(seconds=5)
"""How far a client's clock may be off."""
ANSWER_WITHIN: Final = 30.0
"""Seconds after which a question that nobody answers ends in an error, which is a no."""


Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """What the log says of itself; None where it has no such thing. Each raises ForbearError.

    `checkpoint`: the newest signed one. `inclusion`: the proof of a decision by its id.
    `consistency`: that the log of a checkpoint, or the newest, begins with that of an older one.
    """

    there: Callable[[], bool]
    checkpoint: Callable[[], str | None]
    inclusion: Callable[[str], Document | None]
    consistency: Callable[[str, str | None], Document | None]
    decision: Callable[[str], Document | None]


@dataclass
class Service:
    """Everything that requests need; `read_law` reads the rule files anew, or raises Problems."""

    settings: Settings
    store: Store
    live: Live
    lists: Lists
    log: Log
    keyring: Keyring
    pace: Pace
    now: Callable[[], datetime]
    tick: Callable[[], float]
    journal: Journal
    metrics: Metrics
    read_law: Callable[[], Law]
    max_body: int
    off: timedelta = OFF
    _renewing: Lock = field(default_factory=Lock)
    _fresh: asyncio.Future[None] | None = None
    _next: asyncio.Future[None] | None = None
    _aside: set[asyncio.Future[None]] = field(default_factory=set)

    def due(self) -> list[Due]:
        """How it stands with the list of each region, on the civil day it is there."""
        return due(self.settings, self.live.law.rulebook, self.now())

    async def who(self, text: str) -> Bearer | str:
        """Who a key is of, or why it opens nothing, as the store has it after this was asked.

        Many that ask at once share one question to a server.
        """
        if self.store.file is not None:
            self.keyring.glance()
            return self.keyring.known(text)
        loop = asyncio.get_running_loop()
        if self._next is None:
            self._next = loop.create_task(self._refresh(self._fresh))
        await asyncio.shield(self._next)
        return self.keyring.known(text)

    async def _refresh(self, before: asyncio.Future[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._fresh, self._next = self._next, None
        await asyncio.to_thread(self.keyring.refresh)

    async def answered(self, future: Future[T]) -> T:
        """What the live core answers. Raises Refused: no answer is a no."""
        try:
            return await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(future)), ANSWER_WITHIN
            )
        except TimeoutError:
            raise Refused("not_ready", "no answer came in time: take it as a no") from None
        except ForbearError as error:
            self.journal.say("no_answer", "error", why=str(error))
            raise Refused("not_ready") from error

    def missing(self) -> list[str]:
        """What is not there that answers need; empty: ready. Asks the store."""
        found = [] if self.live.law.rulebook.rules else ["rulebook"]
        try:
            self.keyring.refresh()
        except ForbearError:
            found.append("store")
        try:
            if not self.log.there():
                found.append("log")
        except (ForbearError, OSError):
            found.append("log")
        for one in self.due():
            if one.state == "missing":
                whose = f"the list of {one.region} for {one.day}"
                found.append("today's list" if one.region is None else whose)
        self._count_lists()
        self.metrics.ready.set(0 if found else 1)
        return found

    def checkpoint(self) -> str | None:
        """The log's newest signed checkpoint, which every answer that is kept makes a witness of.

        None where there is none, or it cannot be read just now.
        """
        try:
            return self.log.checkpoint()
        except (ForbearError, OSError):
            return None

    def foresee(self, day: date, after: int, most: int, region: str | None = None) -> Future[int]:
        """Have the contacts of a page decided ahead that are open now; how many were.

        Raises NoDay, OSError, StoreError.
        """
        rows = self.lists.open_now(day, after, most, self.now(), region)
        some = [Proposed(account, channel, point) for account, point, channel in rows]
        return foresee(self.live, some)

    def pulled(self, day: date, after: int, most: int, region: str | None = None) -> None:
        """A page was pulled: what is on it will be asked soon. Done beside whatever is answered."""

        def work() -> None:
            try:
                self.foresee(day, after, most, region)
            except (ForbearError, OSError) as error:  # the first permits are slower, and no more
                self.journal.say("not_ahead", "warning", why=str(error))

        one = asyncio.get_running_loop().run_in_executor(None, work)
        self._aside.add(one)
        one.add_done_callback(self._aside.discard)

    def _count_lists(self) -> None:
        """Tell the metrics when the newest list was published, and what was withdrawn today."""
        days = {one.day for one in self.due()}
        today = [one for one in self.lists.published() if one.day in days]
        try:
            if today:
                newest = max((one.place / MANIFEST).stat().st_mtime for one in today)
                self.metrics.listed_day.set(newest)
            gone = {one.day: len(self.lists.withdrawn(one.day)) for one in today}
            self.metrics.withdrawn.set(sum(gone.values()))
        except ForbearError:
            pass  # the store, which is told already

    def reload(self) -> tuple[str, str]:
        """Read the rule files anew: digests now in force and before.

        Raises Problems: nothing changed. What was asked before is decided by the rulebook before,
        what is asked after this returns by the one after, and nothing by a mixture.
        """
        with self._renewing:
            before = self.live.law.rulebook.digest
            try:
                law = self.read_law()
            except Problems as error:
                self.journal.say("rulebook_refused", "error", problems=len(error.problems))
                self.metrics.alarms.labels("rulebook").inc()
                raise
            if law.rulebook.digest != before:
                renew(self.live, law).result()
                Thread(target=self.sweep, name="sweep", daemon=True).start()
            self.journal.say("rulebook", now=law.rulebook.digest, before=before)
            return law.rulebook.digest, before

    def sweep(self) -> None:
        """Ask listed rows again that a new rulebook may forbid, and withdraw those it does."""
        try:
            while refresh(self.live).result(ANSWER_WITHIN):
                pass
        except (ForbearError, TimeoutError) as error:  # the job `refresh` goes on with it
            self.journal.say("not_swept", "warning", why=str(error))
        else:
            self.journal.say("swept")


def lists_of(place: Path, live: Live) -> Lists:
    """The published days of a directory, with the live core's withdrawals."""
    return Lists(place, lambda day, cursor, most: changes_after(live, day, cursor, most))
