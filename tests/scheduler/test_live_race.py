"""Several processes after the last attempts, some of them killed: one gets each, none is lost."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from scheduler.live.recording import broken
from scheduler.store import living
from scheduler.store.database import Store
from scheduler.store.living import START, live_decisions
from scheduler.store.migrating import migrate
from scheduler.store.plain import asked
from tests.scheduler.living import DAY, NOON, debtors, tell
from tests.scheduler.racing import race

PROCESSES = 8
ACCOUNTS = 20
KILLS = 3
PATIENCE = 300


def test_of_many_processes_one_gets_the_last_attempt(
    empty: Store, url: str, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    count = rounds(1, 10)
    migrate(empty, tmp_path / "backups")
    accounts = []
    for number in range(count):
        tell(empty, debtors(ACCOUNTS, first=1 + number * ACCOUNTS), NOON - DAY)
        accounts.append([f"A{1 + number * ACCOUNTS + one}" for one in range(ACCOUNTS)])
    # begun by a process that has read the law and nothing else: Polars' threads survive no fork
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.scheduler.racing"])
    told: list[Path] = []

    def begin(seed: int) -> BaseProcess:
        told.append(tmp_path / f"told-{seed}")
        told[-1].touch()
        one = context.Process(target=race, args=(url, tmp_path, told[-1], accounts, seed))
        one.start()
        return one

    empty.close()
    running = [begin(seed) for seed in range(PROCESSES)]
    drawn = random.Random(7)
    patience = time.monotonic() + PATIENCE
    for kill in range(KILLS):
        wanted = (kill + 1) * count * ACCOUNTS // (KILLS + 1)
        while sum(len(one.read_bytes().split(b"\n")) - 1 for one in told) < wanted:
            assert time.monotonic() < patience, "the race stands still"
            time.sleep(0.005)
        victim = running.pop(drawn.randrange(len(running)))
        victim.kill()
        victim.join()
        running.append(begin(PROCESSES + kill))
    for one in running:
        one.join(PATIENCE)
    assert [one.exitcode for one in running] == [0] * PROCESSES
    with empty.writing() as connection:
        names = [str(row[0]) for row in asked(connection, "SELECT permit FROM permit")]
        given = living.permits(connection, names)
    each = Counter(one.account for one in given.values())
    assert each == {account: 1 for some in accounts for account in some}  # none over, none lost
    lines = [line.split() for one in told for line in one.read_text().splitlines()]
    assert len(lines) >= len(given) - KILLS
    assert all(given[permit].account == account for account, permit in lines)
    rows = live_decisions(empty, 0, 1_000_000)
    assert broken(rows, START, 1) is None
