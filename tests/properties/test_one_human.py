"""Person ids that may be one human's: asked both ways, in columns as plainly; it only tightens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine import Ask
from engine.columns.combos import plain_contact
from engine.facts.view import Moment
from engine.kinds import Notice
from engine.panel import Panel
from engine.part import PartInput, decide_part
from engine.rule import Rule
from engine.rulebook import law_directory, load
from scheduler.bothways import decide_both
from scheduler.doubtful import decide_part_both
from scheduler.grouped import GroupsOf
from scheduler.humans import PERSONS, SURE, Humans, as_one, group_as_one, humans
from scheduler.store.schema import OPTIONAL, SURENESS
from tests import parting
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.strategies import rule_lists
from tests.strategies.portfolios import CROWDED, Portfolio, portfolios

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
MANY = settings.default.max_examples if settings.default else 60


def people(portfolio: Portfolio) -> list[str]:
    """Every person id, but for those that are the id of a file: a pair may not name such."""
    found = {
        one
        for table, columns in PERSONS.items()
        for column in columns
        for one in portfolio.frames[table][column].drop_nulls()
    }
    return sorted(found - set(portfolio.frames["consumers"]["consumer"]))


@st.composite
def paired(draw: st.DrawFn, **more: Any) -> tuple[Portfolio, pl.DataFrame]:
    """A portfolio, and pairs of its person ids."""
    portfolio = draw(portfolios(**more))
    one = st.sampled_from(people(portfolio))
    rows = draw(
        st.lists(
            st.tuples(one, one, st.just("bureau"), st.sampled_from(SURENESS)),
            min_size=1, max_size=3, unique_by=lambda row: row[:2],
        )
    )  # fmt: skip
    frame = pl.DataFrame(rows, schema=OPTIONAL["same_persons"].schema, orient="row")
    return portfolio, frame


def agree(panel: Panel, portfolio: Portfolio, pairs: pl.DataFrame) -> None:
    note(f"{portfolio}\n{pairs}")
    part, known = parting.part_with(portfolio, pairs)
    alarms: list[str] = []
    result = decide_part_both(decide_part, panel, part, known.maybe, alarms.append)
    assert alarms == []
    groups = parting.groups_in(part)
    when = Moment(part.now, day=part.day)
    found = []
    for row in result.candidates.iter_rows(named=True):
        contact = plain_contact(row["channel"], row["point"], row["account"], part.now)
        decision = decide_both(
            panel, groups[row["consumer"]], known.maybe, contact, when, Ask(refuse_unencoded=False)
        )
        told, plain = parting._row(row), parting._decision(panel, decision)
        found += [
            f"{row['account']} {row['point']} {row['channel']}: {name} {told[name]} in columns, "
            f"{value} plainly"
            for name, value in plain.items()
            if told[name] != value
        ]
    assert found == []
    tighter(panel, part, known, result.candidates)


def tighter(panel: Panel, part: PartInput, known: Humans, both: pl.DataFrame) -> None:
    """No candidate is freer than it is either way."""
    same = {
        name: as_one(one.lazy(), name, known.maybe).collect() for name, one in part.frames.items()
    }
    assert isinstance(part.groups_of, GroupsOf)
    one_human = replace(part, frames=same, groups_of=GroupsOf(same, part.groups_of.home))
    key = ["account", "point", "channel"]
    for way in (part, one_human):
        plain = decide_part(panel, way, lambda text: None).candidates
        met = both.join(plain, on=key, suffix="_way")
        assert met.height == both.height == plain.height
        freer = met.filter(
            (pl.col("permitted") & ~pl.col("permitted_way"))
            | (pl.col("attempts_left") > pl.col("attempts_left_way"))
            | (pl.col("open_utc") < pl.col("open_utc_way"))
            | (pl.col("close_utc") > pl.col("close_utc_way"))
            | (pl.col("next_permitted_utc") < pl.col("next_permitted_utc_way"))
        )
        assert freer.is_empty()
        lost = met.filter(pl.col("rules_way").list.set_difference("rules").list.len() > 0)
        assert lost.is_empty()


@settings(max_examples=max(MANY // 3, 10))
@given(paired(consumers=3, contacts=14, said=8), rule_lists(most=3))
def test_any_rules(drawn: tuple[Portfolio, pl.DataFrame], rules: Sequence[Rule]) -> None:
    agree(TwinPanel(book_of((BASE, *rules))), *drawn)


LAW = TwinPanel(load([law_directory()]))


@settings(max_examples=max(MANY // 6, 8))
@given(paired(consumers=3, contacts=16, said=10, pools=CROWDED))
def test_the_law_as_it_stands(drawn: tuple[Portfolio, pl.DataFrame]) -> None:
    agree(LAW, *drawn)


@settings(max_examples=max(MANY // 3, 10))
@given(paired(consumers=3, contacts=8, said=6))
def test_records_and_columns_name_people_alike(drawn: tuple[Portfolio, pl.DataFrame]) -> None:
    portfolio, pairs = drawn
    part, known = parting.part_with(portfolio, pairs)
    assert isinstance(part.groups_of, GroupsOf)
    same = {
        name: as_one(one.lazy(), name, known.maybe).collect() for name, one in part.frames.items()
    }
    again = GroupsOf(same, part.groups_of.home)
    names = part.frames["consumers"]["consumer"].to_list()
    for name, group in again(names).items():
        assert group_as_one(part.groups_of(names)[name], known.maybe) == group


@given(st.lists(st.tuples(st.sampled_from("ABCDEF"), st.sampled_from("ABCDEF"),
                          st.sampled_from(SURENESS)), max_size=6))  # fmt: skip
def test_pairs_join_whatever_their_order(pairs: list[tuple[str, str, str]]) -> None:
    found = humans(pairs)
    assert found == humans(pairs[::-1]) == humans([(b, a, c) for a, b, c in pairs])
    for a, b, confidence in pairs:
        one, other = found.surely.get(a, a), found.surely.get(b, b)
        assert (one == other) or confidence != SURE
        assert found.maybe.get(one, one) == found.maybe.get(other, other)
    assert not set(found.surely) & set(found.surely.values())
    assert not set(found.maybe) & set(found.maybe.values())
