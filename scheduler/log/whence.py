"""What place and zone were taken from, for the record: `place_evidence` (README.md), and back.

The addresses of the person, in every file, that held then; the area codes of the person's own
numbers; zones somebody named as where the person is, which may stand instead of the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import polars as pl

from engine.account import Address
from engine.columns.where import code_masks, held, places_of_code, unmask
from engine.history import Group, roles_in
from engine.part import Groups
from engine.place import (
    current_addresses,
    locate,
    number_area_code,
    same_clock,
    zones_of_area_code,
)
from engine.words import PHONE_KINDS

COLUMN: Final = "place_evidence"
SAID: Final = "current_location_zone"
REFUSED: Final = "number_not_consumers"
_ADDRESS: Final = ("kind", "state", "postal_code", "county", "source")
_CODE: Final = r"^\+1([2-9]\d\d)\d{7}$"


# -- of many


def whence(
    frames: Mapping[str, pl.DataFrame], day: date, now: datetime, groups_of: Groups
) -> pl.DataFrame:
    """`consumer` and `place_evidence`, of a portfolio's tables, as known at a moment."""
    people = frames["consumers"].select("consumer", "person")
    addresses = held(frames, day, now).select(
        "consumer", pl.struct(_ADDRESS).struct.json_encode().alias("told")
    )
    said = pl.concat(
        [
            frames[name]
            .filter(
                pl.col("kind").is_in([SAID, REFUSED]),
                pl.col("received_at") <= now,
                pl.col("recorded_at").is_null() | (pl.col("recorded_at") <= now),
            )
            .select("consumer", "kind", "point")
            for name in ("statements", "knowledge")
        ]
    )
    codes = _codes(frames, people, said)
    found = people
    for name, rows in (("addresses", addresses), ("area_codes", codes)):
        found = found.join(_by_person(rows, people, name), on="person", how="left")
    texts = [pl.format('"{}":[{}]', pl.lit(name), pl.col(name)) for name in found.columns[2:]]
    whole = pl.concat_str(texts, separator=",", ignore_nulls=True)
    found = found.select("consumer", "person", pl.format("{{{}}}", whole).alias(COLUMN))
    located = said.filter(pl.col("kind") == SAID).join(people, on="consumer")["person"].unique()
    few = found.filter(pl.col("person").is_in(located.implode()))["consumer"].to_list()
    found = found.drop("person")
    if not few:
        return found
    groups = groups_of(few)
    told = {name: whence_of(groups[name], [name], [day], now) for name in few}
    plain = pl.col("consumer").replace_strict(told, default=None, return_dtype=pl.String)
    return found.with_columns(pl.coalesce(plain, COLUMN).alias(COLUMN))


def _codes(
    frames: Mapping[str, pl.DataFrame], people: pl.DataFrame, said: pl.DataFrame
) -> pl.DataFrame:
    """The area codes of people's own numbers, as JSON texts."""
    owner = pl.col("owner")  # the id of a file names the person of that file
    own = (owner == pl.col("person")) | (owner == pl.col("consumer"))
    own &= pl.col("kind").is_in(sorted(PHONE_KINDS))
    points = frames["contact_points"].select("consumer", "point", "kind", "owner", "number")
    points = points.join(people, on="consumer").filter(own)
    others = said.filter(pl.col("kind") == REFUSED).select("consumer", "point").unique()
    points = points.join(others, on=["consumer", "point"], how="anti")
    code = pl.col("number").str.extract(_CODE)
    points = points.select("consumer", "number", code.alias("code"))
    odd = points.filter(pl.col("code").is_null() & pl.col("number").is_not_null())["number"]
    if len(odd):
        by_hand = {text: number_area_code(text) for text in odd.unique().to_list()}
        spelt = pl.col("number").replace_strict(by_hand, default=None, return_dtype=pl.String)
        points = points.with_columns(pl.coalesce("code", spelt).alias("code"))
    return points.select("consumer", pl.format('"{}"', "code").alias("told"))


def _by_person(rows: pl.DataFrame, people: pl.DataFrame, name: str) -> pl.DataFrame:
    """Texts of each person, each once, sorted and joined."""
    told = (
        rows.drop_nulls("told")
        .join(people, on="consumer")
        .select("person", pl.col("told").alias(name))
        .unique()
        .sort("person", name)
    )
    same = pl.col("person") == pl.col("person").shift(1)
    several = told.select((same | same.shift(-1)).fill_null(value=False).alias("x"))["x"]
    joined = told.filter(several).group_by("person").agg(pl.col(name).str.join(","))
    return pl.concat([told.filter(~several), joined])


# -- of one


def whence_of(group: Group, consumers: Sequence[str], days: Sequence[date], now: datetime) -> str:
    """The same of records, for the people whose files these are, on any of these days."""
    people = {group.consumers[name].person for name in consumers}
    files = [
        _file(group, one.id, day, now, own=one.id in consumers)
        for one in group.consumers.values()
        if one.person in people
        for day in days
    ]
    if any("said" in one for one in files):
        distinct = {_dumps(one): None for one in files if one}
        return next(iter(distinct), "{}") if len(distinct) < 2 else _files(distinct)
    whole = {
        name: sorted({_dumps(each) for one in files for each in one.get(name, ())})
        for name in ("addresses", "area_codes")
    }
    return (
        "{" + ",".join(f'"{name}":[{",".join(some)}]' for name, some in whole.items() if some) + "}"
    )


def _files(texts: Mapping[str, None]) -> str:
    return f'{{"files":[{",".join(sorted(texts))}]}}'


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _file(group: Group, name: str, day: date, now: datetime, *, own: bool) -> dict[str, Any]:
    """What one file says, as `engine.place.locate` reads it."""
    consumer = group.consumers[name]
    points = [one for one in group.points.values() if one.consumer == name]
    said = [
        one
        for one in group.statements
        if one.consumer == name or (one.consumer not in group.consumers and own)
    ]
    where = locate(consumer, points, said, day, now, roles_in(group, consumer))
    found: dict[str, Any] = {}
    if addresses := current_addresses(consumer, day, now):
        found["addresses"] = [_address(one) for one in addresses]
    evidence = where.evidence
    codes = {one.what.rpartition(" ")[2] for one in evidence if one.kind == "number"}
    if codes:
        found["area_codes"] = sorted(codes)
    words = [one for one in evidence if one.kind == SAID]
    if words:
        found["said"] = sorted({one.what for one in words if one.counts})
        if any(not one.counts for one in evidence if one.kind != SAID):
            found["instead"] = True
    return found


def _address(one: Address) -> dict[str, str | None]:
    return {
        "kind": one.kind,
        "state": one.state,
        "postal_code": one.postal_code,
        "county": one.county,
        "source": one.source,
    }


# -- and back


@dataclass(frozen=True, slots=True)
class Placed:
    """Where somebody is by the evidence on record: zones, and places of home, work and numbers."""

    zones: frozenset[str]
    home: frozenset[str]
    work: frozenset[str]
    by_number: frozenset[str]


@lru_cache(maxsize=1 << 16)
def placed(text: str | None) -> Placed:
    """Where the evidence on record puts somebody. Raises ValueError for what is no evidence."""
    told = json.loads(text or "{}")
    zones, home, work, by_number = set[str](), 0, 0, 0
    for one in told.get("files", [told]):
        clocks = 0
        for address in one.get("addresses", ()):
            state, code, county = (address[name] for name in ("state", "postal_code", "county"))
            here, places = code_masks(state, code, county)
            clocks |= here
            if address["kind"] == "work":
                work |= places
            else:
                home |= places
        for code in one.get("area_codes", ()):
            zones.update(() if one.get("instead") else zones_of_area_code(code))
            by_number |= places_of_code(code)
        zones.update(() if one.get("instead") else unmask(clocks, zones=True))
        zones.update(same_clock(zone) for zone in one.get("said", ()))
    names = (frozenset(unmask(bits, zones=False)) for bits in (home, work, by_number))
    return Placed(frozenset(zones), *names)
