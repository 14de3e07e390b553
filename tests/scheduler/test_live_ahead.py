"""What is decided before anybody asks, and what is asked again when the rules change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from engine.rulebook import law_directory
from scheduler.law import load_law
from scheduler.live import (
    Answer,
    Live,
    Proposed,
    changes_after,
    check,
    foresee,
    refresh,
    renew,
    writer,
)
from scheduler.live.core import Core
from scheduler.live.withdrawing import Listed
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, Shown, debtors, tell

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


def hold(live: Live) -> Callable[[], None]:
    """Keep the writer at work until what this gives is called."""
    begun, held = Event(), Event()

    def wait(_: Core) -> None:
        begun.set()
        held.wait(60)

    live.writer.hand_in(wait)
    assert begun.wait(60)
    return held.set


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
