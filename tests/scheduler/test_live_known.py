"""What the live core knows and remembers is what the plain path finds in the whole store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import words
from engine.deciding import decide
from engine.facts.view import Moment
from engine.question import Ask
from scheduler.explaining import group_of, plain_contact
from scheduler.linked import SWITCHBOARD, contact_groups
from scheduler.live import Answer, Proposed, check
from scheduler.portfolio import group_rows
from scheduler.records import table_of
from scheduler.store import linking
from scheduler.store.snapshot import snapshot
from tests.scheduler import living as made
from tests.scheduler.living import Hands, living, new_store, tell
from tests.strategies.portfolios import CROWDED, WIDE, Portfolio, portfolios

SCRATCH = Path(tempfile.mkdtemp(prefix="forbear-known-"))
NUMBERS = iter(range(1_000_000))
POOLS = st.sampled_from((WIDE, CROWDED)).flatmap(
    lambda pools: portfolios(consumers=4, contacts=8, said=5, pools=pools)
)
STEPS = st.lists(
    st.sampled_from((0, 1, 7, 59, 60, 600, 900, 3_600, 20_000, 86_400)), min_size=1, max_size=4
)


@settings(max_examples=40)
@given(portfolio=POOLS, cuts=st.lists(st.integers(0, 40), min_size=1, max_size=3))
def test_groups_grow_with_the_rows_to_what_all_rows_say(
    portfolio: Portfolio, cuts: list[int]
) -> None:
    """However rows come in, the groups are those of all of them together, none of them parted."""
    store = new_store(SCRATCH, next(NUMBERS), SCRATCH)
    whole = new_store(SCRATCH, next(NUMBERS), SCRATCH)
    frames = portfolio.frames
    places = [0, *sorted(cuts), 1_000]
    for first, last in pairwise(places):
        tell(store, {n: f.slice(first, last - first) for n, f in frames.items()}, portfolio.now)
        with store.writing() as connection:
            linking.catch_up(connection)
    tell(whole, frames, portfolio.now)
    names = frames["consumers"]["consumer"].to_list()
    many_rows = (patch.object(linking, "FEW", 0), patch.object(linking, "CHUNK", 3))
    with whole.writing() as connection, many_rows[0], many_rows[1]:
        assert linking.catch_up(connection).epoch == 1
        found = linking.groups_of(connection, names)
        many = linking.members_of(connection, set(found.values()))
    with store.writing() as connection:
        assert linking.groups_of(connection, names) == found
    assert sorted(one for all_of in many.values() for one in all_of) == sorted(names)
    apart = dict(contact_groups(frames).groups.iter_rows())
    for one in names:
        assert {found[other] for other in names if apart[other] == apart[one]} == {found[one]}
    for opened in (store, whole):
        opened.close()


@settings(max_examples=25)
@given(portfolio=POOLS, steps=STEPS)
def test_an_answer_from_memory_is_the_plain_one(portfolio: Portfolio, steps: list[int]) -> None:
    """At every instant: asked of groups and answers remembered, and of all rows anew."""
    store = new_store(SCRATCH, next(NUMBERS), SCRATCH)
    tell(store, portfolio.frames, portfolio.now)
    rows = snapshot(store)
    now = Hands(portfolio.now)
    kinds = dict(rows["contact_points"].select("point", "kind").iter_rows())
    asked = [
        Proposed(account, channel, point)
        for account, consumer in rows["accounts"].select("account", "consumer").iter_rows()
        for point, whose in rows["contact_points"].select("point", "consumer").iter_rows()
        if whose == consumer
        for channel in words.CHANNELS_OF_KIND[kinds[point]][:2]
    ][:8]
    with living(store, now) as live:
        for step in (0, *steps, 3):
            now.on(seconds=step)
            for one, found in zip(asked, check(live, asked, "x").result(60), strict=True):
                assert isinstance(found, Answer), found
                _same(rows, one, found, now.at)
    store.close()


def _same(rows: dict[str, pl.DataFrame], one: Proposed, found: Answer, at: datetime) -> None:
    known = {name: _known(frame, at) for name, frame in rows.items()}
    group = group_rows(known, sorted(rows["consumers"]["consumer"]), {})
    debt, point = group.accounts[one.account], group.points[one.point or ""]
    contact = plain_contact(debt, point, one.channel, at)
    said = decide(
        made.desk().panel, group, contact, Moment(at, at), Ask(search=not found.permitted)
    )
    assert found.verdict == said.verdict
    assert found.findings == said.findings
    assert found.duties == said.duties
    assert found.attempts_left == said.attempts_left
    assert found.zones == said.zones
    assert found.places == said.places
    if not found.permitted:
        assert found.next_permitted == said.next_permitted


def _known(frame: pl.DataFrame, at: datetime) -> pl.DataFrame:
    for name in ("received_at", "recorded_at"):
        if name in frame.columns:
            frame = frame.filter(pl.col(name) <= at)
    return frame


def test_the_group_of_a_crowd_is_whole(tmp_path: Path) -> None:
    """Who shares a switchboard is counted and locked together, however many they are."""
    count = SWITCHBOARD + 5
    frames = dict(made.debtors(count, calls=0))
    frames["contact_points"] = frames["contact_points"].with_columns(number=pl.lit("+13125550000"))
    store = new_store(tmp_path, 1, SCRATCH)
    tell(store, frames, made.NOON - timedelta(days=1))
    now = Hands()
    with living(store, now) as live:
        (found,) = check(live, [Proposed("A7", "call")], "x").result(60)
        assert isinstance(found, Answer)
        known = live.writer.core.memory.of("C7")
        assert len(known.members) == count
        plain = group_of(_Frames(snapshot(store)), "A7", {})
        assert set(plain.accounts) == set(known.facts.accounts)
        assert replace(known.facts, collectors={}) == replace(plain, collectors={})
    store.close()


class _Frames:
    def __init__(self, frames: dict[str, pl.DataFrame]) -> None:
        self.frames = frames

    def scan(self, table: str) -> pl.LazyFrame:
        return table_of(self.frames, table)
