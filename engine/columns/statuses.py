"""Statuses as columns: what statements and knowledge make true, for every candidate of a part.

Each function answers one fact of the catalogue for all rows of `cand` (keys a, c, fp, t, l, tp and
the words channel, kind, whom) as a UInt8 column: 0 no, 1 yes, 2 unknown. The plain functions are in
`engine.facts.statuses` and `engine.facts.email`. Facts that hang on a local day are read on the
consumer's first zone; files where another zone could differ are named in `doubtful` and left to the
plain function.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from .. import days, words
from ..facts.statuses import ATTORNEY_DAYS, RECEIPT_BUSINESS_DAYS, VALIDATION_DAYS
from ..rule import Ask
from .past import COMMUNICATION, CONVERSATION
from .prepare import Prepared, once

NO, YES, UNKNOWN = 0, 1, 2
CODES = {words.NO: NO, words.YES: YES, words.UNKNOWN: UNKNOWN}
Column = Callable[[Prepared, pl.DataFrame, Ask], pl.Series]


def flag(cand: pl.DataFrame, rows: pl.DataFrame, on: list[str]) -> pl.Series:
    """1 where a row of `rows` matches on these keys."""
    if len(on) == 1:
        return _by_number(
            cand[on[0]], rows[on[0]], pl.repeat(YES, len(rows), dtype=pl.UInt8, eager=True)
        )
    marked = rows.select(on).unique().with_columns(pl.lit(YES, dtype=pl.UInt8).alias("mark"))
    found = cand.select(on).join(marked, on=on, how="left", maintain_order="left")
    return found["mark"].fill_null(NO)


def value(cand: pl.DataFrame, rows: pl.DataFrame, on: list[str], name: str) -> pl.Series:
    """The value column of `rows` (unique on these keys), 0 where there is none."""
    codes = rows.select(*on, pl.col(name).cast(pl.UInt8))
    if len(on) == 1:
        return _by_number(cand[on[0]], codes[on[0]], codes[name])
    found = cand.select(on).join(codes, on=on, how="left", maintain_order="left")
    return found[name].fill_null(NO)


def _by_number(wanted: pl.Series, known: pl.Series, codes: pl.Series) -> pl.Series:
    """For each number wanted the code of that number, 0 where it has none."""
    last = [one for one in (wanted.max(), known.max()) if isinstance(one, int)]
    room = pl.zeros(max(last, default=0) + 1, dtype=pl.UInt8, eager=True)
    here = known.is_not_null()
    found = room.scatter(known.filter(here), codes.filter(here))[wanted]
    return found.fill_null(NO) if wanted.null_count() else found


ATTORNEY = (pl.col("told") & ~pl.col("own") & (pl.col("role") == "attorney")).fill_null(value=False)


def said(prepared: Prepared, *kinds: str) -> pl.DataFrame:
    """Known statements of these kinds (`View.said`)."""
    return prepared.said.filter(pl.col("kind").is_in(kinds))


def bound(prepared: Prepared, *kinds: str) -> pl.DataFrame:
    """The same, once per person they bind (`View.binding`)."""
    return prepared.bound.filter(pl.col("kind").is_in(kinds))


def by_debt(prepared: Prepared, rows: pl.DataFrame) -> pl.DataFrame:
    """Statement rows once per debt (a) they are about: those named, or all of the file."""
    return rows.drop("accounts").join(_debts_said(prepared), on="order").sort("order")


@once
def _debts_said(prepared: Prepared) -> pl.DataFrame:
    """The debts that each statement is about: order, a."""
    rows = prepared.said.select("order", "fp", "accounts")
    named = pl.col("accounts").list.len().fill_null(0) > 0
    accounts = prepared.accounts.select(pl.col("account").alias("accounts"), "a", "fp")
    some = rows.filter(named).explode("accounts", empty_as_null=True, keep_nulls=True)
    some = some.join(accounts, on=["accounts", "fp"])
    every = rows.filter(~named).drop("accounts").join(accounts, on="fp")
    return pl.concat([some.select("order", "a"), every.select("order", "a")])


def last_word(rows: pl.DataFrame, keys: list[str], state: pl.Expr) -> pl.DataFrame:
    """The state after the last row of each key.

    Of two words received at one instant the one that sets the state is the later.
    """
    return (
        rows.with_columns(state.cast(pl.UInt8).alias("state"))
        .sort("received_at", "state", maintain_order=True)
        .group_by(keys)
        .agg(pl.col("state").last())
    )


# -- debts


def ceased(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.ceased`."""
    rows = said(prepared, "cease", "cease_or_refusal", "refuses_to_pay").filter(
        pl.col("ours") & pl.col("written")
    )
    return flag(cand, by_debt(prepared, rows), ["a"])


@once
def _designations(prepared: Prepared) -> pl.DataFrame:
    """Per debt with an attorney now acting: last said when (`attorneys.designated`)."""
    begins = said(prepared, "represented_by", "wants_contact_through_attorney").filter(
        pl.col("more").str.json_path_match("$.address_known").fill_null("true") != "false"
    )
    begun = by_debt(prepared, begins).group_by("a").agg(pl.col("received_at").max().alias("since"))
    ended = by_debt(prepared, said(prepared, "no_longer_represented"))
    ended = ended.group_by("a").agg(pl.col("received_at").max().alias("end"))
    standing = pl.col("end").is_null() | (pl.col("since") >= pl.col("end"))
    return begun.join(ended, on="a", how="left").filter(standing).select("a", "since")


def represented(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`attorneys.represented`."""
    return flag(cand, _designations(prepared), ["a"])


def attorney_consents(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`attorneys.attorney_consents`."""
    rows = said(prepared, "attorney_consents_to_direct_contact")
    rows = by_debt(prepared, rows.filter(pl.col("source").eq_missing("attorney") | ATTORNEY))
    met = rows.join(_designations(prepared), on="a").filter(
        pl.col("received_at") >= pl.col("since")
    )
    return flag(cand, met, ["a"])


@once
def silences(prepared: Prepared) -> tuple[pl.DataFrame, pl.Series]:
    """Debts whose attorney left a letter unanswered too long, and files where a zone matters."""
    rows = said(prepared, "attorney_written_to", "attorney_unanswered_since").with_columns(
        pl.col("value").str.strip_chars('"').str.slice(0, 10).str.to_date(strict=False)
        .alias("since")
    )  # fmt: skip
    wrote = prepared.history.filter(~pl.col("out") & (pl.col("whom") == "attorney"))
    keys = ["fp", "collector"]
    wrote = wrote.group_by(keys).agg(pl.col("at").max().dt.date().alias("wrote"))
    latest = pl.col("received_at").max().dt.date().alias("spoke")
    spoke = prepared.said.filter(ATTORNEY).group_by("fp").agg(latest)
    acts = _designations(prepared).select("a", pl.col("since").dt.date().alias("acts"))
    rows = by_debt(prepared, rows).join(prepared.accounts.select("a", "collector"), on="a")
    rows = rows.join(wrote, on=keys, how="left").join(spoke, on="fp", how="left")
    rows = rows.join(acts, on="a", how="left")
    since = pl.col("since")
    near, quiet = since.is_null(), pl.lit(value=True)
    for name in ("wrote", "spoke", "acts"):
        gap = (pl.col(name) - since).dt.total_days().abs()
        near = near | (gap <= 1).fill_null(value=False)
        later = pl.col(name) > since if name == "acts" else pl.col(name) >= since
        quiet = quiet & ~later.fill_null(value=False)
    long = pl.lit(prepared.day) > pl.col("since") + timedelta(days=ATTORNEY_DAYS)
    return rows.filter(long & quiet).select("a").unique(), rows.filter(near)["fp"].unique()


def attorney_silent(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`attorneys.attorney_silent`."""
    return flag(cand, silences(prepared)[0], ["a"])


def disputed(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.disputed`."""
    rows = said(prepared, "disputes").filter("ours")
    rows = pl.concat([rows, said(prepared, "says_does_not_owe")]).sort("order")
    return flag(cand, by_debt(prepared, rows), ["a"])


def about(*kinds: str) -> Column:
    """`statuses.about_debts` of these kinds."""

    def column(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
        return flag(cand, by_debt(prepared, said(prepared, *kinds)), ["a"])

    return column


def hold_is(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.holds` for the holds asked."""
    asked = ask.parameter if isinstance(ask.parameter, tuple) else (str(ask.parameter),)
    rows = by_debt(prepared, said(prepared, "hold", "releases_hold"))
    rows = rows.with_columns(pl.col("value").str.strip_chars('"').alias("held"))
    last = last_word(
        rows.filter(pl.col("held").is_in(asked)), ["a", "held"], pl.col("kind") == "hold"
    )
    return flag(cand, last.filter(pl.col("state") == YES), ["a"])


def about_debt(prepared: Prepared, rows: pl.DataFrame) -> pl.DataFrame:
    """History rows once per debt they surely were about, of its collector (`statuses._about`)."""
    accounts = prepared.accounts.select("a", "fp", "single", "collector")
    some = prepared.about.beside(rows).drop("pool", "other").drop_nulls("a")
    some = some.filter(accounts["collector"].gather(some["a"]) == some["collector"])
    every = prepared.about.silent(rows).join(accounts, on=["fp", "collector"])
    every = every.filter("single")
    return pl.concat([some, every.select(some.columns)])


def _with_contents(prepared: Prepared, contents: list[str]) -> pl.DataFrame:
    """Outbound history that carries one of these, and has not come back."""
    test = pl.col("content").is_in(contents).fill_null(value=False) | pl.col("purpose").is_in(
        contents
    ).fill_null(value=False)
    return prepared.history.filter(test & pl.col("out") & ~pl.col("returned"))


def initial_communication_made(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.initial_communication_made`."""
    counts = pl.col("counts")
    told = (counts & COMMUNICATION) != 0
    rows = prepared.history.filter(told & (pl.col("out") | ((counts & CONVERSATION) != 0)))
    rows = _told_to(prepared, rows)
    open_ = pl.col("result").is_null() & pl.col("channel").is_in(["call", "visit"])
    rows = rows.select("h", "fp", "collector", open_.alias("open"))
    links = prepared.talked
    accounts = prepared.accounts.select("a", "fp", "single", "collector")
    named = links.beside(rows).drop_nulls("a")
    named = named.filter(accounts["collector"].gather(named["a"]) == named["collector"])
    named = named.select("a", "open")
    vague = links.silent(rows).select("fp", "collector", "open").unique()
    vague = vague.join(accounts, on=["fp", "collector"])
    doubt = pl.col("open") | ~pl.col("single")
    every = pl.concat([named, vague.select("a", doubt.alias("open"))]).unique()
    sure, maybe = every.filter(~pl.col("open")).select("a"), every.filter("open").select("a")
    code = pl.concat(
        [
            sure.with_columns(pl.lit(2).alias("w")),
            maybe.with_columns(pl.lit(1).alias("w")),
        ]
    ).group_by("a").agg(pl.col("w").max())  # fmt: skip
    code = code.with_columns(
        pl.col("w").replace_strict({2: YES, 1: UNKNOWN}, return_dtype=pl.UInt8).alias("state")
    )
    return value(cand, code, ["a"], "state")


def _told_to(prepared: Prepared, rows: pl.DataFrame) -> pl.DataFrame:
    """Of history rows those in which the consumer's side was reached (`statuses._told_to`)."""
    kin = list(words.CONSUMER_ROLES)
    another = (pl.col("met").is_not_null() & (pl.col("met") != pl.col("who"))).fill_null(value=True)
    meant = rows.filter(~another & pl.col("whom").is_in(kin))
    answered = rows.filter(another).join(
        prepared.roles, left_on=["fp", "met"], right_on=["fp", "p"], how="left"
    )
    himself = pl.col("met") == pl.col("fp")
    answered = answered.filter((himself | pl.col("role").is_in(kin)).fill_null(value=False))
    return pl.concat([meant, answered.select(meant.columns)])


# -- disputes and requests


def _ends(prepared: Prepared, files: pl.DataFrame) -> pl.DataFrame:
    """Per debt of these files: the end of the validation period, and whether it was computed."""
    theirs = pl.col("whom").is_in(list(words.ANSWERED_ROLES))
    notices = _with_contents(prepared, ["validation_notice"]).filter(theirs)
    notices = notices.join(files, on="fp", how="semi")
    notices = about_debt(prepared, notices).with_columns(pl.col("at").dt.date().alias("sent"))
    sent = notices["sent"].unique().to_list()
    ends = {one: validation_ends(one) for one in sent}
    return (
        notices.with_columns(
            pl.coalesce(
                "validation_period_end",
                pl.col("sent").replace_strict(ends, default=None, return_dtype=pl.Date),
            ).alias("end"),
            pl.col("validation_period_end").is_null().alias("computed"),
        )
        .group_by("a")
        .agg(pl.col("end").max(), pl.col("computed").any())
    )


def validation_ends(sent: date) -> date:
    """The computed end of the validation period of a notice sent on a day."""
    received = days.add_business_days(sent, RECEIPT_BUSINESS_DAYS)
    return received + timedelta(days=VALIDATION_DAYS)


def _unanswered(
    prepared: Prepared, kind: str, contents: list[str], duplicative: bool | None
) -> tuple[pl.DataFrame, pl.Series]:
    """Timely written statements of a kind that await an answer: debts (a), doubtful files."""
    rows = said(prepared, kind).filter(pl.col("ours") & pl.col("written"))
    repeats = rows["fp"].clear()
    if duplicative is not None:
        old = pl.col("more").str.json_path_match("$.new_information").eq_missing(pl.lit("false"))
        repeats = rows.filter(old)["fp"].unique()  # of what was answered before, or not: see plain
        rows = rows.filter(old if duplicative else ~old)
    rows = by_debt(prepared, rows)
    files = rows.select("fp").unique()
    made = pl.coalesce("made", "received_at").dt.date()
    rows = rows.join(_ends(prepared, files), on="a", how="left").with_columns(made.alias("day"))
    gap = (pl.col("day") - pl.col("end")).dt.total_days().abs()
    room = pl.when(pl.col("computed")).then(6).otherwise(1)  # weekends can move a computed end
    near = rows.filter((gap <= room).fill_null(value=False))["fp"].unique()
    timely = (pl.col("day") <= pl.col("end")).fill_null(value=True)
    sent = _with_contents(prepared, contents).filter(
        pl.col("whom").is_in(list(words.ANSWERED_ROLES))
        & ~pl.col("channel").is_in(list(words.VOICE_CHANNELS))
    )
    sent = sent.join(files, on="fp", how="semi")
    answered = about_debt(prepared, sent).group_by("a").agg(pl.col("at").max().alias("answered"))
    waiting = rows.filter(timely).join(answered, on="a", how="left")
    late = (pl.col("answered") <= pl.col("received_at")).fill_null(value=True)
    near = pl.concat([near, repeats]).unique()
    return waiting.filter(late).select("a").unique(), near


ANSWERS = ["verification", "judgment_copy"]


@once
def disputes(prepared: Prepared, fact: str) -> tuple[pl.DataFrame, pl.Series]:
    """Debts (a) with a dispute or request of a fact open, and files where a zone could matter."""
    if fact == "dispute_open":
        return _unanswered(prepared, "disputes", ANSWERS, duplicative=False)
    if fact == "duplicative_dispute_open":
        answers = [*ANSWERS, "duplicative_dispute_notice"]
        return _unanswered(prepared, "disputes", answers, duplicative=True)
    answers = ["original_creditor_information"]
    return _unanswered(prepared, "requests_original_creditor", answers, duplicative=None)


def awaiting(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.dispute_open`, `duplicative_dispute_open`, `original_creditor_request_open`."""
    return flag(cand, disputes(prepared, ask.fact)[0], ["a"])
