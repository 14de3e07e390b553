"""One proposed contact as questions: who asks what, of which rule set, debt and zone.

`engine.columns` puts the same questions for a million contacts at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from . import clock, terms, words
from .account import Account, Consumer
from .facts import asking, counting
from .facts.view import Moment, View
from .history import Contact, Group
from .kinds import Limit, Wait
from .panel import Panel, Verdict
from .place import Whereabouts, locate
from .rule import Rule
from .situation import RuleSet, has_bit

NOWHERE: Final = "UTC"  # the clock facts are read on where no zone is known; windows say unknown
FEDERAL: Final = "federal"


@dataclass(frozen=True, slots=True)
class Ask:
    """How a decision is asked for.

    `acts`: only findings of these files (stems, places, or "house") are raised; None: all.
    `house`: whether house policy is asked where `acts` is None. `places`: whether an unknown
    address is a refusal. `refuse_unencoded`: the setting of that name. `whole`: also windows,
    attempts left and the next permitted moment (an explanation; a bare check needs none).
    """

    acts: frozenset[str] | None = None
    house: bool = True
    places: bool = True
    refuse_unencoded: bool = False
    whole: bool = True
    search: bool = True  # whether a refusal's next permitted moment is looked for

    def wants(self, rule: Rule) -> bool:
        """Whether a rule's finding is asked for."""
        if self.acts is None:
            return self.house or not rule.house
        named = rule.act in self.acts or (rule.place or "") in self.acts
        return named or (rule.house and "house" in self.acts)


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule set asked about one debt in one zone: the situation, its counts, the verdict."""

    rules: RuleSet
    debt: Account
    zone: str
    view: View
    situation: Mapping[str, str]
    counts: Mapping[str, counting.Count]
    verdict: Verdict


def role_of(group: Group, debt: Account) -> str:
    """The capacity the collector acts in for an account, as rules' `collectors` reads it.

    A servicer of an account in default when obtained is among third-party collectors;
    15 USC 1692a(6)(F)(iii) leaves out only debts not then in default; unknown dates count as so.
    """
    role = group.collectors[debt.collector].role
    if role != "servicer" or debt.fdcpa_covered == words.NO:
        return role
    defaulted, placed = debt.dates.get("defaulted"), debt.dates.get("placed")
    if debt.fdcpa_covered == words.YES or defaulted is None or placed is None:
        return "servicer_in_default"
    return "servicer_in_default" if defaulted <= placed else role


def situation_of(
    view: View,
    rules: RuleSet,
    debt: Account,
    zones: tuple[str, ...],
    years: int | None,
    sure: bool = True,
) -> tuple[dict[str, str], dict[str, counting.Count]]:
    """Every field of a rule set for one debt in one zone, with the counts behind the bits."""
    charged = {one.id for one in view.charged}
    found = {
        "channel": view.contact.channel,
        "kind": view.kind,
        "whom": view.whom,
        "role": role_of(view.group, debt),
        "debt_type": debt.type,
    }
    for ask, name in rules.names.items():
        found[name] = asking.value(view, ask, debt, years, sure)
    counts: dict[str, counting.Count] = {}
    for rule in rules.rules:
        if not has_bit(rule):
            continue
        if isinstance(rule.body, Limit | Wait) and debt.id not in charged:
            count = counting.OUT  # limits and waits judge the debts it is attributed to
        elif not in_scope(rule, found):
            count = counting.OUT
        else:
            count = asking.bit(view, rule, debt, zones)
        counts[rule.key] = count
        found[f"bit:{rule.key}"] = count.bit
    return found, counts


def in_scope(rule: Rule, found: Mapping[str, str]) -> bool:
    """Whether counting is worth doing: the engines judge scope again, by themselves."""
    return rule.reaches(found["channel"], found["kind"]) and (
        rule.whom is None or found["whom"] in rule.whom
    )


# -- where


def whereabouts_of(group: Group, contact: Contact, when: Moment) -> Whereabouts:
    """Where the consumer of a proposed contact may be, as known at the moment."""
    consumer = View(group, contact, when, NOWHERE).consumer
    day = when.day if when.day is not None else clock.local_date(contact.at, NOWHERE)
    return whereabouts(group, consumer, when, day)


def whereabouts(group: Group, consumer: Consumer, when: Moment, day: date) -> Whereabouts:
    """Where a consumer may be, by all files of the same human being."""
    files = {one.id for one in group.consumers.values() if one.person == consumer.person}
    own = [point for point in group.points.values() if point.consumer in files]
    said = [
        one
        for one in group.statements
        if one.consumer in files or one.consumer not in group.consumers
    ]
    return locate(consumer, own, said, day, when.known)


def places_of(where: Whereabouts, contact: Contact, group: Group) -> tuple[str, ...]:
    """Whose law applies: current residential addresses; at work the workplace's too.

    With no current address the findings of the area code's places are shown as well.
    """
    found = set(where.jurisdictions)
    point = group.points.get(contact.point or "")
    if point is not None and point.kind in words.WORK_KINDS:
        found |= where.work_jurisdictions
    if not where.address_known:
        found |= where.number_jurisdictions
    return tuple(sorted(found))


# -- asking both engines


def judge_all(
    panel: Panel,
    group: Group,
    contact: Contact,
    when: Moment,
    zones: tuple[str, ...],
    places: tuple[str, ...],
) -> list[Judged]:
    """Every rule set, debt and candidate zone, each put to both engines."""
    found = []
    years, sure = terms.limitation(panel.rulebook.places, places)
    for zone in zones or (NOWHERE,):
        view = View(group, contact, when, zone)
        for name in (FEDERAL, *(p for p in places if p in panel.rulebook.places)):
            rules = panel.rule_set(name, view.day)
            if not rules.rules:
                continue
            for debt in view.debts:
                situation, counts = situation_of(view, rules, debt, zones, years, sure)
                verdict = panel.ask(rules, [situation])[0]
                found.append(Judged(rules, debt, zone, view, situation, counts, verdict))
    return found
