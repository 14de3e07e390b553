"""The store itself: one database, SQLite in WAL mode or PostgreSQL, opened by its URL."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa

from engine.problem import ForbearError

from ..disk import NO_ROOM, is_full

Connection = sa.Connection
"""A connection within a transaction, as others hand it on without knowing what it is."""
SCHEMES: Final = ("sqlite", "postgresql")
CACHE: Final = 131_072
"""KiB of pages SQLite may hold, so that its indexes grow in memory."""
SERVING: Final = 4_096
"""The same for a process that keeps several connections for months, and reads few rows each."""
WAIT: Final = 30
"""Seconds to wait for another writer."""
LOOK: Final = 0.003
"""Seconds between two looks whether another writer is done, in the mean."""


class Named(Protocol):
    """What has a name, as a dialect of SQLAlchemy has."""

    @property
    def name(self) -> str:
        """The kind of database: sqlite or postgresql."""
        ...


class Held(Protocol):
    """What holds a connection of the database's own package."""

    @property
    def driver_connection(self) -> Any:
        """That connection."""
        ...


class Way(Protocol):
    """What plain statements need of a connection: SQLAlchemy's, or `direct.Direct`."""

    @property
    def dialect(self) -> Named:
        """The kind of database."""
        ...

    @property
    def connection(self) -> Held:
        """What holds the connection of its own package."""
        ...


class StoreError(ForbearError):
    """The store cannot be used: one sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Store:
    """A database that holds the firm's facts. `shown` is its URL without a password."""

    engine: sa.Engine
    shown: str

    @property
    def dialect(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """The file it is in, None for a server's."""
        database = self.engine.url.database
        return Path(database) if self.dialect == "sqlite" and database else None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: all that is done in it holds, or none. Raises StoreError."""
        with told(self), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self, view: str | None = None) -> Iterator[sa.Connection]:
        """One view of the store, that nobody's writing changes. Raises StoreError.

        `view`: another connection's (`view_of`), which must last as long.
        """
        with told(self), self.engine.connect() as plain:
            if self.dialect == "postgresql":
                plain = plain.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            else:
                plain = plain.execution_options(forbear_reads=True)
            with plain.begin():
                if view is not None:
                    plain.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{view}'")
                yield plain

    def view_of(self, connection: sa.Connection) -> str | None:
        """The name of what a reading connection sees, for another to see the same.

        SQLite has none (None): rows are only added, by one writer at a time, so up to a number
        that the first connection knows all others see the same rows.
        """
        if self.dialect != "postgresql":
            return None
        return str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def open_store(text: str, home: Path, cache: int = CACHE) -> Store:
    """The store of a URL; a relative SQLite path starts at the home. Nothing is asked of it yet.

    `cache`: KiB of pages that each connection to SQLite may hold. Raises StoreError for a URL that
    is none, or of another kind of database.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise StoreError("the store's URL cannot be read") from None
    kind = url.get_backend_name()
    kind = "postgresql" if kind == "postgres" else kind
    if kind not in SCHEMES:
        raise StoreError(f"a store is SQLite or PostgreSQL, not `{kind}`")
    shown = url.render_as_string(hide_password=True)
    if kind == "postgresql":
        engine = sa.create_engine(url.set(drivername="postgresql+psycopg"))
        return Store(engine, shown)
    if not url.database or url.database == ":memory:":
        raise StoreError("a store in SQLite is a file, as in `sqlite:///store.sqlite`")
    path = home / url.database
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite", database=str(path)), connect_args={"timeout": WAIT}
    )
    sa.event.listen(engine, "connect", partial(_prepare, cache))
    sa.event.listen(engine, "begin", _begin)
    return Store(engine, shown)


def _prepare(cache: int, connection: sqlite3.Connection, record: object) -> None:
    """A connection to SQLite: transactions begun by us, WAL, and a commit that outlasts power."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{cache}")


def _begin(connection: sa.Connection) -> None:
    """Writers take the lock at once: two that read first and then write would refuse each other."""
    if connection.get_execution_options().get("forbear_reads", False):
        connection.exec_driver_sql("BEGIN")
    else:
        begin_writing(driver(connection))


def begin_writing(raw: sqlite3.Connection) -> None:
    """Take the lock, or wait until it is free: everybody who waits has the same chance.

    SQLite's own waiting looks the more seldom the longer it waits, so that of several busy
    processes one could find the lock taken for ever.
    """
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        take_lock(raw)
    finally:
        raw.execute(f"PRAGMA busy_timeout = {WAIT * 1_000}")


def take_lock(raw: sqlite3.Connection) -> None:
    """`begin_writing` on a connection with which SQLite itself does not wait."""
    for left in reversed(range(round(WAIT / LOOK))):
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(random.uniform(0, 2 * LOOK))
        else:
            return


@contextmanager
def told(store: Store) -> Iterator[None]:
    """A database's complaint as StoreError: its first line, with what it is about."""
    raw: type[Exception] = store.engine.dialect.loaded_dbapi.Error
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _refused(store, error.orig or error) from error
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the store {store.shown} cannot be used: {_line(error)}") from error
    except raw as error:  # from what the driver does in bulk
        raise _refused(store, error) from error


def _refused(store: Store, error: BaseException) -> StoreError:
    if store.file is not None and is_full(store.file):
        return StoreError(f"the store {store.shown} refused: {NO_ROOM} ({store.file})")
    said = _line(error)
    return StoreError(f"the store {store.shown} refused: {said[:1].lower()}{said[1:]}")


def _line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]


def own_file(path: Path) -> None:
    """Make an empty file that only its owner may read, unless it is there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def driver(connection: Way) -> Any:
    """The connection of the database's own package, for what it does in bulk."""
    return connection.connection.driver_connection
