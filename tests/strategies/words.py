"""What people say and what is learned: a statement of every kind, with every shape of value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from engine import clock, words
from engine.facts import catalogue
from engine.history import Statement

from .moments import ZONES, days_near, near
from .people import File, seldom

CLOCKS = (time(0, 0), time(8, 0), time(11, 0), time(15, 0), time(17, 0), time(21, 0), time(23, 0))
CHANNELS = ("call", "text", "email", "mail", "voicemail", "social", "visit")
SPANS = ("7 days", "1 days", "24 hours", "1 months", "calendar day")
COMMON = (
    "cease", "disputes", "stop_medium", "inconvenient", "inconvenient_place", "represented_by",
    "consents_to_call", "asks_to_be_called", "opt_out_number_text", "do_not_use_number",
    "number_not_consumers", "withdraws_inconvenience", "consumer_currently_at",
    "revokes_consent_to_call", "consents_to_medium", "stop_calls_at",
)  # fmt: skip
Draw = st.DrawFn


def _debts(draw: Draw, file: File) -> tuple[str, ...]:
    ids = tuple(file.accounts)
    return tuple(draw(st.lists(st.sampled_from(ids), min_size=1, max_size=2, unique=True)))


def _disputes(draw: Draw, file: File, now: datetime) -> Any:
    del now
    amounts = st.sampled_from((None, Decimal(120)))
    found: list[Any] = []
    for debt in _debts(draw, file):
        amount = draw(amounts)
        found.append(debt if amount is None else {"debt": debt, "amount": amount})
    return tuple(found)


def _point(draw: Draw, file: File, now: datetime) -> str:
    del now
    return draw(st.sampled_from(("M1", "M1", "E1", *file.points)))


def _hours(draw: Draw, file: File, now: datetime) -> Any:
    del file
    found = []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        entry: dict[str, Any] = {}
        if draw(st.booleans()):
            days = st.lists(st.sampled_from(words.DAYS), min_size=1, max_size=3, unique=True)
            entry["days"] = tuple(draw(days))
        if draw(st.booleans()):
            first = draw(st.sampled_from(CLOCKS))
            last = draw(st.sampled_from((*CLOCKS[1:], clock.END_OF_DAY)))
            if first != last:
                entry |= {"from": first, "to": last}
        if draw(st.integers(0, 3)) == 3:
            entry["until"] = draw(days_near(now))
        found.append(entry)
    return tuple(found)


def _given(draw: Draw, parts: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    return {word: draw(part) for word, part in parts.items() if draw(st.integers(0, 3)) == 3}


def _consent(draw: Draw, file: File, now: datetime) -> dict[str, Any]:
    found = _given(
        draw,
        {
            "number": st.sampled_from(("M1", "L1")),
            "date": days_near(now, back=3),
            "on": st.sampled_from(("unspecified", *words.DAYS)),
            "until": st.one_of(days_near(now, back=3), near(now, back=3, ahead=3)),
        },
    )
    return found | ({"debt": _debts(draw, file)} if draw(st.booleans()) else {})


def _callback(draw: Draw, file: File, now: datetime) -> dict[str, Any]:
    del now
    found = _given(draw, {"on": st.sampled_from(("unspecified", *words.DAYS))})
    return found | ({"debt": _debts(draw, file)} if draw(st.booleans()) else {})


def _reassigned(draw: Draw, file: File, now: datetime) -> dict[str, Any]:
    found = {"point": _point(draw, file, now)}
    return found | _given(
        draw,
        {"since": days_near(now), "answer": st.sampled_from(("yes", "no", "no_data"))},
    )


def _bankruptcy(draw: Draw, file: File, now: datetime) -> dict[str, Any]:
    del file
    return _given(draw, {"filed": days_near(now), "chapter": st.sampled_from((7, 12, 13))})


SHAPES: dict[str, Callable[[Draw, File, datetime], Any]] = {
    "debts": lambda draw, file, now: _debts(draw, file),
    "disputes": _disputes,
    "debt": lambda draw, file, now: draw(st.sampled_from(tuple(file.accounts))),
    "debt_or_true": lambda draw, file, now: draw(st.just(True) | st.just(_debts(draw, file))),
    "point": _point,
    "points": lambda draw, file, now: (_point(draw, file, now),),
    "channel": lambda draw, file, now: draw(st.sampled_from(CHANNELS)),
    "hours": _hours,
    "place": lambda draw, file, now: draw(st.sampled_from(("home", "work"))),
    "clock": lambda draw, file, now: draw(st.sampled_from(CLOCKS[1:])),
    "zone": lambda draw, file, now: draw(st.sampled_from(ZONES)),
    "true": lambda draw, file, now: draw(st.sampled_from((True, True, False))),
    "date": lambda draw, file, now: draw(days_near(now)),
    "person": lambda draw, file, now: draw(st.sampled_from(("ATTY1", "TP1"))),
    "place_code": lambda draw, file, now: draw(st.sampled_from(("US-MA", "US-NY"))),
    "consent": _consent,
    "callback": _callback,
    "messages": lambda draw, file, now: _given(
        draw, {"max": st.integers(1, 4), "within": st.sampled_from(SPANS)}
    ),
    "reassigned": _reassigned,
    "bankruptcy": _bankruptcy,
    "hold": lambda draw, file, now: draw(st.sampled_from(catalogue.HOLDS)),
    "money": lambda draw, file, now: {"amount": Decimal(10), "date": draw(days_near(now))},
}
assert set(SHAPES) == set(catalogue.SHAPES)
SPEAKERS = ("P1", "P1", "P1", None, "SPOUSE1", "TP1", "ATTY1", "P2")


@st.composite
def statements(draw: Draw, file: File, now: datetime, number: int) -> Statement:
    """One thing said or learned, received before, at or after the moment asked."""
    kind = draw(st.one_of(st.sampled_from(COMMON), st.sampled_from(tuple(catalogue.STATEMENTS))))
    saying = catalogue.STATEMENTS[kind]
    value = SHAPES[saying.shape](draw, file, now)
    received: datetime | date = draw(near(now, back=12, ahead=1))
    if draw(st.integers(0, 3)) == 3:
        received = draw(days_near(now, ahead=2))
    made: datetime | date | None = None
    if draw(st.integers(0, 2)) == 2:
        made = received - timedelta(days=draw(st.integers(0, 4)))
    more: dict[str, Any] = {}
    for word in saying.beside:
        if draw(st.integers(0, 2)):
            continue
        more[word] = _debts(draw, file) if word == "debts" else draw(st.booleans())
    learned = draw(st.integers(0, 3)) == 3
    others = [one for one in file.consumers if one != "P1"]
    return Statement(
        id=f"s{number}",
        kind=kind,
        origin="knowledge" if learned else "statement",
        value=value,
        received=received,
        made=None if learned else made,
        consumer=others[0] if others and draw(st.integers(0, 4)) == 4 else "P1",
        by=None if learned else draw(st.sampled_from(SPEAKERS)),
        source=draw(st.sampled_from(words.SOURCES)) if learned else None,
        to=draw(st.sampled_from(("this_collector",) * 6 + words.STATEMENT_TARGETS)),
        medium=draw(st.sampled_from(("written", "oral", *words.MEDIA))),
        accepted_medium=draw(st.integers(0, 4)) != 4,
        during_lawful_contact=seldom(draw, st.booleans(), 2),
        more=more,
    )


@st.composite
def provenances(draw: Draw, now: datetime) -> dict[str, Any]:
    """How an e-mail address was obtained."""
    links = st.fixed_dictionaries(
        {"collector": st.just("ABC")},
        optional={
            "obtained_by": st.sampled_from(("6(d)(4)(i)", "6(d)(4)(ii)")),
            "emailed_consumer": st.booleans(),
            "opted_out": st.booleans(),
        },
    )
    found: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "consumer_used_with_this_collector": st.one_of(days_near(now), st.booleans()),
                "direct_consent_to_this_collector": st.one_of(days_near(now), st.booleans()),
                "consumer_entered_on_portal": days_near(now),
                "portal_disclosed_use_for_debt": st.booleans(),
                "creditor_obtained_from_consumer": st.booleans(),
                "creditor_use": st.sampled_from(
                    (("periodic_statements",), ("marketing_unrelated_to_account",))
                ),
                "notice_sent": days_near(now, back=45),
                "notice_names_this_collector": st.booleans(),
                "opt_out_deadline": days_near(now),
                "opted_out": st.booleans(),
                "domain": st.sampled_from(("public", "reserved_commercial")),
                "chain": st.lists(links, min_size=1, max_size=3).map(tuple),
            },
        )
    )
    return found
