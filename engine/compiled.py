"""First engine: a rule set turned into one plain Python function.

The text of the function is generated from the parsed rules and compiled once. Only `repr` of plain
strings and names made here (`v0`, `s3`, ...) enter the text, so no word of a rule file is ever
code. What the function decides is rules/README.md: unknown counts as met in `when`, as not met in
`unless` and `needs`; inside `all` and `any` Kleene's tables hold (minimum and maximum with
no < unknown < yes), which the text spells out as conjunctions and disjunctions.

`outcome` and `lifted_by` say the same rule by rule, interpreted, for explanations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from operator import itemgetter
from typing import Any, Final

from . import words
from .kinds import Block, Limit, Notice, Require, Wait, Window
from .rule import AllOf, AnyOf, Ask, Entry, Rule
from .situation import SCOPE_FIELDS, Answer, RuleSet, Situation, has_bit

OUT: Final = "out"
LIFTED: Final = "lifted"
SATISFIED: Final = "satisfied"
REFUSES: Final = "refuses"

_ORDER: Final = (words.NO, words.UNKNOWN, words.YES)
_TRI: Final = frozenset(words.TRI)


@dataclass(frozen=True, slots=True)
class CompiledEngine:
    """One rule set as a function. `source` is its text, kept so that it can be read."""

    rules: RuleSet
    source: str
    decide: Callable[[Situation], Answer] = field(repr=False)
    """What the rule set says of a situation. KeyError: a field is absent; ValueError: a fact or
    bit is none of yes, no, unknown."""

    applying: Callable[[Situation], tuple[str, ...]] = field(repr=False)
    """The ids of the limits, waits and windows that apply in a situation, refusing or not."""

    def decide_many(self, situations: Iterable[Situation]) -> list[Answer]:
        """The answers to situations, in their order; errors as `decide`."""
        return list(map(self.decide, situations))

    def outcome(self, rule: Rule, situation: Situation) -> str:
        """`outcome` of a rule of this set."""
        return outcome(rule, situation, self.rules.names)

    def lifted_by(self, rule: Rule, situation: Situation) -> str | None:
        """`lifted_by` of a rule of this set."""
        return lifted_by(rule, situation, self.rules.names)


def compile_rules(rules: RuleSet) -> CompiledEngine:
    """Compile a rule set. ValueError: two of its rules have the same id, or share a bit."""
    for what, found in (("rules", [rule.id for rule in rules.rules]), ("fields", rules.fields)):
        twice = sorted(name for name, count in Counter(found).items() if count > 1)
        if twice:
            raise ValueError(f"{what} named twice in {rules.name}: {', '.join(twice)}")
    text = _Text(rules)
    source = text.function() + text.applying()
    scope: dict[str, Any] = {
        **text.sets,
        "Answer": Answer,
        "read": itemgetter(*text.fields),
        "words": _TRI,
        "wrong": _wrong,
        "fields": text.fields,
    }
    exec(compile(source, f"<rules of {rules.name!a}>", "exec"), scope)
    return CompiledEngine(rules, source, scope["decide"], scope["applying"])


def _wrong(names: Sequence[str], values: Sequence[str]) -> ValueError:
    """The error for facts or bits that are no three-valued word."""
    found = [
        f"{name} is {value!r}"
        for name, value in zip(names, values, strict=True)
        if name not in SCOPE_FIELDS and value not in _TRI
    ]
    return ValueError(f"neither yes, no nor unknown: {', '.join(found)}")


class _Text:
    """The function's text while it is written: fields as locals, scope sets as globals."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.fields = rules.fields
        self.local = {name: f"v{index}" for index, name in enumerate(self.fields)}
        self.sets: dict[str, frozenset[str]] = {}
        self.set_names: dict[frozenset[str], str] = {}

    def function(self) -> str:
        """The whole text: rules in the order of their ids, then duties in theirs."""
        lines = [
            "def decide(situation):",
            "    values = read(situation)",
            f"    if not words.issuperset(values[{len(SCOPE_FIELDS)}:]):",
            "        raise wrong(fields, values)",
            f"    {', '.join(self.local.values())}, = values",
            "    refusing = []",
            "    duties = []",
        ]
        duties: list[tuple[str, str, str]] = []
        for index, rule in enumerate(sorted(self.rules.rules, key=lambda one: one.id)):
            if isinstance(rule.body, Notice):
                applied = f"n{index}"
                duties.append((rule.body.duty, rule.id, applied))
                lines.append(f"    {applied} = {_all(self.applies(rule))}")
                test = f'{applied} and {self.bit(rule)} == "yes"'
            else:
                test = _all([*self.refusal(rule), *self.applies(rule)])
            lines.append(f"    if {test}:")
            lines.append(f"        refusing.append({_literal(rule.id)})")
        for duty, rule_id, applied in sorted(duties):
            lines.append(f"    if {applied}:")
            lines.append(f"        duties.append(({_literal(duty)}, {_literal(rule_id)}))")
        lines.append("    return Answer(tuple(refusing), tuple(duties))")
        return "\n".join(lines) + "\n"

    def applying(self) -> str:
        """The text of the function that names the limits, waits and windows that apply."""
        lines = [
            "def applying(situation):",
            f"    {', '.join(self.local.values())}, = read(situation)",
            "    found = []",
        ]
        for rule in sorted(self.rules.rules, key=lambda one: one.id):
            if isinstance(rule.body, Limit | Wait | Window):
                lines.append(f"    if {_all(self.applies(rule))}:")
                lines.append(f"        found.append({_literal(rule.id)})")
        lines.append("    return tuple(found)")
        return "\n".join(lines) + "\n"

    def applies(self, rule: Rule) -> list[str]:
        """The tests that must all hold for a rule to apply; the rarest first, scope last."""
        tests = [self.holds(entry, "!=", "no") for entry in rule.when]
        tests += [f"not {self.holds(entry, '==', 'yes')}" for entry in rule.unless]
        return tests + self.scope(rule)

    def refusal(self, rule: Rule) -> list[str]:
        """What beside applying makes a block, require, window, limit or wait refuse."""
        if isinstance(rule.body, Block):
            return []
        if isinstance(rule.body, Require):
            needs = [self.holds(entry, "==", "yes") for entry in rule.body.needs]
            return [f"not {_all(needs)}"]
        return [f'{self.bit(rule)} != "no"']

    def bit(self, rule: Rule) -> str:
        """The local that holds a rule's bit."""
        return self.local[f"bit:{rule.key}"]

    def holds(self, entry: Entry, sign: str, word: str) -> str:
        """An entry compared with a word: "is not no" and "is yes" pass through min and max."""
        if isinstance(entry, Ask):
            return f'{self.local[self.rules.names[entry]]} {sign} "{word}"'
        tests = [f'{self.local[self.rules.names[ask]]} {sign} "{word}"' for ask in entry.asks]
        return _all(tests) if isinstance(entry, AllOf) else _any(tests)

    def scope(self, rule: Rule) -> list[str]:
        """Scope: channel and kind as `Rule.reaches`, whom, role and type of debt."""
        channel, kind = self.local["channel"], self.local["kind"]
        tests = [self.member(channel, rule.channels)]
        if rule.to is not None:
            listed = self.member(kind, rule.to)
            if "-electronic" in rule.to:
                listed = f'({listed} and {channel} != "text")'
            ways = [f'{kind} == "phone"', listed]
            if "electronic" in rule.to:
                ways.append(f'{channel} == "text"')
            tests.append(_any(ways))
        for name, allowed in (
            ("whom", rule.whom),
            ("role", rule.collectors),
            ("debt_type", rule.debts),
        ):
            if allowed is not None:
                tests.append(self.member(self.local[name], allowed))
        return tests

    def member(self, local: str, allowed: frozenset[str]) -> str:
        """Membership in a set of words."""
        if len(allowed) == 1:
            (only,) = allowed
            return f"{local} == {_literal(only)}"
        if allowed not in self.set_names:
            name = f"s{len(self.sets)}"
            self.sets[name] = frozenset(str(word) for word in allowed)
            self.set_names[allowed] = name
        return f"{local} in {self.set_names[allowed]}"


def _literal(text: str) -> str:
    """A word as Python text. Only plain strings: a subclass could bring a `repr` of its own."""
    if type(text) is not str:
        raise TypeError("a word of a rule is no plain string")
    return repr(text)


def _all(tests: Sequence[str]) -> str:
    return f"({' and '.join(tests)})" if tests else "True"


def _any(tests: Sequence[str]) -> str:
    return f"({' or '.join(tests)})" if tests else "False"


def outcome(rule: Rule, situation: Situation, names: Mapping[Ask, str]) -> str:
    """What became of one rule: OUT, LIFTED, SATISFIED or REFUSES. `names` is `RuleSet.names`.

    OUT: its scope or `when` leaves the situation out. LIFTED: it would apply but for an `unless`.
    """
    if not _reached(rule, situation):
        return OUT
    if any(_value(entry, situation, names) == words.NO for entry in rule.when):
        return OUT
    if any(_value(entry, situation, names) == words.YES for entry in rule.unless):
        return LIFTED
    if isinstance(rule.body, Require):
        needs = (_value(entry, situation, names) for entry in rule.body.needs)
        refuses = any(value != words.YES for value in needs)
    elif isinstance(rule.body, Notice):
        refuses = situation[f"bit:{rule.key}"] == words.YES
    else:
        refuses = not has_bit(rule) or situation[f"bit:{rule.key}"] != words.NO
    return REFUSES if refuses else SATISFIED


def lifted_by(rule: Rule, situation: Situation, names: Mapping[Ask, str]) -> str | None:
    """The first `unless` entry that lifts a rule, in words; None unless it is LIFTED."""
    if outcome(rule, situation, names) != LIFTED:
        return None
    entry = next(one for one in rule.unless if _value(one, situation, names) == words.YES)
    if isinstance(entry, AnyOf):
        entry = next(one for one in entry.asks if situation[names[one]] == words.YES)
    return entry_words(entry)


def _reached(rule: Rule, situation: Situation) -> bool:
    return (
        rule.reaches(situation["channel"], situation["kind"])
        and (rule.whom is None or situation["whom"] in rule.whom)
        and (rule.debts is None or situation["debt_type"] in rule.debts)
        and (rule.collectors is None or situation["role"] in rule.collectors)
    )


def _value(entry: Entry, situation: Situation, names: Mapping[Ask, str]) -> str:
    """The value of an entry: Kleene's minimum over `all`, maximum over `any`."""
    if isinstance(entry, Ask):
        return situation[names[entry]]
    ranks = [_ORDER.index(situation[names[ask]]) for ask in entry.asks]
    if isinstance(entry, AllOf):
        return _ORDER[min(ranks, default=2)]
    return _ORDER[max(ranks, default=0)]


def entry_words(entry: Entry) -> str:
    """An entry as a rule file would say it, on one line.

    >>> entry_words(Ask("contact_is", ("verification", "litigation")))
    'contact_is: verification, litigation'
    """
    if isinstance(entry, Ask):
        plain = entry.parameter is None
        return entry.fact if plain else f"{entry.fact}: {_said(entry.parameter)}"
    return (" and " if isinstance(entry, AllOf) else " or ").join(map(entry_words, entry.asks))


def _said(value: object) -> str:
    """A parameter in words: a list with commas, a record by the fields that were given."""
    if isinstance(value, tuple | frozenset):
        return ", ".join(map(_said, sorted(value) if isinstance(value, frozenset) else value))
    if not is_dataclass(value):
        return str(value)
    given = [
        (one.name, getattr(value, one.name))
        for one in fields(value)
        if getattr(value, one.name) != one.default
    ]
    if {name for name, _ in given} == {"count", "unit"}:
        return " ".join(str(said) for _, said in given)
    first, *rest = [
        _said(said) if index == 0 else f"{name.strip('_')} {_said(said)}"
        for index, (name, said) in enumerate(given)
    ]
    return f"{first} ({'; '.join(rest)})" if rest else first
