"""What is checked of a portfolio, column by column; no row is turned into an object.

Each check is a lazy query over the columns it needs. The first pass only counts; the rows behind
a count are looked up only where there are any, to name the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine import clock
from engine.facts.catalogue import STATEMENTS

from .licensing import licences_in
from .said import FILE_NAMED, FIRST_YEAR, fits
from .store.schema import DAY, EVERY, INSTANT, TABLES, Column, Table
from .store.schema_text import type_text

_PLURALS = {
    "whom": "roles",
    "to": "addressees",
    "medium": "media",
    "status": "statuses",
    "technology": "technologies",
    "special_line": "lines",
}
_SHOWN = 24
_SPAN: Final = {
    DAY: (date(FIRST_YEAR, 1, 1), date(clock.LAST_YEAR, 1, 1)),
    INSTANT: (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(clock.LAST_YEAR, 1, 1, tzinfo=UTC)),
}


@dataclass(frozen=True, slots=True)
class PortfolioProblem:
    """One thing wrong with a file: `column` if it is about one, `rows` how many rows it spoils."""

    file: str
    column: str | None
    message: str
    rows: int | None = None

    def __str__(self) -> str:
        """The line a person reads."""
        place = ": ".join(
            part for part in (self.file, f"column {self.column}" if self.column else "") if part
        )
        return f"{place}: {self.message}" if place else self.message


def file_problems(path: Path, table: Table) -> list[PortfolioProblem]:
    """What is wrong with a file before any row is read: absent, unreadable, columns, types."""
    if not path.is_file():
        return [PortfolioProblem(path.name, None, "the file is missing")]
    try:
        schema = pl.scan_parquet(path).collect_schema()
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return [PortfolioProblem(path.name, None, "the file is not readable as Parquet")]
    problems = []
    for column in table.columns:
        have = schema.get(column.name)
        wanted = type_text(column.dtype)
        if have is None:
            text = f"the column is missing; it holds {wanted}: {column.means}"
            problems.append(PortfolioProblem(path.name, column.name, text))
        elif have != column.dtype:
            text = f"the type is {have}; it must be {column.dtype} ({wanted})"
            problems.append(PortfolioProblem(path.name, column.name, text))
    return problems


def row_problems(frames: Mapping[str, pl.LazyFrame]) -> list[PortfolioProblem]:
    """What is wrong inside the files; `frames` are those whose columns are sound."""
    problems: list[PortfolioProblem] = []
    for name, frame in frames.items():
        table = EVERY[name]
        try:
            problems.extend(_value_problems(table, frame))
            for column in table.columns:
                if column.refers in frames:
                    problems.extend(_reference_problems(table, column, frames))
        except (pl.exceptions.PolarsError, OSError):
            problems.append(PortfolioProblem(table.file, None, "the file is damaged"))
    if "accounts" in frames:
        problems.extend(_collector_problems(frames["accounts"]))
    if "contact_points" in frames:
        problems.extend(_provenance_problems(frames["contact_points"]))
    if "collectors" in frames:
        problems.extend(_licence_problems(frames["collectors"]))
        if "accounts" in frames:
            problems.extend(_capacity_problems(frames["collectors"], frames["accounts"]))
    if {"same_persons", "consumers"} <= set(frames):
        problems.extend(_pair_problems(frames["same_persons"], frames["consumers"]))
    for name in ("statements", "knowledge"):
        if name in frames:
            problems.extend(_layout_problems(TABLES[name], frames[name]))
    return problems


def _value_problems(table: Table, frame: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    for column in table.columns:
        cell = pl.col(column.name)
        if not column.nullable and (rows := _count(frame, cell.is_null())):
            text = f"{_rows(rows)} no value ({_first(table, frame, cell.is_null())}); one is needed"
            yield PortfolioProblem(table.file, column.name, text, rows)
        if column.words is not None and (rows := _count(frame, ~cell.is_in(column.words))):
            yield _word_problem(table, column, frame, rows)
        if column.dtype in _SPAN:
            first, end = _SPAN[column.dtype]
            far = (cell < pl.lit(first)) | (cell >= pl.lit(end))
            if rows := _count(frame, far):
                years = f"before {FIRST_YEAR} or after {clock.LAST_YEAR - 1}"
                text = f"{_rows(rows)} a day {years} ({_first(table, frame, far)})"
                yield PortfolioProblem(table.file, column.name, text, rows)
    if len(table.key) == 1:
        key = pl.col(table.key[0])
        ascends = frame.select((key <= key.shift(1)).sum()).collect(engine="streaming").item() == 0
        if ascends:
            return
    yield from _key_problems(table, frame)  # not sorted by key: it has to be shown the long way


def _count(frame: pl.LazyFrame, bad: pl.Expr) -> int:
    """How many rows are bad. As a filter it is read off dictionaries and statistics, not rows."""
    return int(frame.filter(bad).select(pl.len()).collect(engine="streaming").item())


def _rows(rows: int) -> str:
    return "1 row holds" if rows == 1 else f"{rows:,} rows hold"


def _first(table: Table, frame: pl.LazyFrame, bad: pl.Expr) -> str:
    row = frame.filter(bad).select(table.key).head(1).collect(engine="streaming")
    return "first: " + ", ".join(f"{name} {row[name][0]}" for name in table.key)


def _word_problem(table: Table, column: Column, frame: pl.LazyFrame, rows: int) -> PortfolioProblem:
    known = column.words or ()
    bad = ~pl.col(column.name).is_in(known)
    found = frame.filter(bad).select(pl.col(column.name).unique(maintain_order=True))
    unknown = found.head(4).collect(engine="streaming").to_series().to_list()
    quoted = ", ".join(json.dumps(word) for word in unknown[:3])
    said = f"an unknown word {quoted}" if len(unknown) == 1 else f"unknown words {quoted}"
    said += ", ..." if len(unknown) > 3 else ""
    plural = _PLURALS.get(column.name, column.name + "s")
    listed = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    text = f"{_rows(rows)} {said} ({_first(table, frame, bad)}); the {plural} are {listed}"
    return PortfolioProblem(table.file, column.name, text, rows)


def _key_problems(table: Table, frame: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    keys = frame.select(table.key)
    twice = keys.group_by(table.key).len().filter(pl.col("len") > 1)
    total, first = pl.collect_all(
        [twice.select(pl.len()), twice.sort(table.key).head(1)], engine="streaming"
    )
    if rows := int(total.item()):
        named = ", ".join(f"{name} {first[name][0]}" for name in table.key)
        ids = "1 key stands" if rows == 1 else f"{rows:,} keys stand"
        text = f"{ids} in more than one row (first: {named})"
        yield PortfolioProblem(table.file, table.key[0], text, rows)


def _reference_problems(
    table: Table, column: Column, frames: Mapping[str, pl.LazyFrame]
) -> Iterator[PortfolioProblem]:
    assert column.refers is not None
    target = TABLES[column.refers]
    name = column.name
    used = frames[table.name].select(name)
    if isinstance(column.dtype, pl.List):
        used = used.filter(pl.col(name).is_not_null()).explode(name)
    # neighbours are mostly equal: dropping repeats first makes the join small
    used = used.filter(pl.col(name).ne_missing(pl.col(name).shift(1)), pl.col(name).is_not_null())
    known = frames[target.name].select(pl.col(target.key[0]).alias(name))
    lost = used.join(known, on=name, how="anti").collect(engine="streaming").to_series().unique()
    if lost.is_empty():
        return
    cell = pl.col(name)
    bad = (
        cell.list.eval(pl.element().is_in(lost.implode())).list.any()
        if isinstance(column.dtype, pl.List)
        else cell.is_in(lost.implode())
    )
    frame = frames[table.name]
    rows = _count(frame, bad)
    example = json.dumps(lost.sort()[0])
    text = (
        f"{_rows(rows)} an id that {target.file} does not have: {example} "
        f"({_first(table, frame, bad)})"
    )
    yield PortfolioProblem(table.file, name, text, rows)


def _collector_problems(accounts: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    """A collector is one body in one capacity: counts, licences and roles go by its id."""
    said = ("collector_role", "collector_type", "collector_located_in")
    frame = (
        accounts.select("collector", *said)
        .unique()
        .group_by("collector")
        .agg(pl.col(name).n_unique() for name in said)
        .sort("collector")
        .collect(engine="streaming")
    )
    for name in said:
        twice = frame.filter(pl.col(name) > 1)["collector"]
        if len(twice):
            many = "1 collector has" if len(twice) == 1 else f"{len(twice):,} collectors have"
            text = (
                f"{many} more than one value (first: collector {twice[0]}); give each capacity "
                "an id of its own"
            )
            yield PortfolioProblem(TABLES["accounts"].file, name, text, len(twice))


def _capacity_problems(
    collectors: pl.LazyFrame, accounts: pl.LazyFrame
) -> Iterator[PortfolioProblem]:
    """What the table of collectors says of one is what its accounts say."""
    said = ("collector_role", "collector_type", "collector_located_in")
    owed = accounts.select("collector", *said).unique("collector")
    both = collectors.join(owed, on="collector", suffix="_owed").sort("collector")
    frame = both.collect(engine="streaming")
    for name in said:
        other = frame.filter(pl.col(name).ne_missing(pl.col(f"{name}_owed")))
        if other.height:
            first = other.row(0, named=True)
            text = (
                f"{_rows(other.height)} something else than {TABLES['accounts'].file} does (first: "
                f"collector {first['collector']}, {first[name] or 'nothing'} here, "
                f"{first[f'{name}_owed'] or 'nothing'} there)"
            )
            yield PortfolioProblem(EVERY["collectors"].file, name, text, other.height)


def _pair_problems(pairs: pl.LazyFrame, consumers: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    """Pairs are of persons; who is named by the id of a file has that person's id."""
    files = consumers.filter(pl.col("consumer") != pl.col("person")).select("consumer", "person")
    for name in ("person", "other"):
        met = pairs.select(consumer=name).join(files, on="consumer").sort("consumer")
        if (rows := met.collect(engine="streaming")).height:
            text = f"{_rows(rows.height)} " + FILE_NAMED.format(*rows.row(0))
            yield PortfolioProblem(EVERY["same_persons"].file, name, text, rows.height)


def _licence_problems(collectors: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    """Licences are a JSON object: places, each with a day or `unlimited`."""
    told = collectors.drop_nulls("licences").select("collector", "licences").sort("collector")
    rows = told.collect(engine="streaming").rows()
    wrong = [(name, text) for name, text in rows if licences_in(text) is None]
    if wrong:
        name, text = wrong[0]
        said = (
            f"{_rows(len(wrong))} text that is no JSON object of places with their last day or "
            f"`unlimited` (first: collector {name}, {text})"
        )
        yield PortfolioProblem(EVERY["collectors"].file, "licences", said, len(wrong))


def _provenance_problems(points: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    """How an e-mail address was obtained is a JSON object; its words are the engine's to read."""
    told = pl.col("email_provenance")
    table = TABLES["contact_points"]
    sound = told.str.starts_with("{") & told.str.json_path_match("$").is_not_null()
    bad = told.is_not_null() & ~sound
    if rows := _count(points, bad):
        text = f"{_rows(rows)} text that is no JSON object ({_first(table, points, bad)})"
        yield PortfolioProblem(table.file, "email_provenance", text, rows)


def _of_shape(*shapes: str) -> list[str]:
    return [name for name, saying in STATEMENTS.items() if saying.shape in shapes]


def _layout_problems(table: Table, frame: pl.LazyFrame) -> Iterator[PortfolioProblem]:
    """Whether each row holds what the shape of its word needs, in the column it goes to."""
    kind = pl.col("kind")
    debts = _of_shape("debts", "debt", "disputes", "consent")
    points = _of_shape("point", "points")
    needs = (
        ("accounts", debts, pl.col("accounts").is_null() | (pl.col("accounts").list.len() == 0)),
        ("point", points, pl.col("point").is_null()),
        (
            "value",
            [name for name in STATEMENTS if name not in debts + points],
            pl.col("value").is_null(),
        ),
    )
    for column, kinds, absent in needs:
        bad = kind.is_in(kinds) & absent
        if rows := _count(frame, bad):
            row = frame.filter(bad).select(table.key[0], "kind").head(1).collect()
            text = (
                f"{_rows(rows)} nothing, but the word needs it "
                f"(first: {table.key[0]} {row[table.key[0]][0]}, {row['kind'][0]})"
            )
            yield PortfolioProblem(table.file, column, text, rows)
    for column in ("value", "more"):
        found = (
            frame.filter(pl.col(column).is_not_null(), kind.is_in(list(STATEMENTS)))
            .group_by("kind", column)
            .agg(pl.len(), pl.col(table.key[0]).min().alias("first"))
            .sort("first")
            .collect(engine="streaming")
        )
        wrong = [row for row in found.iter_rows() if not fits(row[0], **{column: row[1]})]
        if wrong:
            rows = sum(row[2] for row in wrong)
            name, value, _, first = wrong[0]
            saying = STATEMENTS[name]
            shape = ", ".join(saying.beside) or "nothing" if column == "more" else saying.shape
            text = (
                f"{_rows(rows)} what the word does not take: {value} (first: {table.key[0]} "
                f"{first}, {name}, which takes {shape})"
            )
            yield PortfolioProblem(table.file, column, text, rows)
