"""Live decisions decided again from the log, told in words, and handed over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from scheduler.live import Proposed, Release, check, release, reserve
from scheduler.live.recording import broken
from scheduler.log.keys import make_keys
from scheduler.log.reading import Log, decisions, open_log, situations
from scheduler.log.replaying import law_of, replay
from scheduler.log.sealing_live import seal_live
from scheduler.log.telling import tell
from scheduler.log.telling_text import as_text
from scheduler.manifest import versions
from tests.scheduler.living import DAY, Hands, debtors, living, new_store
from tests.scheduler.living import tell as told


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A log of live decisions: yes, no, a permit, a call that waits for it, and a release."""
    place: Path = tmp_path_factory.mktemp("live")
    store = new_store(place, 1, tmp_path_factory.mktemp("blank"))
    now = Hands()
    told(store, debtors(2, calls=7), now.at)
    told(store, debtors(2, calls=2, first=3), now.at)
    keys = make_keys(place / "home")
    with living(store, now) as live:
        call = Proposed("A1", "call", "P1")
        check(live, [call, Proposed("A3", "call", "P3")], "dialer-7", "A. Person").result()
        rule = "regulation_f/seven-calls-in-seven-days"
        lifted = Release(rule, "A1", "B. Person", "asked_for", "she wrote", now.at + DAY)
        release(live, lifted, "desk").result()
        reserve(live, call, "dialer-7").result()
        reserve(live, Proposed("A3", "call", "P3"), "dialer-7").result()
        reserve(live, Proposed("A3", "call", "P3"), "dialer-7").result()
        now.on(hours=10)  # the evening
        check(live, [Proposed("A4", "call", "P4")], "dialer-7").result()
    seal_live(keys, store, broken)
    store.close()
    return open_log(keys.log)


def test_live_decisions_come_out_the_same(log: Log) -> None:
    rows = decisions(log).collect()
    assert rows["verdict"].to_list().count("refused") >= 2
    assert rows["rules"].list.eval(pl.element().str.starts_with("structural/")).list.any().any()
    for segment in log.segments:
        found = replay(segment, versions())
        assert "\n".join(map(str, found.differences)) == ""
        assert (found.decisions, found.different) == (segment.rows, 0)


def test_a_live_decision_says_what_was_found(log: Log) -> None:
    (segment,) = log.segments
    said = []
    for row in decisions(segment).collect().to_dicts():
        met = situations(segment, row["situations"]).to_dicts()
        said.append(" ".join(as_text(tell(row, met, law_of(segment), segment.head)).split()))
    refused = next(one for one in said if "seven-calls-in-seven-days" in one and "REFUSED" in one)
    assert "8 with this one; allowed: at most 7" in refused
    assert "a question whether the contact may be made" in said[0]
    assert "for A. Person" in said[0]
    assert any("a permit to place the contact now" in one for one in said)
    assert any("inconvenient-hours-calls" in one and "REFUSED" in one for one in said)
