"""One proposed contact in, one decision out: facts, situations, both engines, findings.

`engine.part` decides a million at once, the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from . import terms, words
from .decision import Decision, Finding, Interval, Lifted, Satisfied, longest
from .evidence import finding_of
from .facts.email import safe_harbour
from .facts.statuses import time_barred
from .facts.view import Moment
from .history import Contact, Group
from .kinds import Limit, Window
from .opening import applies, attempts_left, open_windows, window_names
from .panel import Panel
from .place import Whereabouts
from .question import Ask, Heard, Judged, judge_all, places_of, role_of, whereabouts_of
from .rule import Rule
from .rulebook import Place
from .structural import refusal
from .upcoming import next_permitted


def decide(
    panel: Panel,
    group: Group,
    contact: Contact,
    moment: Moment | None = None,
    ask: Ask | None = None,
) -> Decision:
    """Decide one proposed contact, as known at the moment (default: the contact's own instant).

    Pure: the same group, contact, moment and rulebook give the same decision.
    """
    asked = ask or Ask()
    when = moment or Moment(known=contact.at, at=contact.at)
    where = whereabouts_of(group, contact, when, asked.located)
    zones = tuple(sorted(where.zones))
    places = places_of(where, contact, group)
    judged = judge_all(panel, group, contact, when, zones, places, asked.brief, asked.shared)
    if asked.hear is not None:
        asked.hear(Heard(when, zones, places, where.address_known, tuple(judged)))
    findings = [*_no_debt(group, contact), *_structural(panel, where, places, zones, asked, judged)]
    findings += _unlicensed(panel, places, asked, judged)
    duties = dict.fromkeys(
        [] if asked.brief else _place_duties(panel, places, contact, asked, judged)
    )
    lifted: dict[tuple[str, str], Lifted] = {}
    satisfied: dict[tuple[str, str], Satisfied] = {}
    for one in judged:
        rules = one.rules.by_id
        if one.verdict.trouble:
            findings.append(refusal(one.verdict.trouble.split(":")[0], one.verdict.trouble))
        refusing_now = [rules[id] for id in one.verdict.refusing]
        findings += [finding_of(rule, one) for rule in refusing_now if asked.wants(rule)]
        if not asked.brief:
            duties.update((d, None) for d in one.verdict.duties if asked.wants(rules[d[1]]))
        passed = panel.passed(one.rules, one.name, one.situation) if asked.notes else ()
        for rule, by in passed:
            if asked.wants(rule):
                _note(one, rule, by, lifted, satisfied)
    kept = tuple(
        sorted(longest(findings).values(), key=lambda f: (f.rule, f.debt or "", f.place or ""))
    )
    refusing = {(f.rule, f.debt) for f in kept}
    windows: tuple[Interval, ...] = ()
    upcoming: datetime | None = None
    left: int | None = None
    if asked.whole:
        left = attempts_left(judged, asked)
        windows = open_windows(judged, asked, where)
        if not windows and not kept and when.at is None:
            kept = (refusal("no_common_window", window_names(judged, asked)),)
        upcoming = _upcoming(panel, group, contact, when, asked, kept, windows)
    views = [one.view for one in judged]
    return Decision(
        permitted=not kept,
        findings=kept,
        duties=tuple(sorted(duties)),
        lifted=tuple(lifted.values()),
        satisfied=tuple(s for key, s in satisfied.items() if key not in refusing),
        windows=windows,
        attempts_left=left,
        next_permitted=upcoming,
        places=places,
        zones=zones,
        rulebook=panel.rulebook.digest,
        engines=_engines(judged),
        safe_harbour=safe_harbour(views[0]) if views and not asked.brief else words.UNKNOWN,
        facts={} if asked.brief else _facts(judged),
    )


def _note(
    one: Judged,
    rule: Rule,
    by: str | None,
    lifted: dict[tuple[str, str], Lifted],
    satisfied: dict[tuple[str, str], Satisfied],
) -> None:
    """Write down a rule that applied and did not refuse, or that was lifted (`by` what)."""
    key = (rule.id, one.debt.id)
    count = one.counts.get(rule.key)
    if by is not None:
        lifted[key] = Lifted(rule.id, rule.cite, rule.force, by)
    elif not (count is not None and count.state == "out"):
        counts = isinstance(rule.body, Limit) and count is not None
        satisfied[key] = Satisfied(
            rule.id,
            rule.cite,
            rule.force,
            count.used if counts and count else None,
            count.maximum if counts and count else None,
            one.debt.id,
            bool(count and count.counts_this),
            count.excused if count is not None else (),
            count.agreed if count is not None else (),
        )


# -- structural refusals and duties of places


def _no_debt(group: Group, contact: Contact) -> list[Finding]:
    """Rules judge debts: without one, or with one nobody knows, none of them was asked."""
    unknown = [debt for debt in contact.debts if debt not in group.accounts]
    if contact.debts and not unknown:
        return []
    return [refusal("debt_unknown", ", ".join(unknown) or "the contact is about no debt")]


def _structural(
    panel: Panel,
    where: Whereabouts,
    places: tuple[str, ...],
    zones: tuple[str, ...],
    asked: Ask,
    judged: list[Judged],
) -> list[Finding]:
    found = []
    if asked.places and not where.address_known:
        found.append(refusal("address_unknown", "no current residential address on record"))
    if not zones and _reads_clock(judged, asked):
        found.append(refusal("zone_unknown", "no address, number or word tells the zone"))
    if asked.places:
        missing = [place for place in places if place not in panel.rulebook.places]
        found += [refusal("place_without_file", place) for place in missing]
        if asked.refuse_unencoded:
            bare = [p for p in places if p not in missing and not panel.rulebook.places[p].encoded]
            found += [refusal("place_not_encoded", place) for place in bare]
    return found


def _reads_clock(judged: list[Judged], asked: Ask) -> bool:
    """Whether an asked rule that applies reads the consumer's clock."""
    return any(
        isinstance(rule.body, Window)
        and rule.body.clock == "consumer"
        and asked.wants(rule)
        and one.counts[rule.key].state != "out"
        and applies(rule, one)
        for one in judged
        for rule in one.rules.rules
    )


def _unlicensed(
    panel: Panel, places: tuple[str, ...], asked: Ask, judged: list[Judged]
) -> list[Finding]:
    """Places that ask for a licence which the collector does not hold; of those asked for only."""
    return [
        terms.unlicensed(panel.rulebook.places[place], why)
        for place in places
        if place in panel.rulebook.places and (asked.acts is None or place in asked.acts)
        for why in _standings(panel, place, judged)
        if why not in (terms.HELD, terms.UNCHECKED)
    ]


def _standings(panel: Panel, place: str, judged: list[Judged]) -> list[str]:
    """How the collector of each debt stands in a place, each answer once."""
    known = panel.rulebook.places[place]
    found = {
        terms.licence(
            known,
            one.view.group.collectors[one.debt.collector],
            role_of(one.view.group, one.debt),
            one.view.day,
        ): None
        for one in judged
    }
    return list(found)


def may_be_sued_on(
    known: Mapping[str, Place], places: tuple[str, ...], judged: Sequence[Judged]
) -> bool:
    """Whether every debt asked about is known to be open to suit still, or has a judgment."""
    return all(
        time_barred(one.view, one.debt, *terms.limitation(known, places, one.debt.type)) == words.NO
        or one.debt.dates.get("judgment", date.max) <= one.view.day
        for one in judged
    )


def _place_duties(
    panel: Panel, places: tuple[str, ...], contact: Contact, asked: Ask, judged: list[Judged]
) -> list[tuple[str, str]]:
    """What places ask at the head of their files, and `state_law_not_encoded`."""
    if not asked.places:
        return []
    known = panel.rulebook.places
    suable = may_be_sued_on(known, places, judged)
    call = contact.channel == "call"
    return [
        (duty, place)
        for place in places
        if place in known
        for duty in terms.duties(
            known[place], _standings(panel, place, judged), call=call, suable=suable
        )
    ]


def _upcoming(
    panel: Panel,
    group: Group,
    contact: Contact,
    when: Moment,
    asked: Ask,
    findings: tuple[Finding, ...],
    windows: tuple[Interval, ...],
) -> datetime | None:
    """The first moment the contact becomes permitted if nothing else happens; None: not by time."""
    if not findings:
        if when.at is not None:
            return when.at
        return windows[0][0] if windows else None
    if not asked.search:
        return None
    a_day = replace(asked, search=False)
    return next_permitted(
        lambda moment: decide(panel, group, contact, moment, a_day), when, findings
    )


# -- what both stood on


def _engines(judged: list[Judged]) -> dict[str, Any]:
    """What each engine said by itself; "no answer" where it failed anywhere."""
    second = [one.verdict.rete for one in judged]
    rete = "refused" if any(second) else "permitted"
    trouble = next((one.verdict.trouble for one in judged if one.verdict.trouble), "")
    return {
        "compiled": "refused" if any(one.verdict.compiled for one in judged) else "permitted",
        "rete": "no answer" if None in second else rete,
        **({"trouble": trouble} if trouble else {}),
    }


def _facts(judged: list[Judged]) -> dict[str, Any]:
    return {f"{one.rules.name}/{one.debt.id}/{one.zone}": dict(one.situation) for one in judged}
