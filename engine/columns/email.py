"""The electronic safe harbour as columns; the plain functions are in `engine.facts.email`."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ..facts.email import PROPER
from ..facts.statuses import LOOK_BACK_DAYS, NOTICE_DAYS
from ..rule import Ask
from .points import address_stopped, employer_provided, of_point
from .prepare import Prepared, once
from .statuses import NO, UNKNOWN, YES, flag

PROVENANCE = pl.Struct(
    {
        "consumer_used_with_this_collector": pl.String,
        "direct_consent_to_this_collector": pl.String,
        "consumer_entered_on_portal": pl.String,
        "portal_disclosed_use_for_debt": pl.Boolean,
        "creditor_obtained_from_consumer": pl.Boolean,
        "creditor_use": pl.List(pl.String),
        "notice_sent": pl.String,
        "notice_names_this_collector": pl.Boolean,
        "opt_out_deadline": pl.String,
        "opted_out": pl.Boolean,
        "domain": pl.String,
        "chain": pl.List(
            pl.Struct(
                {
                    "collector": pl.String,
                    "obtained_by": pl.String,
                    "emailed_consumer": pl.Boolean,
                    "opted_out": pl.Boolean,
                }
            )
        ),
    }
)


def _day(name: str) -> pl.Expr:
    return pl.col(name).str.slice(0, 10).str.to_date(strict=False)


@once
def routes(prepared: Prepared) -> pl.DataFrame:
    """Per point with a provenance: t, and which of the routes its words alone would open."""
    points = prepared.points.filter(pl.col("email_provenance").is_not_null())
    how = points.select("t", "fp", "l", pl.col("email_provenance").alias("how"))
    how = how.with_columns(pl.col("how").str.json_decode(PROVENANCE)).unnest("how")
    today = pl.lit(prepared.day)

    def past(name: str) -> pl.Expr:
        true = pl.col(name) == "true"
        return (true | (_day(name) <= today)).fill_null(value=False)

    opted_out = pl.col("opted_out").fill_null(value=False)
    portal = pl.col("portal_disclosed_use_for_debt").fill_null(value=False)
    used = past("consumer_used_with_this_collector") | past("direct_consent_to_this_collector")
    consumer = ~opted_out & (used | (past("consumer_entered_on_portal") & portal))
    deadline, sent = _day("opt_out_deadline"), _day("notice_sent")
    creditor = (
        pl.col("creditor_obtained_from_consumer")
        & pl.col("creditor_use").list.contains("periodic_statements")
        & pl.col("notice_names_this_collector")
        & (today > deadline)
        & (deadline >= sent + timedelta(days=NOTICE_DAYS))
        & ~pl.col("opted_out")
        & (pl.col("domain") == "public")
    ).fill_null(value=False)
    link = pl.col("chain").list
    tail = link.last().struct
    itself = (
        tail.field("obtained_by").is_null()
        & tail.field("emailed_consumer").is_null()
        & tail.field("opted_out").is_null()
    )
    length = link.len() - itself.cast(pl.UInt32).fill_null(0)
    earlier = link.slice(0, length)
    by = earlier.list.eval(pl.element().struct.field("obtained_by").fill_null(""))
    proper = by.list.eval(
        pl.any_horizontal(pl.element().str.starts_with(one) for one in PROPER)
    ).list.any()
    wrote = earlier.list.last().struct.field("emailed_consumer").fill_null(value=False)
    quit_ = earlier.list.eval(
        pl.element().struct.field("opted_out").fill_null(value=False)
    ).list.any()
    chain = ((length > 0) & proper & wrote & ~quit_ & ~opted_out).fill_null(value=False)
    return how.select(
        "t",
        consumer.alias("consumer"),
        opted_out.alias("quit"),
        creditor.alias("creditor"),
        chain.alias("chain"),
    )


def later_routes(prepared: Prepared) -> pl.DataFrame:
    """Per point with a provenance: t, turn, the first later day on which a route may open."""
    points = prepared.points.filter(pl.col("email_provenance").is_not_null())
    how = points.select("t", pl.col("email_provenance").str.json_decode(PROVENANCE).alias("how"))
    how = how.unnest("how")
    used = (
        "consumer_used_with_this_collector",
        "direct_consent_to_this_collector",
        "consumer_entered_on_portal",
    )
    days = [_day(name) for name in used] + [_day("opt_out_deadline") + timedelta(days=1)]
    later = [pl.when(one > prepared.day).then(one) for one in days]
    return how.select("t", pl.min_horizontal(later).alias("turn"))


def _routes_of(prepared: Prepared, cand: pl.DataFrame) -> pl.DataFrame:
    """For every candidate: the three routes, with opt-outs, employers and the history put in.

    Four facts ask it of the same rows: what was found is kept with them.
    """
    kept: tuple[pl.DataFrame, pl.DataFrame] | None = prepared.kept.get((_routes_of,))
    if kept is None or kept[0] is not cand:
        kept = cand, _routes_found(prepared, cand)
        prepared.kept[_routes_of,] = kept
    return kept[1]


def _routes_found(prepared: Prepared, cand: pl.DataFrame) -> pl.DataFrame:
    found = cand.select("t").join(routes(prepared), on="t", how="left", maintain_order="left")
    found = found.with_columns(pl.exclude("t").fill_null(value=False))
    wrote = prepared.history.filter((pl.col("channel") == "email") & ~pl.col("out"))
    wrote_here = flag(cand, wrote.drop_nulls("l"), ["fp", "l"]) == YES
    ask = Ask("address_stopped")
    stopped = address_stopped(prepared, cand, ask) == YES
    employer = employer_provided(prepared, cand, ask) == YES
    return found.with_columns(
        ((pl.col("consumer") | (wrote_here & ~pl.col("quit"))) & ~stopped).alias("consumer"),
        (pl.col("creditor") & ~stopped & ~employer).alias("creditor"),
        (pl.col("chain") & ~stopped).alias("chain"),
    )


def route_consumer(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.route_consumer`."""
    return _routes_of(prepared, cand)["consumer"].cast(pl.UInt8)


def route_creditor(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.route_creditor`."""
    return _routes_of(prepared, cand)["creditor"].cast(pl.UInt8)


def route_chain(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.route_chain`."""
    return _routes_of(prepared, cand)["chain"].cast(pl.UInt8)


@once
def text_routes(prepared: Prepared) -> tuple[pl.DataFrame, pl.Series]:
    """Lines (fp, l) for which a route of (d)(5) is open, and files where a zone could matter.

    Reckoned in UTC days; where two days that are compared lie within one day of each other, the
    file is left to the plain function.
    """
    floor = prepared.day - timedelta(days=LOOK_BACK_DAYS - 1)
    texted = (
        prepared.history.filter(
            (pl.col("channel") == "text") & ~pl.col("out") & pl.col("l").is_not_null()
        )
        .group_by("fp", "l")
        .agg(pl.col("at").max().dt.date().alias("texted"))
    )
    given = _consents(prepared)
    checked = (
        prepared.said.filter(pl.col("kind") == "reassigned_since")
        .with_columns(
            pl.col("value").str.json_path_match("$.answer").alias("answer"),
            pl.coalesce("point", pl.col("value").str.json_path_match("$.point")).alias("at_point"),
        )
        .filter(pl.col("answer").is_in(["no", "False", "false"]))
        .join(
            prepared.points.select(pl.col("point").alias("at_point"), pl.col("l").alias("line")),
            on="at_point",
        )
        .select(
            "fp",
            pl.col("line").alias("l"),
            pl.col("received_at").dt.date().alias("checked"),
            pl.col("value")
            .str.json_path_match("$.since")
            .str.head(10)
            .str.to_date()
            .alias("asked"),
        )
    )
    keys = ["fp", "l"]
    every = pl.concat([texted.select(keys), given.select(keys)]).unique()
    for frame in (texted, given, checked):  # a row for each check of a line
        every = every.join(frame, on=keys, how="left")
    edge, one = pl.lit(floor), timedelta(days=1)
    done, asked = pl.col("checked"), pl.col("asked")
    fresh, rechecked, near = pl.lit(value=False), pl.lit(value=False), pl.lit(value=False)
    for begun in (pl.col("texted"), pl.col("given")):
        fresh = fresh | (begun >= edge).fill_null(value=False)
        covered = (done >= edge) & (done >= begun) & (asked <= begun)
        rechecked = rechecked | covered.fill_null(value=False)
        for a, b in ((begun, edge), (done, edge), (done, begun), (asked, begun)):
            near = near | ((a - b).abs() <= one).fill_null(value=False)
    return every.filter(fresh | rechecked).select(keys).unique(), every.filter(near)["fp"].unique()


def _consents(prepared: Prepared) -> pl.DataFrame:
    """Lines with a consent to texts that stands: fp, l, the day it was given."""
    kinds = ["consents_to_text", "opt_out_number_text", "do_not_use_number"]
    consents = pl.col("kind") == "consents_to_text"
    said = prepared.said.filter("ours", ~consents | pl.col("told"))  # `wishes.hearsay`
    named = said.filter(pl.col("kind").is_in(kinds) & pl.col("l").is_not_null())
    named = named.select("order", "fp", "l", "kind", "received_at")
    giving = named.filter(consents).select("fp", "l").unique()
    media = said.filter(
        pl.col("kind").is_in(["stop_medium", "opt_out_medium"])
        & (pl.col("value").str.strip_chars('"') == "text")
    ).select("order", "fp", "kind", "received_at")
    rows = pl.concat(
        [
            named.join(giving, on=["fp", "l"]),
            media.join(giving, on="fp").select("order", "fp", "l", "kind", "received_at"),
        ]
    )
    last = (
        rows.sort("received_at", ~consents, "order")
        .group_by("fp", "l", maintain_order=True)
        .agg(pl.col("kind").last(), pl.col("received_at").last().dt.date().alias("given"))
    )
    return last.filter(consents).select("fp", "l", "given")


def safe_harbour(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.safe_harbour`, but for the files that `text_routes` doubts."""
    open_lines, _ = text_routes(prepared)
    strangers = prepared.points.filter("stranger").select("fp", "l").unique()
    texted = flag(cand, open_lines, ["fp", "l"]) == YES
    texted &= flag(cand, strangers, ["fp", "l"]) != YES
    stopped = address_stopped(prepared, cand, Ask("address_stopped")) == YES
    known = of_point("email_led_to_third_party_disclosure")(prepared, cand, ask) == YES
    found = _routes_of(prepared, cand)
    mail = found["consumer"] | found["creditor"] | found["chain"]
    channel = cand["channel"]
    return (
        cand.select("channel")
        .with_columns(
            (texted & ~stopped & ~known).alias("text"),
            (mail & ~known).alias("email"),
        )
        .select(
            pl.when(channel == "text")
            .then(pl.col("text").cast(pl.UInt8))
            .when(channel == "email")
            .then(pl.col("email").cast(pl.UInt8))
            .otherwise(pl.lit(UNKNOWN, dtype=pl.UInt8))
            .fill_null(NO)
        )
        .to_series()
    )
