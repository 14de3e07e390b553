"""The rulebook: all rules of all files, the places they belong to, and the digest that names it.

Loading reads every file and reports every problem; a rulebook is whole or it is not loaded at all.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Final

from .problem import NotFound, Problem, Problems
from .reading import Licence, Place, RecordingConsent, RuleFile, read_bytes, read_disk
from .rule import Position, Rule
from .situation import RuleSet

FEDERAL: Final = "federal"
FEDERAL_FILES: Final = ("fdcpa", "regulation_f")
NOT_RULES: Final = frozenset({"rules/house/strategy.yaml"})  # order and pacing
__all__ = [
    "Licence",
    "Place",
    "RecordingConsent",
    "Rulebook",
    "check",
    "law_directory",
    "load",
]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule and place, and `digest` ("sha256:...") over the content of their files.

    `acts` gives the title of each file by its stem. Two rulebooks are one if their digests are.
    """

    digest: str
    rules: tuple[Rule, ...] = field(compare=False)
    places: Mapping[str, Place] = field(compare=False)
    acts: Mapping[str, str] = field(compare=False)
    _sets: dict[tuple[str, int], RuleSet] = field(default_factory=dict, compare=False, repr=False)
    _turns: dict[str, tuple[date, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def short(self) -> str:
        """The first eight hex digits of the digest, for people."""
        return self.digest.removeprefix("sha256:")[:8]

    def rules_on(self, day: date) -> tuple[Rule, ...]:
        """The rules in force on a civil day."""
        return tuple(rule for rule in self.rules if rule.in_force(day))

    def rule(self, id: str) -> Rule:
        """The rule of an id such as `regulation_f/seven-calls`; raises NotFound."""
        for rule in self.rules:
            if rule.id == id:
                return rule
        raise NotFound("rule", id)

    def rule_set(self, name: str, day: date) -> RuleSet:
        """The rules decided together on a day: `federal` (every act, and house policy) or a place.

        Days on which the same rules hold share one RuleSet. Raises NotFound for an unknown place.
        """
        if name != FEDERAL and name not in self.places:
            raise NotFound("place", name)
        turns = self._turns.get(name)
        if turns is None:
            turns = self._turns[name] = self._turning_days(name)
        key = (name, bisect_right(turns, day))
        found = self._sets.get(key)
        if found is None:
            rules = [rule for rule in self._of(name) if rule.in_force(day)]
            found = self._sets[key] = RuleSet.of(name, rules)
        return found

    def _of(self, name: str) -> list[Rule]:
        place = None if name == FEDERAL else name
        return [rule for rule in self.rules if rule.place == place]

    def _turning_days(self, name: str) -> tuple[date, ...]:
        days = {
            day
            for rule in self._of(name)
            for day in (rule.effective_from, rule.effective_to)
            if day is not None
        }
        return tuple(sorted(days))


def law_directory() -> Path:
    """Where Forbear finds its own law: the folder that holds `rules` and `jurisdictions`.

    Both stand beside the `engine` package, in a checkout as in an installation. Raises NotFound.
    """
    found = Path(str(resources.files(__package__ or "engine"))).parent
    if not (found / "rules").is_dir():
        raise NotFound("folder", "rules")
    return found


def load(directories: Sequence[Path], house: Path | None = None) -> Rulebook:
    """Load a rulebook: all rule files of these directories, each with `rules`, `jurisdictions`.

    `house` is a folder of the firm's own policy; it takes the place of `rules/house`. Raises
    Problems with everything that is wrong in any file.
    """
    sources: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for path, shown in _files(directories, house):
        data, unread = read_disk(path, shown)
        problems.extend(unread)
        if data is not None:
            sources.append((shown, data))
    book, found = check(sources)
    problems.extend(found)
    if book is None or problems:
        raise Problems(problems)
    return book


def check(sources: Sequence[tuple[str, bytes]]) -> tuple[Rulebook | None, tuple[Problem, ...]]:
    """Make a rulebook of files given as (path as shown, bytes), or say what is wrong with them."""
    files: list[RuleFile] = []
    problems: list[Problem] = []
    for shown, data in sources:
        found, wrong = read_bytes(data, shown)
        problems.extend(wrong)
        if found is not None:
            files.append(found)
    read = {_stem(shown) for shown, _ in sources}
    problems.extend(_across(files, read))
    if problems:
        return None, Problems(problems).problems
    rules = tuple(rule for file in files for rule in file.rules)
    places = {file.place.jurisdiction: file.place for file in files if file.place}
    acts = {file.act: file.name for file in files}
    whole = Rulebook(digest_of(sources), rules, places, acts)
    return whole, ()


def digest_of(sources: Sequence[tuple[str, bytes]]) -> str:
    """The digest of files: sha256 over path, length and content of each, sorted, lines ended LF."""
    whole = hashlib.sha256(b"forbear rulebook 1\n")
    for shown, data in sorted(sources):
        content = data.replace(b"\r\n", b"\n")
        whole.update(f"{shown}\n{len(content)}\n".encode())
        whole.update(content)
    return f"sha256:{whole.hexdigest()}"


def _stem(shown: str) -> str:
    return shown.rsplit("/", 1)[-1].removesuffix(".yaml")


def _files(directories: Sequence[Path], house: Path | None) -> list[tuple[Path, str]]:
    """Every rule file and its path as shown, in the order of that path."""
    folders = ["rules", "jurisdictions"] + ([] if house else ["rules/house"])
    found = [
        (path, f"{folder}/{path.name}")
        for directory in directories
        for folder in folders
        for path in sorted((directory / folder).glob("*.yaml"))
    ]
    if house:
        found += [(path, f"rules/house/{path.name}") for path in sorted(house.glob("*.yaml"))]
    rules = (one for one in found if one[1] not in NOT_RULES)
    return sorted(rules, key=lambda one: one[1])


def _across(files: Sequence[RuleFile], read: set[str]) -> list[Problem]:
    """What is wrong between files that are each right."""
    problems = [
        Problem(
            "R045",
            Position(f"rules/{name}.yaml", 1, 1),
            "the federal law is missing; without it no rulebook is loaded",
            "put the file back; it comes with Forbear",
        )
        for name in FEDERAL_FILES
        if name not in read
    ]
    return problems + _same_files(files) + _same_keys(files) + _within(files)


def _same_files(files: Sequence[RuleFile]) -> list[Problem]:
    first: dict[str, RuleFile] = {}
    problems: list[Problem] = []
    for file in files:
        known = first.setdefault(file.act, file)
        if known is not file:
            what = "the place" if file.place else "the act"
            message = f"{what} `{file.act}` has another file: {known.path}"
            hint = "everything about it stands in one file"
            problems.append(Problem("R044", Position(file.path, 1, 1), message, hint))
    return problems


def _same_keys(files: Sequence[RuleFile]) -> list[Problem]:
    """Keys are unique among the rules that are decided together, outside places all of them."""
    first: dict[str, Rule] = {}
    problems: list[Problem] = []
    for rule in (rule for file in files if file.place is None for rule in file.rules):
        known = first.setdefault(rule.key, rule)
        if known is not rule and known.act != rule.act:
            where = f"{known.position.path}:{known.position.line}"
            message = f"the key `{rule.key}` is taken by a rule at {where}"
            hint = "rules that hold everywhere have keys of their own"
            problems.append(Problem("R034", rule.position, message, hint))
    return problems


def _within(files: Sequence[RuleFile]) -> list[Problem]:
    places = {file.act: file.place for file in files if file.place}
    problems: list[Problem] = []
    for file in files:
        outer = file.place.within if file.place else None
        if outer is None:
            continue
        known = places.get(outer)
        message = ""
        if known is None:
            message = f"`{file.act}` lies within `{outer}`, which has no file"
        elif known.within is not None:
            message = f"`{file.act}` lies within `{outer}`, which lies within another place itself"
        if message:
            hint = "a place lies within a state that has a file"
            problems.append(Problem("R043", Position(file.path, 1, 1), message, hint))
    return problems
