"""Rows of today's lists that are refused by now: asked again as the list asked, and withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from engine.clock import ZONES, local_date

from ..contact_list import LIST
from ..published import Published as OnFile
from ..published import lists_in

FILE: Final = "list.parquet"
_READ: Final = ("row_id", "account", "consumer", "point", "channel", "expires_utc")
_FRESH: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a published list."""

    day: date
    row_id: int
    account: str
    consumer: str
    point: str
    channel: str


class Lists(Protocol):
    """Where published lists are found; tests put others in its place."""

    def rows(self, consumers: Collection[str], now: datetime) -> list[Listed]:
        """The rows of these consumers that have not expired, of every list in force."""
        ...

    def consumers(self, now: datetime) -> list[str]:
        """Everybody who has such rows, sorted."""
        ...


@dataclass
class Published:
    """The lists in a directory (`published`); read once, and again when replaced."""

    place: Path
    _days: dict[str, tuple[date, tuple[int, int], pl.DataFrame]] = field(default_factory=dict)
    _asked: datetime | None = None
    _names: list[OnFile] = field(default_factory=list)
    _changed: int = 0

    def rows(self, consumers: Collection[str], now: datetime) -> list[Listed]:
        """The rows of these consumers that have not expired, of every list in force."""
        return [one for name in self._in_force(now) for one in self._of(name, consumers, now)]

    def consumers(self, now: datetime) -> list[str]:
        """Everybody who has such rows, sorted."""
        found = {
            one
            for name in self._in_force(now)
            for one in self._days[name][2].filter(pl.col("expires_utc") > now)["consumer"].unique()
        }
        return sorted(found)

    def _in_force(self, now: datetime) -> list[str]:
        """Lists of days that it is somewhere; their files looked at once a second."""
        if self._asked is None or not timedelta() <= now - self._asked < _FRESH:
            self._asked = now
            days = {local_date(now, zone) for zone in ZONES}
            lists = [one for one in self._known() if one.day in days]
            self._days = {
                one.place.name: found for one in lists if (found := self._read(one)) is not None
            }
        return list(self._days)

    def _known(self) -> list[OnFile]:
        """Every list there is; the directory is read again when a name in it was changed."""
        try:
            changed = self.place.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed != self._changed:
            self._changed, self._names = changed, lists_in(self.place)
        return self._names

    def _read(self, one: OnFile) -> tuple[date, tuple[int, int], pl.DataFrame] | None:
        path = one.place / FILE
        try:
            found = path.stat()
            stamp = (found.st_ino, found.st_mtime_ns)
            had = self._days.get(one.place.name)
            if had is not None and had[1] == stamp:
                return had
            frame = pl.read_parquet(path.read_bytes(), columns=list(_READ))
        except FileNotFoundError:
            return None
        return one.day, stamp, frame.sort("consumer", "row_id")

    def _of(self, name: str, consumers: Collection[str], now: datetime) -> Iterator[Listed]:
        day, _, frame = self._days[name]
        owners = frame["consumer"]
        for consumer in sorted(consumers):
            first = owners.search_sorted(consumer, side="left")
            end = owners.search_sorted(consumer, side="right")
            for row in frame[first:end].iter_rows(named=True):
                if row["expires_utc"] > now:
                    yield Listed(
                        day, row["row_id"], row["account"], consumer, row["point"], row["channel"]
                    )


assert set(_READ) <= set(LIST)
