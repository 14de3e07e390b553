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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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

    `asks` are its distinct facts in the order of first use, `names` their field names. What
    follows from those is worked out once: `with_bits`, the rules that have a bit; `fields`, all
    fields of its situations (scope, facts, bits), and the same sorted; `by_id`, its rules by id;
    `windows`, and `counting`, its limits and waits.
    """

    name: str
    rules: tuple[Rule, ...]
    asks: tuple[Ask, ...]
    names: Mapping[Ask, str]
    with_bits: tuple[tuple[Rule, str], ...] = field(init=False, repr=False, compare=False)
    fields: tuple[str, ...] = field(init=False, repr=False, compare=False)
    sorted_fields: tuple[str, ...] = field(init=False, repr=False, compare=False)
    by_id: Mapping[str, Rule] = field(init=False, repr=False, compare=False)
    windows: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    counting: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    _reaching: dict[tuple[str, str, str], tuple[tuple[Rule, str], ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Work out what every situation of the set needs."""
        bits = tuple((rule, f"bit:{rule.key}") for rule in self.rules if has_bit(rule))
        fields = SCOPE_FIELDS + tuple(self.names.values()) + tuple(name for _, name in bits)
        object.__setattr__(self, "with_bits", bits)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "sorted_fields", tuple(sorted(fields)))
        object.__setattr__(self, "by_id", {rule.id: rule for rule in self.rules})
        for name, kinds in (("windows", (Window,)), ("counting", (Limit, Wait))):
            of_kind = tuple(rule for rule in self.rules if isinstance(rule.body, kinds))
            object.__setattr__(self, name, of_kind)

    def reaching(self, channel: str, kind: str, whom: str) -> tuple[tuple[Rule, str], ...]:
        """Of `with_bits`, those whose bit is worth working out for a contact like this.

        The engines judge scope again, by themselves.
        """
        asked = (channel, kind, whom)
        found = self._reaching.get(asked)
        if found is None:
            found = self._reaching[asked] = tuple(
                (rule, name)
                for rule, name in self.with_bits
                if rule.reaches(channel, kind) and (rule.whom is None or whom in rule.whom)
            )
        return found

    @classmethod
    def of(cls, name: str, rules: Sequence[Rule]) -> RuleSet:
        """Build a rule set; order of rules decides nothing but field names."""
        asks = tuple(dict.fromkeys(ask for rule in rules for ask in rule_asks(rule)))
        names: dict[Ask, str] = {}
        for ask in asks:
            plain = ask.fact if ask.parameter is None else f"{ask.fact}#{len(names)}"
            names[ask] = plain
        return cls(name, tuple(rules), asks, names)


def name_of(rule_set: str, order: Sequence[str], situation: Situation) -> str:
    """The digest of a situation whose fields are given in sorted order."""
    return named(rule_set, order, [situation[one] for one in order])


def named(rule_set: str, order: Sequence[str], values: Iterable[str]) -> str:
    """`name_of` a situation whose words are given in the order of its fields."""
    text = "\x1f".join([rule_set, *order, *values])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says of one situation: ids of rules that refuse, duties with their rules.

    Both tuples are sorted. `refusing` empty: this rule set permits.
    """

    refusing: tuple[str, ...]
    duties: tuple[tuple[str, str], ...]  # (duty, id of the notice)
