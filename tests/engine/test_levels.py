"""Rows are of one kind where their combo and all codes are alike, on whatever level these live."""

from __future__ import annotations

from unittest.mock import patch

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.columns import levels
from engine.columns.levels import Codes, kinds

LEVELS = {"account": 3, "way": 40, "row": 12}
APART = st.dictionaries(st.integers(0, 11), st.sampled_from((0, 1, 2)), max_size=4)
CODES = st.one_of(
    st.tuples(st.just(level), st.lists(st.sampled_from((0, 0, 1, 2)), min_size=size, max_size=size))
    for level, size in LEVELS.items()
)


def _apart(own: dict[int, int], rows: int) -> tuple[pl.Series, pl.Series] | None:
    here = {at: code for at, code in own.items() if at < rows}
    at = pl.Series(list(here), dtype=pl.UInt32)
    return (at, pl.Series(list(here.values()), dtype=pl.UInt8)) if here else None


@given(
    st.lists(st.tuples(*(st.integers(0, n - 1) for n in LEVELS.values())), max_size=12),
    st.lists(st.tuples(CODES, APART), max_size=70),
    st.integers(1, 70_000),
    st.sampled_from((0, levels.FEW)),
)
def test_rows_are_of_one_kind_where_all_is_alike(
    rows: list[tuple[int, ...]],
    columns: list[tuple[tuple[str, list[int]], dict[int, int]]],
    combos: int,
    few: int,
) -> None:
    """Told one by one, and by joining columns (`few`: how many may be told one by one)."""
    places = {
        level: pl.Series([row[n] for row in rows], dtype=pl.UInt32)
        for n, level in enumerate(LEVELS)
    }
    combo = pl.Series([row[0] % combos for row in rows], dtype=pl.UInt32)
    codes = [
        Codes(level, pl.Series(one, dtype=pl.UInt8), _apart(own, len(rows)))
        for (level, one), own in columns
    ]
    with patch.object(levels, "FEW", few):
        found = kinds(places, codes, combo)
    words = [(combo[n], *(one.at(places)[n] for one in codes)) for n in range(len(rows))]
    shown = [[words[first] for first in found.first.to_list()][one] for one in found.of.to_list()]
    assert shown == words
    assert len(found.first) == len(set(found.of.to_list()))
    assert [one.at(places, found.first).to_list() for one in codes] == [
        [one.at(places)[n] for n in found.first] for one in codes
    ]
