"""A part's tables made ready: small integer keys, statements in order, history with its counts.

Keys: `a` account, `c` consumer row, `fp` the person whose file it is (rows of the same human share
it), `t` point, `l` line, `p` person. Words stay words until a situation is keyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

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


def mask_of(counted: frozenset[str]) -> int:
    """What a result counts as, as bits."""
    return sum(MASKS[one] for one in counted)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The part's frames with keys; see the module for their names."""

    day: date
    now: datetime
    consumers: pl.DataFrame  # consumer, c, fp, deceased
    accounts: pl.DataFrame  # a, account, c, fp, pool, and the account's own columns
    points: pl.DataFrame  # t, point, c, fp, kind, tp (owner), whom, l, number, special, ...
    said: pl.DataFrame  # order, fp, kind, accounts, l, value, more, received, ...
    bound: pl.DataFrame  # the same rows once per person they bind: + who
    history: pl.DataFrame  # h, fp, t, l, at, channel, out, counts, who, reached, ...
    returned: pl.DataFrame  # h, back
    parties: pl.DataFrame  # a, p
    charged: pl.DataFrame  # h, a, pool: the debts a contact was attributed to
    talked: pl.DataFrame  # h, a, pool: the debts a conversation counts for
    about: pl.DataFrame  # h, a, pool: either


@dataclass(frozen=True, slots=True)
class Links:
    """Contacts and the debts they name, by id: h, fp, account."""

    charged: pl.DataFrame
    talked: pl.DataFrame
    about: pl.DataFrame


def prepare(frames: Frames, day: date, now: datetime) -> Prepared:
    """Key and order a part's tables as known at `now`."""
    persons = _persons(frames)
    consumers = (
        frames["consumers"]
        .select("consumer", "person", "deceased")
        .sort("consumer")
        .with_row_index("c")
        .join(persons, on="person")
        .rename({"p": "fp"})
    )
    owner = consumers.select("consumer", "c", "fp")
    accounts = _accounts(frames, owner)
    points, lines = _points(frames, owner, persons)
    said = _said(frames, owner, points, lines, now)
    bound = _bound(said, points, persons, consumers)
    points = _wrong_lines(points, said)
    history, returned, links = _history(frames, owner, points, persons, now)
    debts = accounts.select("account", "a", "pool", "fp")
    parties = (
        frames["account_parties"]
        .join(accounts.select("account", "a"), on="account")
        .join(persons, on="person")
        .select("a", "p")
    )
    return Prepared(
        day, now, consumers, accounts, points, said, bound, history, returned, parties,
        *(_resolved(one, debts) for one in (links.charged, links.talked, links.about)),
    )  # fmt: skip


def _resolved(named: pl.DataFrame, debts: pl.DataFrame) -> pl.DataFrame:
    """Links with the debts' numbers; `a` null: a debt that is not of this file's person."""
    return named.join(debts, on=["account", "fp"], how="left").select("h", "a", "pool")


def _persons(frames: Frames) -> pl.DataFrame:
    names = [
        frames["consumers"]["person"],
        frames["contact_points"]["owner"],
        frames["statements"]["by"],
        frames["contacts"]["intended_for"],
        frames["contacts"]["reached"],
        frames["account_parties"]["person"],
    ]
    one = pl.concat([name.alias("person").drop_nulls().unique() for name in names])
    return one.unique().sort().to_frame().with_row_index("p")


def _accounts(frames: Frames, owner: pl.DataFrame) -> pl.DataFrame:
    accounts = (
        frames["accounts"].sort("account").with_row_index("a").join(owner, on="consumer")
    )
    pooled = pl.col("type").eq("student_loan") & (pl.col("servicing_account").str.len_bytes() > 0)
    together = ["fp", "servicing_account", "collector"]
    return accounts.with_columns(
        # a loan pools with loans only: the smallest index must be a loan's as well
        pl.when(pooled)
        .then(pl.when(pooled).then("a").min().over(together))
        .otherwise("a")
        .alias("pool"),
        pl.col("a").count().over("fp").eq(1).alias("single"),
    )


def _points(
    frames: Frames, owner: pl.DataFrame, persons: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    points = (
        frames["contact_points"]
        .sort("point")
        .with_row_index("t")
        .join(owner, on="consumer")
        .join(persons.rename({"person": "owner", "p": "tp"}), on="owner")
        .with_columns(
            pl.when(pl.col("number").str.len_bytes() > 0)
            .then("number")
            .otherwise("point")
            .alias("line")
        )
        .sort("t")
    )
    lines = points["line"].unique().sort().to_frame().with_row_index("l")
    return points.join(lines, on="line").sort("t"), lines


def _said(
    frames: Frames,
    owner: pl.DataFrame,
    points: pl.DataFrame,
    lines: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """Statements and knowledge received and recorded by now, in the order received."""
    shared = ["consumer", "kind", "accounts", "point", "value", "more", "received_at", "recorded_at"]
    told = frames["statements"].select(
        *shared,
        pl.col("statement").alias("id"),
        pl.lit(True).alias("told"),
        "by",
        "to",
        "medium",
        "accepted_medium",
        "during_lawful_contact",
        pl.col("made_at").alias("made"),
    )
    known = frames["knowledge"].select(*shared, pl.col("knowledge").alias("id"))
    both = pl.concat([told, known], how="diagonal").with_columns(
        pl.col("told").fill_null(value=False),
        pl.col("to").fill_null("this_collector"),
        pl.col("medium").fill_null("written"),
        pl.col("accepted_medium").fill_null(value=True),
    )
    here = both.filter(
        (pl.col("received_at") <= now)
        & (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
    )
    electronic = pl.col("medium").is_in(list(words.ELECTRONIC_MEDIA))
    return (
        here.sort("received_at", "id")
        .with_row_index("order")
        .join(owner, on="consumer")
        .join(points.select("point", pl.col("l").alias("known_l")), on="point", how="left")
        .join(lines.rename({"line": "point", "l": "bare_l"}), on="point", how="left")
        .with_columns(
            pl.coalesce("known_l", "bare_l").alias("l"),
            (pl.col("to") == "this_collector").alias("ours"),
            (
                (pl.col("medium") != "oral") & (~electronic | pl.col("accepted_medium"))
            ).alias("written"),
        )
        .drop("known_l", "bare_l")
        .sort("order")
    )


def _bound(
    said: pl.DataFrame, points: pl.DataFrame, persons: pl.DataFrame, consumers: pl.DataFrame
) -> pl.DataFrame:
    """Each statement once per person whose contacts it binds (`View.bound`)."""
    roles = points.group_by("tp", maintain_order=True).agg(pl.col("whom").first().alias("role"))
    files = consumers.select(pl.col("consumer").alias("by"), pl.col("fp").alias("by_file"))
    rows = (
        said.select("order", "fp", "told", "by")
        .join(files, on="by", how="left")
        .join(persons.rename({"person": "by", "p": "b"}), on="by", how="left")
        .join(roles, left_on="b", right_on="tp", how="left")
    )
    prefix = {
        name: words.owner_role(name) or ""
        for name in rows.filter(pl.col("role").is_null())["by"].drop_nulls().unique().to_list()
    }
    role = pl.coalesce(
        "role", pl.col("by").replace_strict(prefix, default="", return_dtype=pl.String)
    )
    own = (
        ~pl.col("told")
        | pl.col("by").is_null()
        | (pl.col("by_file") == pl.col("fp"))
        | (pl.col("b") == pl.col("fp"))
    ).fill_null(value=False)
    kin = role.is_in(list(words.CONSUMER_ROLES)).fill_null(value=False)
    rows = rows.with_columns(own.alias("own"), kin.alias("kin"))
    to_consumer = rows.filter("own").select("order", pl.col("fp").alias("who"))
    to_kin = rows.filter(~pl.col("own") & pl.col("kin")).select("order", pl.col("b").alias("who"))
    outsiders = rows.filter(~pl.col("own") & ~pl.col("kin"))
    both = pl.concat(
        [
            to_consumer,
            to_kin,
            outsiders.select("order", pl.col("fp").alias("who")),
            outsiders.select("order", pl.col("b").alias("who")).drop_nulls(),
        ]
    ).unique()
    return said.join(both, on="order").sort("order", "who")


def _wrong_lines(points: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Marks points whose line the file knows to be somebody else's, with the role now known."""
    named = said.filter(pl.col("kind") == "number_not_consumers").select("fp", "l")
    checked = (
        said.filter(pl.col("kind") == "reassigned_since")
        .with_columns(
            pl.col("value").str.json_path_match("$.point").alias("checked"),
            pl.col("value").str.json_path_match("$.answer").alias("answer"),
        )
        .filter(pl.col("answer").is_in(["yes", "True", "true"]))
        .join(points.select(pl.col("point").alias("checked"), pl.col("l").alias("cl")),
              on="checked", how="left")
        .select("fp", pl.col("cl").alias("l"))
    )  # fmt: skip
    wrong = pl.concat([named, checked]).drop_nulls().unique().with_columns(wrong=pl.lit(True))
    kin = pl.col("whom").is_in(list(words.CONSUMER_ROLES))
    return (
        points.join(wrong, on=["fp", "l"], how="left")
        .with_columns(pl.col("wrong").fill_null(value=False))
        .with_columns(
            pl.when(kin & pl.col("wrong"))
            .then(pl.lit("third_party"))
            .otherwise("whom")
            .alias("whom_now"),
            (kin & pl.col("wrong")).alias("stranger"),
        )
        .sort("t")
    )


def _history(
    frames: Frames,
    owner: pl.DataFrame,
    points: pl.DataFrame,
    persons: pl.DataFrame,
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame, Links]:
    """Contacts known by now without receipts, which came back, and the debts they name."""
    contacts = frames["contacts"].filter(pl.col("at") <= now).with_row_index("h")
    returned = _returned(contacts)
    came_back = (pl.col("direction") == "out") & (pl.col("result") == "undeliverable")
    receipt = (
        pl.col("result").is_in(list(words.RECEIPTS))
        | ((pl.col("direction") == "in") & (pl.col("result") == "delivered"))
    ).fill_null(value=False)
    known = contacts.filter(
        (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
        & (~receipt | came_back.fill_null(value=False))
    )
    place = points.select("point", "t", "l", "kind", "whom_now", "wrong", "tp")
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
    history = rows.select(
        "h",
        "fp",
        "t",
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
    )
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

