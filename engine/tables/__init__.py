"""Tables of places that ship with the engine (see README.md beside this file), and their reader."""

from __future__ import annotations

import csv
from importlib import resources


def text(name: str) -> str:
    """A table as it stands in its file. Raises FileNotFoundError for one that does not ship."""
    return resources.files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table by column name, in file order; lines starting with # are its source."""
    lines = [line for line in text(name).splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))
