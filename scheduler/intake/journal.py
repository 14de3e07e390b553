"""What was imported, and who accepted what: one line of JSON for each file, in the home.

A line is written within the transaction, before it holds: no holes are accepted without a record
of who did so and why. A line whose rows did not come in after all is one too many, which is told
by the next import of the same file.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.clock import format_instant

from ..store.database import own_file
from .importing import Imported

FILE: Final = "imports.ndjson"
_PART: Final = 1 << 20


def write(home: Path, one: Imported, now: datetime) -> None:
    """Add a file's line to the home's record of imports. Raises OSError."""
    path = home / FILE
    own_file(path)
    line = json.dumps(_line(one, now), ensure_ascii=False, sort_keys=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _line(one: Imported, now: datetime) -> dict[str, object]:
    accepted = one.accepted
    return {
        "at": format_instant(now),
        "file": one.file.name,
        "sha256": _digest(one.file),
        "kind": one.table,
        "origin": one.origin,
        "rows": one.rows,
        "new": one.new,
        "corrected": one.corrected,
        "same": one.same,
        "set_aside": one.set_aside,
        "no_rows": dict(one.lines),
        "holes": [str(day) for day in one.holes],
        "accepted_by": None if accepted is None else accepted.by,
        "accepted_why": None if accepted is None else accepted.why,
    }


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_PART):
            found.update(part)
    return found.hexdigest()
