"""A situation with nothing worked out that cannot bear on which rules refuse.

Whoever asks only that need not know every fact: a rule that its scope, or one entry of `when` or
`unless`, leaves out is settled, whatever else it asks, and a notice whose duty the contact is not
declared to lack refuses nothing. Facts that nobody needed are put down as `no`. The engines judge
every rule again, and the same refuse (`tests/engine/test_brief.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Final

from . import words
from .account import Account
from .facts import asking, counting
from .facts.catalogue import CONTACT_FACTS, FACTS
from .facts.view import View
from .history import Contact
from .kinds import Limit, Notice, Require, Wait
from .rule import AllOf, AnyOf, Ask, Entry, Rule
from .situation import SCOPE_FIELDS, RuleSet, asks_of, has_bit, name_of, rule_asks

Scope = tuple[str, str, str, str, str]
"""channel, kind, whom, role, type of debt."""
Asked = tuple[str, Ask, asking.Teller]
"""A field, the fact that it is, and what tells it."""
Test = tuple[str, bool, tuple[Asked, ...]]
"""One entry of a rule: the word that settles the rule, whether every field must have it, fields."""
MOST: Final = 100_000
"""Situations of one plan kept in memory."""
_COST: Final = {"account": 1, "history": 3}
_WHICH: Final = frozenset((
    "id", "at", "point", "attributed_to", "discussed", "conversation_attributed_to", "debts",
    "intended_for", "reached", "validation_period_end", "collector", "consumer", "recorded",
    "flags",
))  # fmt: skip
"""Fields of a contact that say which one it is and about whom; the others say what it is like."""
_like = attrgetter(*(one.name for one in fields(Contact) if one.name not in _WHICH))


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule that may refuse: what may settle it, the cheapest first, what it needs, its bit.

    `charged`: the bit is about debts that limits and waits judge.
    """

    rule: Rule
    tests: tuple[Test, ...]
    needs: tuple[Asked, ...]
    bit: str
    charged: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule set for contacts of one scope that are alike.

    `blank` and `counts`: fields and counts where nothing is worked out; `named`: what was told
    before, the digest of its situation, and that.
    """

    rules: tuple[Planned, ...]
    blank: Mapping[str, str]
    counts: Mapping[str, counting.Count]
    named: dict[tuple[tuple[str, str], ...], tuple[str, dict[str, str]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Plans:
    """A rule set for contacts of one scope: its rules there, and a plan for those alike.

    `asks`: what those rules ask of the contact alone; `duties`: of notices among them.
    """

    rules: RuleSet
    scope: Scope
    within: tuple[Planned, ...]
    asks: tuple[Ask, ...]
    duties: tuple[str, ...]
    alike: dict[object, Plan] = field(default_factory=dict)
    found: dict[object, Plan] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: RuleSet, scope: Scope) -> Plans:
        """None made yet."""
        within = tuple(_planned(one, rules.names) for one in rules.rules if one.within(*scope))
        asks = dict.fromkeys(ask for one in within for ask in rule_asks(one.rule))
        bodies = (one.rule.body for one in within)
        return cls(
            rules,
            scope,
            within,
            tuple(ask for ask in asks if ask.fact in CONTACT_FACTS),
            tuple(dict.fromkeys(one.duty for one in bodies if isinstance(one, Notice))),
        )

    def plan(self, view: View, debt: Account) -> Plan:
        """What must be looked at for a contact like the view's."""
        contact = view.contact
        flags = tuple(sorted(contact.flags.items())) if contact.flags else ()
        like = (_like(contact), flags)
        plan = self.alike.get(like)
        if plan is None:
            known = tuple(asking.value(view, ask, debt) for ask in self.asks)
            unmet = tuple(asking.duty_unmet(view, duty) for duty in self.duties)
            plan = self.found.get((known, unmet))
            if plan is None:
                lacking = {duty for duty, one in zip(self.duties, unmet, strict=True) if one}
                facts = dict(zip(self.asks, known, strict=True))
                plan = self.found[known, unmet] = self._made(facts, lacking)
            self.alike[like] = plan
        return plan

    def _made(self, known: Mapping[Ask, str], lacking: Collection[str]) -> Plan:
        rules = self.rules
        found = []
        for one in self.within:
            body = one.rule.body
            if isinstance(body, Notice) and body.duty not in lacking:
                continue
            if not any(_settled(test, known) for test in one.tests):
                tests = tuple(test for test in one.tests if _open(test, known))
                found.append(replace(one, tests=tests))
        blank = dict.fromkeys(rules.fields, words.NO)
        blank |= dict(zip(SCOPE_FIELDS, self.scope, strict=True))
        blank |= {rules.names[ask]: word for ask, word in known.items()}
        counts = {rule.key: counting.OUT for rule, _ in rules.with_bits}
        return Plan(tuple(found), blank, counts)


def _planned(rule: Rule, names: Mapping[Ask, str]) -> Planned:
    body = rule.body
    tests = [_test(entry, words.NO, names) for entry in rule.when]
    tests += [_test(entry, words.YES, names) for entry in rule.unless]
    needs = asks_of(body.needs) if isinstance(body, Require) else []
    return Planned(
        rule,
        tuple(sorted(tests, key=_cost)),
        tuple(_asked(ask, names) for ask in needs),
        f"bit:{rule.key}" if has_bit(rule) else "",
        isinstance(body, Limit | Wait),
    )


def _asked(ask: Ask, names: Mapping[Ask, str]) -> Asked:
    return names[ask], ask, asking.teller(ask)


def _test(entry: Entry, word: str, names: Mapping[Ask, str]) -> Test:
    asks = sorted((_asked(ask, names) for ask in asks_of([entry])), key=_asking)
    # `all` is no where any is no, and yes where every one is; `any` the other way about
    every = isinstance(entry, AnyOf) if word == words.NO else isinstance(entry, AllOf)
    return word, every, tuple(asks)


def _settled(test: Test, known: Mapping[Ask, str]) -> bool:
    """Whether what is known of the contact alone settles a rule."""
    word, every, asks = test
    met = [known.get(ask) == word for _, ask, _ in asks]
    return all(met) if every else any(met)


def _open(test: Test, known: Mapping[Ask, str]) -> bool:
    """Whether something else might settle it."""
    word, every, asks = test
    unknown = [ask not in known for _, ask, _ in asks]
    if not every:
        return any(unknown)
    return all(known.get(ask, word) == word for _, ask, _ in asks)


def _asking(asked: Asked) -> int:
    return _COST.get(FACTS[asked[1].fact].subject, 2)


def _cost(test: Test) -> int:
    return max(map(_asking, test[2]), default=0)


def brief(
    view: View, plan: Plan, debt: Account, zones: tuple[str, ...], years: int | None, sure: bool
) -> tuple[dict[str, str], dict[str, counting.Count]]:
    """The fields of a situation that bear on what refuses, and the counts that did."""
    told: dict[str, str] = {}
    counts: dict[str, counting.Count] = {}
    charged = debt in view.charged
    for one in plan.rules:
        if _is_settled(one.tests, told, view, debt, years, sure):
            continue
        for name, _, tell in one.needs:
            if name not in told:
                told[name] = tell(view, debt, years, sure)
        if one.bit and (charged or not one.charged):
            count = counts[one.rule.key] = asking.bit(view, one.rule, debt, zones)
            told[one.bit] = count.bit
    return told, counts


def _is_settled(
    tests: tuple[Test, ...],
    told: dict[str, str],
    view: View,
    debt: Account,
    years: int | None,
    sure: bool,
) -> bool:
    """Whether an entry leaves a rule out or lifts it; what had to be looked at is `told`."""
    for word, every, asks in tests:
        met = every
        for name, _, tell in asks:
            found = told.get(name)
            if found is None:
                found = told[name] = tell(view, debt, years, sure)
            if (found == word) is not every:
                met = not every
                break
        if met:
            return True
    return False


def situation_for(
    plan: Plan, rules: RuleSet, told: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """The whole situation of the fields that were told, and its digest."""
    key = tuple(told.items())
    found = plan.named.get(key)
    if found is None:
        if len(plan.named) > MOST:
            plan.named.clear()
        situation = {**plan.blank, **told}
        digest = name_of(rules.name, rules.sorted_fields, situation)
        found = plan.named[key] = (digest, situation)
    return found


def complete(
    rule: Rule,
    rules: RuleSet,
    situation: dict[str, str],
    view: View,
    debt: Account,
    years: int | None,
    sure: bool,
) -> None:
    """Put every fact that a rule asks into a situation, for the words it is told in."""
    for ask in rule_asks(rule):
        situation[rules.names[ask]] = asking.value(view, ask, debt, years, sure)
