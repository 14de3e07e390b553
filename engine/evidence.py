"""The evidence of a rule that refuses: what was found, and what it allows."""

from __future__ import annotations

from typing import Any

from . import clock, words
from .decision import Finding
from .facts import counting
from .kinds import Limit, Wait, Window
from .question import Judged
from .rule import Rule
from .situation import rule_asks


def finding_of(rule: Rule, one: Judged) -> Finding:
    """The evidence of one rule that refuses."""
    count = one.counts.get(rule.key)
    observed, threshold = _evidence(rule, one, count)
    return Finding(
        rule.id,
        rule.cite,
        rule.force,
        rule.says,
        observed,
        threshold,
        rule.place,
        one.zone,
        one.debt.id,
        count.free if count is not None else None,
    )


def _evidence(rule: Rule, one: Judged, count: counting.Count | None) -> tuple[str, str]:
    body = rule.body
    if isinstance(body, Limit) and count is not None:
        return f"{count.used + 1} with this one", f"at most {count.maximum}"
    if isinstance(body, Wait) and count is not None:
        free = clock.format_local(count.free, one.zone) if count.free else "not by time alone"
        return count.state, f"free from {free}"
    if isinstance(body, Window):
        at = one.view.moment.at
        if count is not None and count.bit == words.UNKNOWN:
            return "zone unknown", hours_text(body)
        seen = clock.format_local(at, one.zone) if at else one.view.day.isoformat()
        return f"{seen} in {one.zone}", hours_text(body)
    asked = [f"{name}: {one.situation[name]}" for name in _fields_of(rule, one)]
    return ", ".join(asked) or "in scope", rule.kind


def hours_text(body: Window) -> str:
    """What a window allows, in words."""
    if body.from_ is None and body.to is None:
        return "outside the consumer's own hours" if body.closed_by else "on an open day"
    found = f"between {_text(body.from_)} and {_text(body.to)}"
    if body.days is not None:
        found += f", on {', '.join(day for day in words.DAYS if day in body.days)}"
    if body.closed:
        found += f", not on {', '.join(body.closed)}"
    return found


def _text(value: Any) -> str:
    law = getattr(value, "law", value)
    return law.strftime("%H:%M") if hasattr(law, "strftime") else "midnight"


def _fields_of(rule: Rule, one: Judged) -> list[str]:
    return [one.rules.names[ask] for ask in rule_asks(rule) if ask in one.rules.names]
