"""Tables written chunk by chunk, each as one Parquet file whose bytes depend on its rows alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from ..store.schema import TABLES

ROW_GROUP: Final = 120_000
"""Rows in a row group: rows are sorted by consumer, so a reader can leave out whole groups."""
_STREAMED: Final = "contacts"  # by far the largest: written once, while the next chunk is made

Chunks = Iterator[Mapping[str, pl.DataFrame]]


@dataclass(slots=True)
class Writer:
    """Writes chunks of tables under `out`; `rows` counts what was taken so far."""

    out: Path
    chunks: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))

    @property
    def _loose(self) -> Path:
        return self.out / ".chunks"

    def write(self, chunks: Chunks, csv: bool) -> None:
        """Write all chunks of every table: contacts as they come, the others joined at the end.

        With `csv`, a CSV file stands beside each; lists are JSON text there.

        Raises:
            ValueError: a table's columns are not the schema's.
        """
        for name in TABLES:
            (self._loose / name).mkdir(parents=True, exist_ok=True)

        def source(*asked: object) -> Iterator[pl.DataFrame]:
            del asked  # a plain sink asks for everything
            for tables in chunks:
                yield self._take(tables)

        schema = TABLES[_STREAMED].schema
        self._sink(_STREAMED, register_io_source(source, schema=schema))
        for name, table in TABLES.items():
            if name != _STREAMED:
                self._sink(name, pl.scan_parquet(self._loose / name / "*.parquet"))
            if csv:
                _as_csv(name, pl.scan_parquet(self.out / table.file), self.out)
        shutil.rmtree(self._loose)

    def _take(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Keep a chunk's small tables; give back its contacts."""
        for name, frame in tables.items():
            if frame.schema != pl.Schema(TABLES[name].schema):
                raise ValueError(f"table {name} has other columns than the schema")
            if name != _STREAMED:
                part = self._loose / name / f"{self.chunks:06}.parquet"
                frame.write_parquet(part, compression="lz4", statistics=False)
            self.rows[name] += frame.height
        self.chunks += 1
        return tables[_STREAMED]

    def _sink(self, name: str, rows: pl.LazyFrame) -> None:
        rows.sink_parquet(
            self.out / TABLES[name].file,
            compression="zstd",
            compression_level=1,
            row_group_size=ROW_GROUP,
            maintain_order=True,
            engine="streaming",
        )


def _as_csv(name: str, rows: pl.LazyFrame, out: Path) -> None:
    lists = [c.name for c in TABLES[name].columns if isinstance(c.dtype, pl.List)]
    rows.with_columns(_json_list(column) for column in lists).sink_csv(
        out / f"{name}.csv",
        datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ",
        maintain_order=True,
        engine="streaming",
    )


def _json_list(name: str) -> pl.Expr:
    text = pl.lit('["') + pl.col(name).list.join('","') + pl.lit('"]')
    return pl.when(pl.col(name).list.len() == 0).then(pl.lit("[]")).otherwise(text).alias(name)
