"""Cases put to both engines: what is asked of the rules, and the counts a case may check."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import Panel, Rulebook
from engine.cases import Case, read
from engine.cases.deciding import ask_of, decider
from engine.kinds import Limit
from engine.rule import Period, Selector
from tests.all_cases import ran
from tests.making import rule

CASE = b"""
format: 1
vectors:
- id: a-call
  cite: 12 CFR 1006.14(b)(2)(i)(A)
  facts:
    consumer: {id: P1, addresses: [{kind: residential, state: MA, postal_code: "02108"}]}
    debts: [{id: D1, type: credit_card}, {id: D2, type: medical}]
    contact_points: [{id: M1, kind: mobile, belongs_to: P1, number: "+16175550123"}]
    history:
    - {at: "2026-09-14T10:00-04:00", channel: call, point: M1, result: busy, attributed_to: [D1]}
    - {at: "2026-09-15T10:00-04:00", channel: call, point: M1, attributed_to: [D1]}
  proposed_contact: {channel: call, at: "2026-09-18T10:00-04:00", point: M1, debts: [D1]}
  expected: permitted
"""


def _case(**more: object) -> Case:
    (case,) = read("made.yaml", CASE).cases
    assert isinstance(case, Case)
    return replace(case, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "acts", "places"),
    [
        (None, None, True),
        (("fdcpa",), frozenset({"fdcpa"}), False),
        (("fdcpa", "US-MA"), frozenset({"fdcpa", "US-MA"}), True),
    ],
)
def test_what_a_case_asks(
    rules: tuple[str, ...] | None, acts: frozenset[str] | None, places: bool
) -> None:
    asked = ask_of(_case(rules=rules))
    assert (asked.acts, asked.places, asked.house, asked.search) == (acts, places, False, False)


def test_the_calls_of_each_debt() -> None:
    with Panel(ran().rulebook) as panel:
        decided = decider(panel)(_case())
    assert decided.calls_of("D1") == 2  # the past one, and the one proposed
    assert decided.calls_of("D2") == 0
    assert decided.calls_of("D9") is None
    assert decided.validation_end("D1") is None


def test_a_zone_nobody_knows() -> None:
    case = _case()
    homeless = {"P1": replace(case.group.consumers["P1"], addresses=())}
    points = {"M1": replace(case.group.points["M1"], number=None)}
    group = replace(case.group, consumers=homeless, points=points)
    with Panel(ran().rulebook) as panel:
        decided = decider(panel)(replace(case, group=group))
    assert decided.calls_of("D1") == 2
    assert decided.validation_end("D1") is None


def test_a_rulebook_without_that_limit() -> None:
    since = Limit(7, Selector("attempts"), ("person",), since=Selector("disputes"))
    seven = rule("seven", since, cite=("12 CFR 1006.14(b)(2)(i)(A)",))
    other = rule("other", Limit(7, Selector("attempts"), ("person",), within=Period(7, "day")))
    for rules in ((other,), (seven,)):
        with Panel(Rulebook("sha256:made", rules, {}, {})) as panel:
            assert decider(panel)(_case(rules=("an_act",))).calls_of("D1") is None
