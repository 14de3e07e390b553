"""What the store held of some consumers, with when each thing was written: to know it as it was.

Rows, permits and releases are only added, so what was known at any moment is a part of what there
is now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from . import fetching, linking
from .fetching import Row
from .kept import KEPT, MORE_NAMES
from .living import PERMIT, RELEASE, Permit, StoredRelease, permit_of, release_of
from .plain import among, asked, read_moment, reader

EVERYBODY: Final = tuple(MORE_NAMES.values())
"""Tables whose rows are nobody's file."""


@dataclass(frozen=True, slots=True)
class Given:
    """A permit, and when it ended; None: it is open."""

    permit: Permit
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Granted:
    """A release, and the permits that it was used for."""

    release: StoredRelease
    permits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """All that there ever was of a contact group: rows by the store's table, every revision.

    `members`: the consumers counted together by now, which are those of then or more.
    """

    members: tuple[str, ...]
    rows: Mapping[str, list[Row]]
    permits: tuple[Given, ...]
    releases: tuple[Granted, ...]


def groups(connection: sa.Connection, consumers: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The members of the contact group of each of these consumers, as far as it was kept up."""
    home = linking.groups_of(connection, consumers)
    members = linking.members_of(connection, set(home.values()))
    return {one: members[group] for one, group in home.items()}


def held(connection: sa.Connection, members: tuple[str, ...]) -> Held:
    """All that there ever was of these consumers."""
    return Held(
        members,
        fetching.every(connection, members),
        _permits(connection, members),
        _releases(connection, members),
    )


def of_everybody(connection: sa.Connection) -> dict[str, list[Row]]:
    """Every row there ever was of the tables that are nobody's file, in the order of writing."""
    return {name: _all(connection, name) for name in EVERYBODY}


def _all(connection: sa.Connection, name: str) -> list[Row]:
    columns = ("row", *KEPT[name].schema)
    quoted = ", ".join(f'"{one}"' for one in columns)
    kinds = KEPT[name].schema
    found = []
    for values in asked(connection, f'SELECT {quoted} FROM "{name}" ORDER BY "row"'):
        row = dict(zip(columns, values, strict=True))
        for column, kind in kinds.items():
            read = reader(connection.dialect.name, kind)
            if read is not None and row[column] is not None:
                row[column] = read(row[column])
        found.append(row)
    return found


def _permits(connection: sa.Connection, members: Collection[str]) -> tuple[Given, ...]:
    condition, value = among(connection, "p.consumer", members)
    columns = ", ".join(f"p.{one}" for one in PERMIT)
    rows = asked(
        connection,
        f"SELECT {columns}, e.how, e.at FROM permit p LEFT JOIN permit_end e "
        f"ON e.permit = p.permit WHERE {condition} ORDER BY p.permit",
        (value,),
    )
    return tuple(
        Given(permit_of(row[:-1]), None if row[-1] is None else read_moment(row[-1]))
        for row in rows
    )


def _releases(connection: sa.Connection, members: Collection[str]) -> tuple[Granted, ...]:
    condition, value = among(connection, "r.consumer", members)
    columns = ", ".join(f"r.{one}" for one in RELEASE)
    used: dict[str, list[str]] = {}
    for release, permit in asked(
        connection,
        "SELECT u.release, u.permit FROM release_use u JOIN release r ON r.release = u.release "
        f"WHERE {condition} ORDER BY u.permit",
        (value,),
    ):
        used.setdefault(release, []).append(permit)
    rows = asked(
        connection,
        f"SELECT {columns} FROM release r WHERE {condition} ORDER BY r.until, r.release",
        (value,),
    )
    found = map(release_of, rows)
    return tuple(Granted(one, tuple(used.get(one.release, ()))) for one in found)
