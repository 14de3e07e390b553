"""One fact for all rows of a part: its column, then the plain function where that must speak."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from ..facts import asking
from ..rule import Ask, Happened
from . import tally
from .combos import Combo
from .email import route_chain, route_consumer, route_creditor, safe_harbour, text_routes
from .lookup import COLUMNS, doubtful
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


def wants(combos: list[Combo], rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """Rows of combos for which an ask still matters."""
    wanted = [number for number, combo in enumerate(combos) if ask in combo.needed]
    return rows["combo"].is_in(pl.Series(wanted, dtype=pl.UInt16).implode())


def fact(table: Table, rows: pl.DataFrame, ask: Ask, combos: list[Combo]) -> pl.Series:
    """One fact for all rows: its column, then the plain function where that must speak."""
    found = _looked_up(table, rows, ask, combos)
    mine = wants(combos, rows, ask)
    unknown = pl.repeat(UNKNOWN, len(rows), dtype=pl.UInt8, eager=True)
    return found.zip_with(mine, unknown)  # what no live rule asks splits no situation


def _looked_up(table: Table, rows: pl.DataFrame, ask: Ask, combos: list[Combo]) -> pl.Series:
    prepared = table.prepared
    plain: pl.Series | None = None
    if ask.fact in ALL_COLUMNS:
        if ask.fact in OF_ACCOUNT:
            found = ALL_COLUMNS[ask.fact](prepared, prepared.accounts, ask).gather(rows["a"])
        else:
            found = ALL_COLUMNS[ask.fact](prepared, table.ways, ask).gather(rows["tc"])
        files = doubtful(prepared, ask.fact)
        if ask.fact == "safe_harbour":
            files = text_routes(prepared)[1]
        if ask.fact == "initial_communication_made":
            files = table.apart
        if files is not None and len(files):
            plain = rows["fp"].is_in(files.implode())
    elif isinstance(ask.parameter, Happened) and _columnar_happened(ask.parameter):
        found = _happened(table, rows, ask.parameter)
        if tally.by_viewer(ask.parameter.event):
            plain = rows["fp"].is_in(table.apart.implode())
    elif ask.fact in ("time_barred", "known_time_barred"):
        return time_barred(table, rows, ask)
    else:
        found = pl.zeros(len(rows), dtype=pl.UInt8, eager=True)
        plain = pl.repeat(value=True, n=len(rows), eager=True)
    if plain is None:
        return found
    plain = plain & wants(combos, rows, ask)
    at = plain.arg_true()
    if not len(at):
        return found
    few = rows[at]
    values = [CODE[asking.value(view, ask, view.debts[0])] for view in table.views(few)]
    return found.scatter(at, pl.Series(values, dtype=pl.UInt8))


def time_barred(table: Table, rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.time_barred` with the shortest period of the candidate's places."""
    accounts = table.prepared.accounts
    start = pl.max_horizontal("last_payment", "defaulted")
    barred = accounts.select("a", start.alias("start"))["start"].gather(rows["a"])
    frame = rows.select("years", "sure").with_columns(barred.alias("start"))
    years = sorted(one for one in frame["years"].unique().to_list() if one is not None)
    value: pl.Expr = pl.lit(UNKNOWN)
    for one in years:
        ends = tally.months_later(pl.col("start"), 12 * one)
        run = (pl.lit(table.prepared.day) > ends).fill_null(value=False)
        open_ = pl.when(pl.col("sure") & pl.col("start").is_not_null()).then(0).otherwise(UNKNOWN)
        here = pl.when(run).then(1).otherwise(open_)
        value = pl.when(pl.col("years") == one).then(here).otherwise(value)
    found = frame.with_columns(value.cast(pl.UInt8).alias("x"))["x"]
    return (found == 1).cast(pl.UInt8) if ask.fact == "known_time_barred" else found


def _columnar_happened(asked: Happened) -> bool:
    """Contacts on record ever, within a period, longer ago, or since a date of the account."""
    periods = (asked.within, asked.older_than)
    known = all(one is None or one.unit in tally.COLUMNAR_UNITS for one in periods)
    since = asked.since is None or asked.since.of_dates
    whole = known and since and asked.unless_followed is None
    consent = any("in_call_consent" in one.words for one in asked.event.not_)
    return whole and not consent and tally.columnar(asked.event, None)


def _happened(table: Table, rows: pl.DataFrame, asked: Happened) -> pl.Series:
    """`counting.happened` for contacts: yes where a debt is named, unknown where none is."""
    prepared = table.prepared
    found = tally.selected(prepared, asked.event)
    floor = tally.reach_back(asked.within, prepared.day)
    if floor is not None:
        found = found.filter(pl.col("at") >= floor)
    links = prepared.talked if asked.event.debts == "discussed" else prepared.charged
    accounts = prepared.accounts
    found = found.select("h", "fp", "at", "collector")  # counts are per collector
    whose = accounts.select("pool", "collector").unique()
    sure = found.join(links, on="h").drop_nulls("pool")
    sure = sure.join(whose, on=["pool", "collector"], how="semi").select("pool", "at")
    vague = found.join(links, on="h", how="anti").select("fp", "collector", "at")
    if asked.since is None and asked.within is None and asked.older_than is None:
        yes = accounts["pool"].is_in(sure["pool"].unique().implode())
        near = vague.select("fp", "collector").unique().with_columns(here=pl.lit(value=True))
        maybe = accounts.select("fp", "collector").join(
            near, on=["fp", "collector"], how="left", maintain_order="left"
        )["here"].fill_null(value=False)  # fmt: skip
        yes = yes | (maybe & accounts["single"])
        code = yes.cast(pl.UInt8).zip_with(yes | ~maybe, pl.repeat(UNKNOWN, len(accounts),
                                           dtype=pl.UInt8, eager=True))  # fmt: skip
        return code.gather(rows["a"])
    everyone = rows.select("a", "fp", "z")
    one = everyone.unique(["a", "z"], maintain_order=True)
    one = one.with_columns(
        accounts["pool"].gather(one["a"]).alias("pool"),
        accounts["single"].gather(one["a"]).alias("single"),
        accounts["collector"].gather(one["a"]).alias("collector"),
    )
    since = asked.since.what if asked.since is not None else None
    if since is not None:
        days = accounts[since].gather(one["a"])
        calendar = tally.Calendar(table.zones, *_span(days, prepared.day))
        # a date to come has not begun: ever, then
        one = one.with_columns(days.set(days > prepared.day, None).alias("since"))
        one = one.with_columns(calendar.starts("since").alias("floor")).drop("since")
    wanted = one.unique(["pool", "fp", "collector", "z", *(["floor"] if since else [])])
    by_name = _on_record(table, asked, wanted, sure, ["pool"])
    by_file = _on_record(table, asked, wanted, vague, ["fp", "collector"])
    one = one.join(
        by_name.with_columns(sure=pl.lit(value=True)), on=by_name.columns, how="left",
        maintain_order="left", nulls_equal=True,
    ).join(
        by_file.with_columns(vague=pl.lit(value=True)), on=by_file.columns, how="left",
        maintain_order="left", nulls_equal=True,
    )  # fmt: skip
    certain = pl.col("sure").fill_null(value=False) | (
        pl.col("vague").fill_null(value=False) & pl.col("single")
    )
    value = pl.when(certain).then(1).when(pl.col("vague")).then(UNKNOWN).otherwise(0)
    one = one.select("a", "z", value.cast(pl.UInt8).alias("x"))
    return everyone.join(one, on=["a", "z"], how="left", maintain_order="left")["x"]


def _span(days: pl.Series, today: date) -> tuple[date, date]:
    """From the first of these days, or today, to the last."""
    known = [one for one in (days.min(), days.max(), today) if isinstance(one, date)]
    return min(known), max(known)


def _on_record(
    table: Table, asked: Happened, wanted: pl.DataFrame, found: pl.DataFrame, on: list[str]
) -> pl.DataFrame:
    """The keys, zones and floors of `wanted` for which one of `found` fits the periods asked."""
    day = table.prepared.day
    keys = [*on, "z", *(["floor"] if "floor" in wanted.columns else [])]
    plain = asked.within is None and asked.older_than is None
    if plain and "floor" not in keys:
        return wanted.join(found.select(on).unique(), on=on, how="semi").select(keys).unique()
    met = wanted.select(keys).unique().join(found, on=on)
    if "floor" in keys:
        met = met.filter(pl.col("floor").is_null() | (pl.col("at") >= pl.col("floor")))
    if not plain:
        met = met.with_columns(table.calendar.day().alias("day"))
        met = met.filter(tally.counts_on(asked.within, day, pl.col("day")))
        if asked.older_than is not None:
            met = met.filter(pl.lit(day) - pl.col("day") > timedelta(days=asked.older_than.count))
    return met.select(keys).unique()
