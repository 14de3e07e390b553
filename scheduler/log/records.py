"""What a record of the log is, field by field; README.md beside this file says what each means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ..contact_list import INSTANT

_DIGEST: Final = re.compile(r'"([0-9a-f]{64})"')
STRINGS: Final = pl.List(pl.String())


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its type, its part, and the version of the record it came with."""

    name: str
    kind: pl.DataType
    personal: bool
    since: int = 1


def _fields(personal: bool, since: int = 1, **kinds: pl.DataType) -> tuple[Field, ...]:
    return tuple(Field(name, kind, personal, since) for name, kind in kinds.items())


VERSION: Final = 2
"""Of the records that are written now."""
FORMAT: Final = "forbear log segment 3"
"""Of the segments that are sealed now."""
BEFORE: Final = "forbear log segment 2"
"""Of those that were sealed while records were of version 1."""


PUBLIC: Final = _fields(
    False,
    row=pl.Int64(),
    decision_id=pl.String(),
    asked=pl.String(),
    asked_by=pl.String(),
    asked_person=pl.String(),
    permit=pl.String(),
    decided_at=INSTANT,
    as_of=INSTANT,
    recorded_as_of=INSTANT,
    day=pl.Date(),
    at=INSTANT,
    verdict=pl.String(),
    listed=pl.Boolean(),
    exhausted=pl.Boolean(),
    force=pl.String(),
    rules=STRINGS,
    duties=pl.String(),
)
PERSONAL: Final = (
    *_fields(
        True,
        group=pl.String(),
        account=pl.String(),
        consumer=pl.String(),
        point=pl.String(),
        channel=pl.String(),
        number=pl.String(),
        contact=pl.String(),
        situations=STRINGS,
        jurisdictions=pl.String(),
        zones=pl.String(),
        place_evidence=pl.String(),
        windows_utc=pl.String(),
        attempts_left=pl.Int32(),
        budgets=pl.String(),
        next_permitted_utc=INSTANT,
        evidence=pl.String(),
    ),
    *_fields(True, 2, basis=pl.String()),
)
RECORD: Final = (*PUBLIC, *PERSONAL)
DECISIONS: Final[dict[str, pl.DataType]] = {field.name: field.kind for field in RECORD}
SITUATIONS: Final[dict[str, pl.DataType]] = {
    "situation": pl.String(),
    "rule_set": pl.String(),
    "facts": pl.String(),
    "refusing": STRINGS,
    "duties": STRINGS,
    "compiled": STRINGS,
    "rete": STRINGS,
    "trouble": pl.String(),
}
INNER: Final = "inner"
"""A column of segments that something was erased from: the salted hash of the personal part."""
ASKED: Final = ("list", "check", "permit")


def format_of(columns: Iterable[str]) -> str:
    """The format of a segment whose decisions have these columns: an older run's have fewer."""
    there = set(columns)
    newest = all(one.name in there for one in RECORD)
    return FORMAT if newest else BEFORE


def version_of(segment: object) -> int:
    """The version of a segment's records, of the `format` in its segment.json."""
    return VERSION if segment == FORMAT else 1


def fields_of(version: int, fields: Sequence[Field] = RECORD) -> tuple[Field, ...]:
    """Of these fields, those that records of a version have."""
    return tuple(one for one in fields if one.since <= version)


def situations_named(situations: Sequence[str] | None, basis: str | None) -> list[str]:
    """Every situation that a record names: those it was decided by, then those of its `basis`."""
    return list(dict.fromkeys([*(situations or ()), *_DIGEST.findall(basis or "")]))
