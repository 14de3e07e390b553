"""Where every consumer of a part may be, as bit masks over zones and places (rules/README.md).

The plain function is `engine.place.locate`; files that carry a word on the current location are
given to it, everything else is joins on its own tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TypeVar

import polars as pl

from .. import words
from ..place import (
    area_code_table,
    jurisdictions_of,
    number_area_code,
    state_table,
    states_of_area_code,
    zones_of_area_code,
    zones_of_postal_code,
)
from .past import Frames
from .prepare import Prepared

Some = TypeVar("Some", pl.DataFrame, pl.LazyFrame)
FROM_CONSUMER = ("consumer", "consumer_email")


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every zone a place or an area code can give, in bit order."""
    found: set[str] = set()
    for _, _, zones, _ in state_table():
        found.update(zones)
    for _, _, zones in area_code_table():
        found.update(zones)
    return tuple(sorted(found))


@lru_cache(maxsize=1)
def place_names() -> tuple[str, ...]:
    """Every jurisdiction, in bit order."""
    found: set[str] = {"US-NY-NYC"}
    for _, place, _, places in state_table():
        found.update((place, *places))
    return tuple(sorted(found))


def mask(names: Sequence[str], chosen: frozenset[str]) -> int:
    """Names as bits; a name outside the list raises ValueError."""
    return sum(1 << names.index(one) for one in chosen)


@lru_cache(maxsize=65536)
def unmask(bits: int, zones: bool) -> tuple[str, ...]:
    """The names behind bits, sorted."""
    names = zone_names() if zones else place_names()
    return tuple(name for number, name in enumerate(names) if bits >> number & 1)


@dataclass(frozen=True, slots=True)
class Where:
    """Per consumer row (c, in order): masks zones, places, work, by_number; known."""

    consumers: pl.DataFrame
    points: pl.DataFrame  # per point t: nz, the zones of its number


def locate_all(frames: Frames, prepared: Prepared) -> Where:
    """Masks for every consumer, and the zones of every number."""
    points = _number_zones(prepared)
    addresses = _addresses(frames, prepared)
    own = points.filter("own")
    numbers = own.group_by("fp").agg(
        pl.col("nz").bitwise_or().alias("number_zones"),
        pl.col("np").bitwise_or().alias("by_number"),
    )
    one = prepared.consumers.select("c", "fp", "consumer").sort("c")
    one = one.join(addresses, on="c", how="left").join(numbers, on="fp", how="left")
    rows = ["zones", "places", "work"]  # every row of the same human adds what it knows
    one = one.with_columns(pl.col(rows).bitwise_or().over("fp")).drop("fp")
    masks = ["zones", "places", "work", "number_zones", "by_number"]
    one = one.with_columns(pl.col(masks).fill_null(0)).with_columns(
        (pl.col("zones") | pl.col("number_zones")).alias("zones"),
        (pl.col("places") != 0).alias("known"),
    )
    return Where(one.sort("c"), points.select("t", "nz").sort("t"))


def _number_zones(prepared: Prepared) -> pl.DataFrame:
    """Area code masks of every point, and whether the number speaks for its consumer."""
    phone = pl.col("kind").is_in(sorted(words.PHONE_KINDS))
    points = prepared.points.select(
        "t", "c", "fp", "tp", "kind", "point", "number",
        pl.col("number").str.extract(r"^\+1([2-9]\d\d)\d{7}$").alias("code"),
    )  # fmt: skip
    odd = points.filter(pl.col("code").is_null() & pl.col("number").is_not_null() & phone)
    if len(odd):
        by_hand = {text: number_area_code(text) for text in odd["number"].unique().to_list()}
        points = points.with_columns(
            pl.coalesce(
                "code",
                pl.col("number").replace_strict(by_hand, default=None, return_dtype=pl.String),
            )
        )
    codes = [code for code in points["code"].unique().to_list() if code]
    table = pl.DataFrame(
        {
            "code": codes,
            "nz": [mask(zone_names(), zones_of_area_code(code)) for code in codes],
            "np": [places_of_code(code) for code in codes],
        },
        schema={"code": pl.String, "nz": pl.UInt64, "np": pl.UInt64},
    )
    refused = prepared.said.filter(pl.col("kind") == "number_not_consumers")
    refused = refused.select("c", "point").unique().with_columns(gone=pl.lit(value=True))
    return (
        points.join(table, on="code", how="left")
        .join(refused, on=["c", "point"], how="left")
        .with_columns(
            pl.col("nz").fill_null(0),
            pl.col("np").fill_null(0),
            (
                phone
                & (pl.col("tp") == pl.col("fp"))
                & pl.col("gone").is_null()
                & pl.col("code").is_not_null()
            ).alias("own"),
        )
    )


@lru_cache(maxsize=1024)
def places_of_code(code: str) -> int:
    """The places of an area code, as bits."""
    places = frozenset[str]().union(*(jurisdictions_of(s, None) for s in states_of_area_code(code)))
    return mask(place_names(), places)


@lru_cache(maxsize=1 << 17)  # the postal codes there are, about three times
def code_masks(state: str | None, code: str | None, county: str | None) -> tuple[int, int]:
    """The zones of an address and its places, as bits."""
    zones = mask(zone_names(), zones_of_postal_code(code, state, county))
    return zones, mask(place_names(), jurisdictions_of(state, code, county))


def held(frames: Frames, day: date, now: datetime) -> pl.DataFrame:
    """The rows of addresses that hold on a day, as known at a moment."""
    return held_of(frames["addresses"], day, now)


def held_of(addresses: Some, day: date, now: datetime) -> Some:
    """Of these addresses those that hold on a day, as known at a moment."""
    return (
        addresses.filter(
            (pl.col("received_at").is_null() | (pl.col("received_at") <= now))
            & (pl.col("since").is_null() | (pl.col("since") <= day))
            & (pl.col("until").is_null() | (pl.col("until") >= day))
        )
        .with_columns(pl.coalesce("since", pl.col("received_at").dt.date()).alias("began"))
        .with_columns(
            pl.when(pl.col("source").is_in(FROM_CONSUMER))
            .then("began")
            .max()
            .over("consumer", "kind")
            .alias("newest")
        )
        .filter(
            ~pl.col("known_bad").fill_null(value=False)
            & ~(pl.col("newest") > pl.col("began")).fill_null(value=False)
        )
    )


def _addresses(frames: Frames, prepared: Prepared) -> pl.DataFrame:
    """Per consumer: zones of all current addresses, places of home and of work."""
    current = held(frames, prepared.day, prepared.now)
    pairs = current.select("state", "postal_code", "county").unique()
    found = [code_masks(state, code, county) for state, code, county in pairs.iter_rows()]
    zones, places = [one[0] for one in found], [one[1] for one in found]
    table = pairs.with_columns(
        pl.Series("z", zones, dtype=pl.UInt64), pl.Series("j", places, dtype=pl.UInt64)
    )
    met = current.join(table, on=["state", "postal_code", "county"], nulls_equal=True).join(
        prepared.consumers.select("consumer", "c"), on="consumer"
    )
    home = pl.col("kind") != "work"
    nothing = pl.lit(0, dtype=pl.UInt64)
    return met.group_by("c").agg(
        pl.col("z").bitwise_or().alias("zones"),
        pl.when(home).then("j").otherwise(nothing).bitwise_or().alias("places"),
        pl.when(home).then(nothing).otherwise("j").bitwise_or().alias("work"),
    )


def doubtful_consumers(prepared: Prepared) -> list[str]:
    """Consumers of whom a current location was said: the plain function places them."""
    said = prepared.said.filter(pl.col("kind") == "current_location_zone")
    files = said.select("fp").unique()
    return prepared.consumers.join(files, on="fp", how="semi")["consumer"].to_list()


def put_plain(where: Where, found: dict[str, tuple[int, int, int, int]]) -> Where:
    """Replace the masks of some consumers: zones, places, work, by_number."""
    rows = pl.DataFrame(
        [(name, *masks) for name, masks in sorted(found.items())],
        schema={"consumer": pl.String, "z": pl.UInt64, "j": pl.UInt64, "w": pl.UInt64,
                "n": pl.UInt64},
        orient="row",
    )  # fmt: skip
    one = (
        where.consumers.join(rows, on="consumer", how="left")
        .with_columns(
            pl.coalesce("z", "zones").alias("zones"),
            pl.coalesce("j", "places").alias("places"),
            pl.coalesce("w", "work").alias("work"),
            pl.coalesce("n", "by_number").alias("by_number"),
        )
        .with_columns((pl.col("places") != 0).alias("known"))
        .drop("z", "j", "w", "n")
        .sort("c")
    )
    return Where(one, where.points)
