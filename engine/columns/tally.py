"""Counting for a part: what limits, waits and `happened` find in the history, by unit and zone.

The plain model is `engine.facts.counting`. What a rule takes is found beside its units (`counted`),
in each zone asked for, and only then put on that zone's calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import polars as pl

from .. import clock, days
from ..facts import counting
from ..kinds import Limit, Wait
from ..rule import Happened, Period, Rule, Selector
from ..situation import rule_asks
from .units import Units

COLUMNAR_UNITS = frozenset({"day", "month", "calendar_day", "calendar_week_from_sunday",
                            "business_week", "calendar_month", "ever"})  # fmt: skip
COLUMNAR_EXCLUSIONS = frozenset(
    {
        "in_call_consent",  # by way of the few people who gave any: see `plain`
        "to_professional",
        "misdirected",
        "reply_to_consumer",
        "not_connected",
        "no_message_possible",
        "returned",
        "conversation",
    }
)
DEBT_UNITS = {"particular_debt": "pool", "account": "a"}
KEYS = {"person": "tp", "particular_debt": "pool", "account": "a", "household": "fp",
        "consumer": "fp", "point": "pt", "line": "l", "workplace": "fp"}  # fmt: skip


def columnar(chosen: Selector, period: Period | None) -> bool:
    """Whether columns can count this; the plain functions count the rest, row by row."""
    if not chosen.of_contacts or (period is not None and period.unit not in COLUMNAR_UNITS):
        return False
    return all(set(one.words) <= COLUMNAR_EXCLUSIONS for one in chosen.not_)


def by_viewer(chosen: Selector, per: Sequence[str] = ()) -> bool:
    """Whether what is selected hangs on whose a number is taken to be (see `Table.apart`)."""
    misdirected = any("misdirected" in one.words for one in chosen.not_)
    return misdirected or chosen.whom is not None or "household" in per


class Calendar:
    """Local days in the zones of a part, from the one zone database in `engine.clock`."""

    def __init__(self, zones: Sequence[str], first: date, last: date) -> None:
        """Offsets of the zones over a span of local days; outside it the edge's offset holds."""
        self.zones = list(zones)
        steps = [clock.transitions(zone, first, last) for zone in self.zones]
        most = max((len(one) for one in steps), default=0)
        never = datetime.max.replace(tzinfo=UTC)
        padded = [[*one, *[(never, 0)] * (most - len(one))] for one in steps]
        starts = [[one[number][0] for one in padded] for number in range(most)]
        shifts = [[one[number][1] for one in padded] for number in range(most)]
        instant = pl.Datetime("us", "UTC")
        aware = [pl.Series(one, dtype=instant) for one in starts]
        naive = [one.dt.replace_time_zone(None) for one in aware]
        seconds = [pl.Series(one, dtype=pl.Int64) for one in shifts]
        self.steps = [
            (pl.lit(a), pl.lit(n), pl.lit(s)) for a, n, s in zip(aware, naive, seconds, strict=True)
        ]
        """Per number of a change of offset, by zone: when it comes, the same without a zone, and
        the seconds after it."""

    def day(self, at: str = "at", zone: str = "z") -> pl.Expr:
        """The civil date of an instant column in the zone that a column numbers."""
        z = pl.col(zone)
        shift: pl.Expr = pl.lit(0, dtype=pl.Int64)
        for number, (start, _, seconds) in enumerate(self.steps):
            after = seconds.gather(z)
            begun = pl.col(at) >= start.gather(z)
            shift = pl.when(begun).then(after).otherwise(shift) if number else after
        local = pl.col(at).dt.replace_time_zone(None) + pl.duration(seconds=shift)
        return local.dt.date()

    def starts(self, day: str, zone: str = "z") -> pl.Expr:
        """The first instant of a civil date column in the zone that a column numbers."""
        z = pl.col(zone)
        midnight = pl.col(day).cast(pl.Datetime("us"))
        found: pl.Expr = pl.lit(None, dtype=pl.Datetime("us"))
        for number, (_, start, seconds) in enumerate(self.steps):
            moved = midnight - pl.duration(seconds=seconds.gather(z))
            begun = moved >= start.gather(z)
            found = pl.when(begun).then(moved).otherwise(found) if number else moved
        return found.dt.replace_time_zone("UTC")


def reach_back(period: Period | None, day: date) -> datetime | None:
    """An instant before which nothing can count, in any zone; None: everything may."""
    if period is None or period.unit == "ever":
        return None
    width = {
        "day": timedelta(days=period.count),
        "month": timedelta(days=31 * period.count),
        "hour": timedelta(hours=period.count),
    }.get(period.unit, timedelta(days=32))
    return clock.start_of_day(day, "UTC") - width - timedelta(days=3)


def looked_back(rules: Iterable[Rule], day: date) -> date:
    """The first local day on which it can matter, by these rules, what day it was somewhere."""
    periods: list[Period | None] = []
    for rule in rules:
        if isinstance(rule.body, Limit):
            periods.append(rule.body.within)
        elif isinstance(rule.body, Wait):
            periods.append(rule.body.for_)
        happened = [a.parameter for a in rule_asks(rule) if isinstance(a.parameter, Happened)]
        periods += [span for one in happened for span in (one.within, one.older_than)]
    first = [at.date() for one in periods if (at := reach_back(one, day)) is not None]
    return min(first, default=day)


def counts_on(period: Period | None, day: date, past: pl.Expr) -> pl.Expr:
    """Whether a past local day still counts on the day asked (`counting.in_period`)."""
    if period is None or period.unit == "ever":
        return pl.lit(value=True)
    match period.unit:
        case "day":
            return past > day - timedelta(days=period.count)
        case "month":
            return months_later(past, period.count) > day
        case "calendar_day":
            return past == day
        case "calendar_week_from_sunday":
            start = days.week_start(day)
            return past.is_between(pl.lit(start), pl.lit(start + timedelta(days=6)))
        case "business_week":
            start = days.business_week(day)[0]
            return past.is_between(pl.lit(start), pl.lit(start + timedelta(days=6)))
    start = days.month_start(day)
    return past.is_between(pl.lit(start), pl.lit(days.add_months(start, 1) - timedelta(days=1)))


def months_later(day: pl.Expr, count: int) -> pl.Expr:
    """`days.add_months` of a column: a date that does not exist is the first of the next month."""
    moved = day.dt.offset_by(f"{count}mo")
    return pl.when(moved.dt.day() == day.dt.day()).then(moved).otherwise(moved.dt.offset_by("1d"))


def leaves_on(period: Period | None, past: pl.Expr) -> pl.Expr | None:
    """The first local day on which a past one no longer counts; None: never."""
    if period is None or period.unit == "ever":
        return None
    match period.unit:
        case "day":
            return past.dt.offset_by(f"{period.count}d")
        case "month":
            return months_later(past, period.count)
        case "calendar_day":
            return past.dt.offset_by("1d")
        case "calendar_week_from_sunday":
            return past.dt.offset_by("1d").dt.truncate("1w").dt.offset_by("6d")
        case "business_week":
            return past.dt.truncate("1w").dt.offset_by("7d")
    return past.dt.truncate("1mo").dt.offset_by("1mo")


def unit_of(per: Sequence[str]) -> list[str]:
    """The columns that tell the units of a rule apart, zones aside; counts are per collector."""
    keys = ["collector", *dict.fromkeys(KEYS[unit] for unit in per)]
    if any(unit in DEBT_UNITS for unit in per) and "fp" not in keys:
        keys.append("fp")  # what names no debt is met by its file
    return keys


def used(
    calendar: Calendar,
    day: date,
    period: Period | None,
    maximum: int,
    counts: pl.DataFrame,
    units: Units,
) -> pl.DataFrame:
    """How many contacts count on the day asked, by unit (u), where any do.

    `counts`: what a limit takes (`counted.counting_for`). `used` and, where that has reached
    `maximum`, `free_day`: the first local day with room again, null if time alone makes none.
    """
    rows = counts.select("u", "at", units.keys["z"].gather(counts["u"]))
    rows = rows.select("u", calendar.day().alias("day"))
    rows = rows.filter(counts_on(period, day, pl.col("day")))
    tally = rows.group_by("u").agg(
        pl.len().cast(pl.UInt32).alias("used"), pl.col("day").sort().alias("days")
    )
    over = pl.col("used").cast(pl.Int64) - maximum
    blocking = pl.when(over >= 0).then(pl.col("days").list.get(over, null_on_oob=True))
    free = leaves_on(period, pl.col("blocking"))
    never = pl.lit(None, dtype=pl.Date)
    return tally.with_columns(blocking.alias("blocking")).select(
        "u", "used", (free if free is not None and maximum > 0 else never).alias("free_day")
    )


def latest(body: Wait, counts: pl.DataFrame) -> pl.DataFrame:
    """The event (an instant) that a wait runs from, by unit (u), of the contacts it takes."""
    at = pl.col("at")
    return counts.group_by("u").agg(
        (at.min() if body.after.which == "first" else at.max()).alias("event")
    )


def first_free(body: Wait, day: pl.Series) -> pl.Series:
    """`counting.first_free` of a column of days: each day's own is reckoned once."""
    known = day.drop_nulls().unique().to_list()
    ends = {one: _first_free(one, body) for one in known}
    return day.replace_strict(ends, default=None, return_dtype=pl.Date)


_first_free = lru_cache(maxsize=4096)(counting.first_free)
"""A day's own is the same in every part."""
