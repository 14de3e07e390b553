"""What decisions are worked out again from beside situations: law, settings, and the record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from engine import clock, words
from engine.account import Collector
from engine.columns.bits import maximum_of
from engine.columns.upcoming import Clocks
from engine.history import Statement
from engine.intervals import Interval
from engine.kinds import Agreed, Limit, Wait, Window
from engine.rule import Rule
from engine.rulebook import Place, Rulebook
from engine.structural import force_of
from engine.terms import HELD, MISSING, UNCHECKED, Licences, duties, licence, licensed

from .answering import Outcome
from .whence import Placed

STRENGTH: Final = ("structural", "prohibition", "presumption", "policy")
NOWHERE: Final = "UTC"
DISAGREE: Final = "structural/facts_disagree"
NO_WINDOW: Final = "structural/no_common_window"
SAME: Final = "~"
"""Ends ids of allowances of the way in which people who may be one human are one."""
WAYS: Final = '{"ways":'
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
Wrong = tuple[str, object, object]
"""What is otherwise: its name, what the record says, what is said now."""


@dataclass(frozen=True, slots=True)
class Law:
    """What decisions are compared by: a rulebook, and the settings of their segment."""

    book: Rulebook
    rules: Mapping[str, Rule]
    refuse_unencoded: bool
    licences: Licences | None
    caps: Mapping[str, int]
    pointed: bool

    @property
    def places(self) -> Mapping[str, Place]:
        """The places of the rulebook."""
        return self.book.places

    def force(self, rule: str) -> str:
        """The force of a refusal by its id."""
        act, _, name = rule.partition("/")
        return force_of(name) if act == "structural" else self.rules[rule].force

    def counts(self, rule: str) -> bool:
        """Whether it is a limit or a wait, which time undoes."""
        known = self.rules.get(rule)
        return known is not None and isinstance(known.body, Limit | Wait)

    def graded(
        self, refusing: Collection[str], row: Mapping[str, Any], exhausted: bool | None = None
    ) -> Iterator[Wrong]:
        """What a record says wrongly of how strongly it was refused, and of whether time undoes it.

        `refusing`: the rules that refuse; `exhausted`: whether time undoes that, where it does not
        follow from them alone.
        """
        force = min(map(self.force, refusing), key=STRENGTH.index, default=None)
        if row["force"] != force:
            yield "force", row["force"], force
        if exhausted is None:
            exhausted = bool(refusing) and all(self.counts(rule) for rule in refusing)
        if row["exhausted"] != exhausted:
            yield "exhausted", row["exhausted"], exhausted


def law_of_head(book: Rulebook, head: Mapping[str, Any]) -> Law:
    """A rulebook with what a segment's head says of the settings."""
    settings = head.get("settings", {})
    told = head.get("licences", settings.get("licences"))
    return Law(
        book,
        {rule.id: rule for rule in book.rules},
        bool(settings.get("refuse_unencoded_places", False)),
        None if told is None else licences_of(told),
        dict(settings.get("row_caps", {})),
        any(isinstance(one.body, Window) and one.body.clock == "point" for one in book.rules),
    )


def licences_of(told: Mapping[str, Mapping[str, str]]) -> Licences:
    """Licences as a segment's head writes them: by collector and place the last day."""
    return {
        collector: {
            place: None if last == UNLIMITED else clock.parse_date(last)
            for place, last in held.items()
        }
        for collector, held in told.items()
    }


UNLIMITED: Final = "unlimited"


@dataclass(frozen=True, slots=True)
class Basis:
    """The field `basis` read: README.md says what each means.

    `signs` number hours of one's own, of each person whose words govern the contact.
    """

    collectors: tuple[tuple[str, str, str | None], ...]
    suable: bool
    other: bool
    signs: tuple[int, ...]
    told: Mapping[str, Any] = field(compare=False)

    @property
    def sig(self) -> int:
        """Of the first person."""
        return self.signs[0]


@dataclass(frozen=True, slots=True)
class Question:
    """One way to take a decision: its record, and what it was decided from."""

    row: Mapping[str, Any]
    situations: Sequence[str]
    basis: Basis
    where: Placed
    counts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Followed:
    """What a decision comes to.

    `budgets`: what each limit that binds it leaves; `clocks`: those asked; `free_day`: the last
    local day on which something that refuses lets go; `reached`: kind of point and role of whoever
    is reached there; `held`: waits that bind it, whoever starts them; `shares`: of what was decided
    in two ways those that its record must have.
    """

    zones: tuple[str, ...]
    places: tuple[str, ...]
    rules: tuple[str, ...]
    duties: frozenset[str]
    windows: tuple[Interval, ...]
    exhausted: bool
    upcoming: datetime | None
    budgets: Mapping[str, int]
    clocks: Clocks
    free_day: date | None = None
    reached: frozenset[tuple[str, str]] = frozenset()
    held: frozenset[str] = frozenset()
    shares: Sequence[Mapping[str, Any]] | None = None

    @property
    def permitted(self) -> bool:
        """Whether nothing refuses."""
        return not self.rules


def rests_on(rule: Rule, told: Mapping[str, Any]) -> Iterator[Wrong]:
    """What a count says wrongly of its number, or of the statements that it rests on.

    A number is the law's, unless the rule allows another and a statement agreed to one; only a
    rule that consent to be called lifts may be lifted by it.
    """
    body = rule.body
    assert isinstance(body, Limit | Wait)
    entries = body.counting.not_ if isinstance(body, Limit) else body.exempt
    if told.get("excused") and not any("in_call_consent" in one.words for one in entries):
        yield f"what lifts {rule.id}", told["excused"], None
    if not isinstance(body, Limit):
        return
    movable = isinstance(body.max, Agreed)
    if told.get("agreed") and not movable and body.agreed_within is None:
        yield f"who agreed to the number of {rule.id}", told["agreed"], None
    if told["max"] != maximum_of(rule) and not (movable and told.get("agreed")):
        yield f"the number of {rule.id}", told["max"], maximum_of(rule)


def statements_of(said: Iterable[Sequence[Any]]) -> tuple[tuple[datetime, Statement], ...]:
    """What was said of hours, in its order; one kind of words hangs on when it was received."""
    found: list[tuple[datetime, Statement]] = []
    at = EPOCH
    for kind, value, *when in said:
        at = clock.parse_instant(when[0]) if when else at + timedelta(microseconds=1)
        found.append((at, Statement("", kind, "statement", value, at)))
    return tuple(found)


def lawful(where: Placed, met: Sequence[Outcome]) -> tuple[str, ...]:
    """Whose law applies to a contact with a point of this kind (`question.places_of`)."""
    found = set(where.home)
    if any(one.kind in words.WORK_KINDS for one in met):
        found |= where.work
    if not where.home:
        found |= where.by_number
    return tuple(sorted(found))


def terms_of(
    law: Law,
    places: Sequence[str],
    known: bool,
    collectors: Sequence[tuple[str, str, str | None]],
    suable: bool,
    call: bool,
    day: date,
) -> tuple[frozenset[str], frozenset[str]]:
    """Structural refusals and duties that follow from the heads of places (`engine.terms`)."""
    missing = set() if known else {"structural/address_unknown"}
    found = set[str]()
    for code in places:
        place = law.places.get(code)
        if place is None:
            missing.add("structural/place_without_file")
            continue
        standings = [
            licence(place, licensed(Collector(name), law.licences), role, day)
            for name, role, _ in collectors
        ]
        if any(one not in (HELD, UNCHECKED) for one in standings):
            missing.add(f"structural/{MISSING}")
        if law.refuse_unencoded and not place.encoded:
            missing.add("structural/place_not_encoded")
        found.update(duties(place, standings, call=call, suable=suable))
    return frozenset(missing), frozenset(found)
