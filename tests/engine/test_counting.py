"""Periods, limits, waits and `happened`, on both sides of each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from engine import Account, Contact, Statement
from engine.facts.counting import (
    agreed,
    first_free,
    happened,
    in_period,
    leaves_period,
    limit,
    wait,
)
from engine.kinds import Agreed, Limit, Wait
from engine.rule import Exclusion, Happened, Period, Selector
from tests.telling import D1, NOON, at, day_view, file, past, proposed, said, view

CALLS = Selector("attempts")
TALKS = Selector("conversations", direction="any", debts="discussed")
SEVEN = Limit(7, CALLS, ("person", "particular_debt"), within=Period(7, "day"))
D2 = Account("D2", "P1", "medical")


@pytest.mark.parametrize(
    ("period", "inside", "outside", "leaves"),
    [
        (Period(7, "day"), "09-12T00:00", "09-11T23:59", "09-19T00:00"),
        (Period(24, "hour"), "09-17T12:01", "09-17T12:00", "09-18T12:01"),
        (Period(1, "month"), "08-19T10:00", "08-18T10:00", "09-19T00:00"),
        (Period(3, "business_day"), "09-16T10:00", "09-15T10:00", "09-21T00:00"),
        (Period(1, "calendar_day"), "09-18T00:00", "09-17T23:59", "09-19T00:00"),
        (Period(1, "calendar_week_from_sunday"), "09-13T00:00", "09-12T23:59", "09-20T00:00"),
        (Period(1, "business_week"), "09-14T00:00", "09-13T23:59", "09-21T00:00"),
        (Period(1, "calendar_month"), "09-01T00:00", "08-31T23:59", "10-01T00:00"),
    ],
)
def test_a_period_on_both_sides(period: Period, inside: str, outside: str, leaves: str) -> None:
    seen = view(file())
    assert in_period(seen, at(inside), period, NOON)
    assert not in_period(seen, at(outside), period, NOON)
    assert leaves_period(seen, at(inside), period) == at(leaves)


def test_for_ever() -> None:
    seen = view(file())
    assert in_period(seen, at("01-01T00:00"), Period(0, "ever"), NOON)
    assert leaves_period(seen, at("01-01T00:00"), Period(0, "ever")) is None


def test_an_unknown_period_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown period `fortnight`"):
        in_period(view(file()), NOON, Period(1, "fortnight"), NOON)
    with pytest.raises(ValueError, match="unknown period `fortnight`"):
        leaves_period(view(file()), NOON, Period(1, "fortnight"))


def calls(*days: int) -> list[Contact]:
    return [past(f"09-{day:02}T10:00") for day in days]


def test_the_seventh_and_the_eighth() -> None:
    six = limit(view(file(*calls(12, 13, 14, 15, 16, 17))), SEVEN, D1)
    assert (six.bit, six.state, six.used, six.maximum, six.counts_this) == (
        "no",
        "room",
        6,
        7,
        True,
    )
    seven = limit(view(file(*calls(12, 13, 14, 15, 16, 17, 18))), SEVEN, D1)
    assert (seven.bit, seven.state, seven.used) == ("yes", "reached", 7)
    assert seven.free == at("09-19T00:00")


def test_more_than_the_limit_must_leave_first() -> None:
    nine = limit(view(file(*calls(12, 12, 13, 14, 15, 16, 17, 18, 18))), SEVEN, D1)
    # two calls of one minute of the 12th are one id; nine stand in the history
    assert nine.used == 9
    assert nine.free == at("09-20T00:00")


def test_a_whole_day_counts_from_its_start() -> None:
    body = replace(SEVEN, max=1)
    assert limit(day_view(file(*calls(17)), day=date(2026, 9, 23)), body, D1).bit == "yes"
    assert limit(day_view(file(*calls(17)), day=date(2026, 9, 24)), body, D1).bit == "no"


def test_a_limit_of_none_never_lets_go() -> None:
    none = limit(view(file()), replace(SEVEN, max=0), D1)
    assert (none.bit, none.free) == ("yes", None)


def test_a_limit_for_ever_never_lets_go() -> None:
    once = Limit(1, CALLS, ("person",), within=Period(0, "ever"))
    assert limit(view(file(*calls(1))), once, D1).free is None


def test_a_limit_in_hours_that_lets_go_in_the_day_asked() -> None:
    body = Limit(2, CALLS, ("person",), within=Period(24, "hour"))
    group = file(past("09-17T10:00"), past("09-17T14:00"))
    found = limit(day_view(group, day=date(2026, 9, 18)), body, D1)
    assert (found.bit, found.state, found.used) == ("no", "room", 1)
    assert found.free == at("09-18T10:00")
    assert limit(view(group, replace(proposed(), at=at("09-18T09:59"))), body, D1).bit == "yes"
    late = limit(day_view(group, day=date(2026, 9, 17)), replace(body, max=1), D1)
    assert (late.bit, late.state) == ("no", "room")


RUNNING = past("09-18T11:55", result="answered_in_progress", flags={"call_in_progress": True})


def test_where_a_limit_does_not_apply() -> None:
    seen = view(file(*calls(17), RUNNING), flags={"same_call": True})
    assert limit(seen, SEVEN, D1).state == "out"
    other = replace(RUNNING, point="L1")  # on another line
    assert limit(view(file(other), flags={"same_call": True}), SEVEN, D1).state != "out"
    texts = replace(SEVEN, counting=replace(CALLS, channels=frozenset({"text"})))
    assert limit(view(file()), texts, D1).state == "out"
    since = Limit(1, CALLS, ("person",), since=Selector("disputes"))
    assert limit(view(file(*calls(17))), since, D1).state == "out"


def test_since_the_first_of_an_event() -> None:
    since = Limit(1, CALLS, ("person",), since=Selector("disputes"))
    told = [said("disputes", ("D1",), f"09-{day}T09:00") for day in ("15", "17")]
    before = limit(view(file(*calls(14), *told)), since, D1)
    assert (before.state, before.used) == ("room", 0)
    after = limit(view(file(*calls(16), *told)), since, D1)
    assert (after.state, after.free) == ("reached", None)


@pytest.mark.parametrize(
    ("event", "most", "state"),
    [
        (Selector("attempts"), 1, "room"),
        (Selector("connected", direction="any"), 2, "room"),
        (Selector("attempts"), 0, "out"),
        (Selector("conversations"), 1, "out"),
        (Selector("attempts", direction="in"), 1, "out"),
    ],
)
def test_an_attempt_may_be_what_a_limit_runs_from(event: Selector, most: int, state: str) -> None:
    body = Limit(most, CALLS, ("person",), since=event)
    found = limit(view(file()), body, D1)
    assert (found.state, found.bit, found.used or 0) == (state, "no", 0)
    assert found.counts_this == (state == "room")


def test_a_contact_that_an_exclusion_leaves_out() -> None:
    body = replace(SEVEN, max=0, counting=replace(CALLS, not_=(Exclusion(("to_professional",)),)))
    found = limit(view(file(), point="M7"), body, D1)
    assert (found.bit, found.state, found.counts_this) == ("no", "exempt", False)


MESSAGES = Limit(
    Agreed(3, "messages_max"),
    replace(CALLS, channels=frozenset({"text"})),
    ("person",),
    within=Period(7, "day"),
    agreed_within="messages_within",
)
TEXT = proposed("text")


def texts(*days: int) -> list[Contact]:
    return [past(f"09-{day:02}T10:00", "text", "M1", result="sent") for day in days]


def test_an_agreement_moves_the_number_and_the_period() -> None:
    none = limit(view(file(*texts(14, 15, 16)), TEXT), MESSAGES, D1)
    assert (none.state, none.maximum) == ("reached", 3)
    more = said("agrees_to_messages", {"max": 5, "within": "30 days"}, "09-01T09:00")
    moved = limit(view(file(*texts(1, 15, 16), more), TEXT), MESSAGES, D1)
    assert (moved.state, moved.used, moved.maximum, moved.agreed) == ("room", 3, 5, (more.id,))
    half = replace(more, value={"within": "30 days"})
    period = limit(view(file(half), TEXT), MESSAGES, D1)
    assert (period.maximum, period.agreed) == (3, (more.id,))
    assert none.agreed == ()
    elsewhere = replace(more, to="creditor")
    assert limit(view(file(elsewhere), TEXT), MESSAGES, D1).maximum == 3


@pytest.mark.parametrize(("placed", "excused"), [(0, False), (1, True), (7, True)])
def test_a_consent_is_named_where_there_is_something_to_excuse(placed: int, excused: bool) -> None:
    yes = said("consents_to_call", None, "09-18T09:00")
    but = replace(SEVEN, counting=replace(CALLS, not_=(Exclusion(("in_call_consent",)),)))
    before = [past(f"09-17T{9 + hour:02}:00") for hour in range(placed)]
    found = limit(view(file(*before, yes)), but, D1)
    assert (found.state, found.excused) == ("exempt", (yes.id,) if excused else ())
    assert limit(view(file(*before)), but, D1).excused == ()


def test_an_agreement_that_says_nothing() -> None:
    odd = said("agrees_to_messages", True, "09-01T09:00")
    assert agreed(view(file(odd), TEXT), "messages_max") is None


# -- waits

AFTER_TALK = Wait(TALKS, ("person", "particular_debt"), for_=Period(7, "day"))


def talk(day: int) -> Contact:
    return past(f"09-{day:02}T18:00", result="conversation")


@pytest.mark.parametrize(("day", "state"), [(12, "running"), (11, "over")])
def test_a_wait_on_both_sides(day: int, state: str) -> None:
    found = wait(view(file(talk(day))), AFTER_TALK, D1)
    assert (found.state, found.bit) == (state, "yes" if state == "running" else "no")
    assert found.free == at(f"09-{day + 7}T00:00")


def test_a_wait_of_hours_runs_from_the_instant() -> None:
    body = Wait(CALLS, ("line",), for_=Period(2, "hour"))
    assert wait(view(file(past("09-18T10:01"))), body, D1).bit == "yes"
    over = wait(view(file(past("09-18T10:00"))), body, D1)
    assert (over.bit, over.free) == ("no", NOON)


def test_a_wait_asked_of_a_whole_day() -> None:
    body = Wait(CALLS, ("line",), for_=Period(48, "hour"))
    group = file(past("09-17T10:00"))
    part = wait(day_view(group, day=date(2026, 9, 19)), body, D1)
    assert (part.bit, part.state, part.free) == ("no", "over", at("09-19T10:00"))
    assert wait(day_view(group, day=date(2026, 9, 18)), body, D1).bit == "yes"


def test_where_a_wait_does_not_apply() -> None:
    same = view(file(talk(17), RUNNING), flags={"same_call": True})
    assert wait(same, AFTER_TALK, D1).state == "out"
    assert wait(view(file()), AFTER_TALK, D1).state == "out"


def test_a_date_nobody_recorded_is_unknown() -> None:
    body = Wait(Selector("first_bill"), ("account",), for_=Period(30, "day"))
    found = wait(view(file()), body, D1)
    assert (found.bit, found.state) == ("unknown", "unknown")
    billed = replace(D1, dates={"first_bill": date(2026, 9, 1)})
    assert wait(view(file(accounts=(billed,))), body, billed).state == "running"


def test_what_a_wait_does_not_hold_back() -> None:
    body = replace(AFTER_TALK, exempt=(Exclusion(("to_professional",)),))
    group = file(past("09-17T18:00", point="M7", result="conversation"))
    assert wait(view(group, point="M7"), body, D1).state == "exempt"


def test_the_first_or_the_latest_event() -> None:
    group = file(talk(1), talk(17))
    assert wait(view(group), AFTER_TALK, D1).state == "running"
    first = replace(AFTER_TALK, after=replace(TALKS, which="first"))
    assert wait(view(group), first, D1).state == "over"


def test_until_an_event() -> None:
    body = Wait(Selector("disputes"), ("account",), until=Selector("payment_plan"))
    told = said("disputes", ("D1",), "09-10T09:00")
    running = wait(view(file(told)), body, D1)
    assert (running.state, running.free) == ("running", None)
    early = said("payment_plan", ("D1",), "09-09T09:00")
    assert wait(view(file(told, early)), body, D1).state == "running"
    plan = said("payment_plan", ("D1",), "09-10T09:00")
    assert wait(view(file(told, plan)), body, D1).state == "over"


@pytest.mark.parametrize(
    ("count", "unit", "first_day", "expected"),
    [
        (7, "day", "event", date(2026, 9, 25)),
        (7, "day", "next", date(2026, 9, 26)),
        (1, "month", "event", date(2026, 10, 18)),
        (1, "month", "next", date(2026, 10, 19)),
        (3, "business_day", "event", date(2026, 9, 23)),
        (3, "business_day", "next", date(2026, 9, 24)),
    ],
)
def test_the_first_day_free(count: int, unit: str, first_day: str, expected: date) -> None:
    body = Wait(CALLS, ("person",), for_=Period(count, unit), first_day=first_day)
    assert first_free(date(2026, 9, 18), body) == expected


def test_an_event_on_a_weekend_is_no_business_day() -> None:
    body = Wait(CALLS, ("person",), for_=Period(1, "business_day"))
    assert first_free(date(2026, 9, 19), body) == date(2026, 9, 22)


# -- happened

SENT = Selector("attempts", channels=frozenset({"mail"}))
MAIL = past("09-10T10:00", "mail", "A1", result="sent")


def asked(*happened_: Contact | Statement, of: Account = D1, **more: object) -> str:
    found = Happened(SENT, **more)  # type: ignore[arg-type]
    return happened(view(file(*happened_, accounts=(D1, D2))), found, of)


def test_on_record_or_not() -> None:
    assert asked(MAIL) == "yes"
    assert asked() == "no"
    assert asked(MAIL, of=D2) == "no"
    assert asked(past("09-10T10:00", "mail", "A1", result="sent", consumer="P2")) == "no"


def test_what_happened_is_of_the_debt_itself_also_of_student_loans() -> None:
    loans = [replace(one, type="student_loan", servicing_account="S") for one in (D1, D2)]
    found = view(file(MAIL, accounts=loans))
    assert [happened(found, Happened(SENT), one) for one in loans] == ["yes", "no"]


def test_unattributed_among_several_debts_is_unknown() -> None:
    loose = replace(MAIL, attributed_to=None)
    assert asked(loose) == "unknown"
    assert happened(view(file(loose)), Happened(SENT), D1) == "yes"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"within": Period(9, "day")}, "yes"),
        ({"within": Period(8, "day")}, "no"),
        ({"older_than": Period(7, "day")}, "yes"),
        ({"older_than": Period(8, "day")}, "no"),
        ({"older_than": Period(5, "business_day")}, "yes"),
        ({"older_than": Period(6, "business_day")}, "no"),
        ({"since": Selector("disputes")}, "no"),
        ({"since": Selector("payment_plan")}, "yes"),
        ({"since": Selector("cease")}, "yes"),
        ({"unless_followed": Selector("disputes")}, "no"),
        ({"unless_followed": Selector("payment_plan")}, "yes"),
        ({"unless_followed": Selector("disputes"), "followed_within": Period(5, "day")}, "no"),
        ({"unless_followed": Selector("disputes"), "followed_within": Period(4, "day")}, "yes"),
        (
            {"unless_followed": Selector("disputes"), "followed_within": Period(3, "business_day")},
            "no",
        ),
        (
            {"unless_followed": Selector("disputes"), "followed_within": Period(2, "business_day")},
            "yes",
        ),
    ],
)
def test_when_it_happened(more: dict[str, object], expected: str) -> None:
    dispute = said("disputes", ("D1",), "09-15T09:00")
    plan = said("payment_plan", ("D1",), "09-01T09:00")
    assert asked(MAIL, dispute, plan, **more) == expected


def test_what_came_at_the_very_moment_came_not_after_it() -> None:
    dispute = said("disputes", ("D1",), "09-15T09:00")
    for minute, expected in (("00", "no"), ("01", "yes")):
        letter = replace(MAIL, at=at(f"09-15T09:{minute}"))
        assert asked(letter, dispute, since=Selector("disputes")) == expected


def test_a_date_is_a_whole_day_that_counts() -> None:
    charged = replace(D1, dates={"charged_off": date(2026, 9, 15)})
    for when, expected in (("09-14T23:59", "no"), ("09-15T00:00", "yes")):
        letter = replace(MAIL, at=at(when))
        assert asked(letter, of=charged, since=Selector("charged_off")) == expected


@pytest.mark.parametrize(
    ("within", "in_time", "late"),
    [
        (Period(24, "hour"), "09-11T09:00", "09-11T09:01"),
        (Period(1, "month"), "10-10T23:59", "10-11T00:00"),
        (Period(1, "day"), "09-11T23:59", "09-12T00:00"),
    ],
)
def test_followed_in_time_or_too_late(within: Period, in_time: str, late: str) -> None:
    letter = replace(MAIL, at=at("09-10T09:00"))
    for when, expected in ((in_time, "no"), (late, "yes")):
        dispute = said("disputes", ("D1",), when)
        group = file(letter, dispute, accounts=(D1, D2))
        found = Happened(SENT, unless_followed=Selector("disputes"), followed_within=within)
        assert happened(view(group, proposed(at=at("10-20T12:00"))), found, D1) == expected


def test_a_statement_on_record() -> None:
    found = Happened(Selector("disputes"))
    assert happened(view(file(said("disputes", ("D1",), "09-15T09:00"))), found, D1) == "yes"
    assert happened(view(file()), found, D1) == "no"


def test_a_date_on_record() -> None:
    found = Happened(Selector("judgment"))
    assert happened(view(file()), found, D1) == "unknown"
    judged = replace(D1, dates={"judgment": date(2026, 1, 5)})
    assert happened(view(file(accounts=(judged,))), found, judged) == "yes"
    lately = replace(found, within=Period(7, "day"))
    assert happened(view(file(accounts=(judged,))), lately, judged) == "no"


def test_asked_of_a_whole_day() -> None:
    group = file(MAIL)
    found = Happened(SENT, within=Period(9, "day"))
    assert happened(day_view(group, day=date(2026, 9, 18)), found, D1) == "yes"
    assert happened(day_view(group, day=date(2026, 9, 19)), found, D1) == "no"
    assert isinstance(MAIL.at, datetime)
