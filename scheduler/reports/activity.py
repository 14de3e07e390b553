"""Activity: contacts of a period by day, channel, direction and result, and by collector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from engine import words
from engine.clock import start_of_day

from ..records import Tables
from .report import DAY, WHOLE, Cell, Chart, Column, Report, Table, numbers, rows_of, shown

UNTOLD: Final = "not recorded"
DAYS: Final = 30
"""How many days a period has where nobody says."""
MOST_DAYS: Final = 3_660
MEASURES: Final = (
    Column("contacts", "Contacts", WHOLE, True),
    Column("consumers", "Consumers", WHOLE),
)
PEOPLE: Final = "A consumer who stands in several rows is counted in each, but once in the total."


def activity(source: Tables, first: date, last: date, zone: str, per_collector: bool) -> Report:
    """The report of the civil days `first` to `last` at the clock of `zone`.

    `per_collector`: the finest table has a row for each collector too.
    """
    rows = _rows(source, first, last, zone)
    day, channel = Column("day", "Day", DAY), Column("channel", "Channel")
    direction, result = Column("direction", "Direction"), Column("result", "Result")
    collector = Column("collector", "Collector")
    fine = (day, *((collector,) if per_collector else ()), channel, direction, result)
    tables = [_days(rows, first, last)]
    if per_collector:
        tables.append(_by(rows, "by_collector", "By collector", (collector, channel, direction)))
    tables += [
        _by(rows, "by_channel", "By channel and direction", (channel, direction)),
        _by(rows, "by_result", "By result", (channel, direction, result)),
    ]
    tables.append(_by(rows, "cells", "By day, channel, direction and result", fine))
    whole = _measured(rows, []).row(0, named=True)
    sent = rows.filter(pl.col("direction") == "out").height
    talks = rows.filter(pl.col("result") == "conversation").height
    span = (last - first).days + 1
    return Report(
        "activity",
        "Activity",
        (
            f"{first.isoformat()} to {last.isoformat()}, {span} days at the clock of {zone}",
            f"{UNTOLD}: no result was recorded, which counts as all that it could be",
        ),
        {
            "contacts": shown(whole["contacts"], WHOLE),
            "consumers": shown(whole["consumers"], WHOLE),
            "placed or sent": shown(sent, WHOLE),
            "came in": shown(rows.height - sent, WHOLE),
            "conversations": shown(talks, WHOLE),
        },
        tuple(tables),
        (_per_day(rows, tables[0]), _results(rows)),
        "cells",
    )


def _rows(source: Tables, first: date, last: date, zone: str) -> pl.DataFrame:
    """The contacts of the period: day, consumer, collector, channel, direction, result."""
    starts = [start_of_day(first + timedelta(days=n), zone) for n in range((last - first).days + 2)]
    days = pl.DataFrame(
        {
            "at": starts[:-1],
            "day": [first + timedelta(days=n) for n in range(len(starts) - 1)],
        },
        schema={"at": pl.Datetime("us", "UTC"), "day": pl.Date()},
    )
    within = (pl.col("at") >= starts[0]) & (pl.col("at") < starts[-1])
    asked = source.scan("contacts").filter(within)
    rows = asked.select(
        "at", "consumer", "collector", "channel", "direction",
        result=pl.col("result").fill_null(UNTOLD),
    ).collect(engine="streaming")  # fmt: skip
    return rows.sort("at").join_asof(days, on="at").drop("at")


def _measured(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    measures = (
        pl.len().cast(pl.Int64).alias("contacts"),
        pl.col("consumer").n_unique().cast(pl.Int64).alias("consumers"),
    )
    return rows.group_by(by).agg(measures) if by else rows.select(measures)


def _by(rows: pl.DataFrame, name: str, title: str, by: tuple[Column, ...]) -> Table:
    names = [one.name for one in by]
    ranks = {
        "channel": words.CHANNELS,
        "direction": words.DIRECTIONS,
        "result": (*words.RESULTS, UNTOLD),
    }
    keys: list[Any] = [
        pl.col(one).replace_strict(
            {word: number for number, word in enumerate(ranks[one])},
            default=len(ranks[one]),
            return_dtype=pl.Int64(),
        )
        if one in ranks
        else one
        for one in names
    ]
    columns = (*by, *MEASURES)
    found = _measured(rows, names).sort(keys)
    total: dict[str, Cell] = {names[0]: "total", **_measured(rows, []).row(0, named=True)}
    return Table(name, title, columns, rows_of(found, columns), total, PEOPLE)


def _days(rows: pl.DataFrame, first: date, last: date) -> Table:
    """A row for each day of the period, were nothing done on it, a column for each channel."""
    channels = [one for one in words.CHANNELS if one in set(rows["channel"])]
    counts = rows.group_by("day", "channel").len()
    have = {(day, channel): count for day, channel, count in counts.iter_rows()}
    columns = (
        Column("day", "Day", DAY),
        *(Column(one, one.replace("_", " ").capitalize(), WHOLE, True) for one in channels),
        Column("contacts", "All", WHOLE, True),
    )
    lines = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        cells = [have.get((day, one), 0) for one in channels]
        lines.append((day, *cells, sum(cells)))
    total: dict[str, Cell] = {one: rows.filter(pl.col("channel") == one).height for one in channels}
    whole: dict[str, Cell] = {"day": "total", **total, "contacts": rows.height}
    return Table("by_day", "Contacts per day and channel", columns, tuple(lines), whole)


def _per_day(rows: pl.DataFrame, table: Table) -> Chart:
    series = {
        one.name: numbers(table.rows, place)
        for place, one in enumerate(table.columns)
        if one.name not in ("day", "contacts")
    }
    days = tuple(str(row[0]) for row in table.rows)
    return Chart("by_day", table.title, "contacts", days, series)


def _results(rows: pl.DataFrame) -> Chart:
    """What came of what was placed or sent, a bar for each result."""
    sent = rows.filter(pl.col("direction") == "out")
    channels = [one for one in words.CHANNELS if one in set(sent["channel"])]
    counts = sent.group_by("result", "channel").len()
    have = {(result, channel): count for result, channel, count in counts.iter_rows()}
    sums = {
        result: sum(have.get((result, one), 0) for one in channels)
        for result in (*words.RESULTS, UNTOLD)
    }
    order = tuple(sorted((one for one, n in sums.items() if n), key=lambda one: -sums[one]))
    series = {one: [have.get((result, one), 0) for result in order] for one in channels}
    title = "What came of contacts placed or sent"
    return Chart("by_result", title, "contacts", order, series, lying=True)
