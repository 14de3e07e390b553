"""Purge records: signed notes that name what was erased, and the hash of the file it left.

Only against such a record does a check accept an empty personal part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import layout
from .note import NotANote, Signer, Verifier, opened, sign

WORD: Final = "purge"


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge: when and why, by segment the rows erased (from 1) and the file's new hash.

    `before` is the hash of the purge record before it, or `none`.
    """

    number: int
    at: str
    reason: str
    before: str
    segments: tuple[tuple[str, str, tuple[int, ...]], ...]

    def text(self, origin: str) -> str:
        """The text that is signed."""
        lines = [origin, f"{WORD} {self.number}", f"before {self.before}", f"at {self.at}"]
        lines.append(f"reason {self.reason}")
        for name, digest, rows in self.segments:
            lines.append(f"segment {name} sha256:{digest} rows {shown(rows)}")
        return "\n".join(lines) + "\n"

    def note(self, signer: Signer) -> str:
        """The signed note."""
        return sign(self.text(signer.name), signer)


def shown(rows: Iterable[int]) -> str:
    """Numbers as ranges: 1-3,7."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in ranges(rows)
    )


def ranges(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as first and last of each stretch without gaps."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def _rows(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for one in text.split(","):
        first, _, last = one.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(found)


def read_purge(note: str, verifier: Verifier) -> Purge:
    """The purge a signed note records. Raises NotANote."""
    lines: Sequence[str] = opened(note, verifier).rstrip("\n").split("\n")
    try:
        origin, number, before, at, reason, *segments = lines
        values = [
            line.removeprefix(f"{word} ")
            for word, line in zip(
                (WORD, "before", "at", "reason"), (number, before, at, reason), strict=True
            )
        ]
        found = []
        for line in segments:
            word, name, digest, rows_word, rows = line.split(" ")
            if (word, rows_word) != ("segment", "rows"):
                raise ValueError
            found.append((name, digest.removeprefix("sha256:"), _rows(rows)))
        if origin != verifier.name or not number.startswith(f"{WORD} "):
            raise ValueError
        return Purge(int(values[0]), values[2], values[3], values[1], tuple(found))
    except ValueError as error:
        raise NotANote("this is not a purge record") from error


def purges(log: Path, verifier: Verifier) -> list[Purge]:
    """The purge records of a log in order. Raises NotANote, OSError."""
    return [
        read_purge(path.read_text(encoding="utf-8"), verifier)
        for _, path in layout.notes(log, layout.PURGES)
    ]
