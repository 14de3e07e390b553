"""What the lines work off: rows of the list, each when its time has come, the first ones first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from engine.clock import parse_instant

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: whom to reach, when, and how often at most."""

    decision: str
    account: str
    consumer: str
    point: str
    channel: str
    opens: datetime
    expires: datetime
    attempts: int
    priority: int

    @property
    def key(self) -> Key:
        """What names it whichever run listed it."""
        return (self.account, self.point, self.channel)


def row_of(told: Mapping[str, Any]) -> Row:
    """A row as the service gives it."""
    return Row(
        decision=told["decision_id"],
        account=told["account"],
        consumer=told["consumer"],
        point=told["point"],
        channel=told["channel"],
        opens=parse_instant(told["open_utc"]),
        expires=parse_instant(told["expires_utc"]),
        attempts=told["attempts_left"],
        priority=told["priority"],
    )


@dataclass
class Queue:
    """Rows waiting for their time; of those whose time has come, the highest priority first."""

    _waiting: list[tuple[datetime, int, int, Row]] = field(default_factory=list)
    _ready: list[tuple[int, int, Row]] = field(default_factory=list)
    _gone: set[Key] = field(default_factory=set)
    _tried: dict[Key, int] = field(default_factory=dict)
    _count: int = 0
    _lock: Lock = field(default_factory=Lock)

    def add(self, rows: Iterable[Row]) -> None:
        """Put rows in, each ready when it opens."""
        for row in rows:
            self._put(row, row.opens)

    def again(self, row: Row, then: datetime) -> None:
        """Ask about a row again at a moment, if it still holds then."""
        if then < row.expires:
            self._put(row, then)

    def withdraw(self, keys: Iterable[Key]) -> None:
        """Rows that must not be asked about any more."""
        with self._lock:
            self._gone.update(keys)

    def take(self, now: datetime) -> tuple[Row, int] | None:
        """The next row whose time has come, and how often it was tried; None: none just now."""
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                _, number, _, row = heapq.heappop(self._waiting)
                heapq.heappush(self._ready, (row.priority, number, row))
            while self._ready:
                _, _, row = heapq.heappop(self._ready)
                if row.key not in self._gone and row.expires > now:
                    return row, self._tried.get(row.key, 0)
        return None

    def tried(self, row: Row) -> int:
        """Count an attempt at a row; how many there were."""
        with self._lock:
            self._tried[row.key] = self._tried.get(row.key, 0) + 1
            return self._tried[row.key]

    def next(self) -> datetime | None:
        """When the next row's time comes; None: there is no more."""
        with self._lock:
            if self._ready:
                return datetime.min.replace(tzinfo=self._ready[0][2].opens.tzinfo)
            return self._waiting[0][0] if self._waiting else None

    def _put(self, row: Row, then: datetime) -> None:
        with self._lock:
            self._count += 1
            heapq.heappush(self._waiting, (then, self._count, row.priority, row))
