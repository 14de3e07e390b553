"""How fast a whole day is: `python -m tests.bench.bench_day --accounts N`.

A portfolio is made up (or found again in `--dir`), and the whole day run from it in a process of
its own, whose memory is watched with that of its children. Then the situations of that same day
are put to each engine alone.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from engine import rulebook
from engine.compiled import compile_rules
from engine.rete import ReteEngine
from engine.rulebook import Rulebook
from engine.situation import RuleSet, Situation
from scheduler.day import run_day
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import NOW, synth
from scheduler.settings import FORMATS, Settings

DAY = NOW.date()
SEED = 7
SUBSET = 20_000  # candidates that the Rete engine is asked about one by one
WATCHED = 0.25  # seconds between two looks at the memory
SHARE = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a day is to be run: processes and accounts in a part (None: as set), formats."""

    workers: int | None = None
    parts: int | None = None
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class Ran:
    """A day that was run: its manifest, stages in seconds, wall time, peak memory in bytes.

    `processor` is the seconds that processors worked for it, in all its processes.
    """

    document: Mapping[str, Any]
    stages: Mapping[str, float]
    opening: float
    whole: float
    processor: float
    memory: int


def _law(federal: bool) -> Rulebook:
    """The law as it is shipped; `federal`: without that of any place."""
    law = rulebook.load([rulebook.law_directory()])
    if not federal:
        return law
    places = {name: replace(one, encoded=False) for name, one in law.places.items()}
    rules = tuple(rule for rule in law.rules if rule.place is None)
    return replace(law, rules=rules, places=places)


def _day(path: Path, out: Path, asked: Asked, federal: bool, answer: Any) -> None:
    """In the child: check the portfolio, run the day, send what came of it."""
    start = time.perf_counter()
    source = open_portfolio(path)
    opening = time.perf_counter() - start
    settings = replace(Settings(), refuse_unencoded_places=False, formats=asked.formats)
    if asked.parts is not None:
        settings = replace(settings, part_accounts=asked.parts)
    law, workers = _law(federal), asked.workers
    done = run_day(source, law, settings, DAY, NOW, out, tick=time.perf_counter, workers=workers)
    whole = time.perf_counter() - start
    spent = os.times()
    processor = spent.user + spent.system + spent.children_user + spent.children_system
    answer.send((dict(done.document), dict(done.seconds), opening, whole, processor))


def _held(root: int) -> int:
    """Bytes of memory that a process and all under it hold; a page they share counts once."""
    total, layer = 0, [root]
    while layer:
        one = Path("/proc") / str(layer.pop())
        with contextlib.suppress(OSError):  # it ended while we looked
            told = (one / "smaps_rollup").read_text()
            total += 1024 * sum(int(share) for share in SHARE.findall(told))
            for thread in (one / "task").iterdir():
                layer += [int(child) for child in (thread / "children").read_text().split()]
    return total


def run(path: Path, out: Path, asked: Asked, *, federal: bool = False) -> Ran:
    """Run the day in a process of its own. RuntimeError: it failed."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_day, args=(path, out, asked, federal, there))
    child.start()
    there.close()
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(WATCHED):
            peak[0] = max(peak[0], _held(child.pid or 0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        document, stages, opening, whole, processor = here.recv()
    except EOFError:
        raise RuntimeError("the day failed") from None
    finally:
        over.set()
        watcher.join()
        child.join()
    return Ran(document, stages, opening, whole, processor, peak[0])


def _asked(log: Path) -> tuple[dict[str, list[Situation]], list[tuple[str, Situation]], int]:
    """From a log: every situation by rule set; what candidates one by one would ask; candidates."""
    table = pl.read_parquet(log / "situations.parquet", columns=["situation", "rule_set", "facts"])
    known: dict[str, tuple[str, Situation]] = {}
    by_set: dict[str, list[Situation]] = {}
    for digest, name, facts in table.iter_rows():
        one: Situation = json.loads(facts)
        known[digest] = (name, one)
        by_set.setdefault(name, []).append(one)
    decided = pl.scan_parquet(log / "decisions.parquet").select("situations")
    count = int(decided.select(pl.len()).collect().item())
    step = max(1, count // SUBSET)
    some = decided.gather_every(step).head(SUBSET).collect()["situations"].to_list()
    singly = [known[digest] for digests in some for digest in digests]
    return by_set, singly, len(some)


def _engines(log: Path, names: Sequence[str]) -> tuple[float, float, float, int]:
    """Seconds: compiled, each situation once; Rete, each once; Rete, once per candidate; subset."""
    book = rulebook.load([rulebook.law_directory()])
    sets: dict[str, RuleSet] = {}
    for name in names:
        plain = book.rule_set(name.partition("@")[0], DAY)
        sets[name] = replace(plain, name=name)
    by_set, singly, subset = _asked(log)
    engines = {name: compile_rules(rules) for name, rules in sets.items()}
    start = time.perf_counter()
    for name, asked in by_set.items():
        engines[name].decide_many(asked)
    compiled = time.perf_counter() - start
    with ReteEngine([rules for rules in sets.values() if rules.rules]) as rete:
        for name in by_set:
            rete.decide_many(name, by_set[name][:1])  # it is begun by its first question
        start = time.perf_counter()
        for name, asked in by_set.items():
            rete.decide_many(name, asked)
        once = time.perf_counter() - start
        grouped: dict[str, list[Situation]] = {}
        for name, one in singly:
            grouped.setdefault(name, []).append(one)
        start = time.perf_counter()
        for name, asked in grouped.items():
            rete.decide_many(name, asked)
        each = time.perf_counter() - start
    return compiled, once, each, subset


def _bare(path: Path, day: Path, formats: Sequence[str], scratch: Path) -> tuple[float, float]:
    """Seconds, of the clock and of processors, to read and write the same rows and do nothing else.

    The portfolio is read; lists and decisions are written once more by Polars' own writers, and
    the texts hashed. No program that puts out these files can take less than about this.
    """
    start, before = time.perf_counter(), time.process_time()
    for table in sorted(path.glob("*.parquet")):
        for rows in pl.scan_parquet(table).collect_batches():
            rows.height  # noqa: B018  # it was read
    for name in ("list", "suppressed", "log/decisions"):
        rows = pl.scan_parquet(day / f"{name}.parquet")
        rows.sink_parquet(scratch / "bare.parquet", compression="zstd", compression_level=3)
        (scratch / "bare.parquet").unlink()
        if name == "log/decisions":
            continue
        lists = [
            pl.col(column).list.join(",")
            for column, kind in rows.collect_schema().items()
            if isinstance(kind, pl.List)
        ]
        texts = {"csv": rows.with_columns(lists).sink_csv, "ndjson": rows.sink_ndjson}
        for kind in set(texts).intersection(formats):
            text = scratch / f"bare.{kind}"
            texts[kind](text)
            with text.open("rb") as file:
                hashlib.file_digest(file, "sha256")
            text.unlink()
    return time.perf_counter() - start, time.process_time() - before


def report(ran: Ran, log: Path, bare: tuple[float, float]) -> str:
    """What is printed. `bare`: what `_bare` took."""
    counts = ran.document["counts"]
    names = pl.read_parquet(log / "situations.parquet", columns=["rule_set"])["rule_set"]
    compiled, once, each, subset = _engines(log, names.unique().sort().to_list())
    candidates = counts["candidates"]
    scaled = each * candidates / max(subset, 1)
    busy = sum(ran.stages.values())
    lines = [
        f"{counts['accounts']:,} accounts, {candidates:,} candidates, "
        f"{counts['listed']:,} listed, {counts['situations']:,} situations",
        f"whole day {ran.whole:.1f} s (of which checking the portfolio {ran.opening:.1f} s), "
        f"{ran.processor:.1f} s of processors, "
        f"peak memory of all processes {ran.memory / 2**30:.2f} GiB",
        f"{counts['accounts'] / ran.whole:,.0f} accounts/s, {candidates / ran.whole:,.0f} "
        "candidates/s",
        f"stages ({busy:.1f} s, added up over all processes):",
    ]
    lines += [
        f"  {name.removeprefix('seconds_'):18} {took:8.1f} s {100 * took / max(busy, 1e-9):5.1f} %"
        for name, took in sorted(ran.stages.items(), key=lambda one: -one[1])
    ]
    lines += [
        f"engines alone, each situation once: compiled {compiled:.2f} s, Rete {once:.2f} s; "
        f"the day is {ran.whole / max(compiled, 1e-9):,.0f} times the compiled engine alone",
        f"the Rete engine asked once per candidate: {scaled:.0f} s (measured on {subset:,} "
        f"candidates, {each:.2f} s, and scaled), {scaled / ran.whole:.1f} times the whole day, "
        f"{scaled / max(once, 1e-9):,.0f} times once per situation",
        f"the same rows read and written, and nothing else: {bare[0]:.1f} s, {bare[1]:.1f} s of "
        f"processors; the day is {ran.whole / bare[0]:.1f} times that "
        f"({ran.processor / bare[1]:.1f} of processors)",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make or find the portfolio, run the day, print the report."""
    said = argparse.ArgumentParser(description="How fast a whole day is.")
    said.add_argument("--accounts", type=int, default=100_000)
    said.add_argument("--dir", type=Path, help="keep the portfolio here, and use it if it is there")
    said.add_argument("--workers", type=int, help="processes (default: what the day takes itself)")
    said.add_argument("--part-accounts", type=int, help="accounts in a part (default: as set)")
    said.add_argument(
        "--formats",
        nargs="+",
        choices=FORMATS,
        default=FORMATS,
        help="what the lists are written as (default: all; ten million accounts are 45 GB of text)",
    )
    said.add_argument(
        "--federal-too",
        action="store_true",
        help="run the day on federal law alone as well, and say what the law of places costs",
    )
    told = said.parse_args()
    with ExitStack() as stack:
        base = told.dir
        if base is None:
            base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = base / f"portfolio-{told.accounts}"
        if not path.exists():
            making = base / f".making-{told.accounts}"
            synth(making, told.accounts, SEED)
            making.rename(path)
        out = base / "out"
        shutil.rmtree(out, ignore_errors=True)
        asked = Asked(told.workers, told.part_accounts, tuple(told.formats))
        ran = run(path, out, asked)
        day = out / DAY.isoformat()
        sys.stdout.write(report(ran, day / "log", _bare(path, day, asked.formats, out)))
        shutil.rmtree(out)
        if told.federal_too:
            alone = run(path, out, asked, federal=True)
            shutil.rmtree(out)
            sys.stdout.write(
                f"on federal law alone {alone.whole:.1f} s ({alone.processor:.1f} s of "
                f"processors): the law of all places takes {ran.whole / alone.whole:.2f} times "
                f"that ({ran.processor / alone.processor:.2f} of processors)\n"
            )


if __name__ == "__main__":
    main()
