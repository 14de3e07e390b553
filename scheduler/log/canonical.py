"""The canonical bytes of records, of any version, for many records at once (README.md says which).

Each field is a netstring, `LENGTH:BYTES,`, and nothing is `-`, so that no two records have the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from .records import PERSONAL, PUBLIC, SITUATIONS, VERSION, Field, fields_of
from .tree import Edge, leaf_hash

RECORDS: Final = "forbear record "
NOTHING: Final = "-"
_AFTER: Final = {True: ",", False: ""}
HEAD_WORDS: Final = (
    "format",
    "kind",
    "run",
    "day",
    "now",
    "input",
    "rulebook",
    "versions",
    "settings",
    "situations",
)
"""What of segment.json every record of the segment stands on."""


def netstring(text: str) -> str:
    """One text as a field of the canonical bytes."""
    return f"{len(text.encode())}:{text},"


def _text(field: Field) -> pl.Expr:
    """A field's value as text; instants are whole microseconds since 1970."""
    cell = pl.col(field.name)
    if isinstance(field.kind, pl.Datetime):
        return cell.dt.timestamp("us").cast(pl.String)
    if isinstance(field.kind, pl.Date):
        return cell.dt.strftime("%Y-%m-%d")
    if isinstance(field.kind, pl.List):
        one = pl.element()
        inner = pl.concat_str(one.str.len_bytes().cast(pl.String), pl.lit(":"), one, pl.lit(","))
        return cell.list.eval(inner.fill_null("-")).list.join("")
    return cell.cast(pl.String)


def _part(frame: pl.DataFrame, head: str, fields: Sequence[Field]) -> pl.Series:
    """The canonical bytes of one part of each record, as binary.

    `fixed` is what stands before the next field in every record alike: so fields that are the same
    throughout cost nothing, and of the others two pieces are joined, `LENGTH:` with all that stands
    before it, looked up by the length, and the value.
    """
    if frame.is_empty():
        return pl.Series("part", [], dtype=pl.Binary())
    texts = frame.lazy().select(_text(field) for field in fields).collect()
    pieces: list[pl.Series] = []
    fixed = head
    for cell in texts:
        nulls = cell.null_count()
        if nulls == cell.len():
            fixed += NOTHING
        elif not nulls and cell[0] == cell[-1] and (cell == cell[0]).all():
            fixed += netstring(cell[0])
        elif nulls:
            pieces += [_before(cell, fixed), cell, cell.is_not_null().replace_strict(_AFTER)]
            fixed = ""
        else:
            pieces += [_before(cell, fixed), cell]
            fixed = ","
    joined = pl.DataFrame([one.alias(str(at)) for at, one in enumerate(pieces)])
    told = [*(pl.col(name) for name in joined.columns), pl.lit(fixed)]
    whole = pl.concat_str(told, ignore_nulls=True).cast(pl.Binary).alias("part")
    if not pieces:
        return pl.Series("part", [fixed.encode()] * frame.height, dtype=pl.Binary())
    return joined.select(whole)["part"]


def _before(cell: pl.Series, fixed: str) -> pl.Series:
    """What stands before each value: what all have alike, and `LENGTH:`, or nothing's mark."""
    size = cell.str.len_bytes()
    most = size.max()
    assert isinstance(most, int)  # some value is not null
    table = [*(f"{fixed}{length}:" for length in range(most + 1)), f"{fixed}{NOTHING}"]
    return pl.Series(table).gather(size.fill_null(most + 1))


def public(frame: pl.DataFrame, head: str, version: int = VERSION) -> pl.Series:
    """The public part of records; `head` is the digest of what their segment has in common."""
    start = netstring(f"{RECORDS}{version}") + netstring(head)
    return _part(frame, start, fields_of(version, PUBLIC))


def personal(frame: pl.DataFrame, version: int = VERSION) -> pl.Series:
    """The personal part of records."""
    return _part(frame, netstring(f"{RECORDS}{version}"), fields_of(version, PERSONAL))


def head_of(document: Mapping[str, Any]) -> str:
    """The digest of what a segment's records have in common, of its segment.json."""
    given = {word: document.get(word) for word in HEAD_WORDS}
    text = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def situation_leaves(frame: pl.DataFrame) -> bytes:
    """The leaf hashes of situations, in the order of their names, 32 bytes each."""
    fields = [Field(name, kind, False) for name, kind in SITUATIONS.items()]
    start = netstring("forbear situation 1")
    return b"".join(
        leaf_hash(one)
        for rows in frame.sort("situation").iter_slices(50_000)
        for one in _part(rows, start, fields)
    )


def situations_of(frame: pl.DataFrame) -> str:
    """How many situations there are, and the head of the tree over them."""
    edge, _ = Edge().grow(situation_leaves(frame))
    return f"{edge.size} sha256:{edge.root.hex()}"
