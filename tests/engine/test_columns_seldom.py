"""What columns meet seldom: broken engines, full ledgers, odd ids, nothing to decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from engine import part as parts
from engine.columns import allocating, check, ledger
from engine.columns.prepare import Prepared
from engine.columns.where import Where
from engine.compiled import compile_rules
from engine.kinds import Limit, Notice, Wait, Window
from engine.panel import Panel
from engine.part import PartInput
from engine.rete import EngineFailure
from engine.rule import Ask, Period, Rule, Selector
from engine.situation import Answer, RuleSet, Situation, name_of
from tests.comparing import PLAIN, TwinPanel, book_of, rule_asking
from tests.parting import NOW, decided, differences, made, part_of

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
TWO_A_WEEK = replace(
    PLAIN, key="two", body=Limit(2, Selector("attempts"), ("person",), Period(7, "day"))
)


class Other:
    """A second engine that is wrong or fails, about one rule set."""

    def __init__(self, rules: RuleSet, fails: bool) -> None:
        self.rules, self.fails = rules, fails

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        if self.fails:
            return [EngineFailure("it stood still")] * len(situations)
        first = compile_rules(self.rules).decide_many(situations)
        return [replace(one, refusing=(*one.refusing, "an_act/two")) for one in first]

    def close(self) -> None:
        """Nothing runs."""


class Broken(Panel):
    """A panel with such a second engine."""

    fails = False

    def _second(self, rules: RuleSet) -> Other:
        return Other(rules, self.fails)


@pytest.mark.parametrize(("fails", "word"), [(False, "engines_disagree"), (True, "engine_failed")])
def test_columns_refuse_what_the_second_engine_does_not_confirm(fails: bool, word: str) -> None:
    panel = Broken(book_of((BASE, TWO_A_WEEK)))
    panel.fails = fails
    for _ in range(2):  # a failed engine is asked again
        found, _ = decided(panel, part_of(made()))
        assert not found.candidates["permitted"].any()
        assert all(f"structural/{word}" in rules for rules in found.candidates["rules"])
        assert found.candidates["next_permitted_utc"].null_count() == found.candidates.height


def test_a_full_ledger_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST", 0)
    panel = TwinPanel(book_of((BASE, TWO_A_WEEK)))
    first, _ = decided(panel, part_of(made()))
    second, _ = decided(panel, part_of(made()))
    assert first.candidates.equals(second.candidates)


def test_situations_are_handed_over_once_where_only_fresh_ones_are_wanted() -> None:
    panel = TwinPanel(book_of((BASE, TWO_A_WEEK)))
    first, _ = decided(panel, part_of(made(), fresh_only=True))
    again, _ = decided(panel, part_of(made(), fresh_only=True))
    whole, _ = decided(panel, part_of(made()))
    assert first.situations.equals(whole.situations)
    assert (again.situations.is_empty(), first.situations.is_empty()) == (True, False)


def test_a_situation_is_written_as_it_was_named() -> None:
    odd = replace(TWO_A_WEEK, key="100%s", when=(Ask("ceased"),))
    found, _ = decided(TwinPanel(book_of((BASE, TWO_A_WEEK, odd))), part_of(made()))
    for row in found.situations.iter_rows(named=True):
        facts = json.loads(row["facts"])
        assert list(facts) == sorted(facts)
        assert row["situation"] == name_of(row["rule_set"], list(facts), facts)


def test_what_met_rules_is_forgotten_when_it_is_much() -> None:
    panel = TwinPanel(book_of((BASE, TWO_A_WEEK)), keep=0)
    part = part_of(made(contacts=[{"contact": "K1"}]))
    found, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, found.candidates)) == []


def test_no_row_is_checked_where_none_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "chosen", lambda *_: pl.Series([], dtype=pl.UInt32()))
    found, alarms = decided(TwinPanel(book_of((BASE,))), part_of(made()))
    assert (found.stats["sampled"], alarms) == (0, [])


def test_a_portfolio_that_can_be_contacted_nowhere() -> None:
    part = part_of(made(contact_points=[]))
    found, alarms = decided(TwinPanel(book_of((BASE,))), part)
    assert (found.candidates.height, alarms) == (0, [])


def test_ids_of_any_letters_stand_in_budgets() -> None:
    odd = 'A"1\\\n\x07é'
    part = part_of(made(accounts=[{"account": odd}]))
    found, _ = decided(TwinPanel(book_of((BASE, TWO_A_WEEK))), part)
    for row in found.candidates.iter_rows(named=True):
        (one, *_) = json.loads(row["budgets"])
        assert one["id"].startswith(f"an_act/two|{odd}|T1")


def test_no_row_is_given_more_than_it_may_be_in_a_day() -> None:
    """More attempts asked for than rounds are gone through: fewer are given, never more."""
    many = replace(TWO_A_WEEK, body=Limit(50, Selector("attempts"), ("person",), Period(7, "day")))
    part = part_of(made(), row_caps={"call": allocating.ROUNDS + 8})
    found, _ = decided(TwinPanel(book_of((BASE, many))), part)
    calls = found.candidates.filter(pl.col("channel") == "call")
    assert calls["attempts_left"].to_list() == [allocating.ROUNDS]


def test_a_known_address_that_is_not_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    located = parts._where

    def nowhere(part: PartInput, prepared: Prepared) -> Where:
        found = located(part, prepared)
        return replace(found, consumers=found.consumers.with_columns(known=pl.lit(value=False)))

    monkeypatch.setattr(parts, "_where", nowhere)
    _, alarms = decided(TwinPanel(book_of((BASE,))), part_of(made()))
    assert any("address known True plainly" in one for one in alarms)


def test_a_time_of_this_call_alone_is_soon_forgotten() -> None:
    hours = replace(PLAIN, body=Window(from_=None, to=None, closed_by="consumer_hours"))
    for days in (0, 5):
        said = {"kind": "this_time_is_inconvenient", "by": "H1", "value": "true",
                "received_at": NOW - timedelta(days=days)}  # fmt: skip
        part = part_of(made(statements=[said]))
        panel = TwinPanel(book_of((BASE, hours)))
        found, alarms = decided(panel, part)
        assert alarms == []
        assert list(differences(panel, part, found.candidates)) == []


def refusing(rule: Rule, **tables: Any) -> None:
    panel = TwinPanel(book_of((BASE, rule)))
    part = part_of(made(**tables))
    found, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, found.candidates)) == []


def test_a_wait_so_long_that_no_opening_is_looked_for() -> None:
    never = replace(
        PLAIN,
        key="never",
        body=Window(from_=None, to=None, closed=("FREQ=DAILY",)),
        when=(Ask("judgment_entered"),),
    )
    three = Wait(Selector("attempts"), ("person",), Period(3, "day"))
    long = replace(PLAIN, key="long", body=three)
    panel = TwinPanel(book_of((BASE, long, never)))
    part = part_of(made(contacts=[{"contact": "K1"}],
                        accounts=[{"account": "A1", "judgment": date(2026, 1, 1)}]))  # fmt: skip
    found, alarms = decided(panel, part)
    assert alarms == []
    assert found.candidates["next_permitted_utc"].null_count() == found.candidates.height
    assert list(differences(panel, part, found.candidates)) == []


def test_one_hold_ends_within_the_day_and_another_days_later() -> None:
    hours = Wait(Selector("attempts"), ("person",), Period(24, "hour"))
    days = Wait(Selector("attempts"), ("person",), Period(7, "day"))
    rules = [replace(PLAIN, key=f"hold-{n}", body=body) for n, body in enumerate((hours, days))]
    panel = TwinPanel(book_of((BASE, *rules)))
    part = part_of(made(contacts=[{"contact": "K1", "at": NOW - timedelta(hours=20)}]))
    found, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, found.candidates)) == []


def test_an_email_route_that_opens_later() -> None:
    for name in ("email_route_consumer", "email_route_creditor", "email_route_chain"):
        points = [{"point": "E1", "kind": "email_personal", "number": "a@example.org"}]
        refusing(rule_asking(Ask(name)), contact_points=points)
