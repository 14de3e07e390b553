"""`init`: a home, its keys, its store brought to this version. `backup`, `restore`: its copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..log.keys import FOLDER, SIGNING, make_keys
from ..settings import FILE, read, write_default
from ..store.backups import back_up
from ..store.database import open_store
from ..store.migrating import BACKUPS, migrate, newest, version
from ..store.restoring import restore
from .common import HOME, Home, Json, WrongUse, emit, guarded, out, settings_of
from .sources import store_of


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


@guarded
def backup_(home: Home = None, json_: Json = False) -> None:
    """Copy the store into the home's `backups`, as it is at one moment; nobody has to stop."""
    settings = settings_of(home)
    with store_of(settings) as store:
        assert settings.home is not None
        place = back_up(store, settings.home / BACKUPS, newest())
    if json_:
        emit({"backup": str(place), "version": newest()})
        return
    out.print(f"{place}  a copy of the store, of version {newest()}")


@guarded
def restore_(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A copy, as `backup` made it.")],
    home: Home = None,
    json_: Json = False,
) -> None:
    """Bring a copy of the store back, from a home's `backups`, into a store that is empty."""
    settings = settings_of(home)
    if settings.home is None:
        raise WrongUse("there is no home, and so no store; `forbear init` makes both")
    store = open_store(settings.store, settings.home)
    try:
        found = restore(store, backup)
    finally:
        store.close()
    if json_:
        emit(
            {
                "backup": str(backup),
                "store": store.shown,
                "version": found.version,
                "newest": newest(),
                "rows": dict(found.rows),
            }
        )
        return
    out.print(f"{store.shown}  as it was in {backup}, of version {found.version}")
    for name, rows in found.rows.items():
        if rows:
            out.print(f"  {rows:>12,}  {name}")
    if found.version != newest():
        out.print(f"`forbear init` brings it to version {newest()}, with a copy of this one first")
