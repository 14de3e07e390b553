"""A table's rows by ranges of their numbers, several ranges at once, as columns.

SQLite writes a whole range into one text itself, which Polars reads: no row becomes an object.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, TypeVar

import polars as pl
import sqlalchemy as sa

from . import bulk
from .database import Store, driver
from .tables import ROW, STORED

RANGE: Final = 50_000
MOST: Final = 4  # connections that read side by side
FIELD: Final = "\x1f"
RECORD: Final = "\x1e"
EMPTY: Final = "\x15"
"""Stands for a text that is there and empty; nothing at all stands for no value."""
Made = TypeVar("Made")
Asked = sa.Select[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Readers:
    """Connections that see one and the same state of the store; each is used by one thread.

    `last` is the number of each table's last row in that state.
    """

    connections: SimpleQueue[sa.Connection]
    pool: ThreadPoolExecutor
    last: Mapping[str, int]

    def each(
        self,
        table: sa.Table,
        asked: Asked,
        schema: Mapping[str, pl.DataType],
        make: Callable[[int, pl.DataFrame], Made],
    ) -> Iterator[Made]:
        """What `make` makes of each range of a query's rows, in the order of their numbers.

        `asked` chooses columns of `table` by the names of `schema`; `make` gets the range's number
        and its rows, in whichever thread. Raises what it raises.
        """
        last = self.last[table.name]
        must = frozenset(one.name for one in table.columns if not one.nullable)

        def one(number: int) -> Made:
            connection = self.connections.get()
            try:
                start = number * RANGE
                end = min(start + RANGE, last)
                within = asked.where(table.c[ROW].between(start + 1, end))
                return make(number, frame(connection, within, schema, must))
            finally:
                self.connections.put(connection)

        return self.pool.map(one, range((last + RANGE - 1) // RANGE))


@contextmanager
def readers(store: Store) -> Iterator[Readers]:
    """As many connections as this machine has use for, all with one view. Raises StoreError."""
    count = min(MOST, os.cpu_count() or 1)
    with ExitStack() as stack:
        first = stack.enter_context(store.reading())
        same = store.view_of(first)
        last = {
            name: int(first.execute(sa.select(sa.func.max(table.c[ROW]))).scalar() or 0)
            for name, table in STORED.items()
        }
        free: SimpleQueue[sa.Connection] = SimpleQueue()
        free.put(first)
        for _ in range(count - 1):
            free.put(stack.enter_context(store.reading(same)))
        pool = stack.enter_context(ThreadPoolExecutor(count))
        yield Readers(free, pool, last)


def frame(
    connection: sa.Connection,
    asked: Asked,
    schema: Mapping[str, pl.DataType],
    must: Collection[str] = (),
) -> pl.DataFrame:
    """The whole answer of a query as one frame, by the quickest way there is.

    Columns of `must` have a value in every row.
    """
    if connection.dialect.name == "sqlite":
        found = _written(connection, asked, schema, must)
        if found is not None:
            return found
    return bulk.frame(connection, asked, schema)


def _written(
    connection: sa.Connection,
    asked: Asked,
    schema: Mapping[str, pl.DataType],
    must: Collection[str],
) -> pl.DataFrame | None:
    """The answer as SQLite writes it out; None where a text holds one of our separators."""
    held = bulk.held(schema, "sqlite")
    cells = ", ".join(
        f'iif("{name}" = \'\', char({ord(EMPTY)}), "{name}")'
        if dtype == pl.String() and name not in must
        else f'"{name}"'
        for name, dtype in held.items()
    )
    layout = FIELD.join(["%s"] * len(held))
    inner = asked.compile(connection, compile_kwargs={"literal_binds": True})
    text, rows = driver(connection).execute(
        f"SELECT CAST(group_concat(printf('{layout}', {cells}), char({ord(RECORD)})) AS BLOB), "
        f"count(*) FROM ({inner})"
    ).fetchone()  # fmt: skip
    if not rows:
        return pl.DataFrame(schema=dict(schema))
    sound = (
        text.count(FIELD.encode()) == rows * (len(held) - 1)
        and text.count(RECORD.encode()) == rows - 1
        and EMPTY.encode() not in text
        and not text.startswith("\ufeff".encode())
    )
    if not sound:
        return None
    found = pl.read_csv(
        io.BytesIO(text),
        has_header=False,
        schema=held,
        separator=FIELD,
        eol_char=RECORD,
        quote_char=None,
    )
    assert found.height == rows
    filled = [pl.col(name).fill_null("") for name in must if held.get(name) == pl.String()]
    return bulk.decode(found.with_columns(filled), schema, "sqlite")
