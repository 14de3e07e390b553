"""What the store knows of ids that another system names: whose they are, and by which numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import polars as pl
import sqlalchemy as sa

from . import bulk
from .kept import KEPT
from .schema import INSTANT
from .tables import STORED

OWNER: Final = {"id": pl.String(), "consumer": pl.String(), "account": pl.Boolean()}
NUMBER: Final = {"consumer": pl.String(), "point": pl.String(), "number": pl.String()}
PERSON: Final = {"consumer": pl.String(), "person": pl.String()}
STOOD: Final = {"id": pl.String(), "at": INSTANT}


def owners(connection: sa.Connection, ids: pl.Series) -> pl.DataFrame:
    """Of ids: the consumer of each that is an account's, and of each that is a consumer's own.

    Columns `id`, `consumer`, and whether the id is an account's. One that is neither has no row.
    """
    accounts, consumers = STORED["account"], STORED["consumer"]
    with _asked(connection, ids) as asked:
        mine = _standing(accounts).where(accounts.c.account == asked.c.id)
        found = bulk.frame(
            connection,
            mine.with_only_columns(asked.c.id, accounts.c.consumer, sa.true().label("account")),
            OWNER,
        )
        own = _standing(consumers).where(consumers.c.consumer == asked.c.id)
        more = bulk.frame(
            connection,
            own.with_only_columns(asked.c.id, consumers.c.consumer, sa.false().label("account")),
            OWNER,
        )
    return pl.concat([found, more])


def people(connection: sa.Connection, consumers: pl.Series) -> pl.DataFrame:
    """The person of each consumer that the store has: columns `consumer`, `person`."""
    table = STORED["consumer"]
    with _asked(connection, consumers) as asked:
        wanted = _standing(table).where(table.c.consumer == asked.c.id)
        return bulk.frame(
            connection, wanted.with_only_columns(table.c.consumer, table.c.person), PERSON
        )


def numbers(connection: sa.Connection, consumers: pl.Series) -> pl.DataFrame:
    """The contact points of consumers that have a number: `consumer`, `point`, `number`."""
    table = STORED["contact_point"]
    with _asked(connection, consumers) as asked:
        wanted = _standing(table).where(table.c.consumer == asked.c.id, table.c.number.is_not(None))
        return bulk.frame(
            connection,
            wanted.with_only_columns(table.c.consumer, table.c.point, table.c.number),
            NUMBER,
        )


def stood(connection: sa.Connection, name: str, column: str, ids: pl.Series) -> pl.DataFrame:
    """A moment of the rows with these ids, of those there are: columns `id`, `at`."""
    table = STORED[name]
    with _asked(connection, ids) as asked:
        wanted = _standing(table).where(table.c[name] == asked.c.id)
        return bulk.frame(connection, wanted.with_only_columns(asked.c.id, table.c[column]), STOOD)


def known(connection: sa.Connection, name: str, origins: Iterable[str]) -> bool:
    """Whether one of these systems told of any row of a table."""
    table = STORED[name]
    return any(
        connection.execute(sa.select(table.c.row).where(table.c.origin == one).limit(1)).first()
        for one in sorted(origins)
    )


def _standing(table: sa.Table) -> sa.Select[tuple[object, ...]]:
    """The newest row of each thing that was not taken back."""
    newer = table.alias()
    (key,) = KEPT[table.name].key
    later = sa.exists().where(newer.c[key] == table.c[key], newer.c.revision > table.c.revision)
    return sa.select(table.c.row).where(~later, ~table.c.void)


@contextmanager
def _asked(connection: sa.Connection, ids: pl.Series) -> Iterator[sa.Table]:
    """The ids as a table beside the store's, for as long as it is asked."""
    asked = sa.Table("looked_up", sa.MetaData(), sa.Column("id", sa.Text()), prefixes=["TEMPORARY"])
    asked.create(connection)
    wanted = ids.drop_nulls().unique().sort().rename("id").cast(pl.String())
    bulk.insert(connection, asked, wanted.to_frame())
    yield asked
    asked.drop(connection)
