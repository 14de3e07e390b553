"""Attorneys: who acts for a debt, whether he allows direct contact, whether he answers.

12 CFR 1006.6(b)(2).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from .. import clock, words
from ..account import Account
from ..history import Statement, concerns
from .statuses import ATTORNEY_DAYS, named_debts, tri
from .view import View, day_of


def designated(view: View, debt: Account) -> datetime | None:
    """When the attorney now acting was last said to act for the debt; None without one."""
    acts: datetime | None = None
    ends = "no_longer_represented"
    events = view.said("represented_by", "wants_contact_through_attorney", ends)
    for received, one in sorted(events, key=lambda pair: (pair[0], pair[1].kind != ends)):
        if one.kind == ends:
            if concerns(one.value, (debt.id,)):
                acts = None
            continue
        about = one.value if one.kind == "wants_contact_through_attorney" else named_debts(one)
        if concerns(about, (debt.id,)) and one.more.get("address_known") is not False:
            acts = received
    return acts


def represented(view: View, debt: Account) -> str:
    """An attorney, reachable, is known to act for the debt (12 CFR 1006.6(b)(2))."""
    return tri(designated(view, debt) is not None)


def attorney_consents(view: View, debt: Account) -> str:
    """The attorney now acting allows direct contact; nobody else can (1006.6(b)(2)(ii))."""
    since = designated(view, debt)
    if since is None:
        return words.NO
    for received, one in view.said("attorney_consents_to_direct_contact"):
        his = one.source == "attorney" or _by_attorney(view, one)
        if his and received >= since and concerns(one.value, (debt.id,)):
            return words.YES
    return words.NO


def _by_attorney(view: View, one: Statement) -> bool:
    return (
        one.by is not None and view.role_of(view.human(one.by), view.consumer.person) == "attorney"
    )


def attorney_silent(view: View, debt: Account) -> str:
    """A letter to the attorney has had no answer for more than 30 days (number ours).

    Anything the attorney sent or said since is an answer; who acts since a later day was not asked.
    """
    acts = designated(view, debt)
    for _, one in view.said("attorney_written_to", "attorney_unanswered_since"):
        if not concerns(named_debts(one), (debt.id,)):
            continue
        since = _date(one.value)
        if view.day <= since + timedelta(days=ATTORNEY_DAYS):
            continue
        if acts is not None and clock.local_date(acts, view.zone) > since:
            continue
        wrote = any(
            past.direction == "in"
            and view.owner(past.point)[1] == "attorney"
            and view.local_day(past) >= since
            for past in view.past_of(debt)
        )
        spoke = any(
            _by_attorney(view, other) and clock.local_date(received, view.zone) >= since
            for said in view.by_kind.values()
            for received, other in said
        )
        if not wrote and not spoke:
            return words.YES
    return words.NO


def _date(value: object) -> date:
    return day_of(value, "UTC") if isinstance(value, date) else clock.parse_date(str(value))
