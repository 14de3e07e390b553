"""Two engines that share nothing but the parsed rules say the same of every situation.

And what must hold of either: order never matters, one more rule only tightens, unknown is never
freer than a known value, and a rule that one engine lost is seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import rulebook, words
from engine.compiled import LIFTED, OUT, REFUSES, compile_rules, lifted_by, outcome
from engine.kinds import Notice
from engine.rete import EngineFailure, ReteEngine
from engine.rule import Rule
from engine.situation import Answer, RuleSet, Situation
from tests.making import drawn_rules, drawn_situations
from tests.strategies import rule_lists
from tests.strategies.situations import open_fields, situations

DAYS = (date(2021, 12, 1), date(2025, 7, 1), date(2026, 11, 23), date(2027, 11, 23))
KEPT = 100  # networks in one process before it is ended


class Rete:
    """The second engine for ever new rule sets, each under a name of its own."""

    def __init__(self) -> None:
        self.engine = ReteEngine([])
        self.names = itertools.count(1)

    def decide_many(
        self, rules: RuleSet, asked: list[dict[str, str]]
    ) -> list[Answer | EngineFailure]:
        number = next(self.names)
        if number % KEPT == 0:
            self.engine.close()
            self.engine = ReteEngine([])
        named = RuleSet.of(f"drawn-{number}", rules.rules)
        self.engine.add(named)
        return self.engine.decide_many(named.name, asked)


@pytest.fixture(scope="module")
def rete() -> Iterator[Rete]:
    found = Rete()
    yield found
    assert found.engine.deaths == 0
    found.engine.close()


def told(rules: RuleSet, situation: Situation) -> Answer:
    """What follows from what became of each rule: a third way to the answer."""
    found = {rule: outcome(rule, situation, rules.names) for rule in rules.rules}
    duties = (
        (rule.body.duty, rule.id)
        for rule, what in found.items()
        if isinstance(rule.body, Notice) and what not in (OUT, LIFTED)
    )
    refusing = (rule.id for rule, what in found.items() if what == REFUSES)
    return Answer(tuple(sorted(refusing)), tuple(sorted(duties)))


@given(st.data(), rule_lists(most=5))
def test_both_engines_and_the_explanation_agree_on_any_rules(
    rete: Rete, data: st.DataObject, drawn: tuple[Rule, ...]
) -> None:
    rules = RuleSet.of("drawn", drawn)
    asked = data.draw(st.lists(situations(rules), min_size=1, max_size=8))
    expected = [told(rules, one) for one in asked]
    assert compile_rules(rules).decide_many(asked) == expected
    assert rete.decide_many(rules, asked) == expected


@given(st.data(), rule_lists(most=5))
def test_what_lifted_a_rule_is_named_just_where_it_was_lifted(
    data: st.DataObject, drawn: tuple[Rule, ...]
) -> None:
    rules = RuleSet.of("drawn", drawn)
    situation = data.draw(situations(rules))
    for rule in drawn:
        lifted = outcome(rule, situation, rules.names) == LIFTED
        assert (lifted_by(rule, situation, rules.names) is not None) == lifted


@given(st.data(), rule_lists(most=5))
def test_the_order_of_rules_never_matters(
    rete: Rete, data: st.DataObject, drawn: tuple[Rule, ...]
) -> None:
    rules = RuleSet.of("drawn", drawn)
    situation = data.draw(situations(rules))
    other = RuleSet.of("drawn", data.draw(st.permutations(drawn)))
    renamed = situation | {other.names[ask]: situation[rules.names[ask]] for ask in rules.asks}
    answer = compile_rules(rules).decide(situation)
    assert compile_rules(other).decide(renamed) == answer
    assert rete.decide_many(other, [renamed]) == [answer]


@given(st.data(), rule_lists(most=5))
def test_one_more_rule_only_tightens(data: st.DataObject, drawn: tuple[Rule, ...]) -> None:
    rules = RuleSet.of("drawn", drawn)
    fewer = RuleSet.of("drawn", drawn[:-1])
    situation = data.draw(situations(rules))
    renamed = {field: situation[field] for field in fewer.fields if field in situation}
    renamed |= {fewer.names[ask]: situation[rules.names[ask]] for ask in fewer.asks}
    before, after = compile_rules(fewer).decide(renamed), compile_rules(rules).decide(situation)
    assert set(before.refusing) <= set(after.refusing)
    assert set(before.duties) <= set(after.duties)


@given(st.data(), rule_lists(most=5))
def test_unknown_is_never_freer_than_a_known_value(
    rete: Rete, data: st.DataObject, drawn: tuple[Rule, ...]
) -> None:
    rules = RuleSet.of("drawn", drawn)
    open_ = open_fields(rules)
    if not open_:
        return
    situation = data.draw(situations(rules))
    field = data.draw(st.sampled_from(open_))
    asked = [situation | {field: word} for word in words.TRI]
    for answers in (compile_rules(rules).decide_many(asked), rete.decide_many(rules, asked)):
        yes, no, unknown = answers
        for known in (yes, no):
            assert isinstance(known, Answer)
            assert isinstance(unknown, Answer)
            assert set(known.refusing) <= set(unknown.refusing)
            assert set(known.duties) <= set(unknown.duties)


def test_a_rule_that_one_engine_lost_is_seen() -> None:
    rules = drawn_rules(25, seed=11)
    asked = drawn_situations(rules, 4000, seed=12)
    right = compile_rules(rules).decide_many(asked)
    spoken = {name for one in right for name in (*one.refusing, *(id for _, id in one.duties))}
    assert len(spoken) > 15
    with ReteEngine([]) as engine:
        for number, lost in enumerate(rules.rules):
            rest = [rule for rule in rules.rules if rule is not lost]
            broken = RuleSet(f"broken-{number}", tuple(rest), rules.asks, rules.names)
            engine.add(broken)
            if lost.id in spoken:
                assert engine.decide_many(broken.name, asked) != right


def test_both_engines_agree_on_the_law_as_it_stands(request: pytest.FixtureRequest) -> None:
    """Every rule set of the rulebook on four days; more situations with --full."""
    book = rulebook.load([rulebook.law_directory()])
    count = 3_000 if request.config.getoption("--full") else 400
    seen: set[str] = set()
    for number, day in enumerate(DAYS):
        sets = [book.rule_set(name, day) for name in ("federal", *book.places)]
        with ReteEngine(sets) as engine:
            for rules in sets:
                asked = drawn_situations(rules, count, seed=number)
                answers = compile_rules(rules).decide_many(asked)
                assert engine.decide_many(rules.name, asked) == answers
                assert [told(rules, one) for one in asked[:50]] == answers[:50]
                seen |= {name for one in answers for name in one.refusing}
            assert engine.deaths == 0
    assert seen
