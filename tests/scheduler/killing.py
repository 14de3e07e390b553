"""A portfolio, a home with a store, and `forbear` as a process that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from scheduler.log.keys import make_keys
from scheduler.sample.synth import synth
from scheduler.store.adding import add
from scheduler.store.database import open_store
from scheduler.store.kept import KEPT, NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from tests.house.tree import ROOT

Rounds = Callable[[int, int], int]
NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = "2026-11-24"
LATER = "2026-11-24T11:00:00Z"  # all of the portfolio is recorded by then
ACCOUNTS, PART = 90, 18
LONG = 120  # seconds that no run here takes


@dataclass
class World:
    """A portfolio, the same in a home's store, and the lists of runs that were not stopped.

    `seconds` is what one took; `events` are what it wrote, by kind.
    """

    place: Path
    environment: dict[str, str]
    events: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    def words(self, kind: str, out: Path, now: str | None = LATER) -> list[str]:
        words = ["run", "--home", str(out.parent / "home"), "--out", str(out)]
        words += ["--now", now] if now else []
        return [*words, "--from", str(self.place / "portfolio")] if kind == "files" else words

    def new(self, kind: str, name: str) -> Path:
        """A place for lists, beside a copy of the home, with its keys and its store if it has one.

        The same keys seal the same log to the byte.
        """
        place = self.place / name
        shutil.copytree(self.place / kind, place / "home")
        return place / "lists"

    def start(self, words: list[str], **more: str) -> subprocess.Popen[str]:
        begun = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.scheduler.killable", *words],
            cwd=ROOT,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.begun.append(begun)
        return begun

    def run(self, words: list[str], **more: str) -> tuple[int, str]:
        """Run to the end, whatever that is: the exit code, and what was said on standard error."""
        process = self.start(words, **more)
        said = process.communicate(timeout=LONG)[1]
        assert "Traceback" not in said, said
        return process.returncode, said


def make_store(home: Path, portfolio: Path) -> None:
    store = open_store("sqlite:///store.sqlite", home)
    migrate(store, home / "backups")
    for name, table in TABLES.items():
        rows = pl.read_parquet(portfolio / table.file).with_columns(
            pl.int_range(pl.len()).alias("line"),
            pl.lit("crm").alias("origin"),
            pl.concat_str(list(KEPT[NAMES[name]].key), separator="/").alias("origin_id"),
            pl.lit(False).alias("void"),
        )
        with store.writing() as connection:
            add(connection, NAMES[name], rows, NOW)
    store.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp("world")
    synth(place / "portfolio", ACCOUNTS, 7, NOW)
    for home in ("files", "store"):
        (place / home).mkdir()
        text = f"refuse_unencoded_places: false\npart_accounts: {PART}\n"
        (place / home / "settings.yaml").write_text(text, encoding="utf-8")
        make_keys(place / home)
    make_store(place / "store", place / "portfolio")
    had = {name: text for name, text in os.environ.items() if not name.startswith("FORBEAR")}
    made = World(place, had)
    for kind in ("files", "store"):
        out, told = made.new(kind, f"unbroken-{kind}"), place / f"events-{kind}"
        watched = {"KILL_BELOW": str(out.parent), "EVENTS": str(told)}
        start = time.perf_counter()
        code, said = made.run(made.words(kind, out), **watched)
        made.seconds = time.perf_counter() - start
        assert code == 0, said
        made.events[kind] = told.read_text(encoding="utf-8").splitlines()
    yield made
    for process in made.begun:
        if process.returncode is None:  # of a test that failed
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def bytes_of(place: Path) -> dict[str, bytes]:
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def whole(world: World, kind: str, out: Path) -> None:
    """A day is there once, in lists and log, to the byte as if nothing had happened."""
    assert sorted(one.name for one in out.iterdir()) == [".lock", DAY]
    unbroken = world.place / f"unbroken-{kind}"
    for name in (f"lists/{DAY}", "home/log"):
        mine, other = bytes_of(out.parent / name), bytes_of(unbroken / name)
        assert mine.keys() == other.keys()
        assert [path for path in mine if mine[path] != other[path]] == []
    if kind == "store":
        assert runs_recorded(out.parent / "home") == 1


def runs_recorded(home: Path) -> int:
    store = open_store("sqlite:///store.sqlite", home)
    with store.reading() as connection:
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
        count = connection.execute(sa.text("SELECT count(*) FROM run")).scalar()
    store.close()
    return int(count or 0)
