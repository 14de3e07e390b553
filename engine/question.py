"""One proposed contact as questions: who asks what, of which rule set, debt and zone.

`engine.columns` puts the same questions for a million contacts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from . import clock, terms, words
from .account import Account, Consumer
from .brief import Plans, brief, complete, situation_for
from .facts import asking, counting
from .facts.view import Moment, View
from .history import Contact, Group, roles_in
from .kinds import Limit, Wait
from .panel import Panel, Verdict
from .place import SAY_WHERE, Whereabouts, current_addresses, locate, together
from .rule import Rule
from .rulebook import REACHING
from .situation import RuleSet, name_of

NOWHERE: Final = "UTC"  # the clock facts are read on where no zone is known; windows say unknown
FEDERAL: Final = "federal"
WEST: Final = "Pacific/Pago_Pago"
EAST: Final = "Pacific/Guam"
"""Of `clock.ZONES` those whose clocks are the furthest behind and the furthest ahead."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a decision is asked for.

    `acts`: only findings of these files (stems, places, or "house") are raised; None: all.
    `house`: whether house policy is asked where `acts` is None. `places`: whether an unknown
    address is a refusal. `refuse_unencoded`: the setting of that name. `whole`: also windows,
    attempts left and the next permitted moment (an explanation; a bare check needs none). `notes`:
    also the rules that were met or lifted. With `brief`, duties and facts are left out.
    """

    acts: frozenset[str] | None = None
    house: bool = True
    places: bool = True
    refuse_unencoded: bool = False
    whole: bool = True
    search: bool = True  # whether a refusal's next permitted moment is looked for
    hear: Callable[[Heard], None] | None = None  # told of every question put, for the record
    notes: bool = True
    brief: bool = False  # findings alone: no fact is worked out that cannot bear on them
    located: dict[Any, Any] | None = None  # where people are, kept by who asks of one file often
    shared: dict[tuple[str, str], Any] | None = None  # by who asks of one group as known once

    def wants(self, rule: Rule) -> bool:
        """Whether a rule's finding is asked for."""
        if self.acts is None:
            return self.house or not rule.house
        named = rule.act in self.acts or (rule.place or "") in self.acts
        return named or (rule.house and "house" in self.acts)


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule set asked about one debt in one zone: the situation, its counts, the verdict.

    `name` is the situation's digest.
    """

    rules: RuleSet
    debt: Account
    zone: str
    view: View
    situation: Mapping[str, str]
    name: str
    counts: Mapping[str, counting.Count]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Heard:
    """The questions that one look at a contact put: when, where, and each with its verdict.

    `known`: whether the consumer's address is.
    """

    when: Moment
    zones: tuple[str, ...]
    places: tuple[str, ...]
    known: bool
    judged: tuple[Judged, ...]


def role_of(group: Group, debt: Account) -> str:
    """The capacity the collector acts in for an account, as rules' `collectors` reads it.

    A servicer of an account in default when obtained is among third-party collectors;
    15 USC 1692a(6)(F)(iii) leaves out only debts not then in default; unknown dates count as so,
    but where the account is known not to be covered.
    """
    role = group.collectors[debt.collector].role
    if role != "servicer":
        return role
    defaulted, placed = debt.dates.get("defaulted"), debt.dates.get("placed")
    if debt.fdcpa_covered == words.YES:
        return "servicer_in_default"
    if defaulted is None or placed is None:
        return role if debt.fdcpa_covered == words.NO else "servicer_in_default"
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
    for rule, name in rules.with_bits:
        counts[rule.key] = counting.OUT
        found[name] = counting.OUT.bit
    for rule, name in rules.reaching(found["channel"], found["kind"], found["whom"]):
        if isinstance(rule.body, Limit | Wait) and debt.id not in charged:
            continue  # limits and waits judge the debts it is attributed to
        count = asking.bit(view, rule, debt, zones)
        counts[rule.key] = count
        found[name] = count.bit
    return found, counts


# -- where


def whereabouts_of(
    group: Group, contact: Contact, when: Moment, located: dict[Any, Any] | None = None
) -> Whereabouts:
    """Where the consumer of a proposed contact may be, as known at the moment.

    A contact in another's file (a co-debtor with debts of his own) is judged where either may be.
    `located` keeps what was found, for whoever asks of the same file with the same `known` again.
    """
    consumer = View(group, contact, when, NOWHERE).consumer
    found = _on_its_day(group, consumer, when, contact, located)
    point = group.points.get(contact.point or "")
    named = contact.consumer or (point.consumer if point is not None else "")
    other = group.consumers.get(named, consumer)
    if other.person == consumer.person:
        return found
    return together([found, _on_its_day(group, other, when, contact, located)], known=all)


def _on_its_day(
    group: Group,
    consumer: Consumer,
    when: Moment,
    contact: Contact,
    located: dict[Any, Any] | None = None,
) -> Whereabouts:
    """Where a consumer is on the local day of an instant: the day it is where the consumer is.

    Where that is no one day, every day it may be, and an address must hold on all of them.
    """
    found, there = _by_day(group, consumer, when, contact, located)
    return together(list(found.values()), known=any if there else all)


def days_there(
    group: Group,
    consumer: Consumer,
    when: Moment,
    contact: Contact,
    located: dict[Any, Any] | None = None,
) -> list[date]:
    """The local days on which a consumer's whereabouts are asked about for an instant or a day."""
    return list(_by_day(group, consumer, when, contact, located)[0])


def _by_day(
    group: Group,
    consumer: Consumer,
    when: Moment,
    contact: Contact,
    located: dict[Any, Any] | None = None,
) -> tuple[dict[date, Whereabouts], bool]:
    """Whereabouts by day, and whether it is one of those days where the consumer then is."""
    if when.day is not None:
        return {when.day: whereabouts(group, consumer, when, when.day, located)}, True
    at = when.at or contact.at
    found = {day: whereabouts(group, consumer, when, day, located) for day in local_dates(at)}
    there = {
        day: one
        for day, one in found.items()
        if any(clock.local_date(at, zone) == day for zone in one.zones)
    }
    return there or found, bool(there)


def local_dates(at: datetime) -> tuple[date, ...]:
    """Every civil date an instant has in any of `clock.ZONES`: one, or two.

    The earliest and the latest of their clocks are less than a day apart. Raises ValueError after
    `clock.LAST_YEAR`.
    """
    first, last = clock.local_date(at, WEST), clock.local_date(at, EAST)
    return (first,) if first == last else (first, last)


def whereabouts(
    group: Group,
    consumer: Consumer,
    when: Moment,
    day: date,
    located: dict[Any, Any] | None = None,
) -> Whereabouts:
    """Where a consumer may be: every row of the same human being adds what it knows."""
    if located is not None:
        return _located(group, consumer, when, day, located)
    rows = [one for one in group.consumers.values() if one.person == consumer.person]
    found = []
    for row in rows:
        own = [point for point in group.points.values() if point.consumer == row.id]
        said = [
            one
            for one in group.statements
            if one.consumer == row.id or (one.consumer not in group.consumers and row is consumer)
        ]
        found.append(locate(row, own, said, day, when.known, roles_in(group, row)))
    return together(found, known=any)


def _located(
    group: Group, consumer: Consumer, when: Moment, day: date, located: dict[Any, Any]
) -> Whereabouts:
    """The same, kept by what it is found from; what is kept holds that, so that ids stay."""
    said = tuple(one for one in group.statements if one.kind in SAY_WHERE)
    rows = [one for one in group.consumers.values() if one.person == consumer.person]
    homes = [current_addresses(one, day, when.known) for one in rows]
    key = (
        consumer.id, when.known, id(group.points), id(group.parties), *map(id, said),
        *((one.id, one.person, id(one.zone_evidence)) for one in rows),
        *(tuple(map(id, some)) for some in homes),
    )  # fmt: skip
    kept = located.get(key)
    if kept is None:
        found = whereabouts(group, consumer, when, day)
        kept = located[key] = (found, rows, homes, group.points, group.parties, said)
    where: Whereabouts = kept[0]
    return where


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
    briefly: bool = False,
    shared: dict[tuple[str, str], Any] | None = None,
) -> list[Judged]:
    """Every rule set, debt and candidate zone, each put to both engines.

    `briefly`: no fact is worked out that cannot bear on what refuses. `shared`: as for `View`.
    """
    found = []
    known = panel.rulebook.places
    names = [FEDERAL, *(one for one in places if one in known)]
    names += [f"{one}{REACHING}" for one in panel.rulebook.reaching]
    shared = {} if shared is None else shared
    for zone in zones or (NOWHERE,):
        view = View(group, contact, when, zone, shared)
        for name in names:
            rules = panel.rule_set(name, view.day)
            if not rules.rules:
                continue
            for debt in view.debts:
                if not _applies(name, group, debt):
                    continue
                years, sure = terms.limitation(known, places, debt.type)
                if briefly:
                    found.append(_briefly(panel, view, rules, debt, zones, years, sure))
                    continue
                situation, counts = situation_of(view, rules, debt, zones, years, sure)
                digest = name_of(rules.name, rules.sorted_fields, situation)
                verdict = panel.ask(rules, [situation], [digest])[0]
                found.append(Judged(rules, debt, zone, view, situation, digest, counts, verdict))
    return found


def _briefly(
    panel: Panel,
    view: View,
    rules: RuleSet,
    debt: Account,
    zones: tuple[str, ...],
    years: int | None,
    sure: bool,
) -> Judged:
    """One question of which only what refuses is asked."""
    scope = (view.contact.channel, view.kind, view.whom, role_of(view.group, debt), debt.type)
    note = ("brief", rules.name, *scope)
    plans = panel.notes.get(note)
    if not isinstance(plans, Plans):
        plans = panel.notes[note] = Plans.of(rules, scope)
    plan = plans.plan(view, debt)
    told, counts = brief(view, plan, debt, zones, years, sure)
    digest, situation = situation_for(plan, rules, told)
    verdict = panel.ask(rules, [situation], [digest])[0]
    if verdict.refusing:
        situation = dict(situation)
        for name in verdict.refusing:
            complete(rules.by_id[name], rules, situation, view, debt, years, sure)
    counts = {**plan.counts, **counts}
    return Judged(rules, debt, view.zone, view, situation, digest, counts, verdict)


def _applies(name: str, group: Group, debt: Account) -> bool:
    """Whether a rule set applies to a debt: one that follows the collector, by where that is."""
    if not name.endswith(REACHING):
        return True
    return group.collectors[debt.collector].located_in == name.removesuffix(REACHING)
