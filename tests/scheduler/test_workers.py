"""Work shared among processes: answers in order, and what is raised over there is raised here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.making import CannotWrite
from scheduler.workers import ACCOUNTS_EACH, WorkerLost, Workers, answer_of, worth


class Held:
    """What a process holds: how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def close(self) -> None:
        """Nothing to let go of."""


def double(held: Held, number: int) -> int:
    held.asked += 1
    return 2 * number


def refuse(held: Held, path: Path) -> int:
    raise CannotWrite(path, "no room")


def vanish(held: Held, code: int) -> int:
    os._exit(code)


def test_a_small_portfolio_is_not_worth_a_process() -> None:
    assert worth(0) == worth(ACCOUNTS_EACH) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_answers_come_in_the_order_of_the_questions(count: int) -> None:
    with Workers(count, Held) as workers:
        assert list(workers.each(double, range(9))) == [2 * n for n in range(9)]
        assert answer_of(workers.ask(double, 21)) == 42


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_raised_over_a_question_is_raised_here_whole(count: int, tmp_path: Path) -> None:
    with Workers(count, Held) as workers, pytest.raises(CannotWrite) as raised:
        answer_of(workers.ask(refuse, tmp_path))
    assert (raised.value.path, raised.value.why) == (tmp_path, "no room")


def test_a_process_that_is_gone_is_told_of() -> None:
    with Workers(2, Held) as workers, pytest.raises(WorkerLost):
        list(workers.each(vanish, [1, 1, 1]))
