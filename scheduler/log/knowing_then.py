"""What the live core knew of a contact group when it gave a decision, of what the store has now.

A row was known if it had been received and recorded by then; a permit was open if it had been
given by an earlier decision and had not ended. What bears the very moment of the decision may have
been written before it or after: the record does not say. So there are several ways to take it, of
which the first has all of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, product
from typing import Any, Final

from engine.terms import Licences

from ..humans import Humans, humans
from ..licensing import licences_in, merged
from ..live.knowing import Known, facts_of
from ..live.recording import number_of
from ..store.fetching import Row, standing
from ..store.kept import NAMES
from ..store.living import Permit, StoredRelease
from ..store.then import EVERYBODY, Held

WAYS: Final = 64
"""So many ways to take what bears the very moment of a decision are tried, and no more."""
ENDS: Final = "ends"
MADE: Final = "made"
CANCELLED: Final = "cancelled"


def known_since(row: Row) -> datetime:
    """When a row was known: received and recorded."""
    since: datetime = max(row["received_at"], row["recorded_at"])
    return since


@dataclass(frozen=True, slots=True)
class Way:
    """One way to take what bears the very moment: by table (and `ends`, `made`), how many of them.

    What is left out counts whole.
    """

    first: Mapping[str, int] = field(default_factory=dict)

    def some(self, name: str, there: Sequence[Any]) -> Sequence[Any]:
        """Those that count."""
        return there[: self.first.get(name, len(there))]


@dataclass
class Table:
    """The rows of a table, in the order in which they became known."""

    rows: list[Row]
    times: list[datetime]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Table:
        """Of any rows."""
        ordered = sorted(rows, key=lambda row: (known_since(row), row["row"]))
        return cls(ordered, [known_since(row) for row in ordered])

    def by(self, at: datetime) -> list[Row]:
        """What was known by a moment."""
        return self.rows[: bisect_right(self.times, at)]

    def taken(self, name: str, at: datetime, way: Way) -> list[Row]:
        """What was known by then, of what was recorded at that very moment as a way takes it."""
        there = self.by(at)
        if name not in way.first:
            return there
        same = {row["row"] for row in way.some(name, recorded_at(there, at))}
        return [row for row in there if row["recorded_at"] != at or row["row"] in same]


def recorded_at(rows: Sequence[Row], at: datetime) -> list[Row]:
    """The rows recorded at a moment, in the order of writing."""
    return sorted((row for row in rows if row["recorded_at"] == at), key=lambda row: row["row"])


@dataclass
class Everybody:
    """Who is one human and who is licensed where, as known at any moment."""

    tables: Mapping[str, Table]
    settings: Licences | None
    _made: dict[tuple[int, ...], tuple[Licences | None, Humans]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]], settings: Licences | None) -> Everybody:
        """Of every row there ever was; `settings`: the licences that they held."""
        return cls({name: Table.of(rows[name]) for name in EVERYBODY}, settings)

    def at(self, at: datetime, way: Way) -> tuple[Licences | None, Humans]:
        """The licences to decide by and who is one human."""
        there = {name: table.taken(name, at, way) for name, table in self.tables.items()}
        key = tuple(len(rows) for rows in there.values())
        if key not in self._made:
            pairs = standing("same_person", there["same_person"])
            told = {
                row["collector"]: licences_in(row["licences"]) or {}
                for row in standing("collector", there["collector"])
                if row["licences"] is not None
            }
            held = None if self.settings is None else merged(self.settings, told)[0]
            same = humans((row["person"], row["other"], str(row["confidence"])) for row in pairs)
            self._made[key] = (held, same)
        return self._made[key]


@dataclass
class Past:
    """A contact group of which all is at hand, to be known as it was."""

    held: Held
    everybody: Everybody
    _tables: dict[str, Table] = field(default_factory=dict)
    _made: dict[Any, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the rows in order."""
        self._tables = {name: Table.of(rows) for name, rows in self.held.rows.items()}

    def ways(self, at: datetime) -> Iterator[Way]:
        """The ways to take what bears this very moment; the first takes all of it."""
        yield Way()
        tables = {**self._tables, **self.everybody.tables}
        same = {name: len(recorded_at(table.by(at), at)) for name, table in tables.items()}
        same |= {ENDS: len(self._ending(at)), MADE: len(self._making(at))}
        met = {name: count for name, count in same.items() if count}
        counts = product(*(range(count, -1, -1) for count in met.values()))
        none = Way(dict.fromkeys(met, 0))
        if met:
            yield none
            for one in islice(counts, 1, WAYS):
                way = Way(dict(zip(met, one, strict=True)))
                if way != none:
                    yield way

    def known(self, name: str, number: int, at: datetime, way: Way) -> Known:
        """The group as it stood when a live decision was given; `name` as its record has it."""
        there = {table: rows.taken(table, at, way) for table, rows in self._tables.items()}
        licences, same = self.everybody.at(at, way)
        contacts = {row["contact"] for row in there["contact"]}
        opens = self._opens(number, at, way, contacts)
        releases = self._releases(number, at, way)
        key = (
            tuple(len(rows) for rows in there.values()),
            *way.first.items(),
            id(licences),
            tuple(opens),
            tuple(one.release for one in releases),
        )
        found = self._made.get(key)
        if found is None:
            stands = {table: standing(table, rows) for table, rows in there.items()}
            people = {row["consumer"] for row in stands["consumer"]}
            debts = {row["account"] for row in stands["account"] if row["consumer"] in people}
            rows = {
                portfolio: [
                    dict(row)  # records are made of rows that are changed by it
                    for row in stands[table]
                    if (row["account"] in debts if table == "account_party"
                        else row["consumer"] in people)
                ]
                for portfolio, table in NAMES.items()
            }  # fmt: skip
            facts, maybe = facts_of(rows, licences, same)
            members = self.held.members
            self._made.clear()
            found = Known(name, 0, members, facts, opens, releases, None, None, maybe)
            self._made[key] = found
        found.name = name
        found.answers = {}
        return found

    def _opens(self, number: int, at: datetime, way: Way, contacts: set[str]) -> dict[str, Permit]:
        ended = {one.permit.permit for one in way.some(ENDS, self._ending(at))}
        found = {}
        for one in self.held.permits:
            permit = one.permit
            if (number_of(permit.decision) or 0) >= number:
                continue
            if one.ended is not None and one.ended <= at:
                name = permit.permit
                gone = name in contacts if one.ended == at and permit.how != CANCELLED else (
                    one.ended < at or name in ended
                )  # fmt: skip
                if gone:
                    continue
            found[permit.permit] = permit
        return found

    def _ending(self, at: datetime) -> list[Any]:
        """Permits given back at this very moment: nothing else tells before or after what."""
        return [one for one in self.held.permits if one.ended == at and one.permit.how == CANCELLED]

    def _making(self, at: datetime) -> list[Any]:
        return [one for one in self.held.releases if one.release.made_at == at]

    def _releases(self, number: int, at: datetime, way: Way) -> tuple[StoredRelease, ...]:
        permits = {one.permit.permit: one for one in self.held.permits}
        made = {one.release.release for one in way.some(MADE, self._making(at))}
        given_back = {one.permit.permit for one in way.some(ENDS, self._ending(at))}
        found = []
        for one in self.held.releases:
            release = one.release
            if release.made_at > at or (release.made_at == at and release.release not in made):
                continue
            if release.until <= at:
                continue
            if not any(
                self._uses(permits.get(name), number, at, given_back) for name in one.permits
            ):
                found.append(release)
        return tuple(found)

    def _uses(self, given: Any, number: int, at: datetime, given_back: set[str]) -> bool:
        """Whether a permit uses a release up, as things stood."""
        if given is None or (number_of(given.permit.decision) or 0) >= number:
            return False
        back = given.permit.how == CANCELLED and given.ended is not None
        return not (back and (given.ended < at or given.permit.permit in given_back))
