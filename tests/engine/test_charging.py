"""Attempts that count for a limit, or start a wait, without being bound by it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.kinds import Body, Limit, Notice, Wait
from engine.rule import Period, Rule, Selector
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import decided, made, part_of
from tests.strategies.portfolios import Portfolio

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
WEEK = Period(7, "day")
CALLS = frozenset({"call"})
PHONE: dict[str, Sequence[Mapping[str, Any]]] = {
    "accounts": [{}],
    "contact_points": [{"point": "T1"}],
    "addresses": [{}],
}


def rule(body: Body, **scope: Any) -> Rule:
    return replace(PLAIN, key="r0", body=body, **scope)


def attempts(portfolio: Portfolio, *rules: Rule) -> dict[str, int]:
    """Attempts of every listed row, by account, point and channel; each row's budgets agree."""
    found, alarms = decided(TwinPanel(book_of([BASE, *rules])), part_of(portfolio))
    assert alarms == []
    rooms: dict[str, set[int]] = {}
    for row in found.candidates.iter_rows(named=True):
        for share in json.loads(row["budgets"]):
            rooms.setdefault(share["id"], set()).add(share["left"])
    assert all(len(left) == 1 for left in rooms.values())
    rows = found.candidates.filter("permitted").iter_rows(named=True)
    return {f"{one['account']} {one['point']} {one['channel']}": one["attempts_left"]
            for one in rows}  # fmt: skip


@pytest.mark.parametrize(("most", "left"), [(1, (1, 0)), (2, (1, 1)), (3, (2, 1)), (4, (3, 1))])
def test_a_text_takes_room_from_the_calls_it_counts_with(most: int, left: tuple[int, int]) -> None:
    both = Limit(most, Selector("attempts"), ("person",), within=WEEK)
    found = attempts(made(**PHONE), rule(both, channels=CALLS))
    assert (found["A1 T1 call"], found["A1 T1 text"]) == left


def test_where_no_row_is_bound_a_text_is_free() -> None:
    both = Limit(1, Selector("attempts"), ("person",), within=WEEK)
    spent = [{"channel": "text", "attributed_to": ["A1"]}]
    found = attempts(made(**PHONE, contacts=spent), rule(both, channels=CALLS))
    assert found == {"A1 T1 text": 1}  # the call is refused, and nothing is left to be shared


def test_what_does_not_count_takes_no_room() -> None:
    calls = Limit(2, Selector("attempts", channels=CALLS), ("person",), within=WEEK)
    found = attempts(made(**PHONE), rule(calls, channels=CALLS))
    assert found == {"A1 T1 call": 2, "A1 T1 text": 1}


def test_a_wait_that_a_text_starts_leaves_one_of_both() -> None:
    texts = Wait(Selector("attempts", channels=frozenset({"text"})), ("person",), Period(2, "day"))
    assert attempts(made(**PHONE), rule(texts, channels=CALLS)) == {
        "A1 T1 call": 1,
        "A1 T1 text": 0,
    }
    letters = replace(texts, after=Selector("attempts", channels=frozenset({"mail"})))
    found = attempts(made(**PHONE), rule(letters, channels=CALLS))
    assert found == {"A1 T1 call": 3, "A1 T1 text": 1}  # no row starts it


def test_a_debt_out_of_the_rules_reach_counts_for_the_household() -> None:
    portfolio = made(
        accounts=[{"type": "medical"}, {"account": "A2", "type": "auto"}],
        contact_points=[{"point": "T1"}],
        addresses=[{}],
    )
    three = Limit(3, Selector("attempts", channels=CALLS), ("household",), within=WEEK)
    found = attempts(portfolio, rule(three, channels=CALLS, debts=frozenset({"medical"})))
    assert found["A1 T1 call"] + found["A2 T1 call"] == 3


@pytest.mark.parametrize(("number", "calls"), [("+16175550100", 3), ("+16175550101", 6)])
def test_a_shared_line_counts_for_who_lives_under_the_law(number: str, calls: int) -> None:
    portfolio = made(
        consumers=[{"consumer": "C1", "person": "H1"}, {"consumer": "C2", "person": "H2"}],
        accounts=[{}, {"account": "A2", "consumer": "C2"}],
        contact_points=[
            {"point": "T1", "number": "+16175550100"},
            {"point": "T2", "consumer": "C2", "owner": "H2", "number": number},
        ],
        addresses=[{}, {"consumer": "C2", "state": "NH", "postal_code": "03301"}],
    )
    three = Limit(3, Selector("attempts", channels=CALLS), ("line",), within=WEEK)
    found = attempts(portfolio, rule(three, channels=CALLS, place="US-MA"))
    assert found["A1 T1 call"] + found["A2 T2 call"] == calls
