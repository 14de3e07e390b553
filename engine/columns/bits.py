"""The bit of one window, limit or wait for all rows of a part, with the counts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from .. import clock, words
from ..facts import asking
from ..facts.consent import CONSENT_DAYS
from ..kinds import Agreed, Limit, Wait, Window
from ..rule import Exclusion, Period, Rule
from . import tally
from .combos import Combo
from .prepare import files_of
from .table import CODE, Table


def bit(
    table: Table, rows: pl.DataFrame, rule: Rule, number: int, combos: list[Combo]
) -> pl.DataFrame:
    """The bit of one rule for all rows (b), and for limits and waits used (u) and free (v)."""
    live = [n for n, combo in enumerate(combos) if rule in combo.live]
    if isinstance(rule.body, Window):
        return rows.with_columns(_window(table, rows, rule, live).alias(f"b{number}"))
    if isinstance(rule.body, Limit):
        counted = _limit(table, rows, rule, rule.body, combos, live)
    else:
        assert isinstance(rule.body, Wait)
        counted = _wait(table, rows, rule, rule.body, combos, live)
    return rows.with_columns(
        counted["bit"].alias(f"b{number}"),
        counted["used"].alias(f"u{number}"),
        counted["free"].alias(f"v{number}"),
    )


def _window(table: Table, rows: pl.DataFrame, rule: Rule, live: list[int]) -> pl.Series:
    keys = ["z", "nz", "sig", "voice"]
    here = rows.select(*keys, "combo")
    asked = here.filter(pl.col("combo").is_in(live)).select(keys).unique()
    codes = [
        CODE[table.hourglass.bit(rule, table.zones[z], nz, sig, voice)]
        for z, nz, sig, voice in asked.iter_rows()
    ]
    bits = asked.with_columns(pl.Series("bit", codes, dtype=pl.UInt8))
    found = here.join(bits, on=keys, how="left", maintain_order="left")
    return found.select(
        pl.when(pl.col("combo").is_in(live)).then("bit").otherwise(0).fill_null(0).cast(pl.UInt8)
    ).to_series()


def _empty(rows: pl.DataFrame) -> pl.DataFrame:
    """A bit that does not refuse, nothing used, nothing to wait for."""
    height = len(rows)
    return pl.DataFrame(
        [
            pl.zeros(height, dtype=pl.UInt8, eager=True).alias("bit"),
            pl.repeat(None, height, dtype=pl.UInt32, eager=True).alias("used"),
            pl.repeat(None, height, dtype=pl.Datetime("us", "UTC"), eager=True).alias("free"),
        ]
    )


def _limit(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    body: Limit,
    combos: list[Combo],
    live: list[int],
) -> pl.DataFrame:
    counts = [n for n in live if combos[n].member[rule.key] == "counts"]
    exempt = [n for n in live if combos[n].member[rule.key] == "exempt"]
    judged = rows["combo"].is_in(pl.Series(counts + exempt, dtype=pl.UInt16).implode())
    simple = isinstance(body.max, int) and body.agreed_within is None and body.since is None
    if not simple or not tally.columnar(body.counting, body.within):
        return _plainly(table, rows, rule, judged)
    assert isinstance(body.max, int)
    found = _empty(rows)
    at = judged.arg_true()
    if not len(at):
        return found
    tallied = tally.used(
        table.prepared, table.calendar, body.counting, body.within, body.per, body.max, rows[at]
    )
    if "workplace" in body.per:  # a contact elsewhere has no such unit: nothing is used of it
        away = ~pl.col("kind").is_in(sorted(words.WORK_KINDS))
        tallied = tallied.with_columns(
            pl.when(away).then(0).otherwise("used").cast(pl.UInt32).alias("used")
        )
    reached = (pl.col("used") + 1 > body.max) & pl.col("combo").is_in(counts)
    tallied = tallied.with_columns(table.calendar.starts("free_day").alias("free")).select(
        reached.cast(pl.UInt8).alias("bit"),
        "used",
        pl.when(reached).then("free").otherwise(None).alias("free"),
    )
    found = _scatter(found, at, tallied)
    if tally.by_viewer(body.counting, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    files = _consenting(table, body.counting.not_, body.within)
    if body.max > 0:  # consent only ever takes away from what is counted
        judged = judged & (found["used"] > 0).fill_null(value=False)
    return _override(table, rows, rule, judged, found, files)


def _wait(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    body: Wait,
    combos: list[Combo],
    live: list[int],
) -> pl.DataFrame:
    judged = rows["combo"].is_in(pl.Series(live, dtype=pl.UInt16).implode())
    if not tally.columnar(body.after, None) or body.until is not None:
        return _plainly(table, rows, rule, judged)
    free = tally.first_free(body, pl.col("day"))
    assert body.for_ is not None
    hours = body.for_.unit == "hour"
    if free is None and not hours:
        return _plainly(table, rows, rule, judged)
    found = _empty(rows)
    at = judged.arg_true()
    if not len(at):
        return found
    wanted = rows[at]
    if "workplace" in body.per:
        at_work = wanted["kind"].is_in(sorted(words.WORK_KINDS))
        at, wanted = at.filter(at_work), wanted.filter(at_work)
    met = tally.latest(table.prepared, table.calendar, body, wanted)
    if hours:
        met = met.with_columns((pl.col("event") + timedelta(hours=body.for_.count)).alias("free"))
    else:
        assert free is not None
        met = met.with_columns(free.alias("free_day")).with_columns(
            table.calendar.starts("free_day").alias("free")
        )
    ends = {n: clock.day_bounds(table.prepared.day, zone)[1] for n, zone in enumerate(table.zones)}
    end = pl.col("z").replace_strict(ends, return_dtype=pl.Datetime("us", "UTC"))
    exempt = [n for n in live if rule.key in combos[n].exempt]
    running = ((pl.col("free") >= end) & ~pl.col("combo").is_in(exempt)).fill_null(value=False)
    met = met.select(
        running.cast(pl.UInt8).alias("bit"),
        pl.lit(None, dtype=pl.UInt32).alias("used"),
        pl.when(pl.col("combo").is_in(exempt)).then(None).otherwise("free").alias("free"),
    )
    found = _scatter(found, at, met)
    if tally.by_viewer(body.after, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    judged = judged & found["free"].is_not_null()  # without an event consent changes nothing
    for entries, period in ((body.exempt, Period(0, "day")), (body.after.not_, None)):
        files = _consenting(table, entries, period)
        found = _override(table, rows, rule, judged, found, files)
    return found


def _scatter(found: pl.DataFrame, at: pl.Series, values: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([found[name].scatter(at, values[name]) for name in found.columns])


def _consenting(
    table: Table, entries: Sequence[Exclusion], period: Period | None
) -> pl.Series | None:
    """Files in which consent to calls may matter now, where a rule's exclusions name it.

    Consent lasts seven days at most, so one older than that and the period reaches nothing.
    """
    if not any("in_call_consent" in one.words for one in entries):
        return None
    floor = tally.reach_back(period, table.prepared.day)
    since = None if floor is None else floor - timedelta(days=CONSENT_DAYS + 1)
    return files_of(table.prepared, ("consents_to_call", "asks_to_be_called"), since)


def _override(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    judged: pl.Series,
    found: pl.DataFrame,
    files: pl.Series | None,
) -> pl.DataFrame:
    """Put the plain count in place of the column's for the rows of some files."""
    if files is None or not len(files):
        return found
    at = (judged & rows["fp"].is_in(files.implode())).arg_true()
    return _scatter(found, at, _counts(table, rows[at], rule)) if len(at) else found


def _plainly(table: Table, rows: pl.DataFrame, rule: Rule, judged: pl.Series) -> pl.DataFrame:
    """A rule that columns cannot count: the plain function, row by row."""
    found = _empty(rows)
    at = judged.arg_true()
    return _scatter(found, at, _counts(table, rows[at], rule)) if len(at) else found


def _counts(table: Table, rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    bit, used, free = list[int](), list[int | None](), list[datetime | None]()
    for view in table.views(rows):
        count = asking.bit(view, rule, view.debts[0], (view.zone,))
        bit.append(CODE[count.bit])
        limit = isinstance(rule.body, Limit) and count.state != "out"
        used.append(count.used if limit else None)
        free.append(count.free)
    return pl.DataFrame(
        {"bit": bit, "used": used, "free": free},
        schema={"bit": pl.UInt8, "used": pl.UInt32, "free": pl.Datetime("us", "UTC")},
    )


def maximum_of(rule: Rule) -> int:
    """A limit's number in law."""
    assert isinstance(rule.body, Limit)
    return rule.body.max.law if isinstance(rule.body.max, Agreed) else rule.body.max  # type: ignore[return-value]  # whole numbers, in a limit
