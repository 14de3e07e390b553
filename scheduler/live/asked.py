"""What is asked of the live core, and what it answers: plain records, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from engine.decision import Finding, Lifted

EVENTS: Final = ("contact", "statement", "knowledge")
"""The kinds of event, named as the store's tables are."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One contact proposed now. What is left out is the plain contact's (rules/README.md).

    `point` None: chosen, the consumer's own first. `debts`: others it is about as well. `flags`
    are declarations, words of `engine.words.FLAGS`, as in `{"reply_to_consumer": True}`.
    """

    account: str
    channel: str
    point: str | None = None
    debts: tuple[str, ...] = ()
    purpose: str | None = None
    content: str | None = None
    technology: str | None = None
    disclosure: str | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one thing asked was not done: `code` is a closed word, `message` one sentence.

    Codes: `unknown_account`, `unknown_point`, `wrong_channel`, `unknown_word` (of the question);
    `unknown_permit`, `not_yours`, `already_ended`, `was_placed`, `wrong_time` (of a permit);
    `not_releasable` (of a release).
    """

    code: str
    message: str


class Answer(NamedTuple):
    """One live decision, in the log before anybody sees it.

    `until`: the instant from which a yes needs asking again (the window's close at the latest);
    None for a no. `lifted` has the releases it rests on too (`by` is `release ID`).
    """

    decision: str
    at: datetime
    account: str
    consumer: str
    point: str
    channel: str
    permitted: bool
    findings: tuple[Finding, ...]
    duties: tuple[tuple[str, str], ...]
    lifted: tuple[Lifted, ...]
    until: datetime | None
    attempts_left: int | None
    next_permitted: datetime | None
    places: tuple[str, ...]
    zones: tuple[str, ...]
    rulebook: str
    engines: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """Permitted or refused, as a word."""
        return "permitted" if self.permitted else "refused"


class Reserved(NamedTuple):
    """The answer to a reservation. `permit`, `token`, `until` are None where it is refused.

    `permit` is the permit's id, `token` the same signed, `until` the instant it ends.
    """

    answer: Answer
    permit: str | None = None
    token: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a permitted contact; columns as in `forbear schema portfolio`, contacts.

    `result` None: not known, which counts as all the channel can be. `at` None: when the permit
    was given.
    """

    permit: str
    result: str | None
    at: datetime | None = None
    message_possible: bool | None = None
    reached: str | None = None
    discussed: tuple[str, ...] | None = None
    conversation_attributed_to: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a permit ended. `late`: it had expired; its contact was corrected. `again`: told before.

    `contact` is the id of its row in the store, None where nothing was placed.
    """

    permit: str
    how: Literal["settled", "cancelled"]
    contact: str | None
    late: bool
    again: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as a system tells it; `kind` of EVENTS.

    `row` has columns of that table of the portfolio as plain JSON values (`forbear schema
    portfolio`) but for its key, which `source` and `id` make. `void`: it never was.
    """

    kind: str
    source: str
    id: str
    row: Mapping[str, object]
    void: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an event; `problems` are (column, reason), for one that was refused."""

    kind: str
    source: str
    id: str
    outcome: Literal["new", "corrected", "same", "refused"]
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A row of a published list that is withdrawn; `cursor` is its place in the feed."""

    cursor: int
    at: datetime
    day: date
    row_id: int
    account: str
    consumer: str
    point: str
    channel: str
    rules: tuple[str, ...]
    decision: str


@dataclass(frozen=True, slots=True)
class Release:
    """A named person lifts one presumption for one contact with an account.

    `rule` is a rule's id as findings have it, of force presumption; `factor` the circumstance that
    rebuts it, `reason` in the person's own words.
    """

    rule: str
    account: str
    person: str
    factor: str
    reason: str
    until: datetime
    channel: str | None = None
    point: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A release on record."""

    release: str
    asked: Release
    at: datetime
