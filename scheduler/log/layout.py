"""Where things of a log stand, and the one lock of whoever writes there."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..disk import writing

SEGMENTS: Final = "segments"
CHECKPOINTS: Final = "checkpoints"
RULEBOOKS: Final = "rulebooks"
PURGES: Final = "purges"
NODES: Final = "nodes.bin"
HEAD: Final = "segment.json"
DECISIONS: Final = "decisions.parquet"
SITUATIONS: Final = "situations.parquet"
RULEBOOK: Final = "rulebook.parquet"
LEAVES: Final = "leaves.bin"
LOCK: Final = ".lock"
MARK: Final = 4  # bytes of each leaf hash that leaves.bin keeps
_NUMBERED: Final = re.compile(r"(\d{6,})-(.+)")
_NOTE: Final = re.compile(r"(\d{6,})\.note")


def segment_places(log: Path) -> list[tuple[int, Path]]:
    """The segments of a log with their numbers, in order; two may have one number."""
    found = []
    folder = log / SEGMENTS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        named = _NUMBERED.fullmatch(path.name)
        if named and path.is_dir():
            found.append((int(named[1]), path))
    return sorted(found)


def notes(log: Path, folder: str = CHECKPOINTS) -> list[tuple[int, Path]]:
    """The notes in a folder of a log with their numbers, in order."""
    found = []
    place = log / folder
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        named = _NOTE.fullmatch(path.name)
        if named:
            found.append((int(named[1]), path))
    return sorted(found)


def note_path(log: Path, number: int, folder: str = CHECKPOINTS) -> Path:
    """Where the note of this number stands."""
    return log / folder / f"{number:06}.note"


def rulebook_path(log: Path, digest: str) -> Path:
    """Where the files of a rulebook are kept."""
    return log / RULEBOOKS / f"{digest.removeprefix('sha256:')}.parquet"


@contextlib.contextmanager
def writing_alone(log: Path) -> Iterator[None]:
    """Wait until nobody else writes into the log, and keep others waiting. Raises CannotWrite."""
    path = log / LOCK
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with writing(path):
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
