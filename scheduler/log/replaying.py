"""Decided again from the record: every situation by both engines, every decision from its own.

Nothing is asked but the log: facts stand in the situations and in `basis`, counts in `evidence`,
the rules in the rulebook they name. Of records of version 1, which have no `basis`, what hangs on
that alone is taken as it stands (`earlier`), and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from engine.clock import parse_date, parse_instant
from engine.panel import Panel
from engine.problem import ForbearError
from engine.rulebook import LEAST, Rulebook, check

from . import earlier, following_live
from .answering import Replayed, answers
from .comparing import compared
from .drawing import Drawing
from .following import Follower
from .footing import Wrong, law_of_head
from .reading import ERASED, Segment, decisions, rulebook, situations
from .records import situations_named
from .sharing import by_way, ids_of, misgiven

AT_ONCE: Final = 500_000  # decisions looked at together
COLUMNS: Final = (
    "row", "decision_id", "decided_at", "day", "at", "verdict", "listed", "exhausted", "force",
    "rules", "duties", "group", "channel", "number", "situations", "jurisdictions", "zones",
    "place_evidence", "windows_utc", "attempts_left", "budgets", "next_permitted_utc", "evidence",
    "basis", ERASED,
)  # fmt: skip


class CannotReplay(ForbearError):
    """A segment that this version cannot decide again: one sentence says why."""


def law_of(segment: Segment) -> Rulebook:
    """The rulebook a segment was decided by, from the log. Raises NoLog, CannotReplay."""
    return law_from(rulebook(segment), segment.name, segment.head)


def law_from(files: Sequence[tuple[str, bytes]], segment: str, head: Mapping[str, Any]) -> Rulebook:
    """The rulebook of these files, as the settings of a segment had it. Raises CannotReplay."""
    book, problems = check(files)
    if book is None:
        first = f"; the first: {problems[0].message}" if problems else ""
        raise CannotReplay(
            f"segment {segment}: this version cannot read the rulebook it was decided by "
            f"({len(problems)} problems{first})"
        )
    return book.at_least(str(head.get("settings", {}).get("minimum_confidence", LEAST)))


def replay(
    segment: Segment,
    versions: Mapping[str, str],
    where: pl.Expr | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    panel: Panel | None = None,
) -> Replayed:
    """Decide a segment's decisions again, all or those that `where` takes, from the record alone.

    `versions` are this program's; `panel`: one that is running on the segment's rulebook already.
    Raises NoLog, CannotReplay.
    """
    found = Replayed(segment.name)
    book = panel.rulebook if panel is not None else law_of(segment)
    rows = decisions(segment, where, COLUMNS)
    with nullcontext(panel) if panel is not None else Panel(book) as asked:
        progress("deciding situations again", 0, 1)
        met = situations(segment, None if where is None else _named(rows))
        parts = _parts(rows, segment.rows, whole=where is None)
        drawing = decide_again(
            found, asked, segment.head, met, parts, _days(rows), versions, progress
        )
    if segment.kind == "run":
        progress("sharing out attempts", 0, 1)
        _attempts(found, segment, rows, drawing, whole=where is None)
    return found


def decide_again(
    found: Replayed,
    panel: Panel,
    head: Mapping[str, Any],
    met: pl.DataFrame,
    parts: Iterable[pl.DataFrame],
    days: Sequence[date],
    versions: Mapping[str, str],
    progress: Callable[[str, int, int], None],
) -> Drawing:
    """Decide the decisions of `parts` again, from their situations `met`, into `found`.

    `days` are those asked about, and looked at on the way to a next moment; `head` what the
    decisions have in common. What shared limits give to each is not shared out here: the shares
    that do not follow from a decision alone are given back.
    """
    then = head.get("versions", {})
    found.versions = {
        name: (str(then[name]), now)
        for name, now in versions.items()
        if name in then and then[name] != now
    }
    book = panel.rulebook
    if book.digest != head["rulebook"]:
        found.differ("rulebook", "digest", head["rulebook"], book.digest)
    now = parse_instant(str(head["now"]))
    outcomes = answers(panel, met, _near(days), found, now)
    law = law_of_head(book, head)
    day = parse_date(str(head["day"]))
    live = head.get("kind") == "live"
    follower = Follower(law, day, now, outcomes, _holding(panel), live)
    for part in parts:
        _decisions(follower, part, found)
        progress("comparing decisions", found.decisions, found.decisions)
    return follower.drawing


def days_of(rows: pl.DataFrame) -> list[date]:
    """The days that decisions are about, and those looked at on the way to their next moments."""
    asked = rows["day"].drop_nulls().unique().to_list()
    days = rows["basis"].drop_nulls().str.extract_all(r'"day":"[0-9-]{10}"').explode()
    walked = {parse_date(one[7:-1]) for one in days.drop_nulls().unique().to_list()}
    return list(dict.fromkeys([*sorted(asked), *sorted(walked)]))


def _days(rows: pl.LazyFrame) -> list[date]:
    return days_of(rows.select("day", "basis").collect())


def _named(rows: pl.LazyFrame) -> list[str]:
    """The names of the situations of these decisions."""
    told = rows.select("situations", "basis").collect()
    return sorted({name for row in told.iter_rows() for name in situations_named(*row)})


def _near(days: Sequence[date]) -> list[date]:
    """These days, and those beside them: an instant lies on two days at once."""
    beside = (day + timedelta(days=step) for step in (-1, 1) for day in days)
    return list(dict.fromkeys([*days, *beside]))


def _holding(panel: Panel) -> Callable[[str, date], bool]:
    """Tells whether a rule set holds any rule on a day."""
    sets = frozenset(panel.rulebook.sets)

    def holds(name: str, day: date) -> bool:
        return name in sets and bool(panel.rule_set(name, day).rules)

    return holds


def _parts(rows: pl.LazyFrame, total: int, *, whole: bool) -> Iterator[pl.DataFrame]:
    if not whole:
        yield rows.collect()
        return
    for start in range(0, max(total, 1), AT_ONCE):
        yield rows.slice(start, AT_ONCE).collect()


# -- decisions


def _decisions(follower: Follower, rows: pl.DataFrame, found: Replayed) -> None:
    """Compare decisions with what follows from their records."""
    found.decisions += rows.height
    found.erased += int(rows[ERASED].sum())
    rows = rows.filter(~pl.col(ERASED))
    before = rows.filter(pl.col("basis").is_null())
    if before.height:
        found.lacking += before.height
        earlier.compare(follower.law, before, follower.outcomes, found)
    for row in rows.filter(pl.col("basis").is_not_null()).iter_rows(named=True):
        for what, then, now in _otherwise(follower, row):
            found.differ(f"decision {row['decision_id']}", what, then, now)


def _otherwise(follower: Follower, row: Mapping[str, Any]) -> Iterator[Wrong]:
    """What of a decision does not follow from its record."""
    named = situations_named(row["situations"], row["basis"])
    lost = [name for name in named if name not in follower.outcomes]
    if lost:
        yield "situations that the record does not have", lost, []
        return
    wrong: list[Wrong] = []
    try:
        if follower.live:
            yield from list(following_live.otherwise(follower, row))
            return
        now = follower.follow(row, wrong)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        yield "what it stood on cannot be read", row["basis"], str(error)
        return
    yield from wrong
    yield from compared(follower.law, row, now, follower.drawing)
    given = row["verdict"] == "permitted" and (row["attempts_left"] or 0) > 0
    if row["at"] is None and row["listed"] != given:
        yield "listed", row["listed"], given


# -- attempts


def _attempts(
    found: Replayed, segment: Segment, rows: pl.LazyFrame, drawing: Drawing, *, whole: bool
) -> None:
    """Share out attempts again, among all who draw on the same allowances."""
    columns = ("decision_id", "channel", "verdict", "budgets", "attempts_left", "basis", ERASED)
    mine = rows.select(columns).collect()
    wanted = None if whole else mine["decision_id"].to_list()
    sharing = mine if whole else _with_peers(segment, mine, columns)
    gaps = bool(decisions(segment, pl.col(ERASED), [ERASED]).head(1).collect().height)
    sharing = sharing.filter(~pl.col(ERASED), pl.col("basis").is_not_null())
    share_again(found, sharing, drawing, wanted, gaps=gaps)


def share_again(
    found: Replayed,
    rows: pl.DataFrame,
    drawing: Drawing,
    wanted: Collection[str] | None = None,
    *,
    gaps: bool = False,
) -> None:
    """Share out attempts again among `rows`, which hold all who draw on the same allowances.

    `wanted`: some of them, if not all were decided again; `gaps`: others who drew were erased.
    """
    for name, then, now in misgiven(rows, drawing.law.caps, wanted, gaps=gaps):
        found.differ(f"decision {name}", "attempts left", then, now)
    for name, told, left in drawing.unlike(by_way(rows), whole=wanted is None, gaps=gaps):
        found.differ(f"decision {name}", "what a limit of others leaves", told, left)


def _with_peers(segment: Segment, mine: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """These decisions with all who draw on an allowance that they, or those, draw on."""
    known: list[str] = []
    drawing = mine
    while (more := ids_of(drawing)) != known:
        known = more
        draws = [pl.col(name).str.contains_any(known) for name in ("budgets", "basis")]
        asked = pl.col("decision_id").is_in(mine["decision_id"].to_list())
        drawing = decisions(segment, pl.any_horizontal(asked, *draws), columns).collect()
    return drawing
