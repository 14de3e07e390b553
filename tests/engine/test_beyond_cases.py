"""Rules that a case file has no words for: each is tried here, on both sides.

Who else is on an account and an account's status stand in the store, not in the case format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from engine import Contact, Decision, Group, Panel, decide
from tests.all_cases import ran
from tests.telling import D1, P1, file, proposed, said


@dataclass(frozen=True)
class Tried:
    """A group and the contact asked about."""

    group: Group
    contact: Contact


CODEBTOR = replace(P1, id="P2", person="P2")
FILED = said("bankruptcy_filed", {"chapter": "13"}, "09-01T09:00", consumer="P2", by="P2")
OWED = {"D1": (("P2", "co_debtor"),)}

BEYOND: dict[str, tuple[Tried, Tried]] = {
    "bankruptcy/codebtor-stay": (
        Tried(file(FILED, consumers=(P1, CODEBTOR), parties=OWED), proposed()),
        Tried(file(FILED, consumers=(P1, CODEBTOR)), proposed()),
    ),
    "holds/account-open": (
        Tried(file(accounts=(replace(D1, status="recalled"),)), proposed()),
        Tried(file(), proposed()),
    ),
}
"""By rule: what it refuses, and the nearest thing that it lets pass."""


def _refusing(tried: Tried) -> set[str]:
    with Panel(ran().rulebook) as panel:
        decision: Decision = decide(panel, tried.group, tried.contact)
    return {finding.rule for finding in decision.findings}


@pytest.mark.parametrize("rule", BEYOND)
@pytest.mark.parametrize("side", [0, 1], ids=["refuses", "lets pass"])
def test_both_sides(rule: str, side: int) -> None:
    assert (rule in _refusing(BEYOND[rule][side])) is (side == 0)


def test_a_chapter_nobody_told_counts_as_thirteen() -> None:
    untold = replace(FILED, value={})
    tried = Tried(file(untold, consumers=(P1, CODEBTOR), parties=OWED), proposed())
    assert "bankruptcy/codebtor-stay" in _refusing(tried)


@pytest.mark.parametrize("status", ["closed", "paid", "recalled", "sold"])
def test_no_account_is_worked_that_is_not_open(status: str) -> None:
    tried = Tried(file(accounts=(replace(D1, status=status),)), proposed())
    assert _refusing(tried) == {"holds/account-open"}
