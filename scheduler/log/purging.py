"""Purging: the personal part of a consumer's records is emptied, and every proof still holds.

The key of the consumer is destroyed, so that nobody finds out by trying what stood there. The hash
of the personal part takes its place, a signed record names the rows, and only against it does a
check accept them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import format_instant
from engine.problem import ForbearError

from ..disk import sync, writing
from . import layout
from .finding import forget
from .handed_out import handed_out
from .hashing import inner_hashes
from .keys import ConsumerKeys, Keys, consumer_keys, write_safely
from .purged import DRAFTS, Purge, carry_out, destroy
from .reading import read_head
from .records import INNER, PERSONAL, fields_of, version_of
from .sealing import file_digest, sealed_held

LIST_FILES: Final = ("list", "suppressed")


class CannotPurge(ForbearError):
    """Nothing was erased: the message says why."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did: its number, records by segment, and where the same may still stand.

    `live` are the ids of live decisions erased, now or before; `mentions` counts records of others
    that name one of the consumers as the head of their contact group; `copies` are files that were
    not touched. `number` 0: there was nothing to erase in the log.
    """

    number: int
    consumers: int
    segments: tuple[tuple[str, int], ...]
    live: tuple[str, ...]
    mentions: int
    copies: tuple[Path, ...]

    @property
    def rows(self) -> int:
        """How many records were erased."""
        return sum(count for _, count in self.segments)


def purge(
    keys: Keys, consumers: Collection[str], at: datetime, reason: str, lists: Path | None = None
) -> Purged:
    """Erase the personal part of every record of these consumers, and destroy their keys.

    `lists` is where runs put out their days: the log's files there are exchanged, the lists
    themselves are named as copies. Live decisions must have been sealed before. When this returns
    everything is on disk; broken off, it is finished by whoever seals or purges next.
    Raises CannotPurge, CannotWrite, KeyProblem, CannotSeal, NotANote.
    """
    if keys.home is None:
        raise CannotPurge("a log without a home has no keys of its own: nothing can be erased")
    if "\n" in reason or not reason.strip():
        raise CannotPurge("say why in one line: the reason stands in the signed record")
    names = sorted(set(consumers))
    with layout.writing_alone(keys.log):
        carry_out(keys)
        sealed_held(keys, "")
        table = consumer_keys(keys.log)
        done, found, mentions = [], [], 0
        for _, place in layout.segment_places(keys.log):
            rows, heard = _rows(place, names)
            mentions += heard
            if rows:
                done.append((place.name, _draft(keys.log, place, rows, table), tuple(rows)))
                found.append((place.name, len(rows)))
        number = _sign(keys, done, at, reason.strip()) if done else 0
        carry_out(keys)
        with writing(keys.log):
            forget(keys.log)  # it was made of the ids that are gone now
        if not done:
            destroy(keys, names)
        live = _live(keys.log)
        copies = _copies(keys, lists, {name for name, _ in found})
    return Purged(number, len(names), tuple(found), tuple(live), mentions, tuple(copies))


def _live(log: Path) -> list[str]:
    """The ids of every live decision that was ever erased."""
    found: list[str] = []
    for _, place in layout.segment_places(log):
        scan = pl.scan_parquet(place / layout.DECISIONS)
        if read_head(place).get("kind") == "live" and INNER in scan.collect_schema():
            gone = scan.filter(pl.col(INNER).is_not_null()).select("decision_id").collect()
            found += gone["decision_id"].to_list()
    return found


def _rows(place: Path, names: Sequence[str]) -> tuple[list[int], int]:
    """The rows of these consumers in a segment, and how many of others mention them."""
    own, head = pl.col("consumer").is_in(names), pl.col("group").is_in(names)
    scan = pl.scan_parquet(place / layout.DECISIONS).filter(own | head)
    found = scan.select("row", own.fill_null(value=False).alias("own")).collect()
    mine = found.filter("own")
    return mine["row"].to_list(), found.height - mine.height


def _draft(log: Path, place: Path, rows: Sequence[int], keys: ConsumerKeys) -> str:
    """The segment's decisions without the personal part of some rows, aside; their hash."""
    path = place / layout.DECISIONS
    facts = pl.read_parquet_metadata(path)
    whole = pl.read_parquet(path)
    gone = pl.col("row").is_in(list(rows))
    version = version_of(read_head(place).get("format"))
    some = whole.filter(gone).select(pl.col(one.name).cast(one.kind) for one in fields_of(version))
    hashes = inner_hashes(some, keys, version)
    if any(one is None for one in hashes):
        raise CannotPurge(f"the key of a consumer in {place.name} is missing: see `log verify`")
    kept = pl.DataFrame({"row": some["row"], "fresh": pl.Series(hashes, dtype=pl.Binary)})
    if INNER not in whole.columns:
        whole = whole.with_columns(pl.lit(None, dtype=pl.Binary).alias(INNER))
    bare = [
        pl.when(gone).then(None).otherwise(pl.col(one.name)).alias(one.name)
        for one in fields_of(version, PERSONAL)
    ]
    left = (
        whole.join(kept, on="row", how="left", maintain_order="left")
        .with_columns(*bare, pl.coalesce("fresh", INNER).alias(INNER))
        .drop("fresh")
    )
    folder = log / DRAFTS
    with writing(folder):
        folder.mkdir(exist_ok=True)
        draft = folder / f"{place.name}.parquet"
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        left.write_parquet(
            draft,
            compression="zstd",
            compression_level=3,
            row_group_size=131_072,
            metadata={name: text for name, text in facts.items() if name in ("run", "format")},
        )
        sync(draft)
        sync(folder)
    return file_digest(draft)


def _sign(
    keys: Keys, done: Sequence[tuple[str, str, tuple[int, ...]]], at: datetime, reason: str
) -> int:
    """Put the signed record down: from here on the purge is done, if need be by the next."""
    earlier = layout.notes(keys.log, layout.PURGES)
    before = f"sha256:{sha256(earlier[-1][1].read_bytes()).hexdigest()}" if earlier else "none"
    number = earlier[-1][0] + 1 if earlier else 1
    record = Purge(number, format_instant(at), reason, before, tuple(done))
    with writing(keys.log):
        (keys.log / layout.PURGES).mkdir(exist_ok=True)
    path = layout.note_path(keys.log, number, layout.PURGES)
    write_safely(path, record.note(keys.signer).encode())
    return number


def _copies(keys: Keys, lists: Path | None, segments: Collection[str]) -> list[Path]:
    """Exchange the log's files beside lists for those that were purged; what is left is named."""
    runs = {name.partition("-")[2]: name for name in segments}
    left: list[Path] = []
    for path in sorted(lists.glob(f"*/log/{layout.DECISIONS}")) if lists is not None else ():
        with contextlib.suppress(ForbearError):
            name = runs.get(str(read_head(path.parent)["run"]))
            if name is None:
                continue
            _exchange(keys.log / layout.SEGMENTS / name / layout.DECISIONS, path)
            day = path.parent.parent
            left += sorted(one for one in day.iterdir() if one.stem in LIST_FILES)
    if keys.home is not None:
        for folder in ("backups", "portfolio"):  # a copy of the store is a directory
            place = keys.home / folder
            left += sorted(place.iterdir()) if place.is_dir() else []
        left += handed_out(keys.home)
    return left


def _exchange(source: Path, path: Path) -> None:
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.link(source, part)
        if not part.exists():
            part.write_bytes(source.read_bytes())
        part.replace(path)
        sync(path.parent)


def report(done: Purged) -> dict[str, Any]:
    """What a purge did, as plain data."""
    return {
        "purge": done.number or None,
        "consumers": done.consumers,
        "records": done.rows,
        "segments": dict(done.segments),
        "mentions": done.mentions,
        "not_reached": [str(path) for path in done.copies],
    }
