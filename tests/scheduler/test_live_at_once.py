"""Permits given in the caller's own thread, and who is alone at the store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest

from scheduler.live import (
    Fault,
    Live,
    LiveError,
    Proposed,
    Reserved,
    check,
    check_token,
    reserve_now,
    short,
)
from scheduler.live.recording import broken
from scheduler.store import living
from scheduler.store.adding import add_told
from scheduler.store.database import Store
from scheduler.store.living import START, StoredDecision, live_decisions
from scheduler.store.migrating import migrate
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, debtors, frame, hold, tell

SOME = [Proposed(f"A{n}", "call") for n in (1, 2, 3, 4)]


@dataclass(frozen=True)
class Blunt:
    """A pen that does not write."""

    name: str

    def sign(self, message: bytes) -> bytes:
        """Nothing."""
        raise RuntimeError(f"no ink for {len(message)} bytes")


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    tell(empty, debtors(4), NOON - DAY)
    return empty


@pytest.fixture
def live(store: Store, now: Hands) -> Iterator[Live]:
    with made.living(store, now) as opened:
        yield opened


def ceased(number: int) -> dict[str, Any]:
    """A word that all contact shall cease."""
    return {
        "statement": f"W{number}",
        "consumer": f"C{number}",
        "kind": "cease",
        "to": "this_collector",
        "medium": "written",
        "accepted_medium": True,
        "accounts": [f"A{number}"],
        "made_at": NOON,
        "received_at": NOON,
        "recorded_at": NOON,
    }


def told(store: Store, number: int) -> None:
    """The same, added by another program."""
    with store.writing() as connection:
        add_told(connection, "statement", frame("statements", [ceased(number)]), "desk", NOON)


def permit(live: Live, number: int) -> str | None:
    """The permit that is given for an account, if one is."""
    found = reserve_now(live, SOME[number - 1], "dialer")
    assert isinstance(found, Reserved)
    return found.permit


def test_a_permit_is_given_in_the_callers_own_thread(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(live, SOME, "dialer").result(60)
    core, run = live.writer.core, live.writer.core.run
    threads: list[str] = []

    def noted(jobs: Any, now: datetime) -> list[Any]:
        threads.append(current_thread().name)
        return run(jobs, now)

    monkeypatch.setattr(core, "run", noted)
    given = reserve_now(live, SOME[0], "dialer")
    assert isinstance(given, Reserved)
    assert given.permit is not None
    assert given.token is not None
    assert check_token(given.token, made.KEY.public_key(), NOON).permit == given.permit
    let_go = hold(live)
    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(reserve_now, live, one, "dialer") for one in SOME[:3]]
        while live.waiting < 3:
            pass
        let_go()
        found = [one.result(60) for one in others]
    permits = [one.permit is not None for one in found if isinstance(one, Reserved)]
    assert permits == [False, True, True]
    assert threads == [current_thread().name, "live-writer"]  # three waited, for one commit
    assert isinstance(reserve_now(live, Proposed("nobody", "call"), "dialer"), Fault)
    live.close()
    with pytest.raises(LiveError, match="stopping"):
        reserve_now(live, SOME[3], "dialer")


def test_who_closes_waits_for_a_callers_own_work(
    store: Store, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    with made.living(store, now) as live, ThreadPoolExecutor(2) as pool:
        begun, held = Event(), Event()
        core, run = live.writer.core, live.writer.core.run

        def slow(jobs: Any, at: datetime) -> list[Any]:
            begun.set()
            held.wait(60)
            found = run(jobs, at)
            order.append("answered")
            return found

        monkeypatch.setattr(core, "run", slow)
        asked = pool.submit(reserve_now, live, SOME[0], "dialer")
        assert begun.wait(60)
        closed = pool.submit(live.close)
        closed.add_done_callback(lambda _: order.append("closed"))
        held.set()
        assert isinstance(asked.result(60), Reserved)
        closed.result(60)
    assert order == ["answered", "closed"]


def test_who_is_alone_at_the_store_sees_what_another_adds(
    live: Live, store: Store, now: Hands
) -> None:
    check(live, SOME, "dialer").result(60)
    for _ in range(3):
        check(live, SOME, "dialer").result(60)
    told(store, 2)
    assert permit(live, 2) is None
    assert permit(live, 1) is not None


def test_what_was_under_way_while_it_looked_is_seen_once_it_is_there(
    live: Live, store: Store, now: Hands
) -> None:
    check(live, SOME, "dialer").result(60)
    if store.dialect == "sqlite":  # nobody else writes while it does
        told(store, 3)
    else:
        with store.writing() as connection:
            word = frame("statements", [ceased(3)])
            add_told(connection, "statement", word, "desk", NOON)
            assert permit(live, 1) is not None
            assert permit(live, 2) is not None
    assert permit(live, 3) is None


def parts(row: StoredDecision, number: int) -> list[dict[str, Any]]:
    """What a record says, but for whom it is about and its ids."""
    found = []
    for text in (row.public, row.personal or ""):
        named = json.loads(re.sub(rf"\b([ACP]){number}\b", r"\1", text))
        found.append(
            {k: v for k, v in named.items() if k not in ("decision_id", "permit", "number")}
        )
    return found


def test_who_asks_alone_is_answered_and_logged_as_among_others(
    live: Live, store: Store, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(live, SOME, "dialer").result(60)
    memory = live.writer.core.memory
    alone = reserve_now(live, SOME[0], "dialer", "P. Person")
    monkeypatch.setattr(short, "met", lambda *_: None)
    among = reserve_now(live, SOME[1], "dialer", "P. Person")
    assert isinstance(alone, Reserved)
    assert isinstance(among, Reserved)
    rows = live_decisions(store, 0, 100)
    assert broken(rows, START, 1) is None
    assert parts(rows[-2], 1) == parts(rows[-1], 2)
    assert rows[-2].common == rows[-1].common
    with store.reading() as connection:
        kept = living.permits(connection, [alone.permit or "", among.permit or ""])
        versions = living.states(connection, ["C1", "C2"])
    for number, given in ((1, alone), (2, among)):
        known, one = memory.of(f"C{number}"), kept[given.permit or ""]
        assert known.opens == {one.permit: one._replace(decision="")}
        assert known.version == versions[f"C{number}"][0]
        assert one.decision == given.answer.decision
        said = check_token(given.token or "", made.KEY.public_key(), now())
        assert (said.permit, said.account) == (one.permit, f"A{number}")
        assert (said.since, said.until) == (one.opened_at, one.until)
    rid = {"decision": "", "account": "", "consumer": "", "point": ""}
    assert alone.answer._replace(**rid) == among.answer._replace(**rid)


def test_what_cannot_be_signed_is_told(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    check(live, SOME, "dialer").result(60)

    monkeypatch.setattr(live.writer.core.short.pen, "signer", Blunt("tests"))
    with pytest.raises(RuntimeError, match="no ink"):
        reserve_now(live, SOME[0], "dialer")
