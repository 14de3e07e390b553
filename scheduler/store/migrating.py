"""Which version a store is of, and the way to the newest one, with a copy of the old first."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .database import Store, StoreError, driver, own_file

STEPS: Final = Path(__file__).parent / "migrations"
BACKUPS: Final = "backups"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The version that this program reads and writes."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def version(store: Store) -> str | None:
    """The version of a store, None for a database that holds none yet. Raises StoreError."""
    if store.file is not None and not store.file.exists():
        return None
    with store.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def must_be_newest(store: Store) -> None:
    """Refuse a store that is absent, older or newer than this program. Raises StoreError."""
    found = version(store)
    if found is None:
        raise StoreError(f"there is no store at {store.shown} yet; `forbear init` makes it")
    if found != newest():
        _refuse_newer(store, found)
        raise StoreError(
            f"the store {store.shown} is of version {found}, and this program is of {newest()}; "
            "`forbear init` brings it there, with a copy of the old first"
        )


def _refuse_newer(store: Store, found: str) -> None:
    known = [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]
    if found not in known:
        raise StoreError(
            f"the store {store.shown} is of version {found}, which a newer Forbear made; this one "
            f"knows versions up to {newest()}"
        )


def migrate(store: Store, backups: Path, to: str = "head") -> tuple[str | None, Path | None]:
    """Bring a store to the newest version; the version it had, and where a copy of it is kept.

    A store that is there is copied into `backups` first: SQLite's as a file, PostgreSQL's as one
    CSV file for each table. All steps are one transaction.

    Raises:
        StoreError: the store is newer than this program, or cannot be reached.
        OSError: the copy cannot be written.
    """
    found = version(store)
    if found is not None:
        _refuse_newer(store, found)
    if found == newest():
        return found, None
    if store.file is not None:
        own_file(store.file)
    kept = None if found is None else _copy(store, backups, found)
    config = _config()
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return found, kept


def _copy(store: Store, backups: Path, found: str) -> Path:
    """A copy of a store as it is, beside earlier ones."""
    backups.mkdir(parents=True, exist_ok=True)
    taken = sum(1 for one in backups.iterdir() if one.name.startswith(f"store-{found}-"))
    name = f"store-{found}-{taken + 1}"
    if store.file is not None:
        path = backups / f"{name}.sqlite"
        own_file(path)
        with store.reading() as connection, sqlite3.connect(path) as copy:
            driver(connection).backup(copy)
        copy.close()
        return path
    place = backups / name
    place.mkdir(mode=0o700)
    with store.reading() as connection:
        for table in sa.inspect(connection).get_table_names():
            quoted = f'"{table}"'
            with (
                (place / f"{table}.csv").open("wb") as file,
                driver(connection).cursor() as cursor,
                cursor.copy(f"COPY {quoted} TO STDOUT (FORMAT csv, HEADER)") as rows,
            ):
                for block in rows:
                    file.write(block)
    return place
