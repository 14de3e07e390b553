"""The store: the same on both databases, append-only whoever asks, and what was known when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from polars.testing import assert_frame_equal

from scheduler.sample.synth import synth
from scheduler.store.adding import Added, add
from scheduler.store.append_only import DOOR
from scheduler.store.database import Store, StoreError, driver, open_store
from scheduler.store.kept import KEPT, MORE_NAMES, NAMES, PERSONAL
from scheduler.store.migrating import migrate, must_be_newest, newest, version
from scheduler.store.schema import EVERY, OPTIONAL, TABLES
from scheduler.store.snapshot import snapshot, write_snapshot
from scheduler.store.tables import METADATA, STORED

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 300, 7, NOW)
    return {name: pl.read_parquet(place / f"{name}.parquet") for name in TABLES}


def told(name: str, frame: pl.DataFrame, origin: str = "crm") -> pl.DataFrame:
    """Rows as intake tells them: each with its line, and where it comes from."""
    return frame.with_columns(
        pl.int_range(1, pl.len() + 1).alias("line"),
        pl.lit(origin).alias("origin"),
        pl.concat_str(list(KEPT[name].key), separator="/").alias("origin_id"),
        pl.lit(False).alias("void"),
    )


def tell(
    store: Store, name: str, frame: pl.DataFrame, now: datetime = NOW, origin: str = "crm"
) -> Added:
    with store.writing() as connection:
        return add(connection, name, told(name, frame, origin), now)


def people(*rows: tuple[str, bool]) -> pl.DataFrame:
    """Consumers, each with whether he has died."""
    data = [
        {"consumer": name, "person": f"H-{name}", "deceased": gone, "surviving_spouse": "H-S"}
        for name, gone in rows
    ]
    return pl.DataFrame(data, schema=TABLES["consumers"].schema)


def counts(found: Added) -> tuple[int, int, int, int]:
    return found.new, found.corrected, found.same, found.refused.height


def _ask(store: Store, sql: str) -> Sequence[Any]:
    with store.reading() as connection:
        return connection.execute(sa.text(sql)).fetchall()


def _do(store: Store, sql: str) -> None:
    with store.writing() as connection:
        connection.execute(sa.text(sql))


# -- versions


def test_the_steps_lead_to_the_tables_that_are_declared(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert version(store) == newest()


def test_an_empty_database_is_made_a_store_without_a_copy(empty: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store at .* yet; `forbear init` makes it"):
        must_be_newest(empty)
    assert migrate(empty, tmp_path / "backups") == (None, None)
    assert not (tmp_path / "backups").exists()
    must_be_newest(empty)
    assert migrate(empty, tmp_path / "backups") == (newest(), None)


def test_an_older_store_is_copied_and_brought_up(empty: Store, tmp_path: Path) -> None:
    migrate(empty, tmp_path / "backups", "0001")
    tell(empty, "consumer", people(("C1", False)))
    with pytest.raises(StoreError, match="is of version 0001, and this program is of"):
        must_be_newest(empty)
    had, copy = migrate(empty, tmp_path / "backups")
    assert had == "0001"
    assert copy is not None
    assert version(empty) == newest()
    assert snapshot(empty)["consumers"]["consumer"].to_list() == ["C1"]
    if empty.dialect == "postgresql":
        assert "C1" in (copy / "consumer.csv").read_text(encoding="utf-8")
    else:
        old = open_store(f"sqlite:///{copy / 'store.sqlite'}", tmp_path)
        assert version(old) == "0001"
        assert snapshot(old)["consumers"].height == 1
        old.close()


def test_a_newer_store_is_refused(store: Store, tmp_path: Path) -> None:
    _do(store, "UPDATE alembic_version SET version_num = '9999'")
    for refused in (lambda: must_be_newest(store), lambda: migrate(store, tmp_path / "backups")):
        with pytest.raises(StoreError, match="version 9999, which a newer Forbear made"):
            refused()


# -- rows in, rows back


def test_a_portfolio_comes_back_as_it_went_in(
    store: Store, portfolio: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    for name, frame in portfolio.items():
        assert counts(tell(store, NAMES[name], frame)) == (frame.height, 0, 0, 0)
    found = snapshot(store)
    rows = write_snapshot(store, tmp_path / "files")
    for name, frame in portfolio.items():
        key = list(TABLES[name].key)
        assert dict(found[name].schema) == TABLES[name].schema
        assert_frame_equal(found[name].sort(key), frame.sort(key))
        assert_frame_equal(pl.read_parquet(tmp_path / "files" / f"{name}.parquet"), found[name])
        assert rows[name] == frame.height
    for name, frame in portfolio.items():
        assert counts(tell(store, NAMES[name], frame, LATER)) == (0, 0, frame.height, 0)


def test_every_value_comes_back_exactly(store: Store) -> None:
    row = dict.fromkeys(TABLES["contacts"].schema) | {
        "contact": 'K "1", ü\\',
        "consumer": "C1",
        "channel": "call",
        "direction": "out",
        "at": datetime(2026, 3, 8, 6, 59, 59, 999_999, tzinfo=UTC),
        "result": "",
        "discussed": [],
        "attributed_to": ['A"1', "A,2", "A\n3"],
        "reply_to_consumer": True,
        "automated": False,
        "validation_period_end": date(2026, 2, 28),
        "collector": "50% ; o'Brien",
        "recorded_at": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    }
    frame = pl.DataFrame([row], schema=TABLES["contacts"].schema)
    tell(store, "contact", frame)
    assert_frame_equal(snapshot(store)["contacts"], frame)
    debt = dict.fromkeys(TABLES["accounts"].schema) | {
        "account": "A1", "consumer": "C1", "type": "medical", "collector": "X",
        "collector_role": "third_party", "status": "open", "balance": Decimal("9999999999.99"),
        "original_amount": Decimal("-0.01"),
    }  # fmt: skip
    tell(store, "account", pl.DataFrame([debt], schema=TABLES["accounts"].schema))
    with store.reading() as connection:
        table = STORED["account"]
        row = connection.execute(sa.select(table)).mappings().one()
    assert (row["balance"], row["original_amount"]) == (debt["balance"], debt["original_amount"])
    assert row["recorded_at"] == NOW
    assert row["recorded_at"].tzinfo is not None


def test_a_correction_supersedes_and_the_old_row_stays(store: Store) -> None:
    tell(store, "consumer", people(("C1", False), ("C2", False)))
    again = tell(store, "consumer", people(("C1", True), ("C2", False), ("C3", False)), LATER)
    assert counts(again) == (1, 1, 1, 0)
    for moment, gone in ((NOW, [False, False]), (LATER, [True, False, False]), (None, None)):
        found = snapshot(store, as_of_recorded=moment)["consumers"]["deceased"].to_list()
        assert found == (gone or [True, False, False])
    assert snapshot(store, as_of_recorded=NOW - HOUR)["consumers"].height == 0
    assert snapshot(store, as_of_received=NOW - HOUR)["consumers"].height == 0
    rows = _ask(store, "SELECT revision FROM consumer WHERE consumer = 'C1' ORDER BY row")
    assert [row[0] for row in rows] == [0, 1]


def test_a_correction_is_never_known_before_it_was_made(store: Store) -> None:
    home = dict.fromkeys(TABLES["addresses"].schema) | {
        "address": "R1", "consumer": "C1", "kind": "residential", "state": "MA",
        "source": "crm", "received_at": NOW - 9 * HOUR, "recorded_at": NOW - 8 * HOUR,
        "known_bad": False,
    }  # fmt: skip
    schema = TABLES["addresses"].schema
    tell(store, "address", pl.DataFrame([home], schema=schema))
    moved = pl.DataFrame([home | {"state": "NY"}], schema=schema)
    tell(store, "address", moved, LATER)
    assert snapshot(store, None, NOW)["addresses"]["state"].to_list() == ["MA"]
    assert snapshot(store)["addresses"].row(0, named=True) == home | {
        "state": "NY", "recorded_at": LATER,
    }  # fmt: skip
    assert counts(tell(store, "address", moved, LATER + HOUR)) == (0, 0, 1, 0)


def test_when_it_reached_us_is_corrected_only_where_it_is_told(store: Store) -> None:
    home = dict.fromkeys(TABLES["addresses"].schema) | {
        "address": "R1", "consumer": "C1", "kind": "residential", "state": "MA",
        "source": "crm", "received_at": NOW - HOUR, "known_bad": False,
    }  # fmt: skip
    schema = TABLES["addresses"].schema
    tell(store, "address", pl.DataFrame([home], schema=schema))
    silent = home | {"received_at": None}
    assert counts(tell(store, "address", pl.DataFrame([silent], schema=schema))) == (0, 0, 1, 0)
    moved = pl.DataFrame([silent | {"state": "NY"}], schema=schema)
    assert counts(tell(store, "address", moved, LATER)) == (0, 1, 0, 0)
    row = snapshot(store)["addresses"].row(0, named=True)
    assert (row["state"], row["received_at"], row["recorded_at"]) == ("NY", NOW - HOUR, LATER)
    earlier = pl.DataFrame([home | {"state": "NY", "received_at": NOW - 9 * HOUR}], schema=schema)
    assert counts(tell(store, "address", earlier, LATER)) == (0, 1, 0, 0)
    assert snapshot(store)["addresses"]["received_at"].to_list() == [NOW - 9 * HOUR]


def test_one_id_of_a_system_names_one_row(store: Store) -> None:
    twice = told("consumer", people(("C1", False), ("C2", False)))
    twice = twice.with_columns(origin_id=pl.lit("17"))
    with store.writing() as connection:
        found = add(connection, "consumer", twice, NOW)
    assert counts(found) == (1, 0, 0, 1)
    assert found.refused.rows() == [(2, "row 1 of the file has the same id at `crm`")]


def test_only_its_owner_may_read_a_store(store: Store) -> None:
    if store.file is not None:
        assert store.file.stat().st_mode & 0o077 == 0


def test_a_row_taken_back_is_gone_from_then_on(store: Store) -> None:
    tell(store, "consumer", people(("C1", False), ("C2", False)))
    back = told("consumer", people(("C1", False))).with_columns(void=pl.lit(True))
    with store.writing() as connection:
        assert counts(add(connection, "consumer", back, LATER)) == (0, 1, 0, 0)
    assert snapshot(store)["consumers"]["consumer"].to_list() == ["C2"]
    assert snapshot(store, None, NOW)["consumers"]["consumer"].to_list() == ["C1", "C2"]


def test_two_systems_do_not_correct_each_other(store: Store) -> None:
    tell(store, "consumer", people(("C1", False)))
    found = tell(store, "consumer", people(("C1", True), ("C2", False)), origin="dialer")
    assert counts(found) == (1, 0, 0, 1)
    assert found.refused.rows() == [(1, "`crm` told of it already; the same id there and here")]
    renamed = told("consumer", people(("C9", False))).with_columns(origin_id=pl.lit("C1"))
    moved = told("consumer", people(("C1", True))).with_columns(origin_id=pl.lit("17"))
    with store.writing() as connection:
        assert add(connection, "consumer", renamed, NOW).refused["reason"].to_list() == [
            "its id at `crm` stands under another key: C1"
        ]
        assert add(connection, "consumer", moved, NOW).refused["reason"].to_list() == [
            "it stands under another id of `crm`: C1"
        ]
    assert snapshot(store)["consumers"]["deceased"].to_list() == [False, False]


def test_what_fails_halfway_leaves_nothing(store: Store) -> None:
    some = told("consumer", people(("C1", False), ("C2", False)))
    with pytest.raises(StoreError), store.writing() as connection:
        add(connection, "consumer", some.with_columns(person=pl.lit(None, pl.String())), NOW)
    assert snapshot(store)["consumers"].height == 0


# -- append-only


@pytest.mark.parametrize("name", KEPT)
def test_no_row_is_changed_or_deleted(empty: Store, tmp_path: Path, name: str) -> None:
    migrate(empty, tmp_path)
    kept = KEPT[name]
    values = {column.name: _some(column.dtype) for column in kept.columns}
    with empty.writing() as connection:
        connection.execute(STORED[name].insert(), values)
    column = next(one.name for one in kept.told if one.name not in kept.personal)
    for sql in (
        f'DELETE FROM "{name}"',
        f'UPDATE "{name}" SET "{column}" = "{column}"',
        f'UPDATE "{name}" SET void = true',
        *(f'UPDATE "{name}" SET "{one}" = NULL' for one in kept.personal),
        *([f'TRUNCATE "{name}"'] if empty.dialect == "postgresql" else []),
    ):
        with pytest.raises(StoreError, match=f"never changed or deleted|no such function: {DOOR}"):
            _do(empty, sql)
    if empty.dialect == "sqlite":
        names = ", ".join(f'"{one}"' for one in values)
        for more in ("", "row, "):
            with pytest.raises(StoreError, match="never changed or deleted"):
                _do(empty, f'REPLACE INTO "{name}" ({more}{names}) '
                    f'SELECT {more}{names} FROM "{name}"')  # fmt: skip
    assert len(_ask(empty, f'SELECT * FROM "{name}"')) == 1


def _some(dtype: pl.DataType) -> object:
    if isinstance(dtype, pl.List | pl.String):
        return "[]"
    return {
        pl.Boolean(): False, pl.Int64(): 0, pl.Date(): NOW.date(), pl.Decimal(12, 2): Decimal(1),
    }.get(dtype, NOW)  # fmt: skip


def _as_retention(store: Store, sql: str) -> None:
    """Through the door, as retention will go."""
    with store.writing() as connection:
        if store.dialect == "sqlite":
            driver(connection).create_function(DOOR, 0, lambda: 1)
        else:
            _role(connection)
        connection.execute(sa.text(sql))


def _role(connection: sa.Connection) -> None:
    made = connection.execute(sa.text(f"SELECT 1 FROM pg_roles WHERE rolname = '{DOOR}'"))
    if made.first() is None:
        connection.execute(sa.text(f"CREATE ROLE {DOOR}"))
    connection.execute(sa.text(f"GRANT SELECT, UPDATE ON consumer TO {DOOR}"))
    connection.execute(sa.text(f"SET LOCAL ROLE {DOOR}"))


def test_the_door_of_retention_nulls_personal_columns_and_nothing_else(store: Store) -> None:
    tell(store, "consumer", people(("C1", False)))
    for sql, why in (
        ("UPDATE consumer SET deceased = true", "only null personal columns"),
        ("UPDATE consumer SET surviving_spouse = 'X'", "only null personal columns"),
        ("UPDATE consumer SET person = '', surviving_spouse = NULL", "only null personal"),
        ("DELETE FROM consumer", "never changed or deleted|permission denied"),
    ):
        with pytest.raises(StoreError, match=why):
            _as_retention(store, sql)
    _as_retention(store, "UPDATE consumer SET surviving_spouse = NULL")
    assert snapshot(store)["consumers"]["surviving_spouse"].to_list() == [None]


def test_personal_columns_are_columns_and_never_keys() -> None:
    for name, personal in PERSONAL.items():
        assert set(personal) <= {column.name for column in KEPT[name].told}
        assert not set(personal) & set(KEPT[name].key)


def test_every_portfolio_table_is_kept_under_its_name() -> None:
    assert {kept.of for kept in KEPT.values()} - {None} == set(EVERY.values())
    assert set(NAMES) == set(TABLES)
    assert set(MORE_NAMES) == set(OPTIONAL)
    for kept in KEPT.values():
        assert {"received_at", "recorded_at", "origin", "origin_id"} <= set(kept.schema)


# -- the address of a store


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("store.sqlite", "cannot be read"),
        ("mysql://a/b", "a store is SQLite or PostgreSQL, not `mysql`"),
        ("sqlite://", "is a file"),
        ("sqlite:///:memory:", "is a file"),
    ],
)
def test_what_is_no_store(url: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=why):
        open_store(url, tmp_path)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    store = open_store("postgresql://firm:secret@127.0.0.1:1/forbear", tmp_path)
    with pytest.raises(StoreError) as error:
        version(store)
    assert "secret" not in str(error.value)
    assert "firm:***@127.0.0.1:1" in str(error.value)
    store.close()


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_text("accounts\n" * 99, encoding="utf-8")
    store = open_store("sqlite:///store.sqlite", tmp_path)
    with pytest.raises(StoreError, match="refused: file is not a database"):
        version(store)
    store.close()
