"""A day: plan, decide part by part, log, list, publish.

`run_day` is a function of its arguments: nothing is random, and no clock is read. The bytes it
writes do not depend on how the portfolio was cut into parts.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from engine.part import decide_part
from engine.rulebook import LEAST, Rulebook
from engine.terms import Licences

from . import manifest
from .changes import changes
from .checkpoints import Checkpoints
from .deciding import (
    Decide,
    Decided,
    Desk,
    Job,
    Placed,
    Put,
    Unsound,
    decide_one,
    decided_before,
    put_before,
    put_down,
)
from .disk import writing
from .funnel import Funnel, in_order
from .licensing import licences_of, plain
from .log.segment import FILE, SegmentWriter
from .making import Making, making, publish
from .manifest import Manifest
from .parts import Part, Plan, alone, plan
from .portfolio import Portfolio
from .putting_out import OUTPUTS, Output, put_out
from .questions import common_of, question_of
from .regional import Share
from .set_aside import Lot, read
from .settings import Settings
from .workers import Workers, answer_of, worth

__all__ = ["Progress", "Seal", "Sign", "Unsound", "question_of", "quiet", "run_day"]
Sign = manifest.Sign
Seal = Callable[[Path, Mapping[str, Any]], Mapping[str, Any] | None]


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
    seal: Seal | None = None,
    sign: Sign | None = None,
    held: Making | None = None,
    share: Share | None = None,
) -> Manifest:
    """Make the list of a day and put it out in `out/DAY`, whole or not at all.

    `day` is the consumers' civil day, `now` the moment everything is known at (UTC); `files` are
    those the rulebook was made of, kept in the log to decide again from; `tick` is a stopwatch;
    `workers` is the number of processes, by default what the portfolio is worth on this machine.
    The bytes put out do not depend on it, nor on how often the run was killed and begun again: what
    it did is taken up. `held` is where the day is made, if the caller holds that already. With a
    `share` it is the list of one region, put out in `out/DAY.REGION`.

    `seal` is given the finished segment (a directory) and its record; its answer is the manifest's
    `checkpoint`. What it writes must be on disk when it returns; the list has no name yet then. A
    run killed about that moment asks it again, with the same bytes, and must have the same answer.
    `sign` gives the signed note about the manifest, which is put beside it.

    Raises DayExists, Busy, CannotWrite, Unsound; whatever is raised, no list was put out.
    """
    region = None if share is None else share.region.name
    with contextlib.ExitStack() as stack:
        place = held or stack.enter_context(making(out, day, again, region=region))
        run = _Run(source, rulebook, files, settings, day, now, place, progress, decide, tick,
                   workers, seal, sign, share)  # fmt: skip
        document = run.make()
        changed = changes(place.final, place.day, document) if place.final.exists() else {}
        progress("publishing", 0, 1)
        kept = publish(place)
        progress("publishing", 1, 1)
    return Manifest(document, place.final, kept, changed, run.seconds)


@dataclass
class _Run:
    """One run, from the plan to a finished directory that nobody sees yet."""

    source: Portfolio
    rulebook: Rulebook
    files: Sequence[tuple[str, bytes]]
    settings: Settings
    day: date
    now: datetime
    place: Making
    progress: Progress
    decide: Decide
    tick: Callable[[], float]
    workers: int | None
    seal: Seal | None
    sign: Sign | None
    share: Share | None
    funnel: Funnel = field(default_factory=Funnel)
    alarms: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    sampled: int = 0
    next_row: int = 1
    licences: Licences = field(default_factory=dict)

    def make(self) -> dict[str, Any]:
        """Decide everything and write every file; the manifest comes last and is returned."""
        self.progress("reading the portfolio", 0, 1)
        share, digest = self.share, self.source.digest()
        asked = (self.rulebook, self.settings, self.day, self.now, digest, share)
        common = common_of(*asked)
        common = {"run": manifest.run_id(common), **common}
        kept = self.place.begin(question_of(*asked))
        self.licences, differ = licences_of(self.source, self.settings.licences)
        self.alarms += differ
        if self.licences != self.settings.licences:
            common["licences"] = plain(self.licences)
        self.progress("linking consumers", 0, 1)
        start = self.tick()
        choose = None if share is None else self._chosen
        cut = plan(self.source, self.settings.part_accounts, kept.place, choose)
        self._add({"seconds_plan": self.tick() - start})
        log = self.place.day / "log"
        segment = SegmentWriter(log, kept.place)
        digests = self._outputs(kept, cut, segment, common)
        self.progress("writing the log", 0, 1)
        start = self.tick()
        sealed = kept.find("sealed", {})
        if sealed is None:
            if kept.find("logged", {}) is None:
                with writing(log):
                    for path in log.iterdir():
                        if path.name != FILE:
                            path.unlink()
                    segment.finish(common, self.next_row - 1, self.files)
                kept.keep("logged", {}, {}, list(log.iterdir()))
            sealed = {"checkpoint": None if self.seal is None else self.seal(log, common)}
            kept.keep("sealed", {}, sealed, list(log.iterdir()) if log.is_dir() else [])
        self._add({"seconds_segment": self.tick() - start})
        return self._manifest(common, cut, segment, digests, sealed["checkpoint"])

    def _chosen(self, units: pl.DataFrame) -> pl.Series:
        assert self.share is not None
        return self.share.keeps(self.source, units, self.day, self.now)

    def _outputs(
        self, kept: Checkpoints, cut: Plan, segment: SegmentWriter, common: Mapping[str, Any]
    ) -> dict[str, str]:
        """Decide all parts, write decisions and lists; the digests of files that are known then."""
        before = {name: kept.find(name, {}) for name in OUTPUTS}
        lots: list[Lot] = []
        with self._workers(cut, kept) as workers:
            for put in self._decided(workers, kept, cut, segment):
                lots.append(put.lot)
                self.funnel.join(put.funnel)
                self._add(put.seconds)
            digests = self._put_out(workers, before, lots, common)
        if kept.damaged:
            self.place.say(f"made again, because they were damaged: {', '.join(kept.damaged)}")
        return digests

    def _put_out(
        self,
        workers: Workers[Desk],
        before: Mapping[str, Mapping[str, Any] | None],
        lots: Sequence[Lot],
        common: Mapping[str, Any],
    ) -> dict[str, str]:
        """Have every output written that was not before."""
        log, first = self.place.day / "log", 1 if self.share is None else self.share.first_row
        with writing(log):
            log.mkdir(exist_ok=True)
        places = {name: log if name == "decisions" else self.place.day for name in OUTPUTS}
        asked = [
            Output(name, places[name], tuple(lots), first, dict(common))
            for name in OUTPUTS
            if before[name] is None
        ]
        digests: dict[str, str] = {}
        for one in before.values():
            digests |= {} if one is None else one["digests"]
        self.progress("writing log and lists", 0, len(asked))
        for done, out in enumerate([workers.ask(put_out, one) for one in asked], 1):
            found = answer_of(out)
            digests |= found.digests
            self._add(found.seconds)
            self.progress("writing log and lists", done, len(asked))
        return digests

    def _workers(self, cut: Plan, kept: Checkpoints) -> Workers[Desk]:
        count = self.workers or worth(cut.accounts)
        settings = replace(self.settings, licences=self.licences)
        job = Job(
            self.rulebook, settings, self.day, self.now, kept, cut.accounts, self.decide, self.tick
        )
        return Workers(count, job)

    def _decided(
        self, workers: Workers[Desk], kept: Checkpoints, cut: Plan, segment: SegmentWriter
    ) -> Iterator[Put]:
        """Decide every part; put each down as soon as those before it are known; in their order."""
        order = (*cut.crowded, *cut.parts)
        before = {part.number: _before(kept, part) for part in order}
        had = sum(found is not None for found in before.values())
        if had:
            self.place.say(f"{had} of {len(order)} parts were decided already")
        left = [part for part in order if before[part.number] is None]
        answers = workers.each(decide_one, ((alone(cut, part), part) for part in left))
        done = 0
        crowded: list[pl.DataFrame] = []
        putting: deque[Future[Put]] = deque()
        for part in order:
            self.progress("deciding", done, cut.accounts)
            found = before[part.number]
            if isinstance(found, Put) and found.lot.first != self.next_row:
                found = answer_of(workers.ask(decide_one, (alone(cut, part), part)))
            found = found or next(answers)
            decided = found.decided if isinstance(found, Put) else found
            self._take(decided)
            with writing(kept.place):
                segment.add_situations(read(decided.met))
                if part.crowd:
                    crowded.append(read(decided.path))
            if not part.crowd:
                putting.append(self._put(workers, found, _within(crowded, part)))
            while putting and putting[0].done():
                yield answer_of(putting.popleft())
            done += part.accounts
        while putting:
            yield answer_of(putting.popleft())
        self.progress("deciding", done, cut.accounts)

    def _put(
        self, workers: Workers[Desk], found: Decided | Put, more: pl.DataFrame | None
    ) -> Future[Put]:
        """Have a part put down, if it was not before."""
        if isinstance(found, Put):
            self.next_row += found.lot.rows
            known: Future[Put] = Future()
            known.set_result(found)
            return known
        placed = Placed(found, self.next_row, more)
        self.next_row += found.rows + (0 if more is None else more.height)
        return workers.ask(put_down, placed)

    def _take(self, decided: Decided) -> None:
        """A disagreement that two processes both met is one alarm."""
        self.alarms += [one for one in decided.alarms if one not in self.alarms]
        self.sampled += decided.sampled
        self._add(decided.seconds)

    def _add(self, seconds: Mapping[str, float]) -> None:
        for name, value in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + value

    def _manifest(
        self,
        common: Mapping[str, Any],
        cut: Plan,
        segment: SegmentWriter,
        digests: Mapping[str, str],
        checkpoint: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        place = self.place.day
        with writing(place):
            for name in (manifest.FILE, manifest.NOTE):
                (place / name).unlink(missing_ok=True)
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
            "files": manifest.files_of(place, rows, digests),
            "log": ["log"],
            "checkpoint": checkpoint,
        }
        manifest.write(place, document, self.sign)
        return document

    def _left_out(self) -> dict[str, Any]:
        """What `minimum_confidence` took away; nothing to say where it is the default."""
        least, rules = self.settings.minimum_confidence, self.rulebook.left_out
        if least == LEAST:
            return {}
        return {"left_out": {"minimum_confidence": least, "rules": list(rules)}}


def _before(kept: Checkpoints, part: Part) -> Decided | Put | None:
    return put_before(kept, part) or decided_before(kept, part)


def _within(crowded: Sequence[pl.DataFrame], part: Part) -> pl.DataFrame | None:
    """The candidates of crowds whose groups stand in a part's range, if there are any."""
    within = pl.col("group") >= part.first
    if part.last is not None:
        within &= pl.col("group") < part.last
    more = [one.filter(within) for one in crowded]
    return pl.concat(more) if any(one.height for one in more) else None
