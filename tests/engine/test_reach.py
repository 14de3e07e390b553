"""Rules of a place that apply where the collector is, wherever the consumer lives (`reach`)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, note

from engine import Address, Ask, Collector, Rulebook, decide
from engine.kinds import Limit, Notice
from engine.rule import Period, Selector
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.comparing import differences as of_model
from tests.engine.test_deciding import HOURS, PLACES, TODAY, Twin, names
from tests.making import rule
from tests.model import judge
from tests.parting import decided, differences, part_of
from tests.strategies.portfolios import Portfolio, portfolios
from tests.telling import P1, file, past, proposed

FOLLOWS = rule("follows", act="US-MA", place="US-MA", reach="collector_place")
STAYS = rule("stays", act="US-MA", place="US-MA")
BOOK = Rulebook("sha256:made", (HOURS, FOLLOWS, STAYS), PLACES, {})
ALBANY = file(consumers=(replace(P1, addresses=(Address(state="NY", postal_code="12207"),)),))


def refusing(located: str | None, *, at_home: bool) -> list[str]:
    group = file() if at_home else ALBANY
    agency = Collector(located_in=located)
    group = replace(group, collectors={agency.id: agency})
    decision = decide(Twin(BOOK), group, proposed())
    asked = judge(BOOK.rules, group, proposed())
    assert {one.rule for one in decision.findings} == {rule for rule, _ in asked.findings}
    return names(decision)


def test_each_rule_by_its_own_place() -> None:
    assert refusing("US-MA", at_home=True) == ["US-MA/follows", "US-MA/stays"]
    assert refusing("US-MA", at_home=False) == ["US-MA/follows"]
    assert refusing("US-NY", at_home=True) == ["US-MA/stays"]
    assert refusing(None, at_home=True) == ["US-MA/stays"]
    assert refusing(None, at_home=False) == []


def test_they_are_a_set_of_their_own() -> None:
    assert BOOK.sets == ("federal", "US-MA", "US-NY", "US-MA:collectors")
    assert BOOK.reaching == ("US-MA",)
    assert [one.key for one in BOOK.rule_set("US-MA", TODAY).rules] == ["stays"]
    assert [one.key for one in BOOK.rule_set("US-MA:collectors", TODAY).rules] == ["follows"]
    assert replace(BOOK, rules=(HOURS, STAYS), _reaching=[]).reaching == ()


def test_they_are_asked_for_by_their_place() -> None:
    agency = Collector(located_in="US-MA")
    group = replace(ALBANY, collectors={agency.id: agency})
    panel = Twin(BOOK)
    assert not decide(panel, group, proposed(), ask=Ask(acts=frozenset({"US-MA"}))).permitted
    assert decide(panel, group, proposed(), ask=Ask(acts=frozenset({"US-NY"}))).permitted


WEEKLY = Limit(1, Selector("attempts"), ("line",), within=Period(7, "day"))
BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
DRAWN = [
    replace(PLAIN, key="follows", place="US-MA", act="US-MA", reach="collector_place", body=WEEKLY),
    replace(PLAIN, key="stays", place="US-MA", act="US-MA", body=WEEKLY),
]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_counted_alike(count: int) -> None:
    calls = [past(f"09-17T1{hour}:00") for hour in range(count)]
    agency = Collector(located_in="US-MA")
    group = replace(file(*calls), collectors={agency.id: agency})
    book = Rulebook("sha256:made", tuple(DRAWN), PLACES, {})
    decision = decide(Twin(book), group, proposed(), ask=Ask(whole=False))
    assert of_model(decision, judge(book.rules, group, proposed())) == []
    assert len(decision.findings) == (2 if count else 0)


@given(portfolios(contacts=6, said=2))
def test_columns_and_plain_functions_alike(portfolio: Portfolio) -> None:
    note(repr(portfolio))
    panel, part = TwinPanel(book_of([BASE, *DRAWN])), part_of(portfolio)
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []
