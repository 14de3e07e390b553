"""Processes that work side by side, and give their answers in the order of the questions.

Each process is begun afresh (nothing of ours is forked: Polars and the Rete engine have threads
and children) and is given, once and first of all, what every question needs. With one worker no
process is begun and the work is done here, when it is asked for.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from multiprocessing.util import Finalize
from types import TracebackType
from typing import Final, Generic, Protocol, TypeVar

from engine.problem import ForbearError

THREADS: Final = "POLARS_MAX_THREADS"
ACCOUNTS_EACH: Final = 100_000  # fewer are not worth the seconds that a process takes to begin
MOST: Final = 8
YOUNG: Final = (50_000, 20, 100)
"""New objects between two of Python's looks for what nobody holds; such looks between longer ones.
A part makes millions of records and lets go of them all by itself."""
AHEAD: Final = 6  # questions for each process: the others go on while one is long at a crowd


class Closing(Protocol):
    """What a process holds while it works."""

    def close(self) -> None:
        """Let go of it."""


class WorkerLost(ForbearError):
    """A process that worked on a part is gone."""

    def __init__(self) -> None:
        """Say so, and what the system most often ends processes for."""
        super().__init__("a process that decided a part ended by itself (is there memory enough?)")


Held = TypeVar("Held", bound=Closing)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_HELD: list[Closing] = []
_FAILED: list[Exception] = []
_TOGETHER: list[Barrier] = []


def worth(accounts: int) -> int:
    """How many processes a portfolio of so many accounts is worth on this machine."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, MOST, accounts // ACCOUNTS_EACH))


def _begin(line: Connection, together: Barrier) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began this process ends it
    threading.Thread(target=_hang_on, args=(line,), daemon=True).start()
    _TOGETHER.append(together)


def _make_ready(packed: bytes) -> None:
    """What each process is asked first: it makes what it holds; or why it cannot, told when asked.

    None ends before each has begun, so that each takes one such question.
    """
    _TOGETHER[-1].wait()
    try:
        _HELD.append(pickle.loads(packed)())
    except Exception as error:
        _FAILED.append(error)
        return
    gc.collect()
    gc.freeze()  # the law and the engines stay: no look goes through them again
    gc.set_threshold(*YOUNG)
    Finalize(None, _HELD[-1].close, exitpriority=10)


def _hang_on(line: Connection) -> None:
    """End this process when the one that began it lets go of the line, or is gone itself."""
    with contextlib.suppress(EOFError, OSError):
        line.recv_bytes()
    os._exit(1)


def _answer(work: Callable[[Held, Asked], Answer], asked: Asked) -> Answer:
    if _FAILED:
        raise _FAILED[-1]
    return work(_HELD[-1], asked)  # type: ignore[arg-type]  # it is what `make` gave here


class Workers(Generic[Held]):
    """So many processes, each holding what `make` gives; a context manager.

    `make` and whatever is asked must be picklable where `count` is more than one.
    """

    def __init__(self, count: int, make: Callable[[], Held]) -> None:
        """Begin the processes; their first answers may take a second or two."""
        self.count = count
        self._here: Held | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._line: Connection | None = None
        if count == 1:
            self._here = make()
            return
        packed = pickle.dumps(make)
        spawn = multiprocessing.get_context("spawn")
        theirs, self._line = spawn.Pipe(duplex=False)
        # INVARIANT: what a process is begun with fits into a pipe (64 KiB); if it is gone before it
        # has read all of it, Python waits for ever
        self._pool = ProcessPoolExecutor(count, spawn, _begin, (theirs, spawn.Barrier(count)))
        before = os.environ.get(THREADS)
        os.environ[THREADS] = str(max(1, (os.cpu_count() or 1) // count))
        try:
            for _ in range(count):
                self._pool.submit(_make_ready, packed)
        finally:
            if before is None:
                del os.environ[THREADS]
            else:
                os.environ[THREADS] = before

    def __enter__(self) -> Workers[Held]:
        """They were begun already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes: after what they are doing now, or at once if something was raised."""
        if self._here is not None:
            self._here.close()
        if self._pool is not None and self._line is not None:
            if error is not None:
                self._line.close()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, work: Callable[[Held, Asked], Answer], asked: Asked) -> Future[Answer]:
        """Have one thing done by whoever is free. `answer_of` gives what came of it."""
        if self._pool is not None:
            try:
                return self._pool.submit(_answer, work, asked)
            except BrokenProcessPool as error:
                raise WorkerLost from error
        assert self._here is not None
        done: Future[Answer] = Future()
        done.set_result(work(self._here, asked))
        return done

    def each(
        self, work: Callable[[Held, Asked], Answer], asked: Iterable[Asked]
    ) -> Iterator[Answer]:
        """Answers in the order of the questions, of which only a few are taken up ahead."""
        ahead = 1 if self._pool is None else AHEAD * self.count
        waiting: deque[Future[Answer]] = deque()
        for one in asked:
            waiting.append(self.ask(work, one))
            if len(waiting) >= ahead:
                yield answer_of(waiting.popleft())
        while waiting:
            yield answer_of(waiting.popleft())


def answer_of(future: Future[Answer]) -> Answer:
    """Wait for an answer. Raises what was raised over it, and WorkerLost."""
    while not future.done():
        wait([future], timeout=1)  # Polars lets no signal interrupt a wait without an end
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise WorkerLost from error
