"""Selecting, plainly: which contacts and statements a selector takes, and in whose tally.

A past contact with no recorded attribution counts for every debt where that tightens.
"""

from __future__ import annotations

from datetime import datetime

from .. import clock, words
from ..account import Account
from ..history import (
    Contact,
    Statement,
    concerns,
    effective_contents,
    listed,
    proposed_counts,
    technology,
    written,
)
from ..rule import Exclusion, Selector
from .consent import (
    consent_now,
    discussed,
    in_call_consent,
    past_call_consented,
    returned_at_request,
)
from .near import near
from .statuses import result_missing, timely
from .view import HOUSEHOLD, View

RESULT_TELLS = frozenset({"not_connected", "conversation"})  # exclusions that hang on a result
MAYBE_WORK = words.WORK_KINDS | {words.UNKNOWN_KIND}  # a telephone of unknown kind may be at work


def matches(view: View, past: Contact, chosen: Selector, debt: Account) -> bool:
    """Whether a past contact is what a selector counts (units and periods aside)."""
    if chosen.what not in view.counts(past):
        return False
    if chosen.direction != "any" and past.direction != chosen.direction:
        return False
    if not _fits(view, past, chosen, past=True):
        return False
    if chosen.types is not None:
        named = debts_of(past, chosen)
        if named is not None:
            types = {a.type for n in named if (a := view.group.accounts.get(n)) is not None}
            if types and not types & chosen.types:
                return False
    return not any(excluded(view, past, one, debt) for one in chosen.not_)


def _fits(view: View, contact: Contact, chosen: Selector, *, past: bool) -> bool:
    """The fields that past and proposed contacts share: channel, point, person, what it was."""
    if chosen.channels is not None and contact.channel not in chosen.channels:
        return False
    if chosen.to is not None and not _to(view, contact, chosen.to):
        return False
    if chosen.whom is not None and view.owner(contact.point)[1] not in chosen.whom:
        return False
    if chosen.purpose is not None and not chosen.purpose & {
        contact.purpose or "collection",
        *effective_contents(contact),
    }:
        return False
    if chosen.content is not None and not chosen.content & effective_contents(contact):
        return False
    if chosen.technology is not None and technology(contact, past) not in chosen.technology:
        return False
    if chosen.result is not None and past and contact.result not in (None, *chosen.result):
        return False
    started = "consumer" if contact.direction == "in" else "collector"
    return chosen.initiated_by is None or (contact.initiated_by or started) == chosen.initiated_by


def _to(view: View, contact: Contact, to: frozenset[str]) -> bool:
    point = view.group.points.get(contact.point or "")
    kind = point.kind if point is not None else words.UNKNOWN_KIND
    if kind == words.UNKNOWN_KIND:
        return True
    if contact.channel == "text" and "electronic" in to:
        return True
    return kind in to and not (contact.channel == "text" and "-electronic" in to)


def surely_within(to: frozenset[str]) -> frozenset[str]:
    """The channels on which a point of unknown kind is within a `to`, whatever kind it is."""
    found = set()
    for channel in words.CHANNELS:
        kinds = {kind for kind, taken in words.CHANNELS_OF_KIND.items() if channel in taken}
        named = bool(kinds) and kinds - {words.UNKNOWN_KIND} <= to
        text = channel == "text" and {"electronic", "-electronic"} & to
        if text == {"electronic"} or (named and not text):
            found.add(channel)
    return frozenset(found)


def debts_of(past: Contact, chosen: Selector) -> tuple[str, ...] | None:
    """The debts a past contact counts for, as `debts:` of the selector says; None: any."""
    return discussed(past) if chosen.debts == "discussed" else past.attributed_to or None


def excluded(view: View, past: Contact, exclusion: Exclusion, debt: Account) -> bool:
    """Whether an entry of `not` leaves a past contact out: all of its words hold."""
    return all(_excluded(view, past, word, exclusion.days, debt) for word in exclusion.words)


def _excluded(view: View, past: Contact, word: str, within: int | None, debt: Account) -> bool:
    counted = view.counts(past)
    match word:
        case "in_call_consent":
            return past_call_consented(view, past, view.pooled(debt))
        case "to_professional":
            return view.owner(past.point)[1] in words.PROFESSIONAL_ROLES
        case "misdirected":
            return view.line(past.point) in view.wrong_lines
        case "reply_to_consumer":
            return past.flag("reply_to_consumer") is True
        case "returned_at_request":
            return "conversations" in counted and returned_at_request(view, past, view.pooled(debt))
        case "not_connected":  # only a call placed can fail to connect
            placed = past.direction == "out" and past.channel in words.VOICE_CHANNELS
            return placed and "connected" not in counted
        case "no_message_possible":
            return past.message_possible is False
        case "returned":
            return past.id in view.returned
        case "returned_within":
            back = view.returned.get(past.id)
            sent = view.local_day(past)
            return (
                back is not None
                and within is not None
                and (clock.local_date(back, view.zone) - sent).days <= within
            )
        case "conversation":
            return "conversations" in counted and not result_missing(past)
    raise ValueError(f"unknown exclusion `{word}`")


def exempted(view: View, entries: tuple[Exclusion, ...], debt: Account) -> bool:
    """Whether an entry of `not` or `exempt` leaves the *proposed* contact out."""
    return any(all(_exempted(view, word, debt) for word in one.words) for one in entries)


def excuse(view: View, entries: tuple[Exclusion, ...], debt: Account) -> tuple[str, ...]:
    """The statement by which alone `exempted` holds: a consent to be called; none: other grounds.

    What the contact itself is (a reply, to a professional) stands in its situation; what was said
    does not, and a record must name it.
    """
    if not any("in_call_consent" in one.words for one in entries):
        return ()
    if exempted(view, tuple(one for one in entries if "in_call_consent" not in one.words), debt):
        return ()
    consent = consent_now(view, view.pooled(debt))
    return () if consent is None or not exempted(view, entries, debt) else (consent.id,)


def _exempted(view: View, word: str, debt: Account) -> bool:
    match word:
        case "in_call_consent":
            return in_call_consent(view, view.pooled(debt))
        case "to_professional":
            return view.whom in words.PROFESSIONAL_ROLES
        case "reply_to_consumer":
            return view.contact.flag("reply_to_consumer") is True
        case "no_message_possible":
            return view.contact.message_possible is False
        case "not_connected":
            return "connected" not in proposed_counts(view.contact)
        case "conversation":
            return view.contact.result is not None and "conversations" in proposed_counts(
                view.contact
            )
    return False  # misdirected, returned, returned_at_request: never of what is yet to come


def membership(view: View, chosen: Selector, debt: Account) -> str:
    """The proposed contact as a member of the history: counts, exempt, or out (rules/README.md)."""
    counted = proposed_counts(view.contact)
    if chosen.direction == "in" or not _fits(view, view.contact, chosen, past=False):
        return "out"
    if chosen.types is not None and debt.type not in chosen.types:
        return "out"
    if exempted(view, chosen.not_, debt):
        return "exempt"
    return "counts" if chosen.what in counted else "out"


# -- units


def same_unit(
    view: View, past: Contact, per: tuple[str, ...], debt: Account, chosen: Selector
) -> bool:
    """Whether a past contact is in the proposed contact's unit, by every word of `per`."""
    if debt.collector != past.collector:
        return False  # counts are per collector
    return all(_same(view, past, unit, debt, chosen) for unit in per)


def has_unit(view: View, per: tuple[str, ...]) -> bool:
    """Whether the proposed contact has such units: one elsewhere has no workplace."""
    return "workplace" not in per or view.kind in MAYBE_WORK


def _same(view: View, past: Contact, unit: str, debt: Account, chosen: Selector) -> bool:
    match unit:
        case "person":
            talk = chosen.what == "conversations"
            return bool(view.persons_of(past, talk) & view.persons)
        case "particular_debt" | "account":
            if not view.in_file(past):
                return False
            named = debts_of(past, chosen)
            ours = view.pooled(debt) if unit == "particular_debt" else {debt.id}
            return named is None or bool(set(named) & ours)
        case "household":
            if view.whom not in HOUSEHOLD:
                return bool(view.persons_of(past) & view.persons)
            return view.in_file(past) and view.owner(past.point)[1] in HOUSEHOLD
        case "consumer":
            return view.in_file(past)
        case "point":
            if past.point is None or past.point == view.contact.point:
                return past.point is not None
            line = view.line(past.point)
            return line == view.line(view.contact.point) and line in view.shared_lines
        case "line":
            return past.point is not None and view.line(past.point) == view.line(view.contact.point)
        case "workplace":
            point = view.group.points.get(past.point or "")
            kind = point.kind if point is not None else words.UNKNOWN_KIND
            return view.in_file(past) and kind in MAYBE_WORK and view.kind in MAYBE_WORK
    raise ValueError(f"unknown unit `{unit}`")


# -- events


def events(
    view: View, chosen: Selector, per: tuple[str, ...], debt: Account, *, ends: bool = False
) -> list[datetime]:
    """Instants of what an EVENT selects, oldest first; contacts by unit, statements by debt.

    `ends`: it would end a hold, so only what is surely on record counts: a contact that names no
    debt does for a person with one debt, a call of which no result is recorded never, nor a letter
    of which nobody said how it came.
    """
    if chosen.of_contacts:
        return [
            past.at
            for past in near(view, chosen.what, per)
            if same_unit(view, past, per, debt, chosen)
            and matches(view, past, chosen, debt)
            and not (ends and _doubtful(view, past, chosen, per))
        ]
    if chosen.of_dates:
        day = debt.dates.get(chosen.what)
        come = day is not None and day <= view.day
        return [clock.start_of_day(day, view.zone)] if come and day is not None else []
    return [at for at, sure in words_said(view, chosen, debt) if sure or not ends]


def words_said(view: View, chosen: Selector, debt: Account) -> list[tuple[datetime, bool]]:
    """When statements and knowledge that are selected came in, and whether each surely is that.

    A word that came in writing, nobody said how, may have come by any kind of letter.
    """
    return [
        (received, not _vague(one, chosen))
        for received, one in view.said(chosen.what)
        if _said(view, one, chosen, debt)
    ]


def _vague(one: Statement, chosen: Selector) -> bool:
    """Whether a selector asks for a kind of writing, of which this word may or may not be one."""
    media = chosen.medium
    return one.medium == "written" and media is not None and "written" not in media


def _doubtful(view: View, past: Contact, chosen: Selector, per: tuple[str, ...]) -> bool:
    """Whether it is not surely on record that a past contact is what a selector takes."""
    by_debt = bool({"particular_debt", "account"} & set(per))
    if by_debt and debts_of(past, chosen) is None and len(view.own_accounts) > 1:
        return True
    return unclear(view, past, chosen)


def unclear(view: View, past: Contact, chosen: Selector) -> bool:
    """Whether nobody recorded the result or kind of point that would tell if it is selected."""
    if chosen.to is not None and past.channel not in surely_within(chosen.to):
        point = view.group.points.get(past.point or "")
        if point is None or point.kind == words.UNKNOWN_KIND:
            return True
    if chosen.result is not None:
        return past.result is None
    if chosen.what == "attempts" and not any(set(one.words) & RESULT_TELLS for one in chosen.not_):
        return False
    return result_missing(past)


def _said(view: View, one: Statement, chosen: Selector, debt: Account) -> bool:
    if one.to != "this_collector" and one.kind in words.BINDS_IF_TOLD_TO_US:
        return False
    if one.kind in words.NAME_A_MEDIUM and not _of_medium(view, one, chosen):
        return False
    if chosen.places is not None and str(one.value) not in chosen.places:
        return False
    if chosen.medium is not None and not _came_by(one, chosen.medium):
        return False
    if chosen.timely is not None and timely(view, one, debt) is not chosen.timely:
        return False
    about = one.more.get("debts")
    if isinstance(one.value, dict):
        about = one.value.get("debt", about)
    elif isinstance(one.value, list | tuple) or one.value in view.group.accounts:
        about = one.value
    return concerns(_ids(view, about), (debt.id,))


def _came_by(one: Statement, media: frozenset[str]) -> bool:
    """Whether a word came, or may have come, by one of these media."""
    if one.medium in media or ("written" in media and written(one)):
        return True
    return one.medium == "written" and bool(media - {"oral"})


def _of_medium(view: View, one: Statement, chosen: Selector) -> bool:
    """Whether the medium a statement names is the proposed contact's, or one of the selector's.

    Call and voicemail are one, but who consents to messages has not consented to calls.
    """
    wanted = chosen.channels or frozenset({view.contact.channel})
    named = str(one.value)
    alike = {"call"} if one.kind == "consents_to_medium" else words.VOICE_CHANNELS
    return bool((words.VOICE_CHANNELS if named in alike else {named}) & wanted)


def _ids(view: View, about: object) -> tuple[str, ...]:
    """Only ids of debts name debts: a list of points (numbers consented to) names none."""
    named = listed(about)
    return named if any(one in view.group.accounts for one in named) else ()
