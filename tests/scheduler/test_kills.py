"""Real processes, really killed: whatever is left is taken up, and not a byte is another.

Days are decided by the made-up engine but where it says otherwise; what is killed is the program
itself, with SIGKILL, before any one of its writes or at any moment.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

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
    """A portfolio, the same in a home's store, and the lists of runs that were not stopped."""

    place: Path
    environment: dict[str, str]
    events: dict[str, list[str]] = field(default_factory=dict)

    def words(self, kind: str, out: Path, now: str | None = LATER) -> list[str]:
        home = self.place / "plain" if kind == "files" else out.parent / "home"
        words = ["run", "--home", str(home), "--out", str(out)]
        words += ["--now", now] if now else []
        return [*words, "--from", str(self.place / "portfolio")] if kind == "files" else words

    def new(self, kind: str, name: str) -> Path:
        """A place for lists, beside a copy of the home with the store."""
        place = self.place / name
        place.mkdir()
        if kind == "store":
            shutil.copytree(self.place / "stored", place / "home")
        return place / "lists"

    def start(self, words: list[str], **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.scheduler.killable", *words],
            cwd=ROOT,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    place = tmp_path_factory.mktemp("world")
    synth(place / "portfolio", ACCOUNTS, 7, NOW)
    for home in ("plain", "stored"):
        (place / home).mkdir()
        text = f"refuse_unencoded_places: false\npart_accounts: {PART}\n"
        (place / home / "settings.yaml").write_text(text, encoding="utf-8")
    make_store(place / "stored", place / "portfolio")
    had = {name: text for name, text in os.environ.items() if not name.startswith("FORBEAR")}
    made = World(place, had | {"STAND_IN": "1", "PYTHONDONTWRITEBYTECODE": ""})
    for kind in ("files", "store"):
        out, told = made.new(kind, f"unbroken-{kind}"), place / f"events-{kind}"
        watched = {"KILL_BELOW": str(out.parent), "EVENTS": str(told)}
        code, said = made.run(made.words(kind, out), **watched)
        assert code == 0, said
        made.events[kind] = told.read_text(encoding="utf-8").splitlines()
    return made


def bytes_of(place: Path) -> dict[str, bytes]:
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def whole(world: World, kind: str, out: Path) -> None:
    """A day is there once, to the byte as if nothing had happened, and nothing else is."""
    assert sorted(one.name for one in out.iterdir()) == [".lock", DAY]
    unbroken = world.place / f"unbroken-{kind}" / "lists" / DAY
    assert bytes_of(out / DAY) == bytes_of(unbroken)
    if kind == "store":
        assert runs_recorded(out.parent / "home") == 1


def runs_recorded(home: Path) -> int:
    store = open_store("sqlite:///store.sqlite", home)
    with store.reading() as connection:
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
        count = connection.execute(sa.text("SELECT count(*) FROM run")).scalar()
    store.close()
    return int(count or 0)


def test_the_unbroken_day_has_every_candidate_once(world: World) -> None:
    for kind in ("files", "store"):
        place = world.place / f"unbroken-{kind}" / "lists" / DAY
        counts = json.loads((place / "manifest.json").read_text("utf-8"))["counts"]
        log = pl.read_parquet(place / "log" / "decisions.parquet")
        assert log["row"].to_list() == list(range(1, counts["candidates"] + 1))
        listed = pl.read_parquet(place / "list.parquet")
        assert listed["row_id"].to_list() == list(range(1, counts["listed"] + 1))
        assert sorted(listed["priority"]) == listed["row_id"].to_list()
        assert listed.height + pl.read_parquet(place / "suppressed.parquet").height == log.height
        assert log.select("account", "point", "channel").is_unique().all()
        assert counts["accounts"] == ACCOUNTS


def kill_until_done(
    world: World, kind: str, out: Path, dice: random.Random, most: int, events: int
) -> int:
    """Kill a day again and again, then let it end; the number of kills.

    One time in three at any moment, else before any one write.
    """
    seconds = 2.5
    for kills in range(most):
        if dice.random() < 1 / 3:
            process = world.start(world.words(kind, out))
            try:
                process.communicate(timeout=dice.uniform(0.4, seconds))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            code = process.returncode
        else:
            at = dice.randint(1, events)
            told = {"KILL_BELOW": str(out.parent), "KILL_AT": str(at)}
            code, _ = world.run(world.words(kind, out), **told)
        if code == 0:
            return kills
        assert code == -signal.SIGKILL
    code, said = world.run(world.words(kind, out))
    # it may have been killed between publishing and its end
    assert code == 0 or "was put out already" in said, said
    return most


@pytest.mark.parametrize("kind", ["files", "store"])
def test_killed_at_random_and_taken_up_the_day_is_the_same(
    world: World, rounds: Rounds, kind: str
) -> None:
    dice = random.Random(f"kills of {kind}")
    wanted, kills, number = rounds(3, 100), 0, 0
    while kills < wanted:
        number += 1
        out = world.new(kind, f"random-{kind}-{number}")
        kills += kill_until_done(world, kind, out, dice, 4, len(world.events[kind]))
        whole(world, kind, out)
        shutil.rmtree(out.parent)


# What is given its name late, in this order; a part put down stands for all parts.
TARGETS = ("put-00001", "joined", "sealed", "publishing", "day")


def test_killed_just_before_or_after_a_name_is_given(world: World, full: bool) -> None:
    """One day, killed at each of its points in turn, each time taken up from the one before."""
    out = world.new("store", "targets")
    renamed = [event.rsplit("/", 1)[-1] for event in world.events["store"] if "rename" in event]
    for name in renamed:
        if full or name.partition(".")[0] in TARGETS:
            for when in ("before", "after"):
                told = {"KILL_BELOW": str(out.parent), "KILL_AT": f"{when} {name}"}
                code, said = world.run(world.words("store", out), **told)
                assert code == -signal.SIGKILL, (when, name, said)
                assert (out / DAY).exists() == ((when, name) == ("after", "day"))
    code, said = world.run(world.words("store", out))
    assert code == 2
    assert "was killed before its end, which is made up for now" in said
    whole(world, "store", out)
