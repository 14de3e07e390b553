"""What Alembic runs: the steps, on the connection it was handed."""

from __future__ import annotations

from alembic import context

from scheduler.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
