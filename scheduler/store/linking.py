"""Contact groups kept up: whatever anybody adds to the store, its consumers are grouped anew.

What links consumers is in `scheduler.linked`; here each thing they may share is a *key*, and the
table `link` says which consumers have which. A group is a connected component, with none parted
for being large: who shares a switchboard is counted and locked together. Links are never undone: a
group too large costs time and changes no answer.

INVARIANT: `catch_up` has seen every row up to the watermarks; whoever asks calls it first, in the
same transaction, so nobody decides by a group that a committed row has changed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import polars as pl
import sqlalchemy as sa

from . import bulk
from .plain import among, asked, done, moment, put
from .tables import EPOCH as NEVER
from .tables import STORED

FEW: Final = 2_000
"""More new rows than this are grouped as columns, and everything remembered is forgotten."""
CHUNK: Final = 250_000
"""Rows looked at together, so that memory does not grow with the store."""
PAIRS: Final = {"key": pl.String(), "consumer": pl.String()}
_LISTS: Final = ("attributed_to", "discussed", "conversation_attributed_to")
_READ: Final[dict[str, tuple[str, ...]]] = {
    "consumer": ("consumer", "person", "surviving_spouse", "personal_representative"),
    "account": ("account", "consumer", "servicing_account"),
    "account_party": ("account", "person"),
    "contact_point": ("point", "consumer", "number", "owner"),
    "address": ("consumer",),
    "contact": ("consumer", "point", "intended_for", "reached", *_LISTS),
    "statement": ("consumer", "by"),
    "knowledge": ("consumer",),
    "same_person": ("person", "other"),
    "collector": ("collector",),
}
EPOCH: Final = "epoch"
ERASED: Final = "erased"


@dataclass(frozen=True, slots=True)
class Caught:
    """What was new: the groups it touched. `epoch` is one more each time all may have changed.

    `whole`: they may have changed just now, and not for the first time. `erased`: how often
    retention has emptied rows, which are not new.
    """

    epoch: int
    touched: frozenset[str]
    whole: bool = False
    erased: int = 0


def catch_up(connection: sa.Connection) -> Caught:
    """Group the consumers of all rows added since the last time, by whomever."""
    marks, fresh = _looked(connection)
    if not fresh:
        return Caught(marks.get(EPOCH, 0), frozenset(), erased=marks.get(ERASED, 0))
    if connection.dialect.name == "postgresql":
        done(connection, "LOCK TABLE watermark IN SHARE ROW EXCLUSIVE MODE")
        marks, fresh = _looked(connection)
    count = sum(newest - marks.get(name, 0) for name, newest in fresh.items())
    whole = count > FEW or any(name in fresh for name in ("same_person", "collector"))
    owners = _Owners(connection)
    touched: frozenset[str] = frozenset()
    if count > FEW:
        for name, newest in fresh.items():
            for after in range(marks.get(name, 0), newest, CHUNK):
                rows = {name: _rows(connection, name, after, min(after + CHUNK, newest))}
                _add_many(connection, pl.concat(_pairs(owners, rows)).unique())
        _group_all(connection)
    else:
        rows = {
            name: _rows(connection, name, marks.get(name, 0), newest)
            for name, newest in fresh.items()
        }
        pairs = pl.concat(_pairs(owners, rows)).unique()
        met = [frame["consumer"] for frame in rows.values() if "consumer" in frame.columns]
        own = pl.concat([*met, pairs["consumer"]])
        touched = _add_few(connection, set(pairs.iter_rows()), set(own.to_list()))
    epoch = marks.get(EPOCH, 0) + int(whole)
    for name, number in {**fresh, EPOCH: epoch}.items():
        done(
            connection,
            "INSERT INTO watermark (name, row) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET row = excluded.row",
            (name, number),
        )
    return Caught(epoch, touched, whole and epoch > 1, marks.get(ERASED, 0))


_HOMES: Final = (
    "SELECT DISTINCT coalesce(g.grp, c.consumer) AS grp FROM ({those}) c "
    "LEFT JOIN contact_group g ON g.consumer = c.consumer"
)
_THOSE: Final = {
    "postgresql": "SELECT unnest(?::text[]) AS consumer",
    "sqlite": "SELECT value AS consumer FROM json_each(?)",
}


def emptied(connection: sa.Connection, consumers: Collection[str]) -> None:
    """Say that rows of these consumers were emptied: who holds any of it holds it no more.

    Their groups get another version, and every process sees at its next look that it must read all
    anew. At the end of the transaction that empties them.
    """
    kind = connection.dialect.name
    value = list(consumers) if kind == "postgresql" else json.dumps(list(consumers))
    done(
        connection,
        "INSERT INTO group_state (grp, version, at) SELECT grp, 1, ? FROM "
        f"({_HOMES.format(those=_THOSE[kind])}) homes WHERE true ORDER BY grp "
        "ON CONFLICT (grp) DO UPDATE SET version = group_state.version + 1",
        (moment(connection, NEVER), value),
    )
    done(
        connection,
        "INSERT INTO watermark (name, row) VALUES (?, 1) "
        "ON CONFLICT (name) DO UPDATE SET row = watermark.row + 1",
        (ERASED,),
    )


def erasures(connection: sa.Connection) -> int:
    """How often retention has emptied rows."""
    rows = asked(connection, "SELECT row FROM watermark WHERE name = ?", (ERASED,))
    return int(rows[0][0]) if rows else 0


def groups_of(connection: sa.Connection, consumers: Collection[str]) -> dict[str, str]:
    """The group of each consumer; one alone is its own."""
    condition, value = among(connection, "consumer", consumers)
    found = dict(
        asked(connection, f"SELECT consumer, grp FROM contact_group WHERE {condition}", (value,))
    )
    return {one: found.get(one, one) for one in consumers}


def members_of(connection: sa.Connection, groups: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The consumers of each group, sorted."""
    condition, value = among(connection, "grp", groups)
    found: dict[str, list[str]] = {one: [] for one in groups}
    for consumer, group in asked(
        connection, f"SELECT consumer, grp FROM contact_group WHERE {condition}", (value,)
    ):
        found[group].append(consumer)
    return {group: tuple(sorted(all_of)) or (group,) for group, all_of in found.items()}


@cache
def looked_text(dialect: str) -> str:
    """What to ask for `read_looked`."""
    if dialect == "postgresql":
        newest = " UNION ALL ".join(f"SELECT '+{name}', max(row) FROM {name}" for name in _READ)
    else:
        newest = "SELECT '+' || name, seq FROM sqlite_sequence"
    return f"SELECT name, row FROM watermark UNION ALL {newest}"


def read_looked(rows: Sequence[tuple[str, int | None]]) -> tuple[tuple[int, int], bool]:
    """The epoch and the erasures, and whether there are rows that nobody has looked at yet."""
    marks, fresh = _read_looked(rows)
    return (marks.get(EPOCH, 0), marks.get(ERASED, 0)), bool(fresh)


def _looked(connection: sa.Connection) -> tuple[dict[str, int], dict[str, int]]:
    """How far rows have been looked at, and the newest of each table that has others."""
    return _read_looked(asked(connection, looked_text(connection.dialect.name)))


def _read_looked(
    rows: Sequence[tuple[str, int | None]],
) -> tuple[dict[str, int], dict[str, int]]:
    marks = {name: number or 0 for name, number in rows if name[0] != "+"}
    fresh = {
        name[1:]: number
        for name, number in rows
        if name[0] == "+" and name[1:] in _READ and number and number > marks.get(name[1:], 0)
    }
    return marks, fresh


def _rows(connection: sa.Connection, name: str, after: int, newest: int) -> pl.DataFrame:
    table = STORED[name]
    columns = _READ[name]
    strings = pl.List(pl.String())
    schema = {one: strings if one in _LISTS else pl.String() for one in columns}
    wanted = sa.select(*(table.c[one] for one in columns)).where(
        table.c.row > after, table.c.row <= newest
    )
    return bulk.frame(connection, wanted, schema)


def _pairs(owners: _Owners, rows: dict[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Which consumers have which keys, of new rows."""
    yield pl.DataFrame(schema=PAIRS)
    empty = {
        name: pl.DataFrame(schema=dict.fromkeys(read, pl.String())) for name, read in _READ.items()
    }
    of = {**empty, **rows}
    people = of["consumer"]
    for name in ("person", "consumer", "surviving_spouse", "personal_representative"):
        yield _keyed("p:", people, name)
    yield _keyed("s:", of["account"], "servicing_account")
    yield _keyed("n:", of["contact_point"], "number")
    yield _keyed("p:", of["contact_point"], "owner")
    yield _keyed("p:", of["statement"], "by")
    for name in ("intended_for", "reached"):
        yield _keyed("p:", of["contact"], name)
    parties = of["account_party"]
    if parties.height:
        whose = owners.of("account", parties["account"])
        yield _keyed("p:", parties.join(whose, on="account"), "person")
    same = of["same_person"]
    for name in ("person", "other") if same.height else ():
        both = pl.format("~{}={}", "person", "other")  # stands for what the two share
        yield _keyed("p:", same.select(pl.col(name), both.alias("consumer")), name)
    if of["account"].height:
        yield _moved(owners, "account", of["account"])
    if of["contact_point"].height:
        yield _moved(owners, "point", of["contact_point"])
    if "contact" in rows:
        yield from _across(owners, rows["contact"])


def _keyed(prefix: str, frame: pl.DataFrame, name: str) -> pl.DataFrame:
    key = pl.concat_str(pl.lit(prefix), pl.col(name)).alias("key")
    return frame.filter(pl.col(name).is_not_null()).select(key, "consumer").unique()


@dataclass
class _Owners:
    """In whose files accounts and points stand, or ever stood; of many, all are read, once."""

    connection: sa.Connection
    every: dict[str, pl.DataFrame] = field(default_factory=dict)

    def of(self, key: str, ids: pl.Series) -> pl.DataFrame:
        """The columns `key` and consumer, for these accounts or points at least."""
        table = "account" if key == "account" else "contact_point"
        schema = {key: pl.String(), "consumer": pl.String()}
        wanted = ids.drop_nulls().unique()
        if wanted.is_empty():
            return pl.DataFrame(schema=schema)
        if key not in self.every and wanted.len() > FEW:
            stored = STORED[table]
            every = sa.select(stored.c[key], stored.c.consumer)
            self.every[key] = bulk.frame(self.connection, every, schema).unique()
        if key in self.every:
            return self.every[key]
        condition, value = among(self.connection, key, wanted.to_list())
        text = f"SELECT DISTINCT {key}, consumer FROM {table} WHERE {condition}"
        found = [tuple(one) for one in asked(self.connection, text, (value,))]
        return pl.DataFrame(found, schema=schema, orient="row")


def _joined(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of consumers (consumer, owner) that differ, as keys that both have."""
    apart = pairs.filter(pl.col("consumer") != pl.col("owner")).unique()
    key = pl.concat_str(pl.lit("c:"), pl.col("owner")).alias("key")
    return pl.concat(
        [apart.select(key, "consumer"), apart.select(key, pl.col("owner").alias("consumer"))]
    )


def _moved(owners: _Owners, key: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Accounts and points that a correction moved to another file join the two."""
    had = owners.of(key, frame[key]).rename({"consumer": "owner"})
    return _joined(frame.select(key, "consumer").join(had, on=key).select("consumer", "owner"))


def _across(owners: _Owners, contacts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Contacts about another's account, or at another's contact point."""
    used = contacts.select("consumer", "point").drop_nulls().unique()
    whose = owners.of("point", used["point"]).rename({"consumer": "owner"})
    yield _joined(used.join(whose, on="point").select("consumer", "owner"))
    named = pl.concat(
        [
            contacts.select("consumer", account=name)
            .filter(pl.col("account").list.len() > 0)
            .explode("account")
            for name in _LISTS
        ]
    ).unique()
    holders = owners.of("account", named["account"]).rename({"consumer": "owner"})
    yield _joined(named.join(holders, on="account").select("consumer", "owner"))


# -- groups


def _add_few(
    connection: sa.Connection, pairs: set[tuple[str, str]], own: set[str]
) -> frozenset[str]:
    """Add links, join the groups they join; every group that was touched, old names too."""
    keys = {key for key, _ in pairs}
    by_key, some = among(connection, "key", keys)
    by_consumer, those = among(connection, "consumer", own)
    had = asked(
        connection,
        f"SELECT key, consumer FROM link WHERE {by_key} AND {by_consumer}",
        (some, those),
    )
    new = pairs - {(key, consumer) for key, consumer in had}
    put(connection, "link", ("key", "consumer"), sorted(new), unless=("key", "consumer"))
    by_key, some = among(connection, "key", {key for key, _ in new})
    shared = asked(connection, f"SELECT key, consumer FROM link WHERE {by_key}", (some,))
    nodes = own | {consumer for _, consumer in shared}
    home = groups_of(connection, nodes)
    joined = _Joined()
    first: dict[str, str] = {}
    for key, consumer in shared:
        joined.join(first.setdefault(key, home[consumer]), home[consumer])
    moving = {old for old in set(home.values()) if joined.root(old) != old}
    if moving:
        roots = {joined.root(old) for old in moving}
        olds = [one for one in set(home.values()) if joined.root(one) in roots]
        for old, members in members_of(connection, olds).items():
            for consumer in members:
                done(
                    connection,
                    "INSERT INTO contact_group (consumer, grp) VALUES (?, ?) "
                    "ON CONFLICT (consumer) DO UPDATE SET grp = excluded.grp",
                    (consumer, joined.root(old)),
                )
    names = {home[one] for one in own} | moving
    return frozenset(names | {joined.root(one) for one in names})


class _Joined:
    """Union-find; the root is always the smallest name."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, name: str) -> str:
        top = name
        while (above := self._above.get(top, top)) != top:
            top = above
        while name != top:
            self._above[name], name = top, self._above.get(name, name)
        return top

    def join(self, one: str, other: str) -> None:
        a, b = self.root(one), self.root(other)
        if a != b:
            self._above[max(a, b)] = min(a, b)


def _add_many(connection: sa.Connection, pairs: pl.DataFrame) -> None:
    new = sa.Table(
        "told_link",
        sa.MetaData(),
        sa.Column("key", sa.Text()),
        sa.Column("consumer", sa.Text()),
        prefixes=["TEMPORARY"],
    )
    new.create(connection)
    bulk.insert(connection, new, pairs.select("key", "consumer").sort("key", "consumer"))
    done(
        connection,
        "INSERT INTO link (key, consumer) SELECT key, consumer FROM told_link WHERE true "
        "ON CONFLICT DO NOTHING",
    )
    new.drop(connection)


def _group_all(connection: sa.Connection) -> None:
    """Every group from the start."""
    shared = asked(
        connection,
        "SELECT key, consumer FROM link WHERE key IN "
        "(SELECT key FROM link GROUP BY key HAVING count(*) > 1) ORDER BY key",
    )
    joined = _Joined()
    last: tuple[str, str] = ("", "")
    names: set[str] = set()
    for key, consumer in shared:
        names.add(consumer)
        if last[0] == key:
            joined.join(last[1], consumer)
        last = (key, consumer)
    done(connection, "DELETE FROM contact_group")
    put(connection, "contact_group", ("consumer", "grp"), _homes(names, joined))


def _homes(names: Iterable[str], joined: _Joined) -> list[tuple[str, str]]:
    return [(one, joined.root(one)) for one in sorted(names)]
