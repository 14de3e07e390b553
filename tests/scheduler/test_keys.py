"""Keys of the service: shown once, hashed, revocable at once, whoever looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from scheduler import cli
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.web.keys import Bearer, KeyFault, Keyring, digest, new_key, revoke

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


@pytest.fixture
def other(store: Store, url: str, tmp_path: Path) -> Iterator[Store]:
    """The same database as another process has it."""
    opened = open_store(url, tmp_path)
    yield opened
    opened.close()


def test_a_key_opens_until_it_is_revoked_whichever_process_is_asked(
    store: Store, other: Store
) -> None:
    here, there = Keyring(store), Keyring(other)
    assert here.opens("fb_0123456789_x") == "unknown"
    id, text = new_key(store, "floor one", ["officer", "dialer"], NOW)
    assert text.startswith(f"fb_{id}_")
    for ring in (here, there):
        assert ring.opens(text) == Bearer(id, "floor one", frozenset({"dialer", "officer"}))
    assert revoke(other, id, NOW).id == id
    for ring in (here, there):
        assert ring.opens(text) == "revoked"
    with pytest.raises(KeyFault, match="no key `floor one` in force"):
        revoke(store, "floor one", NOW)
    assert revoke(store, id, NOW).revoked_at == NOW


def test_only_the_key_itself_opens(store: Store) -> None:
    id, text = new_key(store, "floor one", ["dialer"], NOW)
    ring = Keyring(store)
    for wrong in (text[:-1], text + "x", text.upper(), f"fb_{id}_", f"fb_{id}", "", "fb", "ü" * 99,
                  digest(text), "x" * 100_000, text + "x" * 100):  # fmt: skip
        assert ring.opens(wrong) == "unknown", wrong


def test_the_key_is_kept_nowhere(store: Store) -> None:
    _, text = new_key(store, "floor one", ["dialer"], NOW)
    with store.reading() as connection:
        (row,) = connection.execute(sa.text("SELECT * FROM api_key")).mappings()
    assert text.split("_", 2)[2] not in str(dict(row))
    assert row["digest"] == digest(text)


def test_what_is_no_key(store: Store) -> None:
    for name, scopes, why in (
        ("floor one", ["dialler"], "unknown scope `dialler`; did you mean `dialer`"),
        ("floor one", [], "a key needs a scope"),
        (" ", ["dialer"], "a key needs a name"),
        ("a\nb", ["dialer"], "a key needs a name"),
    ):
        with pytest.raises(KeyFault, match=why):
            new_key(store, name, scopes, NOW)
    new_key(store, "floor one", ["dialer"], NOW)
    with pytest.raises(KeyFault, match="a key named `floor one` already"):
        new_key(store, "floor one", ["dialer"], NOW)
    revoke(store, "floor one", NOW)
    new_key(store, "floor one", ["dialer"], NOW)


def test_the_commands(tmp_path: Path) -> None:
    run, home = CliRunner(), ["--home", str(tmp_path / "firm")]

    def forbear(*words: str) -> tuple[int, str]:
        done = run.invoke(cli.app, [*words, *home], obj=lambda: NOW)
        return done.exit_code, done.stdout

    assert forbear("init")[0] == 0
    assert forbear("keys", "list") == (0, "")
    code, text = forbear("keys", "add", "floor one", "--scope", "dialer")
    assert code == 0
    assert text.startswith("fb_")
    code, text = forbear("keys", "list", "--json")
    (key,) = json.loads(text)["keys"]
    assert key == {
        "id": key["id"],
        "name": "floor one",
        "scopes": ["dialer"],
        "added_at": "2026-11-21T11:00:00Z",
        "revoked_at": None,
    }
    assert forbear("keys", "revoke", key["id"])[0] == 0
    assert "revoked 2026-11-21T11:00:00Z" in forbear("keys", "list")[1]
    assert forbear("keys", "revoke", "nobody")[0] == 2
    assert forbear("keys", "add", "floor two", "--scope", "boss")[0] == 2
