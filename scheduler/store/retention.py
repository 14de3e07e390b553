"""The door of retention: personal columns of some consumers' rows are nulled, and nothing else.

On SQLite the door opens on the connection; on PostgreSQL for the role `forbear_retention`, which an
administrator makes and grants (README.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from .append_only import DOOR
from .database import Store, StoreError, driver
from .kept import KEPT
from .linking import emptied
from .plain import asked
from .tables import LIVE_COLUMNS

LIVE: Final[dict[str, tuple[str, ...]]] = {"permit": ("contact",), "release": ("person", "reason")}
"""Personal columns of live tables whose rows name their consumer."""
_AT_ONCE: Final = 500


def erase(store: Store, consumers: Collection[str], live: Collection[int] = ()) -> dict[str, int]:
    """Null the personal columns of these consumers' rows, and of live decisions by number.

    Returns the rows changed by table; all of them or none. Every process that answers from the
    store lets go of what it holds: by the next answer, or by itself (`live.writer.IDLE`).
    Raises StoreError.
    """
    counts: dict[str, int] = {}
    with store.writing() as connection:
        _open(store, connection)
        for table, columns in (*_portfolio(), *LIVE.items()):
            counts[table] = _null(connection, table, columns, "consumer", sorted(set(consumers)))
        numbers = sorted(set(live))
        counts["live_decision"] = _null(
            connection, "live_decision", ("personal", "salt"), "seq", numbers
        )
        if any(counts.values()):
            if store.dialect == "postgresql":
                connection.exec_driver_sql("RESET ROLE")  # the rest needs no door
            emptied(connection, sorted(set(consumers)))
    return {table: count for table, count in counts.items() if count}


def _portfolio() -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, kept in KEPT.items():
        if kept.personal and "consumer" in kept.schema:
            yield name, kept.personal


def _open(store: Store, connection: sa.Connection) -> None:
    """Go through the door. Raises StoreError where nobody made it."""
    if store.dialect == "sqlite":
        driver(connection).create_function(DOOR, 0, lambda: 1)
        return
    text = "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = ?"
    found = asked(connection, text, (DOOR,))
    if not found or not found[0][0]:
        raise StoreError(
            f"this database lets nobody erase yet: an administrator makes the role {DOOR}, grants "
            "it SELECT and UPDATE on the tables, and grants the role to the store's user"
        )
    connection.exec_driver_sql(f"SET LOCAL ROLE {DOOR}")


def _null(
    connection: sa.Connection,
    table: str,
    columns: Sequence[str],
    key: str,
    values: Sequence[Any],
) -> int:
    """Null some columns where a key has one of the values; how many rows had something there."""
    assert table in KEPT or table in LIVE_COLUMNS
    told = ", ".join(f'"{one}" = NULL' for one in columns)
    filled = " OR ".join(f'"{one}" IS NOT NULL' for one in columns)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    count = 0
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        marks = ", ".join(mark for _ in some)
        text = f'UPDATE "{table}" SET {told} WHERE "{key}" IN ({marks}) AND ({filled})'
        count += driver(connection).execute(text, tuple(some)).rowcount
    return count
