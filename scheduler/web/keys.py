"""Keys of the service: what they look like, what they may do, and whether one opens.

A key is `fb_ID_SECRET`; the secret is 256 bits from the system's generator. The store keeps SHA-256
over the whole key and nothing else. A slow hash, as for passwords, would add nothing: what makes
passwords guessable is that people choose them, and nobody guesses 256 random bits; but it would
cost every request its time. Digests are compared in constant time, an unknown id included.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from engine.problem import ForbearError, did_you_mean

from ..store.api_keys import StoredKey, add_key, keys, mark, revoke_key
from ..store.database import Store
from ..store.direct import Direct

SCOPES: Final = ("dialer", "officer", "auditor", "admin")
"""What a key may be for: see the table of endpoints in `scheduler/web/README.md`."""
PREFIX: Final = "fb"
_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
_NOBODY: Final = hashlib.sha256(b"nobody").hexdigest()
MOST_LENGTH: Final = 100
"""Characters a key may have: what is longer is none, and is not hashed."""


class KeyFault(ForbearError):
    """A key cannot be made or revoked: one sentence says why."""


def new_key(store: Store, name: str, scopes: Sequence[str], now: datetime) -> tuple[str, str]:
    """Add a key; its id, and the key itself, which is shown this once. Raises KeyFault, StoreError.

    `name` says whose it is; two keys in force have different ones.
    """
    for scope in scopes:
        if scope not in SCOPES:
            near = did_you_mean(scope, SCOPES)
            raise KeyFault(f"unknown scope `{scope}`{near}; the scopes are {', '.join(SCOPES)}")
    if not scopes:
        raise KeyFault(f"a key needs a scope, of {', '.join(SCOPES)}")
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise KeyFault("a key needs a name of at most 100 characters that says whose it is")
    id = secrets.token_hex(_ID_BYTES)
    text = f"{PREFIX}_{id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    with store.writing() as connection:
        for one in keys(connection):
            if one.name == name and one.revoked_at is None:
                raise KeyFault(f"there is a key named `{name}` already: {one.id}")
        chosen = [scope for scope in SCOPES if scope in scopes]
        add_key(connection, id, name, chosen, digest(text), now)
    return id, text


def revoke(store: Store, wanted: str, now: datetime) -> StoredKey:
    """Revoke the key of an id, or of a name. Raises KeyFault, StoreError.

    From the moment this returns it opens nothing, in whichever process it is shown.
    """
    with store.writing() as connection:
        known = keys(connection)
        named = [one for one in known if one.name == wanted and one.revoked_at is None]
        found = [one for one in known if one.id == wanted] or named
        if not found:
            raise KeyFault(f"there is no key `{wanted}` in force; `forbear keys list` names them")
        revoke_key(connection, found[0], now)
    return found[0]


def digest(text: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks: a key's id, its name, and what it may do."""

    id: str
    name: str
    scopes: frozenset[str]


class Keyring:
    """The store's keys, read anew as soon as one was added or revoked by anybody."""

    def __init__(self, store: Store) -> None:
        """Begin with none read."""
        self._store = store
        self._mark = (-1, -1)
        self._known: dict[str, StoredKey] = {}
        self._lock = Lock()
        self._direct: Direct | None = None

    def refresh(self) -> None:
        """Ask the store whether a key was added or revoked. Raises StoreError."""
        with self._lock:
            self._read()

    def glance(self) -> None:
        """The same by a connection kept open for it: of a file, it takes no time worth a thread.

        Raises StoreError.
        """
        with self._lock:
            if self._direct is None:
                self._direct = Direct(self._store)
            direct = self._direct
            try:
                with direct.transaction():
                    found = mark(direct)
            except BaseException:
                self._direct = None
                raise
            if found != self._mark:
                self._read()

    def _read(self) -> None:
        with self._store.reading() as connection:
            found = mark(connection)
            if found != self._mark:
                self._known = {one.id: one for one in keys(connection)}
                self._mark = found

    def close(self) -> None:
        """Let go of that connection."""
        with self._lock:
            if self._direct is not None:
                self._direct.close()
                self._direct = None

    def opens(self, text: str) -> Bearer | str:
        """Who a key is of, or why it opens nothing: `unknown`, `revoked`. Raises StoreError.

        The store is asked each time, so that a key revoked elsewhere opens nothing here.
        """
        self.refresh()
        return self.known(text)

    def known(self, text: str) -> Bearer | str:
        """The same, of what the last `refresh` found."""
        known = self._known
        parts = text.split("_", 2) if len(text) <= MOST_LENGTH else []
        one = known.get(parts[1]) if len(parts) == 3 else None
        same = hmac.compare_digest(digest(text[:MOST_LENGTH]), one.digest if one else _NOBODY)
        if one is None or not same:
            return "unknown"
        if one.revoked_at is not None:
            return "revoked"
        return Bearer(one.id, one.name, frozenset(one.scopes))
