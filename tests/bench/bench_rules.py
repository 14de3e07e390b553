"""How long rule files take to be read and checked: `python -m tests.bench.bench_rules`.

The law as it stands, and nine hundred rules in one file, each beside bare PyYAML that only composes
the same bytes with its own C parser, in the same run.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import yaml

from engine.rulebook import check, law_directory, read_sources
from tests.engine.test_rulebook import act, rule

ROUNDS = 7


def _median(work: Callable[[], object]) -> float:
    """The median of the processor time of `work`, in seconds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def measure(name: str, sources: Sequence[tuple[str, bytes]]) -> str:
    """One line about these files. AssertionError: something is wrong with them."""

    def read() -> None:
        book, found = check(sources)
        assert book is not None
        assert not found

    def compose() -> None:
        for _, data in sources:
            yaml.compose(data, Loader=yaml.CSafeLoader)

    ours, bare = _median(read), _median(compose)
    size = sum(len(data) for _, data in sources)
    return (
        f"{name:14} {len(sources):5} {size / 1e3:9.0f} {ours:12.3f} {bare:13.3f} {ours / bare:7.1f}"
    )


def main() -> int:
    """Print a line for the law and one for the long file."""
    sys.stdout.write("what           files  kilobytes  processor s  bare YAML s   ratio\n")
    law, unread = read_sources([law_directory()])
    assert not unread
    sys.stdout.write(measure("the law", law) + "\n")
    rules = "".join(rule(f"rule-{number}") for number in range(900))
    long = ("rules/fdcpa.yaml", ("format: 1\nname: A\nrules:\n" + rules).encode())
    other = ("rules/regulation_f.yaml", act().encode())
    sys.stdout.write(measure("900 rules", [long, other]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
