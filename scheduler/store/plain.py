"""Plain statements for work that is done thousands of times a second, alike on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import polars as pl

from .database import Way, driver
from .tables import EPOCH

Value = Any
"""What a database takes and gives: text, number, moment, or nothing."""
_MICRO: Final = timedelta(microseconds=1)
_AT_ONCE: Final = 80
"""Rows that SQLite is handed in one statement: fewer statements, fewer waits for other threads."""


def asked(connection: Way, text: str, values: Sequence[Value] = ()) -> list[Any]:
    """The rows that a statement answers; `?` marks a place for a value."""
    if connection.dialect.name == "postgresql":
        text = text.replace("?", "%s")
    found: list[Any] = driver(connection).execute(text, values).fetchall()
    return found


def done(connection: Way, text: str, values: Sequence[Value] = ()) -> None:
    """Do what answers nothing."""
    if connection.dialect.name == "postgresql":
        text = text.replace("?", "%s")
    driver(connection).execute(text, values)


@contextmanager
def together(connection: Way) -> Iterator[None]:
    """What is done within goes to a server in one trip; nothing may be asked in between."""
    if connection.dialect.name == "postgresql":
        with driver(connection).pipeline():
            yield
    else:
        yield


def put(
    connection: Way,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    *,
    unless: Sequence[str] = (),
) -> None:
    """Add rows; one whose columns `unless`, its key, are there already is left out."""
    if not rows:
        return
    if unless and connection.dialect.name != "postgresql":
        _put_new(connection, table, columns, rows, unless)
        return
    server = connection.dialect.name == "postgresql"
    own = driver(connection)
    if len(rows) == 1:
        own.execute(_insert(table, tuple(columns), 1, server, bool(unless)), rows[0])
    elif server:
        cursor = own.cursor()
        cursor.executemany(_insert(table, tuple(columns), 1, server, bool(unless)), rows)
        cursor.close()
    else:
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            text = _insert(table, tuple(columns), len(some), server, False)
            own.execute(text, list(chain.from_iterable(some)))


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...], rows: int, server: bool, unless: bool) -> str:
    """The statement that adds so many rows."""
    marks = ", ".join(("%s" if server else "?") for _ in columns)
    names = ", ".join(f'"{one}"' for one in columns)
    values = ", ".join([f"({marks})"] * rows)
    end = " ON CONFLICT DO NOTHING" if unless else ""
    return f"INSERT INTO {table} ({names}) VALUES {values}{end}"


def _put_new(
    connection: Way,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    unless: Sequence[str],
) -> None:
    """The same on SQLite, whose triggers refuse a key that is there before any conflict is met."""
    names = ", ".join(f'"{one}"' for one in columns)
    marks = ", ".join(f"?{place}" for place in range(1, len(columns) + 1))
    where = " AND ".join(f'"{one}" = ?{list(columns).index(one) + 1}' for one in unless)
    text = (
        f"INSERT INTO {table} ({names}) SELECT {marks} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {where})"
    )
    cursor = driver(connection).cursor()
    cursor.executemany(text, rows)
    cursor.close()


def among(
    connection: Way, column: str, values: Collection[str] | Collection[int]
) -> tuple[str, Value]:
    """A condition that a column is one of some values, and the one value it takes."""
    if connection.dialect.name == "postgresql":
        return f"{column} = ANY(?)", list(values)
    return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(values))


def moment(connection: Way, at: datetime) -> Value:
    """A moment as the database holds it."""
    return at if connection.dialect.name == "postgresql" else (at - EPOCH) // _MICRO


def day(connection: Way, at: date) -> Value:
    """A civil day as the database holds it."""
    return at if connection.dialect.name == "postgresql" else at.isoformat()


def _when(value: Any) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _cents(value: int) -> Decimal:
    return Decimal(value) / 100


def reader(dialect: str, dtype: pl.DataType) -> Callable[[Any], Any] | None:
    """Makes of a column's value what it means; None where it is that already."""
    if isinstance(dtype, pl.List):
        return json.loads
    if isinstance(dtype, pl.Datetime):
        return _utc if dialect == "postgresql" else _when
    if dialect == "postgresql":
        return None
    if isinstance(dtype, pl.Date):
        return date.fromisoformat
    if isinstance(dtype, pl.Decimal):
        return _cents
    return bool if isinstance(dtype, pl.Boolean) else None


def read_moment(value: Any) -> datetime:
    """A moment that came out of either database."""
    return _utc(value) if isinstance(value, datetime) else _when(value)


def read_day(value: Any) -> date:
    """A civil day that came out of either database."""
    return value if isinstance(value, date) else date.fromisoformat(value)
