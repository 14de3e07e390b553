"""`dialer`: a reference client that works a list off, with calls that are made up."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from engine.clock import local_date, parse_date

from ..dialer.client import Client, Unreachable
from ..dialer.lines import Plan, Work
from ..intake.results import load
from .common import NO, Home, Json, WrongUse, emit, guarded, out, read_value, tell


@guarded
def dialer(
    ctx: typer.Context,
    url: Annotated[str, typer.Option("--url", help="Where the service is.")],
    key: Annotated[
        str, typer.Option("--key", envvar="FORBEAR_KEY", help="A key with scope dialer.")
    ],
    lines: Annotated[int, typer.Option("--lines", min=1, max=1_000, help="How many lines.")] = 10,
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="Whose list (default: today's).")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="One region's list (default: all of the day).")
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", help="The clock that says which day it is.")
    ] = "America/New_York",
    codes: Annotated[
        str, typer.Option("--codes", help="The map of result codes: a name, or a YAML file.")
    ] = "generic",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same calls.")] = 1,
    calls: Annotated[
        int | None, typer.Option("--calls", min=1, help="Stop after so many calls.")
    ] = None,
    pace: Annotated[
        float, typer.Option("--pace", min=0.001, help="How many times as fast as real calls.")
    ] = 1.0,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go by the service's clock, for trials.")
    ] = False,
    cafile: Annotated[
        Path | None, typer.Option("--cafile", help="TLS: certificates to trust, PEM.")
    ] = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Pull the list, ask for a permit before each call, make the call up, tell its result.

    Nobody is called. Whatever is not a yes is a no; silence is a no.
    """
    told = load(codes)
    if follow:
        client = Client(url, key, None, verify=str(cafile) if cafile else True)
        client.clock = now = _Following(client, pace)
    else:
        client = Client(url, key, ctx.obj, verify=str(cafile) if cafile else True)
        now = ctx.obj
    civil = local_date(now(), zone) if day is None else read_value(parse_date, day)
    work = Work(client, Plan(civil.isoformat(), lines, seed, told, now, pace, calls, region=region))
    signal.signal(signal.SIGTERM, lambda *_: work.stop())
    signal.signal(signal.SIGINT, lambda *_: work.stop())
    try:
        listed = work.pull()
        tell(f"{listed} calls on the list of {civil}; {lines} lines")
        counts = work.run()
    except Unreachable as error:
        raise WrongUse(f"the service cannot be used: {error}") from error
    finally:
        client.close()
    if json_:
        emit({"day": civil.isoformat(), "counts": dict(sorted(counts.items()))})
    else:
        for what, count in sorted(counts.items()):
            out.print(f"{count:>9,}  {what}")
    if counts["results lost"] or counts["said: lost"] or counts["said: refused"]:
        raise typer.Exit(NO)


class _Following:
    """The service's clock, between two answers as fast as it goes."""

    def __init__(self, client: Client, pace: float) -> None:
        """Ask once, to begin with. Raises WrongUse."""
        client.knock()
        if client.server_time is None:
            raise WrongUse("the service does not answer")
        self._client = client
        self._pace = pace
        self._seen: datetime | None = None
        self._at = 0.0

    def __call__(self) -> datetime:
        """The moment it is there."""
        told = self._client.server_time
        assert told is not None
        if told != self._seen:
            self._seen, self._at = told, perf_counter()
        return told + timedelta(seconds=(perf_counter() - self._at) * self._pace)
