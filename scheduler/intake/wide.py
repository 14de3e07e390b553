"""A wide file: one row with an account, its consumer and all that belongs to them.

INVARIANT: of a row either everything is stored or nothing. What is wrong with one piece of it sets
the row aside whole; the rows that are left are tried again without it, within the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from ..store import lookups
from ..store.adding import LINE, Added, add
from ..store.database import Connection, Store
from ..store.kept import NAMES
from ..store.schema import TABLES, Column, Table
from . import checks
from .finding import consumers as consumers_found
from .importing import Imported, Run, Stored, finished, originated, read_with, refused, settled
from .laying import laid_out, valued
from .layouts import WIDE, Layout
from .rows import IntakeError, Read, plain
from .wide_flags import NOT_BACK, flagged, flags_of, pieces
from .wide_pieces import Piece, accounts, addresses, consumers, parties, points
from .wide_words import COLUMNS, DEFAULTED

BALANCE: Final = "balance"
"""The column by which a file tells of accounts, and does not only name them."""
_EVENTS: Final = ("statements", "knowledge")
_WITH: Final = ("_kind", "_role", "_at")


def import_wide(store: Store, path: Path, layout: Layout, run: Run) -> Imported:
    """Take a wide file in. Raises IntakeError, StoreError, OSError; then nothing was stored."""
    if layout.table not in ("", WIDE):
        kind = layout.table.replace("_", "-")
        raise IntakeError(
            f"layout `{layout.name}` is for {layout.table}, not {WIDE}: "
            f"`forbear import {kind} {path}`"
        )
    columns = tuple(COLUMNS.values())
    read = read_with(path, layout, columns, run)
    laid = laid_out(path, read, columns, layout, _needed(read, layout))
    given = frozenset(laid.rows.columns)
    run.progress(f"checking {path.name}", 0, 1)
    zone = run.zone or run.day_zone
    rows, wrong = valued(laid, _used(given), layout, zone, days=True)
    wide = _Wide(rows, wrong, given, layout, run, zone)
    return finished(store, path, WIDE, read, laid, layout, run, wide.stored)


def _needed(read: Read, layout: Layout) -> set[str]:
    """Columns without which nothing can be made of the file."""
    named = {plain(name) for name in read.rows.columns}
    source = layout.source(BALANCE)
    tells = source.value is not None or any(plain(one) in named for one in source.columns)
    must = {one.name for one in TABLES["accounts"].columns if not one.nullable} if tells else set()
    return must | {"consumer"}


def _used(given: frozenset[str]) -> tuple[Column, ...]:
    """The columns that are looked at: those of the file, and those that stand beside them."""
    names = {*given, *DEFAULTED}
    for name in given:
        names |= {f"{name}{more}" for more in _WITH}
        if name.startswith("address_"):
            names |= {one for one in COLUMNS if one.startswith(f"{name[:9]}_")} - {
                f"{name[:9]}_street"
            }
    return tuple(column for name, column in COLUMNS.items() if name in names)


@dataclass(frozen=True, slots=True)
class _Wide:
    """A wide file's rows in their types, and the cells that are no such."""

    rows: pl.DataFrame
    wrong: pl.DataFrame
    given: frozenset[str]
    layout: Layout
    run: Run
    zone: str

    def stored(self, connection: Connection) -> Stored:
        """Add what can be, within the caller's transaction."""
        found = _Found()
        rows, lost = self._named(connection)
        found.add(lost)
        made = [*self._pieces(connection, rows, found)]
        found.add(settled(pl.concat([self.wrong, *(piece.problems for piece in made)])))
        bad = found.lines()
        while True:
            added, more = self._attempt(connection, made, bad)
            if more.is_empty():
                return Stored(found.problems(), added, found.notes)
            found.add(more)
            bad = found.lines()

    def _named(self, connection: Connection) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows with their consumer and the person behind it."""
        rows, lost = self.rows, checks.none()
        if self.layout.source("consumer").find:
            rows, lost = consumers_found(rows, lookups.owners(connection, rows["consumer"]))
            people = lookups.people(connection, rows["consumer"])
            rows = rows.drop("person").join(
                people, on="consumer", how="left", maintain_order="left"
            )
        empty = checks.said(
            rows, pl.col("consumer").is_null(), "consumer", f"{checks.NO_VALUE}who owes"
        )
        told = rows.with_columns(person=pl.coalesce("person", "consumer"))
        return told, pl.concat([lost, empty])

    def _pieces(self, connection: Connection, rows: pl.DataFrame, found: _Found) -> Sequence[Piece]:
        """Everything that the rows become."""
        # what stands in a row without its consumer is not looked at further
        rows = rows.filter(pl.col("consumer").is_not_null())
        has = self.given.__contains__
        made: list[Piece] = []
        if not self.layout.source("consumer").find:
            made.append(consumers(rows))
        if BALANCE in self.given:
            made.append(accounts(rows))
        made += parties(rows, has)
        by_number: dict[str, pl.DataFrame] = {}
        for name, piece in points(rows, has):
            made.append(piece)
            by_number[name] = piece.rows
        made += addresses(rows, has)
        told = []
        nos: dict[str, list[pl.Series]] = {name: [] for name in _EVENTS}
        for flag in flags_of(has):
            if flag.about.startswith(("phone_", "email_")) and flag.about not in by_number:
                continue
            events, wrong, no = flagged(flag, rows, by_number, self.layout, self.zone)
            found.add(wrong)
            told.append((flag, events))
            nos[flag.word.table].append(no)
        ids = {name: pl.concat(each) for name, each in nos.items() if each}
        events_made, back = pieces(connection, told, ids, self.run.now)
        if back:
            found.notes[NOT_BACK] = back
        return [*made, *events_made]

    def _attempt(
        self, connection: Connection, made: Sequence[Piece], bad: pl.Series
    ) -> tuple[dict[str, Added], pl.DataFrame]:
        """Add all rows that are not bad; if one more is found to be, take all back and tell."""
        found = _Found()
        added: dict[str, Added] = {}
        inner = connection.begin_nested()
        origin = self.layout.origin or self.run.origin
        for table in TABLES.values():
            mine = [piece.rows for piece in made if piece.table.name == table.name]
            if not mine:
                continue
            names = _named(table, [p.columns for p in made if p.table.name == table.name])
            out = pl.concat([bad, found.lines()]).implode()
            rows = pl.concat(mine).filter(~pl.col(LINE).is_in(out))
            rows, other = _once(table, rows)
            store = list(checks.store_problems(connection, table, rows))
            found.add(pl.concat([other, *store]), names)
            rows = rows.filter(~pl.col(LINE).is_in(found.lines().implode()))
            added[table.name] = add(
                connection, NAMES[table.name], originated(table, rows, origin), self.run.now
            )
            found.add(refused(table, added[table.name]), names)
        problems = found.problems()
        if problems.is_empty():
            inner.commit()
        else:
            inner.rollback()
        return added, problems


@dataclass(slots=True)
class _Found:
    """Problems and notes as they are found."""

    frames: list[pl.DataFrame] = field(default_factory=lambda: [checks.none()])
    notes: dict[str, int] = field(default_factory=dict)

    def add(self, problems: pl.DataFrame, names: Mapping[str, str] | None = None) -> None:
        """More of them; `names`: which wide column a table's is."""
        if names:
            problems = problems.with_columns(pl.col("column").replace(dict(names)))
        self.frames.append(problems)

    def problems(self) -> pl.DataFrame:
        """All of them, each once."""
        return pl.concat(self.frames).unique(maintain_order=True)

    def lines(self) -> pl.Series:
        """The rows they are about."""
        return self.problems()[LINE].unique()


def _named(table: Table, pieces: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The wide column of each of a table's; where there are several, table and column in words."""
    found: dict[str, set[str]] = {}
    for columns in pieces:
        for name, wide in columns.items():
            found.setdefault(name, set()).add(wide)
    what = table.name.removesuffix("s").replace("_", " ")
    return {n: min(of) if len(of) == 1 else f"{what} {n}" for n, of in found.items()}


def _once(table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each thing once; and the rows that say otherwise of one than an earlier row does.

    Of what was said several times the first time counts.
    """
    key = list(table.key)
    if table.name in _EVENTS:
        early = rows.sort("received_at", LINE, nulls_last=True)
        return early.unique(key, keep="first", maintain_order=True).sort(LINE), checks.none()
    first = rows.sort(LINE).unique(key, keep="first", maintain_order=True)
    if first.height == rows.height:
        return first, checks.none()
    met = rows.join(first, on=key, suffix="_first", maintain_order="left")
    others = []
    for column in table.columns:
        if column.name in key:
            continue
        cell = pl.col(column.name)
        differs = cell.ne_missing(pl.col(f"{column.name}_first"))
        reason = pl.format(
            "row {} of the file says otherwise of {}", f"{LINE}_first", pl.col(key[0])
        )
        others.append(checks.said(met, differs, column.name, reason))
    return first, pl.concat([checks.none(), *others])
