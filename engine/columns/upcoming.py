"""Openings: today's windows of what is permitted, and the first moment of what must wait."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC as TIME_UTC
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from .. import clock
from ..intervals import Interval, intersect
from ..kinds import Limit, Wait, Window
from ..panel import Panel
from ..rule import Rule
from .changing import changing, next_plainly
from .judge import Judgement
from .table import Table
from .where import unmask
from .windows import Hourglass

if TYPE_CHECKING:
    from ..part import PartInput

STEPS = 40
KEYS = ["w", "zones", "nz", "sig", "voice", "cut"]
INSTANT = pl.Datetime("us", "UTC")
Clocks = tuple[tuple[str, ...], int, int, bool]
"""Whose clocks windows are read on: zones, those of the number, the signature, whether by voice."""


def _timed(judgements: list[Judgement]) -> dict[str, Rule]:
    return {
        rule.id: rule
        for one in judgements
        for combo in one.combos
        for rule in combo.live
        if isinstance(rule.body, Limit | Wait | Window)
    }


def _minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def zone_list(table: Table, zones: int) -> tuple[str, ...]:
    """The zones of a mask; UTC where none is known."""
    return unmask(zones, zones=True) or (table.zones[-1],)


def opening_of(table: Table, found: pl.DataFrame) -> pl.DataFrame:
    """Adds `open_utc`, `close_utc`, `windows_utc`, `windows_local` of the day asked."""
    found = found.with_columns(pl.lit(None, dtype=INSTANT).alias("cut"))
    return found


def with_cuts(judgements: list[Judgement], found: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """`cut`: when the last wait, or limit, in hours lets go today, where one does."""
    cuts = []
    for one in judgements:
        for number, rule in one.timed:
            if in_hours(rule):
                due = one.rows.filter(
                    (pl.col(f"b{number}") == 0) & (pl.col(f"v{number}") > now)
                ).select("i", pl.col(f"v{number}").alias("ends"), pl.lit(rule.id).alias("rule"))
                cuts.append(due)
    if not cuts:
        return found
    due = pl.concat(cuts)
    if due.is_empty():
        return found
    due = due.join(found.select("i", "applies"), on="i").filter(
        pl.col("applies").list.contains(pl.col("rule"))
    )
    ends = due.group_by("i").agg(pl.col("ends").max())
    return (
        found.join(ends, on="i", how="left", maintain_order="left")
        .with_columns(pl.coalesce("ends", "cut").alias("cut"))
        .drop("ends")
    )


def in_hours(rule: Rule) -> bool:
    """Whether a wait or limit may let go in the middle of a day."""
    body = rule.body
    period = body.for_ if isinstance(body, Wait) else None
    if isinstance(body, Limit):
        period = body.within
    return period is not None and period.unit == "hour"


def upcoming(
    panel: Panel, part: PartInput, table: Table, judgements: list[Judgement], found: pl.DataFrame
) -> pl.DataFrame:
    """Today's windows, windows without a common minute, and `next_permitted_utc`."""
    day, now = table.prepared.day, table.prepared.now
    rules = _timed(judgements)
    found = with_cuts(judgements, found, now)
    distinct = found.select(*KEYS, "applies").unique(KEYS, maintain_order=True)
    rows = []
    for w, zones, nz, sig, voice, cut, applies in distinct.select(*KEYS, "applies").iter_rows():
        asked = (zone_list(table, zones), nz, sig, voice)
        open_now = open_on(table.hourglass, _windows(rules, applies), asked, day, cut)
        rows.append((w, zones, nz, sig, voice, cut, *_written(open_now, zone_list(table, zones))))
    kinds = {name: found.schema[name] for name in KEYS}
    windows = pl.DataFrame(
        rows,
        schema={**kinds, "open_utc": INSTANT, "close_utc": INSTANT, "windows_utc": pl.String,
                "windows_local": pl.String},
        orient="row",
    )  # fmt: skip
    found = found.join(windows, on=KEYS, how="left", maintain_order="left", nulls_equal=True)
    none = pl.col("permitted") & pl.col("open_utc").is_null()
    found = found.with_columns(
        pl.when(none).then(pl.lit(["structural/no_common_window"])).otherwise("rules")
        .alias("rules"),
        pl.when(none).then(pl.lit(["12 CFR 1006.6(b)(1)(i)"])).otherwise("cites").alias("cites"),
        pl.when(none).then(pl.lit("structural")).otherwise("force").alias("force"),
        (pl.col("by_time") | none).alias("by_time"),
        (pl.col("permitted") & ~none).alias("permitted"),
    )  # fmt: skip
    return _next(panel, part, table, judgements, found, rules)


def _windows(rules: dict[str, Rule], applies: Sequence[str]) -> list[Rule]:
    """Of the rules that apply, the windows."""
    return [rules[name] for name in applies if isinstance(rules[name].body, Window)]


def open_on(
    hourglass: Hourglass,
    windows: Sequence[Rule],
    asked: Clocks,
    day: date,
    cut: datetime | None,
) -> tuple[Interval, ...]:
    """Minutes of a day that all applying windows leave, from now and from a cut on."""
    found = hourglass.together(windows, *asked, day)
    start = _minute(hourglass.now)
    if cut is not None:
        start = max(start, _minute(cut.replace(tzinfo=TIME_UTC)))
    return intersect(found, ((start, start + timedelta(days=2000)),))


@lru_cache(maxsize=4096)
def _written(
    found: tuple[Interval, ...], zones: Sequence[str]
) -> tuple[datetime | None, datetime | None, str, str]:
    if not found:
        return None, None, "[]", "[]"
    utc = [[clock.format_instant(a), clock.format_instant(b)] for a, b in found]
    local = [[clock.format_local(a, zones[0]), clock.format_local(b, zones[0])] for a, b in found]
    return found[0][0], found[-1][1], _json(utc), _json(local)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _next(
    panel: Panel,
    part: PartInput,
    table: Table,
    judgements: list[Judgement],
    found: pl.DataFrame,
    rules: dict[str, Rule],
) -> pl.DataFrame:
    """`next_permitted_utc` (arithmetic over what lets go, and the windows) and `exhausted`.

    Where the rules that hold may be others by then, the plain functions walk the days.
    """
    late = found.filter("by_time")
    frees = _frees(judgements, late, table)
    late = late.join(frees, on="i", how="left", maintain_order="left")
    keys = [*KEYS, "free_day", "free_at", "never"]
    distinct = late.select(*keys, "applies").unique(keys, maintain_order=True)
    rows = []
    for w, zones, nz, sig, voice, cut, free_day, free_at, never, applies in distinct.select(
        *keys, "applies"
    ).iter_rows():
        opens = None
        if not never:
            asked = (zone_list(table, zones), nz, sig, voice)
            windows = _windows(rules, applies)
            opens = first_opening(table.hourglass, windows, asked, free_day, free_at, cut)
        rows.append((w, zones, nz, sig, voice, cut, free_day, free_at, never, opens))
    kinds = {name: late.schema[name] for name in keys}
    opened = pl.DataFrame(rows, schema={**kinds, "later": INSTANT}, orient="row")
    late = late.join(opened, on=keys, how="left", nulls_equal=True, maintain_order="left")
    at = changing(panel, part, table, judgements, late).arg_true()
    late = late.with_columns(pl.lit(None, dtype=pl.String).alias("walk"))
    if len(at):
        moments, walks = next_plainly(panel, part, table, late[at])
        late = late.with_columns(
            late["later"].scatter(at, moments), late["walk"].scatter(at, walks)
        )
    waiting = sorted(name for name, rule in rules.items() if not isinstance(rule.body, Window))
    only = late.select(
        "i",
        "later",
        "walk",
        pl.col("rules").list.eval(pl.element().is_in(waiting)).list.all().alias("exhausted"),
    )
    return (
        found.join(only, on="i", how="left", maintain_order="left")
        .with_columns(
            pl.when("permitted").then("open_utc").otherwise("later").alias("next_permitted_utc"),
            pl.col("exhausted").fill_null(value=False),
        )
        .drop("later")
    )


def _frees(judgements: list[Judgement], late: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Per candidate: the last local day on which something lets go, the last instant, or never."""
    frames = []
    wanted = late.select("i")
    for one in judgements:
        rows = one.rows.join(wanted, on="i", how="semi")
        for number, rule in one.timed:
            if isinstance(rule.body, Window):
                continue
            held = rows.filter(pl.col(f"b{number}") != 0).select(
                "i", "z", pl.col(f"v{number}").alias("at"), pl.lit(rule.id).alias("rule")
            )
            frames.append(held)
    none = pl.DataFrame(
        schema={"i": pl.UInt32, "free_day": pl.Date, "free_at": INSTANT, "never": pl.Boolean}
    )
    if not frames:
        return wanted.join(none, on="i", how="left").with_columns(
            pl.col("never").fill_null(value=False)
        )
    held = (
        pl.concat(frames)
        .join(late.select("i", "rules"), on="i")
        .filter(pl.col("rules").list.contains(pl.col("rule")))
    )
    held = held.with_columns(table.calendar.day("at").alias("day"))
    found = held.group_by("i").agg(
        pl.col("day").max().alias("free_day"),
        pl.col("at").max().alias("free_at"),
        pl.col("at").is_null().any().alias("never"),
    )
    return wanted.join(found, on="i", how="left", maintain_order="left").with_columns(
        pl.col("never").fill_null(value=False)
    )


def first_opening(
    hourglass: Hourglass,
    windows: Sequence[Rule],
    asked: Clocks,
    free_day: date | None,
    free_at: datetime | None,
    cut: datetime | None,
) -> datetime | None:
    """The first opening on or after the day things let go, while the same rules hold."""
    today = hourglass.day
    day = max(today, free_day or today)
    if day == today:
        day += timedelta(days=1)
    until = free_at if free_at is not None else cut
    if until is not None and cut is not None:
        until = max(until, cut)
    for _ in range(STEPS):
        found = open_on(hourglass, windows, asked, day, until)
        if found:
            return found[0][0]
        day += timedelta(days=1)
    return None
