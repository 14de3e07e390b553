"""One of several processes that ask for the last attempts: for tests alone."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

from scheduler.live import Fault, Proposed, reserve
from scheduler.store.database import open_store
from tests.scheduler.living import Hands, law, living

PATIENCE = 300
law()  # read before this is forked


def race(url: str, home: Path, told: Path, accounts: Sequence[Sequence[str]], seed: int) -> None:
    """Ask for a call with every account, in an order of one's own; write down what was given.

    A line is written when the permit is in hand: what a process that is killed was given between
    the commit and the line, nobody was told.
    """
    store = open_store(url, home)
    drawn = random.Random(seed)
    with living(store, Hands(), book=law()) as live, told.open("ab", buffering=0) as file:
        for some in accounts:
            for account in drawn.sample(list(some), len(some)):
                asked = reserve(live, Proposed(account, "call"), f"dialer-{os.getpid()}")
                given = asked.result(PATIENCE)
                assert not isinstance(given, Fault), given
                if given.permit is not None:
                    file.write(f"{account} {given.permit}\n".encode())
    store.close()
