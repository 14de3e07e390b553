"""Days made from the store, recorded in it, with the rulebooks they were made by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from .adding import add_told
from .database import Connection, Store
from .kept import KEPT, NAMES
from .tables import ROW, STORED

ORIGIN: Final = "forbear"


def last_rows(store: Store) -> dict[str, int]:
    """The number of the last row of each table of a portfolio: nothing was written if none grew.

    Raises StoreError.
    """
    asked = {name: sa.select(sa.func.max(STORED[name].c[ROW])) for name in NAMES.values()}
    with store.reading() as connection:
        return {name: connection.execute(one).scalar() or 0 for name, one in asked.items()}


def record_run(
    store: Store, document: Mapping[str, Any], files: Sequence[tuple[str, bytes]], now: datetime
) -> None:
    """Record a published day: its manifest, and the files of its rulebook. Raises StoreError.

    The same day made again to the same answer is the same run and adds nothing.
    """
    run = {
        "run": document["run"],
        "day": datetime.fromisoformat(document["day"]).date(),
        "input": document["input"],
        "rulebook": document["rulebook"],
        "manifest": json.dumps(document, ensure_ascii=False, sort_keys=True),
    }
    with store.writing() as connection:
        record_rulebook(connection, document["rulebook"], files, now)
        _record(connection, "run", run, now)


def record_rulebook(
    connection: Connection, digest: str, files: Sequence[tuple[str, bytes]], now: datetime
) -> None:
    """Record the files of a rulebook that answers were given by, within a transaction."""
    texts = {path: content.decode() for path, content in files}
    text = json.dumps(texts, ensure_ascii=False, sort_keys=True)
    _record(connection, "rulebook", {"rulebook": digest, "files": text}, now)


def rulebook_files(store: Store, digest: str) -> list[tuple[str, bytes]]:
    """The files of a rulebook that answers were given by; none if it is not known.

    Raises StoreError.
    """
    table = STORED["rulebook"].c
    with store.reading() as connection:
        text = connection.execute(sa.select(table.files).where(table.rulebook == digest)).scalar()
    if text is None:
        return []
    return [(path, content.encode()) for path, content in json.loads(text).items()]


def _record(connection: Connection, name: str, row: Mapping[str, Any], now: datetime) -> None:
    schema = {column.name: column.dtype for column in KEPT[name].told}
    add_told(connection, name, pl.DataFrame([row], schema=schema), ORIGIN, now)
