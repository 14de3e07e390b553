"""How long one live decision takes, its facts in memory: `python -m tests.bench.bench_live`.

The whole path of one contact asked about now (where, facts, situations, both engines, findings, the
next moment), with situations met before and with none; and each engine alone on what was asked.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import rulebook
from engine.compiled import compile_rules
from engine.deciding import decide
from engine.history import Contact, Group
from engine.panel import Panel, Verdict
from engine.question import Ask
from engine.rete import ReteEngine
from engine.situation import RuleSet, Situation
from scheduler.explaining import group_of, plain_contact
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import NOW, synth

ACCOUNTS = 1_000
COUNT = 200
ASK = Ask(refuse_unencoded=False)


@dataclass
class Forgetful(Panel):
    """A panel that forgets every answer, and keeps what was asked of it."""

    asked: list[tuple[RuleSet, Situation]] = field(default_factory=list)

    def ask(
        self, rules: RuleSet, situations: Sequence[Situation], names: Sequence[str] = ()
    ) -> list[Verdict]:
        """Both engines, whatever was asked before."""
        self.asked += [(rules, one) for one in situations if rules.rules]
        self._seen.clear()
        return super().ask(rules, situations, names)


def median(work: Callable[[Contact, Group], object], of: Sequence[tuple[Contact, Group]]) -> float:
    """The median time of one of these, in milliseconds."""
    taken = []
    for contact, group in of:
        start = time.perf_counter()
        work(contact, group)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e3


def engine_median(
    work: Callable[[RuleSet, Situation], object], of: Sequence[tuple[RuleSet, Situation]]
) -> float:
    """The median time of one engine's answer to one situation, in microseconds."""
    taken = []
    for rules, one in of:
        start = time.perf_counter()
        work(rules, one)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def contacts(place: Path) -> list[tuple[Contact, Group]]:
    """The plain contact of the first way to each of some accounts, with all that is known."""
    synth(place, ACCOUNTS, 7)
    source = open_portfolio(place)
    names = source.scan("accounts").select("account").collect()["account"].sort().to_list()
    found = []
    for name in names[:: max(1, ACCOUNTS // COUNT)]:
        group = group_of(source, name)
        debt = group.accounts[name]
        points = [one for one in group.points.values() if one.kind == "mobile"]
        mine = [one for one in points if one.consumer == debt.consumer]
        if mine:
            found.append((plain_contact(debt, mine[0], "call", NOW), group))
    return found


def main() -> None:
    """Measure and print."""
    law = rulebook.load([rulebook.law_directory()])
    with tempfile.TemporaryDirectory() as place:
        of = contacts(Path(place))
    fresh = Forgetful(law)
    with Panel(law) as panel, fresh:
        for contact, group in of:  # the engines are begun by their first question
            decide(panel, group, contact, ask=ASK)
            decide(fresh, group, contact, ask=ASK)
        fresh.asked.clear()
        known = median(lambda c, g: decide(panel, g, c, ask=ASK), of)
        new = median(lambda c, g: decide(fresh, g, c, ask=ASK), of)
        asked = fresh.asked
    compiled = {rules.name: compile_rules(rules) for rules, _ in asked}
    first = engine_median(lambda rules, one: compiled[rules.name].decide(one), asked)
    sets = list({rules.name: rules for rules, _ in asked}.values())
    with ReteEngine(sets) as rete:
        rete.decide(asked[0][0].name, asked[0][1])
        second = engine_median(lambda rules, one: rete.decide(rules.name, one), asked)
    sys.stdout.write(
        f"one live decision, median of {len(of)}: {known:.2f} ms where its situations were met "
        f"before, {new:.2f} ms where both engines decide them anew\n"
        f"of that, per situation, median of {len(asked)}: compiled {first:.1f} µs, "
        f"Rete {second:.1f} µs with the way to its process and back\n"
    )


if __name__ == "__main__":
    main()
