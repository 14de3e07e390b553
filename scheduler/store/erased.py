"""Rows that retention emptied: a word whose value is gone says nothing any more.

No row comes in without the value that its word needs, so one that has none was erased. Whoever
reads the store leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from engine.facts.catalogue import STATEMENTS

WORDS: Final = frozenset({"statement", "knowledge"})
"""Tables whose rows are a word and its value."""
_ELSEWHERE: Final = ("debts", "debt", "disputes", "consent", "point", "points")
NEED_VALUE: Final = frozenset(
    name for name, saying in STATEMENTS.items() if saying.shape not in _ELSEWHERE
)
"""Words whose value stands in the column `value`."""


def is_erased(row: Mapping[str, Any]) -> bool:
    """Whether a row of `WORDS` was emptied."""
    return row["value"] is None and row["kind"] in NEED_VALUE


def erased() -> pl.Expr:
    """The same of many rows at once."""
    return pl.col("value").is_null() & pl.col("kind").is_in(sorted(NEED_VALUE))
