"""A region's share of a day: the contact groups that its list decides, whole.

Where somebody may be is looked up more widely than by the engine, which every contact is decided
by: every number of a file counts, and addresses as they are now and as they were a day ago. So a
group is never on a list that is made while yesterday's still holds for one of its people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine import words
from engine.clock import is_zone
from engine.columns.where import held_of
from engine.place import number_area_code, same_clock, zones_of_area_code, zones_of_postal_code

from .published import first_row, lists_of_day
from .records import Tables
from .regions import Region, Starts, region_named, starts, told
from .settings import Settings

_DAY: Final = timedelta(days=1)
_SAID: Final = "current_location_zone"
_CODE: Final = r"^\+1([2-9]\d\d)\d{7}$"


@dataclass(frozen=True, slots=True)
class Share:
    """What a region's run decides. `number` is no other list's of the day.

    `divided`: how the settings divide all zones. `beside`: the run of each other list of the day
    that is out already; `taken`: files with the `consumer`s decided there, whose groups stand on
    that list.
    """

    region: Region
    number: int
    starts: Starts
    divided: Mapping[str, Any]
    beside: Mapping[str, str]
    taken: tuple[Path, ...]

    @property
    def first_row(self) -> int:
        """The number of its list's first row."""
        return first_row(self.number)

    def told(self) -> dict[str, Any]:
        """What its answer depends on beyond a whole day's, for its record."""
        return {
            "name": self.region.name,
            "number": self.number,
            "starts": {one.name: at.isoformat() for one, at in self.starts.at},
            "regions": dict(self.divided),
            "beside": dict(self.beside),
        }

    def keeps(self, source: Tables, units: pl.DataFrame, day: date, now: datetime) -> pl.Series:
        """The units this region decides; `units` has the columns consumer and unit.

        A unit is what may not be parted: a contact group, or a crowd of them.
        """
        found = zones_of_consumers(source, day, now).join(units, on="consumer")
        sets = found.group_by("unit").agg(pl.col("zone").unique().sort().alias("zones"))
        kinds = sets["zones"].unique().to_list()
        mine = [kind for kind in kinds if self.starts.of(kind) is self.region]
        asked = pl.DataFrame({"zones": mine}, schema={"zones": pl.List(pl.String)})
        chosen = sets.join(asked, on="zones", how="semi")["unit"]
        every = units["unit"].unique()
        if self.starts.of(()) is self.region:
            chosen = pl.concat([chosen, every.filter(~every.is_in(sets["unit"].implode()))])
        for path in self.taken:
            there = pl.scan_parquet(path).select("consumer").unique().collect(engine="streaming")
            gone = units.join(there, on="consumer", how="semi")["unit"].unique()
            chosen = chosen.filter(~chosen.is_in(gone.implode()))
        return chosen.sort()


def share_of(settings: Settings, name: str, day: date, lists: Path) -> Share:
    """A region's share of a day, beside the lists of it that are out in `lists`.

    Those may be divided otherwise, where the settings were changed since. Raises NoRegion.
    """
    regions = settings.regions
    region = region_named(regions, name)
    order = starts(regions, day, settings.jobs.list)
    beside: dict[str, str] = {}
    taken: list[Path] = []
    numbers: set[int] = set()
    for one in lists_of_day(lists, day):
        if one.region in (None, name):
            continue
        document = one.manifest()
        numbers.add(int(document["region"]["number"]))
        beside[str(one.region)] = str(document["run"])
        taken.append(one.place / "log" / "decisions.parquet")
    number = regions.index(region) + 1
    while number in numbers:
        number += len(regions)
    return Share(region, number, order, told(regions), beside, tuple(taken))


def zones_of_consumers(source: Tables, day: date, now: datetime) -> pl.DataFrame:
    """Pairs of consumer and zone: everywhere a consumer may be, or was a day ago."""
    pieces = [_by_address(source, day, now), _by_number(source), _by_word(source)]
    return pl.concat(pieces).unique()


def _by_address(source: Tables, day: date, now: datetime) -> pl.DataFrame:
    columns = ["consumer", "state", "postal_code", "county"]
    rows = source.scan("addresses")
    moments = ((day, now), (day - _DAY, now - _DAY))
    found = pl.concat([held_of(rows, *one).select(columns) for one in moments])
    held = found.unique().collect(engine="streaming")
    places = held.select(columns[1:]).unique()
    zones = [
        sorted(zones_of_postal_code(code, state, county))
        for state, code, county in places.iter_rows()
    ]
    table = places.with_columns(zone=pl.Series(zones, dtype=pl.List(pl.String)))
    met = held.join(table, on=columns[1:], nulls_equal=True)
    return _pairs(met.select("consumer", "zone"))


def _by_number(source: Tables) -> pl.DataFrame:
    phone = pl.col("kind").is_in(sorted(words.PHONE_KINDS)) & pl.col("number").is_not_null()
    code = pl.col("number").str.extract(_CODE)
    rows = source.scan("contact_points").filter(phone)
    told = rows.select(
        "consumer", code=code, number=pl.when(code.is_null()).then("number")
    ).collect(engine="streaming")
    odd = {text: number_area_code(text) for text in told["number"].drop_nulls().unique()}
    by_hand = pl.col("number").replace_strict(odd, default=None, return_dtype=pl.String)
    found = told.select("consumer", code=pl.coalesce("code", by_hand)).drop_nulls().unique()
    codes = found["code"].unique()
    zones = [sorted(zones_of_area_code(one)) for one in codes]
    table = pl.DataFrame({"code": codes, "zone": pl.Series(zones, dtype=pl.List(pl.String))})
    return _pairs(found.join(table, on="code").select("consumer", "zone"))


def _by_word(source: Tables) -> pl.DataFrame:
    """Where they said they were, or were said to be."""
    rows = [
        source.scan(table).filter(pl.col("kind") == _SAID).select("consumer", "value")
        for table in ("statements", "knowledge")
    ]
    found = pl.concat(rows).drop_nulls().collect(engine="streaming")
    zones = [_zone(text) for text in found["value"]]
    return _pairs(
        found.select("consumer").with_columns(zone=pl.Series(zones, dtype=pl.List(pl.String)))
    )


def _zone(text: str) -> list[str]:
    told = json.loads(text)
    return [same_clock(told)] if isinstance(told, str) and is_zone(told) else []


def _pairs(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.explode("zone").drop_nulls().unique()
