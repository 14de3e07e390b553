"""Days, periods and holidays, counted one day at a time (rules/README.md, `within` and `for`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from engine import clock
from engine.rule import Period

DAY = timedelta(days=1)


def instant(moment: datetime | date, zone: str) -> datetime:
    """A date without a time is the start of that local day (case format, Meaning)."""
    if isinstance(moment, datetime):
        return moment
    return clock.start_of_day(moment, zone)


def day_of(at: datetime, zone: str) -> date:
    """The civil date an instant has in a zone."""
    return clock.local_date(at, zone)


def add_months(day: date, months: int) -> date:
    """D + N months; a date that does not exist becomes the first of the next month."""
    year = day.year + (day.month - 1 + months) // 12
    month = (day.month - 1 + months) % 12 + 1
    try:
        return date(year, month, day.day)
    except ValueError:
        return date(year + month // 12, month % 12 + 1, 1)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    days = [date(year, month, n) for n in range(1, 29)]
    return [day for day in days if day.weekday() == weekday][nth - 1]


def _last_monday_of_may(year: int) -> date:
    days = [date(year, 5, n) for n in range(1, 32)]
    return [day for day in days if day.weekday() == 0][-1]


def holidays_of(year: int) -> dict[str, date]:
    """The legal public holidays of 5 USC 6103(a), by the names rules use."""
    return {
        "new_years_day": date(year, 1, 1),
        "martin_luther_king_day": _nth(year, 1, 0, 3),
        "washingtons_birthday": _nth(year, 2, 0, 3),
        "memorial_day": _last_monday_of_may(year),
        "juneteenth": date(year, 6, 19),
        "independence_day": date(year, 7, 4),
        "labor_day": _nth(year, 9, 0, 1),
        "columbus_day": _nth(year, 10, 0, 2),
        "veterans_day": date(year, 11, 11),
        "thanksgiving_day": _nth(year, 11, 3, 4),
        "christmas_day": date(year, 12, 25),
    }


def kept_on(holiday: date) -> date:
    """The day a holiday is kept: Friday before a Saturday, Monday after a Sunday (6103(b))."""
    if holiday.weekday() == 5:
        return holiday - DAY
    if holiday.weekday() == 6:
        return holiday + DAY
    return holiday


def holiday_names(day: date) -> set[str]:
    """Names of the holidays that fall or are kept on a day.

    READING: both the day itself and the day it is kept instead (3 and 4 July 2026).
    """
    found = set()
    for year in (day.year - 1, day.year, day.year + 1):
        for name, holiday in holidays_of(year).items():
            if day in (holiday, kept_on(holiday)):
                found.add(name)
    return found


def period(text: str) -> Period:
    """A period as written: `7 days`, `3 months`, `calendar day`, ... (`within`)."""
    words = text.split()
    if words[0].isdigit():
        return Period(int(words[0]), "_".join(words[1:]).removesuffix("s"))
    if text == "ever":
        return Period(0, "ever")
    return Period(1, "_".join(words))


def is_business_day(day: date) -> bool:
    """Monday to Friday and no federal holiday (12 CFR 1006.34(b)(5))."""
    return day.weekday() < 5 and not holiday_names(day)


def business_days_after(day: date, count: int) -> date:
    """The count-th business day after a day; the day itself for 0."""
    while count > 0:
        day += DAY
        if is_business_day(day):
            count -= 1
    return day


def counts_still(at: datetime, now: datetime, zone: str, period: Period) -> bool:
    """Whether something that happened at `at` lies in a period that ends now (rules/README.md).

    `N days`: calendar days, the day asked included. An event on D counts until D+N months.
    READING: `N hours` is half open like days: it counts while now is before at + N hours.
    READING: `N business days` counts back so many business days from the day asked, which is in.
    """
    then, today = day_of(at, zone), day_of(now, zone)
    if at > now:
        return False
    count, unit = period.count, period.unit
    if unit == "ever":
        return True
    if unit == "hour":
        return now < at + timedelta(hours=count)
    if unit == "day":
        return today < then + count * DAY
    if unit == "month":
        return today < add_months(then, count)
    if unit == "calendar_day":
        return then == today
    if unit == "calendar_month":
        return (then.year, then.month) == (today.year, today.month)
    if unit == "calendar_week_from_sunday":
        return _sunday(then) == _sunday(today)
    if unit == "business_week":
        # Monday to Friday; a weekend belongs to the week before
        return _monday(then) == _monday(today)
    if unit == "business_day":
        return today < business_days_after(then, count)
    raise AssertionError(unit)


def _sunday(day: date) -> date:
    while day.weekday() != 6:
        day -= DAY
    return day


def _monday(day: date) -> date:
    while day.weekday() != 0:
        day -= DAY
    return day


def older_than(at: datetime, now: datetime, zone: str, period: Period) -> bool:
    """Whether something happened more than so many (business) days ago (rules/README.md)."""
    then, today = day_of(at, zone), day_of(now, zone)
    if period.unit == "business_day":
        return business_days_after(then, period.count) < today
    if period.unit == "day":
        return then + period.count * DAY < today
    if period.unit == "month":
        return add_months(then, period.count) < today
    if period.unit == "hour":
        return at + timedelta(hours=period.count) < now
    raise AssertionError(period.unit)


def no_later_than(first: datetime, second: datetime, zone: str, period: Period | None) -> bool:
    """Whether `second` came within a period after `first` (`unless_followed`, rules/README.md).

    READING: the day of the first is not counted: `7 days` after D ends with D+7.
    """
    if period is None or period.unit == "ever":
        return True
    if period.unit == "hour":
        return second <= first + timedelta(hours=period.count)
    start, end = day_of(first, zone), day_of(second, zone)
    if period.unit == "day":
        return end <= start + period.count * DAY
    if period.unit == "month":
        return end <= add_months(start, period.count)
    if period.unit == "business_day":
        return end <= business_days_after(start, period.count)
    raise AssertionError(period.unit)


def bars(at: datetime, now: datetime, zone: str, period: Period, first_day: str) -> bool:
    """Whether a wait of such a length after `at` still runs (rules/README.md, wait).

    `event` makes the event's day day 1; `next` bars the event's day and then so many full days.
    Hours run from the instant.
    """
    if period.unit == "hour":
        return now < at + timedelta(hours=period.count)
    then, today = day_of(at, zone), day_of(now, zone)
    if period.unit == "day":
        last = then + (period.count - (first_day == "event")) * DAY
        return today <= last
    if period.unit == "month":
        free = add_months(then, period.count)
        return today < free or (first_day == "next" and today == free)
    if period.unit == "business_day":
        # READING: day 1 is the event's day only if that is a business day
        counted = 1 if first_day == "event" and is_business_day(then) else 0
        return today <= business_days_after(then, period.count - counted)
    raise AssertionError(period.unit)
