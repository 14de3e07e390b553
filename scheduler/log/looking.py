"""A whole portfolio looked back over: cut by contact group, side by side, and what it came to.

`lookback` judges; here its files are read, each group's records made once, and answers counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.history import Group
from engine.rulebook import Rulebook
from engine.terms import Licences

from ..grouped import GroupsOf
from ..humans import as_one, humans_of
from ..parts import Part, Plan, alone, plan, read
from ..records import Tables
from ..store.revisions import corrected
from ..store.schema import TABLES
from ..workers import Workers
from .ages import Ages, Row, matters
from .deferring import Deferring
from .doubting import had_died, not_open, one_human
from .lookback import STRUCTURAL, Broken, File, Looked, look_back

AT_ONCE: Final = 1_000  # accounts of one piece of work: a few seconds of it
EACH: Final = 4_000  # accounts that are worth a process of their own


@dataclass(frozen=True, slots=True)
class Search:
    """What all pieces of a look-back have in common; called, it makes ready to judge.

    Contacts from `first` until before `last` are judged, by what is known at `now`. `corrected`:
    where every revision of what was corrected lies (`store.revisions`). None: the rows do not say
    since when an account or a consumer is as it is; a portfolio's files do not. `surely`: the one
    id of people who surely are one human (`humans.Humans`).
    """

    rulebook: Rulebook
    first: datetime
    last: datetime
    now: datetime
    licences: Licences | None = None
    corrected: Path | None = None
    surely: Mapping[str, str] = field(default_factory=dict)

    def __call__(self) -> Seat:
        """A seat with both engines."""
        alarms: list[str] = []
        return Seat(self, Deferring(self.rulebook, alarm=alarms.append), alarms)


@dataclass
class Seat:
    """Where pieces are judged, one after another."""

    search: Search
    panel: Deferring
    alarms: list[str]

    def close(self) -> None:
        """Stop the engines."""
        self.panel.close()


@dataclass(frozen=True, slots=True)
class Piece:
    """What one piece came to; `sources`: by contact, the system that told of it and its id there.

    Only contacts that broke something have one.
    """

    looked: Looked
    sources: Mapping[str, tuple[str, str]]
    alarms: tuple[str, ...]


@dataclass
class Review:
    """What a look-back came to, in the order of the contacts."""

    broken: list[Broken] = field(default_factory=list)
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    contacts: int = 0
    undated: int = 0
    others: int = 0

    @property
    def rules(self) -> list[Broken]:
        """What surely broke a rule: all but what is in doubt or could not be judged."""
        return [one for one in self.broken if one.force != STRUCTURAL and not one.only_if]

    @property
    def sure(self) -> list[Broken]:
        """All but what is in doubt."""
        return [one for one in self.broken if not one.only_if]

    @property
    def doubtful(self) -> list[Broken]:
        """What broke a rule only if something is so that nobody knows."""
        return [one for one in self.broken if one.force != STRUCTURAL and one.only_if]

    def take(self, piece: Piece) -> None:
        """Add what a piece came to."""
        self.broken += piece.looked.broken
        self.sources |= piece.sources
        self.alarms += [one for one in piece.alarms if one not in self.alarms]
        self.contacts += piece.looked.contacts
        self.undated += piece.looked.undated
        self.others += piece.looked.others


def review(
    source: Tables,
    search: Search,
    scratch: Path,
    progress: Callable[[str, int, int], None],
    workers: int | None = None,
) -> Review:
    """Look back over a portfolio.

    `scratch` is an empty directory for rows that must be laid aside; `workers`: processes, by
    default what the portfolio is worth on this machine. Raises CannotWrite, WorkerLost.
    """
    progress("linking consumers", 0, 1)
    cut = plan(source, AT_ONCE, scratch)
    search = replace(search, surely=humans_of(source).surely)
    found = Review()
    done = 0
    with Workers(workers or _worth(cut.accounts), search) as seats:
        parts = (*cut.crowded, *cut.parts)
        asked = ((alone(cut, part), part) for part in parts)
        for part, piece in zip(parts, seats.each(_piece, asked), strict=True):
            found.take(piece)
            done += part.accounts
            progress("looking back", done, cut.accounts)
    found.broken.sort(key=lambda one: (one.at, one.contact, one.rule, one.account, one.place))
    return found


def _worth(accounts: int) -> int:
    return max(1, min(os.cpu_count() or 1, accounts // EACH))


def _piece(seat: Seat, asked: tuple[Plan, Part]) -> Piece:
    cut, part = asked
    search = seat.search
    frames, groups = read(cut, part)
    told = {name: _told(frame, search.now) for name, frame in frames.items()}
    groups = _placing(search, told["contacts"], groups)
    files = files_of(told, groups, search.licences, _corrected(search, groups), cut.maybe)
    looked = _looked(seat, files)
    if not seat.panel.settled():  # both engines are asked at once now, and what differs is told
        looked = _looked(seat, files)
    whole = Looked(
        tuple(one for each in looked for one in each.broken),
        sum(one.contacts for one in looked),
        sum(one.undated for one in looked),
        sum(one.others for one in looked),
    )
    names = pl.Series("contact", sorted({one.contact for one in whole.broken}), dtype=pl.String)
    few = told["contacts"].filter(pl.col("contact").is_in(names.implode()))
    rows = few.select("contact", "source", "source_id").iter_rows()
    sources = {contact: (system or "", its or "") for contact, system, its in rows}
    alarms = tuple(seat.alarms)
    seat.alarms.clear()
    return Piece(whole, sources, alarms)


def _placing(search: Search, contacts: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Of `groups` those in which a contact of the span was placed: no others are made."""
    within = pl.col("at").is_between(search.first, search.last, closed="left")
    placed = contacts.filter(within & (pl.col("direction") == "out"))["consumer"].unique()
    met = groups.filter(pl.col("consumer").is_in(placed.implode()))["together"].unique()
    return groups.filter(pl.col("together").is_in(met.implode()))


def _looked(seat: Seat, files: Sequence[File]) -> list[Looked]:
    search = seat.search
    return [look_back(seat.panel, one, search.first, search.last, search.now) for one in files]


def _told(frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The rows that had been received and recorded by a moment."""
    names = {"received_at", "recorded_at"} & set(frame.columns)
    return frame.filter(*(pl.col(name) <= now for name in sorted(names)))


def _corrected(search: Search, groups: pl.DataFrame) -> dict[str, pl.DataFrame] | None:
    """Every revision of what was corrected in the files of these consumers, by table."""
    if search.corrected is None:
        return None
    people = groups["consumer"].implode()
    found = {
        name: as_one(corrected(search.corrected, name), name, search.surely)
        .filter(pl.col("consumer").is_in(people))
        .collect()
        for name in TABLES
        if name != "account_parties"
    }
    debts = found["accounts"]["account"].unique().implode()
    parties = as_one(
        corrected(search.corrected, "account_parties"), "account_parties", search.surely
    )
    found["account_parties"] = parties.filter(pl.col("account").is_in(debts)).collect()
    return found


def files_of(
    frames: Mapping[str, pl.DataFrame],
    groups: pl.DataFrame,
    licences: Licences | None,
    told: Mapping[str, pl.DataFrame] | None = None,
    maybe: Mapping[str, str] | None = None,
) -> list[File]:
    """The contact groups of a part, from its rows; `groups` has the columns consumer, together.

    `told` are all revisions of what was corrected. None: nobody can say since when an account is
    closed or a consumer dead; every account is then taken as open, every consumer as alive, and
    that they may not have been is a doubt. `maybe`: who may be one human, which is another.
    """
    homes = _homes(frames["addresses"])
    names = groups.select("consumer", "together")
    found = GroupsOf(frames, names, licences)(names["consumer"].to_list())
    apart = list({id(group): group for group in found.values()}.values())
    changed = _touched(told)
    found_ = [_file(group, homes, frames, told, licences, changed) for group in apart]
    return [
        replace(one, doubts=(*one.doubts, *one_human(one.group, maybe or {}))) for one in found_
    ]


def _touched(told: Mapping[str, pl.DataFrame] | None) -> frozenset[str]:
    """Consumers and accounts of which some row was ever corrected."""
    found: set[str] = set()
    for name, rows in (told or {}).items():
        found.update(rows["account" if name == "account_parties" else "consumer"])
    return frozenset(found)


def _homes(addresses: pl.DataFrame) -> dict[str, tuple[datetime, ...]]:
    """When addresses were recorded, by consumer, in the order in which records are made of them."""
    rows = addresses.sort(TABLES["addresses"].key).select("consumer", "recorded_at")
    found: dict[str, list[datetime]] = {}
    for consumer, recorded in rows.iter_rows():
        found.setdefault(consumer, []).append(recorded)
    return {consumer: tuple(times) for consumer, times in found.items()}


def _file(
    group: Group,
    homes: Mapping[str, tuple[datetime, ...]],
    frames: Mapping[str, pl.DataFrame],
    told: Mapping[str, pl.DataFrame] | None,
    licences: Licences | None,
    changed: frozenset[str],
) -> File:
    mine = {name: homes.get(name, ()) for name in group.consumers}
    if told is not None:
        same = changed.isdisjoint(group.consumers) and changed.isdisjoint(group.accounts)
        return File(group, mine, ages=None if same else _ages(group, frames, told, licences))
    closed = {name for name, one in group.accounts.items() if one.status != "open"}
    alive = replace(
        group,
        accounts={
            name: replace(one, status="open") if name in closed else one
            for name, one in group.accounts.items()
        },
        consumers={
            name: replace(one, deceased=False) if one.deceased else one
            for name, one in group.consumers.items()
        },
    )
    return File(alive, mine, frozenset(closed), doubts=(*not_open(group), *had_died(group)))


def _ages(
    group: Group,
    frames: Mapping[str, pl.DataFrame],
    told: Mapping[str, pl.DataFrame],
    licences: Licences | None,
) -> Ages | None:
    """How the rows of a group stood before they were corrected; None where none ever was."""
    revisions = {name: _of(group, name, told) for name in TABLES}
    changed: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        each: dict[tuple[object, ...], list[Row]] = {}
        for row in revisions[name]:
            each.setdefault(tuple(row[key] for key in table.key), []).append(row)
        kept = [matters(rows, name) for rows in each.values()]
        changed[name] = [row for rows in kept if len(rows) > 1 for row in rows]
    if not any(changed.values()):
        return None
    return Ages({name: _of(group, name, frames) for name in TABLES}, changed, licences)


def _of(group: Group, table: str, frames: Mapping[str, pl.DataFrame]) -> list[Row]:
    """The rows of a group in a table."""
    by, ids = ("account", group.accounts) if table == "account_parties" else (
        "consumer", group.consumers
    )  # fmt: skip
    return frames[table].filter(pl.col(by).is_in(list(ids))).to_dicts()
