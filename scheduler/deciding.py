"""One part of a day, in whichever process: decided; numbered, logged and listed; put in ranks.

What a part comes to lies in files of the run's directory of parts, so that no process holds more
than the part it works on. Each step leaves a checkpoint: a part that was decided, put down or
ranked before a run was killed is found as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from engine.panel import Panel
from engine.part import PartInput, PartResult
from engine.rulebook import Rulebook

from . import contact_list
from .checkpoints import Checkpoints
from .contact_list import KEYS
from .disk import Spoilt, sync, writing
from .doubtful import decide_part_both
from .funnel import Funnel
from .grouped import GroupsOf
from .log.segment import write_decisions
from .log.whence import whence
from .parts import Part, Plan, read
from .settings import Settings

Decide = Callable[[Panel, PartInput, Callable[[str], None]], PartResult]


class Unsound(Spoilt):
    """The engines' answer contradicts itself: `what` is wrong with how many `rows`."""

    def __init__(self, what: str, rows: int) -> None:
        """Name the contradiction."""
        super().__init__(f"{rows} decisions contradict themselves ({what}); nothing was put out")
        self.what = what
        self.rows = rows

    def __reduce__(self) -> tuple[type[Unsound], tuple[str, int]]:
        """How it comes from one process to another."""
        return Unsound, (self.what, self.rows)


@dataclass(frozen=True, slots=True)
class Job:
    """What all parts of a run have in common; called, it makes ready to work on them."""

    rulebook: Rulebook
    settings: Settings
    day: date
    now: datetime
    kept: Checkpoints
    accounts: int
    decide: Decide
    tick: Callable[[], float]

    def __call__(self) -> Desk:
        """A desk with both engines."""
        alarms: list[str] = []
        return Desk(self, Panel(self.rulebook, alarm=alarms.append), alarms)


@dataclass
class Desk:
    """Where parts are worked on, one after another."""

    job: Job
    panel: Panel
    alarms: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    told: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String()))
    """Situations that were handed over already."""

    def close(self) -> None:
        """Stop the engines."""
        self.panel.close()

    def took(self, name: str, since: float) -> None:
        """Put the time since a moment down to a stage."""
        name = f"seconds_{name}"
        self.seconds[name] = self.seconds.get(name, 0.0) + self.job.tick() - since


@dataclass(frozen=True, slots=True)
class Decided:
    """A part decided: its candidates, `rows` of them, and the situations met, in files of `place`.

    `met` are those that whoever decided it met for the first time.
    """

    part: Part
    place: Path
    rows: int
    alarms: tuple[str, ...]
    sampled: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The candidates."""
        return self.place / f"decided-{self.part.number:05}.arrow"

    @property
    def met(self) -> Path:
        """The situations."""
        return self.place / f"met-{self.part.number:05}.arrow"

    @property
    def name(self) -> str:
        """What its checkpoint is called."""
        return f"decided-{self.part.number:05}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A decided part whose place is known: `first` numbers its first row.

    `more`: candidates of crowds that stand in its range.
    """

    decided: Decided
    first: int
    more: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Put:
    """A part that was logged and listed: rows from `first` on, those of crowds among them."""

    decided: Decided
    first: int
    rows: int
    funnel: Funnel
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The part's."""
        return self.decided.part.number


def decided_before(kept: Checkpoints, part: Part) -> Decided | None:
    """A part as it was decided before the run was killed, if it was."""
    blank = Decided(part, kept.place, 0, (), 0)
    told = kept.find(blank.name, asdict(part))
    if told is None:
        return None
    return Decided(part, kept.place, told["rows"], tuple(told["alarms"]), told["sampled"])


def put_before(kept: Checkpoints, part: Part) -> Put | None:
    """A part as it was logged and listed before the run was killed, if it was."""
    told = kept.find(f"put-{part.number:05}", asdict(part))
    if told is None:
        return None
    decided = Decided(part, kept.place, told["decided"], tuple(told["alarms"]), told["sampled"])
    return Put(decided, told["first"], told["rows"], Funnel(**told["funnel"]))


def decide_one(desk: Desk, asked: tuple[Plan, Part]) -> Decided:
    """Decide one part of a plan, of which only what is this part's need be there.

    Columns of the account that a strategy may order by stand behind the engine's own.
    """
    job, (cut, part) = desk.job, asked
    desk.seconds = {}
    start = job.tick()
    frames, groups = read(cut, part)
    desk.took("read", start)
    asking = PartInput(
        frames=frames,
        groups=groups.select("consumer", "group"),
        groups_of=GroupsOf(frames, groups.select("consumer", "together"), job.settings.licences),
        day=job.day,
        now=job.now,
        channels=job.settings.channels,
        row_caps=job.settings.caps(),
        refuse_unencoded=job.settings.refuse_unencoded_places,
        licences=job.settings.licences,
        sample_seed=int(job.kept.run, 16) % 2**31,
        sample_least=ceil(job.settings.sample_at_least * part.accounts / max(job.accounts, 1)),
        tick=job.tick,
    )
    result = decide_part_both(job.decide, desk.panel, asking, cut.maybe, desk.alarms.append)
    for name, value in result.stats.items():
        if name.startswith("seconds_"):
            desk.seconds[name] = desk.seconds.get(name, 0.0) + value
    order = {column for column, _ in KEYS.values()} - set(result.candidates.columns)
    ordering = frames["accounts"].select("account", *sorted(order))
    rows = result.candidates.join(ordering, on="account", how="left", maintain_order="left")
    seen = whence(frames, job.day, job.now, asking.groups_of)
    rows = rows.join(seen, on="consumer", how="left", maintain_order="left")
    sampled = int(result.stats.get("sampled", 0))
    decided = Decided(part, job.kept.place, rows.height, tuple(desk.alarms), sampled, desk.seconds)
    desk.alarms.clear()
    fresh = result.situations.filter(~pl.col("situation").is_in(desk.told.implode()))
    start = job.tick()
    with writing(decided.path):
        rows.write_ipc(decided.path)
        fresh.write_ipc(decided.met)
    told = {"rows": decided.rows, "alarms": decided.alarms, "sampled": sampled}
    job.kept.keep(decided.name, asdict(part), told, [decided.path, decided.met])
    # INVARIANT: what one process met before is in a checkpoint by then, of an earlier part
    desk.told = pl.concat([desk.told, fresh["situation"]])
    desk.took("set_aside", start)
    return decided


def put_down(desk: Desk, placed: Placed) -> Put:
    """Number the decisions of a part, log them, and only then list them."""
    job, start, decided = desk.job, desk.job.tick(), placed.decided
    number, scratch = decided.part.number, job.kept.place
    desk.seconds = {}
    with writing(decided.path):
        found = pl.read_ipc(decided.path.read_bytes())
    if placed.more is not None:
        found = pl.concat([found, placed.more]).sort("group", maintain_order=True)
    rows = _numbered(job, found, placed.first)
    del found
    with writing(scratch):  # no log, no list
        logged = write_decisions(scratch, number, rows)
        sync(logged)
    desk.took("log", start)
    start = job.tick()
    with writing(scratch):
        contact_list.write_pieces(scratch, number, rows, job.settings.formats)
    funnel = Funnel()
    funnel.add(rows, _unencoded(job.rulebook))
    put = Put(decided, placed.first, rows.height, funnel, desk.seconds)
    told: Mapping[str, Any] = {
        "first": put.first, "rows": put.rows, "decided": decided.rows, "alarms": decided.alarms,
        "sampled": decided.sampled, "funnel": asdict(funnel),
    }  # fmt: skip
    listed = contact_list.pieces(scratch, number, job.settings.formats)
    job.kept.keep(f"put-{number:05}", asdict(decided.part), told, [logged, decided.met, *listed])
    job.kept.drop(decided.name, [decided.path])
    desk.took("suppressed", start)
    return put


Ranks = tuple[int, int, pl.Series]
"""The number of a part, its first row on the list, and its rows' ranks."""


def rank_one(desk: Desk, asked: Ranks) -> float:
    """Write a part of the list whose first row and ranks are known; returns the seconds taken."""
    number, first, ranks = asked
    kept, formats = desk.job.kept, desk.job.settings.formats
    start = desk.job.tick()
    with writing(kept.place):
        contact_list.write_ranked(kept.place, number, first, ranks, formats)
    files = contact_list.ranked_pieces(kept.place, number, formats)
    kept.keep(_ranked(number), _ranks(asked), {}, files)
    return desk.job.tick() - start


def ranked_before(kept: Checkpoints, asked: Ranks) -> bool:
    """Whether a part of the list was written, in these ranks, before the run was killed."""
    return kept.find(_ranked(asked[0]), _ranks(asked)) is not None


def _ranked(number: int) -> str:
    return f"ranked-{number:05}"


def _ranks(asked: Ranks) -> dict[str, int]:
    return {"first": asked[1], "rows": len(asked[2])}


def _unencoded(rulebook: Rulebook) -> list[str]:
    return sorted(code for code, place in rulebook.places.items() if not place.encoded)


def _numbered(job: Job, candidates: pl.DataFrame, first: int) -> pl.DataFrame:
    """Candidates with their number and id, whether they are listed, and what withholds them."""
    number = pl.int_range(first, first + candidates.height, dtype=pl.Int64)
    left = pl.col("attempts_left").fill_null(0)
    instant = contact_list.INSTANT
    numbered = candidates.with_columns(
        number.alias("row"),
        pl.lit(job.day).alias("day"),
        pl.lit(job.now).cast(instant).alias("decided_at"),
        pl.lit(job.now).cast(instant).alias("as_of"),
        (pl.col("permitted") & (left > 0)).alias("listed"),
        contact_list.whole_second(pl.col("next_permitted_utc")),
    )
    zeros = pl.col("row").cast(pl.String()).str.zfill(9)
    numbered = numbered.with_columns(
        pl.format("{}-{}", pl.lit(job.kept.run), zeros).alias("decision_id")
    )
    _check(numbered)
    return contact_list.withheld(numbered, job.rulebook)


def _check(rows: pl.DataFrame) -> None:
    """Refuse to put out answers that contradict themselves.

    # INVARIANT: a listed row has a window and no rule against it; a refused one names a rule.
    """
    rules = pl.col("rules").list.len()
    open_ = pl.col("open_utc").is_not_null() & (pl.col("open_utc") < pl.col("close_utc"))
    wrong = {
        "permitted with a rule against it": pl.col("permitted") & (rules > 0),
        "refused without a reason": ~pl.col("permitted") & (rules == 0),
        "listed without a window": pl.col("listed") & ~open_.fill_null(False),
    }
    counts = rows.select(test.sum().alias(name) for name, test in wrong.items())
    for name, count in counts.row(0, named=True).items():
        if count:
            raise Unsound(name, count)
