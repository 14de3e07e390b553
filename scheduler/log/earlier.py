"""Decisions of records of version 1 compared with what follows from their situations alone.

Such a record has no `basis`: whether an address is known, licences, hours of the consumer's own,
what is left of a shared limit and the next permitted moment are taken as they stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from engine.intervals import Interval

from .answering import Outcome, Replayed
from .footing import Law
from .rehearing import beyond, open_by_law

OF_RECORD: Final = frozenset(
    f"structural/{name}"
    for name in ("engines_disagree", "engine_failed", "place_without_file", "place_not_encoded")
)
"""Structural refusals that follow from situations, or from places and the rulebook."""
RELEASED: Final = '"by":"release '
"""Stands in the evidence of a decision whose presumptions a person released."""


def compare(law: Law, rows: pl.DataFrame, outcomes: Mapping[str, Outcome], found: Replayed) -> None:
    """Compare decisions with what follows from their situations, the rulebook and the settings."""
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
    yield from law.graded(told, row)
    must = {duty for one in met for duty in one.duties}
    duties = set(filter(None, (row["duties"] or "").split(";")))
    may = must | _duties_of_places(law, row)
    if not must <= duties <= may:
        yield "duties", sorted(duties), sorted(must | duties & may)


def _released(law: Law, row: Mapping[str, Any]) -> set[str]:
    """The presumptions that a person released for this contact; nothing else can be."""
    lifted = json.loads(row["released"] or "{}").get("lifted", ())
    named = {one["rule"] for one in lifted if str(one["by"]).startswith("release ")}
    return {rule for rule in named if rule in law.rules and law.force(rule) == "presumption"}


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
