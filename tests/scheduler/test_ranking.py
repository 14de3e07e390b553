"""The rank of every listed row: the strategy's order, however rows are cut and shared out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import set_aside
from scheduler.ranking import KEYS, priorities
from scheduler.store.schema import MONEY

Row = tuple[bool, Decimal | None, date | None, date | None]
SCHEMA = {"listed": pl.Boolean(), "balance": MONEY, "placed": pl.Date(),
          "delinquent_since": pl.Date()}  # fmt: skip
FEW = st.sampled_from([date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1)])
ROWS = st.tuples(
    st.booleans(),
    st.none() | st.decimals(0, 9_999_999_999, places=2) | st.sampled_from([Decimal(5), Decimal(7)]),
    st.none() | st.dates() | FEW,
    st.none() | st.dates() | FEW,
)
STRATEGIES = st.permutations(list(KEYS)).flatmap(
    lambda words: st.integers(1, 3).map(
        lambda few: [w for n, w in enumerate(words) if KEYS[w][0] not in
                     {KEYS[before][0] for before in words[:n]}][:few]
    )
)  # fmt: skip


def marks_of(place: Path, *parts: Sequence[Row]) -> list[Path]:
    place.mkdir(exist_ok=True)
    paths = [set_aside.marks_path(place, number) for number in range(len(parts))]
    for path, rows in zip(paths, parts, strict=True):
        set_aside.write(path, pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return paths


def model(rows: Sequence[Row], strategy: Sequence[str]) -> list[int]:
    """The same by Python's own sort, once for each word, the last word first."""
    listed = [row for row in rows if row[0]]
    order = list(range(len(listed)))
    for word in reversed(strategy):
        name, greatest = KEYS[word]
        keys: list[Any] = [row[list(SCHEMA).index(name)] for row in listed]
        known = [at for at in order if keys[at] is not None]
        known.sort(key=keys.__getitem__, reverse=greatest)
        order = known + [at for at in order if keys[at] is None]
    ranks = [0] * len(listed)
    for rank, at in enumerate(order, 1):
        ranks[at] = rank
    return ranks


@given(
    rows=st.lists(ROWS, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    strategy=STRATEGIES,
    at_once=st.integers(1, 70),
)
def test_ranks_are_those_of_a_plain_sort(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    cuts: list[int],
    strategy: list[str],
    at_once: int,
) -> None:
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [rows[low:high] for low, high in pairwise(bounds)]
    marks = marks_of(tmp_path_factory.mktemp("ranks"), *parts)
    assert priorities(marks, strategy, at_once).to_list() == model(rows, strategy)


@pytest.mark.parametrize(
    ("strategy", "ranks"),
    [
        (("balance_high",), [2, 1, 3, 4]),
        (("balance_low",), [3, 4, 1, 2]),
        (("balance_high", "placed_oldest"), [2, 1, 3, 4]),
        (("balance_high", "placed_newest"), [2, 1, 4, 3]),
        (("placed_oldest",), [2, 4, 1, 3]),
        (("delinquent_newest", "balance_low"), [4, 1, 2, 3]),
    ],
)
def test_rows_are_ranked_by_the_strategy(
    tmp_path: Path, strategy: tuple[str, ...], ranks: list[int]
) -> None:
    one: list[Row] = [
        (True, Decimal(50), date(2026, 2, 1), None),
        (True, Decimal(70), None, date(2025, 1, 1)),
    ]
    two: list[Row] = [
        (True, Decimal("9.99"), date(2026, 1, 1), None),
        (False, Decimal("9.99"), date(2025, 1, 1), date(2026, 1, 1)),
        (True, Decimal("9.99"), date(2026, 3, 1), None),
    ]
    assert priorities(marks_of(tmp_path, one, two), strategy).to_list() == ranks


def test_bounds_that_64_bits_do_not_hold_are_ranked_all_the_same(tmp_path: Path) -> None:
    first, last = date.min, date.max
    rows: list[Row] = [
        (True, Decimal("9999999999.99"), last, first),
        (True, Decimal("9999999999.99"), first, last),
        (True, Decimal("9999999999.99"), first, first),
        (True, Decimal("-9999999999.99"), first, first),
        (True, None, None, None),
    ]
    strategy = ("balance_low", "placed_oldest", "delinquent_oldest")
    ranks = priorities(marks_of(tmp_path, rows), strategy).to_list()
    assert ranks == [4, 3, 2, 1, 5] == model(rows, strategy)
