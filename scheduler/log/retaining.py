"""How long records are kept: whose time is over, and why nobody else's is.

Records are kept until three years after the last collection activity on a debt (12 CFR 1006.100),
longer where a place says so, and as long as there is a legal hold. A consumer has one key, so all
his records go together, when the time of the last of his debts is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from engine.clock import add_months

from .reading import Log, decisions

YEARS: Final = 3  # 12 CFR 1006.100(a)
HOLD: Final = "legal_hold"
OPEN: Final = "open"
INSTANT: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Kept:
    """A consumer's clock: the last activity, the years they are kept, and what holds them.

    `why` is empty where they may be erased.
    """

    consumer: str
    last: datetime | None
    years: int
    why: str


def clocks(
    frames: Mapping[str, pl.DataFrame],
    log: Log | None,
    now: datetime,
    years: int = YEARS,
    places: Mapping[str, int] | None = None,
) -> dict[str, Kept]:
    """The clock of every consumer that the portfolio or the log knows.

    `frames`: the tables of a portfolio as they are known now; `places`: by jurisdiction, the years
    its law asks for. A decision that let a contact through is an activity, too.
    """
    logged = _logged(log)
    last = _last(frames, logged)
    longest = _longest(logged, places or {})
    opened = _with_open_accounts(frames)
    held = _held(frames)
    found = {}
    for consumer, at in last.items():
        keep = max(years, longest.get(consumer, 0))
        why = ""
        if consumer in held:
            why = "there is a legal hold"
        elif consumer in opened:
            why = "an account is open"
        elif at is not None:
            until = add_months(at.date(), 12 * keep)
            if until >= now.date():
                why = f"the last activity was on {at.date()}: records are kept until {until}"
        found[consumer] = Kept(consumer, at, keep, why)
    return found


def _logged(log: Log | None) -> pl.DataFrame:
    """Per consumer and jurisdictions in the log, the last decision that let a contact through."""
    if log is None or not log.segments:
        kinds = {"consumer": pl.String(), "jurisdictions": pl.String(), "at": INSTANT}
        return pl.DataFrame(schema=kinds)
    through = pl.when("listed").then("decided_at")
    return (
        decisions(log, pl.col("consumer").is_not_null())
        .group_by("consumer", "jurisdictions")
        .agg(through.max().alias("at"))
        .collect(engine="streaming")
    )


_MOMENTS: Final[dict[str, tuple[str, ...]]] = {
    "contacts": ("at", "received_at"),
    "statements": ("made_at", "received_at"),
    "knowledge": ("received_at",),
    "accounts": ("placed", "last_payment", "judgment", "charged_off"),
}
"""Columns of a portfolio that say when something happened."""


def _last(frames: Mapping[str, pl.DataFrame], logged: pl.DataFrame) -> dict[str, datetime | None]:
    """The last activity about each consumer."""
    some = [logged.select("consumer", "at")]
    for table, columns in _MOMENTS.items():
        frame = frames.get(table)
        if frame is None:
            continue
        there = [name for name in columns if name in frame.columns]
        at = pl.max_horizontal(pl.col(name).cast(INSTANT) for name in there)
        some.append(frame.select("consumer", at.alias("at")))
    if (consumers := frames.get("consumers")) is not None:
        some.append(consumers.select("consumer", pl.lit(None, dtype=INSTANT).alias("at")))
    whole = pl.concat(some).group_by("consumer").agg(pl.col("at").max()).sort("consumer")
    return dict(whole.iter_rows())


def _longest(logged: pl.DataFrame, places: Mapping[str, int]) -> dict[str, int]:
    """The most years that the places of each consumer ask for."""
    if not places or logged.is_empty():
        return {}
    kept = pl.col("place").replace_strict(dict(places), default=0, return_dtype=pl.Int64)
    told = logged.select("consumer", pl.col("jurisdictions").str.split(";").alias("place"))
    rows = told.explode("place", empty_as_null=True, keep_nulls=True)
    return dict(rows.group_by("consumer").agg(kept.max().alias("years")).iter_rows())


def _with_open_accounts(frames: Mapping[str, pl.DataFrame]) -> set[str]:
    frame = frames.get("accounts")
    if frame is None:
        return set()
    return set(frame.filter(pl.col("status") == OPEN)["consumer"])


def _held(frames: Mapping[str, pl.DataFrame]) -> set[str]:
    """Consumers with a legal hold that was not released; a debt's is all of the consumer's."""
    frame = frames.get("knowledge")
    if frame is None:
        return set()
    words = frame.filter(pl.col("kind").is_in(["hold", "releases_hold"]))
    value = pl.col("value").str.strip_chars('"')
    mine = words.filter(value == HOLD).sort("received_at")
    debts = pl.col("accounts").list.sort().list.join(" ").fill_null("")
    last = mine.group_by("consumer", debts.alias("debts"), maintain_order=True).agg(
        pl.col("kind").last()
    )
    return set(last.filter(pl.col("kind") == "hold")["consumer"])
