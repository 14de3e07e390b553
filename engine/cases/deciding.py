"""A case put to both engines: what is asked of the rules, and the counts a case may check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ..deciding import decide
from ..facts import counting, selecting, statuses
from ..facts.view import Moment, View
from ..kinds import Limit
from ..panel import Panel
from ..question import NOWHERE, Ask
from ..rule import Rule
from .judging import Decided
from .record import Case

SEVEN_CALLS = "12 CFR 1006.14(b)(2)(i)(A)"


def ask_of(case: Case) -> Ask:
    """What a case asks: its files only, house policy only where named, places only where asked.

    Case format: where no place is asked, an unknown address is no refusal.
    """
    if case.rules is None:
        return Ask(house=False, search=False)
    places = any(name.startswith("US-") for name in case.rules)
    return Ask(acts=frozenset(case.rules), house=False, places=places, search=False)


def decider(panel: Panel) -> Callable[[Case], Decided]:
    """What decides cases: the panel's rulebook, both engines, as of the contact's own instant."""

    def one(case: Case) -> Decided:
        decision = decide(panel, case.group, case.contact, ask=ask_of(case))
        zones = decision.zones
        moment = Moment(known=case.contact.at, at=case.contact.at)

        def calls_of(debt: str) -> int | None:
            found = [_calls(panel, case, debt, zone) for zone in zones or (NOWHERE,)]
            known = [one for one in found if one is not None]
            return max(known, default=None)

        def validation_end(debt: str) -> date | None:
            zone = zones[0] if zones else NOWHERE
            view = View(case.group, case.contact, moment, zone)
            return statuses.validation_end(view, case.group.accounts[debt])

        return Decided(decision, calls_of, validation_end)

    return one


def _seven_calls(panel: Panel, day: date) -> Rule | None:
    for rule in panel.rule_set("federal", day).rules:
        if isinstance(rule.body, Limit) and SEVEN_CALLS in rule.cite:
            return rule
    return None


def _calls(panel: Panel, case: Case, debt: str, zone: str) -> int | None:
    """Used calls of the seven-call rule for a debt, plus the proposed one where it counts."""
    moment = Moment(known=case.contact.at, at=case.contact.at)
    view = View(case.group, case.contact, moment, zone)
    account = case.group.accounts.get(debt)
    rule = _seven_calls(panel, view.day)
    if rule is None or account is None or not isinstance(rule.body, Limit):
        return None
    found = counting.counted(view, rule.body, account)
    if found is None:
        return None
    charged = any(view.pooled(account) & view.pooled(one) for one in view.charged)
    counts = charged and selecting.membership(view, rule.body.counting, account) == "counts"
    return len(found[2]) + int(counts)


__all__ = ["ask_of", "decider"]
