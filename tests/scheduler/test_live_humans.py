"""The live core on two files that are, or may be, one human's, and on licences of the table."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.facts.view import Moment
from engine.question import Ask
from scheduler.bothways import decide_both
from scheduler.explaining import group_of, plain_contact
from scheduler.humans import as_one, humans
from scheduler.live import Answer, Proposed, check
from scheduler.store.adding import add
from scheduler.store.database import Store
from scheduler.store.schema import OPTIONAL
from scheduler.store.snapshot import snapshot
from tests.scheduler import living as made
from tests.scheduler.living import Hands, living, new_store, tell
from tests.scheduler.test_live_known import _Frames

SCRATCH = Path(tempfile.mkdtemp(prefix="forbear-humans-"))
NUMBERS = iter(range(1_000))
RULE = "regulation_f/represented-by-attorney"


def more(store: Store, table: str, row: dict[str, str]) -> None:
    """A row of a table that is nobody's file."""
    schema = OPTIONAL[table].schema
    frame = pl.DataFrame([dict.fromkeys(schema) | row], schema=schema).with_columns(
        pl.lit(0).alias("line"), origin=pl.lit("crm"), void=pl.lit(value=False),
        origin_id=pl.lit("/".join(row[one] for one in OPTIONAL[table].key)),
    )  # fmt: skip
    with store.writing() as connection:
        name = {"same_persons": "same_person", "collectors": "collector"}[table]
        assert add(connection, name, frame, made.NOON - timedelta(days=1)).new == 1


@pytest.mark.parametrize("confidence", [None, "low", "high"])
def test_what_one_file_was_told_binds_the_other(confidence: str | None) -> None:
    store = new_store(SCRATCH, next(NUMBERS), SCRATCH)
    frames = dict(made.debtors(2, calls=0))
    people = frames["consumers"]["person"].to_list()
    at = made.NOON - timedelta(days=2)
    row = {
        "statement": "S1", "consumer": "C1", "kind": "represented_by", "value": '"ATTY1"',
        "to": "this_collector", "medium": "written", "accepted_medium": True, "made_at": at,
        "received_at": at, "recorded_at": at,
    }  # fmt: skip
    frames["statements"] = made.frame("statements", [row])
    tell(store, frames, made.NOON - timedelta(days=1))
    second = frames["accounts"]["account"][1]
    now = Hands()
    with living(store, now) as live:
        if confidence is not None:  # said while it runs
            check(live, [Proposed(second, "call")], "x").result(60)
            pair = {"person": people[0], "other": people[1], "source": "bureau"}
            more(store, "same_persons", {**pair, "confidence": confidence})
        (found,) = check(live, [Proposed(second, "call")], "x").result(60)
        assert isinstance(found, Answer)
        assert (RULE in {one.rule for one in found.findings}) == (confidence is not None)
        pairs = [] if confidence is None else [(people[0], people[1], confidence)]
        known = humans(pairs)
        told = {
            name: as_one(one.lazy(), name, known.surely).collect()
            for name, one in snapshot(store).items()
        }
        group = group_of(_Frames(told), second, {})
        debt = group.accounts[second]
        point = next(one for one in group.points.values() if one.consumer == debt.consumer)
        plain = decide_both(
            made.desk().panel, group, known.maybe, plain_contact(debt, point, "call", now.at),
            Moment(now.at, now.at), Ask(),
        )  # fmt: skip
        assert found.findings == plain.findings
        assert found.verdict == plain.verdict
        assert found.next_permitted == plain.next_permitted
    store.close()


def test_a_licence_that_the_table_says_is_missing_refuses() -> None:
    store = new_store(SCRATCH, next(NUMBERS), SCRATCH)
    frames = dict(made.debtors(1, calls=0))
    tell(store, frames, made.NOON - timedelta(days=1))
    debt = frames["accounts"].row(0, named=True)
    with living(store, Hands()) as live:
        (before,) = check(live, [Proposed(debt["account"], "call")], "x").result(60)
        row = {"collector": debt["collector"], "collector_role": debt["collector_role"]}
        more(store, "collectors", {**row, "licences": "{}"})
        (after,) = check(live, [Proposed(debt["account"], "call")], "x").result(60)
        assert isinstance(before, Answer)
        assert isinstance(after, Answer)
        missing = "structural/licence_missing"
        assert missing not in {one.rule for one in before.findings}
        assert missing in {one.rule for one in after.findings}
    store.close()
