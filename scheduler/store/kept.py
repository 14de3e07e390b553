"""What the store keeps: every table of a portfolio with the store's own columns, and two more.

Columns of portfolio tables are those of `schema.TABLES`; nothing is said twice. To each table the
store adds who told us (`origin`, `origin_id`), the row's `revision`, whether it takes a row back
(`void`), and `received_at` and `recorded_at` where the portfolio has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from .schema import DAY, INSTANT, OPTIONAL, STRING, TABLES, Column, Table

WHOLE: Final[pl.DataType] = pl.Int64()
FLAG: Final[pl.DataType] = pl.Boolean()
NAMES: Final = {
    "consumers": "consumer",
    "accounts": "account",
    "account_parties": "account_party",
    "contact_points": "contact_point",
    "addresses": "address",
    "contacts": "contact",
    "statements": "statement",
    "knowledge": "knowledge",
}
"""The store's name of each portfolio table whose rows are somebody's."""
MORE_NAMES: Final = {"same_persons": "same_person", "collectors": "collector"}
"""The same of tables that a portfolio may leave out, whose rows are nobody's file."""
STORED_AS: Final = {**NAMES, **MORE_NAMES}
"""The same of every table."""
OWN: Final = (
    Column("received_at", INSTANT, False, "when it reached the collector: legal effect"),
    Column("recorded_at", INSTANT, False, "when it was recorded: what we knew"),
    Column("origin", STRING, False, "the system that told us"),
    Column("origin_id", STRING, False, "the row's id there"),
    Column("revision", WHOLE, False, "0 as first told; each correction is one more"),
    Column("void", FLAG, False, "the row was a mistake: there is no such thing"),
)
PERSONAL: Final[dict[str, tuple[str, ...]]] = {
    "consumer": ("surviving_spouse", "personal_representative"),
    "account": ("servicing_account", "secured_by"),
    "contact_point": ("number", "email_provenance"),
    "address": ("postal_code", "county"),
    "contact": ("intended_for", "reached"),
    "statement": ("by", "value", "more"),
    "knowledge": ("value", "more"),
}
"""Columns that retention may null, by table; nothing else of a row ever changes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One table of the store; `of` is the portfolio's table whose rows it keeps, if there is one.

    `told` are the columns somebody tells us; `columns` those and the store's own, in order. The
    columns of `key` name a thing, and with `revision` a row.
    """

    name: str
    told: tuple[Column, ...]
    key: tuple[str, ...]
    means: str
    of: Table | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column but the row's number."""
        have = {column.name for column in self.told}
        return (*self.told, *(column for column in OWN if column.name not in have))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Names and Polars types of `columns`, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def personal(self) -> tuple[str, ...]:
        """Columns that retention may null."""
        return PERSONAL.get(self.name, ())

    @property
    def content(self) -> tuple[str, ...]:
        """Columns by which a row told again differs from the one that stands, or does not."""
        own = {column.name for column in OWN} - {"received_at"}
        return (*(one.name for one in self.told if one.name not in own), "void")


def _text(name: str, means: str, of: tuple[str, ...] | None = None, may: bool = False) -> Column:
    return Column(name, STRING, may, means, of)


MORE: Final = (
    Kept(
        "run",
        (
            _text("run", "the run's name"),
            Column("day", DAY, False, "the consumers' civil day"),
            _text("input", "digest of the portfolio it decided on"),
            _text("rulebook", "digest of the rulebook it decided by"),
            _text("manifest", "JSON: its manifest"),
        ),
        ("run",),
        "days that were made from the store and published",
    ),
    Kept(
        "rulebook",
        (
            _text("rulebook", "the rulebook's digest"),
            _text("files", "JSON: the files it is made of, by path"),
        ),
        ("rulebook",),
        "rulebooks that days were made by",
    ),
    Kept(
        "api_key",
        (
            _text("key", "the key's id, which is no secret"),
            _text("name", "whose key it is, in the firm's words"),
            _text("scopes", "what it may do, joined by `,`"),
            _text("digest", "sha256 over the key, hex: the key itself is kept nowhere"),
            Column("revoked_at", INSTANT, True, "since when it opens nothing"),
        ),
        ("key",),
        "keys of the service",
    ),
)
KEPT: Final[dict[str, Kept]] = {
    one.name: one
    for one in (
        *(
            Kept(NAMES[table.name], table.columns, table.key, table.means, table)
            for table in TABLES.values()
        ),
        *(
            Kept(name, OPTIONAL[of].columns, OPTIONAL[of].key, OPTIONAL[of].means, OPTIONAL[of])
            for of, name in MORE_NAMES.items()
        ),
        *MORE,
    )
}
"""Every table of the store, by its name there."""
