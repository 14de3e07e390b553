"""Whatever is decided comes out the same when it is decided again from its record alone.

A part is decided as a run does it, by rules nobody wrote and by the law; then its records, and
nothing else, are put to `scheduler.log.replaying`: situations, places, counts, hours, next moments,
shares of limits and attempts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine.clock import format_instant
from engine.kinds import Block, Notice, Wait
from engine.panel import Panel
from engine.part import PartInput, decide_part
from engine.rule import Period, Rule, Selector
from scheduler.contact_list import whole_second
from scheduler.doubtful import decide_part_both
from scheduler.log.answering import Replayed
from scheduler.log.reading import ERASED
from scheduler.log.replaying import days_of, decide_again, share_again
from scheduler.log.whence import whence
from scheduler.store.schema import OPTIONAL
from tests import parting
from tests.comparing import PLAIN, Law, TwinPanel, book_of, standing
from tests.properties.test_budgets import SCOPE, opened
from tests.properties.test_one_human import paired
from tests.strategies import rule_lists
from tests.strategies.portfolios import CROWDED, Portfolio

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
MANY = settings.default.max_examples if settings.default else 60
SPOKEN = ("consents_to_call", "asks_to_be_called", "agrees_to_messages", "inconvenient",
          "revokes_consent_to_call")  # fmt: skip


def recorded(part: PartInput, candidates: pl.DataFrame) -> pl.DataFrame:
    """Candidates as the records of a run hold them, as far as replay reads."""
    seen = whence(part.frames, part.day, part.now, part.groups_of)
    rows = candidates.join(seen, on="consumer", how="left", maintain_order="left")
    permitted = pl.col("permitted")
    moment = pl.col("next_permitted_utc").cast(pl.Datetime("us", "UTC"))
    return rows.with_row_index("row").with_columns(
        pl.col("row").cast(pl.String).alias("decision_id"),
        pl.lit(part.now).cast(pl.Datetime("us", "UTC")).alias("decided_at"),
        pl.lit(part.day).alias("day"),
        pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("at"),
        pl.when(permitted).then(pl.lit("permitted")).otherwise(pl.lit("refused")).alias("verdict"),
        (permitted & (pl.col("attempts_left").fill_null(0) > 0)).alias("listed"),
        whole_second(moment).alias("next_permitted_utc"),
        pl.lit(value=False).alias(ERASED),
    )


def head_of(part: PartInput, panel: Panel) -> Mapping[str, Any]:
    """What the decisions have in common, as segment.json has it."""
    return {
        "kind": "run",
        "day": part.day.isoformat(),
        "now": format_instant(part.now),
        "rulebook": panel.rulebook.digest,
        "settings": {
            "row_caps": dict(part.row_caps),
            "refuse_unencoded_places": part.refuse_unencoded,
            "licences": None,
        },
    }


def come_out_the_same(panel: Panel, drawn: tuple[Portfolio, pl.DataFrame], *, refuse: bool) -> None:
    """Decide a portfolio, and again from the records: nothing differs."""
    portfolio, pairs = parting.known_by_now(drawn[0]), drawn[1]
    note(f"{portfolio}\n{pairs}")
    nothing_differs(panel, portfolio, pairs, refuse=refuse)


def nothing_differs(
    panel: Panel, portfolio: Portfolio, pairs: pl.DataFrame, *, refuse: bool
) -> None:
    part, known = parting.part_with(portfolio, pairs)
    part = replace(part, refuse_unencoded=refuse, sample_least=0)
    alarms: list[str] = []
    result = decide_part_both(decide_part, panel, part, known.maybe, alarms.append)
    assert alarms == []
    rows = recorded(part, result.candidates)
    met = result.situations.unique("situation", maintain_order=True)
    found = Replayed("drawn")
    drawing = decide_again(
        found, panel, head_of(part, panel), met, [rows], days_of(rows), {}, lambda *_: None
    )
    share_again(found, rows, drawing)
    assert list(map(str, found.differences)) == []
    assert (found.decisions, found.lacking) == (rows.height, 0)


@settings(max_examples=max(MANY // 2, 20))
@given(
    paired(consumers=3, contacts=14, said=6),
    rule_lists(most=3),
    st.booleans(),
)
def test_by_any_rules(
    drawn: tuple[Portfolio, pl.DataFrame], rules: tuple[Rule, ...], refuse: bool
) -> None:
    come_out_the_same(TwinPanel(book_of((BASE, *rules))), drawn, refuse=refuse)


@given(
    paired(consumers=3, contacts=14, said=5, kinds=SPOKEN, pools=CROWDED),
    rule_lists(most=3, kinds=("limit", "wait")),
    st.sets(st.sampled_from(SCOPE)),
)
def test_by_any_limits_and_waits(
    drawn: tuple[Portfolio, pl.DataFrame], rules: tuple[Rule, ...], kept: Set[str]
) -> None:
    book = book_of((BASE, *(opened(rule, kept) for rule in rules)))
    come_out_the_same(TwinPanel(book), drawn, refuse=False)


@pytest.mark.parametrize("later", [2, 3, 9])
@pytest.mark.parametrize("confidence", ["high", "low"])
def test_by_a_rule_that_comes_into_force_on_the_way(later: int, confidence: str) -> None:
    """The same facts on two days are two questions, of which one version has one answer."""
    called = {"at": parting.NOW - timedelta(days=1), "result": "conversation"}
    wait = replace(
        PLAIN, key="wait", body=Wait(Selector("attempts"), ("person",), for_=Period(7, "day"))
    )
    day = parting.NOW.date() + timedelta(days=later)
    shut = replace(PLAIN, key="shut", body=Block(), effective_from=day)
    pairs = pl.DataFrame(
        [("H1", "TP1", "bureau", confidence)], OPTIONAL["same_persons"].schema, orient="row"
    )
    points = [{"point": "T1"}, {"point": "T2", "owner": "TP1", "whom": "third_party"}]
    portfolio = parting.made(contacts=[called], contact_points=points)
    nothing_differs(TwinPanel(book_of((BASE, wait, shut))), portfolio, pairs, refuse=False)


@pytest.fixture(scope="module")
def law() -> Iterator[Law]:
    with standing(TwinPanel) as found:
        yield found


@settings(max_examples=max(MANY // 6, 10))
@given(paired(consumers=4, contacts=20, said=8), st.booleans())
def test_by_the_law_as_it_stands(
    law: Law, drawn: tuple[Portfolio, pl.DataFrame], refuse: bool
) -> None:
    come_out_the_same(law.panel, drawn, refuse=refuse)


@settings(max_examples=max(MANY // 6, 10))
@given(paired(consumers=3, contacts=24, said=6, kinds=SPOKEN, pools=CROWDED))
def test_by_the_law_where_much_is_shared(law: Law, drawn: tuple[Portfolio, pl.DataFrame]) -> None:
    come_out_the_same(law.panel, drawn, refuse=False)
