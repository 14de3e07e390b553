"""What is checked of rows before they are stored; each thing wrong is one line of a frame.

Problems have the columns `line`, `column` (ours) and `reason`. The checks are those that
`portfolio_checks` makes of a whole portfolio, said of rows: what passes here passes there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from engine import clock
from engine.facts.catalogue import STATEMENTS
from engine.problem import did_you_mean

from ..licensing import licences_in
from ..said import FILE_NAMED, FIRST_YEAR, fits
from ..store.adding import LINE
from ..store.database import Connection
from ..store.references import SAID, collectors, files_of_others, unknown
from ..store.schema import DAY, INSTANT, STRING, STRINGS, Column, Table

PROBLEMS: Final = {LINE: pl.Int64(), "column": pl.String(), "reason": pl.String()}
_SPAN: Final = {
    DAY: (date(FIRST_YEAR, 1, 1), date(clock.LAST_YEAR, 1, 1)),
    INSTANT: (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(clock.LAST_YEAR, 1, 1, tzinfo=UTC)),
}
NO_VALUE: Final = "no value; one is needed: "
_SHOWN: Final = 24


def none() -> pl.DataFrame:
    """No problems."""
    return pl.DataFrame(schema=PROBLEMS)


def said(rows: pl.DataFrame, bad: pl.Expr, column: str, reason: str | pl.Expr) -> pl.DataFrame:
    """A problem with a column in every row where it is bad."""
    why = pl.lit(reason) if isinstance(reason, str) else reason
    return rows.filter(bad).select(LINE, column=pl.lit(column), reason=why.cast(pl.String()))


def value_problems(table: Table, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Values that are missing, not in their closed list, or not of a day that can be meant."""
    for column in table.columns:
        cell = pl.col(column.name)
        if not column.nullable:
            yield said(rows, cell.is_null(), column.name, f"{NO_VALUE}{column.means}")
        if column.words is not None:
            yield _word_problems(column, rows)
        if column.dtype in _SPAN:
            first, end = _SPAN[column.dtype]
            far = (cell < pl.lit(first)) | (cell >= pl.lit(end))
            years = f"before {FIRST_YEAR} or after {clock.LAST_YEAR - 1}"
            yield said(rows, far, column.name, years)
        if column.dtype == STRING:
            text = cell.str.contains("\0", literal=True)
            yield said(rows, text, column.name, "a character that no text may hold")
        if column.dtype == STRINGS:
            inside = cell.list.join("", ignore_nulls=False).str.contains("\0", literal=True)
            gap = cell.list.eval(pl.element().is_null()).list.any()
            yield said(rows, inside, column.name, "a character that no text may hold")
            yield said(rows, gap, column.name, "a list with nothing at one of its places")


def _word_problems(column: Column, rows: pl.DataFrame) -> pl.DataFrame:
    known = column.words or ()
    bad = ~pl.col(column.name).is_in(known)
    found = rows.filter(bad)[column.name].unique().drop_nulls()
    if found.is_empty():
        return none()
    listed = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    why = {one: f"unknown word{did_you_mean(one, known)}; it may be {listed}" for one in found}
    reasons = pl.col(column.name).replace_strict(why, return_dtype=pl.String())
    return said(rows, bad, column.name, reasons)


def key_problems(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose key an earlier row of the file has."""
    first = rows.with_columns(first=pl.col(LINE).min().over(table.key))
    reason = pl.format("row {} of the file has the same id", "first")
    return said(first, pl.col(LINE) > pl.col("first"), table.key[0], reason)


def shape_problems(table: Table, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What a column of JSON or a word of `says` asks of its row."""
    if table.name == "contact_points":
        yield _pairs(rows, ["email_provenance"], "email_provenance", _is_record)
    if table.name == "collectors":
        bad = 'no JSON object of places with their last day or `unlimited`, {"US-MA": "2027-12-31"}'
        wrong = [one for one in rows["licences"].drop_nulls().unique() if licences_in(one) is None]
        yield said(rows, pl.col("licences").is_in(wrong), "licences", bad)
    if table.name == "same_persons":
        same = pl.col("person") == pl.col("other")
        yield said(rows, same, "other", "the same id: a pair is of two")
    if table.name not in ("statements", "knowledge"):
        return
    debts = _of_shape("debts", "debt", "disputes", "consent")
    points = _of_shape("point", "points")
    others = [name for name in STATEMENTS if name not in debts + points]
    kind = pl.col("kind")
    empty = pl.col("accounts").list.len().fill_null(0) == 0
    for column, kinds, absent in (
        ("accounts", debts, empty),
        ("point", points, pl.col("point").is_null()),
        ("value", others, pl.col("value").is_null()),
    ):
        reason = pl.format("nothing, but {} needs it", "kind")
        yield said(rows, kind.is_in(kinds) & absent, column, reason)
    yield _pairs(rows, ["kind", "value"], "value", lambda name, text: fits(name, value=text))
    yield _pairs(rows, ["kind", "more"], "more", lambda name, text: fits(name, more=text))


def _of_shape(*shapes: str) -> list[str]:
    return [name for name, saying in STATEMENTS.items() if saying.shape in shapes]


def _is_record(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _pairs(rows: pl.DataFrame, names: list[str], column: str, fit: object) -> pl.DataFrame:
    """Problems with a column whose values, each looked at once, do not fit."""
    assert callable(fit)
    known = rows.filter(pl.all_horizontal(pl.col(one).is_not_null() for one in names))
    if "kind" in names:
        known = known.filter(pl.col("kind").is_in(list(STATEMENTS)))
    distinct = known.select(names).unique()
    wrong = [row for row in distinct.iter_rows() if not fit(*row)]
    bad = pl.DataFrame(wrong, schema=dict.fromkeys(names, pl.String()), orient="row")
    reason = pl.lit("not what the word takes") if "kind" in names else pl.lit("no JSON object")
    met = known.join(bad, on=names, how="semi", maintain_order="left")
    return said(met, pl.lit(True), column, reason)


def store_problems(
    connection: Connection, table: Table, rows: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Ids that the store does not know, and collectors in two capacities."""
    for column in table.columns:
        if column.refers is None:
            continue
        cell = pl.col(column.name)
        listed = column.dtype == STRINGS
        used = rows[column.name].drop_nulls()
        ids = used.explode(empty_as_null=False, keep_nulls=False) if listed else used
        lost = unknown(connection, column.refers, ids)
        if lost.is_empty():
            continue
        what = column.refers.removesuffix("s").replace("_", " ")
        if listed:
            each = cell.list.filter(pl.element().is_in(lost.implode()))
            named = each.list.join(", ")
            yield said(rows, each.list.len() > 0, column.name,
                       pl.format(f"the store has no {what} {{}}", named))  # fmt: skip
        else:
            yield said(rows, cell.is_in(lost.implode()), column.name,
                       pl.format(f"the store has no {what} {{}}", cell))  # fmt: skip
    if table.name in ("accounts", "collectors"):
        yield from _collector_problems(connection, table, rows)
    if table.name == "same_persons":
        files = files_of_others(connection, pl.concat([rows["person"], rows["other"]]))
        for name in ("person", "other") if files else ():
            persons = pl.col(name).replace_strict(files, default=None)
            reason = pl.format(FILE_NAMED, name, persons)
            yield said(rows, pl.col(name).is_in(list(files)), name, reason)


def _collector_problems(
    connection: Connection, table: Table, rows: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """A collector is one body in one capacity: as the store has it, else as the file's first."""
    told = [collectors(connection)]
    if table.name == "accounts":
        told.append(collectors(connection, "collector"))
    stored = pl.concat(told).unique("collector", keep="first", maintain_order=True)
    first = rows.sort(LINE).select("collector", *SAID)
    first = first.unique("collector", keep="first", maintain_order=True)
    known = pl.concat([stored, first]).unique("collector", keep="first", maintain_order=True)
    met = rows.join(known, on="collector", how="left", suffix="_had", maintain_order="left")
    for name in SAID:
        had = pl.col(f"{name}_had")
        reason = pl.format(
            "collector {} is known as {} here; give each capacity an id of its own",
            "collector",
            had.fill_null("nothing"),
        )
        yield said(met, pl.col(name).ne_missing(had), name, reason)
