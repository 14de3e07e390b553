"""A day: plan, decide part by part, log, list, publish.

`run_day` is a function of its arguments: nothing is random, and no clock is read. The bytes it
writes do not depend on how the portfolio was cut into parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from engine.clock import format_instant
from engine.panel import Panel
from engine.part import PartInput, PartResult, decide_part
from engine.problem import ForbearError
from engine.rulebook import Rulebook

from . import contact_list, manifest
from .changes import changes
from .contact_list import KEYS, ListWriter
from .funnel import Funnel, in_order
from .grouped import GroupsOf
from .log.segment import SegmentWriter
from .making import making, publish, sync, writing
from .manifest import Manifest
from .parts import Part, Plan, plan, read
from .portfolio import Portfolio
from .settings import Settings

Decide = Callable[[Panel, PartInput, Callable[[str], None]], PartResult]


class Progress(Protocol):
    """Told what is being done, and how much of it is: `done` of `total`."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step on."""


class Unsound(ForbearError):
    """The engines' answer contradicts itself: `what` is wrong with how many `rows`."""

    def __init__(self, what: str, rows: int) -> None:
        """Name the contradiction."""
        super().__init__(f"{rows} decisions contradict themselves ({what}); nothing was put out")
        self.what = what
        self.rows = rows


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody hears."""


def run_day(
    source: Portfolio,
    rulebook: Rulebook,
    settings: Settings,
    day: date,
    now: datetime,
    out: Path,
    progress: Progress = quiet,
    *,
    again: bool = False,
    files: Sequence[tuple[str, bytes]] = (),
    tick: Callable[[], float] = lambda: 0.0,
    decide: Decide = decide_part,
) -> Manifest:
    """Make the list of a day and put it out in `out/DAY`, whole or not at all.

    `day` is the consumers' civil day, `now` the moment everything is known at (UTC); `files` are
    those the rulebook was made of, kept in the log to decide again from; `tick` is a stopwatch.
    Raises DayExists, Busy, CannotWrite, Unsound; whatever is raised, `out` is as it was.
    """
    with making(out, day, again) as place:
        run = _Run(source, rulebook, files, settings, day, now, place, progress, decide, tick)
        document = run.make()
        final = out / day.isoformat()
        changed = changes(final, place, document) if final.exists() else {}
        progress("publishing", 0, 1)
        kept = publish(place, final)
        progress("publishing", 1, 1)
    return Manifest(document, final, kept, changed, run.seconds)


@dataclass
class _Run:
    """One run, from the plan to a finished directory that nobody sees yet."""

    source: Portfolio
    rulebook: Rulebook
    files: Sequence[tuple[str, bytes]]
    settings: Settings
    day: date
    now: datetime
    place: Path
    progress: Progress
    decide: Decide
    tick: Callable[[], float]
    id: str = ""
    funnel: Funnel = field(default_factory=Funnel)
    alarms: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    sampled: int = 0

    def make(self) -> dict[str, Any]:
        """Decide everything and write every file; the manifest comes last and is returned."""
        self.progress("reading the portfolio", 0, 1)
        common = {
            "day": self.day.isoformat(),
            "now": format_instant(self.now),
            "input": self.source.digest(),
            "rulebook": self.rulebook.digest,
            "versions": manifest.versions(),
            "settings": self.settings.deciding(),
        }
        self.id = manifest.run_id(common)
        self.progress("linking consumers", 0, 1)
        cut = plan(self.source, self.settings.part_accounts)
        scratch, log = self.place / "parts", self.place / "log"
        with writing(self.place):
            scratch.mkdir()
            log.mkdir()
        segment = SegmentWriter(log, scratch)
        lists = ListWriter(self.place, scratch, self.settings.formats)
        self._decide_all(cut, segment, lists)
        self.progress("writing the log", 0, 1)
        with writing(log):
            segment.finish({"run": self.id, **common}, self.files)
        with writing(self.place):
            lists.finish(self.settings.strategy, self.progress)
        with writing(scratch):
            for path in sorted(scratch.iterdir()):
                path.unlink()
            scratch.rmdir()
        return self._manifest({"run": self.id, **common}, cut, segment)

    # -- deciding

    def _decide_all(self, cut: Plan, segment: SegmentWriter, lists: ListWriter) -> None:
        total = cut.accounts
        done = 0
        with Panel(self.rulebook, alarm=self.alarms.append) as panel:
            crowded = []
            for part in (*cut.crowded, *cut.parts):
                self.progress("deciding", done, total)
                rows, situations = self._decided(panel, cut, part)
                with writing(self.place / "log"):
                    segment.add_situations(situations)
                if part.crowd:
                    crowded.append(rows)
                else:
                    self._put_down(_among(rows, crowded, part), segment, lists)
                done += part.accounts
        self.progress("deciding", done, total)

    def _put_down(self, found: pl.DataFrame, segment: SegmentWriter, lists: ListWriter) -> None:
        """Number the decisions that come next, log them, and only then list them."""
        rows = self._numbered(found)
        with writing(self.place / "log"):  # no log, no list
            sync(segment.add(rows))
        with writing(self.place):
            lists.add(rows)
        self.funnel.add(rows, self._unencoded())

    def _decided(self, panel: Panel, cut: Plan, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
        """One part's candidates and situations; its raw rows are let go of on return.

        Columns of the account that a strategy may order by stand behind the engine's own.
        """
        frames, groups = read(cut, part)
        asked = PartInput(
            frames=frames,
            groups=groups.select("consumer", "group"),
            groups_of=GroupsOf(frames, groups.select("consumer", "together")),
            day=self.day,
            now=self.now,
            channels=self.settings.channels,
            row_caps=self.settings.caps(),
            refuse_unencoded=self.settings.refuse_unencoded_places,
            sample_seed=int(self.id, 16) % 2**31,
            sample_least=ceil(self.settings.sample_at_least * part.accounts / max(cut.accounts, 1)),
            tick=self.tick,
        )
        result = self.decide(panel, asked, self.alarms.append)
        self.sampled += int(result.stats.get("sampled", 0))
        for name, value in result.stats.items():
            if name.startswith("seconds_"):
                self.seconds[name] = self.seconds.get(name, 0.0) + value
        order = {column for column, _ in KEYS.values()} - set(result.candidates.columns)
        ordering = frames["accounts"].select("account", *sorted(order))
        rows = result.candidates.join(ordering, on="account", how="left", maintain_order="left")
        return rows, result.situations

    def _numbered(self, candidates: pl.DataFrame) -> pl.DataFrame:
        """Candidates with their number and id, whether they are listed, and what withholds them."""
        first = self.funnel.candidates + 1
        number = pl.int_range(first, first + candidates.height, dtype=pl.Int64)
        left = pl.col("attempts_left").fill_null(0)
        instant = contact_list.INSTANT
        numbered = candidates.with_columns(
            number.alias("row"),
            pl.lit(self.day).alias("day"),
            pl.lit(self.now).cast(instant).alias("decided_at"),
            pl.lit(self.now).cast(instant).alias("as_of"),
            (pl.col("permitted") & (left > 0)).alias("listed"),
            _whole_second(pl.col("next_permitted_utc")),
        ).with_columns(
            pl.format("{}-{}", pl.lit(self.id), pl.col("row").cast(pl.String()).str.zfill(9)).alias(
                "decision_id"
            )
        )
        _check(numbered)
        return contact_list.withheld(numbered, self.rulebook)

    def _unencoded(self) -> list[str]:
        return sorted(code for code, place in self.rulebook.places.items() if not place.encoded)

    def _manifest(
        self, common: Mapping[str, Any], cut: Plan, segment: SegmentWriter
    ) -> dict[str, Any]:
        funnel = self.funnel
        counts = {
            "accounts": cut.accounts,
            "consumers": cut.groups.height,
            "candidates": funnel.candidates,
            "permitted": funnel.permitted,
            "listed": funnel.listed,
            "suppressed": funnel.candidates - funnel.listed,
            "exhausted": funnel.exhausted,
            "withheld": funnel.permitted - funnel.listed,
            "situations": segment.situations,
            "sampled": self.sampled,
        }
        rows = {
            "list": counts["listed"],
            "suppressed": counts["suppressed"],
            "decisions": counts["candidates"],
            "situations": counts["situations"],
        }
        document = {
            "format": manifest.FORMAT,
            **common,
            "counts": counts,
            "funnel": {
                "reasons": funnel.reasons(self.rulebook),
                "forces": in_order(funnel.forces),
                "duties": in_order(funnel.duties),
            },
            "unencoded": {
                "refuse_unencoded_places": self.settings.refuse_unencoded_places,
                "candidates": in_order(funnel.bare),
            },
            "alarms": self.alarms,
            "files": manifest.files_of(self.place, rows),
            "log": ["log"],
            "checkpoint": None,
        }
        manifest.write(self.place, document)
        return document


def _among(rows: pl.DataFrame, crowded: Sequence[pl.DataFrame], part: Part) -> pl.DataFrame:
    """A part's candidates with those of crowds whose groups stand in its range, in order."""
    within = pl.col("group") >= part.first
    if part.last is not None:
        within &= pl.col("group") < part.last
    more = [one.filter(within) for one in crowded]
    if not any(one.height for one in more):
        return rows
    return pl.concat([rows, *more]).sort("group", maintain_order=True)


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
