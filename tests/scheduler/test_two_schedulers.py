"""Two whole services over one store and one home, both with their timer: one makes the day."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.clock import local
from scheduler.log.keys import make_keys
from scheduler.sample.synth import synth
from scheduler.settings import Settings, read
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.plain import asked
from scheduler.store.schema import TABLES
from tests.house.tree import ROOT
from tests.scheduler.processes import Service, forbear, keys_of, serve, wait_for
from tests.scheduler.serving import load
from tests.scheduler.test_side_by_side import children

LONG_AGO = datetime(2026, 1, 5, 12, tzinfo=UTC)
SETTINGS = """\
store: '{url}'
rulebook: [law]
refuse_unencoded_places: false
part_accounts: 10
regions: {{everybody: {{zones: [America/New_York, others]}}}}
jobs: {{list: {hour:02}:00, grace: 23, seal: 60, expire: 10, refresh: 30, retention: never}}
"""
"""The list of today was due at the last full hour; the clocks are the machine's."""


def new_home(home: Path, url: str) -> Settings:
    """A home with a few accounts and a small law: what is tried here is who works."""
    law = home / "law" / "rules"
    law.mkdir(parents=True)
    for name in ("fdcpa", "regulation_f"):
        shutil.copyfile(ROOT / "rules" / f"{name}.yaml", law / f"{name}.yaml")
    now = datetime.fromtimestamp(law.stat().st_mtime, UTC)
    hour = local(now, "America/New_York").hour
    (home / "settings.yaml").write_text(SETTINGS.format(url=url, hour=hour), encoding="utf-8")
    make_keys(home)
    found = read(home)
    store = open_store(found.store, home)
    migrate(store, home / "backups")
    synth(home.parent / "portfolio", 60, 5, LONG_AGO)
    for name, table in TABLES.items():
        load(store, name, pl.read_parquet(home.parent / "portfolio" / table.file), LONG_AGO)
    store.close()
    return found


@pytest.fixture
def running() -> Iterator[list[Service]]:
    """Services; what still runs is killed in the end, with whatever it began."""
    found: list[Service] = []
    yield found
    for one in found:
        if one.process.poll() is None:
            kill_all(one)


def kill_all(service: Service) -> None:
    """As a power cut ends a machine: the service and all it began, at once."""
    others = list(children(service.process.pid))
    service.kill()
    for one in others:
        if not gone_process(one):
            os.kill(one, signal.SIGKILL)


def gone_process(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def said(service: Service) -> list[str]:
    """What became of the list, in this service's words."""
    lines = service.journal("job")
    return [one["message"] for one in lines if one["job"].startswith("list") and done(one)]


def done(line: dict[str, Any]) -> bool:
    return line["outcome"] == "done"


def made(services: Sequence[Service]) -> list[str]:
    """What was put out by them, in their words."""
    told = [line for one in services for line in said(one)]
    return [line for line in told if line.startswith("published the list of")]


def lists(service: Service) -> list[tuple[Any, bytes]]:
    """The days that a service knows, each with its manifest and list as it hands them out."""
    days = [one["day"] for one in service.ask("GET", "/v1/lists").json()["days"]]
    return [
        (
            service.ask("GET", f"/v1/lists/{day}/manifest").json(),
            service.ask("GET", f"/v1/lists/{day}.ndjson").content,
        )
        for day in days
    ]


def begun(settings: Settings) -> list[Path]:
    """Days that are being made, or were left so."""
    return list(settings.lists.glob(".making-*"))


def once(settings: Settings, home: Path) -> None:
    """One run is recorded, its log holds, and nothing half made is left."""
    store: Store = open_store(settings.store, home)
    with store.reading() as connection:
        ((runs,),) = asked(connection, "SELECT count(*) FROM run")
    store.close()
    assert runs == 1
    assert not begun(settings)
    forbear("log", "verify", "--home", home)


def test_of_two_one_makes_the_day_and_if_it_is_killed_the_other(
    tmp_path: Path, new_url: Callable[[], str], running: list[Service], full: bool
) -> None:
    """Both hand out the one list. With `--full` once without a kill as well."""
    for killed in (False, True) if full else (True,):
        place = tmp_path / str(killed)
        settings = new_home(place / "home", new_url())
        keys = keys_of(settings)

        def start(home: Path = place / "home", keys: dict[str, str] = keys) -> Service:
            running.append(serve(home, "--timer", keys=keys))
            return running[-1]

        two = [start(), start()]
        if killed:
            wait_for(partial(at_work, two, settings))
            (worker,) = [one for one in two if any(runs(one.process.pid))]
            kill_all(worker)
            assert begun(settings)  # it was killed in the middle of it
            two = [one for one in two if one is not worker]
        wait_for(partial(made, two))
        if killed:
            assert not two[0].journal("alarm")
            two.append(start())
        assert len(made(two)) == 1
        first, second = (lists(one) for one in two)
        ((manifest, _),) = first
        assert manifest["counts"]["candidates"] > 60
        assert first == second
        once(settings, place / "home")
        assert [one.stop() for one in two] == [0, 0]


def at_work(services: Sequence[Service], settings: Settings) -> bool:
    """Whether one of them makes a day."""
    return bool(begun(settings)) and any(any(runs(one.process.pid)) for one in services)


def runs(service: int) -> Iterator[int]:
    """The processes under a service that make a list."""
    for child in children(service):
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"run" in words:
            yield child
