"""What requests and answers look like: the models behind the contract (OpenAPI).

Requests refuse words they do not know. Instants are ISO 8601 with offset; answers give them in UTC.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ITEMS: Final = 1_000
"""Contacts or events in one request."""
MOST_LENGTH: Final = 200
Text = Annotated[str, Field(min_length=1, max_length=MOST_LENGTH, pattern=r"^[^\x00-\x1f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_]+$")]
Instant = Annotated[str, Field(max_length=40, examples=["2026-11-21T10:02:00-05:00"])]
Moment = Annotated[str, Field(examples=["2026-11-21T15:02:00Z"])]


class Asked(BaseModel):
    """What a request holds: nothing but the words of its model."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Contact(Asked):
    """A contact proposed now.

    What is left out is the plain contact's: a live agent, dialled by hand, to collect, with every
    duty kept; of the points, the consumer's own first.
    """

    account: Text = Field(description="your own id of the account")
    channel: Word = Field(description="call, voicemail, text, email, mail, social or visit")
    point: Text | None = Field(None, description="your own id of the contact point")
    debts: tuple[Text, ...] = Field((), max_length=100, description="other accounts it is about")
    purpose: Word | None = None
    content: Word | None = None
    technology: Word | None = None
    disclosure: Word | None = None
    flags: dict[Word, bool] = Field(  # a default that pydantic need not copy for each contact
        default_factory=dict,
        max_length=50,
        description="declarations about it",
        json_schema_extra={"default": {}},
    )


class Checks(Asked):
    """Contacts to decide; nothing is reserved."""

    contacts: list[Contact] = Field(min_length=1, max_length=MOST_ITEMS)
    brief: bool = Field(False, description="leave out what refuses in words, and the evidence")


class Outcome(Asked):
    """What came of a permitted contact."""

    result: Word | None = Field(
        None, description="a result, as `forbear schema portfolio` lists them; null: not known"
    )
    at: Instant | None = Field(
        None, description="when it was placed; null: as the permit was given"
    )
    message_possible: bool | None = None
    reached: Text | None = Field(None, description="person id of who was reached")
    discussed: list[Text] | None = Field(None, max_length=100)
    conversation_attributed_to: list[Text] | None = Field(None, max_length=100)


class Event(Asked):
    """Something that happened.

    `row` has the columns of its table (`forbear schema portfolio`) but for the key, which `source`
    and `id` make; `void` takes back what was told by mistake.
    """

    kind: Literal["contact", "statement", "knowledge"]
    source: Word = Field(description="the system that tells")
    id: Text = Field(description="its id there: told again, it is the same event")
    row: dict[Word, Any] = Field(max_length=60)
    void: bool = False


class Events(Asked):
    """Events, in any order; late and repeated ones are normal."""

    events: list[Event] = Field(min_length=1, max_length=MOST_ITEMS)


class Lift(Asked):
    """A named person lifts one presumption for one contact. A prohibition is never lifted."""

    rule: Text = Field(description="the rule's id, as a finding has it")
    account: Text
    person: Text = Field(description="who answers for it")
    factor: Text = Field(description="the circumstance that rebuts the presumption")
    reason: Text = Field(description="in the person's own words")
    until: Instant
    channel: Word | None = None
    point: Text | None = None


Note = Annotated[str, Field(min_length=1, max_length=10_000)]


class Older(Asked):
    """Two signed checkpoints of the log; `new` left out: the newest."""

    old: Note
    new: Note | None = None


class Finding(BaseModel):
    """One rule that refuses."""

    rule: str
    cite: list[str]
    force: str
    says: str
    observed: str
    threshold: str


class Lifted(BaseModel):
    """A rule that would refuse but for an exception or a release."""

    rule: str
    by: str


class Answer(BaseModel):
    """A decision; `until`: from when a yes needs asking again.

    Brief answers have `rules` in place of `findings`, and none of `lifted`, `places`, `zones`,
    `rulebook`, `engines`.
    """

    permitted: bool
    decision: str
    at: Moment
    account: str
    consumer: str
    point: str
    channel: str
    until: Moment | None
    attempts_left: int | None
    next_permitted: Moment | None
    duties: list[str]
    rules: list[str] = []
    findings: list[Finding] = []
    lifted: list[Lifted] = []
    places: list[str] = []
    zones: list[str] = []
    rulebook: str = ""
    engines: dict[str, Any] = {}


class Problem(BaseModel):
    """What is wrong, in one sentence; `code` is one of the closed list of the README."""

    code: str
    message: str
    field: str | None = None


class NotAnswered(BaseModel):
    """One contact of several that could not be decided: take it as a no."""

    permitted: Literal[False]
    fault: Problem


class Checked(BaseModel):
    """One result for each contact, in order."""

    results: list[Answer | NotAnswered]


class Permit(BaseModel):
    """The answer to a reservation.

    `token` is signed: that the permit was given can be checked without us; that nothing was
    withdrawn since cannot.
    """

    permitted: bool
    permit: str | None
    token: str | None
    until: Moment | None
    checkpoint: str | None = Field(description="the newest checkpoint of the log: keep it")
    answer: Answer


class Ended(BaseModel):
    """How a permit ended. `late`: it had expired, and what was noted then was corrected."""

    permit: str
    how: Literal["settled", "cancelled"]
    contact: str | None
    late: bool
    again: bool


class EventProblem(BaseModel):
    """A column that could not be taken, and why."""

    column: str
    reason: str


class Posted(BaseModel):
    """What became of one event."""

    kind: str
    source: str
    id: str
    outcome: Literal["new", "corrected", "same", "refused"]
    problems: list[EventProblem]


class EventsPosted(BaseModel):
    """One result for each event, in order."""

    results: list[Posted]


class Released(BaseModel):
    """A release on record."""

    release: str
    at: Moment


class Change(BaseModel):
    """A row of the day's list that was withdrawn; `cursor` is its place in the feed."""

    cursor: int
    at: Moment
    row_id: int
    account: str
    consumer: str
    point: str
    channel: str
    rules: list[str]
    decision: str


class Changes(BaseModel):
    """Withdrawals in order. `next`: the cursor to go on from. `more`: there are more already."""

    day: str
    changes: list[Change]
    next: int
    more: bool
    checkpoint: str | None = Field(description="the newest checkpoint of the log: keep it")


class Rows(BaseModel):
    """A page of the day's list; `next` is the cursor of the following page, null on the last."""

    day: str
    rows: list[dict[str, Any]]
    next: str | None


class Day(BaseModel):
    """A published list: `region` null for one of everybody."""

    day: str
    region: str | None
    run: str
    listed: int
    withdrawn: int


class Days(BaseModel):
    """Published lists, the newest day first."""

    days: list[Day]


class Due(BaseModel):
    """How it stands with a region's list of the day that it is there (null: of everybody).

    It is made from `starts` on; somebody may be contacted from `opens` on.
    """

    region: str | None
    day: str
    state: Literal["published", "waits", "due", "missing"]
    starts: Moment
    opens: Moment | None


class Health(BaseModel):
    """Whether everything is there that answers need; `missing` says what is not."""

    ready: bool
    missing: list[str]
    time: Moment
    version: str
    rulebook: str | None
    lists: list[Due]


class Reloaded(BaseModel):
    """The rulebook now in force, and the one before."""

    rulebook: str
    before: str
    changed: bool


class Errors(BaseModel):
    """The one shape of an error."""

    ok: Literal[False]
    errors: list[Problem]
    status: int
