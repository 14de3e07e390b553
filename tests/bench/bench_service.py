"""How fast the service answers: `python -m tests.bench.bench_service`.

The server is a process of its own on one core, with durable commits (SQLite, synchronous FULL); the
clients are on another. Each check is in the log before it is answered. Clients ask about accounts
drawn from the whole portfolio: first once over all of them, so that their facts are in memory, as
they are in a day's work; what the first questions cost is said apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psutil

from scheduler.settings import Settings
from tests.scheduler.processes import Service, keys_of, serve
from tests.scheduler.serving import make_home

NOON = "2026-11-21T18:00:00Z"


@dataclass
class Measured:
    """What came of a run: answers, how long each took, and the server's processor time (ms)."""

    answers: int
    seconds: float
    took: list[float]
    worked: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def quantile(self, part: float) -> float:
        return sorted(self.took)[min(len(self.took) - 1, int(len(self.took) * part))]


class Line(asyncio.Protocol):
    """One connection that asks, waits for the answer, and asks again: as lean as can be."""

    def __init__(self, requests: list[bytes], end: float, pause: float) -> None:
        self.requests = requests
        self.end = end
        self.pause = pause
        self.took: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.number = 0
        self.data = b""
        self.start = 0.0
        self.due = time.perf_counter()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        assert self.transport is not None
        self.start = time.perf_counter()
        self.transport.write(self.requests[self.number % len(self.requests)])
        self.number += 1

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        assert head.startswith(b"HTTP/1.1 200"), (head, body[:500])
        now = time.perf_counter()
        self.took.append((now - self.start) * 1e3)
        self.data = b""
        if now >= self.end:
            assert self.transport is not None
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.due = max(self.due + self.pause, now)
        if self.pause:
            asyncio.get_running_loop().call_later(self.due - now, self.ask)
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed"))


def request_of(service: Service, body: object) -> bytes:
    """A whole request, ready to be sent."""
    text = json.dumps(body).encode()
    head = (
        "POST /v1/checks HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.keys['officer']}\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


async def load(
    service: Service, requests: list[bytes], clients: int, seconds: float, rate: float = 0.0
) -> Measured:
    """Ask from many connections for a while; `rate`: so many a second in all, 0: as fast as may."""
    port = int(service.url.rpartition(":")[2])
    server = psutil.Process(service.process.pid)
    before = sum(server.cpu_times()[:2])
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    share = [requests[number::clients] or requests for number in range(clients)]
    lines = []
    for number in range(clients):
        pause = clients / rate if rate else 0.0
        _, line = await loop.create_connection(
            lambda own=share[number], pause=pause: Line(own, start + seconds, pause),
            "127.0.0.1",
            port,
        )
        lines.append(line)
    await asyncio.gather(*(one.done for one in lines))
    took = [one for line in lines for one in line.took]
    worked = sum(server.cpu_times()[:2]) - before
    return Measured(len(took), time.perf_counter() - start, took, worked * 1e3)


def commits(place: Path, seconds: float = 2.0) -> float:
    """Bare durable commits a second of the same database on the same disk."""
    connection = sqlite3.connect(place / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (n INTEGER)")
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("COMMIT")
        count += 1
    connection.close()
    return count / seconds


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell(what: str, one: Measured, each: int = 1) -> None:
    say(
        f"{what:<44} {one.rate * each:>9,.0f} /s   p50 {statistics.median(one.took):7.2f} ms"
        f"   p99 {one.quantile(0.99):7.2f} ms   ({one.answers:,} answers, "
        f"{one.worked / max(1, one.answers * each):.3f} ms of the server's processor each)"
    )


def contacts_of(settings: Settings) -> list[dict[str, str]]:
    listed = pl.read_parquet(settings.lists / "2026-11-21" / "list.parquet")
    calls = listed.filter(pl.col("channel") == "call")
    return calls.select("account", "point", "channel").to_dicts()


async def measure(
    service: Service, contacts: list[dict[str, str]], args: argparse.Namespace
) -> None:
    singles = [request_of(service, {"contacts": [one]}) for one in contacts]
    batches = [
        request_of(service, {"contacts": (contacts * 1_000)[n : n + 1_000], "brief": True})
        for n in range(0, max(len(contacts), 4_000), 1_000)
    ]
    start = time.perf_counter()
    for n in range(0, len(contacts), 25):
        some = [request_of(service, {"contacts": contacts[n : n + 25], "brief": True})]
        await load(service, some, 1, 0.0)
    took = (time.perf_counter() - start) / len(contacts) * 1e3
    say(f"first question about each of {len(contacts):,} contacts: {took:.1f} ms each")
    await load(service, batches, 2, 1.0)
    full = await load(service, singles, 32, args.seconds)
    tell("single checks, 32 clients", full)
    half = await load(service, singles, 32, args.seconds, full.rate / 2)
    tell("single checks, 32 clients, half that load", half)
    one = await load(service, singles, 1, min(2.0, args.seconds))
    tell("single checks, one client", one)
    batch = await load(service, batches, 4, args.seconds)
    tell("batches of 1,000, 4 clients: decisions", batch, 1_000)


def main() -> None:
    """Make a home, start the service on one core, and ask from another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="forbear-bench-") as place:
        settings = make_home(Path(place) / "home", args.accounts)
        assert settings.home is not None
        text = (settings.home / "settings.yaml").read_text(encoding="utf-8")
        text = text.replace("requests: 2000", "requests: 0")
        (settings.home / "settings.yaml").write_text(text, encoding="utf-8")
        keys = keys_of(settings)
        say(f"bare durable commits on this disk: {commits(Path(place)):,.0f} /s")
        os.sched_setaffinity(0, cores[:1])
        service = serve(settings.home, "--no-timer", "--now", NOON, keys=keys)
        os.sched_setaffinity(0, cores[1:] or cores)
        try:
            asyncio.run(measure(service, contacts_of(settings), args))
        finally:
            service.stop()


if __name__ == "__main__":
    sys.exit(main())
