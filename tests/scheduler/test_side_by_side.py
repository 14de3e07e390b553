"""Real processes side by side: workers that are killed, and runs that meet."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scheduler.log.keys import make_keys
from tests.house.tree import ROOT
from tests.scheduler.killing import DAY, World, runs_recorded, whole

Rounds = Callable[[int, int], int]
PATIENCE = 60  # seconds that nothing here takes


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"


def children(process: int) -> Iterator[int]:
    """The processes that one began, and those they began."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", errors="replace").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            child = int(path.parent.name)
            yield child
            yield from children(child)


def there(place: Path, pattern: str) -> bool:
    """Whether a file is there by now."""
    return any(place.glob(pattern))


def gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


# -- workers


def test_a_worker_that_is_killed_ends_the_run_which_is_taken_up(
    world: World, rounds: Rounds
) -> None:
    for number in range(rounds(1, 12)):
        out = world.new("files", f"worker-{number}")
        told = {"PROCESSES": "2", "KILL_WHOM": "worker", "KILL_BELOW": str(out)}
        code, said = world.run(world.words("files", out), **told, KILL_AT=str(4 + 2 * number))
        assert code == 3
        assert "a process that decided a part ended by itself (is there memory enough?)" in said
        code, said = world.run(world.words("files", out), PROCESSES="2")
        assert code == 0
        assert "resuming the run" in said
        whole(world, "files", out)


def test_the_first_process_killed_the_others_end_and_spoil_nothing(
    world: World, rounds: Rounds
) -> None:
    for number in range(rounds(1, 12)):
        out = world.new("files", f"main-{number}")
        told = {"PROCESSES": "2", "KILL_WHOM": "main", "KILL_BELOW": str(out)}
        process = world.start(world.words("files", out), **told, KILL_AT=str(14 + 3 * number))
        assert process.wait(PATIENCE) == -signal.SIGKILL
        code, said = world.run(world.words("files", out), PROCESSES="2")  # at once
        assert code == 0, said
        whole(world, "files", out)
        until(partial(gone, process.pid))
        process.communicate()


def test_with_both_engines_whatever_process_is_killed_the_day_is_the_same(world: World) -> None:
    """`forbear` as it is: the engines' own process killed, and then all of them."""
    home = world.place / "engines"
    law = home / "law" / "rules"
    law.mkdir(parents=True)
    make_keys(home)
    for name in ("fdcpa", "regulation_f"):
        shutil.copyfile(ROOT / "rules" / f"{name}.yaml", law / f"{name}.yaml")
    text = "rulebook: [law]\nrefuse_unencoded_places: false\npart_accounts: 30\n"
    (home / "settings.yaml").write_text(text, encoding="utf-8")
    days = []
    for name in ("unbroken", "killed"):
        out = world.place / name / "lists"
        shutil.copytree(home, world.place / name)
        words = ["run", "--home", str(world.place / name), "--out", str(out), "--from"]
        words += [str(world.place / "portfolio"), "--now", f"{DAY}T11:00:00Z"]
        if name == "killed":
            process = world.start(words, WHOLE="1")
            place = out / f".making-{DAY}"
            until(partial(there, place, "parts-1/decided-*"))
            for child in children(process.pid):
                os.kill(child, signal.SIGKILL)
            until(partial(there, place, "parts-1/put-00001.done"))
            process.send_signal(signal.SIGTERM)  # asked to end, it says what becomes of its work
            said = process.communicate(timeout=PATIENCE)[1]
            assert process.returncode == 130
            assert "what was done so far is kept; the same command takes it up" in said
        code, said = world.run(words, WHOLE="1")
        assert code == 0, said
        days.append(out / DAY)
    files = sorted(one.relative_to(days[0]) for one in days[0].rglob("*") if one.is_file())
    assert len(files) > 8
    for one in files:
        assert (days[0] / one).read_bytes() == (days[1] / one).read_bytes(), one


# -- two runs


def test_of_two_runs_one_works_and_the_other_says_who_does(world: World) -> None:
    out = world.new("store", "two")
    words = world.words("store", out)
    first = world.start(words)
    until(partial(there, out, f".making-{DAY}"))
    os.killpg(first.pid, signal.SIGSTOP)  # it holds its lock as long as the second asks
    code, said = world.run(words)
    assert code == 3
    found = re.search(
        r"another run is writing into (\S+): process (\d+), the list of (\S+), since (\S+)\n", said
    )
    assert found
    assert (found[1], int(found[2]), found[3]) == (str(out), first.pid, DAY)
    other = [*words[:-2], "--now", "2026-11-25T11:00:00Z"]  # of another day, into the same place
    code, said = world.run(other)
    assert code == 3
    assert f"process {first.pid}" in said
    os.killpg(first.pid, signal.SIGCONT)
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
    whole(world, "store", out)
    assert world.run(words)[0] == 2
    assert world.run(other)[0] == 0
    assert sorted(one.name for one in out.iterdir()) == [".lock", DAY, "2026-11-25"]
    assert runs_recorded(out.parent / "home") == 2


def test_runs_begun_at_once_make_the_day_once(world: World, rounds: Rounds) -> None:
    for number in range(rounds(1, 10)):
        out = world.new("store", f"at-once-{number}")
        begun = [world.start(world.words("store", out)) for _ in range(3)]
        said = [one.communicate(timeout=PATIENCE)[1] for one in begun]
        codes = sorted(one.returncode for one in begun)
        assert codes[0] == 0, said
        assert set(codes[1:]) <= {2, 3}, said
        whole(world, "store", out)


def test_the_lock_of_a_run_that_was_killed_is_none(world: World) -> None:
    out = world.new("files", "stale")
    told = {"KILL_BELOW": str(out), "KILL_AT": "12"}
    assert world.run(world.words("files", out), **told)[0] == -signal.SIGKILL
    assert "process" in (out / ".lock").read_text("utf-8")
    assert world.run(world.words("files", out))[0] == 0
    whole(world, "files", out)
