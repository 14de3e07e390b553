"""Made-up contacts in words: the rows of table `contacts`."""

from __future__ import annotations

import polars as pl

from ..store.schema import TABLES
from .dice import bits, choose, parts
from .past import (
    _CHANNELS,
    CALL,
    CALL_IN,
    EMAIL,
    EMAIL_IN,
    LOCATION,
    MAIL,
    SOCIAL,
    TEXT,
    TEXT_IN,
    VOICEMAIL,
    WEB,
)
from .people import Chunk, instant, padded
from .points import point_id


def contacts(
    chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame, raw: pl.DataFrame, used: int
) -> pl.DataFrame:
    """Dress RAW contacts (past.history) in words; `used` contact ids are taken."""
    seed = chunk.seed
    row = pl.col("row")
    rows = raw.with_columns(
        digits=padded("", pl.int_range(used + 1, used + 1 + pl.len(), dtype=pl.Int64()), 9),
        dress=bits(row, seed, "dress"),
        more=bits(row, seed, "more"),
        account=pl.lit(core["account"]).gather("owed"),
        person=pl.lit(frame["person"]).gather("at"),
    )
    u = parts("dress", 4)
    v = parts("more", 4)
    way = pl.col("way")
    receipt = pl.col("result").is_in(["undeliverable", "session_started", "session_ended"])
    inbound = way.is_in([CALL_IN, TEXT_IN, EMAIL_IN, WEB]) | (
        (way == MAIL) & (pl.col("result") == "undeliverable")
    )
    voice = way.is_in([CALL, LOCATION])
    talk = pl.col("talked") > 0
    spoken = pl.col("result").is_in(["conversation", "conversation_then_dropped"])
    written = way.is_in([TEXT, EMAIL, SOCIAL]) & ~receipt
    i = pl.col("i") + 1
    asked = frame.select(third=padded("HT", i), stranger=padded("HN", i))
    third = pl.lit(asked["third"]).gather("at")
    start = int(frame["base"][0]) + 1
    stop = start + int(frame["points"].sum())
    ids = pl.select(point_id(pl.int_range(start, stop)))
    debt = pl.concat_list("account")
    late = (
        pl.when(u[0] < 0.015)
        .then((u[1] * 3 * 86_400).cast(pl.Int64()))
        .otherwise((u[0] * 300).cast(pl.Int64()))
    )
    columns: dict[str, pl.Expr] = {
        "contact": pl.lit("T") + pl.col("digits"),
        "consumer": pl.lit(frame["consumer"]).gather("at"),
        "channel": pl.lit(pl.Series(_CHANNELS)).gather("way"),
        "direction": pl.when(inbound).then(pl.lit("in")).otherwise(pl.lit("out")),
        "point": pl.lit(ids.to_series()).gather(pl.col("point") - start),
        "at": instant(pl.col("us")),
        "result": pl.col("result"),
        "message_possible": pl.when(
            (pl.col("result") == "no_answer") & (u[2] < 0.12)
            | (pl.col("result") == "voicemail_full_no_ring")
        ).then(False),
        "intended_for": pl.when(way == LOCATION)
        .then(third)
        .when(~inbound & (u[2] > 0.4))
        .then("person"),
        "reached": pl.when(spoken).then(
            pl.when(way == LOCATION)
            .then(third)
            .when(u[3] < 0.86)
            .then("person")
            .when(u[3] < 0.9)
            .then(pl.lit(asked["stranger"]).gather("at"))
        ),
        "attributed_to": pl.when("charged").then(debt),
        "discussed": pl.when(pl.col("talked") == 2)
        .then(pl.lit(frame["account_ids"]).gather("at"))
        .when(pl.col("talked") == 1)
        .then(debt),
        "conversation_attributed_to": pl.when(talk & (u[1] < 0.04)).then(debt),
        "initiated_by": pl.when(spoken & (u[2] < 0.7)).then(
            pl.when(inbound).then(pl.lit("consumer")).otherwise(pl.lit("collector"))
        ),
        "technology": pl.when(voice | (way == VOICEMAIL)).then(
            choose(v[0], {"manual": 74, "autodialled": 9, "prerecorded": 2, "": 15})
        ),
        "purpose": pl.when(pl.col("purpose").is_not_null())
        .then("purpose")
        .when(~inbound)
        .then(choose(v[1], {"": 93, "payment_reminder": 4, "settlement": 2, "collection": 1})),
        "content": pl.col("content"),
        "disclosure": pl.when(talk & ~inbound)
        .then(choose(v[2], {"initial_full": 35, "subsequent": 60, "": 5}))
        .when(written & ~inbound)
        .then(choose(v[2], {"initial_full": 10, "subsequent": 82, "": 8})),
        "reply_to_consumer": pl.col("reply"),
        "automated": pl.col("machine"),
        "opt_out_notice": pl.when(written).then(
            pl.when(v[3] < 0.96).then(True).when(v[3] < 0.97).then(False)
        ),
        "validation_period_end": pl.col("ends"),
        "collector": pl.lit(core["collector"]).gather("owed"),
        "source": pl.when(voice | way.is_in([VOICEMAIL, CALL_IN]))
        .then(pl.lit("dialer"))
        .when(way == MAIL)
        .then(pl.lit("mail_house"))
        .otherwise(pl.lit("messages")),
        "source_id": pl.lit("X") + pl.col("digits"),
        "recorded_at": instant(pl.col("us") + (late + 5) * 1_000_000),
    }
    return rows.select(**{name: columns[name] for name in TABLES["contacts"].schema})
