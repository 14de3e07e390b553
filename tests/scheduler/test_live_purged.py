"""After retention emptied rows, no process holds what stood there, or answers from it."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event
from types import FunctionType, ModuleType
from typing import Any

import pytest

from scheduler.live import Answer, Live, Proposed, Reserved, ahead, check, reserve_now, writer
from scheduler.live.core import Core
from scheduler.store import linking, living
from scheduler.store.database import open_store
from scheduler.store.living import live_decisions
from scheduler.store.retention import erase
from tests.scheduler import living as made
from tests.scheduler.test_retention_job import Firm, firm

__all__ = ["firm"]

GONE = "+13125550001"
SOME = [Proposed(f"A{n}", "call", f"P{n}") for n in (1, 2, 3)]
Open = Callable[[], Live]


def caches() -> Iterator[Any]:
    """What functions of ours keep."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("engine", "scheduler"):
            yield from (one for one in vars(module).values() if hasattr(one, "cache_clear"))


def held(live: Live, text: str) -> bool:
    """Whether a text can be reached from a live core, or from what functions keep."""
    left: list[Any] = [live, *caches()]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if isinstance(one, str):
            if text in one:
                return True
            continue
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen.add(id(one))
        if type(one).__module__.partition(".")[0] != "tests":  # a test's own things are not ours
            left += gc.get_referents(one)
    return False


@pytest.fixture
def opened(firm: Firm, url: str) -> Iterator[Open]:
    """Opens one more process's core over the store; it has asked about everybody."""
    with ExitStack() as stack:

        def make() -> Live:
            store = stack.enter_context(closing(open_store(url, firm.home)))
            live = stack.enter_context(made.living(store, firm.now))
            check(live, SOME, "dialer").result(60)
            assert ahead(live, SOME).result(60) == 3
            assert held(live, GONE)
            return live

        yield make


def purge(firm: Firm) -> None:
    """Have the nightly job empty what is over."""
    firm.turn()
    firm.turn(days=1, minutes=45)
    assert firm.numbers() == [None, "+13125550002", "+13125550003"]


def test_processes_that_nobody_asks_let_go_by_themselves(
    firm: Firm, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE", 0.02)
    let_go, done = Core._let_go, dict[int, Event]()

    def noted(core: Core, now: Any) -> None:
        let_go(core, now)
        done[id(core)].set()

    monkeypatch.setattr(Core, "_let_go", noted)
    processes = [opened(), opened()]
    for one in processes:
        done[id(one.writer.core)] = Event()
    purge(firm)
    for one in processes:
        assert done[id(one.writer.core)].wait(60)
        assert not held(one, GONE)
        assert not one.writer.core.memory.groups


@pytest.mark.parametrize("asked", [0, 1], ids=["of the erased", "of another"])
def test_whoever_asks_next_is_answered_from_what_is_left(
    firm: Firm, opened: Open, monkeypatch: pytest.MonkeyPatch, asked: int
) -> None:
    monkeypatch.setattr(writer, "IDLE", 3_600.0)
    live = opened()
    purge(firm)
    assert held(live, GONE)  # so far nobody has looked
    (found,) = check(live, SOME[asked : asked + 1], "dialer").result(60)
    assert not held(live, GONE)
    with made.living(firm.store, firm.now) as fresh:
        (other,) = check(fresh, SOME[asked : asked + 1], "dialer").result(60)
    assert isinstance(found, Answer)
    assert isinstance(other, Answer)
    assert found._replace(decision="") == other._replace(decision="")


def test_a_permit_decided_ahead_is_decided_anew_by_what_is_left(
    firm: Firm, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE", 3_600.0)
    firm.now.at = made.NOON
    live = opened()
    third = live.writer.core.memory.of("C3").answers
    assert [one.decided.decision.permitted for one in third.values()] == [True]
    before = live.writer.core.memory.of("C3").version
    erase(firm.store, ["C3"])
    given = reserve_now(live, SOME[2], "dialer")
    assert isinstance(given, Reserved)
    assert not held(live, "+13125550003")
    last = live_decisions(firm.store, 0, 99)[-1]
    assert given.answer.decision == f"live-{last.seq}"
    assert json.loads(last.personal or "")["number"] is None
    with firm.store.reading() as connection:
        assert living.states(connection, ["C3"])["C3"][0] > before


def test_only_where_something_was_emptied_is_anything_read_anew(firm: Firm) -> None:
    with firm.store.reading() as connection:
        before = linking.erasures(connection), living.states(connection, ["C1", "C2"])
    assert erase(firm.store, ["nobody"]) == {}
    with firm.store.reading() as connection:
        assert (linking.erasures(connection), living.states(connection, ["C1", "C2"])) == before
    erase(firm.store, ["C1"])
    with firm.store.reading() as connection:
        assert linking.erasures(connection) == before[0] + 1
        states = living.states(connection, ["C1", "C2"])
    assert states["C1"][0] == before[1]["C1"][0] + 1
    assert states["C2"] == before[1]["C2"]
