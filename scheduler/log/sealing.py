"""Sealing: a finished segment takes its place in the log, and a signed note says so.

Every step is on disk before the next begins, and each can be done again, so that a log is whole
wherever it was broken off: a segment gets its name when all of it is there; the note comes last,
and is made up for by whoever seals next.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.problem import ForbearError

from ..disk import sync, writing
from . import layout
from .canonical import head_of, situations_of
from .hashing import blocks
from .keys import Keys, consumer_keys, private_folder, publish_key, seed_of, write_safely
from .note import Checkpoint, Verifier, opened, read_checkpoint, sign
from .purged import carry_out
from .reading import read_head
from .records import SITUATIONS, format_of, version_of
from .tree import SIZE, TILE, Edge

DRAFT: Final = ".making-"
_CHUNK: Final = 1 << 20
Seal = Callable[[Path, Mapping[str, Any]], dict[str, Any]]


class CannotSeal(ForbearError):
    """The log cannot be added to: the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment in the log: its directory, where its decisions stand, and the note that says so.

    `first` is the place of its first decision in the log, from 0; `size` how many the log has with
    it; `checkpoint` the text of the signed note; `found`: it was sealed before.
    """

    place: Path
    first: int
    size: int
    checkpoint: str
    found: bool

    @property
    def name(self) -> str:
        """The segment's name."""
        return self.place.name


def sealed(keys: Keys, run: str) -> Sealed | None:
    """The segment of a run if it is in the log, its note made up for if that was still to come.

    Raises CannotSeal, CannotWrite, KeyProblem.
    """
    if not keys.log.is_dir():
        return None
    with layout.writing_alone(keys.log):
        return sealed_held(keys, run)


def seal(keys: Keys, made: Path, workers: int | None = None) -> Sealed:
    """Put a segment that `SegmentWriter` finished in `made` into the log, and sign for it.

    Asked again for the same run it finds the segment and says so. `made` stays as it is. When this
    returns everything is on disk. Raises CannotSeal, CannotWrite, KeyProblem, NoLog.
    """
    private_folder(keys.log)
    with layout.writing_alone(keys.log):
        return seal_held(keys, made, workers)


def seal_held(keys: Keys, made: Path, workers: int | None = None) -> Sealed:
    """`seal`, for a caller who writes alone already (`layout.writing_alone`)."""
    head = read_head(made)
    publish_key(keys)
    carry_out(keys)
    before = sealed_held(keys, str(head["run"]))
    if before is not None:
        _same(before, made)
        return before
    number, edge = _last(keys)
    with writing(keys.log):
        place, after = _put(keys, made, head, number + 1, edge, workers)
    note = _sign(keys, number + 1, place)
    return Sealed(place, edge.size, after.size, note, False)


def newest(log: Path) -> str | None:
    """The text of the newest signed note of a log, None if there is none. Raises OSError."""
    found = layout.notes(log)
    return found[-1][1].read_text(encoding="utf-8") if found else None


# -- what is there


def sealed_held(keys: Keys, run: str) -> Sealed | None:
    """`sealed`, for a caller who writes alone already."""
    _make_up(keys)
    for number, place in reversed(layout.segment_places(keys.log)):
        if place.name.partition("-")[2] == run:
            tree = read_head(place)["tree"]
            note = layout.note_path(keys.log, number).read_text(encoding="utf-8")
            return Sealed(place, tree["first"], tree["size"], note, True)
    return None


def _make_up(keys: Keys) -> None:
    """Sign for a last segment whose note was still to come."""
    places = layout.segment_places(keys.log)
    if not places:
        return
    number, place = places[-1]
    if not layout.note_path(keys.log, number).exists():
        _last_edge(keys, number - 1, place)
        _sign(keys, number, place)


def _same(before: Sealed, made: Path) -> None:
    """Refuse a run that comes again with other decisions: one question has one answer."""
    kept = read_head(before.place)["files"][layout.DECISIONS]["sha256"]
    if kept != file_digest(made / layout.DECISIONS):
        raise CannotSeal(
            f"the log has other decisions of the same run already ({before.name}); nothing was put "
            "out: the same input gave two answers"
        )


def _last(keys: Keys) -> tuple[int, Edge]:
    """The number of the last segment, and the tree's edge after it."""
    places = layout.segment_places(keys.log)
    if not places:
        if layout.notes(keys.log):
            raise CannotSeal(f"{keys.log}: there are checkpoints, but their segments are gone")
        return 0, Edge()
    number, place = places[-1]
    head = read_head(place)
    after = edge_of(head["tree"], "after", "size")
    signed = checkpoint_of(layout.note_path(keys.log, number), keys.signer.verifier)
    if (after.size, after.root) != (signed.size, signed.root) or len(places) != number:
        raise CannotSeal(f"{keys.log} is not as it was sealed: see `forbear log verify`")
    return number, after


def _last_edge(keys: Keys, number: int, place: Path) -> None:
    """Check that a segment without a note stands on the one before it."""
    before = edge_of(read_head(place)["tree"], "before", "first")
    expected = Edge()
    if number:
        signed = checkpoint_of(layout.note_path(keys.log, number), keys.signer.verifier)
        if (signed.size, signed.root) != (before.size, before.root):
            raise CannotSeal(f"{place} does not stand on the segment before it")
    elif before != expected:
        raise CannotSeal(f"{place} does not begin the log")


def edge_of(tree: dict[str, Any], word: str, size: str) -> Edge:
    """A tree's edge as segment.json writes it. Raises ValueError, KeyError, TypeError."""
    edge = Edge(int(tree[size]), tuple(bytes.fromhex(one) for one in tree[word]))
    if edge.size.bit_count() != len(edge.hashes) or any(len(one) != SIZE for one in edge.hashes):
        raise ValueError(word)
    return edge


def checkpoint_of(path: Path, verifier: Verifier) -> Checkpoint:
    """The checkpoint that a file holds. Raises NotANote, CannotSeal."""
    try:
        return read_checkpoint(opened(path.read_text(encoding="utf-8"), verifier))
    except OSError as error:
        raise CannotSeal(f"{path}: {(error.strerror or str(error)).lower()}") from error


# -- putting a segment into the log


def _put(
    keys: Keys, made: Path, head: dict[str, Any], number: int, edge: Edge, workers: int | None
) -> tuple[Path, Edge]:
    """Make the segment beside the others, and give it its name when all of it is on disk."""
    segments = keys.log / layout.SEGMENTS
    for folder in (layout.SEGMENTS, layout.CHECKPOINTS, layout.RULEBOOKS):
        (keys.log / folder).mkdir(exist_ok=True)
    place = segments / f"{number:06}-{head['run']}"
    for left in segments.glob(f"{DRAFT}*"):  # by whoever was killed: nothing of it was signed
        shutil.rmtree(left)
    draft = segments / f"{DRAFT}{head['run']}"
    draft.mkdir()
    for name in (layout.DECISIONS, layout.SITUATIONS):
        _bring(made / name, draft / name)
    _keep_rulebook(keys.log, made / layout.RULEBOOK, str(head["rulebook"]))
    _keep_consumers(keys, draft / layout.DECISIONS)
    document = _document(head, draft)
    rows = int(head["rows"][layout.DECISIONS])
    after, tiles = _hash(keys.log, draft, rows, document, edge, workers)
    document["tree"] = {
        "first": edge.size,
        "before": [one.hex() for one in edge.hashes],
        "size": after.size,
        "after": [one.hex() for one in after.hashes],
    }
    document["files"] = _files(keys.log, draft, str(head["rulebook"]))
    write_safely(draft / layout.HEAD, (json.dumps(document, indent=2) + "\n").encode())
    sync(draft)
    _keep_nodes(keys.log, edge.size, tiles)
    draft.rename(place)
    sync(segments)
    return place, after


def _bring(source: Path, target: Path) -> None:
    """The same file under another name where that can be, else a copy; on disk."""
    with contextlib.suppress(OSError):
        os.link(source, target)
    if not target.exists():
        shutil.copyfile(source, target)
    target.chmod(0o600)
    sync(target)


def _keep_rulebook(log: Path, source: Path, digest: str) -> None:
    """Keep the files of a rulebook for ever, once."""
    kept = layout.rulebook_path(log, digest)
    if kept.exists() or not source.exists():
        return
    files = pl.read_parquet(source).select("path", "content")
    part = kept.with_name(f".{kept.name}.part")
    files.write_parquet(part, compression="zstd", compression_level=9)
    part.chmod(0o600)
    sync(part)
    part.replace(kept)
    sync(kept.parent)


def _keep_consumers(keys: Keys, decisions: Path) -> None:
    """Give a key to every consumer who has none yet."""
    names = pl.scan_parquet(decisions).select(pl.col("consumer").fill_null("").unique())
    had = consumer_keys(keys.log)
    have = had.with_new(names.collect(engine="streaming")["consumer"], seed_of(keys))
    if have is not had:
        have.write(keys.log)


def _document(head: dict[str, Any], draft: Path) -> dict[str, Any]:
    """segment.json but for the tree and the files; `head` is what every record stands on."""
    found = pl.read_parquet(draft / layout.SITUATIONS).select(list(SITUATIONS))
    document = {
        **{"kind": "run", **head},
        "format": format_of(pl.read_parquet_schema(draft / layout.DECISIONS)),
        "situations": situations_of(found),
    }
    return {**document, "head": head_of(document)}


def _hash(
    log: Path, draft: Path, rows: int, document: Mapping[str, Any], edge: Edge, workers: int | None
) -> tuple[Edge, bytes]:
    """The tree's edge after these decisions, and its kept nodes; the marks are written beside."""
    tiles = []
    path = draft / layout.LEAVES
    with path.open("wb") as file:
        head, version = document["head"], version_of(document["format"])
        kept = draft / layout.DECISIONS
        for block in blocks(log, kept, rows, head, workers=workers, version=version):
            if block.unreadable or block.keyless or block.rows or block.erased:
                raise CannotSeal(f"the decisions of {draft.name} cannot be read again")
            file.write(marks(block.leaves))
            edge, fresh = edge.grow(block.leaves)
            tiles.append(fresh)
    path.chmod(0o600)
    sync(path)
    return edge, b"".join(tiles)


def marks(leaves: bytes) -> bytes:
    """The first bytes of each leaf hash, which tell which record is not as it was."""
    return memoryview(leaves).cast("I")[:: SIZE // layout.MARK].tobytes()


def _files(log: Path, draft: Path, rulebook: str) -> dict[str, dict[str, Any]]:
    found = {
        path.name: {"sha256": file_digest(path), "bytes": path.stat().st_size}
        for path in sorted(draft.iterdir())
    }
    kept = layout.rulebook_path(log, rulebook)
    if kept.exists():
        name = f"{layout.RULEBOOKS}/{kept.name}"
        found[name] = {"sha256": file_digest(kept), "bytes": kept.stat().st_size}
    return found


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, hex."""
    whole = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


# -- the note


def _sign(keys: Keys, number: int, place: Path) -> str:
    """The signed note of a segment, on disk."""
    head = read_head(place)
    after = edge_of(head["tree"], "after", "size")
    earlier = layout.note_path(keys.log, number - 1)
    before = f"sha256:{file_digest(earlier)}" if number > 1 else "none"
    lines = (
        ("segment", f"{place.name} sha256:{file_digest(place / layout.HEAD)}"),
        ("before", before),
        ("at", str(head["now"])),
    )
    note = sign(Checkpoint(keys.signer.name, after.size, after.root, lines).text(), keys.signer)
    write_safely(layout.note_path(keys.log, number), note.encode())
    return note


def _keep_nodes(log: Path, first: int, tiles: bytes) -> None:
    """Keep nodes of the tree, a help for proofs, behind those of the first decisions.

    What may stand there is of a segment that was never signed for. Where earlier ones are missing,
    none are kept: whoever needs them works them out again.
    """
    path = log / layout.NODES
    path.touch(mode=0o600)
    with path.open("r+b") as file:
        start = (first >> TILE) * SIZE
        if path.stat().st_size >= start:
            file.seek(start)
            file.write(tiles)
            file.truncate()
    sync(path)


def sealer(keys: Keys, workers: int | None = None) -> Seal:
    """What a run calls with its finished segment; its answer is the manifest's `checkpoint`.

    Asked again about the same run it gives the same answer.
    """

    def put(made: Path, common: Mapping[str, Any]) -> dict[str, Any]:
        done = seal(keys, made, workers)
        place = {"segment": done.name, "first": done.first, "size": done.size}
        return {**place, "note": done.checkpoint}

    return put
