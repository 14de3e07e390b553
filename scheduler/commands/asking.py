"""`explain`: one decision in words."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.clock import local_date, parse_instant
from engine.explain import document, in_words
from engine.panel import Panel
from engine.words import CHANNELS

from ..explaining import explain
from ..law import law_of
from ..licensing import licences_of
from .common import (
    NO,
    Home,
    Json,
    Now,
    WrongUse,
    day_of,
    emit,
    guarded,
    moment,
    out,
    read_value,
    settings_of,
    tell,
    tell_left_out,
)
from .days import From
from .sources import opened


@guarded
def explain_(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="The account's id in your files.")],
    channel: Annotated[
        str | None, typer.Option("--channel", help=f"One of {', '.join(CHANNELS)}.")
    ] = None,
    point: Annotated[str | None, typer.Option("--point", help="The contact point's id.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="Ask about this instant, not about the whole day."),
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="The consumer's day (default: today).")
    ] = None,
    source: From = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Say of one contact whether it may be made, and everything that the answer stands on."""
    if channel is not None and channel not in CHANNELS:
        raise WrongUse(f"unknown channel `{channel}`; the channels are {', '.join(CHANNELS)}")
    if at is not None and day is not None:
        raise WrongUse("--at asks about an instant and --day about a whole day; give one of them")
    settings = settings_of(home)
    clock = moment(now, ctx.obj)
    instant = None if at is None else read_value(parse_instant, at)
    civil = day_of(day, lambda: local_date(clock, settings.zone))
    law = law_of(settings)
    tell_left_out(law, settings)
    with (
        opened(source, settings, clock, aloud=False) as found,
        Panel(law.rulebook, alarm=tell) as panel,
    ):
        said = explain(
            panel,
            found.portfolio,
            account,
            channel,
            point,
            clock,
            instant,
            civil,
            settings.refuse_unencoded_places,
            licences_of(found.portfolio, settings.licences)[0],
        )
    if json_:
        emit(document(said.decision))
    else:
        out.print(in_words(said.decision, said.question, law.rulebook), end="")
        if said.others:
            tell(f"other points for {said.question.channel}: {', '.join(said.others)}")
    if not said.decision.permitted:
        raise typer.Exit(NO)
