"""Counts that rest on what somebody said: evidence names the statement, attempts follow it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.kinds import Agreed, Body, Limit, Notice, Wait
from engine.rule import Exclusion, Period, Selector
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import NOW, decided, differences, made, part_of
from tests.strategies.portfolios import Portfolio

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
WEEK = Period(7, "day")
CALLS = frozenset({"call"})
CONSENT = (Exclusion(("in_call_consent",)),)
THREE = Limit(3, Selector("attempts", channels=CALLS, not_=CONSENT), ("person",), within=WEEK)
SPACING = Wait(Selector("attempts", channels=CALLS), ("person",), Period(2, "day"), exempt=CONSENT)
MESSAGES = Limit(
    Agreed(5, "messages_max"),  # type: ignore[arg-type]
    Selector("attempts", channels=frozenset({"text"})),
    ("consumer",),
    within=WEEK,
    agreed_within="messages_within",
)
Rows = Sequence[Mapping[str, Any]]


def said(kind: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """Something the consumer said three hours ago."""
    told = None if value is None else json.dumps(value)
    given = {"kind": kind, "by": "H1", "value": told, "received_at": NOW - timedelta(hours=3)}
    return given | more


def calls(number: int) -> Rows:
    return [{"at": NOW - timedelta(days=1, hours=n)} for n in range(number)]


def texts(number: int, days: int = 1) -> Rows:
    return [
        {"at": NOW - timedelta(days=days, hours=n), "channel": "text", "result": "sent"}
        for n in range(number)
    ]


def row(portfolio: Portfolio, body: Body, channel: str, **scope: Any) -> dict[str, Any]:
    """The first candidate of a channel; columns and plain functions agree about all of them."""
    rule = replace(PLAIN, key="r0", body=body, channels=frozenset({channel}), **scope)
    panel = TwinPanel(book_of([BASE, rule]))
    part = part_of(portfolio)
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []
    one: dict[str, Any] = result.candidates.filter(channel=channel).row(0, named=True)
    return one | {"told": json.loads(one["evidence"]).get(f"{PLAIN.act}/r0")}


@pytest.mark.parametrize(
    ("spent", "listed", "told"),
    [
        (0, 3, {"used": 0, "max": 3}),  # nothing to be excused from
        (2, 3, {"used": 2, "max": 3, "excused": ["S1"]}),
        (3, 3, {"used": 3, "max": 3, "excused": ["S1"]}),
        (9, 3, {"used": 9, "max": 3, "excused": ["S1"]}),
    ],
)
def test_a_consented_call_is_listed_however_much_is_used(
    spent: int, listed: int, told: dict[str, Any]
) -> None:
    portfolio = made(contacts=calls(spent), statements=[said("consents_to_call")])
    found = row(portfolio, THREE, "call")
    assert (found["permitted"], found["attempts_left"], found["told"]) == (True, listed, told)


@pytest.mark.parametrize(("spent", "permitted", "left"), [(2, True, 1), (3, False, 0)])
def test_without_consent_the_count_holds(spent: int, permitted: bool, left: int) -> None:
    over = said("consents_to_call", received_at=NOW - timedelta(days=8))
    found = row(made(contacts=calls(spent), statements=[over]), THREE, "call")
    assert (found["permitted"], found["attempts_left"]) == (permitted, left)
    assert "excused" not in found["told"]


def test_what_leaves_others_out_for_other_reasons_names_no_statement() -> None:
    entries = (*CONSENT, Exclusion(("to_professional",)))
    body = replace(THREE, counting=replace(THREE.counting, not_=entries))
    points = [{"point": "T1", "owner": "L1", "whom": "attorney"}]
    portfolio = made(
        contact_points=points, contacts=calls(4), statements=[said("consents_to_call")]
    )
    assert row(portfolio, body, "call")["told"] == {"used": 0, "max": 3}


def test_a_wait_that_a_consent_lifts_has_no_end_and_names_it() -> None:
    portfolio = made(contacts=calls(1), statements=[said("consents_to_call")])
    found = row(portfolio, SPACING, "call")
    assert (found["permitted"], found["told"]) == (True, {"excused": ["S1"]})
    bare = row(made(contacts=calls(1)), SPACING, "call")
    assert not bare["permitted"]
    assert set(bare["told"]) == {"until"}


def test_an_excused_row_draws_on_what_the_others_have_left() -> None:
    points = [{"point": "T1"}, {"point": "T2", "number": "+16175550101"}]
    one_number = said("consents_to_call", point="T1")
    portfolio = made(contact_points=points, contacts=calls(2), statements=[one_number])
    rule = replace(PLAIN, key="r0", body=THREE, channels=CALLS)
    result, _ = decided(TwinPanel(book_of([BASE, rule])), part_of(portfolio))
    rows = result.candidates.filter(channel="call").sort("point").to_dicts()
    excused = ["excused" in one["evidence"] for one in rows]
    assert excused == [True, False]
    assert [json.loads(one["budgets"])[0]["left"] for one in rows] == [1, 1]
    assert sum(one["attempts_left"] for one in rows) == 1


@pytest.mark.parametrize(
    ("agreed", "spent", "left"),
    [(None, 4, 1), (None, 5, 0), (8, 7, 1), (8, 8, 0), (3, 2, 1), (3, 3, 0)],
)
def test_an_agreed_number_is_what_is_left_of(agreed: int | None, spent: int, left: int) -> None:
    yes = [said("agrees_to_messages", {"max": agreed})] if agreed else []
    found = row(made(contacts=texts(spent), statements=yes), MESSAGES, "text")
    assert (found["permitted"], found["attempts_left"]) == (left > 0, left)
    assert (found["told"]["used"], found["told"]["max"]) == (spent, agreed or 5)
    assert found["told"].get("agreed") == (["S1"] if agreed else None)


def test_an_agreed_period_names_its_statement_too() -> None:
    yes = said("agrees_to_messages", {"within": "30 days"})
    found = row(made(contacts=texts(5, days=20), statements=[yes]), MESSAGES, "text")
    assert not found["permitted"]
    assert found["told"] | {"free": None} == {"used": 5, "max": 5, "agreed": ["S1"], "free": None}


def test_who_shares_with_somebody_who_agreed_keeps_to_the_law() -> None:
    portfolio = made(
        consumers=[{"consumer": "C1", "person": "H1"}, {"consumer": "C2", "person": "H2"}],
        accounts=[{}, {"account": "A2", "consumer": "C2"}],
        contact_points=[{"point": "T1"}, {"point": "T2", "consumer": "C2", "owner": "H2"}],
        addresses=[{}, {"consumer": "C2"}],
        statements=[said("agrees_to_messages", {"max": 9})],
        contacts=texts(4),
    )
    body = replace(MESSAGES, per=("line",))
    rule = replace(PLAIN, key="r0", body=body, channels=frozenset({"text"}))
    result, alarms = decided(TwinPanel(book_of([BASE, rule])), part_of(portfolio))
    assert alarms == []
    rows = result.candidates.filter(channel="text").to_dicts()
    assert [json.loads(one["evidence"])[rule.id]["max"] for one in rows] == [9, 5]
    assert {json.loads(one["budgets"])[0]["left"] for one in rows} == {1}
    assert sum(one["attempts_left"] for one in rows) == 1
