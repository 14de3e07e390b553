"""A day that was put out, as reports read it: its manifest, its decisions, the words of its rules.

Everything comes from the day's own directory: the rules are those it was decided by, not today's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import parse_date, parse_instant
from engine.problem import ForbearError
from engine.rulebook import Rulebook, check
from engine.structural import STRUCTURAL

MANIFEST: Final = "manifest.json"
LISTED: Final = "listed"
EXHAUSTED: Final = "exhausted"
SUPPRESSED: Final = "suppressed"
NO_CANDIDATE: Final = "no candidate"


class NotPublished(ForbearError):
    """There is no such day, or it cannot be read: one sentence says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A published day. `place` is its directory, `now` the moment it was decided at."""

    day: date
    now: datetime
    place: Path
    manifest: Mapping[str, Any]

    def decisions(self) -> pl.LazyFrame:
        """Its decisions, a row for each candidate (scheduler/log/README.md)."""
        return pl.scan_parquet(self.place / "log" / "decisions.parquet")

    def statuses(self) -> pl.LazyFrame:
        """Account and permitted status: LISTED if any candidate is, else EXHAUSTED or SUPPRESSED.

        Exhausted: a candidate is refused only by limits and waits, or permitted while others have
        what is left.
        """
        held = pl.col("exhausted") | (pl.col("verdict") == "permitted")
        status = (
            pl.when(pl.col("listed").any())
            .then(pl.lit(LISTED))
            .when(held.any())
            .then(pl.lit(EXHAUSTED))
            .otherwise(pl.lit(SUPPRESSED))
        )
        rows = self.decisions().select("account", "listed", "exhausted", "verdict")
        return rows.group_by("account").agg(status.alias("outcome"))

    def rulebook(self) -> Rulebook | None:
        """The rules it was decided by; None where its log does not hold them."""
        path = self.place / "log" / "rulebook.parquet"
        if not path.is_file():
            return None
        return check(pl.read_parquet(path).select("path", "content").rows())[0]


def words_of(rule: str, book: Rulebook | None) -> tuple[str, str, str, str]:
    """Force, act or place by its title, the rule's words, its citations; "" for what is unknown."""
    name = rule.removeprefix("structural/")
    if name != rule:
        says, cite = STRUCTURAL.get(name, ("", ""))
        return "", "what must be known", says, cite
    one = None if book is None else next((r for r in book.rules if r.id == rule), None)
    act = rule.partition("/")[0]
    if one is None or book is None:
        return "", act, "", ""
    return one.force, book.acts.get(one.act, act), one.says, "; ".join(one.cite)


def days_in(lists: Path) -> list[date]:
    """The days that were put out in a directory, newest first."""
    found = []
    for path in lists.glob("????-??-??"):
        try:
            day = parse_date(path.name)
        except ValueError:
            continue
        if (path / MANIFEST).is_file():
            found.append(day)
    return sorted(found, reverse=True)


def published(lists: Path, day: date | None, now: datetime) -> Outcome | None:
    """A day asked for, or the newest that had been decided by now; None where there is none.

    Raises NotPublished for a day that was asked for and is not there, or cannot be read.
    """
    days = days_in(lists)
    if day is not None:
        if day not in days:
            have = ", ".join(one.isoformat() for one in days[:5]) or "none"
            raise NotPublished(
                f"no day {day.isoformat()} was put out in {lists}; there are: {have}"
            )
        return _read(lists, day)
    for one in days:
        found = _read(lists, one)
        if found.now <= now:
            return found
    return None


def _read(lists: Path, day: date) -> Outcome:
    place = lists / day.isoformat()
    try:
        told = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        now = parse_instant(told["now"])
        there = (place / "log" / "decisions.parquet").is_file()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotPublished(f"{place} cannot be read: {str(error).lower()}") from None
    if not there:
        raise NotPublished(f"{place} has no decision log, which a report of the day reads")
    return Outcome(day, now, place, told)
