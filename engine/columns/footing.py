"""What candidates stand on beside their situations and counts: the column `basis`, as JSON.

Without it nobody could work out again what hangs on neither: duties and licences of places, hours
of the consumer's own, the clock of a number, the moment that only a walk through the days gives.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ..clock import format_instant
from ..facts.hours import TAKES_OFF
from .table import Table
from .windows import OWN_NUMBER, THIS_TIME, Hourglass

KEYS = ["collector", "role", "located_in", "suable", "other", "sig"]


def basis(table: Table, found: pl.DataFrame) -> pl.DataFrame:
    """Candidates with their `basis` (scheduler/log/README.md)."""
    there = table.prepared.accounts["collector_located_in"].gather(found["a"])
    other = (pl.col("nz") != 0) & (pl.col("nz") & pl.lit(OWN_NUMBER, dtype=pl.UInt64) == 0)
    found = found.with_columns(there.alias("located_in"), other.alias("other"))
    kinds = found.select(KEYS).unique(maintain_order=True)
    texts = [_text(table.hourglass, row) for row in kinds.iter_rows(named=True)]
    kinds = kinds.with_columns(pl.Series("basis", texts, dtype=pl.String))
    found = found.join(kinds, on=KEYS, how="left", nulls_equal=True, maintain_order="left")
    walked = pl.concat_str(
        pl.col("basis").str.head(-1), pl.lit(',"walk":'), pl.col("walk"), pl.lit("}")
    )
    return found.with_columns(pl.coalesce(walked, "basis").alias("basis"))


def _text(hourglass: Hourglass, row: dict[str, Any]) -> str:
    by = [row["collector"], row["role"]]
    if row["located_in"] is not None:
        by.append(row["located_in"])
    told: dict[str, Any] = {"collectors": [by]}
    if row["suable"]:
        told["suable"] = True
    if row["other"]:
        told["other"] = True
    if row["sig"]:
        said, until = hourglass.own[row["sig"]], hourglass.agreed[row["sig"]]
        if said:
            told["hours"] = [
                [one.kind, one.value, *([format_instant(at)] if one.kind == THIS_TIME else [])]
                for at, one in sorted(said, key=lambda pair: (pair[0], pair[1].kind != TAKES_OFF))
            ]
        if until is not None:
            told["calls_until"] = until.isoformat()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)
