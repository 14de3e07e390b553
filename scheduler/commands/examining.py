"""`log lookback` and what else an officer, an auditor or an examiner asks of the past."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer

from engine.clock import start_of_day

from ..law import law_of
from ..licensing import licences_of
from ..log.lookback_page import page, text, write_csv
from ..log.looking import Review, Search, review
from ..log.reckoning import document
from ..making import writing
from ..settings import Settings
from ..store.revisions import write_corrected
from .common import (
    NO,
    Home,
    Json,
    Now,
    WrongUse,
    day_of,
    emit,
    err,
    guarded,
    moment,
    out,
    settings_of,
    tell,
    tell_left_out,
)
from .days import From
from .exporting import examine_, export
from .finding import find_, why
from .progress import Shown
from .replaying import replay_
from .sources import opened, store_of

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def add_to(log: typer.Typer) -> None:
    """Put every command of the kind under `forbear log`."""
    log.command("lookback")(lookback)
    log.command("replay")(replay_)
    log.command("find")(find_)
    log.command("why")(why)
    log.command("export")(export)
    log.command("examine")(examine_)


@guarded
def lookback(
    ctx: typer.Context,
    source: From = None,
    from_day: Annotated[
        str | None, typer.Option("--from-day", metavar="D", help="The first day looked at.")
    ] = None,
    to_day: Annotated[
        str | None, typer.Option("--to-day", metavar="D", help="The last day looked at.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Every broken rule, a row each.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="The report as one page.")
    ] = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Run past contacts through the rules as of the moment of each, and list what broke one."""
    settings = settings_of(home)
    clock = moment(now, ctx.obj)
    first: date | None = day_of(from_day, lambda: None)
    last: date | None = day_of(to_day, lambda: None)
    if first is not None and last is not None and last < first:
        raise WrongUse(f"--to-day {last} is before --from-day {first}")
    law = law_of(settings)
    tell_left_out(law, settings)
    ends = start_of_day(last + timedelta(days=1), settings.zone) if last else clock
    with (
        opened(source, settings, clock) as found,
        TemporaryDirectory(prefix="forbear-") as scratch,
        Shown(err) as shown,
    ):
        search = Search(
            law.rulebook,
            start_of_day(first, settings.zone) if first else EARLIEST,
            min(ends, clock),
            clock,
            licences_of(found.portfolio, settings.licences)[0],
            _corrected(settings, Path(scratch), clock) if found.stored else None,
        )
        began = perf_counter()
        looked = review(found.portfolio, search, Path(scratch), shown)
        took = perf_counter() - began
    tell(f"{looked.contacts:,} contacts in {took:.1f} s, {looked.contacts / took:,.0f} a second")
    if csv is not None:
        write_csv(csv, looked)
    if html is not None:
        with writing(html):
            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_text(
                page(looked, law.rulebook, clock, from_day or "", to_day or ""),
                encoding="utf-8",
                newline="\n",
            )
    _say(looked, csv, html, json_)


def _corrected(settings: Settings, scratch: Path, now: datetime) -> Path:
    """Every revision of what was ever corrected in the home's store, laid aside."""
    place = scratch / "corrected"
    with store_of(settings) as store:
        write_corrected(store, place, now)
    return place


def _say(looked: Review, csv: Path | None, html: Path | None, json_: bool) -> None:
    for alarm in looked.alarms:
        tell(f"ALARM: {alarm}")
    if json_:
        emit(document(looked))
    else:
        out.print(text(looked), end="")
        for path in (csv, html):
            if path is not None:
                out.print(f"written: {path}")
        if looked.rules and csv is None and html is None:
            out.print("each contact: --csv FILE or --html FILE")
    if looked.rules or looked.doubtful or looked.alarms:
        raise typer.Exit(NO)
