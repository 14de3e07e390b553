"""Log and lists made of the parts that were put down: each file once, in one pass over the rows.

The decisions, the list and the suppressed list are three pieces of work that processes do side by
side when all parts have been put down, which is when every row has its number and every decision
is on disk. Each is a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from . import contact_list, set_aside
from .contact_list import LIST, SUPPRESSED
from .deciding import Desk, Job
from .disk import writing
from .list_files import write_list
from .log.segment import DECISIONS, decisions, write_decisions
from .ranking import priorities
from .set_aside import Lot

LOGGED: Final = (*DECISIONS, "permitted")
OUTPUTS: Final = ("decisions", "list", "suppressed")


@dataclass(frozen=True, slots=True)
class Output:
    """One of `OUTPUTS` that is wanted, of these lots, in a directory.

    `first` is the number of the list's first row; `common` what the decisions have in common.
    """

    name: str
    place: Path
    lots: tuple[Lot, ...]
    first: int
    common: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Out:
    """What was put out: the hashes of texts by name, and seconds by stage."""

    digests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def put_out(desk: Desk, asked: Output) -> Out:
    """Write one of the outputs. Raises CannotWrite."""
    job, place, start = desk.job, asked.place, desk.job.tick()
    with writing(place):
        for path in place.glob(f"{asked.name}.*"):
            path.unlink()  # it may have another name, in the sealed log, and stays as it is there
        digests = _WRITERS[asked.name](job, asked)
    known = {place / name: digest for name, digest in digests.items()}
    job.kept.keep(asked.name, {}, {"digests": digests}, [*place.glob(f"{asked.name}.*")], known)
    return Out(digests, {f"seconds_{asked.name}": job.tick() - start})


def _decisions(job: Job, asked: Output) -> dict[str, str]:
    pieces = (
        decisions(_told(job, set_aside.read_rows(job.kept.place, lot, LOGGED)))
        for lot in asked.lots
    )
    write_decisions(asked.place, pieces, asked.common)
    return {}


def _list(job: Job, asked: Output) -> dict[str, str]:
    formats = job.settings.formats
    return write_list(asked.place, "list", LIST, formats, _listed(job, asked))


def _listed(job: Job, asked: Output) -> Iterator[pl.DataFrame]:
    scratch = job.kept.place
    marks = [set_aside.marks_path(scratch, lot.number) for lot in asked.lots]
    ranks = priorities(marks, job.settings.strategy)
    done = 0
    for lot in asked.lots:
        rows = set_aside.read_rows(scratch, lot, LIST, listed=True)
        mine = ranks.slice(done, lot.listed)
        yield contact_list.listed(_told(job, rows), asked.first + done, mine)
        done += lot.listed


def _suppressed(job: Job, asked: Output) -> dict[str, str]:
    columns, marks = (*SUPPRESSED, "permitted"), ("kept_by", "kept_cites")
    pieces = (
        contact_list.suppressed(
            _told(job, set_aside.read_rows(job.kept.place, lot, columns, marks, listed=False))
        )
        for lot in asked.lots
    )
    return write_list(asked.place, "suppressed", SUPPRESSED, job.settings.formats, pieces)


_WRITERS: Final[dict[str, Callable[[Job, Output], dict[str, str]]]] = {
    "decisions": _decisions,
    "list": _list,
    "suppressed": _suppressed,
}


def _told(job: Job, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their id, the day, and when and as of when they were decided."""
    instant = contact_list.INSTANT
    zeros = pl.col("row").cast(pl.String()).str.zfill(9)
    more = [
        pl.lit(job.day).alias("day"),
        pl.lit(job.now).cast(instant).alias("decided_at"),
        pl.lit(job.now).cast(instant).alias("as_of"),
        pl.concat_str(pl.lit(f"{job.kept.run}-"), zeros).alias("decision_id"),
        pl.lit(job.kept.run).alias("asked_by"),
    ]
    if "next_permitted_utc" in rows.columns:
        more.append(contact_list.whole_second(pl.col("next_permitted_utc")))
    return rows.with_columns(more)
