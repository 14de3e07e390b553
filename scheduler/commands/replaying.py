"""`log replay`: decided again, from the record alone or from rows as they were known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import polars as pl
import typer

from engine.clock import parse_date, parse_instant

from ..log.answering import Replayed
from ..log.reading import Log, NoLog, Segment, decisions, open_log
from ..log.rebuilding import rebuild
from ..log.rebuilding_live import rebuild_live
from ..log.replaying import replay
from ..log.sealing_live import LIVE
from ..manifest import versions
from ..settings import Settings
from .common import (
    NO,
    Home,
    Json,
    WrongUse,
    emit,
    err,
    guarded,
    out,
    read_value,
    settings_of,
)
from .days import From
from .progress import Shown
from .sources import opened, store_of

LogOf = Annotated[
    Path | None,
    typer.Option("--log", metavar="DIR", help="A log's directory (default: the home's)."),
]
Chosen = list[tuple[Segment, pl.Expr | None]]


def log_of(settings: Settings, given: Path | None) -> Log:
    """The log that was named, else the home's, else that beside its lists. Raises NoLog."""
    if given is not None:
        return open_log(given)
    places = [(settings.home or Path()) / "log", settings.lists / "log"]
    return open_log(next((one for one in places if one.is_dir()), settings.lists))


def chosen(log: Log, what: str | None, day: str | None) -> Chosen:
    """The segments meant, each with which of its decisions; by default the newest, whole.

    `what`: a segment's name, number or run, or a decision's id. Raises WrongUse.
    """
    if not log.segments:
        raise WrongUse(f"the log {log.place} has no segment yet")
    if day is not None:
        civil = read_value(parse_date, day)
        where = pl.col("day") == civil
        of = [one for one in log.segments if _may_hold(one, civil.isoformat())]
        found: Chosen = [(one, None if one.kind == "run" else where) for one in of]
        if not found:
            raise WrongUse(f"the log {log.place} has no decision about {civil}")
        return found
    if what is None:
        return [(log.segments[-1], None)]
    try:
        return [(log.segment(what), None)]
    except NoLog:
        return [(segment_of(log, what), pl.col("decision_id") == what)]


def _may_hold(segment: Segment, day: str) -> bool:
    return segment.kind != "run" or segment.head.get("day") == day


def segment_of(log: Log, decision: str) -> Segment:
    """The segment that a decision is in. Raises WrongUse."""
    run = decision.rpartition("-")[0]
    likely = [one for one in log.segments if one.run == run]
    for one in (*likely, *(one for one in reversed(log.segments) if one.run != run)):
        held = decisions(one, pl.col("decision_id") == decision, ["row"])
        if held.collect().height:
            return one
    raise WrongUse(f"the log {log.place} has no segment and no decision `{decision}`")


LACKS: Final = (
    "of an earlier form of the record, which lacks places, licences, hours of one's own, shared "
    "limits and the next moment: these were taken as they stand"
)


@guarded
def replay_(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[SEGMENT|DECISION]", help="A segment, a run or a decision (default: the last)."
        ),
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="All decisions about this day.")
    ] = None,
    from_store: Annotated[
        bool,
        typer.Option("--from-store", help="Build the facts anew from the store, as known then."),
    ] = False,
    source: From = None,
    log: LogOf = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Decide again, from the record alone, and say what comes out otherwise, if anything does."""
    if what is not None and day is not None:
        raise WrongUse("a segment or decision and --day were given; give one of them")
    settings = settings_of(home)
    asked = chosen(log_of(settings, log), what, day)
    found = []
    with Shown(err) as shown:
        for segment, where in asked:
            if from_store or source is not None:
                found.append(_rebuilt(segment, where, source, settings, shown))
            else:
                found.append(replay(segment, versions(), where, shown))
    _say(found, rebuilt=from_store or source is not None, json_=json_)
    if any(one.different for one in found):
        raise typer.Exit(NO)


def _rebuilt(
    segment: Segment, where: pl.Expr | None, source: Path | None, settings: Settings, shown: Shown
) -> Replayed:
    """Decide again from the store as it was, or from the portfolio named."""
    if segment.kind == LIVE and source is None:
        with store_of(settings) as store:
            return rebuild_live(segment, store, versions(), where, shown)
    then = parse_instant(str(segment.head["now"]))
    with (
        opened(source, settings, then, aloud=False) as rows,
        TemporaryDirectory(prefix="forbear-") as scratch,
    ):
        return rebuild(segment, rows.portfolio, Path(scratch), where, shown)


def _say(found: Sequence[Replayed], *, rebuilt: bool, json_: bool) -> None:
    if json_:
        emit(
            {
                "from": "rows" if rebuilt else "record",
                "identical": not any(one.different for one in found),
                "segments": [_document(one) for one in found],
            }
        )
        return
    for one in found:
        out.print(_line(one, rebuilt=rebuilt))
        for name, (then, now) in one.versions.items():
            out.print(f"  {name} was {then}, and is {now} here")
        for each in one.differences:
            out.print(f"  {each.of}: {each.what}: {each.then or 'nothing'} in the record, "
                      f"{each.now or 'nothing'} when decided again")  # fmt: skip
        if one.different > len(one.differences):
            out.print(f"  and {one.different - len(one.differences):,} more")
        for says in one.notes:
            out.print(f"  {says}")


def _line(one: Replayed, *, rebuilt: bool) -> str:
    what = "1 decision" if one.decisions == 1 else f"{one.decisions:,} decisions"
    how = (
        "made again from the rows as they were known then"
        if rebuilt
        else f"decided again by both engines from {one.situations:,} situations on record"
    )
    came = "all the same" if not one.different else f"{one.different:,} differences"
    gone = f"; {one.erased:,} erased" if one.erased else ""
    lacks = f"; {one.lacking:,} {LACKS}" if one.lacking else ""
    return f"segment {one.segment}: {what} {how}: {came}{gone}{lacks}"


def _document(one: Replayed) -> dict[str, Any]:
    return {
        "segment": one.segment,
        "decisions": one.decisions,
        "situations": one.situations,
        "erased": one.erased,
        "lacking": one.lacking,
        "different": one.different,
        "differences": [asdict(each) for each in one.differences],
        "notes": one.notes,
        "versions": {name: {"then": a, "now": b} for name, (a, b) in one.versions.items()},
    }
