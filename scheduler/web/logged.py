"""The log as the service hands it out: checkpoints, proofs, decisions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from ..live.door import Live, decision
from ..log import layout
from ..log.keys import public_key
from ..log.note import NotANote
from ..log.proving import CannotProve, locate, plain, prover
from ..log.reading import NoLog, decisions, open_log
from ..log.sealing import newest
from .problems import Refused
from .service import Log

T = TypeVar("T")


def log_of(log: Path, lists: Path, live: Live) -> Log:
    """The log in `log`, with live decisions still in the store, and days beside their lists."""

    def there() -> bool:
        return public_key(log) is not None and log.is_dir()

    read: list[tuple[int, str | None]] = []

    def checkpoint() -> str | None:
        """Asked with every permit: read again where a note was added, or any changed."""
        try:
            stamp = (log / layout.CHECKPOINTS).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if not read or read[0][0] != stamp:
            read[:1] = [(stamp, newest(log))]
        return read[0][1]

    def inclusion(name: str) -> dict[str, Any] | None:
        if not layout.notes(log):
            return None
        asked = prover(log, public_key(log))
        try:
            segment, row = locate(asked.log, name)
        except CannotProve:
            return None
        return asked.inclusion(segment, row)

    def consistency(old: str, new: str | None) -> dict[str, Any] | None:
        if not layout.notes(log):
            return None
        return _told(lambda: prover(log, public_key(log)).consistency(old, new))

    def found(name: str) -> dict[str, Any] | None:
        return decision(live, name) or _sealed(log, name) or _sealed(lists, name)

    return Log(there, checkpoint, inclusion, consistency, found)


def _told(asked: Callable[[], T]) -> T:
    """What is wrong with what was asked, as a problem of the request. Raises Refused."""
    try:
        return asked()
    except (NotANote, CannotProve) as error:
        raise Refused("wrong_request", str(error)) from error


def _sealed(place: Path, name: str) -> dict[str, Any] | None:
    """A decision in the segments of a place, None if it is not in them."""
    with suppress(NoLog, CannotProve):
        log = open_log(place)
        segment, row = locate(log, name)
        frame = decisions(segment, pl.col("row") == row).collect()
        record = frame.row(0, named=True)
        names = [one for one in frame.columns if one not in ("segment",)]
        return {**plain(record, names), "run": segment.run, "rulebook": segment.rulebook}
    return None
