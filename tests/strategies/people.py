"""Consumers, addresses, zones, accounts, contact points and who else is on file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from engine import words
from engine.account import Account, Address, Collector, Consumer, Point, ZoneEvidence

from .moments import ZONES, days_near

NUMBERS = ("+16175550100", "+12125550100", "+13105550100", "+18085550100", "+16715550100", None)
PLACES = (("MA", "02108"), ("NY", "10001"), ("NY", "14604"), ("CA", "90012"), ("HI", "96813"),
          ("GU", "96910"), ("TX", "79901"))  # fmt: skip
OWN = (
    ("M1", "mobile"),
    ("M9", "mobile"),
    ("L1", "home_landline"),
    ("W1", "work_phone"),
    ("X1", "phone"),
    ("E1", "email_personal"),
    ("EW", "email_work"),
    ("A1", "home_mail"),
    ("AW", "work_mail"),
    ("V1", "home_visit"),
    ("VW", "work_visit"),
    ("WEB", "web_portal"),
    ("S1", "social_media_private"),
    ("S2", "social_media_public"),
)
OTHERS = (
    ("T1", "phone", "TP1", "third_party"),
    ("T2", "mobile", "SPOUSE1", "spouse"),
    ("T3", "work_phone", "EMP1", "employer"),
    ("T4", "phone", "ATTY1", "attorney"),
    ("T5", "home_landline", "HH1", "household_member"),
    ("T6", "home_mail", "REP1", "representative"),
    ("T7", "social_media_private", "TP1", "third_party"),
)
TYPES = ("credit_card", "medical", "student_loan", "mortgage", "unspecified")


@dataclass(frozen=True, slots=True)
class File:
    """Who owes what, and how they may be reached; no past yet."""

    consumers: Mapping[str, Consumer]
    accounts: Mapping[str, Account]
    points: Mapping[str, Point]
    collectors: Mapping[str, Collector]
    parties: Mapping[str, tuple[tuple[str, str], ...]]


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value, or nothing (which is the simpler)."""
    return st.none() | strategy


def seldom(draw: st.DrawFn, strategy: st.SearchStrategy[Any], chances: int = 6) -> Any:
    """The value once in so many draws, else None."""
    return draw(strategy) if draw(st.integers(0, chances - 1)) == chances - 1 else None


@st.composite
def addresses(draw: st.DrawFn, now: datetime) -> Address:
    """A residential or work address, now and then dated, superseded, bad or without a code."""
    state, code = draw(st.sampled_from(PLACES))
    return Address(
        kind="work" if draw(st.integers(0, 4)) == 4 else "residential",
        state=state,
        postal_code=None if draw(st.integers(0, 5)) == 5 else code,
        since=seldom(draw, days_near(now)),
        until=seldom(draw, days_near(now)),
        source=seldom(draw, st.sampled_from(("consumer", "creditor_file"))),
        known_bad=draw(st.integers(0, 9)) == 9,
    )


@st.composite
def consumers(draw: st.DrawFn, id: str, person: str, now: datetime) -> Consumer:
    """A consumer who is somewhere: by zones given outright, by addresses, or nowhere at all."""
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=0, max_size=2, unique=True))
    kinds = st.sampled_from(("residential_address", "work_address", "mobile_area_code"))
    return Consumer(
        id=id,
        person=person,
        deceased=draw(st.integers(0, 9)) == 9,
        surviving_spouse="SPOUSE1" if draw(st.integers(0, 5)) == 5 else None,
        addresses=tuple(draw(st.lists(addresses(now), max_size=2))),
        zone_evidence=tuple(ZoneEvidence(draw(kinds), zone) for zone in zones),
    )


@st.composite
def accounts(draw: st.DrawFn, id: str, owner: str, now: datetime) -> Account:
    """A debt; often a student loan that shares its servicing account."""
    dates = draw(st.dictionaries(st.sampled_from(words.ACCOUNT_DATES), days_near(now), max_size=3))
    return Account(
        id=id,
        consumer=owner,
        type=draw(st.sampled_from(TYPES)),
        fdcpa_covered=draw(st.sampled_from(words.TRI)),
        status=draw(st.sampled_from(("open", "open", "closed"))),
        dates=dates,
        servicing_account=draw(st.sampled_from((None, "S-1", "S-1", "S-2"))),
        original_amount=seldom(draw, st.sampled_from((Decimal(500), Decimal(501))), 3),
        hospital_debt=seldom(draw, st.booleans(), 3),
        lender_licence=draw(st.sampled_from((None, None, "none", "installment_loan"))),
        secured_by=seldom(draw, st.just("car"), 4),
        cosigned=seldom(draw, st.booleans(), 3),
        holder=draw(st.sampled_from((None, None, "creditor", "debt_buyer"))),
    )


def _number(draw: st.DrawFn, kind: str) -> str | None:
    return draw(st.sampled_from(NUMBERS)) if kind in words.PHONE_KINDS else None


@st.composite
def files(draw: st.DrawFn, now: datetime) -> File:
    """One consumer, now and then two rows of one human, or two humans who share a number."""
    second = draw(st.sampled_from(("", "", "", "same", "other")))
    people = {"P1": draw(consumers("P1", "P1", now))}
    if second:
        people["P2"] = draw(consumers("P2", "P1" if second == "same" else "P2", now))
    debts = {}
    for number in range(1, 1 + draw(st.sampled_from((1, 1, 2, 3)))):
        owner = draw(st.sampled_from(tuple(people)))
        debts[f"D{number}"] = draw(accounts(f"D{number}", owner, now))
    if "P1" not in {debt.consumer for debt in debts.values()}:
        debts["D1"] = draw(accounts("D1", "P1", now))
    points = {
        id: Point(id, kind, "P1", "consumer", "P1", _number(draw, kind),
                  seldom(draw, st.sampled_from(("emergency", "hospital_room")), 12))
        for id, kind in OWN
    }  # fmt: skip
    for id, kind, owner, role in OTHERS:
        points[id] = Point(id, kind, owner, role, "P1", _number(draw, kind))
    if second:
        shared = points["M1"].number if draw(st.booleans()) else _number(draw, "mobile")
        points["M2"] = Point("M2", "mobile", "P2", "consumer", "P2", shared)
    collector = Collector(
        role=draw(st.sampled_from(("third_party", *words.COLLECTOR_ROLES))),
        type=seldom(draw, st.just("mortgage_servicer"), 4),
        located_in=seldom(draw, st.sampled_from(("US-MA", "US-NY")), 3),
    )
    others = st.sampled_from((("SPOUSE1", "spouse"), ("CO1", "co_debtor"), ("P2", "co_debtor")))
    parties = {"D1": (draw(others),)} if draw(st.integers(0, 3)) == 3 else {}
    return File(people, debts, points, {collector.id: collector}, parties)
