"""`keys`: who may speak to the service, and for what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.clock import format_instant

from ..store.api_keys import StoredKey
from ..store.api_keys import keys as keys_of
from ..web.keys import SCOPES, KeyFault, new_key
from ..web.keys import revoke as revoke_key
from .common import Home, Json, Now, WrongUse, emit, guarded, moment, out, settings_of, tell
from .sources import store_of

app = typer.Typer(help="Keys of the service: who may speak to it, and for what.")


@app.command("add")
@guarded
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose key it is, in your own words.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"One of {', '.join(SCOPES)}; may be several.")
    ],
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Make a key. It is shown this once; the store keeps only its hash."""
    settings = settings_of(home)
    with store_of(settings) as store:
        try:
            id, text = new_key(store, name, scope, moment(now, ctx.obj))
        except KeyFault as error:
            raise WrongUse(str(error)) from error
    if json_:
        emit({"id": id, "name": name, "scopes": scope, "key": text})
        return
    out.print(text)
    tell(f"the key of {name}, id {id}: it is shown this once, and kept nowhere")


@app.command("list")
@guarded
def list_(home: Home = None, json_: Json = False) -> None:
    """Every key there was, with what it may do and whether it still opens."""
    settings = settings_of(home)
    with store_of(settings) as store, store.reading() as connection:
        found = keys_of(connection)
    if json_:
        emit({"keys": [_plain(one) for one in found]})
        return
    if not found:
        tell("there is no key yet; `forbear keys add NAME --scope dialer` makes one")
    for one in found:
        state = "" if one.revoked_at is None else f"  revoked {format_instant(one.revoked_at)}"
        added = format_instant(one.added_at)
        out.print(f"{one.id}  {','.join(one.scopes):<24}  added {added}  {one.name}{state}")


@app.command("revoke")
@guarded
def revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID|NAME", help="As `keys list` names it.")],
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Have a key open nothing any more, at once and in every process."""
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    with store_of(settings) as store:
        try:
            found = revoke_key(store, key, at)
        except KeyFault as error:
            raise WrongUse(str(error)) from error
    since = found.revoked_at or at
    if json_:
        emit({"id": found.id, "name": found.name, "revoked_at": format_instant(since)})
        return
    out.print(f"{found.id}  {found.name}: revoked {format_instant(since)}")


def _plain(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "added_at": format_instant(key.added_at),
        "revoked_at": None if key.revoked_at is None else format_instant(key.revoked_at),
    }
