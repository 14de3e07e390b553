"""Rows in and out by the thousand, as columns: frames to a database's own bulk way, and back."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl
import sqlalchemy as sa

from .database import driver

CHUNK: Final = 50_000
_CENT: Final = pl.Decimal(12, 2)


def encode(frame: pl.DataFrame, dialect: str) -> pl.DataFrame:
    """A frame with every value as the database holds it."""
    return frame.with_columns(
        _encoded(name, dtype, dialect) for name, dtype in frame.schema.items()
    )


def _encoded(name: str, dtype: pl.DataType, dialect: str) -> pl.Expr:
    cell = pl.col(name)
    if isinstance(dtype, pl.List):
        # JSON of a record of it alone, {"x":[...]}, less what is around the list
        text = pl.struct(cell.alias("x")).struct.json_encode().str.slice(5).str.head(-1)
        return pl.when(cell.is_not_null()).then(text).alias(name)
    if dialect == "postgresql":
        return cell
    if dtype == pl.Boolean():
        return cell.cast(pl.Int64())
    if dtype == pl.Date():
        return cell.cast(pl.String())
    if isinstance(dtype, pl.Datetime):
        return cell.cast(pl.Int64())
    if isinstance(dtype, pl.Decimal):
        return (cell.cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64())
    return cell


def _held(dtype: pl.DataType, dialect: str) -> pl.DataType:
    """The type that a column comes out of the database with."""
    if isinstance(dtype, pl.List | pl.String) or dialect == "postgresql":
        return pl.Int64() if dtype == pl.Int64() else pl.String()
    return pl.String() if dtype == pl.Date() else pl.Int64()


def held(schema: Mapping[str, pl.DataType], dialect: str) -> dict[str, pl.DataType]:
    """The types that columns come out of the database with."""
    return {name: _held(dtype, dialect) for name, dtype in schema.items()}


def decode(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], dialect: str) -> pl.DataFrame:
    """A frame that came out of the database, with the types of the schema."""
    return frame.select(_decoded(name, dtype, dialect) for name, dtype in schema.items())


def _decoded(name: str, dtype: pl.DataType, dialect: str) -> pl.Expr:
    cell = pl.col(name)
    if isinstance(dtype, pl.List):
        return cell.str.json_decode(dtype)
    if isinstance(dtype, pl.Date):
        return cell.str.to_date("%Y-%m-%d")
    if dialect == "postgresql":
        if isinstance(dtype, pl.Boolean):
            return cell == "t"
        if isinstance(dtype, pl.Datetime):
            return cell.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")
        return cell.cast(dtype)
    if isinstance(dtype, pl.Boolean):
        return cell.cast(dtype)
    if isinstance(dtype, pl.Datetime):
        return cell.cast(dtype)
    if isinstance(dtype, pl.Decimal):
        return (cell.cast(pl.Decimal(38, 2)) / 100).cast(_CENT)
    return cell


def insert(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Add the rows of a frame, whose columns the table has."""
    dialect = connection.dialect.name
    names = ", ".join(f'"{name}"' for name in frame.columns)
    if dialect == "postgresql":
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT csv)') as copy,
        ):
            for part in frame.iter_slices(CHUNK):
                text = encode(part, dialect).write_csv(
                    include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"
                )
                copy.write(text)
        return
    marks = ", ".join("?" * frame.width)
    sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'
    cursor = driver(connection).cursor()
    for part in frame.iter_slices(CHUNK):
        cursor.executemany(sql, encode(part, dialect).iter_rows())
    cursor.close()


def frames(
    connection: sa.Connection,
    asked: sa.Select[tuple[object, ...]],
    schema: Mapping[str, pl.DataType],
) -> Iterator[pl.DataFrame]:
    """What a query answers, so many rows at a time, its columns those of the schema in order."""
    dialect = connection.dialect.name
    text = str(asked.compile(connection, compile_kwargs={"literal_binds": True}))
    kinds = held(schema, dialect)
    if dialect == "postgresql":
        # what the driver would take for its own place holders is plain text here
        for rows in _copied(connection, text.replace("%%", "%"), kinds):
            yield decode(rows, schema, dialect)
        return
    cursor = driver(connection).execute(text)
    while rows := cursor.fetchmany(CHUNK):
        yield decode(pl.DataFrame(rows, kinds, orient="row"), schema, dialect)


def _copied(
    connection: sa.Connection, text: str, kinds: Mapping[str, pl.DataType]
) -> Iterator[pl.DataFrame]:
    def read(blocks: Sequence[bytes]) -> pl.DataFrame:
        return pl.read_csv(io.BytesIO(b"".join(blocks)), has_header=False, schema=dict(kinds))

    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)") as copy,
    ):
        blocks: list[bytes] = []
        size = 0
        for block in copy:  # a block is a whole row
            blocks.append(bytes(block))
            size += 1
            if size == CHUNK:
                yield read(blocks)
                blocks, size = [], 0
        if blocks:
            yield read(blocks)


def frame(
    connection: sa.Connection,
    asked: sa.Select[tuple[object, ...]],
    schema: Mapping[str, pl.DataType],
) -> pl.DataFrame:
    """The whole answer as one frame."""
    found = list(frames(connection, asked, schema))
    return pl.concat(found) if found else pl.DataFrame(schema=dict(schema))
