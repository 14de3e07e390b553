"""Published lists by name: a day's list of everybody is `DAY`, a region's `DAY.REGION`.

A day is put out as one list or by region, never both. What was made anew is kept beside it with a
number behind its name and is no list in force.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from engine.clock import parse_date

from .regions import ROWS

MANIFEST: Final = "manifest.json"
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.([a-z][a-z0-9-]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Published:
    """A list in force: `region` None for one of everybody; `place` is its directory."""

    day: date
    region: str | None
    place: Path

    def manifest(self) -> dict[str, Any]:
        """What it stands on. Raises OSError, ValueError."""
        found: dict[str, Any] = json.loads((self.place / MANIFEST).read_text(encoding="utf-8"))
        return found


def name_of(day: date, region: str | None) -> str:
    """The name of a list's directory."""
    return day.isoformat() if region is None else f"{day.isoformat()}.{region}"


def read_name(text: str) -> tuple[date, str | None] | None:
    """The day and region of a directory's name; None where it names no list in force."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    try:
        return parse_date(match[1]), match[2]
    except ValueError:
        return None


def shown(day: date, region: str | None) -> str:
    """A list, in words."""
    return day.isoformat() if region is None else f"{day.isoformat()} for {region}"


def lists_in(place: Path) -> list[Published]:
    """Every list in force in a directory: the newest day first, a day's regions by name."""
    found = []
    for path in place.glob("????-??-??*"):
        told = read_name(path.name)
        if told is not None and (path / MANIFEST).is_file():
            found.append(Published(*told, path))
    found.sort(key=lambda one: one.place.name)
    return sorted(found, key=lambda one: one.day, reverse=True)


def lists_of_day(place: Path, day: date) -> list[Published]:
    """A day's lists in force, by name."""
    found = [place / day.isoformat(), *place.glob(f"{day.isoformat()}.*")]
    told = [(path, read_name(path.name)) for path in found if (path / MANIFEST).is_file()]
    lists = [Published(*name, path) for path, name in told if name is not None]
    return sorted(lists, key=lambda one: one.place.name)


def number_of(row_id: int) -> int:
    """The number of the region that a row's own number belongs to; 0 for a list of everybody."""
    return (row_id - 1) // ROWS


def first_row(number: int) -> int:
    """The number of the first row of a region's list."""
    return number * ROWS + 1
