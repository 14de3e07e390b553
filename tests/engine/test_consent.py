"""Consent to be called, requests to be called, and replies: what opens them and what ends them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine import Consumer, Contact, Statement
from engine.facts.consent import (
    asked_to_be_called,
    in_call_consent,
    past_call_consented,
    reply_open,
    returned_at_request,
)
from engine.facts.wishes import address_stopped, consents_to_prerecorded, consents_to_text
from tests.telling import at, day_view, file, past, proposed, said, view

D = frozenset({"D1"})
YES_NO = ("yes", "no")
CONSENT = said("consents_to_call", {}, "09-16T09:00")  # the 16th is a Wednesday


def consented(*happened: Contact | Statement, **more: object) -> bool:
    return in_call_consent(view(file(*happened), **more), D)


@pytest.mark.parametrize(("day", "covered"), [("22", True), ("23", False)])
def test_seven_days_the_day_of_consent_being_the_first(day: str, covered: bool) -> None:
    asked = replace(proposed(), at=at(f"09-{day}T12:00"))
    assert in_call_consent(view(file(CONSENT), asked), D) is covered


@pytest.mark.parametrize(
    ("value", "covered"),
    [
        ({"debt": ("D1",)}, True),
        ({"debt": ("D2",)}, False),
        ({"number": "M1"}, True),
        ({"number": "L1"}, False),
        ({"date": date(2026, 9, 18)}, True),
        ({"date": at("09-18T15:00")}, True),
        ({"date": "2026-09-18"}, True),
        ({"date": date(2026, 9, 19)}, False),
        ({"on": "fri"}, True),
        ({"on": "friday"}, True),
        ({"on": "unspecified"}, True),
        ({"on": "mon"}, False),
        ({"until": date(2026, 9, 19)}, True),
        ({"until": "2026-09-18"}, False),
        ({"until": "2026-09-18T12:30-04:00"}, True),
        ({"until": "2026-09-18T12:00-04:00"}, False),
        (True, True),
    ],
)
def test_consent_covers_what_it_says(value: object, covered: bool) -> None:
    assert consented(replace(CONSENT, value=value)) is covered


def test_consent_is_of_calls_and_told_to_us() -> None:
    assert not in_call_consent(view(file(CONSENT), proposed("text")), D)
    assert in_call_consent(view(file(CONSENT), proposed("voicemail")), D)
    assert not consented(replace(CONSENT, to="creditor"))
    assert not consented(replace(CONSENT, received=at("09-18T13:00")))


def test_what_ends_consent() -> None:
    revoked = said("revokes_consent_to_call", True, "09-17T09:00")
    assert not consented(CONSENT, revoked)
    assert not consented(CONSENT, replace(revoked, value="D1"))
    assert consented(CONSENT, replace(revoked, value="D2"))
    assert consented(CONSENT, replace(revoked, received=at("09-15T09:00")))
    talk = past("09-17T09:00", result="conversation")
    assert not consented(CONSENT, talk)
    assert not consented(CONSENT, replace(talk, attributed_to=None))
    assert consented(CONSENT, replace(talk, attributed_to=("D2",)))
    assert consented(CONSENT, replace(talk, result="no_answer"))
    assert consented(CONSENT, replace(talk, channel="visit"))
    assert consented(CONSENT, replace(talk, reached="TP1"))
    assert consented(CONSENT, replace(talk, at=at("09-16T09:00")))


def test_consent_for_a_whole_day() -> None:
    group = file(CONSENT)
    assert in_call_consent(day_view(group, day=date(2026, 9, 22)), D)
    ends = file(replace(CONSENT, value={"until": "2026-09-22T15:00-04:00"}))
    assert in_call_consent(day_view(ends, day=date(2026, 9, 21)), D)
    assert not in_call_consent(day_view(ends, day=date(2026, 9, 22)), D)


def test_a_past_call_as_consent_then_stood() -> None:
    call = past("09-17T10:00")
    seen = view(file(CONSENT, call))
    assert past_call_consented(seen, call, D)
    assert past_call_consented(seen, replace(call, attributed_to=("D2",)), D)
    assert not past_call_consented(seen, replace(call, direction="in"), D)
    assert not past_call_consented(seen, replace(call, channel="text"), D)
    assert not past_call_consented(seen, replace(call, at=at("09-15T10:00")), D)


REQUEST = said("asks_to_be_called", {}, "09-18T09:00")


def test_a_request_to_be_called_holds_that_day() -> None:
    assert asked_to_be_called(view(file(REQUEST)), D)
    assert asked_to_be_called(view(file(replace(REQUEST, value={"debt": "D1"}))), D)
    assert asked_to_be_called(view(file(replace(REQUEST, value=True))), D)
    assert not asked_to_be_called(view(file(replace(REQUEST, value={"debt": "D2"}))), D)
    assert not asked_to_be_called(view(file(replace(REQUEST, received=at("09-17T09:00")))), D)
    assert consented(REQUEST)


def test_the_first_conversation_since_the_request() -> None:
    first = past("09-18T10:00", result="conversation")
    second = past("09-18T11:00", result="conversation")
    seen = view(file(REQUEST, first, second))
    assert returned_at_request(seen, first, D)
    assert not returned_at_request(seen, second, D)
    assert not returned_at_request(seen, replace(first, at=at("09-18T08:00")), D)
    other = view(file(replace(REQUEST, value={"debt": "D2"}), first))
    assert not returned_at_request(other, first, D)
    untold = view(file(replace(REQUEST, value=True), first))
    assert returned_at_request(untold, first, D)


# -- replies

REPLY = {"flags": {"reply_to_consumer": True}}


def text_in(when: str, point: str = "M1", channel: str = "text") -> Contact:
    return past(when, channel, point, result="received", direction="in")


def opened(word: str | tuple[str, ...], *happened: Contact | Statement, **more: object) -> bool:
    asked = replace(proposed("text", **REPLY), **more)  # type: ignore[arg-type]
    return reply_open(view(file(*happened), asked), word)


NIGHT = {"at": at("09-18T22:30")}
WENT_OUT = past("09-18T22:10", "text", "M1", result="sent")


def test_a_reply_at_night() -> None:
    assert opened("hours", text_in("09-18T22:00"), **NIGHT)
    assert not opened("hours", text_in("09-18T22:00"), flags={}, **NIGHT)
    assert not opened("hours", text_in("09-18T20:00"), **NIGHT)
    assert not opened("hours", text_in("09-18T22:00"))
    assert not opened("hours", text_in("09-18T22:00"), WENT_OUT, **NIGHT)
    assert opened("hours", text_in("09-18T22:00"), replace(WENT_OUT, channel="mail"), **NIGHT)
    assert not opened("hours", text_in("09-18T22:00"), point="M8", **NIGHT)
    assert opened("hours", text_in("09-18T22:00"), at=at("09-19T07:00"))


def test_the_consumers_own_hours() -> None:
    lunch = said("inconvenient", {"from": "11:00", "to": "13:00"}, "09-01T09:00")
    assert opened("own_hours", lunch, text_in("09-18T11:30"))
    assert not opened("own_hours", lunch, text_in("09-18T10:30"))
    assert not opened("own_hours", text_in("09-18T11:30"))


def test_another_channel_only_where_any_will_do() -> None:
    mail = text_in("09-18T22:00", "E1", "email")
    assert not opened("hours", mail, **NIGHT)
    assert opened(("hours", "any_channel"), mail, **NIGHT)
    call = text_in("09-18T22:00", channel="voicemail")
    assert opened("hours", call, channel="call", **NIGHT)
    assert not opened(("hours", "any_channel"), mail, replace(WENT_OUT, channel="mail"), **NIGHT)


def test_a_talk_answers_itself() -> None:
    talk = replace(text_in("09-18T22:00"), channel="call", result="conversation")
    assert not opened("hours", talk, channel="call", **NIGHT)
    running = replace(talk, flags={"call_in_progress": True})
    assert opened("hours", running, channel="call", **NIGHT)


@pytest.mark.parametrize(
    ("proposed_to", "came_from", "opens"),
    [
        ("L1", "V1", True),
        ("L1", "M1", False),
        ("W1", "EW1", True),
        ("W1", "E1", False),
        ("M1", "M1", True),
        ("M1", "L1", False),
        ("L1", "gone", False),
        ("gone", "L1", False),
    ],
)
def test_a_place_answers_what_came_from_it(proposed_to: str, came_from: str, opens: bool) -> None:
    found = opened(("place", "any_channel"), text_in("09-18T09:00", came_from), point=proposed_to)
    assert found is opens
    yesterday = text_in("09-17T09:00", came_from)
    assert not opened(("place", "any_channel"), yesterday, point=proposed_to)


def test_an_attorney_a_medium_an_address() -> None:
    attorney = said("represented_by", "ATTY1", "09-17T09:00")
    assert opened("attorney", attorney, text_in("09-17T10:00"))
    assert not opened("attorney", attorney, text_in("09-17T09:00"))
    assert not opened("attorney", text_in("09-17T10:00"))
    stop = said("stop_medium", "text", "09-17T09:00")
    assert opened("medium", stop, text_in("09-17T10:00"))
    address = said("opt_out_address", "M1", "09-17T09:00")
    assert opened("address", address, text_in("09-17T10:00"))
    assert not opened("address", address, text_in("09-17T10:00", "M8"))


def test_a_reply_is_open_seven_days_at_most() -> None:
    attorney = said("represented_by", "ATTY1", "09-01T09:00")
    assert opened("attorney", attorney, text_in("09-12T10:00"))
    assert not opened("attorney", attorney, text_in("09-11T10:00"))


@pytest.mark.parametrize("word", ["cease", "cease_or_refusal", "refuses_to_pay"])
def test_what_comes_after_a_notice_to_stop_may_be_answered(word: str) -> None:
    stop = said(word, ("D1",), "09-15T09:00")
    assert opened("cease", stop, text_in("09-17T10:00"))
    assert not opened("cease", stop, text_in("09-15T09:00"))
    assert not opened("cease", stop, text_in("09-17T10:00"), past("09-17T11:00", "text"))
    assert not opened("cease", text_in("09-17T10:00"))
    assert not opened("cease", said(word, ("D1",), "09-01T09:00"), text_in("09-11T10:00"))


def test_a_stranger_in_the_group_takes_nothing_back() -> None:
    other = Consumer("P2", "P2")
    revoked = replace(said("revokes_consent_to_call", True, "09-17T09:00"), consumer="P2", by="P2")
    group = file(CONSENT, revoked)
    group = replace(group, consumers={**group.consumers, "P2": other})
    assert in_call_consent(view(group), D)
    mine = replace(revoked, consumer="P1", by="P1")
    assert not in_call_consent(view(replace(group, statements=(CONSENT, mine))), D)


def test_a_past_call_is_under_the_consent_of_whoever_was_called() -> None:
    call = past("09-17T09:00", result="no_answer")
    assert past_call_consented(view(file(CONSENT, call)), call, D)
    for more in ({"intended_for": "SPOUSE1"}, {"reached": "SPOUSE1"}):
        to_another = replace(call, **more)
        assert not past_call_consented(view(file(CONSENT, to_another)), to_another, D)
    theirs = replace(CONSENT, by="SPOUSE1")  # no word of whoever is contacted now
    assert not past_call_consented(view(file(theirs, to_another)), to_another, D)


def test_consent_to_texts_is_given_to_us_and_to_recorded_calls_may_stand_in_a_file() -> None:
    told = said("consents_to_text", ("M1",), "09-16T09:00")
    reported = replace(told, origin="knowledge", source="creditor_file")
    assert (consents_to_text(view(file(told))), consents_to_text(view(file(reported)))) == YES_NO
    stop = said("opt_out_number_text", ("M1",), "09-15T09:00")
    texts = proposed("text")
    assert address_stopped(view(file(stop, told), texts)) == "no"
    assert address_stopped(view(file(stop, reported), texts)) == "yes"
    at_once = replace(stop, received=told.received)
    assert address_stopped(view(file(at_once, told), texts)) == "yes"
    assert consents_to_text(view(file(at_once, told))) == "no"
    calls = replace(reported, kind="consents_to_prerecorded_calls")
    assert consents_to_prerecorded(view(file(calls))) == "yes"


def test_no_consent_stands_for_a_strangers_number() -> None:
    told = said("consents_to_text", ("M1",), "09-10T09:00")
    calls = replace(told, kind="consents_to_prerecorded_calls")
    wrong = said("number_not_consumers", "M1", "09-12T09:00")
    assert consents_to_text(view(file(told, wrong))) == "no"
    assert consents_to_prerecorded(view(file(calls, wrong))) == "no"
