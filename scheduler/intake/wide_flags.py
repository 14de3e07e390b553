"""Flags of a wide row -> statements and knowledge with their days.

A flag without a day is as of the import; once told, it keeps its first day however often it is told
again. A flag that is `no` takes nothing back that was told before: that is said, not done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from ..store import lookups
from ..store.adding import LINE
from ..store.database import Connection
from ..store.kept import NAMES
from ..store.schema import FLAG, INSTANT, STRINGS, TABLES, Column
from . import checks
from .layouts import Layout
from .values import typed
from .wide_pieces import OWN_RECORDS, Piece, events, json_text
from .wide_words import BANKRUPTCY, EMAIL_WORDS, PERSON, PHONE_WORDS, WORDS, Word

NOT_BACK: Final = "`no` to what was told before as yes: nothing is taken back; see `forbear note`"
_WRITTEN: Final = "written"
"""The medium of a statement that only a flag tells of: the one that no rule leaves out."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One column with a flag: what it becomes, and in which column is whom it is about."""

    name: str
    word: Word
    about: str  # account | consumer | a wide column with a number


def flags_of(given: Callable[[str], bool]) -> list[Flag]:
    """The flags that a file has."""
    found = [
        Flag(name, word, "account" if word.debts else "consumer") for name, word in WORDS.items()
    ]
    for n in range(1, 10):
        found += [Flag(f"phone_{n}_{name}", w, f"phone_{n}") for name, w in PHONE_WORDS.items()]
        found += [Flag(f"email_{n}_{name}", w, f"email_{n}") for name, w in EMAIL_WORDS.items()]
    return [flag for flag in found if given(flag.name)]


def flagged(
    flag: Flag, rows: pl.DataFrame, points: Mapping[str, pl.DataFrame], layout: Layout, zone: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """A flag's rows, not yet of a table; what is wrong; ids of those that say no.

    Rows: `line`, `id`, `consumer`, `accounts`, `point`, `value`, `at` (null: nobody says).
    """
    source = layout.source(flag.name)
    cell = rows.select(pl.col(flag.name).alias("x"))
    yes = typed(cell, Column("x", FLAG, True, ""))
    at = typed(cell, Column("x", INSTANT, True, ""), source.formats, zone, days=True)
    named = flag.word.value == PERSON
    met = rows.select(
        LINE,
        "consumer",
        told=pl.col(flag.name),
        account="account" if "account" in rows.columns else pl.lit(None, pl.String()),
        at=f"{flag.name}_at",
    ).with_columns(yes["value"].alias("yes"), at["value"].alias("day"))
    is_set = pl.col("told").is_not_null()
    unread = is_set & pl.col("yes").is_null() & pl.col("day").is_null()
    wrong = [] if named else [checks.said(met, unread, flag.name, "neither yes or no nor a day")]
    met = met.with_columns(
        at=pl.coalesce("at", "day"),
        on=is_set & pl.col("yes").fill_null(value=True) & (~unread | pl.lit(named)),
        point=pl.lit(None, pl.String()),
    )
    if flag.about in ("account", "consumer"):
        met = met.with_columns(id=pl.format("{}-{}", flag.about, pl.lit(flag.name)))
        if flag.word.debts:
            lacks = pl.col("on") & pl.col("account").is_null()
            wrong.append(checks.said(met, lacks, flag.name, "it is about an account; none is told"))
    else:
        known = points[flag.about].select(LINE, "point")
        met = met.drop("point").join(known, on=LINE, how="left", maintain_order="left")
        name = flag.name.removeprefix(f"{flag.about}_")
        met = met.with_columns(id=pl.format("{}-{}", "point", pl.lit(name)))
        met = met.filter(pl.col("point").is_not_null())
    if flag.word.dated:
        undated = pl.col("on") & pl.col("at").is_null()
        wrong.append(checks.said(met, undated, flag.name, f"it needs its day, in {flag.name}_at"))
        met = met.filter(~undated)
    chosen = met.filter("on")
    value = _values(flag.word, chosen, zone)
    done = chosen.select(
        LINE, "id", "consumer", "point", "at",
        accounts=pl.concat_list("account") if flag.word.debts else pl.lit(None, STRINGS),
        value=value,
    )  # fmt: skip
    return done, pl.concat([checks.none(), *wrong]), met.filter(~pl.col("yes"))["id"]


def _values(word: Word, rows: pl.DataFrame, zone: str) -> pl.Series:
    if word.value == PERSON:
        named = [
            json_text(told if yes is None and day is None else f"{consumer}-attorney")
            for told, yes, day, consumer in rows.select(
                "told", "yes", "day", "consumer"
            ).iter_rows()
        ]
        return pl.Series("value", named, pl.String())
    if word.value == BANKRUPTCY:
        at = rows["at"].dt.convert_time_zone(zone or "UTC").dt.date()
        filed = ["{}" if day is None else f'{{"filed":"{day}"}}' for day in at]
        return pl.Series("value", filed, pl.String())
    return pl.Series("value", [word.value], pl.String()).new_from_index(0, rows.height)


def pieces(
    connection: Connection,
    flags: list[tuple[Flag, pl.DataFrame]],
    nos: Mapping[str, pl.Series],
    now: datetime,
) -> tuple[list[Piece], int]:
    """The rows of statements and knowledge; and how many say no to what was told before."""
    found = []
    back = 0
    for name, moment in (("statements", "made_at"), ("knowledge", "received_at")):
        table = TABLES[name]
        told = [
            rows.with_columns(kind=pl.lit(flag.word.kind))
            for flag, rows in flags
            if flag.word.table == name
        ]
        if name in nos and nos[name].len():
            back += lookups.stood(connection, NAMES[name], moment, nos[name]).height
        if not told:
            continue
        rows = pl.concat(told).rename({"id": table.key[0]})
        rows = rows.with_columns(received_at="at", recorded_at=pl.lit(None, INSTANT))
        if name == "statements":
            ids = rows.filter(pl.col("at").is_null())["statement"]
            had = lookups.stood(connection, "statement", "made_at", ids)
            stood = rows.select("statement").join(
                had.rename({"at": "had"}), left_on="statement", right_on="id", how="left",
                maintain_order="left",
            )  # fmt: skip
            rows = rows.with_columns(
                to=pl.lit("this_collector"),
                medium=pl.lit(_WRITTEN),
                accepted_medium=pl.lit(value=True),
                made_at=pl.coalesce("at", stood["had"], pl.lit(now, INSTANT)),
            )
        else:
            rows = rows.with_columns(source=pl.lit(OWN_RECORDS))
        found.append(events(table, rows))
    return found, back
