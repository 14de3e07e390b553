"""What a record of the log is, field by field; README.md beside this file says what each means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from ..contact_list import INSTANT

STRINGS: Final = pl.List(pl.String())


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its type, and whether it belongs to the personal part."""

    name: str
    kind: pl.DataType
    personal: bool


def _fields(personal: bool, **kinds: pl.DataType) -> tuple[Field, ...]:
    return tuple(Field(name, kind, personal) for name, kind in kinds.items())


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
PERSONAL: Final = _fields(
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
