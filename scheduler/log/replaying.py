"""Decided again from the record: every situation by both engines, every decision from its own.

Nothing is asked but the log: facts stand in the situations, the rules in the rulebook they name.
What a decision rests on beside its situations and the rulebook (whether an address is known,
licences, hours of the consumer's own) is not in a record; what hangs on that alone is taken as it
stands, and `rebuilding` makes it anew from the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from engine.intervals import Interval
from engine.kinds import Limit, Wait
from engine.panel import Panel
from engine.problem import ForbearError
from engine.rule import Rule
from engine.rulebook import LEAST, Place, Rulebook, check
from engine.structural import force_of

from .answering import Outcome, Replayed, answers
from .reading import ERASED, Segment, decisions, rulebook, situations
from .rehearing import beyond, open_by_law

AT_ONCE: Final = 500_000  # decisions looked at together
STRENGTH: Final = ("structural", "prohibition", "presumption", "policy")
OF_RECORD: Final = frozenset(
    f"structural/{name}"
    for name in ("engines_disagree", "engine_failed", "place_without_file", "place_not_encoded")
)
"""Structural refusals that follow from situations, or from places and the rulebook."""
COLUMNS: Final = (
    "row", "decision_id", "day", "at", "verdict", "listed", "exhausted", "force", "rules",
    "duties", "channel", "situations", "jurisdictions", "zones", "windows_utc", "attempts_left",
    "evidence", ERASED,
)  # fmt: skip
RELEASED: Final = '"by":"release '
"""Stands in the evidence of a decision whose presumptions a person released."""


class CannotReplay(ForbearError):
    """A segment that this version cannot decide again: one sentence says why."""


@dataclass(frozen=True, slots=True)
class Law:
    """What decisions are compared by: the places and rules of a rulebook, and one setting."""

    places: Mapping[str, Place]
    rules: Mapping[str, Rule]
    refuse_unencoded: bool


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
        chosen = None if where is None else _named(rows)
        progress("deciding situations again", 0, 1)
        met = situations(segment, chosen)
        parts = _parts(rows, segment.rows, whole=where is None)
        days = rows.select(pl.col("day").unique()).collect()["day"].drop_nulls().to_list()
        decide_again(found, asked, segment.head, met, parts, days, versions, progress)
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
) -> None:
    """Decide the decisions of `parts` again, from their situations `met`, into `found`.

    `days` are those asked about, `head` what they have in common.
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
    refuses = bool(head.get("settings", {}).get("refuse_unencoded_places", False))
    law = Law(book.places, {rule.id: rule for rule in book.rules}, refuses)
    outcomes = answers(panel, met, _near(days), found)
    for part in parts:
        _decisions(law, part, outcomes, found)
        progress("comparing decisions", found.decisions, found.decisions)


def _named(rows: pl.LazyFrame) -> list[str]:
    """The names of the situations of these decisions."""
    names = rows.select(pl.col("situations").list.explode()).unique().collect()["situations"]
    return sorted(names.drop_nulls().to_list())


def _near(days: Sequence[date]) -> list[date]:
    """The days asked about, and those beside them: an instant lies on two days at once."""
    asked = sorted(days)
    return list(
        dict.fromkeys([*asked, *(day + timedelta(days=step) for step in (-1, 1) for day in asked)])
    )


def _parts(rows: pl.LazyFrame, total: int, *, whole: bool) -> Iterator[pl.DataFrame]:
    if not whole:
        yield rows.collect()
        return
    for start in range(0, max(total, 1), AT_ONCE):
        yield rows.slice(start, AT_ONCE).collect()


# -- decisions


def _decisions(
    law: Law, rows: pl.DataFrame, outcomes: Mapping[str, Outcome], found: Replayed
) -> None:
    """Compare decisions with what follows from their situations, the rulebook and the settings."""
    found.decisions += rows.height
    found.erased += int(rows[ERASED].sum())
    rows = rows.filter(~pl.col(ERASED))
    if rows.is_empty():
        return
    keys = ["situations", "rules", "force", "verdict", "exhausted", "duties", "jurisdictions",
            "channel", "zones", "released"]  # fmt: skip
    rests = pl.col("evidence").str.contains(RELEASED, literal=True)
    rows = rows.with_columns(pl.when(rests).then("evidence").alias("released"))
    numbered = rows.with_columns(pl.struct(keys).rank("dense").alias("same"))
    distinct = numbered.unique("same", keep="first", maintain_order=True)
    wrong: dict[int, list[tuple[str, object, object]]] = {}
    for row in distinct.iter_rows(named=True):
        said = list(_follows(law, row, outcomes))
        if said:
            wrong[row["same"]] = said
    bad = numbered.filter(pl.col("same").is_in(list(wrong)))
    for name, same in bad.select("decision_id", "same").iter_rows():
        for what, then, now in wrong[same]:
            found.differ(f"decision {name}", what, then, now)
    _hours(numbered, outcomes, found)
    given = pl.col("listed") != ((pl.col("verdict") == "permitted") & (pl.col("attempts_left") > 0))
    for row in rows.filter(given & pl.col("at").is_null()).iter_rows(named=True):
        found.differ(f"decision {row['decision_id']}", "listed", row["listed"], not row["listed"])


def _follows(
    law: Law, row: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> Iterator[tuple[str, object, object]]:
    """What of a decision does not follow from its situations: what, then, now."""
    missing = [name for name in row["situations"] if name not in outcomes]
    if missing:
        yield "situations that the record does not have", missing, []
        return
    met = [outcomes[name] for name in row["situations"]]
    rules = {rule for one in met for rule in one.refusing}
    rules |= {f"structural/{one.trouble}" for one in met if one.trouble}
    rules |= _of_places(law, row)
    told = set(row["rules"])
    free = {rule for rule in told if rule.startswith("structural/")} - OF_RECORD
    if not told and rules and rules <= _released(law, row):
        rules = set()
    if told - free != rules:
        yield "rules that refuse", row["rules"], sorted(rules | free)
        return
    if row["verdict"] != ("refused" if told else "permitted"):
        yield "verdict", row["verdict"], "refused" if told else "permitted"
    forces = [_force(law, rule) for rule in told]
    force = min(forces, key=STRENGTH.index, default=None)
    if row["force"] != force:
        yield "force", row["force"], force
    exhausted = bool(told) and all(_counts(law, rule) for rule in told)
    if row["exhausted"] != exhausted:
        yield "exhausted", row["exhausted"], exhausted
    must = {duty for one in met for duty in one.duties}
    duties = set(filter(None, (row["duties"] or "").split(";")))
    may = must | _duties_of_places(law, row)
    if not must <= duties <= may:
        yield "duties", sorted(duties), sorted(must | duties & may)


def _released(law: Law, row: Mapping[str, Any]) -> set[str]:
    """The presumptions that a person released for this contact; nothing else can be."""
    lifted = json.loads(row["released"] or "{}").get("lifted", ())
    named = {one["rule"] for one in lifted if str(one["by"]).startswith("release ")}
    return {rule for rule in named if rule in law.rules and _force(law, rule) == "presumption"}


def _places(row: Mapping[str, Any]) -> list[str]:
    return [one for one in (row["jurisdictions"] or "").split(";") if one]


def _of_places(law: Law, row: Mapping[str, Any]) -> set[str]:
    """Structural refusals that follow from the places alone."""
    found = set()
    for code in _places(row):
        place = law.places.get(code)
        if place is None:
            found.add("structural/place_without_file")
        elif law.refuse_unencoded and not place.encoded:
            found.add("structural/place_not_encoded")
    return found


def _duties_of_places(law: Law, row: Mapping[str, Any]) -> set[str]:
    """Every duty that the heads of these places can bring."""
    known = [law.places[code] for code in _places(row) if code in law.places]
    found = {"state_law_not_encoded" for one in known if not one.encoded}
    if any(one.encoded for one in known):
        found |= {"licence_unchecked", "no_suit_threat", "recording_consent"}
    return found


def _force(law: Law, rule: str) -> str:
    act, _, name = rule.partition("/")
    return force_of(name) if act == "structural" else law.rules[rule].force


def _counts(law: Law, rule: str) -> bool:
    """Whether it is a limit or a wait, which time undoes."""
    known = law.rules.get(rule)
    return known is not None and isinstance(known.body, Limit | Wait)


def _hours(rows: pl.DataFrame, outcomes: Mapping[str, Outcome], found: Replayed) -> None:
    """No permitted decision has a minute that a window of the law shuts.

    Hours of the consumer's own, which are not in the record, can only shut more.
    """
    keys = ["situations", "zones", "day", "windows_utc"]
    asked = rows.filter((pl.col("verdict") == "permitted") & pl.col("at").is_null())
    asked = asked.filter(pl.col("windows_utc").is_not_null() & (pl.col("zones") != ""))
    firsts = asked.group_by(keys, maintain_order=True).agg(pl.col("decision_id"))
    worked: dict[tuple[object, ...], tuple[Interval, ...]] = {}
    for names, zones, day, windows, ids in firsts.iter_rows():
        if any(name not in outcomes for name in names):
            continue
        rules = {rule.id: rule for name in names for rule in outcomes[name].windows}
        key = (tuple(sorted(rules)), zones, day)
        if key not in worked:
            worked[key] = open_by_law(list(rules.values()), zones.split(";"), day)
        more = beyond(windows, worked[key])
        for name in ids if more else ():
            found.differ(f"decision {name}", "open hours", windows, f"shut in {more}")
