"""Rows are added and never changed: what the database itself refuses, whoever asks.

INVARIANT: no UPDATE and no DELETE of any row, by any program with any client, but through one
door, which retention will use: a personal column (`kept.PERSONAL`) may be nulled, and nothing
else. On PostgreSQL the door opens for the role `forbear_retention` (SET ROLE), which nobody has
until an administrator makes it and grants it SELECT and UPDATE. SQLite has no roles: there it
opens on a connection that has registered the function `forbear_retention()` returning 1; where
nothing has, the statement fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

DOOR: Final = "forbear_retention"
REFUSED: Final = "rows of the store are never changed or deleted"
_ONLY: Final = "retention may only null personal columns"


def statements(
    dialect: str, tables: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str]]]
) -> Iterator[str]:
    """The statements that make the tables append-only.

    `tables`: by name, all columns, the columns of the key, and the personal ones.
    """
    make = _postgresql if dialect == "postgresql" else _sqlite
    for name, (columns, key, personal) in tables.items():
        yield from make(name, columns, key, personal)


def of_key(
    dialect: str, tables: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str]]]
) -> Iterator[str]:
    """The same for tables whose key is all that names a row: no revisions, no origin."""
    for name, (columns, key, personal) in tables.items():
        if dialect == "postgresql":
            yield from _postgresql(name, columns, key, personal)
            continue
        yield from _no_change(name, columns, personal)
        yield _no_replace(name, "key", key)


def _kept(columns: Sequence[str], personal: Sequence[str], same: str) -> str:
    """A condition that a row was changed in another way than by nulling personal columns."""
    changed = [f'NEW."{one}" {same} OLD."{one}"' for one in columns if one not in personal]
    filled = [f'(NEW."{one}" IS NOT NULL AND NEW."{one}" {same} OLD."{one}")' for one in personal]
    return " OR ".join([*changed, *filled])


def _sqlite(
    name: str, columns: Sequence[str], key: Sequence[str], personal: Sequence[str]
) -> Iterator[str]:
    yield from _no_change(name, columns, personal)
    for kind, by in (("key", [*key, "revision"]), ("origin", ["origin", "origin_id", "revision"])):
        yield _no_replace(name, kind, by)
    yield (
        f'CREATE TRIGGER "{name}_no_replace_row" BEFORE INSERT ON "{name}" '
        f'WHEN NEW."row" > 0 AND EXISTS (SELECT 1 FROM "{name}" WHERE "row" = NEW."row") '
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
    )


def _no_change(name: str, columns: Sequence[str], personal: Sequence[str]) -> Iterator[str]:
    refuse = f"SELECT RAISE(ABORT, '{REFUSED}')"
    yield (f'CREATE TRIGGER "{name}_no_delete" BEFORE DELETE ON "{name}" BEGIN {refuse}; END')
    yield (
        f'CREATE TRIGGER "{name}_no_update" BEFORE UPDATE ON "{name}" '
        f"WHEN {DOOR}() IS NOT 1 BEGIN {refuse}; END"
    )
    yield (
        f'CREATE TRIGGER "{name}_only_null" BEFORE UPDATE ON "{name}" '
        f"WHEN {_kept(columns, personal, 'IS NOT')} "
        f"BEGIN SELECT RAISE(ABORT, '{_ONLY}'); END"
    )


def _no_replace(name: str, kind: str, by: Sequence[str]) -> str:
    """INSERT OR REPLACE deletes without asking a DELETE trigger, so it is stopped before."""
    where = " AND ".join(f'"{one}" = NEW."{one}"' for one in by)
    return (
        f'CREATE TRIGGER "{name}_no_replace_{kind}" BEFORE INSERT ON "{name}" '
        f'WHEN EXISTS (SELECT 1 FROM "{name}" WHERE {where}) '
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
    )


def _postgresql(
    name: str, columns: Sequence[str], key: Sequence[str], personal: Sequence[str]
) -> Iterator[str]:
    yield (
        f'CREATE FUNCTION "{name}_unchanged"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        f"IF TG_OP <> 'UPDATE' OR current_user <> '{DOOR}' THEN "
        f"RAISE EXCEPTION '{REFUSED}'; END IF; "
        f"IF {_kept(columns, personal, 'IS DISTINCT FROM')} THEN "
        f"RAISE EXCEPTION '{_ONLY}'; END IF; RETURN NEW; END $$"
    )
    yield (
        f'CREATE TRIGGER "{name}_no_change" BEFORE UPDATE OR DELETE ON "{name}" '
        f'FOR EACH ROW EXECUTE FUNCTION "{name}_unchanged"()'
    )
    yield (
        f'CREATE TRIGGER "{name}_no_truncate" BEFORE TRUNCATE ON "{name}" '
        f'FOR EACH STATEMENT EXECUTE FUNCTION "{name}_unchanged"()'
    )
