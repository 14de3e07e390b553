"""Contacts: those on record, and the one proposed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from engine import words
from engine.history import Contact

from .moments import days_near, near
from .people import File, seldom

RESULTS_OF = {
    "call": ("conversation", "conversation_then_dropped", "voicemail_left", "no_answer", "busy",
             "answered_then_dropped", "voicemail_full_no_ring", "not_in_service",
             "answered_in_progress", None),
    "visit": ("conversation", "no_answer", None),
    "voicemail": ("delivered", "voicemail_left", None),
    "web": ("sent", "session_started", "session_ended", None),
    "furnish_to_cra": ("furnished", None),
}  # fmt: skip
RESULTS_OUT = ("sent", "delivered", "undeliverable", None)
RESULTS_IN = {
    "call": ("conversation", "no_answer", "voicemail_left", None),
    "visit": ("conversation", None),
    "web": ("received", "session_started", "session_ended"),
}
RESULTS_BACK = ("received", "undeliverable", "undeliverable", "delivered", None)
PEOPLE = ("P1", "SPOUSE1", "TP1", "EMP1", "P2")
DECLARED = (
    "opt_out_notice", "identifies_as_debt_collector", "mentions_debt", "requests_payment",
    "model_form", "obscene", "postcard", "envelope_reveals_debt", "automated",
    "during_consumer_session", "excludes_disputed_part", "opt_out_requires_information",
)  # fmt: skip


def _channels(kind: str) -> tuple[str, ...]:
    return words.CHANNELS_OF_KIND[kind]


def _some(draw: st.DrawFn, ids: tuple[str, ...]) -> tuple[str, ...]:
    found = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=2, unique=True))
    return tuple(found)


def _purposes(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "purpose": seldom(draw, st.sampled_from(words.PURPOSES), 3),
        "content": seldom(draw, st.sampled_from(words.CONTENTS), 3),
    }


@st.composite
def past_contacts(draw: st.DrawFn, file: File, now: datetime, number: int) -> Contact:
    """Something placed, sent or received, or a receipt; now and then after the moment asked."""
    point = draw(st.sampled_from(tuple(file.points.values())))
    known = draw(st.integers(0, 19)) != 0
    channel = draw(st.sampled_from(_channels(point.kind)))
    inbound = draw(st.integers(0, 3)) == 3
    if inbound:
        result = draw(st.sampled_from(RESULTS_IN.get(channel, RESULTS_BACK)))
    else:
        result = draw(st.sampled_from(RESULTS_OF.get(channel, RESULTS_OUT)))
    debts = tuple(file.accounts)
    flags = {}
    if draw(st.integers(0, 5)) == 5:
        flags["reply_to_consumer"] = True
    if draw(st.integers(0, 11)) == 11:
        flags["call_in_progress"] = True
    return Contact(
        id=f"c{number}",
        at=draw(near(now, ahead=draw(st.sampled_from((0, 0, 0, 1))))),
        channel=channel,
        point=point.id if known else "Z9",
        direction="in" if inbound else "out",
        result=result,
        attributed_to=draw(st.sampled_from((None, (), *((one,) for one in debts), debts))),
        discussed=seldom(draw, st.sampled_from(((), debts[:1], debts)), 3),
        conversation_attributed_to=seldom(draw, st.just(debts[:1]), 5),
        intended_for=seldom(draw, st.sampled_from(PEOPLE), 5),
        reached=seldom(draw, st.sampled_from(PEOPLE), 5),
        initiated_by=seldom(draw, st.sampled_from(("consumer", "collector")), 6),
        technology=seldom(draw, st.sampled_from(words.TECHNOLOGIES), 2),
        message_possible=seldom(draw, st.booleans(), 4),
        validation_period_end=seldom(draw, days_near(now), 4),
        collector="another" if draw(st.integers(0, 14)) == 14 else "this_collector",
        consumer=point.consumer if known else "P1",
        flags=flags,
        **_purposes(draw),
    )


@st.composite
def proposed_contacts(draw: st.DrawFn, file: File, now: datetime) -> Contact:
    """The contact asked about: plain half of the time, else declared in some way."""
    owners = {debt.consumer for debt in file.accounts.values()}
    kinds = ("M1", "M1", "M1", *(id for id, one in file.points.items() if one.consumer in owners))
    point = file.points[draw(st.sampled_from(kinds))]
    channel = draw(st.sampled_from(_channels(point.kind)))
    own = tuple(d.id for d in file.accounts.values() if d.consumer == point.consumer)
    debts = _some(draw, own or tuple(file.accounts))
    plain: dict[str, Any] = {
        "id": "proposed",
        "at": now,
        "channel": channel,
        "point": point.id,
        "debts": debts,
        "attributed_to": seldom(draw, st.just(debts[:1]), 3),
        "consumer": point.consumer,
    }
    if draw(st.booleans()):
        return Contact(**plain)
    flags = draw(st.dictionaries(st.sampled_from(DECLARED), st.booleans(), max_size=2))
    if draw(st.integers(0, 1)):
        flags["reply_to_consumer"] = True
    if draw(st.integers(0, 3)) == 3:
        flags["same_call"] = True
    languages = seldom(draw, st.sampled_from((("en",), ("en", "es"))), 3)
    return Contact(
        **plain,
        intended_for=seldom(draw, st.sampled_from(PEOPLE[:3]), 5),
        technology=seldom(draw, st.sampled_from(words.TECHNOLOGIES), 2),
        disclosure=seldom(draw, st.sampled_from(words.DISCLOSURES), 3),
        sender_name=seldom(draw, st.sampled_from(words.SENDER_NAMES), 4),
        visible_to=seldom(draw, st.sampled_from(words.VISIBILITIES), 4),
        languages=languages,
        disclosure_languages=seldom(draw, st.sampled_from(((), ("en",), ("en", "es"))), 2),
        flags=flags,
        **_purposes(draw),
    )
