"""Place evidence in the record: of a whole portfolio at once as of one consumer alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.history import Group
from scheduler.grouped import GroupsOf
from scheduler.log.whence import COLUMN, whence, whence_of
from scheduler.store.schema import TABLES

NOWS = [datetime(2026, 11, 21, 11, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]


@pytest.mark.parametrize("now", NOWS)
def test_both_ways_give_the_same(made_up: Path, now: datetime) -> None:
    frames = {name: pl.read_parquet(made_up / table.file) for name, table in TABLES.items()}
    said = (
        frames["statements"]
        .head(9)
        .with_columns(
            pl.concat_str(pl.lit("said-"), "statement").alias("statement"),
            pl.lit("current_location_zone").alias("kind"),
            pl.lit('"America/Denver"').alias("value"),
            *(pl.lit(None).alias(name) for name in ("more", "accounts", "point")),
        )
    )
    frames["statements"] = pl.concat([frames["statements"], said], how="vertical_relaxed")
    people = frames["consumers"].select("consumer", together=pl.col("person"))
    groups = GroupsOf(frames, people, None)
    names = frames["consumers"]["consumer"].to_list()
    known: dict[str, Group] = dict(groups(names))
    found = dict(whence(frames, now.date(), now, groups).select("consumer", COLUMN).iter_rows())
    assert found == {name: whence_of(known[name], [name], [now.date()], now) for name in names}
    told = [json.loads(text) for text in found.values()]
    assert any("addresses" in one for one in told)
    assert any("area_codes" in one for one in told)
    assert any("said" in one for one in told) == (now == NOWS[0])  # not known before it was said
