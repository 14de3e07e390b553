"""A consumer's file in the order of time: contacts, words, what was learned, and the decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.clock import format_instant

from .exporting import WHEN, Pack, Picked
from .reading import ERASED

KEYS: Final = {"contacts": "contact", "statements": "statement", "knowledge": "knowledge"}
"""What a row of each table is called, which is the column of its id as well."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened or was decided, with the id it goes by."""

    consumer: str
    at: datetime
    what: str
    said: str
    id: str


def timeline(pack: Pack) -> tuple[Event, ...]:
    """Everything a pack holds of its consumers, one after another, each once."""
    found = {(one.consumer, one.what, one.id): one for one in _events(pack.picked)}
    order = sorted(found.values(), key=lambda one: (one.consumer, one.at, one.what, one.id))
    return tuple(order)


def _events(picked: Sequence[Picked]) -> Iterator[Event]:
    for one in picked:
        if one.record[ERASED]:
            continue
        who = str(one.record["consumer"])
        yield Event(who, one.record["decided_at"], "decision", _decided(one), one.name)
        for rows in (one.then, one.after):
            for table, of in rows.items():
                for row in of:
                    told = _contact(row) if table == "contacts" else _word(row)
                    name = KEYS[table]
                    yield Event(who, row[WHEN[table]], name, told, str(row[name]))


def _decided(one: Picked) -> str:
    rules = one.record["rules"] or ()
    by = f", by {', '.join(rules)}" if rules else ""
    at = one.record["at"]
    when = format_instant(at) if at is not None else str(one.record["day"])
    return (
        f"{one.record['verdict']}: {one.record['channel']} to {one.record['point']} about "
        f"{one.record['account']}, for {when}{by}"
    )


def _contact(row: Mapping[str, Any]) -> str:
    way = "from" if row["direction"] == "in" else "to"
    told = f"{row['channel']} {way} {row['point'] or 'an unknown point'}"
    more = [row["result"], row["content"] or row["purpose"], row["technology"]]
    told += "".join(f", {one}" for one in more if one)
    if row["attributed_to"]:
        told += f", about {', '.join(row['attributed_to'])}"
    if row["discussed"]:
        told += f", {', '.join(row['discussed'])} talked about"
    return told


def _word(row: Mapping[str, Any]) -> str:
    told = str(row["kind"])
    if row.get("medium"):
        told += f", {row['medium']}"
    elif row.get("source"):
        told += f", from {row['source']}"
    if row["accounts"]:
        told += f", about {', '.join(row['accounts'])}"
    if row["point"]:
        told += f", of {row['point']}"
    return told + (f": {row['value']}" if row["value"] else "")
