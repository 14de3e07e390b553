"""What plain decisions stood on, in words that a record can keep and be decided again from.

A decision asks situations, each of a rule set in a zone, and reads counts. Situations are kept
once, under names that hold whatever was asked before; the counts stand beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .clock import format_instant
from .kinds import Limit, Wait
from .opening import applies, starts_wait
from .panel import Verdict
from .question import Heard, Judged
from .situation import RuleSet, Situation, name_of


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


def judged_of(heard: Sequence[Judged], met: Met) -> list[list[Any]]:
    """Each question of a decision: its situation, zone and debt, and counts by rule."""
    return [
        [met.take(one.rules, one.situation, one.verdict), one.zone, one.debt.id, counts_of(one)]
        for one in heard
    ]


def counts_of(one: Judged) -> dict[str, dict[str, Any]]:
    """Of each limit and wait that applies: what is used of how much, when it is free again.

    `counts`: the contact itself counts for the limit; `starts`: it would start the wait.
    """
    found: dict[str, dict[str, Any]] = {}
    for rule in one.rules.rules:
        count = one.counts.get(rule.key)
        if not isinstance(rule.body, Limit | Wait) or count is None or count.state == "out":
            continue
        if not applies(rule, one):
            continue
        told: dict[str, Any] = {}
        if isinstance(rule.body, Limit):
            told |= {"used": count.used, "max": count.maximum}
            if count.counts_this:
                told["counts"] = True
        elif starts_wait(one.view, rule.body, one.debt):
            told["starts"] = True
        if count.free is not None:
            told["free"] = format_instant(count.free)
        found[rule.id] = told
    return found


def step_of(heard: Heard, met: Met) -> dict[str, Any]:
    """A day that was looked at on the way to the next permitted moment."""
    day = heard.when.day
    return {
        "day": None if day is None else day.isoformat(),
        "places": ";".join(heard.places),
        "zones": ";".join(heard.zones),
        "known": heard.known,
        "judged": judged_of(heard.judged, met),
    }


def steps_of(heard: Sequence[Heard], met: Met, ways: int = 1) -> list[dict[str, Any]]:
    """The days looked at on the way to the next permitted moment, after the first.

    `ways`: in how many ways each day was looked at, one after the other (scheduler.bothways).
    """
    told = [step_of(one, met) for one in heard[ways:]]
    if ways == 1:
        return told
    pairs = [told[at : at + ways] for at in range(0, len(told), ways)]
    return [{"day": pair[0]["day"], "both": pair} for pair in pairs]


def walk_of(heard: Sequence[Heard], met: Met) -> str:
    """The same as JSON."""
    return json.dumps(steps_of(heard, met), separators=(",", ":"))
