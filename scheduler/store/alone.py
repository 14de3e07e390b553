"""One of several processes: a lock that ends with its holder, however that ends.

In PostgreSQL it is the database's own advisory lock, so that it holds over machines; beside a file
of SQLite, the system's lock of a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256

import sqlalchemy as sa

from ..locking import Busy, alone
from .database import Store
from .tables import STORED


@contextmanager
def only_one(store: Store, what: str) -> Iterator[bool]:
    """Whether nobody else does `what` on this store; nobody else will until the block is left.

    Raises StoreError, CannotWrite.
    """
    if store.file is not None:
        place = store.file.with_name(f".{store.file.name}-{what}")
        place.mkdir(mode=0o700, exist_ok=True)
        try:
            with alone(place, what):
                yield True
        except Busy:
            yield False
        return
    key = int.from_bytes(sha256(f"forbear {what}".encode()).digest()[:8], "big", signed=True)
    with store.engine.connect() as connection:
        asked = sa.text("SELECT pg_try_advisory_lock(:key)")
        mine = bool(connection.execute(asked, {"key": key}).scalar_one())
        connection.commit()  # the lock is the session's, no transaction stays open
        try:
            yield mine
        finally:
            if mine:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})
                connection.commit()


def runs_of_day(store: Store, day: date) -> dict[str | None, str]:
    """The newest runs that published a day, by whatever machine: by region, None for everybody.

    Raises StoreError.
    """
    table = STORED["run"].c
    asked = sa.select(table.run, table.manifest).where(table.day == day).order_by(table.row)
    with store.reading() as connection:
        rows = connection.execute(asked).all()
    return {json.loads(text).get("region", {}).get("name"): run for run, text in rows}
