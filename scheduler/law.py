"""The rulebook that a home decides by: the directories of its settings, and its own `house`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.problem import Problem, Problems
from engine.reading import read_disk
from engine.rulebook import NOT_RULES, Rulebook, check, law_directory

from .settings import Settings

FOLDERS = ("rules", "rules/house", "jurisdictions")


@dataclass(frozen=True, slots=True)
class Law:
    """A rulebook with the files it was made of: (path as shown, content), sorted."""

    rulebook: Rulebook
    files: tuple[tuple[str, bytes], ...]


def directories(settings: Settings) -> list[Path]:
    """The directories of the settings. Raises NotFound if the bundled law is not there."""
    return [law_directory() if one is None else one for one in settings.rulebook]


def rule_files(bases: Sequence[Path], house: Path | None) -> list[tuple[Path, str]]:
    """Every rule file of these directories and of `house`, with its path as shown; sorted by that.

    A file of `house` is shown as `house/NAME.yaml`; it takes the place of the file of that name in
    a directory's `rules/house`.
    """
    own = sorted(house.glob("*.yaml")) if house else []
    names = {path.name for path in own}
    found = [(path, f"house/{path.name}") for path in own]
    for base in bases:
        for folder in FOLDERS:
            found += [
                (path, f"{folder}/{path.name}")
                for path in sorted((base / folder).glob("*.yaml"))
                if not (folder == "rules/house" and path.name in names)
            ]
    kept = (one for one in found if one[1] not in NOT_RULES)
    return sorted(kept, key=lambda one: one[1])


def load_law(bases: Sequence[Path], house: Path | None = None) -> Law:
    """The whole rulebook of these directories, or Problems with all that is wrong in any file."""
    sources: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for path, shown in rule_files(bases, house):
        data, unread = read_disk(path, shown)
        problems.extend(unread)
        if data is not None:
            sources.append((shown, data))
    book, found = check(sources)
    problems.extend(found)
    if book is None or problems:
        raise Problems(problems)
    return Law(book, tuple(sources))


def law_of(settings: Settings) -> Law:
    """The rulebook of the settings and of the home's own `house`; raises Problems, NotFound.

    Without the rules of places that `minimum_confidence` leaves out; its files are whole.
    """
    law = load_law(directories(settings), settings.house)
    return Law(law.rulebook.at_least(settings.minimum_confidence), law.files)
