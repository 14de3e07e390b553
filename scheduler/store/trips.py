"""Statements for a PostgreSQL server that go there together, in one message.

psycopg's own pipelines send them one by one and read as many answers, which on the same machine
takes longer than the trips that it spares. Here each statement is prepared once, by its text, and
a message executes several, with their values written in by psycopg.

INVARIANT: the server takes the statements of a message in turn, each with a view of its own
(READ COMMITTED), and none after one that failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

Row = tuple[Any, ...]

_PLAIN: Final = ("BEGIN", "COMMIT", "ROLLBACK")


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
    _names: dict[str, str] = field(default_factory=dict)
    _gathered: list[tuple[str, Sequence[Any], Answered]] | None = None

    def __post_init__(self) -> None:
        """From here on psycopg prepares nothing by itself: with that it gives up all there is."""
        self.raw.execute("DEALLOCATE ALL")
        self.raw.prepare_threshold = None

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """What is done within is sent at its end, in one message, and nothing after an error."""
        gathered = self._gathered = []
        try:
            yield
        finally:
            self._gathered = None
        self._send(gathered)

    def execute(self, text: str, values: Sequence[Any] = ()) -> Any:
        """Do a statement; within `pipeline`, at its end."""
        if self._gathered is None:
            return self.raw.execute(text, values)
        found = Answered()
        self._gathered.append((text, values, found))
        return found

    def cursor(self) -> Many:
        """What does a statement with many rows."""
        return Many(self)

    def close(self) -> None:
        """Let go of it."""
        self.raw.close()

    def _send(self, gathered: Sequence[tuple[str, Sequence[Any], Answered]]) -> None:
        if not gathered:
            return
        said: list[str] = []
        given: list[Any] = []
        for text, values, _ in gathered:
            said.append(self._named(text, len(values)))
            given += values
        with psycopg.ClientCursor(self.raw) as cursor:
            cursor.execute("; ".join(said), given)
            for _, _, answered in gathered:
                if cursor.description is not None:
                    answered.rows = cursor.fetchall()
                cursor.nextset()

    def _named(self, text: str, count: int) -> str:
        """How a statement is executed; it is prepared when it is met for the first time."""
        if text in _PLAIN:
            return text
        name = self._names.get(text)
        if name is None:
            name = f"forbear_{len(self._names)}"
            pieces = text.split("%s")
            numbered = "".join(f"{one}${n}" for n, one in enumerate(pieces[:-1], 1)) + pieces[-1]
            self.raw.execute(f"PREPARE {name} AS {numbered}")
            self._names[text] = name
        marks = ", ".join(["%s"] * count)
        return f"EXECUTE {name}({marks})" if count else f"EXECUTE {name}"
