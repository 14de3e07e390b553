"""The engine equals the model, whatever the rules and whatever happened."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache, partial

from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine import decide, law_directory, load
from engine.facts.catalogue import FACTS
from engine.reading.vocabulary import HOLIDAYS
from engine.rule import Ask, Rule
from engine.terms import limitation
from tests.comparing import (
    ASK,
    TwinPanel,
    ask_engine,
    ask_model,
    differences,
    fact_of_engine,
    fact_of_model,
)
from tests.model import judge
from tests.model.calendar import DAY, holiday_names
from tests.model.hours import is_closed_day
from tests.strategies import Situated, asks_about, moments, rule_lists, situated

EXAMPLES = settings.default.max_examples if settings.default else 60
NAMES = st.sampled_from(sorted(FACTS)).flatmap(asks_about)


@given(situated(), rule_lists())
def test_engine_and_model_agree_on_any_rules(case: Situated, rules: tuple[Rule, ...]) -> None:
    decision = ask_engine(rules, case.group, case.contact)
    found = differences(decision, ask_model(rules, case.group, case.contact))
    note("; ".join(found))
    assert found == []


@settings(max_examples=5 * EXAMPLES)
@given(situated(located=True), NAMES)
def test_engine_and_model_agree_on_any_fact(case: Situated, ask: Ask) -> None:
    engine = fact_of_engine(ask, case.group, case.contact)
    model = fact_of_model(ask, case.group, case.contact)
    common = engine.keys() & model.keys()
    assert {key: engine[key] for key in common} == {key: model[key] for key in common}


@lru_cache(maxsize=1)
def the_law() -> TwinPanel:
    return TwinPanel(load([law_directory()]))


@settings(max_examples=max(EXAMPLES // 3, 1))
@given(situated(located=True, contacts=5))
def test_engine_and_model_agree_on_the_law_as_it_is_written(case: Situated) -> None:
    panel = the_law()
    decision = decide(panel, case.group, case.contact, ask=ASK)
    periods = partial(limitation, panel.rulebook.places, decision.places)
    model = judge(panel.rulebook.rules, case.group, case.contact, limitation=periods)
    assert differences(decision, model) == []


@given(moments(), st.integers(-400, 400))
def test_a_holiday_named_falls_on_the_days_its_recurrences_say(now: datetime, step: int) -> None:
    day = now.date() + step * DAY
    for name, recurrences in HOLIDAYS.items():
        if name == "federal_holidays":
            continue
        recurs = any(is_closed_day(one, day) for one in recurrences)
        assert recurs == (name in holiday_names(day)), (name, day)
