"""Which version a store is of, and the way to the newest one, with a copy of the old first."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ..disk import writing
from .backups import back_up
from .database import Store, StoreError, own_file

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
    must_be_known(found, f"the store {store.shown}")


def must_be_known(found: str, what: str) -> None:
    """Refuse a version that no step of this program leads to. Raises StoreError."""
    known = [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]
    if found not in known:
        raise StoreError(
            f"{what} is of version {found}, which a newer Forbear made; this one "
            f"knows versions up to {newest()}"
        )


def migrate(store: Store, backups: Path, to: str = "head") -> tuple[str | None, Path | None]:
    """Bring a store to the newest version; the version it had, and where a copy of it is kept.

    A store that is there is copied into `backups` first. All steps are one transaction.

    Raises:
        StoreError: the store is newer than this program, or cannot be reached.
        CannotWrite: the copy, or an empty file, cannot be written.
    """
    found = version(store)
    if found is not None:
        _refuse_newer(store, found)
    if found == newest():
        return found, None
    if store.file is not None:
        with writing(store.file):
            own_file(store.file)
    kept = None if found is None else back_up(store, backups, found)
    with store.writing() as connection:
        upgrade(connection, to)
    return found, kept


def upgrade(connection: sa.Connection, to: str) -> None:
    """Run the steps up to a version, in a transaction that was begun. Raises StoreError."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
