"""A day: plan, decide part by part, log, list, publish.

`run_day` is a function of its arguments: nothing is random, and no clock is read. The bytes it
writes do not depend on how the portfolio was cut into parts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from engine.clock import format_instant
from engine.part import decide_part
from engine.rulebook import LEAST, Rulebook

from . import manifest
from .changes import changes
from .contact_list import ListWriter
from .deciding import (
    SCRATCH,
    Decide,
    Decided,
    Desk,
    Job,
    Placed,
    Put,
    Unsound,
    decide_one,
    put_down,
    rank_one,
)
from .funnel import Funnel, in_order
from .log.segment import SegmentWriter
from .making import making, publish, writing
from .manifest import Manifest
from .parts import Part, Plan, alone, plan
from .portfolio import Portfolio
from .settings import Settings
from .workers import Workers, answer_of, worth

__all__ = ["Progress", "Unsound", "quiet", "run_day"]


class Progress(Protocol):
    """Told what is being done, and how much of it is: `done` of `total`."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step on."""


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody hears."""


def still() -> float:
    """A stopwatch that stands."""
    return 0.0


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
    tick: Callable[[], float] = still,
    decide: Decide = decide_part,
    workers: int | None = None,
) -> Manifest:
    """Make the list of a day and put it out in `out/DAY`, whole or not at all.

    `day` is the consumers' civil day, `now` the moment everything is known at (UTC); `files` are
    those the rulebook was made of, kept in the log to decide again from; `tick` is a stopwatch;
    `workers` is the number of processes, by default what the portfolio is worth on this machine.
    The bytes put out do not depend on it.
    Raises DayExists, Busy, CannotWrite, Unsound; whatever is raised, `out` is as it was.
    """
    with making(out, day, again) as place:
        run = _Run(source, rulebook, files, settings, day, now, place, progress, decide, tick,
                   workers)  # fmt: skip
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
    workers: int | None
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
        start = self.tick()
        scratch, log = self.place / SCRATCH, self.place / "log"
        with writing(self.place):
            scratch.mkdir()
            log.mkdir()
            lists = ListWriter(self.place, scratch, self.settings.formats)
        cut = plan(self.source, self.settings.part_accounts, scratch)
        segment = SegmentWriter(log, scratch)
        self._add({"seconds_plan": self.tick() - start})
        with self._workers(cut) as workers:
            self._decide_all(workers, cut, segment, lists)
            self._rank_all(workers, lists)
        self.progress("writing the log", 0, 1)
        start = self.tick()
        with writing(log):
            segment.finish({"run": self.id, **common}, self.files)
        self._add({"seconds_segment": self.tick() - start})
        with writing(scratch):
            for path in sorted(scratch.iterdir()):
                path.unlink()
            scratch.rmdir()
        return self._manifest({"run": self.id, **common}, cut, segment, lists.digests())

    def _workers(self, cut: Plan) -> Workers[Desk]:
        count = self.workers or worth(cut.accounts)
        job = Job(
            self.rulebook, self.settings, self.day, self.now, self.place, self.id, cut.accounts,
            self.decide, self.tick,
        )  # fmt: skip
        return Workers(count, job)

    # -- deciding

    def _decide_all(
        self, workers: Workers[Desk], cut: Plan, segment: SegmentWriter, lists: ListWriter
    ) -> None:
        """Decide every part; put each down as soon as those before it are known."""
        done = 0
        crowded: list[pl.DataFrame] = []
        putting: deque[Future[Put]] = deque()
        order = ((alone(cut, part), part) for part in (*cut.crowded, *cut.parts))
        next_row = 1
        for decided in workers.each(decide_one, order):
            self.progress("deciding", done, cut.accounts)
            self._take(decided)
            with writing(self.place / "log"):
                segment.add_situations(decided.situations)
            if decided.part.crowd:
                with writing(decided.path):
                    crowded.append(pl.read_ipc(decided.path.read_bytes()))
                    decided.path.unlink()
            else:
                more = _within(crowded, decided.part)
                placed = Placed(decided, next_row, decided.part.number, more)
                next_row += decided.rows + (0 if more is None else more.height)
                putting.append(workers.ask(put_down, placed))
            while putting and putting[0].done():
                self._took(answer_of(putting.popleft()), segment, lists)
            done += decided.part.accounts
        while putting:
            self._took(answer_of(putting.popleft()), segment, lists)
        self.progress("deciding", done, cut.accounts)

    def _take(self, decided: Decided) -> None:
        """A disagreement that two processes both met is one alarm."""
        self.alarms += [one for one in decided.alarms if one not in self.alarms]
        self.sampled += decided.sampled
        self._add(decided.seconds)

    def _took(self, put: Put, segment: SegmentWriter, lists: ListWriter) -> None:
        segment.take(put.number)
        with writing(self.place):
            lists.take(put.number)
        self.funnel.join(put.funnel)
        self._add(put.seconds)

    def _add(self, seconds: Mapping[str, float]) -> None:
        for name, value in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + value

    def _rank_all(self, workers: Workers[Desk], lists: ListWriter) -> None:
        """Give the list's rows their rank over all parts, and write it in every format."""
        with writing(self.place):
            asked, total = lists.ranks(self.settings.strategy)
        done = 0
        for (number, _, ranks), took in zip(asked, workers.each(rank_one, asked), strict=True):
            self.progress("writing the list", done, total)
            with writing(self.place):
                lists.take_ranked(number)
            self._add({"seconds_list": took})
            done += len(ranks)
        self.progress("writing the list", done, total)
        start = self.tick()
        with writing(self.place):
            lists.finish()
        self._add({"seconds_join": self.tick() - start})

    def _manifest(
        self,
        common: Mapping[str, Any],
        cut: Plan,
        segment: SegmentWriter,
        digests: Mapping[str, str],
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
            **self._left_out(),
            "alarms": self.alarms,
            "files": manifest.files_of(self.place, rows, digests),
            "log": ["log"],
            "checkpoint": None,
        }
        manifest.write(self.place, document)
        return document

    def _left_out(self) -> dict[str, Any]:
        """What `minimum_confidence` took away; nothing to say where it is the default."""
        least, rules = self.settings.minimum_confidence, self.rulebook.left_out
        if least == LEAST:
            return {}
        return {"left_out": {"minimum_confidence": least, "rules": list(rules)}}


def _within(crowded: Sequence[pl.DataFrame], part: Part) -> pl.DataFrame | None:
    """The candidates of crowds whose groups stand in a part's range, if there are any."""
    within = pl.col("group") >= part.first
    if part.last is not None:
        within &= pl.col("group") < part.last
    more = [one.filter(within) for one in crowded]
    return pl.concat(more) if any(one.height for one in more) else None
