"""How a store comes from one version to the next: Alembic runs `env` and what is in `versions`."""
