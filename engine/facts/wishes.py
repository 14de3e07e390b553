"""Wishes: what the person contacted asked of a medium, an address, a place; what they consented to.

Each function answers yes, no or unknown for one `View`, from what was said and learned so far.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from .. import words
from ..history import Statement, listed
from .speaking import binding, freed, in_order
from .statuses import tri
from .view import STRANGER, View, day_of


def _stops(view: View, one: Statement) -> str | None:
    """The channel a statement stops; an oral cease stops the channel it came by: the telephone."""
    if one.kind in ("stop_medium", "opt_out_medium"):
        return str(one.value)
    if one.kind in ("cease", "cease_or_refusal") and one.medium == "oral":
        return "call"
    return None


def medium_stopped(view: View) -> str:
    """The person asked not to be contacted by this medium, for any debt (12 CFR 1006.14(h)(1)).

    Told to this collector; a request about calls covers voicemail; a later consent to the medium
    withdraws it.
    """
    media = _covers(view.contact.channel)
    kinds = ("stop_medium", "opt_out_medium", "cease", "cease_or_refusal")
    for person in view.governed:
        stopped = False
        for _, one in in_order(view, person, kinds, "consents_to_medium", ours=True):
            if one.kind == "consents_to_medium":
                withdrawn = one.origin == "statement" and str(one.value) in media
                stopped = stopped and not withdrawn
            elif _stops(view, one) in media:
                stopped = True
        if stopped:
            return words.YES
    return words.NO


def _covers(channel: str) -> frozenset[str]:
    """The media whose refusal covers a channel: voicemail is covered by `call` as well."""
    return words.VOICE_CHANNELS if channel == "voicemail" else frozenset({channel})


def address_stopped(view: View) -> str:
    """This address or number was refused for this medium (12 CFR 1006.14(h)(1), comment 2).

    In this file, or by the person contacted in whosever file it was noted.
    """
    line = view.line(view.contact.point)
    channel = view.contact.channel
    stopped = False
    kinds = ("opt_out_address", "opt_out_number_text", "do_not_use_number")
    told = [*view.said(*kinds), *binding(view, *kinds), *view.said("consents_to_text")]
    for _, one in sorted(told, key=lambda pair: (pair[0], pair[1].kind != "consents_to_text")):
        if one.to != "this_collector" or line not in {view.line(p) for p in listed(one.value)}:
            continue
        if hearsay(one):
            continue
        if one.kind == "consents_to_text":
            if channel == "text":
                stopped = False
        elif one.kind != "opt_out_number_text" or channel == "text":
            stopped = True
    return tri(stopped)


def _bad_places(view: View) -> frozenset[str]:
    found: set[str] = set()
    kinds = ("inconvenient_place", "stop_calls_at")
    for person in view.governed:
        bad: set[str] = set()
        for _, one in in_order(view, person, kinds, "withdraws_inconvenient_place"):
            if one.kind == "withdraws_inconvenient_place":
                bad.discard(str(one.value))
            else:  # a request not to be called at work makes work inconvenient (case format)
                bad.add(str(one.value))
        found |= bad
    return frozenset(found)


def place_inconvenient(view: View) -> str:
    """The point is tied to a place called inconvenient, or the person is there today.

    12 CFR 1006.6(b)(1)(ii), comment 6(b)(1)(ii)-1; unknown: of unknown kind, it may be tied to it.
    """
    bad = _bad_places(view)
    if not bad:
        return words.NO
    tied = {"home": words.HOME_KINDS, "work": words.WORK_KINDS}
    if any(view.kind in tied.get(place, ()) for place in bad):
        return words.YES
    for _, one in binding(view, "consumer_currently_at"):
        if str(one.value) in bad and day_of(one.received, view.zone) == view.day:
            return words.YES
    return words.UNKNOWN if view.kind == words.UNKNOWN_KIND and bad & tied.keys() else words.NO


def at_work(view: View, *kinds: str) -> str:
    """A statement of these kinds about work binds, and the point is at work; unknown: it may be."""
    if view.kind not in words.WORK_KINDS and view.kind != words.UNKNOWN_KIND:
        return words.NO
    if not any(str(one.value) == "work" for _, one in binding(view, *kinds)):
        return words.NO
    return words.UNKNOWN if view.kind == words.UNKNOWN_KIND else words.YES


def said_of_point(view: View, *kinds: str, ours: bool = False) -> bool:
    """Whether a statement of these kinds names this point or its line."""
    line = view.line(view.contact.point)
    return any(
        line in {view.line(p) for p in listed(one.value)}
        for _, one in view.said(*kinds)
        if not ours or one.to == "this_collector"
    )


def known_bad_address(view: View) -> str:
    """Somebody said that mail to the address does not arrive, or it came back.

    A later word that this is the last known address makes it good (comment 42(a)(1)-3).
    """
    line = view.line(view.contact.point)
    bad = [received for received, one in view.said("known_bad_address") if _names(view, one, line)]
    bad += [
        one.at
        for one in view.group.contacts
        if one.result == "undeliverable"
        and one.channel == "mail"
        and one.at <= view.moment.known
        and (one.recorded is None or one.recorded <= view.moment.known)
        and view.in_file(one)
        and view.line(one.point) == line
    ]
    good = view.said("last_known_address")
    again = [received for received, one in good if _names(view, one, line)]
    return tri(bool(bad) and not any(at > max(bad) for at in again))


def _names(view: View, one: Statement, line: str) -> bool:
    return line in {view.line(point) for point in listed(one.value)}


def hearsay(one: Statement) -> bool:
    """Whether it is a consent to texts that somebody else reports.

    It must be given to the collector itself (12 CFR 1006.6(d)(5)(ii)); a creditor's file can carry
    consent to recorded or autodialled calls (FCC 07-232, 23 FCC Rcd 559, paragraphs 9 and 10).
    """
    return one.kind == "consents_to_text" and one.origin == "knowledge"


def consent_for_point(view: View, gives: str, *takes: str) -> tuple[bool, datetime | None]:
    """(consent for this line stands, when it was last given), told to this collector.

    Of a word that gives it and one that takes it, received at one instant, the second holds. None
    stands for a number known by now to be a stranger's: it is the person called who consents, or
    that person's attorney, and nobody else.
    """
    line = view.line(view.contact.point)
    if view.owner(view.contact.point)[0] == STRANGER + line:
        return False, None
    given: datetime | None = None
    told = sorted(view.said(gives, *takes), key=lambda pair: (pair[0], pair[1].kind != gives))
    for received, one in told:
        if one.to != "this_collector" or hearsay(one):
            continue
        if one.kind in ("stop_medium", "opt_out_medium"):
            if str(one.value) in _covers(view.contact.channel):
                given = None
        elif line in {view.line(p) for p in listed(one.value)}:
            if one.kind != gives:
                given = None
            elif _called_party(view, one):
                given = received
    return given is not None, given


def _called_party(view: View, one: Statement) -> bool:
    """Whether a consent is that of whose number it is (47 USC 227(b)(1)(A): the called party)."""
    return freed(view, one) == view.human(view.owner(view.contact.point)[0])


def consents_to_text(view: View) -> str:
    """Consent to texts at this number stands (12 CFR 1006.6(d)(5)(ii))."""
    takes = ("opt_out_number_text", "do_not_use_number", "opt_out_address", "stop_medium")
    return tri(consent_for_point(view, "consents_to_text", *takes, "opt_out_medium")[0])


def consents_to_prerecorded(view: View) -> str:
    """Consent to recorded or autodialled calls stands; any reasonable word withdraws it."""
    takes = ("revokes_consent_to_prerecorded", "do_not_use_number", "stop_medium", "opt_out_medium")
    return tri(consent_for_point(view, "consents_to_prerecorded_calls", *takes)[0])


NUMBERS_WITHDRAWN: Final = (
    "revokes_consent_to_prerecorded",
    "do_not_use_number",
    "opt_out_number_text",
    "opt_out_address",
)
MEDIA_WITHDRAWN: Final = ("stop_medium", "opt_out_medium")
ALL_WITHDRAWN: Final = ("cease", "cease_or_refusal", "revokes_consent_to_call")
"""Words that want no more contact at all, or no more calls, in whatever form they came."""


def recorded_revoked(view: View, *, anywhere: bool = False) -> str:
    """Consent to recorded messages on this line was withdrawn and not given again.

    47 CFR 64.1200(a)(10): any reasonable means, and for calls and texts alike; told to this
    collector. `anywhere` reads a word about any line as about all. A word about the other medium
    gives way to a consent of the same instant: do not call me, text me.
    """
    channel = view.contact.channel
    line = view.line(view.contact.point)
    taken = [
        received
        for received, one in view.said(*NUMBERS_WITHDRAWN)
        if _names(view, one, line) and _told_to_us(one)
    ]
    beside: list[datetime] = []
    for received, one in binding(view, *NUMBERS_WITHDRAWN, *MEDIA_WITHDRAWN, *ALL_WITHDRAWN):
        if not _told_to_us(one) or one.value is False:
            continue
        if one.kind in MEDIA_WITHDRAWN:
            medium = str(one.value)
            if medium in _covers(channel):
                taken.append(received)
            elif medium in words.VOICE_CHANNELS or medium == "text":
                (taken if anywhere else beside).append(received)
        elif one.kind in ALL_WITHDRAWN or anywhere or _names(view, one, line):
            taken.append(received)
    gives = "consents_to_text" if channel == "text" else "consents_to_prerecorded_calls"
    given = [
        received
        for received, one in view.said(gives)
        if _names(view, one, line)
        and one.to == "this_collector"
        and one.origin == "statement"
        and _called_party(view, one)
    ]
    stands = bool(taken) and not any(at > max(taken) for at in given)
    return tri(stands or (bool(beside) and not any(at >= max(beside) for at in given)))


def _told_to_us(one: Statement) -> bool:
    return one.to == "this_collector" or one.kind not in words.BINDS_IF_TOLD_TO_US


def opt_out_confirmation_open(view: View) -> str:
    """An electronic opt-out covering this message has not been confirmed (1006.14(h)(2)(i)).

    The address's own, or the medium's by the person contacted; confirmed there, by that medium.
    """
    line = view.line(view.contact.point)
    channel = view.contact.channel
    addresses = ("opt_out_address", "opt_out_number_text", "do_not_use_number")
    told = [
        received
        for received, one in view.said(*addresses)
        if _names(view, one, line) and _electronic(one)
    ]
    told += [
        received
        for received, one in binding(view, "stop_medium", "opt_out_medium", ours=True)
        if str(one.value) == channel and _electronic(one)
    ]
    confirmed = [
        past.at
        for past in view.own_history
        if past.purpose == "stop_confirmation"
        and past.direction == "out"
        and past.channel == channel
        and view.line(past.point) == line
    ]
    return tri(bool(told) and not any(at >= max(told) for at in confirmed))


def _electronic(one: Statement) -> bool:
    return one.to == "this_collector" and one.medium in words.ELECTRONIC_MEDIA


def third_party_reopened(view: View) -> str:
    """12 CFR 1006.10(c): asked for more, or answered wrongly and now knows better."""
    for _, one in view.said("asks_for_more_contact"):
        if set(listed(one.value)) & view.persons:
            return words.YES
    wrong = any(one.value is not False for _, one in view.said("third_party_answer_was_wrong"))
    knows = any(
        one.value is not False for _, one in view.said("third_party_now_has_correct_information")
    )
    return tri(wrong and knows)


def called_at_bad_time(view: View) -> str:
    """In the call in progress the person said that the time is inconvenient."""
    if view.same_call is None:
        return words.NO
    for received, one in binding(view, "this_time_is_inconvenient"):
        if one.value is not False and received >= view.same_call:
            return words.YES
    return words.NO


def said_true(view: View, kind: str) -> str:
    """The latest word of a kind whose value is true or false."""
    last = words.NO
    for _, one in view.said(kind):
        last = tri(one.value is not False)
    return last


def checked_since(view: View, day: date, floor: date) -> bool:
    """A check from `floor` on found the number not reassigned since a day (12 CFR 1006.6(d)(5)).

    It must have asked about that day or an earlier one; a check that does not say covers none.
    """
    line = view.line(view.contact.point)
    for _, one in view.said("reassigned_since"):
        if not isinstance(one.value, dict) or view.line(str(one.value.get("point"))) != line:
            continue
        asked = one.value.get("since")
        if asked is None or str(one.value.get("answer")) not in ("no", "False"):
            continue
        covers = date.fromisoformat(str(asked)[:10]) <= day
        if covers and day_of(one.received, view.zone) >= max(floor, day):
            return True
    return False
