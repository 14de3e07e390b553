"""Every word a rule may count, wait or ask by, once each: columns say what plain functions say.

Draws (test_columns.py) meet most words in passing; here none is left to chance. One portfolio, with
a past on both sides of every period, is decided by one rule at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from engine import words
from engine.facts import catalogue
from engine.kinds import Agreed, Block, Body, Limit, Notice, Require, Wait, Window
from engine.panel import Panel
from engine.rule import AllOf, AnyOf, Ask, Exclusion, Happened, Period, Rule, Selector
from engine.rulebook import Rulebook
from scheduler.portfolio_checks import row_problems
from tests.comparing import PLAIN, TwinPanel, book_of, rule_asking
from tests.parting import NOW, decided, differences, made, part_of
from tests.strategies.portfolios import Portfolio
from tests.strategies.rules import AGES, LASTING, LOOKING_BACK

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
DAYS = (0, 1, 2, 3, 4, 6, 7, 8, 13, 14, 29, 30, 31, 32, 61)
RESULTS = ("no_answer", "conversation", None, "voicemail_left")
PEOPLE = ("H1", "H1", "SPOUSE1", "ATTY1", "EMP1", "HH1")
ROLES = ("consumer", "consumer", "spouse", "attorney", "employer", "household_member")
KINDS = ("mobile", "work_phone", "mobile", "work_phone", "work_phone", "home_landline")
LINES = ("emergency", None, None, None, "hospital_room", None)
EVERY_PERIOD = tuple(dict.fromkeys((*LOOKING_BACK, Period(2, "business_day"))))


def portfolio() -> Portfolio:
    """Two people in two places, one without a written law; six numbers, one of them shared."""
    numbers = [f"+1617555010{n}" for n in range(6)]
    points = [
        {"point": f"T{n}", "number": number, "owner": owner, "whom": whom, "kind": kind,
         "special_line": line}
        for n, (number, owner, whom, kind, line) in enumerate(
            zip(numbers, PEOPLE, ROLES, KINDS, LINES, strict=True), 1)
    ]  # fmt: skip
    other = {"consumer": "C2", "owner": "H2", "whom": "consumer"}
    points += [
        {**other, "point": "U1", "number": numbers[0], "kind": "mobile"},
        {**other, "point": "U2", "number": None, "kind": "email_personal"},
        {"point": "T7", "owner": "H1", "whom": "consumer", "kind": "phone", "number": None},
    ]
    contacts = [
        {"contact": f"K{n:02}", "point": f"T{n % 6 + 1}", "at": NOW - timedelta(days=days, hours=n),
         "result": RESULTS[n % 4], "attributed_to": None if n % 5 == 4 else [f"A{n % 3 + 1}"],
         "reached": PEOPLE[n % 6] if RESULTS[n % 4] == "conversation" else None,
         "message_possible": None if n % 3 else False}
        for n, days in enumerate(DAYS + DAYS)
    ]  # fmt: skip
    contacts += [
        {"contact": "M1", "channel": "text", "point": "T1", "result": "delivered"},
        {"contact": "M2", "channel": "email", "point": "U2", "result": "sent", "consumer": "C2",
         "attributed_to": ["B1"]},
        {"contact": "M3", "channel": "mail", "point": None, "result": "undeliverable"},
        {"contact": "M4", "direction": "in", "point": "T2", "result": "conversation",
         "reached": "H1"},
    ]  # fmt: skip
    return made(
        consumers=[{"consumer": "C1", "person": "H1"}, {"consumer": "C2", "person": "H2"}],
        accounts=[
            {"account": "A1", "delinquent_since": date(2026, 8, 1), "defaulted": date(2026, 9, 7),
             "original_amount": Decimal("499.99"), "judgment": date(2026, 9, 1)},
            {"account": "A2", "type": "medical", "defaulted": date(2020, 9, 14),
             "original_amount": Decimal("500.01"), "cosigned": True, "holder": "debt_buyer"},
            {"account": "A3", "judgment": date(2026, 12, 1), "lender_licence": "none"},
            {"account": "B1", "consumer": "C2", "last_payment": date(2023, 9, 14)},
        ],
        account_parties=[{"account": "A3", "person": "H2"}],
        contact_points=points,
        addresses=[{}, {"consumer": "C2", "state": "HI", "postal_code": "96813"}],
        contacts=contacts,
        statements=[
            {"kind": "agrees_to_messages", "by": "H1",
             "value": '{"max": 1, "within": "3 days"}'},
            {"kind": "consents_to_calls_until", "by": "H1", "value": '"20:00"',
             "during_lawful_contact": True},
            {"consumer": "C2", "kind": "consents_to_calls_until", "by": "H2", "value": '"20:00"',
             "during_lawful_contact": False},
            {"kind": "represented_by", "by": "H1", "value": '"ATTY1"', "accounts": ["A2"]},
            {"kind": "revokes_consent_to_call", "by": "SPOUSE1", "value": "true"},
            {"kind": "consents_to_call", "by": "H1", "accounts": ["A1"]},
        ],
    )  # fmt: skip


def limit(**more: object) -> Body:
    """At most two attempts a week about an account, or what else is said."""
    plain = {
        "max": 2,
        "counting": Selector("attempts"),
        "per": ("person", "particular_debt"),
        "within": Period(7, "day"),
    }
    return Limit(**{**plain, **more})  # type: ignore[arg-type]


def wait(**more: object) -> Body:
    """A week after a conversation about an account, or what else is said."""
    plain = {
        "after": Selector("conversations"),
        "per": ("person", "particular_debt"),
        "for_": Period(7, "day"),
    }
    return Wait(**{**plain, **more})  # type: ignore[arg-type]


def bodies() -> Iterator[tuple[str, Body]]:
    for period in EVERY_PERIOD:
        yield f"limit within {period.count} {period.unit}", limit(within=period)
    for unit in words.UNITS:
        yield f"limit per {unit}", limit(per=(unit,))
        yield f"wait per {unit}", wait(per=(unit,))
        mailed = Selector("attempts", channels=frozenset({"mail"}))
        yield f"hold per {unit}", wait(per=(unit,), for_=None, until=mailed)
        dated = wait(after=Selector("defaulted"), per=(unit,))
        yield f"wait from a date per {unit}", dated
    for word in words.EXCLUSIONS:
        out = Exclusion((word,), 3 if word == "returned_within" else None)
        yield f"limit but {word}", limit(counting=Selector("attempts", not_=(out,)))
        yield f"wait but {word}", wait(exempt=(out,), after=Selector("attempts", not_=(out,)))
    both = Exclusion(("not_connected", "no_message_possible"))
    yield "limit but both", limit(counting=Selector("attempts", not_=(both,)))
    for lasting in (*LASTING, Period(2, "month")):
        for first in ("event", "next"):
            name = f"wait {lasting.count} {lasting.unit} {first}"
            yield name, wait(for_=lasting, first_day=first)
    yield "limit as agreed", limit(max=Agreed(2, "messages_max"))
    yield "limit within as agreed", limit(agreed_within="messages_within")
    yield "limit since", limit(within=None, since=Selector("represented_by"))
    yield "limit since a date", limit(within=None, since=Selector("defaulted"))
    for to in ({"mobile", "electronic"}, {"work_phone", "-electronic"}, {"email_personal"}):
        chosen = Selector("attempts", direction="any", to=frozenset(to))
        yield f"limit to {sorted(to)}", limit(counting=chosen)
        yield f"wait to {sorted(to)}", wait(after=chosen)
    for counted in words.COUNTS:
        for debts in ("attributed", "discussed"):
            chosen = Selector(counted, debts=debts, whom=frozenset({"consumer", "spouse"}))
            yield f"limit of {counted} {debts}", limit(counting=chosen)
    told = Selector("attempts", result=frozenset({"no_answer"}))
    yield "limit by result", limit(counting=told)
    yield "wait by result", wait(after=told)
    yield "hold by result", wait(for_=None, until=told)
    yield (
        "limit of none",
        limit(max=0, counting=Selector("attempts", not_=(Exclusion(("in_call_consent",)),))),
    )
    yield "limit per consumer and account", limit(per=("consumer", "account"))
    own = Window(from_=None, to=Agreed(time(21), "calls_until"), closed_by="consumer_hours")
    yield "hours", own


def facts() -> Iterator[tuple[str, Ask]]:
    for event in (Selector("attempts"), Selector("conversations", which="first"),
                  Selector("attempts", result=frozenset({"no_answer"})),
                  Selector("defaulted"), Selector("represented_by")):  # fmt: skip
        name = f"{event.what} {event.which}{' by result' if event.result else ''}"
        yield name, Ask("happened", Happened(event))
        for period in EVERY_PERIOD:
            asked = Happened(event, within=period)
            yield f"{name} within {period.count} {period.unit}", Ask("happened", asked)
        for age in AGES:
            asked = Happened(event, older_than=age)
            yield f"{name} older than {age.count} {age.unit}", Ask("happened", asked)
            both = Happened(event, within=Period(30, "day"), older_than=age)
            yield f"{name} between {age.count} {age.unit} and 30", Ask("happened", both)
        followed = Happened(event, unless_followed=Selector("conversations"),
                            followed_within=Period(3, "business_day"))  # fmt: skip
        yield f"{name} unless followed", Ask("happened", followed)
        since = Happened(Selector("attempts"), since=event)
        yield f"attempts since {name}", Ask("happened", since)
    for than in (6, 7, 44, 499, 500):
        yield f"past due over {than}", Ask("days_past_due_over", than)
        yield f"amount over {than}", Ask("original_amount_over", than)
    for lines in (("emergency",), ("emergency", "hospital_room")):
        yield f"line {lines}", Ask("special_line_is", lines)
    for fact in catalogue.FACTS.values():
        if fact.parameter == "none":
            yield fact.name, Ask(fact.name)
    yield "licence", Ask("lender_licence_is", ("none",))


def book(rule: Rule) -> Rulebook:
    """A rulebook of one rule, in which Hawaii has no file."""
    found = book_of((BASE, rule))
    places = {name: place for name, place in found.places.items() if name != "US-HI"}
    return replace(found, places=places)


def test_the_portfolio_is_one() -> None:
    frames = {name: frame.lazy() for name, frame in portfolio().frames.items()}
    assert row_problems(frames) == []


def agrees(rule: Rule) -> None:
    """The rule decides the portfolio alike in columns and plainly, and no alarm is raised."""
    panel: Panel = TwinPanel(book(rule))
    part = part_of(portfolio(), refuse_unencoded=True)
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in bodies()])
def test_every_word_of_counting(body: Body) -> None:
    agrees(replace(PLAIN, body=body))


@pytest.mark.parametrize("ask", [pytest.param(ask, id=name) for name, ask in facts()])
def test_every_word_of_asking(ask: Ask) -> None:
    agrees(rule_asking(ask))


def test_a_rule_about_debts_that_are_not_there() -> None:
    for body in (limit(), wait(), wait(after=Selector("defaulted"))):
        agrees(replace(PLAIN, body=body, debts=frozenset({"mortgage"})))


@pytest.mark.parametrize("entry", [AllOf, AnyOf])
def test_several_at_once(entry: type[AllOf] | type[AnyOf]) -> None:
    several = entry((Ask("cosigned"), Ask("judgment_entered"), Ask("in_call_consent")))
    known = entry((Ask("obscene"), Ask("contact_is", ("collection",)), Ask("cosigned")))
    plain = entry((Ask("mentions_debt"), Ask("requests_payment")))
    never = entry((Ask("obscene"), Ask("postcard")))
    for one in (known, plain, never):
        agrees(replace(PLAIN, body=Block(), when=(one,)))
    agrees(replace(PLAIN, body=Block(), when=(several,)))
    agrees(replace(PLAIN, body=Require((several,)), unless=(several,)))
