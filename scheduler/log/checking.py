"""One segment checked: its files, what its records have in common, every leaf, and its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.rulebook import LEAST, digest_of

from . import layout
from .canonical import head_of, situations_of
from .hashing import Block, blocks
from .note import Checkpoint
from .purged import ranges
from .reading import NoLog, read_head
from .records import SITUATIONS, version_of
from .sealing import edge_of, file_digest, marks
from .tree import SIZE, Edge

READ: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)

KEY_CHANGED: Final = (
    "the record stands in its file as it was signed for; the key of its consumer in "
    "consumers.parquet was changed"
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is not as it was: the segment, the rows from `row` to `last`, and what."""

    what: str
    segment: str | None = None
    row: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        """One line for people."""
        where = [] if self.segment is None else [f"segment {self.segment}"]
        if self.row is not None:
            several = self.last is not None and self.last != self.row
            where.append(f"rows {self.row}-{self.last}" if several else f"row {self.row}")
        return f"{', '.join(where)}: {self.what}" if where else self.what


@dataclass(frozen=True, slots=True)
class Expected:
    """What signatures say of a segment: its own checkpoint, the one before it, what was purged.

    `purged` are rows; `digest` the hash of decisions.parquet after the last purge, if there was
    one; `sizes` those of outside checkpoints, whose roots are wanted.
    """

    own: Checkpoint | None
    earlier: Checkpoint | None
    begins: bool
    purged: frozenset[int] = frozenset()
    digest: str | None = None
    sizes: tuple[int, ...] = ()


@dataclass
class Found:
    """What a segment was found to be: what is wrong, roots at the sizes wanted, nodes kept."""

    name: str
    wrong: list[Wrong] = field(default_factory=list)
    rows: int = 0
    first: int = 0
    erased: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    tiles: bytes | None = None

    def say(self, what: str, rows: Iterable[int] = ()) -> None:
        """Put something down as wrong, with the rows it is about."""
        if isinstance(rows, range):
            stretches = [(rows[0], rows[-1])] if rows else []
        else:
            stretches = ranges(sorted(rows))
        if not stretches:
            self.wrong.append(Wrong(what, self.name))
        self.wrong += [Wrong(what, self.name, first, last) for first, last in stretches]


def check_segment(log: Path, place: Path, expected: Expected, workers: int | None = None) -> Found:
    """Check one segment against what was signed."""
    found = Found(place.name)
    try:
        head = read_head(place)
        tree = head["tree"]
        before, after = edge_of(tree, "before", "first"), edge_of(tree, "after", "size")
    except (NoLog, KeyError, TypeError, ValueError, IndexError):
        found.say("segment.json cannot be read, and with it nothing else can be checked here")
        return found
    _signed(found, place, expected.own)
    _stands(found, before, after, expected)
    _files(found, log, place, head, expected.digest)
    _common(found, log, place, head)
    found.first = before.size
    _records(found, log, place, head, before, expected, workers)
    return found


def _signed(found: Found, place: Path, own: Checkpoint | None) -> None:
    if own is None:
        return
    told = own.value("segment") or ""
    name, _, digest = told.partition(" sha256:")
    if name != place.name:
        found.say(f"its checkpoint is that of segment {name or 'without a name'}")
    elif digest != file_digest(place / layout.HEAD):
        found.say("segment.json was changed after it was signed for")


def _stands(found: Found, before: Edge, after: Edge, expected: Expected) -> None:
    """Whether the segment begins where the one before ends, and ends where it was signed for."""
    if expected.begins:
        if before != Edge():
            found.say(f"it is the first, but begins at decision {before.size + 1}")
    elif expected.earlier is not None:
        size = expected.earlier.size
        if before.size < size:
            found.say(f"it overlaps the segments before it by {size - before.size} decisions")
        elif before.size > size:
            found.say(f"{before.size - size} decisions are missing before it")
        elif before.root != expected.earlier.root:
            found.say("it does not stand on the tree that the checkpoint before it signed")
    if expected.own is not None and after.size != expected.own.size:
        found.say(f"it ends at decision {after.size}, its checkpoint at {expected.own.size}")


def _files(
    found: Found, log: Path, place: Path, head: Mapping[str, Any], purged: str | None
) -> None:
    """Whether each file is there and is byte for byte what was signed for, and no other."""
    files = head.get("files")
    files = files if isinstance(files, dict) else {}
    for name in (layout.DECISIONS, layout.SITUATIONS, layout.LEAVES):
        if name not in files:
            found.say(f"segment.json does not name {name}")
    for name, kept in sorted(files.items()):
        path = log / name if "/" in name else place / name
        wanted = purged if name == layout.DECISIONS and purged else kept.get("sha256")
        try:
            if file_digest(path) != wanted:
                found.say(f"{name} was changed after it was signed for")
        except OSError:
            found.say(f"{name} is missing or cannot be read")
    found.wrong += [
        Wrong(f"{path.name} does not belong to it", found.name)
        for path in sorted(place.iterdir())
        if path.name not in (*files, layout.HEAD)
    ]


def _common(found: Found, log: Path, place: Path, head: Mapping[str, Any]) -> None:
    """Whether what the records have in common is what they stand on."""
    if head.get("head") != head_of(head):
        found.say("what its records have in common is not what they stand on")
    try:
        met = pl.read_parquet(place / layout.SITUATIONS).select(
            pl.col(name).cast(kind) for name, kind in SITUATIONS.items()
        )
        if situations_of(met) != head.get("situations"):
            found.say("its situations are not those that were sealed")
    except READ:
        found.say("its situations cannot be read")
    try:
        files = pl.read_parquet(layout.rulebook_path(log, str(head["rulebook"])))
        told = digest_of(list(files.select("path", "content").iter_rows()))
    except READ:
        found.say("the rulebook it was decided by is missing or cannot be read")
        return
    settings = head.get("settings")
    least = settings.get("minimum_confidence", LEAST) if isinstance(settings, dict) else LEAST
    if told != head["rulebook"] and least == LEAST:
        found.say("the rulebook kept for it is not the one it names")


# -- records


@dataclass
class _Seen:
    """What was met while reading the records."""

    marks: list[bytes] = field(default_factory=list)
    odd: dict[int, int | None] = field(default_factory=dict)  # place from 0 -> its row
    erased: list[int] = field(default_factory=list)
    keyless: list[int] = field(default_factory=list)
    unreadable: list[tuple[int, int]] = field(default_factory=list)
    places: int = 0

    def take(self, block: Block) -> None:
        self.marks.append(marks(block.leaves))
        self.odd.update(block.rows)
        self.erased += [self.row(one) for one in block.erased]
        self.keyless += [self.row(one) for one in block.keyless]
        if block.unreadable:
            self.unreadable.append((block.start + 1, block.start + block.unreadable))
        self.places = block.start + len(block.leaves) // SIZE

    def row(self, place: int) -> int:
        """The number of the record at a place."""
        return self.odd.get(place, place + 1) or 0


def _records(
    found: Found,
    log: Path,
    place: Path,
    head: Mapping[str, Any],
    before: Edge,
    expected: Expected,
    workers: int | None,
) -> None:
    """Every leaf, and the head of the tree they make."""
    path = place / layout.DECISIONS
    own = expected.own
    first = before.size if expected.earlier is None else expected.earlier.size
    should = 0 if own is None else own.size - first
    try:
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except READ:
        found.say("decisions.parquet cannot be read", range(1, should + 1))
        return
    should = rows if own is None else should
    if rows != should or head["rows"][layout.DECISIONS] != rows:
        found.say(f"it holds {rows} decisions, {should} were signed for")
    seen, edge, tiles = _Seen(), before, []
    roots: dict[int, bytes] = {}
    version = version_of(head.get("format"))
    for block in blocks(log, path, rows, head_of(head), workers=workers, version=version):
        seen.take(block)
        for size in expected.sizes:
            if edge.size <= size <= edge.size + len(block.leaves) // SIZE:
                part, _ = edge.grow(block.leaves[: (size - edge.size) * SIZE])
                roots[size] = part.root
        edge, fresh = edge.grow(block.leaves)
        tiles.append(fresh)
    found.rows, found.erased = rows, len(seen.erased)
    signed = own.root if own is not None else edge_of(head["tree"], "after", "size").root
    whole = edge.root == signed
    if whole:
        found.roots, found.tiles = roots, b"".join(tiles)
    _purged(found, seen, expected.purged)
    if not whole:
        _where(found, place, head, seen, should)


def _purged(found: Found, seen: _Seen, purged: frozenset[int]) -> None:
    erased = frozenset(seen.erased)
    if without := erased - purged:
        found.say("the personal part was emptied, and no purge record says so", without)
    if still := purged - erased:
        found.say("it was purged, but its personal part is there again", still)


def _where(found: Found, place: Path, head: Mapping[str, Any], seen: _Seen, should: int) -> None:
    """Name the records that are not what was sealed, by the marks that were kept of each."""
    for first, last in seen.unreadable:
        found.say("these records cannot be read", range(first, last + 1))
    rows = [seen.row(at) for at in range(seen.places)] if seen.odd else range(1, seen.places + 1)
    if seen.odd:
        _order(found, rows, should)
    elif seen.places < should:
        found.say("missing at the end", range(seen.places + 1, should + 1))
    elif seen.places > should:
        found.say("more than were sealed", range(should + 1, seen.places + 1))
    missing, emptied = frozenset(seen.keyless), frozenset(seen.erased)
    if missing:
        found.say("the key of its consumer is missing", missing)
    lost = {row for first, last in seen.unreadable for row in range(first, last + 1)}
    if changed := _changed(place, head, seen, rows) - lost - missing - emptied:
        same = not any(one.row is None for one in found.wrong)
        found.say(KEY_CHANGED if same else "the record was changed", changed)
    if all(one.row is None for one in found.wrong):
        found.say("its records are not those that were sealed; which one cannot be told any more")


def _order(found: Found, rows: Sequence[int], should: int) -> None:
    """Rows whose numbers do not follow one another."""
    there = set(rows)
    if gone := set(range(1, should + 1)) - there:
        found.say("missing", gone)
    late: set[int] = set()
    last = 0
    for row in rows:
        if row <= last:
            late.add(row)
        last = max(last, row)
    if late:
        found.say("it is not in its place", late)


def _changed(place: Path, head: Mapping[str, Any], seen: _Seen, rows: Sequence[int]) -> set[int]:
    """Rows whose leaf hash begins otherwise than when it was sealed."""
    try:
        kept = (place / layout.LEAVES).read_bytes()
        if file_digest(place / layout.LEAVES) != head["files"][layout.LEAVES]["sha256"]:
            return set()
    except (OSError, KeyError, TypeError):
        return set()
    now, mark = b"".join(seen.marks), layout.MARK
    if not seen.odd and now == kept:
        return set()
    return {
        row
        for at, row in enumerate(rows)
        if now[at * mark : (at + 1) * mark] != kept[max(row - 1, 0) * mark : row * mark]
    }
