"""A file into the store: read, laid out, checked, added; what cannot be is set aside.

INVARIANT: every row of the file is stored (new, correction, told before) or set aside, every other
line is told to be none, and all that is stored of it is stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from engine.problem import did_you_mean

from ..store import lookups
from ..store.adding import LINE, Added, add
from ..store.database import Connection, Store
from ..store.kept import KEPT, STORED_AS
from ..store.schema import EVERY, FLAG, Column, Table
from . import checks, cutover
from .cutover import Accepted, CutOver
from .files import read_file
from .finding import found as found_in_store
from .laying import Laid, laid_out, valued
from .layouts import VOID as VOID_NAME
from .layouts import WIDE, Layout
from .rows import How, IntakeError, Read, plain
from .set_aside import Problem, set_aside, shown

ORIGIN: Final = "import"
VOID: Final = Column(VOID_NAME, FLAG, True, "the row was a mistake: there is no such thing")
LATER: Final = "the contact is later than this import; is the clock right?"
GIVEN: Final = {"received_at", "recorded_at"}
"""Columns that are the moment of the import where nobody says them."""


class Told(Protocol):
    """Told what is being done, as `scheduler.day.Progress`."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step on."""


@dataclass(frozen=True, slots=True)
class Run:
    """What holds for an import: its moment, where rows are set aside, who is told.

    `origin` is the system where the layout names none. `zone` is the clock of moments without an
    offset, `day_zone` that of days that stand for a moment. `dry` stores nothing. `cut`: how the
    contacts before a cut-over are looked through, None not at all. `record` is called with what
    became of the file before anything is stored for good.
    """

    now: datetime
    aside: Path
    progress: Told
    origin: str = ORIGIN
    sheet: str | None = None
    zone: str = ""
    day_zone: str = "UTC"
    dry: bool = False
    cut: CutOver | None = None
    record: Callable[[Imported], None] | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. `aside`: the file of rows set aside, None if there is none.

    `new`, `corrected` and `same` count rows of the store; of a wide file they are several for a
    row, and `stored` counts its rows. `unmapped` counts codes of results that are not known;
    `unread` are columns that nothing was read from. `lines` counts lines that are no rows, by
    reason, `notes` rows of which something is left open. `tables`: rows of the store that were
    told, by table. `holes`: days without contacts before the cut-over, accepted by `accepted`.
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
    notes: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    holes: tuple[date, ...] = ()
    accepted: Accepted | None = None
    origin: str = ""

    @property
    def stored(self) -> int:
        """How many rows of the file are in the store now: all that are not set aside."""
        return self.rows - self.set_aside


@dataclass(frozen=True, slots=True)
class Stored:
    """What was added of a file within the transaction, and everything wrong with its rows."""

    problems: pl.DataFrame
    added: Mapping[str, Added]
    notes: Mapping[str, int] = field(default_factory=dict)
    holes: tuple[date, ...] = ()


class _NotForGood(Exception):
    """Ends the transaction of a dry run."""


def import_file(store: Store, path: Path, table: Table, layout: Layout, run: Run) -> Imported:
    """Take one file of a table's rows in.

    Raises IntakeError, StoreError, OSError; then nothing was stored.
    """
    if layout.table and layout.table != table.name:
        raise IntakeError(
            f"layout `{layout.name}` is for {layout.table}, not {table.name}: "
            f"`forbear import {layout.table.replace('_', '-')} {path}`"
        )
    columns = (*table.columns, VOID)
    read = read_with(path, layout, columns, run)
    named = {plain(name) for name in read.rows.columns}
    by_source = table.name == "contacts" and all(
        source.value is not None
        or {plain(one) for one in source.columns} & named
        or (source.join and {plain(one) for one in source.join} <= named)
        for source in (layout.source("source"), layout.source("source_id"))
    )
    needed = {one.name for one in table.columns if not one.nullable} - GIVEN
    laid = laid_out(path, read, columns, layout, needed - ({table.key[0]} if by_source else set()))
    if by_source and table.key[0] not in laid.rows.columns:
        ids = [pl.col(one).cast(pl.String()) for one in ("source", "source_id")]
        laid = Laid(
            laid.rows.with_columns(pl.format("{}:{}", *ids).alias(table.key[0])),
            laid.sources, laid.unmapped, laid.unread,
        )  # fmt: skip
    run.progress(f"checking {path.name}", 0, 1)
    rows, wrong = valued(laid, columns, layout, run.zone)
    rows = rows.with_columns(pl.col(VOID.name).fill_null(value=False))
    problems = pl.concat(
        [*checks.value_problems(table, rows), *checks.shape_problems(table, rows), wrong]
    )

    def stored(connection: Connection) -> Stored:
        return _store(connection, path, table, rows, problems, layout, run)

    return finished(store, path, table.name, read, laid, layout, run, stored)


def read_with(path: Path, layout: Layout, columns: tuple[Column, ...], run: Run) -> Read:
    """Read a file whose columns may be these. Raises IntakeError, OSError."""
    run.progress(f"reading {path.name}", 0, 1)
    wanted = layout.wanted(column.name for column in columns)
    return read_file(path, How(wanted, layout.none, run.sheet))


def finished(
    store: Store,
    path: Path,
    kind: str,
    read: Read,
    laid: Laid,
    layout: Layout,
    run: Run,
    stored: Callable[[Connection], Stored],
) -> Imported:
    """Store, set aside and tell: one transaction, which a dry run takes back."""
    done: Imported | None = None
    try:
        with store.writing() as connection:
            run.progress(f"storing {path.name}", 0, 1)
            found = stored(connection)
            lines = found.problems[LINE].n_unique()
            added = found.added.values()
            new, corrected, same = (
                sum(getattr(one, name) for one in added) for name in ("new", "corrected", "same")
            )
            if kind != WIDE:
                assert read.rows.height == new + corrected + same + lines
            named = _problems(path, read, laid, found.problems)
            total = lines + len(read.broken)
            kept = None if run.dry or not total else set_aside(run.aside, path, read, named)
            done = Imported(
                path, kind, read.shape, read.count, new, corrected, same, named, total, kept,
                laid.unmapped, laid.unread, read.lines, found.notes,
                {name: one.new + one.corrected + one.same for name, one in found.added.items()},
                found.holes, run.cut.accepted if run.cut and found.holes else None,
                layout.origin or run.origin,
            )  # fmt: skip
            if run.dry:
                raise _NotForGood
            if run.record is not None:
                run.record(done)
    except _NotForGood:
        pass
    assert done is not None
    return done


def settled(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems, less those that say of a cell that cannot be read that it is missing as well.

    A moment left out is now, so that nothing is wrong with it.
    """
    empty = pl.col("reason").str.starts_with(checks.NO_VALUE)
    given = pl.col("column").is_in(list(GIVEN))
    said = problems.filter(~empty)
    lost = problems.filter(empty, ~given).join(said, on=[LINE, "column"], how="anti")
    return pl.concat([said, lost])


def _store(
    connection: Connection,
    path: Path,
    table: Table,
    rows: pl.DataFrame,
    problems: pl.DataFrame,
    layout: Layout,
    run: Run,
) -> Stored:
    """Add the rows without a problem; all problems, with those that only the store knows."""
    rows, lost, left = found_in_store(connection, rows, layout)
    problems = settled(pl.concat([problems, lost]))
    good = rows.join(problems, on=LINE, how="anti", maintain_order="left")
    more = [*checks.store_problems(connection, table, good), checks.key_problems(table, good)]
    problems = pl.concat([problems, *more])
    good = good.join(problems, on=LINE, how="anti", maintain_order="left")
    told = originated(table, good, layout.origin or run.origin)
    holes: tuple[date, ...] = ()
    if table.name == "contacts":
        named = pl.col("source").is_not_null() & pl.col("source_id").is_not_null()
        told = told.with_columns(
            origin=pl.when(named).then("source").otherwise("origin"),
            origin_id=pl.when(named).then("source_id").otherwise("origin_id"),
            received_at=pl.col("at"),
        )
        left[LATER] = told.filter(pl.col("at") > run.now)[LINE]
        holes = _holes(connection, path, told, run, rows.height - told.height)
    added = add(connection, STORED_AS[table.name], told, run.now)
    problems = pl.concat([problems, refused(table, added)])
    out = problems[LINE].unique().implode()
    notes = {why: int((~lines.is_in(out)).sum()) for why, lines in left.items()}
    notes = {why: count for why, count in notes.items() if count}
    return Stored(problems, {table.name: added}, notes, holes)


def originated(table: Table, rows: pl.DataFrame, origin: str) -> pl.DataFrame:
    """Rows with the system that tells of them, and their ids there: their keys."""
    key = KEPT[STORED_AS[table.name]].key
    return rows.with_columns(
        origin=pl.lit(origin), origin_id=pl.concat_str(list(key), separator="/")
    )


def refused(table: Table, added: Added) -> pl.DataFrame:
    """What the store refused, as problems."""
    return added.refused.select(
        LINE, column=pl.lit(table.key[0]), reason=pl.col("reason").cast(pl.String())
    )


def _holes(
    connection: Connection, path: Path, told: pl.DataFrame, run: Run, aside: int
) -> tuple[date, ...]:
    """Days without contacts, if this is the cut-over. Raises HolesError, but for a dry run."""
    cut = run.cut
    if cut is None:
        return ()
    if not cut.told and lookups.known(connection, "contact", told["origin"].unique()):
        return ()
    days = told.select(pl.col("at").dt.convert_time_zone(cut.zone).dt.date()).to_series()
    found = days.unique().drop_nulls()
    if run.dry:
        return cutover.holes(found, cut.until(found))
    return cutover.check(path.name, found, cut, aside)


def _problems(path: Path, read: Read, laid: Laid, problems: pl.DataFrame) -> tuple[Problem, ...]:
    """Every problem with the file's own name of the column and what stands there, by row."""
    found = [Problem(path, number, "", "", why) for number, _, why in read.broken]
    wrong = problems.unique(maintain_order=True)
    named = set(wrong["column"]) & set(laid.sources)
    places = dict(zip(read.rows[LINE], range(read.rows.height), strict=True)) if named else {}
    cells = {name: shown(read.rows, laid.sources[name]) for name in named}
    for line, column, reason in wrong.iter_rows():
        value = cells[column][places[line]] if column in cells else None
        found.append(Problem(path, line, laid.sources.get(column, column), value or "", reason))
    return tuple(sorted(found, key=lambda one: (one.row, one.column, one.reason)))


def table_of(kind: str) -> Table:
    """The table of a KIND as the command line says it. Raises IntakeError."""
    table = EVERY.get(kind.replace("-", "_"))
    if table is None:
        known = [*(name.replace("_", "-") for name in EVERY), WIDE]
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
    for table in EVERY.values():
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
