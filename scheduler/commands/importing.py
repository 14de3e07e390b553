"""`import`: files into the home's store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.clock import is_zone, local_date
from engine.problem import did_you_mean

from ..intake.cutover import Accepted, CutOver
from ..intake.importing import ORIGIN, Imported, Run, files_of, import_file, table_of
from ..intake.journal import write
from ..intake.layouts import GENERIC, WIDE, Layout, bundled, columns_of, layout_of
from ..intake.wide import import_wide
from .common import (
    HOME,
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
)
from .progress import Shown
from .sources import store_of

SHOWN = 20
"""How many problems of a file are printed; the file of rows set aside has all."""


@guarded
def import_(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="DIR|KIND|wide",
            help="A portfolio's directory, a kind of row, or wide: accounts with all of it.",
        ),
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
    always: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="What a column is in every row."),
    ] = None,
    zone: Annotated[
        str,
        typer.Option("--zone", help="The clock of moments without one, as America/New_York."),
    ] = "",
    cutover: Annotated[
        str | None,
        typer.Option(
            "--cutover",
            metavar="DAY",
            help="The first day Forbear decides: the 30 days before are looked through for holes.",
        ),
    ] = None,
    accept_holes: Annotated[
        str | None,
        typer.Option("--accept-holes", metavar="WHY", help="Take contacts in with holes."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="PERSON", help="Who answers for the holes.")
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
        if place.is_file():
            kind = layout_of(layout).table.replace("_", "-") or "KIND"
            raise WrongUse(f"say what rows it has: `forbear import {kind} {what}`")
        if what != WIDE:
            table_of(what)
        raise WrongUse(f"import which file of {what}? name it after the kind")
    if zone and not is_zone(zone):
        raise WrongUse(f"`{zone}` is not a time zone; it is written as America/New_York")
    if (accept_holes is None) != (by is None):
        raise WrongUse("--accept-holes says why, and --by who answers for it: both or neither")
    accepted = Accepted(by, accept_holes) if by and accept_holes else None
    day = day_of(cutover, lambda: local_date(at, settings.zone))
    base = settings.home or HOME
    done: list[Imported] = []
    with store_of(settings) as store, Shown(err) as shown:
        run = Run(
            at, base / "set-aside", shown, origin, sheet, zone, settings.zone, dry,
            CutOver(day, settings.zone, cutover is not None, accepted, whole=file is None),
            lambda one: write(base, one, at),
        )  # fmt: skip
        if what == WIDE and file is not None:
            done.append(import_wide(store, file, _layout(layout, WIDE, always), run))
        else:
            files = files_of(place) if file is None else [(table_of(what), file)]
            for table, path in files:
                plan = _layout(layout, table.name, always)
                done.append(import_file(store, path, table, plan, run))
    if json_:
        emit({"dry_run": dry, "files": [_plain(one) for one in done]})
    else:
        for one in done:
            _say(one, dry)
    if any(one.set_aside or (one.holes and one.accepted is None) for one in done):
        raise typer.Exit(NO)


def _layout(name: str, kind: str, always: list[str] | None) -> Layout:
    """The layout, with what is the same in every row."""
    plan = layout_of(name)
    told = {}
    known = columns_of(kind)
    for one in always or []:
        column, mark, value = one.partition("=")
        column = column.strip().replace("-", "_")
        if not mark or not value.strip():
            raise WrongUse(f"--set {one}: write COLUMN=VALUE, as in --set collector=AGENCY")
        if column not in known:
            raise WrongUse(
                f"--set {one}: no column `{column}` of {kind}{did_you_mean(column, known)}"
            )
        told[column] = value.strip()
    return plan.told(told)


def _say(one: Imported, dry: bool) -> None:
    """What became of a file, for people."""
    for problem in one.problems[:SHOWN]:
        tell(str(problem))
    if len(one.problems) > SHOWN:
        tell(f"and {len(one.problems) - SHOWN:,} more problems in {one.file.name}")
    would = "would be " if dry else ""
    head = f"{one.file.name} ({one.shape}): {one.rows:,} rows; {would}"
    if one.table == WIDE:
        made = ", ".join(
            f"{name.replace('_', ' ')} {count:,}" for name, count in one.tables.items() if count
        )
        out.print(f"{head}stored {one.stored:,}, set aside {one.set_aside:,}")
        out.print(
            f"  rows of the store: {made or 'none'}; {would}new {one.new:,}, corrections "
            f"{one.corrected:,}, told before {one.same:,}"
        )
    else:
        out.print(
            f"{head}new {one.new:,}, corrections {one.corrected:,}, told before {one.same:,}, "
            f"set aside {one.set_aside:,}"
        )
    for why, count in one.lines.items():
        out.print(f"  no rows: {count:,} {'line' if count == 1 else 'lines'}, {why}")
    if one.unread:
        more = f" and {len(one.unread) - SHOWN} more" if len(one.unread) > SHOWN else ""
        out.print(f"  columns not read: {', '.join(one.unread[:SHOWN])}{more}")
    for code, count in one.unmapped.items():
        out.print(f"  result `{code}` is not known, {count:,} rows: each counts as all it could be")
    if one.unmapped:
        out.print("  say what they mean under `results` in a layout of your own")
    for note, count in one.notes.items():
        out.print(f"  {count:,} {'row' if count == 1 else 'rows'}: {note}")
    if one.holes and one.accepted is not None:
        days = ", ".join(str(day) for day in one.holes)
        out.print(f"  no contacts on {days}; accepted by {one.accepted.by}: {one.accepted.why}")
    elif one.holes:
        days = ", ".join(str(day) for day in one.holes)
        out.print(f"  it would be refused, for there are no contacts on {days}")
    if one.table == "contacts" and one.set_aside and not dry:
        out.print("  contacts set aside are not counted: limits permit too much until they are in")
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
        "stored": one.stored,
        "tables": dict(one.tables),
        "open": dict(one.notes),
        "holes": [str(day) for day in one.holes],
        "accepted": None
        if one.accepted is None
        else {"by": one.accepted.by, "why": one.accepted.why},
        "problems": [
            {"row": p.row, "column": p.column, "value": p.value, "reason": p.reason}
            for p in one.problems
        ],
    }
