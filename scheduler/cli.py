"""The command line. No logic, and the only caller of `datetime.now`, handed inward as `ctx.obj`."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated, NoReturn

import typer

from engine.version import VERSION

from .commands import (
    asking,
    days,
    dialer,
    examining,
    homes,
    importing,
    keys,
    noting,
    reporting,
    rules,
    serve,
)
from .commands.common import Home, Json, emit, guarded
from .commands.log import add_to as add_sealed
from .store import schema_text as tables

app = typer.Typer(
    name="forbear",
    help="Decides which debt accounts may be contacted, when, how often and by which channel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
schemas = typer.Typer(help="What Forbear reads, column by column.")
log = typer.Typer(help="The decision log, and what is asked of the past.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"forbear {VERSION}\n")
        raise typer.Exit


@app.callback()
def forbear(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Options of the program itself."""


@schemas.command("portfolio")
@guarded
def portfolio(home: Home = None, json_: Json = False) -> None:
    """Every file, column, type and meaning of a portfolio directory."""
    if json_:
        emit({"tables": tables.describe()})
    else:
        sys.stdout.write(tables.text())


app.command("demo")(days.demo)
app.command("init")(homes.init)
app.command("backup")(homes.backup_)
app.command("restore")(homes.restore_)
app.command("synth")(days.synth_)
app.command("run")(days.run)
app.command("import")(importing.import_)
app.command("note")(noting.note)
app.command("explain")(asking.explain_)
app.add_typer(reporting.app, name="report")
app.add_typer(rules.app, name="rules")
examining.add_to(log)
add_sealed(log)
app.add_typer(log, name="log")
app.add_typer(keys.app, name="keys")
app.command("serve")(serve.serve)
app.command("jobs")(serve.jobs)
app.command("dialer")(dialer.dialer)
app.add_typer(schemas, name="schema")


def now() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)


def main() -> None:
    """Run the program: exit 0 done, 1 the answer is no, 2 wrong use, 3 could not run.

    Asked to end, it ends as from the keyboard: what was half done is taken away.
    """
    signal.signal(signal.SIGTERM, _end)
    app(obj=now)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
