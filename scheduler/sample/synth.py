"""A made-up placement of a United States collection agency, as a portfolio directory.

Nobody in it exists, and no number in it can ring (see points). The same seed, moment and size
give the same bytes under the same versions of Polars, `zipcodes` and the time zone database.
Consumers are made chunk by chunk, so that memory does not grow with the portfolio.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from .debts import account_parties, accounts, accounts_core
from .dice import unit
from .finished import contacts
from .past import history
from .people import Chunk, accounts_each, addresses, consumers, people
from .places import offsets, places
from .points import Numbers, contact_points, reach
from .told import numbered, told
from .writing import Writer

NOW: Final = datetime(2026, 11, 21, 11, tzinfo=UTC)
CONSUMERS: Final = 50_000
"""Consumers in a chunk; links between consumers stay inside one."""


def synth(
    out_dir: str | Path, accounts: int, seed: int, now: datetime = NOW, csv: bool = False
) -> dict[str, int]:
    """Write a portfolio of exactly so many accounts; return the rows of each table.

    `now`: the moment up to which things happened (aware; the made-up day is its UTC day). `csv`:
    also write each table as CSV. An existing portfolio there is overwritten.

    Raises:
        ValueError: `accounts` is below 1, or `now` has no offset.
    """
    if accounts < 1:
        raise ValueError("accounts must be at least 1")
    if now.tzinfo is None:
        raise ValueError("now must have an offset from UTC")
    found = places()
    utc = now.astimezone(UTC)
    chunk = Chunk(seed, found, offsets(found.zones, utc.date()), utc, accounts)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    writer = Writer(out)
    writer.write(_chunks(chunk, writer.rows), csv)
    return dict(writer.rows)


def _chunks(chunk: Chunk, rows: dict[str, int]) -> Iterator[dict[str, pl.DataFrame]]:
    """Chunks of every table until there are accounts enough; `rows` grows as they are taken."""
    numbers = Numbers()
    first = 0
    while (left := chunk.size - rows["accounts"]) > 0:
        each = _cut(accounts_each(first, CONSUMERS, chunk.seed), left)
        yield _tables(chunk, first, each, numbers, rows)
        first += CONSUMERS


def _cut(each: pl.Series, left: int) -> pl.Series:
    """As many consumers as hold `left` accounts; the last one holds what is left over."""
    before = each.cum_sum() - each
    each = each.filter(before < left)
    over = int(each.sum()) - left
    if over <= 0:
        return each
    return pl.concat([each.head(len(each) - 1), pl.Series("n", [int(each[-1]) - over])])


def _tables(
    chunk: Chunk, first: int, each: pl.Series, numbers: Numbers, rows: dict[str, int]
) -> dict[str, pl.DataFrame]:
    """One chunk of every table; `rows` says how many of each stand before it."""
    frame = people(chunk, first, each)
    homes = addresses(chunk, frame, rows["addresses"])
    frame = reach(chunk, frame, numbers, rows["contact_points"])
    core = accounts_core(chunk, frame, rows["accounts"])
    frame = _with_accounts(chunk, frame, core)
    said = told(chunk, frame)
    raw = history(chunk, frame, core, said.events)
    return {
        "consumers": consumers(chunk, frame),
        "accounts": accounts(chunk, core),
        "account_parties": account_parties(chunk, frame, core),
        "contact_points": contact_points(chunk, frame),
        "addresses": homes,
        "contacts": contacts(chunk, frame, core, raw, rows["contacts"]),
        "statements": numbered("statements", said.statements, rows["statements"]),
        "knowledge": numbered("knowledge", said.knowledge, rows["knowledge"]),
    }


def _with_accounts(chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """Add to each consumer the list of its accounts, and one of them: `owed` (place) and `one`."""
    lists = core.group_by("at", maintain_order=True).agg(account_ids="account")
    which = (unit(pl.col("i"), chunk.seed, "which debt") * pl.col("n")).cast(pl.Int64())
    return frame.with_columns(
        lists["account_ids"], owed=pl.col("n").cum_sum() - pl.col("n") + which
    ).with_columns(one=pl.lit(core["account"]).gather("owed"))
