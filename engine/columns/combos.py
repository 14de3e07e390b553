"""What a part need not compute: rules that the plain contact of a channel cannot meet.

The list asks about the plain contact of each channel, so every contact fact is known
before any account is looked at. A *combo* is a channel, kind of point, role of its owner, role of
the collector and type of debt; for each, rules that cannot apply fall away, and with them the facts
only they ask. Nothing is decided here: the engines judge every rule again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from .. import words
from ..account import Account, Collector, Consumer, Point
from ..facts import asking, selecting
from ..facts.catalogue import CONTACT_FACTS
from ..facts.view import Moment, View
from ..history import Contact, Group
from ..kinds import Limit, Notice, Require, Wait
from ..rule import AllOf, AnyOf, Ask, Entry, Rule
from ..situation import RuleSet, asks_of, has_bit

MAYBE = "maybe"
DECLARED_ONLY = frozenset({"reply_open", "called_at_bad_time"})
"""Facts of history that are no unless the contact is declared a reply, or the same call."""


@dataclass(frozen=True, slots=True)
class Combo:
    """One combination and what is left of a rule set for it.

    `fixed`: contact facts by field name; `live`: rules that may apply; `needed`: asks that still
    matter; `member`: per limit, counts or exempt or out; `exempt`: waits it is exempt from;
    `starts`: waits that the contact itself would start.
    """

    channel: str
    kind: str
    whom: str
    role: str
    debt_type: str
    fixed: Mapping[str, str]
    live: tuple[Rule, ...]
    needed: frozenset[Ask]
    member: Mapping[str, str]
    exempt: frozenset[str]
    starts: frozenset[str]
    scope: tuple[str, ...]  # ids of all rules in scope, live or not
    answering: Mapping[str, Rule]  # live rules by id, but for limits that leave the contact out
    timed: Mapping[str, Rule]  # live rules by key that have a bit worked out: no notices

    @property
    def words(self) -> tuple[str, str, str, str, str]:
        """What it combines."""
        return (self.channel, self.kind, self.whom, self.role, self.debt_type)


Words = tuple[str, str, str, str, str]
"""channel, kind, whom, role, debt type."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Per role, and per type of debt, the first that no rule of a set tells from it."""

    roles: Mapping[str, str]
    types: Mapping[str, str]


def alike(rules: RuleSet) -> Alike:
    """What a rule set does not tell apart."""
    return Alike(_roles(rules), _types(rules))


def canonical(same: Alike, key: Words) -> Words:
    """A combo's words with a role and a type of debt that no rule tells from the combo's own.

    "Type of debt where a rule asks" (DESIGN 6.2). The words chosen hang on the rules alone, so a
    situation is the same in every part of a day.
    """
    channel, kind, whom, role, debt_type = key
    return channel, kind, whom, same.roles.get(role, role), same.types.get(debt_type, debt_type)


def _classes(names: Sequence[str], sets: Sequence[frozenset[str] | None]) -> dict[str, str]:
    """Each name's class by the sets it stands in, as the first name of that class."""
    firsts: dict[tuple[bool, ...], str] = {}
    found = {}
    for name in names:
        place = tuple(one is None or name in one for one in sets)
        found[name] = firsts.setdefault(place, name)
    return found


def _roles(rules: RuleSet) -> dict[str, str]:
    names = (*words.COLLECTOR_ROLES, "servicer_in_default")
    return _classes(names, [rule.collectors for rule in rules.rules])


def _types(rules: RuleSet) -> dict[str, str]:
    sets = [rule.debts for rule in rules.rules]
    for rule in rules.rules:
        if isinstance(rule.body, Limit):
            sets.append(rule.body.counting.types)
        elif isinstance(rule.body, Wait):
            sets.append(rule.body.after.types)
    return _classes(words.DEBT_TYPES, sets)


def plain_contact(channel: str, point: str | None, debt: str, at: datetime) -> Contact:
    """The plain contact of a channel: live, manual, purpose collection, carrying every duty."""
    return Contact("proposed", at, channel, point, debts=(debt,))


def plain_view(
    channel: str, kind: str, whom: str, debt_type: str, day: date, now: datetime
) -> View:
    """The plain contact of a channel to a point of somebody of whom nothing else is known."""
    owner = "P" if whom == "consumer" else "X"
    group = Group(
        consumers={"P": Consumer("P", "P")},
        accounts={"A": Account("A", "P", type=debt_type)},
        points={"T": Point("T", kind, owner, whom, "P")},
        collectors={"this_collector": Collector()},
    )
    return View(group, plain_contact(channel, "T", "A", now), Moment(now, day=day), "UTC")


def combo_of(
    rules: RuleSet, key: tuple[str, str, str, str, str], day: date, now: datetime
) -> Combo:
    """Work out one combination of channel, kind, whom, role, debt type."""
    channel, kind, whom, role, debt_type = key
    view = plain_view(channel, kind, whom, debt_type, day, now)
    debt = view.debts[0]
    known = {
        ask: asking.value(view, ask, debt)
        for ask in rules.asks
        if ask.fact in CONTACT_FACTS | DECLARED_ONLY
    }
    live, needed, scope = list[Rule](), set[Ask](), list[str]()
    member: dict[str, str] = {}
    exempt, starts = set[str](), set[str]()
    for rule in rules.rules:
        if not rule.within(channel, kind, whom, role, debt_type):
            continue
        scope.append(rule.id)
        if any(_settled(entry, known) == words.NO for entry in rule.when):
            continue
        if any(_settled(entry, known) == words.YES for entry in rule.unless):
            continue
        if isinstance(rule.body, Limit):
            unit = selecting.has_unit(view, rule.body.per)
            counted = selecting.membership(view, rule.body.counting, debt)
            member[rule.key] = counted if unit else "out"
        if isinstance(rule.body, Wait):
            if selecting.exempted(view, rule.body.exempt, debt):
                exempt.add(rule.key)
            if draws(view, rule.body):
                starts.add(rule.key)
        live.append(rule)
        entries = [*rule.when, *rule.unless]
        if isinstance(rule.body, Require):
            entries += rule.body.needs
        for entry in entries:
            if _settled(entry, known) == MAYBE:
                needed.update(ask for ask in asks_of([entry]) if ask not in known)
    fixed = {rules.names[ask]: value for ask, value in known.items()}
    return Combo(
        channel, kind, whom, role, debt_type, fixed, tuple(live), frozenset(needed), member,
        frozenset(exempt), frozenset(starts), tuple(scope),
        {rule.id: rule for rule in live if member.get(rule.key) != "out"},
        {rule.key: rule for rule in live if has_bit(rule) and not isinstance(rule.body, Notice)},
    )  # fmt: skip


def draws(view: View, body: Limit | Wait) -> bool:
    """Whether the contact, without a conversation, would count for a limit, or start a wait."""
    from ..opening import starts_wait

    debt = view.debts[0]
    if isinstance(body, Wait):
        return starts_wait(view, body, debt)
    counted = selecting.membership(view, body.counting, debt)
    return counted == "counts" and selecting.has_unit(view, body.per)


def _settled(entry: Entry, known: Mapping[Ask, str]) -> str:
    """The value of an entry by what is known already; MAYBE where more must be looked up."""
    if isinstance(entry, Ask):
        return known.get(entry, MAYBE)
    values = [known.get(ask, MAYBE) for ask in entry.asks]
    if isinstance(entry, AllOf):
        return words.NO if words.NO in values else _rest(values, words.YES)
    assert isinstance(entry, AnyOf)
    return words.YES if words.YES in values else _rest(values, words.NO)


def _rest(values: Sequence[str], all_alike: str) -> str:
    if MAYBE in values:
        return MAYBE
    return all_alike if all(value == all_alike for value in values) else words.UNKNOWN
