"""What places ask at the head of their files, and what is missing for a decision, as columns.

`deciding._structural` and `_place_duties` for all candidates, but for the zone: worked out once per
distinct places, role, kind of contact and, where licences are told, collector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from ..account import Collector
from ..panel import Panel
from ..rule import Ask
from ..rulebook import Place
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
from .table import Table
from .where import unmask

_BARRED = Ask("time_barred")
Said = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Names of structural refusals, the law of those that places make, duties."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the places of candidates ask, by candidate: `lacks` and `owes`, numbers; `suable`.

    `missing`: names of structural refusals, and the law of those that places make; `duties`: those
    of places.
    """

    lacks: pl.Series
    owes: pl.Series
    suable: pl.Series
    missing: list[tuple[tuple[str, ...], tuple[str, ...]]]
    duties: list[tuple[str, ...]]


def asked_of_places(
    panel: Panel, table: Table, refuse_unencoded: bool, licences: Licences | None
) -> Asked:
    """What the places of all candidates ask. What was worked out once stands for later parts."""
    suable = _suable(table, table.cand)
    keys = ["law", "known", "role", "ringing", "suable", *(["collector"] if licences else [])]
    ringing = (pl.col("channel") == "call").alias("ringing")
    asked = table.cand.with_columns(ringing, suable.alias("suable")).select(keys)
    kinds = asked.unique(maintain_order=True)
    note = panel.notes.get(("asked", table.prepared.day, refuse_unencoded))
    if not isinstance(note, _Answers) or note.licences is not licences:
        note = _Answers(licences)
        panel.notes["asked", table.prepared.day, refuse_unencoded] = note
    missing: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    owed: dict[tuple[str, ...], int] = {}
    lacks, owes = [], []
    for row in kinds.iter_rows():
        if row not in note.known:
            told = dict(zip(keys, row, strict=True))
            note.known[row] = _said(note, panel, told, table.prepared.day, refuse_unencoded)
        absent, cites, duty = note.known[row]
        lacks.append(missing.setdefault((absent, cites), len(missing)))
        owes.append(owed.setdefault(duty, len(owed)))
    numbers = {"lacks": pl.Series(lacks, dtype=pl.UInt32), "owes": pl.Series(owes, dtype=pl.UInt32)}
    found = asked.join(kinds.with_columns(**numbers), on=keys, how="left", maintain_order="left")
    return Asked(found["lacks"], found["owes"], suable, list(missing), list(owed))


@dataclass
class _Answers:
    """What places ask of collectors with these licences: by kind of candidate, and each place."""

    licences: Licences | None
    known: dict[tuple[Any, ...], Said] = field(default_factory=dict)
    places: dict[tuple[Any, ...], Said] = field(default_factory=dict)


def _suable(table: Table, found: pl.DataFrame) -> pl.Series:
    """Whether a debt is known to be open to suit still, or has a judgment."""
    judged = table.prepared.accounts["judgment"].gather(found["a"]) <= table.prepared.day
    return (time_barred(table, _BARRED)[found["i"]] == 0) | judged.fill_null(value=False)


def _said(
    note: _Answers, panel: Panel, told: Mapping[str, Any], day: date, refuse_unencoded: bool
) -> Said:
    """What is missing, the law that asks for it, and the duties; of one kind of candidate."""
    absent = set() if told["known"] else {"address_unknown"}
    cites: set[str] = set()
    found: set[str] = set()
    who = (told.get("collector", ""), told["role"], told["ringing"], told["suable"])
    for code in unmask(told["law"], zones=False):
        if (code, *who) not in note.places:
            note.places[code, *who] = _of_place(
                note, panel.rulebook.places.get(code), *who, day, refuse_unencoded
            )
        for all_, one in zip((absent, cites, found), note.places[code, *who], strict=True):
            all_.update(one)
    return tuple(sorted(absent)), tuple(sorted(cites)), tuple(sorted(found))


def _of_place(
    note: _Answers,
    place: Place | None,
    name: str,
    role: str,
    call: bool,
    suable: bool,
    day: date,
    refuse_unencoded: bool,
) -> Said:
    """The same of one place."""
    if place is None:
        return ("place_without_file",), (), ()
    absent = []
    cites: tuple[str, ...] = ()
    standing = licence(place, licensed(Collector(name), note.licences), role, day)
    if standing not in (HELD, UNCHECKED):
        absent.append(MISSING)
        cites = licence_cite(place)
    if not place.encoded and refuse_unencoded:
        absent.append("place_not_encoded")
    return tuple(absent), cites, tuple(duties(place, (standing,), call=call, suable=suable))
