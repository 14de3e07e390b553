"""One part of a day, in whichever process: decided; numbered, logged and listed; put in ranks.

What a part comes to lies in files of the run's `parts` directory until its place among the others
is known, so that no process holds more than the part it works on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Final

import polars as pl

from engine.panel import Panel
from engine.part import PartInput, PartResult
from engine.problem import ForbearError
from engine.rulebook import Rulebook

from . import contact_list
from .contact_list import KEYS
from .funnel import Funnel
from .grouped import GroupsOf
from .log.segment import write_decisions
from .making import sync, writing
from .parts import Part, Plan, read
from .settings import Settings

Decide = Callable[[Panel, PartInput, Callable[[str], None]], PartResult]
SCRATCH: Final = "parts"


class Unsound(ForbearError):
    """The engines' answer contradicts itself: `what` is wrong with how many `rows`."""

    def __init__(self, what: str, rows: int) -> None:
        """Name the contradiction."""
        super().__init__(f"{rows} decisions contradict themselves ({what}); nothing was put out")
        self.what = what
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Job:
    """What all parts of a run have in common; called, it makes ready to work on them."""

    rulebook: Rulebook
    settings: Settings
    day: date
    now: datetime
    place: Path
    run: str
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
    """A part decided: `path` holds its candidates, `rows` of them.

    `situations` are those that whoever decided it met for the first time.
    """

    part: Part
    path: Path
    rows: int
    situations: pl.DataFrame
    alarms: tuple[str, ...]
    seconds: dict[str, float]
    sampled: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A decided part whose place is known: `first` numbers its first row.

    `more`: candidates of crowds that stand in its range.
    """

    decided: Decided
    first: int
    number: int
    more: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Put:
    """A part that was logged and listed."""

    number: int
    funnel: Funnel
    seconds: dict[str, float]


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
        sample_seed=int(job.run, 16) % 2**31,
        sample_least=ceil(job.settings.sample_at_least * part.accounts / max(job.accounts, 1)),
        tick=job.tick,
    )
    result = job.decide(desk.panel, asking, desk.alarms.append)
    for name, value in result.stats.items():
        if name.startswith("seconds_"):
            desk.seconds[name] = desk.seconds.get(name, 0.0) + value
    order = {column for column, _ in KEYS.values()} - set(result.candidates.columns)
    ordering = frames["accounts"].select("account", *sorted(order))
    rows = result.candidates.join(ordering, on="account", how="left", maintain_order="left")
    path = job.place / SCRATCH / f"decided-{part.number:05}.arrow"
    start = job.tick()
    with writing(path):
        rows.write_ipc(path)
    desk.took("set_aside", start)
    alarms = tuple(desk.alarms)
    desk.alarms.clear()
    sampled = int(result.stats.get("sampled", 0))
    fresh = result.situations.filter(~pl.col("situation").is_in(desk.told.implode()))
    desk.told = pl.concat([desk.told, fresh["situation"]])
    return Decided(part, path, rows.height, fresh, alarms, desk.seconds, sampled)


def put_down(desk: Desk, placed: Placed) -> Put:
    """Number the decisions of a part, log them, and only then list them."""
    job, start = desk.job, desk.job.tick()
    desk.seconds = {}
    with writing(placed.decided.path):
        found = pl.read_ipc(placed.decided.path.read_bytes())
        placed.decided.path.unlink()
    if placed.more is not None:
        found = pl.concat([found, placed.more]).sort("group", maintain_order=True)
    rows = _numbered(job, found, placed.first)
    del found
    scratch = job.place / SCRATCH
    with writing(job.place / "log"):  # no log, no list
        sync(write_decisions(scratch, placed.number, rows))
    desk.took("log", start)
    start = job.tick()
    with writing(job.place):
        contact_list.write_pieces(scratch, placed.number, rows, job.settings.formats)
    funnel = Funnel()
    funnel.add(rows, _unencoded(job.rulebook))
    desk.took("suppressed", start)
    return Put(placed.number, funnel, desk.seconds)


def rank_one(desk: Desk, asked: tuple[int, int, pl.Series]) -> float:
    """Write a part of the list whose first row and ranks are known; returns the seconds taken."""
    number, first, ranks = asked
    start = desk.job.tick()
    with writing(desk.job.place):
        formats = desk.job.settings.formats
        contact_list.write_ranked(desk.job.place / SCRATCH, number, first, ranks, formats)
    return desk.job.tick() - start


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
        _whole_second(pl.col("next_permitted_utc")),
    ).with_columns(
        pl.format("{}-{}", pl.lit(job.run), pl.col("row").cast(pl.String()).str.zfill(9)).alias(
            "decision_id"
        )
    )
    _check(numbered)
    return contact_list.withheld(numbered, job.rulebook)


def _whole_second(at: pl.Expr) -> pl.Expr:
    """An instant, or the next whole second after it: lists write no fractions."""
    floor = at.dt.truncate("1s")
    return pl.when(floor == at).then(at).otherwise(floor.dt.offset_by("1s"))


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
