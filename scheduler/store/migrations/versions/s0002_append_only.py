"""No row is changed or deleted any more: the database refuses it."""

from __future__ import annotations

from alembic import op

from scheduler.store.append_only import statements
from scheduler.store.migrations.versions.s0001_tables import KEYS, PERSONAL, TABLES

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the triggers on every table there is now."""
    tables = {
        name: (["row", *columns], KEYS[name], PERSONAL.get(name, ()))
        for name, columns in TABLES.items()
    }
    for statement in statements(op.get_bind().dialect.name, tables):
        op.execute(statement)
