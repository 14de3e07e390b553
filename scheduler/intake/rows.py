"""What reading a file gives: rows as columns, rows that are broken, lines that are no rows.

Every line of a file that has something on it is in one of the three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from engine.problem import ForbearError

from ..store.adding import LINE

OURS: Final = "forbear_"
"""Columns that begin so are those of a file of rows set aside; they are not read."""
TITLE: Final = "above the header"
BLANK: Final = "blank"
_ALONE: Final = 3  # columns of a file in which a line with one cell can be a heading
_LOOKED_AT: Final = 60  # lines among which the header is looked for


class IntakeError(ForbearError):
    """A file that cannot be taken in at all: one sentence says why. Nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class NoRow:
    """How a line is known that is no row, as a report's subtotal; all that is given must hold.

    `begins`: the first cell with something in it begins with one of these. `lacks`: these columns
    are empty. `has`: a column holds one of these. `alone`: one cell only has something in it. Case
    does not count. `why` is told to people.
    """

    why: str
    begins: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    has: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alone: bool = False


@dataclass(frozen=True, slots=True)
class How:
    """How a file is to be read: names its header may have, lines that are none, which sheet."""

    wanted: frozenset[str] = frozenset()
    none: tuple[NoRow, ...] = ()
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A file's rows. `rows`: its columns, text where the file has no types, and `line`.

    `broken`: the rows that are none, by number, each with what is there of it and why. `none`: the
    lines that no row was meant by, with the reason. `shape` says how it was read, for people.
    """

    rows: pl.DataFrame
    broken: tuple[tuple[int, dict[str, str], str], ...]
    shape: str
    none: tuple[tuple[int, str], ...] = ()

    @property
    def count(self) -> int:
        """How many rows the file has."""
        return self.rows.height + len(self.broken)

    @property
    def lines(self) -> dict[str, int]:
        """How many lines are no rows, by reason."""
        return dict(Counter(why for _, why in self.none))


def plain(name: str) -> str:
    """A column's name without the differences that do not count: case, blanks, hyphens.

    >>> plain(" Account-Number ")
    'account_number'
    """
    return "_".join(name.strip().lower().replace("-", " ").split())


def header_at(records: Sequence[Sequence[str]], wanted: frozenset[str]) -> int:
    """Which record is the header: the one that names the most of what is wanted, else the first.

    `records` are the first of a file; blank ones do not count. Titles above it match less.
    """
    best = next((at for at, one in enumerate(records) if any(map(str.strip, one))), 0)
    most = 1
    for at, record in enumerate(records[:_LOOKED_AT]):
        met = len({plain(cell) for cell in record} & wanted)
        if met > most:
            best, most = at, met
    return best


def header(path: Path, names: Sequence[str], wanted: frozenset[str]) -> list[str]:
    """Names of columns, trimmed; one without a name is called by its place.

    A name that stands twice is told apart by a number. Raises IntakeError if it is wanted.
    """
    found: list[str] = []
    for place, name in enumerate(names, 1):
        one = name.strip() or f"column {place}"
        if plain(one) in map(plain, found):
            if plain(one) in wanted:
                raise IntakeError(f"{path}: the header names `{' '.join(one.split())}` twice")
            one = f"{one} ({place})"
        found.append(one)
    if LINE in found:
        raise IntakeError(f"{path}: a column may not be called `{LINE}`")
    return found


@dataclass(frozen=True, slots=True)
class Recogniser:
    """The lines that are no rows, in a file whose columns are known."""

    rules: tuple[tuple[NoRow, tuple[int, ...], tuple[tuple[int, frozenset[str]], ...]], ...]

    def why(self, record: Sequence[str]) -> str | None:
        """Why a line is no row, None if it is one."""
        for rule, lacks, has in self.rules:
            if _met(record, rule, lacks, has):
                return rule.why
        return None


def recogniser(names: Sequence[str], rules: Sequence[NoRow]) -> Recogniser | None:
    """What knows the lines that are none; None if no rule can hold in such a file."""
    places = {plain(name): at for at, name in reversed(list(enumerate(names)))}
    found = []
    for rule in rules:
        lacks = tuple(places[plain(one)] for one in rule.lacks if plain(one) in places)
        has = tuple(
            (places[plain(one)], frozenset(word.strip().casefold() for word in words))
            for one, words in rule.has.items()
            if plain(one) in places
        )
        fits = not rule.alone or len(names) >= _ALONE
        if fits and (lacks or not rule.lacks) and len(has) == len(rule.has):
            found.append((rule, lacks, has))
    return Recogniser(tuple(found)) if found else None


def _met(
    record: Sequence[str],
    rule: NoRow,
    lacks: tuple[int, ...],
    has: tuple[tuple[int, frozenset[str]], ...],
) -> bool:
    if any(at < len(record) and record[at].strip() for at in lacks):
        return False
    for at, words in has:
        if at >= len(record) or record[at].strip().casefold() not in words:
            return False
    if rule.alone and sum(1 for one in record if one.strip()) != 1:
        return False
    if not rule.begins:
        return True
    first = next((cell for one in record if (cell := one.strip())), "").casefold()
    return first.startswith(tuple(one.casefold() for one in rule.begins))


def made(
    rows: pl.DataFrame,
    lines: Sequence[int],
    broken: Sequence[tuple[int, dict[str, str], str]],
    none: Sequence[tuple[int, str]],
    shape: str,
) -> Read:
    """Rows of text as they are handed on: trimmed, numbered, without those that are blank."""
    cell = pl.all().str.strip_chars()
    found = rows.select(pl.when(cell != "").then(cell)).with_columns(
        pl.Series(LINE, lines, pl.Int64())
    )
    empty = pl.all_horizontal(pl.exclude(LINE).is_null())
    blank = [(number, BLANK) for number in found.filter(empty)[LINE]] if rows.width else []
    kept = found.filter(~empty) if blank else found
    return Read(kept, tuple(broken), shape, tuple(sorted([*none, *blank])))
