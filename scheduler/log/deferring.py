"""Both engines, the second asked for many situations at once instead of for each as it comes.

Looking back asks one contact after another, and the way to the second engine's process costs more
than its answer. So its answers are fetched at the end of a piece of work; where one differs, the
piece is done again with both asked at once. No answer stands on one engine alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.panel import Panel, Verdict, compare
from engine.situation import Answer, RuleSet, Situation

Waiting = dict[str, tuple[Situation, Answer]]


@dataclass
class Deferring(Panel):
    """A panel whose second engine is asked when the work is to be `settled`."""

    waiting: dict[str, tuple[RuleSet, Waiting]] = field(default_factory=dict)
    at_once: bool = False

    def _decide(self, rules: RuleSet, fresh: Mapping[str, Situation]) -> dict[str, Verdict]:
        if self.at_once:
            return super()._decide(rules, fresh)
        asked = list(fresh.values())
        answers = self.compiled(rules).decide_many(asked)
        _, waiting = self.waiting.setdefault(rules.name, (rules, {}))
        waiting.update(zip(fresh, zip(asked, answers, strict=True), strict=True))
        return {name: compare(one, one) for name, one in zip(fresh, answers, strict=True)}

    def settled(self) -> bool:
        """Ask the second engine all that waits for it, and say whether it agrees throughout.

        Where it does not, what was answered is forgotten, and from then on both are asked at once.
        """
        agree = True
        for rules, waiting in self.waiting.values():
            asked = [situation for situation, _ in waiting.values()]
            second = self._second(rules).decide_many(rules.name, asked)
            firsts = [answer for _, answer in waiting.values()]
            for one, other in zip(firsts, second, strict=True):
                agree &= not compare(one, other).trouble
        if not agree:
            self.at_once = True
            for _, waiting in self.waiting.values():
                for name in waiting:
                    self._seen.pop(name, None)
        self.waiting.clear()
        return agree
