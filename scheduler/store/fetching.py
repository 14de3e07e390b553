"""The facts of some consumers, found by key: what `snapshot` would hold of them, as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, Final

import sqlalchemy as sa

from .erased import WORDS, is_erased
from .kept import KEPT, NAMES
from .plain import among, asked, reader
from .tables import ROW

Row = dict[str, Any]
_OWN: Final = ("revision", "void", "received_at", "recorded_at")


@dataclass(frozen=True, slots=True)
class Fetched:
    """Rows by portfolio table, in the order of keys. `wakes`: when more of them counts, if ever."""

    rows: Mapping[str, list[Row]]
    wakes: datetime | None


def fetch(connection: sa.Connection, consumers: Collection[str], now: datetime) -> Fetched:
    """All rows of these consumers that had been received and recorded by now."""
    rows: dict[str, list[Row]] = {}
    wakes: datetime | None = None
    for portfolio, name in NAMES.items():
        there: list[Row] = []
        for row in _rows(connection, name, consumers, _OWN):
            known = max(row["received_at"], row["recorded_at"])
            if known > now:
                wakes = known if wakes is None else min(wakes, known)
            else:
                there.append(row)
        rows[portfolio] = standing(name, there)
    return Fetched(rows, wakes)


def standing(name: str, rows: Iterable[Row]) -> list[Row]:
    """Of rows of a table (every revision) those that stand, in the order of keys."""
    found: dict[tuple[str, ...], Row] = {}
    key = KEPT[name].key
    for row in rows:
        at = tuple(row[one] for one in key)
        had = found.get(at)
        if had is None or had["revision"] < row["revision"]:
            found[at] = row
    return [
        row
        for at in sorted(found)
        if not (row := found[at])["void"] and not (name in WORDS and is_erased(row))
    ]


def every(connection: sa.Connection, consumers: Collection[str]) -> dict[str, list[Row]]:
    """All rows of these consumers that there ever were, numbered, by the table of the store."""
    own = (*_OWN, ROW)
    return {name: list(_rows(connection, name, consumers, own)) for name in NAMES.values()}


def by_group(fetched: Fetched, home: Mapping[str, str]) -> dict[str, dict[str, list[Row]]]:
    """Fetched rows taken apart by group; `home` is the group of each consumer."""
    found: dict[str, dict[str, list[Row]]] = {
        group: {name: [] for name in NAMES} for group in home.values()
    }
    owner: dict[str, str] = {row["account"]: row["consumer"] for row in fetched.rows["accounts"]}
    for name, rows in fetched.rows.items():
        for row in rows:
            whose = owner.get(row["account"]) if name == "account_parties" else row["consumer"]
            if whose is not None:
                found[home[whose]][name].append(row)
    return found


def _rows(
    connection: sa.Connection, name: str, consumers: Collection[str], own: tuple[str, ...]
) -> Iterator[Row]:
    text, columns, readers = _statement(name, connection.dialect.name, own)
    whose = "account_party" if name == "account_party" else "consumer"
    if whose == "account_party":
        inner, value = among(connection, "consumer", consumers)
        condition = f"account IN (SELECT account FROM account WHERE {inner})"
    else:
        condition, value = among(connection, "consumer", consumers)
    for values in asked(connection, f"{text} WHERE {condition}", (value,)):
        # the same few words and ids stand in many rows: each is kept once
        row = {
            column: intern(value) if type(value) is str else value
            for column, value in zip(columns, values, strict=True)
        }
        for column, read in readers:
            if row[column] is not None:
                row[column] = read(row[column])
        yield row


@lru_cache(maxsize=64)
def _statement(
    name: str, dialect: str, own: tuple[str, ...]
) -> tuple[str, Sequence[str], Sequence[tuple[str, Callable[[Any], Any]]]]:
    """What to ask of a table, its columns, and those whose values must be read."""
    kept = KEPT[name]
    columns = list(dict.fromkeys([*(one.name for one in kept.told), *own]))
    quoted = ", ".join(f'"{one}"' for one in columns)
    readers = [
        (one, read)
        for one in columns
        if one != ROW and (read := reader(dialect, kept.schema[one])) is not None
    ]
    return f'SELECT {quoted} FROM "{name}"', columns, readers


def owners(connection: sa.Connection, accounts: Collection[str]) -> dict[str, str]:
    """Whose each account is, as its newest row says; unknown ones are left out."""
    condition, value = among(connection, "account", accounts)
    text = f"SELECT account, consumer, revision FROM account WHERE {condition} ORDER BY revision"
    return {account: consumer for account, consumer, _ in asked(connection, text, (value,))}


def holders(connection: sa.Connection, accounts: Collection[str]) -> dict[str, tuple[str, str]]:
    """Whose each account is and who collects it, as its newest row says."""
    condition, value = among(connection, "account", accounts)
    text = (
        f"SELECT account, consumer, collector, revision FROM account WHERE {condition} "
        "ORDER BY revision"
    )
    return {one[0]: (one[1], one[2]) for one in asked(connection, text, (value,))}


def files(connection: sa.Connection, points: Collection[str]) -> dict[str, str]:
    """In whose file each contact point stands, as its newest row says."""
    condition, value = among(connection, "point", points)
    text = (
        f"SELECT point, consumer, revision FROM contact_point WHERE {condition} ORDER BY revision"
    )
    return {point: consumer for point, consumer, _ in asked(connection, text, (value,))}


def newest(connection: sa.Connection, name: str, keys: Collection[str]) -> dict[str, int]:
    """The newest revision of things of a table that has one column for its key."""
    key = KEPT[name].key[0]
    condition, value = among(connection, key, keys)
    text = f'SELECT {key}, max(revision) FROM "{name}" WHERE {condition} GROUP BY {key}'
    return dict(tuple(row) for row in asked(connection, text, (value,)))


def told_when(
    connection: sa.Connection, name: str, keys: Collection[str]
) -> dict[str, dict[str, datetime]]:
    """The moments that things of a table have as they stand: made_at, received_at, where kept."""
    key = KEPT[name].key[0]
    moments = [one for one in ("made_at", "received_at") if one in KEPT[name].schema]
    condition, value = among(connection, key, keys)
    text = f'SELECT {key}, {", ".join(moments)} FROM "{name}" WHERE {condition} ORDER BY revision'
    read = reader(connection.dialect.name, KEPT[name].schema["received_at"]) or (lambda one: one)
    return {
        row[0]: {one: read(at) for one, at in zip(moments, row[1:], strict=True) if at is not None}
        for row in asked(connection, text, (value,))
    }


def told_late(connection: sa.Connection, contacts: Collection[str]) -> set[str]:
    """Those contacts of which the newest row is a correction, and takes nothing back."""
    condition, value = among(connection, "contact", contacts)
    text = f"SELECT contact, revision, void FROM contact WHERE {condition} ORDER BY revision"
    last = {
        contact: (revision, void) for contact, revision, void in asked(connection, text, (value,))
    }
    return {contact for contact, (revision, void) in last.items() if revision and not void}


@dataclass(frozen=True, slots=True)
class Told:
    """Tables that are nobody's file: pairs of person ids with their confidence, licences as JSON.

    `wakes`: when more of them counts, if ever.
    """

    pairs: tuple[tuple[str, str, str], ...]
    licences: Mapping[str, str]
    wakes: datetime | None


def told(connection: sa.Connection, now: datetime) -> Told:
    """Who may be one human, and what licences collectors hold, as far as known by now."""
    pairs, one = _standing(connection, "same_person", "confidence", now)
    licences, other = _standing(connection, "collector", "licences", now)
    wakes = min((at for at in (one, other) if at is not None), default=None)
    known = ((key[0], key[1], str(value)) for key, value in sorted(pairs.items()))
    held = {key[0]: value for key, value in sorted(licences.items()) if value is not None}
    return Told(tuple(known), held, wakes)


def _standing(
    connection: sa.Connection, name: str, column: str, now: datetime
) -> tuple[dict[tuple[str, ...], str | None], datetime | None]:
    """A column of all rows that stand now, by key; and when more of them counts."""
    key = KEPT[name].key
    read = reader(connection.dialect.name, KEPT[name].schema["received_at"]) or _same
    names = ", ".join((*key, column, "void", "received_at", "recorded_at"))
    found: dict[tuple[str, ...], str | None] = {}
    wakes: datetime | None = None
    for row in asked(connection, f"SELECT {names} FROM {name} ORDER BY revision"):
        known = max(read(row[-2]), read(row[-1]))
        if known > now:
            wakes = known if wakes is None else min(wakes, known)
            continue
        found.pop(tuple(row[: len(key)]), None)
        if not row[-3]:
            found[tuple(row[: len(key)])] = row[len(key)]
    return found, wakes


def _same(value: Any) -> Any:
    return value
