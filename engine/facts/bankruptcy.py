"""Bankruptcy: whose stay runs for a debt, and whether the debt was discharged.

Each function answers yes, no or unknown for one `View` and one debt.
"""

from __future__ import annotations

from datetime import date, datetime

from .. import clock, words
from ..account import Account
from ..history import Statement, concerns
from .statuses import named_debts, tri
from .view import View, day_of, instant_of

STAYS_CODEBTORS = ("12", "13")  # 11 USC 1201(a), 1301(a)


def discharged(view: View, debt: Account) -> str:
    """Discharged, and not reaffirmed before that (11 USC 524(a)(2), (c)(1)).

    An agreement binds only if made before the discharge: each is taken to have been made when its
    word says so, else when it was learned. One made at the same instant or later lifts nothing.
    """
    agreed = [_made(view, one) for one in _naming(view, debt, "reaffirmed")]
    for one in _naming(view, debt, "discharged"):
        if not any(made < _made(view, one) for made in agreed):
            return words.YES
    return words.NO


def _naming(view: View, debt: Account, kind: str) -> list[Statement]:
    return [one for _, one in view.said(kind) if concerns(one.value, (debt.id,))]


def _made(view: View, one: Statement) -> datetime:
    """When a thing was said, or learned where nobody tells when it was said."""
    return instant_of(one.received if one.made is None else one.made, view.zone)


def _running(view: View, debt: Account, consumers: frozenset[str]) -> list[str]:
    """The chapters of the cases whose stay runs for this debt, of people whose files these are.

    A petition stays every claim there is when it is filed (11 USC 362(a)(6)), so it counts for all
    debts of the file, whichever it was told with; an end counts for those it names.
    """
    events = [
        (received, one)
        for received, one in view.known_statements
        if one.kind in ("bankruptcy_filed", "bankruptcy_ended")
        and (one.consumer in consumers or one.consumer not in view.group.consumers)
        and (one.kind == "bankruptcy_filed" or concerns(named_debts(one), (debt.id,)))
    ]
    found = []
    for received, one in events:
        if one.kind != "bankruptcy_filed":
            continue
        said = one.value if isinstance(one.value, dict) else {}
        filed = _civil(said.get("filed"), view)
        if not any(
            end.kind == "bankruptcy_ended" and at > received and _over(view, end, filed)
            for at, end in events
        ):
            found.append(str(said.get("chapter", "")))
    return found


def _over(view: View, end: Statement, filed: date | None) -> bool:
    """Whether an end has come, and is not that of a case that was over before the petition."""
    day = _civil(end.value, view)
    return day is None or (day <= view.day and (filed is None or day >= filed))


def _civil(value: object, view: View) -> date | None:
    """A day as recorded; None where none is."""
    if isinstance(value, datetime):
        return day_of(value, view.zone)
    if isinstance(value, str):
        return clock.parse_date(value[:10])
    return value if isinstance(value, date) else None


def bankruptcy_stay(view: View, debt: Account) -> str:
    """A petition of the consumer is known and its stay has not ended (11 USC 362(a)(6), (c)).

    An end counts from its own day, and only if it was told after the petition; one that lies before
    the petition is another case's. That a debt arose after the petition is told as an end for it.
    """
    return tri(bool(_running(view, debt, view.consumers)))


def codebtor_stay(view: View, debt: Account) -> str:
    """A chapter 12 or 13 case of somebody else on the account stays it (11 USC 1201(a), 1301(a)).

    A second petition does not end the first: a conversion is told as an end and a new petition.
    """
    others = {person for person, _ in view.group.parties.get(debt.id, ())}
    found = words.NO
    for consumer in view.group.consumers.values():
        if consumer.person not in others or consumer.id in view.consumers:
            continue
        for chapter in _running(view, debt, frozenset({consumer.id})):
            if chapter in STAYS_CODEBTORS:
                return words.YES
            if not chapter:
                found = words.UNKNOWN
    return found
