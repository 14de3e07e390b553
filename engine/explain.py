"""A decision in words that a regulator can read, and as the plain data that scripts read.

Nothing is decided here: every line is a part of the Decision, or what the rulebook says of a rule.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from . import clock
from .decision import Decision, Finding, Satisfied
from .facts.catalogue import DUTIES
from .problem import NotFound
from .rulebook import Rulebook

WIDTH: Final = 96
FORCES: Final = {
    "structural": "cannot be decided without it; nobody can release it",
    "prohibition": "prohibition; nobody can release it",
    "presumption": "the law presumes a violation",
    "policy": "the firm's own policy, not law",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: ids as the caller has them, and the moment or day in the caller's words."""

    account: str
    consumer: str
    point: str
    kind: str
    channel: str
    when: str


def document(decision: Decision) -> dict[str, Any]:
    """A decision as plain data: verdict, findings, duties, lifted, satisfied, windows and so on.

    Instants are ISO 8601 in UTC. `engines` holds each engine's own verdict.
    """
    return {
        "verdict": decision.verdict,
        "findings": [
            {
                "rule": one.rule,
                "cite": list(one.cite),
                "force": one.force,
                "says": one.says,
                "observed": one.observed,
                "threshold": one.threshold,
            }
            for one in decision.findings
        ],
        "duties": sorted({duty for duty, _ in decision.duties}),
        "lifted": [{"rule": one.rule, "by": one.by} for one in decision.lifted],
        "satisfied": [
            {"rule": one.rule, "used": one.used, "max": one.maximum, **one.statements}
            for one in decision.satisfied
        ],
        "windows": [
            [clock.format_instant(start), clock.format_instant(end)]
            for start, end in decision.windows
        ],
        "attempts_left": decision.attempts_left,
        "next_permitted": (
            clock.format_instant(decision.next_permitted) if decision.next_permitted else None
        ),
        "places": list(decision.places),
        "rulebook": decision.rulebook,
        "engines": dict(decision.engines),
    }


def in_words(decision: Decision, question: Question, rulebook: Rulebook) -> str:
    """A decision as plain text: the verdict first, then all that it stands on.

    `rulebook` must be the one the decision was made with; it gives citations of duties.
    """
    blocks = [
        [_headline(decision, question)],
        _findings(decision),
        _when(decision),
        _duties(decision, rulebook),
        _lifted(decision),
        _satisfied(decision.satisfied),
        _where(decision),
        _made_with(decision, rulebook),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _headline(decision: Decision, question: Question) -> str:
    verdict = "PERMITTED" if decision.permitted else "REFUSED"
    what = f"{question.channel} to {question.point} ({question.kind})"
    who = f"about account {question.account} of consumer {question.consumer}"
    return _wrapped(f"{verdict}: {what} {who}, {question.when}", "", "  ")


def _findings(decision: Decision) -> list[str]:
    if not decision.findings:
        return []
    count = len(decision.findings)
    lines = ["One rule refuses:" if count == 1 else f"{count} findings refuse, each by itself:"]
    for number, one in enumerate(decision.findings, 1):
        lines += _finding(number, one)
    return lines


def _finding(number: int, one: Finding) -> list[str]:
    indent = "     "
    lines = [_wrapped(f"{one.rule} ({FORCES.get(one.force, one.force)})", f"{number:3}. ", indent)]
    lines.append(_wrapped(one.says, indent, indent))
    lines.append(_wrapped(f"law: {'; '.join(one.cite)}", indent, f"{indent}  "))
    lines.append(
        _wrapped(f"found: {one.observed}; allowed: {one.threshold}", indent, f"{indent}  ")
    )
    about = (f"debt {one.debt}" if one.debt else None, one.place, one.zone)
    named = ", ".join(part for part in about if part)
    if named:
        lines.append(_wrapped(f"about: {named}", indent))
    if one.free is not None:
        lines.append(_wrapped(f"lets go: {_moment(one.free, one.zone)}", indent))
    return lines


def _when(decision: Decision) -> list[str]:
    lines = []
    if decision.windows:
        lines.append("Open hours that day, start included and end not:")
        for start, end in decision.windows:
            lines.append(f"  {clock.format_instant(start)} to {clock.format_instant(end)}")
            for zone in decision.zones:
                there = f"{clock.format_local(start, zone)} to {clock.format_local(end, zone)}"
                lines.append(f"    {there} ({zone})")
    if decision.permitted and decision.attempts_left is not None:
        lines.append(f"Attempts left that day, by every limit: {decision.attempts_left}")
    if not decision.permitted:
        first = next(iter(decision.zones), None)
        upcoming = decision.next_permitted
        lines.append(
            f"Next permitted, if nothing else happens: {_moment(upcoming, first)}"
            if upcoming
            else "Next permitted: not by time alone"
        )
    return lines


def _duties(decision: Decision, rulebook: Rulebook) -> list[str]:
    if not decision.duties:
        return []
    by_duty: dict[str, list[str]] = {}
    for duty, rule in decision.duties:
        by_duty.setdefault(duty, []).append(_authority(rule, rulebook))
    lines = ["What the contact must carry or the collector must do:"]
    for duty, sources in by_duty.items():
        means = DUTIES[duty].means if duty in DUTIES else "see the rule"
        lines.append(_wrapped(f"{duty}: {means} [{'; '.join(sources)}]", "  - ", "    "))
    return lines


def _authority(rule_id: str, rulebook: Rulebook) -> str:
    """A rule with its citation; a place that gives a duty by itself is named alone."""
    try:
        return f"{rule_id}, {rulebook.rule(rule_id).cite[0]}"
    except NotFound:
        return rule_id


def _lifted(decision: Decision) -> list[str]:
    if not decision.lifted:
        return []
    lines = ["Rules that would have applied, and what lifted them:"]
    shown = (f"{one.rule} [{one.cite[0]}]: {one.by}" for one in decision.lifted)
    return lines + [_wrapped(line, "  - ", "    ") for line in shown]


def _satisfied(kept: Sequence[Satisfied]) -> list[str]:
    """Counting rules with what is used of them; the others by name."""
    if not kept:
        return []
    lines = ["Rules that apply and are kept:"]
    for one in _once(kept):
        used = ""
        if one.used is not None and one.maximum is not None:
            counted = " (this one would count)" if one.counts_this else ""
            used = f": {one.used} of {one.maximum} used{counted}"
        used += said(one.excused, one.agreed)
        lines.append(_wrapped(f"{one.rule} [{one.cite[0]}]{used}", "  - ", "    "))
    return lines


def said(excused: Sequence[str], agreed: Sequence[str]) -> str:
    """What statements did to a count, in words (`Count`)."""
    found = ""
    if agreed:
        found += f"; a number agreed on ({', '.join(agreed)})"
    if excused:
        found += f"; consent to be called leaves this one out ({', '.join(excused)})"
    return found


def _once(kept: Iterable[Satisfied]) -> list[Satisfied]:
    """Each rule once, with the largest count."""
    found: dict[str, Satisfied] = {}
    for one in kept:
        known = found.get(one.rule)
        if known is None or (one.used or 0) > (known.used or 0):
            found[one.rule] = one
    return list(found.values())


def _where(decision: Decision) -> list[str]:
    places = ", ".join(decision.places) or "none known"
    zones = ", ".join(decision.zones) or "none known"
    return [_wrapped(f"Law of: federal, {places}"), _wrapped(f"Clocks asked, all of them: {zones}")]


def _made_with(decision: Decision, rulebook: Rulebook) -> list[str]:
    engines = ", ".join(f"{name}: {said}" for name, said in sorted(decision.engines.items()))
    return [f"Rulebook {rulebook.short} ({decision.rulebook})", _wrapped(f"Engines: {engines}")]


def _moment(at: datetime, zone: str | None) -> str:
    shown = clock.format_instant(at)
    return f"{shown} ({clock.format_local(at, zone)} in {zone})" if zone else shown


def _wrapped(text: str, first: str = "", rest: str | None = None) -> str:
    """Text in lines of at most WIDTH characters; ids are never broken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
