"""One proposed contact in, one decision out: facts, situations, both engines, findings.

The walk of DESIGN 3 for one candidate; `engine.columns` walks it for a million at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from . import clock, words
from .account import Account, Consumer
from .compiled import LIFTED, OUT, SATISFIED
from .decision import Decision, Finding, Interval, Lifted, Satisfied
from .facts import asking, counting, hours
from .facts.email import safe_harbour
from .facts.view import Moment, View
from .history import Contact, Group
from .intervals import intersect
from .kinds import Limit, Wait, Window
from .panel import Panel, Verdict
from .place import Whereabouts, locate
from .rule import Rule
from .situation import RuleSet, has_bit
from .structural import STRUCTURAL, refusal

NOWHERE = "UTC"  # the clock facts are read on where no zone is known; windows say unknown
FEDERAL = "federal"
SEARCH_DAYS = 370


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

    A servicer of an account in default when obtained is among third-party collectors (RULES.md 2;
    15 USC 1692a(6)(F)(iii) leaves out only debts not then in default); unknown dates count as so.
    """
    role = group.collectors[debt.collector].role
    if role != "servicer" or debt.fdcpa_covered == words.NO:
        return role
    defaulted, placed = debt.dates.get("defaulted"), debt.dates.get("placed")
    if debt.fdcpa_covered == words.YES or defaulted is None or placed is None:
        return "servicer_in_default"
    return "servicer_in_default" if defaulted <= placed else role


def situation_of(
    view: View, rules: RuleSet, debt: Account, zones: tuple[str, ...], years: int | None
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
        found[name] = asking.value(view, ask, debt, years)
    counts: dict[str, counting.Count] = {}
    for rule in rules.rules:
        if not has_bit(rule):
            continue
        if isinstance(rule.body, Limit | Wait) and debt.id not in charged:
            count = counting.OUT  # limits and waits judge the debts it is attributed to
        elif not _in_scope(rule, found):
            count = counting.OUT
        else:
            count = asking.bit(view, rule, debt, zones)
        counts[rule.key] = count
        found[f"bit:{rule.key}"] = count.bit
    return found, counts


def _in_scope(rule: Rule, found: Mapping[str, str]) -> bool:
    """Whether counting is worth doing: the engines judge scope again, by themselves."""
    return rule.reaches(found["channel"], found["kind"]) and (
        rule.whom is None or found["whom"] in rule.whom
    )


def decide(
    panel: Panel,
    group: Group,
    contact: Contact,
    moment: Moment | None = None,
    ask: Ask | None = None,
) -> Decision:
    """Decide one proposed contact, as known at the moment (default: the contact's own instant).

    Pure: the same group, contact, moment and rulebook give the same decision (DESIGN 1.5).
    """
    asked = ask or Ask()
    when = moment or Moment(known=contact.at, at=contact.at)
    where = _whereabouts(group, contact, when)
    zones = tuple(sorted(where.zones))
    places = _places(where, contact, group)
    judged = judge_all(panel, group, contact, when, zones, places)
    findings = list(_structural(panel, where, places, zones, asked, judged))
    duties: dict[tuple[str, str], None] = dict.fromkeys(_place_duties(panel, places, asked))
    lifted: dict[tuple[str, str], Lifted] = {}
    satisfied: dict[tuple[str, str], Satisfied] = {}
    for one in judged:
        rules = {rule.id: rule for rule in one.rules.rules if asked.wants(rule)}
        if one.verdict.trouble:
            findings.append(refusal(one.verdict.trouble.split(":")[0], one.verdict.trouble))
        for rule_id in one.verdict.refusing:
            if rule_id in rules:
                findings.append(finding_of(rules[rule_id], one))
        duties.update((d, None) for d in one.verdict.duties if d[1] in rules)
        for rule in rules.values():
            _note(panel, one, rule, lifted, satisfied)
    unique = {(f.rule, f.debt): f for f in reversed(findings)}
    kept = tuple(sorted(unique.values(), key=lambda f: (f.rule, f.debt or "")))
    refusing = {(f.rule, f.debt) for f in kept}
    windows: tuple[Interval, ...] = ()
    upcoming: datetime | None = None
    left: int | None = None
    if asked.whole:
        left = _attempts_left(judged, asked)
        windows = open_windows(judged, asked, where)
        if not windows and not kept and when.at is None:
            kept = (refusal("no_common_window", _window_names(judged, asked)),)
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
        safe_harbour=safe_harbour(views[0]) if views else words.UNKNOWN,
        facts=_facts(judged),
    )


# -- where


def _whereabouts(group: Group, contact: Contact, when: Moment) -> Whereabouts:
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


def _places(where: Whereabouts, contact: Contact, group: Group) -> tuple[str, ...]:
    """Whose law applies: current residential addresses; at work the workplace's too (RULES.md 5).

    With no current address the findings of the area code's places are shown as well.
    """
    found = set(where.jurisdictions)
    point = group.points.get(contact.point or "")
    if point is not None and point.kind in words.WORK_KINDS:
        found |= where.work_jurisdictions
    if not where.address_known:
        found |= where.number_jurisdictions
    return tuple(sorted(found))


def limitation_years(panel: Panel, places: Collection[str]) -> int | None:
    """The shortest limitation period of the places' law, in years; None where none is written."""
    found: list[int] = []
    for place in places:
        known = panel.rulebook.places.get(place)
        if known is not None:
            found.extend(int(v) for v in known.limitation_years.values() if isinstance(v, int))
    return min(found, default=None)


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
    years = limitation_years(panel, places)
    for zone in zones or (NOWHERE,):
        view = View(group, contact, when, zone)
        for name in (FEDERAL, *(p for p in places if p in panel.rulebook.places)):
            rules = panel.rule_set(name, view.day)
            if not rules.rules:
                continue
            for debt in view.debts:
                situation, counts = situation_of(view, rules, debt, zones, years)
                verdict = panel.ask(rules, [situation])[0]
                found.append(Judged(rules, debt, zone, view, situation, counts, verdict))
    return found


def _note(
    panel: Panel,
    one: Judged,
    rule: Rule,
    lifted: dict[tuple[str, str], Lifted],
    satisfied: dict[tuple[str, str], Satisfied],
) -> None:
    """Write down a rule that applied and did not refuse, or that was lifted."""
    engine = panel.compiled(one.rules)
    said = engine.outcome(rule, one.situation)
    key = (rule.id, one.debt.id)
    count = one.counts.get(rule.key)
    if said == LIFTED:
        by = engine.lifted_by(rule, one.situation) or "unless"
        lifted[key] = Lifted(rule.id, rule.cite, rule.force, by)
    elif said == SATISFIED and not (count is not None and count.state == "out"):
        counts = isinstance(rule.body, Limit) and count is not None
        satisfied[key] = Satisfied(
            rule.id,
            rule.cite,
            rule.force,
            count.used if counts and count else None,
            count.maximum if counts and count else None,
            one.debt.id,
            bool(count and count.counts_this),
        )
    elif said == OUT:
        return


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
            return "zone unknown", _hours_text(body)
        seen = clock.format_local(at, one.zone) if at else one.view.day.isoformat()
        return f"{seen} in {one.zone}", _hours_text(body)
    asked = [f"{name}: {one.situation[name]}" for name in _fields_of(rule, one)]
    return ", ".join(asked) or "in scope", rule.kind


def _hours_text(body: Window) -> str:
    if body.from_ is None and body.to is None:
        return "outside the consumer's own hours" if body.closed_by else "on an open day"
    return f"between {_text(body.from_)} and {_text(body.to)}"


def _text(value: Any) -> str:
    law = getattr(value, "law", value)
    return law.strftime("%H:%M") if hasattr(law, "strftime") else "midnight"


def _fields_of(rule: Rule, one: Judged) -> list[str]:
    from .situation import rule_asks

    return [one.rules.names[ask] for ask in rule_asks(rule) if ask in one.rules.names]


# -- structural refusals and duties of places


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
        and _applies(rule, one)
        for one in judged
        for rule in one.rules.rules
    )


def _place_duties(panel: Panel, places: tuple[str, ...], asked: Ask) -> list[tuple[str, str]]:
    if not asked.places:
        return []
    known = panel.rulebook.places
    return [("state_law_not_encoded", p) for p in places if p in known and not known[p].encoded]


# -- windows, attempts, the next moment


def _windows_of(judged: list[Judged], asked: Ask) -> list[tuple[Judged, Rule]]:
    """Window rules that applied, refusing or not."""
    return [
        (one, rule)
        for one in judged
        for rule in one.rules.rules
        if isinstance(rule.body, Window)
        and asked.wants(rule)
        and one.counts[rule.key].state != "out"
        and _applies(rule, one)
    ]


def _applies(rule: Rule, one: Judged) -> bool:
    from .compiled import outcome

    return outcome(rule, one.situation, one.rules.names) not in (OUT, LIFTED)


def _window_names(judged: list[Judged], asked: Ask) -> str:
    return ", ".join(sorted({rule.id for _, rule in _windows_of(judged, asked)}))


def open_windows(
    judged: list[Judged], asked: Ask, where: Whereabouts, day: date | None = None
) -> tuple[Interval, ...]:
    """The minutes of a day (default: the day asked) that every applying window and wait leaves.

    Half-open, whole minutes, UTC; what lies before the moment known is cut off.
    """
    zones = tuple(sorted(where.zones))
    found: tuple[Interval, ...] | None = None
    for one, rule in _windows_of(judged, asked):
        assert isinstance(rule.body, Window)
        clocks = hours.window_zones(one.view, rule.body, zones)
        here = hours.open_on(one.view, rule.body, day or one.view.day, clocks)
        found = here if found is None else intersect(found, here)
    if found is None:
        bounds = [clock.day_bounds(day or one.view.day, one.zone) for one in judged]
        found = ()
        for number, bound in enumerate(bounds):
            found = (bound,) if number == 0 else intersect(found, (bound,))
    start = _earliest(judged, asked)
    return intersect(found, ((start, start + timedelta(days=2 * SEARCH_DAYS)),)) if start else found


def _earliest(judged: list[Judged], asked: Ask) -> datetime | None:
    """The first instant a contact can be meant for: now, or the end of a wait that runs out."""
    if not judged:
        return None
    first = _minute(judged[0].view.moment.known)
    for one in judged:
        for rule in one.rules.rules:
            count = one.counts.get(rule.key)
            if not isinstance(rule.body, Wait) or not asked.wants(rule) or count is None:
                continue
            if count.free is not None and count.bit == words.NO and _applies(rule, one):
                first = max(first, _minute(count.free))
    return first


def _minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def _attempts_left(judged: list[Judged], asked: Ask) -> int | None:
    """How many such contacts fit today before a limit refuses; a wait on attempts leaves one."""
    left: int | None = None
    for one in judged:
        for rule in one.rules.rules:
            count = one.counts.get(rule.key)
            if count is None or not asked.wants(rule) or not _applies(rule, one):
                continue
            here: int | None = None
            if isinstance(rule.body, Limit) and count.counts_this:
                here = max(count.maximum - count.used, 0)
            elif isinstance(rule.body, Wait) and starts_wait(one.view, rule.body, one.debt):
                here = 0 if count.bit != words.NO else 1
            if here is not None:
                left = here if left is None else min(left, here)
    return left


def starts_wait(view: View, body: Wait, debt: Account) -> bool:
    """Whether the contact, without a conversation, would itself start the wait."""
    if not body.after.of_contacts or body.after.what == "conversations":
        return False
    if body.after.direction == "in":
        return False
    return counting.membership(view, replace(body.after, direction="out"), debt) == "counts"


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
    from .upcoming import next_permitted

    return next_permitted(panel, group, contact, when, asked, findings)


# -- what both stood on


def _engines(judged: list[Judged]) -> dict[str, Any]:
    compiled: set[str] = set()
    rete: set[str] = set()
    trouble = ""
    for one in judged:
        compiled.update(one.verdict.compiled)
        rete.update(one.verdict.rete or ())
        trouble = trouble or one.verdict.trouble
    return {
        "compiled": "refused" if compiled else "permitted",
        "rete": "refused" if rete else "permitted",
        **({"trouble": trouble} if trouble else {}),
    }


def _facts(judged: list[Judged]) -> dict[str, Any]:
    return {f"{one.rules.name}/{one.debt.id}/{one.zone}": dict(one.situation) for one in judged}


__all__ = ["FEDERAL", "STRUCTURAL", "Ask", "Judged", "decide", "judge_all", "situation_of"]
