"""Decisions found by whom and what they are about, in a log of any size.

Beside the segments stands an index that can be made again at any time: for each account and each
consumer a number made of its id, and the rows of its decisions. It is made when it is first needed;
where it cannot be kept, segments are read through.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import polars as pl

from .reading import ERASED, SEGMENT, Log, Segment, decisions

FOLDER: Final = "index"
FORMAT: Final = "forbear index 1"
PROBE: Final = "forbear"
INDEXED: Final = ("account", "consumer")
SHOWN: Final = (
    "decision_id", "asked", "decided_at", "day", "at", "account", "consumer", "point", "channel",
    "number", "verdict", "listed", "exhausted", "force", "rules", "next_permitted_utc", ERASED,
    SEGMENT,
)  # fmt: skip
NEAR: Final = 4_096  # rows between two runs of rows that are read together


@dataclass(frozen=True, slots=True)
class Wanted:
    """What decisions are looked for; every word given must hold.

    `rule` is a rule's id, or the part of it before `/` for a whole act or place; `run` the name of
    a segment or run.
    """

    account: str | None = None
    consumer: str | None = None
    point: str | None = None
    day: date | None = None
    rule: str | None = None
    verdict: str | None = None
    channel: str | None = None
    run: str | None = None

    def where(self) -> pl.Expr:
        """The same as a test of a row."""
        tests = [pl.lit(value=True)]
        for name in ("account", "consumer", "point", "day", "verdict", "channel"):
            value = getattr(self, name)
            if value is not None:
                tests.append(pl.col(name) == value)
        if self.rule is not None:
            one = pl.element()
            named = one == self.rule if "/" in self.rule else one.str.starts_with(f"{self.rule}/")
            tests.append(pl.col("rules").list.eval(named).list.any())
        return pl.all_horizontal(tests)


@dataclass(frozen=True, slots=True)
class Found:
    """Decisions found, the newest segments first; `total` may be more than the rows given."""

    rows: pl.DataFrame
    total: int


def find(
    log: Log, wanted: Wanted, most: int | None = None, columns: Sequence[str] = SHOWN
) -> Found:
    """Decisions of a log that fit: how many, and at most so many of them. Raises NoLog."""
    where = wanted.where()
    frames: list[pl.DataFrame] = []
    total = 0
    for segment in reversed(log.segments):
        if not _may_hold(segment, wanted):
            continue
        left = None if most is None else max(0, most - sum(map(len, frames)))
        rows, count = _in_segment(log, segment, wanted, where, left, columns)
        total += count
        if rows.height:
            frames.append(rows)
    empty = decisions(log, pl.lit(value=False), columns)
    return Found(pl.concat(frames) if frames else empty.collect(), total)


def _may_hold(segment: Segment, wanted: Wanted) -> bool:
    if wanted.run is not None and wanted.run not in (segment.name, segment.run):
        return False
    day = wanted.day
    return day is None or segment.kind != "run" or segment.head.get("day") == day.isoformat()


def _in_segment(
    log: Log,
    segment: Segment,
    wanted: Wanted,
    where: pl.Expr,
    most: int | None,
    columns: Sequence[str],
) -> tuple[pl.DataFrame, int]:
    by = next((name for name in INDEXED if getattr(wanted, name) is not None), None)
    if by is not None:
        spans = rows_of(log, segment, by, getattr(wanted, by))
        if spans is not None:
            parts = [
                _read(decisions(segment).slice(first, count).filter(where).select(columns))
                for first, count in spans
            ]
            if not parts:
                return decisions(segment, pl.lit(value=False), columns).collect(), 0
            rows = pl.concat(parts)
            return (rows if most is None else rows.head(most)), rows.height
    fits = decisions(segment).filter(where)
    if most is None:
        whole = _read(fits.select(columns))
        return whole, whole.height
    count = _read(fits.select(pl.len())).item()
    if not count or not most:
        return decisions(segment, pl.lit(value=False), columns).collect(), count
    return fits.select(columns).head(most).collect(), count


def _read(rows: pl.LazyFrame) -> pl.DataFrame:
    return rows.collect(engine="streaming")


# -- the index


def rows_of(log: Log, segment: Segment, by: str, value: str) -> list[tuple[int, int]] | None:
    """Spans of rows (from 0, how many) that hold all decisions of an account or consumer.

    None: there is no index, and none can be kept here. A span may hold others' rows too.
    """
    path = _index(log, segment, by)
    if path is None:
        return None
    table = pl.read_ipc(path)
    keys = table["key"]
    key = _key(value)
    first = keys.search_sorted(key, side="left")
    last = keys.search_sorted(key, side="right")
    spans: list[tuple[int, int]] = []
    for start, count in table.slice(first, last - first).select("first", "count").iter_rows():
        if spans and start - sum(spans[-1]) <= NEAR:
            spans[-1] = (spans[-1][0], start + count - spans[-1][0])
        else:
            spans.append((start, count))
    return spans


def _key(value: str) -> int:
    return int(pl.Series([value]).hash()[0])


def _stamp(segment: Segment) -> dict[str, object]:
    """What an index must fit: the segment as it is, and how numbers are made of ids here."""
    files = sorted(path for path in segment.place.glob("decisions*") if path.is_file())
    told = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    return {"format": FORMAT, "probe": _key(PROBE), "rows": segment.rows, "files": told}


def _index(log: Log, segment: Segment, by: str) -> Path | None:
    """The file of an index, made if it is not there or no longer fits; None: it cannot be kept."""
    if segment.rows < NEAR:
        return None  # read sooner than looked up
    folder = log.place / FOLDER / segment.name
    stamp = _stamp(segment)
    try:
        told = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if told != stamp:
        try:
            _make(segment, folder, stamp)
        except OSError:
            return None
    return folder / f"{by}.arrow"


def _make(segment: Segment, folder: Path, stamp: dict[str, object]) -> None:
    """Make the index of a segment aside, and give it its name in one step. Raises OSError."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = Path(mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        for by in INDEXED:
            ids = decisions(segment, None, [by]).collect()[by]
            _spans(ids).write_ipc(aside / f"{by}.arrow", compression="uncompressed")
        text = json.dumps(stamp) + "\n"
        (aside / "index.json").write_text(text, encoding="utf-8", newline="\n")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        aside.rename(folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _spans(ids: pl.Series) -> pl.DataFrame:
    """Runs of rows of one id, sorted by the number made of it; erased rows have none."""
    keys = ids.hash().alias("key")
    runs = pl.DataFrame({"key": keys, "run": keys.rle_id(), "there": ids.is_not_null()})
    return (
        runs.with_row_index("row")
        .filter("there")
        .group_by("run", maintain_order=True)
        .agg(pl.col("key").first(), pl.col("row").first().alias("first"), pl.len().alias("count"))
        .select("key", pl.col("first").cast(pl.UInt32), pl.col("count").cast(pl.UInt32))
        .sort("key", "first")
    )


def forget(place: Path) -> None:
    """Take the index of a log away: it is made again when it is needed. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(place / FOLDER)


# -- one account, at a moment


def standing(log: Log, wanted: Wanted, at: object | None = None) -> Iterator[dict[str, object]]:
    """What was decided about each contact of an account, the last by a moment (None: the last).

    Every point and channel once, in their order; live decisions and lists alike.
    """
    rows = find(log, wanted, None, (*SHOWN, "row")).rows
    if at is not None:
        rows = rows.filter(pl.col("decided_at") <= at)
    last = rows.sort("decided_at", SEGMENT, "row").group_by("point", "channel").last()
    yield from last.sort("point", "channel").iter_rows(named=True)
