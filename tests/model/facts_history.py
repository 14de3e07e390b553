"""Facts of what happened between the consumer and the collector."""

from __future__ import annotations

from datetime import datetime, time

from engine import words
from engine.history import Contact, Statement
from engine.kinds import Window

from . import calendar
from .answers import Where, here, today, tri
from .consent import minutes_between
from .facts_debt import representations
from .facts_point import kind_at, lifting_place
from .hours import called_inconvenient, is_closed
from .past import (
    COMMUNICATION,
    CONVERSATION,
    NO,
    VOICE,
    YES,
    Asked,
    about,
    all_of,
    counts_as,
    happened_by_now,
    is_receipt,
    returned_at,
)
from .people import bound_people, human, point_of, speaks_for, with_whom
from .told import (
    ELECTRONIC,
    address_stops,
    binding,
    in_file,
    latest,
    medium_stops,
    names_line,
    outbound_since,
    received_at,
    said,
)

DAYTIME = Window(from_=time(8), to=time(21))


# -- history


def reply_open(asked: Asked, words_asked: tuple[str, ...]) -> str:
    """The consumer contacted us, has had no answer since, and this is declared a reply.

    rules/README.md; comments 6(b)(1)-2, 6(b)(2)-1; 12 CFR 1006.14(h)(2)(ii).
    """
    if not asked.contact.flag("reply_to_consumer"):
        return NO
    for contact in happened_by_now(asked):
        if contact.direction != "in" or not _same_person(asked, contact):
            continue
        if "any_channel" not in words_asked and not same_channel(
            contact.channel, asked.contact.channel
        ):
            continue
        if not _unanswered(asked, contact, "any_channel" in words_asked):
            continue
        kinds = [word for word in words_asked if word != "any_channel"]
        if all(_since_the_bad_time(asked, contact, kind) for kind in kinds):
            return YES
    return NO


def same_channel(one: str, other: str) -> bool:
    """Call and voicemail are one."""
    return one == other or (one in VOICE and other in VOICE)


def _same_person(asked: Asked, contact: Contact) -> bool:
    owner = human(asked.group, point_of(asked.group, contact, asked.consumer).owner)
    who = human(asked.group, contact.reached) if contact.reached is not None else owner
    return who == with_whom(asked.group, asked.contact, asked.consumer)


def _unanswered(asked: Asked, inbound: Contact, any_channel: bool) -> bool:
    """No outbound contact since; a conversation was answered while it lasted.

    READING: whatever went out to that person by that channel was the answer.
    """
    running = inbound.in_progress and asked.contact.flag("same_call")
    if counts_as(asked, inbound, CONVERSATION) != NO and not running:
        return False
    for contact in outbound_since(asked, inbound.at):
        if not any_channel and not same_channel(contact.channel, asked.contact.channel):
            continue
        if with_whom(asked.group, contact, asked.consumer) == with_whom(
            asked.group, asked.contact, asked.consumer
        ):
            return False
    return True


def _within_seven_days(asked: Asked, at: datetime) -> bool:
    return calendar.day_of(at, asked.zone) > today(asked) - 7 * calendar.DAY


def _since_the_bad_time(asked: Asked, inbound: Contact, kind: str) -> bool:
    point = point_of(asked.group, inbound, asked.consumer)
    if kind in ("hours", "own_hours"):
        if not _within_seven_days(asked, inbound.at):
            return False
        running = minutes_between(inbound.at, asked.now)
        return all(_bad_at(asked, at, kind) for at in running)
    if kind == "place":
        same_day = calendar.day_of(inbound.at, asked.zone) == today(asked)
        return same_day and any(kind_at(place, point.kind) == YES for place in _bad_places(asked))
    if not _within_seven_days(asked, inbound.at):
        return False
    if kind == "attorney":
        since = latest(asked, representations(asked))
    elif kind == "medium":
        since = latest(asked, medium_stops(asked))
    elif kind == "cease":
        since = latest(asked, said(asked, "cease", "cease_or_refusal", "refuses_to_pay"))
    else:
        if point.line != here(asked).line:
            return False
        since = latest(asked, address_stops(asked, here(asked).line))
    return since is not None and received_at(asked, since) <= inbound.at


def _bad_at(asked: Asked, at: datetime, kind: str) -> bool:
    """Whether a moment is in the night of the law, or in the consumer's own bad hours.

    The night: not after 8:00 and before 21:00 (15 USC 1692c(a)(1)).
    """
    if kind == "own_hours":
        return called_inconvenient(asked, at, asked.zone)
    return is_closed(asked, DAYTIME, at, (asked.zone,), None)


def window_zones(asked: Asked, where: Where, window: Window) -> tuple[str, ...]:
    """The zones a window is read in, beside the one the rule is evaluated in.

    `clock`: consumer (for somebody else's number, that person's zones as well), a named zone, or
    point (the zones of the number called).
    """
    if window.clock == "consumer":
        if not where.zones:
            return ()
        return (asked.zone, *where.other_zones)
    if window.clock == "point":
        return where.number_zones
    return (window.clock,)


def _bad_places(asked: Asked) -> list[str]:
    stated = [
        one
        for one in binding(asked, "inconvenient_place", "stop_calls_at")
        if not lifting_place(asked, one)
    ]
    return [str(one.value) for one in stated]


def third_party_reopened(asked: Asked) -> str:
    """The third party asked for more, or answered wrongly and now knows better (1006.10(c))."""
    group = asked.group
    person = with_whom(group, asked.contact, asked.consumer)
    talks = [
        contact.at
        for contact in happened_by_now(asked)
        if counts_as(asked, contact, COMMUNICATION) != NO
        and with_whom(group, contact, asked.consumer) == person
    ]

    def later(kind: str) -> list[Statement]:
        return [
            one
            for one in in_file(asked, kind)
            if one.value is not False and all(received_at(asked, one) > at for at in talks)
        ]

    if any(human(group, str(one.value)) == person for one in later("asks_for_more_contact")):
        return YES
    wrong = later("third_party_answer_was_wrong")
    better = later("third_party_now_has_correct_information")
    return tri(bool(wrong and better))


def running_call(asked: Asked) -> Contact | None:
    """The call in progress on the same line, which `same_call` continues."""
    if not asked.contact.flag("same_call"):
        return None
    found = None
    for contact in happened_by_now(asked):
        if not contact.in_progress or contact.channel not in VOICE:
            continue
        if point_of(asked.group, contact, asked.consumer).line == here(asked).line:
            found = contact
    return found


def called_at_bad_time(asked: Asked) -> str:
    """In this call the person said that the time is inconvenient (comment 6(b)(4)(i)-1)."""
    running = running_call(asked)
    if running is None:
        return NO
    for one in binding(asked, "this_time_is_inconvenient"):
        if one.value is not False and received_at(asked, one) >= running.at:
            return YES
    return NO


def opt_out_confirmation_open(asked: Asked) -> str:
    """An electronic opt-out from this address is not confirmed yet (12 CFR 1006.14(h)(2)(i))."""
    line = here(asked).line
    people = bound_people(asked.group, asked.contact, asked.consumer)
    addresses = ("opt_out_address", "opt_out_number_text", "do_not_use_number")
    outs = [one for one in said(asked, *addresses) if names_line(asked, one, line)]
    outs += [
        one
        for one in said(asked, "stop_medium", "opt_out_medium")
        if one.value == asked.contact.channel and speaks_for(asked.group, one) & people
    ]
    for one in outs:
        if one.medium not in ELECTRONIC:
            continue
        confirmed = [
            contact
            for contact in outbound_since(asked, received_at(asked, one))
            if contact.purpose == "stop_confirmation"
            and contact.channel == asked.contact.channel
            and point_of(asked.group, contact, asked.consumer).line == line
        ]
        if not confirmed:
            return YES
    return NO


def spoke_or_wrote(asked: Asked) -> str:
    """Talked over, or a message out for 14 days without bouncing (12 CFR 1006.30(a)(1)).

    The comment counts the sending day; the text does not: free from the fifteenth day after.
    READING: with the very consumer, for the wider sense of the word is 1006.6's alone (1006.2(e)).
    """
    answers = []
    for contact in asked.group.contacts:
        if contact.at > asked.now or contact.collector != asked.contact.collector:
            continue
        if is_receipt(contact):
            continue
        theirs = point_of(asked.group, contact, asked.consumer).whom == "consumer"
        if contact.channel in ("call", "visit"):
            talk = counts_as(asked, contact, CONVERSATION)
            if contact.reached is not None:
                theirs = human(asked.group, contact.reached) == asked.person
            if theirs:
                answers.append(all_of([talk, about(asked, contact, "discussed", pooled=False)]))
        elif not theirs:
            continue
        elif contact.direction == "out" and contact.channel in words.WRITTEN_CHANNELS:
            answers.append(_stayed_out(asked, contact))
    return tri(YES in answers)  # it meets a need: what only may be does not count


def _stayed_out(asked: Asked, contact: Contact) -> str:
    sent = calendar.day_of(contact.at, asked.zone)
    if today(asked) < sent + 15 * calendar.DAY or contact.result == "undeliverable":
        return NO
    back = returned_at(asked, contact)
    if back is not None and calendar.day_of(back, asked.zone) <= sent + 14 * calendar.DAY:
        return NO
    return about(asked, contact, "attributed", pooled=False)
