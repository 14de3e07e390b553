"""Lists as files: CSV, NDJSON and Parquet, each written once, in one pass over the rows.

Rows come in pieces, in the order of the list; the bytes depend on the rows alone, not on how they
were cut. Failures to write are the caller's to name: OSError and Polars' own errors pass through.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, cast

import polars as pl
from polars.io.plugins import register_io_source

from .contact_list import INSTANT, JSON_TEXTS

ROWS_IN_GROUP: Final = 131_072
AT_ONCE: Final = 32_768  # rows turned into text at once
ODD: Final = r'["\\\x00-\x1f]'
"""Characters that may not stand in a JSON string as they are."""
ISO: Final = "%Y-%m-%dT%H:%M:%SZ"
TEXTS: Final = ("csv", "ndjson")
Columns = Mapping[str, pl.DataType]


class Hashed:
    """A file that is only written to, and its SHA-256 made while it grows."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin with nothing."""
        self._file = file
        self._whole = hashlib.sha256()

    def write(self, some: bytes) -> int:
        """Put bytes behind what is there."""
        self._whole.update(some)
        return self._file.write(some)

    @property
    def digest(self) -> str:
        """The SHA-256 of all that was written, hex."""
        return self._whole.hexdigest()


def write_list(
    place: Path,
    name: str,
    columns: Columns,
    formats: Sequence[str],
    pieces: Iterable[pl.DataFrame],
) -> dict[str, str]:
    """Write a list in the formats wanted; returns the hashes of its texts by the file's name.

    `pieces` have exactly these columns, and are asked for one after another.
    """
    with contextlib.ExitStack() as open_files:
        texts = {
            kind: Hashed(open_files.enter_context((place / f"{name}.{kind}").open("wb")))
            for kind in TEXTS
            if kind in formats
        }
        if "csv" in texts:
            texts["csv"].write((",".join(columns) + "\n").encode())
        passing = _passing(texts, pieces)
        if "parquet" in formats:
            write_parquet(place / f"{name}.parquet", columns, passing)
        else:
            for _ in passing:
                pass
        return {f"{name}.{kind}": text.digest for kind, text in texts.items()}


def _passing(texts: Mapping[str, Hashed], pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The pieces again, each put down as text before it is handed on."""
    for rows in pieces:
        for some in rows.iter_slices(AT_ONCE) if texts else ():
            told = _in_words(some)
            for kind, text in texts.items():
                _WRITERS[kind](cast("IO[bytes]", text), told, some.schema)
        yield rows


def write_parquet(
    path: Path,
    columns: Columns,
    pieces: Iterable[pl.DataFrame],
    metadata: dict[str, str] | None = None,
) -> None:
    """Make one Parquet file of pieces with exactly these columns, holding few at a time."""
    trouble: list[Exception] = []

    def pour(*_: object) -> Iterator[pl.DataFrame]:
        try:
            yield from _groups(pieces)
        except Exception as error:
            trouble.append(error)  # Polars would keep its words alone
            raise

    try:
        register_io_source(pour, schema=dict(columns)).sink_parquet(
            path,
            compression="zstd",
            compression_level=3,
            statistics=True,
            row_group_size=ROWS_IN_GROUP,
            maintain_order=True,
            metadata=metadata,
        )
    except pl.exceptions.PolarsError:
        if trouble:
            raise trouble[0] from None
        raise


def _groups(pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The rows of pieces as the groups of rows that a file has, each in memory of its own.

    # INVARIANT: what is written of a group depends on its rows alone. Where a group is a part of
    something longer, lists are cut into pages by the length of the whole.
    """
    waiting: list[pl.DataFrame] = []
    room = ROWS_IN_GROUP
    for rows in pieces:
        while rows.height >= room:
            yield _own([*waiting, rows.head(room)])
            rows, waiting, room = rows.slice(room), [], ROWS_IN_GROUP
        waiting.append(rows)
        room -= rows.height
    if room < ROWS_IN_GROUP:
        yield _own(waiting)


def _own(pieces: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pieces as one, copied: a piece alone would stay a part of what it was cut from."""
    halves = ((one.head(one.height // 2), one.slice(one.height // 2)) for one in pieces)
    return pl.concat([half for both in halves for half in both], rechunk=True)


def write_csv(path: Path, rows: pl.DataFrame) -> None:
    """Write rows as CSV, without the header."""
    _write(path, "csv", rows)


def write_ndjson(path: Path, rows: pl.DataFrame) -> None:
    """Write rows as NDJSON: an object a line, its words in the order of the columns."""
    _write(path, "ndjson", rows)


def _write(path: Path, kind: str, rows: pl.DataFrame) -> None:
    with path.open("wb") as file:
        for some in rows.iter_slices(AT_ONCE):
            _WRITERS[kind](file, _in_words(some), some.schema)


def _csv(file: IO[bytes], told: pl.DataFrame, _: Columns) -> None:
    told.write_csv(file, include_header=False)


def _ndjson(file: IO[bytes], told: pl.DataFrame, columns: Columns) -> None:
    lines = told.select(_line(told, columns))
    lines.write_csv(file, include_header=False, quote_style="never")


_WRITERS: Final[dict[str, Callable[[IO[bytes], pl.DataFrame, Columns], None]]] = {
    "csv": _csv,
    "ndjson": _ndjson,
}


def _in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their instants and days as texts, and their lists as JSON, for both formats."""
    return rows.with_columns(
        _json_list(rows[name]) if isinstance(kind, pl.List) else _times(rows[name])
        for name, kind in rows.schema.items()
        if isinstance(kind, pl.List) or kind.is_temporal()
    )


def _times(times: pl.Series) -> pl.Expr:
    """A column of instants or days as texts; each that there is is put into words once."""
    known = times.drop_nulls().unique()
    texts = known.dt.strftime(ISO if times.dtype == INSTANT else "%Y-%m-%d")
    return pl.col(times.name).replace_strict(known, texts, default=None, return_dtype=pl.String)


def _json_list(lists: pl.Series) -> pl.Expr:
    """A column of lists as JSON: put together, unless something in it needs Polars' own way."""
    inside, cell = lists.explode(empty_as_null=False, keep_nulls=True), pl.col(lists.name)
    if inside.null_count() or inside.str.contains(ODD).any():
        return _json(lists.name)
    whole = pl.concat_str(pl.lit('["'), cell.list.join('","'), pl.lit('"]'))
    return pl.when(cell.list.len() == 0).then(pl.lit("[]")).otherwise(whole).alias(lists.name)


def _json(name: str) -> pl.Expr:
    inside = pl.struct(name).struct.json_encode()
    return inside.str.slice(len(name) + 4, inside.str.len_chars() - (len(name) + 5)).alias(name)


def _line(told: pl.DataFrame, columns: Columns) -> pl.Expr:
    """Each row as a JSON object. Columns that are JSON themselves are put in as they stand."""
    texts = [one for one, kind in columns.items() if kind == pl.String() and one not in JSON_TEXTS]
    odd = told.select(pl.col(texts).str.contains(ODD).any()).row(0, named=True)
    pieces: list[pl.Expr] = []
    before = "{"
    for name, kind in columns.items():
        before += f'"{name}":'
        cell, quote = pl.col(name), ""
        if kind.is_integer():
            cell = cell.cast(pl.String)
        elif odd.get(name):
            cell = _json(name)
        elif kind.is_temporal() or name in odd:
            quote = '"'
        if quote and told[name].null_count():
            cell, quote = pl.concat_str(pl.lit(quote), cell, pl.lit(quote)), ""
        pieces += [pl.lit(before + quote), cell.fill_null("null")]
        before = quote + ","
    return pl.concat_str([*pieces, pl.lit(before[:-1] + "}")])
