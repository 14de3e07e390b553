"""The day's funnel: how many candidates each rule refused, and how many it refused alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.rulebook import Rulebook
from engine.structural import force_of


@dataclass
class Funnel:
    """Counts that parts are added to; the sum does not depend on how they were cut."""

    candidates: int = 0
    permitted: int = 0
    listed: int = 0
    exhausted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    alone: dict[str, int] = field(default_factory=dict)
    forces: dict[str, int] = field(default_factory=dict)
    duties: dict[str, int] = field(default_factory=dict)
    bare: dict[str, int] = field(default_factory=dict)

    def add(self, rows: pl.DataFrame, unencoded: Sequence[str]) -> None:
        """Add decided candidates; `unencoded` are the places whose law is not written yet."""
        refused = rows.filter(~pl.col("permitted"))
        self.candidates += rows.height
        self.permitted += rows.height - refused.height
        self.listed += int(rows["listed"].sum())
        self.exhausted += int(rows["exhausted"].sum())
        _more(self.refused, refused["rules"].explode())
        only = refused.filter(pl.col("rules").list.len() == 1)
        _more(self.alone, only["rules"].explode())
        _more(self.forces, refused["force"])
        listed = rows.filter("listed")
        _more(self.duties, listed["duties"], ";")
        places: dict[str, int] = {}
        _more(places, rows["jurisdictions"], ";")
        for place in set(unencoded) & set(places):
            self.bare[place] = self.bare.get(place, 0) + places[place]

    def join(self, other: Funnel) -> None:
        """Add another funnel's counts."""
        self.candidates += other.candidates
        self.permitted += other.permitted
        self.listed += other.listed
        self.exhausted += other.exhausted
        for name in ("refused", "alone", "forces", "duties", "bare"):
            mine = getattr(self, name)
            for word, count in getattr(other, name).items():
                mine[word] = mine.get(word, 0) + count

    def reasons(self, rulebook: Rulebook) -> list[dict[str, Any]]:
        """One entry per rule that refused: most refusals first, then by id."""
        forces = {rule.id: rule.force for rule in rulebook.rules}
        order = sorted(self.refused.items(), key=lambda one: (-one[1], one[0]))
        return [
            {
                "rule": rule,
                "force": forces.get(rule) or force_of(rule.removeprefix("structural/")),
                "refused": count,
                "alone": self.alone.get(rule, 0),
            }
            for rule, count in order
        ]


def _more(counts: dict[str, int], found: pl.Series, separator: str | None = None) -> None:
    """Add the words of a column to counts, one a value or joined; null and "" are no words."""
    for value, number in found.drop_nulls().value_counts().iter_rows():
        for word in value.split(separator) if separator else (value,):
            if word:
                counts[word] = counts.get(word, 0) + number


def in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by name, for a record that is always written alike."""
    return dict(sorted(counts.items()))


def as_text(found: Mapping[str, Any], most: int = 20) -> str:
    """A manifest's funnel for people: the rules that refused most, then the duties."""
    reasons = found["reasons"]
    lines = [f"{'refused':>12}  {'alone':>10}  rule"]
    lines += [
        f"{one['refused']:>12,}  {one['alone']:>10,}  {one['rule']} ({one['force']})"
        for one in reasons[:most]
    ]
    if len(reasons) > most:
        lines.append(f"{'':>12}  {'':>10}  and {len(reasons) - most} more, in the manifest")
    if found["duties"]:
        duties = (f"{word} {count:,}" for word, count in found["duties"].items())
        lines.append(f"duties on listed rows: {', '.join(duties)}")
    return "\n".join(lines)
