"""What a contact counts as, what a statement names, and whether it is in writing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import words
from engine.history import (
    concerns,
    counts_as,
    effective_contents,
    effective_purposes,
    is_receipt,
    listed,
    proposed_counts,
    technology,
    written,
)
from tests.telling import past, proposed, said

EVERYTHING = {"attempts", "connected", "communications", "conversations"}


@pytest.mark.parametrize("result", words.RESULTS)
def test_an_outbound_call_counts_as_the_table_says(result: str) -> None:
    expected = {"attempts"} if result == "undeliverable" else words.RESULTS[result]
    assert counts_as(past("09-17T10:00", result=result)) == expected


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("call", EVERYTHING),
        ("visit", EVERYTHING),
        ("voicemail", {"attempts", "connected", "communications"}),
        ("text", {"attempts", "communications"}),
        ("mail", {"attempts", "communications"}),
        ("furnish_to_cra", {"attempts"}),
    ],
)
def test_a_result_left_out_is_all_its_channel_can_be(channel: str, expected: set[str]) -> None:
    assert counts_as(past("09-17T10:00", channel, result=None)) == expected


def test_a_voicemail_that_arrived_was_left() -> None:
    for result in ("sent", "delivered"):
        found = counts_as(past("09-17T10:00", "voicemail", result=result))
        assert found == {"attempts", "connected", "communications"}


@pytest.mark.parametrize(
    ("channel", "result", "communicates"),
    [
        ("call", "voicemail_left", False),
        ("voicemail", None, False),
        ("voicemail", "delivered", False),
        ("call", "conversation", True),
        ("text", "delivered", True),
    ],
)
def test_a_limited_content_message_is_a_voicemail(
    channel: str, result: str | None, communicates: bool
) -> None:
    one = past("09-17T10:00", channel, result=result, content="limited_content_message")
    assert ("communications" in counts_as(one)) is communicates


def test_what_comes_in_is_no_attempt() -> None:
    one = past("09-17T10:00", result="conversation", direction="in")
    assert counts_as(one) == {"communications", "conversations"}


def test_receipts_are_no_contacts() -> None:
    assert is_receipt(past("09-17T10:00", "email", result="undeliverable", direction="in"))
    assert is_receipt(past("09-17T10:00", "email", result="delivered", direction="in"))
    assert not is_receipt(past("09-17T10:00", "email", result="delivered"))
    assert not is_receipt(past("09-17T10:00", "email", result="undeliverable"))
    assert not is_receipt(past("09-17T10:00", "email", result="received", direction="in"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        (True, ()),
        ("D1", ("D1",)),
        (("D1", "D2"), ("D1", "D2")),
        ([{"debt": "D1", "amount": "120.00"}, "D2"], ("D1", "D2")),
        ([{"from": "08:00"}], ()),
        (7, ("7",)),
    ],
)
def test_the_ids_in_a_value(value: object, expected: tuple[str, ...]) -> None:
    assert listed(value) == expected


def test_naming_none_names_all() -> None:
    assert concerns(None, ("D1",))
    assert concerns(True, ("D1",))
    assert concerns(["D1"], ("D1", "D2"))
    assert not concerns(["D3"], ("D1", "D2"))


def test_a_purpose_that_is_a_content_implies_it() -> None:
    notice = proposed("mail", "A1", purpose="validation_notice")
    assert effective_contents(notice) == {"validation_notice"}
    assert effective_purposes(notice) == {"validation_notice"}
    plain = proposed("mail", "A1", content="verification")
    assert effective_purposes(plain) == {"collection", "verification"}
    assert effective_contents(plain) == {"verification"}
    assert effective_contents(proposed()) == set()


@pytest.mark.parametrize(
    ("channel", "more", "expected"),
    [
        ("call", {}, EVERYTHING),
        ("visit", {}, EVERYTHING),
        ("text", {}, {"attempts", "connected", "communications"}),
        ("call", {"content": "limited_content_message"}, {"attempts", "connected"}),
        ("call", {"result": "no_answer"}, {"attempts", "connected"}),
    ],
)
def test_the_proposed_contact_is_all_it_may_become(
    channel: str, more: dict[str, str], expected: set[str]
) -> None:
    assert proposed_counts(proposed(channel, **more)) == expected


def test_technology_not_told() -> None:
    assert technology(proposed(), past=False) == "manual"
    assert technology(past("09-17T10:00"), past=True) == "prerecorded"
    assert technology(proposed(technology="autodialled"), past=True) == "autodialled"
    assert technology(proposed(flags={"autodialled": True}), past=True) == "autodialled"
    both = {"autodialled": True, "prerecorded": True}
    assert technology(proposed(flags=both), past=False) == "prerecorded"


def test_in_writing() -> None:
    one = said("cease", ("D1",), "09-10T09:00")
    assert written(one)
    assert not written(replace(one, medium="oral"))
    assert written(replace(one, medium="email"))
    assert not written(replace(one, medium="email", accepted_medium=False))
