"""What is known of contact groups, kept in memory as long as the store says that it still holds.

INVARIANT: a group in memory is used only if its version in the store, read in the transaction that
answers, is the one it was read at, and no new row of the store has been left unlooked at.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from engine.history import Contact, Group
from engine.problem import ForbearError
from engine.terms import Licences

from ..bothways import in_doubt
from ..humans import Humans, group_as_one, humans
from ..licensing import licences_in, merged
from ..records import group_of_rows
from ..store import fetching, linking, living
from ..store.database import Connection
from ..store.living import Permit, StoredRelease
from .turning import Dial, Marks

AHEAD: Final = timedelta(seconds=5)
"""How far clocks of two machines may lie apart."""
MOST: Final = 400_000
"""Contacts kept in memory, with the groups whose they are: about a kilobyte each."""
SPOKEN: Final = ("call", "voicemail")


class ClockBehind(ForbearError):
    """Something is on record that happened later than it is now by this machine's clock."""

    def __init__(self, now: datetime, last: datetime) -> None:
        """Say how far apart they are."""
        super().__init__(
            f"this clock says {now.isoformat()}, and the store changed at {last.isoformat()}; "
            "set the clock, or wait until then"
        )


@dataclass
class Known:
    """A contact group as it stands: facts, open permits, releases, and answers given before."""

    name: str
    version: int
    members: tuple[str, ...]
    facts: Group
    opens: dict[str, Permit]
    releases: tuple[StoredRelease, ...]
    wakes: datetime | None
    at: datetime | None
    maybe: Mapping[str, str] = field(default_factory=dict)
    answers: dict[Any, Any] = field(default_factory=dict)
    _group: Group | None = None
    _marks: Marks | None = None
    _same: Group | None = None

    @property
    def weight(self) -> int:
        """How much of it there is to keep: its contacts, and one for itself."""
        return 1 + len(self.facts.contacts)

    @property
    def group(self) -> Group:
        """The facts, with open permits among the contacts: they count as what they may become."""
        if self._group is None:
            placed = [contact for one in self.opens.values() if (contact := placed_of(one))]
            contacts = sorted((*self.facts.contacts, *placed), key=lambda one: (one.at, one.id))
            self._group = replace(self.facts, contacts=tuple(contacts)) if placed else self.facts
        return self._group

    @property
    def same(self) -> Group | None:
        """The same with those as one who may be one human; None where nobody is in doubt."""
        if self._same is None and self.maybe:
            self._same = group_as_one(self.group, self.maybe)
        return self._same

    def marks(self, dial: Dial) -> Marks:
        """Where decisions about it turn by the clock alone."""
        if self._marks is None:
            ends = [one.until for one in self.opens.values()]
            ends += [one.until for one in self.releases]
            self._marks = dial.marks(self.group, ends)
        return self._marks

    def reserve(self, permit: Permit) -> None:
        """One more open permit; what was answered before holds no more."""
        self.opens[permit.permit] = permit
        self._changed()

    def release(self, one: StoredRelease) -> None:
        """One more release."""
        self.releases = (*self.releases, one)
        self._changed()

    def _changed(self) -> None:
        self.answers = {}
        self._group = self._same = None
        self._marks = None


@dataclass
class Memory:
    """Groups by name, and which group each consumer and account is in."""

    licences: Licences | None
    epoch: int = -1
    erased: int = -1
    gone: bool = False
    groups: dict[str, Known] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    _held: int = 0
    _known: tuple[Licences | None, Humans] | None = None
    _wakes: datetime | None = None

    def forget(self, names: Iterable[str]) -> None:
        """Read these groups anew next time."""
        for name in names:
            known = self.groups.pop(name, None)
            if known is not None:
                self._held -= known.weight

    def make_room(self, most: int = MOST) -> None:
        """Let go of the groups that were not asked about for the longest time, if there are many.

        Only between two transactions.
        """
        while self._held > most and self.groups:
            name = next(iter(self.groups))
            known = self.groups[name]
            self.forget((name,))
            for consumer in known.members:
                self.home.pop(consumer, None)
            for account in known.facts.accounts:
                self.owner.pop(account, None)

    def clear(self) -> None:
        """Read everything anew."""
        self.groups.clear()
        self._held = 0
        self.home.clear()
        self.owner.clear()
        self._known = None

    def caught(self, caught: linking.Caught) -> None:
        """Take note of what others added, and that retention emptied rows (`gone`)."""
        if caught.erased != self.erased:
            self.gone = self.gone or self.erased >= 0
            self.clear()
            self.erased = caught.erased
        if caught.epoch != self.epoch:
            self.clear()
            self.epoch = caught.epoch
        self.forget(caught.touched)

    def forget_of(self, consumers: Iterable[str]) -> None:
        """Read the groups of these consumers anew next time."""
        self.forget({self.home[one] for one in consumers if one in self.home})

    def owners(self, connection: Connection, accounts: Collection[str]) -> None:
        """Learn whose accounts these are."""
        new = {one for one in accounts if one not in self.owner}
        if new:
            self.owner |= fetching.owners(connection, new)

    def know(
        self,
        connection: Connection,
        consumers: Collection[str],
        touched: Collection[str],
        now: datetime,
        *,
        lock: bool,
    ) -> tuple[datetime, dict[str, Known]]:
        """The groups of these consumers, and those touched, as they stand now; by name.

        `lock`: nobody else reserves in them until the transaction ends. Also the instant as of
        which they are known: now, or where another machine's clock runs ahead its latest change.
        Raises ClockBehind.
        """
        self._homes(connection, consumers)
        wanted = {self.home[one] for one in consumers} | set(touched)
        states = living.states(connection, wanted, lock=lock)
        while True:
            stale = {name for name in wanted if not self._holds(name, states[name][0], now)}
            if not stale:
                break
            # a group that joined another has another name by now
            for one in [one for one in consumers if self.home[one] in stale]:
                del self.home[one]
            self._homes(connection, consumers)
            again = {self.home[one] for one in consumers} | set(touched)
            if again <= wanted:
                break
            more = again - wanted
            states |= living.states(connection, more, lock=lock)
            wanted |= more
        latest = max((at for _, at in states.values() if at is not None), default=now)
        if latest > now + AHEAD:
            raise ClockBehind(now, latest)
        as_of = max(now, latest)
        self._load(connection, stale, states, as_of)
        found = {name: self.groups.pop(name) for name in wanted if name in self.groups}
        self.groups |= found  # the last ones are those asked about last
        return as_of, found

    def of(self, consumer: str) -> Known:
        """The group of a consumer that `know` was asked for."""
        return self.groups[self.home[consumer]]

    def _homes(self, connection: Connection, consumers: Collection[str]) -> None:
        new = {one for one in consumers if one not in self.home}
        if new:
            self.home |= linking.groups_of(connection, new)

    def _holds(self, name: str, version: int, now: datetime) -> bool:
        known = self.groups.get(name)
        return (
            known is not None
            and known.version == version
            and (known.wakes is None or known.wakes > now)
        )

    def _load(
        self,
        connection: Connection,
        stale: Collection[str],
        states: Mapping[str, tuple[int, datetime | None]],
        now: datetime,
    ) -> None:
        # a group that joined another is no group any more
        named = linking.groups_of(connection, stale) if stale else {}
        members = linking.members_of(connection, [one for one, at in named.items() if one == at])
        if not members:
            return
        home = {one: name for name, all_of in members.items() for one in all_of}
        fetched = fetching.fetch(connection, list(home), now)
        held, same = self._told(connection, now)
        opens: dict[str, dict[str, Permit]] = {}
        for permit in living.open_permits(connection, list(home)):
            opens.setdefault(home[permit.consumer], {})[permit.permit] = permit
        granted: dict[str, list[StoredRelease]] = {}
        for one in living.releases(connection, list(home), now):
            granted.setdefault(home[one.consumer], []).append(one)
        for name, rows in fetching.by_group(fetched, home).items():
            facts, maybe = facts_of(rows, held, same)
            self.forget((name,))
            self.groups[name] = known = Known(
                name,
                states[name][0],
                members[name],
                facts,
                opens.get(name, {}),
                tuple(granted.get(name, ())),
                min((at for at in (fetched.wakes, self._wakes) if at is not None), default=None),
                states[name][1],
                maybe,
            )
            self._held += known.weight
            for consumer in members[name]:
                self.home[consumer] = name

    def _told(self, connection: Connection, now: datetime) -> tuple[Licences | None, Humans]:
        """The licences to decide by, and who is one human, as the store knows it now."""
        if self._known is None or (self._wakes is not None and self._wakes <= now):
            told = fetching.told(connection, now)
            table = {name: licences_in(text) or {} for name, text in told.licences.items()}
            held = None if self.licences is None else merged(self.licences, table)[0]
            self._known, self._wakes = (held, humans(told.pairs)), told.wakes
        return self._known


def facts_of(
    rows: Mapping[str, list[dict[str, Any]]], held: Licences | None, same: Humans
) -> tuple[Group, Mapping[str, str]]:
    """A group's rows that stand as records, and who of it may be one human."""
    facts = group_as_one(group_of_rows(rows, held), same.surely)
    return facts, same.maybe if same.maybe and in_doubt(facts, same.maybe) else {}


def placed_of(permit: Permit) -> Contact | None:
    """An open permit as a contact whose result nobody knows; None once it was erased."""
    if permit.contact is None:
        return None
    row: dict[str, Any] = json.loads(permit.contact)
    named = row["attributed_to"]
    flags = {name: True for name in ("reply_to_consumer", "automated") if row.get(name)}
    return Contact(
        id=permit.permit,
        at=permit.opened_at,
        channel=permit.channel,
        point=permit.point,
        attributed_to=tuple(named),
        discussed=None,
        technology=row.get("technology"),
        purpose=row.get("purpose"),
        content=row.get("content"),
        disclosure=row.get("disclosure"),
        collector=row["collector"],
        consumer=permit.consumer,
        recorded=permit.opened_at,
        flags=flags,
    )


def persons_of(group: Group, consumer: str, point: str) -> tuple[str, str]:
    """The human reached at a point, and the line: what one open call at a time may hold."""
    known = group.points.get(point)
    if known is None:
        return consumer, point
    file = group.consumers.get(known.owner)
    return (file.person if file is not None else known.owner), known.line
