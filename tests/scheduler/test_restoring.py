"""Copies of a store, and the way back: whole, into an empty store, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from scheduler import cli
from scheduler.sample.synth import synth
from scheduler.store.adding import add
from scheduler.store.backups import RECORD, back_up, read_backup
from scheduler.store.database import Store, StoreError, open_store
from scheduler.store.kept import KEPT, NAMES
from scheduler.store.migrating import migrate, newest, version
from scheduler.store.restoring import restore
from scheduler.store.schema import TABLES
from scheduler.store.snapshot import snapshot
from tests.scheduler.conftest import NewUrl

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    """A store with a small portfolio in it."""
    migrate(empty, tmp_path / "backups")
    synth(tmp_path / "portfolio", 30, 3, NOW)
    load(empty, tmp_path / "portfolio")
    return empty


def load(store: Store, portfolio: Path, said: str = "crm") -> None:
    for name, table in TABLES.items():
        rows = pl.read_parquet(portfolio / table.file).with_columns(
            pl.int_range(pl.len()).alias("line"),
            pl.lit(said).alias("origin"),
            pl.concat_str(list(KEPT[NAMES[name]].key), separator="/").alias("origin_id"),
            pl.lit(False).alias("void"),
        )
        with store.writing() as connection:
            add(connection, NAMES[name], rows, NOW)


def rows_of(store: Store) -> dict[str, list[Any]]:
    """Every row of every table, with its number."""
    with store.reading() as connection:
        names = sa.inspect(connection).get_table_names()
        asked = {name: connection.execute(sa.text(f'SELECT * FROM "{name}"')) for name in names}
        return {name: sorted(map(str, rows)) for name, rows in asked.items()}


@pytest.fixture
def other(new_url: NewUrl, tmp_path: Path) -> Any:
    """Another database, with nothing in it."""
    (tmp_path / "other").mkdir()
    found = open_store(new_url(), tmp_path / "other")
    yield found
    found.close()


@pytest.mark.parametrize("made", [False, True])
def test_a_copy_brought_back_is_the_store_row_by_row(
    store: Store, other: Store, tmp_path: Path, made: bool
) -> None:
    place = back_up(store, tmp_path / "backups", newest())
    if made:
        migrate(other, tmp_path / "none")  # its tables are there, and empty
    found = restore(other, place)
    assert found.version == version(other) == newest()
    assert rows_of(other) == rows_of(store)
    assert snapshot(other)["accounts"].equals(snapshot(store)["accounts"])
    # it goes on like the other: a correction is the next revision, under the next number
    accounts = pl.read_parquet(tmp_path / "portfolio" / "accounts.parquet")
    corrected = accounts.with_columns(pl.lit("closed").alias("status"))
    corrected.write_parquet(tmp_path / "portfolio" / "accounts.parquet")
    for one in (store, other):
        load(one, tmp_path / "portfolio")
    assert rows_of(other) == rows_of(store)
    with other.writing() as connection, pytest.raises(Exception, match="never changed"):
        connection.execute(sa.text("DELETE FROM account"))


def test_a_copy_of_an_older_store_is_brought_back_and_then_up(
    empty: Store, other: Store, tmp_path: Path
) -> None:
    migrate(empty, tmp_path / "backups", "0001")
    had, place = migrate(empty, tmp_path / "backups")
    assert place is not None
    migrate(other, tmp_path / "none")
    assert restore(other, place).version == had == version(other) == "0001"
    migrate(other, tmp_path / "backups")
    assert version(other) == newest()


def test_a_store_that_holds_anything_is_left_alone(store: Store, tmp_path: Path) -> None:
    place = back_up(store, tmp_path / "backups", newest())
    before = rows_of(store)
    with pytest.raises(StoreError, match=r"not empty \(account 30, .*an empty one: name another"):
        restore(store, place)
    assert rows_of(store) == before


def test_a_copy_that_is_not_whole_is_not_brought_back(
    store: Store, other: Store, tmp_path: Path
) -> None:
    place = back_up(store, tmp_path / "backups", newest())
    assert read_backup(place).rows["account"] == 30
    for path in sorted(place.iterdir()):
        content = path.read_bytes()
        if not content:
            continue
        broken = bytearray(content)
        broken[len(content) // 2] ^= 1
        path.write_bytes(broken)
        if path.name != RECORD:
            with pytest.raises(StoreError, match=f"{path.name} is not as it was written"):
                restore(other, place)
        path.unlink()
        with pytest.raises(StoreError, match=f"{path.name}: no such file or directory"):
            restore(other, place)
        path.write_bytes(content)
    record = json.loads((place / RECORD).read_text("utf-8"))
    for name, value, why in (
        ("format", "forbear backup 9", "a form this Forbear does not know"),
        ("version", "9999", "which a newer Forbear made"),
        ("store", "oracle", "is a copy of a store in oracle"),
    ):
        (place / RECORD).write_text(json.dumps(record | {name: value}), encoding="utf-8")
        with pytest.raises(StoreError, match=why):
            restore(other, place)
    for text in ("{", "[]", "{}"):
        (place / RECORD).write_text(text, encoding="utf-8")
        with pytest.raises(StoreError, match="cannot be read; nothing was restored"):
            restore(other, place)
    assert version(other) is None


def test_the_command_says_what_it_did(
    store: Store, other: Store, new_url: NewUrl, tmp_path: Path
) -> None:
    place = back_up(store, tmp_path / "backups", newest())
    home = tmp_path / "firm"
    home.mkdir()
    (home / "settings.yaml").write_text(f"store: '{new_url()}'\n", encoding="utf-8")

    def ask(*words: object) -> Any:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    said = ask("restore", place, "--home", home)
    assert said.exit_code == 0, said.stderr
    assert f"as it was in {place}, of version {newest()}" in said.stdout
    assert "          30  account\n" in said.stdout
    again = ask("restore", place, "--home", home, "--json")
    assert again.exit_code == 3
    assert "is not empty" in json.loads(again.stdout)["errors"][0]["message"]
    nothing = ask("restore", tmp_path / "nowhere", "--home", home)
    assert nothing.exit_code == 3
    assert "no such file or directory; a back-up is a directory of its own" in nothing.stderr
