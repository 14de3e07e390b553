"""The store's tables for SQLAlchemy, made of `kept.KEPT`, and those of the live core.

Money is exact (SQLite: whole cents), instants are UTC to the microsecond (SQLite: microseconds
since 1970), lists are JSON texts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from .kept import KEPT, Kept

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ROW: Final = "row"
"""The number of a row in its table, given by the database in the order of writing."""


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware moment."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """PostgreSQL has a type for it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Going in."""
        if value is None or dialect.name == "postgresql":
            return value
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Coming out, in UTC."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            at: datetime = value
            return at.astimezone(UTC)
        return EPOCH + timedelta(microseconds=value)


class Money(sa.types.TypeDecorator[Decimal]):
    """Dollars and cents."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """PostgreSQL has a type for it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric(12, 2))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Going in."""
        if value is None or dialect.name == "postgresql":
            return value
        return int(value * 100)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Coming out."""
        if value is None or dialect.name == "postgresql":
            return None if value is None else Decimal(value)
        return Decimal(value) / 100


def type_of(dtype: pl.DataType) -> sa.types.TypeEngine[Any]:
    """The database's type for a column's Polars type. Raises KeyError for one without."""
    if isinstance(dtype, pl.List | pl.String):
        return sa.Text()
    if isinstance(dtype, pl.Datetime):
        return Instant()
    if isinstance(dtype, pl.Decimal):
        return Money()
    plain: dict[pl.DataType, sa.types.TypeEngine[Any]] = {
        pl.Boolean(): sa.Boolean(),
        pl.Date(): sa.Date(),
        pl.Int64(): sa.BigInteger(),
    }
    return plain[dtype]


def number() -> sa.Column[int]:
    """The column with the row's number."""
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(ROW, whole, sa.Identity(always=True), primary_key=True)


def _table(kept: Kept, metadata: sa.MetaData) -> sa.Table:
    columns = [
        sa.Column(one.name, type_of(one.dtype), nullable=one.nullable or one.name in kept.personal)
        for one in kept.columns
    ]
    return sa.Table(
        kept.name,
        metadata,
        number(),
        *columns,
        sa.UniqueConstraint(*kept.key, "revision", name=f"{kept.name}_key"),
        sa.UniqueConstraint("origin", "origin_id", "revision", name=f"{kept.name}_origin"),
        sqlite_autoincrement=True,
    )


METADATA: Final = sa.MetaData()
STORED: Final[dict[str, sa.Table]] = {name: _table(kept, METADATA) for name, kept in KEPT.items()}
"""Every table, by its name in the store."""


# -- the live core (README.md, live tables)

_SHORT: Final[dict[str, type[sa.types.TypeEngine[Any]]]] = {
    "text": sa.Text,
    "day": sa.Date,
    "whole": sa.BigInteger,
    "instant": Instant,
}
LIVE_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "link": {"key": "text", "consumer": "text"},
    "contact_group": {"consumer": "text", "grp": "text"},
    "group_state": {"grp": "text", "version": "whole", "at": "instant"},
    "watermark": {"name": "text", "row": "whole"},
    "live_head": {"id": "whole", "seq": "whole", "chain": "text", "change": "whole"},
    "live_decision": {
        "seq": "whole",
        "at": "instant",
        "common": "text",
        "public": "text",
        "personal": "text?",
        "salt": "text?",
        "inner": "text",
        "chain": "text",
    },
    "live_situation": {"common": "text", "situation": "text", "content": "text"},
    "live_common": {"common": "text", "content": "text"},
    "segment": {
        "log": "text",
        "number": "whole",
        "name": "text",
        "kind": "text",
        "first": "whole",
        "size": "whole",
        "digest": "text",
        "live_first": "whole?",
        "live_last": "whole?",
        "chain": "text?",
    },
    "permit": {
        "permit": "text",
        "decision": "text",
        "consumer": "text",
        "account": "text",
        "point": "text",
        "channel": "text",
        "contact": "text?",
        "by": "text",
        "opened_at": "instant",
        "until": "instant",
    },
    "permit_end": {"permit": "text", "how": "text", "at": "instant", "by": "text"},
    "release": {
        "release": "text",
        "consumer": "text",
        "account": "text",
        "rule": "text",
        "channel": "text?",
        "point": "text?",
        "person": "text?",
        "factor": "text",
        "reason": "text?",
        "by": "text",
        "made_at": "instant",
        "until": "instant",
    },
    "release_use": {"release": "text", "permit": "text"},
    "change": {
        "seq": "whole",
        "at": "instant",
        "day": "day",
        "row_id": "whole",
        "consumer": "text",
        "account": "text",
        "point": "text",
        "channel": "text",
        "rules": "text",
        "decision": "text",
    },
}
"""Columns of the live core's tables; a type with `?` may be null."""
LIVE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "link": ("key", "consumer"),
    "live_situation": ("common", "situation"),
    "segment": ("log", "number"),
    "release_use": ("release", "permit"),
}
"""Keys of those whose key is not their first column."""
LIVE_INDEXES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "contact_group": (("grp",),),
    "permit": (("consumer",), ("until",)),
    "release": (("consumer",),),
    "change": (("day", "row_id"),),
}
FACT_INDEXES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "account": (("consumer",),),
    "contact_point": (("consumer",),),
    "address": (("consumer",),),
    "contact": (("consumer",),),
    "statement": (("consumer",),),
    "knowledge": (("consumer",),),
}
"""By which the facts of a contact group are found."""


def live_key(name: str) -> tuple[str, ...]:
    """The columns of a live table that name a row."""
    return LIVE_KEYS.get(name) or (next(iter(LIVE_COLUMNS[name])),)


def live_columns(name: str) -> list[sa.Column[Any]]:
    """The columns of a live table, for SQLAlchemy."""
    key = live_key(name)
    return [
        sa.Column(
            one,
            _SHORT[kind.rstrip("?")](),
            nullable=kind.endswith("?"),
            primary_key=one in key,
            autoincrement=False,
        )
        for one, kind in LIVE_COLUMNS[name].items()
    ]


LIVE: Final[dict[str, sa.Table]] = {
    name: sa.Table(name, METADATA, *live_columns(name)) for name in LIVE_COLUMNS
}
"""Every table of the live core."""
for _name, _indexes in (*LIVE_INDEXES.items(), *FACT_INDEXES.items()):
    for _columns in _indexes:
        _of = LIVE.get(_name, STORED.get(_name))
        assert _of is not None
        sa.Index(f"{_name}_by_{'_'.join(_columns)}", *(_of.c[one] for one in _columns))
