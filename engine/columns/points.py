"""Statuses of persons and points as columns; the plain functions are in `engine.facts`.

As in `statuses`, each function answers one fact for all rows of `cand`.
"""

from __future__ import annotations

import polars as pl

from .. import words
from ..rule import Ask
from .prepare import Prepared, once
from .statuses import UNKNOWN, YES, Column, bound, flag, last_word, said, value


def medium_stopped(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.medium_stopped`."""
    kinds = ("stop_medium", "opt_out_medium", "cease", "cease_or_refusal", "consents_to_medium")
    rows = bound(prepared, *kinds).filter("ours")
    oral = pl.col("kind").is_in(["cease", "cease_or_refusal"])
    rows = rows.filter(~oral | (pl.col("medium") == "oral")).with_columns(
        pl.when(oral)
        .then(pl.lit("call"))
        .otherwise(pl.col("value").str.strip_chars('"'))
        .alias("channel")
    )
    over = rows.filter(pl.col("channel").is_in(list(words.VOICE_CHANNELS)))
    also = over.with_columns(pl.lit("voicemail").alias("channel"))
    every = pl.concat([rows.filter(pl.col("channel") != "voicemail"), also])
    last = last_word(every, ["who", "channel"], pl.col("kind") != "consents_to_medium")
    return value(cand, last.rename({"who": "tp"}), ["tp", "channel"], "state")


def address_stopped(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.address_stopped`."""
    kinds = ("opt_out_address", "opt_out_number_text", "do_not_use_number", "consents_to_text")
    rows = said(prepared, *kinds).filter("ours").filter(pl.col("l").is_not_null())
    rows = rows.filter((pl.col("kind") != "consents_to_text") | pl.col("told"))  # `wishes.hearsay`
    texts = last_word(rows, ["fp", "l"], pl.col("kind") != "consents_to_text")
    rest = rows.filter(pl.col("kind").is_in(["opt_out_address", "do_not_use_number"]))
    for_text = value(cand, texts, ["fp", "l"], "state")
    for_rest = flag(cand, rest, ["fp", "l"])
    return (
        cand.select("channel")
        .with_columns(for_text.alias("x"), for_rest.alias("y"))
        .select(pl.when(pl.col("channel") == "text").then("x").otherwise("y"))
        .to_series()
    )


@once
def bad_places(prepared: Prepared) -> pl.DataFrame:
    """People and the places they called inconvenient: who, place (home, work)."""
    kinds = ("inconvenient_place", "withdraws_inconvenient_place", "stop_calls_at")
    rows = bound(prepared, *kinds).with_columns(pl.col("value").str.strip_chars('"').alias("place"))
    bad = pl.col("kind") != "withdraws_inconvenient_place"
    return last_word(rows, ["who", "place"], bad).filter(pl.col("state") == YES)


def place_inconvenient(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.place_inconvenient` but for who is there today: see `doubtful`."""
    bad = bad_places(prepared).rename({"who": "tp"})
    home = flag(cand, bad.filter(pl.col("place") == "home"), ["tp"]) == YES
    work = flag(cand, bad.filter(pl.col("place") == "work"), ["tp"]) == YES
    kind = cand["kind"]
    tied = (home & kind.is_in(sorted(words.HOME_KINDS))) | (
        work & kind.is_in(sorted(words.WORK_KINDS))
    )
    maybe = (home | work) & (kind == words.UNKNOWN_KIND)
    return tied.cast(pl.UInt8) + maybe.cast(pl.UInt8) * UNKNOWN


def at_work(kind: str) -> Column:
    """`statuses.at_work` of one kind."""

    def column(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
        rows = bound(prepared, kind).filter(pl.col("value").str.strip_chars('"') == "work")
        said = flag(cand, rows.rename({"who": "tp"}), ["tp"]) == YES
        at = (
            pl.when(pl.col("kind") == words.UNKNOWN_KIND)
            .then(UNKNOWN)
            .otherwise(pl.col("kind").is_in(sorted(words.WORK_KINDS)).cast(pl.UInt8))
        )
        tied = cand.select(at.cast(pl.UInt8).alias("at"))["at"]
        return tied * said.cast(pl.UInt8)  # no, where nothing was said

    return column


def of_point(*kinds: str) -> Column:
    """`statuses.said_of_point` of these kinds."""

    def column(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
        return flag(cand, said(prepared, *kinds).drop_nulls("l"), ["fp", "l"])

    return column


def known_bad_address(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`wishes.known_bad_address`."""
    rows = said(prepared, "known_bad_address").drop_nulls("l")
    bad = pl.concat([rows.select("fp", "l", pl.col("received_at").alias("at")), prepared.bounced])
    bad = bad.group_by("fp", "l").agg(pl.col("at").max())
    good = said(prepared, "last_known_address").drop_nulls("l")
    good = good.group_by("fp", "l").agg(pl.col("received_at").max().alias("good"))
    stands = (pl.col("good") <= pl.col("at")).fill_null(value=True)
    met = bad.join(good, on=["fp", "l"], how="left").filter(stands)
    return flag(cand, met, ["fp", "l"])


def employer_provided(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`email.employer_provided`."""
    said = of_point("employer_provided")(prepared, cand, ask) == YES
    return (said | (cand["kind"] == "email_work")).cast(pl.UInt8)


def said_true(kind: str) -> Column:
    """`statuses.said_true` of one kind."""

    def column(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
        rows = said(prepared, kind)
        true = pl.col("value").fill_null("true") != "false"
        last = rows.with_columns(true.cast(pl.UInt8).alias("state")).sort("order")
        return value(cand, last.group_by("fp").agg(pl.col("state").last()), ["fp"], "state")

    return column
