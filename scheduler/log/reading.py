"""The door to the log: its segments, and their decisions, situations and rulebooks as frames.

Whoever reads the log comes through here, so that the files behind may change. Nothing is checked:
that is `forbear log verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

from .records import DECISIONS, INNER, SITUATIONS

HEAD: Final = "segment.json"
SEGMENTS: Final = "segments"
RULEBOOKS: Final = "rulebooks"
ERASED: Final = "erased"
SEGMENT: Final = "segment"


class NoLog(ForbearError):
    """There is no log at `path`, or part of it cannot be read: `why`."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the place and what is wrong with it."""
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: the decisions of a run, or of some live hours.

    `number` counts the segments of the log from 1; `first` is the place of its first decision among
    all of the log, from 0; `rows` how many it has; `head` is segment.json.
    """

    number: int
    name: str
    place: Path
    first: int
    rows: int
    head: Mapping[str, Any]

    @property
    def run(self) -> str:
        """The run, or for live decisions the name of the batch."""
        return str(self.head["run"])

    @property
    def kind(self) -> str:
        """`run` or `live`."""
        return str(self.head.get("kind", "run"))

    @property
    def rulebook(self) -> str:
        """The digest of the rulebook decided by."""
        return str(self.head["rulebook"])


@dataclass(frozen=True, slots=True)
class Log:
    """A log: where it is, and its segments in order."""

    place: Path
    segments: tuple[Segment, ...]

    @property
    def rows(self) -> int:
        """How many decisions it holds."""
        return sum(one.rows for one in self.segments)

    def segment(self, name: str) -> Segment:
        """The segment of this name, number or run. Raises NoLog."""
        for one in reversed(self.segments):
            if name in (one.name, one.run, str(one.number)):
                return one
        raise NoLog(self.place, f"there is no segment `{name}`")


def open_log(place: Path) -> Log:
    """The log at a place: a log's directory, or one segment. Raises NoLog.

    A directory of lists whose days have a `log` of their own is taken for a log, in the order of
    their moments.
    """
    if (place / HEAD).is_file():
        return Log(place, _numbered([place]))
    if (place / SEGMENTS).is_dir():
        found = sorted(one.parent for one in (place / SEGMENTS).glob(f"[0-9]*/{HEAD}"))
        return Log(place, _numbered(found))
    found = [one.parent for one in place.glob(f"*/log/{HEAD}")]
    if not found:
        raise NoLog(place, "there is no decision log")
    return Log(place, _numbered(sorted(found, key=_moment)))


def _moment(place: Path) -> tuple[str, str]:
    head = read_head(place)
    return str(head["now"]), str(head["run"])


def read_head(place: Path) -> dict[str, Any]:
    """What a segment's decisions have in common. Raises NoLog."""
    try:
        head = json.loads((place / HEAD).read_text(encoding="utf-8"))
        int(head["rows"]["decisions.parquet"]), str(head["run"]), str(head["rulebook"])
    except OSError as error:
        raise NoLog(place / HEAD, (error.strerror or str(error)).lower()) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NoLog(place / HEAD, "this is not the head of a segment") from error
    return dict(head)


def _numbered(places: Sequence[Path]) -> tuple[Segment, ...]:
    found = []
    first = 0
    for number, place in enumerate(places, 1):
        head = read_head(place)
        name = place.name if place.parent.name == SEGMENTS else str(head["run"])
        named = name.partition("-")[0]
        own = int(named) if place.parent.name == SEGMENTS and named.isdigit() else number
        rows = int(head["rows"]["decisions.parquet"])
        start = int(head.get("first", first))
        found.append(Segment(own, name, place, start, rows, head))
        first = start + rows
    return tuple(found)


def decisions(
    log: Log | Segment, where: pl.Expr | None = None, columns: Sequence[str] | None = None
) -> pl.LazyFrame:
    """Decisions with the fields of README.md, `segment` (its name) and `erased`, in their order.

    `where` is asked of the files' own statistics first, so that of a big log little is read.
    """
    segments = log.segments if isinstance(log, Log) else (log,)
    frames = [_decisions(one) for one in segments]
    whole = pl.concat(frames) if frames else pl.LazyFrame(schema=_schema())
    if where is not None:
        whole = whole.filter(where)
    return whole if columns is None else whole.select(list(columns))


def _schema() -> dict[str, pl.DataType]:
    return {**DECISIONS, ERASED: pl.Boolean(), SEGMENT: pl.String()}


def _decisions(segment: Segment) -> pl.LazyFrame:
    path = segment.place / "decisions.parquet"
    try:
        scan = pl.scan_parquet(path)
        there = scan.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NoLog(path, "these decisions cannot be read") from error
    given: dict[str, pl.Expr] = {
        "asked": pl.lit("list"),
        "asked_by": pl.lit(segment.run),
        "recorded_as_of": pl.col("as_of"),
    }
    fields = []
    for name, kind in DECISIONS.items():
        cell = pl.col(name) if name in there else given.get(name, pl.lit(None))
        fields.append((cell if there.get(name) == kind else cell.cast(kind)).alias(name))
    gone = pl.col(INNER).is_not_null() if INNER in there else pl.lit(value=False)
    return scan.select(*fields, gone.alias(ERASED), pl.lit(segment.name).alias(SEGMENT))


def situations(segment: Segment, names: Iterable[str] | None = None) -> pl.DataFrame:
    """The situations of a segment by name, or all of them. Raises NoLog."""
    path = segment.place / "situations.parquet"
    try:
        scan = pl.scan_parquet(path)
        if names is not None:
            scan = scan.filter(pl.col("situation").is_in(sorted(set(names))))
        return scan.select(list(SITUATIONS)).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NoLog(path, "these situations cannot be read") from error


def rulebook(segment: Segment) -> tuple[tuple[str, bytes], ...]:
    """The rule files a segment was decided by: path as shown, content. Raises NoLog."""
    kept = segment.place.parent.parent / RULEBOOKS
    path = kept / f"{segment.rulebook.removeprefix('sha256:')}.parquet"
    if not path.is_file():
        path = segment.place / "rulebook.parquet"
    try:
        return tuple(pl.read_parquet(path).select("path", "content").iter_rows())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NoLog(path, "this rulebook cannot be read") from error
