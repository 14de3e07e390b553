"""Every row of the list can be worked to its `attempts_left`, in any order, and breaks no rule.

All attempts of a day are placed, at any moment of their rows' windows and without a conversation;
before each the plain functions are asked whether it is permitted, with those before it on record.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine import clock, decide
from engine.columns.combos import plain_contact
from engine.history import Contact, Group
from engine.kinds import Notice
from engine.panel import Panel
from engine.rule import Rule
from engine.rulebook import law_directory, load
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import Row, decided, groups_in, known_by_now, part_of
from tests.strategies import rule_lists
from tests.strategies.portfolios import CROWDED, Portfolio, portfolios

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
MANY = settings.default.max_examples if settings.default else 60
SPEND = {"call": "no_answer", "text": "sent", "email": "sent", "mail": "sent"}


SCOPE = ("to", "whom", "collectors", "debts")


def opened(rule: Rule, kept: Set[str]) -> Rule:
    """The rule always and of every place, for everybody but for the words of its scope kept.

    What it counts may be more, or less, than what it binds.
    """
    gone = {name: None for name in SCOPE if name not in kept}
    return replace(rule, when=(), unless=(), effective_from=None, effective_to=None,
                   place=None, **gone)  # fmt: skip


def moments(row: Row, dice: random.Random) -> Iterator[datetime]:
    """As many moments within the row's windows as it has attempts left."""
    windows = [tuple(map(clock.parse_instant, one)) for one in json.loads(row["windows_utc"])]
    for _ in range(row["attempts_left"]):
        start, end = dice.choice(windows)
        seconds = int((end - start).total_seconds())
        yield start + timedelta(seconds=dice.choice((0, dice.randrange(seconds), seconds - 1)))


def work_all(panel: Panel, portfolio: Portfolio, dice: random.Random) -> None:
    """Place every attempt of the list; none is refused when its moment comes."""
    part = part_of(known_by_now(portfolio))
    result, alarms = decided(panel, part)
    assert alarms == []
    rows = result.candidates.filter("permitted").to_dicts()
    placed = [(at, n, row) for n, row in enumerate(rows) for at in moments(row, dice)]
    groups = groups_in(part)
    done: dict[int, list[Contact]] = {}
    for number, (at, _, row) in enumerate(sorted(placed, key=lambda one: (one[0], dice.random()))):
        whole = groups[row["consumer"]]
        before = done.setdefault(id(whole), [])
        group = _with(whole, before)
        proposed = plain_contact(row["channel"], row["point"], row["account"], at)
        decision = decide(panel, group, proposed)
        note(f"{at} {row['account']} {row['point']} {row['channel']} {row['budgets']}")
        assert [one.rule for one in decision.findings] == []
        before.append(_past(proposed, number, group, row))


def _with(group: Group, more: list[Contact]) -> Group:
    return replace(group, contacts=tuple(sorted((*group.contacts, *more), key=lambda c: c.at)))


def _past(proposed: Contact, number: int, group: Group, row: dict[str, Any]) -> Contact:
    account = group.accounts[row["account"]]
    return replace(
        proposed,
        id=f"worked-{number}",
        result=SPEND[row["channel"]],
        attributed_to=(row["account"],),
        collector=account.collector,
        consumer=row["consumer"],
    )


@given(
    portfolios(consumers=3, contacts=10, said=3, pools=CROWDED),
    rule_lists(most=3, kinds=("limit", "wait")),
    st.sets(st.sampled_from(SCOPE)),
    st.randoms(use_true_random=False),
)
def test_any_limits_and_waits(
    portfolio: Portfolio, rules: tuple[Rule, ...], kept: set[str], dice: random.Random
) -> None:
    book = book_of((BASE, *(opened(rule, kept) for rule in rules)))
    work_all(TwinPanel(book), portfolio, dice)


@settings(max_examples=max(MANY // 3, 20))
@given(
    portfolios(consumers=3, contacts=12, said=2, pools=CROWDED),
    st.randoms(use_true_random=False),
)
def test_the_law_as_it_stands(portfolio: Portfolio, dice: random.Random) -> None:
    work_all(TwinPanel(load([law_directory()])), portfolio, dice)
