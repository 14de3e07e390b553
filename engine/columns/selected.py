"""What a selector takes of a part's history: `facts.selecting.matches` for all rows at once."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from .. import words
from ..facts.selecting import RESULT_TELLS, surely_within
from ..rule import Exclusion, Selector
from .past import MASKS
from .prepare import Prepared


def selected(prepared: Prepared, chosen: Selector, since: datetime | None = None) -> pl.DataFrame:
    """History rows that a selector counts, its period and units aside (`counting.matches`).

    `since`: those from then on. Which contact (h), and its file (fp).
    """
    history = prepared.history
    here = taken(prepared, chosen).gather(history["k"])
    if since is not None:
        here &= history["at"] >= since
    rows = history.select("h", "fp").filter(here)
    return rows if chosen.types is None else of_types(prepared, rows, chosen, chosen.types)


def taken(prepared: Prepared, chosen: Selector) -> pl.Series:
    """By kind of contact (k), whether a selector takes it."""
    return prepared.alike.taken(chosen, _test)


def doubted(prepared: Prepared, chosen: Selector) -> pl.Series:
    """By kind of contact (k), whether it is `unclear` that a selector takes it."""
    return prepared.alike.kinds.select(unclear(chosen).alias("x"))["x"]


def _test(chosen: Selector) -> pl.Expr:
    """Whether a selector takes a kind of contact (`alike.ASKED`)."""
    test = (pl.col("counts") & MASKS[chosen.what]) != 0
    if chosen.direction != "any":
        test &= pl.col("out") if chosen.direction == "out" else ~pl.col("out")
    if chosen.channels is not None:
        test &= pl.col("channel").is_in(sorted(chosen.channels))
    if chosen.to is not None:
        test &= _to(chosen.to)
    if chosen.whom is not None:
        test &= pl.col("whom").is_in(sorted(chosen.whom))
    contents = pl.col("content")
    implied = pl.col("purpose").is_in(list(words.CONTENTS))
    if chosen.purpose is not None:
        wanted = sorted(chosen.purpose)
        mine = pl.col("purpose").is_in(wanted).fill_null(value="collection" in chosen.purpose)
        test &= mine | contents.is_in(wanted).fill_null(value=False)
    if chosen.content is not None:
        wanted = sorted(chosen.content)
        test &= contents.is_in(wanted).fill_null(value=False) | (
            implied & pl.col("purpose").is_in(wanted)
        ).fill_null(value=False)
    if chosen.technology is not None:
        how = pl.col("technology").is_in(sorted(chosen.technology))
        test &= how.fill_null(value="prerecorded" in chosen.technology)
    if chosen.result is not None:
        test &= pl.col("result").is_null() | pl.col("result").is_in(sorted(chosen.result))
    if chosen.initiated_by is not None:
        started = pl.when("out").then(pl.lit("collector")).otherwise(pl.lit("consumer"))
        test &= pl.coalesce("initiated_by", started) == chosen.initiated_by
    for exclusion in chosen.not_:
        left_out = _left_out(exclusion)
        if left_out is not None:
            test &= ~left_out
    return test


def of_types(
    prepared: Prepared, rows: pl.DataFrame, chosen: Selector, types: frozenset[str]
) -> pl.DataFrame:
    """Rows (h) without those that name debts on record, none of them of these types."""
    links = prepared.talked if chosen.debts == "discussed" else prepared.charged
    named = links.beside(rows.select("h")).select("h", debt=pl.coalesce("a", "other")).drop_nulls()
    known = named.with_columns(prepared.accounts["type"].gather(named["debt"]))
    fit = known.filter(pl.col("type").is_in(sorted(types)))["h"].unique()
    unfit = pl.col("h").is_in(known["h"].unique().implode())
    return rows.filter(~unfit | pl.col("h").is_in(fit.implode()))


def unclear(chosen: Selector) -> pl.Expr:
    """Whether nobody recorded the result or kind of point that would tell (`selecting.unclear`)."""
    told = any(set(one.words) & RESULT_TELLS for one in chosen.not_)
    found = pl.col("result").is_null()
    if chosen.result is None:
        matters = ["call", "visit"] if told or chosen.what != "attempts" else []
        found &= pl.col("channel").is_in(matters)
    sure = surely_within(chosen.to) if chosen.to is not None else words.CHANNELS
    kindless = (pl.col("kind") == words.UNKNOWN_KIND) & ~pl.col("channel").is_in(sorted(sure))
    return found | kindless


def _to(to: frozenset[str]) -> pl.Expr:
    kind, text = pl.col("kind"), pl.col("channel") == "text"
    within = kind.is_in(sorted(to))
    if "electronic" in to:
        within |= text
    if "-electronic" in to:
        within &= ~text
    return within | (kind == words.UNKNOWN_KIND)


def _left_out(exclusion: Exclusion) -> pl.Expr | None:
    """An entry of `not` as an expression; None for consent, which `plain` sees to."""
    tests = {
        "to_professional": pl.col("whom").is_in(list(words.PROFESSIONAL_ROLES)),
        "misdirected": pl.col("wrong"),
        "reply_to_consumer": pl.col("reply"),
        "not_connected": ((pl.col("counts") & MASKS["connected"]) == 0)
        & pl.col("out")
        & pl.col("channel").is_in(list(words.VOICE_CHANNELS)),
        "no_message_possible": pl.col("message_possible").eq_missing(pl.lit(value=False)),
        "returned": pl.col("returned"),
        "conversation": ((pl.col("counts") & MASKS["conversations"]) != 0)
        & ~(pl.col("result").is_null() & pl.col("channel").is_in(["call", "visit"])),
    }
    if "in_call_consent" in exclusion.words:
        return None
    found: pl.Expr | None = None
    for word in exclusion.words:
        found = tests[word] if found is None else found & tests[word]
    return found
