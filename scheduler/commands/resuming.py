"""What a day is made from, where a run of it may have been begun before and not finished.

A run without `--now` takes up the moment of the unfinished one, so that the day is one answer; but
only if everything else it was asked is the same still. What was read from the store is kept with
what the run did, and used again as long as nothing was written to the store since.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from engine.clock import format_instant, parse_instant

from ..checkpoints import Checkpoints
from ..disk import writing
from ..law import Law
from ..log.cataloguing import catalogue, must_be_whole
from ..log.keys import LOG, keys_of
from ..making import Making
from ..manifest import FILE
from ..questions import question_of
from ..regional import Share
from ..settings import Settings
from ..store.recording import last_rows, record_run
from ..store.segments import segments
from ..store.snapshot import write_snapshot
from .common import WrongUse, tell
from .sources import Source, checked, has_store, own_portfolio, store_of

SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Asked:
    """What `run` was asked, but for the moment: `given` is the portfolio's directory, if named.

    `share`: of one region, None for everybody.
    """

    given: Path | None
    settings: Settings
    law: Law
    day: date
    share: Share | None = None


def begin(held: Making, asked: Asked, now: datetime, *, told: bool) -> tuple[Source, datetime]:
    """What to make the day from, and the moment: `now` if it was `told`, else an unfinished run's.

    Raises WrongUse, StoreError, PortfolioError, CannotWrite.
    """
    then = None if told else _open_moment(held, asked)
    found = _source(held, asked, then or now)
    if then is not None and (
        found.portfolio.digest() != (held.open or {})["input"]
        or held.told["source"] != (held.open or {})["told"].get("source")
    ):
        found, then = _source(held, asked, now), None
    return found, then or now


def _open_moment(held: Making, asked: Asked) -> datetime | None:
    """The moment of the unfinished run, if it was asked the same by the same law and software."""
    if held.open is None:
        return None
    then = parse_instant(held.open["now"])
    question = question_of(
        asked.law.rulebook, asked.settings, asked.day, then, held.open["input"], asked.share
    )
    same = all(held.open.get(name) == value for name, value in question.items())
    return then if same else None


def _source(held: Making, asked: Asked, now: datetime) -> Source:
    settings, own = asked.settings, own_portfolio(asked.settings)
    if asked.given is None and has_store(settings):
        found = _stored(held, settings, now)
        if found is not None:
            return found
        shutil.rmtree(held.snapshot, ignore_errors=True)
        tell(f"the store knew of no account then; reading {own}")
    place = asked.given or own
    if asked.given is None and (settings.home is None or not own.is_dir()):
        raise WrongUse("no portfolio was named; say where it is with --from DIR")
    held.told.update(stored=False, source=str(place.absolute()))
    return Source(checked(place), False)


def _stored(held: Making, settings: Settings, now: datetime) -> Source | None:
    """What the store knew, read now or before; None where it knew of no account."""
    with store_of(settings) as store:
        if settings.home is not None:
            known = segments(store, keys_of(settings.home).signer.name)
            must_be_whole(settings.home / LOG, known)
        held.told.update(stored=True, source=store.shown)
        kept = Checkpoints(held.place, SNAPSHOT)
        key = {"now": format_instant(now), "store": store.shown, "rows": last_rows(store)}
        if kept.find(SNAPSHOT, key) is not None:
            tell(f"what was read from the store {store.shown} is there still")
            return Source(checked(held.snapshot), True)
        tell(f"reading the store {store.shown}, as known at {format_instant(now)}")
        with writing(held.snapshot):
            shutil.rmtree(held.snapshot, ignore_errors=True)
            rows = write_snapshot(store, held.snapshot, now, now)
        if not rows["accounts"]:
            own = own_portfolio(settings)
            if own.is_dir():
                return None
            raise WrongUse(
                f"the store {store.shown} knew of no account at {format_instant(now)}; "
                "`forbear import` takes them in, and --from DIR names a portfolio"
            )
        found = Source(checked(held.snapshot), True)
        kept.keep(SNAPSHOT, key, {}, list(held.snapshot.iterdir()))
        return found


def record(settings: Settings, final: Path, question: Mapping[str, Any]) -> None:
    """Record in the home's store a published day, if it was made from it, and its log's segment.

    Recorded already, it is no second time. Raises StoreError, CannotSeal, KeyProblem, CannotWrite.
    """
    if not question.get("told", {}).get("stored"):
        return
    document = json.loads((final / FILE).read_text(encoding="utf-8"))
    files = pl.read_parquet(final / "log" / "rulebook.parquet").rows()
    with store_of(settings) as store:
        record_run(store, document, files, parse_instant(document["now"]))
        if settings.home is not None:
            catalogue(keys_of(settings.home), store)
