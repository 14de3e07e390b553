"""Consent to calls, requests to be called, and replies: what lifts a rule, and for how long."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from .. import clock, words
from ..history import Contact, Statement, listed
from .hours import bad_time_began
from .speaking import about, binding, own_words, speaker
from .view import View, day_of, instant_of

CONSENT_DAYS = 7  # 12 CFR 1006.14(b)(3)(i): at most seven consecutive days, day 1 included
REPLY_DAYS = 7  # ours (rules/README.md)


def _narrowed(view: View, one: Statement, debt: str | None, line: str, day: date) -> bool:
    """Whether a consent, as narrowed by its debt, number, day and date, covers these."""
    said = one.value if isinstance(one.value, dict) else {}
    named = listed(said.get("debt"))
    if debt is not None and named and debt not in named:
        return False
    number = said.get("number")
    if number and line != view.line(str(number)):
        return False
    if said.get("date") is not None and _as_date(said["date"]) != day:
        return False
    weekday = said.get("on")
    if weekday and weekday != "unspecified":
        return str(weekday)[:3] == words.DAYS[day.weekday()]
    return True


def _as_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else clock.parse_date(str(value))


def _stated_end(view: View, one: Statement) -> datetime | None:
    """When consent ends by its own words: as a date, when that day begins."""
    said = one.value if isinstance(one.value, dict) else {}
    until = said.get("until")
    if until is None:
        return None
    if isinstance(until, str):
        until = clock.parse_date(until) if len(until) == 10 else clock.parse_instant(until)
    return instant_of(until, view.zone)


def consents(view: View) -> list[tuple[datetime, Statement]]:
    """Consents to calls by the people contacted, told to this collector, oldest first."""
    found = own_words(view, "consents_to_call", "asks_to_be_called")
    return sorted(found, key=lambda pair: pair[0])


def _revoked(
    view: View, consent: Statement, received: datetime, debts: frozenset[str], before: datetime
) -> bool:
    """Whether anybody who may took a consent back, to whomever it was said."""
    governing = {one.id for _, one in binding(view, "revokes_consent_to_call")}
    for revoked, one in view.spoken.get("revokes_consent_to_call", ()):
        if one.id not in governing and about(view, one) != about(view, consent):
            continue
        named = listed(one.value)
        mine = one.value is not False and (not named or bool(set(named) & debts))
        if mine and received <= revoked <= before:
            return True
    return False


def _ended(
    view: View, consent: Statement, received: datetime, debts: frozenset[str], before: datetime
) -> bool:
    """Whether a revocation, or a later conversation on the debt, ended a consent before then.

    The conversation must start after the consent was given; an unattributed one ends it too.
    """
    if _revoked(view, consent, received, debts, before):
        return True
    for past in view.own_history:
        if not received < past.at < before or past.channel not in words.VOICE_CHANNELS:
            continue
        if "conversations" in view.counts(past) and view.persons_of(past, talk=True) & view.persons:
            talked = discussed(past)
            if talked is None or set(talked) & debts:
                return True
    return False


def covering(
    view: View,
    debts: frozenset[str],
    line: str,
    at: datetime | None,
    day: date,
    people: frozenset[str] | None = None,
) -> Statement | None:
    """The first consent that covers a call about these debts (12 CFR 1006.14(b)(3)(i)), if any.

    An episode of at most seven days, the day of consent being day 1, ending early at a stated end,
    a revocation, or the next conversation on that debt that starts after it. `at` None asks of
    every later instant of the whole `day`. `people`: whose tally the call is in, if not theirs who
    are contacted now: "such person's prior consent", so each of them must have given it.
    """
    start, end = clock.day_bounds(day, view.zone)
    before = at if at is not None else max(view.moment.known, start)
    for received, one in consents(view):
        if received > before or not any(_narrowed(view, one, d, line, day) for d in debts):
            continue
        if people is not None and people != {speaker(view, one)}:
            continue
        first = day_of(one.received, view.zone)
        if not first <= day < first + timedelta(days=CONSENT_DAYS):
            continue
        stop = _stated_end(view, one)
        if stop is not None and (stop < end if at is None else at >= stop):
            continue
        if not _ended(view, one, received, debts, before):
            return one
    return None


def discussed(contact: Contact) -> tuple[str, ...] | None:
    """The debts a conversation counts for; None where nothing was recorded.

    `discussed` and `conversation_attributed_to`, else what the contact was attributed to
    (12 CFR 1006.14(b)(4), comments 14(b)(4)-1.ii, -2; case format).
    """
    named = (*(contact.discussed or ()), *(contact.conversation_attributed_to or ()))
    return named or contact.attributed_to or None


def past_call_consented(view: View, past: Contact, debts: frozenset[str]) -> bool:
    """Whether a past call was placed under consent, as consent then stood.

    It is theirs who are contacted now, and of nobody else was that call (cautious).
    """
    if past.channel not in words.VOICE_CHANNELS or past.direction != "out":
        return False
    charged = set(past.attributed_to or debts) & debts
    people = frozenset(map(view.human, view.persons_of(past)))
    line, day = view.line(past.point), view.local_day(past)
    return covering(view, frozenset(charged or debts), line, past.at, day, people) is not None


def consent_now(view: View, debts: frozenset[str]) -> Statement | None:
    """The consent that covers the proposed contact, if any: only calls can be consented to."""
    if view.contact.channel not in words.VOICE_CHANNELS:
        return None
    return covering(view, debts, view.line(view.contact.point), view.moment.at, view.day)


def in_call_consent(view: View, debts: frozenset[str]) -> bool:
    """The fact for the proposed contact."""
    return consent_now(view, debts) is not None


def asked_to_be_called(view: View, debts: frozenset[str]) -> bool:
    """Whether the person asked, this same day, to be called (rules/README.md)."""
    line = view.line(view.contact.point)
    before = view.moment.at or max(view.moment.known, clock.start_of_day(view.day, view.zone))
    for received, one in own_words(view, "asks_to_be_called"):
        if day_of(one.received, view.zone) != view.day:
            continue
        if any(_narrowed(view, one, debt, line, view.day) for debt in debts) and not _revoked(
            view, one, received, debts, before
        ):
            return True
    return False


def returned_at_request(view: View, past: Contact, debts: frozenset[str]) -> bool:
    """Whether a conversation is the first since the person asked to be called, on that debt."""
    for asked, one in own_words(view, "asks_to_be_called"):
        said = one.value if isinstance(one.value, dict) else {}
        named = set(listed(said.get("debt"))) or set(debts)
        if asked > past.at or not named & debts:
            continue
        between = [
            c
            for c in view.own_history
            if asked < c.at < past.at
            and "conversations" in view.counts(c)
            and set(discussed(c) or debts) & named
        ]
        if not between:
            return True
    return False


def reply_open(view: View, parameter: str | tuple[str, ...]) -> bool:
    """Whether this declared reply answers a contact by the consumer that had no answer yet.

    hours: since the bad time of the law's window began; own_hours: of the consumer's
    hours; place: that local day, from a point of that place; attorney, medium, cease: since the
    designation or notice, at most seven days; address: from that address. `any_channel` widens
    the channel.
    """
    if not view.contact.flag("reply_to_consumer"):
        return False
    asked = (parameter,) if isinstance(parameter, str) else parameter
    wide = "any_channel" in asked
    return any(_reply(view, word, wide) for word in asked if word != "any_channel")


def _reply(view: View, word: str, wide: bool) -> bool:
    now = view.moment.at or view.moment.known
    since = _since(view, word, now)
    if since is None:
        return False
    channels = _alike(view.contact.channel)
    came: datetime | None = None
    for past in view.own_history:
        if past.direction == "in" and past.at <= now:
            if (wide or past.channel in channels) and _from_right_point(view, past, word):
                spoken = "conversations" in view.counts(past) and not past.in_progress
                came = None if spoken else past.at
        elif past.direction == "out" and (wide or past.channel in channels):
            came = None  # answered; an automatic answer is one
    return came is not None and came >= since


def _alike(channel: str) -> frozenset[str]:
    return words.VOICE_CHANNELS if channel in words.VOICE_CHANNELS else frozenset({channel})


def _from_right_point(view: View, past: Contact, word: str) -> bool:
    if word == "address":
        return view.line(past.point) == view.line(view.contact.point)
    if word != "place":
        return bool(view.persons_of(past) & view.persons) or not view.persons
    point = view.group.points.get(past.point or "")
    if point is None or view.point is None:
        return False
    for kinds in (words.HOME_KINDS, words.WORK_KINDS):
        if view.point.kind in kinds:
            return point.kind in kinds
    return view.line(past.point) == view.line(view.contact.point)


def _since(view: View, word: str, now: datetime) -> datetime | None:
    """From when a contact by the consumer opens a reply; None where there is no such time."""
    if word in ("hours", "own_hours"):
        began = bad_time_began(view, now, own=word == "own_hours")
        floor = clock.start_of_day(view.day - timedelta(days=REPLY_DAYS - 1), view.zone)
        return began if began is None else max(began, floor)
    if word == "place":
        return clock.start_of_day(view.day, view.zone)
    kinds = {
        "attorney": ("represented_by", "wants_contact_through_attorney"),
        "medium": ("stop_medium", "opt_out_medium", "cease", "cease_or_refusal"),
        "address": ("opt_out_address", "opt_out_number_text", "do_not_use_number"),
        "cease": ("cease", "cease_or_refusal", "refuses_to_pay"),
    }[word]
    floor = clock.start_of_day(view.day - timedelta(days=REPLY_DAYS - 1), view.zone)
    told = [received for received, _ in view.said(*kinds)]
    # the very message that carried the request opens nothing: strictly later ones do
    return max(max(told) + timedelta(microseconds=1), floor) if told else None
