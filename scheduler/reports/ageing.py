"""Ageing: what is owed by days past due, by what the day's list permits, by balance and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from ..records import Tables
from .outcome import EXHAUSTED, LISTED, NO_CANDIDATE, SUPPRESSED, Outcome
from .report import MONEY, TEXT, WHOLE, Cell, Chart, Column, Report, Table, numbers, rows_of, shown

EDGES: Final = (0, 30, 60, 90, 120)
AGES: Final = ("0-29", "30-59", "60-89", "90-119", "120+")
AHEAD: Final = "not due yet"
UNDATED: Final = "no date"
CLOSED: Final = "closed"
UNLISTED: Final = "no list"
"""The status of an open account where no day was put out."""
STATUSES: Final = (LISTED, EXHAUSTED, SUPPRESSED, NO_CANDIDATE, CLOSED, UNLISTED)
FROM: Final = (0, 100, 500, 1_000, 5_000, 10_000)
SIZES: Final = (
    "in credit", "$0 to under $100", "$100 to under $500", "$500 to under $1,000",
    "$1,000 to under $5,000", "$5,000 to under $10,000", "$10,000 and more",
)  # fmt: skip
NOWHERE: Final = "unknown"
MOST: Final = 15
"""Places that have a bar of their own; those with less stand in the table alone."""
MEASURES: Final = (
    Column("accounts", "Accounts", WHOLE, True),
    Column("consumers", "Consumers", WHOLE),
    Column("balance", "Balance", MONEY, True),
)
PEOPLE: Final = "A consumer whose accounts stand in several rows counts in each, once in the total."


def ageing(source: Tables, outcome: Outcome | None, day: date) -> Report:
    """The report, with days past due counted to `day`; outcome None: no list is known."""
    rows = _rows(source, outcome, day)
    statuses = [one for one in STATUSES if one in set(rows["status"])]
    there = set(rows["age"])
    ages = [one for one in (AHEAD, *AGES, UNDATED) if one in AGES or one in there]
    sizes = [one for one in SIZES if one in set(rows["size"])]
    age, status = Column("age", "Days past due"), Column("status", "Status")
    place, size = Column("place", "Place"), Column("size", "Balance of the account")
    tables = (
        _crossed(rows, ages, statuses),
        _by(rows, "by_age", "By days past due", (age,), {"age": ages}),
        _by(rows, "by_status", "By permitted status", (status,), {"status": statuses}),
        _by(rows, "by_size", "By balance", (size,), {"size": sizes}),
        _by(rows, "by_place", "By place", (place,), {}),
        _by(rows, "cells", "By days past due, status and place", (age, status, place),
            {"age": ages, "status": statuses}),
    )  # fmt: skip
    whole = _measured(rows, []).row(0, named=True)
    which = "no day was put out: what the list permits is unknown"
    if outcome is not None:
        which = f"status on the list of {outcome.day.isoformat()}"
    return Report(
        "ageing",
        "Ageing",
        (f"days past due as of {day.isoformat()}", which),
        {one.head.lower(): shown(whole[one.name], one.kind) for one in MEASURES}
        | {
            f"balance, {row[0]}": shown(row[3], MONEY)
            for row in tables[2].rows
            if row[0] in (LISTED, EXHAUSTED, SUPPRESSED)
        },
        tables,
        (_stacked(tables[0], ages, statuses), _places(tables[4])),
        "cells",
    )


def _rows(source: Tables, outcome: Outcome | None, day: date) -> pl.DataFrame:
    """One row for each account: consumer, balance, age, size, status, place."""
    late = (pl.lit(day) - pl.col("delinquent_since")).dt.total_days()
    accounts = source.scan("accounts").select(
        "account", "consumer", "status", "balance",
        age=_class(late, EDGES, (AHEAD, *AGES)).fill_null(UNDATED),
        size=_class(pl.col("balance"), FROM, SIZES),
    )  # fmt: skip
    decided = pl.lit(UNLISTED)
    if outcome is not None:
        accounts = accounts.join(outcome.statuses(), on="account", how="left")
        decided = pl.col("outcome").fill_null(NO_CANDIDATE)
    status = pl.when(pl.col("status") != "open").then(pl.lit(CLOSED)).otherwise(decided)
    placed = accounts.join(places(source, day), on="consumer", how="left")
    return placed.select(
        "account", "consumer", "balance", "age", "size",
        status=status, place=pl.col("place").fill_null(NOWHERE),
    ).collect(engine="streaming")  # fmt: skip


def _class(value: pl.Expr, edges: Sequence[int], names: Sequence[str]) -> pl.Expr:
    """The name of the class a value is in: one more than edges; null stays null."""
    found = pl.lit(names[0])
    for edge, name in zip(edges, names[1:], strict=True):
        found = pl.when(value >= edge).then(pl.lit(name)).otherwise(found)
    return pl.when(value.is_not_null()).then(found)


def places(source: Tables, day: date) -> pl.LazyFrame:
    """Consumer and place of each who has a current home: its state, or states joined by ";".

    Current as in rules/README.md: begun, not ended, mail arrives, nothing later from the consumer.
    """
    homes = source.scan("addresses").filter(
        pl.col("kind") == "residential",
        ~pl.col("known_bad"),
        pl.col("since").is_null() | (pl.col("since") <= day),
        pl.col("until").is_null() | (pl.col("until") >= day),
    )
    told = homes.filter(pl.col("source") == "consumer")
    last = told.group_by("consumer").agg(pl.col("received_at").max().alias("told"))
    current = homes.join(last, on="consumer", how="left").filter(
        pl.col("told").is_null() | (pl.col("received_at") >= pl.col("told"))
    )
    code = pl.format("US-{}", "state")
    return current.group_by("consumer").agg(place=code.unique().sort().str.join(";"))


def _measured(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    measures = (
        pl.len().cast(pl.Int64).alias("accounts"),
        pl.col("consumer").n_unique().cast(pl.Int64).alias("consumers"),
        pl.col("balance").cast(pl.Decimal(38, 2)).sum().alias("balance"),
    )
    return rows.group_by(by).agg(measures) if by else rows.select(measures)


def _by(
    rows: pl.DataFrame,
    name: str,
    title: str,
    by: tuple[Column, ...],
    order: Mapping[str, Sequence[str]],
) -> Table:
    """Measures by these columns, each in its order of words, or else of the alphabet.

    By one column alone every word of its order has a row, were it of nothing.
    """
    names = [one.name for one in by]
    found = _measured(rows, names)
    if len(names) == 1 and names[0] in order:
        every = pl.DataFrame({names[0]: order[names[0]]}, schema={names[0]: pl.String()})
        nothing: dict[str, int | Decimal] = {"accounts": 0, "consumers": 0, "balance": Decimal(0)}
        found = every.join(found, on=names, how="left").with_columns(
            pl.col(one).fill_null(pl.lit(value)) for one, value in nothing.items()
        )
    keys = [
        pl.col(one).replace_strict(
            {word: number for number, word in enumerate(order[one])}, return_dtype=pl.Int64()
        )
        for one in names
        if one in order
    ]
    columns = (*by, *MEASURES)
    total = {names[0]: "total", **_measured(rows, []).row(0, named=True)}
    sorted_ = found.sort([*keys, *names])
    return Table(name, title, columns, rows_of(sorted_, columns), total, PEOPLE)


def _crossed(rows: pl.DataFrame, ages: Sequence[str], statuses: Sequence[str]) -> Table:
    """Balances, with a column for each status."""
    sums = _measured(rows, ["age", "status"])
    have = {(age, status): balance for age, status, _, _, balance in sums.iter_rows()}
    columns = (
        Column("age", "Days past due", TEXT),
        *(Column(one, one.capitalize(), MONEY, True) for one in statuses),
        Column("balance", "All", MONEY, True),
    )
    nothing = Decimal("0.00")
    lines: list[tuple[Cell, ...]] = []
    for age in ages:
        cells = [have.get((age, one), nothing) for one in statuses]
        lines.append((age, *cells, sum(cells, nothing)))
    total: dict[str, Cell] = {"age": "total"}
    for place, one in enumerate(columns[1:], 1):
        total[one.name] = sum(numbers(lines, place), nothing)
    title = "Balance by days past due and permitted status"
    return Table("by_age_and_status", title, columns, tuple(lines), total)


def _stacked(table: Table, ages: Sequence[str], statuses: Sequence[str]) -> Chart:
    series = {one: numbers(table.rows, place) for place, one in enumerate(statuses, 1)}
    return Chart(table.name, table.title, "dollars", tuple(ages), series)


def _places(table: Table) -> Chart:
    """The places with most, as bars from left to right."""
    sums = zip(numbers(table.rows, 3), (str(row[0]) for row in table.rows), strict=True)
    most = sorted(sums, key=lambda one: (-one[0], one[1]))[:MOST]
    names = tuple(name for _, name in most)
    title = f"Balance by place, the first {len(most)} of {len(table.rows)}"
    series = {"balance": [balance for balance, _ in most]}
    return Chart(table.name, title, "dollars", names, series, lying=True)
