"""Files that are written whole or not at all, and what is said where they cannot be."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

NO_ROOM: Final = "no space left on device"
HARDLY: Final = 64 << 10  # bytes


class CannotWrite(ForbearError):
    """A place could not be written: `path`, and the system's reason `why`."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the place and the reason."""
        super().__init__(f"{path} cannot be written: {why}")
        self.path = path
        self.why = why

    def __reduce__(self) -> tuple[type[CannotWrite], tuple[Path, str]]:
        """How it comes from one process to another."""
        return CannotWrite, (self.path, self.why)


class Spoilt(ForbearError):
    """What was worked out is wrong, and must not be taken up."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of any failure to write inside that this path cannot be written (CannotWrite)."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CannotWrite(path, _reason(path, error)) from error


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if is_full(path):
        return NO_ROOM
    lines = str(error).strip().splitlines() or ["unknown reason"]
    return re.sub(r" \(os error \d+\)$", "", lines[0].lower())


def is_full(path: Path) -> bool:
    """Whether the disk that holds a path, there or not yet, has hardly any room left.

    What writes for us does not always say that this was why it could not.
    """
    for place in (path, *path.absolute().parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free < HARDLY
    return False


def sync(path: Path) -> None:
    """Have the system put a file or directory on disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # directories cannot be opened there
    handle = os.open(path, os.O_RDONLY if path.is_dir() or sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place in one step, on disk: whole, or not at all. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write plain data with its digest behind it, whole or not at all. Raises OSError."""
    text = json.dumps(record, ensure_ascii=False).encode()
    write_whole(path, text + b"\n" + hashlib.sha256(text).hexdigest().encode() + b"\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """A record as it was written; None if it is not there or not whole."""
    try:
        text, digest, rest = path.read_bytes().split(b"\n")
    except (OSError, ValueError):
        return None
    if rest or hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    found: dict[str, Any] = json.loads(text)
    return found
