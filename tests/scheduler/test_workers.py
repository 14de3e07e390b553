"""Processes side by side: answers in order, faults told, nobody left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from pickle import PicklingError

import pytest

from scheduler.workers import WorkerLost, Workers, worth


class Held:
    """What a process holds: a place where it says that it let go."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __call__(self) -> Held:
        return self

    def close(self) -> None:
        (self.place / f"closed-{os.getpid()}").touch()


def twice(held: Held, number: int) -> int:
    sum(range(10**6 if number % 2 else 1))  # the later one is ready before the earlier
    return number * 2


def fail(held: Held, number: int) -> int:
    if number:
        (held.place / str(os.getpid())).touch()
        threading.Event().wait(60)  # as long as a part may take
    raise ValueError("no such part")


def die(held: Held, number: int) -> int:
    os._exit(3)


@pytest.mark.parametrize("count", [1, 2])
def test_answers_come_in_the_order_of_the_questions(tmp_path: Path, count: int) -> None:
    with Workers(count, Held(tmp_path)) as workers:
        assert list(workers.each(twice, range(9))) == [number * 2 for number in range(9)]
    assert len(list(tmp_path.glob("closed-*"))) >= 1


def one_fails_while_another_works(place: Path) -> None:
    with Workers(2, Held(place)) as workers:
        workers.ask(fail, 1)
        while not any(one.name.isdigit() for one in place.iterdir()):
            pass
        list(workers.each(fail, [0]))


def test_what_is_raised_over_a_question_is_raised_here_and_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such part"):
        one_fails_while_another_works(tmp_path)


def test_a_process_that_is_gone_is_said_so(tmp_path: Path) -> None:
    workers = Workers(2, Held(tmp_path))
    with pytest.raises(WorkerLost), workers:
        list(workers.each(die, [1, 2, 3]))


class Unable(Held):
    """What cannot be made ready."""

    def __call__(self) -> Held:
        raise ValueError("no law to be found")


def test_what_is_raised_over_making_ready_is_raised_where_something_is_asked(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match="no law"), Workers(2, Unable(tmp_path)) as workers:
        list(workers.each(twice, range(3)))


def test_what_no_process_can_be_given_is_refused_at_once(tmp_path: Path) -> None:
    held = Held(tmp_path)
    with pytest.raises((TypeError, AttributeError, PicklingError)):
        Workers(2, lambda: held)


LARGE = """
from scheduler.workers import WorkerLost, Workers
from functools import partial
try:
    with Workers(2, partial(dict, large=bytes(1_000_000))) as workers:
        list(workers.each(print, [1]))
except WorkerLost as error:
    print(error)
"""


def test_processes_that_are_gone_before_they_began_are_said_so(tmp_path: Path) -> None:
    """Told from its standard input a program has no file, which its processes look for in vain."""
    done = subprocess.run(
        [sys.executable, "-"], input=LARGE, text=True, capture_output=True, timeout=50,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.stdout.startswith("a process that decided a part ended by itself")


def test_few_accounts_are_not_worth_a_process() -> None:
    assert worth(0) == worth(99_999) == 1
    assert 1 <= worth(10**9) <= 8
