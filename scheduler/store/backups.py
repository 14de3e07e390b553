"""Copies of a store: made whole before a change, checked whole before they are brought back.

A copy is a directory with `backup.json`, which names every file with its digest, and the files:
SQLite's one file, or one CSV file for each table of PostgreSQL. It gets its name when all of it is
on disk.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from ..disk import sync, write_whole, writing
from .database import Store, StoreError, driver, own_file
from .tables import METADATA

RECORD: Final = "backup.json"
VERSION_TABLE: Final = "alembic_version"
FORMAT: Final = "forbear backup 1"
SQLITE_FILE: Final = "store.sqlite"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was found whole: of which kind of database, of which version, its rows."""

    place: Path
    dialect: str
    version: str
    rows: Mapping[str, int]


def back_up(store: Store, backups: Path, version: str) -> Path:
    """Copy a store as it is into `backups`, beside earlier copies. Raises StoreError, CannotWrite.

    What was begun is taken away if it cannot be finished.
    """
    with writing(backups):
        backups.mkdir(parents=True, exist_ok=True)
        taken = sum(1 for one in backups.iterdir() if one.name.startswith(f"store-{version}-"))
        place = backups / f"store-{version}-{taken + 1}"
        draft = backups / f".{place.name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
    try:
        with writing(place):
            rows = _copy_sqlite(store, draft) if store.file is not None else _copy_all(store, draft)
            record = {
                "format": FORMAT,
                "store": store.dialect,
                "version": version,
                "rows": rows,
                "files": {path.name: _digest(path) for path in sorted(draft.iterdir())},
            }
            for path in draft.iterdir():
                sync(path)
            write_whole(draft / RECORD, json.dumps(record, indent=2).encode() + b"\n")
            draft.rename(place)
            sync(backups)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return place


def _copy_sqlite(store: Store, place: Path) -> dict[str, int]:
    path = place / SQLITE_FILE
    own_file(path)
    with store.reading() as connection, closing(sqlite3.connect(path)) as copy:
        driver(connection).backup(copy)
        return count_rows(connection)


def _copy_all(store: Store, place: Path) -> dict[str, int]:
    with store.reading() as connection:
        for table in sa.inspect(connection).get_table_names():
            with (
                (place / f"{table}.csv").open("wb") as file,
                driver(connection).cursor() as cursor,
                cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT csv, HEADER)') as rows,
            ):
                for block in rows:
                    file.write(block)
        return count_rows(connection)


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table of ours has; the timer's is made anew by whoever starts it."""
    there = set(sa.inspect(connection).get_table_names())
    names = sorted(there & {*METADATA.tables, VERSION_TABLE})
    counts = (sa.select(sa.func.count()).select_from(sa.table(name)) for name in names)
    return {
        name: int(connection.execute(one).scalar() or 0)
        for name, one in zip(names, counts, strict=True)
    }


def read_backup(place: Path) -> Backup:
    """A copy, every file of it as it was written. Raises StoreError."""
    path = place / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise StoreError(f"{place} is a back-up of a form this Forbear does not know")
        for name, digest in record["files"].items():
            if _digest(place / name) != digest:
                raise StoreError(f"{place / name} is not as it was written; nothing was restored")
        found = Backup(place, record["store"], record["version"], record["rows"])
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise StoreError(f"{error.filename}: {what}; a back-up is a directory of its own") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{path} cannot be read; nothing was restored") from None
    return found


def _digest(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return f"sha256:{whole.hexdigest()}"
