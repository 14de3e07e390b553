"""What place and zone were taken from, for the record: `place_evidence` (README.md).

The addresses of the person, in every file, that were on file then and had neither ended nor been
found bad; the area codes of the person's own numbers; zones somebody named as where the person is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

import polars as pl

from engine.history import Group
from engine.words import PHONE_KINDS

COLUMN: Final = "place_evidence"
SAID: Final = "current_location_zone"
_ADDRESS: Final = ("kind", "state", "postal_code", "county", "source")
_CODE: Final = r"^\+1([2-9]\d\d)\d{7}$"


def whence(frames: Mapping[str, pl.DataFrame], day: date, now: datetime) -> pl.DataFrame:
    """`consumer` and `place_evidence`, of a portfolio's tables, as known at a moment."""
    people = frames["consumers"].select("consumer", "person")
    addresses = (
        frames["addresses"]
        .filter(
            pl.col("received_at").is_null() | (pl.col("received_at") <= now),
            pl.col("since").is_null() | (pl.col("since") <= day),
            pl.col("until").is_null() | (pl.col("until") >= day),
            ~pl.col("known_bad").fill_null(value=False),
        )
        .select("consumer", pl.struct(_ADDRESS).struct.json_encode().alias("told"))
    )
    points = frames["contact_points"].join(people, on="consumer")
    own = pl.col("kind").is_in(sorted(PHONE_KINDS)) & (pl.col("owner") == pl.col("person"))
    code = pl.col("number").str.extract(_CODE)
    codes = points.filter(own).select("consumer", pl.format('"{}"', code).alias("told"))
    known = (pl.col("kind") == SAID) & (pl.col("received_at") <= now)
    said = pl.concat(
        [
            frames[name].filter(known).select("consumer", pl.col("value").alias("told"))
            for name in ("statements", "knowledge")
        ]
    )
    found = people
    for name, rows in (("addresses", addresses), ("area_codes", codes), ("said", said)):
        found = found.join(_by_person(rows, people, name), on="person", how="left")
    texts = [pl.format('"{}":[{}]', pl.lit(name), pl.col(name)) for name in found.columns[2:]]
    whole = pl.concat_str(texts, separator=",", ignore_nulls=True)
    return found.select("consumer", pl.format("{{{}}}", whole).alias(COLUMN))


def _by_person(rows: pl.DataFrame, people: pl.DataFrame, name: str) -> pl.DataFrame:
    """Texts of each person, each once, sorted and joined."""
    return (
        rows.drop_nulls("told")
        .join(people, on="consumer")
        .select("person", "told")
        .unique()
        .sort("person", "told")
        .group_by("person")
        .agg(pl.col("told").str.join(",").alias(name))
    )


def whence_of(group: Group, consumer: str, day: date, now: datetime) -> str:
    """The same for one consumer, of records."""
    person = group.consumers[consumer].person
    files = {one.id: one for one in group.consumers.values() if one.person == person}
    addresses = {
        json.dumps(
            {
                "kind": one.kind,
                "state": one.state,
                "postal_code": one.postal_code,
                "county": one.county,
                "source": one.source,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for each in files.values()
        for one in each.addresses
        if (one.received is None or one.received <= now)
        and (one.since is None or one.since <= day)
        and (one.until is None or one.until >= day)
        and not one.known_bad
    }
    codes = {
        f'"{found[1]}"'
        for one in group.points.values()
        if one.consumer in files and one.owner == person and one.kind in PHONE_KINDS
        if (found := re.match(_CODE, one.number or ""))
    }
    said = {
        json.dumps(one.value, ensure_ascii=False)
        for one in group.statements
        if one.consumer in files and one.kind == SAID
        if isinstance(one.received, datetime) and one.received <= now
    }
    told = (("addresses", addresses), ("area_codes", codes), ("said", said))
    return (
        "{" + ",".join(f'"{name}":[{",".join(sorted(some))}]' for name, some in told if some) + "}"
    )
