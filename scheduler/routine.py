"""What the service does by itself: each region's list, seals, permits that end, withdrawals.

Each piece of work bears being done again: it looks first whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from engine.clock import format_instant, local_date
from engine.problem import ForbearError

from .live.core import AT_ONCE
from .live.door import Live, expire, refresh
from .locking import Busy
from .published import lists_of_day, shown
from .regions import Region
from .settings import Settings
from .store.alone import only_one, runs_of_day
from .store.database import Store
from .timer import NotNow, Task
from .when import Daily, Every

LIST: Final = "list"
RETENTION: Final = {
    "report": "says whose records' time is over; erases nothing",
    "purge": "empties the records whose time is over, but under a legal hold",
}
"""What the job of that name does, by the setting."""
_ANSWER: Final = 60.0  # seconds that the live core may take for a piece of work
_LONG: Final = timedelta(days=1)

Make = Callable[[date, str | None], str]
"""Makes and publishes the list of a day, of everybody or a region; what it did, in words.

It resumes what was begun."""


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
    grace = timedelta(hours=jobs.grace)
    found = [
        *(_list(settings, store, make, one) for one in settings.regions),
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
        says, look = RETENTION[settings.retention], due
        daily = Daily(jobs.retention, settings.zone)
        found.append(Task("retention", says, daily, grace, lambda _: look()))
    return found


class NotHere(ForbearError):
    """Lists of the day were put out by another machine, and are not in our directory of lists."""

    def __init__(self, day: date, regions: list[str]) -> None:
        """Name them."""
        super().__init__(
            f"the lists of {day} for {', '.join(regions)} were put out elsewhere, and nobody can "
            "tell here who stands on them; let all machines share the directory of lists"
        )


def _list(settings: Settings, store: Store, make: Make, region: Region) -> Task:
    """A region's list, each day of its clock; a single region's is that of everybody."""
    name = None if len(settings.regions) == 1 else region.name

    def work(due: datetime) -> str:
        day = local_date(due, region.clock)
        if published(settings, day, name):
            return f"the list of {shown(day, name)} was published already"
        # of all lists one at a time: a list is made beside those of the day that are out
        with only_one(store, LIST) as mine:
            if not mine:
                raise NotNow(f"another process, or region, is at work: {shown(day, name)} waits")
            if published(settings, day, name):
                return f"the list of {shown(day, name)} was published already"
            if store.file is None and (run := _elsewhere(settings, store, day, name)):
                return f"the list of {shown(day, name)} was published elsewhere, as run {run}"
            return make(day, name)

    when = Daily(region.list or settings.jobs.list, region.clock)
    grace = timedelta(hours=settings.jobs.grace)
    says = "makes the day's list" if name is None else f"makes the day's list of {name}"
    return Task(LIST if name is None else f"{LIST}-{name}", says, when, grace, work)


def _seal(put: Callable[[], str]) -> str:
    try:
        return put()
    except Busy as error:  # another process writes to the log just now
        raise NotNow(str(error)) from error


def published(settings: Settings, day: date, region: str | None) -> bool:
    """Whether a day's list is there; one of everybody is every region's."""
    return any(one.region in (None, region) for one in lists_of_day(settings.lists, day))


def _elsewhere(settings: Settings, store: Store, day: date, name: str | None) -> str | None:
    """The run by which another machine put a list out, None where none did. Raises NotHere."""
    recorded = runs_of_day(store, day)
    for known in (name, None):
        if known in recorded:
            return recorded[known]
    here = {one.region for one in lists_of_day(settings.lists, day)}
    if gone := sorted(str(one) for one in recorded if one not in here):
        raise NotHere(day, gone)
    return None


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


def moment_text(moment: datetime) -> str:
    """A moment for people, to the second."""
    return format_instant(moment.astimezone(UTC))
