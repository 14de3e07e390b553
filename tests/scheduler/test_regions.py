"""Regions: how zones are divided and named in settings, and when each one's list is made."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from engine.clock import ZONES, local_date, start_of_day
from engine.columns.where import zone_names
from engine.place import same_clock
from engine.problem import Problems, as_text
from scheduler.law import law_of
from scheduler.openings import first_hour, opening, untimely
from scheduler.regions import (
    DEFAULT,
    NoRegion,
    Region,
    Regions,
    region_named,
    start_on,
    starts,
    told,
    zones_in,
)
from scheduler.settings import Settings, read_bytes, text_of

FIVE = time(5)
DAY = date(2026, 11, 21)
LAW = law_of(Settings())


def read(text: str) -> Settings:
    return read_bytes(text.encode(), "settings.yaml", Path())


def of(*zones: str, day: date = DAY, regions: Regions = DEFAULT) -> str:
    return starts(regions, day, FIVE).of(zones).name


# -- how zones are divided


def test_every_zone_of_the_country_is_in_exactly_one_region() -> None:
    found = [zone for one in DEFAULT for zone in zones_in(one, DEFAULT)]
    assert sorted(found) == sorted({same_clock(zone) for zone in ZONES})
    assert set(zone_names()) <= set(found)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Pacific/Saipan", "marianas"),
        ("Pacific/Guam", "marianas"),
        ("America/St_Thomas", "atlantic"),
        ("America/Detroit", "eastern"),
        ("America/Menominee", "central"),
        ("America/Phoenix", "mountain"),
        ("America/Los_Angeles", "pacific"),
        ("America/Metlakatla", "alaska"),
        ("America/Adak", "hawaii"),
        ("Pacific/Honolulu", "hawaii"),
        ("Pacific/Pago_Pago", "samoa"),
        ("Europe/London", "eastern"),  # of the others
    ],
)
def test_whose_zone_belongs_where(zone: str, name: str) -> None:
    assert of(zone) == name


def test_nobody_knows_where_belongs_to_the_others() -> None:
    assert of() == "eastern"
    west = (Region("west", ("America/Denver",)), Region("rest", ("America/Chicago",), others=True))
    assert of(regions=west) == of("America/New_York", regions=west) == "rest"


def test_a_group_of_several_regions_stands_on_the_list_that_is_made_first() -> None:
    assert of("America/New_York", "America/Los_Angeles") == "eastern"
    assert of("America/Chicago", "America/Denver", "America/Anchorage") == "central"
    assert of("America/New_York", "America/Puerto_Rico") == "atlantic"


def test_but_not_while_yesterday_goes_on_for_one_of_it() -> None:
    """At 05:00 in Guam it is the afternoon before in New York, whose list of that day holds."""
    assert of("Pacific/Guam", "America/New_York") == "eastern"
    assert of("Pacific/Guam", "Pacific/Pago_Pago") == "samoa"
    # at 05:00 in New York it is midnight in Honolulu in winter, and 23:00 in summer
    assert of("America/New_York", "Pacific/Honolulu") == "eastern"
    assert of("America/New_York", "Pacific/Honolulu", day=date(2026, 7, 1)) == "hawaii"


@pytest.mark.parametrize("day", [DAY, date(2026, 7, 1), date(2026, 3, 8), date(2028, 2, 29)])
def test_no_list_is_made_before_the_day_begins_nor_while_yesterdays_holds(day: date) -> None:
    order = starts(DEFAULT, day, FIVE)
    at = {one.name: start for one, start in order.at}
    zones = zone_names()
    for one in zones:
        for other in zones:
            region = order.of((one, other))
            assert at[region.name] >= max(start_of_day(day, zone) for zone in (one, other))
            assert one in zones_in(region, DEFAULT) or other in zones_in(region, DEFAULT)


def test_a_single_region_takes_everybody() -> None:
    one = read("regions: {everybody: {zones: [America/New_York, others]}}\n").regions
    assert one == (Region("everybody", ("America/New_York",), others=True),)
    for zones in ((), ("Pacific/Guam",), ("Pacific/Guam", "America/New_York")):
        assert of(*zones, regions=one) == "everybody"


# -- settings


def test_what_is_written_is_read() -> None:
    assert read(text_of(Settings())).regions == DEFAULT
    text = (
        "regions: {east: {zones: [America/Detroit, others], list: 04:30}, "
        "west: {zones: [America/Denver]}}\n"
    )
    found = read(text)
    assert found.regions == (
        Region("east", ("America/New_York",), others=True, list=time(4, 30)),
        Region("west", ("America/Denver",)),
    )
    assert read(text_of(found)).regions == found.regions
    assert told(found.regions) == {
        "east": ["America/New_York", "others"],
        "west": ["America/Denver"],
    }
    assert region_named(found.regions, "west").clock == "America/Denver"
    with pytest.raises(NoRegion, match="no region `wets`; did you mean `west`"):
        region_named(found.regions, "wets")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("regions: 5\n", "1:10  R011  `regions` is a mapping of names to zones"),
        ("regions: {}\n", "R011  `regions` is a mapping of names to zones"),
        ("regions: {a: 5}\n", "1:14  R011  the region `a` is a mapping"),
        ("regions: {A: {zones: [America/Denver, others]}}\n", "R041  `A` cannot name a region"),
        ("regions: {a: {zones: [America/Denver]}}\n", "1:10  R036  no region takes `others`"),
        ("regions: {a: {zones: others}}\n", "1:22  R029  the region `a` has no zone"),
        ("regions: {a: {}, b: {zones: [America/Denver, others]}}\n", "1:11  R029"),
        (
            "regions: {a: {zone: others}}\n",
            "1:15  R013  unknown word `zone` in a region; did you mean `zones`?",
        ),
        (
            "regions: {a: {zones: [America/Denver, others]}, b: {zones: [America/Boise]}}\n",
            "1:61  R038  `America/Boise` (it keeps the time of America/Denver) belongs to the "
            "region `a` already",
        ),
        (
            "regions:\n  a: {zones: [America/Denver, others]}\n  b: {zones: [Mars/Olympus]}\n",
            "3:15  R025  `Mars/Olympus` is not a time zone",
        ),
        ("regions: {a: {zones: [America/Denver, others], list: 5am}}\n", "1:54  R032  `list`"),
        (
            "regions: {a: {zones: [America/Denver, others]}, b: {zones: [others, America/Adak]}}\n",
            "1:61  R038  `others` belongs to the region `a` already",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(text: str, problem: str) -> None:
    with pytest.raises(Problems) as found:
        read(text)
    shown = as_text(found.value.problems)
    assert problem in shown
    assert shown.count("settings.yaml:") == len(found.value.problems)


# -- when lists are made


def test_the_lists_as_they_are_shipped_are_there_before_anybody_may_be_contacted() -> None:
    assert first_hour(LAW.rulebook, ("call", "text"), DAY) == time(8)
    assert first_hour(LAW.rulebook, ("mail",), DAY) is None
    settings = Settings()
    assert list(untimely(settings, LAW.rulebook, DAY)) == []
    order = starts(DEFAULT, DAY, FIVE)
    for one, start in order.at:
        assert start < opening(one, DEFAULT, DAY, time(8)).at
        assert local_date(start, one.clock) == DAY
    assert [one.name for one, _ in order.at] == [one.name for one in DEFAULT]


def test_a_list_that_comes_too_late_is_told_once_for_each_region() -> None:
    text = (
        "regions: {east: {zones: [America/New_York, others], list: 08:00}, "
        "west: {zones: [America/Denver, America/Phoenix], list: 07:59}}\n"
    )
    found = list(untimely(read(text), LAW.rulebook, DAY))
    assert {one.split(" is made")[0] for one in found} == {"the list of east for 2026-11-21"}
    assert "Pacific/Guam opens at 2026-11-20T22:00:00Z" in found[0]


def test_a_list_that_is_made_while_yesterday_goes_on_is_told() -> None:
    text = "regions: {all: {zones: [Pacific/Guam, others]}}\n"
    (found,) = untimely(read(text), LAW.rulebook, DAY)
    assert found.startswith("the list of all for 2026-11-21 is made at 2026-11-20T19:00:00Z, but ")
    assert "in Pacific/Pago_Pago the day begins at 2026-11-21T11:00:00Z" in found


def test_the_first_day_on_which_a_list_comes_too_late_is_told() -> None:
    """In summer Denver is an hour before Phoenix: 07:30 there is 08:30 here."""
    text = (
        "regions: {dry: {zones: [America/Phoenix, America/Denver], list: 07:30}, "
        "rest: {zones: [Pacific/Guam, others]}}\n"
    )
    early, found = untimely(read(text), LAW.rulebook, DAY)
    assert early.startswith("the list of rest")
    assert found.startswith("the list of dry for 2027-03-14 is made at 2027-03-14T14:30:00Z, ")
    assert "but America/Denver opens at 2027-03-14T14:00:00Z" in found


def test_starts_keep_to_their_clocks_over_every_change() -> None:
    for year in (2026, 2028):
        for ahead in range(366):
            day = date(year, 1, 1) + timedelta(days=ahead)
            for one in DEFAULT:
                at = start_on(day, FIVE, one.clock)
                assert local_date(at, one.clock) == day
    assert start_on(DAY, FIVE, "Pacific/Guam") == datetime(2026, 11, 20, 19, tzinfo=UTC)
    assert start_on(date(2026, 3, 8), time(2, 30), "America/New_York") == datetime(
        2026, 3, 8, 7, 30, tzinfo=UTC
    )
