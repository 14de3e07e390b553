"""Rows have one number where they are alike, and what is found of a unit lies beside its rows."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columns.units import Units

SCHEMA = {"name": pl.String, "a": pl.UInt32, "z": pl.UInt64, "voice": pl.Boolean}
SMALL = st.none() | st.integers(0, 3)
WIDE = st.none() | st.sampled_from((0, 1, 2**31, 2**63, 2**64 - 1))
ROWS = st.lists(st.tuples(st.sampled_from("abc"), SMALL, SMALL | WIDE, st.booleans()), max_size=30)


@given(ROWS)
def test_rows_have_one_number_where_they_are_alike(rows: list[tuple[object, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    found = Units.told(frame, list(SCHEMA))
    firsts = list(dict.fromkeys(rows))
    assert found.keys.rows() == firsts
    assert found.of.to_list() == [firsts.index(row) for row in rows]


@pytest.mark.parametrize("last", [3, 2**64 - 1])
def test_units_that_some_rows_are_in_are_known(last: int) -> None:
    rows = [("x", 1, 0, True), ("y", 2, last, True), ("x", 1, 0, True), ("x", 2, last, True)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    found = Units.told(frame, ["name", "z"])
    assert found.at(pl.Series([3, 2, 1], dtype=pl.UInt32)).of.to_list() == [2, 0, 1]
    assert found.at(pl.Series([3, 1], dtype=pl.UInt32)).met().to_list() == [False, True, True]
