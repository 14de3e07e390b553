"""How long a day takes to be decided again: `python -m tests.bench.bench_replay --accounts N`.

A portfolio is made up (or found again in `--dir`), its day run, and the log replayed from the
record alone; `--rows` also from the portfolio's rows. Each in a process of its own; what counts is
the work of processors, of all processes it took.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import rulebook
from scheduler.day import run_day
from scheduler.law import load_law
from scheduler.log.answering import Replayed
from scheduler.log.reading import Segment, open_log
from scheduler.log.rebuilding import rebuild
from scheduler.log.replaying import replay
from scheduler.manifest import versions
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import NOW, synth
from scheduler.settings import Settings

DAY = NOW.date()
SEED = 7


def decide(path: Path, out: Path) -> int:
    """Run the day; the number of its candidates."""
    law = load_law([rulebook.law_directory()])
    settings = replace(Settings(), refuse_unencoded_places=False, formats=("csv",))
    source = open_portfolio(path)
    done = run_day(source, law.rulebook, settings, DAY, NOW, out, files=law.files)
    return int(done.document["counts"]["candidates"])


def segment_in(out: Path) -> Segment:
    """The day's segment."""
    own = out / "log"
    return open_log(own if own.is_dir() else out).segments[-1]


def again(path: Path, out: Path) -> Replayed:
    """Replay it from the record."""
    return replay(segment_in(out), versions())


def anew(path: Path, out: Path) -> Replayed:
    """Replay it from the rows."""
    with tempfile.TemporaryDirectory() as scratch:
        return rebuild(segment_in(out), open_portfolio(path), Path(scratch))


def _work(work: Callable[[Path, Path], Any], path: Path, out: Path, answer: Any) -> None:
    start = time.perf_counter()
    found = work(path, out)
    whole = time.perf_counter() - start
    spent = os.times()
    answer.send((found, whole, sum(spent[:4])))


def measured(work: Callable[[Path, Path], Any], path: Path, out: Path) -> tuple[Any, float, float]:
    """What a piece of work gives, the seconds that passed, and those that processors worked."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_work, args=(work, path, out, there))
    child.start()
    there.close()
    try:
        found: tuple[Any, float, float] = here.recv()
    except EOFError:
        raise RuntimeError("it failed") from None
    finally:
        child.join()
    return found


def main() -> None:
    """Make or find the portfolio, run the day, replay it, print."""
    said = argparse.ArgumentParser(description="How long a day takes to be decided again.")
    said.add_argument("--accounts", type=int, default=100_000)
    said.add_argument("--dir", type=Path, help="keep the portfolio here, and use it if it is there")
    said.add_argument("--rows", action="store_true", help="from the rows as well")
    told = said.parse_args()
    with ExitStack() as stack:
        base = told.dir or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = base / f"portfolio-{told.accounts}"
        if not path.exists():
            making = base / f".making-{told.accounts}"
            synth(making, told.accounts, SEED)
            making.rename(path)
        out = base / "out"
        shutil.rmtree(out, ignore_errors=True)
        candidates, whole, first = measured(decide, path, out)
        sys.stdout.write(
            f"{told.accounts:,} accounts, {candidates:,} decisions: decided in {whole:.1f} s, "
            f"{first:.1f} s of processors\n"
        )
        for name, work in (("record", again), *((("rows", anew),) if told.rows else ())):
            found, whole, spent = measured(work, path, out)
            sys.stdout.write(
                f"again from the {name}: {whole:.1f} s, {spent:.1f} s of processors, "
                f"{spent / first:.2f} times that; {found.different} differences\n"
            )
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
