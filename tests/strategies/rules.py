"""Rules of all six kinds, as a rule file could say them: any scope, any facts, any selector."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

from hypothesis import strategies as st

from engine import words
from engine.facts import catalogue
from engine.kinds import Agreed, Block, Body, Limit, Notice, Require, Wait, Window
from engine.reading.vocabulary import HOLIDAYS
from engine.rule import (
    AllOf,
    AnyOf,
    Ask,
    Entry,
    Exclusion,
    Happened,
    Period,
    Position,
    Rule,
    Selector,
)

PLACES = ("US-MA", "US-NY", "US-NY-NYC", "US-CA", "US-HI")
LOOKING_BACK = (
    Period(7, "day"), Period(7, "day"), Period(1, "day"), Period(30, "day"), Period(24, "hour"),
    Period(1, "hour"), Period(1, "month"), Period(1, "calendar_day"), Period(0, "ever"),
    Period(1, "calendar_week_from_sunday"), Period(1, "business_week"), Period(1, "calendar_month"),
)  # fmt: skip
LASTING = (Period(7, "day"), Period(7, "day"), Period(1, "day"), Period(24, "hour"),
           Period(3, "business_day"), Period(1, "month"))  # fmt: skip
AGES = (Period(3, "day"), Period(7, "day"), Period(5, "business_day"))
RECURRING = ("FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY;BYMONTHDAY=1")
CLOSED = ("federal_holidays", *HOLIDAYS["independence_day"], *HOLIDAYS["labor_day"])
EVENT_KINDS = (
    "disputes", "cease", "stop_calls_at", "requests_information", "asks_to_be_called",
    "promise_to_pay", "represented_by", "attorney_written_to", "opt_out_number_text",
    "identity_theft_papers", "revokes_consent_to_call", "invites_visit",
)  # fmt: skip
ALL_CHANNELS = frozenset(words.CHANNELS)
Draw = st.DrawFn


def _seldom(draw: Draw, strategy: st.SearchStrategy[Any], chances: int = 4) -> Any:
    return draw(strategy) if draw(st.integers(0, chances - 1)) == chances - 1 else None


def _set(strategy: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(strategy, min_size=1, max_size=most)


def _points(draw: Draw) -> frozenset[str]:
    """Kinds of point as the reader opens them; groups, and `electronic` with its marks."""
    group = st.sampled_from((*words.POINT_GROUPS, *words.POINT_KINDS))
    named = draw(st.lists(group, min_size=1, max_size=2, unique=True))
    opened = words.kinds_of_words(frozenset(named))
    electronic = "electronic" in named
    if draw(st.integers(0, 3)) == 3:
        return (frozenset(words.POINT_KINDS) - opened) | (
            {"-electronic"} if electronic else frozenset()
        )
    return opened | ({"electronic"} if electronic else frozenset())


def _whom(draw: Draw) -> frozenset[str]:
    named = draw(st.lists(st.sampled_from(tuple(words.WHOM)), min_size=1, max_size=2, unique=True))
    return frozenset[str]().union(*(words.WHOM[one] for one in named))


def _collectors(draw: Draw) -> frozenset[str]:
    """Roles as the reader opens them: `third_party` holds law firms and servicers in default."""
    found = draw(_set(st.sampled_from(words.COLLECTOR_ROLES)))
    if "third_party" in found:
        found |= {"law_firm", "servicer_in_default"}
    if "servicer" in found:
        found |= {"servicer_in_default"}
    return found


@st.composite
def exclusions(draw: Draw) -> Exclusion:
    """One entry of `not` or `exempt`."""
    named = draw(st.lists(st.sampled_from(words.EXCLUSIONS), min_size=1, max_size=2, unique=True))
    days = draw(st.sampled_from((3, 14))) if "returned_within" in named else None
    return Exclusion(tuple(named), days)


@st.composite
def contact_selectors(draw: Draw) -> Selector:
    """A selector of contacts; most fields are left to take anything."""
    return Selector(
        what=draw(st.sampled_from(words.COUNTS)),
        channels=_seldom(draw, _set(st.sampled_from(words.CHANNELS))),
        direction=draw(st.sampled_from(("out", "out", "any", "in"))),
        to=_points(draw) if draw(st.integers(0, 4)) == 4 else None,
        whom=_whom(draw) if draw(st.integers(0, 4)) == 4 else None,
        debts=draw(st.sampled_from(("attributed", "discussed"))),
        purpose=_seldom(draw, _set(st.sampled_from(("collection", "verification"))), 8),
        content=_seldom(draw, _set(st.sampled_from(words.CONTENTS)), 8),
        technology=_seldom(draw, _set(st.sampled_from(words.TECHNOLOGIES)), 6),
        result=_seldom(draw, _set(st.sampled_from(tuple(words.RESULTS))), 8),
        initiated_by=_seldom(draw, st.sampled_from(("consumer", "collector")), 8),
        which=draw(st.sampled_from(("latest", "latest", "first"))),
        not_=tuple(draw(st.lists(exclusions(), max_size=2))) if draw(st.booleans()) else (),
    )


@st.composite
def event_selectors(draw: Draw) -> Selector:
    """Any event: contacts, statements and knowledge, or a date of the account."""
    how = draw(st.integers(0, 3))
    which = draw(st.sampled_from(("latest", "first")))
    if how < 2:
        return draw(contact_selectors())
    if how == 2:
        return Selector(what=draw(st.sampled_from(words.ACCOUNT_DATES)), which=which)
    kinds = st.one_of(st.sampled_from(EVENT_KINDS), st.sampled_from(tuple(catalogue.STATEMENTS)))
    written = frozenset(words.MEDIA) - {"oral"}
    return Selector(
        what=draw(kinds),
        channels=_seldom(draw, _set(st.sampled_from(words.CHANNELS)), 6),
        medium=_seldom(draw, st.sampled_from((written, frozenset({"oral"}), words.ELECTRONIC_MEDIA,
                                              frozenset({"certified_mail"})))),
        timely=_seldom(draw, st.booleans(), 6),
        which=which,
    )  # fmt: skip


@st.composite
def happenings(draw: Draw) -> Happened:
    """`happened` with at most one of its spans, now and then unless it was followed."""
    span = draw(st.integers(0, 3))
    follower = _seldom(draw, event_selectors())
    return Happened(
        event=draw(event_selectors()),
        within=draw(st.sampled_from(LOOKING_BACK)) if span == 1 else None,
        older_than=draw(st.sampled_from(AGES)) if span == 2 else None,
        since=draw(event_selectors()) if span == 3 else None,
        unless_followed=follower,
        followed_within=_seldom(draw, st.sampled_from(LASTING), 2) if follower else None,
    )


PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "none": st.none(),
    "number": st.sampled_from((3, 7, 500)),
    "purposes": st.lists(st.sampled_from(("collection", *words.PURPOSES, *words.CONTENTS)),
                         min_size=1, max_size=3, unique=True).map(tuple),
    "technologies": st.lists(st.sampled_from(words.TECHNOLOGIES), min_size=1, max_size=2,
                             unique=True).map(tuple),
    "lines": st.sampled_from((("emergency",), catalogue.LINES)),
    "holds": st.sampled_from((("complaint",), catalogue.HOLDS)),
    "types": st.just(("mortgage_servicer",)),
    "licences": st.just(("installment_loan",)),
    "reply": st.one_of(
        st.sampled_from(catalogue.REPLIES[:-1]),
        st.sampled_from(catalogue.REPLIES[:-1]).map(lambda one: (one, "any_channel")),
    ),
    "happened": happenings(),
}  # fmt: skip
ASKABLE = tuple(fact for fact in catalogue.FACTS.values() if fact.parameter in PARAMETERS)


@st.composite
def asks(draw: Draw) -> Ask:
    """One fact, with its parameter; `happened` more often than any other."""
    fact = draw(st.one_of(st.sampled_from(ASKABLE), st.just(catalogue.FACTS["happened"])))
    return Ask(fact.name, draw(PARAMETERS[fact.parameter]))


def asks_about(name: str) -> st.SearchStrategy[Ask]:
    """One fact of this name, with any parameter."""
    fact = catalogue.FACTS[name]
    return st.builds(Ask, st.just(name), PARAMETERS[fact.parameter])


@st.composite
def entries(draw: Draw) -> Entry:
    """An entry of `when`, `unless` or `needs`."""
    how = draw(st.integers(0, 5))
    if how < 4:
        return draw(asks())
    several = tuple(draw(st.lists(asks(), min_size=1, max_size=3)))
    return AllOf(several) if how == 4 else AnyOf(several)


@st.composite
def windows(draw: Draw) -> Window:
    """Hours, days, closed days, the consumer's own hours; any clock."""
    start: time | Agreed | None = _seldom(draw, st.sampled_from((time(8), time(9, 30))), 2)
    end: time | Agreed | None = _seldom(draw, st.sampled_from((time(21), time(17))), 2)
    if draw(st.integers(0, 3)) == 3:
        end = Agreed(time(21), "calls_until")
    return Window(
        from_=start,
        to=end,
        days=_seldom(draw, _set(st.sampled_from(words.DAYS), 6)),
        clock=draw(st.sampled_from(("consumer",) * 4 + ("point", "America/New_York"))),
        edges=draw(st.sampled_from(("open", "closed"))),
        closed=tuple(draw(st.lists(st.sampled_from(CLOSED + RECURRING), max_size=1))),
        closed_by=_seldom(draw, st.just("consumer_hours"), 2),
    )


def _units(draw: Draw) -> tuple[str, ...]:
    common = (("person", "particular_debt"), ("account",), ("person",))
    if draw(st.booleans()):
        return draw(st.sampled_from(common))
    units = st.lists(st.sampled_from(words.UNITS), min_size=1, max_size=2, unique=True)
    return tuple(draw(units))


@st.composite
def limits(draw: Draw) -> Limit:
    """At most one to three of something; within a period, or since an event."""
    since = _seldom(draw, event_selectors(), 5)
    most = draw(st.integers(1, 3))
    agreed = draw(st.integers(0, 5)) == 5
    return Limit(
        max=Agreed(most, "messages_max") if agreed else most,
        counting=draw(contact_selectors()),
        per=_units(draw),
        within=None if since else draw(st.sampled_from(LOOKING_BACK)),
        agreed_within="messages_within" if agreed and not since else None,
        since=since,
    )


@st.composite
def waits(draw: Draw) -> Wait:
    """Not until so long after an event, or until another."""
    until = _seldom(draw, event_selectors(), 3)
    return Wait(
        after=draw(event_selectors()),
        per=_units(draw),
        for_=None if until else draw(st.sampled_from(LASTING)),
        until=until,
        first_day=draw(st.sampled_from(("event", "next"))),
        exempt=tuple(draw(st.lists(exclusions(), max_size=1))),
    )


def _body(draw: Draw, kind: str) -> Body:
    if kind == "block":
        return Block()
    if kind == "require":
        return Require(tuple(draw(st.lists(entries(), min_size=1, max_size=2))))
    if kind == "notice":
        return Notice(draw(st.sampled_from(tuple(catalogue.DUTIES))), "a duty")
    if kind == "window":
        return draw(windows())
    return draw(limits()) if kind == "limit" else draw(waits())


def _scoped(body: Body, debts: frozenset[str] | None) -> Body:
    """A body whose selectors of contacts take the rule's own types of debt, as the reader does."""

    def own(selector: Selector) -> Selector:
        return replace(selector, types=debts) if selector.of_contacts else selector

    if isinstance(body, Limit):
        since = own(body.since) if body.since is not None else None
        return replace(body, counting=own(body.counting), since=since)
    if isinstance(body, Wait):
        until = own(body.until) if body.until is not None else None
        return replace(body, after=own(body.after), until=until)
    return body


@st.composite
def rules(draw: Draw, key: str = "rule", kinds: tuple[str, ...] = words.KINDS) -> Rule:
    """One rule of a kind; most of its scope is left open, so that it mostly applies."""
    kind = draw(st.sampled_from(kinds))
    place = _seldom(draw, st.sampled_from(PLACES), 5)
    debts = _seldom(draw, _set(st.sampled_from(words.DEBT_TYPES), 6), 6)
    return Rule(
        key=key,
        act=place or "an_act",
        says="A rule that was drawn.",
        cite=("12 CFR 1006.6",),
        source="drawn",
        confidence="high",
        force=draw(st.sampled_from(words.FORCES)),
        body=_scoped(_body(draw, kind), debts),
        channels=_seldom(draw, _set(st.sampled_from(words.CHANNELS), 5)) or ALL_CHANNELS,
        to=_points(draw) if draw(st.integers(0, 4)) == 4 else None,
        whom=_whom(draw) if draw(st.integers(0, 4)) == 4 else None,
        collectors=_collectors(draw) if draw(st.integers(0, 4)) == 4 else None,
        debts=debts,
        reach=draw(st.sampled_from(("consumer_place",) * 5 + ("collector_place",))),
        when=tuple(draw(st.lists(entries(), max_size=2))) if draw(st.booleans()) else (),
        unless=tuple(draw(st.lists(entries(), max_size=2))) if draw(st.booleans()) else (),
        effective_from=_seldom(draw, st.sampled_from((date(2026, 9, 10), date(2026, 11, 1))), 6),
        effective_to=_seldom(draw, st.sampled_from((date(2026, 9, 10), date(2026, 11, 1))), 6),
        place=place,
        house=False,
        position=Position("drawn.yaml", 1, 1),
    )  # fmt: skip


@st.composite
def rule_lists(draw: Draw, most: int = 4, kinds: tuple[str, ...] = words.KINDS) -> tuple[Rule, ...]:
    """Some rules, each with a key of its own."""
    count = draw(st.integers(1, most))
    return tuple(draw(rules(key=f"r{number}", kinds=kinds)) for number in range(count))
