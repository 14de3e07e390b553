"""Case files, run: every case judged, every failure named, and the count at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..problem import ForbearError, Problem, did_you_mean
from . import reading
from .judging import Decided, judge
from .record import BrokenCase, Case, CaseFile

Decide = Callable[[Case], Decided]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case; `reasons` is empty if it passed. `expected` "" if it has none."""

    path: str
    line: int
    id: str
    expected: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the case is as expected in every part."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all cases, in the order of files and cases."""

    results: tuple[Result, ...]

    @property
    def passed(self) -> int:
        """How many cases passed."""
        return sum(one.passed for one in self.results)

    @property
    def failed(self) -> int:
        """How many failed; a file that cannot be read is one failure."""
        return len(self.results) - self.passed


def run_cases(
    paths: Sequence[Path | str], decide: Decide, acts: Collection[str] | None = None
) -> Report:
    """Run the cases of these files.

    `decide` gives a case's decision. `acts` are the rule files and places there are: a case whose
    `rules` names another fails, so that a slip of the pen cannot ask nothing. Nothing is raised.
    """
    results: list[Result] = []
    for path in paths:
        name = str(path)
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror or 'unknown reason'}"
            results.append(Result(name, 1, "", "", (reason.lower(),)))
            continue
        results += run_file(reading.read(name, data), decide, acts)
    return Report(tuple(results))


def run_file(
    file: CaseFile, decide: Decide, acts: Collection[str] | None = None
) -> Iterable[Result]:
    """The results of one file's cases; problems of the file itself are one failure more."""
    if file.problems:
        first = file.problems[0].position.line
        yield Result(file.path, first, "", "", tuple(_worded(one) for one in file.problems))
    for case in file.cases:
        if isinstance(case, BrokenCase):
            reasons = tuple(_worded(one) for one in case.problems)
            yield Result(case.path, case.line, case.id, "", reasons)
        else:
            yield Result(case.path, case.line, case.id, case.expected, _reasons(case, decide, acts))


def _worded(problem: Problem) -> str:
    where = f"{problem.position.line}:{problem.position.column}"
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{where}  {problem.code}  {problem.message}{hint}"


def _reasons(case: Case, decide: Decide, acts: Collection[str] | None) -> tuple[str, ...]:
    if acts is not None:
        unknown = [one for one in case.rules or () if one not in acts and one != "house"]
        if unknown:
            return tuple(
                f"rules: there is no rule file or place `{one}`{did_you_mean(one, sorted(acts))}"
                for one in unknown
            )
    try:
        decided = decide(case)
        return tuple(judge(case, decided.decision, decided.calls_of, decided.validation_end))
    except ForbearError as error:
        return (f"could not be decided: {error}",)
    except Exception as error:
        # fail closed and go on: one case must not hide the others
        return (f"could not be decided, by a fault of ours: {' '.join(str(error).split())}",)


def as_text(report: Report) -> str:
    """The failures for people, and `N passed, N failed` as the last line."""
    lines: list[str] = []
    for one in report.results:
        if not one.passed:
            lines.append(f"{one.path}:{one.line}  {one.id}".rstrip())
            lines += [f"    {reason}" for reason in one.reasons]
    return "\n".join([*lines, f"{report.passed} passed, {report.failed} failed"]) + "\n"


def as_json(report: Report) -> str:
    """One JSON document: `passed`, `failed`, and `cases` with path, line, id, reasons."""
    cases = [
        {
            "path": one.path,
            "line": one.line,
            "id": one.id,
            "expected": one.expected or None,
            "passed": one.passed,
            "reasons": list(one.reasons),
        }
        for one in report.results
    ]
    document = {"passed": report.passed, "failed": report.failed, "cases": cases}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
