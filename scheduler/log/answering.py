"""Situations on record put to both engines again, and what came out otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from engine.columns.combos import Combo, Words, combo_of
from engine.kinds import Wait, Window
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

    `erased` decisions have no personal part any more, and so no facts; `lacking` ones are of an
    earlier form of the record, which does not hold all that they stood on. `versions` differ
    between the record and this program: name -> (then, now). `notes`: what else is to be said of
    single decisions, a sentence each (the first SHOWN).
    """

    segment: str
    decisions: int = 0
    situations: int = 0
    erased: int = 0
    lacking: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def differ(self, of: str, what: str, then: object, now: object) -> None:
        """Note a difference."""
        self.different += 1
        if len(self.differences) < SHOWN:
            self.differences.append(Difference(self.segment, of, what, _shown(then), _shown(now)))

    def note(self, of: str, says: str) -> None:
        """Say something of a decision that is no difference."""
        if len(self.notes) < SHOWN:
            self.notes.append(f"{of}: {says}")


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a situation comes to: rules that refuse, duties, trouble, and timed rules that apply.

    `base`: its rule set without the version; `kind`: of the contact point; `whom`: whose it is,
    by role; `bits`: what it says of
    each timed rule; `counting`: limits for which the plain contact counts, waits it
    would start and be held by; `held`: waits it is held by, whoever starts them.
    """

    refusing: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    trouble: str = ""
    windows: tuple[Rule, ...] = ()
    base: str = ""
    kind: str = ""
    whom: str = ""
    applies: tuple[Rule, ...] = ()
    bits: Mapping[str, str] = field(default_factory=dict)
    counting: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


def answers(
    panel: Panel, frame: pl.DataFrame, days: Sequence[date], found: Replayed, now: datetime
) -> dict[str, Outcome]:
    """Every situation put to both engines again, compared with what they said.

    `days`: those asked about first, and others that may have been; `now`: the segment's moment.
    """
    found.situations = frame.height
    outcomes: dict[str, Outcome] = {}
    for named in frame["rule_set"].unique():  # all of them before the first question is put
        _sets(panel, _base(named), days)
    for rows in frame.partition_by("rule_set", maintain_order=True):
        named = str(rows["rule_set"][0])
        sets = _sets(panel, _base(named), days)
        for row in rows.iter_rows(named=True):
            outcomes[row["situation"]] = Outcome()
        left: list[Mapping[str, Any]] = list(rows.to_dicts())
        for last, rules in _lasts(sets):
            asked = _Asked(rules, named, days[0] if days else now.date(), now, last)
            left = _again(panel, asked, left, outcomes, found)
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A version of a rule set, the name it has on record, when; whether no other is left."""

    rules: RuleSet
    named: str
    day: date
    now: datetime
    last: bool


def _again(
    panel: Panel,
    asking: _Asked,
    rows: Iterable[Mapping[str, Any]],
    outcomes: dict[str, Outcome],
    found: Replayed,
) -> list[Mapping[str, Any]]:
    """Decide situations by one version of their rule set; those that it does not fit are left.

    One that comes out otherwise is left for a later version too, unless this is the last.
    """
    rules, named = asking.rules, asking.named
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
    # under the names of this version: what another one says of the same facts is another answer
    verdicts = panel.ask(rules, [facts for _, facts in asked]) if asked else []
    for (row, facts), verdict in zip(asked, verdicts, strict=True):
        wrong = [*_otherwise(row, verdict)]
        if name_of(named, order, facts) != row["situation"]:
            wrong.append(("name", row["situation"], name_of(named, order, facts)))
        if wrong and not asking.last:
            left.append(row)
            continue
        for what, then, now in wrong:
            found.differ(f"situation {row['situation'][:12]} of {named}", what, then, now)
        outcomes[row["situation"]] = _outcome(panel, asking, facts, verdict)
    return left


def _outcome(panel: Panel, asking: _Asked, facts: Mapping[str, str], verdict: Verdict) -> Outcome:
    rules = asking.rules
    applying = panel.compiled(rules).applying(facts)
    combo = _combo(panel, asking, facts)
    applies = tuple(combo.answering[name] for name in applying if name in combo.answering)
    counting = {rule.id for rule in applies if combo.member.get(rule.key) == "counts"}
    counting |= {rule.id for rule in applies if rule.key in combo.starts - combo.exempt}
    waits = [rule for rule in applies if isinstance(rule.body, Wait)]
    return Outcome(
        verdict.refusing,
        tuple(duty for duty, _ in verdict.duties),
        verdict.trouble.split(":")[0],
        tuple(rule for name in applying if isinstance((rule := rules.by_id[name]).body, Window)),
        _base(asking.named),
        facts["kind"],
        facts["whom"],
        applies,
        {name: facts[f"bit:{rules.by_id[name].key}"] for name in applying},
        frozenset(counting),
        frozenset(rule.id for rule in waits if rule.key not in combo.exempt),
    )


def _combo(panel: Panel, asking: _Asked, facts: Mapping[str, str]) -> Combo:
    """What is left of a rule set for a plain contact like this (`engine.columns.combos`)."""
    key: Words = (
        facts["channel"], facts["kind"], facts["whom"], facts["role"], facts["debt_type"]
    )  # fmt: skip
    note = ("combo", asking.rules.name, key, asking.day)
    found = panel.notes.get(note)
    if not isinstance(found, Combo):
        found = combo_of(asking.rules, key, asking.day, asking.now)
        panel.notes[note] = found
    return found


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
