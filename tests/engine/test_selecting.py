"""Selectors: which past contacts count, what leaves one out, and in whose tally it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine import Account, Collector, Contact
from engine.facts.selecting import (
    events,
    excluded,
    exempted,
    matches,
    membership,
    same_unit,
    unclear,
)
from engine.rule import Exclusion, Selector
from tests.telling import D1, P1, at, file, past, point, proposed, said, view

CALLS = Selector("attempts")
CALL = past("09-17T10:00")
TALK = past("09-17T10:00", result="conversation")
D2 = Account("D2", "P1", "medical")


def taken(selector: Selector, contact: Contact = CALL) -> bool:
    return matches(view(file(contact, accounts=(D1, D2))), contact, selector, D1)


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("what", "connected", "conversations"),
        ("direction", "out", "in"),
        ("direction", "any", "in"),
        ("channels", frozenset({"call"}), frozenset({"text"})),
        ("to", frozenset({"mobile"}), frozenset({"work_phone"})),
        ("whom", frozenset({"consumer"}), frozenset({"spouse"})),
        ("types", frozenset({"credit_card"}), frozenset({"medical"})),
        ("purpose", frozenset({"collection"}), frozenset({"location"})),
        ("technology", frozenset({"prerecorded"}), frozenset({"manual"})),
        ("result", frozenset({"no_answer"}), frozenset({"busy"})),
        ("initiated_by", "collector", "consumer"),
    ],
)
def test_each_field_narrows(field: str, right: object, wrong: object) -> None:
    assert taken(replace(CALLS, **{field: right}))  # type: ignore[arg-type]
    assert not taken(replace(CALLS, **{field: wrong}))  # type: ignore[arg-type]


def test_content_narrows() -> None:
    notice = past("09-10T10:00", "mail", "A1", result="sent", content="validation_notice")
    asked = replace(CALLS, content=frozenset({"validation_notice"}))
    assert taken(asked, notice)
    assert not taken(asked, CALL)
    assert taken(replace(CALLS, purpose=frozenset({"validation_notice"})), notice)


def test_a_result_left_out_may_be_any() -> None:
    asked = replace(CALLS, result=frozenset({"no_answer"}))
    assert taken(asked, past("09-17T10:00", result=None))


def test_a_result_left_out_is_not_surely_the_one_asked() -> None:
    asked = replace(CALLS, result=frozenset({"no_answer"}))
    for result in (None, "no_answer"):
        contact = past("09-17T10:00", result=result)
        assert unclear(view(file(contact)), contact, asked) is (result is None)


def test_points_of_unknown_kind_match_every_to() -> None:
    at_work = replace(CALLS, to=frozenset({"work_phone"}))
    assert taken(at_work, past("09-17T10:00", point="U1"))
    assert taken(at_work, past("09-17T10:00", point="X1"))


def test_texts_are_electronic_to_any_phone() -> None:
    text = past("09-17T10:00", "text", "M1", result="sent")
    assert taken(replace(CALLS, to=frozenset({"electronic", "email_personal"})), text)
    assert not taken(replace(CALLS, to=frozenset({"mobile", "-electronic"})), text)
    assert taken(replace(CALLS, to=frozenset({"mobile", "-electronic"})), CALL)


def test_an_unattributed_contact_counts_for_any_type() -> None:
    medical = replace(CALLS, types=frozenset({"medical"}))
    assert taken(medical, past("09-17T10:00", attributed_to=None))
    assert taken(medical, past("09-17T10:00", attributed_to=("gone",)))
    assert not taken(medical, CALL)


def test_debts_talked_about() -> None:
    talk = replace(TALK, discussed=("D2",))
    of_medical = Selector("conversations", types=frozenset({"medical"}), debts="discussed")
    assert taken(of_medical, talk)
    assert not taken(replace(of_medical, debts="attributed"), talk)


RETURNED = past("09-10T10:00", "email", "E1", result="sent")
BOUNCE = past("09-12T10:00", "email", "E1", result="undeliverable", direction="in")


@pytest.mark.parametrize(
    ("words", "contact", "other"),
    [
        (("to_professional",), past("09-17T10:00", point="M7"), CALL),
        (("misdirected",), past("09-17T10:00", point="L1"), CALL),
        (("reply_to_consumer",), replace(CALL, flags={"reply_to_consumer": True}), CALL),
        (("not_connected",), replace(CALL, result="busy"), CALL),
        (("no_message_possible",), replace(CALL, message_possible=False), CALL),
        (("conversation",), TALK, CALL),
        (("returned",), RETURNED, past("09-12T10:00", "email", "EW1", result="sent")),
        (
            ("not_connected", "no_message_possible"),
            replace(CALL, result="busy", message_possible=False),
            replace(CALL, result="busy"),
        ),
        (("returned_at_request",), replace(TALK, at=at("09-15T11:00")), TALK),
        (("returned_at_request",), replace(TALK, at=at("09-15T11:00")), CALL),
    ],
)
def test_what_is_left_out(words: tuple[str, ...], contact: Contact, other: Contact) -> None:
    asked = said("asks_to_be_called", {"debt": ("D1",)}, "09-15T09:00")
    between = past("09-15T12:00", result="conversation")
    wrong = said("number_not_consumers", "L1", "09-16T09:00")
    seen = view(file(contact, other, BOUNCE, asked, between, wrong))
    assert excluded(seen, contact, Exclusion(words), D1)
    assert not excluded(seen, other, Exclusion(words), D1)


@pytest.mark.parametrize(("days", "out"), [(1, False), (2, True), (None, False)])
def test_what_came_back_in_time(days: int | None, out: bool) -> None:
    seen = view(file(RETURNED, BOUNCE))
    assert excluded(seen, RETURNED, Exclusion(("returned_within",), days), D1) is out


def test_a_call_under_consent_is_left_out() -> None:
    consent = said("consents_to_call", {}, "09-16T09:00")
    seen = view(file(consent, CALL))
    assert excluded(seen, CALL, Exclusion(("in_call_consent",)), D1)


def test_an_unknown_exclusion_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown exclusion `rain`"):
        excluded(view(file(CALL)), CALL, Exclusion(("rain",)), D1)


@pytest.mark.parametrize(
    ("word", "more", "exempt"),
    [
        ("to_professional", {"point": "M7"}, True),
        ("to_professional", {}, False),
        ("reply_to_consumer", {"flags": {"reply_to_consumer": True}}, True),
        ("no_message_possible", {"message_possible": False}, True),
        ("not_connected", {"result": "busy"}, True),
        ("not_connected", {}, False),
        ("conversation", {"result": "conversation"}, True),
        ("conversation", {}, False),
        ("misdirected", {}, False),
        ("in_call_consent", {}, False),
    ],
)
def test_what_exempts_the_proposed_contact(
    word: str, more: dict[str, object], exempt: bool
) -> None:
    assert exempted(view(file(), **more), (Exclusion((word,)),), D1) is exempt


def test_the_proposed_contact_as_a_member() -> None:
    seen = view(file())
    assert membership(seen, CALLS, D1) == "counts"
    assert membership(seen, replace(CALLS, direction="in"), D1) == "out"
    assert membership(seen, replace(CALLS, channels=frozenset({"text"})), D1) == "out"
    assert membership(seen, replace(CALLS, types=frozenset({"medical"})), D1) == "out"
    assert membership(seen, replace(CALLS, result=frozenset({"busy"})), D1) == "counts"
    spared = replace(CALLS, not_=(Exclusion(("to_professional",)),))
    assert membership(view(file(), point="M7"), spared, D1) == "exempt"
    voicemail = view(file(), proposed("voicemail"))
    assert membership(voicemail, Selector("conversations"), D1) == "out"


WORK = past("09-17T10:00", point="W1")


@pytest.mark.parametrize(
    ("unit", "inside", "outside"),
    [
        ("person", CALL, past("09-17T10:00", point="M9")),
        ("particular_debt", CALL, replace(CALL, attributed_to=("D2",))),
        ("particular_debt", replace(CALL, attributed_to=None), replace(CALL, consumer="P2")),
        ("account", CALL, replace(CALL, attributed_to=("D2",))),
        ("household", past("09-17T10:00", point="M8"), past("09-17T10:00", point="M9")),
        ("household", CALL, replace(CALL, consumer="P2")),
        ("consumer", past("09-17T10:00", point="M9"), replace(CALL, consumer="P2")),
        ("point", CALL, past("09-17T10:00", point="L1")),
        ("line", CALL, past("09-17T10:00", point=None)),
        ("line", past("09-17T10:00", point="M2"), past("09-17T10:00", point="L1")),
    ],
)
def test_units(unit: str, inside: Contact, outside: Contact) -> None:
    second = replace(P1, id="P2", person="P2")
    points = (*file().points.values(), point("M2", number="+16175550123"))
    seen = view(file(CALL, consumers=(P1, second), points=points, accounts=(D1, D2)))
    assert same_unit(seen, inside, (unit,), D1, CALLS)
    assert not same_unit(seen, outside, (unit,), D1, CALLS)


def test_one_workplace() -> None:
    at_work = view(file(WORK), point="W1")
    assert same_unit(at_work, WORK, ("workplace",), D1, CALLS)
    assert not same_unit(at_work, CALL, ("workplace",), D1, CALLS)
    assert same_unit(at_work, past("09-17T10:00", point=None), ("workplace",), D1, CALLS)
    assert not same_unit(view(file(WORK)), WORK, ("workplace",), D1, CALLS)


def test_every_unit_must_be_the_same() -> None:
    seen = view(file(CALL))
    assert same_unit(seen, CALL, ("person", "point"), D1, CALLS)
    assert not same_unit(seen, past("09-17T10:00", point="L1"), ("person", "point"), D1, CALLS)


def test_counts_are_per_collector() -> None:
    collectors = (Collector(), Collector("other"))
    seen = view(file(CALL, collectors=collectors))
    assert not same_unit(seen, replace(CALL, collector="other"), ("person",), D1, CALLS)
    assert not same_unit(seen, replace(CALL, collector="unheard_of"), ("person",), D1, CALLS)


def test_an_unknown_unit_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown unit `street`"):
        same_unit(view(file(CALL)), CALL, ("street",), D1, CALLS)


def test_events_of_every_sort() -> None:
    dated = replace(D1, dates={"placed": date(2026, 9, 1)})
    told = said("disputes", ("D1",), "09-10T09:00")
    other = said("disputes", ("D2",), "09-11T09:00")
    group = file(CALL, told, other, accounts=(dated, D2))
    seen = view(group)
    assert events(seen, CALLS, ("person",), dated) == [CALL.at]
    assert events(seen, Selector("placed"), ("person",), dated) == [at("09-01T00:00")]
    assert events(seen, Selector("charged_off"), ("person",), dated) == []
    assert events(seen, Selector("disputes"), ("person",), dated) == [told.received]


@pytest.mark.parametrize(
    ("value", "more", "about"),
    [
        (("D1",), {}, True),
        (("D2",), {}, False),
        ({"debt": "D2"}, {}, False),
        ({"debt": "D1", "on": "mon"}, {}, True),
        ({}, {"debts": ("D2",)}, False),
        ("D2", {}, False),
        ("M1", {}, True),
        (("M1", "L1"), {}, True),
        (True, {"debts": ("D2",)}, False),
        (True, {}, True),
    ],
)
def test_which_debts_a_statement_is_about(
    value: object, more: dict[str, object], about: bool
) -> None:
    told = said("hold", value, "09-10T09:00", more=more)
    found = events(view(file(told, accounts=(D1, D2))), Selector("hold"), (), D1)
    assert bool(found) is about


def test_media() -> None:
    told = said("cease", ("D1",), "09-10T09:00", medium="certified_mail")
    seen = view(file(told))

    def asked(*media: str) -> bool:
        return bool(events(seen, Selector("cease", medium=frozenset(media)), (), D1))

    assert asked("certified_mail")
    assert asked("written")
    assert not asked("oral")
    assert not asked("email")


def test_a_letter_of_which_nobody_said_how_it_came() -> None:
    """It may be a certified one: that tightens, and ends nothing."""
    seen = view(file(said("cease", ("D1",), "09-10T09:00", medium="written")))

    def asked(*media: str, ends: bool = False) -> bool:
        return bool(events(seen, Selector("cease", medium=frozenset(media)), (), D1, ends=ends))

    assert asked("certified_mail")
    assert not asked("certified_mail", ends=True)
    assert asked("written", ends=True)
    assert asked("written", "certified_mail", ends=True)
    assert not asked("oral")


@pytest.mark.parametrize(("day", "timely"), [("09-20T09:00", True), ("10-25T09:00", False)])
def test_in_time(day: str, timely: bool) -> None:
    notice = past("09-08T09:00", "mail", "A1", result="sent", content="validation_notice")
    told = said("disputes", ("D1",), day)
    seen = view(file(notice, told), replace(proposed(), at=at("11-01T12:00")))
    assert bool(events(seen, Selector("disputes", timely=True), (), D1)) is timely
    assert bool(events(seen, Selector("disputes", timely=False), (), D1)) is not timely
