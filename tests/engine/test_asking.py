"""Each fact by name: what is recorded, what is declared, and what nobody recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine import Account, Collector
from engine.facts import catalogue
from engine.facts.asking import OF_DEBT, OF_POINT, bit, duty_unmet, value
from engine.kinds import Block, Notice, Window
from engine.rule import Ask, Happened, Selector
from tests.making import LIMIT, WAIT, rule
from tests.telling import D1, ZONE, file, past, point, proposed, said, view


def answer(fact: str, parameter: object = None, account: Account = D1, **more: object) -> str:
    group = file(accounts=(account,))
    asked = Ask(fact, parameter)  # type: ignore[arg-type]
    return value(view(group, **more), asked, account)


def test_every_fact_of_the_catalogue_is_answered() -> None:
    parameters = {
        "number": 30,
        "happened": Happened(Selector("attempts")),
        "reply": ("hours",),
    }
    for fact in catalogue.FACTS.values():
        parameter = parameters.get(fact.parameter, ("word",))
        given = None if fact.parameter == "none" else parameter
        assert answer(fact.name, given) in ("yes", "no", "unknown"), fact.name
    assert not set(OF_POINT) & set(OF_DEBT)
    assert set(OF_POINT) | set(OF_DEBT) <= set(catalogue.FACTS)


def test_no_other_fact_is() -> None:
    with pytest.raises(KeyError):
        answer("raining")


@pytest.mark.parametrize(
    "fact", [f.name for f in catalogue.FACTS.values() if f.subject == "contact"]
)
def test_what_is_declared_of_a_contact_is_never_unknown(fact: str) -> None:
    given = catalogue.FACTS[fact].parameter
    assert answer(fact, None if given == "none" else ("collection",)) in ("yes", "no")


@pytest.mark.parametrize(
    ("fact", "more", "expected"),
    [
        ("is_communication", {}, "yes"),
        ("mentions_debt", {}, "yes"),
        ("mentions_debt", {"purpose": "location"}, "no"),
        ("mentions_debt", {"content": "limited_content_message"}, "no"),
        ("mentions_debt", {"flags": {"mentions_debt": False}}, "no"),
        ("requests_payment", {}, "yes"),
        ("requests_payment", {"purpose": "verification"}, "no"),
        ("requests_payment", {"flags": {"requests_payment": True}}, "yes"),
        ("identifies_as_debt_collector", {"flags": {"identifies_as_debt_collector": False}}, "no"),
        ("false_name", {"sender_name": "false_name"}, "yes"),
        ("visible_to_others", {"visible_to": "contacts"}, "yes"),
        ("visible_to_others", {}, "no"),
        ("obscene", {"flags": {"obscene": True}}, "yes"),
    ],
)
def test_declared(fact: str, more: dict[str, object], expected: str) -> None:
    assert answer(fact, **more) == expected


def test_public_social_media_is_seen_by_all() -> None:
    wall = point("S2", kind="social_media_public")
    assert value(view(file(points=(wall,)), point="S2"), Ask("visible_to_others"), D1) == "yes"


@pytest.mark.parametrize(
    ("fact", "parameter", "of", "expected"),
    [
        ("contact_is", ("collection",), {}, "yes"),
        ("contact_is", ("location",), {}, "no"),
        ("technology_is", ("manual",), {}, "yes"),
        ("fdcpa_covered", None, {}, "yes"),
        ("account_open", None, {"status": "paid"}, "no"),
        ("hospital_debt", None, {}, "unknown"),
        ("hospital_debt", None, {"hospital_debt": False}, "no"),
        ("cosigned", None, {"cosigned": True}, "yes"),
        ("secured", None, {}, "unknown"),
        ("secured", None, {"secured_by": "car"}, "yes"),
        ("judgment_entered", None, {"dates": {"judgment": date(2026, 9, 18)}}, "yes"),
        ("judgment_entered", None, {"dates": {"judgment": date(2026, 9, 19)}}, "no"),
        ("held_by_debt_buyer", None, {"holder": "debt_buyer"}, "yes"),
        ("held_by_debt_buyer", None, {"holder": "creditor"}, "no"),
        ("held_by_debt_buyer", None, {"holder": None}, "unknown"),
        ("held_by_debt_buyer", None, {}, "unknown"),
        ("lender_licence_is", ("installment_loan",), {}, "unknown"),
        ("lender_licence_is", ("installment_loan",), {"lender_licence": "none"}, "no"),
        ("original_amount_over", 1000, {}, "unknown"),
        ("original_amount_over", 1000, {"original_amount": Decimal("1000.00")}, "no"),
        ("original_amount_over", 1000, {"original_amount": Decimal("1000.01")}, "yes"),
        ("days_past_due_over", 30, {}, "unknown"),
        ("days_past_due_over", 30, {"dates": {"defaulted": date(2026, 8, 19)}}, "no"),
        ("days_past_due_over", 30, {"dates": {"delinquent_since": date(2026, 8, 18)}}, "yes"),
        ("time_barred", None, {}, "unknown"),
        ("known_time_barred", None, {}, "no"),
        ("collector_type_is", ("mortgage_servicer",), {}, "unknown"),
        ("special_line_is", ("emergency",), {}, "no"),
        ("hold_is", ("complaint",), {}, "no"),
        ("reply_open", ("hours",), {}, "no"),
    ],
)
def test_recorded(fact: str, parameter: object, of: dict[str, object], expected: str) -> None:
    assert answer(fact, parameter, replace(D1, **of)) == expected  # type: ignore[arg-type]


def test_the_limitation_period_runs_from_the_later_date() -> None:
    old = replace(D1, dates={"defaulted": date(2019, 5, 1), "last_payment": date(2020, 9, 17)})
    seen = view(file(accounts=(old,)))
    assert value(seen, Ask("time_barred"), old, 6) == "yes"
    assert value(seen, Ask("known_time_barred"), old, 6) == "yes"
    later = replace(old, dates={**old.dates, "last_payment": date(2020, 9, 18)})
    assert value(view(file(accounts=(later,))), Ask("time_barred"), later, 6) == "no"
    assert value(seen, Ask("time_barred"), old, None) == "unknown"


def test_a_payment_after_the_period_may_begin_nothing_anew() -> None:
    in_time = replace(D1, dates={"defaulted": date(2019, 5, 1), "last_payment": date(2025, 5, 1)})
    assert value(view(file(accounts=(in_time,))), Ask("time_barred"), in_time, 6) == "no"
    late = replace(in_time, dates={**in_time.dates, "last_payment": date(2025, 5, 2)})
    seen = view(file(accounts=(late,)))
    assert value(seen, Ask("time_barred"), late, 6) == "unknown"
    assert value(seen, Ask("known_time_barred"), late, 6) == "no"


def test_what_business_the_collector_is() -> None:
    servicer = file(collectors=(Collector(type="mortgage_servicer"),))
    asked = Ask("collector_type_is", ("mortgage_servicer",))
    assert value(view(servicer), asked, D1) == "yes"


def test_a_special_line() -> None:
    ward = point("L2", special_line="hospital_room")
    seen = view(file(points=(ward,)), point="L2")
    assert value(seen, Ask("special_line_is", ("hospital_room",)), D1) == "yes"


def test_true_or_false_by_the_latest_word() -> None:
    serves = said("active_duty", True, "09-01T09:00")
    assert value(view(file(serves)), Ask("active_duty"), D1) == "yes"
    left = said("active_duty", False, "09-02T09:00")
    assert value(view(file(serves, left)), Ask("active_duty"), D1) == "no"


@pytest.mark.parametrize(
    ("duty", "more"),
    [
        ("opt_out_notice", {"flags": {"opt_out_notice": False}}),
        ("prerecorded_opt_out", {"flags": {"opt_out_notice": False}}),
        ("initial_disclosure", {"disclosure": "subsequent"}),
        ("subsequent_disclosure", {"disclosure": "none"}),
        ("disclosure_language", {"languages": ("en", "es"), "disclosure_languages": ("en",)}),
        ("identify_caller", {"sender_name": "false_name"}),
        (
            "identify_as_debt_collector",
            {"flags": {"identifies_as_debt_collector": False}},
        ),
        ("no_debt_mention", {"flags": {"mentions_debt": True}}),
        ("no_payment_request", {"flags": {"requests_payment": True}}),
        ("no_suit_threat", {"purpose": "litigation"}),
        ("model_form", {"flags": {"model_form": False}}),
    ],
)
def test_a_duty_is_unmet_only_if_declared(duty: str, more: dict[str, object]) -> None:
    assert duty_unmet(view(file(), **more), duty)
    assert not duty_unmet(view(file()), duty)
    assert catalogue.DUTIES[duty].unmet_when != "never declared"


@pytest.mark.parametrize(
    "duty", [d.name for d in catalogue.DUTIES.values() if d.unmet_when == "never declared"]
)
def test_some_duties_cannot_be_declared_unmet(duty: str) -> None:
    declared = {"opt_out_notice": False, "model_form": False, "requests_payment": True}
    more = {"flags": declared, "disclosure": "none", "purpose": "litigation"}
    assert not duty_unmet(view(file(), **more), duty)


def test_bits() -> None:
    seen = view(file())
    assert bit(seen, rule(body=LIMIT), D1, (ZONE,)).state == "room"
    assert bit(seen, rule(body=WAIT), D1, (ZONE,)).state == "out"
    assert bit(seen, rule(body=Window()), D1, (ZONE,)).state == "open"
    assert bit(seen, rule(body=Window()), D1, ()).bit == "unknown"
    shut = Window(days=frozenset({"sat"}))
    assert bit(seen, rule(body=shut), D1, (ZONE,)).state == "shut"
    alone = view(file(), flags={"same_call": True})  # no call is in progress
    assert bit(alone, rule(body=shut), D1, (ZONE,)).state == "shut"
    running = past("09-18T11:55", result="answered_in_progress", flags={"call_in_progress": True})
    same = view(file(running), flags={"same_call": True})
    assert bit(same, rule(body=shut), D1, (ZONE,)).state == "out"
    assert bit(seen, rule(body=Notice("model_form", "a form")), D1, (ZONE,)).bit == "no"
    unmet = view(file(), proposed(flags={"model_form": False}))
    assert bit(unmet, rule(body=Notice("model_form", "a form")), D1, (ZONE,)).bit == "yes"
    assert bit(seen, rule(body=Block()), D1, (ZONE,)).state == "out"
