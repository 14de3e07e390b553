"""A part's rows as the engine's records, by contact group: what facts are checked against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.account import Account, Consumer, Point
from engine.columns.past import place_in
from engine.history import Contact, Group, Statement
from engine.terms import Licences

from .records import group_of_frames


@dataclass(frozen=True, slots=True)
class GroupsOf:
    """Called with consumers, gives for each all that is counted together with it.

    Made of the part's own rows; `home` has the columns consumer, together (`parts.Plan.groups`);
    `licences` as in `records.group_rows`. What is counted together is made once, whoever of it is
    asked about: of a crowd that takes long, and all who ask about it share what they work out.
    """

    frames: Mapping[str, pl.DataFrame]
    home: pl.DataFrame
    licences: Licences | None = None
    _made: dict[str, Group] = field(default_factory=dict, compare=False, repr=False)
    _kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, consumers: Sequence[str]) -> dict[str, Group]:
        """By consumer, everything known of its contact group, or of the crowd it is in."""
        label = self._labels()
        missing = sorted({label[name] for name in consumers} - self._made.keys())
        if missing:
            rows = self._of(missing)
            whole = group_of_frames(rows, self.licences)
            self._made.update(_parted(whole, {name: label[name] for name in whole.consumers}))
        return {name: self._made[label[name]] for name in consumers}

    def _labels(self) -> dict[str, str]:
        """What each consumer is counted together with."""
        if "labels" not in self._kept:
            self._kept["labels"] = dict(self.home.select("consumer", "together").iter_rows())
        found: dict[str, str] = self._kept["labels"]
        return found

    def _units(self) -> tuple[pl.Series, dict[str, pl.Series]]:
        """What is counted together, each once, and the place of it for each row of each table."""
        if "units" not in self._kept:
            units = self.home["together"].unique()
            of = place_in(units, self.home["together"])
            places = {
                name: of.gather(place_in(self.home["consumer"], frame["consumer"]))
                for name, frame in self.frames.items()
                if name != "account_parties"
            }
            debts = self.frames["accounts"]["account"]
            parties = place_in(debts, self.frames["account_parties"]["account"])
            places["account_parties"] = places["accounts"].gather(parties)
            self._kept["units"] = units, places
        found: tuple[pl.Series, dict[str, pl.Series]] = self._kept["units"]
        return found

    def _of(self, together: Sequence[str]) -> dict[str, pl.DataFrame]:
        """The rows of what is counted together."""
        units, places = self._units()
        wanted = units.is_in(list(together))
        return {
            name: frame.filter(wanted.gather(places[name])) for name, frame in self.frames.items()
        }


@dataclass
class _Bucket:
    """The records of one group while they are sorted out."""

    consumers: dict[str, Consumer] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    points: dict[str, Point] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def group(self, whole: Group) -> Group:
        """The finished group."""
        names = {one.collector for one in self.accounts.values()}
        names |= {one.collector for one in self.contacts}
        provenance = whole.email_provenance
        return Group(
            consumers=self.consumers,
            accounts=self.accounts,
            points=self.points,
            collectors={name: whole.collectors[name] for name in sorted(names)},
            contacts=tuple(self.contacts),
            statements=tuple(self.statements),
            email_provenance={name: provenance[name] for name in self.points if name in provenance},
            parties={name: whole.parties[name] for name in self.accounts if name in whole.parties},
        )


def _parted(whole: Group, home: Mapping[str, str]) -> dict[str, Group]:
    """Records of several groups taken apart; `home` is the label of each consumer."""
    found = {label: _Bucket() for label in home.values()}
    for consumer in whole.consumers.values():
        found[home[consumer.id]].consumers[consumer.id] = consumer
    for account in whole.accounts.values():
        found[home[account.consumer]].accounts[account.id] = account
    for point in whole.points.values():
        found[home[point.consumer]].points[point.id] = point
    for contact in whole.contacts:
        found[home[contact.consumer]].contacts.append(contact)
    for statement in whole.statements:
        found[home[statement.consumer]].statements.append(statement)
    return {label: bucket.group(whole) for label, bucket in found.items()}


def rows_of(frames: Mapping[str, pl.DataFrame], people: pl.Series) -> dict[str, pl.DataFrame]:
    """The rows of some consumers; `people` are their ids, imploded."""
    few = {
        name: frame.filter(pl.col("consumer").is_in(people))
        for name, frame in frames.items()
        if name != "account_parties"
    }
    debts = few["accounts"]["account"].implode()
    parties = frames["account_parties"].filter(pl.col("account").is_in(debts))
    return few | {"account_parties": parties}
