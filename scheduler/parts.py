"""A portfolio cut into parts by contact group, and one part's rows read.

Parts are ranges of the sorted group labels. A label is the smallest consumer id of its group, so
nearly all rows of a part lie between two consumer ids and are read by that (row groups outside are
skipped); the few whose id lies in another part's range, the *strays*, are collected once for all.
Contacts with what is counted over all parts (`linked.SWITCHBOARD`) go to each part that has a
number, person or loan of that kind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from .portfolio import contact_groups
from .records import Tables
from .store.schema import TABLES

BY_CONSUMER: Final = tuple(name for name in TABLES if name != "account_parties")


@dataclass(frozen=True, slots=True)
class Part:
    """Groups from label `first` up to but not including `last` (None: to the end)."""

    number: int
    first: str
    last: str | None
    accounts: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a portfolio is cut.

    `groups`: consumer, group, part. `astray` is by part: ids within its range that belong to
    others; `strays` by table: rows of ids outside their part's range, with the column part.
    `common`: by table, rows that are counted over all parts; `hubs` the keys they share.
    """

    source: Tables
    groups: pl.DataFrame
    parts: tuple[Part, ...]
    astray: Mapping[int, tuple[str, ...]]
    strays: Mapping[str, pl.DataFrame]
    common: Mapping[str, pl.DataFrame]
    hubs: frozenset[str]


def plan(source: Tables, part_accounts: int) -> Plan:
    """Cut a portfolio into parts of about so many accounts; no group is cut through."""
    linked = contact_groups(source)
    counts = source.scan("accounts").group_by("consumer").agg(pl.len().alias("accounts"))
    groups = linked.groups.join(
        counts.collect(engine="streaming"), on="consumer", how="left", maintain_order="left"
    ).with_columns(pl.col("accounts").fill_null(0))
    sizes = groups.group_by("group").agg(pl.col("accounts").sum()).sort("group")
    before = pl.col("accounts").cum_sum() - pl.col("accounts")
    sizes = sizes.with_columns((before // part_accounts).rle_id().cast(pl.Int64).alias("part"))
    bounds = sizes.group_by("part").agg(pl.col("group").min(), pl.col("accounts").sum())
    bounds = bounds.sort("part")
    firsts = bounds["group"].to_list()
    parts = tuple(
        Part(number, first, firsts[number + 1] if number + 1 < len(firsts) else None, accounts)
        for number, first, accounts in bounds.iter_rows()
    )
    cut = groups.select("consumer", "group").join(
        sizes.select("group", "part"), on="group", how="left", maintain_order="left"
    )
    astray, strays = _strays(source, cut, firsts)
    hubs = [*linked.switchboards, *linked.hubs]
    return Plan(source, cut, parts, astray, strays, shared_rows(source, hubs), frozenset(hubs))


def _strays(
    source: Tables, groups: pl.DataFrame, firsts: list[str]
) -> tuple[dict[int, tuple[str, ...]], dict[str, pl.DataFrame]]:
    astray: dict[int, list[str]] = {}
    homes: dict[str, int] = {}
    linked = groups.filter(pl.col("consumer") != pl.col("group")).select("consumer", "part")
    for consumer, part in linked.iter_rows():
        lies_in = bisect_right(firsts, consumer) - 1
        if lies_in != part:
            astray.setdefault(lies_in, []).append(consumer)
            homes[consumer] = part
    if not homes:
        return {}, {}
    known = pl.DataFrame({"consumer": list(homes), "part": list(homes.values())})
    rows = {}
    for name in BY_CONSUMER:
        here = source.scan(name).filter(pl.col("consumer").is_in(known["consumer"].implode()))
        rows[name] = here.collect(engine="streaming").join(known, on="consumer")
    return {part: tuple(ids) for part, ids in astray.items()}, rows


def shared_rows(source: Tables, keys: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Contacts that go to one of these numbers, persons or loans, with their points and debts."""
    if not keys:
        return {}
    people = list(keys)
    points = source.scan("contact_points").filter(
        pl.col("number").is_in(people) | pl.col("owner").is_in(people)
    )
    near = points.collect(engine="streaming")
    loans = source.scan("accounts").filter(pl.col("servicing_account").is_in(people))
    accounts = loans.collect(engine="streaming")
    debts = accounts["account"].to_list()
    about = [
        pl.col(name).list.eval(pl.element().is_in(debts)).list.any().fill_null(False)
        for name in ("attributed_to", "discussed", "conversation_attributed_to")
    ]
    with_whom = (
        pl.col("point").is_in(near["point"].implode())
        | pl.col("intended_for").is_in(people)
        | pl.col("reached").is_in(people)
    )
    wanted = with_whom | pl.any_horizontal(about) if debts else with_whom
    contacts = source.scan("contacts").filter(wanted.fill_null(False)).collect(engine="streaming")
    return {"contact_points": near, "accounts": accounts, "contacts": contacts}


def read(plan: Plan, part: Part) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """One part's rows by table, and its groups (consumer, group).

    Where a number, person or loan is shared too widely to make a group, `contacts`, and the
    `contact_points` and `accounts` they name, have rows of other parts' consumers as well.
    """
    mine = plan.groups.filter(pl.col("part") == part.number).select("consumer", "group")
    owner = pl.col("consumer")
    near = owner >= part.first
    if part.last is not None:
        near &= owner < part.last
    elsewhere = plan.astray.get(part.number, ())
    if elsewhere:
        near &= ~owner.is_in(elsewhere)
    frames: dict[str, pl.DataFrame] = {}
    for name in BY_CONSUMER:
        found = plan.source.scan(name).filter(near).collect()
        if name in plan.strays:
            more = plan.strays[name].filter(pl.col("part") == part.number).drop("part")
            if more.height:
                found = pl.concat([found, more]).sort(TABLES[name].key)
        frames[name] = found
    debts = frames["accounts"]["account"]
    parties = plan.source.scan("account_parties")
    within = pl.col("account").is_between(pl.lit(debts.min()), pl.lit(debts.max()))
    named = parties.filter(within & pl.col("account").is_in(debts.implode()))
    frames["account_parties"] = named.collect()
    return _with_common(plan, frames), mine


def _with_common(plan: Plan, frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Add what is counted over all parts, if this part has anything to do with it."""
    if not plan.common:
        return frames
    hubs = list(plan.hubs)
    points, accounts, people = frames["contact_points"], frames["accounts"], frames["consumers"]
    touched = (
        points["number"].is_in(hubs).any()
        or points["owner"].is_in(hubs).any()
        or accounts["servicing_account"].is_in(hubs).any()
        or people["person"].is_in(hubs).any()
    )
    if not touched:
        return frames
    added = dict(frames)
    for name, rows in plan.common.items():
        key = TABLES[name].key[0]
        more = rows.filter(~pl.col(key).is_in(frames[name][key].implode()))
        added[name] = pl.concat([frames[name], more]).sort(TABLES[name].key)
    return added
