"""Segments of the log in the store's catalogue: once each, whatever is killed, and compared."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.live import Live, Proposed, check
from scheduler.live.recording import broken
from scheduler.log import layout, sealing
from scheduler.log.cataloguing import catalogue, compare
from scheduler.log.keys import Keys, make_keys
from scheduler.log.reading import decisions, open_log
from scheduler.log.sealing import CannotSeal
from scheduler.log.sealing_live import seal_live
from scheduler.log.verifying import verify
from scheduler.store.database import Store, open_store
from scheduler.store.living import StoredDecision
from scheduler.store.migrating import migrate
from scheduler.store.segments import segments
from tests.house.tree import ROOT
from tests.scheduler.living import Hands, debtors, living, tell
from tests.scheduler.sealed import place_of, segment

LONG = 60  # seconds that no sealing here takes


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path / "home")


@pytest.fixture
def store(keys: Keys, url: str, now: Hands) -> Iterator[Store]:
    assert keys.home is not None
    made = open_store(url, keys.home)
    migrate(made, keys.home / "backups")
    text = f"store: '{url}'\n"
    (keys.home / "settings.yaml").write_text(text, encoding="utf-8")
    tell(made, debtors(2), now.at)
    yield made
    made.close()


@pytest.fixture
def live(store: Store, now: Hands) -> Iterator[Live]:
    with living(store, now) as made:
        yield made


def ask(live: Live, *accounts: str) -> list[str]:
    asked = [Proposed(one, "call", f"P{one[1:]}") for one in accounts]
    return [one.decision for one in check(live, asked, "dialer-7").result()]


def whole(keys: Keys, store: Store, ids: list[str]) -> None:
    """Every live decision is in the log once, and every segment in the catalogue."""
    assert verify(keys.log, keys.signer.verifier, workers=1).holds
    assert decisions(open_log(keys.log)).collect()["decision_id"].to_list() == ids
    known = segments(store, keys.signer.name)
    places = [place.name for _, place in layout.segment_places(keys.log)]
    assert [one.name for one in known] == places
    found = compare(keys.log, keys.signer.name, store)
    assert (found.segments, found.waiting, found.live, found.wrong) == (len(places), (), 0, ())


def sealing_process(keys: Keys, store: Store, **more: str) -> int:
    """Seal in a process of its own, which may be killed: its exit code."""
    assert keys.home is not None
    url = store.engine.url.render_as_string(hide_password=False)
    told = {"STORE": url, "KILL_BELOW": str(keys.home), **more}
    words = [sys.executable, "-W", "error", "-m", "tests.scheduler.killable", "seal"]
    done = subprocess.run(
        [*words, str(keys.home)],
        cwd=ROOT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=LONG,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def test_killed_at_any_step_sealing_loses_and_doubles_nothing(
    live: Live, store: Store, keys: Keys, tmp_path: Path, full: bool
) -> None:
    ids = ask(live, "A1", "A2")
    seal_live(keys, store, broken)  # keys of consumers and the rulebook are there from here on
    ids += ask(live, "A1")
    told = tmp_path / "events"
    assert sealing_process(keys, store, EVENTS=str(told)) == 0
    whole(keys, store, ids)
    events = told.read_text(encoding="utf-8").splitlines()
    assert any(one.startswith("forbear.commit") for one in events)
    steps = {one: number for number, one in enumerate(events, 1)}  # the last of each kind
    picked = [
        number
        for one, number in steps.items()
        if one.startswith(("os.rename", "forbear.")) or one.endswith("nodes.bin")
    ]
    for number in range(1, len(events) + 1) if full else picked:
        ids += ask(live, "A2", "A1")
        assert sealing_process(keys, store, KILL_AT=str(number)) == -signal.SIGKILL
        ids += ask(live, "A2")
        seal_live(keys, store, broken)
        whole(keys, store, ids)


def test_what_is_asked_while_a_seal_is_at_work_is_left_to_the_next(
    live: Live, store: Store, keys: Keys
) -> None:
    ids = ask(live, "A1", "A2")

    def meanwhile(rows: Sequence[StoredDecision], chain: str, first: int) -> str | None:
        if len(ids) < 5:
            ids.extend(ask(live, "A1"))
        return broken(rows, chain, first)

    assert [(one.first, one.size) for one in seal_live(keys, store, meanwhile)] == [(0, 2)]
    assert [(one.first, one.size) for one in seal_live(keys, store, meanwhile)] == [(2, 3)]
    assert [(one.first, one.size) for one in seal_live(keys, store, broken)] == [(3, 4)]
    assert seal_live(keys, store, broken) == ()
    whole(keys, store, ids)


def test_a_day_and_live_decisions_stand_in_one_catalogue_however_late_it_is_made(
    live: Live, store: Store, keys: Keys, tmp_path: Path
) -> None:
    sealing.seal(keys, segment(tmp_path), workers=1)
    ask(live, "A1")
    found = compare(keys.log, keys.signer.name, store)
    assert (found.segments, found.live, found.wrong) == (0, 1, ())
    assert found.waiting == (place_of(keys.log, 1).name,)
    seal_live(keys, store, broken)
    day, hour = segments(store, keys.signer.name)
    assert (day.number, day.kind, day.first, day.size, day.live_last) == (1, "run", 0, 12, None)
    assert (hour.number, hour.kind, hour.first, hour.size) == (2, "live", 12, 13)
    assert (hour.live_first, hour.live_last) == (1, 1)
    assert hour.digest == sealing.file_digest(place_of(keys.log, 2) / layout.HEAD)
    assert catalogue(keys, store) == 0
    assert compare(keys.log, "forbear-another", store).segments == 0


def verified(keys: Keys) -> tuple[int, dict[str, object], str]:
    done = CliRunner().invoke(
        cli.app, ["log", "verify", "--home", str(keys.home), "--json"], obj=cli.now
    )
    return done.exit_code, json.loads(done.stdout), done.stderr


def test_verify_compares_the_home_s_catalogue_with_its_files(
    live: Live, store: Store, keys: Keys, tmp_path: Path
) -> None:
    for number in range(3):
        ask(live, "A1")
        seal_live(keys, store, broken)
        if number == 1:
            kept = tmp_path / "kept"
            shutil.copytree(keys.log, kept)
    code, said, _ = verified(keys)
    assert (code, said["catalogue"]) == (0, {"segments": 3, "waiting": [], "live": 0})
    gone = place_of(keys.log, 3)
    shutil.rmtree(gone)
    layout.note_path(keys.log, 3).unlink()  # the files alone do not show it
    alone = CliRunner().invoke(cli.app, ["log", "verify", str(keys.log), "--json"], obj=cli.now)
    assert (alone.exit_code, json.loads(alone.stdout)["catalogue"]) == (0, None)
    code, said, _ = verified(keys)
    what = "it is in the store's catalogue, but not in the log"
    assert code == 1
    assert said["wrong"] == [{"segment": gone.name, "row": None, "last": None, "what": what}]
    with pytest.raises(CannotSeal, match="lacks segment 000003-live-000000003"):
        seal_live(keys, store, broken)
    shutil.rmtree(keys.log)
    shutil.copytree(kept, keys.log)
    head = place_of(keys.log, 1) / layout.HEAD
    head.write_bytes(head.read_bytes() + b"\n")
    found = compare(keys.log, keys.signer.name, store)
    assert "segment.json is not the one that the store's catalogue names" in str(found.wrong[0])


def test_a_segment_between_others_that_the_store_does_not_know_is_named(
    live: Live, store: Store, keys: Keys
) -> None:
    ask(live, "A1")
    seal_live(keys, store, broken)
    place = place_of(keys.log, 1)
    shutil.copytree(place, place.with_name("000001-0123456789ab"))
    found = compare(keys.log, keys.signer.name, store)
    assert [str(one) for one in found.wrong] == [
        "segment 000001-0123456789ab: it is in the log, but not in the store's catalogue"
    ]


def test_a_live_log_that_is_another_than_the_one_sealed_is_named(
    live: Live, store: Store, keys: Keys, new_url: Callable[[], str], now: Hands
) -> None:
    ask(live, "A1")
    seal_live(keys, store, broken)
    other = open_store(new_url(), keys.home or Path())
    migrate(other, (keys.home or Path()) / "backups")
    tell(other, debtors(2), now.at)
    with living(other, now) as their:
        ask(their, "A2")
        catalogue(keys, other)
        found = compare(keys.log, keys.signer.name, other)
    other.close()
    assert [one.what for one in found.wrong] == [
        "the store's live decisions are not those it has, up to live-1"
    ]
