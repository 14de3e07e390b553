"""A file into the store: read, laid out, checked, added; what cannot be is set aside.

INVARIANT: every row of the file is stored (new, correction, told before) or set aside, and all
that is stored of it is stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from engine import words
from engine.problem import did_you_mean

from ..store.adding import LINE, Added, add
from ..store.database import Connection, Store
from ..store.kept import KEPT, NAMES
from ..store.schema import FLAG, TABLES, Column, Table
from . import checks
from .files import read_file
from .layouts import From, Layout
from .rows import OURS, How, IntakeError, Read, plain
from .set_aside import Problem, set_aside, shown
from .values import REASONS, typed

ORIGIN: Final = "import"
VOID: Final = Column("void", FLAG, True, "the row was a mistake: there is no such thing")
GIVEN: Final = {"received_at", "recorded_at"}
"""Columns that are the moment of the import where nobody says them."""


class Told(Protocol):
    """Told what is being done, as `scheduler.day.Progress`."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step on."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. `aside`: the file of rows set aside, None if there is none.

    `unmapped` counts codes of results that the layout does not know; `unread` are columns that
    nothing was read from. `lines` counts lines that are no rows, by reason.
    """

    file: Path
    table: str
    shape: str
    rows: int
    new: int
    corrected: int
    same: int
    problems: tuple[Problem, ...]
    set_aside: int
    aside: Path | None
    unmapped: Mapping[str, int]
    unread: tuple[str, ...]
    lines: Mapping[str, int] = field(default_factory=dict)


class _NotForGood(Exception):
    """Ends the transaction of a dry run."""


def import_file(
    store: Store,
    path: Path,
    table: Table,
    layout: Layout,
    origin: str,
    now: datetime,
    aside: Path,
    progress: Told,
    *,
    sheet: str | None = None,
    dry: bool = False,
) -> Imported:
    """Take one file in. `aside` is the directory for rows set aside; `dry` stores nothing.

    `sheet` names a workbook's, None: its first.

    Raises IntakeError, StoreError, OSError; then nothing was stored.
    """
    if layout.table and layout.table != table.name:
        raise IntakeError(f"layout `{layout.name}` is for {layout.table}, not {table.name}")
    progress(f"reading {path.name}", 0, 1)
    wanted = layout.wanted(column.name for column in (*table.columns, VOID))
    read = read_file(path, How(wanted, sheet=sheet))
    laid = _laid_out(path, read, table, layout)
    progress(f"checking {path.name}", 0, 1)
    rows, found = _values(laid, table, layout)
    whole = [*checks.value_problems(table, rows), *checks.shape_problems(table, rows), found]
    problems = pl.concat(whole)
    done: Imported | None = None
    try:
        with store.writing() as connection:
            progress(f"storing {path.name}", 0, 1)
            problems, added = _store(
                connection, table, rows, problems, layout.origin or origin, now
            )
            lines = problems[LINE].n_unique()
            assert read.rows.height == added.new + added.corrected + added.same + lines
            named = _problems(path, read, laid, problems)
            total = lines + len(read.broken)
            kept = None if dry or not total else set_aside(aside, path, read, named)
            done = Imported(
                path, table.name, read.shape, read.count, added.new, added.corrected, added.same,
                named, total, kept, laid.unmapped, laid.unread, read.lines,
            )  # fmt: skip
            if dry:
                raise _NotForGood
    except _NotForGood:
        pass
    assert done is not None
    return done


@dataclass(frozen=True, slots=True)
class _Laid:
    """A file's rows under our names, not yet read; `sources`: which column each came from."""

    rows: pl.DataFrame
    sources: Mapping[str, str]
    unmapped: Mapping[str, int]
    unread: tuple[str, ...]


def _laid_out(path: Path, read: Read, table: Table, layout: Layout) -> _Laid:
    """Choose and name columns. Raises IntakeError naming all that is needed and missing."""
    have = {plain(name): name for name in reversed(read.rows.columns)}
    cells: list[pl.Expr | pl.Series] = [pl.col(LINE)]
    sources: dict[str, str] = {}
    missing: list[str] = []
    by_source = table.name == "contacts" and all(
        layout.source(one).value is not None
        or any(plain(name) in have for name in layout.source(one).columns)
        for one in ("source", "source_id")
    )
    for column in (*table.columns, VOID):
        source = layout.source(column.name)
        named = [have[plain(one)] for one in source.columns if plain(one) in have]
        if source.value is not None:
            cells.append(pl.lit(source.value).alias(column.name))
        elif named:
            sources[column.name] = named[0]
            cells.append(_or_default(read.rows, named[0], source).alias(column.name))
        elif (
            not column.nullable
            and column.name not in GIVEN
            and not (by_source and column.name == table.key[0])
        ):
            missing.append(f"`{column.name}` ({column.means})")
    if missing:
        raise IntakeError(
            f"{path}: no column for {', '.join(missing)}; the file has "
            f"{', '.join(name for name in read.rows.columns if name != LINE)}"
        )
    rows = read.rows.select(cells)
    if by_source and "contact" not in rows.columns:
        ids = [pl.col(one).cast(pl.String()) for one in ("source", "source_id")]
        rows = rows.with_columns(contact=pl.format("{}:{}", *ids))
    unread = tuple(
        name
        for name in read.rows.columns
        if name not in sources.values() and name != LINE and not name.startswith(OURS)
    )
    if "result" not in rows.columns:
        return _Laid(rows, sources, {}, unread)
    rows, unmapped = _results(rows, layout)
    return _Laid(rows, sources, unmapped, unread)


def _or_default(rows: pl.DataFrame, name: str, source: From) -> pl.Expr:
    cell = pl.col(name)
    if source.default is None or rows.schema[name].is_nested():
        return cell
    text = cell.cast(pl.String()).str.strip_chars()
    return pl.when(text != "").then(text).otherwise(pl.lit(source.default))


def _results(rows: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, dict[str, int]]:
    """Codes of results as ours; an unknown one is left open, which counts as all it could be."""
    known = {word: word for word in words.RESULTS} if layout.results is None else layout.results
    code = pl.col("result").cast(pl.String()).str.strip_chars()
    lost = rows.select(code=pl.when(code != "").then(code)).filter(
        pl.col("code").is_not_null() & ~pl.col("code").is_in(list(known))
    )
    counts = lost.group_by("code").len().sort("code")
    mapped = code.replace_strict(dict(known), default=None, return_dtype=pl.String())
    return rows.with_columns(result=mapped), {str(a): int(b) for a, b in counts.iter_rows()}


def _values(laid: _Laid, table: Table, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every column in its type, and the cells that hold something else."""
    columns = [laid.rows[LINE]]
    problems = [checks.none()]
    for column in (*table.columns, VOID):
        if column.name not in laid.rows.columns:
            columns.append(
                pl.Series(column.name, [None], column.dtype).new_from_index(0, laid.rows.height)
            )
            continue
        source = layout.source(column.name)
        found = typed(laid.rows, column, source.format, source.zone)
        columns.append(found["value"].alias(column.name))
        why = REASONS.get(column.dtype, "not a text")
        bad = laid.rows.select(LINE).with_columns(found["bad"])
        problems.append(checks.said(bad, pl.col("bad"), column.name, why))
    rows = pl.DataFrame(columns)
    return rows.with_columns(pl.col("void").fill_null(False)), pl.concat(problems)


def _store(
    connection: Connection,
    table: Table,
    rows: pl.DataFrame,
    problems: pl.DataFrame,
    origin: str,
    now: datetime,
) -> tuple[pl.DataFrame, Added]:
    """Add the rows without a problem; all problems, with those that only the store knows."""
    empty = pl.col("reason").str.starts_with(checks.NO_VALUE)
    # a cell that cannot be read is not missing as well; a moment left out is now
    given = pl.col("column").is_in(list(GIVEN))
    said = problems.filter(~empty)
    lost = problems.filter(empty, ~given).join(said, on=[LINE, "column"], how="anti")
    problems = pl.concat([said, lost])
    good = rows.join(problems, on=LINE, how="anti", maintain_order="left")
    more = [*checks.store_problems(connection, table, good), checks.key_problems(table, good)]
    problems = pl.concat([problems, *more])
    good = good.join(problems, on=LINE, how="anti", maintain_order="left")
    kept = KEPT[NAMES[table.name]]
    told = good.with_columns(
        origin=pl.lit(origin), origin_id=pl.concat_str(list(kept.key), separator="/")
    )
    if table.name == "contacts":
        named = pl.col("source").is_not_null() & pl.col("source_id").is_not_null()
        told = told.with_columns(
            origin=pl.when(named).then("source").otherwise("origin"),
            origin_id=pl.when(named).then("source_id").otherwise("origin_id"),
            received_at=pl.col("at"),
        )
    added = add(connection, kept.name, told, now)
    refused = added.refused.select(
        LINE, column=pl.lit(table.key[0]), reason=pl.col("reason").cast(pl.String())
    )
    return pl.concat([problems, refused]), added


def _problems(path: Path, read: Read, laid: _Laid, problems: pl.DataFrame) -> tuple[Problem, ...]:
    """Every problem with the file's own name of the column and what stands there, by row."""
    found = [Problem(path, number, "", "", why) for number, _, why in read.broken]
    cells = {name: shown(read.rows, source) for name, source in laid.sources.items()}
    places = (
        dict(zip(read.rows[LINE], range(read.rows.height), strict=True))
        if (problems.height)
        else {}
    )
    for line, column, reason in problems.unique(maintain_order=True).iter_rows():
        value = cells[column][places[line]] if column in cells else None
        found.append(Problem(path, line, laid.sources.get(column, column), value or "", reason))
    return tuple(sorted(found, key=lambda one: (one.row, one.column, one.reason)))


def table_of(kind: str) -> Table:
    """The table of a KIND as the command line says it. Raises IntakeError."""
    table = TABLES.get(kind.replace("-", "_"))
    if table is None:
        known = [name.replace("_", "-") for name in TABLES]
        raise IntakeError(
            f"`{kind}` is neither a portfolio's directory nor a kind of row"
            f"{did_you_mean(kind, known)}; the kinds are {', '.join(known)}"
        )
    return table


def files_of(place: Path) -> list[tuple[Table, Path]]:
    """The files of a portfolio's directory, in the order that each refers to those before it.

    Raises IntakeError where there is none, or two for a table.
    """
    found: list[tuple[Table, Path]] = []
    for table in TABLES.values():
        here = [
            path
            for ending in (".parquet", ".ndjson", ".jsonl", ".csv")
            if (path := place / f"{table.name}{ending}").is_file()
        ]
        if len(here) > 1:
            names = " and ".join(path.name for path in here)
            raise IntakeError(f"{place}: {names} are both there; name the one to take in")
        found += [(table, path) for path in here]
    if not found:
        raise IntakeError(f"{place}: none of a portfolio's files is there, as consumers.parquet")
    return found
