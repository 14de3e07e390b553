"""A part's tables made ready: small integer keys, statements in order, history with its counts.

Keys: `a` account, `c` consumer row, `fp` the person whose file it is (rows of the same human share
it), `t` point, `pt` the point as a unit (a number
that several files share is one), `l` line, `p` person. Words stay words until a situation is keyed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import polars as pl

from .. import words
from .alike import Alike
from .past import Frames, Named, bounced, past_of, place_in

CONSENTS = ("consents_to_call", "asks_to_be_called", "consents_to_calls_until",
            "agrees_to_messages")  # fmt: skip
TAKES_OFF = ("withdraws_inconvenience", "withdraws_inconvenient_place", "consents_to_medium")


GONE: Final = pl.DataFrame()
"""In place of a frame that nobody reads again: it has no column."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The part's frames with keys; see the module for their names."""

    day: date
    now: datetime
    consumers: pl.DataFrame  # consumer, c, fp, deceased
    accounts: pl.DataFrame  # a, account, c, fp, pool, and the account's own columns
    points: pl.DataFrame  # t, point, c, fp, kind, tp (owner), whom, l, number, special, ...
    said: pl.DataFrame  # order, fp, kind, accounts, l, value, more, received, ...
    bound: pl.DataFrame  # the same rows once per person they bind or free: + who
    history: pl.DataFrame  # h in order, k, fp, t, l, at, channel, out, counts, who, met, ...
    alike: Alike  # the kinds of contact, by k of the history
    parties: pl.DataFrame  # a, p, role
    roles: pl.DataFrame  # fp, p, role: what people are in a file
    bounced: pl.DataFrame  # fp, l, at: mail that came back, as its receipts and entries say
    charged: Named  # the debts a contact was attributed to
    talked: Named  # the debts a conversation counts for
    about: Named  # those a contact was attributed to, or that were discussed
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    def bare(self) -> Prepared:
        """The same without points, words and history; whoever reads them yet fails."""
        none = Named(GONE, pl.Series([], dtype=pl.UInt32), pl.Series([], dtype=pl.UInt32))
        return replace(
            self, points=GONE, said=GONE, bound=GONE, history=GONE, alike=Alike(GONE),
            parties=GONE, roles=GONE, bounced=GONE, charged=none, talked=none, about=none, kept={},
        )  # fmt: skip


More = ParamSpec("More")
Found = TypeVar("Found")


def once(
    make: Callable[Concatenate[Prepared, More], Found],
) -> Callable[Concatenate[Prepared, More], Found]:
    """A function of a part's tables (and of words) that is worked out once for each part."""

    @wraps(make)
    def kept(prepared: Prepared, /, *args: More.args, **words: More.kwargs) -> Found:
        key = (make, *args, *words.items())
        if key not in prepared.kept:
            prepared.kept[key] = make(prepared, *args, **words)
        found: Found = prepared.kept[key]
        return found

    return kept


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
    parties = (
        frames["account_parties"]
        .join(accounts.select("account", "a", "fp"), on="account")
        .join(persons, on="person")
        .select("a", "fp", "p", "role")
    )
    roles = _roles(points, parties)
    said = _speakers(said, roles, persons, consumers)
    bound = _bound(said)
    points = _wrong_lines(points, said)
    past = past_of(frames, consumers, accounts, points, persons, now)
    return Prepared(
        day, now, consumers, accounts, points, said, bound, past.history, past.alike,
        parties.drop("fp"), roles, bounced(frames, owner, points, now), past.charged, past.talked,
        past.about,
    )  # fmt: skip


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
    accounts = frames["accounts"]
    if not accounts["account"].is_sorted():
        accounts = accounts.sort("account")
    # INVARIANT: row number a holds account a; facts are gathered by it
    accounts = accounts.with_row_index("a")
    of = owner[place_in(owner["consumer"], accounts["consumer"])]
    accounts = accounts.hstack(of.select("c", "fp"))
    pooled = pl.col("type").eq("student_loan") & (pl.col("servicing_account").str.len_bytes() > 0)
    together = ["fp", "servicing_account", "collector"]
    return accounts.with_columns(
        pl.col("collector").cast(pl.Categorical),
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
    points = frames["contact_points"]
    if not points["point"].is_sorted():
        points = points.sort("point")
    points = points.with_row_index("t")
    of = owner[place_in(owner["consumer"], points["consumer"])].select("c", "fp")
    tp = place_in(persons["person"], points["owner"]).alias("tp")
    line = pl.when(pl.col("number").str.len_bytes() > 0).then("number").otherwise("point")
    points = points.hstack([*of, tp]).with_columns(
        pl.when(pl.col("owner") == pl.col("consumer")).then("fp").otherwise("tp").alias("tp"),
        line.alias("line"),
    )
    lines = points["line"].unique().sort().to_frame().with_row_index("l")
    points = points.with_columns(place_in(lines["line"], points["line"]).alias("l"))
    shared = pl.col("fp").n_unique().over("l") > 1
    alone = pl.col("t") + pl.lit(1 << 31, dtype=pl.UInt32)
    return points.with_columns(pl.when(shared).then("l").otherwise(alone).alias("pt")), lines


def _said(
    frames: Frames,
    owner: pl.DataFrame,
    points: pl.DataFrame,
    lines: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """Statements and knowledge received and recorded by now, in the order received."""
    shared = ["consumer", "kind", "accounts", "point", "value", "more"]
    shared += ["received_at", "recorded_at"]
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
    known = frames["knowledge"].select(*shared, "source", pl.col("knowledge").alias("id"))
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
            ((pl.col("medium") != "oral") & (~electronic | pl.col("accepted_medium"))).alias(
                "written"
            ),
        )
        .drop("known_l", "bare_l")
        .sort("order")
    )


def _roles(points: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """What people (p) are in a file (fp), as far as it says (`history.role_of`)."""
    on_point = points.select("fp", pl.col("tp").alias("p"), pl.col("whom").alias("role"))
    on_account = parties.sort("a", "role").select(
        "fp", "p", pl.col("role").replace_strict(words.PARTY_ROLES, return_dtype=pl.String)
    )
    known = pl.concat([on_point, on_account]).group_by("fp", "p", maintain_order=True)
    return known.agg(pl.col("role").first())


def _speakers(
    said: pl.DataFrame, roles: pl.DataFrame, persons: pl.DataFrame, consumers: pl.DataFrame
) -> pl.DataFrame:
    """Statements with who spoke (`b`, a person), as what (`role`), and whether for himself (`own`).

    `role` as `history.role_of` has it, "" of an outsider nobody knows. `own`: the consumer whose
    file it is, or nobody named.
    """
    files = consumers.select(pl.col("consumer").alias("by"), pl.col("fp").alias("by_file"))
    rows = (
        said.select("order", "fp", "told", "by")
        .join(files, on="by", how="left")
        .join(persons.rename({"person": "by", "p": "b"}), on="by", how="left")
        .with_columns(pl.coalesce("by_file", "b").alias("b"))
        .join(roles, left_on=["fp", "b"], right_on=["fp", "p"], how="left")
    )
    role = pl.col("role").fill_null("")
    own = (~pl.col("told") | pl.col("by").is_null() | (pl.col("b") == pl.col("fp"))).fill_null(
        value=False
    )
    found = rows.select("order", "b", own.alias("own"), role.alias("role"))
    return said.join(found, on="order", how="left", maintain_order="left")


def _bound(said: pl.DataFrame) -> pl.DataFrame:
    """Each statement once per person it is about: `who`.

    Whose contacts it binds (`speaking.bound`); for what takes a restriction off, whom it frees
    (`freed`); for consents, who consented (`own_words`).
    """
    role = pl.col("role")
    kin = role.is_in(list(words.CONSUMER_ROLES)).fill_null(value=False)
    rows = said.select("order", "fp", "told", "ours", "kind", "b", "own", "role")
    rows = rows.with_columns(kin.alias("kin"))
    consents = pl.col("kind").is_in(list(CONSENTS))
    rows = rows.filter(~consents | (pl.col("told") & pl.col("ours")))
    for_him = role.eq_missing("attorney") & ~consents
    frees = pl.col("kind").is_in(list(TAKES_OFF)) | consents
    loose = rows.filter(frees & ((pl.col("kind") != "consents_to_medium") | pl.col("told")))
    loose = loose.select(
        "order", pl.when(pl.col("own") | for_him).then("fp").otherwise("b").alias("who")
    )
    rows = rows.filter(~frees)
    to_consumer = rows.filter("own").select("order", pl.col("fp").alias("who"))
    to_kin = rows.filter(~pl.col("own") & pl.col("kin")).select("order", pl.col("b").alias("who"))
    outsiders = rows.filter(~pl.col("own") & ~pl.col("kin"))
    both = pl.concat(
        [
            loose,
            to_consumer,
            to_kin,
            outsiders.select("order", pl.col("fp").alias("who")),
            outsiders.select("order", pl.col("b").alias("who")).drop_nulls(),
        ]
    ).unique()
    return said.join(both, on="order").sort("order", "who")


def files_of(
    prepared: Prepared, kinds: Sequence[str], since: date | datetime | None = None
) -> pl.Series:
    """Files (fp) in which words of these kinds stand, or people are contacted whom they are about.

    `since`: only words received then or later.
    """
    said, bound = prepared.said, prepared.bound
    late = pl.lit(value=True)
    if isinstance(since, datetime):
        late = pl.col("received_at") >= since
    elif since is not None:
        late = pl.col("received_at").dt.date() >= since
    here = said.filter(pl.col("kind").is_in(list(kinds)) & late)["fp"]
    people = bound.filter(pl.col("kind").is_in(list(kinds)) & late)["who"].unique()
    there = prepared.points.filter(pl.col("tp").is_in(people.implode()))["fp"]
    return pl.concat([here, there]).unique()


def _wrong(points: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Lines that a file knows to be somebody else's: fp, l."""
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
    return pl.concat([named, checked]).drop_nulls().unique()


def _wrong_lines(points: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Marks points whose line the file knows to be somebody else's, with the role now known."""
    wrong = _wrong(points, said).with_columns(wrong=pl.lit(True))
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


def files_apart(prepared: Prepared) -> pl.Series:
    """Files (fp) among which a line is somebody else's to one, and to another is not.

    Met on such a line are whoever has a point or a contact on it, or the people of its contacts.
    """
    points, history = prepared.points, prepared.history
    wrong = _wrong(points, prepared.said).select("l", "fp")
    lines = wrong["l"].unique().implode()
    there = history.filter(pl.col("l").is_in(lines))
    people = [there.select("l", pl.col(name).alias("tp")).drop_nulls() for name in ("who", "met")]
    known = points.select("tp", "fp").unique()
    seen = pl.concat(
        [
            wrong,
            points.filter(pl.col("l").is_in(lines)).select("l", "fp"),
            there.select("l", "fp"),
            *(one.join(known, on="tp").select("l", "fp") for one in people),
        ]
    ).unique()
    several = seen.group_by("l").agg("fp").filter(pl.col("fp").list.len() > 1)
    return several["fp"].explode(empty_as_null=True, keep_nulls=True).unique()
