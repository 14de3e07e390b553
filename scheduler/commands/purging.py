"""`log purge`: records whose time is over, or that somebody may have erased, are emptied."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final

import polars as pl
import typer

from ..live.recording import PREFIX, broken
from ..log.keys import Keys, keys_of
from ..log.purging import purge, report
from ..log.reading import NoLog, open_log
from ..log.retaining import YEARS, Kept, clocks
from ..log.sealing_live import seal_live
from ..settings import Settings
from ..store.retention import erase
from ..wording import many
from .common import NO, Home, Json, Now, WrongUse, emit, guarded, moment, out, settings_of, tell
from .sources import has_store, opened, store_of

TABLES: Final = ("consumers", "accounts", "contacts", "statements", "knowledge")
SHOWN: Final = 20
OVER: Final = "the time of its records is over"


@guarded
def purge_(
    ctx: typer.Context,
    consumers: Annotated[
        list[str] | None, typer.Argument(help="Consumers whose records are to be erased.")
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Every consumer whose time is over.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, in a line: it stands in the signed record.")
    ] = None,
    years: Annotated[
        int, typer.Option("--years", min=YEARS, help="Years after the last activity.")
    ] = YEARS,
    years_in: Annotated[
        list[str] | None,
        typer.Option("--years-in", metavar="PLACE=N", help="Longer in a place: US-XX=6."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, say what would be.")] = False,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Erase the personal part of records, in the log and in the store; proofs still hold.

    Three years after the last activity on the last of a consumer's debts (12 CFR 1006.100), and
    never while an account is open or a legal hold stands. What was erased nobody brings back.
    """
    settings = settings_of(home)
    if settings.home is None:
        raise WrongUse("there is no home, and so no log of its own to erase from")
    if bool(consumers) == due:
        raise WrongUse("name consumers, or take every one whose time is over with --due")
    at = moment(now, ctx.obj)
    found = _clocks(settings, at, years, _places(years_in or ()))
    chosen, kept = _chosen(found, consumers, due)
    if kept:
        return _refuse(kept, json_)
    if not yes or not chosen:
        return _would(chosen, json_)
    keys = keys_of(settings.home)
    told = _erase(settings, keys, chosen, at, reason or OVER)
    if json_:
        emit(told)
    else:
        _say(told)
    return None


def _places(told: tuple[str, ...] | list[str]) -> dict[str, int]:
    found = {}
    for one in told:
        place, equals, count = one.partition("=")
        if not equals or not count.isdecimal() or not 0 < int(count) < 100:
            raise WrongUse(f"--years-in {one}: say a place and its years, as in US-XX=6")
        found[place] = int(count)
    return found


def _clocks(
    settings: Settings, at: datetime, years: int, places: Mapping[str, int]
) -> dict[str, Kept]:
    assert settings.home is not None
    frames: dict[str, pl.DataFrame] = {}
    with suppress(WrongUse), opened(None, settings, at, aloud=False, tables=TABLES) as source:
        frames = {name: source.portfolio.scan(name).collect() for name in TABLES}
    log = None
    with suppress(NoLog):
        log = open_log(settings.home / "log")
    return clocks(frames, log, at, years, places)


def _chosen(
    found: Mapping[str, Kept], consumers: list[str] | None, due: bool
) -> tuple[list[str], list[Kept]]:
    """Whom to erase, and those named whose records must still be kept."""
    if due:
        return sorted(name for name, one in found.items() if not one.why), []
    names = sorted(set(consumers or ()))
    unknown = [name for name in names if name not in found]
    if unknown:
        raise WrongUse(f"nobody knows consumer `{unknown[0]}`, in the log or outside")
    return names, [found[name] for name in names if found[name].why]


def _refuse(kept: list[Kept], json_: bool) -> None:
    if json_:
        errors = [{"message": f"{one.consumer}: {one.why}"} for one in kept]
        emit({"ok": False, "errors": errors, "status": NO})
    else:
        for one in kept:
            tell(f"{one.consumer}: {one.why}")
        tell("nothing was erased")
    raise typer.Exit(NO)


def _would(chosen: list[str], json_: bool) -> None:
    if json_:
        emit({"purge": None, "would_erase": chosen})
        return
    out.print(f"{many(len(chosen), 'consumer')} whose time is over")
    for name in chosen[:SHOWN]:
        out.print(f"  {name}")
    if len(chosen) > SHOWN:
        out.print(f"  ... and {len(chosen) - SHOWN:,} more (--json has all)")
    if chosen:
        tell("nothing was erased yet: say --yes")


def _erase(
    settings: Settings, keys: Keys, chosen: list[str], at: datetime, reason: str
) -> dict[str, Any]:
    """In the log first, whose record is signed; then in the store."""
    stored = has_store(settings)
    if stored:
        with store_of(settings) as store:
            seal_live(keys, store, broken)
    done = purge(keys, chosen, at, reason, settings.lists)
    told = report(done)
    if stored:
        live = [int(one.removeprefix(PREFIX)) for one in done.live]
        with store_of(settings) as store:
            told["store"] = erase(store, chosen, live)
    return told


def _say(told: Mapping[str, Any]) -> None:
    segments = many(len(told["segments"]), "segment")
    out.print(
        f"{many(told['consumers'], 'consumer')}: {many(told['records'], 'record')} in {segments} "
        "emptied, their keys destroyed"
    )
    if told["purge"] is not None:
        out.print(f"signed record: purges/{told['purge']:06}.note")
    for table, count in told.get("store", {}).items():
        out.print(f"store: {many(count, 'row')} of {table} emptied")
    if told["mentions"]:
        out.print(
            f"{told['mentions']:,} records of others name one of them as the head of their contact "
            "group: an id, which stays"
        )
    for path in told["not_reached"]:
        out.print(f"not reached: {path}")
    tell("what was copied elsewhere (dialers, exports, back-ups) is yours to erase")
