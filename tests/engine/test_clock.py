"""Instants, days, windows and calendar arithmetic: both sides of every edge."""

from __future__ import annotations

import doctest
from datetime import UTC, date, datetime, time, timedelta

import pytest
import pytz

from engine import clock, days

NEW_YORK = "America/New_York"
SPRING = date(2026, 3, 8)  # 02:00 becomes 03:00
AUTUMN = date(2026, 11, 1)  # 02:00 becomes 01:00
EIGHT, NINE_PM = time(8), time(21)
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return clock.parse_instant(text)


def shown(intervals: tuple[clock.Interval, ...], zone: str = NEW_YORK) -> list[tuple[str, str]]:
    """Intervals at a zone's clock, without the seconds."""
    return [
        (
            clock.format_local(start, zone).replace(":00-", "-"),
            clock.format_local(end, zone).replace(":00-", "-"),
        )
        for start, end in intervals
    ]


# -- reading and writing


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-21T10:02:00Z", "2026-11-21T10:02:00Z"),
        ("2026-11-21t10:02z", "2026-11-21T10:02:00Z"),
        ("2026-11-21T10:02-05:00", "2026-11-21T15:02:00Z"),
        ("2026-11-21 10:02:03-05:00", "2026-11-21T15:02:03Z"),
        ("2026-11-21T10:02:03.25+05:30", "2026-11-21T04:32:03.250000Z"),
    ],
)
def test_an_instant_is_read_with_its_offset_and_written_in_utc(text: str, utc: str) -> None:
    assert clock.format_instant(clock.parse_instant(text)) == utc
    assert clock.parse_instant(utc) == clock.parse_instant(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-11-21T10:02", "is not an instant; write it with its offset"),
        ("2026-11-21", "is not an instant"),
        ("20261121T1002Z", "is not an instant"),
        ("yesterday", "is not an instant"),
        ("2026-11-31T10:02Z", "names a day, a time or an offset that does not exist"),
        ("2026-11-21T25:02Z", "that does not exist"),
        ("2026-11-21T10:02+24:00", "that does not exist"),
        ("0001-01-01T00:00+05:00", "that does not exist"),
        ("٢026-11-21T10:02Z", "is not an instant"),
    ],
)
def test_what_is_no_instant_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        clock.parse_instant(text)
    assert f"`{text}`" in str(caught.value)


def test_dates_and_times_of_day() -> None:
    assert clock.parse_date("2026-11-21") == date(2026, 11, 21)
    assert clock.parse_time("08:00") == time(8)
    assert clock.parse_time("23:59") == time(23, 59)
    assert clock.parse_time("24:00", closing=True) == clock.END_OF_DAY
    assert clock.parse_time("21:00", closing=True) == time(21)


@pytest.mark.parametrize(
    ("text", "says"),
    [("2026-11-31", "not a date of the calendar"), ("21.11.2026", "write it as 2026-11-21")],
)
def test_what_is_no_date_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        clock.parse_date(text)


@pytest.mark.parametrize("text", ["24:00", "8:00", "08:60", "25:00", "8", "08:00:00", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time of day"):
        clock.parse_time(text)


def test_a_naive_moment_is_no_instant() -> None:
    with pytest.raises(ValueError, match="has no offset"):
        clock.format_instant(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no offset"):
        clock.local(datetime(2026, 1, 1), NEW_YORK)  # noqa: DTZ001


def test_a_zone_is_known_letter_for_letter() -> None:
    assert clock.is_zone(NEW_YORK)
    assert not clock.is_zone("america/new_york")
    with pytest.raises(ValueError, match="unknown zone `Mars/Olympus`"):
        clock.local(at("2026-01-01T00:00Z"), "Mars/Olympus")
    assert all(clock.is_zone(zone) for zone in clock.ZONES)
    assert len(set(clock.ZONES)) == len(clock.ZONES)


# -- days


def test_wall_time_and_date() -> None:
    moment = at("2026-11-21T04:59:59Z")
    assert clock.local(moment, NEW_YORK) == datetime(2026, 11, 20, 23, 59, 59)  # noqa: DTZ001
    assert clock.local_date(moment, NEW_YORK) == date(2026, 11, 20)
    assert clock.local_date(moment + SECOND, NEW_YORK) == date(2026, 11, 21)
    assert clock.local_date(moment, "Pacific/Guam") == date(2026, 11, 21)


def test_a_day_has_its_own_bounds_and_length() -> None:
    def hours(day: date, zone: str = NEW_YORK) -> float:
        start, end = clock.day_bounds(day, zone)
        return (end - start) / timedelta(hours=1)

    assert hours(date(2026, 3, 7)) == 24
    assert hours(SPRING) == 23
    assert hours(AUTUMN) == 25
    assert hours(SPRING, "America/Phoenix") == 24
    assert clock.start_of_day(SPRING, NEW_YORK) == at("2026-03-08T05:00Z")


def test_a_day_without_midnight_starts_with_the_change() -> None:
    assert clock.start_of_day(date(2018, 11, 4), "America/Sao_Paulo") == at("2018-11-04T03:00Z")
    assert clock.local_date(at("2018-11-04T02:59:59Z"), "America/Sao_Paulo") == date(2018, 11, 3)


def test_a_day_with_two_midnights_starts_with_the_first() -> None:
    first, last = clock.readings(datetime(2025, 11, 2), "America/Havana")  # noqa: DTZ001
    assert last - first == timedelta(hours=1)
    assert clock.start_of_day(date(2025, 11, 2), "America/Havana") == first


def test_years_whose_changes_are_unknown_are_refused() -> None:
    last = date(clock.LAST_YEAR, 12, 31)
    assert clock.day_bounds(last, "America/Adak")[1] == at("2038-01-01T10:00Z")
    assert clock.wall_window(last, NEW_YORK, EIGHT, NINE_PM)
    for refused in (
        lambda: clock.start_of_day(date(2038, 1, 3), NEW_YORK),
        lambda: clock.local(at("2038-02-01T00:00Z"), NEW_YORK),
        lambda: clock.local(at("2040-01-01T00:00Z"), NEW_YORK),
        lambda: clock.format_local(at("2040-01-01T00:00Z"), NEW_YORK),
    ):
        with pytest.raises(ValueError, match="no clock changes are known after 2037"):
            refused()


def test_offsets_in_force() -> None:
    assert clock.transitions(NEW_YORK, date(2026, 1, 1), date(2026, 12, 31)) == [
        (at("2026-01-01T05:00Z"), -18000),
        (at("2026-03-08T07:00Z"), -14400),
        (at("2026-11-01T06:00Z"), -18000),
    ]
    assert clock.transitions("America/Phoenix", date(2020, 1, 1), date(2037, 12, 31)) == [
        (at("2020-01-01T07:00Z"), -25200)
    ]
    assert clock.transitions(NEW_YORK, SPRING, SPRING)[1:] == [(at("2026-03-08T07:00Z"), -14400)]
    assert len(clock.transitions(NEW_YORK, date(2026, 3, 9), date(2026, 10, 31))) == 1


# -- permitted hours


def test_the_published_window_lies_inside_the_law() -> None:
    day = date(2026, 11, 21)
    assert shown(clock.wall_window(day, NEW_YORK, EIGHT, NINE_PM)) == [
        ("2026-11-21T08:01-05:00", "2026-11-21T21:00-05:00")
    ]
    assert shown(clock.wall_window(day, NEW_YORK, EIGHT, NINE_PM, "closed")) == [
        ("2026-11-21T08:00-05:00", "2026-11-21T21:00-05:00")
    ]
    assert clock.wall_window(day, NEW_YORK, None, None) == (clock.day_bounds(day, NEW_YORK),)
    assert shown(clock.wall_window(day, NEW_YORK, EIGHT, clock.END_OF_DAY)) == [
        ("2026-11-21T08:01-05:00", "2026-11-22T00:00-05:00")
    ]
    assert shown(clock.wall_window(day, NEW_YORK, time(0), EIGHT)) == [
        ("2026-11-21T00:01-05:00", "2026-11-21T08:00-05:00")
    ]


@pytest.mark.parametrize(
    ("edges", "text", "lawful"),
    [
        ("open", "07:59:59", False),
        ("open", "08:00:00", False),
        ("open", "08:00:01", True),
        ("open", "20:59:59", True),
        ("open", "21:00:00", False),
        ("open", "21:00:01", False),
        ("closed", "07:59:59", False),
        ("closed", "08:00:00", True),
        ("closed", "21:00:00", True),
        ("closed", "21:00:01", False),
    ],
)
def test_the_exact_instant(edges: str, text: str, lawful: bool) -> None:
    moment = at(f"2026-11-21T{text}-05:00")
    assert clock.is_open(moment, NEW_YORK, EIGHT, NINE_PM, edges) is lawful


def test_without_edges_the_day_itself_is_the_edge() -> None:
    for text in ("2026-11-21T00:00:00-05:00", "2026-11-21T23:59:59.999999-05:00"):
        assert clock.is_open(at(text), NEW_YORK, None, None)
        assert clock.is_open(at(text), NEW_YORK, None, clock.END_OF_DAY, "closed")


def test_hours_over_midnight_are_the_days_own() -> None:
    day = date(2026, 11, 21)
    assert shown(clock.wall_window(day, NEW_YORK, time(22), time(6))) == [
        ("2026-11-21T00:00-05:00", "2026-11-21T06:00-05:00"),
        ("2026-11-21T22:01-05:00", "2026-11-22T00:00-05:00"),
    ]
    for text, lawful in (("05:59:59", True), ("06:00:00", False), ("22:00:00", False)):
        moment = at(f"2026-11-21T{text}-05:00")
        assert clock.is_open(moment, NEW_YORK, time(22), time(6)) is lawful
    assert clock.wall_window(day, NEW_YORK, time(21), time(0)) == clock.wall_window(
        day, NEW_YORK, time(21), None
    )


def test_equal_times_open_nothing() -> None:
    assert clock.wall_window(date(2026, 11, 21), NEW_YORK, EIGHT, EIGHT) == ()
    assert not clock.is_open(at("2026-11-21T08:00:00-05:00"), NEW_YORK, EIGHT, EIGHT)


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        # repeated: opens at the later 01:30, closes at the earlier
        (AUTUMN, time(1, 30), EIGHT, [("2026-11-01T01:31-05:00", "2026-11-01T08:00-05:00")]),
        (AUTUMN, None, time(1, 30), [("2026-11-01T00:00-04:00", "2026-11-01T01:30-04:00")]),
        (AUTUMN, time(1, 15), time(1, 45), []),
        # skipped: opens later, closes earlier
        (SPRING, time(2, 30), EIGHT, [("2026-03-08T03:31-04:00", "2026-03-08T08:00-04:00")]),
        (SPRING, None, time(2, 30), [("2026-03-08T00:00-05:00", "2026-03-08T01:30-05:00")]),
        (SPRING, time(2, 10), time(2, 50), []),
        # neither: the hour changes nothing
        (SPRING, EIGHT, NINE_PM, [("2026-03-08T08:01-04:00", "2026-03-08T21:00-04:00")]),
        (AUTUMN, EIGHT, NINE_PM, [("2026-11-01T08:01-05:00", "2026-11-01T21:00-05:00")]),
    ],
)
def test_doubtful_hours_permit_the_least(
    day: date, start: time | None, end: time | None, expected: list[tuple[str, str]]
) -> None:
    assert shown(clock.wall_window(day, NEW_YORK, start, end)) == expected


# -- barred hours


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        (
            date(2026, 11, 21),
            time(15),
            time(17),
            [("2026-11-21T15:00-05:00", "2026-11-21T17:01-05:00")],
        ),
        (
            date(2026, 11, 21),
            time(22),
            time(6),
            [
                ("2026-11-21T00:00-05:00", "2026-11-21T06:01-05:00"),
                ("2026-11-21T22:00-05:00", "2026-11-22T06:01-05:00"),
            ],
        ),
        (
            date(2026, 11, 21),
            EIGHT,
            EIGHT,
            [
                ("2026-11-21T00:00-05:00", "2026-11-22T08:01-05:00"),
            ],
        ),
        (date(2026, 11, 21), None, None, [("2026-11-21T00:00-05:00", "2026-11-22T00:00-05:00")]),
        (date(2026, 11, 21), None, EIGHT, [("2026-11-21T00:00-05:00", "2026-11-21T08:01-05:00")]),
        (date(2026, 11, 21), EIGHT, None, [("2026-11-21T08:00-05:00", "2026-11-22T00:00-05:00")]),
        (AUTUMN, time(1, 15), time(1, 45), [("2026-11-01T01:15-04:00", "2026-11-01T01:46-05:00")]),
        (SPRING, time(2, 10), time(2, 50), [("2026-03-08T01:10-05:00", "2026-03-08T03:51-04:00")]),
    ],
)
def test_barred_hours_bar_the_most(
    day: date, start: time | None, end: time | None, expected: list[tuple[str, str]]
) -> None:
    assert shown(clock.barred_span(day, NEW_YORK, start, end)) == expected


def test_a_bar_holds_at_both_of_its_ends() -> None:
    day = date(2026, 11, 21)
    for text, barred in (
        ("14:59:59", False),
        ("15:00:00", True),
        ("17:00:00", True),
        ("17:00:01", False),
    ):
        moment = at(f"2026-11-21T{text}-05:00")
        assert clock.is_barred(moment, day, NEW_YORK, time(15), time(17)) is barred
    midnight = at("2026-11-22T00:00:00-05:00")
    assert not clock.is_barred(midnight, day, NEW_YORK, time(15), clock.END_OF_DAY)
    assert clock.is_barred(midnight - SECOND, day, NEW_YORK, time(15), clock.END_OF_DAY)


# -- intervals


def span(first: int, last: int) -> clock.Interval:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return noon + timedelta(minutes=first), noon + timedelta(minutes=last)


def test_sets_of_intervals() -> None:
    a, b = (span(0, 10), span(20, 30)), (span(5, 25),)
    assert clock.union(a, b) == (span(0, 30),)
    assert clock.union((span(0, 10),), (span(10, 20), span(5, 5))) == (span(0, 20),)
    assert clock.intersect(a, b) == (span(5, 10), span(20, 25))
    assert clock.intersect(b, a) == (span(5, 10), span(20, 25))
    assert clock.intersect((span(0, 10),), (span(10, 20),)) == ()
    assert clock.subtract(a, b) == (span(0, 5), span(25, 30))
    assert clock.subtract(b, a) == (span(10, 20),)
    assert clock.subtract(a, (span(0, 10), span(29, 40))) == (span(20, 29),)
    assert clock.subtract(a, (span(2, 3), span(50, 60))) == (span(0, 2), span(3, 10), span(20, 30))
    assert clock.subtract(a, ()) == a
    assert clock.minutes(a) == 20
    assert clock.minutes(()) == 0


# -- the calendar


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 3, 1)),
        (date(2024, 1, 31), 1, date(2024, 3, 1)),
        (date(2024, 1, 29), 1, date(2024, 2, 29)),
        (date(2026, 1, 29), 1, date(2026, 3, 1)),
        (date(2026, 1, 28), 1, date(2026, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 12, 1)),
        (date(2026, 11, 30), 3, date(2027, 3, 1)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 3, 1)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_months(day: date, months: int, expected: date) -> None:
    assert clock.add_months(day, months) == expected


def test_federal_holidays_and_the_days_they_are_kept() -> None:
    """5 USC 6103(a): eleven days, and in 2026 the Friday on which the fourth of July is kept."""
    kept = clock.federal_holidays(2026)
    assert sorted(kept) == [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 2, 16),
        date(2026, 5, 25),
        date(2026, 6, 19),
        date(2026, 7, 3),
        date(2026, 7, 4),
        date(2026, 9, 7),
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
    ]
    assert date(2027, 12, 31) in clock.federal_holidays(2027)  # New Year's Day of 2028


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 25), 1, date(2026, 11, 27)),  # Thanksgiving lies between
        (date(2026, 7, 2), 1, date(2026, 7, 6)),  # kept on Friday the third
        (date(2026, 12, 24), 5, date(2027, 1, 4)),
        (date(2027, 12, 30), 1, date(2028, 1, 3)),
        (date(2026, 11, 23), -1, date(2026, 11, 20)),
        (date(2026, 11, 21), 0, date(2026, 11, 21)),
    ],
)
def test_business_days(day: date, count: int, expected: date) -> None:
    assert clock.add_business_days(day, count) == expected


def test_a_business_day_is_no_weekend_and_no_holiday() -> None:
    assert clock.is_business_day(date(2026, 11, 25))
    assert not clock.is_business_day(date(2026, 11, 26))
    assert not clock.is_business_day(date(2026, 11, 28))
    assert not clock.is_business_day(date(2026, 11, 29))


def test_weeks_and_months() -> None:
    sunday = date(2026, 11, 15)
    for shift in range(7):
        assert clock.week_start(sunday + timedelta(days=shift)) == sunday
    assert clock.week_start(sunday + timedelta(days=7)) == sunday + timedelta(days=7)
    monday = date(2026, 11, 16)
    for shift in range(7):  # Saturday and Sunday belong to the week before
        assert clock.business_week(monday + timedelta(days=shift)) == (monday, date(2026, 11, 20))
    assert clock.business_week(monday - timedelta(days=1))[0] == date(2026, 11, 9)
    assert clock.month_start(date(2026, 11, 21)) == date(2026, 11, 1)


def test_the_examples_in_the_text() -> None:
    assert doctest.testmod(days).failed == 0


@pytest.mark.parametrize("zone", clock.ZONES)
def test_wall_time_is_what_the_database_says_to_the_second_around_every_change(zone: str) -> None:
    tz = pytz.timezone(zone)
    changes = [at for at, _ in clock.transitions(zone, date(1970, 1, 2), date(2037, 12, 30))]
    for change in changes:
        for seconds in (-901, -900, -1, 0, 1, 899, 900):
            at = change + timedelta(seconds=seconds)
            assert clock.local(at, zone) == at.astimezone(tz).replace(tzinfo=None)
