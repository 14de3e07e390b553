"""What plain decisions stood on, in words that a record can keep and be decided again from.

A decision asks situations, each of a rule set in a zone, and reads counts. Situations are kept
once, under names that hold whatever was asked before; the counts stand beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Final, Protocol

from .clock import format_instant
from .facts.hours import BARS, TAKES_OFF, agreed_time
from .facts.speaking import in_order
from .facts.view import View
from .kinds import Limit, Wait
from .opening import applies, starts_wait
from .panel import Verdict
from .question import Heard, Judged, role_of
from .situation import RuleSet, Situation, name_of

THIS_TIME: Final = "this_time_is_inconvenient"


@dataclass
class Met:
    """Situations that plain decisions by one rulebook met: name -> what a record has of each."""

    rulebook: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)

    def take(self, rules: RuleSet, situation: Situation, verdict: Verdict) -> str:
        """Keep a situation with both answers; returns its name."""
        digest = self._digests.get(rules.name)
        if digest is None:
            digest = self._digests[rules.name] = steady(self.rulebook, rules)
        name = name_of(digest, rules.sorted_fields, situation)
        if name not in self.rows:
            self.rows[name] = {
                "situation": name,
                "rule_set": digest,
                "facts": json.dumps(dict(situation), sort_keys=True, separators=(",", ":")),
                "refusing": list(verdict.refusing),
                "duties": [duty for duty, _ in verdict.duties],
                "compiled": list(verdict.compiled),
                "rete": None if verdict.rete is None else list(verdict.rete),
                "trouble": verdict.trouble,
            }
        return name


def steady(rulebook: str, rules: RuleSet) -> str:
    """A rule set's name by what it holds: the same whatever days were asked about before."""
    ids = "\n".join([rulebook, *(one.id for one in rules.rules)])
    base = rules.name.partition("@")[0]
    return f"{base}@{hashlib.sha256(ids.encode()).hexdigest()[:12]}"


class Taking(Protocol):
    """Whoever keeps situations, and says what they are called."""

    def take(self, rules: RuleSet, situation: Situation, verdict: Verdict) -> str:
        """Keep a situation with both answers; returns its name."""


def judged_of(heard: Sequence[Judged], met: Taking) -> list[list[Any]]:
    """Each question of a decision: its situation, zone and debt, and counts by rule."""
    return [
        [met.take(one.rules, one.situation, one.verdict), one.zone, one.debt.id, counts_of(one)]
        for one in heard
    ]


def counts_of(one: Judged) -> dict[str, dict[str, Any]]:
    """Of each limit and wait that applies: what is used of how much, when it is free again.

    `counts`: the contact itself counts for the limit; `starts`: it would start the wait;
    `excused` and `agreed`: statements, as `Count` has them.
    """
    found: dict[str, dict[str, Any]] = {}
    for rule in one.rules.counting:
        count = one.counts.get(rule.key)
        if count is None or not applies(rule, one):
            continue
        told: dict[str, Any] = {}
        if isinstance(rule.body, Limit):
            if count.state == "out":
                continue
            told |= {"used": count.used, "max": count.maximum}
            if count.counts_this:
                told["counts"] = True
        elif isinstance(rule.body, Wait) and starts_wait(one.view, rule.body, one.debt):
            told["starts"] = True
        if count.free is not None:
            told["free"] = format_instant(count.free)
        for name, statements in (("excused", count.excused), ("agreed", count.agreed)):
            if statements:
                told[name] = list(statements)
        if told or count.state != "out":
            found[rule.id] = told
    return found


def step_of(heard: Heard, met: Taking) -> dict[str, Any]:
    """A day that was looked at on the way to the next permitted moment."""
    day = heard.when.day
    return {
        "day": None if day is None else day.isoformat(),
        "places": ";".join(heard.places),
        "zones": ";".join(heard.zones),
        "known": heard.known,
        "judged": judged_of(heard.judged, met),
    }


def steps_of(heard: Sequence[Heard], met: Taking, ways: int = 1) -> list[dict[str, Any]]:
    """The days looked at on the way to the next permitted moment, after the first.

    `ways`: in how many ways each day was looked at, one after the other (scheduler.bothways).
    """
    told = [step_of(one, met) for one in heard[ways:]]
    if ways == 1:
        return told
    pairs = [told[at : at + ways] for at in range(0, len(told), ways)]
    return [{"day": pair[0]["day"], "both": pair} for pair in pairs]


def walk_of(heard: Sequence[Heard], met: Taking) -> str:
    """The same as JSON."""
    return json.dumps(steps_of(heard, met), separators=(",", ":"))


def basis_of(heard: Heard, suable: bool, met: Taking) -> dict[str, Any]:
    """What one look at a contact stood on beside its place evidence (scheduler/log/README.md)."""
    judged = heard.judged
    by = []
    for one in judged:
        collector = one.view.group.collectors[one.debt.collector]
        located = [] if collector.located_in is None else [collector.located_in]
        by.append((collector.id, role_of(one.view.group, one.debt), *located))
    told: dict[str, Any] = {"collectors": [list(one) for one in dict.fromkeys(by)]}
    if suable:
        told["suable"] = True
    if not heard.known:
        told["known"] = False
    if judged:
        told |= _hours(judged[0].view)
    told["judged"] = judged_of(judged, met)
    return told


def _hours(view: View) -> dict[str, Any]:
    """Whose clocks and hours windows read beside the consumer's zones."""
    told: dict[str, Any] = {}
    if view.point is not None and view.owner(view.point.id)[0] != view.consumer.person:
        told["other"] = True
    said = [words_on_hours(view, one) for one in sorted(view.governed)]
    some = [one for one in said if one]
    if some:
        told["hours"] = some[0]
    if some[1:]:
        told["hours_of_others"] = some[1:]
    until = agreed_time(view, "calls_until")
    if until is not None:
        told["calls_until"] = until.isoformat()
    return told


def words_on_hours(view: View, person: str) -> list[list[Any]]:
    """What one person said of the hours, in order, as a record has it."""
    pairs = in_order(view, person, BARS, TAKES_OFF)
    return [
        [one.kind, _plain(one.value), *([format_instant(at)] if one.kind == THIS_TIME else [])]
        for at, one in sorted(pairs, key=lambda pair: (pair[0], pair[1].kind != TAKES_OFF))
    ]


def _plain(value: Any) -> Any:
    """What was said as JSON has it: days and times of day as they are written."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value
