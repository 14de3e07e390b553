"""Published days as they are handed out: without the rows withdrawn since, in every format.

A day is published once and never changed. What was withdrawn is left out of a copy, made when
somebody pulls the list after a withdrawal, and kept until the next; `tag` names its state.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

import polars as pl

from engine.clock import parse_date
from engine.problem import ForbearError

from ..contact_list import LIST, write_csv, write_ndjson
from ..live.asked import Change
from ..making import sync
from ..manifest import FILE
from .vicidial import write_leads

FORMATS: Final = ("csv", "ndjson", "parquet", "vicidial")
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "vicidial": "text/tab-separated-values; charset=utf-8",
}
COPIES: Final = ".pulled"
AT_ONCE: Final = 131_072
MOST_CHANGES: Final = 10_000
KEPT: Final = 8
"""Days whose withdrawals are kept in memory."""
_LEVEL: Final = 5


class NoDay(ForbearError):
    """There is no published list of the day."""


Key = tuple[str, str, str]
"""What names a row whichever run listed it: account, point, channel."""
KEY: Final = ("account", "point", "channel")


@dataclass
class _Withdrawn:
    """What is known of a day's withdrawals: the keys of its rows, up to a cursor."""

    keys: set[Key] = field(default_factory=set)
    cursor: int = 0
    lock: Lock = field(default_factory=Lock)


Feed = Callable[[date, int, int], Sequence[Change]]
"""A day's withdrawals after a cursor, at most so many."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file to hand out; `tag` names its bytes."""

    path: Path
    tag: str
    media: str


class Lists:
    """The published days of a directory."""

    def __init__(self, place: Path, feed: Feed) -> None:
        """Read days in `place`, withdrawals from `feed`."""
        self.place = place
        self._feed = feed
        self._withdrawn: dict[date, _Withdrawn] = {}
        self._making = Lock()

    def days(self) -> list[date]:
        """Published days, the newest first."""
        found = []
        for path in self.place.glob("????-??-??"):
            try:
                day = parse_date(path.name)
            except ValueError:
                continue
            if (path / FILE).is_file():
                found.append(day)
        return sorted(found, reverse=True)

    def published(self, day: date) -> float:
        """When a day was published, in seconds since 1970. Raises NoDay."""
        try:
            return (self.place / day.isoformat() / FILE).stat().st_mtime
        except OSError:
            raise NoDay(f"there is no list of {day.isoformat()}") from None

    def manifest(self, day: date) -> dict[str, Any]:
        """A day's manifest. Raises NoDay."""
        try:
            text = (self.place / day.isoformat() / FILE).read_text(encoding="utf-8")
        except OSError:
            raise NoDay(f"there is no list of {day.isoformat()}") from None
        found: dict[str, Any] = json.loads(text)
        return found

    def withdrawn(self, day: date) -> frozenset[Key]:
        """The keys of a day's rows that were withdrawn by now.

        A day made again does not bring them back: who wants one of them asks for a permit.
        """
        known = self._withdrawn.setdefault(day, _Withdrawn())
        if len(self._withdrawn) > KEPT:
            self._withdrawn = {day: known}  # the others are read again if they are asked about
        with known.lock:
            while found := self._feed(day, known.cursor, MOST_CHANGES):
                known.keys.update((one.account, one.point, one.channel) for one in found)
                known.cursor = found[-1].cursor
            return frozenset(known.keys)

    def pull(self, day: date, kind: str, packed: bool) -> Pulled:
        """The day's list in a format of FORMATS, gzipped if `packed`. Raises NoDay, OSError."""
        manifest = self.manifest(day)
        gone = self.withdrawn(day)
        source = self._source(day)
        own = _tag(manifest, gone)
        path = source.with_name(f"list.{kind}")
        if gone or not path.is_file():
            path = self._copy(source, day, kind, own, gone)
        if packed:
            path = self._packed(path, day, own)
        return Pulled(path, f'"{own}-{kind}{"-gz" if packed else ""}"', MEDIA[kind])

    def page(self, day: date, after: int, most: int) -> tuple[bytes, int | None]:
        """Rows with a `row_id` above `after` as a JSON array, and the last one's, None at the end.

        Raises NoDay, OSError.
        """
        rows = _rows(self._source(day), self.withdrawn(day)).filter(pl.col("row_id") > after)
        found = rows.head(most + 1).collect()
        shown = found.head(most)
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
            write_ndjson(Path(file.name), shown)
            lines = Path(file.name).read_bytes().splitlines()
        last = shown["row_id"][-1] if found.height > most else None
        return b"[" + b",".join(lines) + b"]", last

    def open_now(self, day: date, after: int, most: int, now: datetime) -> list[Key]:
        """Of a page's rows those that are open at a moment. Raises NoDay, OSError."""
        rows = _rows(self._source(day), self.withdrawn(day)).filter(pl.col("row_id") > after)
        now_open = (pl.col("open_utc") <= now) & (pl.col("close_utc") > now)
        page = rows.select(*KEY, now_open.alias("open")).head(most)
        return page.filter("open").drop("open").collect().rows()

    def _source(self, day: date) -> Path:
        path = self.place / day.isoformat() / "list.parquet"
        if not path.with_name(FILE).is_file():
            raise NoDay(f"there is no list of {day.isoformat()}")
        if not path.is_file():
            raise NoDay(
                f"the list of {day.isoformat()} was put out without Parquet, which others are made "
                "from; add `parquet` to `formats`"
            )
        return path

    def _copy(self, source: Path, day: date, kind: str, own: str, gone: frozenset[Key]) -> Path:
        """The list without what is gone; made once, older copies of the day are let go."""
        place = self.place / COPIES / day.isoformat()
        path = place / own / f"list.{kind}"
        with self._making:
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                new = path.with_suffix(".new")
                _write(new, source, kind, gone)
                sync(new)
                new.rename(path)
                _let_go(place, own)
        return path

    def _packed(self, path: Path, day: date, own: str) -> Path:
        place = self.place / COPIES / day.isoformat() / own
        packed = place / f"{path.name}.gz"
        with self._making:
            if not packed.is_file():
                place.mkdir(parents=True, exist_ok=True)
                new = packed.with_suffix(".new")
                # no name and no time inside: the same list has the same bytes
                with (
                    path.open("rb") as plain,
                    new.open("wb") as file,
                    gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as out,
                ):
                    shutil.copyfileobj(plain, out, 1 << 20)
                new.rename(packed)
        return packed


def _tag(manifest: dict[str, Any], gone: Iterable[Key]) -> str:
    whole = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode())
    for one in sorted(gone):
        whole.update(json.dumps(one).encode())
    return whole.hexdigest()[:24]


def _let_go(place: Path, own: str) -> None:
    """Keep the newest copies; whoever reads an older one has it open already."""
    others = sorted((one for one in place.iterdir() if one.name != own), key=_age, reverse=True)
    for one in others[2:]:
        shutil.rmtree(one, ignore_errors=True)


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _rows(source: Path, gone: frozenset[Key]) -> pl.LazyFrame:
    return _without(pl.scan_parquet(source), gone)


def _without(rows: pl.LazyFrame, gone: frozenset[Key]) -> pl.LazyFrame:
    if not gone:
        return rows
    keys = pl.LazyFrame(sorted(gone), dict.fromkeys(KEY, pl.String()), orient="row")
    return rows.join(keys, on=KEY, how="anti", maintain_order="left")


def _slices(source: Path, gone: frozenset[Key]) -> Iterator[pl.DataFrame]:
    whole = pl.scan_parquet(source)
    height = whole.select(pl.len()).collect().item()
    for start in range(0, height, AT_ONCE):
        yield _without(whole.slice(start, AT_ONCE), gone).collect()


def _write(path: Path, source: Path, kind: str, gone: frozenset[Key]) -> None:
    if kind == "parquet":
        _rows(source, gone).sink_parquet(
            path, compression="zstd", row_group_size=AT_ONCE, maintain_order=True
        )
        return
    piece = path.with_suffix(".piece")
    writers = {"csv": write_csv, "ndjson": write_ndjson, "vicidial": write_leads}
    with path.open("wb") as file:
        if kind == "csv":
            file.write((",".join(LIST) + "\n").encode())
        for rows in _slices(source, gone):
            writers[kind](piece, rows)
            with piece.open("rb") as one:
                shutil.copyfileobj(one, file, 1 << 20)
    piece.unlink(missing_ok=True)


def cursor_text(day: date, after: int) -> str:
    """A cursor of a day's pages, as clients hand it back."""
    return base64.urlsafe_b64encode(f"{day.isoformat()}/{after}".encode()).decode().rstrip("=")


def cursor_read(day: date, text: str) -> int:
    """The row a cursor stands at. Raises ValueError for one that is none, or of another day."""
    whole = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    named, _, after = whole.partition("/")
    if named != day.isoformat() or not after.isdigit() or len(after) > 12:
        raise ValueError("not a cursor")
    return int(after)
