"""A file's columns under our names and in our types, as a layout says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from ..store.adding import LINE
from ..store.schema import STRINGS, Column
from . import checks
from .layouts import ASKED, From, Layout
from .results import OURS as OUR_RESULTS
from .rows import OURS, IntakeError, Read, plain
from .values import REASONS, typed

_SHOWN: Final = 40  # columns that a message names
_WIDE: Final = 40  # letters of a name that it shows
NOTHING: Final = "nothing"
"""What a layout's `map` and `else` write for no value."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A file's rows under our names; `sources`: which column each came from.

    `unmapped` counts codes of results that are not known; `unread` are columns nothing was read
    from.
    """

    rows: pl.DataFrame
    sources: Mapping[str, str]
    unmapped: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def laid_out(
    path: Path, read: Read, columns: Sequence[Column], layout: Layout, needed: Collection[str]
) -> Laid:
    """Choose and name columns. Raises IntakeError naming all that is needed and missing."""
    have = {plain(name): name for name in reversed(read.rows.columns) if name != LINE}
    cells: list[pl.Expr] = [pl.col(LINE)]
    sources: dict[str, str] = {}
    used: set[str] = set()
    missing: list[str] = []
    for column in columns:
        source = layout.source(column.name)
        named = [have[plain(one)] for one in source.columns if plain(one) in have]
        joined = [have[plain(one)] for one in source.join if plain(one) in have]
        if source.value is not None:
            cells.append(pl.lit(source.value).alias(column.name))
        elif named:
            sources[column.name] = named[0]
            used.add(named[0])
            cells.append(_cell(read.rows, named[0], source, layout, column).alias(column.name))
        elif joined and len(joined) == len(source.join):
            sources[column.name] = joined[0]
            used.update(joined)
            parts = [_text(_flat(read.rows, one)) for one in joined]
            cells.append(pl.concat_str(parts, separator="/").alias(column.name))
        elif source.default is not None:
            cells.append(pl.lit(source.default).alias(column.name))
        elif column.name in needed:
            missing.append(f"`{column.name}` ({column.means})")
    if missing:
        raise IntakeError(
            f"{path}: no column for {', '.join(missing)}; the file has {_listed(read)}; what is "
            "the same in every row is said by --set COLUMN=VALUE"
        )
    rows = read.rows.select(cells)
    unread = tuple(
        name
        for name in read.rows.columns
        if name not in used and name != LINE and not name.startswith(OURS)
    )
    if "result" not in rows.columns:
        return Laid(rows, sources, {}, unread)
    rows, unmapped = _results(rows, layout)
    return Laid(rows, sources, unmapped, unread)


def _listed(read: Read) -> str:
    """The columns of a file, on one line."""
    names = [" ".join(name.split())[:_WIDE] for name in read.rows.columns if name != LINE]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _flat(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).list.join(";") if rows.schema[name].is_nested() else pl.col(name)


def _text(cell: pl.Expr) -> pl.Expr:
    text = cell.cast(pl.String(), strict=False).str.strip_chars()
    return pl.when(text != "").then(text)


def _cell(rows: pl.DataFrame, name: str, source: From, layout: Layout, column: Column) -> pl.Expr:
    """A column's cells: what means nothing is nothing, words are ours, gaps have their default."""
    plain_cell = source.default is None and source.other is None and not source.map
    if rows.schema[name].is_nested():
        # a list stands for one only where ours is one
        return pl.col(name) if column.dtype == STRINGS else _flat(rows, name)
    if plain_cell and not layout.empty:
        return pl.col(name)
    if rows.schema[name] != pl.String() and plain_cell:
        return pl.col(name)
    text = _text(pl.col(name))
    if layout.empty:
        text = pl.when(~text.str.to_lowercase().is_in(list(layout.empty))).then(text)
    if source.map or source.other is not None:
        known = {key.strip().casefold(): _or_none(value) for key, value in source.map.items()}
        other = text if source.other is None else pl.lit(_or_none(source.other), pl.String())
        low = text.str.to_lowercase()
        mapped = low.replace_strict(known, default=None, return_dtype=pl.String())
        text = (
            pl.when(text.is_null())
            .then(None)
            .when(low.is_in(list(known)))
            .then(mapped)
            .otherwise(other)
        )
    return text if source.default is None else text.fill_null(source.default)


def _or_none(value: str) -> str | None:
    return None if value == NOTHING else value


def _results(rows: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, dict[str, int]]:
    """Codes of results as ours; an unknown one is left open, which counts as all it could be."""
    codes = OUR_RESULTS if layout.results is None else layout.results
    code = _text(pl.col("result"))
    counts = rows.select(code=code).group_by("code").len().sort("code")
    known = {one: codes.get(one) for one in counts["code"].drop_nulls()}
    mapped = code.replace_strict(known, default=None, return_dtype=pl.String())
    lost = {str(a): int(b) for a, b in counts.iter_rows() if a is not None and known[a] is None}
    return rows.with_columns(result=mapped), lost


def valued(
    laid: Laid,
    columns: Sequence[Column],
    layout: Layout,
    zone: str = "",
    *,
    days: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every column in its type, nothing where the file has none; and the cells that are no such.

    `zone` is the clock of moments without an offset, where the layout does not name one. `days`:
    a day alone is a moment too. Raises IntakeError if a zone is asked for and none is told.
    """
    series = [laid.rows[LINE]]
    problems = [checks.none()]
    for column in columns:
        if column.name not in laid.rows.columns:
            gap = pl.Series(column.name, [None], column.dtype)
            series.append(gap.new_from_index(0, laid.rows.height))
            continue
        source = layout.source(column.name)
        if source.zone == ASKED and not zone:
            raise IntakeError(
                f"layout `{layout.name}`: the file does not say which clock its moments are of; "
                "say it with --zone, as in --zone America/New_York"
            )
        clock = zone if source.zone in ("", ASKED) else source.zone
        found = typed(laid.rows, column, source.formats, clock, source.decimal, days=days)
        series.append(found["value"].alias(column.name))
        why = REASONS.get(column.dtype, "not a text")
        bad = laid.rows.select(LINE).with_columns(found["bad"])
        problems.append(checks.said(bad, pl.col("bad"), column.name, why))
    return pl.DataFrame(series), pl.concat(problems)
