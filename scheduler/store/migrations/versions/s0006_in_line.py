"""Live decisions are kept in line on PostgreSQL: to pack each took longer than to write it."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say so; what is there stays as it is."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE live_decision SET (toast_tuple_target = 8160)")
