"""The engine equals the model, whatever the rules and whatever happened."""

from __future__ import annotations

from hypothesis import given, note

from engine.rule import Rule
from tests.comparing import ask_engine, ask_model, differences
from tests.strategies import Situated, rule_lists, situated


@given(situated(), rule_lists())
def test_engine_and_model_agree_on_any_rules(case: Situated, rules: tuple[Rule, ...]) -> None:
    decision = ask_engine(rules, case.group, case.contact)
    model = ask_model(rules, case.group, case.contact)
    note(str(differences(decision, model)))
    assert differences(decision, model) == []
