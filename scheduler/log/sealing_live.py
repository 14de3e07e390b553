"""Live decisions, which wait in the store, sealed into segments of the log.

Nothing is taken from the store: a segment says up to which number it goes, and the next one begins
behind it; the store's catalogue says which segment has which. So a crash anywhere loses and doubles
nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import polars as pl

from ..disk import writing
from ..store.database import Store
from ..store.living import (
    START,
    StoredDecision,
    live_common,
    live_decisions,
    live_situations,
)
from ..store.recording import rulebook_files
from ..store.segments import live_last
from . import layout
from .cataloguing import catalogue_held
from .keys import Keys, private_folder
from .reading import read_head
from .records import DECISIONS, FORMAT, RECORD, SITUATIONS, situations_named
from .sealing import CannotSeal, Sealed, seal_held, sealed_held

Broken = Callable[[Sequence[StoredDecision], str, int], str | None]
"""Where a stretch of the live log is not what it was, after this chain and from this number on."""
AT_ONCE: Final = 200_000
PREFIX: Final = "live-"
DRAFT: Final = ".live"
LIVE: Final = "live"


def seal_live(keys: Keys, store: Store, broken: Broken) -> tuple[Sealed, ...]:
    """Put every live decision that is not in the log yet into it, in segments of their own.

    Those made while it is at work are left to the next seal: if it went on as long as there are
    new ones, a busy day would be sealed a few at a time, and a list of that day would wait for it.
    Raises CannotSeal (the store's chain does not hold: nothing behind the break is sealed),
    CannotWrite, KeyProblem, StoreError.
    """
    done: list[Sealed] = []
    private_folder(keys.log)
    with layout.writing_alone(keys.log):
        sealed_held(keys, "")  # makes up for a note that a crash left out
        catalogue_held(keys, store)
        after, chain = sealed_to(keys.log)
        last = live_last(store)
        while after < last and (rows := live_decisions(store, after, min(AT_ONCE, last - after))):
            wrong = broken(rows, chain, after + 1)
            if wrong is not None:
                raise CannotSeal(f"the live decisions in the store do not hold: {wrong}")
            for common, some in groupby(rows, key=lambda one: one.common):
                done.append(_seal(keys, store, common, list(some)))
                catalogue_held(keys, store)
            after, chain = rows[-1].seq, rows[-1].chain
    return tuple(done)


def sealed_to(log: Path) -> tuple[int, str]:
    """The number of the last live decision in the log, and the store's chain there."""
    for _, place in reversed(layout.segment_places(log)):
        told = read_head(place).get(LIVE)
        if isinstance(told, dict):
            return int(told["last"]), str(told["chain"])
    return 0, START


def _seal(keys: Keys, store: Store, common: str, rows: Sequence[StoredDecision]) -> Sealed:
    shared = json.loads(live_common(store, common) or "null")
    if not isinstance(shared, dict):
        raise CannotSeal(f"what live decisions have in common ({common}) is not in the store")
    draft = keys.log / DRAFT
    with writing(draft):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        _write(draft, store, common, shared, rows)
    try:
        return seal_held(keys, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(
    draft: Path,
    store: Store,
    common: str,
    shared: Mapping[str, Any],
    rows: Sequence[StoredDecision],
) -> None:
    """A finished segment, as a run would leave it."""
    files = rulebook_files(store, str(shared["rulebook"]))
    if not files:
        raise CannotSeal(f"the rulebook {shared['rulebook']} is not in the store")
    told = pl.DataFrame(list(_records(rows)), schema=DECISIONS, orient="row")
    told.write_parquet(draft / layout.DECISIONS, compression="zstd", compression_level=3)
    named = told.select("situations", "basis").iter_rows()
    names = sorted({name for row in named for name in situations_named(*row)})
    met = situations_of(live_situations(store, common, names))
    met.write_parquet(draft / layout.SITUATIONS, compression="zstd", compression_level=3)
    book = pl.DataFrame(files, schema={"path": pl.String(), "content": pl.Binary()}, orient="row")
    book.write_parquet(draft / layout.RULEBOOK, compression="zstd", compression_level=9)
    first, last = rows[0], rows[-1]
    public = json.loads(last.public)
    head = {
        "format": FORMAT,
        "kind": LIVE,
        "run": f"{PREFIX}{first.seq:09}",
        "day": public["day"],
        "now": public["decided_at"],
        "input": f"sha256:{last.chain}",
        **shared,
        LIVE: {"first": first.seq, "last": last.seq, "chain": last.chain},
        "rows": {
            layout.DECISIONS: told.height,
            layout.SITUATIONS: met.height,
            layout.RULEBOOK: book.height,
        },
    }
    (draft / layout.HEAD).write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")


def _records(rows: Sequence[StoredDecision]) -> Iterator[list[Any]]:
    """The records that live rows are, field by field."""
    for number, one in enumerate(rows, 1):
        if one.personal is None:
            raise CannotSeal(f"live decision {one.seq} was erased before it was sealed")
        yield record_of(one.public, one.personal, number)


def record_of(public: str, personal: str, number: int) -> list[Any]:
    """The record that both parts of a live decision are, field by field."""
    told = {**json.loads(public), **json.loads(personal), "row": number}
    return [_value(told.get(field.name), field.kind) for field in RECORD]


def _value(value: Any, kind: pl.DataType) -> Any:
    if isinstance(value, str) and isinstance(kind, pl.Datetime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(kind, pl.Date):
        return date.fromisoformat(value)
    if isinstance(value, list | dict) and isinstance(kind, pl.String):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value


def situations_of(found: Mapping[str, str]) -> pl.DataFrame:
    """Situations by name, each with its content as JSON, as a segment has them."""
    told = [{"situation": name, **json.loads(text)} for name, text in sorted(found.items())]
    return pl.DataFrame(
        [[one.get(name) for name in SITUATIONS] for one in told], schema=SITUATIONS, orient="row"
    )
