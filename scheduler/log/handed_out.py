"""Where packs for examiners were written, so that a purge can name the copies it does not reach."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.clock import format_instant

from ..disk import sync, writing

FILE: Final = "handed-out.ndjson"


def remember(home: Path, place: Path, at: datetime) -> None:
    """Put down, on disk, that a pack is about to be written. Raises CannotWrite."""
    path = home / FILE
    line = json.dumps({"at": format_instant(at), "pack": str(place.absolute())})
    with writing(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(f"{line}\n")
        sync(path)


def handed_out(home: Path) -> list[Path]:
    """Every place a pack was written to, in order, each once; it may be gone by now."""
    path = home / FILE
    if not path.is_file():
        return []
    found: dict[Path, None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found[Path(json.loads(line)["pack"])] = None
        except (ValueError, KeyError, TypeError):
            continue  # a line that a kill cut off
    return list(found)
