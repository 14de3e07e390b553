"""Lists of regions are the list of everybody, in pieces: nothing twice, nothing left out.

However much people share, whatever was said and wherever they may be: a region decides whole
contact groups, as the whole day would have, and none while yesterday's list holds for one of them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine.clock import start_of_day
from engine.columns.prepare import prepare
from engine.columns.where import locate_all, unmask
from engine.part import PartInput, decide_part
from engine.rulebook import law_directory, load
from scheduler.grouped import GroupsOf
from scheduler.parts import Plan, plan, read
from scheduler.regional import Share, zones_of_consumers
from scheduler.regions import DEFAULT, Region, Regions, starts
from tests.comparing import TwinPanel
from tests.strategies.portfolios import WIDE, Portfolio, portfolios

FAR = replace(
    WIDE,
    kinds=("mobile", "mobile", "phone", "email_personal", "home_mail"),
    phones=("+16175550100", "+16175550101", "+18085550100", "+16715550100", "+16845550100"),
    homes=(("MA", "02108"), ("HI", "96813"), ("GU", "96910"), ("AS", "96799"), ("XX", None)),
    said=("cease", "current_location_zone", "current_location_zone"),
)
"""People at both ends of the day who share numbers."""
OWN: Regions = (
    Region("west", ("America/Los_Angeles", "Pacific/Honolulu"), list=time(4)),
    Region("east", ("America/New_York", "America/Chicago"), list=time(6)),
    Region("rest", ("Pacific/Guam",), others=True, list=time(5)),
)
MANY = settings.default.max_examples if settings.default else 60
ONE: Regions = (Region("everybody", ("America/New_York",), others=True),)


@dataclass(frozen=True, slots=True)
class Cut:
    """A portfolio cut for one region, or for everybody."""

    plan: Plan
    rows: pl.DataFrame


@functools.cache
def panel() -> TwinPanel:
    """The law as it is; what the second engine says is tried elsewhere."""
    return TwinPanel(load([law_directory()]))


def share(regions: Regions, region: Region, portfolio: Portfolio) -> Share:
    order = starts(regions, portfolio.day, time(5))
    return Share(region, regions.index(region) + 1, order, {}, {}, ())


def decided(portfolio: Portfolio, one: Share | None) -> Cut:
    """What is decided of a region's share, a group at a time."""
    found = []
    with TemporaryDirectory() as scratch:
        day, now = portfolio.day, portfolio.now

        def choose(units: pl.DataFrame) -> pl.Series:
            assert one is not None
            return one.keeps(portfolio, units, day, now)

        cut = plan(portfolio, 1, Path(scratch), None if one is None else choose)
        for part in (*cut.crowded, *cut.parts):
            frames, homes = read(cut, part)
            asking = PartInput(
                frames=frames,
                groups=homes.select("consumer", "group"),
                groups_of=GroupsOf(frames, homes.select("consumer", "together")),
                day=day,
                now=now,
                sample_least=0,
            )
            found.append(decide_part(panel(), asking, pytest.fail).candidates)
    return Cut(cut, pl.concat(found).sort("group", "account", "point", "channel"))


@given(portfolios(contacts=6, said=4, pools=FAR), st.sampled_from((OWN, ONE, DEFAULT)))
@settings(max_examples=max(MANY // 4, 10))  # each is a dozen days
def test_regions_together_decide_what_the_whole_day_would(
    portfolio: Portfolio, regions: Regions
) -> None:
    note(str(portfolio))
    whole = decided(portfolio, None)
    pieces = [decided(portfolio, share(regions, one, portfolio)) for one in regions]
    rows = pl.concat([one.rows for one in pieces]).sort("group", "account", "point", "channel")
    assert rows.equals(whole.rows)
    assert not rows.select("account", "point", "channel").is_duplicated().any()
    people = pl.concat([one.plan.groups for one in pieces])
    assert people.sort("consumer")["consumer"].equals(whole.plan.groups["consumer"])
    homes = [set(one.plan.groups["together"]) for one in pieces]
    assert sum(map(len, homes)) == len(set[str]().union(*homes))  # no group stands on two


@given(portfolios(contacts=2, said=6, pools=FAR))
def test_a_list_is_made_when_yesterday_is_over_for_everybody_on_it(portfolio: Portfolio) -> None:
    """Unless no region of theirs starts so late: then on the last of them."""
    note(str(portfolio))
    order = starts(DEFAULT, portfolio.day, time(5))
    at = {one.name: start for one, start in order.at}
    found = zones_of_consumers(portfolio, portfolio.day, portfolio.now)
    prepared = prepare(portfolio.frames, portfolio.day, portfolio.now)
    where = locate_all(portfolio.frames, prepared).consumers.select("consumer", "zones")
    with TemporaryDirectory() as scratch:
        units = plan(portfolio, 50, Path(scratch)).groups
    for _, people in units.group_by("together"):
        zones = set(found.join(people, on="consumer", how="semi")["zone"])
        possible = where.join(people, on="consumer", how="semi")["zones"]
        assert {zone for bits in possible for zone in unmask(bits, zones=True)} <= zones
        mine = {order.of((zone,)).name for zone in zones} or {order.of(()).name}
        chosen = order.of(zones).name
        assert chosen in mine
        begun = max((start_of_day(portfolio.day, zone) for zone in zones), default=at[chosen])
        fit = [name for name in mine if at[name] >= begun]
        assert chosen == min(fit or mine, key=lambda one: at[one] if fit else -at[one].timestamp())
