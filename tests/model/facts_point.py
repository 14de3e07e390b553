"""Facts of the contact point and the person behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from engine import words
from engine.history import Statement

from . import calendar
from .answers import UNKNOWN, event_answer, here, today, tri, words_of
from .consent import told_us
from .exclusions import wrong_lines
from .past import MAYBE, NO, YES, Asked, about, happened_by_now
from .people import human, may_loosen_for, point_of, role_of, speaks_for
from .told import (
    address_stops,
    binding,
    lifting,
    medium_stops,
    names_line,
    received_at,
    said,
)

# -- the point and the person behind it


def special_line_is(asked: Asked, parameter: Any) -> str:
    """A line of this kind; nothing reported: none."""
    return tri(here(asked).special_line in words_of(parameter))


def medium_stopped(asked: Asked) -> str:
    """The person refused this medium, for every debt (12 CFR 1006.14(h)(1))."""
    return tri(bool(medium_stops(asked)))


def address_stopped(asked: Asked) -> str:
    """This address or number was refused for this medium (12 CFR 1006.14(h)(1))."""
    return tri(bool(address_stops(asked, here(asked).line)))


def kind_at(place: str, kind: str) -> str:
    """Whether a kind of point is tied to a place; a phone of unknown kind may be."""
    if kind == words.UNKNOWN_KIND:
        return MAYBE
    return tri(kind in (words.HOME_KINDS if place == "home" else words.WORK_KINDS))


def place_inconvenient(asked: Asked) -> str:
    """The point is tied to a place called inconvenient, or the person is there today.

    12 CFR 1006.6(b)(1)(ii). `stop_calls_at: work` is such a word too, whoever collects (a rule says
    by its own scope whom it binds), and a state's lapse does not end it.
    """
    answers = []
    for one in binding(asked, "inconvenient_place", "stop_calls_at"):
        if lifting_place(asked, one):
            continue
        place = str(one.value)
        tied = kind_at(place, here(asked).kind)
        if _is_at(asked, place):
            tied = YES
        answers.append(tied)
    return event_answer(answers)


def lifting_place(asked: Asked, restriction: Statement) -> bool:
    """Whether the place was since called fine again by those it binds."""
    later = lifting(asked, restriction, "withdraws_inconvenient_place")
    return any(one.value == restriction.value for one in later)


def _is_at(asked: Asked, place: str) -> bool:
    """`consumer_currently_at` holds for that local day (rules/README.md)."""
    for one in binding(asked, "consumer_currently_at"):
        day = calendar.day_of(received_at(asked, one), asked.zone)
        if one.value == place and day == today(asked):
            return True
    return False


def employer_forbids(asked: Asked) -> str:
    """The employer is known to forbid such contact at work (12 CFR 1006.6(b)(3))."""
    known = [one for one in binding(asked, "cannot_take_personal_calls_at") if one.value == "work"]
    return event_answer([kind_at("work", here(asked).kind)] if known else [])


def stopped_at_work(asked: Asked) -> str:
    """The person asked not to be called at work: a request that was made, taken back or not."""
    for one in binding(asked, "stop_calls_at"):
        if one.value == "work":
            return event_answer([kind_at("work", here(asked).kind)])
    return NO


def named_by(*kinds: str) -> Callable[[Asked], str]:
    """Whether somebody has said such a thing of this very point."""

    def fact(asked: Asked) -> str:
        line = here(asked).line
        return tri(any(names_line(asked, one, line) for one in said(asked, *kinds)))

    return fact


def employer_provided(asked: Asked) -> str:
    """Known to be the employer's: said so, or kept as a work address (12 CFR 1006.22(f)(3))."""
    if here(asked).kind == "email_work":
        return YES
    return named_by("employer_provided")(asked)


def opted_out(asked: Asked) -> bool:
    """Whether this address or its medium stands refused."""
    return address_stopped(asked) == YES or medium_stopped(asked) == YES


def provenance(asked: Asked) -> Mapping[str, Any]:
    """How the address was obtained (case format, `email_provenance`)."""
    known = asked.group.email_provenance
    return known.get(here(asked).id, known.get("", {}))


def _by_today(asked: Asked, value: Any) -> bool:
    if isinstance(value, datetime):
        return value <= asked.now
    if isinstance(value, date):
        return value <= today(asked)
    return value is True


def email_route_consumer(asked: Asked) -> str:
    """The consumer used or allowed the address with this collector (1006.6(d)(4)(i))."""
    found = provenance(asked)
    if found.get("opted_out") is True or opted_out(asked):
        return NO
    if _by_today(asked, found.get("consumer_used_with_this_collector")):
        return YES
    if _by_today(asked, found.get("direct_consent_to_this_collector")):
        return YES
    entered = _by_today(asked, found.get("consumer_entered_on_portal"))
    if entered and found.get("portal_disclosed_use_for_debt") is True:
        return YES
    answers = []
    for contact in happened_by_now(asked):
        if contact.direction != "in" or contact.channel != "email":
            continue
        if point_of(asked.group, contact, asked.consumer).line == here(asked).line:
            answers.append(about(asked, contact, "attributed", pooled=False))
    return event_answer(answers)


def email_route_creditor(asked: Asked) -> str:
    """The creditor's notice ran its course (1006.6(d)(4)(ii)(A)-(E))."""
    found = provenance(asked)
    uses = found.get("creditor_use") or ()
    uses = [uses] if isinstance(uses, str) else list(uses)
    sent, deadline = found.get("notice_sent"), found.get("opt_out_deadline")
    return tri(
        found.get("creditor_obtained_from_consumer") is True
        and any(use != "marketing_unrelated_to_account" for use in uses)
        and found.get("notice_names_this_collector") is True
        and isinstance(sent, date)
        and isinstance(deadline, date)
        and deadline >= sent + 35 * calendar.DAY
        and today(asked) > deadline
        and found.get("opted_out") is not True
        and not opted_out(asked)
        and found.get("domain") == "public"
        and employer_provided(asked) == NO
    )


def email_route_chain(asked: Asked) -> str:
    """It came down from an earlier collector properly (1006.6(d)(4)(iii))."""
    found = provenance(asked)
    chain = list(found.get("chain") or ())
    if chain and "emailed_consumer" not in chain[-1]:
        chain = chain[:-1]  # this collector itself
    return tri(
        bool(chain)
        and any(link.get("obtained_by") is not None for link in chain)
        and chain[-1].get("emailed_consumer") is True
        and not any(link.get("opted_out") is True for link in chain)
        and found.get("opted_out") is not True
        and not opted_out(asked)
    )


def safe_harbour(asked: Asked) -> str:
    """A procedure of 1006.6(d)(3)-(5) is met; yes or no for e-mails and texts."""
    if disclosure_known(asked) == YES:
        return NO
    if asked.contact.channel == "email":
        routes = (email_route_consumer, email_route_creditor, email_route_chain)
        return tri(any(route(asked) == YES for route in routes))
    if asked.contact.channel == "text":
        return tri(_text_route(asked))
    return UNKNOWN  # asked of e-mails and texts alone


def _recent(asked: Asked, at: datetime) -> bool:
    """Within the past 60 days, the day asked included."""
    return calendar.day_of(at, asked.zone) > today(asked) - 60 * calendar.DAY


def _text_route(asked: Asked) -> bool:
    """The consumer texted from the number, or consented, within 60 days or with a check since."""
    line = here(asked).line
    if opted_out(asked) or _strangers(asked):
        return False
    starts = [
        contact.at
        for contact in happened_by_now(asked)
        if contact.direction == "in"
        and contact.channel == "text"
        and point_of(asked.group, contact, asked.consumer).line == line
    ]
    starts += [received_at(asked, one) for one in text_consents(asked)]
    if not starts:
        return False
    newest = max(starts)
    if _recent(asked, newest):
        return True
    for one in said(asked, "reassigned_since"):
        value = one.value
        if not names_line(asked, one, line) or value.get("answer") != "no":
            continue
        since = value.get("since")
        covers = since is not None and since <= calendar.day_of(newest, asked.zone)
        if covers and _recent(asked, received_at(asked, one)):
            return True
    return False


def _strangers(asked: Asked) -> bool:
    """The number was noted for the consumer's side and is somebody else's by now.

    READING: whoever gave consent for it spoke of a number of their own; the person called has not.
    """
    point = here(asked)
    theirs = role_of(asked.group, point.owner) in words.CONSUMER_ROLES
    noted = theirs or words.owner_role(point.owner) in words.CONSUMER_ROLES
    return noted and point.whom == "third_party" and point.line in wrong_lines(asked)


def _by_its_holder(asked: Asked, consent: Statement) -> bool:
    """The called party consents (47 USC 227(b)(1)(A)), or an attorney in the consumer's name.

    READING: the called party is whose number it is.
    """
    return human(asked.group, here(asked).owner) in may_loosen_for(asked.group, consent)


def text_consents(asked: Asked) -> list[Statement]:
    """Consents to texts at this number told to us and not withdrawn since."""
    line = here(asked).line
    if _strangers(asked):
        return []
    ends = ("opt_out_number_text", "do_not_use_number", "opt_out_address")
    found = []
    for one in said(asked, "consents_to_text"):
        if not told_us(one) or not names_line(asked, one, line) or not _by_its_holder(asked, one):
            continue
        given = received_at(asked, one)
        withdrawn = [
            other
            for other in said(asked, *ends)
            if names_line(asked, other, line) and received_at(asked, other) >= given
        ]
        withdrawn += [
            other
            for other in said(asked, "stop_medium", "opt_out_medium")
            if other.value == "text"
            and received_at(asked, other) >= given
            and speaks_for(asked.group, other) & speaks_for(asked.group, one)
        ]
        if not withdrawn:
            found.append(one)
    return found


def consents_to_text(asked: Asked) -> str:
    """Consent to texts at this number stands (1006.6(d)(5)(ii); 47 CFR 64.1200(a)(1))."""
    return tri(bool(text_consents(asked)))


def consents_to_prerecorded(asked: Asked) -> str:
    """Consent to prerecorded or autodialled calls stands (47 CFR 64.1200(a)(1), (a)(10)).

    READING: given to the creditor, whose file tells of it, it serves the collector too.
    """
    line = here(asked).line
    if _strangers(asked):
        return NO
    ends = ("revokes_consent_to_prerecorded", "do_not_use_number")
    for one in said(asked, "consents_to_prerecorded_calls"):
        if one.to != "this_collector" or not names_line(asked, one, line):
            continue
        if not _by_its_holder(asked, one):
            continue
        given = received_at(asked, one)
        withdrawn = [
            other
            for other in said(asked, *ends)
            if names_line(asked, other, line) and received_at(asked, other) >= given
        ]
        withdrawn += [
            other
            for other in said(asked, "stop_medium", "opt_out_medium")
            if other.value == "call"
            and received_at(asked, other) >= given
            and speaks_for(asked.group, other) & speaks_for(asked.group, one)
        ]
        if not withdrawn:
            return YES
    return NO


def recorded_revoked(asked: Asked) -> str:
    """Consent to recorded contacts with this number withdrawn, by whatever word, not given anew."""
    return tri(_revoked(asked, anywhere=False))


def recorded_revoked_anywhere(asked: Asked) -> str:
    """Such consent withdrawn for any number or medium, not given anew for this number."""
    return tri(_revoked(asked, anywhere=True))


def _revoked(asked: Asked, *, anywhere: bool) -> bool:
    """47 CFR 64.1200(a)(10): by any reasonable word, for robocalls and robotexts alike.

    READING: a refusal of the number, of a telephone medium, of calls or of all contact is such a
    word, about whichever debt. One of the other medium yields to a consent that came with it.
    """
    line = here(asked).line
    channel = asked.contact.channel
    gives = "consents_to_text" if channel == "text" else "consents_to_prerecorded_calls"
    anew = [
        received_at(asked, one)
        for one in said(asked, gives)
        if told_us(one)
        and names_line(asked, one, line)
        and _by_its_holder(asked, one)
        and not _strangers(asked)
    ]

    def stands(refusals: list[Statement], *, together: bool) -> bool:
        times = [received_at(asked, one) for one in refusals]
        if not times:
            return False
        return not any(at > max(times) or (together and at == max(times)) for at in anew)

    named = ("revokes_consent_to_prerecorded", "do_not_use_number", "opt_out_number_text")
    plain = [
        one
        for one in said(asked, *named, "opt_out_address")
        if names_line(asked, one, line) or (anywhere and one in binding(asked, one.kind))
    ]
    plain += binding(asked, "cease", "cease_or_refusal")
    plain += [one for one in binding(asked, "revokes_consent_to_call") if one.value is not False]
    other = []
    for one in binding(asked, "stop_medium", "opt_out_medium"):
        if one.value == channel or (one.value == "call" and channel == "voicemail"):
            plain.append(one)
        elif one.value in ("call", "voicemail", "text"):
            (plain if anywhere else other).append(one)
    return stands(plain, together=False) or stands(other, together=True)


def disclosure_known(asked: Asked) -> str:
    """Anybody's word that mail to the address reached another (comment 6(d)(3)(ii)-1)."""
    return named_by("email_led_to_third_party_disclosure")(asked)


def known_bad_address(asked: Asked) -> str:
    """Mail to this address is known not to arrive (comment 42(a)(1)-3)."""
    line = here(asked).line
    bad = [
        received_at(asked, one)
        for one in said(asked, "known_bad_address")
        if names_line(asked, one, line)
    ]
    for contact in asked.group.contacts:
        if contact.at > asked.now or contact.channel != "mail":
            continue
        if contact.result != "undeliverable":
            continue
        if point_of(asked.group, contact, asked.consumer).line == line:
            bad.append(contact.at)
    good = [
        received_at(asked, one)
        for one in said(asked, "last_known_address")
        if names_line(asked, one, line)
    ]
    return tri(bool(bad) and not any(at > max(bad) for at in good))
