"""`log find` and `log why`: which decisions there are, and one of them in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import polars as pl
import typer

from engine.clock import format_instant, parse_instant
from engine.words import CHANNELS

from ..log.finding import Found, Wanted, find, standing
from ..log.reading import ERASED, Segment, decisions, situations
from ..log.replaying import law_of
from ..log.standing import covers
from ..log.telling import tell
from ..log.telling_text import as_text
from .common import NO, Home, Json, WrongUse, emit, guarded, out, read_value, settings_of
from .common import tell as say
from .replaying import LogOf, log_of, segment_of
from .wanting import Account, ByRule, Consumer, OfRun, OnDay, Verdict, wanted


@guarded
def find_(
    account: Account = None,
    consumer: Consumer = None,
    point: Annotated[
        str | None, typer.Option("--point", metavar="ID", help="To this contact point.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help=f"One of {', '.join(CHANNELS)}.")
    ] = None,
    day: OnDay = None,
    rule: ByRule = None,
    verdict: Verdict = None,
    run: OfRun = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="At most so many are shown (0: all).")
    ] = 50,
    log: LogOf = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Decisions by account, consumer, point, channel, day, rule or verdict; all that is given."""
    if channel is not None and channel not in CHANNELS:
        raise WrongUse(f"unknown channel `{channel}`; the channels are {', '.join(CHANNELS)}")
    asked = wanted(account, consumer, day, rule, verdict, run, point, channel)
    if asked == Wanted():
        raise WrongUse("say what to look for: --account, --consumer, --day, --rule, --verdict, ...")
    found = find(log_of(settings_of(home), log), asked, limit or None)
    if json_:
        rows = [_plain(row) for row in found.rows.iter_rows(named=True)]
        emit({"total": found.total, "decisions": rows})
    else:
        _lines(found)
    if not found.total:
        raise typer.Exit(NO)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as plain data: instants and days as ISO 8601."""
    told: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            told[name] = format_instant(value)
        else:
            told[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return told


def _lines(found: Found) -> None:
    """A decision a line, what refuses it at the end."""
    told = []
    for row in found.rows.iter_rows(named=True):
        when = format_instant(row["at"]) if row["at"] is not None else str(row["day"])
        contact = "erased" if row[ERASED] else f"{row['channel']} to {row['point']}"
        verdict = "listed" if row["listed"] else str(row["verdict"])
        rules = f" by {', '.join(row['rules'])}" if row["rules"] else ""
        told.append((row["decision_id"], when, row["account"] or "", contact, verdict + rules))
    wide = [max((len(cell) for cell in column), default=0) for column in zip(*told, strict=True)]
    for cells in told:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True))
        out.print(line.rstrip())
    shown = found.rows.height
    more = f", {shown:,} shown; --limit 0 shows all" if shown < found.total else ""
    out.print("1 decision" if found.total == 1 else f"{found.total:,} decisions{more}")


@guarded
def why(
    what: Annotated[
        str, typer.Argument(metavar="ACCOUNT|DECISION", help="The account's id, or a decision's.")
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="As last decided by this instant (default: ever)."),
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help=f"One of {', '.join(CHANNELS)}.")
    ] = None,
    point: Annotated[str | None, typer.Option("--point", help="The contact point's id.")] = None,
    log: LogOf = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """One logged decision in words: what was asked, what it rested on, and what seals it."""
    instant = None if at is None else read_value(parse_instant, at)
    there = log_of(settings_of(home), log)
    others: Sequence[dict[str, Any]] = ()
    rows = list(standing(there, Wanted(account=what, channel=channel, point=point), instant))
    if rows:
        chosen, *others = sorted(rows, key=_first)
        name = str(chosen["decision_id"])
        segment = there.segment(str(chosen["segment"]))
    elif at is None and channel is None and point is None:
        name, segment = what, segment_of(there, what)
    else:
        raise WrongUse(f"the log {there.place} has no such decision about account `{what}`")
    record, met = record_of(segment, name)
    if json_:
        emit(
            {
                "decision": _plain(record),
                "situations": met,
                "rulebook": segment.rulebook,
                "sealed": covers(there, segment),
            }
        )
        return
    told = tell(record, met, law_of(segment), segment.head, covers(there, segment))
    out.print(as_text(told), end="")
    for one in others:
        say(
            f"also: {one['channel']} to {one['point']}: {one['verdict']} "
            f"(decision {one['decision_id']})"
        )


def _first(row: dict[str, Any]) -> tuple[bool, bool, str, str]:
    """A call before other contacts, the newest before older ones."""
    return row["channel"] != "call", not row["listed"], str(row["point"]), str(row["channel"])


def record_of(segment: Segment, decision: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A decision's fields, and the rows of its situations. Raises NoLog."""
    (row,) = decisions(segment, pl.col("decision_id") == decision).collect().to_dicts()
    names = row["situations"] or []
    return row, situations(segment, names).to_dicts() if names else []
