"""What the live core keeps in memory has bounds: days go by, and nothing of it only grows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scheduler.live import Answer, Live, Proposed, Reserved, Result, check, expire, reserve, settle
from scheduler.live.deciding import kept_by_day
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, debtors, tell

PEOPLE = 6
ACCOUNTS = [f"A{number}" for number in range(1, PEOPLE + 1)]


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    tell(empty, debtors(PEOPLE, calls=0), NOON - DAY)
    return empty


def worked(live: Live, now: Hands) -> None:
    """A day's work: everybody is called, one result is never told."""
    for number, account in enumerate(ACCOUNTS):
        given = reserve(live, Proposed(account, "call"), "dialer").result(60)
        assert isinstance(given, Reserved)
        if given.permit is not None and number:
            settle(live, Result(given.permit, "no_answer"), "dialer").result(60)
    now.on(minutes=5)
    expire(live).result(60)


def kept(live: Live) -> dict[str, int]:
    """How much there is of whatever is kept between two transactions."""
    core = live.writer.core
    memory, desk = core.memory, core.desk
    return {
        "groups": len(memory.groups),
        "homes": len(memory.home),
        "owners": len(memory.owner),
        "answers": sum(len(one.answers) for one in memory.groups.values()),
        "opens": sum(len(one.opens) for one in memory.groups.values()),
        "turns": len(desk.dial._days),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "unswept": len(core.unswept),
    }


def met(live: Live) -> tuple[int, ...]:
    """How many situations are remembered: they differ a little from day to day."""
    core = live.writer.core
    return len(core.ledger.written), len(core.desk._contents), len(core.desk.panel._seen)


def test_days_go_by_and_nothing_that_is_kept_only_grows(store: Store) -> None:
    now = Hands()
    with made.living(store, now) as live:
        found = []
        for day in range(1, 6):
            worked(live, now)
            found.append(kept(live))
            if day > 1:  # before the first night it holds what other tests met
                assert max(met(live)) <= 3 * PEOPLE
            now.at = NOON + day * DAY
        assert found[0]["groups"] == PEOPLE
        for later in found[2:]:
            assert later == found[1]
        days = {day for _, day in live.writer.core.desk.panel._on}
        assert min(days) >= (NOON + 3 * DAY).date()  # the last one worked on, less one


def caches() -> dict[str, Any]:
    """Every function of ours that keeps what it found."""
    ours = [
        one for name, one in sys.modules.items() if name.split(".")[0] in ("engine", "scheduler")
    ]
    return {
        f"{module.__name__}.{name}": one
        for module in ours
        for name, one in vars(module).items()
        if hasattr(one, "cache_info") and one.__module__ == module.__name__
    }


def test_whatever_functions_keep_by_day_is_let_go_of_each_night(store: Store) -> None:
    """A cache of another function that only grows as days go by would be found here."""
    now = Hands()
    with made.living(store, now) as live:
        found = []
        for day in range(1, 5):
            worked(live, now)
            found.append({name: one.cache_info().currsize for name, one in caches().items()})
            now.at = NOON + day * DAY
        live.writer.core.desk.forget(now.at)
    daily = {name for name, one in caches().items() if any(one is each for each in kept_by_day())}
    assert "engine.clock.local_date" in daily
    assert {caches()[name].cache_info().currsize for name in daily} == {0}
    for later in found[2:]:
        grown = {name for name, count in later.items() if count > found[1].get(name, 0)}
        assert grown <= daily


def test_what_is_counted_as_held_is_what_is_held(store: Store) -> None:
    now = Hands()
    with made.living(store, now) as live:
        memory = live.writer.core.memory
        for _ in range(3):
            worked(live, now)
            assert memory._held == sum(one.weight for one in memory.groups.values())
            now.on(days=1)
        memory.clear()
        assert memory._held == 0


def test_groups_not_asked_about_for_longest_are_let_go_of_and_known_again(store: Store) -> None:
    now = Hands()
    with made.living(store, now) as live:
        memory = live.writer.core.memory

        def asked(account: str) -> bool:
            (found,) = check(live, [Proposed(account, "call")], "dialer").result(60)
            assert isinstance(found, Answer)
            return found.permitted

        first = [asked(account) for account in ACCOUNTS]
        asked("A1")  # the last one asked about
        memory.make_room(memory.groups["C6"].weight + memory.groups["C1"].weight)
        assert [*memory.groups] == ["C6", "C1"]
        assert (memory.home, memory.owner) == ({"C1": "C1", "C6": "C6"}, {"A1": "C1", "A6": "C6"})
        assert [asked(account) for account in ACCOUNTS] == first
        memory.make_room(0)
        assert (memory.groups, memory.home, memory.owner, memory._held) == ({}, {}, {}, 0)
        assert [asked(account) for account in ACCOUNTS] == first


def test_connections_are_let_go_of_each_night(store: Store) -> None:
    now = Hands()
    with made.living(store, now) as live:
        core = live.writer.core
        for _ in range(3):
            assert check(live, [Proposed("A1", "call")], "dialer").result(60)
        direct, pool = core.short.direct, store.engine.pool
        assert direct is not None
        now.on(days=1)
        for _ in range(3):
            assert check(live, [Proposed("A1", "call")], "dialer").result(60)
        assert core.short.direct is not direct
        assert store.engine.pool is not pool
        with pytest.raises(store.engine.dialect.loaded_dbapi.Error):
            direct.driver_connection.execute("SELECT 1")
