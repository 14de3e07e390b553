"""The model, which shares no line with the engine's facts, refuses every case by the same rules."""

from __future__ import annotations

from functools import partial

import pytest

from engine import Decision
from engine.cases import Case
from engine.cases.deciding import ask_of
from engine.terms import limitation
from tests.all_cases import Ran, ran
from tests.model import judge


@pytest.fixture(scope="module")
def done() -> Ran:
    return ran()


def by_engine(done: Ran, decision: Decision) -> set[str]:
    """Rules that refuse; what the heads of the places' files refuse is not for the model."""
    rules = {rule.id for rule in done.rulebook.rules}
    return {one.rule for one in decision.findings if one.rule in rules}


def by_model(done: Ran, case: Case, decision: Decision) -> set[str]:
    asked = ask_of(case)
    rules = tuple(rule for rule in done.rulebook.rules if asked.wants(rule))
    periods = partial(limitation, done.rulebook.places, decision.places)
    found = judge(rules, case.group, case.contact, limitation=periods)
    return {rule for rule, force in found.findings if force != "structural"}


def test_the_model_refuses_every_case_by_the_same_rules(done: Ran) -> None:
    differing = []
    for case, decision in done.decided:
        engine, model = by_engine(done, decision), by_model(done, case, decision)
        if engine != model:
            only = f"only the engine {sorted(engine - model)}, only the model"
            differing.append(f"{case.path}:{case.line} {case.id}: {only} {sorted(model - engine)}")
    assert not differing, "\n".join(differing)
