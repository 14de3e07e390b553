"""How fast each engine decides: `python -m tests.bench.bench_engines`.

Situations a second in batches by the clock, processor time of both processes for one situation,
and the median time of one live decision: for drawn rule sets, and for the law as it stands.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date

from engine import rulebook
from engine.compiled import compile_rules
from engine.rete import ReteEngine
from engine.situation import RuleSet, Situation
from tests.making import drawn_rules, drawn_situations

COUNT = 20_000
LIVE = 2_000
DAY = date(2026, 11, 23)
HEAD = (
    "rule set      rules fields found | compiled: a second  live µs |"
    " rete: a second  own µs  child µs  live µs  start ms"
)


def _median(decide: Callable[[Situation], object], asked: Sequence[Situation]) -> float:
    """The median time of one decision alone, in microseconds."""
    taken = []
    for one in asked:
        start = time.perf_counter()
        decide(one)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def _children() -> float:
    """The processor time of all child processes that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(rules: RuleSet) -> str:
    """One line about one rule set. AssertionError: the engines disagree."""
    asked = drawn_situations(rules, COUNT, seed=1)
    compiled = compile_rules(rules)
    start = time.perf_counter()
    answers = compiled.decide_many(asked)
    first = COUNT / (time.perf_counter() - start)
    before = _children()
    with ReteEngine([rules]) as engine:
        start = time.perf_counter()
        engine.decide(rules.name, asked[0])
        starting = time.perf_counter() - start
        own = time.process_time()
        start = time.perf_counter()
        assert engine.decide_many(rules.name, asked) == answers
        second = COUNT / (time.perf_counter() - start)
        own = time.process_time() - own
        live = _median(lambda one: engine.decide(rules.name, one), asked[:LIVE])
    child = (_children() - before) / (COUNT + LIVE)
    found = sum(len(one.refusing) + len(one.duties) for one in answers) / COUNT
    return (
        f"{rules.name:12} {len(rules.rules):6} {len(rules.fields):6} {found:5.1f} |"
        f" {first:18,.0f} {_median(compiled.decide, asked[:LIVE]):8.1f} |"
        f" {second:14,.0f} {own / COUNT * 1e6:7.1f} {child * 1e6:9.1f} {live:8.1f}"
        f" {starting * 1e3:9.0f}"
    )


def main() -> None:
    """Measure rule sets of several sizes, then federal law and the largest place."""
    book = rulebook.load([rulebook.law_directory()])
    places = [book.rule_set(name, DAY) for name in book.places]
    law = [book.rule_set("federal", DAY), max(places, key=lambda one: len(one.rules))]
    sys.stdout.write(HEAD + "\n")
    for rules in (*(drawn_rules(count, seed=2) for count in (10, 60, 150)), *law):
        sys.stdout.write(measure(rules) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
