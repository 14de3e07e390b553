"""Locks that the system lets go of when their holder ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from engine.clock import format_instant
from engine.problem import ForbearError

from .disk import writing

LOCK: Final = ".lock"
_FAR: Final = 1 << 20  # where Windows locks a byte, behind what others may read


class Busy(ForbearError):
    """Another run is writing into the same directory; `who` says which."""

    def __init__(self, path: Path, who: str = "") -> None:
        """Name the directory, and who is at work there."""
        super().__init__(f"another run is writing into {path}{f': {who}' if who else ''}")
        self.path = path
        self.who = who


@contextlib.contextmanager
def alone(out: Path, what: str) -> Iterator[None]:
    """Hold a directory's lock, for `what`, in words. Raises Busy, CannotWrite.

    INVARIANT: no file says whether somebody holds it; the system does. A lock left by a process
    that was killed is none.
    """
    path = out / LOCK
    with writing(path):
        file = path.open("a+b")
    with file:
        if not _lock(file):
            raise Busy(out, _who(path))
        with writing(path):
            file.truncate(0)
            file.write(f"process {os.getpid()}, {what}\n".encode())
            file.flush()
        yield


def _who(path: Path) -> str:
    """Who holds a lock, by what was written when it was taken, and since when."""
    try:
        told = path.read_text(encoding="utf-8").strip()
        since = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError:
        return ""
    return f"{told}, since {format_instant(since)}" if told else ""


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
