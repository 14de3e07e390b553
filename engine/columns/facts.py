"""The facts of all rows of a part: columns, then the plain function where that must speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Final, TypeGuard

import polars as pl

from .. import days
from ..facts import asking
from ..rule import Ask, Happened, Selector
from . import tally
from .combos import Combo
from .counted import OF_DEBT
from .email import route_chain, route_consumer, route_creditor, safe_harbour, text_routes
from .levels import Codes
from .lookup import COLUMNS, doubtful
from .prepare import Prepared, once
from .selected import doubted
from .spoken import FACTS_OF, files_with
from .statuses import UNKNOWN, YES, Column
from .table import CODE, Table

ALL_COLUMNS: dict[str, Column] = {
    **COLUMNS,
    "email_route_consumer": route_consumer,
    "email_route_creditor": route_creditor,
    "email_route_chain": route_chain,
    "safe_harbour": safe_harbour,
}
OF_ACCOUNT = frozenset(
    {
        "fdcpa_covered", "account_open", "hospital_debt", "secured", "cosigned",
        "judgment_entered", "held_by_debt_buyer", "collector_type_is", "lender_licence_is",
        "days_past_due_over", "original_amount_over", "ceased", "represented",
        "attorney_consents", "attorney_silent", "disputed", "dispute_open",
        "duplicative_dispute_open", "dispute_is_partial", "original_creditor_request_open",
        "initial_communication_made", "identity_theft_claimed", "tax_ineligible",
        "bankruptcy_stay", "codebtor_stay", "discharged", "hold_is", "deceased", "active_duty",
        "location_known", "electronic_statements_consented",
    }
)  # fmt: skip
"""Facts that every candidate of an account shares: looked up once per account, then gathered.
The other columns are looked up once per point and channel."""


def facts(table: Table, rows: pl.DataFrame, asks: list[Ask], combos: list[Combo]) -> list[Codes]:
    """The codes of each ask on the level it lives on; of some rows the plain function speaks.

    Nothing is masked: what no live rule of a row's combo asks is there all the same (`laid_out`).
    """
    known = [_of_account(table, ask) or _of_way(table, ask) or _of_zone(table, ask) for ask in asks]
    left = {n: at for n, ask in enumerate(asks) if len(at := _left(table, rows, ask, combos))}
    if left:
        table.fetch(pl.concat([rows["i"][at] for at in left.values()]))
    none = pl.zeros(len(rows), dtype=pl.UInt8, eager=True)
    found = []
    for n, (ask, codes) in enumerate(zip(asks, known, strict=True)):
        one = codes or Codes("row", none)
        if n in left:
            one = replace(one, apart=(left[n], _plainly(table, rows[left[n]], ask)))
        found.append(one)
    return found


def places_of(table: Table, rows: pl.DataFrame) -> dict[str, pl.Series]:
    """Where these rows stand on each level (`levels`)."""
    return {
        "account": rows["a"],
        "way": rows["tc"],
        "zone": rows["a"] * len(table.zones) + rows["z"],
        "candidate": rows["i"],
        "row": pl.int_range(len(rows), dtype=pl.UInt32, eager=True),
    }


def _of_account(table: Table, ask: Ask) -> Codes | None:
    """The codes of a fact that every candidate of an account shares, by account."""
    prepared = table.prepared
    made: Callable[[], pl.Series] | None = None
    asked = ask.parameter
    if ask.fact in OF_ACCOUNT:
        made = partial(ALL_COLUMNS[ask.fact], prepared, prepared.accounts, ask)
    elif isinstance(asked, Happened):
        if _columnar_happened(asked) and _ever(_plainest(asked)):
            made = partial(_happened_ever, table, asked)
        elif _simply_dated(asked):
            made = partial(_dated, table, asked)
    return None if made is None else Codes("account", table.once(("account", ask), made))


def _of_way(table: Table, ask: Ask) -> Codes | None:
    """The codes of a fact that hangs on the point and the channel, by way."""
    made: Callable[[], pl.Series] | None = None
    if ask.fact == "special_line_is":
        made = partial(_special_line, table, ask)
    elif ask.fact in ALL_COLUMNS and ask.fact not in OF_ACCOUNT:
        made = partial(ALL_COLUMNS[ask.fact], table.prepared, table.ways, ask)
    return None if made is None else Codes("way", table.once(("way", ask), made))


def _of_zone(table: Table, ask: Ask) -> Codes | None:
    """The codes of a fact that hangs on the clock or the places, by account and zone or candidate.

    None: no other fact has a column, and the plain function speaks of it.
    """
    asked = ask.parameter
    if isinstance(asked, Happened) and _columnar_happened(asked):
        return Codes("zone", table.once(("zone", ask), lambda: _happened(table, _plainest(asked))))
    if ask.fact in ("time_barred", "known_time_barred"):
        return Codes("candidate", time_barred(table, ask))
    return None


def _left(table: Table, rows: pl.DataFrame, ask: Ask, combos: list[Combo]) -> pl.Series:
    """Which rows' answers are left to the plain function: those the columns cannot tell."""
    files = table.once(("doubted", ask), lambda: _doubted(table, ask))
    if files is not None and not len(files):
        return NOBODY
    wanted = pl.Series([ask in one.needed for one in combos], dtype=pl.Boolean)[rows["combo"]]
    if files is not None:
        wanted = wanted & table.among(files).gather(rows["fp"])
    return wanted.arg_true()


def _plainly(table: Table, rows: pl.DataFrame, ask: Ask) -> pl.Series:
    values = [CODE[asking.value(view, ask, view.debts[0])] for view in table.views(rows)]
    return pl.Series(values, dtype=pl.UInt8)


NOBODY: Final = pl.Series([], dtype=pl.UInt32)


def _doubted(table: Table, ask: Ask) -> pl.Series | None:
    """Files (fp) whose answer is left to the plain function; None: everybody's."""
    if ask.fact == "safe_harbour":
        return text_routes(table.prepared)[1]
    if ask.fact == "initial_communication_made":
        return table.apart
    if ask.fact in ALL_COLUMNS:
        files = doubtful(table.prepared, ask.fact)
        return NOBODY if files is None else files
    if ask.fact in FACTS_OF:
        return files_with(table, *FACTS_OF[ask.fact])
    if isinstance(ask.parameter, Happened):
        return _doubted_events(table, ask.parameter)
    known = ("time_barred", "known_time_barred", "special_line_is")
    return NOBODY if ask.fact in known else None


def _doubted_events(table: Table, asked: Happened) -> pl.Series | None:
    if _columnar_happened(asked):
        told = [one.what for one in (asked.since, asked.unless_followed) if _statement(one)]
        files = [files_with(table, kind) for kind in told]
        if tally.by_viewer(asked.event):
            files.append(table.apart)
        return pl.concat(files).unique() if files else NOBODY
    if _simply_dated(asked):
        return NOBODY
    if not asked.event.of_contacts and not asked.event.of_dates:
        return files_with(table, asked.event.what)
    return None


def time_barred(table: Table, ask: Ask) -> pl.Series:
    """`statuses.time_barred` with the shortest period of a candidate's places, by candidate."""
    return table.once(("candidate", ask), lambda: _time_barred(table, ask))


def _time_barred(table: Table, ask: Ask) -> pl.Series:
    frame = table.cand.select("a", "years", "sure")
    value: pl.Expr = pl.lit(UNKNOWN)
    for one in sorted(one for one in frame["years"].unique().to_list() if one is not None):
        run = _period_run(table.prepared, one)[frame["a"]]
        late = _paid_late(table.prepared, one)[frame["a"]]
        open_ = pl.when(pl.col("sure") & run.is_not_null() & ~late).then(0).otherwise(UNKNOWN)
        here = pl.when(run).then(1).otherwise(open_)
        value = pl.when(pl.col("years") == one).then(here).otherwise(value)
    found = frame.with_columns(value.cast(pl.UInt8).alias("x"))["x"]
    return (found == 1).cast(pl.UInt8) if ask.fact == "known_time_barred" else found


@once
def _period_run(prepared: Prepared, years: int) -> pl.Series:
    """Of every account, whether so many years have passed since it began; null: nobody knows."""
    # columns without one value are held as one null, and a year later they would be one row
    dates = pl.DataFrame([prepared.accounts[name] for name in ("last_payment", "defaulted")])
    began = pl.max_horizontal("last_payment", "defaulted")
    return dates.select((began < run_before(prepared.day, years)).alias("run"))["run"]


@once
def _paid_late(prepared: Prepared, years: int) -> pl.Series:
    """Of every account, whether so many years lay between default and last payment."""
    dates = pl.DataFrame([prepared.accounts[name] for name in ("last_payment", "defaulted")])
    ended = tally.months_later(pl.col("defaulted"), 12 * years)
    late = (pl.col("last_payment") > ended).fill_null(value=False)
    return dates.select(late.alias("late"))["late"]


def run_before(day: date, years: int) -> date:
    """The first day of which so many years have not passed on a day: all before it are longer ago.

    The same day of another year; one that does not exist is the next (`days.add_months`).
    """
    found = days.add_months(day, -12 * years)
    while days.add_months(found - timedelta(days=1), 12 * years) >= day:
        found -= timedelta(days=1)
    return found


def _columnar_happened(asked: Happened) -> bool:
    """Contacts on record ever, within a period, longer ago, or since a date of the account.

    A statement they are reckoned since, or followed by, is looked into where there is one.
    """
    periods = (asked.within, asked.older_than)
    known = all(one is None or one.unit in tally.COLUMNAR_UNITS for one in periods)
    since = asked.since is None or asked.since.of_dates or _statement(asked.since)
    whole = known and since and (asked.unless_followed is None or _statement(asked.unless_followed))
    consent = any("in_call_consent" in one.words for one in asked.event.not_)
    first = asked.event.which == "first"
    return whole and not consent and not first and tally.columnar(asked.event, None)


def _statement(event: Selector | None) -> TypeGuard[Selector]:
    return event is not None and not event.of_contacts and not event.of_dates


def _plainest(asked: Happened) -> Happened:
    """The same where no statement is that it is reckoned since, or followed by."""
    since = None if _statement(asked.since) else asked.since
    return replace(asked, since=since, unless_followed=None)


def _ever(asked: Happened) -> bool:
    return asked.since is None and asked.within is None and asked.older_than is None


def _met(table: Table, asked: Happened) -> pl.DataFrame:
    """Contacts on record, by debt and zone: a, z, at, and whether they are met maybe (`open`).

    One that names no debt may be about each of the person's; one without a result may be no such.
    """
    prepared, event = table.prepared, asked.event
    units, rows = table.counts(table.rows, event, OF_DEBT, asked.within)
    links = prepared.talked if event.debts == "discussed" else prepared.charged
    a = units.keys["a"].gather(rows["u"])
    vague = (links.count.gather(rows["h"]) == 0) & ~prepared.accounts["single"].gather(a)
    maybe = doubted(prepared, event).gather(rows["k"]) | vague
    return pl.DataFrame([a, units.keys["z"].gather(rows["u"]), rows["at"], maybe.alias("open")])


def _happened_ever(table: Table, asked: Happened) -> pl.Series:
    """`_happened` whenever it was, by account."""
    return _told(_met(table, asked), pl.col("a"), len(table.prepared.accounts))


def _told(met: pl.DataFrame, place: pl.Expr, places: int) -> pl.Series:
    """Yes where a contact is surely met, unknown where one is met maybe, no everywhere else."""
    code = pl.zeros(places, dtype=pl.UInt8, eager=True)
    found = met.select(place.alias("place"), "open")
    code = code.scatter(found["place"].filter(found["open"]), UNKNOWN)
    return code.scatter(found["place"].filter(~found["open"]), YES)


def _simply_dated(asked: Happened) -> bool:
    """A date of the account, ever, within a period or longer ago."""
    periods = (asked.within, asked.older_than)
    known = all(one is None or one.unit in tally.COLUMNAR_UNITS for one in periods)
    return asked.event.of_dates and known and asked.since is None and asked.unless_followed is None


def _dated(table: Table, asked: Happened) -> pl.Series:
    """`counting.happened` for a date of the account: it begins on that day in every zone."""
    day = table.prepared.day
    past = pl.col(asked.event.what)
    met = (past <= day) & counted_on(asked, day, past)
    return table.prepared.accounts.select(
        pl.when(past.is_null()).then(UNKNOWN).otherwise(met.cast(pl.UInt8)).cast(pl.UInt8)
    ).to_series()


def counted_on(asked: Happened, day: date, past: pl.Expr) -> pl.Expr:
    """Whether a past local day fits the periods asked."""
    met = tally.counts_on(asked.within, day, past)
    if asked.older_than is not None:
        met = met & (pl.lit(day) - past > timedelta(days=asked.older_than.count))
    return met


def _special_line(table: Table, ask: Ask) -> pl.Series:
    asked = ask.parameter if isinstance(ask.parameter, tuple) else (str(ask.parameter),)
    lines = table.prepared.points["special_line"].is_in(asked).fill_null(value=False)
    return lines.cast(pl.UInt8).gather(table.ways["t"])


def _happened(table: Table, asked: Happened) -> pl.Series:
    """`counting.happened` for contacts: yes where a debt is named, unknown where none is.

    By account and zone.
    """
    met = _met(table, asked)
    since = asked.since.what if asked.since is not None else None
    if since is not None:
        dates = table.prepared.accounts[since][met["a"]]
        calendar = tally.Calendar(table.zones, *_span(dates, table.prepared.day))
        # a date to come has not begun: ever, then
        met = met.with_columns(dates.set(dates > table.prepared.day, None).alias("since"))
        floor = calendar.starts("since")
        met = met.filter(floor.is_null() | (pl.col("at") >= floor))
    if asked.within is not None or asked.older_than is not None:
        met = met.with_columns(table.calendar.day().alias("day"))
        met = met.filter(counted_on(asked, table.prepared.day, pl.col("day")))
    count = len(table.zones)
    return _told(met, pl.col("a") * count + pl.col("z"), len(table.prepared.accounts) * count)


def _span(dates: pl.Series, today: date) -> tuple[date, date]:
    """From the first of these days, or today, to the last."""
    known = [one for one in (dates.min(), dates.max(), today) if isinstance(one, date)]
    return min(known), max(known)
