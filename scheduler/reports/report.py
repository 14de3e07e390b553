"""A report as plain data: tables with typed columns, charts drawn from them, and what was read.

Every writer (terminal, JSON, CSV, workbook, page) takes a `Report`; none of them counts anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

TEXT: Final = "text"
WHOLE: Final = "whole"
MONEY: Final = "money"
DAY: Final = "day"
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the table, its heading, and what it holds.

    `kind` is TEXT, WHOLE (a count), MONEY (dollars) or DAY. `sums`: the rows of the column add up
    to its total; a number of people does not, where one person may stand in several rows.
    """

    name: str
    head: str
    kind: str = TEXT
    sums: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `total` holds the last line by column, where there is one; `note` explains."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: Mapping[str, Cell] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, one for each category, each stacked of the series in order.

    It stands beside the table of that name. `lying`: bars run from left to right. `unit` is what is
    counted; `series` maps a name to one value for each category.
    """

    table: str
    title: str
    unit: str
    categories: tuple[str, ...]
    series: Mapping[str, Sequence[int | Decimal]]
    lying: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `said` are its circumstances in words; `numbers` the whole in a few numbers.

    `fine` is the table with the finest grain, which CSV holds.
    """

    name: str
    title: str
    said: tuple[str, ...]
    numbers: Mapping[str, str]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    fine: str

    def table(self, name: str) -> Table:
        """The table of a name. Raises KeyError."""
        for one in self.tables:
            if one.name == name:
                return one
        raise KeyError(name)


def rows_of(frame: pl.DataFrame, columns: Sequence[Column]) -> tuple[tuple[Cell, ...], ...]:
    """The rows of a frame in the columns of a table."""
    return tuple(frame.select(one.name for one in columns).rows())


def numbers(rows: Sequence[tuple[Cell, ...]], place: int) -> list[int | Decimal]:
    """The numbers of one column of a table's rows."""
    found = [row[place] for row in rows]
    return [one for one in found if isinstance(one, int | Decimal)]


def shown(value: Cell, kind: str) -> str:
    """A value as people read it: 12,345; $1,234.50; 2026-11-21; "-" for nothing.

    >>> shown(Decimal("1234.5"), MONEY)
    '$1,234.50'
    """
    if value is None:
        return "-"
    if isinstance(value, int | Decimal):
        if kind == MONEY:
            return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else value


def plain(value: Cell) -> str | int | None:
    """A value for JSON: money as an exact decimal text, a day as ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value


def document(report: Report) -> dict[str, Any]:
    """A report as plain data for `--json`."""
    return {
        "report": report.name,
        "title": report.title,
        "said": list(report.said),
        "numbers": dict(report.numbers),
        "tables": {
            one.name: {
                "title": one.title,
                "rows": [
                    {c.name: plain(cell) for c, cell in zip(one.columns, row, strict=True)}
                    for row in one.rows
                ],
                "total": None
                if one.total is None
                else {name: plain(cell) for name, cell in one.total.items()},
            }
            for one in report.tables
        },
    }
