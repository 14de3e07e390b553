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
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.scheduler.killing import ACCOUNTS, DAY, World, whole

Rounds = Callable[[int, int], int]


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
    for kills in range(most):
        if dice.random() < 1 / 3:
            process = world.start(world.words(kind, out))
            try:
                said = process.communicate(timeout=dice.uniform(0.2, 1) * world.seconds)[1]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            code = process.returncode
        else:
            at = dice.randint(1, events)
            told = {"KILL_BELOW": str(out.parent), "KILL_AT": str(at)}
            code, said = world.run(world.words(kind, out), **told)
        # it may have been killed between publishing and its end, which is made up for then
        if code == 0 or (code == 2 and "was put out already" in said):
            return kills
        assert code == -signal.SIGKILL
    code, said = world.run(world.words(kind, out))
    assert code == 0 or "was put out already" in said, said
    return most


@pytest.mark.parametrize("kind", ["files", "store"])
def test_killed_at_random_and_taken_up_the_day_is_the_same(
    world: World, rounds: Rounds, kind: str
) -> None:
    dice = random.Random(f"kills of {kind}")
    wanted, kills, number = rounds(2, 100), 0, 0
    while kills < wanted:
        number += 1
        out = world.new(kind, f"random-{kind}-{number}")
        kills += kill_until_done(world, kind, out, dice, 4, len(world.events[kind]))
        whole(world, kind, out)
        shutil.rmtree(out.parent)


# What is given its name late, in this order; a part put down stands for all parts.
TARGETS = ("put-00001", "sealed", "day")


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
