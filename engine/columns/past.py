"""The history of a part: contacts known by now, what they count as, and the debts they name.

Nothing here is joined by its words twice: a contact's file, point and people, and the debts it
names, are looked up once and stand as numbers from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from .. import words
from .alike import Alike, kinds_of_contact

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
_WORDS = ("channel", "purpose", "content", "result", "technology")
_NAMING = {"attributed_to": 1, "discussed": 2, "conversation_attributed_to": 4}
_READ = ("contact", "consumer", "point", "at", "direction", "collector", "initiated_by",
         "message_possible", "reply_to_consumer", "validation_period_end", "intended_for",
         "reached", *_WORDS, *_NAMING)  # fmt: skip


def mask_of(counted: frozenset[str]) -> int:
    """What a result counts as, as bits."""
    return sum(MASKS[one] for one in counted)


def place_in(keys: pl.Series, wanted: pl.Series) -> pl.Series:
    """Where each of some words stands among `keys`, which has each once; null: nowhere."""
    numbered = keys.alias("key").to_frame().with_row_index("place")
    found = (
        wanted.alias("key").to_frame().join(numbered, on="key", how="left", maintain_order="left")
    )
    return found["place"]


@dataclass(frozen=True, slots=True)
class Named:
    """The debts that contacts name, contact after contact.

    Those of contact h are the rows of `debts` from `start[h]` on, `count[h]` of them: `a` and
    `pool`, or, of a debt that is not of this file's person, its number in `other`; all null of one
    that is not in this part.
    """

    debts: pl.DataFrame
    start: pl.Series
    count: pl.Series

    @classmethod
    def told(cls, naming: pl.DataFrame, contacts: int) -> Named:
        """Of rows h, a, pool, other, those of a contact together; `contacts`: of so many."""
        runs = naming["h"].rle().struct.unnest()
        start, count = (pl.zeros(contacts, dtype=pl.UInt32, eager=True) for _ in range(2))
        start = start.scatter(runs["value"], runs["len"].cum_sum() - runs["len"])
        return cls(naming.drop("h"), start, count.scatter(runs["value"], runs["len"]))

    def beside(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the history, with their h, once for each debt they name, beside it."""
        here = rows["h"]
        count, start = self.count.gather(here), self.start.gather(here)
        row = pl.int_range(len(rows), dtype=pl.UInt32, eager=True)
        once = count == 1
        places = [pl.DataFrame({"row": row.filter(once), "debt": start.filter(once)})]
        more = count > 1
        if more.any():
            several = pl.DataFrame({"row": row, "start": start, "count": count}).filter(more)
            each = pl.int_ranges("start", pl.col("start") + pl.col("count"), dtype=pl.UInt32)
            places.append(several.select("row", each.alias("debt")).explode("debt"))
        found = pl.concat(places)
        return rows[found["row"]].hstack(self.debts[found["debt"]])

    def silent(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the history that name no debt."""
        return rows.filter(self.count.gather(rows["h"]) == 0)


@dataclass(frozen=True, slots=True)
class Past:
    """What is on record: `history`, row h of it contact h, its kinds, and the debts named.

    `charged`: those a contact was attributed to; `talked`: those a conversation counts for;
    `about`: attributed or discussed.
    """

    history: pl.DataFrame
    alike: Alike
    charged: Named
    talked: Named
    about: Named


def past_of(
    frames: Frames,
    consumers: pl.DataFrame,
    accounts: pl.DataFrame,
    points: pl.DataFrame,
    persons: pl.DataFrame,
    now: datetime,
) -> Past:
    """Contacts known by now without receipts, which came back, and the debts they name.

    Raises nothing; the rows of `accounts` and `points` are in the order of `a` and `t`.
    """
    contacts = _known(frames, consumers, now)
    came_back = (pl.col("direction") == "out") & (pl.col("result") == "undeliverable")
    receipt = (
        pl.col("result").is_in(list(words.RECEIPTS))
        | ((pl.col("direction") == "in") & (pl.col("result") == "delivered"))
    ).fill_null(value=False)
    returned = _returned(contacts)
    keep = ~receipt | came_back.fill_null(value=False)
    contacts = contacts.with_columns(
        pl.zeros(len(contacts), dtype=pl.Boolean, eager=True)
        .scatter(returned, values=True)
        .alias("returned")
    )
    rows = contacts.filter(keep).drop("h").with_row_index("h")
    t = place_in(points["point"], rows["point"])
    here = points.select("t", "pt", "l", "kind", pl.col("whom_now").alias("whom"), "wrong", "tp")
    rows = rows.drop("point").hstack(here[t])
    rows = rows.with_columns(
        _person(rows, "intended_for", persons).alias("meant"),
        _person(rows, "reached", persons).alias("met"),
    )
    history = rows.select(
        "h",
        "fp",
        "t",
        "pt",
        "l",
        "at",
        *_WORDS,
        "collector",
        "initiated_by",
        "message_possible",
        pl.col("reply_to_consumer").fill_null(value=False).alias("reply"),
        "validation_period_end",
        (pl.col("direction") == "out").alias("out"),
        _counts(came_back).alias("counts"),
        pl.col("kind").fill_null(words.UNKNOWN_KIND),
        pl.col("whom").fill_null("consumer"),
        pl.col("wrong").fill_null(value=False),
        pl.coalesce("meant", "tp", "fp").alias("who"),
        "met",
        "returned",
    ).with_columns(pl.col("kind", "whom").cast(pl.Categorical))
    return Past(*kinds_of_contact(history), *_naming(rows, accounts))


def _known(frames: Frames, consumers: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Contacts of this part's consumers known by now, with their file and the columns read."""
    contacts = (
        frames["contacts"]
        .lazy()
        .filter(
            (pl.col("at") <= now)
            & (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
        )
        .select(_READ)
        .with_columns(pl.col(*_WORDS, "collector").cast(pl.Categorical))
        .collect()
    )
    c = place_in(consumers["consumer"], contacts["consumer"])
    contacts = contacts.with_columns(consumers["fp"].gather(c))
    if c.null_count():
        contacts = contacts.filter(c.is_not_null())
    return contacts.with_row_index("h")


def _person(rows: pl.DataFrame, name: str, persons: pl.DataFrame) -> pl.Series:
    """The person a column names; by the id of the file the contact stands in, whose file it is."""
    named = rows[name]
    if named.null_count() == len(named):
        return pl.repeat(None, len(named), dtype=pl.UInt32, eager=True)
    found = persons["p"].gather(place_in(persons["person"], named))
    own = (named == rows["consumer"]).fill_null(value=False)
    return rows["fp"].zip_with(own, found) if own.any() else found


def _naming(rows: pl.DataFrame, accounts: pl.DataFrame) -> tuple[Named, Named, Named]:
    """Which debts contacts name: charged to, discussed (`consent.discussed`), either.

    One that a contact names twice stands once.
    """
    named = [
        rows.lazy()
        .filter(pl.col(name).list.len() > 0)
        .select("h", pl.col(name).alias("account"), pl.lit(how, dtype=pl.UInt8).alias("how"))
        .explode("account", empty_as_null=True, keep_nulls=True)
        for name, how in _NAMING.items()
    ]
    every = pl.concat(named).collect()
    code = place_in(accounts["account"], every["account"])
    ours = (accounts["fp"].gather(code) == rows["fp"].gather(every["h"])).fill_null(value=False)
    debts = len(accounts)  # others' are numbered above the file's own, and unknown ones last of all
    code = code.zip_with(ours, (code + debts).fill_null(2 * debts))
    every = pl.DataFrame([every["h"], code.alias("code"), every["how"]])
    charged, discussed, spoken = (
        _once(every.filter(pl.col("how").is_in(how))) for how in ([1], [2], [2, 4])
    )

    def named_by(*naming: pl.DataFrame) -> Named:
        told = pl.concat(naming)
        code = told["code"]
        a = code.set(code >= debts, None)
        other = (code - debts).set((code < debts) | (code == 2 * debts), None)
        found = [told["h"], a.alias("a"), accounts["pool"].gather(a), other.alias("other")]
        return Named.told(pl.DataFrame(found), len(rows))

    def parted(told: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is charged by contacts that are in these rows too, and by others."""
        met = pl.zeros(len(rows), dtype=pl.Boolean, eager=True).scatter(told["h"], values=True)
        here = met.gather(charged["h"])
        return charged.filter(here), charged.filter(~here)

    silent = parted(spoken)[1]
    also, unspoken = parted(discussed)
    beside = _once(pl.concat([also, discussed]))
    return named_by(charged), named_by(spoken, silent), named_by(beside, unspoken)


def _once(naming: pl.DataFrame) -> pl.DataFrame:
    """Rows h, code, each pair once, contact after contact."""
    naming = naming.select("h", "code")
    if not naming["h"].is_sorted():
        naming = naming.sort("h")
    same = pl.col("h") == pl.col("h").shift(1)
    several = naming.select((same | same.shift(-1)).fill_null(value=False).alias("x"))["x"]
    if not several.any():
        return naming
    again = naming.filter(several).unique().sort("h")
    return pl.concat([naming.filter(~several), again])


def _returned(contacts: pl.DataFrame) -> pl.Series:
    """Outbound contacts (h) that came back: the latest before each receipt on point and channel."""
    keys = ["point", "channel"]
    bounced = pl.col("result") == "undeliverable"
    out = pl.col("direction") == "out"
    itself = contacts.filter(out & bounced)["h"]
    receipts = contacts.filter(~out & bounced).select(*keys, "at", "contact")
    if receipts.is_empty():
        return itself
    near = receipts.select(keys).unique()
    there = pl.col("point").is_in(near["point"].unique().implode()).fill_null(value=True)
    going = contacts.lazy().filter(out & pl.col("result").ne_missing("undeliverable") & there)
    sent = going.select(*keys, "at", "contact", "h").collect()
    both = pl.concat(
        [
            receipts.with_columns(pl.lit(None, dtype=pl.UInt32).alias("h")),
            sent.join(near, on=keys, how="semi", nulls_equal=True),
        ]
    ).sort("at", "contact")
    latest = pl.col("h").forward_fill().over(keys)
    found = both.with_columns(latest.alias("sent")).filter(
        pl.col("h").is_null() & pl.col("sent").is_not_null()
    )
    return pl.concat([itself, found["sent"].alias("h")])


def bounced(
    frames: Frames, owner: pl.DataFrame, points: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Mail that is known not to have arrived: fp, l, at (`wishes.known_bad_address`)."""
    letters = (
        frames["contacts"]
        .lazy()
        .filter(
            (pl.col("channel") == "mail")
            & (pl.col("result") == "undeliverable")
            & (pl.col("at") <= now)
            & (pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now))
        )
    )
    mail = letters.select("consumer", "point", "at").collect()
    mail = mail.join(owner.select("consumer", "fp"), on="consumer")
    return mail.join(points.select("point", "l"), on="point").select("fp", "l", "at")


def _counts(came_back: pl.Expr) -> pl.Expr:
    """`history.counts_as` and `View.counts`, as bits."""
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
    by_result: pl.Expr = pl.lit(0)
    for bits, results in _alike().items():
        by_result = pl.when(result.is_in(results)).then(bits).otherwise(by_result)
    found = (
        pl.when(result.is_null())
        .then(left_out)
        .when(came_back)
        .then(ATTEMPT)
        .when((channel == "voicemail") & result.is_in(["delivered", "sent"]))
        .then(7)
        .otherwise(by_result)
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
    lost = pl.col("returned") & written
    return pl.when(lost).then(found & (15 - COMMUNICATION)).otherwise(found).cast(pl.UInt8)


def _alike() -> dict[int, list[str]]:
    """Results by what they count as, as bits."""
    found: dict[int, list[str]] = {}
    for result, counted in words.RESULTS.items():
        found.setdefault(mask_of(counted), []).append(result)
    return found
