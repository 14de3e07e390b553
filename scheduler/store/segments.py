"""The catalogue of the log's segments, kept in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Final

from .database import Store
from .plain import among, asked, put


@dataclass(frozen=True, slots=True)
class Catalogued:
    """One segment as the store has it.

    `log` is the name that signs it, `number` its place from 1; `first` and `size` are the log's
    decisions before it and with it; `digest` the SHA-256 of its segment.json, hex. Of live
    decisions also the first and last number in the store, and the store's chain there.
    """

    log: str
    number: int
    name: str
    kind: str
    first: int
    size: int
    digest: str
    live_first: int | None = None
    live_last: int | None = None
    chain: str | None = None


COLUMNS: Final = tuple(one.name for one in fields(Catalogued))


def segments(store: Store, log: str) -> list[Catalogued]:
    """The segments of a log that are catalogued, in order. Raises StoreError."""
    with store.reading() as connection:
        names = ", ".join(f'"{one}"' for one in COLUMNS)
        rows = asked(
            connection, f"SELECT {names} FROM segment WHERE log = ? ORDER BY number", (log,)
        )
    return [Catalogued(*row) for row in rows]


def add_segments(store: Store, new: Sequence[Catalogued]) -> None:
    """Catalogue segments; one that is there already stays as it is. Raises StoreError."""
    with store.writing() as connection:
        put(connection, "segment", COLUMNS, [astuple(one) for one in new], unless=COLUMNS[:2])


def chains(store: Store, numbers: Sequence[int]) -> dict[int, str]:
    """The live log's chain at these numbers, where the store has them. Raises StoreError."""
    with store.reading() as connection:
        condition, value = among(connection, "seq", numbers)
        rows = asked(
            connection, f"SELECT seq, chain FROM live_decision WHERE {condition}", (value,)
        )
    return dict(rows)


def live_after(store: Store, number: int) -> int:
    """How many live decisions the store has behind a number. Raises StoreError."""
    with store.reading() as connection:
        rows = asked(connection, "SELECT count(*) FROM live_decision WHERE seq > ?", (number,))
    return int(rows[0][0])


def live_last(store: Store) -> int:
    """The number of the newest live decision in the store, 0 where there is none.

    Raises StoreError.
    """
    with store.reading() as connection:
        rows = asked(connection, "SELECT max(seq) FROM live_decision")
    return int(rows[0][0] or 0)
