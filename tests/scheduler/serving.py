"""A home with a store, a published day and keys, and the service over it, for tests."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from engine.clock import format_instant
from scheduler.day import run_day
from scheduler.law import Law, law_of
from scheduler.live.door import Live, open_live
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import synth
from scheduler.settings import Settings, write_default
from scheduler.store.adding import add
from scheduler.store.database import Store, open_store
from scheduler.store.kept import KEPT, NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from scheduler.web.app import build
from scheduler.web.door import App
from scheduler.web.journal import Journal
from scheduler.web.keys import Keyring, new_key
from scheduler.web.lists import Lists
from scheduler.web.metrics import new_metrics
from scheduler.web.pacing import Pace
from scheduler.web.service import OFF, Log, Service, lists_of
from tests import standing_in

KNOWN = datetime(2026, 11, 21, 11, tzinfo=UTC)
"""When the portfolio is as of."""
NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
"""A Saturday at which calls are permitted from coast to coast."""
DAY = date(2026, 11, 21)


@functools.cache
def law() -> Law:
    """The bundled law, read once."""
    return law_of(Settings(refuse_unencoded_places=False))


def make_home(place: Path, accounts: int = 300, url: str | None = None) -> Settings:
    """A home whose store holds a made-up portfolio, and whose list of the day is published."""
    place.mkdir(parents=True, exist_ok=True)
    if url is not None:
        text = f"store: '{url}'\nrefuse_unencoded_places: false\n"
        (place / "settings.yaml").write_text(text, encoding="utf-8")
    settings = write_default(place, refuse_unencoded_places=False)
    synth(place / "portfolio", accounts, 7, KNOWN)
    store = open_store(settings.store, place)
    migrate(store, place / "backups")
    for name, table in TABLES.items():
        load(store, name, pl.read_parquet(place / "portfolio" / table.file))
    store.close()
    publish(settings)
    return settings


def one_list(home: Path) -> None:
    """Have the service make one list of everybody, not one for each region."""
    path = home / "settings.yaml"
    text = path.read_text(encoding="utf-8")
    one = "regions: {everybody: {zones: [America/New_York, others]}}\n"
    text = re.sub(r"^regions:\n(  .*\n)+", "", text, flags=re.M) + one
    path.write_text(text, encoding="utf-8")


def load(store: Store, name: str, frame: pl.DataFrame, now: datetime = KNOWN) -> None:
    """Rows into the store, as an import would."""
    rows = frame.with_columns(
        pl.int_range(pl.len()).alias("line"),
        pl.lit("crm").alias("origin"),
        pl.concat_str(list(KEPT[NAMES[name]].key), separator="/").alias("origin_id"),
        pl.lit(False).alias("void"),
    )
    with store.writing() as connection:
        add(connection, NAMES[name], rows, now)


def publish(settings: Settings, day: date = DAY, now: datetime = KNOWN, **more: Any) -> None:
    """The day's list, decided by a stand-in."""
    assert settings.home is not None
    source = open_portfolio(settings.home / "portfolio")
    given = {"decide": standing_in.decide, "workers": 1, "files": law().files} | more
    run_day(source, law().rulebook, settings, day, now, settings.lists, **given)


class Clock:
    """A clock that stands until it is moved; its stopwatch too."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self) -> float:
        return self.now.timestamp()

    def on(self, **more: float) -> None:
        self.now += timedelta(**more)


class Signer:
    """Signs nothing that anybody would believe."""

    name = "forbear.test"

    def sign(self, message: bytes) -> bytes:
        return bytes(64)


NO_LOG = Log(lambda: True, lambda: None, lambda _: None, lambda *_: None, lambda _: None)


class Client:
    """Asks the application itself, without a network."""

    def __init__(self, served: Served, headers: dict[str, str], clock: bool = True) -> None:
        self._served = served
        self._headers = headers
        self._clock = clock

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        told = {"Forbear-Client-Time": format_instant(self._served.clock())} if self._clock else {}
        head = {**told, **self._headers}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._served.app)  # type: ignore[arg-type]
            given = {"transport": transport, "base_url": "http://here", "headers": head}
            async with httpx.AsyncClient(**given) as client:
                return await client.request(method, path, **more)

        return self._served.runner.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@dataclass
class Served:
    """A service in this process, and what it said of itself."""

    service: Service
    app: App
    clock: Clock
    keys: dict[str, str]
    runner: asyncio.Runner
    said: io.StringIO = field(default_factory=io.StringIO)

    def client(self, scope: str | None = "dialer", clock: bool = True) -> Client:
        """A client with a key of one scope; None: without. `clock`: it says what time it is."""
        head = {} if scope is None else {"Authorization": f"Bearer {self.keys[scope]}"}
        return Client(self, head, clock)

    def journal(self, what: str | None = None) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [one for one in lines if what in (None, one["what"])]


@contextmanager
def serving(settings: Settings, **more: Any) -> Iterator[Served]:
    """The service over a home, with a key for each scope."""
    assert settings.home is not None
    clock = more.pop("clock", None) or Clock()
    said = io.StringIO()
    journal = Journal(said, clock)
    store = open_store(settings.store, settings.home)
    metrics = new_metrics()
    signer = more.pop("signer", None) or Signer()
    with open_live(store, more.pop("law", None) or law(), settings, signer, clock) as live:
        service = Service(
            settings=settings,
            store=store,
            live=live,
            lists=more.pop("lists", None) or lists_of(settings.lists, live),
            log=more.pop("log", NO_LOG),
            keyring=Keyring(store),
            pace=Pace(more.pop("rate", 0)),
            now=clock,
            tick=clock.tick,
            journal=journal,
            metrics=metrics,
            read_law=more.pop("read_law", law),
            max_body=more.pop("max_body", 4 << 20),
            off=more.pop("off", OFF),
        )
        assert not more, more
        keys = {
            scope: new_key(store, f"{scope} {id(service)}", [scope], clock())[1]
            for scope in ("dialer", "officer", "auditor", "admin")
        }
        with asyncio.Runner() as runner:
            yield Served(service, build(service), clock, keys, runner, said)
        service.keyring.close()
    store.close()


__all__ = [
    "DAY",
    "KNOWN",
    "NOW",
    "Clock",
    "Lists",
    "Live",
    "Served",
    "Signer",
    "make_home",
    "serving",
]
