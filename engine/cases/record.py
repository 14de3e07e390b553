"""What a case file holds, once read: cases to decide, and cases that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ..history import Contact, Group
from ..problem import Problem

EXPECTED: Final = (
    "permitted",
    "presumed_compliance",
    "prohibited",
    "presumed_violation",
    "refused_by_policy",
)
PERMITTED: Final = frozenset({"permitted", "presumed_compliance"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case: facts, a proposed contact, and what the law says of it.

    `rules` names the acts and places asked, None for all law. `because` are the citations that
    must be met, None where none are given; `cite_decides` says that `cite` stands in for them if
    the contact is refused, any of it being enough (the official examples). `expected_calls` is by
    unit: the ids of its debts.
    """

    id: str
    path: str
    line: int
    cite: str
    group: Group
    contact: Contact
    expected: str
    rules: tuple[str, ...] | None = None
    because: tuple[str, ...] | None = None
    cite_decides: bool = False
    verdict_only: bool = False
    expected_calls: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    safe_harbour: bool | None = None
    validation_period_end_earliest: date | None = None


@dataclass(frozen=True, slots=True)
class BrokenCase:
    """A case that fails before it is decided: `problems` says which word is not understood."""

    id: str
    path: str
    line: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases, in its order; `problems` are those of the file itself."""

    path: str
    cases: tuple[Case | BrokenCase, ...]
    problems: tuple[Problem, ...] = ()
