"""What the service does by itself: the day's list, seals, permits that end, withdrawals.

Each piece of work bears being done again: it looks first whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from engine.clock import format_instant, local_date

from .live.core import AT_ONCE
from .live.door import Live, expire, refresh
from .locking import Busy
from .manifest import FILE
from .settings import Settings
from .store.alone import day_recorded, only_one
from .store.database import Store
from .timer import Daily, Every, NotNow, Task

LIST: Final = "list"
_ANSWER: Final = 60.0  # seconds that the live core may take for a piece of work
_LONG: Final = timedelta(days=1)

Make = Callable[[date], str]
"""Makes and publishes the list of a day; what it did, in words. It resumes what was begun."""


def tasks(
    settings: Settings,
    store: Store,
    now: Callable[[], datetime],
    make: Make,
    live: Live | None,
    seal: Callable[[], str] | None = None,
    due: Callable[[], str] | None = None,
) -> list[Task]:
    """The tasks of the settings. Without `live` they can be shown, not done."""
    jobs = settings.jobs
    daily = Daily(jobs.list, settings.zone)
    grace = timedelta(hours=jobs.grace)
    found = [
        Task(LIST, "makes the day's list", daily, grace, _list(settings, store, now, make)),
        Task(
            "expire",
            "ends permits whose time is over",
            Every(timedelta(seconds=jobs.expire)),
            _LONG,
            lambda _: _expire(live),
        ),
    ]
    if jobs.refresh is not None:
        every = Every(timedelta(minutes=jobs.refresh))
        says = "withdraws rows that what was added to the store forbids"
        found.append(Task("refresh", says, every, _LONG, lambda _: _refresh(live)))
    if seal is not None:
        every, put = Every(timedelta(minutes=jobs.seal)), seal
        found.append(
            Task("seal", "seals live decisions into the log", every, _LONG, lambda _: _seal(put))
        )
    if due is not None and jobs.retention is not None:
        says, look = "says whose records' time is over; erases nothing", due
        daily = Daily(jobs.retention, settings.zone)
        found.append(Task("retention", says, daily, grace, lambda _: look()))
    return found


def _list(
    settings: Settings, store: Store, now: Callable[[], datetime], make: Make
) -> Callable[[datetime], str]:
    def work(due: datetime) -> str:
        day = local_date(now(), settings.zone)
        if published(settings, day):
            return f"the list of {day} was published already"
        with only_one(store, LIST) as mine:
            if not mine:
                raise NotNow(f"another process makes the list of {day}")
            if published(settings, day):
                return f"the list of {day} was published already"
            if store.file is None and (run := day_recorded(store, day)) is not None:
                return f"the list of {day} was published elsewhere, as run {run}"
            return make(day)

    return work


def _seal(put: Callable[[], str]) -> str:
    try:
        return put()
    except Busy as error:  # another process writes to the log just now
        raise NotNow(str(error)) from error


def published(settings: Settings, day: date) -> bool:
    """Whether a day's list is there."""
    return (settings.lists / day.isoformat() / FILE).is_file()


def _expire(live: Live | None) -> str:
    assert live is not None
    total = 0
    while (count := expire(live).result(_ANSWER)) >= AT_ONCE:
        total += count
    return f"{total + count} permits expired"


def _refresh(live: Live | None) -> str:
    assert live is not None
    while refresh(live).result(_ANSWER):
        pass
    return "looked through what was added"


def moment_text(moment: datetime | None) -> str:
    """A moment for people, to the second."""
    return "not yet" if moment is None else format_instant(moment.astimezone(UTC))
