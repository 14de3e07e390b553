"""The electronic safe harbour as columns; the plain functions are in `engine.facts.email`."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ..facts.statuses import LOOK_BACK_DAYS, NOTICE_DAYS
from ..rule import Ask
from .prepare import Prepared
from .statuses import NO, UNKNOWN, YES, _flag, address_stopped, employer_provided, of_point

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
        pl.element().str.starts_with("6(d)(4)(i)") | pl.element().str.starts_with("6(d)(4)(ii)")
    ).list.any()
    wrote = earlier.list.last().struct.field("emailed_consumer").fill_null(value=False)
    quit_ = earlier.list.eval(
        pl.element().struct.field("opted_out").fill_null(value=False)
    ).list.any()
    chain = ((length > 0) & proper & wrote & ~quit_).fill_null(value=False)
    return how.select(
        "t",
        consumer.alias("consumer"),
        opted_out.alias("quit"),
        creditor.alias("creditor"),
        chain.alias("chain"),
    )


def _routes_of(prepared: Prepared, cand: pl.DataFrame) -> pl.DataFrame:
    """For every candidate: the three routes, with opt-outs, employers and the history put in."""
    found = cand.select("t").join(routes(prepared), on="t", how="left", maintain_order="left")
    found = found.with_columns(pl.exclude("t").fill_null(value=False))
    wrote = prepared.history.filter((pl.col("channel") == "email") & ~pl.col("out"))
    wrote_here = _flag(cand, wrote.drop_nulls("l"), ["fp", "l"]) == YES
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


def texted_lately(prepared: Prepared) -> tuple[pl.DataFrame, pl.Series]:
    """Lines the consumer texted from within 60 days, and files where a zone could matter.

    Reckoned in UTC days; a text within a day of the edge is left to the plain function, as is
    every file with a consent to texts, a withdrawal or a reassigned-number check.
    """
    texts = prepared.history.filter(
        (pl.col("channel") == "text") & ~pl.col("out") & pl.col("l").is_not_null()
    ).select("fp", "l", pl.col("at").dt.date().alias("day"))
    floor = prepared.day - timedelta(days=LOOK_BACK_DAYS)
    edge = texts.filter((pl.col("day") - pl.lit(floor)).abs() <= timedelta(days=1))["fp"]
    said = prepared.said.filter(pl.col("kind").is_in(["consents_to_text", "reassigned_since"]))
    lately = texts.filter(pl.col("day") >= floor).select("fp", "l").unique()
    return lately, pl.concat([edge, said["fp"]]).unique()


def safe_harbour(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.safe_harbour`, but for the files that `texted_lately` leaves out."""
    lately, _ = texted_lately(prepared)
    texted = _flag(cand, lately, ["fp", "l"]) == YES
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
