"""The facts of all rows of a part: columns, then the plain function where that must speak."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final, TypeGuard

import polars as pl

from ..facts import asking
from ..rule import Ask, Happened, Selector
from . import tally
from .combos import Combo
from .email import route_chain, route_consumer, route_creditor, safe_harbour, text_routes
from .lookup import COLUMNS, doubtful
from .prepare import Prepared, once
from .selected import selected, unclear
from .spoken import FACTS_OF, files_with
from .statuses import UNKNOWN, Column
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


def facts(table: Table, rows: pl.DataFrame, asks: list[Ask], combos: list[Combo]) -> pl.DataFrame:
    """One column per ask (f0, f1, ...): its column, then the plain function where that must speak.

    What no live rule of a row's combo asks is unknown there: it splits no situation.
    """
    if not asks:
        return pl.DataFrame()
    wanted = _wanted(rows, asks, combos)
    found: dict[str, pl.Series] = {}
    for level, number in (("a", _of_account), ("tc", _of_way)):
        known = {f"f{n}": number(table, ask) for n, ask in enumerate(asks)}
        codes = {name: one for name, one in known.items() if one is not None and name not in found}
        if codes:
            found |= {one.name: one for one in pl.DataFrame(codes)[rows[level]]}
    left = {n: _left(table, rows, ask, wanted[f"w{n}"]) for n, ask in enumerate(asks)}
    everybody = pl.concat(left.values()).unique()
    table.groups(rows["consumer"].gather(everybody).unique().to_list())  # fetched in one go
    for n, ask in enumerate(asks):
        if f"f{n}" not in found:
            found[f"f{n}"] = _of_row(table, rows, ask)
        if len(left[n]):
            found[f"f{n}"] = found[f"f{n}"].scatter(left[n], _plainly(table, rows[left[n]], ask))
    frame = pl.DataFrame([found[f"f{n}"].alias(f"f{n}") for n in range(len(asks))])
    unknown = pl.lit(UNKNOWN, dtype=pl.UInt8)
    return wanted.hstack(frame).select(
        pl.when(f"w{n}").then(f"f{n}").otherwise(unknown).alias(f"f{n}") for n in range(len(asks))
    )


def _wanted(rows: pl.DataFrame, asks: list[Ask], combos: list[Combo]) -> pl.DataFrame:
    """Per ask (w0, w1, ...) the rows of combos for which it still matters."""
    columns = {f"w{n}": [ask in one.needed for one in combos] for n, ask in enumerate(asks)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Boolean))[rows["combo"]]


def _of_account(table: Table, ask: Ask) -> pl.Series | None:
    """The codes of a fact that every candidate of an account shares, by account."""
    prepared = table.prepared
    if ask.fact in OF_ACCOUNT:
        return table.once(
            ("account", ask), lambda: ALL_COLUMNS[ask.fact](prepared, prepared.accounts, ask)
        )
    asked = ask.parameter
    if isinstance(asked, Happened) and _columnar_happened(asked) and _ever(_plainest(asked)):
        return table.once(("account", ask), lambda: _happened_ever(table, asked))
    if isinstance(asked, Happened) and _simply_dated(asked):
        return table.once(("account", ask), lambda: _dated(table, asked))
    return None


def _of_way(table: Table, ask: Ask) -> pl.Series | None:
    """The codes of a fact that hangs on the point and the channel, by way."""
    if ask.fact == "special_line_is":
        return table.once(("way", ask), lambda: _special_line(table, ask))
    if ask.fact not in ALL_COLUMNS or ask.fact in OF_ACCOUNT:
        return None
    return table.once(("way", ask), lambda: ALL_COLUMNS[ask.fact](table.prepared, table.ways, ask))


def _of_row(table: Table, rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """The codes of any other fact, row by row; where the plain function speaks, no."""
    if isinstance(ask.parameter, Happened) and _columnar_happened(ask.parameter):
        return _happened(table, rows, _plainest(ask.parameter))
    if ask.fact in ("time_barred", "known_time_barred"):
        return time_barred(table, rows, ask)
    return pl.zeros(len(rows), dtype=pl.UInt8, eager=True)


def _left(table: Table, rows: pl.DataFrame, ask: Ask, wanted: pl.Series) -> pl.Series:
    """Which rows' answers are left to the plain function: those the columns cannot tell."""
    files = table.once(("doubted", ask), lambda: _doubted(table, ask))
    if files is not None:
        if not len(files):
            return NOBODY
        wanted = wanted & rows["fp"].is_in(files.implode())
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


def time_barred(table: Table, rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.time_barred` with the shortest period of the candidate's places."""
    frame = rows.select("a", "years", "sure")
    value: pl.Expr = pl.lit(UNKNOWN)
    for one in sorted(one for one in frame["years"].unique().to_list() if one is not None):
        run = _period_run(table.prepared, one).gather(rows["a"])
        open_ = pl.when(pl.col("sure") & run.is_not_null()).then(0).otherwise(UNKNOWN)
        here = pl.when(run).then(1).otherwise(open_)
        value = pl.when(pl.col("years") == one).then(here).otherwise(value)
    found = frame.with_columns(value.cast(pl.UInt8).alias("x"))["x"]
    return (found == 1).cast(pl.UInt8) if ask.fact == "known_time_barred" else found


@once
def _period_run(prepared: Prepared, years: int) -> pl.Series:
    """Of every account, whether so many years have passed since it began; null: nobody knows."""
    ends = tally.months_later(pl.max_horizontal("last_payment", "defaulted"), 12 * years)
    # columns without one value are held as one null, and a year later they would be one row
    dates = pl.DataFrame([prepared.accounts[name] for name in ("last_payment", "defaulted")])
    return dates.select((pl.lit(prepared.day) > ends).alias("run"))["run"]


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


def _named(prepared: Prepared, asked: Happened) -> pl.DataFrame:
    """What contacts are on record, by debt: a, at, and whether that is `open`, for all we know.

    One that names no debt may be about each of the person's; one without a result may be no such.
    """
    found = selected(prepared, asked.event, tally.reach_back(asked.within, prepared.day))
    links = prepared.talked if asked.event.debts == "discussed" else prepared.charged
    open_ = unclear(asked.event).alias("open")
    found = found.select("h", "fp", "at", "collector", open_)  # counts are per collector
    accounts = prepared.accounts.select("a", "fp", "collector", "single")
    named = links.beside(found).drop_nulls("a")
    named = named.filter(accounts["collector"].gather(named["a"]) == named["collector"])
    named = named.select("a", "at", "open")
    vague = links.silent(found).join(accounts, on=["fp", "collector"])
    open_ = (pl.col("open") | ~pl.col("single")).alias("open")
    return pl.concat([named, vague.select("a", "at", open_)])


def _happened_ever(table: Table, asked: Happened) -> pl.Series:
    """`_happened` whenever it was, by account."""
    found = _named(table.prepared, asked)
    sure = found.filter(~pl.col("open"))["a"].unique()
    maybe = found.filter("open")["a"].unique()
    yes, near = pl.col("a").is_in(sure.implode()), pl.col("a").is_in(maybe.implode())
    code = pl.when(yes).then(1).when(near).then(UNKNOWN).otherwise(0).cast(pl.UInt8)
    return table.prepared.accounts.select(code.alias("x"))["x"]


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


def _happened(table: Table, rows: pl.DataFrame, asked: Happened) -> pl.Series:
    """`counting.happened` for contacts: yes where a debt is named, unknown where none is."""
    prepared = table.near
    found = _named(prepared, asked)
    accounts = prepared.accounts
    everyone = rows.select("a", "z")
    one = everyone.unique(["a", "z"], maintain_order=True)
    since = asked.since.what if asked.since is not None else None
    if since is not None:
        days = accounts[since].gather(one["a"])
        calendar = tally.Calendar(table.zones, *_span(days, prepared.day))
        # a date to come has not begun: ever, then
        one = one.with_columns(days.set(days > prepared.day, None).alias("since"))
        one = one.with_columns(calendar.starts("since").alias("floor")).drop("since")
    sure = _on_record(table, asked, one, found.filter(~pl.col("open")))
    maybe = _on_record(table, asked, one, found.filter("open"))
    keys = ["a", "z"]
    one = one.join(
        sure.with_columns(sure=pl.lit(value=True)), on=keys, how="left", maintain_order="left"
    ).join(maybe.with_columns(maybe=pl.lit(value=True)), on=keys, how="left", maintain_order="left")
    value = pl.when("sure").then(1).when("maybe").then(UNKNOWN).otherwise(0)
    one = one.select("a", "z", value.cast(pl.UInt8).alias("x"))
    return everyone.join(one, on=keys, how="left", maintain_order="left")["x"]


def _span(days: pl.Series, today: date) -> tuple[date, date]:
    """From the first of these days, or today, to the last."""
    known = [one for one in (days.min(), days.max(), today) if isinstance(one, date)]
    return min(known), max(known)


def _on_record(
    table: Table, asked: Happened, wanted: pl.DataFrame, found: pl.DataFrame
) -> pl.DataFrame:
    """The accounts and zones of `wanted` for which one of `found` fits the periods asked."""
    day = table.prepared.day
    met = wanted.join(found, on="a")
    if "floor" in wanted.columns:
        met = met.filter(pl.col("floor").is_null() | (pl.col("at") >= pl.col("floor")))
    if asked.within is not None or asked.older_than is not None:
        met = met.with_columns(table.calendar.day().alias("day"))
        met = met.filter(counted_on(asked, day, pl.col("day")))
    return met.select("a", "z").unique()
