"""The run's own check: a column that errs is caught, and its whole part refused."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from engine.columns import check, counted, facts, table
from engine.columns.counted import By, Counting
from engine.columns.prepare import Prepared
from engine.columns.units import Units
from engine.kinds import Limit, Notice
from engine.rule import Ask, Period, Rule, Selector
from tests.comparing import PLAIN, TwinPanel, book_of, rule_asking
from tests.parting import decided, made, part_of

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
CEASED = {"kind": "cease", "by": "H1", "accounts": ["A1"]}
ONE_A_WEEK = replace(
    PLAIN,
    key="one-a-week",
    body=Limit(1, Selector("attempts"), ("person", "particular_debt"), Period(7, "day")),
)


def part_with(rule: Rule) -> tuple[pl.DataFrame, list[str]]:
    portfolio = made(statements=[CEASED], contacts=[{"contact": "K1"}])
    found, alarms = decided(TwinPanel(book_of((BASE, rule))), part_of(portfolio))
    return found.candidates, alarms


def refused_whole(candidates: pl.DataFrame, alarms: list[str], word: str) -> None:
    assert len(candidates) > 0
    assert not candidates["permitted"].any()
    assert all("structural/facts_disagree" in rules for rules in candidates["rules"])
    assert candidates["next_permitted_utc"].null_count() == len(candidates)
    assert alarms
    assert all(one.startswith("facts_disagree: A1 T1") for one in alarms)
    assert any(word in one for one in alarms)


def test_sound_columns_raise_no_alarm() -> None:
    candidates, alarms = part_with(rule_asking(Ask("ceased")))
    assert alarms == []
    assert candidates["permitted"].to_list() == [True] * len(candidates)


def test_a_broken_fact_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
        return pl.zeros(len(cand), dtype=pl.UInt8, eager=True)

    monkeypatch.setitem(facts.ALL_COLUMNS, "ceased", broken)
    candidates, alarms = part_with(rule_asking(Ask("ceased")))
    refused_whole(candidates, alarms, "ceased is yes plainly, no in columns")


def test_a_broken_count_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = counted.counted

    def broken(prepared: Prepared, how: By, counting: Counting, units: Units) -> pl.DataFrame:
        return whole(prepared, how, counting, units).head(0)

    monkeypatch.setattr(table, "counted", broken)
    candidates, alarms = part_with(ONE_A_WEEK)
    refused_whole(candidates, alarms, "used 1 plainly, 0 in columns")


def test_a_broken_place_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.columns import where

    monkeypatch.setattr(where, "code_masks", lambda *_: (1, 1))
    candidates, alarms = part_with(rule_asking(Ask("ceased")))
    refused_whole(candidates, alarms, "plainly")


def test_some_of_every_part_are_checked() -> None:
    """At least one in a thousand, at least so many as asked, and at each limit."""
    portfolio = made(contacts=[{"contact": "K1"}])
    part = part_of(portfolio, sample_least=0)
    found, alarms = decided(TwinPanel(book_of((BASE, ONE_A_WEEK))), part)
    assert alarms == []
    assert found.stats["sampled"] >= 1
    assert check.STEP == 1000
