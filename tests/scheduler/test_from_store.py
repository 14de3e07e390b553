"""A home's store, and the day made from it: the same as from files, of what was known then."""

from __future__ import annotations

import errno
import functools
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from scheduler import cli, putting_out
from scheduler.commands import asking, days
from scheduler.day import run_day
from scheduler.law import Law, law_of
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from scheduler.store.adding import add
from scheduler.store.database import Store, open_store
from scheduler.store.kept import KEPT, NAMES
from scheduler.store.migrating import migrate, newest
from scheduler.store.schema import TABLES
from scheduler.store.snapshot import write_snapshot
from tests import standing_in

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
AFTER = datetime(2026, 11, 24, 11, tzinfo=UTC)  # all of the portfolio is recorded by then
BY = "2026-11-24T11:00:00Z"

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def law() -> Law:
    return law_of(Settings(refuse_unencoded_places=False))


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, law: Law) -> Ask:
    """Runs a command; the law is read once for all homes, and days are decided by a stand-in."""
    monkeypatch.chdir(tmp_path)
    for commands in (days, asking):
        monkeypatch.setattr(commands, "law_of", lambda settings: law)
    quick = functools.partial(run_day, decide=standing_in.decide, workers=1)
    monkeypatch.setattr(days, "run_day", quick)

    def run(*words: object) -> Any:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    return run


@pytest.fixture
def store(home: Path, url: str) -> Any:
    found = open_store(url, home)
    yield found
    found.close()


def load(
    store: Store, portfolio: Path, now: datetime, names: Iterable[str] = tuple(TABLES)
) -> None:
    for name in names:
        table = TABLES[name]
        rows = pl.read_parquet(portfolio / table.file).with_columns(
            pl.int_range(pl.len()).alias("line"),
            pl.lit("crm").alias("origin"),
            pl.concat_str(list(KEPT[NAMES[name]].key), separator="/").alias("origin_id"),
            pl.lit(False).alias("void"),
        )
        with store.writing() as connection:
            add(connection, NAMES[name], rows, now)


# -- a home


def test_a_home_is_made_with_its_store(ask: Ask) -> None:
    made = ask("init", "--home", "firm")
    assert made.exit_code == 0
    assert f"the store, of version {newest()}" in made.stdout
    assert Path("firm/store.sqlite").is_file()
    again = ask("init", "--home", "firm")
    assert (again.exit_code, again.stderr) == (2, "firm is a home already\n")


def test_a_home_without_a_store_is_given_one_and_keeps_its_settings(ask: Ask, home: Path) -> None:
    before = (home / "settings.yaml").read_bytes()
    assert ask("init", "--home", home).exit_code == 0
    assert (home / "settings.yaml").read_bytes() == before


def test_an_older_home_is_copied_and_brought_up(ask: Ask, home: Path, store: Store) -> None:
    migrate(store, home / "backups", "0001")
    refused = ask("run", "--home", home)
    assert refused.exit_code == 3
    assert "`forbear init` brings it there" in refused.stderr
    done = ask("init", "--home", home, "--json")
    assert f'"version": "{newest()}"' in done.stdout
    assert '"had": "0001"' in done.stdout
    assert len(list((home / "backups").iterdir())) == 1


def test_a_newer_home_is_refused_and_left_as_it_is(ask: Ask, home: Path, store: Store) -> None:
    migrate(store, home / "backups")
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for command in ("init", "run"):
        said = ask(command, "--home", home)
        assert said.exit_code == 3
        assert "a newer Forbear made" in said.stderr
    assert not (home / "backups").exists()


def test_a_store_that_cannot_be_reached_is_said_so(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "firm").mkdir()
    text = "store: postgresql://firm:secret@127.0.0.1:1/forbear\n"
    (tmp_path / "firm" / "settings.yaml").write_text(text, encoding="utf-8")
    for command in ("init", "run"):
        said = ask(command, "--home", "firm")
        assert said.exit_code == 3
        assert "refused" in said.stderr
        assert "secret" not in said.stderr


# -- the day


def lists(place: Path) -> dict[str, bytes]:
    """The lists of a day by name, without the name of the run, which holds the input's digest."""
    (day,) = place.glob("2026-*")
    found = {}
    for name in ("list.csv", "list.ndjson", "suppressed.csv", "suppressed.ndjson"):
        content = (day / name).read_bytes()
        found[name] = re.sub(rb"\b[0-9a-f]{12}-(\d{9})\b", rb"\1", content)
    return found


def test_the_day_from_the_store_is_the_day_from_the_files(
    ask: Ask, home: Path, store: Store, tmp_path: Path
) -> None:
    synth(tmp_path / "portfolio", 60, 3, NOW)
    assert ask("init", "--home", home).exit_code == 0
    load(store, tmp_path / "portfolio", NOW)
    common = ("run", "--home", home, "--now", BY)
    stored = ask(*common, "--out", "stored")
    assert stored.exit_code == 0, stored.stderr
    assert "reading the store" in stored.stderr
    assert ask(*common, "--out", "files", "--from", "portfolio").exit_code == 0
    assert lists(tmp_path / "stored") == lists(tmp_path / "files")
    assert lists(tmp_path / "stored")["list.csv"].count(b"\n") > 5

    write_snapshot(store, tmp_path / "snapshot", AFTER, AFTER)
    assert ask(*common, "--out", "snapshots", "--from", "snapshot").exit_code == 0
    for path in sorted((tmp_path / "stored").rglob("*")):
        if path.is_file():
            twin = tmp_path / "snapshots" / path.relative_to(tmp_path / "stored")
            assert path.read_bytes() == twin.read_bytes(), path.name

    with store.reading() as connection:
        for name in ("run", "rulebook"):  # that of the day from the store, and no other
            asked = sa.text(f"SELECT count(*) FROM {name}")
            assert connection.execute(asked).scalar() == 1
    assert not [path.name for path in home.iterdir() if path.name.startswith(".snapshot")]


def test_a_day_that_was_broken_off_keeps_what_it_read_and_is_recorded_once(
    ask: Ask, home: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synth(tmp_path / "portfolio", 40, 3, NOW)
    ask("init", "--home", home)
    load(store, tmp_path / "portfolio", NOW - timedelta(hours=1))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def broken() -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(putting_out, "write_list", full)
            return ask("run", "--home", home, "--out", "lists")

    assert broken().exit_code == 3
    again = broken()
    assert "what was read from the store" in again.stderr
    assert "is there still" in again.stderr
    # what is recorded after the moment of the first run is no part of its question
    synth(tmp_path / "more", 50, 4, NOW)
    load(store, tmp_path / "more", NOW + timedelta(hours=1), ("consumers", "accounts"))
    told = ask("run", "--home", home, "--out", "lists", "--json")
    assert told.exit_code == 0, told.stderr
    assert "reading the store" in told.stderr
    assert "resuming the run" in told.stderr
    assert json.loads(told.stdout)["counts"]["accounts"] == 40
    asked = sa.text("SELECT count(*) FROM run")
    with store.reading() as connection:
        assert connection.execute(asked).scalar() == 1


def test_what_is_not_known_yet_is_not_decided_on(ask: Ask, home: Path, store: Store) -> None:
    synth(home / "made", 20, 3, NOW)
    ask("init", "--home", home)
    load(store, home / "made", NOW)
    account = pl.read_parquet(home / "made" / "accounts.parquet")["account"][0]
    said = ask("run", "--home", home, "--now", "2026-11-20T11:00Z", "--out", "lists")
    assert said.exit_code == 2
    assert "knew of no account at 2026-11-20T11:00:00Z; `forbear import`" in said.stderr
    known = ask("explain", account, "--home", home)
    assert known.exit_code in (0, 1)
    assert known.stderr.count("\n") <= 1
    (home / "made").rename(home / "portfolio")
    other = ask("explain", account, "--home", home, "--now", "2026-11-20T11:00Z")
    assert other.exit_code in (0, 1)
    assert "reading" in other.stderr
