"""`init`: a home, its keys, and its store brought to this version."""

from __future__ import annotations

from ..log.keys import FOLDER, SIGNING, make_keys
from ..settings import FILE, read, write_default
from ..store.database import open_store
from ..store.migrating import BACKUPS, migrate, newest, version
from .common import HOME, Home, Json, WrongUse, emit, guarded, out


@guarded
def init(home: Home = None, json_: Json = False) -> None:
    """Make a home: settings.yaml with every setting explained, own rules, store and keys.

    The store of a home that an older Forbear made is brought up, with a copy of the old first.
    """
    place = home or HOME
    there = (place / FILE).exists()
    settings = read(place) if there else write_default(place)
    store = open_store(settings.store, place)
    try:
        keyed = (place / FOLDER / SIGNING).exists()
        if there and keyed and version(store) == newest():
            raise WrongUse(f"{place} is a home already")
        had, copy = migrate(store, place / BACKUPS)
        keys = make_keys(place)
    finally:
        store.close()
    if json_:
        emit(
            {
                "home": str(place),
                "settings": str(place / FILE),
                "house": str(place / "house"),
                "store": store.shown,
                "keys": str(place / FOLDER),
                "public_key": str(keys.signer.verifier),
                "version": newest(),
                "had": had,
                "copy": None if copy is None else str(copy),
            }
        )
        return
    lines = [] if there else [f"{place / FILE}  settings, each explained"]
    lines += [] if there else [f"{place / 'house'}  your own rules"]
    lines.append(f"{store.shown}  the store, of version {newest()}")
    lines += [] if keyed else [f"{place / FOLDER}  the keys that seal its log: yours alone"]
    lines += [] if keyed else [f"{keys.signer.verifier}  the public key, for whoever checks it"]
    if copy is not None:
        lines.append(f"{copy}  a copy of it as it was, of version {had}")
    out.print("\n".join(lines))
