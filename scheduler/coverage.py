"""How well the rulebook is founded: its rules by file, their authority, dates, reviews, cases.

`coverage_page` shows the same as a page with a map.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from engine.cases import Case, Decided, read
from engine.problem import ForbearError
from engine.reading import Entry, Place
from engine.rule import Ask, Rule
from engine.rulebook import Rulebook

KINDS = ("block", "require", "notice", "window", "limit", "wait")
COLUMNS = ("rules", "primary", "secondary", "no date", "overdue", "entries", "per rule", "untested")
OFFICIAL = "official"  # cases of the whole federal law, wherever they stand
UNSAYABLE = frozenset({"codebtor_stay"})  # facts that no word of a case can make so


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One rule file: `untested` and `overdue` are ids of rules, `cases` counts them by rule.

    `primary`: read in the text of the law itself (confidence high); `secondary`: by others, or of
    low confidence. `cases` None: no cases known. `beyond`: rules that no case can be written for.
    `entries`: what became of each entry researched about a place.
    """

    file: str
    path: str
    name: str
    encoded: bool
    rules: int
    kinds: Mapping[str, int]
    primary: int
    secondary: int
    confidence: Mapping[str, int]
    undated: tuple[str, ...]
    overdue: tuple[str, ...]
    cases: Mapping[str, int] | None = None
    untested: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    place: Place | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)


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


def cases_beside(law: Path) -> Path:
    """Where the cases of a directory of law stand; an installation has none there."""
    return law / "tests" / "cases"


def case_files(beside: Path) -> list[Path]:
    """The case files that stand beside the rules, sorted; none in an installation."""
    return sorted(cases_beside(beside).rglob("*.yaml"))


def touched(
    rulebook: Rulebook,
    paths: Mapping[Path, str],
    decide: Callable[[Case], Decided],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> tuple[dict[str, int], int]:
    """By rule, how many cases it has a say in: it refuses, is kept, is lifted or gives a duty.

    `paths` are case files, each with its path below their folder: a rule's cases stand at the
    rule's own path, or are official examples. A case that cannot be read or decided counts for
    none. Also how many cases there are.
    """
    found = _Touched()
    homes = {rule.id: rule.position.path for rule in rulebook.rules}
    for done, (path, shown) in enumerate(paths.items()):
        if not done % 10:
            progress("running the cases", done, len(paths))
        official = PurePosixPath(shown).parts[0] == OFFICIAL
        for case in read(str(path), path.read_bytes()).cases:
            found.cases += 1
            if isinstance(case, Case):
                said = _rules_of(case, decide)
                found.counts.update(one for one in said if official or homes.get(one) == shown)
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
        path=rules[0].position.path
        if rules
        else f"{'jurisdictions' if place else 'rules'}/{act}.yaml",
        name=rulebook.acts[act],
        encoded=place is None or place.encoded,
        rules=len(rules),
        kinds={kind: kinds[kind] for kind in KINDS},
        primary=sum(rule.confidence == "high" and not rule.house for rule in rules),
        secondary=sum(rule.confidence != "high" and not rule.house for rule in rules),
        confidence={word: confidence[word] for word in ("high", "medium", "low")},
        undated=tuple(rule.id for rule in rules if rule.effective_from is None),
        overdue=tuple(
            rule.id for rule in rules if rule.review_by is not None and rule.review_by < today
        ),
        cases=None if counts is None else {rule.id: counts.get(rule.id, 0) for rule in rules},
        untested=()
        if counts is None
        else tuple(rule.id for rule in rules if not counts.get(rule.id) and not _beyond(rule)),
        beyond=tuple(rule.id for rule in rules if _beyond(rule)),
        place=place,
        entries=place.entries if place else {},
    )


def _beyond(rule: Rule) -> bool:
    """Whether a rule needs a fact that a case has no word for; one of several is not needed."""
    return any(isinstance(one, Ask) and one.fact in UNSAYABLE for one in rule.when)


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
                "secondary": one.secondary,
                "confidence": dict(one.confidence),
                "undated": list(one.undated),
                "overdue": list(one.overdue),
                "cases": None if one.cases is None else dict(one.cases),
                "untested": list(one.untested),
                "beyond_cases": list(one.beyond),
                "head": None if one.place is None else _head(one.place),
                "entries": {
                    key: {"rules": list(entry.rules), "why": entry.why or None}
                    for key, entry in one.entries.items()
                },
            }
            for one in found.files
        ],
        "rules": sum(one.rules for one in found.files),
        "entries": sum(len(one.entries) for one in found.files),
        "cases": found.cases,
        "untested": found.untested,
    }


def _head(place: Place) -> dict[str, Any]:
    """What a place asks at the head of its file; unknown where it does not say."""
    return {
        "licence": place.licence.required if place.licence else "unknown",
        "recording_consent": place.recording_consent.parties
        if place.recording_consent
        else "unknown",
        "limitation_years": {
            kind: "unknown" if years is None else years
            for kind, years in place.limitation_years.items()
        },
        "within": place.within,
        "zones": list(place.zones),
    }


def _per_rule(one: FileCoverage) -> str:
    """How many cases a rule of the file has on the average."""
    return "-" if not one.cases else f"{sum(one.cases.values()) / one.rules:.1f}"


def as_text(found: Coverage) -> str:
    """Coverage as a table, the rules that want something below it, and the count."""
    width = max(len(one.file) for one in found.files)
    head = [f"{'file':{width}}", *(f"{kind:>8}" for kind in KINDS)]
    head += [f"{word:>10}" for word in COLUMNS]
    lines = ["".join(head)]
    for one in found.files:
        row = [f"{one.file:{width}}", *(f"{one.kinds[kind]:>8}" for kind in KINDS)]
        numbers = (one.rules, one.primary, one.secondary, len(one.undated), len(one.overdue))
        row += [f"{number:>10}" for number in numbers]
        row.append(f"{len(one.entries) if one.place else '-':>10}")
        row.append(f"{_per_rule(one):>10}")
        row.append(f"{'-' if one.cases is None else len(one.untested):>10}")
        lines.append("".join(row) + ("" if one.encoded else "  not encoded"))
    wanting = {
        "no case:": [rule for one in found.files for rule in one.untested],
        "no case can be written for:": [rule for one in found.files for rule in one.beyond],
        "no date of effect:": [rule for one in found.files for rule in one.undated],
        "past their review:": [rule for one in found.files for rule in one.overdue],
    }
    for title, ids in wanting.items():
        if ids:
            lines += ["", title, *(f"  {rule}" for rule in ids)]
    bare = sum(not one.encoded for one in found.files)
    rules = sum(one.rules for one in found.files)
    cases = f"{found.cases} cases"
    if found.cases is None:
        cases = "no case files beside them (an installation has none; --cases DIR names some)"
    lines += ["", f"{rules} rules in {len(found.files)} files, {cases}; {bare} places not encoded"]
    return "\n".join(lines) + "\n"
