"""A small sealed log, made up: runs of a few decisions each, for the tests of the log."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from engine.rulebook import digest_of
from scheduler.log import layout, sealing
from scheduler.log.keys import Keys, make_keys
from scheduler.log.records import DECISIONS, SITUATIONS
from scheduler.log.segment import SegmentWriter, decisions, write_decisions

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
FILES = [("rules/x.yaml", b"format: 1\n")]
NAMES = [f"{number:064x}" for number in range(7)]
COMMON: dict[str, Any] = {
    "run": "0123456789ab",
    "day": "2026-11-21",
    "now": "2026-11-21T11:00:00Z",
    "input": "sha256:00",
    "rulebook": digest_of(FILES),
    "versions": {"forbear": "0"},
    "settings": {},
}


def row(run: str, number: int, **more: Any) -> dict[str, Any]:
    """One decided candidate as a run gives it to the log."""
    permitted = number % 3 != 0
    return {
        **dict.fromkeys(DECISIONS),
        "row": number,
        "decision_id": f"{run}-{number:09}",
        "decided_at": NOW,
        "as_of": NOW,
        "day": date(2026, 11, 21),
        "permitted": permitted,
        "asked": "list",
        "asked_by": run,
        "recorded_as_of": NOW,
        "listed": permitted,
        "exhausted": False,
        "force": None if permitted else "policy",
        "rules": [] if permitted else ["a/b"],
        "duties": "identify_caller",
        "group": f"C{number // 2}",
        "account": f"A{number}",
        "consumer": f"C{number // 2}",
        "point": f"P{number}",
        "channel": "call",
        "number": f"+1781555{number:04}",
        "situations": [NAMES[number % 7]],
        "jurisdictions": "US-MA",
        "zones": "America/New_York",
        "windows_utc": "[]",
        "attempts_left": 1,
        "budgets": "[]",
        "evidence": '{"a/b":{"used":1,"max":7}}',
        **more,
    }


def segment(place: Path, run: str = COMMON["run"], count: int = 12, **more: Any) -> Path:
    """A finished segment, not sealed yet."""
    scratch, made = place / f"parts-{run}", place / f"made-{run}"
    scratch.mkdir(parents=True)
    made.mkdir()
    kinds = {**DECISIONS, "permitted": pl.Boolean()}
    rows = [row(run, number) for number in range(1, count + 1)]
    writer = SegmentWriter(made, scratch)
    told = [(name, "federal@1", "{}", ["a/b"], [], ["a/b"], None, "") for name in NAMES]
    writer.add_situations(pl.DataFrame(told, schema=SITUATIONS, orient="row"))
    common = {**COMMON, "run": run, **more}
    write_decisions(made, [decisions(pl.DataFrame(rows, schema=kinds))], common)
    writer.finish(common, count, FILES)
    return made


def home(place: Path, *counts: int) -> Keys:
    """A home with keys whose log has a segment of so many decisions each."""
    keys = make_keys(place / "home")
    for number, count in enumerate(counts):
        made = segment(place / "made", f"{number:012x}", count)
        sealing.seal(keys, made, workers=1)
    return keys


def place_of(log: Path, number: int) -> Path:
    """The directory of a segment."""
    return dict(layout.segment_places(log))[number]


def rewrite(place: Path, change: Any) -> None:
    """Change the decisions of a segment, and make everything that needs no key fit again."""
    path = place / layout.DECISIONS
    change(pl.read_parquet(path)).write_parquet(path)
    head = json.loads((place / layout.HEAD).read_text("utf-8"))
    head["files"][layout.DECISIONS]["sha256"] = sealing.file_digest(path)
    (place / layout.HEAD).write_text(json.dumps(head), "utf-8")
