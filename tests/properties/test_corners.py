"""Corners in which engine and model once differed, each by hand and as small as it gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from engine.account import Account, Address, Collector, Consumer, Point, ZoneEvidence
from engine.cases.people import roles
from engine.history import Contact, Group, Statement
from engine.kinds import Block, Body, Limit, Wait, Window
from engine.rule import Ask, Exclusion, Happened, Period, Selector
from tests.comparing import (
    PLAIN,
    ask_engine,
    ask_model,
    differences,
    fact_of_engine,
    fact_of_model,
)

NOW = datetime(2026, 9, 9, 16, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEW_YORK, GUAM, LOS_ANGELES = (
    (ZoneEvidence("residential_address", zone),)
    for zone in ("America/New_York", "Pacific/Guam", "America/Los_Angeles")
)
MOBILE = Point("M1", "mobile", "P1", "consumer", "P1")
LETTERS = Point("A1", "home_mail", "P1", "consumer", "P1")
NEIGHBOUR = Point("T1", "phone", "TP1", "third_party", "P1")
SHARED = "+16175550123"
CALL = Contact("proposed", NOW, "call", "M1", debts=("D1",))
TWO_DEBTS = {"D1": Account("D1", "P1"), "D2": Account("D2", "P1")}
SEVEN_DAYS = Period(7, "day")
ATTEMPTS = Selector("attempts")
ONE_A_WEEK = Limit(1, ATTEMPTS, ("person", "particular_debt"), SEVEN_DAYS)


def group(**parts: Any) -> Group:
    """One consumer in New York with one debt, and what is put in its place."""
    plain: dict[str, Any] = {
        "consumers": {"P1": Consumer("P1", "P1", zone_evidence=NEW_YORK)},
        "accounts": {"D1": Account("D1", "P1")},
        "points": {"M1": MOBILE, "A1": LETTERS, "T1": NEIGHBOUR},
        "collectors": {"this_collector": Collector()},
    }
    named = roles(parts.get("statements", ()), parts.get("contacts", ()))
    return Group(**({"roles": named} | plain | parts))


def said(kind: str, value: Any, at: datetime = NOW - 3 * DAY, **more: Any) -> Statement:
    """A statement, three days old."""
    return Statement(kind, kind, more.pop("origin", "statement"), value, at, **more)


def call(**more: Any) -> Contact:
    """A call of an hour ago."""
    return Contact("c1", NOW - HOUR, "call", "M1", **more)


ATTORNEY = said("represented_by", "ATTY1", NOW - 10 * DAY)
FACTS: dict[str, tuple[str, Any, Group, Contact]] = {
    "another collector's talk is no first communication of ours": (
        "initial_communication_made", None,
        group(contacts=(call(result="conversation", attributed_to=("D1",), collector="another"),)),
        CALL,
    ),
    "a call without a result is no talk that meets a need": (
        "spoke_or_wrote", None, group(contacts=(call(attributed_to=("D1",)),)), CALL,
    ),
    "a call without a result may have been the first communication": (
        "initial_communication_made", None, group(contacts=(call(attributed_to=("D1",)),)), CALL,
    ),
    "a co-debtor on the account is somebody else who is liable": (
        "cosigned", None, group(parties={"D1": (("CO1", "co_debtor"),)}), CALL,
    ),
    "a dispute that says nothing new repeats only one that was answered": (
        "dispute_open", None,
        group(statements=(said("disputes", ("D1",), by="P1", more={"new_information": False}),)),
        CALL,
    ),
    "a date of the account to come has not happened": (
        "happened", Happened(Selector("final_invoice_due")),
        group(accounts={"D1": Account("D1", "P1", dates={"final_invoice_due": date(2026, 9, 12)})}),
        CALL,
    ),
    "only the person called can ask to be called": (
        "asked_to_be_called", None,
        group(statements=(said("asks_to_be_called", {}, NOW - HOUR, by="TP1"),)), CALL,
    ),
    "only the person called can consent to calls": (
        "in_call_consent", None,
        group(statements=(said("consents_to_call", {}, by="TP1"),)), CALL,
    ),
    "an opt-out is confirmed to the one who opted out": (
        "opt_out_confirmation_open", None,
        group(statements=(said("stop_medium", "call", by="P1", medium="email"),)),
        replace(CALL, point="T1"),
    ),
    "consent told to the creditor has not been given to us": (
        "happened", Happened(Selector("consents_to_text")),
        group(statements=(said("consents_to_text", ("M1",), by="P1", to="creditor"),)), CALL,
    ),
    "consent to texts by name is none to e-mail": (
        "happened", Happened(Selector("consents_to_medium")),
        group(statements=(said("consents_to_medium", "text", by="P1"),)),
        replace(CALL, channel="email"),
    ),
    "consent to calls is consent to voicemail": (
        "happened", Happened(Selector("consents_to_medium")),
        group(statements=(said("consents_to_medium", "call", by="P1"),)),
        replace(CALL, channel="voicemail"),
    ),
    "consent to voicemail is none to calls": (
        "happened", Happened(Selector("consents_to_medium")),
        group(statements=(said("consents_to_medium", "voicemail", by="P1"),)), CALL,
    ),
    "a selector may ask for words about another medium": (
        "happened", Happened(Selector("stop_medium", channels=frozenset({"text"}))),
        group(statements=(said("stop_medium", "text", by="P1"),)), CALL,
    ),
    "a call to a telephone of unknown kind is no sure attempt at home": (
        "happened", Happened(Selector("attempts", to=frozenset({"home_landline", "home_visit"}))),
        group(
            points={"M1": MOBILE, "X1": Point("X1", "phone", "P1", "consumer", "P1")},
            contacts=(replace(call(result="no_answer", attributed_to=("D1",)), point="X1"),),
        ),
        CALL,
    ),
    "a text to a telephone of unknown kind is electronic": (
        "happened", Happened(Selector("attempts", to=frozenset({"email_personal", "electronic"}))),
        group(
            points={"M1": MOBILE, "X1": Point("X1", "phone", "P1", "consumer", "P1")},
            contacts=(Contact("c1", NOW - HOUR, "text", "X1", result="sent",
                              attributed_to=("D1",)),),
        ),
        CALL,
    ),
    "an emergency declared in Maryland is none in the District": (
        "happened", Happened(Selector("public_health_emergency", places=frozenset({"US-DC"}))),
        group(statements=(said("public_health_emergency", "US-MD", origin="knowledge"),)), CALL,
    ),
    "a number refused is refused in whosever file it was noted": (
        "address_stopped", None,
        group(
            consumers={
                "P1": Consumer("P1", "P1", zone_evidence=NEW_YORK),
                "P2": Consumer("P2", "P2", zone_evidence=NEW_YORK),
            },
            statements=(said("do_not_use_number", "M1", by="P1", consumer="P2"),),
        ),
        CALL,
    ),
    "an opt-out binds whoever made it, in whosever file it was noted": (
        "medium_stopped", None,
        group(
            consumers={
                "P1": Consumer("P1", "P1", zone_evidence=NEW_YORK),
                "P2": Consumer("P2", "P2", zone_evidence=NEW_YORK),
            },
            statements=(said("stop_medium", "call", by="P1", consumer="P2"),),
        ),
        CALL,
    ),
    "a call for the spouse at the consumer's number is a call to it": (
        "medium_stopped", None,
        group(statements=(said("stop_medium", "call", by="P1"),)),
        replace(CALL, intended_for="SPOUSE1"),
    ),
    "a debt buyer's debts are held by a debt buyer": (
        "held_by_debt_buyer", None,
        group(collectors={"this_collector": Collector(role="debt_buyer")}), CALL,
    ),
    "a letter that came back makes its address a bad one": (
        "known_bad_address", None,
        group(contacts=(Contact("c1", NOW - HOUR, "mail", "A1", result="undeliverable"),)),
        replace(CALL, channel="mail", point="A1"),
    ),
    "the consumer cannot consent in the attorney's place": (
        "attorney_consents", None,
        group(statements=(
            ATTORNEY, said("attorney_consents_to_direct_contact", ("D1",), by="P1"),
        )),
        CALL,
    ),
    "a letter written before the attorney acted was not to him": (
        "attorney_silent", None,
        group(statements=(ATTORNEY, said("attorney_written_to", date(2026, 8, 1)))), CALL,
    ),
    "an attorney is not silent since before he acted": (
        "attorney_silent", None,
        group(statements=(ATTORNEY, said("attorney_unanswered_since", date(2026, 8, 1)))), CALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_in_a_corner(name: str) -> None:
    fact, parameter, known, contact = FACTS[name]
    ask = Ask(fact, parameter)
    assert fact_of_engine(ask, known, contact) == fact_of_model(ask, known, contact)


RULES: dict[str, tuple[Body, dict[str, Any], Group, Contact]] = {
    "a servicer of a debt in default is a servicer all the same": (
        Block(), {"collectors": frozenset({"servicer", "servicer_in_default"})},
        group(collectors={"this_collector": Collector(role="servicer")}), CALL,
    ),
    "a servicer whose coverage is unknown is what the dates say": (
        Block(), {"collectors": frozenset({"third_party", "law_firm", "servicer_in_default"})},
        group(
            collectors={"this_collector": Collector(role="servicer")},
            accounts={"D1": Account("D1", "P1", dates={
                "defaulted": date(2026, 9, 5), "placed": date(2026, 9, 1),
            })},
        ),
        CALL,
    ),
    "what another row of the same human knows of zones counts": (
        Window(time(8), time(21)), {},
        group(consumers={
            "P1": Consumer("P1", "P1", zone_evidence=NEW_YORK),
            "P2": Consumer("P2", "P1", zone_evidence=GUAM),
        }),
        CALL,
    ),
    "an address holds to the end of its last local day": (
        Block(), {"place": "US-MA", "act": "US-MA"},
        group(consumers={"P1": Consumer("P1", "P1", addresses=(
            Address(state="MA", postal_code="02108", until=date(2026, 9, 9)),
        ))}),
        replace(CALL, at=datetime(2026, 9, 10, 2, tzinfo=UTC)),
    ),
    "another collector's call starts no wait of ours": (
        Wait(ATTEMPTS, ("person", "particular_debt"), SEVEN_DAYS), {},
        group(contacts=(call(result="conversation", attributed_to=("D1",), collector="another"),)),
        CALL,
    ),
    "no call is the same call unless one is in progress": (
        Window(time(8), time(9)), {}, group(), replace(CALL, flags={"same_call": True}),
    ),
    "a limit since a date nobody recorded refuses": (
        Limit(1, ATTEMPTS, ("person", "particular_debt"), since=Selector("defaulted")), {},
        group(), CALL,
    ),
    "a co-debtor with a file of his own is called on his own clock": (
        Window(time(8), time(9, 30)), {},
        group(
            consumers={
                "P1": Consumer("P1", "P1", zone_evidence=LOS_ANGELES),
                "P2": Consumer("P2", "P2", zone_evidence=NEW_YORK),
            },
            points={"M2": Point("M2", "mobile", "P2", "consumer", "P2")},
        ),
        replace(CALL, point="M2", consumer="P2"),
    ),
    "a call asked for leaves no count before it is a talk": (
        Limit(0, Selector("attempts", not_=(Exclusion(("returned_at_request",)),)),
              ("person", "particular_debt"), SEVEN_DAYS), {},
        group(statements=(said("asks_to_be_called", {"debt": "D1"}, by="P1", medium="oral"),)),
        CALL,
    ),
    "a limit per workplace does not apply elsewhere": (
        Limit(1, ATTEMPTS, ("workplace",), SEVEN_DAYS), {}, group(), CALL,
    ),
    "a neighbour is not of the household": (
        Limit(1, ATTEMPTS, ("household",), SEVEN_DAYS), {},
        group(contacts=(call(result="no_answer", attributed_to=("D1",)),)),
        replace(CALL, point="T1"),
    ),
    "a letter about no debt on record ends no hold of two": (
        Wait(Selector("disputes"), ("particular_debt",), until=Selector(
            "communications", content=frozenset({"verification"}))), {},
        group(
            accounts=TWO_DEBTS,
            statements=(said("disputes", ("D1",), by="P1"),),
            contacts=(Contact("c1", NOW - HOUR, "mail", "A1", result="sent",
                              content="verification"),),
        ),
        CALL,
    ),
    "a phone that two consumers share is one point": (
        Limit(1, ATTEMPTS, ("point",), SEVEN_DAYS), {},
        group(
            consumers={
                "P1": Consumer("P1", "P1", zone_evidence=NEW_YORK),
                "P2": Consumer("P2", "P2", zone_evidence=NEW_YORK),
            },
            accounts={"D1": Account("D1", "P1"), "D2": Account("D2", "P2")},
            points={"M1": replace(MOBILE, number=SHARED),
                    "M2": Point("M2", "mobile", "P2", "consumer", "P2", SHARED)},
            contacts=(Contact("c1", NOW - HOUR, "call", "M2", result="no_answer",
                              attributed_to=("D2",), consumer="P2"),),
        ),
        replace(CALL, consumer="P1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_in_a_corner(name: str) -> None:
    body, scope, known, contact = RULES[name]
    rule = replace(PLAIN, body=body, **scope)
    decision = ask_engine([rule], known, contact)
    assert differences(decision, ask_model([rule], known, contact)) == []


def test_one_a_week_is_one_a_week() -> None:
    rule = replace(PLAIN, body=ONE_A_WEEK)
    before = group(contacts=(call(result="no_answer", attributed_to=("D1",)),))
    assert ask_model([rule], group(), CALL).findings[0][0] == "structural/address_unknown"
    assert ("an_act/plain", "prohibition") in ask_model([rule], before, CALL).findings
