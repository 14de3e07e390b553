"""A decision: the verdict, every finding with its evidence, duties, and what made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule refusing, or a structural refusal (`force` "structural", rule "structural/...").

    `observed` and `threshold` are short texts; `free` is when this rule alone would let go.
    """

    rule: str
    cite: tuple[str, ...]
    force: str
    says: str
    observed: str
    threshold: str
    place: str | None = None
    zone: str | None = None
    debt: str | None = None
    free: datetime | None = None

    @property
    def lasts(self) -> tuple[bool, datetime]:
        """How long it lasts, to be compared: what time alone does not end lasts longest."""
        return how_long(self.free)


def how_long(free: datetime | None) -> tuple[bool, datetime]:
    """A moment at which something lets go, to be compared; None, never by time alone, is last."""
    return free is None, free or datetime.min.replace(tzinfo=UTC)


def longest(findings: Iterable[Finding]) -> dict[tuple[str, str | None, str | None], Finding]:
    """Of each rule, debt and place the finding that lasts longest, of equal ones the first.

    A rule refuses in one zone until one moment and in another until a later one: the later counts.
    """
    found: dict[tuple[str, str | None, str | None], Finding] = {}
    for one in findings:
        had = found.get((one.rule, one.debt, one.place))
        if had is None or had.lasts < one.lasts:
            found[one.rule, one.debt, one.place] = one
    return found


@dataclass(frozen=True, slots=True)
class Satisfied:
    """A rule that applied and did not refuse; `used` of `maximum` where it counts.

    Ids of statements: `excused`, the consent that left the contact out of the count; `agreed`,
    those that gave its number.
    """

    rule: str
    cite: tuple[str, ...]
    force: str
    used: int | None = None
    maximum: int | None = None
    debt: str | None = None
    counts_this: bool = False  # whether the proposed contact itself counts for the rule
    excused: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()

    @property
    def statements(self) -> dict[str, list[str]]:
        """`excused` and `agreed` as plain data, where there are any."""
        told = {"excused": self.excused, "agreed": self.agreed}
        return {name: list(ids) for name, ids in told.items() if ids}


@dataclass(frozen=True, slots=True)
class Lifted:
    """A rule that applied but for an `unless`; `by` names what lifted it."""

    rule: str
    cite: tuple[str, ...]
    force: str
    by: str


Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole answer about one proposed contact.

    `windows` are half-open [start, end) in UTC on the day asked; `engines` holds each engine's own
    verdict by name; `facts` the values both stood on, per rule set, debt and zone.
    """

    permitted: bool
    findings: tuple[Finding, ...]
    duties: tuple[tuple[str, str], ...]
    lifted: tuple[Lifted, ...]
    satisfied: tuple[Satisfied, ...]
    windows: tuple[Interval, ...]
    attempts_left: int | None
    next_permitted: datetime | None
    places: tuple[str, ...]
    zones: tuple[str, ...]
    rulebook: str
    engines: Mapping[str, Any]
    safe_harbour: str = "unknown"
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Permitted or refused, as a word."""
        return "permitted" if self.permitted else "refused"

    @property
    def word(self) -> str:
        """The case format's finer word: permitted, presumed_compliance, prohibited, ..."""
        if self.permitted:
            kept = any(one.force == "presumption" for one in self.satisfied)
            return "presumed_compliance" if kept else "permitted"
        forces = {finding.force for finding in self.findings}
        if forces & {"prohibition", "structural"}:
            return "prohibited"
        return "presumed_violation" if "presumption" in forces else "refused_by_policy"
