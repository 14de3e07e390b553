"""A copy of a store brought back: into a store that holds nothing, in one transaction."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from .backups import SQLITE_FILE, VERSION_TABLE, Backup, count_rows, read_backup
from .database import Store, StoreError, driver, own_file
from .migrating import must_be_known, upgrade
from .tables import METADATA, ROW

_CHUNK: Final = 1 << 20
_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def restore(store: Store, place: Path) -> Backup:
    """Bring a copy back; the store is of the copy's version then.

    Nothing is changed unless all of it can be: the copy must be whole, of the same kind of database
    and of a version that is known, and the store must hold no row. Raises StoreError.
    """
    found = read_backup(place)
    if found.dialect != store.dialect:
        raise StoreError(
            f"{place} is a copy of a store in {_NAMES.get(found.dialect, found.dialect)}, and "
            f"{store.shown} is one in {_NAMES[store.dialect]}; nothing was restored"
        )
    must_be_known(found.version, str(place))
    if store.file is not None:
        _restore_file(store, found, store.file)
    else:
        _restore_tables(store, found)
    return found


def _must_be_empty(store: Store, connection: sa.Connection) -> list[str]:
    """The tables of ours that are there; StoreError if one of them has a row."""
    counts = count_rows(connection)
    ours = [name for name in counts if name in METADATA.tables or name == VERSION_TABLE]
    full = [name for name in ours if counts[name] and name != VERSION_TABLE]
    if full:
        told = ", ".join(f"{name} {counts[name]:,}" for name in full)
        raise StoreError(
            f"the store {store.shown} is not empty ({told}); a back-up is brought back into an "
            "empty one: name another in settings.yaml (`store`), or move this one away"
        )
    return ours


def _restore_file(store: Store, found: Backup, target: Path) -> None:
    own_file(target)
    with store.reading() as connection:
        _must_be_empty(store, connection)
    store.close()
    source = f"{(found.place / SQLITE_FILE).absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(source, uri=True)) as copy:
            (sound,) = copy.execute("PRAGMA integrity_check").fetchone()
            if sound != "ok":
                raise StoreError(f"{found.place / SQLITE_FILE} is not sound: {sound}")
            with closing(sqlite3.connect(target)) as into:
                copy.backup(into)  # all pages in one transaction
    except sqlite3.Error as error:
        raise StoreError(f"the store {store.shown} refused: {str(error).lower()}") from error


def _restore_tables(store: Store, found: Backup) -> None:
    with store.writing() as connection:
        for name in _must_be_empty(store, connection):
            connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
            connection.exec_driver_sql(f'DROP FUNCTION IF EXISTS "{name}_unchanged"() CASCADE')
        upgrade(connection, found.version)
        for name in found.rows:
            if name != VERSION_TABLE:
                _copy_in(connection, found.place / f"{name}.csv", name)
        counts = count_rows(connection)
        wrong = [name for name, rows in found.rows.items() if counts.get(name) != rows]
        if wrong:
            raise StoreError(
                f"{found.place} holds other rows than it says ({', '.join(wrong)}); nothing was "
                "restored"
            )


def _copy_in(connection: sa.Connection, path: Path, table: str) -> None:
    """Rows with their own numbers; the next one is given the number after the last."""
    with path.open(encoding="utf-8", newline="") as text:
        names = next(csv.reader(text))
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        path.open("rb") as file,
        driver(connection).cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN (FORMAT csv, HEADER)') as into,
    ):
        while block := file.read(_CHUNK):
            into.write(block)
    if ROW in METADATA.tables[table].c:
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{ROW}'), "
            f'(SELECT coalesce(max("{ROW}"), 0) + 1 FROM "{table}"), false)'
        )
