"""Days made from the store, recorded in it, with the rulebooks they were made by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from .adding import add_told
from .database import Store
from .kept import KEPT

ORIGIN: Final = "forbear"


def record_run(
    store: Store, document: Mapping[str, Any], files: Sequence[tuple[str, bytes]], now: datetime
) -> None:
    """Record a published day: its manifest, and the files of its rulebook. Raises StoreError.

    The same day made again to the same answer is the same run and adds nothing.
    """
    texts = {path: content.decode() for path, content in files}
    run = {
        "run": document["run"],
        "day": datetime.fromisoformat(document["day"]).date(),
        "input": document["input"],
        "rulebook": document["rulebook"],
        "manifest": json.dumps(document, ensure_ascii=False, sort_keys=True),
    }
    rulebook = {
        "rulebook": document["rulebook"],
        "files": json.dumps(texts, ensure_ascii=False, sort_keys=True),
    }
    with store.writing() as connection:
        for name, row in (("rulebook", rulebook), ("run", run)):
            schema = {column.name: column.dtype for column in KEPT[name].told}
            add_told(connection, name, pl.DataFrame([row], schema=schema), ORIGIN, now)
