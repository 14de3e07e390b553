"""Both engines at one table: every situation is put to each, and their answers are compared.

engine/README.md: permitted means that both found nothing; a difference refuses and alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import TracebackType
from typing import Protocol

from .compiled import LIFTED, SATISFIED, CompiledEngine, compile_rules
from .rete import EngineFailure, ReteEngine
from .rule import Rule
from .rulebook import Rulebook
from .situation import Answer, RuleSet, Situation, name_of

Alarm = Callable[[str], None]


class SecondEngine(Protocol):
    """What is asked of the Rete engine; tests put a broken copy in its place."""

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """An answer or a failure for each situation, in order."""

    def close(self) -> None:
        """Let go of whatever it runs in."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both answers about one situation of one rule set, and what follows from them.

    `refusing` is the union of both; `trouble` names a disagreement or a failed engine, else "".
    """

    refusing: tuple[str, ...]
    duties: tuple[tuple[str, str], ...]
    compiled: tuple[str, ...]
    rete: tuple[str, ...] | None
    trouble: str

    @property
    def permitted(self) -> bool:
        """Whether both engines answered, alike, and found nothing."""
        return not self.trouble and not self.refusing


def compare(first: Answer, second: Answer | EngineFailure) -> Verdict:
    """Set two answers against each other; only equal answers count as an answer."""
    if isinstance(second, EngineFailure):
        return Verdict(
            first.refusing, first.duties, first.refusing, None, f"engine_failed: {second.reason}"
        )
    refusing = tuple(sorted({*first.refusing, *second.refusing}))
    duties = tuple(sorted({*first.duties, *second.duties}))
    trouble = ""
    if first != second:
        compiled = {*first.refusing, *(f"{d} by {r}" for d, r in first.duties)}
        rete = {*second.refusing, *(f"{d} by {r}" for d, r in second.duties)}
        only = [f"compiled alone: {one}" for one in sorted(compiled - rete)]
        only += [f"rete alone: {one}" for one in sorted(rete - compiled)]
        trouble = "engines_disagree: " + "; ".join(only)
    return Verdict(refusing, duties, first.refusing, second.refusing, trouble)


@dataclass
class Panel:
    """A rulebook with both engines ready. Use as a context manager: the Rete engine is a process.

    `alarm` is called with a sentence at every disagreement or failure. Answers are kept by
    situation, so one seen before is not asked again (engine/README.md).
    """

    rulebook: Rulebook
    alarm: Alarm = lambda _: None
    rete: SecondEngine | None = None
    keep: int = 500_000
    _compiled: dict[str, CompiledEngine] = field(default_factory=dict)
    _sets: dict[tuple[str, tuple[str, ...]], RuleSet] = field(default_factory=dict)
    _on: dict[tuple[str, date], RuleSet] = field(default_factory=dict)
    _seen: dict[str, Verdict] = field(default_factory=dict)
    _alike: dict[Verdict, Verdict] = field(default_factory=dict)
    """Verdicts that many situations have, each kept once."""
    _passed: dict[str, tuple[tuple[Rule, str | None], ...]] = field(default_factory=dict)
    _known_to_rete: frozenset[str] = frozenset()
    notes: dict[tuple[object, ...], object] = field(default_factory=dict)
    """What a caller works out once per rule set and day and wants to find again."""
    _own_rete: bool = True

    def __post_init__(self) -> None:
        """Remember whether the second engine was given."""
        self._own_rete = self.rete is None

    def __enter__(self) -> Panel:
        """Nothing is started before the first question."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the Rete engine's process."""
        self.close()

    def close(self) -> None:
        """Stop the Rete engine's process."""
        if self.rete is not None:
            self.rete.close()

    def rule_set(self, name: str, day: date) -> RuleSet:
        """A rule set in force on a day, under a name that is its own for ever."""
        found = self._on.get((name, day))
        if found is None:
            plain = self.rulebook.rule_set(name, day)
            key = (name, tuple(rule.id for rule in plain.rules))
            if key not in self._sets:
                versions = sum(1 for known, _ in self._sets if known == name)
                self._sets[key] = replace(plain, name=f"{name}@{versions + 1}")
            found = self._on[name, day] = self._sets[key]
        return found

    def prepare(self, days: Sequence[date]) -> None:
        """Make every rule set of some days ready, so that the Rete engine starts once."""
        for day in days:
            for name in self.rulebook.sets:
                self.rule_set(name, day)

    def forget(self, before: date) -> None:
        """Let go of all answers, and of which rule sets are those of days before one.

        Asked again they are found again.
        """
        self._seen.clear()
        self._alike.clear()
        self._passed.clear()
        for key in [one for one in self._on if one[1] < before]:
            del self._on[key]

    def compiled(self, rules: RuleSet) -> CompiledEngine:
        """The first engine for a rule set."""
        if rules.name not in self._compiled:
            self._compiled[rules.name] = compile_rules(rules)
        return self._compiled[rules.name]

    def passed(
        self, rules: RuleSet, name: str, situation: Situation
    ) -> tuple[tuple[Rule, str | None], ...]:
        """The rules that applied to a situation and did not refuse, each with what lifted it.

        None beside a rule: it was met. `name` is the situation's digest, under which it is kept.
        """
        found = self._passed.get(name)
        if found is None:
            engine = self.compiled(rules)
            passed: list[tuple[Rule, str | None]] = []
            for rule in rules.rules:
                said = engine.outcome(rule, situation)
                if said == LIFTED:
                    passed.append((rule, engine.lifted_by(rule, situation) or "unless"))
                elif said == SATISFIED:
                    passed.append((rule, None))
            if len(self._passed) > self.keep:
                self._passed.clear()
            found = self._passed[name] = tuple(passed)
        return found

    def _second(self, rules: RuleSet) -> SecondEngine:
        if self._own_rete and (self.rete is None or rules.name not in self._known_to_rete):
            if self.rete is not None:
                self.rete.close()
            sets = [one for one in self._sets.values() if one.rules]
            self.rete = ReteEngine(sets)
            self._known_to_rete = frozenset(one.name for one in sets)
        assert self.rete is not None
        return self.rete

    def ask(
        self, rules: RuleSet, situations: Sequence[Situation], names: Sequence[str] = ()
    ) -> list[Verdict]:
        """Both engines' verdict on each situation; each distinct one is decided once.

        `names`: the situations' digests, where the caller has them already.
        """
        if not rules.rules:
            return [Verdict((), (), (), (), "")] * len(situations)
        if not names:
            order = rules.sorted_fields
            names = [name_of(rules.name, order, one) for one in situations]
        named = zip(names, situations, strict=True)
        fresh = {name: one for name, one in named if name not in self._seen}
        answers = self._decide(rules, fresh) if fresh else {}
        found = [answers[name] if name in answers else self._seen[name] for name in names]
        if len(self._seen) > self.keep:
            self._seen.clear()
            self._alike.clear()
        kept = {k: v for k, v in answers.items() if not v.trouble.startswith("engine_failed")}
        self._seen.update(kept)  # a failed engine may be up again next time
        return found

    def _decide(self, rules: RuleSet, fresh: Mapping[str, Situation]) -> dict[str, Verdict]:
        asked = list(fresh.values())
        first = self.compiled(rules).decide_many(asked)
        second = self._second(rules).decide_many(rules.name, asked)
        found: dict[str, Verdict] = {}
        for name, one, other in zip(fresh, first, second, strict=True):
            verdict = compare(one, other)
            found[name] = self._alike.setdefault(verdict, verdict)
            if found[name].trouble:
                self.alarm(f"{rules.name}: {found[name].trouble} (situation {name[:12]})")
        return found
