"""What places ask at the head of their files, and what is missing for a decision, as columns.

`deciding._structural` and `_place_duties` for all candidates, but for the zone: worked out once per
distinct places, role, kind of contact and, where licences are told, collector.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from ..account import Collector
from ..panel import Panel
from ..rule import Ask
from ..terms import (
    HELD,
    MISSING,
    UNCHECKED,
    Licences,
    duties,
    licence,
    licence_cite,
    licensed,
)
from .facts import time_barred
from .ledger import TEXTS, framed
from .table import Table
from .where import unmask

_BARRED = Ask("time_barred")


def asked_of_places(
    panel: Panel,
    table: Table,
    found: pl.DataFrame,
    refuse_unencoded: bool,
    licences: Licences | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates with the number (m) of what their places ask, and all that is asked.

    `missing`: names of structural refusals; `by_law`: the law of those that places make; `duty`: a
    list; `m`: the number of the three together.
    """
    by_collector = ["collector"] if licences else []
    keys = ["law", "known", "role", "ringing", "suable", *by_collector]
    found = found.with_columns(
        (pl.col("channel") == "call").alias("ringing"), _suable(table, found).alias("suable")
    )
    kinds = found.select(keys).unique(maintain_order=True)
    numbers: dict[tuple[tuple[str, ...], ...], int] = {}
    rows = []
    for row in kinds.iter_rows(named=True):
        collector = licensed(Collector(row.get("collector", "")), licences)
        said = _said(panel, row, collector, table.prepared.day, refuse_unencoded)
        rows.append((*row.values(), numbers.setdefault(said, len(numbers))))
    schema = {key: kinds.schema[key] for key in keys}
    known = pl.DataFrame(rows, schema={**schema, "m": pl.UInt32}, orient="row")
    found = found.join(known, on=keys, how="left", maintain_order="left")
    lines = [(number, *("\n".join(one) for one in said)) for said, number in numbers.items()]
    asked: dict[str, pl.DataType] = {
        "m": pl.UInt32(), "missing": TEXTS, "by_law": TEXTS, "duty": TEXTS,
    }  # fmt: skip
    return found.drop("ringing"), framed(lines, asked)


def _suable(table: Table, found: pl.DataFrame) -> pl.Series:
    """Whether a debt is known to be open to suit still, or has a judgment."""
    judged = table.prepared.accounts["judgment"].gather(found["a"]) <= table.prepared.day
    return (time_barred(table, _BARRED)[found["i"]] == 0) | judged.fill_null(value=False)


def _said(
    panel: Panel,
    row: Mapping[str, object],
    collector: Collector,
    day: date,
    refuse_unencoded: bool,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What is missing, the law that asks for it, and the duties."""
    law, role = row["law"], row["role"]
    assert isinstance(law, int)
    assert isinstance(role, str)
    absent = set() if row["known"] else {"address_unknown"}
    cites: set[str] = set()
    found: set[str] = set()
    for code in unmask(law, zones=False):
        place = panel.rulebook.places.get(code)
        if place is None:
            absent.add("place_without_file")
            continue
        standing = licence(place, collector, role, day)
        if standing not in (HELD, UNCHECKED):
            absent.add(MISSING)
            cites.update(licence_cite(place))
        if not place.encoded and refuse_unencoded:
            absent.add("place_not_encoded")
        call, suable = bool(row["ringing"]), bool(row["suable"])
        found.update(duties(place, (standing,), call=call, suable=suable))
    return tuple(sorted(absent)), tuple(sorted(cites)), tuple(sorted(found))
