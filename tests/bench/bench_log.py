"""How fast the log is sealed and checked: `python -m tests.bench.bench_log --accounts N`.

A day is run (or its log found again in `--dir`), and its decisions sealed into a new log, checked,
and one of them proved. 245,000 accounts make about a million decisions. With `--decisions N` those
of the day are repeated, each time of other consumers and accounts, until there are N.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from engine import rulebook
from scheduler.day import run_day
from scheduler.law import load_law
from scheduler.log import layout
from scheduler.log.hashing import ROWS
from scheduler.log.keys import CONSUMERS, make_keys
from scheduler.log.proving import check_proof, prover
from scheduler.log.sealing import seal
from scheduler.log.verifying import verify
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import NOW, synth
from scheduler.settings import Settings

T = TypeVar("T")
SEED = 7


def made(place: Path, accounts: int) -> Path:
    """The log of a day that was run, not sealed yet."""
    found = place / "lists" / NOW.date().isoformat() / "log"
    if not found.is_dir():
        synth(place / "portfolio", accounts, SEED, NOW)
        law = load_law([rulebook.law_directory()])
        settings = Settings(refuse_unencoded_places=False, formats=("parquet",))
        source = open_portfolio(place / "portfolio")
        day = NOW.date()
        run_day(source, law.rulebook, settings, day, NOW, place / "lists", files=law.files)
    return found


def repeated(day: Path, place: Path, wanted: int) -> Path:
    """A segment of so many decisions: those of a day again and again, of other consumers each time.

    A portfolio of ten million accounts would take hours to make; its decisions look like these.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    head = json.loads((day / layout.HEAD).read_text(encoding="utf-8"))
    each, run = int(head["rows"][layout.DECISIONS]), f"{wanted:012x}"
    whole = pl.scan_parquet(day / layout.DECISIONS)
    parts = []
    for turn in range(-(-wanted // each)):
        row = pl.col("row") + turn * each
        name = pl.concat_str(pl.lit(f"{run}-"), row.cast(pl.String).str.zfill(9))
        others = [pl.col(one) + f"~{turn}" for one in ("group", "account", "consumer", "point")]
        parts.append(whole.with_columns(row.alias("row"), name.alias("decision_id"), *others))
    rows = pl.concat(parts).head(wanted)
    rows.sink_parquet(place / layout.DECISIONS, row_group_size=ROWS, compression_level=3)
    for name in (layout.SITUATIONS, layout.RULEBOOK):
        shutil.copyfile(day / name, place / name)
    head |= {"run": run, "rows": head["rows"] | {layout.DECISIONS: wanted}}
    (place / layout.HEAD).write_text(json.dumps(head), encoding="utf-8")
    return place


def peak() -> float:
    """The most memory that this process or one under it held at once, in GiB."""
    both = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(one.ru_maxrss for one in both) / (1 << 20)


def work() -> float:
    """Seconds that processors worked, in this process and those that ended under it."""
    both = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def timed(what: str, do: Callable[[], T], count: int) -> T:
    """Do something, and say how long it took."""
    start, before = time.perf_counter(), work()
    found = do()
    took, worked = time.perf_counter() - start, work() - before
    each = f", {took / count * 1e6:.2f} s a million" if count else ""
    sys.stdout.write(f"{what:10}{took:8.2f} s{each}; of processors {worked:.2f} s\n")
    return found


def size(place: Path) -> int:
    """The bytes of every file under a directory."""
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def main() -> None:
    """Measure, and print what was measured."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--accounts", type=int, default=245_000)
    asked.add_argument("--decisions", type=int, help="repeat the day's until there are so many")
    asked.add_argument("--dir", type=Path)
    asked.add_argument("--workers", type=int)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = told.dir or Path(scratch) / "day"
        day = made(place, told.accounts)
        if told.decisions:
            day = repeated(day, place / "repeated", told.decisions)
        home = place.parent / f".{place.name}-home"
        shutil.rmtree(home, ignore_errors=True)
        keys = make_keys(home)
        count = decided(day)
        done = timed("seal", lambda: seal(keys, day, told.workers), count)
        again = timed("again", lambda: seal(keys, day, told.workers), 0)
        assert again.found
        checked = timed(
            "verify", lambda: verify(keys.log, keys.signer.verifier, workers=told.workers), count
        )
        assert checked.holds, checked.wrong
        one = prover(keys.log, keys.signer.verifier)
        proof = timed("prove", lambda: one.inclusion(one.log.segments[0], count // 2), 0)
        timed("proof", lambda: check_proof(proof, keys.signer.verifier), 0)
        consumers = (keys.log / CONSUMERS).stat().st_size
        each = (size(keys.log) - consumers) / done.size
        people = max(1, (consumers - 1000) // 40)
        sys.stdout.write(
            f"{done.size:,} decisions: {each:.1f} bytes each on disk; keys of about {people:,} "
            f"consumers: {consumers / people:.1f} bytes each; the largest process held "
            f"{peak():.2f} GiB\n"
        )
        shutil.rmtree(home)


def decided(day: Path) -> int:
    """How many decisions a segment holds."""
    head = json.loads((day / layout.HEAD).read_text(encoding="utf-8"))
    return int(head["rows"][layout.DECISIONS])


if __name__ == "__main__":
    main()
