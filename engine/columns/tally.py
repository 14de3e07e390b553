"""Counting for a part: what limits, waits and `happened` find in the history, by unit and zone.

The plain model is `engine.facts.counting`. History is filtered by the selector, given the keys of
its units, met with the keys asked for in each zone, and only then put on that zone's calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from .. import clock, days, words
from ..facts import counting
from ..facts.selecting import MAYBE_WORK, RESULT_TELLS, surely_within
from ..facts.view import HOUSEHOLD
from ..kinds import Limit, Wait
from ..rule import Exclusion, Happened, Period, Rule, Selector
from ..situation import rule_asks
from .past import MASKS
from .prepare import Prepared

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


def selected(prepared: Prepared, chosen: Selector) -> pl.DataFrame:
    """History rows that a selector counts, its period and units aside (`counting.matches`)."""
    test = (pl.col("counts") & MASKS[chosen.what]) != 0
    if chosen.direction != "any":
        test &= pl.col("out") if chosen.direction == "out" else ~pl.col("out")
    if chosen.channels is not None:
        test &= pl.col("channel").is_in(sorted(chosen.channels))
    if chosen.to is not None:
        test &= _to(chosen.to)
    if chosen.whom is not None:
        test &= pl.col("whom").is_in(sorted(chosen.whom))
    contents = pl.col("content")
    implied = pl.col("purpose").is_in(list(words.CONTENTS))
    if chosen.purpose is not None:
        wanted = sorted(chosen.purpose)
        mine = pl.col("purpose").fill_null("collection").is_in(wanted)
        test &= mine | contents.is_in(wanted).fill_null(value=False)
    if chosen.content is not None:
        wanted = sorted(chosen.content)
        test &= contents.is_in(wanted).fill_null(value=False) | (
            implied & pl.col("purpose").is_in(wanted)
        ).fill_null(value=False)
    if chosen.technology is not None:
        test &= pl.col("technology").fill_null("prerecorded").is_in(sorted(chosen.technology))
    if chosen.result is not None:
        test &= pl.col("result").is_null() | pl.col("result").is_in(sorted(chosen.result))
    if chosen.initiated_by is not None:
        started = pl.when("out").then(pl.lit("collector")).otherwise(pl.lit("consumer"))
        test &= pl.coalesce("initiated_by", started) == chosen.initiated_by
    for exclusion in chosen.not_:
        left_out = _left_out(exclusion)
        if left_out is not None:
            test &= ~left_out
    rows = prepared.history.filter(test)
    return rows if chosen.types is None else _of_types(prepared, rows, chosen, chosen.types)


def _of_types(
    prepared: Prepared, rows: pl.DataFrame, chosen: Selector, types: frozenset[str]
) -> pl.DataFrame:
    """Rows without those that name debts on record, none of them of these types."""
    links = prepared.talked if chosen.debts == "discussed" else prepared.charged
    named = links.join(rows.select("h"), on="h", how="semi")
    accounts = prepared.accounts.select("a", pl.col("account").alias("other"), "type")
    known = pl.concat(
        [
            named.drop_nulls("a").join(accounts.select("a", "type"), on="a"),
            named.drop_nulls("other").join(accounts.select("other", "type"), on="other"),
        ],
        how="diagonal_relaxed",
    )
    fit = known.filter(pl.col("type").is_in(sorted(types)))["h"].unique()
    unfit = pl.col("h").is_in(known["h"].unique().implode())
    return rows.filter(~unfit | pl.col("h").is_in(fit.implode()))


def unclear(chosen: Selector) -> pl.Expr:
    """Whether nobody recorded the result or kind of point that would tell (`selecting.unclear`)."""
    told = any(set(one.words) & RESULT_TELLS for one in chosen.not_)
    found = pl.col("result").is_null()
    if chosen.result is None:
        matters = ["call", "visit"] if told or chosen.what != "attempts" else []
        found &= pl.col("channel").is_in(matters)
    sure = surely_within(chosen.to) if chosen.to is not None else words.CHANNELS
    kindless = (pl.col("kind") == words.UNKNOWN_KIND) & ~pl.col("channel").is_in(sorted(sure))
    return found | kindless


def _to(to: frozenset[str]) -> pl.Expr:
    kind, text = pl.col("kind"), pl.col("channel") == "text"
    within = kind.is_in(sorted(to))
    if "electronic" in to:
        within |= text
    if "-electronic" in to:
        within &= ~text
    return within | (kind == words.UNKNOWN_KIND)


def _left_out(exclusion: Exclusion) -> pl.Expr | None:
    """An entry of `not` as an expression; None for consent, which `plain` sees to."""
    tests = {
        "to_professional": pl.col("whom").is_in(list(words.PROFESSIONAL_ROLES)),
        "misdirected": pl.col("wrong"),
        "reply_to_consumer": pl.col("reply"),
        "not_connected": ((pl.col("counts") & MASKS["connected"]) == 0)
        & pl.col("out")
        & pl.col("channel").is_in(list(words.VOICE_CHANNELS)),
        "no_message_possible": pl.col("message_possible").eq_missing(pl.lit(value=False)),
        "returned": pl.col("returned"),
        "conversation": ((pl.col("counts") & MASKS["conversations"]) != 0)
        & ~(pl.col("result").is_null() & pl.col("channel").is_in(["call", "visit"])),
    }
    if "in_call_consent" in exclusion.words:
        return None
    found: pl.Expr | None = None
    for word in exclusion.words:
        found = tests[word] if found is None else found & tests[word]
    return found


def keyed(
    prepared: Prepared, rows: pl.DataFrame, chosen: Selector, per: Sequence[str]
) -> list[tuple[list[str], pl.DataFrame]]:
    """Rows with the keys of their units: one frame for what names debts, one for what names none.

    A row may stand in several units: the person meant and the one reached; each debt named.
    """
    if "person" in per:
        rows = _persons(rows, talk=chosen.what == "conversations")
    if "household" in per:
        rows = rows.filter(pl.col("whom").is_in(list(HOUSEHOLD)))
    if "workplace" in per:
        rows = rows.filter(pl.col("kind").is_in(sorted(MAYBE_WORK)))
    if "point" in per or "line" in per:
        rows = rows.filter(pl.col("t").is_not_null())
    keys = ["collector", *dict.fromkeys(KEYS[unit] for unit in per)]
    debts = [unit for unit in per if unit in DEBT_UNITS]
    if not debts:
        return [(keys, rows)]
    links = prepared.talked if chosen.debts == "discussed" else prepared.charged
    with_debts = rows.join(links, on="h").filter(pl.col("a").is_not_null())
    with_debts = with_debts.unique(["h", *keys[1:]])
    open_keys = [key for key in keys if key not in ("a", "pool")]
    if "fp" not in open_keys:
        open_keys.append("fp")
    return [(keys, with_debts), (open_keys, rows.join(links, on="h", how="anti"))]


def _persons(rows: pl.DataFrame, *, talk: bool) -> pl.DataFrame:
    """`tp`: whose tally a row is in; whoever was reached too, or, of a talk, first of all."""
    if rows["met"].null_count() == len(rows):
        return rows.with_columns(pl.col("who").alias("tp"))
    if talk:
        return rows.with_columns(pl.coalesce("met", "who").alias("tp"))
    also = rows.filter(pl.col("met").is_not_null() & (pl.col("met") != pl.col("who")))
    return pl.concat(
        [
            rows.with_columns(pl.col("who").alias("tp")),
            also.with_columns(pl.col("met").alias("tp")),
        ]
    )


class Calendar:
    """Local days in the zones of a part, from the one zone database in `engine.clock`."""

    def __init__(self, zones: Sequence[str], first: date, last: date) -> None:
        """Offsets of the zones over a span of local days; outside it the edge's offset holds."""
        self.zones = list(zones)
        steps = [clock.transitions(zone, first, last) for zone in self.zones]
        most = max((len(one) for one in steps), default=0)
        never = datetime.max.replace(tzinfo=UTC)
        padded = [[*one, *[(never, 0)] * (most - len(one))] for one in steps]
        self.steps = [
            (
                pl.Series([one[number][0] for one in padded], dtype=pl.Datetime("us", "UTC")),
                pl.Series([one[number][1] for one in padded], dtype=pl.Int64),
            )
            for number in range(most)
        ]
        """Per number of a change of offset: when it comes and the seconds after it, by zone."""

    def day(self, at: str = "at", zone: str = "z") -> pl.Expr:
        """The civil date of an instant column in the zone that a column numbers."""
        z = pl.col(zone)
        shift: pl.Expr = pl.lit(0, dtype=pl.Int64)
        for number, (start, seconds) in enumerate(self.steps):
            after = pl.lit(seconds).gather(z)
            begun = pl.col(at) >= pl.lit(start).gather(z)
            shift = pl.when(begun).then(after).otherwise(shift) if number else after
        local = pl.col(at).dt.replace_time_zone(None) + pl.duration(seconds=shift)
        return local.dt.date()

    def starts(self, day: str, zone: str = "z") -> pl.Expr:
        """The first instant of a civil date column in the zone that a column numbers."""
        z = pl.col(zone)
        midnight = pl.col(day).cast(pl.Datetime("us"))
        found: pl.Expr = pl.lit(None, dtype=pl.Datetime("us"))
        for number, (start, seconds) in enumerate(self.steps):
            moved = midnight - pl.duration(seconds=pl.lit(seconds).gather(z))
            begun = moved >= pl.lit(start.dt.replace_time_zone(None)).gather(z)
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


def used(
    prepared: Prepared,
    calendar: Calendar,
    chosen: Selector,
    period: Period | None,
    per: Sequence[str],
    maximum: int,
    wanted: pl.DataFrame,
) -> pl.DataFrame:
    """How many contacts count now, per row of `wanted` (its unit keys and zone `z`).

    Returns `wanted` with `used` and, where it has reached `maximum`, `free_day`: the first local
    day with room again, null if time alone makes none.
    """
    rows = selected(prepared, chosen)
    floor = reach_back(period, prepared.day)
    if floor is not None:
        rows = rows.filter(pl.col("at") >= floor)
    parts = []
    keys_all = ["collector", *dict.fromkeys(KEYS[unit] for unit in per)]
    if any(unit in DEBT_UNITS for unit in per) and "fp" not in keys_all:
        keys_all.append("fp")
    keys_all.append("z")
    asked = wanted.select(keys_all).unique()
    for keys, frame in keyed(prepared, rows, chosen, per):
        if frame.is_empty():
            continue
        met = asked.join(frame.select("h", "at", *keys), on=keys)
        met = met.with_columns(calendar.day().alias("day"))
        parts.append(
            met.filter(counts_on(period, prepared.day, pl.col("day"))).select(*keys_all, "h", "day")
        )
    if not parts:
        return wanted.with_columns(
            pl.lit(0, dtype=pl.UInt32).alias("used"),
            pl.lit(None, dtype=pl.Date).alias("free_day"),
        )
    rows = pl.concat(parts)
    if len(parts) > 1:
        rows = rows.unique(["h", *keys_all])
    tally = rows.group_by(keys_all).agg(
        pl.len().cast(pl.UInt32).alias("used"), pl.col("day").sort().alias("days")
    )
    over = pl.col("used").cast(pl.Int64) - maximum
    blocking = pl.when(over >= 0).then(pl.col("days").list.get(over, null_on_oob=True))
    free = leaves_on(period, pl.col("blocking"))
    never = pl.lit(None, dtype=pl.Date)
    tally = tally.with_columns(blocking.alias("blocking")).with_columns(
        (free if free is not None and maximum > 0 else never).alias("free_day")
    )
    return wanted.join(
        tally.select(*keys_all, "used", "free_day"), on=keys_all, how="left", maintain_order="left"
    ).with_columns(pl.col("used").fill_null(0))


def latest(
    prepared: Prepared, calendar: Calendar, body: Wait, wanted: pl.DataFrame
) -> pl.DataFrame:
    """The event a wait runs from, per row of `wanted`: `event` (instant) and its local `day`."""
    rows = selected(prepared, body.after)
    parts = []
    per = body.per
    keys_all = ["collector", *dict.fromkeys(KEYS[unit] for unit in per)]
    if any(unit in DEBT_UNITS for unit in per) and "fp" not in keys_all:
        keys_all.append("fp")
    asked = wanted.select(keys_all).unique()
    for keys, frame in keyed(prepared, rows, body.after, per):
        if frame.is_empty():
            continue
        pick = pl.col("at").min() if body.after.which == "first" else pl.col("at").max()
        best = frame.group_by(keys).agg(pick.alias("event"))
        parts.append(asked.join(best, on=keys).select(*keys_all, "event"))
    if not parts:
        none = pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("event")
        return wanted.with_columns(none, pl.lit(None, dtype=pl.Date).alias("day"))
    pick = pl.col("event").min() if body.after.which == "first" else pl.col("event").max()
    best = pl.concat(parts).group_by(keys_all).agg(pick)
    return wanted.join(best, on=keys_all, how="left", maintain_order="left").with_columns(
        calendar.day("event").alias("day")
    )


def first_free(body: Wait, day: pl.Series) -> pl.Series:
    """`counting.first_free` of a column of days: each day's own is reckoned once."""
    known = day.drop_nulls().unique().to_list()
    ends = {one: counting.first_free(one, body) for one in known}
    return day.replace_strict(ends, default=None, return_dtype=pl.Date)
