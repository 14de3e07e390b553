"""A rule set as networks for the Rete engine: conditions, their order, and durable_rules' notation.

Nothing here runs an engine. Scope, `when`, `unless` and `needs` become conditions: a rule of ours
is one or several rules of a network, each a conjunction of tests of one field. "Not no" and "not
yes" pass through Kleene's minimum and maximum, so every test compares with words, and nothing is
worked out beside the network.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from operator import itemgetter
from typing import Any, Final, NamedTuple

from . import words
from .kinds import Block, Notice, Require
from .rule import AllOf, Ask, Entry, Rule
from .situation import SCOPE_FIELDS, RuleSet, Situation

# INVARIANT: limits of durable_rules 2.0.28. A node of its network holds 511 branches and then
# searches for ever; its walk stacks at most 64 branches; an object holds 254 properties. Rules
# hang in groups below the root, so that a walk stacks at most groups + rules of one group (41).
# A walk looks at every property at every node: networks of few fields are faster.
GROUP: Final = 16
MOST_RULES: Final = 400
MOST_FIELDS: Final = 240
FEW_FIELDS: Final = 80
RETRACTION: Final = '{"id":"f","sid":"0"}'

_SCOPE_WORDS: Final[Mapping[str, int]] = {
    "channel": len(words.CHANNELS),
    "kind": len(words.POINT_KINDS),
    "whom": len(words.OWNER_ROLES),
    "role": len(words.COLLECTOR_ROLES),
    "debt_type": len(words.DEBT_TYPES),
}
_TRI: Final = frozenset(words.TRI)


class Comparison(NamedTuple):
    """A field is one of `among` (`inside`), or is none of it."""

    field: str
    inside: bool
    among: tuple[str, ...]


Way = tuple[Comparison, ...]
"""Tests that must all hold."""

End = tuple[str, str | None]
"""What a rule of a network stands for: a rule's id, and the duty it attaches or None: refuses."""


@dataclass(frozen=True, slots=True)
class Network:
    """One ruleset of durable_rules: `definition` is its JSON, `fields` what its facts carry.

    Its rules are named "0", "1", ...: places in `ends`.
    """

    name: str
    definition: str
    fields: tuple[str, ...]
    ends: tuple[End, ...]


def networks_of(rules: RuleSet) -> tuple[Network, ...]:
    """The networks of a rule set: none if nothing in it can refuse, seldom more than two.

    ValueError: a rule asks more facts at once than the engine can hold.
    """
    found: list[tuple[Way, End]] = []
    for rule in rules.rules:
        applies = _every(
            [_scopes(rule)]
            + [_holds(entry, rules.names) for entry in rule.when]
            + [_fails(entry, rules.names) for entry in rule.unless]
        )
        if isinstance(rule.body, Notice):
            found += [(way, (rule.id, rule.body.duty)) for way in applies]
        refuses = _every([applies, _refusal(rule, rules.names)])
        found += [(way, (rule.id, None)) for way in refuses]
    parts = enumerate(_parts(found))
    return tuple(_network(f"{rules.name}.{number}", part) for number, part in parts)


def _holds(entry: Entry, names: Mapping[Ask, str]) -> list[Way]:
    """Ways to be not no: a minimum is not no if nothing in it is, a maximum if one is not."""
    if isinstance(entry, Ask):
        return [(Comparison(names[entry], False, (words.NO,)),)]
    each = [Comparison(names[ask], False, (words.NO,)) for ask in entry.asks]
    return [tuple(each)] if isinstance(entry, AllOf) else [(test,) for test in each]


def _fails(entry: Entry, names: Mapping[Ask, str]) -> list[Way]:
    """Ways to be not yes: a minimum is not yes if one in it is not, a maximum if nothing is."""
    if isinstance(entry, Ask):
        return [(Comparison(names[entry], False, (words.YES,)),)]
    each = [Comparison(names[ask], False, (words.YES,)) for ask in entry.asks]
    return [(test,) for test in each] if isinstance(entry, AllOf) else [tuple(each)]


def _refusal(rule: Rule, names: Mapping[Ask, str]) -> list[Way]:
    """Ways in which a rule that applies refuses."""
    bit = f"bit:{rule.key}"
    if isinstance(rule.body, Block):
        return [()]
    if isinstance(rule.body, Require):
        return [way for entry in rule.body.needs for way in _fails(entry, names)]
    if isinstance(rule.body, Notice):
        return [(Comparison(bit, True, (words.YES,)),)]
    return [(Comparison(bit, False, (words.NO,)),)]


def _every(parts: Sequence[list[Way]]) -> list[Way]:
    """Ways in which all parts hold: one way of each, joined; nothing twice."""
    joined = (dict.fromkeys(test for way in ways for test in way) for ways in product(*parts))
    return list(dict.fromkeys(tuple(way) for way in joined))


def _scopes(rule: Rule) -> list[Way]:
    """The ways into a rule's scope: its channels by the kinds of point they reach.

    They exclude each other, and so do the words of one test: a walk never comes twice to a rule.
    """
    channels_of: dict[frozenset[str], list[str]] = {}
    for channel in sorted(rule.channels):
        kinds = frozenset(kind for kind in words.POINT_KINDS if rule.reaches(channel, kind))
        channels_of.setdefault(kinds, []).append(channel)
    rest = [
        Comparison(name, True, tuple(sorted(allowed)))
        for name, allowed in (
            ("whom", rule.whom),
            ("role", rule.collectors),
            ("debt_type", rule.debts),
        )
        if allowed is not None
    ]
    found = []
    for kinds, channels in channels_of.items():
        way = [Comparison("channel", True, tuple(channels)), *rest]
        if len(kinds) < len(words.POINT_KINDS):
            way.append(Comparison("kind", True, tuple(sorted(kinds))))
        if all(test.among for test in way):  # nothing is in an empty set
            found.append(tuple(way))
    return found


def _parts(found: Sequence[tuple[Way, End]]) -> list[list[tuple[Way, End]]]:
    """Cut into networks below the limits, each next way being the one with fewest new fields."""
    rest = [(frozenset(test.field for test in way), way, end) for way, end in found]
    fields = frozenset[str]().union(*(asked for asked, _, _ in rest))
    count = max(1, round(len(fields) / FEW_FIELDS), ceil(len(rest) / MOST_RULES))
    most = ceil(len(rest) / count)
    parts: list[list[tuple[Way, End]]] = []
    seen: frozenset[str] = frozenset()
    while rest:
        nearest = min(range(len(rest)), key=lambda at: len(rest[at][0] - seen))
        asked, way, end = rest.pop(nearest)
        if len(asked) > MOST_FIELDS:
            raise ValueError(f"{end[0]} asks more than {MOST_FIELDS} facts at once")
        if not parts or len(parts[-1]) == most or len(seen | asked) > MOST_FIELDS:
            parts.append([])
            seen = frozenset()
        seen |= asked
        parts[-1].append((way, end))
    return parts


def _network(name: str, part: Sequence[tuple[Way, End]]) -> Network:
    """Write one network; in each rule the test that most situations fail comes first."""
    often = Counter(test for way, _ in part for test in way)
    ranked = sorted(
        (sorted((_rank(test, often[test] / len(part)), test) for test in way), end[0], end[1] or "")
        for way, end in part
    )
    asked = {test.field for test in often}
    scope = tuple(field for field in SCOPE_FIELDS if field in asked)
    fields = scope + tuple(sorted(asked.difference(scope)))
    names = {field: _short(index) for index, field in enumerate(fields)}
    definition = {
        str(index): {"all": [{"m": {"$and": _written(index // GROUP, tests, names)}}]}
        for index, (tests, _, _) in enumerate(ranked)
    }
    text = json.dumps(definition, separators=(",", ":"))
    return Network(name, text, fields, tuple((rule, duty or None) for _, rule, duty in ranked))


def _rank(test: Comparison, share: float) -> int:
    """How early a test stands in its rule: those that fail most come first.

    Statuses and bits are seldom set, so "not no" mostly fails, but for what a good `share` of the
    rules asks, as coverage; "not yes" mostly holds.
    """
    if test.field in SCOPE_FIELDS:
        return 1 if 2 * len(test.among) <= _SCOPE_WORDS[test.field] else 3
    if test.among == (words.NO,) or test.inside:
        return 0 if share < 0.2 else 2
    return 4


def _written(
    group: int, tests: Iterable[tuple[int, Comparison]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A rule's tests in the engine's notation, below its group.

    A group is a comparison with the constant `z` that always holds: it only gives the network a
    tree's shape.
    """
    found: list[dict[str, Any]] = [{"$neq": {"z": str(group)}}]
    for _, test in tests:
        name = names[test.field]
        if not test.inside:
            found += [{"$neq": {name: word}} for word in test.among]
        elif len(test.among) == 1:
            found.append({name: test.among[0]})
        else:
            found.append({"$or": [{name: word} for word in test.among]})
    return found


def _short(index: int) -> str:
    """A short name for a property: a0, b0, ..., y0, a1, ...; never id, sid or z."""
    return f"{chr(ord('a') + index % 25)}{index // 25}"


def fact_writer(network: Network) -> Callable[[Situation], str]:
    """A function that writes a situation as the network's one fact, for one thread at a time.

    It raises KeyError if a field is absent, ValueError if a fact or bit is none of yes, no and
    unknown or a scope field is no word.
    """
    fields = network.fields
    scopes = sum(field in SCOPE_FIELDS for field in fields)
    read: Callable[[Situation], tuple[str, ...]] = itemgetter(*fields, fields[0])
    parts = ['{"id":"f","sid":"0","z":"z']
    for index in range(len(fields)):
        parts += [f'","{_short(index)}":"', ""]
    parts.append('"}')

    def write(situation: Situation) -> str:
        values = read(situation)[:-1]
        if not _TRI.issuperset(values[scopes:]):
            odd = [at for at in range(scopes, len(fields)) if values[at] not in _TRI]
            raise ValueError(f"neither yes, no nor unknown: {', '.join(fields[at] for at in odd)}")
        if not all(map(str.isidentifier, values[:scopes])):
            raise ValueError("a scope field of a situation is no word")
        parts[2::2] = values
        return "".join(parts)

    return write
