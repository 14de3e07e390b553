"""How well the rulebook is founded: its rules by file, their authority, dates, reviews, cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from engine.cases import Case, Decided, read
from engine.problem import ForbearError
from engine.rule import Rule
from engine.rulebook import Rulebook

KINDS = ("block", "require", "notice", "window", "limit", "wait")


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One rule file: `untested` and `overdue` are ids of rules, `cases` counts them by rule.

    `primary`: read in the text of the law itself (confidence high). `cases` None: no cases known.
    """

    file: str
    name: str
    encoded: bool
    rules: int
    kinds: Mapping[str, int]
    primary: int
    confidence: Mapping[str, int]
    undated: tuple[str, ...]
    overdue: tuple[str, ...]
    cases: Mapping[str, int] | None = None
    untested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """All files, in order, and how many cases were counted (None: there are none to count)."""

    files: tuple[FileCoverage, ...]
    cases: int | None = None

    @property
    def untested(self) -> int:
        """How many rules no case touches; 0 where no cases are known."""
        return sum(len(one.untested) for one in self.files)


@dataclass
class _Touched:
    """How many cases each rule had a say in."""

    counts: Counter[str] = field(default_factory=Counter)
    cases: int = 0


def case_files(beside: Path) -> list[Path]:
    """The case files that stand beside the rules, sorted; none in an installation."""
    return sorted((beside / "tests" / "cases").rglob("*.yaml"))


def touched(paths: Sequence[Path], decide: Callable[[Case], Decided]) -> tuple[dict[str, int], int]:
    """By rule, how many cases it has a say in: it refuses, is kept, is lifted or gives a duty.

    A case that cannot be read or decided counts for none. Also how many cases there are.
    """
    found = _Touched()
    for path in paths:
        for case in read(str(path), path.read_bytes()).cases:
            found.cases += 1
            if isinstance(case, Case):
                found.counts.update(_rules_of(case, decide))
    return dict(found.counts), found.cases


def _rules_of(case: Case, decide: Callable[[Case], Decided]) -> set[str]:
    try:
        decision = decide(case).decision
    except ForbearError:
        return set()
    refused = {one.rule for one in decision.findings}
    kept = {one.rule for one in decision.satisfied} | {one.rule for one in decision.lifted}
    return refused | kept | {rule for _, rule in decision.duties}


def coverage(
    rulebook: Rulebook,
    today: date,
    counts: Mapping[str, int] | None = None,
    cases: int | None = None,
) -> Coverage:
    """Coverage of a rulebook on a day; `counts` and `cases` as `touched` gives them."""
    by_act: dict[str, list[Rule]] = {act: [] for act in rulebook.acts}
    for rule in rulebook.rules:
        by_act[rule.act].append(rule)
    files = tuple(
        _file(act, rulebook, rules, today, counts) for act, rules in sorted(by_act.items())
    )
    return Coverage(files, cases)


def _file(
    act: str,
    rulebook: Rulebook,
    rules: Sequence[Rule],
    today: date,
    counts: Mapping[str, int] | None,
) -> FileCoverage:
    place = rulebook.places.get(act)
    kinds = Counter(rule.kind for rule in rules)
    confidence = Counter(rule.confidence for rule in rules)
    return FileCoverage(
        file=act,
        name=rulebook.acts[act],
        encoded=place is None or place.encoded,
        rules=len(rules),
        kinds={kind: kinds[kind] for kind in KINDS},
        primary=sum(rule.confidence == "high" and not rule.house for rule in rules),
        confidence={word: confidence[word] for word in ("high", "medium", "low")},
        undated=tuple(rule.id for rule in rules if rule.effective_from is None),
        overdue=tuple(
            rule.id for rule in rules if rule.review_by is not None and rule.review_by < today
        ),
        cases=None if counts is None else {rule.id: counts.get(rule.id, 0) for rule in rules},
        untested=()
        if counts is None
        else tuple(rule.id for rule in rules if not counts.get(rule.id)),
    )


def as_document(found: Coverage) -> dict[str, Any]:
    """Coverage as plain data."""
    return {
        "files": [
            {
                "file": one.file,
                "name": one.name,
                "encoded": one.encoded,
                "rules": one.rules,
                "kinds": dict(one.kinds),
                "primary": one.primary,
                "confidence": dict(one.confidence),
                "undated": list(one.undated),
                "overdue": list(one.overdue),
                "cases": None if one.cases is None else dict(one.cases),
                "untested": list(one.untested),
            }
            for one in found.files
        ],
        "rules": sum(one.rules for one in found.files),
        "cases": found.cases,
        "untested": found.untested,
    }


def as_text(found: Coverage) -> str:
    """Coverage as a table, the rules that want something below it, and the count."""
    width = max(len(one.file) for one in found.files)
    head = [f"{'file':{width}}", *(f"{kind:>7}" for kind in KINDS)]
    head += [f"{word:>9}" for word in ("rules", "primary", "no date", "overdue", "untested")]
    lines = ["".join(head)]
    for one in found.files:
        row = [f"{one.file:{width}}", *(f"{one.kinds[kind]:>7}" for kind in KINDS)]
        numbers = (one.rules, one.primary, len(one.undated), len(one.overdue))
        row += [f"{number:>9}" for number in numbers]
        row.append(f"{'-' if one.cases is None else len(one.untested):>9}")
        lines.append("".join(row) + ("" if one.encoded else "  not encoded"))
    wanting = {
        "no case:": [rule for one in found.files for rule in one.untested],
        "no date of effect:": [rule for one in found.files for rule in one.undated],
        "past their review:": [rule for one in found.files for rule in one.overdue],
    }
    for title, ids in wanting.items():
        if ids:
            lines += ["", title, *(f"  {rule}" for rule in ids)]
    bare = sum(not one.encoded for one in found.files)
    rules = sum(one.rules for one in found.files)
    cases = "no case files" if found.cases is None else f"{found.cases} cases"
    lines += ["", f"{rules} rules in {len(found.files)} files, {cases}; {bare} places not encoded"]
    return "\n".join(lines) + "\n"
