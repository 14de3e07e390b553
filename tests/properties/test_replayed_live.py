"""Whatever is decided live comes out the same when it is decided again from its record alone.

Contacts declared in any way, at instants and about whole days, permitted, refused and released;
their records, and nothing else, are put to `scheduler.log.replaying`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine import words
from engine.clock import format_instant
from engine.columns.combos import plain_contact
from engine.history import Contact, Group
from engine.kinds import Notice, Window
from engine.panel import Panel
from engine.question import Ask
from engine.rule import Rule
from scheduler.bothways import in_doubt
from scheduler.humans import group_as_one
from scheduler.live.deciding import Decided, Desk
from scheduler.live.recording import Asking, Stamp, keep, texts
from scheduler.live.turning import dial_of
from scheduler.log.answering import Replayed
from scheduler.log.reading import ERASED
from scheduler.log.records import DECISIONS
from scheduler.log.replaying import days_of, decide_again
from scheduler.log.sealing_live import record_of, situations_of
from scheduler.store.schema import OPTIONAL
from tests import parting
from tests.comparing import PLAIN, Law, TwinPanel, book_of, standing
from tests.properties.test_one_human import paired
from tests.strategies import rule_lists
from tests.strategies.portfolios import CROWDED, Portfolio

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
MANY = settings.default.max_examples if settings.default else 60
LATER = (0, 0, 1, 59, 3_600, 11 * 3_600, 20 * 3_600)  # seconds after the moment of the portfolio
DECLARED = ("reply_to_consumer", "same_call", "automated", "mentions_debt", "requests_payment",
            "opt_out_notice", "autodialled", "prerecorded")  # fmt: skip
Drawn = tuple[Portfolio, pl.DataFrame]


@st.composite
def declared(draw: st.DrawFn) -> dict[str, Any]:
    """What somebody who asks says of a contact; nothing half of the time."""
    if draw(st.booleans()):
        return {}
    return {
        "purpose": draw(st.sampled_from((None, *words.PURPOSES))) or "collection",
        "content": draw(st.sampled_from((None, *words.CONTENTS))),
        "technology": draw(st.sampled_from(words.TECHNOLOGIES)),
        "disclosure": draw(st.sampled_from((None, *words.DISCLOSURES))),
        "flags": draw(st.dictionaries(st.sampled_from(DECLARED), st.booleans(), max_size=2)),
    }


def desk_of(panel: Panel, *, refuse: bool) -> Desk:
    """A desk at which these engines decide."""
    book = panel.rulebook
    kinds = {rule.id: rule.kind for rule in book.rules}
    return Desk(panel, Ask(refuse_unencoded=refuse, search=False), kinds, dial_of(book))


def record(
    desk: Desk, decided: Decided, group: Group, number: int, at: datetime, day: date | None
) -> dict[str, Any]:
    """The record of a decision, as a sealed segment holds it; `day`: it is about all of it."""
    kept = keep(desk, group, decided.contact.consumer or "", decided, at if day is None else None)
    shown = kept.findings(desk.kinds, at)
    whole = None if day is None else day.isoformat()
    both = texts(kept, shown, Asking("check", "dialer"), number, None, Stamp.of(at), whole)
    return dict(zip(DECISIONS, record_of(*both, number), strict=True))


def come_out_the_same(
    panel: Panel,
    drawn: Drawn,
    told: Mapping[str, Any],
    dice: Any,
    *,
    refuse: bool,
    later: int,
) -> None:
    """Decide contacts of a portfolio live, and again from the records: nothing differs."""
    portfolio, pairs = parting.known_by_now(drawn[0]), drawn[1]
    note(f"{portfolio}\n{pairs}\n{told}\n{later}")
    nothing_differs(panel, portfolio, pairs, told, dice, refuse=refuse, later=later)


def nothing_differs(
    panel: Panel,
    portfolio: Portfolio,
    pairs: pl.DataFrame,
    told: Mapping[str, Any],
    dice: Any,
    *,
    refuse: bool,
    later: int,
) -> None:
    part, known = parting.part_with(portfolio, pairs)
    desk = desk_of(panel, refuse=refuse)
    at = part.now + timedelta(seconds=later)
    rows, met = [], dict[str, str]()
    for number, (group, contact) in enumerate(contacts(part, told, at, dice), 1):
        same = group_as_one(group, known.maybe) if in_doubt(group, known.maybe) else None
        if number % 3:
            decided = desk.decide(group, desk.dial.marks(group), contact, at, None, None, same)
            if number % 3 == 2 and not decided.decision.permitted:
                rules = {one.rule: f"r{n}" for n, one in enumerate(decided.decision.findings)}
                decided = desk.decide(group, desk.dial.marks(group), contact, at, None, rules, same)
        else:
            decided = desk.whole_day(group, replace(contact, flags={}), at, part.day, same)
        met |= dict(decided.situations)
        day = None if number % 3 else part.day
        rows.append(record(desk, decided, group, number, at, day))
    frame = pl.DataFrame(
        [list(one.values()) for one in rows], schema=DECISIONS, orient="row"
    ).with_columns(pl.lit(value=False).alias(ERASED))
    head = {
        "kind": "live",
        "day": part.day.isoformat(),
        "now": format_instant(at),
        "rulebook": panel.rulebook.digest,
        "settings": {"refuse_unencoded_places": refuse, "licences": None},
    }
    found = Replayed("drawn")
    days = days_of(frame)
    decide_again(found, panel, head, situations_of(met), [frame], days, {}, lambda *_: None)
    assert list(map(str, found.differences)) == []
    assert (found.decisions, found.lacking) == (frame.height, 0)


def contacts(
    part: parting.PartInput, told: Mapping[str, Any], at: datetime, dice: Any
) -> Iterator[tuple[Group, Contact]]:
    """Some contacts that might be placed, with the group each is in."""
    for consumer, group in parting.groups_in(part).items():
        ways = [
            (debt, point, channel)
            for debt in group.accounts.values()
            if debt.consumer == consumer
            for point in group.points.values()
            if point.consumer == consumer
            for channel in words.CHANNELS_OF_KIND[point.kind]
        ]
        for debt, point, channel in dice.sample(ways, min(len(ways), 3)):
            plain = plain_contact(channel, point.id, debt.id, at)
            yield group, replace(plain, consumer=consumer, collector=debt.collector, **told)


@settings(max_examples=max(MANY // 2, 20))
@given(
    paired(consumers=2, contacts=10, said=6),
    rule_lists(most=3),
    declared(),
    st.randoms(use_true_random=False),
    st.booleans(),
    st.sampled_from(LATER),
)
def test_by_any_rules(
    drawn: Drawn, rules: tuple[Rule, ...], told: dict[str, Any], dice: Any, refuse: bool, later: int
) -> None:
    panel = TwinPanel(book_of((BASE, *rules)))
    come_out_the_same(panel, drawn, told, dice, refuse=refuse, later=later)


@pytest.mark.parametrize("kind", ["social_media_private", "home_mail", "mobile"])
@pytest.mark.parametrize("confidence", ["high", "low"])
def test_by_a_window_on_the_clock_of_a_point_that_has_none(kind: str, confidence: str) -> None:
    """Where the clock is unknown no time opens it: nothing more is looked at."""
    body = Window(time(8), time(9), clock="point")
    window = replace(PLAIN, key="window", body=body, channels=frozenset(words.CHANNELS))
    pairs = pl.DataFrame(
        [("H1", "TP1", "bureau", confidence)], OPTIONAL["same_persons"].schema, orient="row"
    )
    number = "+16175550100" if kind == "mobile" else None
    points = [
        {"point": "T1", "kind": kind, "number": number},
        {"point": "T2", "owner": "TP1", "whom": "third_party"},
    ]
    portfolio = parting.made(contact_points=points)
    panel = TwinPanel(book_of((BASE, window)))
    nothing_differs(
        panel,
        portfolio,
        pairs,
        {
            "purpose": "collection",
            "content": None,
            "technology": "manual",
            "disclosure": None,
            "flags": {},
        },
        Random(1),
        refuse=False,
        later=0,
    )


@pytest.fixture(scope="module")
def law() -> Iterator[Law]:
    with standing(TwinPanel) as found:
        yield found


@settings(max_examples=max(MANY // 6, 10))
@given(
    st.one_of(
        paired(consumers=2, contacts=14, said=8),
        paired(consumers=3, contacts=16, said=5, pools=CROWDED),
    ),
    declared(),
    st.randoms(use_true_random=False),
    st.booleans(),
    st.sampled_from(LATER),
)
def test_by_the_law_as_it_stands(
    law: Law, drawn: Drawn, told: dict[str, Any], dice: Any, refuse: bool, later: int
) -> None:
    come_out_the_same(law.panel, drawn, told, dice, refuse=refuse, later=later)
