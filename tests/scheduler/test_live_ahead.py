"""What is decided before anybody asks, and what is asked again when the rules change."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.rulebook import law_directory
from scheduler.commands.collecting import seldom
from scheduler.law import load_law
from scheduler.live import (
    Answer,
    Fault,
    Live,
    Proposed,
    Reserved,
    changes_after,
    check,
    check_plain,
    foresee,
    post_events,
    refresh,
    renew,
    reserve,
    writer,
)
from scheduler.live.recording import broken
from scheduler.live.withdrawing import Listed
from scheduler.store import living
from scheduler.store.database import Store, StoreError
from scheduler.store.direct import Direct
from scheduler.store.living import START, live_decisions
from scheduler.store.migrating import migrate
from scheduler.store.plain import moment, together
from scheduler.web import answers
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, Shown, debtors, hold, tell
from tests.scheduler.test_live import cease

SOME = [Proposed(f"A{n}", "call") for n in (1, 2, 3, 4)]
NO_CALLS = """\
format: 1
name: Own
rules:
  - key: no-calls
    kind: block
    says: Nobody is called.
    force: policy
    channels: [call]
    effective_from: unknown
    cite: [House policy 9]
    source: house
    confidence: high
    reviewed_on: 2026-11-21
    review_by: 2027-11-21
"""


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


def test_what_is_foreseen_is_decided_when_nothing_else_waits(live: Live) -> None:
    assert foresee(live, [*SOME, Proposed("nobody", "call")]).result(60) == 4
    memory = live.writer.core.memory
    assert all(len(memory.of(f"C{n}").answers) == 1 for n in (1, 2, 3, 4))
    assert foresee(live, []).result(60) == 0


def test_whoever_asks_goes_before_what_is_foreseen(live: Live) -> None:
    order: list[str] = []
    let_go = hold(live)
    later = foresee(live, SOME)
    later.add_done_callback(lambda _: order.append("foreseen"))
    asked = check(live, SOME[:1], "dialer")
    asked.add_done_callback(lambda _: order.append("asked"))
    let_go()
    assert later.result(60) == 4
    assert order == ["asked", "foreseen"]


def test_only_so_much_is_foreseen_and_only_for_a_while(
    live: Live, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FORESEEN", 3)
    let_go = hold(live)
    first, second = foresee(live, SOME), foresee(live, SOME)
    assert second.result(60) == 0
    let_go()
    assert first.result(60) == 3
    let_go = hold(live)
    late = foresee(live, SOME)
    now.on(minutes=11)
    let_go()
    assert late.result(60) == 0
    let_go = hold(live)
    left = foresee(live, SOME)
    let_go()
    live.close()
    assert left.result(60) in (0, 3)  # what was not begun is left out
    assert foresee(live, SOME).result(60) == 0


def test_what_cannot_be_decided_ahead_is_left_out(live: Live, store: Store) -> None:
    let_go = hold(live)
    found = foresee(live, SOME)
    live.writer.core.memory.know = None  # type: ignore[method-assign,assignment]
    let_go()
    assert found.result(60) == 0


def test_rows_that_a_new_rulebook_forbids_are_withdrawn(
    store: Store, now: Hands, tmp_path: Path
) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "own.yaml").write_text(NO_CALLS, encoding="utf-8")
    stricter = load_law([law_directory()], tmp_path / "house")
    listed = [Listed(NOON.date(), n, f"A{n}", f"C{n}", f"P{n}", "call") for n in (1, 2, 3)]
    with made.living(store, now, Shown(listed), book=made.law()) as live:
        (answer,) = check(live, SOME[:1], "dialer").result(60)
        assert isinstance(answer, Answer)
        assert answer.permitted
        renew(live, stricter).result(60)
        assert changes_after(live, NOON.date(), 0) == ()
        assert refresh(live).result(60) == 0
        gone = changes_after(live, NOON.date(), 0)
        assert [one.row_id for one in gone] == [1, 2, 3]
        assert all("own/no-calls" in one.rules for one in gone)
        renew(live, made.law()).result(60)
        refresh(live).result(60)
        assert changes_after(live, NOON.date(), 0) == gone  # what is gone stays gone, once


# -- the short way: what memory holds, confirmed under the locks


def ways(live: Live, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each transaction from now on went the short way."""
    found: list[bool] = []
    short = live.writer.core.short
    run = short.run

    def noted(*given: Any) -> list[Any] | None:
        answers = run(*given)
        found.append(answers is not None)
        return answers

    monkeypatch.setattr(short, "run", noted)
    return found


def test_what_is_in_memory_goes_the_short_way(
    live: Live, store: Store, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(live, SOME, "dialer").result(60)
    before = live.writer.core.memory.of("C1").version
    went = ways(live, monkeypatch)
    answers = check(live, [*SOME, Proposed("A1", "text")], "dialer").result(60)
    given = reserve(live, SOME[0], "dialer").result(60)
    assert isinstance(given, Reserved)
    assert given.permit is not None
    refused = reserve(live, SOME[0], "dialer").result(60)
    assert isinstance(refused, Reserved)
    assert refused.permit is None
    assert went == [True, True, True]
    rows = live_decisions(store, 0, 100)
    assert [json.loads(one.public)["permit"] for one in rows[-2:]] == [given.permit, None]
    assert rows[-3].seq - rows[-len(answers) - 2].seq == len(answers) - 1
    assert broken(rows, START, 1) is None
    with store.reading() as connection:
        assert list(living.permits(connection, [given.permit])) == [given.permit]
        versions = living.states(connection, ["C1", "C2"])
    memory = live.writer.core.memory
    assert versions["C1"][0] == memory.of("C1").version == before + 2  # both locked it
    assert versions["C2"][0] == memory.of("C2").version


def test_the_short_way_is_left_where_another_process_was(
    live: Live, store: Store, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made.living(store, now) as other:
        for one in (live, other):
            check(one, SOME, "dialer").result(60)
        went = ways(live, monkeypatch)
        mine, theirs = reserve(live, SOME[0], "a").result(60), None
        theirs = reserve(other, SOME[0], "b").result(60)
        assert isinstance(mine, Reserved)
        assert isinstance(theirs, Reserved)
        assert (mine.permit is None, theirs.permit is None) == (False, True)
        taken = reserve(other, SOME[1], "b").result(60)
        assert isinstance(taken, Reserved)
        assert taken.permit is not None
        late = reserve(live, SOME[1], "a").result(60)
        assert isinstance(late, Reserved)
        assert late.permit is None
        post_events(other, [cease(3)], "crm").result(60)
        (found,) = check(live, SOME[2:3], "a").result(60)
        assert isinstance(found, Answer)
        assert not found.permitted
        assert went == [True, False, False]
        again = check(live, SOME, "a").result(60)
        assert len(again) == 4
        assert went[-1]
    rows = live_decisions(store, 0, 100)
    assert broken(rows, START, 1) is None


def test_what_was_reserved_and_given_up_is_reserved_anew(
    live: Live, store: Store, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made.living(store, now) as other:
        for one in (live, other):
            check(one, SOME, "dialer").result(60)
        reserve(other, SOME[1], "b").result(60)
        went = ways(live, monkeypatch)
        let_go = hold(live)
        asked = [reserve(live, one, "a") for one in SOME[:2]]
        let_go()
        given = [one.result(60) for one in asked]
    assert went == [False]  # both together: the second's group has another version
    assert [isinstance(one, Reserved) and one.permit is not None for one in given] == [True, False]


def test_what_was_not_committed_never_was(
    live: Live, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(live, SOME, "dialer").result(60)
    before = live_decisions(store, 0, 100)

    def fail(*_: object) -> None:
        raise RuntimeError("no disk")

    with monkeypatch.context() as broken_off:
        broken_off.setattr(living, "set_head", fail)
        with pytest.raises(RuntimeError):
            reserve(live, SOME[0], "dialer").result(60)
    assert live_decisions(store, 0, 100) == before
    given = reserve(live, SOME[0], "dialer").result(60)
    assert isinstance(given, Reserved)
    assert given.permit is not None
    twice = live.writer.core.short.direct
    assert twice is None  # it went the ordinary way: nothing is known after a failure
    reserve(live, SOME[1], "dialer").result(60)
    reserve(live, SOME[1], "dialer").result(60)
    assert live.writer.core.short.direct is not None


def add(store: Store, number: int) -> None:
    """A decision of that number, in one trip with its commit."""
    direct = Direct(store)
    with direct.transaction():
        assert direct.look(["C1"], [], NOON).head is not None
        with together(direct):
            row = (number, moment(direct, NOON), "x", "{}", "{}", "", "", "")
            living.add_decisions(direct, [row])
            direct.commit()


def test_what_is_sent_with_its_commit_fails_as_a_whole(live: Live, store: Store) -> None:
    check(live, SOME, "dialer").result(60)
    last = live_decisions(store, 0, 100)[-1]
    with pytest.raises(StoreError):
        add(store, last.seq)
    assert live_decisions(store, 0, 100)[-1] == last
    version = live.writer.core.memory.of("C1").version
    with store.reading() as connection:
        assert living.states(connection, ["C1"])["C1"][0] == version


@pytest.mark.parametrize("at", [NOON, NOON + timedelta(hours=11)], ids=["day", "night"])
@pytest.mark.parametrize("brief", [True, False])
def test_many_answers_are_written_as_each_alone(
    live: Live, now: Hands, at: datetime, brief: bool
) -> None:
    now.at = at
    asked = [*SOME, Proposed("A1", "text"), Proposed("nobody", "call"), *SOME]
    for _ in range(2):  # anew, and with what is kept
        found = check_plain(live, asked, "dialer").result(60)
        text, permitted = answers.results(found, brief)
        alone = [
            answers.fault(one) if isinstance(one, Fault) else answers.answer(one.answer(), brief)
            for one in found
        ]
        assert json.loads(text)["results"] == alone
        assert permitted == sum(one["permitted"] for one in alone)
        now.on(seconds=1)


# -- what nobody holds any more


class Ring:
    """Holds itself, so that only a look through everything finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_looked_through_is_set_aside_until_the_night(live: Live, now: Hands) -> None:
    had = gc.get_threshold()
    with seldom():
        check(live, SOME, "dialer").result(60)
        ring = Ring()
        gone = weakref.ref(ring)
        gc.collect()
        assert gc.get_freeze_count() > 0
        del ring
        gc.collect()
        assert gone() is not None
        now.on(days=1)
        check(live, SOME, "dialer").result(60)
        assert gone() is None
        assert gc.get_freeze_count() > 0  # what is left is set aside again
    assert (gc.get_threshold(), gc.get_freeze_count()) == (had, 0)
