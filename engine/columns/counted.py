"""Contacts beside the units they may count for, found once for all rules that count by these.

Some fifty limits and waits of all places count by eight kinds of units, and what `happened` asks is
told by debt. What any of them may take is laid beside its units once; a rule then picks its own by
kind of contact, moment and unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from ..facts.selecting import MAYBE_WORK
from ..facts.view import HOUSEHOLD
from ..kinds import Limit, Wait
from ..rule import Happened, Period, Rule, Selector
from ..situation import rule_asks
from . import tally
from .prepare import Prepared
from .selected import of_types, taken
from .units import Units

OF_DEBT = ("account",)
"""The units by which it is told what happened."""
Counting = Mapping[Selector, datetime | None]
"""Selectors, each with the instant from which on what it takes can count; None: ever."""


@dataclass(frozen=True, slots=True)
class By:
    """What tells units apart, and which contacts are in them.

    `keys`: the columns of rows; `talk`: a talk is in the tally of whom it reached, and no other's;
    `discussed`: debts are those discussed, not those a contact was attributed to.
    """

    keys: tuple[str, ...]
    talk: bool
    discussed: bool


def by(chosen: Selector, per: Sequence[str]) -> By:
    """By what a rule counts."""
    keys = tuple(tally.unit_of(per))
    talk = "tp" in keys and chosen.what == "conversations"
    return By(keys, talk, chosen.debts == "discussed" and bool({"a", "pool"} & set(keys)))


def countings(rules: Iterable[Rule], day: date) -> dict[By, dict[Selector, datetime | None]]:
    """What these rules count, or ask whether it happened: by what, and since when.

    That which columns can count (`tally.columnar`).
    """
    found: dict[By, dict[Selector, datetime | None]] = {}
    for rule in rules:
        for chosen, per, period in _counting(rule):
            if tally.columnar(chosen, period):
                known = found.setdefault(by(chosen, per), {})
                since = tally.reach_back(period, day)
                before = known.get(chosen, since)
                known[chosen] = None if since is None or before is None else min(since, before)
    return found


def _counting(rule: Rule) -> list[tuple[Selector, Sequence[str], Period | None]]:
    """What a rule selects, by which units, and how far it looks back."""
    found: list[tuple[Selector, Sequence[str], Period | None]] = []
    if isinstance(rule.body, Limit):
        found.append((rule.body.counting, rule.body.per, rule.body.within))
    elif isinstance(rule.body, Wait):
        found.append((rule.body.after, rule.body.per, None))
    asked = [ask.parameter for ask in rule_asks(rule)]
    found += [(one.event, OF_DEBT, one.within) for one in asked if isinstance(one, Happened)]
    return found


def counted(prepared: Prepared, how: By, counting: Counting, units: Units) -> pl.DataFrame:
    """Contacts that some of these may take: u (told apart by `how`), h, k, at; once per unit."""
    history = prepared.history
    here = pl.zeros(len(history), dtype=pl.Boolean, eager=True)
    for since in set(counting.values()):
        kinds = pl.zeros(len(prepared.alike.kinds), dtype=pl.Boolean, eager=True)
        for chosen, floor in counting.items():
            if floor == since:
                kinds |= taken(prepared, chosen)
        some = kinds.gather(history["k"])
        here |= some if since is None else some & (history["at"] >= since)
    rows = history.select("h", "k", "at", "fp", "l", "pt", "who", "met", "collector")
    rows = rows.filter(here)
    asked = units.keys.with_row_index("u").with_columns(_number("collector"))
    rows = rows.with_columns(_number("collector"))
    return pl.concat([beside(asked, *one) for one in _keyed(prepared, rows, how)])


def _number(name: str) -> pl.Expr:
    """A column of words as numbers, which are alike in all frames of a process."""
    return pl.col(name).cast(pl.Categorical).to_physical()


def beside(asked: pl.DataFrame, keys: list[str], rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (h, k, at) beside each unit (u) of the same keys, told by one number where they fit."""
    kept = rows.select("h", "k", "at")
    marks: list[pl.Series] = [
        pl.zeros(len(one), dtype=pl.UInt64, eager=True) for one in (asked, kept)
    ]
    room = 1
    for key in keys:
        last = [one for one in (asked[key].max(), rows[key].max()) if isinstance(one, int)]
        width = max(last, default=0) + 1
        room *= width
        if room >= 1 << 63:
            return asked.select("u", *keys).join(kept.hstack(rows.select(keys)), on=keys).drop(keys)
        marks = [mark * width + one[key] for mark, one in zip(marks, (asked, rows), strict=True)]
    here = pl.DataFrame([asked["u"], marks[0].alias("mark")])
    return here.join(kept.hstack([marks[1].alias("mark")]), on="mark").drop("mark")


def _keyed(prepared: Prepared, rows: pl.DataFrame, how: By) -> list[tuple[list[str], pl.DataFrame]]:
    """Rows with the keys of their units: one frame for what names debts, one for what names none.

    A row may stand in several units: the person meant and the one reached; each debt named.
    """
    keys = list(how.keys)
    if "tp" in keys:
        rows = _persons(rows, talk=how.talk)
    if not {"a", "pool"} & set(keys):
        return [(keys, rows)]
    links = prepared.talked if how.discussed else prepared.charged
    with_debts = links.beside(rows.drop("fp")).filter(pl.col("a").is_not_null())
    named = [key for key in keys if key != "fp"]  # a debt has one file
    several = links.count.gather(with_debts["h"]) > 1  # they may be one unit
    if several.any():
        again = with_debts.filter(several).unique(["h", *named])
        with_debts = pl.concat([with_debts.filter(~several), again])
    unnamed = [key for key in keys if key not in ("a", "pool")]
    return [(named, with_debts), (unnamed, links.silent(rows))]


def _persons(rows: pl.DataFrame, *, talk: bool) -> pl.DataFrame:
    """`tp`: whose tally a row is in; whoever was reached too, or, of a talk, first of all."""
    if rows["met"].null_count() == len(rows):
        return rows.with_columns(pl.col("who").alias("tp"))
    if talk:
        return rows.with_columns(pl.coalesce("met", "who").alias("tp"))
    also = rows.filter(pl.col("met").is_not_null() & (pl.col("met") != pl.col("who")))
    return pl.concat(
        [
            rows.with_columns(pl.col("who").alias("tp")),
            also.with_columns(pl.col("met").alias("tp")),
        ]
    )


def counting_for(
    prepared: Prepared,
    contacts: pl.DataFrame,
    chosen: Selector,
    per: Sequence[str],
    since: datetime | None,
    asked: pl.Series | None,
) -> pl.DataFrame:
    """Of `counted` contacts those that a rule takes: u, h, k, at.

    `asked`: by number of a unit, whether it matters; None: all do.
    """
    kinds = taken(prepared, chosen)
    if "household" in per:
        kinds &= _of_kinds(prepared, pl.col("whom").is_in(list(HOUSEHOLD)))
    if "workplace" in per:
        kinds &= _of_kinds(prepared, pl.col("kind").is_in(sorted(MAYBE_WORK)))
    here = kinds.gather(contacts["k"])
    if asked is not None:
        here &= asked.gather(contacts["u"])
    if since is not None:
        here &= contacts["at"] >= since
    rows = contacts.filter(here)
    return rows if chosen.types is None else of_types(prepared, rows, chosen, chosen.types)


def _of_kinds(prepared: Prepared, test: pl.Expr) -> pl.Series:
    return prepared.alike.kinds.select(test.alias("x"))["x"]
