"""What differs between two lists of one day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from .manifest import FILE

NAMED: Final = ("now", "input", "rulebook", "versions", "settings")


def changes(earlier: Path, later: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between an earlier list of the day and the one that takes its place."""
    try:
        before = json.loads((earlier / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"unreadable": f"{earlier / FILE} cannot be read"}
    found: dict[str, Any] = {
        "because": [name for name in NAMED if before.get(name) != document[name]],
        "files": sorted(
            name
            for name in {*before.get("files", {}), *document["files"]}
            if before.get("files", {}).get(name) != document["files"].get(name)
        ),
    }
    if "log/decisions.parquet" in found["files"]:
        found |= _flips(earlier, later)
    return found


def _flips(earlier: Path, later: Path) -> dict[str, int]:
    """How many contacts are listed now and were not before, and the other way round."""

    def listed(place: Path) -> pl.Series:
        rows = pl.scan_parquet(place / "log" / "decisions.parquet").filter("listed")
        key = pl.struct("account", "point", "channel").struct.json_encode().hash()
        return rows.select(key.alias("key")).collect(engine="streaming")["key"]

    try:
        before, after = listed(earlier), listed(later)
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {
        "newly_listed": int((~after.is_in(before.implode())).sum()),
        "no_longer_listed": int((~before.is_in(after.implode())).sum()),
    }
