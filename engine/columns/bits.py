"""The bit of one window, limit or wait for all rows of a part, with the counts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from .. import clock
from ..facts import asking
from ..facts.consent import CONSENT_DAYS
from ..facts.selecting import MAYBE_WORK
from ..facts.view import HOUSEHOLD
from ..kinds import Agreed, Limit, Wait, Window
from ..rule import Exclusion, Period, Rule, Selector
from . import tally
from .combos import Combo
from .prepare import files_of
from .spoken import files_with
from .statuses import UNKNOWN
from .table import CODE, Said, Table


def all_bits(
    table: Table, rows: pl.DataFrame, rules: Sequence[Rule], combos: list[Combo]
) -> pl.DataFrame:
    """The bits of rules (b0, b1, ...), and for limits and waits what is used (u) and free (v)."""
    numbered = list(enumerate(rules))
    windows = [(n, rule) for n, rule in numbered if isinstance(rule.body, Window)]
    alive = [{rule.key for rule in combo.live} for combo in combos]
    found = _windows(table, rows, windows, alive) if windows else []
    for number, rule in numbered:
        live = [n for n, keys in enumerate(alive) if rule.key in keys]
        if isinstance(rule.body, Window):
            continue
        if isinstance(rule.body, Limit):
            counted = _limit(table, rows, rule, rule.body, combos, live)
        else:
            assert isinstance(rule.body, Wait)
            counted = _wait(table, rows, rule, rule.body, combos, live)
        for letter, name in (("b", "bit"), ("u", "used"), ("v", "free")):
            found.append(counted[name].alias(f"{letter}{number}"))
    return rows.hstack(found)


def _windows(
    table: Table,
    rows: pl.DataFrame,
    windows: Sequence[tuple[int, Rule]],
    alive: list[set[str]],
) -> list[pl.Series]:
    """The bits of windows: each is asked once per clock, hours of one's own, and combo.

    `alive`: by combo, the keys of its live rules.
    """
    clocks = table.units(rows, ["z", "nz", "sig", "voice"])
    kinds = clocks.keys.rows()
    pairs = (rows["combo"].cast(pl.UInt32) * len(kinds) + clocks.of).rename("pair")
    asked = pairs.unique()
    live = [[rule.key in keys for _, rule in windows] for keys in alive]
    shut: dict[int, dict[int, int]] = {}
    bits: list[list[int]] = []
    for pair in asked.to_list():
        combo, clock_ = divmod(pair, len(kinds))
        z, nz, sig, voice = kinds[clock_]
        known = shut.setdefault(clock_, {})
        found = [0] * len(windows)
        for at, asks in enumerate(live[combo]):
            if asks:
                if at not in known:
                    rule, zone = windows[at][1], table.zones[z]
                    known[at] = CODE[table.hourglass.bit(rule, zone, nz, sig, voice)]
                found[at] = known[at]
        bits.append(found)
    names = [f"b{number}" for number, _ in windows]
    codes = pl.DataFrame(bits, schema=dict.fromkeys(names, pl.UInt8), orient="row")
    codes = codes.with_columns(asked)
    told = pairs.to_frame().join(codes, on="pair", how="left", maintain_order="left")
    return [told[name] for name in names]


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
    if body.since is not None:
        return _plainly(table, rows, rule, _begun(table, rows, body.since, judged))
    if not tally.columnar(body.counting, body.within):
        return _plainly(table, rows, rule, judged)
    maximum = maximum_of(rule)
    found = _empty(rows)
    at = judged.arg_true()
    if not len(at):
        return found
    wanted = rows.select("r", "z", "combo")[at]
    units = table.units(wanted, [*tally.unit_of(body.per), "z"])
    tallied = tally.used(
        table.near, table.calendar, body.counting, body.within, body.per, maximum, units
    ).hstack(wanted)
    reached = (pl.col("used") + 1 > maximum) & pl.col("combo").is_in(counts)
    tallied = tallied.with_columns(table.calendar.starts("free_day").alias("free")).select(
        reached.cast(pl.UInt8).alias("bit"),
        "used",
        pl.when(reached).then("free").otherwise(None).alias("free"),
    )
    found = _scatter(found, at, tallied)
    if tally.by_viewer(body.counting, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    if isinstance(body.max, Agreed) or body.agreed_within is not None:
        agreeing = files_with(table, "agrees_to_messages")
        found = _override(table, rows, rule, judged, found, agreeing)
    if "household" in body.per:
        found = _scatter_plain(table, rows, rule, judged & _outside(rows), found)
    files = _consenting(table, body.counting.not_, body.within)
    if maximum > 0:  # consent only ever takes away from what is counted
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
    elsewhere = {"household", "workplace"} & set(body.per)  # units that a contact may not have
    dated = body.after.of_dates and body.until is None and not elsewhere
    if not dated and not tally.columnar(body.after, None):
        return _plainly(table, rows, rule, _begun(table, rows, body.after, judged))
    found = _empty(rows)
    at = judged.arg_true()
    if "workplace" in body.per:
        at = at.filter(rows["kind"].gather(at).is_in(sorted(MAYBE_WORK)))
    wanted = rows.select("r", "a", "z", "combo")[at]
    if dated:
        met = _dates(table, body, wanted)
    else:
        units = table.units(wanted, tally.unit_of(body.per))
        met = wanted.with_columns(tally.latest(table.near, body, units).alias("event"))
        met = met.with_columns(table.calendar.day("event").alias("day"))
    if body.until is not None or body.for_ is None:  # whether it ended is looked into one by one
        begun = pl.repeat(value=False, n=len(rows), eager=True)
        begun = begun.scatter(at, met["event"].is_not_null())
        if tally.by_viewer(body.after, body.per):
            begun = begun | (judged & rows["fp"].is_in(table.apart.implode()))
        if "household" in body.per:
            begun = begun | (judged & _outside(rows))
        return _plainly(table, rows, rule, begun)
    if body.for_.unit == "hour":
        met = met.with_columns((pl.col("event") + timedelta(hours=body.for_.count)).alias("free"))
    else:
        free = tally.first_free(body, met["day"])
        met = met.with_columns(free.alias("free_day")).with_columns(
            table.calendar.starts("free_day").alias("free")
        )
    ends = {n: clock.day_bounds(table.prepared.day, zone)[1] for n, zone in enumerate(table.zones)}
    end = pl.col("z").replace_strict(ends, return_dtype=pl.Datetime("us", "UTC"))
    exempt = [n for n in live if rule.key in combos[n].exempt]
    running = ((pl.col("free") >= end) & ~pl.col("combo").is_in(exempt)).fill_null(value=False)
    unknown = pl.col("event").is_null() if dated else pl.lit(value=False)
    met = met.select(
        pl.when(unknown)
        .then(UNKNOWN)
        .otherwise(running.cast(pl.UInt8))
        .cast(pl.UInt8)
        .alias("bit"),
        pl.lit(None, dtype=pl.UInt32).alias("used"),
        pl.when(pl.col("combo").is_in(exempt)).then(None).otherwise("free").alias("free"),
    )
    found = _scatter(found, at, met)
    if tally.by_viewer(body.after, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    if "household" in body.per:
        found = _scatter_plain(table, rows, rule, judged & _outside(rows), found)
    judged = judged & found["free"].is_not_null()  # without an event consent changes nothing
    for entries, period in ((body.exempt, Period(0, "day")), (body.after.not_, None)):
        files = _consenting(table, entries, period)
        found = _override(table, rows, rule, judged, found, files)
    return found


def _dates(table: Table, body: Wait, wanted: pl.DataFrame) -> pl.DataFrame:
    """The date of the account a wait runs from, as an instant and a day: `event`, `day`."""
    day = table.prepared.accounts[body.after.what].gather(wanted["a"])
    found = wanted.with_columns(day.alias("day"))
    return found.with_columns(table.calendar.starts("day").alias("event"))


def _begun(table: Table, rows: pl.DataFrame, event: Selector, judged: pl.Series) -> pl.Series:
    """Of the rows judged, those in whose file a statement is that something runs from."""
    if event.of_contacts or event.of_dates:
        return judged
    return judged & rows["fp"].is_in(files_with(table, event.what).implode())


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
    return _scatter_plain(table, rows, rule, judged & rows["fp"].is_in(files.implode()), found)


def _outside(rows: pl.DataFrame) -> pl.Series:
    """Rows of contacts with somebody outside the household, who is a unit of his own."""
    return ~rows["whom"].is_in(list(HOUSEHOLD))


def _scatter_plain(
    table: Table, rows: pl.DataFrame, rule: Rule, mask: pl.Series, found: pl.DataFrame
) -> pl.DataFrame:
    at = mask.arg_true()
    return _scatter(found, at, _counts(table, rows[at], rule)) if len(at) else found


def _plainly(table: Table, rows: pl.DataFrame, rule: Rule, judged: pl.Series) -> pl.DataFrame:
    """A rule that columns cannot count: the plain function, row by row."""
    return _scatter_plain(table, rows, rule, judged, _empty(rows))


def _counts(table: Table, rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    bit, used, free = list[int](), list[int | None](), list[datetime | None]()
    for key, view in zip(rows.select("i", "z").iter_rows(), table.views(rows), strict=True):
        count = asking.bit(view, rule, view.debts[0], (view.zone,))
        if count.excused or count.agreed:
            said = Said(count.excused, count.agreed, count.maximum)
            table.said.setdefault(rule.id, {})[key] = said
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
