"""manifest.json: what a run stood on, what came of it, and every file with its hash."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import TZ_VERSION
from engine.version import VERSION

from .disk import file_digest, writing

FILE: Final = "manifest.json"
NOTE: Final = "manifest.note"
Sign = Callable[[Path], str]
FORMAT: Final = "forbear manifest 1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run put out: `document` is manifest.json, `directory` where it stands.

    `kept`: where an earlier list of the day was moved, with `changes` between the two. `alarms`
    are disagreements to look into; `seconds` by stage, which no file holds.
    """

    document: Mapping[str, Any]
    directory: Path
    kept: Path | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def alarms(self) -> tuple[str, ...]:
        """Every alarm of the run, in order."""
        return tuple(self.document["alarms"])


def versions() -> dict[str, str]:
    """The software an answer was made with."""
    return {
        "forbear": VERSION,
        "python": platform.python_version(),
        "polars": pl.__version__,
        "durable_rules": metadata.version("durable_rules"),
        "pytz": metadata.version("pytz"),
        "tz_database": TZ_VERSION,
    }


def run_id(common: Mapping[str, Any]) -> str:
    """The name of a run: the first 12 hex digits of the hash of everything it depends on."""
    text = json.dumps(common, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def files_of(
    place: Path, rows: Mapping[str, int], digests: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Every file under a directory with its hash, size and rows (by the stem of its name).

    `digests` are hashes that are known already, by name.
    """
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return {
        path.relative_to(place).as_posix(): {
            "sha256": digests.get(path.relative_to(place).as_posix()) or file_digest(path),
            "bytes": path.stat().st_size,
            "rows": rows.get(path.stem),
        }
        for path in files
    }


def write(place: Path, document: Mapping[str, Any], sign: Sign | None = None) -> None:
    """Write the manifest, the last file of a run, and the note about it. Raises CannotWrite."""
    path = place / FILE
    with writing(path):
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        if sign is not None:
            (place / NOTE).write_text(sign(path), encoding="utf-8", newline="\n")
