"""Windows and the consumer's own hours, at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from engine import Moment, clock
from engine.facts.hours import (
    agreed_time,
    bad_time_began,
    barred_at,
    barred_on,
    bounds_of,
    closes,
    is_closed_day,
    open_on,
    own_hours,
    parse_time_of,
    weekdays,
    window_zones,
)
from engine.facts.view import View
from engine.kinds import Agreed, Window
from tests.telling import ZONE, at, day_view, file, point, proposed, said, view

LAW = Window(time(8), time(21))
CONSUMER = Window(closed_by="consumer_hours")
LUNCH = said("inconvenient", {"from": time(11), "to": time(13)}, "09-01T09:00")
TODAY = date(2026, 9, 18)  # a Friday


def test_hours_as_they_are_written() -> None:
    assert weekdays(None) == frozenset(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    assert weekdays("Friday") == weekdays(["fri"]) == frozenset({"fri"})
    assert parse_time_of("13:00") == time(13)
    assert parse_time_of(time(13)) == time(13)
    assert parse_time_of(None) is None


@pytest.mark.parametrize(
    ("value", "when", "barred"),
    [
        ({"from": "11:00", "to": "13:00"}, "09-18T13:00", True),
        ({"from": "11:00", "to": "13:00"}, "09-18T13:01", False),
        ({"days": "fri"}, "09-18T23:59", True),
        ({"days": "fri"}, "09-19T00:01", False),
        ({"days": "thu", "from": "22:00", "to": "06:00"}, "09-18T05:00", True),
        ({"until": "2026-09-18"}, "09-18T12:00", True),
        ({"until": date(2026, 9, 17)}, "09-18T12:00", False),
        ([{"days": "mon"}, {"days": "fri"}], "09-18T12:00", True),
    ],
)
def test_hours_that_do_not_suit(value: object, when: str, barred: bool) -> None:
    asked = replace(proposed(), at=at(when))
    seen = view(file(replace(LUNCH, value=value)), asked)
    assert barred_at(seen, at(when)) is barred
    spans = barred_on(own_hours(seen)[0], ZONE, clock.local_date(at(when), ZONE))
    assert any(start <= at(when) < end for start, end in spans) is barred


def test_not_now_holds_for_the_rest_of_the_day() -> None:
    not_now = said("this_time_is_inconvenient", True, "09-18T10:00")
    seen = view(file(not_now))
    assert barred_at(seen, at("09-18T12:00"))
    assert not barred_at(seen, at("09-18T09:00"))
    assert not barred_at(seen, at("09-19T09:00"))
    assert barred_on(own_hours(seen)[0], ZONE, TODAY) == ((at("09-18T10:00"), at("09-19T00:00")),)
    assert own_hours(view(file(replace(not_now, value=False)))) == ((),)


def test_a_later_word_beats_an_earlier_one() -> None:
    after_all = said("withdraws_inconvenience", {"days": "fri"}, "09-02T09:00")
    assert not barred_at(view(file(LUNCH, after_all)), at("09-18T12:00"))
    assert barred_on(own_hours(view(file(LUNCH, after_all)))[0], ZONE, TODAY) == ()
    assert barred_at(
        view(file(LUNCH, replace(after_all, value={"days": "mon"}))), at("09-18T12:00")
    )


@pytest.mark.parametrize(
    ("when", "own", "began"),
    [
        ("09-18T12:00", True, "09-18T11:00"),
        ("09-18T10:00", True, None),
        ("09-18T22:00", False, "09-18T21:00"),
        ("09-19T07:00", False, "09-18T21:00"),
        ("09-18T12:00", False, None),
    ],
)
def test_when_the_bad_time_began(when: str, own: bool, began: str | None) -> None:
    found = bad_time_began(view(file(LUNCH)), at(when), own)
    assert found == (at(began) if began else None)


def test_bad_hours_over_several_days() -> None:
    days = said("inconvenient", {"days": ("wed", "thu", "fri")}, "09-01T09:00")
    assert bad_time_began(view(file(days)), at("09-18T12:00"), own=True) == at("09-16T00:00")
    always = replace(days, value={})
    assert bad_time_began(view(file(always)), at("09-18T12:00"), own=True) == at("09-12T00:00")


def test_an_agreement_moves_the_closing_of_calls() -> None:
    late = said("consents_to_calls_until", "22:00", "09-01T09:00", during_lawful_contact=True)
    body = Window(time(8), Agreed(time(21), "calls_until"))
    assert agreed_time(view(file(late)), "calls_until") == time(22)
    assert agreed_time(view(file(late)), "messages_max") is None
    assert agreed_time(view(file(late), proposed("text")), "calls_until") is None
    unlawful = replace(late, during_lawful_contact=None)
    assert agreed_time(view(file(unlawful)), "calls_until") is None
    assert bounds_of(body, lambda _: None) == (time(8), time(21))
    asked = replace(proposed(), at=at("09-18T21:30"))
    assert closes(view(file(late), asked), body, (ZONE,)) == "no"
    assert closes(view(file(), asked), body, (ZONE,)) == "yes"


@pytest.mark.parametrize(
    ("closed", "day", "shut"),
    [
        (("federal_holidays",), date(2026, 9, 7), True),
        (("federal_holidays",), TODAY, False),
        (("FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH",), date(2026, 11, 26), True),
        (("FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH",), date(2026, 11, 25), False),
        (("2026-09-18",), TODAY, True),
        (("09-18",), TODAY, True),
        (("09-17",), TODAY, False),
        ((), TODAY, False),
    ],
)
def test_days_on_which_a_window_is_closed(closed: tuple[str, ...], day: date, shut: bool) -> None:
    assert is_closed_day(closed, day) is shut


def test_a_closed_day_has_no_minute() -> None:
    friday = Window(time(8), time(21), closed=("2026-09-18",))
    assert closes(view(file()), friday, (ZONE,)) == "yes"
    assert open_on(view(file()), friday, TODAY, (ZONE,)) == ()


def test_a_day_that_is_not_listed() -> None:
    weekdays_only = Window(time(8), time(21), days=frozenset({"sat", "sun"}))
    assert closes(view(file()), weekdays_only, (ZONE,)) == "yes"
    assert open_on(view(file()), weekdays_only, TODAY, (ZONE,)) == ()


def test_whose_clock_is_read() -> None:
    other = point("M9", "TP1", number="+13105550100")
    points = (*file().points.values(), other)
    seen = view(file(points=(*points[:-1], other)))
    assert window_zones(seen, LAW, (ZONE,)) == (ZONE,)
    assert window_zones(seen, LAW, ()) == ()
    theirs = view(file(points=points), point="M9")
    assert window_zones(theirs, LAW, (ZONE,)) == (ZONE, "America/Los_Angeles")
    assert window_zones(seen, replace(LAW, clock="America/Denver"), ()) == ("America/Denver",)
    by_number = replace(LAW, clock="point")
    assert window_zones(theirs, by_number, ()) == ("America/Los_Angeles",)
    assert window_zones(view(file(), point=None), by_number, ()) == ()


def test_a_clock_nobody_knows() -> None:
    assert closes(view(file()), LAW, ()) == "unknown"


@pytest.mark.parametrize(
    ("when", "shut"),
    [("08:00", True), ("08:01", False), ("20:59", False), ("21:00", True)],
)
def test_the_exact_instants_are_out(when: str, shut: bool) -> None:
    asked = replace(proposed(), at=at(f"09-18T{when}"))
    assert closes(view(file(), asked), LAW, (ZONE,)) == ("yes" if shut else "no")


def test_a_whole_day_is_shut_only_if_every_minute_is() -> None:
    assert closes(day_view(file()), LAW, (ZONE,)) == "no"
    all_day = file(replace(LUNCH, value={"days": "fri"}))
    assert closes(day_view(all_day), CONSUMER, (ZONE,)) == "yes"
    for when, shut in (("20:59", "no"), ("21:00", "yes")):
        moment = Moment(known=at(f"09-18T{when}"), day=TODAY)
        assert closes(View(file(), proposed(), moment, ZONE), LAW, (ZONE,)) == shut


def test_published_minutes_lie_inside_every_clock_and_outside_bad_hours() -> None:
    both = open_on(view(file(LUNCH)), replace(LAW, closed_by="consumer_hours"), TODAY, (ZONE,))
    assert both == (
        (at("09-18T08:01"), at("09-18T11:00")),
        (at("09-18T13:01"), at("09-18T21:00")),
    )
    west = open_on(view(file()), LAW, TODAY, (ZONE, "America/Los_Angeles"))
    assert west == ((at("09-18T11:01"), at("09-18T21:00")),)
    assert open_on(view(file()), LAW, TODAY, ()) == ()
