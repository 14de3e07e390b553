"""Rules and situations made by hand, for tests of what decides them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from typing import Any

from engine import words
from engine.kinds import Block, Body, Limit, Notice, Require, Wait, Window
from engine.rule import Ask, Period, Position, Rule, Selector
from engine.situation import RuleSet

ATTEMPTS = Selector("attempts")
LIMIT = Limit(7, ATTEMPTS, ("person",), within=Period(7, "day"))
WAIT = Wait(ATTEMPTS, ("person",), for_=Period(7, "day"))
PLAIN_CALL = {
    "channel": "call",
    "kind": "mobile",
    "whom": "consumer",
    "role": "third_party",
    "debt_type": "credit_card",
}


def rule(key: str = "a-rule", body: Body | None = None, **more: Any) -> Rule:
    """A rule that reaches every channel, point, person, collector and debt, unless told."""
    given = {
        "key": key,
        "act": "an_act",
        "says": "A rule made by hand.",
        "cite": ("12 CFR 1006.6",),
        "source": "made",
        "confidence": "high",
        "force": "prohibition",
        "body": body or Block(),
        "channels": frozenset(words.CHANNELS),
        "to": None,
        "whom": None,
        "collectors": None,
        "debts": None,
        "reach": "consumer_place",
        "when": (),
        "unless": (),
        "effective_from": date(2021, 11, 30),
        "effective_to": None,
        "place": None,
        "house": False,
        "position": Position("made.yaml", 1, 1),
    }
    return Rule(**{**given, **more})


def rule_set(*rules: Rule, name: str = "made") -> RuleSet:
    """A rule set of these rules."""
    return RuleSet.of(name, rules)


def situation(rules: RuleSet, **fields: str) -> dict[str, str]:
    """A plain call with every fact and bit at no, but for these fields (`bit_KEY`: a bit)."""
    found = dict.fromkeys(rules.fields, words.NO) | PLAIN_CALL
    for name, value in fields.items():
        known = f"bit:{name[4:]}" if name.startswith("bit_") else name
        assert known in found, f"the rules have no field {known}"
        found[known] = value
    return found


def drawn_situations(rules: RuleSet, count: int, seed: int) -> list[dict[str, str]]:
    """Situations as a portfolio has them: few statuses are yes, few limits are reached."""
    chance = random.Random(seed)
    scope: dict[str, Iterable[str]] = {
        "channel": words.CHANNELS,
        "kind": words.POINT_KINDS,
        "whom": words.OWNER_ROLES,
        "role": (*words.COLLECTOR_ROLES, "servicer_in_default"),
        "debt_type": words.DEBT_TYPES,
    }
    facts = [field for field in rules.fields if field not in scope]
    found = []
    for _ in range(count):
        values = chance.choices(words.TRI, (8, 88, 4), k=len(facts))
        one = dict(zip(facts, values, strict=True))
        one |= {field: chance.choice(tuple(allowed)) for field, allowed in scope.items()}
        found.append(one)
    return found


def drawn_rules(count: int, seed: int) -> RuleSet:
    """Many rules of every kind, with scopes and entries of the usual shapes."""
    chance = random.Random(seed)
    facts = [Ask(f"fact_{number}") for number in range(60)]

    def body(number: int) -> Body:
        kinds = (Block(), LIMIT, WAIT, Window(), Notice(f"duty_{number % 7}", "a duty"))
        return chance.choice((*kinds, Require((chance.choice(facts),)), LIMIT))

    def one(number: int) -> Rule:
        return rule(
            f"rule-{number}",
            body(number),
            channels=chance.choice(
                (words.DEFAULT_CHANNELS, words.VOICE_CHANNELS, words.ELECTRONIC_CHANNELS)
            ),
            to=chance.choice(
                (None, None, words.WORK_KINDS, words.POINT_GROUPS["electronic"] | {"electronic"})
            ),
            whom=chance.choice((None, words.WHOM["consumer"] | words.WHOM["third_party"])),
            collectors=chance.choice((None, frozenset({"third_party", "law_firm"}))),
            debts=chance.choice((None, None, frozenset(words.DEBT_TYPES) - {"tax"})),
            when=(Ask("fdcpa_covered"), *chance.sample(facts, chance.choice((0, 1, 1)))),
            unless=tuple(chance.sample(facts, chance.choice((0, 0, 1, 2)))),
        )

    return RuleSet.of(f"drawn-{count}", [one(number) for number in range(count)])
