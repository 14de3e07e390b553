"""Contacts found by file, person or line are all that a unit can hold, in their order."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, note, settings

from engine.facts import near, selecting, view
from engine.facts.view import Moment, View
from engine.kinds import Limit, Wait
from engine.rule import Rule
from tests.comparing import ask_engine, ask_model, differences
from tests.strategies import Situated, rule_lists, situated

KINDS = ("limit", "wait")
EXAMPLES = settings.default.max_examples if settings.default else 60


@settings(max_examples=2 * EXAMPLES)
@given(situated(contacts=8), rule_lists(kinds=KINDS))
def test_what_is_left_out_is_in_no_unit(case: Situated, rules: tuple[Rule, ...]) -> None:
    seen = View(case.group, case.contact, Moment(case.contact.at, case.contact.at), "UTC")
    for rule in rules:
        assert isinstance(rule.body, Limit | Wait)
        per = rule.body.per
        chosen = rule.body.counting if isinstance(rule.body, Limit) else rule.body.after
        for debt in seen.debts if chosen.of_contacts else ():
            every = seen.counting_as(chosen.what)
            whole = [one for one in every if selecting.same_unit(seen, one, per, debt, chosen)]
            with patch.object(near, "FEW", 0):
                found = near.near(seen, chosen.what, per)
            some = [one for one in found if selecting.same_unit(seen, one, per, debt, chosen)]
            assert some == whole


@given(situated(contacts=8), rule_lists(kinds=KINDS))
def test_found_by_their_keys_the_same_is_decided(case: Situated, rules: tuple[Rule, ...]) -> None:
    plain = ask_engine(rules, case.group, case.contact)
    with patch.object(near, "FEW", 0), patch.object(view, "FEW", 0):
        found = ask_engine(rules, case.group, case.contact)
    assert found == plain
    wrong = differences(found, ask_model(rules, case.group, case.contact))
    note("; ".join(wrong))
    assert wrong == []
