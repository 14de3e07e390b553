"""Purge records: signed notes that name what was erased, and the hash of the file it left.

Only against such a record does a check accept an empty personal part.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import polars as pl

from ..disk import sync, writing
from . import layout
from .keys import Keys, consumer_keys, new_seed
from .note import NotANote, Signer, Verifier, opened, sign

WORD: Final = "purge"
DRAFTS: Final = ".purging"


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


# -- carrying a purge out


def last_digest(found: Sequence[Purge], segment: str) -> str | None:
    """The hash that decisions.parquet of a segment was left with by its last purge."""
    for purge in reversed(found):
        for name, digest, _ in purge.segments:
            if name == segment:
                return digest
    return None


def carry_out(keys: Keys) -> None:
    """Finish a purge that was signed for: destroy keys, renew the seed, put the new files in place.

    Each step can be done again; what was not signed for is thrown away. Raises CannotWrite,
    KeyProblem, NotANote.
    """
    if keys.home is None or not (keys.log / DRAFTS).is_dir():
        return
    drafts = sorted((keys.log / DRAFTS).glob("*.parquet"))
    with writing(keys.log):
        signed = purges(keys.log, keys.signer.verifier)
        ready = []
        gone: set[str] = set()
        for draft in drafts:
            place = keys.log / layout.SEGMENTS / draft.stem
            digest = sha256(draft.read_bytes()).hexdigest()
            if digest != last_digest(signed, place.name):
                draft.unlink()
                continue
            ready.append((draft, place / layout.DECISIONS))
            gone.update(_consumers(place / layout.DECISIONS, draft))
        if ready:
            destroy(keys, gone)
        for draft, path in ready:
            draft.replace(path)
            sync(path.parent)
        shutil.rmtree(keys.log / DRAFTS, ignore_errors=True)


def _consumers(before: Path, after: Path) -> list[str]:
    """The consumers whose records are empty in the second file and not in the first."""
    had, have = (pl.scan_parquet(path).select("consumer").collect() for path in (before, after))
    lost = have["consumer"].is_null() & had["consumer"].is_not_null()
    return had["consumer"].filter(lost).unique().to_list()


def destroy(keys: Keys, consumers: Iterable[str]) -> None:
    """Destroy the keys of consumers, and the seed they were made from. Raises CannotWrite."""
    assert keys.home is not None
    consumer_keys(keys.log).without(consumers).write(keys.log)
    new_seed(keys.home)
