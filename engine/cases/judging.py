"""Whether a decision is what a case expects, and if not, why.

Each reason is one sentence, lower case. The finer parts (`because`, counts, dates) are checked
even where the word is right, and `because` only where yes and no agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ..citation import Citation, alternatives, any_matches
from ..decision import Decision
from .record import PERMITTED, Case


@dataclass(frozen=True, slots=True)
class Decided:
    """What the engine says of a case, and what it can be asked beside that.

    `calls_of(debt)`: calls of the limit of 12 CFR 1006.14(b)(2)(i)(A) in the window that ends with
    the proposed contact, that contact counted where it counts. `validation_end(debt)`: the earliest
    end of the validation period (12 CFR 1006.34(b)(5)), None if no notice was sent.
    """

    decision: Decision
    calls_of: Callable[[str], int | None]
    validation_end: Callable[[str], date | None]


def judge(
    case: Case,
    decision: Decision,
    calls_of: Callable[[str], int | None],
    validation_end: Callable[[str], date | None],
) -> list[str]:
    """Every reason why the case fails; empty if it passed. The callables are `Decided`'s."""
    reasons = _verdict(case, decision)
    if (case.expected in PERMITTED) == decision.permitted:
        reasons += _because(case, decision)
    reasons += _calls(case, calls_of)
    if case.safe_harbour is not None:
        expected = "yes" if case.safe_harbour else "no"
        if decision.safe_harbour != expected:
            reasons.append(f"expected safe harbour {expected}, got {decision.safe_harbour}")
    if case.validation_period_end_earliest is not None:
        for debt in case.contact.debts:
            end = validation_end(debt)
            if end != case.validation_period_end_earliest:
                got = "none" if end is None else end.isoformat()
                reasons.append(
                    f"expected the validation period of {debt} to end on "
                    f"{case.validation_period_end_earliest.isoformat()} at the earliest, got {got}"
                )
    return reasons


def _verdict(case: Case, decision: Decision) -> list[str]:
    expected, got = case.expected, decision.word
    if case.verdict_only or expected == "permitted":
        right = (expected in PERMITTED) == decision.permitted
    else:
        right = expected == got
    if right:
        return []
    return [f"expected {expected}, got {got}{_why(decision)}"]


def _why(decision: Decision) -> str:
    """The findings behind a no, each with its first citation, for the message."""
    shown = [
        one.rule
        + (f" [{one.cite[0]}]" if one.cite else "")
        + (f" ({one.observed})" if one.observed else "")
        for one in decision.findings
    ]
    return f": {', '.join(shown)}" if shown else ""


def _because(case: Case, decision: Decision) -> list[str]:
    """Reasons about citations: each that is asked must be a finding's, or a kept rule's."""
    cites = _cites(decision)
    where = "rule that was satisfied or lifted" if decision.permitted else "finding"
    if case.because is not None:
        asked = alternatives("; ".join(case.because))
        missing = [group for group in asked if not _met(group, cites)]
        return [f"{_shown(group)} is the citation of no {where}" for group in missing]
    if case.cite_decides and not decision.permitted:
        groups = alternatives(case.cite)
        if groups and not any(_met(group, cites) for group in groups):
            names = " or ".join(_shown(group) for group in groups)
            return [f"{names} is the citation of no finding{_why(decision)}"]
    return []


def _cites(decision: Decision) -> tuple[tuple[str, ...], ...]:
    """The citations of each rule that may answer: of findings, or of rules kept or lifted."""
    cites = [one.cite for one in decision.findings]
    if decision.permitted:
        cites = [one.cite for one in decision.satisfied] + [one.cite for one in decision.lifted]
    return tuple(dict.fromkeys(cites))


def _met(group: tuple[Citation, ...], cites: tuple[tuple[str, ...], ...]) -> bool:
    return any(any_matches(group, cite) for cite in cites)


def _shown(group: tuple[Citation, ...]) -> str:
    return " to ".join(f"`{one}`" for one in dict.fromkeys((group[0], group[-1])))


def _calls(case: Case, calls_of: Callable[[str], int | None]) -> list[str]:
    """Reasons about `expected_calls_in_window`; debts that are one unit have one count."""
    reasons = []
    for unit, expected in case.expected_calls.items():
        for debt in unit:
            got = calls_of(debt)
            if got != expected:
                shown = "no count" if got is None else f"{got}"
                reasons.append(f"expected {expected} calls in the window for {debt}, got {shown}")
    return reasons
