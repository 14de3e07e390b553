"""What has been said or learned by now: finding statements, and what they put on or take off.

`received` has legal effect; left out it is when the statement was made. Cease, opt-outs and consent
bind only if told to this collector (case format, Meaning).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from engine import words
from engine.facts.catalogue import STATEMENTS
from engine.history import Contact, Statement

from . import calendar
from .past import (
    COMMUNICATION,
    NO,
    YES,
    Asked,
    about,
    conversations,
    counts_as,
    happened_by_now,
    returned_at,
    talkers,
)
from .people import bound_people, human, may_loosen_for, point_of, speaks_for
from .selecting import contents_of

ELECTRONIC = ("email", "text", "electronic", "collector_portal_message")
BINDS_ONLY_IF_TOLD_TO_US = {
    "cease",
    "cease_or_refusal",
    "refuses_to_pay",
    "disputes",
    "requests_original_creditor",
    "requests_information",
    "requests_itemized_statement",
    "opt_out_address",
    "opt_out_number_text",
    "do_not_use_number",
    "opt_out_medium",
    "stop_medium",
    "consents_to_text",
    "consents_to_prerecorded_calls",
    "consents_to_calls_until",
    "consents_to_call",
    "asks_to_be_called",
    "consents_to_medium",
    "agrees_to_messages",
    "invites_visit",
}


def received_at(asked: Asked, statement: Statement) -> datetime:
    """When a statement came in, as an instant of the zone judged."""
    return calendar.instant(statement.received, asked.zone)


def made_on(asked: Asked, statement: Statement) -> date:
    """The local day a statement was made; left out it is the day it was received."""
    made = statement.made if statement.made is not None else statement.received
    return calendar.day_of(calendar.instant(made, asked.zone), asked.zone)


def said(asked: Asked, *kinds: str) -> list[Statement]:
    """Every statement of these kinds received by now, in whatever file, earliest first."""
    found = [
        one
        for one in asked.group.statements
        if one.kind in kinds
        and received_at(asked, one) <= asked.now
        and (one.to == "this_collector" or one.kind not in BINDS_ONLY_IF_TOLD_TO_US)
    ]
    return sorted(found, key=lambda one: received_at(asked, one))


def in_file(asked: Asked, *kinds: str) -> list[Statement]:
    """Those that stand in the file of the human whose debt is judged."""
    return [one for one in said(asked, *kinds) if human(asked.group, one.consumer) == asked.person]


def debts_of(statement: Statement) -> Any:
    """The debts a statement names, or None where it names none."""
    if "debts" in statement.more:
        return statement.more["debts"]
    shape = STATEMENTS[statement.kind].shape
    if shape in ("debts", "disputes", "debt"):
        return statement.value
    if shape == "debt_or_true":
        return None if isinstance(statement.value, bool) else statement.value
    if shape in ("consent", "callback") and isinstance(statement.value, dict):
        return statement.value.get("debt")
    return None


def names(asked: Asked, statement: Statement) -> bool:
    """Whether a statement is about the debt judged; one that names no debt is about all."""
    named = debts_of(statement)
    if named is None:
        return True
    if isinstance(named, str):
        named = [named]
    for one in named:
        debt = one.get("debt") if isinstance(one, dict) else one
        if debt == asked.account.id:
            return True
    return False


def on_debt(asked: Asked, *kinds: str) -> list[Statement]:
    """Statements of these kinds, in the file, about the debt judged."""
    return [one for one in in_file(asked, *kinds) if names(asked, one)]


def is_written(statement: Statement) -> bool:
    """Written is any but oral; an electronic one only if it came by a medium that is accepted."""
    if statement.medium == "oral":
        return False
    return statement.medium not in ELECTRONIC or statement.accepted_medium


def binding(asked: Asked, *kinds: str) -> list[Statement]:
    """Restrictions about time, place or medium that bind contacts with whom we want to reach."""
    people = bound_people(asked.group, asked.contact, asked.consumer)
    return [one for one in said(asked, *kinds) if speaks_for(asked.group, one) & people]


def lifting(asked: Asked, restriction: Statement, *kinds: str) -> list[Statement]:
    """Later words by which those whom a restriction binds take it off again."""
    people = speaks_for(asked.group, restriction) & bound_people(
        asked.group, asked.contact, asked.consumer
    )
    return [
        one
        for one in said(asked, *kinds)
        if received_at(asked, one) > received_at(asked, restriction)
        and people <= may_loosen_for(asked.group, one)
    ]


def points_named(value: Any) -> list[str]:
    """The point ids that a word names."""
    if isinstance(value, dict):
        return [str(value["point"])] if "point" in value else []
    return [value] if isinstance(value, str) else list(value)


def names_line(asked: Asked, statement: Statement, line: str) -> bool:
    """Whether a statement names a point of this line."""
    for named in points_named(statement.value):
        point = asked.group.points.get(named)
        if (point.line if point is not None else named) == line:
            return True
    return False


# -- medium and address opt-outs (12 CFR 1006.14(h))


def came_by(asked: Asked, statement: Statement) -> set[str]:
    """The channels an unwritten (or not acceptably written) statement came by.

    READING: call, and that of any other conversation with the speaker that local day.
    """
    if statement.medium == "email":
        return {"email"}
    if statement.medium == "text":
        return {"text"}
    if statement.medium == "collector_portal_message":
        return {"web"}
    if statement.medium == "electronic":
        return {"email", "text", "social"}
    speaker = human(asked.group, statement.by or statement.consumer)
    found = set()
    for talk in conversations(asked):
        same_day = calendar.day_of(talk.at, asked.zone) == made_on(asked, statement)
        if same_day and speaker in talkers(asked, talk):
            found.add(talk.channel)
    return found | {"call"}


def stopped_channels(asked: Asked, statement: Statement) -> set[str]:
    """The channels a statement stops; `stop_medium: call` covers voicemail."""
    if statement.kind in ("stop_medium", "opt_out_medium"):
        found = {str(statement.value)}
    elif is_written(statement):
        found = set()
    else:
        # a cease said orally is a stop_medium of the channel it came by
        found = came_by(asked, statement)
    return found | {"voicemail"} if "call" in found else found


def medium_stops(asked: Asked) -> list[Statement]:
    """Stops of the proposed channel that bind and have not been lifted since."""
    found = []
    kinds = ("stop_medium", "opt_out_medium", "cease", "cease_or_refusal")
    for stop in binding(asked, *kinds):
        if asked.contact.channel not in stopped_channels(asked, stop):
            continue
        lifted = [
            one
            for one in lifting(asked, stop, "consents_to_medium")
            if one.origin == "statement" and _covers(str(one.value), asked.contact.channel)
        ]
        if not lifted:
            found.append(stop)
    return found


def _covers(medium: str, channel: str) -> bool:
    return medium == channel or (medium == "call" and channel == "voicemail")


def address_stops(asked: Asked, line: str) -> list[Statement]:
    """Refusals of this very address or number for the proposed channel, not taken back since.

    READING: a later consent to texts there takes any of them back, for texts.
    """
    found = []
    for stop in said(asked, "opt_out_address", "opt_out_number_text", "do_not_use_number"):
        if not names_line(asked, stop, line):
            continue
        if asked.contact.channel == "text":
            again = [
                one
                for one in said(asked, "consents_to_text")
                if one.origin == "statement"
                and one.to == "this_collector"
                and names_line(asked, one, line)
                and received_at(asked, one) > received_at(asked, stop)
            ]
            if again:
                continue
        elif stop.kind == "opt_out_number_text":
            continue
        found.append(stop)
    return found


# -- validation and disputes (12 CFR 1006.34(b)(5), 1006.38)


def period_end(asked: Asked) -> date | None:
    """The last day of the validation period, or None where no notice (that stayed out) was sent.

    The printed end, else five business days and thirty calendar days after the day it was provided;
    a returned notice does not count, so the next one restarts the period.
    READING: the latest end of all notices surely sent about this debt.
    """
    ends = []
    for contact in happened_by_now(asked):
        if contact.direction != "out" or "validation_notice" not in contents_of(contact):
            continue
        if counts_as(asked, contact, COMMUNICATION) == NO or returned_at(asked, contact):
            continue
        if about(asked, contact, "attributed", pooled=False) != YES:
            continue
        if not _for_the_consumer(asked, contact):
            continue
        if contact.validation_period_end is not None:
            ends.append(contact.validation_period_end)
        else:
            provided = calendar.day_of(contact.at, asked.zone)
            ends.append(calendar.business_days_after(provided, 5) + 30 * calendar.DAY)
    return max(ends) if ends else None


def is_timely(asked: Asked, statement: Statement) -> bool:
    """Made on or before the end of the validation period; no notice sent: timely."""
    end = period_end(asked)
    return end is None or made_on(asked, statement) <= end


def answered(asked: Asked, after: datetime, contents: set[str]) -> bool:
    """Whether one of these contents was surely sent about this debt after a moment.

    A hold ends on sending, not on receipt (12 CFR 1006.38(d)(2)); what came back was not sent.
    READING: to the consumer, whoever stands in for him or his attorney, and not by word of mouth.
    """
    for contact in happened_by_now(asked):
        if contact.direction != "out" or not contact.at > after:
            continue
        if not contents_of(contact) & contents or not _to_the_consumer(asked, contact):
            continue
        if counts_as(asked, contact, COMMUNICATION) != YES:
            continue
        if about(asked, contact, "attributed", pooled=False) == YES:
            return True
    return False


def _for_the_consumer(asked: Asked, contact: Contact) -> bool:
    whom = point_of(asked.group, contact, asked.consumer).whom
    return whom in words.CONSUMER_ROLES or whom == "attorney"


def _to_the_consumer(asked: Asked, contact: Contact) -> bool:
    return _for_the_consumer(asked, contact) and contact.channel not in ("call", "voicemail")


VERIFICATION = {"verification", "judgment_copy"}


def is_duplicative(asked: Asked, dispute: Statement) -> bool:
    """A repeated written dispute, nothing new, after an earlier one was answered (1006.38(a)(1)).

    Missing `new_information` means new.
    """
    if dispute.more.get("new_information") is not False:
        return False
    for earlier in on_debt(asked, "disputes"):
        before = received_at(asked, earlier) < received_at(asked, dispute)
        if not before or not is_written(earlier) or not is_timely(asked, earlier):
            continue
        answers = [
            contact
            for contact in happened_by_now(asked)
            if contact.direction == "out"
            and received_at(asked, earlier) < contact.at < received_at(asked, dispute)
            and contents_of(contact) & VERIFICATION
            and _to_the_consumer(asked, contact)
            and counts_as(asked, contact, COMMUNICATION) == YES
            and about(asked, contact, "attributed", pooled=False) == YES
        ]
        if answers:
            return True
    return False


def open_disputes(asked: Asked) -> list[Statement]:
    """Timely written disputes that await verification (12 CFR 1006.38(d)(2)(i))."""
    return [
        one
        for one in on_debt(asked, "disputes")
        if is_written(one)
        and is_timely(asked, one)
        and not is_duplicative(asked, one)
        and not answered(asked, received_at(asked, one), VERIFICATION)
    ]


def open_duplicates(asked: Asked) -> list[Statement]:
    """Duplicative written disputes that await their notice or verification (1006.38(d)(2)(ii))."""
    return [
        one
        for one in on_debt(asked, "disputes")
        if is_written(one)
        and is_timely(asked, one)
        and is_duplicative(asked, one)
        and not answered(
            asked, received_at(asked, one), VERIFICATION | {"duplicative_dispute_notice"}
        )
    ]


def is_partial(asked: Asked, dispute: Statement) -> bool:
    """Whether a dispute names an amount of this debt, and nowhere the whole of it."""
    named = [dispute.value] if isinstance(dispute.value, str) else list(dispute.value)
    mine = [
        one
        for one in named
        if (one.get("debt") if isinstance(one, dict) else one) == asked.account.id
    ]
    return bool(mine) and all(
        isinstance(one, dict) and one.get("amount") is not None for one in mine
    )


def latest(asked: Asked, found: Iterable[Statement]) -> Statement | None:
    """The one received last."""
    in_order = sorted(found, key=lambda one: received_at(asked, one))
    return in_order[-1] if in_order else None


def outbound_since(asked: Asked, after: datetime) -> list[Contact]:
    """Outbound contacts at or after a moment."""
    return [one for one in happened_by_now(asked) if one.direction == "out" and one.at >= after]
