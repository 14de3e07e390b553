"""Which consumers must be counted and locked together: contact groups.

Two consumers are linked if they share a phone number or e-mail address, if they are, or may be, the
same person, if one is a party to the other's account or reached at the other's contact points, if
somebody else is reached at both's or was met in contacts of both, if their student loans stand
under one servicing account, if somebody spoke in both's files, or if a contact in one's file was
about the other's account or at the other's contact point: a phone or a person shared by several
consumers is one unit.
A group is a connected component; its name is its smallest consumer id.

Shared keys are found by hash over columns (a sort of 64-bit numbers, then the true values of the
few that meet); only the edges they make go through union-find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from .humans import humans_of
from .records import Tables, table_of

SWITCHBOARD: Final = 200
"""A number or person met in more consumers' files than this connects none of them."""


SPAN: Final = 500_000
"""Consumers whose contacts are looked through at once: memory grows with it, no result does."""


@dataclass(frozen=True, slots=True)
class Linked:
    """`groups` has the columns consumer, group, sorted by consumer.

    `switchboards` are the numbers in more than SWITCHBOARD files, sorted; `hubs` such persons and
    servicing accounts. What is counted by them is counted over all parts.
    """

    groups: pl.DataFrame
    switchboards: tuple[str, ...]
    hubs: tuple[str, ...]


def contact_groups(
    tables: Tables | Mapping[str, pl.DataFrame], through_contacts: bool = True
) -> Linked:
    """Group consumers that must not be parted.

    `through_contacts=False` leaves out links that only contacts make, where the caller knows that
    there are none (it spares reading the contacts).
    """
    consumers = table_of(tables, "consumers").select("consumer", "person")
    everyone = consumers.select("consumer").collect(engine="streaming")["consumer"]
    if not everyone.is_sorted():
        everyone = everyone.sort()
    numbers, switchboards = _edges(_numbers(tables))
    people, hubs = _edges(_people(tables, consumers, through_contacts))
    loans, crowded = _edges(_loans(tables))
    edges = [numbers, people, loans]
    if through_contacts:
        edges += _astray(tables, everyone)
    found = _components(pl.concat(edges).unique(maintain_order=True))
    groups = pl.DataFrame({"consumer": everyone}).join(
        found, on="consumer", how="left", maintain_order="left"
    )
    groups = groups.with_columns(pl.col("group").fill_null(pl.col("consumer")))
    return Linked(groups, tuple(switchboards), tuple(sorted([*hubs, *crowded])))


def _numbers(tables: Tables | Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    points = table_of(tables, "contact_points")
    return points.select(key="number", consumer="consumer").drop_nulls()


def _runs(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One row of each run of equal rows: most repeat the one before."""
    columns = [pl.col(name) for name in frame.collect_schema()]
    return frame.filter(pl.any_horizontal(one.ne_missing(one.shift(1)) for one in columns))


def _people(
    tables: Tables | Mapping[str, pl.DataFrame], consumers: pl.LazyFrame, through_contacts: bool
) -> pl.LazyFrame:
    owners = table_of(tables, "contact_points").select(key="owner", consumer="consumer")
    parties = table_of(tables, "account_parties").join(
        table_of(tables, "accounts").select("account", "consumer"), on="account"
    )
    kin = [
        table_of(tables, "consumers").select(key=name, consumer="consumer").drop_nulls()
        for name in ("surviving_spouse", "personal_representative")
    ]
    contacts = table_of(tables, "contacts")
    met = [
        _runs(contacts.select(key=name, consumer="consumer").drop_nulls())
        for name in ("intended_for", "reached")
    ]
    told = table_of(tables, "statements").select(by="by", consumer="consumer").drop_nulls()
    ids = consumers.select(by="consumer", human="person")
    said = told.join(ids, on="by", how="left").select(
        key=pl.coalesce("human", "by"), consumer="consumer"
    )
    found = pl.concat(
        [
            consumers.select(key="person", consumer="consumer"),
            said,
            _runs(owners),
            *(met if through_contacts else []),
            parties.select(key="person", consumer="consumer"),
            *kin,
        ]
    )
    maybe = humans_of(tables).maybe  # who may be one human is counted together
    if not maybe:
        return found
    named = found.filter(pl.col("key").is_in([*maybe, *maybe.values()]))
    return pl.concat([found, named.with_columns(pl.col("key").replace(maybe))])


def _loans(tables: Tables | Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    accounts = table_of(tables, "accounts")
    return accounts.select(key="servicing_account", consumer="consumer").drop_nulls()


def _astray(tables: Tables | Mapping[str, pl.DataFrame], everyone: pl.Series) -> list[pl.LazyFrame]:
    """Pairs of consumers, of a contact and of an account it was about or a point it used.

    Nearly all contacts stay in their own file, and are met there, span by span of consumers; only
    of the others the owner is looked for among all.
    """
    bounds = [None, *everyone.gather_every(SPAN)[1:].to_list(), None]
    spans = [_within(*bounds[n : n + 2]) for n in range(len(bounds) - 1)]
    contacts = table_of(tables, "contacts")
    found = []
    for table, key, used in (("accounts", "account", _about), ("contact_points", "point", _used)):
        owners = table_of(tables, table).select(key, "consumer")
        lazily = [
            used(contacts.filter(span))
            .join(owners.filter(span), on=[key, "consumer"], how="anti")
            .unique()
            for span in spans
        ]
        astray = pl.concat([one.collect(engine="streaming") for one in lazily])
        there = owners.filter(pl.col(key).is_in(astray[key].unique().implode())).collect()
        pairs = astray.join(there.rename({"consumer": "owner"}), on=key)
        found.append(pairs.select(a="consumer", b="owner").unique().sort("a", "b").lazy())
    return found


def _within(first: str | None, last: str | None) -> pl.Expr:
    """Consumers from one id up to but not including another; None: without end."""
    consumer, test = pl.col("consumer"), pl.lit(value=True)
    if first is not None:
        test = consumer >= first
    return test if last is None else test & (consumer < last)


def _about(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """The accounts that contacts were about, with the consumer of the contact."""
    named = [
        _runs(
            contacts.select("consumer", account=name)
            .filter(pl.col("account").list.len() > 0)
            .explode("account")
        )
        for name in ("attributed_to", "discussed", "conversation_attributed_to")
    ]
    return pl.concat(named)


def _used(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """The points that contacts used, with the consumer of the contact."""
    return _runs(contacts.select("consumer", "point").drop_nulls())


def _edges(pairs: pl.LazyFrame) -> tuple[pl.LazyFrame, list[str]]:
    """Edges between consumers that share a key, and the keys too many share.

    Equal keys have equal hashes; sorting hashes brings them together. Only rows whose hash two
    consumers have are grouped by the key itself, so a chance meeting of hashes links nobody.
    """
    rows = pairs.collect(engine="streaming")
    hashes = rows["key"].hash()
    met = pl.DataFrame({"key": hashes, "consumer": rows["consumer"].hash()}).sort("key")
    before = met.shift(1)
    twice = (met["key"] == before["key"]) & (met["consumer"] != before["consumer"])
    keys = met["key"].filter(twice).unique()
    few = rows.filter(hashes.is_in(keys.implode())).unique()
    shared = few.group_by("key").agg(
        pl.len().alias("files"), pl.col("consumer").min().alias("first")
    )
    shared = shared.filter(pl.col("files") > 1)
    crowd = shared.filter(pl.col("files") > SWITCHBOARD)["key"].sort().to_list()
    shared = shared.filter(pl.col("files") <= SWITCHBOARD)
    edges = few.join(shared, on="key").filter(pl.col("consumer") != pl.col("first"))
    return edges.select(a="first", b="consumer").sort("a", "b").lazy(), crowd


def _components(edges: pl.LazyFrame) -> pl.DataFrame:
    """Connected components by union-find; a root is always the smallest id it holds."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        top = name
        while (above := parent.setdefault(top, top)) != top:
            top = above
        while parent[name] != top:  # path compression
            parent[name], name = top, parent[name]
        return top

    for one, other in edges.collect().iter_rows():
        a, b = root(one), root(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    names = list(parent)
    return pl.DataFrame(
        {"consumer": names, "group": [root(name) for name in names]},
        schema={"consumer": pl.String(), "group": pl.String()},
    )
