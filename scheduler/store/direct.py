"""One connection kept open by one thread, without SQLAlchemy in between, for permits and checks.

A transaction on it is two trips to a server: one that locks and looks, one that writes and commits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, NoReturn

from .database import Store, take_lock, told
from .linking import looked_text
from .living import Head
from .plain import among, asked, done, moment, read_moment
from .trips import Trips

_LOCK: Final = (
    "INSERT INTO group_state (grp, version, at) VALUES (?, 1, ?) ON CONFLICT (grp) DO UPDATE SET "
    "version = group_state.version + 1, at = GREATEST(group_state.at, excluded.at) "
    "RETURNING grp, version - 1, at"
)
_LOCK_FILE: Final = (
    "INSERT INTO group_state (grp, version, at) VALUES (?, 1, ?) ON CONFLICT (grp) DO UPDATE SET "
    "version = version + 1, at = max(at, excluded.at) RETURNING grp, version - 1, at"
)
_STATE: Final = "SELECT grp, version, at FROM group_state WHERE "
_HEAD: Final = "SELECT seq, chain, change FROM live_head WHERE id = 1"
_HEAD_THERE: Final = (
    "SELECT seq, chain, change, pg_current_xact_id()::text::bigint, "
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint "
    "FROM live_head WHERE id = 1 FOR UPDATE"
)


class Looked(NamedTuple):
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
    _stands: tuple[int, list[Any], Head | None] | None = None

    def __post_init__(self) -> None:
        """Take a connection out of the store's pool for good."""
        self.name = self.store.dialect
        with told(self.store):
            taken = self.store.engine.raw_connection()
            self.driver_connection = taken.driver_connection
            taken.detach()
            if self.name == "postgresql":
                self.driver_connection.autocommit = True  # transactions are begun by us
                self.driver_connection = Trips(self.driver_connection)
            else:
                self.driver_connection.execute("PRAGMA busy_timeout = 0")

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

    @property
    def waits(self) -> bool:
        """Whether a server does the work: who waits for it can do something else meanwhile."""
        return self.name == "postgresql"

    def together(self, meanwhile: Callable[[], None]) -> AbstractContextManager[None]:
        """What is done within goes to a server in one trip; `meanwhile` is done as it `waits`."""
        if self.waits:
            trips: Trips = self.driver_connection
            return trips.pipeline(meanwhile)
        return nullcontext()

    def look(
        self,
        locked: Collection[str],
        others: Collection[str],
        at: datetime,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Looked:
        """Begin, lock these groups and look at them and others, as they stand then.

        `meanwhile` is done before, or while a server looks.
        INVARIANT: nobody else reserves in what is locked, or adds to the log, until the
        transaction ends. The locked groups get another version by that.
        """
        now = moment(self, at)
        if self.name == "postgresql":
            return self._look_there(sorted(locked), sorted(others), now, meanwhile)
        meanwhile()
        raw = self.driver_connection
        take_lock(raw)
        rows: list[Any] = []
        for group in sorted(locked):
            rows += raw.execute(_LOCK_FILE, (group, now)).fetchall()
        if others:
            condition, value = among(self, "grp", list(others))
            rows += asked(self, _STATE + condition, (value,))
        states = {group: (version, read_moment(changed)) for group, version, changed in rows}
        # another number: another connection has committed since (sqlite.org/pragma.html)
        ((changes,),) = raw.execute("PRAGMA data_version").fetchall()
        if self._stands is None or self._stands[0] != changes:
            marks, head = asked(self, looked_text(self.name)), _head(asked(self, _HEAD))
            self._stands = (changes, marks, head)
        _, marks, head = self._stands
        return Looked(marks, states, head)

    def _look_there(
        self,
        locked: Sequence[str],
        others: Sequence[str],
        now: Any,
        meanwhile: Callable[[], None],
    ) -> Looked:
        connection = self.driver_connection
        lock, state = _LOCK.replace("?", "%s"), (_STATE + "grp = ANY(?)").replace("?", "%s")
        with self.together(meanwhile):
            connection.execute("BEGIN")
            asking = [connection.execute(lock, (group, now)) for group in locked]
            if others:
                asking.append(connection.execute(state, (list(others),)))
            heading = connection.execute(_HEAD_THERE)
        states = {
            group: (version, read_moment(changed))
            for one in asking
            for group, version, changed in one.fetchall()
        }
        rows = heading.fetchall()
        if not rows:
            return Looked([], states, None)
        *head, own, oldest, newest = rows[0]
        marks = self._marks_there(own, alone=oldest == newest == own)
        return Looked(marks, states, Head(*head))

    def _marks_there(self, own: int, *, alone: bool) -> list[Any]:
        """What `linking.read_looked` reads, as of when the head was asked for, or later.

        Transactions that write are numbered in turn. Where this one has the number after our last
        one, at which it was so too, and none before it is under way and none after it has ended
        (`alone`), nobody else has written in between.
        """
        if alone and self._stands is not None and self._stands[0] == own - 1:
            marks = self._stands[1]
        else:
            marks = asked(self, looked_text(self.name))
        self._stands = (own, marks, None) if alone else None
        return marks

    def commit(self, head: Head | None = None) -> None:
        """What was done holds; among other statements `together` it goes with them.

        `head`: where the log stands by that; None: it is looked at again.
        """
        done(self, "COMMIT")
        if self._stands is not None:
            self._stands = None if head is None else (*self._stands[:2], head)

    def give_up(self) -> None:
        """Nothing was done."""
        done(self, "ROLLBACK")

    def failed(self, error: BaseException) -> NoReturn:
        """Close it after an error, which is raised, the database's own as StoreError."""
        self.close()
        with told(self.store):
            raise error

    def close(self) -> None:
        """Let go of the connection; what it had begun and not committed never was."""
        self.driver_connection.close()


def _head(rows: Sequence[Sequence[Any]]) -> Head | None:
    return Head(*rows[0]) if rows else None
