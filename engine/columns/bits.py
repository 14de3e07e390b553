"""The bit of one window, limit or wait for all rows of a part, with the counts behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from .levels import Codes
from .prepare import files_of
from .spoken import files_with
from .statuses import UNKNOWN
from .table import CODE, Said, Table

INSTANT = pl.Datetime("us", "UTC")


def all_bits(
    table: Table, rows: pl.DataFrame, rules: Sequence[Rule], combos: list[Combo]
) -> tuple[pl.DataFrame, list[Codes], dict[str, pl.Series]]:
    """The bits of rules, in their order, and where rows stand on the level of windows.

    Rows gain the bits of limits and waits (b0, b1, ...), what is used (u) and when free (v).
    """
    windows = [rule for rule in rules if isinstance(rule.body, Window)]
    alive = [one.timed for one in combos]
    clocks, shut = _windows(table, rows, windows, alive) if windows else (None, [])
    bits: list[Codes] = []
    counted: list[pl.Series] = []
    for number, rule in enumerate(rules):
        if isinstance(rule.body, Window):
            bits.append(Codes("clock", shut[windows.index(rule)]))
            continue
        live = [n for n, keys in enumerate(alive) if rule.key in keys]
        if isinstance(rule.body, Limit):
            found = _limit(table, rows, rule, rule.body, combos, live)
        else:
            assert isinstance(rule.body, Wait)
            found = _wait(table, rows, rule, rule.body, combos, live)
        bits.append(Codes("row", found["bit"]))
        for letter, name in (("b", "bit"), ("u", "used"), ("v", "free")):
            counted.append(found[name].alias(f"{letter}{number}"))
    return rows.hstack(counted), bits, {} if clocks is None else {"clock": clocks}


def _windows(
    table: Table, rows: pl.DataFrame, windows: Sequence[Rule], alive: Sequence[Mapping[str, Rule]]
) -> tuple[pl.Series, list[pl.Series]]:
    """The bits of windows, asked once per clock, hours of one's own, and combo; each row's place.

    `alive`: by combo, its live rules by key.
    """
    clocks = table.units(rows, ["z", "nz", "sig", "voice"])
    kinds = table.once("clocks", clocks.keys.rows)
    pairs = rows["combo"].cast(pl.UInt32) * len(kinds) + clocks.of
    asked = pairs.unique()
    live = [[rule.key in keys for rule in windows] for keys in alive]
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
                    rule, zone = windows[at], table.zones[z]
                    known[at] = CODE[table.hourglass.bit(rule, zone, nz, sig, voice)]
                found[at] = known[at]
        bits.append(found)
    places = pl.zeros(len(alive) * len(kinds), dtype=pl.UInt32, eager=True)
    places = places.scatter(asked, pl.int_range(len(asked), dtype=pl.UInt32, eager=True))
    columns = zip(*bits, strict=True) if bits else ([] for _ in windows)
    return places[pairs], [pl.Series(one, dtype=pl.UInt8) for one in columns]


def _empty(rows: pl.DataFrame) -> pl.DataFrame:
    """A bit that does not refuse, nothing used, nothing to wait for."""
    height = len(rows)
    return pl.DataFrame(
        [
            pl.zeros(height, dtype=pl.UInt8, eager=True).alias("bit"),
            pl.repeat(None, height, dtype=pl.UInt32, eager=True).alias("used"),
            pl.repeat(None, height, dtype=INSTANT, eager=True).alias("free"),
        ]
    )


def _of_combos(rows: pl.DataFrame, combos: list[Combo], chosen: Sequence[int]) -> pl.Series:
    """Which rows are of these combos."""
    found = [False] * len(combos)
    for number in chosen:
        found[number] = True
    return pl.Series(found, dtype=pl.Boolean)[rows["combo"]]


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
    judged = _of_combos(rows, combos, counts + exempt)
    if body.since is not None:
        return _plainly(table, rows, rule, _begun(table, rows, body.since, judged))
    if not tally.columnar(body.counting, body.within):
        return _plainly(table, rows, rule, judged)
    if not judged.any():
        return _empty(rows)
    maximum = maximum_of(rule)
    units, contacts = table.counts(rows, body.counting, body.per, body.within)
    day = table.prepared.day
    tallied = tally.used(table.calendar, day, body.within, maximum, contacts, units)
    none = pl.repeat(None, len(units.keys), dtype=INSTANT, eager=True)
    nothing = pl.zeros(len(units.keys), dtype=pl.UInt32, eager=True)
    used = nothing.scatter(tallied["u"], tallied["used"])[units.of]
    bound = _of_combos(rows, combos, counts)
    reached = (used + 1 > maximum) & bound
    full = tallied.filter(tallied["used"] + 1 > maximum)
    if len(full):
        full = full.with_columns(units.keys["z"][full["u"]].alias("z"))
        free = full.select(table.calendar.starts("free_day").alias("free"))["free"]
        none = none.scatter(full["u"], free)
    freed = none[units.of]
    found = pl.DataFrame(
        [
            reached.cast(pl.UInt8).alias("bit"),
            used.set(~judged, None).alias("used"),
            freed.set(~bound, None).alias("free"),
        ]
    )
    if tally.by_viewer(body.counting, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    if isinstance(body.max, Agreed) or body.agreed_within is not None:
        agreeing = files_with(table, "agrees_to_messages")
        found = _override(table, rows, rule, judged, found, agreeing)
    if "household" in body.per:
        found = _scatter_plain(table, rows, rule, judged & _outside(table, rows), found)
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
    judged = _of_combos(rows, combos, live)
    elsewhere = {"household", "workplace"} & set(body.per)  # units that a contact may not have
    dated = body.after.of_dates and body.until is None and not elsewhere
    if not dated and not tally.columnar(body.after, None):
        return _plainly(table, rows, rule, _begun(table, rows, body.after, judged))
    if not judged.any():
        return _empty(rows)
    met = _dates(table, body, rows, judged) if dated else _events(table, body, rows, judged)
    at = met["at"]
    if body.until is not None or body.for_ is None:  # whether it ended is looked into one by one
        begun = pl.repeat(value=False, n=len(rows), eager=True).scatter(at, True)
        if tally.by_viewer(body.after, body.per):
            begun = begun | (judged & table.among(table.apart).gather(rows["fp"]))
        if "household" in body.per:
            begun = begun | (judged & _outside(table, rows))
        return _plainly(table, rows, rule, begun)
    if body.for_.unit == "hour":
        met = met.with_columns((pl.col("event") + timedelta(hours=body.for_.count)).alias("free"))
    else:
        free = tally.first_free(body, met["day"])
        met = met.with_columns(free.alias("free_day")).with_columns(
            table.calendar.starts("free_day").alias("free")
        )
    exempt = _of_combos(rows, combos, [n for n in live if rule.key in combos[n].exempt])[at]
    running = (met["free"] >= _day_ends(table)[met["z"]]).fill_null(value=False) & ~exempt
    bit = running.cast(pl.UInt8).set(met["event"].is_null(), UNKNOWN)
    found = _empty(rows)
    found = pl.DataFrame(
        [
            found["bit"].scatter(at, bit),
            found["used"],
            found["free"].scatter(at, met["free"].set(exempt, None)),
        ]
    )
    if tally.by_viewer(body.after, body.per):
        found = _override(table, rows, rule, judged, found, table.apart)
    if "household" in body.per:
        found = _scatter_plain(table, rows, rule, judged & _outside(table, rows), found)
    judged = judged & found["free"].is_not_null()  # without an event consent changes nothing
    for entries, period in ((body.exempt, Period(0, "day")), (body.after.not_, None)):
        files = _consenting(table, entries, period)
        found = _override(table, rows, rule, judged, found, files)
    return found


def _day_ends(table: Table) -> pl.Series:
    """When the day asked ends, by zone."""
    ends = [clock.day_bounds(table.prepared.day, zone)[1] for zone in table.zones]
    return pl.Series(ends, dtype=INSTANT)


def _dates(table: Table, body: Wait, rows: pl.DataFrame, judged: pl.Series) -> pl.DataFrame:
    """The date of the account a wait runs from: position (at) and zone of each row judged, event.

    As an instant and a day, null where nobody knows it.
    """
    at = judged.arg_true()
    day = table.prepared.accounts[body.after.what][rows["a"][at]]
    found = pl.DataFrame([at.alias("at"), rows["z"][at], day.alias("day")])
    return found.with_columns(table.calendar.starts("day").alias("event"))


def _events(table: Table, body: Wait, rows: pl.DataFrame, judged: pl.Series) -> pl.DataFrame:
    """The contact a wait runs from: at, z, event, day, of the rows judged that have one."""
    units, contacts = table.counts(rows, body.after, body.per, None)
    known = tally.latest(body, contacts)
    none = pl.repeat(None, len(units.keys), dtype=INSTANT, eager=True)
    event = none.scatter(known["u"], known["event"])[units.of]
    met = judged & event.is_not_null()
    if "workplace" in body.per:
        at_work = table.ways["kind"].is_in(sorted(MAYBE_WORK))
        met = met & at_work.gather(rows["tc"])
    at = met.arg_true()
    found = pl.DataFrame([at.alias("at"), rows["z"][at], event[at].alias("event")])
    return found.with_columns(table.calendar.day("event").alias("day"))


def _begun(table: Table, rows: pl.DataFrame, event: Selector, judged: pl.Series) -> pl.Series:
    """Of the rows judged, those in whose file a statement is that something runs from."""
    if event.of_contacts or event.of_dates:
        return judged
    return judged & table.among(files_with(table, event.what)).gather(rows["fp"])


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
    told = ("consents_to_call", "asks_to_be_called")
    return table.once(("consenting", since), lambda: files_of(table.prepared, told, since))


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
    return _scatter_plain(table, rows, rule, judged & table.among(files).gather(rows["fp"]), found)


def _outside(table: Table, rows: pl.DataFrame) -> pl.Series:
    """Rows of contacts with somebody outside the household, who is a unit of his own."""
    return ~table.ways["whom"].is_in(list(HOUSEHOLD)).gather(rows["tc"])


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
        schema={"bit": pl.UInt8, "used": pl.UInt32, "free": INSTANT},
    )


def maximum_of(rule: Rule) -> int:
    """A limit's number in law."""
    assert isinstance(rule.body, Limit)
    return rule.body.max.law if isinstance(rule.body.max, Agreed) else rule.body.max  # type: ignore[return-value]  # whole numbers, in a limit
