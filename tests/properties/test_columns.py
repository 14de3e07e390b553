"""A part decided by columns says of every candidate what the plain functions say of it alone.

Verdict, refusing rules and their citations, duties, places, zones, windows, the next permitted
moment, and whether only a limit or a wait stands in the way; by the law as it is, and by rules
nobody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine import words
from engine.kinds import Block, Notice
from engine.panel import Panel
from engine.rule import Ask, Rule
from engine.rulebook import Rulebook
from scheduler.portfolio_checks import row_problems
from tests.comparing import PLAIN, Law, TwinPanel, book_of, standing
from tests.parting import decided, differences, part_of
from tests.strategies import rule_lists
from tests.strategies.portfolios import CROWDED, Portfolio, portfolios

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
"""In force on every day and for everybody, so that there is some law."""
MANY = settings.default.max_examples if settings.default else 60
SPOKEN = ("number_not_consumers", "reassigned_since", "consents_to_call", "asks_to_be_called",
          "agrees_to_messages", "revokes_consent_to_call")  # fmt: skip


def opened(rule: Rule) -> Rule:
    """The rule for everybody and always: only what it counts is left of it."""
    return replace(rule, channels=frozenset(words.CHANNELS), to=None, whom=None, collectors=None,
                   debts=None, when=(), unless=(), effective_from=None, effective_to=None,
                   place=None)  # fmt: skip


def agree(panel: Panel, portfolio: Portfolio, *, refuse_unencoded: bool = False) -> None:
    """No alarm, and every candidate as the plain functions decide it."""
    note(str(portfolio))
    part = part_of(portfolio, refuse_unencoded=refuse_unencoded)
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []


def drawn(rules: Sequence[Rule], unwritten: frozenset[str]) -> Rulebook:
    """A rulebook of these rules in which some places have no file, or no law in it."""
    book = book_of((BASE, *rules))
    places = {
        name: replace(place, encoded=name not in unwritten)
        for name, place in book.places.items()
        if name != "US-HI" or name not in unwritten
    }
    return replace(
        book,
        rules=tuple(one for one in book.rules if one.place is None or one.place in places),
        places=places,
    )


@given(
    portfolios(contacts=16, said=8),
    rule_lists(most=3),
    st.frozensets(st.sampled_from(("US-MA", "US-NY", "US-HI")), max_size=2),
    st.booleans(),
)
def test_any_rules(
    portfolio: Portfolio, rules: tuple[Rule, ...], unwritten: frozenset[str], refuse: bool
) -> None:
    agree(TwinPanel(drawn(rules, unwritten)), portfolio, refuse_unencoded=refuse)


@given(
    portfolios(consumers=3, contacts=20, said=5, kinds=SPOKEN, pools=CROWDED),
    rule_lists(most=2, kinds=("limit", "wait")),
)
def test_whatever_is_counted_where_much_is_shared(
    portfolio: Portfolio, rules: tuple[Rule, ...]
) -> None:
    agree(TwinPanel(book_of((BASE, *map(opened, rules)))), portfolio)


@given(
    portfolios(consumers=2, contacts=10, said=10),
    rule_lists(most=3, kinds=("block", "require", "window", "notice")),
)
def test_whatever_is_asked_and_said(portfolio: Portfolio, rules: tuple[Rule, ...]) -> None:
    agree(TwinPanel(book_of((BASE, *rules))), portfolio)


@settings(max_examples=max(MANY // 6, 10))
@given(
    st.lists(portfolios(consumers=2, contacts=8, said=4, pools=CROWDED), min_size=2, max_size=3),
    rule_lists(most=3),
)
def test_what_one_part_taught_the_panel_holds_for_the_next(
    several: list[Portfolio], rules: tuple[Rule, ...]
) -> None:
    panel = TwinPanel(book_of((BASE, *rules)))
    for portfolio in several:
        agree(panel, portfolio)


CLOSELY = {
    "bankruptcy": (
        ("bankruptcy_stay", "codebtor_stay", "discharged"),
        ("bankruptcy_filed", "bankruptcy_filed", "bankruptcy_ended", "discharged", "reaffirmed"),
    ),
    "machines": (
        ("recorded_revoked", "recorded_revoked_anywhere", "consents_to_prerecorded",
         "consents_to_text"),
        ("consents_to_text", "consents_to_prerecorded_calls", "revokes_consent_to_prerecorded",
         "do_not_use_number", "opt_out_number_text", "opt_out_address", "stop_medium",
         "opt_out_medium", "cease", "cease_or_refusal", "revokes_consent_to_call",
         "number_not_consumers"),
    ),
}  # fmt: skip
"""Facts, and the words they hang on, which seldom meet where any word may be said."""


@pytest.mark.parametrize("which", CLOSELY)
@settings(max_examples=max(MANY // 2, 20))
@given(data=st.data())
def test_facts_where_nothing_else_is_spoken_of(which: str, data: st.DataObject) -> None:
    facts, said = CLOSELY[which]
    portfolio = data.draw(
        portfolios(consumers=3, contacts=1, said=9, kinds=said, pools=replace(CROWDED, said=said))
    )
    blocks = [
        replace(PLAIN, key=fact.replace("_", "-"), body=Block(), when=(Ask(fact),))
        for fact in facts
    ]
    agree(TwinPanel(book_of((BASE, *map(everywhere, blocks)))), portfolio)


def everywhere(rule: Rule) -> Rule:
    return replace(rule, channels=frozenset(words.CHANNELS), to=None, whom=None, collectors=None,
                   debts=None, effective_from=None, effective_to=None)  # fmt: skip


@pytest.fixture(scope="module")
def law() -> Iterator[Law]:
    with standing(Panel) as found:
        yield found


@settings(max_examples=max(MANY // 3, 20))
@given(portfolios(consumers=6, contacts=24, said=10), st.booleans())
def test_the_law_as_it_stands(law: Law, portfolio: Portfolio, refuse: bool) -> None:
    agree(law.panel, portfolio, refuse_unencoded=refuse)


@settings(max_examples=max(MANY // 3, 20))
@given(portfolios(consumers=3, contacts=30, said=4, pools=CROWDED))
def test_the_law_where_much_is_shared(law: Law, portfolio: Portfolio) -> None:
    agree(law.panel, portfolio)


@settings(max_examples=max(MANY // 6, 10))
@given(st.one_of(portfolios(), portfolios(pools=CROWDED, kinds=SPOKEN)))
def test_what_is_drawn_could_be_a_portfolio(portfolio: Portfolio) -> None:
    frames = {name: frame.lazy() for name, frame in portfolio.frames.items()}
    assert row_problems(frames) == []
