"""A logged decision in words, from its record and the rulebook it names; nothing else is asked.

A terminal, a page and a printed sheet show what is put together here each in their own way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from engine import clock, words
from engine.compiled import LIFTED, OUT, entry_words, lifted_by, outcome
from engine.explain import FORCES, said
from engine.facts.catalogue import DUTIES, FACTS
from engine.kinds import Limit, Notice, Wait
from engine.problem import NotFound
from engine.rule import Ask, Rule
from engine.rulebook import FEDERAL, Rulebook
from engine.situation import RuleSet, rule_asks
from engine.structural import STRUCTURAL, force_of

from .telling_words import LIVE, taken_from

STRUCTURAL_ACT: Final = "structural"
ASKED: Final = {
    "list": "the list of the day",
    "check": "a question whether the contact may be made; nothing was reserved by it",
    "permit": "a permit to place the contact now",
}
BITS: Final = {"limit": "it is reached", "wait": "it runs", "window": "the hours are closed"}
SETS: Final = {FEDERAL: "federal law and house policy"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing told: a head line, and what belongs under it."""

    head: str
    body: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Things told under one title."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A decision in words: what it is called, the verdict in a line, and all it stands on."""

    decision: str
    verdict: str
    headline: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """One situation of a decision with its rules, as far as this version still knows them."""

    row: Mapping[str, Any]
    base: str
    facts: Mapping[str, str]
    rules: RuleSet | None


def tell(
    record: Mapping[str, Any],
    met: Sequence[Mapping[str, Any]],
    book: Rulebook,
    head: Mapping[str, Any],
    sealed: str | None = None,
) -> Told:
    """A decision in words.

    `record` are its fields, `met` the rows of its situations, `head` what its segment has in
    common; `sealed` says what covers it, if somebody knows.
    """
    name = str(record["decision_id"])
    verdict = str(record["verdict"])
    if record.get("erased"):
        gone = Item(
            "its personal part was erased; what is left is the public part, which is sealed"
        )
        left = [Section("Erased", (gone,)), _asked(record), _refusals(record, [], book)]
        return Told(name, verdict, f"{verdict.upper()}: decision {name}", _full(left))
    situations = [met_of(row, book, record["day"]) for row in met]
    situations.sort(key=lambda one: (one.base != FEDERAL, one.base))
    sections = (
        _asked(record),
        _refusals(record, situations, book),
        _hours(record),
        _duties(record, situations, book),
        _applied(record, situations, book),
        _lifted(situations),
        _where(record, book),
        _engines(situations),
        _made_with(record, head, sealed),
    )
    return Told(name, verdict, _headline(record), _full(sections))


def _full(sections: Iterable[Section]) -> tuple[Section, ...]:
    return tuple(one for one in sections if one.items)


def met_of(row: Mapping[str, Any], book: Rulebook, day: date) -> Met:
    """A situation's row with the rules it was asked, where this version still reads them so."""
    named = str(row["rule_set"])
    base = named.rpartition("@")[0] or named
    facts: dict[str, str] = json.loads(row["facts"])
    try:
        rules: RuleSet | None = book.rule_set(base, day)
    except NotFound:
        rules = None
    if rules is not None and set(rules.fields) != set(facts):
        rules = None
    return Met(row, base, facts, rules)


# -- what was asked, and the answer


def _headline(record: Mapping[str, Any]) -> str:
    number = f" ({record['number']})" if record["number"] else ""
    return (
        f"{str(record['verdict']).upper()}: {record['channel']} to {record['point']}{number} about "
        f"account {record['account']} of consumer {record['consumer']}"
    )


def _asked(record: Mapping[str, Any]) -> Section:
    by = f", asked by {record['asked_by']}" if record["asked_by"] else ""
    person = f" for {record['asked_person']}" if record["asked_person"] else ""
    asked = ASKED.get(str(record["asked"]), str(record["asked"]))
    when = (
        f"about the instant {_instant(record['at'])}"
        if record["at"] is not None
        else f"about the whole of {record['day']}, the consumer's civil day"
    )
    items = [
        Item(f"{asked}{by}{person}"),
        Item(when),
        Item(f"decided {_instant(record['decided_at'])}"),
        Item(
            f"on what had been received by {_instant(record['as_of'])} and recorded by "
            f"{_instant(record['recorded_as_of'])}"
        ),
    ]
    if record.get("contact"):
        told = json.loads(record["contact"])
        said = ", ".join(f"{name} {value}" for name, value in sorted(told.items()))
        items.append(Item(f"the asker said of the contact: {said}"))
    if record["permit"]:
        items.append(Item(f"permit {record['permit']}"))
    return Section("What was asked", tuple(items))


def _refusals(record: Mapping[str, Any], met: Sequence[Met], book: Rulebook) -> Section:
    rules = record["rules"] or []
    evidence = _evidence(record)
    now = record["as_of"]
    items = [_refusal(rule, met, book, evidence, now) for rule in rules]
    title = "Refused by one rule" if len(items) == 1 else f"Refused by {len(items)} rules, each"
    return Section(f"{title} by itself" if len(items) > 1 else title, tuple(items))


def _evidence(record: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """What limits and waits stood at, by rule; a live decision has it by finding."""
    told: dict[str, Any] = json.loads(record.get("evidence") or "{}")
    if "findings" not in told:
        return told
    found = {one["rule"]: one for one in told.get("satisfied", ())}
    return found | {one["rule"]: one for one in told["findings"]}


def _refusal(
    name: str,
    met: Sequence[Met],
    book: Rulebook,
    evidence: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> Item:
    act, _, key = name.partition("/")
    if act == STRUCTURAL_ACT:
        says, cite = (STRUCTURAL | LIVE).get(key, ("unknown to this version", "none"))
        found = evidence.get(name, {}).get("observed")
        lines = [says, f"law: {cite}", *([f"found: {found}"] if found else [])]
        return Item(f"{name} ({FORCES[force_of(key)]})", tuple(lines))
    try:
        rule = book.rule(name)
    except NotFound:
        return Item(name, ("the rulebook kept for it has no such rule",))
    found = list(_found(rule, met, evidence, now))
    return Item(
        f"{name} ({FORCES.get(rule.force, rule.force)})",
        (rule.says, f"law: {'; '.join(rule.cite)}", *found),
    )


def _found(
    rule: Rule, met: Sequence[Met], evidence: Mapping[str, Mapping[str, Any]], now: datetime
) -> Iterator[str]:
    """What a refusing rule rests on: its count, and the facts it asks with their words."""
    counted = _counted(rule, evidence, now)
    if counted:
        yield f"found: {counted}"
    for one in met:
        if one.rules is None or rule.id not in (one.row["refusing"] or []):
            continue
        facts = [_fact(ask, one) for ask in rule_asks(rule) if ask in one.rules.names]
        bit = one.facts.get(f"bit:{rule.key}")
        if bit is not None and not counted:
            facts.append(f"{_bit(rule)}: {bit}")
        if facts:
            yield f"facts: {'; '.join(dict.fromkeys(facts))}"


def _fact(ask: Ask, one: Met) -> str:
    assert one.rules is not None
    means = FACTS[ask.fact].means if ask.fact in FACTS else ask.fact
    return f"{means} ({ask.fact}): {one.facts[one.rules.names[ask]]}"


def _bit(rule: Rule) -> str:
    return BITS.get(rule.kind, "the duty is declared unmet")


def _counted(rule: Rule, evidence: Mapping[str, Mapping[str, Any]], now: datetime) -> str:
    """How a limit or wait stood."""
    told = evidence.get(rule.id)
    if told is None:
        return ""
    if "observed" in told:
        free = f"; lets go {told['free']}" if told.get("free") else ""
        return f"{told['observed']}; allowed: {told['threshold']}{free}"
    more = said(told.get("excused", ()), told.get("agreed", ()))
    if isinstance(rule.body, Limit) and "used" in told:
        return f"{told['used']} of {told.get('max', 'unknown')} used{more}"
    if isinstance(rule.body, Wait) and "until" in told:
        over = clock.parse_instant(told["until"]) <= now
        return f"the wait {'ended' if over else 'ends'} {told['until']}{more}"
    if more:
        return more.removeprefix("; ")
    return json.dumps(told, sort_keys=True)


# -- hours, duties, what else applied


def _hours(record: Mapping[str, Any]) -> Section:
    items = []
    zones = _split(record["zones"])
    for start, end in json.loads(record["windows_utc"] or "[]"):
        first, last = clock.parse_instant(start), clock.parse_instant(end)
        there = tuple(
            f"{clock.format_local(first, zone)} to {clock.format_local(last, zone)} ({zone})"
            for zone in zones
        )
        items.append(Item(f"open {start} to {end}, the end not included", there))
    if record["verdict"] == "permitted" and record["attempts_left"] is not None:
        left = record["attempts_left"]
        listed = "" if record["listed"] else "; others that share a limit were given what is left"
        items.append(Item(f"attempts given for the day: {left}{listed}"))
        budgets = json.loads(record["budgets"] or "[]")
        items += [Item(f"{one['rule']}: {one['left']} left, shared") for one in budgets]
    if record["verdict"] != "permitted":
        upcoming = record["next_permitted_utc"]
        items.append(
            Item(
                f"next permitted, if nothing else happens: {_instant(upcoming)}"
                if upcoming is not None
                else "next permitted: not by time alone"
            )
        )
    return Section("When", tuple(items))


def _duties(record: Mapping[str, Any], met: Sequence[Met], book: Rulebook) -> Section:
    sources: dict[str, list[str]] = {}
    for one in met:
        for rule in one.rules.rules if one.rules is not None else ():
            if isinstance(rule.body, Notice) and _applies(rule, one):
                sources.setdefault(rule.body.duty, []).append(f"{rule.id}, {rule.cite[0]}")
    items = []
    for duty in _split(record["duties"]):
        means = DUTIES[duty].means if duty in DUTIES else "see the rules"
        by = tuple(dict.fromkeys(sources.get(duty, ()))) or ("by the law of the place itself",)
        items.append(Item(f"{duty}: {means}", by))
    return Section("What the contact must carry, or the collector must do", tuple(items))


def _applies(rule: Rule, one: Met) -> bool:
    assert one.rules is not None
    return outcome(rule, one.facts, one.rules.names) not in (OUT, LIFTED)


def _applied(record: Mapping[str, Any], met: Sequence[Met], book: Rulebook) -> Section:
    """Rules that applied and did not refuse, with what is used of those that count."""
    evidence = _evidence(record)
    refusing = set(record["rules"] or ())
    items: dict[str, Item] = {}
    for one in met:
        for rule in one.rules.rules if one.rules is not None else ():
            if rule.id in refusing or isinstance(rule.body, Notice) or not _applies(rule, one):
                continue
            counted = _counted(rule, evidence, record["as_of"])
            told = f"{rule.id} [{rule.cite[0]}]"
            items.setdefault(rule.id, Item(f"{told}: {counted}" if counted else told))
    return Section("Rules that applied and are kept", tuple(items[name] for name in sorted(items)))


def _lifted(met: Sequence[Met]) -> Section:
    items: dict[str, Item] = {}
    for one in met:
        for rule in one.rules.rules if one.rules is not None else ():
            by = lifted_by(rule, one.facts, one.rules.names) if one.rules is not None else None
            if by is not None:
                items.setdefault(rule.id, Item(f"{rule.id} [{rule.cite[0]}]: {by}"))
    return Section(
        "Rules that would have applied, and what lifted them",
        tuple(items[name] for name in sorted(items)),
    )


# -- what it stood on


def _where(record: Mapping[str, Any], book: Rulebook) -> Section:
    places = _split(record["jurisdictions"])
    named = [
        f"{code} ({book.places[code].name})" if code in book.places else code for code in places
    ]
    items = [
        Item(f"law of: federal{''.join(f', {one}' for one in named)}"),
        Item(f"clocks asked, all of them: {', '.join(_split(record['zones'])) or 'none known'}"),
    ]
    if record.get("place_evidence"):
        items.append(Item("both were taken", tuple(taken_from(record["place_evidence"]))))
    return Section("Whose law, whose clock", tuple(items))


def _engines(met: Sequence[Met]) -> Section:
    items = []
    for one in met:
        row = one.row
        known = [_named(name, one) for name, word in one.facts.items() if word == words.YES]
        told = [
            f"generated Python: {_answer(row['compiled'])}; "
            f"Rete network: {'no answer' if row['rete'] is None else _answer(row['rete'])}"
        ]
        if row["trouble"]:
            told.append(f"trouble: {row['trouble']}")
        if known:
            told.append(f"facts that are yes, of {len(one.facts)}: {'; '.join(sorted(known))}")
        told.append(f"situation {row['situation']}")
        items.append(Item(SETS.get(one.base, f"law of {one.base}"), tuple(told)))
    return Section("What both engines answered", tuple(items))


def _named(field: str, one: Met) -> str:
    """A field of a situation as a rule file would say it."""
    asks = {name: ask for ask, name in one.rules.names.items()} if one.rules is not None else {}
    return (
        entry_words(asks[field]) if field in asks else field.replace("bit:", "closed or used up: ")
    )


def _answer(rules: Sequence[str]) -> str:
    return f"refused by {', '.join(rules)}" if rules else "nothing refuses"


def _made_with(record: Mapping[str, Any], head: Mapping[str, Any], sealed: str | None) -> Section:
    versions = ", ".join(f"{name} {one}" for name, one in sorted(head.get("versions", {}).items()))
    items = [
        Item(
            f"decision {record['decision_id']}, row {record['row']} of segment {record['segment']}"
        ),
        Item(f"rulebook {head['rulebook']}"),
        Item(f"versions: {versions}"),
    ]
    if sealed:
        items.append(Item(sealed))
    return Section("Where it stands in the log", tuple(items))


def _split(text: str | None) -> list[str]:
    return [one for one in (text or "").split(";") if one]


def _instant(at: datetime) -> str:
    return clock.format_instant(at)
