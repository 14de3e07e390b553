"""`serve` and `jobs`: the timer and the service in one process, and what it will do when.

What they need is loaded when they are called: no other command waits for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from engine.clock import format_instant, local_date

from ..law import law_of
from ..openings import untimely
from .common import Home, Json, Now, WrongUse, emit, guarded, moment, out, settings_of, tell
from .sources import store_of


@guarded
def serve(
    ctx: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", help="Where to listen (default: the settings').")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65_535, help="0: any that is free."),
    ] = None,
    certfile: Annotated[
        Path | None, typer.Option("--certfile", help="TLS: the certificate chain, PEM.")
    ] = None,
    keyfile: Annotated[
        Path | None, typer.Option("--keyfile", help="TLS: its private key, PEM.")
    ] = None,
    timer: Annotated[
        bool, typer.Option("--timer/--no-timer", help="Whether to do the jobs as well.")
    ] = True,
    restored: Annotated[
        bool,
        typer.Option("--restored", help="The store is a copy, and was told what happened since."),
    ] = False,
    now: Now = None,
    pace: Annotated[
        float,
        typer.Option("--pace", min=0.0, help="With --now: how fast that clock goes, for trials."),
    ] = 1.0,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Make the day's list by itself, and answer dialers, until told to stop.

    SIGTERM stops: requests that began are answered, nothing new is taken. SIGHUP reads the rule
    files anew.
    """
    settings = settings_of(home)
    for path in (certfile, keyfile):
        if path is not None and not path.is_file():
            raise WrongUse(f"{path} is not there")
    if keyfile is not None and certfile is None:
        raise WrongUse("--keyfile needs --certfile")
    if now is None and pace != 1.0:
        raise WrongUse("--pace needs --now")
    clock = ctx.obj if now is None else made_up(moment(now, ctx.obj), pace)
    from .serving import serve_until_told

    def say(url: str) -> None:
        if json_:
            emit({"url": url})
            sys.stdout.flush()

    serve_until_told(
        settings,
        clock,
        say,
        host=host,
        port=port,
        certfile=certfile,
        keyfile=keyfile,
        timer=timer,
        restored=restored,
        made_up=now is not None,
        pace=pace,
    )


def made_up(start: datetime, pace: float) -> Callable[[], datetime]:
    """A clock that begins at a moment and goes so many times as fast as ours."""
    began = perf_counter()
    return lambda: start + timedelta(seconds=(perf_counter() - began) * pace)


@guarded
def jobs(ctx: typer.Context, now: Now = None, home: Home = None, json_: Json = False) -> None:
    """What the service does by itself, and when each begins next.

    Says as well which region's list is made too late, or while the day before goes on there.
    """
    from ..routine import moment_text, tasks
    from ..timer import planned

    settings = settings_of(home)
    with store_of(settings) as store:
        known = tasks(settings, store, lambda: _never(), lambda *_: "", None, str, str)
        at = moment(now, ctx.obj)
        found = planned(store, known, at)
    tardy = list(untimely(settings, law_of(settings).rulebook, local_date(at, settings.zone)))
    if json_:
        emit(
            {
                "untimely": tardy,
                "jobs": [
                    {
                        "id": one.id,
                        "does": one.does,
                        "when": one.when,
                        "next": format_instant(one.next),
                        "stored": one.stored,
                    }
                    for one in found
                ],
            }
        )
        return
    width = max(len(one.id) for one in found)
    for text in tardy:
        tell(f"untimely: {text}")
    for one in found:
        out.print(f"{one.id:<{width}} {one.when:<36} next {moment_text(one.next):<22} {one.does}")
    if not any(one.stored for one in found):
        tell("`forbear serve` does this; it has not run yet, and begins with what is owed by then")


def _never() -> datetime:
    raise AssertionError("a list of jobs does none of them")
