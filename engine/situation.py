"""A situation: what a verdict depends on, and nothing more (engine/README.md).

A *rule set* is federal law with house policy, or one place. Its *fields* are read off its rules;
a situation gives each field one word. Two candidates with the same words get the same verdict, so
each distinct situation is decided once, by both engines, and joined back.

Field values: scope fields (channel, kind, whom, role, debt_type) are words of `words`; every other
field is yes, no or unknown. A *bit* (`bit:KEY`) says of one limit that it is reached, of one wait
that it is running, of one window that it is closed, of one notice that its duty is declared unmet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .kinds import Limit, Notice, Require, Wait, Window
from .rule import AllOf, AnyOf, Ask, Entry, Rule

SCOPE_FIELDS = ("channel", "kind", "whom", "role", "debt_type")
Situation = Mapping[str, str]


def asks_of(entries: Sequence[Entry]) -> list[Ask]:
    """The single facts that entries ask, in order, opened out of `all` and `any`."""
    found: list[Ask] = []
    for entry in entries:
        if isinstance(entry, AllOf | AnyOf):
            found.extend(entry.asks)
        else:
            found.append(entry)
    return found


def rule_asks(rule: Rule) -> list[Ask]:
    """Every fact that a rule asks, in `when`, `unless` and `needs`."""
    found = asks_of(rule.when) + asks_of(rule.unless)
    if isinstance(rule.body, Require):
        found += asks_of(rule.body.needs)
    return found


def has_bit(rule: Rule) -> bool:
    """Whether the rule reads a bit of its own: limits, waits, windows and notices do."""
    return isinstance(rule.body, Limit | Wait | Window | Notice)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules decided together, in force on one day: `name` is "federal" or a place.

    `asks` are its distinct facts in the order of first use, `names` their field names.
    """

    name: str
    rules: tuple[Rule, ...]
    asks: tuple[Ask, ...]
    names: Mapping[Ask, str]

    @classmethod
    def of(cls, name: str, rules: Sequence[Rule]) -> RuleSet:
        """Build a rule set; order of rules decides nothing but field names."""
        asks = tuple(dict.fromkeys(ask for rule in rules for ask in rule_asks(rule)))
        names: dict[Ask, str] = {}
        for ask in asks:
            plain = ask.fact if ask.parameter is None else f"{ask.fact}#{len(names)}"
            names[ask] = plain
        return cls(name, tuple(rules), asks, names)

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields of this set's situations: scope, facts, bits."""
        bits = tuple(f"bit:{rule.key}" for rule in self.rules if has_bit(rule))
        return SCOPE_FIELDS + tuple(self.names.values()) + bits


@lru_cache(maxsize=512)
def _sorted(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(fields))


def sorted_fields(rules: RuleSet) -> tuple[str, ...]:
    """The fields of a rule set in sorted order."""
    return _sorted(rules.fields)


def name_of(rule_set: str, order: Sequence[str], situation: Situation) -> str:
    """The digest of a situation whose fields are given in sorted order."""
    text = "\x1f".join([rule_set, *order, *[situation[one] for one in order]])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says of one situation: ids of rules that refuse, duties with their rules.

    Both tuples are sorted. `refusing` empty: this rule set permits.
    """

    refusing: tuple[str, ...]
    duties: tuple[tuple[str, str], ...]  # (duty, id of the notice)
