"""Rules only forbid: more rules, more attempts and less knowledge never make a no a yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.account import Account
from engine.history import Contact, Group
from engine.kinds import Limit, Wait
from engine.rule import Rule
from engine.situation import rule_asks
from tests.comparing import ask_engine, findings_of
from tests.strategies import Situated, rule_lists, rules, situated

OF_WHAT_HAPPENED = {
    "happened",
    "initial_communication_made",
    "spoke_or_wrote",
    "reply_open",
    "in_call_consent",
    "asked_to_be_called",
    "third_party_reopened",
    "opt_out_confirmation_open",
    "called_at_bad_time",
}


def asks_of_attempts(rule: Rule) -> bool:
    """Whether a rule asks if an attempt happened, so that one more may set it at rest."""
    if any(ask.fact in OF_WHAT_HAPPENED for ask in rule_asks(rule)):
        return True
    body = rule.body
    if isinstance(body, Wait):
        # another first event is an earlier one, and what a wait lasts until may be an attempt
        until = body.until is not None and body.until.of_contacts
        return until or (body.after.of_contacts and body.after.which == "first")
    if isinstance(body, Limit):
        # the first conversation after a request is left out: another one may take its place
        return any("returned_at_request" in one.words for one in body.counting.not_)
    return False


@given(situated(), rule_lists(), rules(key="one-more"))
def test_one_more_rule_never_makes_a_no_a_yes(
    case: Situated, few: tuple[Rule, ...], more: Rule
) -> None:
    before = ask_engine(few, case.group, case.contact)
    after = ask_engine((*few, more), case.group, case.contact)
    assert findings_of(before) <= findings_of(after)
    assert before.permitted or not after.permitted


@given(situated(), rule_lists(), st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(
    case: Situated, few: tuple[Rule, ...], chance: Random
) -> None:
    shuffled = list(few)
    chance.shuffle(shuffled)
    one, other = (ask_engine(order, case.group, case.contact) for order in (few, shuffled))
    assert findings_of(one) == findings_of(other)
    assert one.word == other.word
    assert one.duties == other.duties
    assert {two.rule for two in one.lifted} == {two.rule for two in other.lifted}


@given(
    situated(),
    rule_lists(kinds=("block", "require", "window", "limit", "wait")),
    st.sampled_from(("no_answer", "voicemail_left", "busy", "conversation", None)),
    st.integers(0, 15 * 24 * 60),
    st.data(),
)
def test_one_more_attempt_never_makes_a_no_a_yes(
    case: Situated, few: tuple[Rule, ...], result: str | None, ago: int, data: st.DataObject
) -> None:
    asked = [rule for rule in few if not asks_of_attempts(rule)]
    assume(asked)
    group = case.group
    phones = sorted(id for id, one in group.points.items() if one.kind in ("mobile", "phone"))
    debts = tuple(group.accounts)
    attempt = Contact(
        id="one-more",
        at=case.contact.at - timedelta(minutes=ago),
        channel="call",
        point=data.draw(st.sampled_from(phones)),
        result=result,
        attributed_to=data.draw(st.sampled_from((None, debts[:1], debts))),
        consumer="P1",
        purpose="collection",
    )
    past = sorted((*group.contacts, attempt), key=lambda one: one.at)
    before = ask_engine(asked, group, case.contact)
    after = ask_engine(asked, replace(group, contacts=tuple(past)), case.contact)
    assert findings_of(before) <= findings_of(after)


# -- unknown is never freer than a known value


def _without(group: Group, change: Callable[[Account], Account]) -> Group:
    return replace(group, accounts={id: change(one) for id, one in group.accounts.items()})


def _no_dates(account: Account) -> Account:
    return replace(account, dates={})


ACCOUNT_GAPS: dict[str, Callable[[Account], Account]] = {
    "fdcpa_covered": lambda one: replace(one, fdcpa_covered="unknown"),
    "hospital_debt": lambda one: replace(one, hospital_debt=None),
    "original_amount": lambda one: replace(one, original_amount=None),
    "cosigned": lambda one: replace(one, cosigned=None),
    "lender_licence": lambda one: replace(one, lender_licence=None),
    "holder": lambda one: replace(one, holder=None),
}


@pytest.mark.parametrize("gap", sorted(ACCOUNT_GAPS))
@given(case=situated(contacts=2, words=2), few=rule_lists())
def test_a_word_missing_from_an_account_is_never_freer(
    gap: str, case: Situated, few: tuple[Rule, ...]
) -> None:
    known = ask_engine(few, case.group, case.contact)
    group = _without(case.group, ACCOUNT_GAPS[gap])
    assert findings_of(known) <= findings_of(ask_engine(few, group, case.contact))


@given(situated(), rule_lists(kinds=("block", "require", "window", "limit")))
def test_an_attribution_nobody_recorded_is_never_freer(
    case: Situated, few: tuple[Rule, ...]
) -> None:
    contacts = tuple(
        replace(one, attributed_to=None, discussed=None, conversation_attributed_to=None)
        for one in case.group.contacts
    )
    known = ask_engine(few, case.group, case.contact)
    unknown = ask_engine(few, replace(case.group, contacts=contacts), case.contact)
    assert findings_of(known) <= findings_of(unknown)


@given(situated(), rule_lists(kinds=("block", "require", "window", "limit")))
def test_a_result_nobody_recorded_is_never_freer(case: Situated, few: tuple[Rule, ...]) -> None:
    contacts = tuple(
        replace(one, result=None) if one.direction == "out" and one.channel == "call" else one
        for one in case.group.contacts
    )
    known = ask_engine(few, case.group, case.contact)
    unknown = ask_engine(few, replace(case.group, contacts=contacts), case.contact)
    assert findings_of(known) <= findings_of(unknown)
