"""The one writer of a process: work that waits together is committed together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from engine.problem import ForbearError

from .asked import Proposed
from .core import Core
from .jobs import Job

MOST: Final = 2_000
"""Contacts asked about in one transaction, at most; the rest wait for the next."""
FORESEEN: Final = 5_000
"""Contacts that may wait to be decided ahead; what comes beyond is left out."""
FEW: Final = 3
"""Of those decided at once: whoever asks meanwhile waits so long."""
PATIENCE: Final = timedelta(minutes=10)
"""How long they wait at most; what was likely to be asked then is no more."""
IDLE: Final = 1.0
"""Seconds that nothing is asked until somebody looks whether retention emptied rows."""
TRIES: Final = 5
"""Times that a transaction is tried which the database gave up for another's sake."""
_GIVEN_UP: Final = ("deadlock detected", "could not serialize", "database is locked")


class LiveError(ForbearError):
    """Nothing can be answered now: one sentence says why. The client must take it as a no."""


@dataclass
class Handed:
    """Work handed in, and the future of its answer; `weight` is how much of it there is."""

    work: Job | Callable[[Core], None]
    future: Future[Any]
    weight: int


@dataclass
class Foreseen:
    """Contacts to be decided ahead: how many were, and since when they wait."""

    left: deque[Proposed]
    since: datetime
    future: Future[int]
    decided: int = 0


@dataclass
class Writer:
    """Takes work from any thread, in order. `now` asks what time it is, once a transaction.

    INVARIANT: of all threads only the one that set `_working` is at the core.
    """

    core: Core
    now: Callable[[], datetime]
    _queue: deque[Handed] = field(default_factory=deque)
    _later: deque[Foreseen] = field(default_factory=deque)
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _closed: bool = False
    _working: bool = False

    def at_once(self, work: Job) -> Any:
        """Do work in the caller's own thread where nothing else is done or waits; or wait for it.

        Raises what the future of work handed in would.
        """
        with self._wake:
            free = not self._working and not self._queue and not self._closed
            if free:
                self._begin()
                self._working = True
        if not free:
            return self.hand_in(work).result()
        try:
            return self._try([work])[0]
        finally:
            with self._wake:
                self._working = False
                if self._queue or self._later or self._closed:
                    self._wake.notify_all()

    def hand_in(self, work: Job | Callable[[Core], None], weight: int = 1) -> Future[Any]:
        """Hand work in; the future is done when it has been committed."""
        future: Future[Any] = Future()
        with self._wake:
            if self._closed:
                future.set_exception(LiveError("the service is stopping; ask again later"))
                return future
            self._begin()
            self._queue.append(Handed(work, future, weight))
            self._wake.notify()
        return future

    def foresee(self, asked: Sequence[Proposed]) -> Future[int]:
        """Have contacts decided ahead when nothing else waits; how many were."""
        one = Foreseen(deque(), self.now(), Future())
        with self._wake:
            if not self._closed:
                room = FORESEEN - sum(len(other.left) for other in self._later)
                one.left.extend(asked[: max(0, room)])
            if not one.left:
                one.future.set_result(0)
                return one.future
            self._begin()
            self._later.append(one)
            self._wake.notify()
        return one.future

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name="live-writer", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Finish what was handed in, then stop."""
        with self._wake:
            self._closed = True
            self._wake.notify()
            while self._thread is None and self._working:
                self._wake.wait()
        if self._thread is not None:
            self._thread.join()
        for one in self._later:
            one.future.set_result(one.decided)
        self._later.clear()
        self.core.close()

    def waiting(self) -> int:
        """How many pieces of work wait."""
        return len(self._queue)

    def _go(self) -> None:
        while (batch := self._take()) is not None:
            if not batch:
                self._aside()
            elif isinstance(first := batch[0].work, Job):
                self._answer(batch, [one.work for one in batch if isinstance(one.work, Job)])
            else:
                self._between(batch[0], first)
            with self._wake:
                self._working = False

    def _take(self) -> list[Handed] | None:
        """Waits for a turn and work; then all that fits, up to what stands alone. None: closed.

        Empty where all of it was called off, nothing but what may be decided ahead is there, or
        nothing at all for a while.
        """
        with self._wake:
            while self._working or not (self._queue or self._later or self._closed):
                if not self._wake.wait(IDLE) and not self._working:
                    break
            if not self._queue and self._closed:
                return None
            self._working = True
            batch: list[Handed] = []
            weight = 0
            while self._queue:
                one = self._queue[0]
                alone = not isinstance(one.work, Job)
                if batch and (alone or weight + one.weight > MOST):
                    break
                self._queue.popleft()
                if one.future.set_running_or_notify_cancel():
                    batch.append(one)
                    weight += one.weight
                    if alone:
                        break
            return batch

    def _aside(self) -> None:
        """What is done while nobody waits."""
        with self._wake:
            if self._queue:
                return
            ahead = bool(self._later)
        if ahead:
            self._ahead()
        else:
            with suppress(ForbearError):  # whoever asks next is told
                self.core.glance(self.now)

    def _ahead(self) -> None:
        """Decide some of what is foreseen; what cannot be decided is only left out."""
        with self._wake:
            one = self._later[0]
            some = [one.left.popleft() for _ in range(min(FEW, len(one.left)))]
        try:
            now = self.now()
            if now - one.since > PATIENCE:
                one.left.clear()
            else:
                one.decided += self.core.run([Job(some, "ahead")], now)[0]
        except Exception:  # nobody is answered by it: whoever asks is told what is wrong
            one.left.clear()
        if not one.left:
            with self._wake:
                self._later.popleft()
            one.future.set_result(one.decided)

    def _between(self, one: Handed, work: Callable[[Core], None]) -> None:
        """What is done between two transactions."""
        try:
            work(self.core)
        except Exception as error:
            one.future.set_exception(error)
        else:
            one.future.set_result(None)

    def _answer(self, batch: Sequence[Handed], jobs: Sequence[Job]) -> None:
        try:
            found = self._try(jobs)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, ForbearError):
                for one, job in zip(batch, jobs, strict=True):  # one of them must not spoil all
                    self._answer([one], [job])
                return
            for one in batch:
                one.future.set_exception(error)
            return
        for one, answer in zip(batch, found, strict=True):
            one.future.set_result(answer)

    def _try(self, jobs: Sequence[Job]) -> list[Any]:
        for _ in range(TRIES - 1):
            try:
                return self.core.run(jobs, self.now())
            except ForbearError as error:
                if not any(one in str(error) for one in _GIVEN_UP):
                    raise
        return self.core.run(jobs, self.now())
