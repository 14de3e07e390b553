"""The rulebook: all rules of all files, the places they belong to, and the digest that names it.

Loading reads every file and reports every problem; a rulebook is whole or it is not loaded at all.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Final

from . import words
from .problem import NotFound, Problem, Problems
from .reading import (
    Licence,
    Map,
    Place,
    RecordingConsent,
    RuleFile,
    Seq,
    Sheet,
    accounted,
    compose,
    read_bytes,
    read_disk,
)
from .reading.schema import schema_json
from .rule import Position, Rule
from .situation import RuleSet

FEDERAL: Final = "federal"
REACHING: Final = ":collectors"  # ends the name of a place's rules that follow the collector
LEAST: Final = words.CONFIDENCES[-1]
FEDERAL_FILES: Final = ("fdcpa", "regulation_f")
NOT_RULES: Final = frozenset({"rules/house/strategy.yaml", "house/strategy.yaml"})  # order, pacing
__all__ = [
    "Licence",
    "Place",
    "RecordingConsent",
    "Rulebook",
    "check",
    "law_directory",
    "load",
    "read_sources",
    "schema_json",
]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule and place, and `digest` ("sha256:...") over the content of their files.

    `acts` gives the title of each file by its stem. `left_out` are the ids of rules that `at_least`
    took away. Two rulebooks are one if their digests are.
    """

    digest: str
    rules: tuple[Rule, ...] = field(compare=False)
    places: Mapping[str, Place] = field(compare=False)
    acts: Mapping[str, str] = field(compare=False)
    left_out: tuple[str, ...] = ()
    _sets: dict[tuple[str, int], RuleSet] = field(default_factory=dict, compare=False, repr=False)
    _turns: dict[str, tuple[date, ...]] = field(default_factory=dict, compare=False, repr=False)
    _reaching: list[tuple[str, ...]] = field(default_factory=list, compare=False, repr=False)

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
        """The rules decided together on a day, by one of the names of `sets`.

        Days on which the same rules hold share one RuleSet. Raises NotFound for an unknown place.
        """
        if name != FEDERAL and name.removesuffix(REACHING) not in self.places:
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

    def at_least(self, confidence: str) -> Rulebook:
        """This rulebook without the rules of places below a confidence: high, medium or low.

        Federal law and house policy stay whatever their confidence. Where any rule is taken away
        the digest is another: that of this one's digest and the word.
        """
        enough = words.CONFIDENCES[: words.CONFIDENCES.index(confidence) + 1]
        kept = tuple(one for one in self.rules if not one.place or one.confidence in enough)
        if len(kept) == len(self.rules):
            return self
        text = f"{self.digest}\nminimum_confidence: {confidence}\n"
        named = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        gone = tuple(sorted({one.id for one in self.rules} - {one.id for one in kept}))
        return Rulebook(named, kept, self.places, self.acts, gone)

    @property
    def reaching(self) -> tuple[str, ...]:
        """Places with rules that apply where the collector is, not the consumer (`reach`)."""
        found = self._reaching
        if not found:
            found.append(tuple(sorted({one.place or "" for one in self.rules if _reaches(one)})))
        return found[0]

    @property
    def sets(self) -> tuple[str, ...]:
        """Every rule set's name: `federal` (every act, and house policy), and each place.

        The rules of a place that follow the collector are a set apart.
        """
        return (FEDERAL, *self.places, *(f"{place}{REACHING}" for place in self.reaching))

    def _of(self, name: str) -> list[Rule]:
        place = None if name == FEDERAL else name.removesuffix(REACHING)
        follows = name.endswith(REACHING)
        return [one for one in self.rules if one.place == place and _reaches(one) == follows]

    def _turning_days(self, name: str) -> tuple[date, ...]:
        days = {
            day
            for rule in self._of(name)
            for day in (rule.effective_from, rule.effective_to)
            if day is not None
        }
        return tuple(sorted(days))


def _reaches(rule: Rule) -> bool:
    """Whether a rule of a place applies by where the collector is."""
    return rule.place is not None and rule.reach == "collector_place"


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
    sources, unread = read_sources(directories, house)
    book, found = check(sources)
    if book is None or unread:
        raise Problems([*unread, *found])
    return book


def read_sources(
    directories: Sequence[Path], house: Path | None = None
) -> tuple[tuple[tuple[str, bytes], ...], tuple[Problem, ...]]:
    """The rule files of directories as `check` takes them, and those that cannot be read.

    What a rulebook was made of: kept under its digest, it can be made again.
    """
    sources: list[tuple[str, bytes]] = []
    problems = _misnamed(directories, house)
    for path, shown in _files(directories, house):
        data, unread = read_disk(path, shown)
        problems.extend(unread)
        if data is not None:
            sources.append((shown, data))
    return tuple(sources), tuple(problems)


def check(sources: Sequence[tuple[str, bytes]]) -> tuple[Rulebook | None, tuple[Problem, ...]]:
    """Make a rulebook of files given as (path as shown, bytes), or say what is wrong with them."""
    files: list[RuleFile] = []
    problems: list[Problem] = []
    for shown, data in sources:
        found, wrong = read_bytes(data, shown)
        problems.extend(wrong)
        if found is not None:
            files.append(found)
    problems.extend(_across(dict(sources), files))
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


def _folders(directories: Sequence[Path], house: Path | None) -> list[tuple[Path, str]]:
    """The folders that hold rule files, each with its name as shown."""
    names = ["rules", "jurisdictions"] + ([] if house else ["rules/house"])
    found = [(directory / name, name) for directory in directories for name in names]
    return [*found, (house, "rules/house")] if house else found


def _files(directories: Sequence[Path], house: Path | None) -> list[tuple[Path, str]]:
    """Every rule file and its path as shown, in the order of that path."""
    found: dict[str, Path] = {}
    for folder, name in _folders(directories, house):
        for path in folder.glob("*.yaml"):
            shown = f"{name}/{path.name}"
            if shown not in NOT_RULES:
                found[shown if shown not in found else path.as_posix()] = path
    return [(path, shown) for shown, path in sorted(found.items())]


def _misnamed(directories: Sequence[Path], house: Path | None) -> list[Problem]:
    """Files that are meant as rules and would be passed over in silence."""
    return [
        Problem(
            "R041",
            Position(f"{name}/{path.name}", 1, 1),
            "a rule file ends in `.yaml`, not in `.yml`",
            f"call it `{path.stem}.yaml`",
        )
        for folder, name in _folders(directories, house)
        for path in sorted(folder.glob("*.yml"))
    ]


def _across(sources: Mapping[str, bytes], files: Sequence[RuleFile]) -> list[Problem]:
    """What is wrong between files that are each right."""
    read = {PurePosixPath(shown).stem for shown in sources}
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
    trees = _Trees(sources)
    _same_files(files, trees)
    _same_keys(files, trees)
    _within(files, trees)
    _entries(files, trees)
    return problems + trees.problems


class _Trees:
    """Files read once more for the places of problems between them; only made when there are."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.sources = sources
        self.problems: list[Problem] = []

    def report(
        self, code: str, path: str, message: str, hint: str, word: str, line: int = 0
    ) -> None:
        """Note a problem with a word of a file, or of its rule that begins on a line."""
        sheet = Sheet(path)
        node = compose(self.sources[path], sheet)
        if line and isinstance(node, Map) and isinstance(rules := node.get("rules"), Seq):
            node = next(item for item in rules.items if item.line == line)
        spot = node.get(word) if isinstance(node, Map) else None
        sheet.report(code, spot or node, message, hint)
        self.problems.extend(sheet.problems)

    def no_rule(self, file: RuleFile, id: str, known: Collection[str]) -> None:
        """Note that an entry of a place names a rule of another file that is not there."""
        sheet = Sheet(file.path)
        node = compose(self.sources[file.path], sheet)
        entries = node.get("entries") if isinstance(node, Map) else None
        assert isinstance(entries, Map)
        accounted.no_rule(sheet, accounted.naming(entries, id), known)
        self.problems.extend(sheet.problems)


def _same_files(files: Sequence[RuleFile], trees: _Trees) -> None:
    first: dict[str, RuleFile] = {}
    for file in files:
        known = first.setdefault(file.act, file)
        if known is not file:
            what, word = ("place", "jurisdiction") if file.place else ("act", "name")
            message = f"the {what} `{file.act}` has another file: {known.path}"
            trees.report("R044", file.path, message, "everything about it stands in one file", word)


def _same_keys(files: Sequence[RuleFile], trees: _Trees) -> None:
    """Keys are unique among the rules that are decided together: outside places, all of them."""
    first: dict[str, Rule] = {}
    for rule in (rule for file in files if file.place is None for rule in file.rules):
        known = first.setdefault(rule.key, rule)
        if known is not rule:
            where = f"{known.position.path}:{known.position.line}"
            message = f"the key `{rule.key}` is taken by a rule at {where}"
            hint = "rules that hold everywhere have keys of their own"
            path, line = rule.position.path, rule.position.line
            trees.report("R034", path, message, hint, "key", line)


def _within(files: Sequence[RuleFile], trees: _Trees) -> None:
    places = {file.act: file.place for file in files if file.place}
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
            trees.report("R043", file.path, message, hint, "within")


def _entries(files: Sequence[RuleFile], trees: _Trees) -> None:
    """An entry may be carried by a rule of another file, which must be there."""
    known = {rule.id for file in files for rule in file.rules}
    unread = {PurePosixPath(path).stem for path in trees.sources} - {file.act for file in files}
    for file in files:
        named = file.place.entries.values() if file.place else ()
        for id in dict.fromkeys(id for entry in named for id in entry.rules):
            if id not in known and id.partition("/")[0] not in unread:
                trees.no_rule(file, id, known)
