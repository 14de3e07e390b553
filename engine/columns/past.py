"""The history of a part: contacts known by now, what they count as, and the debts they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from .. import words

Frames = Mapping[str, pl.DataFrame]
ATTEMPT, CONNECTED, COMMUNICATION, CONVERSATION = 1, 2, 4, 8
MASKS = {
    "attempts": ATTEMPT,
    "connected": CONNECTED,
    "communications": COMMUNICATION,
    "conversations": CONVERSATION,
}

WORDED = ("channel", "purpose", "content", "result", "technology", "kind", "whom")
"""Columns of the history with words of closed vocabularies: as numbers, they are compared in a
tenth of the time."""


def mask_of(counted: frozenset[str]) -> int:
    """What a result counts as, as bits."""
    return sum(MASKS[one] for one in counted)


@dataclass(frozen=True, slots=True)
class Links:
    """Contacts and the debts they name, by id: h, fp, account."""

    charged: pl.DataFrame
    talked: pl.DataFrame
    about: pl.DataFrame


def history_of(
    frames: Frames,
    owner: pl.DataFrame,
    points: pl.DataFrame,
    persons: pl.DataFrame,
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame, Links]:
    """Contacts known by now without receipts, which came back, and the debts they name."""
    contacts = frames["contacts"].filter(
        (pl.col("at") <= now) & (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
    )
    contacts = contacts.with_row_index("h")
    returned = _returned(contacts)
    came_back = (pl.col("direction") == "out") & (pl.col("result") == "undeliverable")
    receipt = (
        pl.col("result").is_in(list(words.RECEIPTS))
        | ((pl.col("direction") == "in") & (pl.col("result") == "delivered"))
    ).fill_null(value=False)
    known = contacts.filter(~receipt | came_back.fill_null(value=False))
    place = points.select("point", "t", "pt", "l", "kind", "whom_now", "wrong", "tp")
    rows = (
        known.join(owner.select("consumer", "fp"), on="consumer")
        .join(place, on="point", how="left", maintain_order="left")
        .join(returned.with_columns(back_known=pl.lit(True)), on="h", how="left")
    )
    named = persons.select("person", "p")
    if frames["contacts"]["intended_for"].null_count() < len(frames["contacts"]):
        meant = named.rename({"person": "intended_for", "p": "meant"})
        rows = rows.join(meant, on="intended_for", how="left")
    else:
        rows = rows.with_columns(pl.lit(None, dtype=pl.UInt32).alias("meant"))
    if frames["contacts"]["reached"].null_count() < len(frames["contacts"]):
        met = named.rename({"person": "reached", "p": "met"})
        rows = rows.join(met, on="reached", how="left")
    else:
        rows = rows.with_columns(pl.lit(None, dtype=pl.UInt32).alias("met"))
    own = {"meant": "intended_for", "met": "reached"}  # named by the id of his own file
    rows = rows.with_columns(
        pl.when(pl.col(name) == pl.col("consumer")).then("fp").otherwise(number).alias(number)
        for number, name in own.items()
    )
    history = rows.select(
        "h",
        "fp",
        "t",
        "pt",
        "l",
        "at",
        "channel",
        "collector",
        "purpose",
        "content",
        "result",
        "technology",
        "initiated_by",
        "message_possible",
        pl.col("reply_to_consumer").fill_null(value=False).alias("reply"),
        "validation_period_end",
        (pl.col("direction") == "out").alias("out"),
        _counts(came_back).alias("counts"),
        pl.col("kind").fill_null(words.UNKNOWN_KIND),
        pl.col("whom_now").fill_null("consumer").alias("whom"),
        pl.col("wrong").fill_null(value=False),
        pl.coalesce("meant", "tp", "fp").alias("who"),
        "met",
        pl.col("back_known").fill_null(value=False).alias("returned"),
        "back",
    ).with_columns(pl.col(WORDED).cast(pl.Categorical))
    return history, returned, _links(rows)


def _links(rows: pl.DataFrame) -> Links:
    """Which debts contacts name, as ids: charged to, discussed (`consent.discussed`), either."""

    def named(*columns: str) -> pl.DataFrame:
        found = [
            rows.lazy()
            .filter(pl.col(name).list.len() > 0)
            .select("h", "fp", pl.col(name).alias("account"))
            .explode("account", empty_as_null=True, keep_nulls=True)
            for name in columns
        ]
        return pl.concat(found).collect().unique()

    charged = named("attributed_to")
    talked = named("discussed", "conversation_attributed_to")
    silent = charged.join(talked.select("h").unique(), on="h", how="anti")
    about = pl.concat([charged, named("discussed")]).unique()
    return Links(charged, pl.concat([talked, silent]), about)


def _returned(contacts: pl.DataFrame) -> pl.DataFrame:
    """Which outbound contacts came back: the latest before each receipt on point and channel."""
    keys = ["point", "channel"]
    bounced = pl.col("result") == "undeliverable"
    out = pl.col("direction") == "out"
    itself = contacts.filter(out & bounced).select("h", pl.col("at").alias("back"))
    receipts = contacts.filter(~out & bounced).select(*keys, "at", "contact")
    if receipts.is_empty():
        return itself
    near = receipts.select(keys).unique()
    sent = contacts.filter(out & pl.col("result").ne_missing("undeliverable")).join(
        near, on=keys, how="semi", nulls_equal=True
    )
    both = pl.concat(
        [
            receipts.with_columns(pl.lit(None, dtype=pl.UInt32).alias("h")),
            sent.select(*keys, "at", "contact", "h"),
        ]
    ).sort("at", "contact")
    latest = pl.col("h").forward_fill().over(keys)
    found = (
        both.with_columns(latest.alias("sent"))
        .filter(pl.col("h").is_null() & pl.col("sent").is_not_null())
        .select(pl.col("sent").alias("h"), pl.col("at").alias("back"))
    )
    return pl.concat([itself, found]).group_by("h").agg(pl.col("back").min())


def bounced(
    frames: Frames, owner: pl.DataFrame, points: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Mail that is known not to have arrived: fp, l, at (`wishes.known_bad_address`)."""
    mail = frames["contacts"].filter(
        (pl.col("channel") == "mail")
        & (pl.col("result") == "undeliverable")
        & (pl.col("at") <= now)
        & (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
    )
    mail = mail.select("consumer", "point", "at")
    mail = mail.join(owner.select("consumer", "fp"), on="consumer")
    return mail.join(points.select("point", "l"), on="point").select("fp", "l", "at")


def _counts(came_back: pl.Expr) -> pl.Expr:
    """`history.counts_as` and `View.counts`, as bits."""
    by_result = {result: mask_of(counted) for result, counted in words.RESULTS.items()}
    channel, result = pl.col("channel"), pl.col("result")
    written = channel.is_in(list(words.WRITTEN_CHANNELS))
    left_out = (
        pl.when(channel.is_in(["call", "visit"]))
        .then(15)
        .when(channel == "voicemail")
        .then(7)
        .when(channel == "furnish_to_cra")
        .then(1)
        .otherwise(5)
    )
    found = (
        pl.when(result.is_null())
        .then(left_out)
        .when(came_back)
        .then(ATTEMPT)
        .when((channel == "voicemail") & result.is_in(["delivered", "sent"]))
        .then(7)
        .otherwise(result.replace_strict(by_result, default=0, return_dtype=pl.Int32))
    )
    message = result.is_in(["voicemail_left", "delivered", "sent"]) | (
        result.is_null() & (channel == "voicemail")
    )
    limited = (
        (pl.col("content") == "limited_content_message")
        & channel.is_in(list(words.VOICE_CHANNELS))
        & message
    ).fill_null(value=False)
    found = pl.when(limited).then(found & (15 - COMMUNICATION)).otherwise(found)
    found = pl.when(pl.col("direction") == "in").then(found & 12).otherwise(found)
    lost = pl.col("back_known").fill_null(value=False) & written
    return pl.when(lost).then(found & (15 - COMMUNICATION)).otherwise(found).cast(pl.UInt8)
