"""Calendar arithmetic on civil dates: months, weeks, business days. No clock and no zone."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays
from dateutil.relativedelta import relativedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


@lru_cache(maxsize=65536)
def add_months(day: date, months: int) -> date:
    """The date so many months later; one that does not exist becomes the first of the next month.

    rules/README.md: an event on D counts until D + N months.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 3, 1)
    """
    moved = day + relativedelta(months=months)
    return moved if moved.day == day.day else moved + _DAY


@lru_cache(maxsize=512)
def federal_holidays(year: int) -> frozenset[date]:
    """The legal public holidays of 5 USC 6103(a), with the days they are kept instead.

    A holiday on a Saturday or Sunday excludes the Friday before or the Monday after as well
    (5 USC 6103(b), Executive Order 11582): more days excluded is the cautious count.
    """
    return frozenset(holidays.country_holidays("US", years=year, categories=("public",)))


def is_business_day(day: date) -> bool:
    """Whether a date is Monday to Friday and no federal legal public holiday.

    12 CFR 1006.34(b)(5) names this calendar for the validation period.
    """
    return day.weekday() < _SATURDAY and day not in federal_holidays(day.year)


@lru_cache(maxsize=65536)
def add_business_days(day: date, days: int) -> date:
    """The so-many-th business day after a date (before it, if negative); 0 is the date itself."""
    step = _DAY if days > 0 else -_DAY
    left = abs(days)
    while left:
        day += step
        if is_business_day(day):
            left -= 1
    return day


def week_start(day: date) -> date:
    """The Sunday that a date's calendar week starts with."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def business_week(day: date) -> tuple[date, date]:
    """The Monday and Friday of a date's business week; a weekend belongs to the week before."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=4)


def month_start(day: date) -> date:
    """The first of a date's month."""
    return day.replace(day=1)
