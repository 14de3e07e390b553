"""Live decisions from the store into the log: all of them, once, as they were answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from scheduler.live import Live, Proposed, check, reserve
from scheduler.live.recording import broken
from scheduler.log import layout, sealing
from scheduler.log.keys import Keys, make_keys
from scheduler.log.proving import check_proof, locate, prover
from scheduler.log.reading import decisions, open_log, rulebook, situations
from scheduler.log.sealing import CannotSeal
from scheduler.log.sealing_live import seal_live
from scheduler.log.verifying import verify
from scheduler.store.database import Store
from tests.scheduler.living import Hands, debtors, law, living, new_store, tell
from tests.scheduler.sealed import segment


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, now: Hands) -> Iterator[Store]:
    made = new_store(tmp_path, 1, tmp_path_factory.mktemp("blank"))
    tell(made, debtors(2), now.at)
    yield made
    made.close()


@pytest.fixture
def live(store: Store, now: Hands) -> Iterator[Live]:
    with living(store, now) as made:
        yield made


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path / "home")


def ask(live: Live, *accounts: str) -> list[str]:
    asked = [Proposed(one, "call", f"P{one[1:]}") for one in accounts]
    return [one.decision for one in check(live, asked, "dialer-7").result()]


def holds(keys: Keys) -> bool:
    return verify(keys.log, keys.signer.verifier, workers=1).holds


def test_every_live_decision_is_sealed_once_as_it_was_answered(
    live: Live, store: Store, keys: Keys, now: Hands
) -> None:
    ids = ask(live, "A1", "A2")
    given = reserve(live, Proposed("A1", "call", "P1"), "dialer-7").result()
    (done,) = seal_live(keys, store, broken)
    assert (done.name, done.first, done.size) == ("000001-live-000000001", 0, 3)
    assert seal_live(keys, store, broken) == ()
    now.on(minutes=70)
    ids += ask(live, "A2")
    (more,) = seal_live(keys, store, broken)
    assert (more.name, more.first, more.size) == ("000002-live-000000004", 3, 4)
    assert holds(keys)
    log = open_log(keys.log)
    rows = decisions(log).collect()
    assert rows["decision_id"].to_list() == [f"live-{number}" for number in (1, 2, 3, 4)]
    assert {*ids, given.answer.decision} == set(rows["decision_id"])
    assert rows["asked"].to_list() == ["check", "check", "permit", "check"]
    assert rows["permit"].drop_nulls().to_list() == [given.permit]
    assert rows["asked_by"].unique().to_list() == ["dialer-7"]
    assert rows["decided_at"][3] == now.at
    (first, second) = log.segments
    assert {first.kind, second.kind} == {"live"}
    assert first.rulebook == law().rulebook.digest
    assert dict(rulebook(first)) == dict(law().files)
    named = set(decisions(first).collect()["situations"].explode())
    assert named == set(situations(first)["situation"])


def test_live_decisions_stand_among_runs_and_are_proved_like_theirs(
    live: Live, store: Store, keys: Keys, tmp_path: Path
) -> None:
    sealing.seal(keys, segment(tmp_path), workers=1)
    (asked,) = ask(live, "A1")
    seal_live(keys, store, broken)
    sealing.seal(keys, segment(tmp_path, "later"), workers=1)
    one = prover(keys.log, keys.signer.verifier)
    found, row = locate(one.log, asked)
    assert (found.number, row) == (2, 1)
    said = check_proof(one.inclusion(found, row), keys.signer.verifier)
    assert said.startswith(f"decision {asked} (")
    assert "is number 13 of the 25 in the log" in said


def test_a_live_log_that_was_changed_is_not_sealed(live: Live, store: Store, keys: Keys) -> None:
    ask(live, "A1")
    with pytest.raises(CannotSeal, match="do not hold: live-1 was changed"):
        seal_live(keys, store, lambda rows, chain, first: broken(rows, "f" * 64, first))
    assert not layout.segment_places(keys.log)


def test_killed_between_segment_and_note_nothing_is_lost_or_doubled(
    live: Live, store: Store, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def dying(*_: object) -> str:
        raise Killed

    ask(live, "A1")
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_sign", dying)
        with pytest.raises(Killed):
            seal_live(keys, store, broken)
    ask(live, "A2")
    (done,) = seal_live(keys, store, broken)
    assert done.first == 1
    assert holds(keys)
    rows = decisions(open_log(keys.log)).select(pl.col("decision_id")).collect()
    assert rows["decision_id"].to_list() == ["live-1", "live-2"]
