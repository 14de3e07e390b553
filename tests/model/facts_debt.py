"""Facts of the contact itself, the collector, the account and the consumer.

Each function answers the entry of the catalogue that it cites.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine import words
from engine.account import Collector
from engine.history import Statement

from . import calendar
from .answers import UNKNOWN, event_answer, here, today, tri, words_of
from .past import (
    COMMUNICATION,
    CONVERSATION,
    MAYBE,
    NO,
    VOICE,
    YES,
    Asked,
    about,
    all_of,
    counts_as,
    happened_by_now,
)
from .people import human, point_of, role_of, with_whom
from .selecting import contents_of, proposed_technology
from .told import (
    answered,
    in_file,
    is_partial,
    is_timely,
    is_written,
    latest,
    names,
    on_debt,
    open_disputes,
    open_duplicates,
    received_at,
    said,
)

# -- the contact itself: never unknown


def contact_is(asked: Asked, parameter: Any) -> str:
    """Reads purpose and content alike; collection is the purpose of a plain contact."""
    mine = {asked.contact.purpose or "collection"} | contents_of(asked.contact)
    return tri(bool(mine & set(words_of(parameter))))


def technology_is(asked: Asked, parameter: Any) -> str:
    """How it is placed; the plain contact is dialled by hand."""
    return tri(proposed_technology(asked.contact) in words_of(parameter))


def is_communication(asked: Asked) -> str:
    """All but a limited-content message left by voice (12 CFR 1006.2(d),(j)).

    READING: a call declared to be one ends in a message: it is decided as declared.
    """
    limited = asked.contact.content == "limited_content_message"
    return tri(not (limited and asked.contact.channel in VOICE))


def flag(name: str) -> Callable[[Asked], str]:
    """A flag as declared; the plain contact has none of them."""
    return lambda asked: tri(bool(asked.contact.flag(name)))


SAYS_NOTHING_OF_A_DEBT = (
    "location",
    "contact_request",
    "consent_request",
    "stop_confirmation",
    "ask_convenience",
)
ASKS_FOR_MONEY = ("collection", "payment_reminder", "settlement")


def mentions_debt(asked: Asked) -> str:
    """As declared; READING: undeclared, all do but those whose purpose or content leaves it out."""
    declared = asked.contact.flag("mentions_debt")
    limited = asked.contact.content == "limited_content_message"
    silent = limited or asked.contact.purpose in SAYS_NOTHING_OF_A_DEBT
    return tri(not silent if declared is None else declared)


def identifies_as_debt_collector(asked: Asked) -> str:
    """As declared; READING: undeclared, all do but a location or a limited-content message."""
    declared = asked.contact.flag("identifies_as_debt_collector")
    limited = asked.contact.content == "limited_content_message"
    silent = limited or asked.contact.purpose == "location"
    return tri(not silent if declared is None else declared)


def requests_payment(asked: Asked) -> str:
    """As declared; READING: undeclared, what is placed to collect, remind or settle does."""
    declared = asked.contact.flag("requests_payment")
    asks = (asked.contact.purpose or "collection") in ASKS_FOR_MONEY
    return tri(asks if declared is None else declared)


def false_name(asked: Asked) -> str:
    """Sent under a false name (12 CFR 1006.18(f))."""
    return tri(asked.contact.sender_name == "false_name")


def visible_to_others(asked: Asked) -> str:
    """The public or the person's contacts can see it (12 CFR 1006.22(f)(4))."""
    public = here(asked).kind == "social_media_public"
    return tri(public or asked.contact.visible_to == "contacts")


# -- collector and account


def collector_of(asked: Asked) -> Collector:
    """The collector of the account judged."""
    return asked.group.collectors.get(asked.account.collector, Collector())


def collector_type_is(asked: Asked, parameter: Any) -> str:
    """What business the collector is; not on record: unknown."""
    kind = collector_of(asked).type
    return UNKNOWN if kind is None else tri(kind in words_of(parameter))


def days_past_due_over(asked: Asked, parameter: Any) -> str:
    """From `delinquent_since`, else `defaulted` (rules/README.md)."""
    dates = asked.account.dates
    start = dates.get("delinquent_since", dates.get("defaulted"))
    if start is None:
        return UNKNOWN
    return tri((today(asked) - start).days > int(parameter))


def time_barred(asked: Asked, years: int | None, sure: bool) -> str:
    """The later of last payment and default plus the shortest period; unknown without either.

    The anniversary is its last day. Where some period is not known, a shorter one may
    have run already. A payment after the period that default began had ended may have come too
    late to begin another.
    """
    dates = asked.account.dates
    starts = [dates[name] for name in ("last_payment", "defaulted") if name in dates]
    if not starts or years is None:
        return UNKNOWN
    if today(asked) > calendar.add_months(max(starts), 12 * years):
        return YES
    if "last_payment" in dates and "defaulted" in dates:
        first_end = calendar.add_months(dates["defaulted"], 12 * years)
        sure = sure and dates["last_payment"] <= first_end
    return NO if sure else UNKNOWN


def cosigned(asked: Asked) -> str:
    """Somebody else is liable too (11 USC 1301(a))."""
    for _, role in asked.group.parties.get(asked.account.id, ()):
        if role in ("co_debtor", "cosigner"):
            return YES
    return tri(asked.account.cosigned)


def judgment_entered(asked: Asked) -> str:
    """A judgment nobody has reported is none."""
    day = asked.account.dates.get("judgment")
    return tri(day is not None and day <= today(asked))


def secured(asked: Asked) -> str:
    """Secured by property; not on record: unknown."""
    return UNKNOWN if asked.account.secured_by is None else YES


def held_by_debt_buyer(asked: Asked) -> str:
    """A debt buyer owns it: as recorded, or because the collector is one."""
    if asked.account.holder == "debt_buyer" or collector_of(asked).role == "debt_buyer":
        return YES
    return UNKNOWN if asked.account.holder is None else NO


def lender_licence_is(asked: Asked, parameter: Any) -> str:
    """The licence the lender held; not on record: unknown."""
    licence = asked.account.lender_licence
    return UNKNOWN if licence is None else tri(licence in words_of(parameter))


def original_amount_over(asked: Asked, parameter: Any) -> str:
    """More than so many dollars at the outset."""
    amount = asked.account.original_amount
    return UNKNOWN if amount is None else tri(amount > int(parameter))


# -- statuses of the debt and the consumer


def ceased(asked: Asked) -> str:
    """Written notice to cease, or refusal to pay, received (12 CFR 1006.6(c)(1))."""
    notices = on_debt(asked, "cease", "cease_or_refusal", "refuses_to_pay")
    return tri(any(is_written(one) for one in notices))


def representations(asked: Asked) -> list[Statement]:
    """Attorneys known, reachable and not gone (12 CFR 1006.6(b)(2)).

    READING: who wants contact through an attorney has one.
    """
    found = []
    for one in on_debt(asked, "represented_by", "wants_contact_through_attorney"):
        if one.more.get("address_known") is False:
            continue
        over = [
            end
            for end in on_debt(asked, "no_longer_represented")
            if received_at(asked, end) > received_at(asked, one)
        ]
        if not over:
            found.append(one)
    return found


def attorney_silent(asked: Asked) -> str:
    """A letter left unanswered for 30 days (number ours; 12 CFR 1006.6(b)(2)(i))."""
    group = asked.group
    for one in on_debt(asked, "attorney_unanswered_since", "attorney_written_to"):
        since = calendar.instant(one.value, asked.zone)
        if not today(asked) > calendar.day_of(since, asked.zone) + 30 * calendar.DAY:
            continue
        wrote = [
            contact
            for contact in happened_by_now(asked)
            if contact.direction == "in"
            and contact.at >= since
            and point_of(group, contact, asked.consumer).whom == "attorney"
        ]
        spoke = [
            other
            for other in group.statements
            if other.by is not None
            and human(group, other.consumer) == asked.person
            and role_of(group, other.by) == "attorney"
            and since <= received_at(asked, other) <= asked.now
        ]
        # who acts since a later day was not asked
        newer = [
            rep
            for rep in representations(asked)
            if calendar.day_of(received_at(asked, rep), asked.zone)
            > calendar.day_of(since, asked.zone)
        ]
        if not wrote and not spoke and not newer:
            return YES
    return NO


def attorney_consents(asked: Asked) -> str:
    """The attorney allows direct contact (12 CFR 1006.6(b)(2)(ii)); nobody else can."""
    newest = latest(asked, representations(asked))
    for one in on_debt(asked, "attorney_consents_to_direct_contact"):
        by_attorney = one.by is not None and role_of(asked.group, one.by) == "attorney"
        if not by_attorney and one.source != "attorney":
            continue
        if newest is not None and received_at(asked, one) >= received_at(asked, newest):
            return YES
    return NO


def dispute_is_partial(asked: Asked) -> str:
    """Every open dispute is about part of the debt."""
    found = open_disputes(asked) + open_duplicates(asked)
    return tri(bool(found) and all(is_partial(asked, one) for one in found))


def original_creditor_request_open(asked: Asked) -> str:
    """A timely written request awaits its answer (12 CFR 1006.38(c))."""
    for one in on_debt(asked, "requests_original_creditor"):
        if not is_written(one) or not is_timely(asked, one):
            continue
        if not answered(asked, received_at(asked, one), {"original_creditor_information"}):
            return YES
    return NO


def initial_communication_made(asked: Asked) -> str:
    """The consumer has been told of the debt by this collector (12 CFR 1006.18(e)(1)).

    A conversation either way tells, a message only if it went out. The call that is still in
    progress is not before itself.
    """
    answers = []
    for contact in happened_by_now(asked):
        if contact.flag("call_in_progress") and asked.contact.flag("same_call"):
            continue
        if contact.consumer and human(asked.group, contact.consumer) != asked.person:
            continue  # in the file of another human: whoever that is was told, not this one
        told_to: str | None = point_of(asked.group, contact, asked.consumer).whom
        if contact.reached is not None:
            reached = human(asked.group, contact.reached)
            if reached != with_whom(asked.group, contact, asked.consumer):
                told_to = role_of(asked.group, reached)
        if told_to not in words.CONSUMER_ROLES:
            continue
        what = COMMUNICATION if contact.direction == "out" else CONVERSATION
        told = counts_as(asked, contact, what)
        answers.append(all_of([told, about(asked, contact, "discussed", pooled=False)]))
    return event_answer(answers)


def bankruptcy_stay(asked: Asked) -> str:
    """A petition on record, and its case not ended since (11 USC 362(a)(6)).

    READING: it shields its debtor from every creditor, whichever debt it was noted beside; that a
    debt is younger than the petition, or was let out, is noted as an end.
    """
    ends = on_debt(asked, "bankruptcy_ended")
    petitions = in_file(asked, "bankruptcy_filed")
    return tri(any(not _case_over(asked, one, ends) for one in petitions))


def _case_over(asked: Asked, petition: Statement, ends: list[Statement]) -> bool:
    """An end heard of after the petition, that has come by today.

    READING: the end of an older case, before this petition was filed, is no end of this one.
    """
    details = petition.value if isinstance(petition.value, dict) else {}
    filed = details.get("filed")
    for end in ends:
        if received_at(asked, end) <= received_at(asked, petition):
            continue
        over = calendar.instant(end.value, asked.zone)
        if over > asked.now:
            continue
        if filed is None or over >= calendar.instant(filed, asked.zone):
            return True
    return False


def codebtor_stay(asked: Asked) -> str:
    """A chapter 12 or 13 case of somebody else on the account (11 USC 1201(a), 1301(a))."""
    others = {
        human(asked.group, other) for other, _ in asked.group.parties.get(asked.account.id, ())
    } - {asked.person}
    answers = []
    for one in said(asked, "bankruptcy_filed"):
        if human(asked.group, one.consumer) not in others:
            continue
        ends = [
            end
            for end in said(asked, "bankruptcy_ended")
            if end.consumer == one.consumer and names(asked, end)
        ]
        if _case_over(asked, one, ends):
            continue
        chapter = one.value.get("chapter") if isinstance(one.value, dict) else None
        answers.append(MAYBE if chapter is None else (YES if int(chapter) in (12, 13) else NO))
    return event_answer(answers)


def discharged(asked: Asked) -> str:
    """Discharged, no agreement to go on owing having come first (11 USC 524(a)(2),(c)(1)).

    READING: what nobody dated was agreed, or ordered, when it was heard of.
    """

    def when(one: Statement) -> datetime:
        told = one.received if one.made is None else one.made
        return calendar.instant(told, asked.zone)

    agreements = [when(one) for one in on_debt(asked, "reaffirmed")]
    return tri(
        any(
            all(agreed >= when(order) for agreed in agreements)
            for order in on_debt(asked, "discharged")
        )
    )


def hold_is(asked: Asked, parameter: Any) -> str:
    """The firm's own holds, until released."""
    for one in on_debt(asked, "hold"):
        if one.value not in words_of(parameter):
            continue
        released = [
            other
            for other in on_debt(asked, "releases_hold")
            if other.value == one.value and received_at(asked, other) > received_at(asked, one)
        ]
        if not released:
            return YES
    return NO


def deceased(asked: Asked) -> str:
    """The consumer has died."""
    consumer = asked.group.consumers.get(asked.account.consumer)
    return tri(consumer is not None and consumer.deceased)


def latest_says(kind: str) -> Callable[[Asked], str]:
    """A yes or no that holds until somebody says otherwise; never said: no."""

    def fact(asked: Asked) -> str:
        newest = latest(asked, in_file(asked, kind))
        return tri(newest is not None and newest.value is True)

    return fact


def on_record(*kinds: str) -> Callable[[Asked], str]:
    """Whether somebody has said such a thing about the debt."""
    return lambda asked: tri(bool(on_debt(asked, *kinds)))
