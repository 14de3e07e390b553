"""Proofs as small files: that a decision is in the log, that a log only grew.

Whoever has such a file and the public key can check it without the log, and without seeing any
other decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

from . import layout
from .canonical import HEAD_WORDS, head_of, personal, public, situation_leaves
from .checking import READ
from .hashing import Asked, Hasher, hash_block, salt_of
from .note import Checkpoint, NotANote, Verifier, opened, read_checkpoint
from .reading import Log, Segment, decisions, open_log, situations
from .records import (
    DECISIONS,
    INNER,
    PERSONAL,
    PUBLIC,
    RECORD,
    SITUATIONS,
    Field,
    fields_of,
    situations_named,
    version_of,
)
from .tree import (
    SIZE,
    TILE,
    Node,
    consistency,
    consistent,
    head,
    included,
    inclusion,
    leaf_hash,
    nodes_of,
)

FORMAT: Final = "forbear proof 1"
EVERY: Final = 1 << TILE


class CannotProve(ForbearError):
    """There is nothing to prove, or the log is not as it was sealed: the message says which."""


@dataclass
class Prover:
    """Makes proofs out of a log; what it worked out for one it keeps for the next."""

    log: Log
    verifier: Verifier
    hasher: Hasher = field(init=False)
    _tiles: dict[int, Node] = field(default_factory=dict)
    _upper: Node | None = None
    _met: tuple[str, pl.DataFrame, Node, dict[str, int]] | None = None

    def __post_init__(self) -> None:
        """Hold the consumers' keys when they are asked for."""
        self.hasher = Hasher(self.log.place)

    def inclusion(self, segment: Segment, row: int) -> dict[str, Any]:
        """That one decision is in the log, of the newest checkpoint. Raises CannotProve."""
        note, signed = self.checkpoint()
        index = segment.first + row - 1
        if index >= signed.size:
            raise CannotProve(f"segment {segment.name} was not signed for yet")
        record, inner = self._record(segment, row)
        path = self._whole(lambda: inclusion(index, signed.size, self.node), signed)
        told: dict[str, Any] = {
            "format": FORMAT,
            "kind": "inclusion",
            "segment": segment.name,
            "head": {word: segment.head.get(word) for word in HEAD_WORDS},
            "public": plain(record, [one.name for one in PUBLIC]),
        }
        if inner is None:
            version = version_of(segment.head.get("format"))
            names = [one.name for one in fields_of(version, PERSONAL)]
            key = self.hasher.keys.of([record["consumer"] or ""])[0]
            if key is None:
                raise CannotProve(f"the key of the consumer of {record['decision_id']} is missing")
            told["personal"] = plain(record, names)
            told["salt"] = salt_of(key, record["decision_id"] or "").hex()
            named = situations_named(record["situations"], record.get("basis"))
            told["situations"] = self._situations(segment, named)
        else:
            told["erased"] = inner.hex()
        told |= {
            "index": index,
            "path": [one.hex() for one in path],
            "checkpoint": note,
        }
        return told

    def consistency(self, old: str, new: str | None = None) -> dict[str, Any]:
        """That the log of one checkpoint (a note) begins with that of an older one."""
        note = new or self.checkpoint()[0]
        before, after = read_note(old, self.verifier), read_note(note, self.verifier)
        if before.size > after.size:
            raise CannotProve(
                f"the older checkpoint has {before.size} decisions, more than the newer"
            )
        if after.size > self.log.rows:
            raise CannotProve(f"the log has {self.log.rows} decisions, not {after.size}")
        path = self._whole(lambda: consistency(before.size, after.size, self.node), after)
        return {
            "format": FORMAT,
            "kind": "consistency",
            "old": old,
            "new": note,
            "path": [one.hex() for one in path],
        }

    def checkpoint(self) -> tuple[str, Checkpoint]:
        """The newest checkpoint. Raises CannotProve."""
        found = layout.notes(self.log.place)
        if not found:
            raise CannotProve(f"{self.log.place} was never sealed: it has no checkpoint")
        note = found[-1][1].read_text(encoding="utf-8")
        return note, read_note(note, self.verifier)

    # -- the tree's nodes

    def node(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree: from the nodes kept, or from the records below it."""
        if level >= TILE:
            if self._upper is None:
                self._upper = self._kept()
            return self._upper(level - TILE, number)
        place = (number << level) // EVERY
        if place not in self._tiles:
            self._tiles[place] = nodes_of(self._leaves(place * EVERY, (place + 1) * EVERY))
        return self._tiles[place](level, number - (place << TILE - level))

    def _kept(self) -> Node:
        path, whole = self.log.place / layout.NODES, self.log.rows // EVERY * SIZE
        kept = path.read_bytes() if path.exists() else b""
        if len(kept) < whole:
            leaves = self._leaves(len(kept) // SIZE * EVERY, self.log.rows // EVERY * EVERY)
            wide = EVERY * SIZE
            tiles = [leaves[at : at + wide] for at in range(0, len(leaves), wide)]
            kept += b"".join(head(0, EVERY, nodes_of(one)) for one in tiles)
        return nodes_of(kept[:whole])

    def _leaves(self, first: int, end: int) -> bytes:
        """The leaf hashes of the log's decisions from `first` to before `end`."""
        found = b""
        for segment in self.log.segments:
            start = max(first, segment.first)
            count = min(end, segment.first + segment.rows) - start
            if count > 0:
                path = segment.place / layout.DECISIONS
                version = version_of(segment.head.get("format"))
                digest = head_of(segment.head)
                asked = Asked(path, start - segment.first, count, digest, version)
                found += hash_block(self.hasher, asked).leaves
        return found

    def _whole(self, make: Callable[[], list[bytes]], signed: Checkpoint) -> list[bytes]:
        """A path, if the tree it was taken from is the one that was signed."""
        path = make()
        if head(0, signed.size, self.node) != signed.root:
            raise CannotProve("the log is not as it was sealed: see `forbear log verify`")
        return path

    # -- records

    def _record(self, segment: Segment, row: int) -> tuple[dict[str, Any], bytes | None]:
        try:
            scan = pl.scan_parquet(segment.place / layout.DECISIONS).slice(row - 1, 1)
            found = scan.collect().to_dicts()
        except READ as error:
            raise CannotProve(f"the decisions of {segment.name} cannot be read") from error
        if not found or row < 1:
            raise CannotProve(f"segment {segment.name} has no row {row}")
        return found[0], found[0].get(INNER)

    def _situations(self, segment: Segment, names: Sequence[str]) -> list[dict[str, Any]]:
        """The situations of a decision, each with its proof in the tree over them."""
        if self._met is None or self._met[0] != segment.name:  # a pack's proofs are one segment's
            frame = situations(segment).sort("situation")
            node = nodes_of(situation_leaves(frame))
            order = {name: at for at, name in enumerate(frame["situation"].to_list())}
            self._met = (segment.name, frame, node, order)
        _, frame, node, order = self._met
        found = []
        for name in names:
            index = order[name]
            path = inclusion(index, frame.height, node)
            told = {**frame.row(index, named=True), "index": index}
            found.append({**told, "path": [one.hex() for one in path]})
        return found


def locate(log: Log, decision: str) -> tuple[Segment, int]:
    """The segment and row of a decision by its id. Raises CannotProve."""
    run, _, number = decision.rpartition("-")
    for segment in log.segments:
        if segment.run == run and number.isdigit() and 0 < int(number) <= segment.rows:
            return segment, int(number)
    for segment in log.segments:
        asked = decisions(segment, pl.col("decision_id") == decision, ["row"])
        if (rows := asked.collect()["row"]).len():
            return segment, int(rows[0])
    raise CannotProve(f"the log has no decision `{decision}`")


def prover(place: Path, verifier: Verifier) -> Prover:
    """A prover for the log at a place. Raises NoLog."""
    return Prover(open_log(place), verifier)


def read_note(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint of a signed note. Raises NotANote."""
    return read_checkpoint(opened(note, verifier))


def plain(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Fields of a record as JSON has them: instants and days as ISO 8601."""

    def told(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat().replace("+00:00", "Z")
        return value.isoformat() if isinstance(value, date) else value

    return {name: told(record[name]) for name in names}


# -- checking without the log


def _frame(told: Mapping[str, Any]) -> pl.DataFrame:
    """A record as one row, of plain data; fields not told are null."""
    row: dict[str, Any] = {}
    for one in RECORD:
        value = told.get(one.name)
        if value is not None and isinstance(one.kind, pl.Datetime):
            value = datetime.fromisoformat(value)
        elif value is not None and isinstance(one.kind, pl.Date):
            value = date.fromisoformat(value)
        row[one.name] = value
    return pl.DataFrame([row], schema=DECISIONS, strict=True)


def _path(told: Mapping[str, Any]) -> list[bytes]:
    return [bytes.fromhex(one) for one in told["path"]]


def check_proof(document: Mapping[str, Any], verifier: Verifier) -> str:
    """Check a proof, and say in a sentence what it proves. Raises CannotProve if it does not."""
    try:
        if document.get("format") != FORMAT:
            raise CannotProve(f"this is not a proof of ours; its format would be `{FORMAT}`")
        if document["kind"] == "consistency":
            return _check_consistency(document, verifier)
        if document["kind"] != "inclusion":
            raise CannotProve(f"`{document['kind']}` is no kind of proof that we know")
        return _check_inclusion(document, verifier)
    except NotANote as error:
        raise CannotProve(f"the checkpoint in the proof: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CannotProve("the proof is not complete, or was changed") from error


def _check_consistency(document: Mapping[str, Any], verifier: Verifier) -> str:
    before = read_note(document["old"], verifier)
    after = read_note(document["new"], verifier)
    if not consistent(before.size, before.root, after.size, after.root, _path(document)):
        raise CannotProve("the newer log does not begin with the older: decisions were changed")
    return f"the log of {after.size} decisions begins with the same {before.size} decisions"


def _check_inclusion(document: Mapping[str, Any], verifier: Verifier) -> str:
    signed = read_note(document["checkpoint"], verifier)
    version = version_of(document["head"]["format"])
    _only(document["public"], PUBLIC)
    if "erased" in document:
        inner, frame = bytes.fromhex(document["erased"]), _frame(document["public"])
    else:
        _only(document["personal"], fields_of(version, PERSONAL))
        frame = _frame({**document["public"], **document["personal"]})
        inner = sha256(bytes.fromhex(document["salt"]) + personal(frame, version)[0]).digest()
    _same(frame, {**document["public"], **document.get("personal", {})})
    leaf = leaf_hash(public(frame, head_of(document["head"]), version)[0] + inner)
    if not included(leaf, document["index"], signed.size, _path(document), signed.root):
        raise CannotProve("the decision is not in the log of this checkpoint, or was changed")
    if "erased" not in document:
        _check_situations(document)
    told = document["public"]
    state = "; its personal part was erased" if "erased" in document else ""
    return (
        f"decision {told['decision_id']} ({told['verdict']}, {told['decided_at']}) is number "
        f"{document['index'] + 1} of the {signed.size} in the log{state}"
    )


def _same(frame: pl.DataFrame, told: Mapping[str, Any]) -> None:
    """Refuse values that are read as others than they say."""
    read = plain(frame.row(0, named=True), list(told))
    if json.dumps(read, sort_keys=True) != json.dumps(told, sort_keys=True):
        raise CannotProve("a value in the proof is none that its field can have")


def _only(told: Mapping[str, Any], fields: Sequence[Field]) -> None:
    """Refuse words that nothing vouches for."""
    if set(told) != {one.name for one in fields}:
        raise CannotProve("the record in the proof has not the fields of a record")


def _check_situations(document: Mapping[str, Any]) -> None:
    count, _, root = document["head"]["situations"].partition(" sha256:")
    personal = document["personal"]
    names = situations_named(personal["situations"], personal.get("basis"))
    told = document["situations"]
    if [one["situation"] for one in told] != names:
        raise CannotProve("the situations in the proof are not those of the decision")
    for one in told:
        told_row = {name: one[name] for name in SITUATIONS}
        row = pl.DataFrame([told_row], schema=SITUATIONS)
        _same(row, told_row)
        leaf = situation_leaves(row)
        if not included(leaf, one["index"], int(count), _path(one), bytes.fromhex(root)):
            raise CannotProve("a situation in the proof was changed")


def read_proof(path: Path) -> dict[str, Any]:
    """The proof in a file. Raises CannotProve, OSError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CannotProve(f"{path} is not a proof: it is not JSON") from error
    if not isinstance(document, dict):
        raise CannotProve(f"{path} is not a proof")
    return document
