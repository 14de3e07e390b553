"""Keys of the service in the store: added, revoked, and read as they stand.

Rows are never changed: a key is revoked by a row that supersedes the one that added it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from .adding import add_told
from .database import Way
from .kept import KEPT
from .plain import asked
from .tables import STORED

ORIGIN: Final = "forbear"
_TABLE: Final = STORED["api_key"]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it stands. `digest` is sha256 over its text; `revoked_at` None: it opens."""

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    added_at: datetime
    revoked_at: datetime | None


def keys(connection: sa.Connection) -> tuple[StoredKey, ...]:
    """Every key, in the order in which they were added."""
    every = sa.select(_TABLE).order_by(_TABLE.c.row)
    found: dict[str, StoredKey] = {}
    for row in connection.execute(every).mappings():
        had = found.get(row["key"])
        found[row["key"]] = StoredKey(
            row["key"],
            row["name"],
            tuple(row["scopes"].split(",")),
            row["digest"],
            row["recorded_at"] if had is None else had.added_at,
            row["revoked_at"],
        )
    return tuple(found.values())


def mark(connection: Way) -> tuple[int, int]:
    """What differs as soon as any key was added or revoked: rows, and the newest one's number."""
    ((count, newest),) = asked(connection, "SELECT count(*), coalesce(max(row), 0) FROM api_key")
    return int(count), int(newest)


def add_key(
    connection: sa.Connection,
    id: str,
    name: str,
    scopes: Sequence[str],
    digest: str,
    now: datetime,
) -> None:
    """Add a key, of which only `digest` is kept."""
    _write(connection, StoredKey(id, name, tuple(scopes), digest, now, None), now)


def revoke_key(connection: sa.Connection, key: StoredKey, now: datetime) -> None:
    """Have a key open nothing any more. One that is revoked already stays as it is."""
    if key.revoked_at is None:
        revoked = StoredKey(key.id, key.name, key.scopes, key.digest, key.added_at, now)
        _write(connection, revoked, now)


def _write(connection: sa.Connection, key: StoredKey, now: datetime) -> None:
    row = {
        "key": key.id,
        "name": key.name,
        "scopes": ",".join(key.scopes),
        "digest": key.digest,
        "revoked_at": key.revoked_at,
    }
    schema = {column.name: column.dtype for column in KEPT["api_key"].told}
    add_told(connection, "api_key", pl.DataFrame([row], schema=schema), ORIGIN, now)
