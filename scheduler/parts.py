"""A portfolio cut into parts by contact group, and one part's rows read.

Parts are ranges of the sorted group labels. A label is the smallest consumer id of its group, so
nearly all rows of a part lie between two consumer ids and are read by that (row groups outside are
skipped); the few whose id lies in another part's range, the *strays*, are laid aside once for all.
Crowds (see `crowds`) are parts of their own, all of them strays, and are decided first: their rows
are put in order among the other parts'.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl

from .crowds import crowds
from .humans import humans_of
from .making import writing
from .portfolio import contact_groups
from .records import Tables
from .store.schema import TABLES

ROWS_IN_GROUP: Final = 16_384
STRAYS: Final = 50_000
"""Ids whose rows are put in order at once: memory grows with it."""
BY_CONSUMER: Final = tuple(name for name in TABLES if name != "account_parties")


@dataclass(frozen=True, slots=True)
class Part:
    """Groups from label `first` up to but not including `last` (None: to the end).

    A `crowd` part has no range; what it decides stands in the ranges of the others.
    """

    number: int
    first: str
    last: str | None
    accounts: int
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a portfolio is cut: `crowded` parts to be decided first, then `parts` in order.

    `groups`: consumer, group, together (what is counted together: the crowd, else the group),
    part. `astray` is by part: ids within its range that belong to others; `strays` by table: a
    directory with the rows of ids outside their part's range, sorted by their column part. `maybe`:
    who may be one human (`humans.Humans`). `chosen`: not everybody of the source is in it, and rows
    of a part's range may be of nobody in the plan.
    """

    source: Tables
    groups: pl.DataFrame
    parts: tuple[Part, ...]
    crowded: tuple[Part, ...]
    astray: Mapping[int, tuple[str, ...]]
    strays: Mapping[str, Path]
    maybe: Mapping[str, str] = field(default_factory=dict)
    chosen: bool = False

    @property
    def accounts(self) -> int:
        """How many accounts there are in all."""
        return sum(part.accounts for part in (*self.parts, *self.crowded))


Choose = Callable[[pl.DataFrame], pl.Series]
"""Given consumer and unit (its crowd, else its group), the units to be planned."""


def plan(source: Tables, part_accounts: int, scratch: Path, choose: Choose | None = None) -> Plan:
    """Cut a portfolio into parts of about so many accounts; no group or crowd is cut through.

    `scratch` is a directory that stays as long as the plan is used; with `choose` not everybody is
    planned. Raises CannotWrite.
    """
    linked = contact_groups(source)
    counts = source.scan("accounts").group_by("consumer").agg(pl.len().alias("accounts"))
    groups = linked.groups.join(
        counts.collect(engine="streaming"), on="consumer", how="left", maintain_order="left"
    )
    sizes = groups.group_by("group").agg(pl.col("accounts").sum())
    sizes = sizes.join(crowds(source, linked), on="group", how="left").sort("group")
    if choose is not None:
        unit = pl.coalesce("crowd", "group").alias("unit")
        homes = groups.join(sizes.select("group", unit), on="group", maintain_order="left")
        picked = choose(homes.select("consumer", "unit"))
        sizes = sizes.filter(unit.is_in(picked.implode()))
        groups = groups.join(sizes.select("group"), on="group", how="semi", maintain_order="left")
    alone = sizes.filter(pl.col("crowd").is_null())
    alone = alone.with_columns(_slots(part_accounts).alias("part"))
    parts = _ranges(alone)
    packed = sizes.drop_nulls("crowd").group_by("crowd").agg(pl.col("accounts").sum())
    packed = packed.sort("crowd").with_columns((_slots(part_accounts) + len(parts)).alias("part"))
    crowded = tuple(
        Part(number, "", None, accounts, True)
        for number, accounts in packed.group_by("part")
        .agg(pl.col("accounts").sum())
        .sort("part")
        .iter_rows()
    )
    together = sizes.filter(pl.col("crowd").is_not_null()).join(
        packed.select("crowd", "part"), on="crowd"
    )
    homes = pl.concat(
        [alone.select("group", "crowd", "part"), together.select("group", "crowd", "part")]
    )
    cut = groups.select("consumer", "group").join(
        homes, on="group", how="left", maintain_order="left"
    )
    cut = cut.select("consumer", "group", pl.coalesce("crowd", "group").alias("together"), "part")
    astray, strays = _strays(source, cut, [part.first for part in parts], len(parts), scratch)
    maybe = humans_of(source).maybe
    return Plan(source, cut, parts, crowded, astray, strays, maybe, choose is not None)


def _slots(size: int) -> pl.Expr:
    """Numbers from 0 for rows with `accounts`, so that each number has about so many of them."""
    before = pl.col("accounts").cum_sum() - pl.col("accounts")
    return (before // size).rle_id().cast(pl.Int64)


def _ranges(sizes: pl.DataFrame) -> tuple[Part, ...]:
    """One part for each number, from its first label to the next one's; at least one."""
    bounds = sizes.group_by("part").agg(pl.col("group").min(), pl.col("accounts").sum())
    rows = bounds.sort("part").rows() or [(0, "", 0)]
    firsts = ["", *(row[1] for row in rows[1:]), None]
    return tuple(
        Part(number, str(firsts[number]), firsts[number + 1], accounts)
        for number, _, accounts in rows
    )


def _strays(
    source: Tables, groups: pl.DataFrame, firsts: list[str], crowded: int, scratch: Path
) -> tuple[dict[int, tuple[str, ...]], dict[str, Path]]:
    """Ids that stand in another part's range, and their rows; parts from `crowded` on have none."""
    astray: dict[int, list[str]] = {}
    homes: dict[str, int] = {}
    moved = groups.filter((pl.col("consumer") != pl.col("group")) | (pl.col("part") >= crowded))
    for consumer, part in moved.select("consumer", "part").iter_rows():
        lies_in = bisect_right(firsts, consumer) - 1
        if lies_in != part:
            astray.setdefault(lies_in, []).append(consumer)
            homes[consumer] = part
    known = pl.DataFrame(
        {"consumer": list(homes), "part": list(homes.values())},
        schema={"consumer": pl.String(), "part": pl.Int64()},
    )
    files = {}
    for name in BY_CONSUMER if homes else ():
        files[name] = scratch / f"strays-{name}"
        with writing(files[name]):
            files[name].mkdir(exist_ok=True)
            _lay_aside(source.scan(name), known.sort("part"), files[name])
    return {part: tuple(ids) for part, ids in astray.items()}, files


def _lay_aside(rows: pl.LazyFrame, known: pl.DataFrame, place: Path) -> None:
    """Write the rows of these ids, in order of their part, as files of a directory."""
    here = rows.filter(pl.col("consumer").is_in(known["consumer"].implode()))
    loose = place / "loose"
    if len(known) > STRAYS:  # everything is read once, whatever the number of files
        here.sink_parquet(loose, row_group_size=ROWS_IN_GROUP, compression="lz4")
        here = pl.scan_parquet(loose)
    for number, some in enumerate(known.iter_slices(STRAYS)):
        few = here.join(some.lazy(), on="consumer").sort("part")
        few.sink_parquet(
            place / f"{number:05}.parquet", row_group_size=ROWS_IN_GROUP, compression="lz4"
        )
    loose.unlink(missing_ok=True)


def alone(plan: Plan, part: Part) -> Plan:
    """A plan with no more in it than one part needs, to be sent to another process."""
    mine = pl.col("part") == part.number
    astray = {part.number: plan.astray[part.number]} if part.number in plan.astray else {}
    return replace(plan, groups=plan.groups.filter(mine), parts=(), crowded=(), astray=astray)


def read(plan: Plan, part: Part) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """One part's rows by table, in no order to rely on, and its rows of `Plan.groups`."""
    mine = plan.groups.filter(pl.col("part") == part.number)
    frames: dict[str, pl.DataFrame] = {}
    for name in BY_CONSUMER:
        pieces = [] if part.crowd else [_in_range(plan, part, name, mine)]
        if name in plan.strays:
            strays = pl.scan_parquet(plan.strays[name])
            pieces.append(strays.filter(pl.col("part") == part.number).drop("part").collect())
        frames[name] = pl.concat(pieces)
    debts = frames["accounts"]["account"]
    parties = plan.source.scan("account_parties")
    within = pl.col("account").is_between(pl.lit(debts.min()), pl.lit(debts.max()))
    named = parties.filter(within & pl.col("account").is_in(debts.implode()))
    frames["account_parties"] = named.collect()
    return frames, mine


def _in_range(plan: Plan, part: Part, table: str, mine: pl.DataFrame) -> pl.DataFrame:
    owner = pl.col("consumer")
    near = owner >= part.first
    if part.last is not None:
        near &= owner < part.last
    elsewhere = plan.astray.get(part.number, ())
    if elsewhere:
        near &= ~owner.is_in(elsewhere)
    if plan.chosen:
        near &= owner.is_in(mine["consumer"].implode())
    return plan.source.scan(table).filter(near).collect()
