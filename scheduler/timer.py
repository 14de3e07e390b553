"""The timer: what is to be done when, done once, and made up for where it was missed.

APScheduler keeps the jobs in the store's database and wakes us; it is used nowhere else. What is
due and what follows is decided here, because three of its habits are not ours: it puts a job's next
time forward before the work, so that a process killed in between forgets it; an error of the
database ends its thread; and at the autumn change its daily trigger repeats the hour for ever.
A job's time is put forward when its work has succeeded. So work must bear being done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final, Literal

from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from .store.database import Store
from .when import Daily as Daily  # stored jobs name these as they were: of this module
from .when import Every as Every
from .when import When, shown

BEAT: Final = 2.0
"""Seconds between two looks at what is due: a machine that slept is noticed within them."""
AGAIN: Final = timedelta(seconds=60)
"""After a failure, work waits so long before it is tried again."""
SOON: Final = timedelta(seconds=15)
"""After somebody else was found at work, so long."""
TABLE: Final = "apscheduler_jobs"
_THREADS: Final = 4


class NotNow(Exception):
    """Work that cannot be done just now, which is no failure: somebody else is at it."""


class Trigger(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """A `When` as APScheduler keeps it."""

    def __init__(self, when: When) -> None:
        """Fire when `when` says."""
        self.when = when

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next time after the previous one, and not before now."""
        moment = now.astimezone(UTC)
        if previous is not None:
            moment = max(moment, previous.astimezone(UTC) + timedelta(microseconds=1))
        return self.when.after(moment)

    def __str__(self) -> str:
        """As `forbear jobs` shows it."""
        return shown(self.when)


@dataclass(frozen=True, slots=True)
class Task:
    """Work to be done when it is time. `grace`: a start missed by more is given up, and told.

    `work` is given the moment it was due; what it returns is what it did, in words. It bears being
    done again. Raising NotNow it is asked again soon; raising anything else, after AGAIN.
    """

    id: str
    does: str
    when: When
    grace: timedelta
    work: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a start: `done`, `failed` (tried again within grace), or `missed`."""

    task: str
    outcome: Literal["done", "failed", "missed", "waits"]
    due: datetime
    what: str
    seconds: float = 0.0


@dataclass
class _State:
    """What is known of a task in this process alone."""

    running: bool = False
    not_before: datetime | None = None


class JobStore(SQLAlchemyJobStore):  # type: ignore[misc]  # the package has no types
    """APScheduler's jobs in the store's database, written as all else is.

    What changes a job waits for SQLite's lock as every writer of ours does, each with the same
    chance (`database.begin_writing`); who only reads, every BEAT, keeps nobody from writing.
    """

    def __init__(self, store: Store) -> None:
        """Nothing is asked of the store yet."""
        super().__init__(engine=store.engine, tablename=TABLE)
        reads = store.engine.execution_options(forbear_reads=True)
        self._reads = SQLAlchemyJobStore(engine=reads, tablename=TABLE)

    def start(self, scheduler: object, alias: str) -> None:
        """Make the table where it is not there."""
        self._reads.start(scheduler, alias)
        super().start(scheduler, alias)

    def lookup_job(self, job_id: str) -> Job | None:
        """A job, None where there is none of that name."""
        return self._reads.lookup_job(job_id)

    def get_all_jobs(self) -> list[Job]:
        """All of them."""
        found: list[Job] = self._reads.get_all_jobs()
        return found


class Timer:
    """The tasks of a service, in step with a clock that it is handed.

    `told` hears of every start; `trouble` of a database that is gone, once, and (None) of its
    return.
    """

    def __init__(
        self,
        store: Store,
        tasks: Sequence[Task],
        now: Callable[[], datetime],
        tick: Callable[[], float],
        told: Callable[[Ran], None],
        trouble: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Nothing happens before `start`, or a `turn`. The store is closed by `stop`."""
        self.tasks: Mapping[str, Task] = {one.id: one for one in tasks}
        self.now = now
        self._tick = tick
        self._told = told
        self._trouble = trouble
        self.store = store
        self._jobs: JobStore | None = None
        self._state = {one.id: _State() for one in tasks}
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._beating: BackgroundScheduler | None = None
        self._sick = False
        self._ready = False

    def start(self) -> None:
        """Look every BEAT at what is due, in a thread; work is done in others."""
        self._pool = ThreadPoolExecutor(_THREADS, "timer")
        self._beating = _Beating(self.turn)
        self._beating.start()

    def stop(self) -> None:
        """Begin no work any more, and wait for what was begun."""
        if self._beating is not None:
            self._beating.shutdown(wait=False)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self.store.close()

    def turn(self) -> None:
        """Do, or begin, whatever is due now. A database that is gone is told, and asked again."""
        now = self.now()
        try:
            for task, due in self._due(now):
                self._begin(task, due, now)
        except Exception as error:
            if not self._sick:
                self._sick = True
                self._trouble(f"{type(error).__name__}: {error}")
            return
        if self._sick:
            self._sick = False
            self._trouble(None)

    def _due(self, now: datetime) -> list[tuple[Task, datetime]]:
        """Tasks whose time has come, with the last such time; stored times put right."""
        jobs = self._opened(now)
        found = []
        stored = jobs.get_all_jobs()
        self._ready = {job.id for job in stored} >= set(self.tasks)
        for job in stored:
            task = self.tasks.get(job.id)
            if task is None or job.trigger.when != task.when:
                continue
            due = job.next_run_time.astimezone(UTC)
            if due > task.when.after(now):  # the clock was set back, or was wrong when it was set
                self._put(job, task.when.after(now))
            elif due <= now:
                found.append((task, max(due, task.when.before(now))))
        return sorted(found, key=lambda one: one[1])

    def _opened(self, now: datetime) -> JobStore:
        if self._jobs is None:
            self._jobs = JobStore(self.store)
            self._jobs.start(_Nobody(), "default")
        if not self._ready:
            self._settle(self._jobs, now)
            self._ready = True
        return self._jobs

    def _settle(self, jobs: JobStore, now: datetime) -> None:
        """Make the stored jobs those of the tasks; one that stays keeps its time.

        A new one begins with the last start within its grace: what is owed is done at once.
        """
        stored = {job.id: job for job in jobs.get_all_jobs()}
        for name in stored.keys() - self.tasks.keys():
            jobs.remove_job(name)
        for task in self.tasks.values():
            had = stored.get(task.id)
            if had is not None and had.trigger.when == task.when:
                continue
            last = task.when.before(now)
            owed = last if now - last <= task.grace else task.when.after(now)
            job = _job(task, owed)
            if had is not None:
                jobs.update_job(job)
            else:
                jobs.add_job(job)

    def _put(self, job: Job, moment: datetime) -> None:
        assert self._jobs is not None
        job._modify(next_run_time=moment)
        self._jobs.update_job(job)

    def _begin(self, task: Task, due: datetime, now: datetime) -> None:
        state = self._state[task.id]
        with self._lock:
            waits = state.not_before is not None and state.not_before > now
            if waits and state.not_before is not None and state.not_before - now > AGAIN:
                waits = False  # the clock was set back
            late = now - due > task.grace
            if state.running or (waits and not late):
                return
            state.running = True
        if late:
            self._finish(Ran(task.id, "missed", due, f"missed by {now - due}"))
        elif self._pool is None:
            self._do(task, due)
        else:
            self._pool.submit(self._do, task, due)

    def _do(self, task: Task, due: datetime) -> None:
        start = self._tick()
        try:
            outcome: Literal["done", "failed", "waits"] = "done"
            what = task.work(due)
        except NotNow as error:
            outcome, what = "waits", str(error)
        except Exception as error:
            outcome, what = "failed", f"{type(error).__name__}: {error}"
        self._finish(Ran(task.id, outcome, due, what, self._tick() - start))

    def _finish(self, ran: Ran) -> None:
        """Put the job's time forward where there is nothing more to do for this start."""
        state, task = self._state[ran.task], self.tasks[ran.task]
        state.not_before = None
        try:
            if ran.outcome in ("done", "missed"):
                assert self._jobs is not None
                job = self._jobs.lookup_job(ran.task)
                if job is not None:
                    after = ran.due + timedelta(microseconds=1)
                    self._put(job, task.when.after(after))
        except JobLookupError:
            pass  # another process took it away
        except Exception as error:
            state.not_before = self.now() + SOON
            self._trouble(f"{type(error).__name__}: {error}")
            self._sick = True
        else:
            wait = {"failed": AGAIN, "waits": SOON}.get(ran.outcome)
            if wait is not None:
                state.not_before = self.now() + wait
        finally:
            self._told(ran)
            state.running = False


def _job(task: Task, moment: datetime) -> Job:
    """A job as APScheduler stores it. Its function is never called: `Timer` knows the work."""
    job = Job(_Nobody(), id=task.id, func="scheduler.timer:idle", trigger=Trigger(task.when),
              args=(), kwargs={}, name=task.does or task.id, executor="default", coalesce=True,
              misfire_grace_time=int(task.grace.total_seconds()), max_instances=1,
              next_run_time=moment)  # fmt: skip
    return job


def idle() -> None:
    """What a stored job names as its function; `Timer` does the work."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A job, as `forbear jobs` shows it; not `stored`: its time is that of the settings alone."""

    id: str
    does: str
    when: str
    next: datetime
    stored: bool


def planned(store: Store, tasks: Sequence[Task], now: datetime) -> list[Planned]:
    """The tasks, with the times at which they begin next, by the store where it has them."""
    times: dict[str, datetime] = {}
    jobs = SQLAlchemyJobStore(
        engine=store.engine.execution_options(forbear_reads=True), tablename=TABLE
    )
    with store.reading() as connection:
        there = store.engine.dialect.has_table(connection, TABLE)
    if there:
        jobs._scheduler, jobs._alias = _Nobody(), "default"
        times = {one.id: one.next_run_time.astimezone(UTC) for one in jobs.get_all_jobs()}
    return [
        Planned(one.id, one.does, shown(one.when), times.get(one.id, one.when.after(now)),
                one.id in times)
        for one in tasks
    ]  # fmt: skip


@dataclass
class _Nobody:
    """In the place of a scheduler, where jobs only want to know a zone."""

    timezone: Any = UTC
    _logger: logging.Logger = field(default_factory=lambda: logging.getLogger("scheduler.timer"))


class _Beating(BackgroundScheduler):  # type: ignore[misc]  # the package has no types
    """APScheduler's thread, which asks us."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__(timezone=UTC)
        self._turn = turn

    def _process_jobs(self) -> float:
        self._turn()
        return BEAT
