"""A day that was put out, as reports read it: its manifest, its decisions, the words of its rules.

Everything comes from the day's own directory: the rules are those it was decided by, not today's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import parse_instant
from engine.problem import ForbearError
from engine.rulebook import Rulebook, check
from engine.structural import STRUCTURAL

from ..published import lists_in, lists_of_day

LISTED: Final = "listed"
EXHAUSTED: Final = "exhausted"
SUPPRESSED: Final = "suppressed"
NO_CANDIDATE: Final = "no candidate"


class NotPublished(ForbearError):
    """There is no such day, or it cannot be read: one sentence says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A published day, of all its regions that are out.

    `places` are the directories of its lists, the one decided last at the end; `now` is the moment
    of that one, `manifest` what it stands on.
    """

    day: date
    now: datetime
    places: tuple[Path, ...]
    manifest: Mapping[str, Any]
    forces: Mapping[str, str]

    def decisions(self) -> pl.LazyFrame:
        """Its decisions, a row for each candidate (scheduler/log/README.md)."""
        return pl.scan_parquet([one / "log" / "decisions.parquet" for one in self.places])

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
        path = self.places[-1] / "log" / "rulebook.parquet"
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
    return list(dict.fromkeys(one.day for one in lists_in(lists)))


def published(lists: Path, day: date | None, now: datetime, today: date) -> Outcome | None:
    """A day asked for, or the newest that had been decided by now; None where there is none.

    Of a day put out by region only lists decided by now are read; where it has not begun `today`
    (in Guam it is tomorrow) an earlier day is newer. Raises NotPublished for a day that was asked
    for and is not there, or cannot be read.
    """
    days = days_in(lists)
    if day is not None:
        if day not in days:
            have = ", ".join(one.isoformat() for one in days[:5]) or "none"
            raise NotPublished(
                f"no day {day.isoformat()} was put out in {lists}; there are: {have}"
            )
        return _read(lists, day, None)
    found = (one for civil in days if (one := _read(lists, civil, now)) is not None)
    ahead = None
    for one in found:
        if one.day <= today or "region" not in one.manifest:
            return one
        ahead = ahead or one
    return ahead


def _read(lists: Path, day: date, now: datetime | None) -> Outcome | None:
    """A day, of lists decided by a moment; None where there is none."""
    found = []
    for one in lists_of_day(lists, day):
        try:
            told = one.manifest()
            at = parse_instant(told["now"])
            there = (one.place / "log" / "decisions.parquet").is_file()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotPublished(f"{one.place} cannot be read: {str(error).lower()}") from None
        if not there:
            why = "has no decision log, which a report of the day reads"
            raise NotPublished(f"{one.place} {why}")
        if now is None or at <= now:
            found.append((at, one.place, told))
    if not found:
        return None
    found.sort(key=lambda one: (one[0], one[1].name))
    forces = {rule: force for _, _, told in found for rule, force in _forces_of(told).items()}
    at, _, told = found[-1]
    return Outcome(day, at, tuple(place for _, place, _ in found), told, forces)


def _forces_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The force of each rule that refused, as a list's manifest has it."""
    reasons = manifest.get("funnel", {}).get("reasons", ())
    return {one["rule"]: one["force"] for one in reasons}
