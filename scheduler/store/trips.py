"""Statements for a PostgreSQL server that go there together, in one message.

Each statement is prepared once, by its text, and executed by its name from then on, in libpq's
pipeline mode: psycopg's own pipelines and cursors take several times as long for the same.

INVARIANT: the server takes the statements of a message in turn, each with a view of its own
(READ COMMITTED), and none after one that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, DefaultSelector
from typing import Any

import psycopg
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat
from psycopg.adapt import Transformer as Values
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
Waiting = tuple[bytes, Sequence[Any], "Answered"]


@dataclass(slots=True)
class Answered:
    """The rows that a statement answers, once the message was sent."""

    rows: list[Row] = field(default_factory=list)

    def fetchall(self) -> list[Row]:
        """All of them."""
        return self.rows


@dataclass(frozen=True, slots=True)
class Many:
    """As psycopg's cursors are used."""

    trips: Trips

    def executemany(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Do a statement with each row of values."""
        for row in rows:
            self.trips.execute(text, row)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Trips:
    """A connection, used as psycopg's is; its transactions are begun by statements."""

    raw: psycopg.Connection[Any]
    _names: dict[str, bytes] = field(default_factory=dict)
    _gathered: list[Waiting] | None = None
    _values: Transformer = field(init=False)
    _ready: BaseSelector = field(init=False)

    def __post_init__(self) -> None:
        """Nothing that psycopg prepared by itself stays."""
        self.raw.execute("DEALLOCATE ALL")
        self._values = Values(self.raw)
        self._ready = DefaultSelector()
        self._ready.register(self.raw.pgconn.socket, EVENT_READ)

    @contextmanager
    def pipeline(self, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
        """What is done within is sent at its end, in one message, and nothing after an error.

        `meanwhile` is done while the server is at it. After an error the connection is of no use.
        """
        gathered = self._gathered = []
        try:
            yield
        finally:
            self._gathered = None
        self._send(gathered, meanwhile)

    def execute(self, text: str, values: Sequence[Any] = ()) -> Answered:
        """Do a statement; within `pipeline`, at its end."""
        found = Answered()
        one = (self._named(text), values, found)
        if self._gathered is None:
            self._send([one])
        else:
            self._gathered.append(one)
        return found

    def cursor(self) -> Many:
        """What does a statement with many rows."""
        return Many(self)

    def close(self) -> None:
        """Let go of it."""
        self._ready.close()
        self.raw.close()

    def _named(self, text: str) -> bytes:
        """What a statement goes by; it is prepared when it is met for the first time."""
        name = self._names.get(text)
        if name is None:
            name = f"forbear_{len(self._names)}".encode()
            pieces = text.split("%s")
            numbered = "".join(f"{one}${n}" for n, one in enumerate(pieces[:-1], 1)) + pieces[-1]
            made = self.raw.pgconn.prepare(name, numbered.encode())
            if made.status != ExecStatus.COMMAND_OK:
                raise error_from_result(made)
            self._names[text] = name
        return name

    def _send(
        self, gathered: Sequence[Waiting], meanwhile: Callable[[], None] | None = None
    ) -> None:
        if not gathered:
            return
        server, values, text = self.raw.pgconn, self._values, PyFormat.TEXT
        server.enter_pipeline_mode()
        for name, given, _ in gathered:
            server.send_query_prepared(name, values.dump_sequence(given, [text] * len(given)))
        server.pipeline_sync()
        left = self._flushed()
        if meanwhile is not None:
            meanwhile()
        found = self._received(left)
        server.exit_pipeline_mode()
        for result, (_, _, answered) in zip(found, gathered, strict=True):
            if result.status == ExecStatus.TUPLES_OK:
                values.set_pgresult(result)
                answered.rows = values.load_rows(0, result.ntuples, tuple)
            elif result.status != ExecStatus.COMMAND_OK:
                raise error_from_result(result)

    def _received(self, left: bool) -> list[PGresult]:
        """What the server answers to each statement, while what is left of them goes there."""
        server, found = self.raw.pgconn, list[PGresult]()
        while True:
            self._ready.select()
            server.consume_input()
            if left:
                left = self._flushed(left)
            while not server.is_busy():
                result = server.get_result()
                if result is None:  # the end of a statement's answer
                    continue
                if result.status == ExecStatus.PIPELINE_SYNC:
                    return found
                found.append(result)

    def _flushed(self, before: bool = False) -> bool:
        """Send what there is room for; whether some is left, as it was `before`."""
        left = bool(self.raw.pgconn.flush())
        if left != before:
            wanted = EVENT_READ | EVENT_WRITE if left else EVENT_READ
            self._ready.modify(self.raw.pgconn.socket, wanted)
        return left
