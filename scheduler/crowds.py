"""Crowds: contact groups that share a number or person too widely to be one group.

A switchboard's number, or a person met in hundreds of files, connects nobody (`linked`), but what
is counted by it is counted over all who have it, and its allowance is given out once. So those
groups are decided together, whatever part they would stand in.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from .humans import humans_of
from .linked import Linked
from .records import Tables

SCHEMA = {"group": pl.String(), "crowd": pl.String()}


def crowds(source: Tables, linked: Linked) -> pl.DataFrame:
    """The groups that are in a crowd: group and crowd, named by its smallest group; sorted."""
    keys = [*linked.switchboards, *linked.hubs]
    if not keys:
        return pl.DataFrame(schema=SCHEMA)
    touched = pl.concat(_touching(source, keys)).unique().collect(engine="streaming")
    pairs = touched.join(linked.groups, on="consumer").select("group", "key").unique().sort("key")
    found = _components(pairs)
    rows = {"group": list(found), "crowd": list(found.values())}
    return pl.DataFrame(rows, schema=SCHEMA).sort("group")


def _touching(source: Tables, keys: Sequence[str]) -> list[pl.LazyFrame]:
    """Pairs of consumer and shared key, from wherever the key may stand in a file."""
    places = {
        "contact_points": ("number", "owner"),
        "consumers": ("person",),
        "contacts": ("intended_for", "reached"),
        "statements": ("by",),
    }
    whole = set(keys)
    maybe = {one: other for one, other in humans_of(source).maybe.items() if other in whole}
    return [
        source.scan(table)
        .filter(pl.col(column).is_in([*keys, *maybe]))
        .select("consumer", pl.col(column).replace(maybe).alias("key"))
        for table, columns in places.items()
        for column in columns
    ]


def _components(pairs: pl.DataFrame) -> dict[str, str]:
    """Each group's crowd: groups joined by any key; `pairs` (group, key) are sorted by key."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent.setdefault(above, above)
            name = parent[name]
        return name

    last: tuple[str, str] | None = None
    for group, key in pairs.iter_rows():
        one = root(group)
        if last is not None and last[1] == key:
            other = root(last[0])
            parent[max(one, other)] = min(one, other)
        last = (group, key)
    return {group: root(group) for group in parent}
