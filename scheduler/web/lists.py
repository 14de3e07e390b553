"""Published days as they are handed out: without the rows withdrawn since, in every format.

A day that was put out by region is handed out whole, as one list, or region by region.

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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

from ..contact_list import LIST
from ..list_files import write_csv, write_ndjson
from ..live.asked import Change
from ..making import sync
from ..published import Published, lists_in, lists_of_day, name_of, shown
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
    """There is no published list of the day, or of a region on it."""

    def __init__(self, day: date, region: str | None = None) -> None:
        """Say whose."""
        super().__init__(f"there is no list of {shown(day, region)}")


class WithoutParquet(NoDay):
    """A list was put out without the format that others are made from."""

    def __init__(self, day: date) -> None:
        """Say what to do."""
        ForbearError.__init__(
            self,
            f"the list of {day.isoformat()} was put out without Parquet, which others are made "
            "from; add `parquet` to `formats`",
        )


def number(manifest: Mapping[str, Any]) -> int:
    """The number of the region whose list it is; 0 for one of everybody."""
    return int(manifest.get("region", {}).get("number", 0))


Key = tuple[str, str, str]
"""What names a row whichever run listed it: account, point, channel."""
KEY: Final = ("account", "point", "channel")


@dataclass
class _Withdrawn:
    """What is known of a day's withdrawals: rows by their keys, up to a cursor."""

    rows: dict[Key, int] = field(default_factory=dict)
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

    def published(self) -> list[Published]:
        """Every list in force, the newest day first."""
        return lists_in(self.place)

    def of_day(self, day: date, region: str | None = None) -> list[Published]:
        """A day's lists, or a region's, in the order of their rows' numbers. Raises NoDay."""
        found = [
            one for one in lists_of_day(self.place, day) if region is None or one.region == region
        ]
        if not found:
            raise NoDay(day, region)
        return sorted(found, key=lambda one: number(one.manifest()))

    def manifest(self, day: date, region: str | None = None) -> dict[str, Any]:
        """What a day's list stands on; of several, each one's by region. Raises NoDay."""
        lists = self.of_day(day, region)
        found = {one.region: one.manifest() for one in lists}
        if len(found) == 1 and (region is not None or None in found):
            return next(iter(found.values()))
        counts: Counter[str] = Counter()
        for one in found.values():
            counts.update(one["counts"])
        return {"day": day.isoformat(), "counts": dict(counts), "regions": found}

    def withdrawn(self, day: date) -> dict[Key, int]:
        """The keys of a day's rows that were withdrawn by now, with the rows' numbers.

        A day made again does not bring them back: who wants one of them asks for a permit.
        """
        known = self._withdrawn.setdefault(day, _Withdrawn())
        if len(self._withdrawn) > KEPT:
            self._withdrawn = {day: known}  # the others are read again if they are asked about
        with known.lock:
            while found := self._feed(day, known.cursor, MOST_CHANGES):
                known.rows |= {(one.account, one.point, one.channel): one.row_id for one in found}
                known.cursor = found[-1].cursor
            return dict(known.rows)

    def pull(self, day: date, kind: str, packed: bool, region: str | None = None) -> Pulled:
        """The day's list in a format of FORMATS, gzipped if `packed`; or one region's.

        Raises NoDay, OSError.
        """
        lists = self.of_day(day, region)
        sources = _sources(lists)
        gone = frozenset(self.withdrawn(day))
        own = _tag([one.manifest() for one in lists], gone)
        path = sources[0].with_name(f"list.{kind}")
        if gone or len(sources) > 1 or not path.is_file():
            path = self._copy(sources, name_of(day, region), kind, own, gone)
        if packed:
            path = self._packed(path, name_of(day, region), own)
        return Pulled(path, f'"{own}-{kind}{"-gz" if packed else ""}"', MEDIA[kind])

    def page(
        self, day: date, after: int, most: int, region: str | None = None
    ) -> tuple[bytes, int | None]:
        """Rows with a `row_id` above `after` as a JSON array, and the last one's, None at the end.

        Raises NoDay, OSError.
        """
        gone = frozenset(self.withdrawn(day))
        rows = _rows(_sources(self.of_day(day, region)), gone).filter(pl.col("row_id") > after)
        found = rows.head(most + 1).collect()
        some = found.head(most)
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
            write_ndjson(Path(file.name), some)
            lines = Path(file.name).read_bytes().splitlines()
        last = some["row_id"][-1] if found.height > most else None
        return b"[" + b",".join(lines) + b"]", last

    def open_now(
        self, day: date, after: int, most: int, now: datetime, region: str | None = None
    ) -> list[Key]:
        """Of a page's rows those that are open at a moment. Raises NoDay, OSError."""
        gone = frozenset(self.withdrawn(day))
        rows = _rows(_sources(self.of_day(day, region)), gone).filter(pl.col("row_id") > after)
        now_open = (pl.col("open_utc") <= now) & (pl.col("close_utc") > now)
        page = rows.select(*KEY, now_open.alias("open")).head(most)
        return page.filter("open").drop("open").collect().rows()

    def _copy(
        self, sources: Sequence[Path], name: str, kind: str, own: str, gone: frozenset[Key]
    ) -> Path:
        """The lists in one without what is gone; made once, older copies are let go."""
        place = self.place / COPIES / name
        path = place / own / f"list.{kind}"
        with self._making:
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                new = path.with_suffix(".new")
                _write(new, sources, kind, gone)
                sync(new)
                new.rename(path)
                _let_go(place, own)
        return path

    def _packed(self, path: Path, name: str, own: str) -> Path:
        place = self.place / COPIES / name / own
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


def _sources(lists: Iterable[Published]) -> list[Path]:
    found = []
    for one in lists:
        path = one.place / "list.parquet"
        if not path.is_file():
            raise WithoutParquet(one.day)
        found.append(path)
    return found


def _tag(manifests: list[dict[str, Any]], gone: Iterable[Key]) -> str:
    whole = hashlib.sha256(json.dumps(manifests, sort_keys=True).encode())
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


def _rows(sources: Sequence[Path], gone: frozenset[Key]) -> pl.LazyFrame:
    return _without(pl.scan_parquet(list(sources)), gone)


def _without(rows: pl.LazyFrame, gone: frozenset[Key]) -> pl.LazyFrame:
    if not gone:
        return rows
    keys = pl.LazyFrame(sorted(gone), dict.fromkeys(KEY, pl.String()), orient="row")
    return rows.join(keys, on=KEY, how="anti", maintain_order="left")


def _slices(sources: Sequence[Path], gone: frozenset[Key]) -> Iterator[pl.DataFrame]:
    whole = pl.scan_parquet(list(sources))
    height = whole.select(pl.len()).collect().item()
    for start in range(0, height, AT_ONCE):
        yield _without(whole.slice(start, AT_ONCE), gone).collect()


def _write(path: Path, sources: Sequence[Path], kind: str, gone: frozenset[Key]) -> None:
    if kind == "parquet":
        _rows(sources, gone).sink_parquet(
            path, compression="zstd", row_group_size=AT_ONCE, maintain_order=True
        )
        return
    piece = path.with_suffix(".piece")
    writers = {"csv": write_csv, "ndjson": write_ndjson, "vicidial": write_leads}
    with path.open("wb") as file:
        if kind == "csv":
            file.write((",".join(LIST) + "\n").encode())
        for rows in _slices(sources, gone):
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
