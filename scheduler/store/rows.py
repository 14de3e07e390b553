"""Rows given one by one, as the columns that `adding.add` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from .adding import LINE
from .kept import KEPT


def frame_of(name: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of a table of the store, with their `line`; what a row leaves out is null."""
    kept = KEPT[name]
    schema: dict[str, pl.DataType] = {LINE: pl.Int64(), **kept.schema}
    del schema["revision"]
    return pl.DataFrame(
        {one: [row.get(one) for row in rows] for one in schema}, schema=schema, strict=True
    )
