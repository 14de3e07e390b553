"""The Merkle tree of RFC 9162 (section 2.1), grown by its right edge and proved from its nodes.

Hashes are SHA-256. Many hashes one behind another are held as bytes, 32 for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import iter_unpack
from typing import Final

SIZE: Final = 32
LEAF: Final = b"\x00"
NODE: Final = b"\x01"
TILE: Final = 8  # nodes of this level are kept: one for every 256 leaves
EMPTY: Final = sha256(b"").digest()

Node = Callable[[int, int], bytes]
"""The hash of the complete subtree at (level, number), counted from the left."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(NODE + left + right).digest()


def above(hashes: bytes) -> bytes:
    """The nodes over pairs of hashes; one left over at the end has none."""
    last = len(hashes) // (2 * SIZE) * (2 * SIZE)
    pairs = iter_unpack(f"{2 * SIZE}s", memoryview(hashes)[:last])
    return b"".join([sha256(NODE + pair).digest() for (pair,) in pairs])


@dataclass(frozen=True, slots=True)
class Edge:
    """A tree's right edge: its complete subtrees from the largest to the smallest.

    `size` is the number of leaves; its bits say how large each subtree is.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """The tree's head."""
        if not self.hashes:
            return EMPTY
        *others, root = self.hashes
        for one in reversed(others):
            root = node_hash(one, root)
        return root

    def grow(self, leaves: bytes) -> tuple[Edge, bytes]:
        """The edge with more leaves (their hashes), and the nodes of level TILE then complete."""
        waiting = dict(zip(_levels(self.size), self.hashes, strict=True))
        tiles = b""
        row, level = leaves, 0
        while row:
            if level == TILE:
                tiles = row
            if level in waiting:
                row = waiting.pop(level) + row
            if len(row) // SIZE % 2:
                waiting[level] = row[-SIZE:]
            row, level = above(row), level + 1
        size = self.size + len(leaves) // SIZE
        return Edge(size, tuple(waiting[one] for one in _levels(size))), tiles


def _levels(size: int) -> list[int]:
    """The levels of the complete subtrees of a tree, the largest first."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def _complete(first: int, size: int) -> int | None:
    """The level of [first, first + size) if it is one complete subtree."""
    level = size.bit_length() - 1
    return level if size == 1 << level and first % size == 0 else None


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def head(first: int, size: int, node: Node) -> bytes:
    """MTH of the leaves [first, first + size), from the nodes of complete subtrees."""
    if size == 0:
        return EMPTY
    level = _complete(first, size)
    if level is not None:
        return node(level, first >> level)
    left = _split(size)
    return node_hash(head(first, left, node), head(first + left, size - left, node))


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]): what proves that the leaf is in the tree (RFC 9162, 2.1.3.1)."""
    path: list[bytes] = []
    first, least = 0, size
    while least > 1:
        left = _split(least)
        if index - first < left:
            path.append(head(first + left, least - left, node))
            least = left
        else:
            path.append(head(first, left, node))
            first, least = first + left, least - left
    return path[::-1]


def consistency(old: int, size: int, node: Node) -> list[bytes]:
    """PROOF(old, D[size]): what proves that the tree only grew (RFC 9162, 2.1.4.1)."""
    if not 0 < old < size:
        return []
    path: list[bytes] = []
    first, least, asked, whole = 0, size, old, True
    while asked != least:
        left = _split(least)
        if asked <= left:
            path.append(head(first + left, least - left, node))
            least = left
        else:
            path.append(head(first, left, node))
            first, least, asked, whole = first + left, least - left, asked - left, False
    if not whole:
        path.append(head(first, least, node))
    return path[::-1]


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a path proves that a leaf is in the tree of this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistent(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a path proves that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY
    if not 0 < old < size or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for one in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(one, before), node_hash(one, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, one)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == root


def nodes_of(leaves: bytes) -> Node:
    """The nodes over all leaves, held together: for trees of some thousand leaves."""
    rows = [leaves]
    while len(rows[-1]) >= 2 * SIZE:
        rows.append(above(rows[-1]))

    def node(level: int, number: int) -> bytes:
        return rows[level][number * SIZE : (number + 1) * SIZE]

    return node
