"""Columns of sets by number: unions, members and distinct marks are those of plain sets."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.columns.unions import Sets, told_apart

NAMES = st.lists(st.sampled_from("abcdef"), max_size=4)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=20), st.lists(NAMES, max_size=5))
def test_numbers_stand_for_sets(
    pairs: list[tuple[list[str], list[str]]], before: list[str]
) -> None:
    sets = Sets()
    for names in before:
        sets.number(names)
    assert not sets.holding("a").gather([0]).any()  # sorted out once, and again when there are more
    one, other = (
        pl.Series([sets.number(pair[side]) for pair in pairs], dtype=pl.UInt32) for side in (0, 1)
    )
    joined = [sets.members[number] for number in sets.joined(one, other).to_list()]
    assert joined == [tuple(sorted({*left, *right})) for left, right in pairs]
    assert len(set(sets.members)) == len(sets.members) <= len(sets) + len(sets.members)
    for name in "abcdefg":
        assert sets.holding(name).to_list() == [name in names for names in sets.members]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_marks_are_told_apart_in_the_order_they_are_met(marks: list[int]) -> None:
    kinds, numbers = told_apart(pl.Series(marks, dtype=pl.UInt64))
    assert kinds.to_list() == list(dict.fromkeys(marks))
    assert kinds.gather(numbers).to_list() == marks
