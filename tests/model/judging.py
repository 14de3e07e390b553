"""One proposed contact, judged rule by rule, debt by debt, zone by zone (rules/README.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from engine import clock, place, words
from engine.account import Account, Collector, Consumer
from engine.history import Contact, Group
from engine.kinds import Block, Limit, Notice, Require, Window
from engine.rule import Rule

from . import calendar
from .answers import Limitation, Question, Where, here, unlimited
from .exclusions import as_known
from .facts import holds
from .facts_history import running_call, window_zones
from .hours import is_closed
from .limits import LIFTED, OUT, REFUSED, SATISFIED, Outcome, limited, waited
from .past import Asked
from .people import accounts_of, human, point_of, role_of
from .selecting import kind_reached


@dataclass(frozen=True, slots=True)
class Trace:
    """What one rule said of one debt in one zone; `used` of `maximum` where it counts."""

    rule: str
    force: str
    debt: str
    zone: str
    outcome: str
    used: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class ModelDecision:
    """The whole answer; lists are sorted and name a rule once (`satisfied`: once per debt)."""

    word: str
    findings: tuple[tuple[str, str], ...]
    lifted: tuple[str, ...]
    satisfied: tuple[tuple[str, int | None, int | None], ...]
    traces: tuple[Trace, ...]

    @property
    def permitted(self) -> bool:
        """Whether nothing refuses."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Place:
    """Whose law applies and on whose clock, as `engine.place` tells it."""

    where: Where
    jurisdictions: frozenset[str]
    address_known: bool


def judge(
    rules: Sequence[Rule],
    group: Group,
    contact: Contact,
    asked_places: Collection[str] | None = None,
    limitation: Limitation = unlimited,
) -> ModelDecision:
    """Judge one proposed contact at its own instant.

    `asked_places`: the places whose law is asked; None: all; empty: none, and then an unknown
    address is no refusal (case format, `rules`). No rule is skipped because another refused.
    """
    located = locate(group, contact, limitation)
    traces: list[Trace] = []
    for zone in located.where.zones or ("UTC",):
        for account in debts_of(group, contact):
            asked = Asked(group, contact, zone, account)
            asked = replace(asked, group=as_known(asked))
            traces.extend(evaluate(rule, asked, located) for rule in rules)
    findings = {(one.rule, one.force) for one in traces if one.outcome == REFUSED}
    if (asked_places is None or asked_places) and not located.address_known:
        findings.add(("structural/address_unknown", "structural"))
    if not located.where.zones and _reads_clock(rules, traces):
        findings.add(("structural/zone_unknown", "structural"))
    return _summed_up(findings, traces)


def _reads_clock(rules: Sequence[Rule], traces: list[Trace]) -> bool:
    """Structural refusals that no asked rule depends on are not raised (case format)."""
    hours = {
        rule.id for rule in rules if isinstance(rule.body, Window) and rule.body.clock == "consumer"
    }
    return any(one.rule in hours and one.outcome == REFUSED for one in traces)


def _summed_up(findings: set[tuple[str, str]], traces: list[Trace]) -> ModelDecision:
    refusing = {rule for rule, _ in findings}
    lifted = {one.rule for one in traces if one.outcome == LIFTED} - refusing
    kept: dict[tuple[str, str], Trace] = {}
    for one in traces:
        if one.outcome != SATISFIED or one.rule in refusing:
            continue
        before = kept.get((one.rule, one.debt))
        if before is None or (one.used or 0) > (before.used or 0):
            kept[one.rule, one.debt] = one
    satisfied = sorted(
        {(one.rule, one.used, one.maximum) for one in kept.values()},
        key=lambda each: (each[0], each[1] or 0, each[2] or 0),
    )
    forces = {force for _, force in findings}
    if not findings:
        presumed = any(one.force == "presumption" for one in kept.values())
        word = "presumed_compliance" if presumed else "permitted"
    elif forces & {"prohibition", "structural"}:
        word = "prohibited"
    elif "presumption" in forces:
        word = "presumed_violation"
    else:
        word = "refused_by_policy"
    return ModelDecision(
        word, tuple(sorted(findings)), tuple(sorted(lifted)), tuple(satisfied), tuple(traces)
    )


# -- where (rules/README.md)


def consumer_of(group: Group, contact: Contact) -> Consumer:
    """Whose file the contact stands in: as said, the point's, else that of the first debt."""
    if contact.consumer in group.consumers:
        return group.consumers[contact.consumer]
    point = group.points.get(contact.point or "")
    if point is not None and point.consumer in group.consumers:
        return group.consumers[point.consumer]
    for debt in contact.debts:
        if debt in group.accounts and group.accounts[debt].consumer in group.consumers:
            return group.consumers[group.accounts[debt].consumer]
    return next(iter(group.consumers.values()))


def locate(group: Group, contact: Contact, limitation: Limitation) -> Place:
    """Zones and jurisdictions; every row of the same human adds what it knows."""
    consumer = consumer_of(group, contact)
    people = {consumer.person}
    people |= {human(group, account.consumer) for account in debts_of(group, contact)}
    zones: set[str] = set()
    places: set[str] = set()
    known = []
    for person in sorted(people):
        found = _on_its_day(group, contact, person)
        sure = any(one.address_known for one in found)
        for one in found:
            zones |= one.zones
            places |= one.jurisdictions
            if point_of(group, contact, consumer.id).kind in words.WORK_KINDS:
                places |= one.work_jurisdictions
        known.append(sure)
        if not sure:
            numbers = [one.number_jurisdictions for one in found]
            places |= frozenset[str]().union(*numbers)
    where = Where(
        tuple(sorted(zones)),
        tuple(sorted(_zones_of_others(group, contact, consumer))),
        tuple(sorted(_zones_called(group, contact))),
        limitation,
    )
    return Place(where, frozenset(places), all(known))


def _on_its_day(group: Group, contact: Contact, person: str) -> list[place.Whereabouts]:
    """What every row of a person tells, on the local day it is where he is.

    READING: where that is no one day, on every day it may be, and none tells an address for sure.
    """
    days = sorted({clock.local_date(contact.at, zone) for zone in clock.ZONES})
    by_day = {day: _rows_on(group, contact, person, day) for day in days}
    there = [
        one
        for day, found in by_day.items()
        for one in found
        if any(clock.local_date(contact.at, zone) == day for each in found for zone in each.zones)
    ]
    if there:
        return there
    every = [one for found in by_day.values() for one in found]
    if all(any(one.address_known for one in found) for found in by_day.values()):
        return every
    return [replace(one, address_known=False) for one in every]


def _rows_on(group: Group, contact: Contact, person: str, day: date) -> list[place.Whereabouts]:
    found = []
    for row in group.consumers.values():
        if row.person == person:
            own = [point for point in group.points.values() if point.consumer == row.id]
            told = [one for one in group.statements if one.consumer == row.id]
            roles = partial(role_of, group)
            found.append(place.locate(row, own, told, day, contact.at, roles))
    return found


def _zones_called(group: Group, contact: Contact) -> frozenset[str]:
    point = group.points.get(contact.point or "")
    return place.locate_number(point) if point is not None else frozenset()


def _zones_of_others(group: Group, contact: Contact, consumer: Consumer) -> set[str]:
    """For somebody else's number, that person's zones as well (rules/README.md, window)."""
    point = point_of(group, contact, consumer.id)
    if human(group, point.owner) == consumer.person:
        return set()
    zones: set[str] = set()
    for other in group.points.values():
        if other.owner == point.owner and other.kind in words.PHONE_KINDS:
            zones |= place.locate_number(other)
    if point.owner in group.consumers:
        row = group.consumers[point.owner]
        own = [one for one in group.points.values() if one.consumer == row.id]
        told = [one for one in group.statements if one.consumer == row.id]
        day = clock.local_date(contact.at, "UTC")
        zones |= place.locate(row, own, told, day, contact.at).zones
    return zones


def debts_of(group: Group, contact: Contact) -> list[Account]:
    """What the contact is about. READING: one that names no debt is about all of the person's."""
    named = [group.accounts[debt] for debt in contact.debts if debt in group.accounts]
    if named:
        return named
    consumer = consumer_of(group, contact)
    return accounts_of(group, {consumer.person}, contact.collector)


# -- one rule, one debt, one zone


def evaluate(rule: Rule, asked: Asked, located: Place) -> Trace:
    """Scope, then `when`, then `unless`, then the kind."""
    question = Question(asked, located.where, rule)
    outcome, used, maximum = _outcome(question, located)
    return Trace(rule.id, rule.force, asked.account.id, asked.zone, outcome, used, maximum)


def _outcome(question: Question, located: Place) -> Outcome:
    rule, asked = question.rule, question.asked
    if not in_scope(rule, asked, located):
        return OUT, None, None
    # unknown counts as met in `when`, as not met in `unless`
    if any(holds(question, entry) == "no" for entry in rule.when):
        return OUT, None, None
    if any(holds(question, entry) == "yes" for entry in rule.unless):
        return LIFTED, None, None
    body = rule.body
    if isinstance(body, Block):
        return REFUSED, None, None
    if isinstance(body, Require):
        met = all(holds(question, entry) == "yes" for entry in body.needs)
        return (SATISFIED if met else REFUSED), None, None
    if isinstance(body, Notice):
        return (REFUSED if is_declared_unmet(asked.contact, body.duty) else SATISFIED), None, None
    if running_call(asked) is not None:
        return OUT, None, None  # `same_call`: windows, limits and waits do not judge it
    if isinstance(body, Window):
        zones = window_zones(asked, located.where, body)
        closed = is_closed(asked, body, asked.now, zones, asked.zone)
        return (REFUSED if closed else SATISFIED), None, None
    if asked.account.id not in charged_debts(asked.contact):
        return OUT, None, None  # limits and waits judge the debts it is attributed to
    if isinstance(body, Limit):
        return limited(asked, body)
    return waited(asked, body), None, None


def charged_debts(contact: Contact) -> tuple[str, ...]:
    """The debts a proposed contact is attributed to; left out: all its debts."""
    if contact.attributed_to:
        return contact.attributed_to
    return contact.debts or _Everything()


class _Everything(tuple[str, ...]):
    """Holds whatever is asked for: a contact that names no debt."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return True


def in_scope(rule: Rule, asked: Asked, located: Place) -> bool:
    """Whether a rule reaches this contact, debt, place and day (rules/README.md)."""
    contact, account, group = asked.contact, asked.account, asked.group
    point = here(asked)
    collector = group.collectors.get(account.collector, Collector())
    if rule.place is not None:
        if rule.reach == "collector_place":
            # READING: a collector whose place nobody recorded is in none
            at = collector.located_in or ""
            if rule.place not in (at, f"US-{at}"):
                return False
        elif rule.place not in located.jurisdictions:
            return False
    if not _in_force(rule, asked):
        return False
    if contact.channel not in rule.channels:
        return False
    if not kind_reached(rule.to, contact.channel, point.kind):
        return False
    if rule.whom is not None and point.whom not in rule.whom:
        return False
    if rule.debts is not None and account.type not in rule.debts:
        return False
    return rule.collectors is None or _collector_reached(rule.collectors, collector, account)


def _in_force(rule: Rule, asked: Asked) -> bool:
    """The rules in force depend on the local date; `effective_to` is the day after the last."""
    day = calendar.day_of(asked.now, asked.zone)
    if rule.effective_from is not None and day < rule.effective_from:
        return False
    return rule.effective_to is None or day < rule.effective_to


def _collector_reached(collectors: frozenset[str], collector: Collector, account: Account) -> bool:
    """`third_party` includes law_firm, and servicer for accounts in default when obtained."""
    role = collector.role
    if role in collectors:
        return True
    if role == "law_firm":
        return "third_party" in collectors
    if role != "servicer":
        return False
    if "third_party" not in collectors and "servicer_in_default" not in collectors:
        return False
    if account.fdcpa_covered == "yes":
        return True
    defaulted, placed = account.dates.get("defaulted"), account.dates.get("placed")
    if defaulted is None or placed is None:
        return account.fdcpa_covered != "no"
    return defaulted <= placed


def is_declared_unmet(contact: Contact, duty: str) -> bool:
    """Whether a contact is declared without a duty (catalogue, DUTIES `unmet_when`)."""
    declared: Mapping[str, bool] = {
        "opt_out_notice": contact.flag("opt_out_notice") is False,
        "prerecorded_opt_out": contact.flag("opt_out_notice") is False,
        "initial_disclosure": contact.disclosure in ("none", "subsequent"),
        "subsequent_disclosure": contact.disclosure == "none",
        "disclosure_language": _language_left_out(contact),
        "identify_caller": contact.sender_name == "false_name",
        "identify_as_debt_collector": contact.flag("identifies_as_debt_collector") is False,
        "no_debt_mention": contact.flag("mentions_debt") is True,
        "no_payment_request": contact.flag("requests_payment") is True,
        "no_suit_threat": contact.purpose == "litigation",
        "model_form": contact.flag("model_form") is False,
    }
    return declared.get(duty, False)


def _language_left_out(contact: Contact) -> bool:
    if contact.languages is None or contact.disclosure_languages is None:
        return False
    return any(one not in contact.disclosure_languages for one in contact.languages)
