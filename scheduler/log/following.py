"""What follows for a decision of a run from its record: from situations, counts and `basis`.

Everything is worked out again the way `engine.part` works it out, of what the record holds; what
the record says of itself is only compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from engine import clock, words
from engine.columns.upcoming import Clocks, first_opening, in_hours, open_on
from engine.columns.where import mask, zone_names
from engine.columns.windows import OWN_NUMBER, Hourglass
from engine.intervals import intersect
from engine.kinds import Limit, Wait, Window
from engine.place import number_area_code, zones_of_area_code
from engine.rule import Rule
from engine.rulebook import REACHING

from .answering import Outcome
from .drawing import Drawing
from .footing import (
    DISAGREE,
    NO_WINDOW,
    NOWHERE,
    SAME,
    WAYS,
    Basis,
    Followed,
    Law,
    Question,
    Wrong,
    lawful,
    rests_on,
    statements_of,
    terms_of,
)
from .walking import walked
from .whence import placed


@dataclass
class Follower:
    """Works out what follows for the decisions of one run."""

    law: Law
    day: date
    now: datetime
    outcomes: Mapping[str, Outcome]
    holds: Callable[[str, date], bool]
    """Whether a rule set, by name, holds any rule on a day."""
    live: bool = False
    """Whether decisions were given live, about instants."""
    hourglass: Hourglass = field(init=False)
    drawing: Drawing = field(init=False)
    _bases: dict[str, Basis] = field(default_factory=dict)
    _signs: dict[str, int] = field(default_factory=dict)
    _terms: dict[tuple[object, ...], tuple[frozenset[str], frozenset[str]]] = field(
        default_factory=dict
    )
    _counts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Windows are worked out once for all decisions."""
        self.hourglass = Hourglass(self.day, self.now)
        self.drawing = Drawing(self.law, self.day, self.now)

    # -- reading

    def basis(self, text: str) -> Basis:
        """A basis read. Raises KeyError, ValueError where it is none."""
        found = self._bases.get(text)
        if found is None:
            found = self._bases[text] = self.basis_of(json.loads(text))
        return found

    def basis_of(self, told: Mapping[str, Any]) -> Basis:
        """The same of what was read already."""
        by = tuple(
            (str(one[0]), str(one[1]), str(one[2]) if len(one) > 2 else None)
            for one in told["collectors"]
        )
        suable, other = bool(told.get("suable")), bool(told.get("other"))
        until = told.get("calls_until")
        people = [told.get("hours", ()), *told.get("hours_of_others", ())]
        signs = tuple(self._sign(said, until) for said in people)
        return Basis(by, suable, other, signs, told)

    def _sign(self, said: Sequence[Any], until: str | None) -> int:
        """The number of these hours in the hourglass; 0: none of one's own."""
        if not said and until is None:
            return 0
        key = json.dumps([said, until])
        if key not in self._signs:
            self._signs[key] = len(self.hourglass.own)
            self.hourglass.own.append(statements_of(said))
            agreed = None if until is None else time.fromisoformat(until)
            self.hourglass.agreed.append(agreed)
        return self._signs[key]

    def counts(self, text: str) -> dict[str, dict[str, Any]]:
        """The field `evidence` read."""
        found = self._counts.get(text)
        if found is None:
            found = self._counts[text] = json.loads(text)
        return found

    # -- following

    def follow(self, row: Mapping[str, Any], wrong: list[Wrong]) -> Followed:
        """What follows for one decision; what does not hold within its facts goes to `wrong`."""
        counts = self.counts(row["evidence"] or "{}")
        if not row["basis"].startswith(WAYS):
            basis = self.basis(row["basis"])
            asked = Question(row, row["situations"], basis, placed(row["place_evidence"]), counts)
            return self._follow(asked, wrong)
        told = json.loads(row["basis"])
        asked_both = [self._way(row, way) for way in told["ways"]]
        together = [self._follow(one, wrong) for one in asked_both]
        merged = {**asked_both[0].counts, **asked_both[1].counts}
        if merged != counts:
            wrong.append(("evidence", row["evidence"], json.dumps(merged)))
        return self._both(asked_both, together, told, wrong)

    def _shares(
        self, row: Mapping[str, Any], told: Mapping[str, Any], now: Followed, way: int
    ) -> Iterator[Wrong]:
        """What one of two ways says otherwise of its answer, and of what it draws on."""
        if DISAGREE in row["rules"]:  # found by one of them, put down for both
            return
        if told["permitted"] != now.permitted:
            yield "verdict in one way", told["permitted"], now.permitted
        yield from self.drawing.compare(row, told["budgets"], now, way)

    def _way(self, row: Mapping[str, Any], told: Mapping[str, Any]) -> Question:
        """One of two ways in which people are taken who may be one human."""
        text = json.dumps(told["placed"]) if "placed" in told else row["place_evidence"]
        basis = self.basis_of(told["basis"])
        return Question(row, told["situations"], basis, placed(text), told["evidence"])

    def _both(
        self,
        asked: Sequence[Question],
        found: Sequence[Followed],
        told: Mapping[str, Any],
        wrong: list[Wrong],
    ) -> Followed:
        """The stricter of two ways in everything (`scheduler.doubtful`)."""
        one, other = found
        row = asked[0].row
        for way, (its, each) in enumerate(zip(told["ways"], found, strict=True)):
            wrong += self._shares(row, its, each, way)
        rules = {*one.rules, *other.rules}
        windows = intersect(one.windows, other.windows)
        exhausted = bool(rules) and all(each.permitted or each.exhausted for each in found)
        if not rules and not windows:
            rules, exhausted = {NO_WINDOW}, True
        upcoming = windows[0][0] if not rules else None
        if rules and all(each.upcoming is not None for each in found):
            days = [each.free_day for each in found if each.free_day is not None]
            ways = [(one.basis, each.clocks) for one, each in zip(asked, found, strict=True)]
            upcoming = walked(self, ways, max(days, default=None), told.get("walk", ()), wrong)
        return Followed(
            tuple(sorted({*one.zones, *other.zones})),
            tuple(sorted({*one.places, *other.places})),
            tuple(sorted(rules)),
            one.duties | other.duties,
            windows if not rules else (),
            exhausted,
            upcoming,
            {},
            one.clocks,
            shares=() if rules else _merged(told["ways"]),
        )

    def _follow(self, asked: Question, wrong: list[Wrong]) -> Followed:
        row, basis, counts = asked.row, asked.basis, asked.counts
        met = [self.outcomes[name] for name in asked.situations]
        where = asked.where
        places = lawful(where, met)
        zones = tuple(sorted(where.zones))
        self.sets(met, places, basis, self.day, wrong)
        clocks: Clocks = (
            zones or (NOWHERE,),
            self.number(row["number"], basis),
            basis.sig,
            row["channel"] in words.VOICE_CHANNELS,
        )
        applying = {rule.id: rule for one in met for rule in one.applies}
        self._bits(met, applying, counts, clocks, wrong)
        refusing = {rule for one in met for rule in one.refusing}
        call = row["channel"] == "call"
        missing, duty = self.missing(places, basis, self.day, known=bool(where.home), call=call)
        rules = refusing | missing
        rules |= {f"structural/{one.trouble}" for one in met if one.trouble}
        if not zones and any(_reads_clock(rule) for rule in applying.values()):
            rules.add("structural/zone_unknown")
        if not met:
            rules.add(NO_WINDOW)
        if DISAGREE in row["rules"]:  # what the run found when it reckoned facts both ways
            rules.add(DISAGREE)
        by_time = bool(refusing) and rules == refusing
        by_time = by_time and all(_timed(self.law.rules[one]) for one in refusing)
        windows = [rule for rule in applying.values() if isinstance(rule.body, Window)]
        cut = self._cut(applying, refusing, counts)
        opens = open_on(self.hourglass, windows, clocks, self.day, cut)
        if not rules and not opens:
            rules, by_time = {NO_WINDOW}, True
        frees = [_free(counts.get(one)) for one in rules if self.law.counts(one)]
        known = [one for one in frees if one is not None]
        days = [clock.local_date(one, zone) for one in known for zone in clocks[0]]
        free_day, free_at = max(days, default=None), max(known, default=None)
        upcoming = opens[0][0] if not rules else None
        if rules and by_time and len(known) == len(frees):
            if "walk" in basis.told:
                walk = basis.told["walk"]
                upcoming = walked(self, [(basis, clocks)], free_day, walk, wrong)
            else:
                upcoming = first_opening(self.hourglass, windows, clocks, free_day, free_at, cut)
        return Followed(
            zones,
            places,
            tuple(sorted(rules)),
            frozenset(d for one in met for d in one.duties) | duty,
            opens if not rules else (),
            by_time and all(self.law.counts(one) for one in rules),
            upcoming,
            {} if rules else _budgets(met, applying, counts),
            clocks,
            free_day,
            frozenset((one.kind, one.whom) for one in met),
            frozenset().union(*(one.held for one in met)),
        )

    def sets(
        self,
        met: Iterable[Outcome],
        places: Sequence[str],
        basis: Basis,
        day: date,
        wrong: list[Wrong],
    ) -> None:
        """Whether every rule set that applies on a day was asked, and no other."""
        located = {f"{place}{REACHING}" for _, _, place in basis.collectors if place is not None}
        names = ("federal", *places, *located)
        wanted = sorted(name for name in names if self.holds(name, day))
        asked = sorted({one.base for one in met})
        if asked != wanted:
            wrong.append(("rule sets asked", asked, wanted))

    def number(self, number: str | None, basis: Basis) -> int:
        """The zones of the number called as `engine.columns` has them."""
        if not (basis.other or self.law.pointed):
            return 0
        zones = mask(zone_names(), zones_of_area_code(number_area_code(number)))
        return zones if basis.other else zones | OWN_NUMBER

    def missing(
        self, places: tuple[str, ...], basis: Basis, day: date, *, known: bool, call: bool = False
    ) -> tuple[frozenset[str], frozenset[str]]:
        """What is missing by the places alone on a day, and the duties of their heads."""
        key = (places, known, basis.collectors, basis.suable, call, day)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = terms_of(self.law, *key)
        return found

    # -- counts

    def _bits(
        self,
        met: Sequence[Outcome],
        applying: Mapping[str, Rule],
        counts: Mapping[str, Mapping[str, Any]],
        clocks: Clocks,
        wrong: list[Wrong],
    ) -> None:
        """Whether what the situations say of limits, waits and windows follows from the counts."""
        for name, rule in applying.items():
            said = {one.bits[name] for one in met if name in one.bits}
            if isinstance(rule.body, Window):
                now = {self.hourglass.bit(rule, zone, *clocks[1:]) for zone in clocks[0]}
                if not said <= now:
                    wrong.append((f"whether {name} is shut", sorted(said), sorted(now)))
                continue
            told = counts.get(name)
            if told is None:
                continue
            wrong += rests_on(rule, told)
            if told.get("excused") and said == {words.NO}:
                continue
            if isinstance(rule.body, Limit):
                counting = any(name in one.counting for one in met)
                holds = counting and told["used"] + 1 > told["max"]
                stands = f"{told['used']} of {told['max']} used"
            elif "until" not in told:  # lifted in one zone, and without an end in another
                continue
            else:
                holds = self._day_of(told["until"], clocks[0]) > self.day
                stands = f"until {told['until']}"
            if (words.YES in said) != holds and words.UNKNOWN not in said:
                wrong.append((f"whether {name} refuses", sorted(said), stands))

    @staticmethod
    def _day_of(at: str, zones: Sequence[str]) -> date:
        """The latest local day of an instant."""
        known = clock.parse_instant(at)
        return max(clock.local_date(known, zone) for zone in zones)

    def _cut(
        self,
        applying: Mapping[str, Rule],
        refusing: set[str],
        counts: Mapping[str, Mapping[str, Any]],
    ) -> datetime | None:
        """When the last that is counted in hours lets go today."""
        ends = [
            end
            for name, rule in applying.items()
            if name not in refusing and in_hours(rule)
            if (end := _free(counts.get(name))) is not None and end > self.now
        ]
        return max(ends, default=None)


# -- pieces


def _reads_clock(rule: Rule) -> bool:
    return isinstance(rule.body, Window) and rule.body.clock == "consumer"


def _timed(rule: Rule) -> bool:
    return isinstance(rule.body, Limit | Wait | Window)


def _free(told: Mapping[str, Any] | None) -> datetime | None:
    """When a limit or a wait lets go; None: not by time alone."""
    if told is None:
        return None
    at = told.get("until", told.get("free"))
    return None if at is None else clock.parse_instant(at)


def _merged(ways: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The shares of both ways together, as a record has them (`scheduler.doubtful`)."""
    first, second = (one["budgets"] for one in ways)
    return [*first, *({**one, "id": one["id"] + SAME} for one in second)]


def _budgets(
    met: Sequence[Outcome],
    applying: Mapping[str, Rule],
    counts: Mapping[str, Mapping[str, Any]],
) -> dict[str, int]:
    """What each limit that binds it leaves, and one for each wait that it would itself start."""
    found: dict[str, int] = {}
    for name, rule in applying.items():
        told = counts.get(name)
        if isinstance(rule.body, Limit) and told is not None:
            if any(name in one.counting for one in met) and not told.get("excused"):
                found[name] = told["max"] - told["used"]
        elif isinstance(rule.body, Wait) and any(name in one.counting for one in met):
            found[name] = 1
    return found
