"""Situations on record put to both engines again, and what came out otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl

from engine.kinds import Window
from engine.panel import Panel, Verdict
from engine.problem import ForbearError
from engine.rule import Rule
from engine.situation import RuleSet, name_of

SHOWN: Final = 1_000  # differences told one by one


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise: of which decision or situation, what, then and now."""

    segment: str
    of: str
    what: str
    then: str
    now: str

    def __str__(self) -> str:
        """The difference in words."""
        return (
            f"segment {self.segment}, {self.of}: {self.what}: "
            f"{self.then or 'nothing'} in the record, {self.now or 'nothing'} when decided again"
        )


@dataclass
class Replayed:
    """A segment decided again: how much of it, and what differs (the first SHOWN of `different`).

    `erased` decisions have no personal part any more, and so no facts. `versions` differ between
    the record and this program: name -> (then, now).
    """

    segment: str
    decisions: int = 0
    situations: int = 0
    erased: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    versions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def differ(self, of: str, what: str, then: object, now: object) -> None:
        """Note a difference."""
        self.different += 1
        if len(self.differences) < SHOWN:
            self.differences.append(Difference(self.segment, of, what, _shown(then), _shown(now)))


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a situation comes to: rules that refuse, duties, trouble, and windows that apply."""

    refusing: tuple[str, ...]
    duties: tuple[str, ...]
    trouble: str
    windows: tuple[Rule, ...]


def answers(
    panel: Panel, frame: pl.DataFrame, days: Sequence[date], found: Replayed
) -> dict[str, Outcome]:
    """Every situation put to both engines again, compared with what they said."""
    found.situations = frame.height
    outcomes: dict[str, Outcome] = {}
    for named in frame["rule_set"].unique():  # all of them before the first question is put
        _sets(panel, _base(named), days)
    for rows in frame.partition_by("rule_set", maintain_order=True):
        named = str(rows["rule_set"][0])
        sets = _sets(panel, _base(named), days)
        for row in rows.iter_rows(named=True):
            outcomes[row["situation"]] = Outcome((), (), "", ())
        left: list[Mapping[str, Any]] = list(rows.to_dicts())
        for last, rules in _lasts(sets):
            left = _again(panel, rules, named, left, outcomes, found, last=last)
        for rest in left:
            found.differ(f"situation {rest['situation'][:12]}", "rule set", named, "")
    return outcomes


def _base(named: str) -> str:
    """A rule set's name without its version."""
    return named.rpartition("@")[0] or named


def _sets(panel: Panel, base: str, days: Sequence[date]) -> list[RuleSet]:
    """Every version of a rule set in force on these days, the days asked about first."""
    try:
        found = {(one := panel.rule_set(base, day)).name: one for day in days}
    except ForbearError:
        return []
    return list(found.values())


def _lasts(sets: Sequence[RuleSet]) -> Iterator[tuple[bool, RuleSet]]:
    for number, one in enumerate(sets, 1):
        yield number == len(sets), one


def _again(
    panel: Panel,
    rules: RuleSet,
    named: str,
    rows: Iterable[Mapping[str, Any]],
    outcomes: dict[str, Outcome],
    found: Replayed,
    *,
    last: bool,
) -> list[Mapping[str, Any]]:
    """Decide situations by one version of their rule set; those that it does not fit are left.

    One that comes out otherwise is left for a later version too, unless this is the last.
    """
    order = rules.sorted_fields
    fields = set(order)
    left: list[Mapping[str, Any]] = []
    asked: list[tuple[Mapping[str, Any], dict[str, str]]] = []
    for row in rows:
        facts = json.loads(row["facts"])
        if facts.keys() == fields:
            asked.append((row, facts))
        else:
            left.append(row)
    names = [row["situation"] for row, _ in asked]
    verdicts = panel.ask(rules, [facts for _, facts in asked], names) if asked else []
    compiled = panel.compiled(rules)
    by_id = {rule.id: rule for rule in rules.rules}
    for (row, facts), verdict in zip(asked, verdicts, strict=True):
        wrong = [*_otherwise(row, verdict)]
        if name_of(named, order, facts) != row["situation"]:
            wrong.append(("name", row["situation"], name_of(named, order, facts)))
        if wrong and not last:
            left.append(row)
            continue
        for what, then, now in wrong:
            found.differ(f"situation {row['situation'][:12]} of {named}", what, then, now)
        windows = (by_id[name] for name in compiled.applying(facts))
        outcomes[row["situation"]] = Outcome(
            verdict.refusing,
            tuple(duty for duty, _ in verdict.duties),
            verdict.trouble.split(":")[0],
            tuple(rule for rule in windows if isinstance(rule.body, Window)),
        )
    return left


def _otherwise(row: Mapping[str, Any], verdict: Verdict) -> Iterator[tuple[str, object, object]]:
    """What of a situation's answer differs from the record: what, then, now."""
    by_rule = [f"{duty} by {rule}" for duty, rule in verdict.duties]  # as live decisions have it
    plain = [duty for duty, _ in verdict.duties]
    now: dict[str, list[str] | None] = {
        "refusing": list(verdict.refusing),
        "duties": by_rule if row["duties"] == by_rule else plain,
        "compiled": list(verdict.compiled),
        "rete": None if verdict.rete is None else list(verdict.rete),
    }
    for what, said in now.items():
        if row[what] != said:
            yield f"what follows ({what})", row[what], said
    if row["trouble"] != verdict.trouble:
        yield "trouble between the engines", row["trouble"], verdict.trouble
