"""One connection kept open by one thread, without SQLAlchemy in between, for permits and checks.

A transaction on it is two trips to a server: one that locks and looks, one that writes and commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .database import Store, begin_writing, told
from .linking import looked_text
from .living import Head
from .plain import among, asked, done, moment, read_moment, together

_LOCK: Final = (
    "INSERT INTO group_state (grp, version, at) SELECT grp, 1, ? FROM unnest(?::text[]) grp "
    "ORDER BY grp ON CONFLICT (grp) DO UPDATE SET version = group_state.version + 1, "
    "at = GREATEST(group_state.at, excluded.at) RETURNING grp, version - 1, at"
)
_LOCK_FILE: Final = (
    "INSERT INTO group_state (grp, version, at) VALUES (?, 1, ?) ON CONFLICT (grp) DO UPDATE SET "
    "version = version + 1, at = max(at, excluded.at)"
)
_STATE: Final = "SELECT grp, version, at FROM group_state WHERE "
_HEAD: Final = "SELECT seq, chain, change FROM live_head WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a transaction found once it held its locks.

    `marks` as `linking.read_looked` reads them. `states`: the version of each group that has one,
    before this transaction, and when it last changed. `head` None: nothing was logged yet.
    """

    marks: list[Any]
    states: dict[str, tuple[int, datetime]]
    head: Head | None


@dataclass
class Direct:
    """The connection; `dialect` and `connection` are itself, as plain statements ask for them."""

    store: Store
    driver_connection: Any = field(init=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Take a connection out of the store's pool for good."""
        self.name = self.store.dialect
        with told(self.store):
            taken = self.store.engine.raw_connection()
            self.driver_connection = taken.driver_connection
            taken.detach()
            if self.name == "postgresql":
                self.driver_connection.autocommit = True  # transactions are begun by us

    @property
    def dialect(self) -> Direct:
        """What knows the database's name."""
        return self

    @property
    def connection(self) -> Direct:
        """What knows the connection of the database's own package."""
        return self

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done within, begun by `look`, holds if `commit` was reached, or not at all.

        After any error the connection is closed. Raises StoreError.
        """
        try:
            with told(self.store):
                yield
        except BaseException:
            self.close()
            raise

    def look(self, locked: Collection[str], others: Collection[str], at: datetime) -> Looked:
        """Begin, lock these groups and look at them and others, as they stand then.

        INVARIANT: nobody else reserves in what is locked, or adds to the log, until the
        transaction ends. The locked groups get another version by that.
        """
        now = moment(self, at)
        if self.name == "postgresql":
            return self._look_there(sorted(locked), sorted(others), now)
        begin_writing(self.driver_connection)
        for group in sorted(locked):
            done(self, _LOCK_FILE, (group, now))
        marks = asked(self, looked_text(self.name))
        wanted = [*locked, *others]
        if len(wanted) == 1:
            rows = asked(self, f"{_STATE} grp = ?", wanted)
        else:
            condition, value = among(self, "grp", wanted)
            rows = asked(self, _STATE + condition, (value,))
        states = {
            group: (version - (group in locked), read_moment(changed))
            for group, version, changed in rows
        }
        return Looked(marks, states, _head(asked(self, _HEAD)))

    def _look_there(self, locked: Sequence[str], others: Sequence[str], now: Any) -> Looked:
        connection = self.driver_connection
        condition, value = among(self, "grp", others)
        with together(self):
            connection.execute("BEGIN")
            asking = []
            if locked:
                asking.append(connection.execute(_LOCK.replace("?", "%s"), (now, locked)))
            if others:
                text = (_STATE + condition).replace("?", "%s")
                asking.append(connection.execute(text, (value,)))
            looking = connection.execute(looked_text(self.name))
            heading = connection.execute(f"{_HEAD} FOR UPDATE")
        states = {
            group: (version, read_moment(changed))
            for one in asking
            for group, version, changed in one.fetchall()
        }
        return Looked(looking.fetchall(), states, _head(heading.fetchall()))

    def commit(self) -> None:
        """What was done holds; among other statements `together` it goes with them."""
        done(self, "COMMIT")

    def give_up(self) -> None:
        """Nothing was done."""
        done(self, "ROLLBACK")

    def close(self) -> None:
        """Let go of the connection; what it had begun and not committed never was."""
        self.driver_connection.close()


def _head(rows: Sequence[Sequence[Any]]) -> Head | None:
    return Head(*rows[0]) if rows else None
