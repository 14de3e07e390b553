"""A rule: one sentence of law or policy, its scope, dates, authority and place in its file.

The words are rules/README.md's; `kinds` holds what differs by kind. Nothing here reads or decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from . import words

if TYPE_CHECKING:
    from .kinds import Body

Parameter: TypeAlias = "str | int | bool | tuple[str, ...] | Happened | None"
"""What a fact is asked with: nothing, a word, a number, words in file order, or `happened`."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in a file: lines and columns count from 1."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Ask:
    """One fact asked, as in `fdcpa_covered` or `{days_past_due_over: 30}`."""

    fact: str
    parameter: Parameter = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """`{all: [...]}`: yes if all are, no if any is, else unknown (Kleene)."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`{any: [...]}`: yes if any is, no if all are, else unknown (Kleene)."""

    asks: tuple[Ask, ...]


Entry = Ask | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Period:
    """A span that a limit looks back over, a wait lasts, or `happened` asks about.

    `unit`: day, hour, month, business_day; or (count 1) calendar_day, calendar_week_from_sunday,
    business_week, calendar_month; or ever (count 0).
    """

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An entry of `not` or `exempt`: all of `words` hold. `days` is returned_within's number."""

    words: tuple[str, ...]
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """What counts, and every event: fields resolved against the rule's scope.

    `what` is one of words.COUNTS, a statement or knowledge kind, or a date of the account
    (words.ACCOUNT_DATES). A field that is None takes anything ("any").
    """

    what: str
    channels: frozenset[str] | None = None
    direction: str = "out"  # out | in | any
    to: frozenset[str] | None = None  # point kinds, groups opened
    whom: frozenset[str] | None = None  # owner roles, groups opened
    types: frozenset[str] | None = None  # types of debt
    debts: str = "attributed"  # attributed | discussed
    purpose: frozenset[str] | None = None
    content: frozenset[str] | None = None
    technology: frozenset[str] | None = None
    result: frozenset[str] | None = None
    medium: frozenset[str] | None = None
    timely: bool | None = None
    places: frozenset[str] | None = None  # where an emergency was declared: the rule's place
    initiated_by: str | None = None
    which: str = "latest"  # latest | first
    not_: tuple[Exclusion, ...] = ()

    @property
    def of_contacts(self) -> bool:
        """Whether contacts are selected, not statements, knowledge or dates."""
        return self.what in words.COUNTS

    @property
    def of_dates(self) -> bool:
        """Whether a date of the account is selected."""
        return self.what in words.ACCOUNT_DATES


@dataclass(frozen=True, slots=True)
class Happened:
    """`{happened: SELECTOR, within | older_than | since, unless_followed}`: is it on record?"""

    event: Selector
    within: Period | None = None
    older_than: Period | None = None  # days or business days
    since: Selector | None = None
    unless_followed: Selector | None = None
    followed_within: Period | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Sets that are None are unrestricted ("left out"); `cite` is never empty.

    `act` is the file's stem ("regulation_f", "US-MA", "contact_policy"), `place` the jurisdiction
    or None for what holds everywhere; `house` marks the firm's own policy.
    """

    key: str
    act: str
    says: str
    cite: tuple[str, ...]
    source: str
    confidence: str
    force: str
    body: Body
    channels: frozenset[str]
    to: frozenset[str] | None  # point kinds, groups opened
    whom: frozenset[str] | None  # owner roles, groups opened
    collectors: frozenset[str] | None
    debts: frozenset[str] | None
    reach: str
    when: tuple[Entry, ...]
    unless: tuple[Entry, ...]
    effective_from: date | None  # None: unknown, taken as always
    effective_to: date | None  # the day after the last day in force
    place: str | None
    house: bool
    position: Position
    reviewed_on: date | None = None
    review_by: date | None = None

    @property
    def id(self) -> str:
        """The key that names the rule for ever: `act/key`."""
        return f"{self.act}/{self.key}"

    @property
    def kind(self) -> str:
        """One of words.KINDS."""
        return self.body.kind

    def reaches(self, channel: str, kind: str) -> bool:
        """Whether channel and kind of point are in scope (`channels`, `to`).

        A point of unknown kind matches every `to`. The marks "electronic" and "-electronic" in
        `to` stand for texts to any phone being in, and out (rules/README.md).
        """
        if channel not in self.channels:
            return False
        if self.to is None or kind == "phone":
            return True
        if channel == "text" and "electronic" in self.to:
            return True
        return kind in self.to and not (channel == "text" and "-electronic" in self.to)

    def within(self, channel: str, kind: str, whom: str, role: str, debt_type: str) -> bool:
        """Whether a contact is in scope, by all five words of scope (a word left out: any)."""
        return (
            self.reaches(channel, kind)
            and (self.whom is None or whom in self.whom)
            and (self.collectors is None or role in self.collectors)
            and (self.debts is None or debt_type in self.debts)
        )

    def in_force(self, day: date) -> bool:
        """Whether the rule holds on a civil day; an unknown date of effect counts as past."""
        if self.effective_from is not None and day < self.effective_from:
            return False
        return self.effective_to is None or day < self.effective_to
