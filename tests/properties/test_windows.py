"""Windows of every zone on every day, against the statute and another reader of the zone files.

15 USC 260a(a) fixes when clocks change: at 2 o'clock on the second Sunday of March and the first
Sunday of November. Standard time is written out here, by zone, from 49 CFR 71.3 to 71.14.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from engine import clock

FIRST, LAST = date(2020, 1, 1), date(2035, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
STANDARD = {
    -4: "Puerto_Rico St_Thomas",
    -5: "New_York Detroit Louisville Monticello Indianapolis Vincennes Winamac Marengo Petersburg"
    " Vevay",
    -6: "Chicago Tell_City Knox Menominee Center New_Salem Beulah",
    -7: "Denver Boise Phoenix",
    -8: "Los_Angeles",
    -9: "Anchorage Juneau Sitka Metlakatla Yakutat Nome",
    -10: "Adak Honolulu",
    -11: "Pago_Pago",
    10: "Guam Saipan",
}
OFFSET = {name: hours for hours, names in STANDARD.items() for name in names.split()}
UNCHANGED = {"Puerto_Rico", "St_Thomas", "Phoenix", "Honolulu", "Pago_Pago", "Guam", "Saipan"}


def sunday(year: int, month: int, nth: int) -> date:
    """The n-th Sunday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


@lru_cache
def changes(year: int) -> tuple[date, date]:
    return sunday(year, 3, 2), sunday(year, 11, 1)


CHANGE_DAYS = [day for year in range(2020, 2036) for day in changes(year)]


def statute_offset(zone: str, day: date) -> timedelta:
    """The offset in force from three o'clock on."""
    name = zone.rpartition("/")[2]
    spring, autumn = changes(day.year)
    advanced = name not in UNCHANGED and spring <= day < autumn
    return (OFFSET[name] + advanced) * HOUR


@lru_cache
def other_reader(zone: str) -> ZoneInfo:
    """The same zone file, read by the standard library."""
    with pytz.open_resource(zone) as file:
        return ZoneInfo.from_file(file, key=zone)


def readings(wall: datetime, zone: str) -> tuple[datetime, datetime]:
    both = [wall.replace(tzinfo=other_reader(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(both), max(both)


def test_every_zone_is_judged_here() -> None:
    assert {zone.rpartition("/")[2] for zone in clock.ZONES} == set(OFFSET)


@pytest.mark.parametrize("zone", clock.ZONES)
def test_eight_to_nine_on_every_day(zone: str) -> None:
    other = other_reader(zone)
    for day in DAYS:
        ((start, end),) = clock.wall_window(day, zone, time(8), time(21))
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        offset = statute_offset(zone, day)
        assert start == midnight + 8 * HOUR + MINUTE - offset
        assert end == midnight + 21 * HOUR - offset
        assert start.astimezone(other).replace(tzinfo=None) == datetime.combine(day, time(8, 1))
        assert end.astimezone(other).replace(tzinfo=None) == datetime.combine(day, time(21))


@pytest.mark.parametrize("zone", clock.ZONES)
def test_days_follow_each_other_without_a_gap(zone: str) -> None:
    expected = clock.start_of_day(FIRST, zone)
    for day in DAYS:
        start, end = clock.day_bounds(day, zone)
        assert start == expected
        assert start == readings(datetime.combine(day, time.min), zone)[0]
        expected = end


def test_lengths_of_days() -> None:
    for zone in clock.ZONES:
        unchanged = zone.rpartition("/")[2] in UNCHANGED
        for index, day in enumerate(CHANGE_DAYS):
            start, end = clock.day_bounds(day, zone)
            assert end - start == (24 if unchanged else (23, 25)[index % 2]) * HOUR


def whole_minutes(first: datetime, last: datetime) -> tuple[clock.Interval, ...]:
    """What is published of an open span whose ends are whole minutes."""
    return ((first + MINUTE, last),) if first + MINUTE < last else ()


@pytest.mark.parametrize("zone", clock.ZONES)
def test_hours_around_the_change_are_never_more_than_both_readings_allow(zone: str) -> None:
    chance = random.Random(zone)
    other = other_reader(zone)
    for day in CHANGE_DAYS:
        for _ in range(6):
            first, last = sorted(chance.sample(range(0, 4 * 60), 2))
            start, end = time(first // 60, first % 60), time(last // 60, last % 60)
            opens = readings(datetime.combine(day, start), zone)
            closes = readings(datetime.combine(day, end), zone)
            window = clock.wall_window(day, zone, start, end)
            assert window == whole_minutes(opens[1], closes[0])
            for begins, ends in window:
                moment = begins
                while moment < ends:
                    for instant in (moment, moment + MINUTE - SECOND):
                        wall = instant.astimezone(other)
                        assert wall.date() == day
                        assert start < wall.time() < end
                    moment += 7 * MINUTE
            barred = clock.barred_span(day, zone, start, end)
            assert barred == ((opens[0], closes[1] + MINUTE),)
            assert clock.subtract(clock.wall_window(day, zone, start, end, "closed"), barred) == ()


def test_the_exact_instant_agrees_with_what_is_published() -> None:
    chance = random.Random(20260308)
    for zone in clock.ZONES:
        for day in chance.sample(CHANGE_DAYS, 4):
            start, end = sorted(time(chance.randrange(24), chance.randrange(60)) for _ in "ab")
            for edges in ("open", "closed"):
                window = clock.wall_window(day, zone, start, end, edges)
                for first, last in window:
                    for moment in (first, first + SECOND, last - SECOND):
                        assert clock.is_open(moment, zone, start, end, edges)
                    assert clock.is_open(last, zone, start, end, edges) is (edges == "closed")
                    assert not clock.is_open(last + SECOND, zone, start, end, edges)
                    assert not clock.is_open(first - MINUTE - SECOND, zone, start, end, edges)
            for first, last in clock.barred_span(day, zone, start, end):
                for moment in (first, last - MINUTE):
                    assert clock.is_barred(moment, day, zone, start, end)
                for moment in (first - SECOND, last - MINUTE + SECOND):
                    assert not clock.is_barred(moment, day, zone, start, end)


@pytest.mark.parametrize("zone", clock.ZONES)
def test_offsets_alone_make_the_same_wall_time(zone: str) -> None:
    offsets = clock.transitions(zone, FIRST, LAST)
    assert offsets[0][0] == clock.start_of_day(FIRST, zone)
    assert len(offsets) == (1 if zone.rpartition("/")[2] in UNCHANGED else 33)
    chance = random.Random(zone)
    begin, end = clock.start_of_day(FIRST, zone), clock.start_of_day(LAST, zone)
    moments = [begin + chance.random() * (end - begin) for _ in range(400)]
    moments += [at + shift for at, _ in offsets[1:] for shift in (-SECOND, 0 * SECOND)]
    for moment in moments:
        offset = max(one for one in offsets if one[0] <= moment)[1]
        assert (moment + timedelta(seconds=offset)).replace(tzinfo=None) == clock.local(
            moment, zone
        )


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6).map(
    lambda pairs: clock.union([(NOON + a * MINUTE, NOON + b * MINUTE) for a, b in pairs], ())
)


def minute_set(intervals: tuple[clock.Interval, ...]) -> set[int]:
    return {
        minute
        for start, end in intervals
        for minute in range((start - NOON) // MINUTE, (end - NOON) // MINUTE)
    }


@given(INTERVALS, INTERVALS)
def test_intervals_are_sets_of_minutes(
    a: tuple[clock.Interval, ...], b: tuple[clock.Interval, ...]
) -> None:
    for made, expected in (
        (clock.union(a, b), minute_set(a) | minute_set(b)),
        (clock.intersect(a, b), minute_set(a) & minute_set(b)),
        (clock.subtract(a, b), minute_set(a) - minute_set(b)),
    ):
        assert minute_set(made) == expected
        assert clock.minutes(made) == len(expected)
        assert list(made) == sorted(made)
        assert all(start < end for start, end in made)
