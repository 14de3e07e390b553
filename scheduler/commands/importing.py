"""`import`: files into the home's store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..intake.importing import ORIGIN, Imported, files_of, import_file, table_of
from ..intake.layouts import GENERIC, bundled, layout_of
from .common import (
    HOME,
    NO,
    Home,
    Json,
    Now,
    WrongUse,
    emit,
    err,
    guarded,
    moment,
    out,
    settings_of,
    tell,
)
from .progress import Shown
from .sources import store_of

SHOWN = 20
"""How many problems of a file are printed; the file of rows set aside has all."""


@guarded
def import_(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="DIR|KIND", help="A portfolio's directory, or a kind of row.")
    ],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The file with rows of that kind.")
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            metavar="NAME|FILE",
            help=f"One of {', '.join(bundled())}, or a YAML file that says which column is which.",
        ),
    ] = GENERIC,
    origin: Annotated[
        str, typer.Option("--origin", help="The system the rows come from, if the layout has none.")
    ] = ORIGIN,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="A workbook's sheet (default: its first).")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; store nothing.")
    ] = False,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Take rows into the store: good ones go in, bad ones are set aside in a file to be mended."""
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    place = Path(what)
    if file is None and not place.is_dir():
        table_of(what)
        raise WrongUse(f"import which file of {what}? name it after the kind")
    files = files_of(place) if file is None else [(table_of(what), file)]
    plan = layout_of(layout)
    aside = (settings.home or HOME) / "set-aside"
    done: list[Imported] = []
    with store_of(settings) as store, Shown(err) as shown:
        for table, path in files:
            found = import_file(
                store, path, table, plan, origin, at, aside, shown, sheet=sheet, dry=dry
            )
            done.append(found)
    if json_:
        emit({"dry_run": dry, "files": [_plain(one) for one in done]})
    else:
        for one in done:
            _say(one, dry)
    if any(one.set_aside for one in done):
        raise typer.Exit(NO)


def _say(one: Imported, dry: bool) -> None:
    """What became of a file, for people."""
    for problem in one.problems[:SHOWN]:
        tell(str(problem))
    if len(one.problems) > SHOWN:
        tell(f"and {len(one.problems) - SHOWN:,} more problems in {one.file.name}")
    would = "would be " if dry else ""
    out.print(
        f"{one.file.name} ({one.shape}): {one.rows:,} rows; {would}new {one.new:,}, corrections "
        f"{one.corrected:,}, told before {one.same:,}, set aside {one.set_aside:,}"
    )
    for why, count in one.lines.items():
        out.print(f"  no rows: {count:,} lines, {why}")
    if one.unread:
        out.print(f"  columns not read: {', '.join(one.unread)}")
    for code, count in one.unmapped.items():
        out.print(f"  result `{code}` is not known, {count:,} rows: each counts as all it could be")
    if one.aside is not None:
        out.print(f"  mend and import again: {one.aside}")


def _plain(one: Imported) -> dict[str, Any]:
    return {
        "file": str(one.file),
        "table": one.table,
        "shape": one.shape,
        "rows": one.rows,
        "new": one.new,
        "corrected": one.corrected,
        "same": one.same,
        "set_aside": one.set_aside,
        "set_aside_file": None if one.aside is None else str(one.aside),
        "unmapped": dict(one.unmapped),
        "unread": list(one.unread),
        "no_rows": dict(one.lines),
        "problems": [
            {"row": p.row, "column": p.column, "value": p.value, "reason": p.reason}
            for p in one.problems
        ],
    }
