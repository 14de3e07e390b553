"""Moments and days near those at which a rule turns."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from engine import clock

ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "America/Chicago",
    "America/Phoenix",
)
DAYS = tuple(
    first + timedelta(days=step)
    for first, length in (
        (date(2026, 3, 4), 13),  # clocks go forward on 8 March
        (date(2026, 10, 27), 13),  # and back on 1 November
        (date(2026, 9, 3), 14),  # Labor Day is 7 September
        (date(2026, 7, 1), 7),  # 4 July is a Saturday: the third is kept
        (date(2026, 12, 28), 7),
        (date(2026, 2, 26), 5),  # months that have no 29th
    )
    for step in range(length)
)
TIMES = (
    time(0, 0),
    time(0, 0, 1),
    time(1, 30),
    time(2, 30),
    time(7, 59),
    time(8, 0),
    time(8, 0, 1),
    time(11, 0),
    time(12, 30),
    time(15, 0),
    time(17, 0),
    time(20, 59),
    time(21, 0),
    time(22, 0),
    time(23, 59),
)


def at_wall(day: date, wall: time, zone: str) -> datetime:
    """The first instant that a wall time can mean."""
    return clock.readings(datetime.combine(day, wall), zone)[0]


def moments() -> st.SearchStrategy[datetime]:
    """An instant to ask about: mostly by day at a consumer's clock, often on an edge."""
    walls = st.one_of(st.sampled_from((time(11, 0), time(12, 30), time(15, 0))),
                      st.sampled_from(TIMES))  # fmt: skip
    return st.builds(at_wall, st.sampled_from(DAYS), walls, st.sampled_from(ZONES))


@st.composite
def near(draw: st.DrawFn, now: datetime, *, back: int = 9, ahead: int = 0) -> datetime:
    """An instant some days before `now` (or after): same time, an edge of a day, a near minute."""
    step = timedelta(days=draw(st.integers(-back, ahead)))
    how = draw(st.integers(0, 3))
    if how == 0:
        return now + step
    if how == 1:
        minutes = draw(st.sampled_from((-61, -60, -30, -5, -1, 1, 5, 30, 60, 61, 719, 721)))
        return now + step + timedelta(minutes=minutes)
    zone = draw(st.sampled_from(ZONES))
    day = clock.local_date(now, zone) + step
    return at_wall(day, draw(st.sampled_from(TIMES)), zone)


@st.composite
def days_near(draw: st.DrawFn, now: datetime, *, back: int = 40, ahead: int = 12) -> date:
    """A civil date near the day of `now`, mostly within ten days of it."""
    today = clock.local_date(now, ZONES[0])
    wide = draw(st.integers(0, 3)) == 0
    step = draw(st.integers(-back, ahead)) if wide else draw(st.integers(-9, 3))
    return today + timedelta(days=step)
