"""Every case file, run once by both engines, for all tests that ask what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine import Decision, Panel, Rulebook, law_directory, load
from engine.cases import Case, Decided, Report, run_cases
from engine.cases.deciding import decider

ROOT = law_directory()
CASES = ROOT / "tests" / "cases"
OFFICIAL = CASES / "official" / "official_examples.yaml"
OTHER = CASES / "official" / "other_examples.yaml"


@dataclass(frozen=True)
class Ran:
    """The rulebook, what came of every case, and the decision of each that could be decided."""

    rulebook: Rulebook
    report: Report
    decided: tuple[tuple[Case, Decision], ...]
    alarms: tuple[str, ...]

    def of_file(self, path: Path) -> list[tuple[Case, Decision]]:
        """The cases of one file with their decisions."""
        return [pair for pair in self.decided if Path(pair[0].path) == path]


@cache
def ran() -> Ran:
    """All case files, run by the bundled law."""
    files = sorted(CASES.rglob("*.yaml"))
    rulebook = load([ROOT])
    alarms: list[str] = []
    found: list[tuple[Case, Decision]] = []
    with Panel(rulebook, alarm=alarms.append) as panel:
        decide = decider(panel)

        def kept(case: Case) -> Decided:
            decided = decide(case)
            found.append((case, decided.decision))
            return decided

        report = run_cases(files, kept, rulebook.acts)
    return Ran(rulebook, report, tuple(found), tuple(alarms))
