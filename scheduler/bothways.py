"""A contact of people who may be one human, decided both ways: permitted only if both ways permit.

One way every person id is a human of its own, the other way the doubtful ones are one human. So a
doubt can only tighten: what is said or counted in one file binds the other, and a consent stays
where it was given, since the first way does not share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine import Ask, decide
from engine.decision import Decision, Finding, Satisfied, longest
from engine.facts.view import Moment
from engine.history import Contact, Group
from engine.intervals import intersect
from engine.panel import Panel
from engine.structural import refusal
from engine.upcoming import next_permitted

from .humans import group_as_one, people_of

SAME: Final = "~"
"""Ends the names of facts, and ids of budgets, of the way in which the doubtful are one human."""
IF_ONE: Final = "; if people who may be one human are one"
NO_WINDOW: Final = "no_common_window"


def stricter(one: Decision, other: Decision) -> Decision:
    """What two answers to one question come to together; `next_permitted` is left to the caller."""
    findings = longest([*one.findings, *map(_as_one, other.findings)])
    windows = intersect(one.windows, other.windows)
    if not findings and not windows and one.windows and other.windows:
        by = (*one.satisfied, *other.satisfied)
        names = ", ".join(sorted({each.rule for each in by}))
        findings[f"structural/{NO_WINDOW}", None, None] = refusal(NO_WINDOW, names)
    refused = {(f.rule, f.debt) for f in findings.values()}
    kept: dict[tuple[str, str | None], Satisfied] = {}
    for each in (*one.satisfied, *other.satisfied):
        had = kept.get((each.rule, each.debt))
        if had is None or (each.used or 0) > (had.used or 0):
            kept[each.rule, each.debt] = each
    left = [n for n in (one.attempts_left, other.attempts_left) if n is not None]
    same = {f"{name}{SAME}": value for name, value in other.facts.items()}
    return replace(
        one,
        permitted=not findings,
        findings=tuple(sorted(findings.values(), key=lambda f: (f.rule, f.debt or ""))),
        duties=tuple(sorted({*one.duties, *other.duties})),
        lifted=tuple(each for each in one.lifted if each.rule not in {rule for rule, _ in refused}),
        satisfied=tuple(each for key, each in kept.items() if key not in refused),
        windows=windows,
        attempts_left=min(left, default=None),
        next_permitted=windows[0][0] if windows and not findings else None,
        places=tuple(sorted({*one.places, *other.places})),
        zones=tuple(sorted({*one.zones, *other.zones})),
        engines=_engines(one.engines, other.engines),
        facts={**one.facts, **same},
    )


def _as_one(finding: Finding) -> Finding:
    """A finding of the second way, which says so; an unknown zone is told by its words alone."""
    told = finding.observed
    return finding if told == "zone unknown" else replace(finding, observed=f"{told}{IF_ONE}")


def _engines(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Each engine's answer to both: the worse of the two."""
    order = ("no answer", "refused", "permitted")
    found = {name: min(one[name], other[name], key=order.index) for name in ("compiled", "rete")}
    trouble = one.get("trouble") or other.get("trouble")
    return {**found, **({"trouble": trouble} if trouble else {})}


def in_doubt(group: Group, maybe: Mapping[str, str]) -> bool:
    """Whether two people of a group may be one human."""
    people = people_of(group)
    named = [maybe.get(person, person) for person in people]
    return len(set(named)) < len(named)


def decide_both(
    panel: Panel,
    group: Group,
    maybe: Mapping[str, str],
    contact: Contact,
    when: Moment,
    asked: Ask,
) -> Decision:
    """`engine.decide`, and where people of the group may be one human, both ways."""
    if not maybe or not in_doubt(group, maybe):
        return decide(panel, group, contact, when, asked)
    return decide_two(panel, group, group_as_one(group, maybe), contact, when, asked)


def decide_two(
    panel: Panel,
    group: Group,
    same: Group,
    contact: Contact,
    when: Moment,
    asked: Ask,
) -> Decision:
    """What `engine.decide` says of both groups together: one of them with the doubtful as one."""
    a_day = replace(asked, search=False)

    def both(moment: Moment) -> Decision:
        found = stricter(
            decide(panel, group, contact, moment, a_day),
            decide(panel, same, contact, moment, a_day),
        )
        at = moment.at
        return found if at is None or not found.permitted else replace(found, next_permitted=at)

    found = both(when)
    if found.permitted or not asked.search:
        return found
    return replace(found, next_permitted=next_permitted(both, when, found.findings))
