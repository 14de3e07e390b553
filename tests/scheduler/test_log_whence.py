"""Place evidence in the record: of a whole portfolio at once as of one consumer alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, note

from engine.history import Group
from scheduler.grouped import GroupsOf
from scheduler.log.whence import COLUMN, whence, whence_of
from scheduler.store.schema import TABLES
from tests.parting import known_by_now, made, part_of
from tests.strategies.portfolios import CROWDED, Portfolio, portfolios

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


def alike(portfolio: Portfolio) -> dict[str, str]:
    """What a portfolio's consumers are placed by, at once as one by one."""
    part = part_of(known_by_now(portfolio))
    found = whence(part.frames, part.day, part.now, part.groups_of)
    told = dict(found.select("consumer", COLUMN).iter_rows())
    known = part.groups_of(list(told))
    assert told == {name: whence_of(known[name], [name], [part.day], part.now) for name in told}
    return told


@given(portfolios(said=4, kinds=("current_location_zone", "number_not_consumers"), pools=CROWDED))
def test_both_ways_give_the_same_of_anybody(portfolio: Portfolio) -> None:
    note(str(portfolio))
    alike(portfolio)


@pytest.mark.parametrize(("owner", "own"), [("H1", True), ("C1", True), ("H2", False)])
def test_a_number_of_who_is_named_by_the_id_of_the_file(owner: str, own: bool) -> None:
    points = [{"point": "T1", "owner": owner, "number": "+16175550100"}]
    told = alike(made(contact_points=points, addresses=[]))
    assert told == {"C1": '{"area_codes":["617"]}' if own else "{}"}
