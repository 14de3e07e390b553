"""Rows read by ranges: the same as one by one, whatever stands in them, in one view."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scheduler.store import bulk, ranges
from scheduler.store import snapshot as snapshots
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.snapshot import snapshot, write_snapshot
from scheduler.store.tables import ROW, STORED

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
TABLE = STORED["statement"]
SCHEMA = {
    "statement": pl.String(), "consumer": pl.String(), "kind": pl.String(), "by": pl.String(),
    "to": pl.String(), "medium": pl.String(), "accepted_medium": pl.Boolean(),
    "during_lawful_contact": pl.Boolean(), "accounts": pl.List(pl.String()),
    "value": pl.String(), "made_at": pl.Datetime("us", "UTC"),
}  # fmt: skip
ODD = st.one_of(
    st.none(),
    st.sampled_from(["", " ", '"', "\x1f", "\x1e", "\x15", "a,b\n\r\t", "'", "\\", "null", "\ufeff",
                     "%s", "NULL", "1", "\u20ac", "\r"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = tmp_path_factory.mktemp("home")
    made = open_store("sqlite:///store.sqlite", home)
    migrate(made, home / "backups")
    return made


def told(texts: list[str | None], first: int) -> pl.DataFrame:
    """Statements with these texts wherever one may stand."""
    rows = [
        {
            "statement": f"{number}{text or ''}", "consumer": text or "", "kind": "cease",
            "by": text, "to": text or "x", "medium": "oral", "accepted_medium": bool(number % 2),
            "during_lawful_contact": None if number % 3 else True,
            "accounts": None if text is None else [text, ""][: number % 3], "value": text,
            "made_at": NOW, "received_at": NOW, "recorded_at": NOW, "origin": "o",
            "origin_id": str(number), "revision": 0, "void": False,
        }
        for number, text in enumerate(texts, first)
    ]  # fmt: skip
    kinds = {**SCHEMA, "received_at": SCHEMA["made_at"], "recorded_at": SCHEMA["made_at"],
             "origin": pl.String(), "origin_id": pl.String(), "revision": pl.Int64(),
             "void": pl.Boolean()}  # fmt: skip
    return pl.DataFrame(rows, schema=kinds)


@given(st.lists(ODD, max_size=5))
def test_what_the_database_writes_out_is_what_it_holds(
    store: Store, texts: list[str | None]
) -> None:
    must = [one.name for one in TABLE.columns if not one.nullable]
    asked = sa.select(*(TABLE.c[name] for name in SCHEMA))
    with store.engine.connect() as connection, connection.begin() as whole:
        bulk.insert(connection, TABLE, told(texts, 0))
        slow = bulk.frame(connection, asked, SCHEMA)
        assert_frame_equal(ranges.frame(connection, asked, SCHEMA, must), slow)
        assert slow.height == len(texts)
        whole.rollback()


def test_plain_text_is_read_the_quick_way(store: Store) -> None:
    must = [one.name for one in TABLE.columns if not one.nullable]
    asked = sa.select(*(TABLE.c[name] for name in SCHEMA))
    with store.engine.connect() as connection, connection.begin() as whole:
        bulk.insert(connection, TABLE, told(["a", None, 'b"\n,'], 0))
        found = ranges._written(connection, asked, SCHEMA, must)
        assert found is not None
        assert_frame_equal(found, bulk.frame(connection, asked, SCHEMA))
        bulk.insert(connection, TABLE, told(["\x1f"], 9))
        assert ranges._written(connection, asked, SCHEMA, must) is None
        whole.rollback()


@pytest.mark.parametrize("at_once", [5, 1_000])
def test_a_snapshot_is_the_same_in_ranges(
    empty: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(ranges, "RANGE", 7)
    monkeypatch.setattr(snapshots, "AT_ONCE", at_once)
    monkeypatch.setattr(snapshots, "SAMPLED", 2)
    migrate(empty, tmp_path / "backups")
    with empty.writing() as connection:
        rows = told(["a", None, "", "d,\n"] * 6, 0)
        bulk.insert(connection, TABLE, rows)
        again = rows.head(9).with_columns(revision=pl.lit(1), value=pl.lit("corrected"))
        gone = rows.tail(2).with_columns(revision=pl.lit(1), void=pl.lit(value=True))
        bulk.insert(connection, TABLE, again.with_columns(accepted_medium=pl.lit(value=True)))
        bulk.insert(connection, TABLE, gone)
    counts = write_snapshot(empty, tmp_path / "out", NOW, NOW)
    plain = snapshot(empty, NOW, NOW)
    assert counts["statements"] == plain["statements"].height == 22
    for name, frame in plain.items():
        assert_frame_equal(pl.read_parquet(tmp_path / "out" / f"{name}.parquet"), frame)
    assert (plain["statements"]["value"] == "corrected").sum() == 9


def test_rows_that_come_while_it_is_read_are_not_of_it(
    empty: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "RANGE", 3)
    migrate(empty, tmp_path / "backups")
    with empty.writing() as connection:
        bulk.insert(connection, TABLE, told(["a"] * 10, 0))
    asked = sa.select(TABLE.c[ROW], TABLE.c.statement)
    with ranges.readers(empty) as many:
        with empty.writing() as connection:
            bulk.insert(connection, TABLE, told(["b"] * 10, 100))
        found = list(
            many.each(
                TABLE, asked, {ROW: pl.Int64(), "statement": pl.String()},
                lambda number, rows: rows["statement"].to_list(),
            )
        )  # fmt: skip
    assert sorted(one for part in found for one in part) == [f"{n}a" for n in range(10)]
