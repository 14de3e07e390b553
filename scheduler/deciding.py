"""One part of a day, in whichever process: decided, and put down when its place is known.

What a part comes to lies in files of the run's directory of parts, so that no process holds more
than the part it works on. Each step leaves a checkpoint: a part that was decided or put down before
a run was killed is found as it was.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.panel import Panel
from engine.part import PartInput, PartResult
from engine.rulebook import Rulebook

from . import contact_list, set_aside
from .checkpoints import Checkpoints
from .disk import Spoilt, sync, writing
from .doubtful import decide_part_both
from .funnel import Funnel
from .grouped import GroupsOf
from .log.whence import whence
from .parts import Part, Plan, read
from .ranking import KEYS
from .set_aside import Lot
from .settings import Settings

ORDERING: Final = tuple(sorted({column for column, _ in KEYS.values()}))
MARKED: Final = (
    "group", "permitted", "exhausted", "rules", "force", "duties", "jurisdictions", "open_utc",
    "close_utc", "attempts_left", "budgets", *ORDERING,
)  # fmt: skip
"""The columns of a candidate that it takes to put it down."""
MARKS: Final = ("listed", "kept_by", "kept_cites", *ORDERING)
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
        return set_aside.candidates_path(self.place, self.part.number)

    @property
    def met(self) -> Path:
        """The situations."""
        return self.place / f"met-{self.part.number:05}.parquet"

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
    """A part that was put down: its rows in the day, those of crowds among them."""

    decided: Decided
    lot: Lot
    funnel: Funnel
    seconds: dict[str, float] = field(default_factory=dict)


def decided_before(kept: Checkpoints, part: Part) -> Decided | None:
    """A part as it was decided before the run was killed, if it was."""
    blank = Decided(part, kept.place, 0, (), 0)
    told = kept.find(blank.name, asdict(part))
    if told is None:
        return None
    return Decided(part, kept.place, told["rows"], tuple(told["alarms"]), told["sampled"])


def put_before(kept: Checkpoints, part: Part) -> Put | None:
    """A part as it was put down before the run was killed, if it was."""
    told = kept.find(f"put-{part.number:05}", asdict(part))
    if told is None:
        return None
    decided = Decided(part, kept.place, told["decided"], tuple(told["alarms"]), told["sampled"])
    return Put(decided, Lot(**told["lot"]), Funnel(**told["funnel"]))


@contextmanager
def unswept() -> Iterator[None]:
    """Without looks for cycles of objects: a part makes records by the ten thousand, and no cycle.

    What it made is let go with it, as everything is that nothing holds.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


@unswept()
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
        fresh_only=True,
        sample_seed=int(job.kept.run, 16) % 2**31,
        sample_least=ceil(job.settings.sample_at_least * part.accounts / max(job.accounts, 1)),
        tick=job.tick,
    )
    result = decide_part_both(job.decide, desk.panel, asking, cut.maybe, desk.alarms.append)
    for name, value in result.stats.items():
        if name.startswith("seconds_"):
            desk.seconds[name] = desk.seconds.get(name, 0.0) + value
    order = [column for column in ORDERING if column not in result.candidates.columns]
    ordering = frames["accounts"].select("account", *order)
    rows = result.candidates.join(ordering, on="account", how="left", maintain_order="left")
    seen = whence(frames, job.day, job.now, asking.groups_of)
    rows = rows.join(seen, on="consumer", how="left", maintain_order="left")
    sampled = int(result.stats.get("sampled", 0))
    decided = Decided(part, job.kept.place, rows.height, tuple(desk.alarms), sampled, desk.seconds)
    desk.alarms.clear()
    fresh = result.situations.filter(~pl.col("situation").is_in(desk.told.implode()))
    start = job.tick()
    with writing(decided.path):
        set_aside.write(decided.path, rows)
        set_aside.write(decided.met, fresh)
    told = {"rows": decided.rows, "alarms": decided.alarms, "sampled": sampled}
    job.kept.keep(decided.name, asdict(part), told, [decided.path, decided.met])
    # INVARIANT: what one process met before is in a checkpoint by then, of an earlier part
    desk.told = pl.concat([desk.told, fresh["situation"]])
    desk.took("set_aside", start)
    return decided


def put_down(desk: Desk, placed: Placed) -> Put:
    """Number the decisions of a part whose place is known, and put them on disk so.

    Log and lists are made of what lies there then, when all parts were put down.
    """
    job, start, decided = desk.job, desk.job.tick(), placed.decided
    number, scratch = decided.part.number, job.kept.place
    desk.seconds = {}
    with writing(decided.path):
        found = set_aside.read(decided.path, MARKED)
    files = [decided.path, set_aside.marks_path(scratch, number)]
    if placed.more is not None:
        found = pl.concat([found, placed.more.select(found.columns)])
        files.append(set_aside.crowd_path(scratch, number))
    rows = _marked(job, found.with_row_index(set_aside.AT))
    marks = rows.select(set_aside.AT, *MARKS)
    if placed.more is not None:
        marks = marks.select(pl.all().sort_by(rows["group"], maintain_order=True))
    with writing(scratch):  # no log, no list
        if placed.more is not None:
            set_aside.write(files[-1], placed.more)
        set_aside.write(files[1], marks)
        for path in files:
            sync(path)
    funnel = Funnel()
    funnel.add(rows, _unencoded(job.rulebook))
    mixed = placed.more is not None
    lot = Lot(number, placed.first, rows.height, funnel.listed, mixed)
    put = Put(decided, lot, funnel, desk.seconds)
    told: Mapping[str, Any] = {
        "lot": asdict(lot), "decided": decided.rows, "alarms": decided.alarms,
        "sampled": decided.sampled, "funnel": asdict(funnel),
    }  # fmt: skip
    job.kept.keep(f"put-{number:05}", asdict(decided.part), told, [decided.met, *files])
    job.kept.drop(decided.name, [])
    desk.took("put_down", start)
    return put


def _unencoded(rulebook: Rulebook) -> list[str]:
    return sorted(code for code, place in rulebook.places.items() if not place.encoded)


def _marked(job: Job, candidates: pl.DataFrame) -> pl.DataFrame:
    """Candidates with whether they are listed, and what withholds them."""
    left = pl.col("attempts_left").fill_null(0)
    marked = candidates.with_columns((pl.col("permitted") & (left > 0)).alias("listed"))
    _check(marked)
    return contact_list.withheld(marked, job.rulebook)


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
