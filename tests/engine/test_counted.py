"""Contacts stand beside each unit of the same keys, whether or not these fit into one number."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.columns.counted import beside

KEYS = ("collector", "tp", "fp")
NUMBER = st.sampled_from((0, 1, 2)) | st.none()
WIDE = NUMBER | st.just(2**32 - 1)  # three of these take 96 bits


@given(
    st.sampled_from((NUMBER, WIDE)).flatmap(
        lambda number: st.tuples(*[st.lists(st.tuples(number, number, number), max_size=8)] * 2)
    ),
    st.integers(1, 3),
)
def test_contacts_stand_beside_the_units_of_their_keys(
    told: tuple[list[tuple[int | None, ...]], list[tuple[int | None, ...]]], count: int
) -> None:
    keys = list(KEYS[:count])
    schema = dict.fromkeys(KEYS, pl.UInt32)
    units, rows = (pl.DataFrame(one, schema=schema, orient="row") for one in told)
    h = pl.int_range(len(rows), dtype=pl.UInt32, eager=True).alias("h")
    rows = rows.hstack([h, h.alias("k"), h.alias("at")])
    found = beside(units.with_row_index("u"), keys, rows)
    assert found.columns == ["u", "h", "k", "at"]
    assert sorted(found.rows()) == [
        (u, h, h, h)
        for u, unit in enumerate(told[0])
        for h, row in enumerate(told[1])
        if unit[:count] == row[:count] and None not in unit[:count]
    ]
