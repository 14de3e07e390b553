"""The schema is whole, printable, and says what the case format and the engine say."""

from __future__ import annotations

import json

import polars as pl
import pytest

from engine import words
from engine.facts.catalogue import SHAPES, STATEMENTS
from scheduler.store.schema import EVERY, LAYOUT, OPTIONAL, TABLES
from scheduler.store.schema_text import describe, text, type_text


def test_the_eight_files_of_a_portfolio() -> None:
    assert [table.file for table in TABLES.values()] == [
        "consumers.parquet",
        "accounts.parquet",
        "account_parties.parquet",
        "contact_points.parquet",
        "addresses.parquet",
        "contacts.parquet",
        "statements.parquet",
        "knowledge.parquet",
    ]


def test_every_date_of_an_account_is_a_nullable_date() -> None:
    for name in words.ACCOUNT_DATES:
        column = TABLES["accounts"].column(name)
        assert column.dtype == pl.Date()
        assert column.nullable


@pytest.mark.parametrize("name", EVERY)
def test_keys_are_columns_and_never_null(name: str) -> None:
    table = EVERY[name]
    for key in table.key:
        assert not table.column(key).nullable
    assert len(table.schema) == len(table.columns)


def test_references_lead_to_tables_with_one_key() -> None:
    for table in TABLES.values():
        for column in table.columns:
            assert column.refers is None or len(TABLES[column.refers].key) == 1


def test_every_column_says_what_it_means() -> None:
    for table in EVERY.values():
        assert table.means
        for column in table.columns:
            assert column.means
            assert column.means == column.means.strip()


def test_kinds_are_those_of_the_catalogue() -> None:
    for name in ("statements", "knowledge"):
        assert TABLES[name].column("kind").words == tuple(STATEMENTS)
    assert set(LAYOUT) <= set(SHAPES)


def test_describe_is_plain_data() -> None:
    told = json.loads(json.dumps(describe()))
    contacts = next(table for table in told if table["table"] == "contacts")
    at = next(column for column in contacts["columns"] if column["name"] == "at")
    assert at == {
        "name": "at",
        "type": "Datetime(time_unit='us', time_zone='UTC')",
        "nullable": False,
        "means": "when it was placed, sent or received",
        "words": None,
        "refers": None,
    }


def test_text_names_every_column() -> None:
    printed = text()
    assert printed.count("the file may be left out") == len(OPTIONAL) == 2
    for table in EVERY.values():
        assert table.file in printed
        for column in table.columns:
            assert f"  {column.name} " in printed


def test_types_in_words() -> None:
    assert type_text(pl.Datetime("us", "UTC")) == "instant (UTC)"
    assert type_text(pl.Decimal(12, 2)) == "dollars"
    assert type_text(pl.Int8()) == "Int8"


def test_unknown_column() -> None:
    with pytest.raises(KeyError):
        TABLES["accounts"].column("colour")
