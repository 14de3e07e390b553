"""What is checked of a portfolio, column by column; no row is turned into an object.

Each check is a lazy query over the columns it needs. The first pass only counts; the rows behind
a count are looked up only where there are any, to name the first of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engine import words
from engine.facts.catalogue import HOLDS, STATEMENTS

from .store.schema import TABLES, Column, Table, type_text

_PLURALS = {
    "whom": "roles",
    "to": "addressees",
    "medium": "media",
    "status": "statuses",
    "technology": "technologies",
    "special_line": "lines",
}
_SHOWN = 24


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
        table = TABLES[name]
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
    for column, test in (("value", _value_fits), ("more", _more_fits)):
        found = (
            frame.filter(pl.col(column).is_not_null(), kind.is_in(list(STATEMENTS)))
            .group_by("kind", column)
            .agg(pl.len(), pl.col(table.key[0]).min().alias("first"))
            .sort("first")
            .collect(engine="streaming")
        )
        wrong = [row for row in found.iter_rows() if not test(row[0], row[1])]
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


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value) is not None
    except ValueError:
        return False


def _clock(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", value))


def _days(value: object) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and all(name in words.DAYS + words.DAY_NAMES for name in names)


def _hours(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_hours(one) for one in value)
    tests: dict[str, Callable[[object], bool]] = {
        "days": _days,
        "from": _clock,
        "to": _clock,
        "until": _day,
    }
    return _record(value, tests)


def _record(value: object, tests: Mapping[str, Callable[[object], bool]]) -> bool:
    return isinstance(value, dict) and all(
        name in tests and tests[name](one) for name, one in value.items()
    )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _money(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{1,10}(\.\d{1,2})?", value) is not None


def _on(value: object) -> bool:
    return value == "unspecified" or _days(value)


def _anything(value: object) -> bool:
    return value is not None


_FITS: dict[str, Callable[[Any], bool]] = {
    "disputes": lambda value: isinstance(value, dict) and all(map(_money, value.values())),
    "debt_or_true": lambda value: (
        value is True or _text(value) or (isinstance(value, list) and all(map(_text, value)))
    ),
    "channel": lambda value: value in words.CHANNELS,
    "hours": _hours,
    "place": lambda value: value in ("home", "work"),
    "clock": _clock,
    "zone": lambda value: _text(value) and "/" in value,
    "true": lambda value: isinstance(value, bool),
    "date": _day,
    "person": _text,
    "place_code": _text,
    "consent": lambda value: _record(value, {"on": _on, "date": _day, "until": _day}),
    "callback": lambda value: _record(value, {"debt": _text, "on": _anything}),
    "messages": lambda value: _record(value, {"max": _whole, "within": _anything}),
    "reassigned": lambda value: _record(
        value, {"point": _text, "since": _day, "answer": _anything}
    ),
    "bankruptcy": lambda value: _record(
        value, {"filed": _day, "chapter": _anything, "case": _text}
    ),
    "hold": lambda value: value in HOLDS,
    "money": lambda value: _record(value, {"amount": _money, "date": _day}),
}


def _value_fits(kind: str, text: str) -> bool:
    """Whether JSON text is a value of the word's shape; debts and points take none."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    fits = _FITS.get(STATEMENTS[kind].shape)
    return fits is not None and fits(value)


def _more_fits(kind: str, text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and set(value) <= set(STATEMENTS[kind].beside) - {"debts"}
