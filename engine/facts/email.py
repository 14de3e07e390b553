"""The safe harbour of 12 CFR 1006.6(d)(3)-(5): how an address or number was come by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from .. import clock, words
from .statuses import LOOK_BACK_DAYS, NOTICE_DAYS, tri
from .view import STRANGER, View
from .wishes import address_stopped, checked_since, consent_for_point, said_of_point

PROPER = ("6(d)(4)(i)", "6(d)(4)(ii)")
"""How an earlier collector came by an address properly: by its own procedure or the creditor's."""


def provenance(view: View) -> Mapping[str, Any]:
    """How the address was obtained: words of the case format's `email_provenance`."""
    all_of_them = view.group.email_provenance
    return all_of_them.get(view.contact.point or "", all_of_them.get("", {}))


def _day(value: Any) -> date | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else clock.parse_date(str(value)[:10])


def _past(view: View, value: Any) -> bool:
    """A date that has come, or a plain true."""
    if value is True:
        return True
    day = _day(value)
    return day is not None and day <= view.day


def route_consumer(view: View) -> str:
    """(d)(4)(i): the consumer used the address with us about the debt, or consented directly."""
    if address_stopped(view) == words.YES or provenance(view).get("opted_out") is True:
        return words.NO
    how = provenance(view)
    if _past(view, how.get("consumer_used_with_this_collector")):
        return words.YES
    if _past(view, how.get("direct_consent_to_this_collector")):
        return words.YES
    told = how.get("portal_disclosed_use_for_debt") is True
    if told and _past(view, how.get("consumer_entered_on_portal")):
        return words.YES
    line = view.line(view.contact.point)
    wrote = any(
        past.direction == "in" and past.channel == "email" and view.line(past.point) == line
        for past in view.own_history
    )
    return tri(wrote)


def route_creditor(view: View) -> str:
    """(d)(4)(ii): obtained and used by the creditor, notice, deadline past, public domain."""
    how = provenance(view)
    used = how.get("creditor_use") or ()
    uses = (used,) if isinstance(used, str) else tuple(used)
    sent, deadline = _day(how.get("notice_sent")), _day(how.get("opt_out_deadline"))
    if sent is None or deadline is None or deadline < sent + timedelta(days=NOTICE_DAYS):
        return words.NO
    holds = (
        how.get("creditor_obtained_from_consumer") is True
        and "periodic_statements" in uses
        and how.get("notice_names_this_collector") is True
        and view.day > deadline
        and how.get("opted_out") is False
        and how.get("domain") == "public"
        and address_stopped(view) == words.NO
        and employer_provided(view) == words.NO
    )
    return tri(holds)


def route_chain(view: View) -> str:
    """(d)(4)(iii): an earlier collector had it properly, the last one wrote to it, no opt-out."""
    how = provenance(view)
    chain = [dict(one) for one in how.get("chain") or ()]
    if chain and not set(chain[-1]) - {"collector"}:
        chain.pop()  # this collector itself
    if not chain or address_stopped(view) == words.YES:
        return words.NO
    proper = any(str(one.get("obtained_by", "")).startswith(PROPER) for one in chain)
    wrote = chain[-1].get("emailed_consumer") is True
    opted_out = any(one.get("opted_out") is True for one in (*chain, how))
    return tri(proper and wrote and not opted_out)


def employer_provided(view: View) -> str:
    """The address is known to be the employer's; a point recorded as work e-mail is known so."""
    if view.kind == "email_work":
        return words.YES
    return tri(said_of_point(view, "employer_provided"))


def disclosure_known(view: View) -> str:
    """Somebody said that mail to the address reached another (12 CFR 1006.6(d)(3)(ii))."""
    return tri(said_of_point(view, "email_led_to_third_party_disclosure"))


def safe_harbour(view: View) -> str:
    """Whether a procedure of (d)(3)-(5) is met; unknown for channels it does not speak of."""
    channel = view.contact.channel
    if channel not in ("email", "text"):
        return words.UNKNOWN
    if disclosure_known(view) == words.YES:
        return words.NO
    if channel == "text":
        return tri(_text_route(view))
    routes = (route_consumer(view), route_creditor(view), route_chain(view))
    return tri(words.YES in routes)


def _text_route(view: View) -> bool:
    """(d)(5): the consumer's own text or consent, fresh or checked within 60 days."""
    if address_stopped(view) == words.YES:
        return False
    floor = view.day - timedelta(days=LOOK_BACK_DAYS - 1)  # the day of sending is one of the 60
    line = view.line(view.contact.point)
    if view.owner(view.contact.point)[0] == STRANGER + line:
        return False
    texted = [
        view.local_day(past)
        for past in view.own_history
        if past.direction == "in" and past.channel == "text" and view.line(past.point) == line
    ]
    takes = ("opt_out_number_text", "do_not_use_number", "stop_medium", "opt_out_medium")
    stands, given = consent_for_point(view, "consents_to_text", *takes)
    latest = [max(texted)] if texted else []
    if stands and given is not None:
        latest.append(clock.local_date(given, view.zone))
    return any(day >= floor or checked_since(view, day, floor) for day in latest)
