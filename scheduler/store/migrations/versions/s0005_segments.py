"""The catalogue of the log's segments."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from scheduler.store.append_only import of_key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE: Final = "segment"


def upgrade() -> None:
    """Make their table, whose rows never change; whoever seals next fills it from the log."""
    columns: list[sa.Column[Any]] = [
        sa.Column("log", sa.Text(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("live_first", sa.BigInteger(), nullable=True),
        sa.Column("live_last", sa.BigInteger(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=True),
    ]
    op.create_table(TABLE, *columns)
    kept = {TABLE: ([one.name for one in columns], ("log", "number"), ())}
    for statement in of_key(op.get_bind().dialect.name, kept):
        op.execute(statement)
