"""Checkpoints: work that is done and need not be done again after a kill.

A checkpoint is a record beside the files that the work left. The record names the run, what the
work depended on, and every file with its size and checksum; it is written whole or not at all,
after its files. What does not match in every byte is no checkpoint, and the work is done again:
nothing depends on files being whole when the record is there. The checksum is against damage;
whoever may write here may as well write the list.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .disk import file_digest, read_record, write_record, writing

FORMAT: Final = "forbear checkpoint 1"
ENDING: Final = ".done"
_CHUNK: Final = 1 << 20
NONE: Final[Mapping[Path, str]] = {}


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one run; `place` is where they are, their files there or beside it.

    `damaged` grows by the name of each one that was found not to be what was written.
    """

    place: Path
    run: str
    damaged: list[str] = field(default_factory=list, compare=False)

    def keep(
        self,
        name: str,
        key: Mapping[str, Any],
        told: Mapping[str, Any],
        files: Sequence[Path],
        digests: Mapping[Path, str] = NONE,
    ) -> None:
        """Write down that work is done: what it depended on, what it told, what it left.

        `key` and `told` are plain data, as JSON has it; `digests` are the SHA-256 of files that are
        known already, which then need not be read again. Raises CannotWrite.
        """
        path = self._path(name)
        with writing(path):
            left = {self._shown(one): _seen(one, digests.get(one)) for one in sorted(files)}
            record = {
                "format": FORMAT, "run": self.run, "name": name, "key": key, "told": told,
                "files": left,
            }  # fmt: skip
            write_record(path, record)

    def find(self, name: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """What was told when this work was done; None: it was not, or not all of it is there."""
        path = self._path(name)
        if not path.exists():
            return None
        record = read_record(path)
        asked = {"format": FORMAT, "run": self.run, "name": name, "key": key}
        if record is None or any(record.get(word) != wanted for word, wanted in asked.items()):
            self.damaged.append(name)
            return None
        for shown, seen in record["files"].items():
            if not _is(self.place / shown, seen):
                self.damaged.append(name)
                return None
        told: dict[str, Any] = record["told"]
        return told

    def tidy(self) -> None:
        """Take away all that no checkpoint names: what was half done. Raises CannotWrite."""
        with writing(self.place):
            there = list(self.place.iterdir())
            records = [path for path in there if path.suffix == ENDING]
            found = (read_record(path) for path in records)
            named = {shown for one in found if one is not None for shown in one.get("files", ())}
            for path in there:
                if path in records or path.name in named:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def drop(self, name: str, files: Sequence[Path]) -> None:
        """Take away a checkpoint that another replaces, the record first. Raises CannotWrite."""
        with writing(self.place):
            for path in (self._path(name), *files):
                path.unlink(missing_ok=True)

    def _shown(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.place)).as_posix()

    def _path(self, name: str) -> Path:
        return self.place / f"{name}{ENDING}"


def _seen(path: Path, digest: str | None) -> list[int | str]:
    """The size of a file, and its SHA-256 if that is known, else its checksum."""
    return [path.stat().st_size, digest or _checksum(path)]


def _checksum(path: Path) -> int:
    check = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            check = zlib.crc32(chunk, check)
    return check


def _is(path: Path, seen: Sequence[int | str]) -> bool:
    size, check = seen
    try:
        if path.stat().st_size != size:
            return False
        return (_checksum(path) if isinstance(check, int) else file_digest(path)) == check
    except OSError:
        return False
