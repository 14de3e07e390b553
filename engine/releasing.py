"""Releases: a named person lifts a presumption for one contact (rules/README.md, `force`).

A release acts on what both engines answered together, so neither engine knows of it, and each
one's own answer stays in the decision. It never lifts a prohibition, policy, or a structural
refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .decision import Decision, Lifted
from .problem import NotFound
from .rulebook import Rulebook

PRESUMPTION: Final = "presumption"


def releasable(rulebook: Rulebook, rule: str) -> bool:
    """Whether a rule of that id is there and only presumes, so that a person may release it."""
    try:
        return rulebook.rule(rule).force == PRESUMPTION
    except NotFound:
        return False


def released(decision: Decision, releases: Mapping[str, str]) -> tuple[Decision, tuple[str, ...]]:
    """A refused decision with its presumptions lifted, and the names of the releases it took.

    `releases`: by rule id, the name of a release in force. Nothing changes unless every finding is
    a presumption that one of them lifts: half a release permits nothing and uses up nothing.
    """
    rules = {finding.rule for finding in decision.findings}
    presumed = all(finding.force == PRESUMPTION for finding in decision.findings)
    if not rules or not presumed or not rules <= set(releases):
        return decision, ()
    lifted = {
        finding.rule: Lifted(
            finding.rule, finding.cite, finding.force, f"release {releases[finding.rule]}"
        )
        for finding in decision.findings
    }
    used = tuple(sorted({releases[rule] for rule in rules}))
    yes = replace(
        decision,
        permitted=True,
        findings=(),
        lifted=(*decision.lifted, *lifted.values()),
        attempts_left=1,
        next_permitted=None,
    )
    return yes, used
