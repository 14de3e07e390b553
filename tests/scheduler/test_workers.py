"""Processes side by side: answers in order, faults told, nobody left behind."""

from __future__ import annotations

import os
import threading
from pathlib import Path

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


def test_few_accounts_are_not_worth_a_process() -> None:
    assert worth(0) == worth(99_999) == 1
    assert 1 <= worth(10**9) <= 8
