"""The engine and the model asked the same question, and how their answers differ.

The engine is asked through its public door; its second voice is a copy of the compiled engine,
since the Rete engine is held equal to it elsewhere and is a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from engine import Ask, decide, words
from engine.compiled import compile_rules
from engine.decision import Decision
from engine.history import Contact, Group
from engine.kinds import Require
from engine.panel import Panel
from engine.place import STATES
from engine.reading.files import Place
from engine.rete import EngineFailure
from engine.rule import Ask as Ask_
from engine.rule import Position, Rule
from engine.rulebook import Rulebook, law_directory, load
from engine.situation import Answer, RuleSet, Situation

from .model import ModelDecision, judge
from .model.answers import Question, unlimited
from .model.exclusions import as_known
from .model.facts import value_of
from .model.judging import debts_of, locate
from .model.past import Asked
from .strategies.moments import DAYS

PLACES = {code: Place(code, code, ()) for code in (*STATES.values(), "US-NY-NYC")}
ASK = Ask(whole=False, search=False)
PLAIN = Rule(
    key="plain",
    act="an_act",
    says="A rule about everything.",
    cite=("12 CFR 1006.6",),
    source="none",
    confidence="high",
    force="prohibition",
    body=Require(()),
    channels=frozenset(words.CHANNELS),
    to=None,
    whom=None,
    collectors=None,
    debts=None,
    reach="consumer_place",
    when=(),
    unless=(),
    effective_from=None,
    effective_to=None,
    place=None,
    house=False,
    position=Position("none.yaml", 1, 1),
)


@dataclass
class Twin:
    """A second engine that is the first one again."""

    sets: dict[str, RuleSet] = field(default_factory=dict)

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """The compiled engine's answers."""
        return list(compile_rules(self.sets[name]).decide_many(situations))

    def close(self) -> None:
        """There is no process to stop."""


class TwinPanel(Panel):
    """A panel whose second engine is a twin of the first."""

    def _second(self, rules: RuleSet) -> Twin:
        return Twin({rules.name: rules})


class Law:
    """The law as it stands, with engines on it (and no long name to print)."""

    def __init__(self, engines: type[Panel]) -> None:
        self.alarms: list[str] = []
        self.panel = engines(load([law_directory()]), alarm=self.alarms.append)


@contextmanager
def standing(engines: type[Panel]) -> Iterator[Law]:
    """The law, ready for the days that are drawn; nothing alarms while it is asked."""
    found = Law(engines)
    with found.panel:
        found.panel.prepare(DAYS)
        yield found
    assert found.alarms == []


def book_of(rules: Sequence[Rule]) -> Rulebook:
    """A rulebook of drawn rules, in which every place has a file."""
    return Rulebook("sha256:drawn", tuple(rules), PLACES, {})


def ask_engine(rules: Sequence[Rule], group: Group, contact: Contact) -> Decision:
    """What the engine says, at the contact's own instant."""
    return decide(TwinPanel(book_of(rules)), group, contact, ask=ASK)


def findings_of(decision: Decision) -> set[tuple[str, str]]:
    """Each refusing rule with its force."""
    return {(one.rule, one.force) for one in decision.findings}


def differences(decision: Decision, model: ModelDecision) -> list[str]:
    """In words, everything in which the two answers differ; empty if they agree."""
    found: list[str] = []
    engine_findings, model_findings = findings_of(decision), set(model.findings)
    found += [f"only the engine refuses: {one}" for one in engine_findings - model_findings]
    found += [f"only the model refuses: {one}" for one in model_findings - engine_findings]
    refusing = {rule for rule, _ in engine_findings | model_findings}
    engine_lifted = {one.rule for one in decision.lifted} - refusing
    if engine_lifted != set(model.lifted) - refusing:
        found.append(f"lifted: engine {sorted(engine_lifted)}, model {sorted(model.lifted)}")
    engine_kept = {one.rule for one in decision.satisfied} - refusing
    model_kept = {rule for rule, _, _ in model.satisfied} - refusing
    if engine_kept != model_kept:
        found.append(f"satisfied: engine {sorted(engine_kept)}, model {sorted(model_kept)}")
    for one in decision.satisfied:
        used = {
            (trace.used, trace.maximum)
            for trace in model.traces
            if trace.rule == one.rule and trace.debt == one.debt and trace.outcome == "satisfied"
        }
        if used and (one.used, one.maximum) not in used:
            found.append(f"{one.rule} of {one.debt}: engine {one.used}/{one.maximum}, model {used}")
    if not found and decision.word != model.word:
        found.append(f"word: engine {decision.word}, model {model.word}")
    return found


def rule_asking(ask: Ask_, rule: Rule = PLAIN) -> Rule:
    """A rule that needs one fact."""
    return replace(rule, body=Require((ask,)))


def fact_of_engine(ask: Ask_, group: Group, contact: Contact) -> dict[tuple[str, str], str]:
    """What the engine holds of one fact, per debt and zone."""
    decision = ask_engine([rule_asking(ask)], group, contact)
    found = {}
    for name, situation in decision.facts.items():
        _, debt, zone = name.split("/", 2)
        (value,) = (v for k, v in situation.items() if k.split("#")[0] == ask.fact)
        found[debt, zone] = value
    return found


def fact_of_model(ask: Ask_, group: Group, contact: Contact) -> dict[tuple[str, str], str]:
    """What the model holds of it."""
    located = locate(group, contact, unlimited)
    found = {}
    for zone in located.where.zones or ("UTC",):
        for account in debts_of(group, contact):
            asked = Asked(group, contact, zone, account)
            asked = replace(asked, group=as_known(asked))
            question = Question(asked, located.where, rule_asking(ask))
            found[account.id, zone] = value_of(question, ask)
    return found


def ask_model(rules: Sequence[Rule], group: Group, contact: Contact) -> ModelDecision:
    """What the model says."""
    return judge(rules, group, contact)
