"""`report`: ageing, activity and the funnel, on the terminal and in files."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table as Shown

from engine.clock import local_date

from ..reports import activity, ageing, funnel
from ..reports.outcome import NotPublished, Outcome, days_in, published
from ..reports.page import page
from ..reports.report import MONEY, WHOLE, Report, Table, document, shown
from ..reports.sheets import write_csv, write_workbook
from .common import (
    Home,
    Json,
    Now,
    WrongUse,
    day_of,
    emit,
    guarded,
    moment,
    settings_of,
    tell,
)
from .days import From
from .sources import opened

app = typer.Typer(
    help="What is owed and permitted, what was done, and why a day refused.", no_args_is_help=True
)
MOST: Final = 40
"""Rows of a table that the terminal shows."""
UNSAID: Final = ("force", "act")
"""Columns that a table with whole sentences leaves out on the terminal, for want of room."""
WIDTH: Final = 140
"""Columns of the terminal where nobody looks."""

Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the finest table as CSV.")
]
Xlsx = Annotated[
    Path | None, typer.Option("--xlsx", metavar="FILE", help="Write every table as a workbook.")
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts.")
]
Lists = Annotated[
    Path | None,
    typer.Option("--lists", metavar="DIR", help="Where days were put out (default: the home's)."),
]
Day = Annotated[
    str | None,
    typer.Option("--day", metavar="D", help="The day put out to look at (default: the newest)."),
]


@app.command("ageing")
@guarded
def ageing_(
    ctx: typer.Context,
    source: From = None,
    day: Day = None,
    lists: Lists = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    html: Html = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """What is owed, by days past due, by what the day's list permits, by balance and place."""
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    outcome = _outcome(lists or settings.lists, day, at, settings.zone)
    if outcome is None:
        tell(f"no day was put out in {lists or settings.lists}: `forbear run` makes one")
    as_of = local_date(at, settings.zone) if outcome is None else outcome.day
    with opened(source, settings, at, aloud=False, tables=("accounts", "addresses")) as found:
        report = ageing.ageing(found.portfolio, outcome, as_of)
    _put(report, at, csv, xlsx, html, json_)


@app.command("activity")
@guarded
def activity_(
    ctx: typer.Context,
    source: From = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from-day", metavar="D", help=f"First day (default: {activity.DAYS} days in all)."
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to-day", metavar="D", help="Last day (default: today).")
    ] = None,
    per_collector: Annotated[
        bool, typer.Option("--per-collector", help="A row for each collector as well.")
    ] = False,
    csv: Csv = None,
    xlsx: Xlsx = None,
    html: Html = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Contacts of a period by day, channel, direction and result."""
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    end: date = day_of(last, lambda: local_date(at, settings.zone))
    begin: date = day_of(first, lambda: end - timedelta(days=activity.DAYS - 1))
    if begin > end:
        raise WrongUse(f"the first day, {begin}, is after the last, {end}")
    if (end - begin).days >= activity.MOST_DAYS:
        raise WrongUse(f"a report is of at most {activity.MOST_DAYS:,} days")
    with opened(source, settings, at, aloud=False, tables=("contacts",)) as found:
        report = activity.activity(found.portfolio, begin, end, settings.zone, per_collector)
    _put(report, at, csv, xlsx, html, json_)


@app.command("funnel")
@guarded
def funnel_(
    ctx: typer.Context,
    day: Day = None,
    lists: Lists = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    html: Html = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Why a day's candidates were refused, by which law, and when time alone permits them."""
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    place = lists or settings.lists
    outcome = _outcome(place, day, at, settings.zone)
    if outcome is None:
        later = ", ".join(one.isoformat() for one in days_in(place)[:5])
        why = f"; decided later: {later}" if later else ": `forbear run` makes one"
        raise WrongUse(f"no day was put out in {place} by then{why}")
    _put(funnel.funnel(outcome, settings.zone), at, csv, xlsx, html, json_)


def _outcome(lists: Path, day: str | None, now: datetime, zone: str) -> Outcome | None:
    """The day that a report looks at. Raises WrongUse."""
    try:
        return published(lists, day_of(day, lambda: None), now, local_date(now, zone))
    except NotPublished as error:
        raise WrongUse(str(error)) from error


def _put(
    report: Report,
    now: datetime,
    csv: Path | None,
    xlsx: Path | None,
    html: Path | None,
    json_: bool,
) -> None:
    """Write a report to the files asked for, and say it. Raises OSError."""
    if csv is not None:
        write_csv(report, csv)
    if xlsx is not None:
        write_workbook(report, xlsx, now)
    if html is not None:
        html.write_text(page(report), encoding="utf-8", newline="\n")
    if json_:
        emit(document(report))
        return
    look = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, width=None if look else WIDTH)
    console.print(report.title, markup=False)
    for line in report.said:
        console.print(f"  {line}", markup=False)
    for word, value in report.numbers.items():
        console.print(f"  {value:>16}  {word}", markup=False)
    charted = {one.table for one in report.charts}
    for table in report.tables:
        if table.name != report.fine or table.name in charted:
            console.print(_shown(table))
    for path in (csv, xlsx, html):
        if path is not None:
            tell(f"written: {path}")


def _shown(table: Table) -> Shown:
    """A table for the terminal: the first rows, and the total."""
    found = Shown(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, show_footer=True)
    wordy = any(one.name == "says" for one in table.columns)
    columns = [one for one in table.columns if not (wordy and one.name in UNSAID)]
    for one in columns:
        total = None if table.total is None else table.total.get(one.name)
        foot = "" if total is None else shown(total, one.kind)
        right = one.kind in (WHOLE, MONEY)
        whole = right or one.name == "rule"
        found.add_column(one.head, foot, justify="right" if right else "left", no_wrap=whole)
    for row in table.rows[:MOST]:
        cells = [cell for cell in zip(table.columns, row, strict=True) if cell[0] in columns]
        found.add_row(*(_plain(_brief(one.name, shown(cell, one.kind))) for one, cell in cells))
    if len(table.rows) > MOST:
        more = f"and {len(table.rows) - MOST:,} more rows; --csv, --xlsx and --html have them"
        found.caption, found.caption_justify = more, "left"
    return found


def _brief(column: str, text: str) -> str:
    """A text as the terminal has room for it: of several citations the first."""
    first, *more = text.split("; ")
    return f"{first} and {len(more)} more" if column == "cite" and more else text


def _plain(text: str) -> str:
    """A text in which nothing is taken for a colour, and nothing steers the terminal."""
    clean = "".join(one if one.isprintable() else "\ufffd" for one in text)
    return clean.replace("[", "\\[")
