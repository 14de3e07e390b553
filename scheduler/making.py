"""A day's directory: made aside, then published in one step, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO

import polars as pl

from engine.problem import ForbearError


class CannotWrite(ForbearError):
    """A place could not be written: `path`, and the system's reason `why`."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the place and the reason."""
        super().__init__(f"{path} cannot be written: {why}")
        self.path = path
        self.why = why


class DayExists(ForbearError):
    """The day's list was put out already, in `path`."""

    def __init__(self, path: Path) -> None:
        """Name the finished directory."""
        super().__init__(
            f"the list of {path.name} was put out already ({path}); "
            "with --again it is made anew and the first kept beside it"
        )
        self.path = path


class Busy(ForbearError):
    """Another run is writing into the same directory."""

    def __init__(self, path: Path) -> None:
        """Name the directory."""
        super().__init__(f"another run is writing into {path}")
        self.path = path


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of any failure to write inside that this path cannot be written (CannotWrite)."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CannotWrite(path, _reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).strip().splitlines() or ["unknown reason"]
    return lines[0].lower()


@contextlib.contextmanager
def making(out: Path, day: date, again: bool) -> Iterator[Path]:
    """A fresh directory in `out` to make the day in; it is gone when the block is left.

    Raises DayExists (unless `again`), Busy, CannotWrite.
    """
    final = out / day.isoformat()
    if final.exists() and not again:
        raise DayExists(final)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        if final.exists() and not again:
            raise DayExists(final)
        place = out / f".making-{day.isoformat()}"
        with writing(place):
            if place.exists():  # left by a run that was killed: nothing of it was published
                shutil.rmtree(place)
            place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the directory's lock; the system lets go of it if we are killed."""
    path = out / ".lock"
    with writing(path):
        file = path.open("a+b")
    with file:
        if not _lock(file):
            raise Busy(out)
        yield


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def publish(place: Path, final: Path) -> Path | None:
    """Give a finished directory its name; what had that name is kept as `NAME.1`, `.2`, ...

    Everything is on disk before the name is given. Returns where the earlier one was kept, or None.
    """
    with writing(final):
        for path in sorted(place.rglob("*")):
            sync(path)
        sync(place)
        kept = _free_name(final) if final.exists() else None
        if kept is not None:
            final.rename(kept)
        try:
            place.rename(final)
        except OSError:
            if kept is not None:
                kept.rename(final)
            raise
        sync(final.parent)
    return kept


def _free_name(final: Path) -> Path:
    """The first of NAME.1, NAME.2, ... that is not taken."""
    number = 1
    while (kept := final.with_name(f"{final.name}.{number}")).exists():
        number += 1
    return kept


def sync(path: Path) -> None:
    """Have the system put a file or directory on disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # directories cannot be opened there
    handle = os.open(path, os.O_RDONLY if path.is_dir() or sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
