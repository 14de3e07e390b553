"""The timer under a clock that is moved by hand: nothing skipped, nothing doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from engine.clock import local_date
from scheduler.store import database
from scheduler.store.database import Store, open_store
from scheduler.timer import NotNow, Ran, Task, Timer, planned
from scheduler.when import Daily, Every, shown

NY = "America/New_York"
FIVE = Daily(time(5), NY)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass
class Desk:
    """A service's timer in this process: its clock, its work, and what it was told."""

    store: Callable[[], Store]
    now: datetime
    when: Daily | Every = FIVE
    grace: timedelta = 6 * HOUR
    done: list[date] = field(default_factory=list)
    told: list[Ran] = field(default_factory=list)
    trouble: list[str | None] = field(default_factory=list)
    fails: Exception | None = None
    timer: Timer | None = None

    def work(self, due: datetime) -> str:
        if self.fails is not None:
            raise self.fails
        day = local_date(self.now, NY)
        if day in self.done:
            return "published already"
        self.done.append(day)
        return "published"

    def begin(self) -> None:
        """Start, as after a crash: nothing is known but what is stored."""
        task = Task("list", "the day's list", self.when, self.grace, self.work)
        self.timer = Timer(
            self.store(), [task], lambda: self.now, lambda: 0.0, self.told.append,
            self.trouble.append,
        )  # fmt: skip
        self.turn()

    def turn(self) -> None:
        assert self.timer is not None
        self.timer.turn()

    def to(self, text: str, step: timedelta = 10 * MINUTE) -> None:
        """Let time go by, looked at every so often."""
        end = at(text)
        while self.now < end:
            self.now = min(self.now + step, end)
            self.turn()

    def leap(self, text: str) -> None:
        """The clock stands elsewhere at once: a machine that slept, a clock that was set."""
        self.now = at(text)
        self.turn()

    @property
    def outcomes(self) -> list[str]:
        return [one.outcome for one in self.told]


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same database, as each start does."""
    stores: list[Store] = []

    def again() -> Store:
        stores.append(open_store(url, tmp_path))
        return stores[-1]

    yield again
    for one in stores:
        one.close()


@pytest.fixture
def desk(opened: Callable[[], Store]) -> Desk:
    return Desk(opened, at("2026-03-02T12:00-05:00"))


def days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def test_a_list_each_day_over_both_clock_changes_and_a_leap_day(desk: Desk) -> None:
    for first, last in (("2028-02-27", "2028-03-14"), ("2026-10-30", "2026-11-03")):
        desk.now, desk.done = at(f"{first}T12:00-05:00"), []
        desk.begin()
        desk.to(f"{last}T12:00-05:00", HOUR / 2)
        assert desk.done[-(len(days(first, last)) - 1) :] == days(first, last)[1:]
        assert len(desk.done) == len(set(desk.done))


@pytest.mark.parametrize("wall", [time(1, 30), time(2, 0), time(2, 30), time(3, 0)])
def test_a_start_in_the_hour_that_changes_is_one_start(desk: Desk, wall: time) -> None:
    desk.when = Daily(wall, NY)
    for first, last in (("2026-03-06", "2026-03-10"), ("2026-10-30", "2026-11-03")):
        desk.now, desk.told, desk.done = at(f"{first}T12:00-05:00"), [], []
        desk.begin()
        desk.told.clear()
        desk.to(f"{last}T12:00-05:00", MINUTE * 15)
        starts = [one.due for one in desk.told]
        assert [local_date(one, NY) for one in starts] == days(first, last)[1:]


def test_when_a_skipped_and_a_repeated_time_are() -> None:
    assert Daily(time(2, 30), NY).on(date(2026, 3, 8)) == at("2026-03-08T03:30-04:00")
    assert Daily(time(1, 30), NY).on(date(2026, 11, 1)) == at("2026-11-01T01:30-04:00")
    assert FIVE.after(at("2026-03-08T05:00-04:00")) == at("2026-03-08T05:00-04:00")
    assert FIVE.after(at("2026-03-08T05:00:01-04:00")) == at("2026-03-09T05:00-04:00")
    assert FIVE.before(at("2026-03-08T04:59-04:00")) == at("2026-03-07T05:00-05:00")
    ten = Every(timedelta(seconds=10))
    for moment in (at("2019-05-05T00:00:03Z"), at("2026-05-05T00:00:03Z")):
        assert ten.after(moment) - ten.before(moment) == ten.step
        assert ten.before(moment) < moment < ten.after(moment)
        assert ten.after(ten.after(moment)) == ten.before(ten.after(moment)) == ten.after(moment)
    assert [shown(FIVE), shown(ten), shown(Every(HOUR))] == [
        "daily at 05:00 America/New_York",
        "every 10 s",
        "every 60 min",
    ]


def test_a_first_start_makes_up_for_what_is_owed_today(desk: Desk) -> None:
    desk.now = at("2026-03-02T10:59-05:00")
    desk.begin()
    assert desk.done == days("2026-03-02", "2026-03-02")


def test_a_first_start_late_in_the_day_waits_for_the_next(desk: Desk) -> None:
    desk.begin()
    assert (desk.done, desk.told) == ([], [])
    desk.to("2026-03-03T04:59-05:00")
    assert desk.done == []
    desk.to("2026-03-03T05:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-03")


def test_a_machine_asleep_over_the_start_makes_up_for_it(desk: Desk) -> None:
    desk.begin()
    desk.leap("2026-03-03T09:17-05:00")
    assert desk.done == days("2026-03-03", "2026-03-03")
    assert desk.told[0].due == at("2026-03-03T05:00-05:00")
    desk.to("2026-03-04T06:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-04")


def test_a_start_missed_beyond_its_grace_is_told_and_the_next_one_kept(desk: Desk) -> None:
    desk.begin()
    desk.leap("2026-03-05T11:01-05:00")
    assert desk.outcomes == ["missed"]
    assert desk.done == []
    desk.to("2026-03-06T05:00-05:00")
    assert desk.done == days("2026-03-06", "2026-03-06")


def test_a_process_that_was_killed_makes_up_for_its_start(desk: Desk) -> None:
    desk.begin()
    desk.to("2026-03-03T04:50-05:00")
    desk.now = at("2026-03-03T07:00-05:00")
    desk.begin()
    assert desk.done == days("2026-03-03", "2026-03-03")
    desk.begin()
    desk.to("2026-03-03T12:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-03")


def test_a_process_killed_within_the_work_does_it_again(desk: Desk) -> None:
    desk.begin()

    class Killed(BaseException):
        pass

    desk.fails = Killed()  # type: ignore[assignment]
    with pytest.raises(Killed):
        desk.leap("2026-03-03T05:00-05:00")
    desk.fails = None
    desk.now += MINUTE
    desk.begin()
    assert desk.done == days("2026-03-03", "2026-03-03")


def test_a_clock_set_back_makes_no_day_twice_and_skips_none(desk: Desk) -> None:
    desk.begin()
    desk.to("2026-03-03T06:00-05:00")
    desk.leap("2026-03-03T03:00-05:00")
    desk.to("2026-03-04T06:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-04")
    assert desk.outcomes == ["done", "done", "done"]  # the second found it published


def test_a_clock_that_was_a_year_ahead_does_not_silence_the_timer(desk: Desk) -> None:
    desk.now = at("2027-03-02T12:00-05:00")
    desk.begin()
    desk.leap("2026-03-02T12:00-05:00")
    desk.to("2026-03-04T06:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-04")


def test_failed_work_is_tried_again_until_it_succeeds(desk: Desk) -> None:
    desk.begin()
    desk.fails = ValueError("no room on the disk")
    desk.to("2026-03-03T05:00-05:00")
    assert desk.outcomes == ["failed"]
    desk.to("2026-03-03T05:05-05:00", timedelta(seconds=10))
    assert desk.outcomes == ["failed"] * 6
    assert desk.told[-1].what == "ValueError: no room on the disk"
    desk.fails = None
    desk.to("2026-03-04T04:00-05:00")
    assert desk.done == days("2026-03-03", "2026-03-03")


def test_work_that_keeps_failing_is_given_up_with_its_grace(desk: Desk) -> None:
    desk.begin()
    desk.fails = ValueError("broken rule file")
    desk.to("2026-03-03T11:10-05:00")
    assert desk.outcomes[-1] == "missed"
    assert set(desk.outcomes[:-1]) == {"failed"}
    told = len(desk.told)
    desk.to("2026-03-04T04:50-05:00")
    assert len(desk.told) == told


def test_a_database_gone_for_ten_minutes(desk: Desk) -> None:
    desk.begin()
    assert desk.timer is not None
    engine = desk.timer.store.engine
    gone = False

    def refuse(*_: object) -> None:
        if gone:
            raise sa.exc.OperationalError("SELECT", {}, Exception("server closed the connection"))

    sa.event.listen(engine, "before_cursor_execute", refuse)
    desk.to("2026-03-03T04:55-05:00")
    gone = True
    desk.to("2026-03-03T05:05-05:00", MINUTE)
    assert desk.done == []
    assert len(desk.trouble) == 1
    assert "server closed the connection" in str(desk.trouble[0])
    gone = False
    desk.to("2026-03-03T05:06-05:00", MINUTE)
    assert desk.done == days("2026-03-03", "2026-03-03")
    assert desk.trouble[1:] == [None]


def test_a_database_gone_when_the_work_ends(desk: Desk) -> None:
    desk.begin()
    assert desk.timer is not None
    engine = desk.timer.store.engine
    gone = False

    def refuse(*_: object) -> None:
        if gone:
            raise sa.exc.OperationalError("UPDATE", {}, Exception("gone"))

    sa.event.listen(engine, "before_cursor_execute", refuse)
    work = desk.work

    def cut_off(due: datetime) -> str:
        nonlocal gone
        gone = True
        return work(due)

    desk.timer.tasks = {"list": Task("list", "", FIVE, 6 * HOUR, cut_off)}
    desk.to("2026-03-03T05:05-05:00", MINUTE)
    desk.timer.tasks = {"list": Task("list", "", FIVE, 6 * HOUR, work)}
    gone = False
    desk.to("2026-03-04T05:05-05:00")
    assert desk.done == days("2026-03-03", "2026-03-04")


def test_of_two_timers_the_one_that_finds_the_other_at_work_waits(
    opened: Callable[[], Store],
) -> None:
    one, two = (Desk(opened, at("2026-03-02T12:00-05:00")) for _ in range(2))
    two.done = one.done
    one.begin()
    two.begin()
    two.fails = NotNow("another process makes it")
    for desk in (two, one):
        desk.leap("2026-03-03T05:00-05:00")
    assert (one.outcomes, two.outcomes) == (["done"], ["waits"])
    two.fails = None
    two.to("2026-03-03T06:00-05:00", timedelta(seconds=5))
    one.to("2026-03-03T06:00-05:00")
    assert one.done == days("2026-03-03", "2026-03-03")
    assert two.outcomes == ["waits"]


def test_a_time_that_was_changed_in_the_settings_holds_from_the_next_start(desk: Desk) -> None:
    desk.begin()
    desk.to("2026-03-03T06:00-05:00")
    desk.when = Daily(time(4), NY)
    desk.begin()
    desk.to("2026-03-04T04:30-05:00")
    assert desk.done == days("2026-03-03", "2026-03-04")


def test_what_is_planned_is_shown(desk: Desk) -> None:
    store = desk.store()
    task = Task("list", "the day's list", FIVE, HOUR, desk.work)
    (one,) = planned(store, [task], at("2026-03-02T12:00-05:00"))
    assert (one.next, one.stored) == (at("2026-03-03T05:00-05:00"), False)
    desk.begin()
    (one,) = planned(store, [task], desk.now)
    assert one.stored
    assert (one.id, one.does) == ("list", "the day's list")
    assert one.when == "daily at 05:00 America/New_York"
    assert one.next == at("2026-03-03T05:00-05:00")


def test_who_changes_a_job_waits_for_the_lock_as_all_writers_do(
    opened: Callable[[], Store], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own waiting looks ever more seldom: it could find the lock taken for ever."""
    desk.begin()
    desk.to("2026-03-03T04:30-05:00")
    other, waits, begun = opened(), Event(), []
    taking = database.take_lock

    def noted(raw: sqlite3.Connection) -> None:
        begun.append(raw)
        waits.set()
        taking(raw)

    monkeypatch.setattr(database, "take_lock", noted)
    with ThreadPoolExecutor(1) as pool:
        with other.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE held (one INTEGER)")
            del begun[:]
            waits.clear()
            turned = pool.submit(desk.to, "2026-03-03T05:00-05:00")
            if other.dialect == "sqlite":
                assert waits.wait(60)
                assert not turned.done()
        turned.result(60)
    assert desk.done == days("2026-03-03", "2026-03-03")
    assert desk.trouble == []
    assert len(begun) == (1 if other.dialect == "sqlite" else 0)  # reading took no lock
    assert desk.timer is not None
    (one,) = planned(other, list(desk.timer.tasks.values()), desk.now)
    assert one.next == at("2026-03-04T05:00-05:00")


def test_the_thread_does_it_by_itself(desk: Desk) -> None:
    """The only test that waits: for a thread, not for a time."""
    from threading import Event

    ended = Event()
    desk.now = at("2026-03-02T06:00-05:00")
    task = Task("list", "", FIVE, 6 * HOUR, desk.work)

    def told(ran: Ran) -> None:
        desk.told.append(ran)
        ended.set()

    timer = Timer(desk.store(), [task], lambda: desk.now, lambda: 0.0, told)
    timer.start()
    assert ended.wait(30)
    timer.stop()
    assert desk.outcomes == ["done"]
