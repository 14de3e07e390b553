"""Units of a part by number: rows alike in some columns, told apart once for all rules.

A limit or a wait is counted per person, debt, line and the like, and by collector and zone; a
window is read on clocks; rules tell channels and kinds of point. Rows of one unit have the same
number, so that what is found of a unit is laid beside its rows by number.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SPARSE = 32  # places for each row, beyond which units are not told apart by place


@dataclass(frozen=True, slots=True)
class Units:
    """`keys`: one row per unit, in the order of its number; `of`: the number of each row."""

    keys: pl.DataFrame
    of: pl.Series

    @classmethod
    def told(cls, rows: pl.DataFrame, on: list[str], by: list[str] | None = None) -> Units:
        """Tell the units of rows apart by these columns of numbers and words.

        `by`: those of them that tell all others, where some follow from the rest.
        """
        keys = rows.select(on)
        marks, room = _marks(rows.select(by or on))
        if marks is None:
            known = keys.unique(maintain_order=True)
            told = known.with_row_index("u")
            found = keys.join(told, on=on, how="left", nulls_equal=True, maintain_order="left")
            return cls(known, found["u"])
        if room > max(1 << 20, SPARSE * len(rows)):
            firsts = marks.is_first_distinct().arg_true()
            told = marks.gather(firsts).to_frame("mark").with_row_index("u")
            found = marks.to_frame("mark").join(told, on="mark", how="left", maintain_order="left")
            return cls(keys[firsts], found["u"])
        row = pl.int_range(len(rows), dtype=pl.UInt32, eager=True)
        first = pl.zeros(room, dtype=pl.UInt32, eager=True).scatter(marks.reverse(), row.reverse())
        of = first[marks]  # a row of each row's unit, the same for all of it
        firsts = row.filter(of == row)
        numbers = row.scatter(firsts, row.head(len(firsts)))
        return cls(keys[firsts], numbers[of].alias("u"))

    def at(self, rows: pl.Series) -> Units:
        """The same of some rows, by their places."""
        return Units(self.keys, self.of.gather(rows))

    def met(self) -> pl.Series:
        """By number of a unit, whether any of these rows is in it."""
        return pl.zeros(len(self.keys), dtype=pl.Boolean, eager=True).scatter(self.of, values=True)


def _marks(keys: pl.DataFrame) -> tuple[pl.Series | None, int]:
    """One number for each row: its keys side by side in 64 bits, and how many there may be.

    None where they do not fit.
    """
    numbers = keys.with_columns(pl.col(pl.String).cast(pl.Categorical).to_physical())
    numbers = numbers.with_columns(pl.col(pl.Categorical).to_physical())
    mark: pl.Expr = pl.lit(0, dtype=pl.UInt64)
    room = 1
    for name in numbers.columns:
        last = numbers[name].cast(pl.UInt64).max()
        width = (last if isinstance(last, int) else 0) + 2
        room *= width
        if room >= 1 << 63:
            return None, room
        mark = mark * width + (pl.col(name).cast(pl.UInt64) + 1).fill_null(0)
    return numbers.select(mark.alias("mark"))["mark"], room
