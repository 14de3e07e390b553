"""Leaf hashes of decisions, block by block and side by side: sealing and checking ask for them.

leaf = H(0x00 || public part || H(salt || personal part)), salt = HMAC-SHA256(key of the consumer,
decision id). Nothing of it is stored: it is worked out again from the records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import polars as pl

from ..workers import MOST, Workers, worth
from .canonical import personal, public
from .keys import WHOLE, ConsumerKeys, KeyProblem, consumer_keys, salting
from .records import INNER, PERSONAL, VERSION, fields_of
from .tree import LEAF, SIZE

ROWS: Final = 131_072  # as many as a row group of the files holds
NO_LEAF: Final = bytes(SIZE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Some rows of a file of decisions: `count` from `start` on; `head` is their segment's.

    `version` is that of the records.
    """

    path: Path
    start: int
    count: int
    head: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Block:
    """The leaves of some rows, and what is odd about them, by their place in the file from 0.

    `erased`: the personal part is gone; `keyless`: the consumer has no key; `rows`:
    places whose `row` is not the next number, with the number there.
    """

    start: int
    leaves: bytes
    erased: tuple[int, ...] = ()
    keyless: tuple[int, ...] = ()
    rows: tuple[tuple[int, int | None], ...] = ()
    unreadable: int = 0


@dataclass
class Hasher:
    """Works out leaves; holds the consumers' keys."""

    log: Path
    held: ConsumerKeys | None = None

    @property
    def keys(self) -> ConsumerKeys:
        """The consumers' keys, read when they are first asked for; none if they cannot be."""
        if self.held is None:
            try:
                self.held = consumer_keys(self.log)
            except KeyProblem:
                self.held = ConsumerKeys(pl.DataFrame(schema=dict.fromkeys(WHOLE, pl.UInt64())))
        return self.held

    def close(self) -> None:
        """Nothing is held open."""


def salt_of(key: bytes, decision: str) -> bytes:
    """The salt of one decision: HMAC-SHA256(key, decision id)."""
    inside, outside = salting(key)
    return sha256(outside + sha256(inside + decision.encode()).digest()).digest()


def inner_hashes(
    frame: pl.DataFrame, keys: ConsumerKeys, version: int = VERSION
) -> list[bytes | None]:
    """H(salt || personal part) of decisions; None where the consumer has no key."""
    names = frame["consumer"].fill_null("")
    distinct = names.unique().to_list()
    pads = {
        name: None if key is None else salting(key)
        for name, key in zip(distinct, keys.of(distinct), strict=True)
    }
    ids = frame["decision_id"].fill_null("").cast(pl.Binary).to_list()
    told = zip(names.to_list(), ids, personal(frame, version).to_list(), strict=True)
    return [
        None
        if (pad := pads[name]) is None
        else sha256(sha256(pad[1] + sha256(pad[0] + decision).digest()).digest() + part).digest()
        for name, decision, part in told
    ]


def hash_block(hasher: Hasher, asked: Asked) -> Block:
    """The leaves of some rows; rows that cannot be read have none."""
    try:
        scan = pl.scan_parquet(asked.path)
        there = scan.collect_schema()
        fields = [pl.col(one.name).cast(one.kind) for one in fields_of(asked.version)]
        if INNER in there:
            fields.append(pl.col(INNER).cast(pl.Binary))
        frame = scan.slice(asked.start, asked.count).select(fields).collect()
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return Block(asked.start, NO_LEAF * asked.count, unreadable=asked.count)
    return _hashed(hasher.keys, frame, asked)


def _hashed(keys: ConsumerKeys, frame: pl.DataFrame, asked: Asked) -> Block:
    start, version = asked.start, asked.version
    inner = inner_hashes(frame, keys, version)
    told = [pl.col(one.name).is_null() for one in fields_of(version, PERSONAL)]
    bare = frame.select(pl.all_horizontal(told))
    places_bare = bare.to_series().arg_true().to_list()
    for place in places_bare:
        inner[place] = frame[INNER][place] if INNER in frame.columns else None
    erased = [start + place for place in places_bare]
    gone = set(places_bare)
    keyless = [start + at for at, one in enumerate(inner) if one is None and at not in gone]
    leaves = b"".join(
        [
            NO_LEAF if inside is None else sha256(LEAF + told + inside).digest()
            for told, inside in zip(
                public(frame, asked.head, version).to_list(), inner, strict=True
            )
        ]
    )
    places = pl.int_range(start + 1, start + 1 + frame.height, dtype=pl.Int64, eager=True)
    numbered = pl.DataFrame({"place": places - 1, "row": frame["row"]})
    odd = numbered.filter(pl.col("row").ne_missing(places))
    return Block(start, leaves, tuple(erased), tuple(keyless), tuple(odd.iter_rows()))


def blocks(
    log: Path,
    path: Path,
    rows: int,
    head: str,
    start: int = 0,
    workers: int | None = None,
    version: int = VERSION,
) -> Iterator[Block]:
    """The leaves of a file's rows from `start` on, in order; big files in several processes."""
    asked = [
        Asked(path, at, min(ROWS, rows - at), head, version) for at in range(start, rows, ROWS)
    ]
    count = workers or max(1, min(worth(rows // 2), MOST))
    with Workers(count, partial(Hasher, log)) as hashers:
        yield from hashers.each(hash_block, asked)
