"""Keys of the service."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from scheduler.store.append_only import statements
from scheduler.store.tables import Instant, number

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE: Final = "api_key"
_TEXT: Final = ("key", "name", "scopes", "digest")


def upgrade() -> None:
    """Make their table, append-only like the others."""
    columns: list[sa.Column[Any]] = [
        *(sa.Column(one, sa.Text(), nullable=False) for one in _TEXT),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
    ]
    op.create_table(
        TABLE,
        number(),
        *columns,
        sa.UniqueConstraint("key", "revision", name=f"{TABLE}_key"),
        sa.UniqueConstraint("origin", "origin_id", "revision", name=f"{TABLE}_origin"),
        sqlite_autoincrement=True,
    )
    names = ["row", *(one.name for one in columns)]
    for statement in statements(op.get_bind().dialect.name, {TABLE: (names, ("key",), ())}):
        op.execute(statement)
