"""Tables written chunk by chunk, each as one Parquet file whose bytes depend on its rows alone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from ..store.schema import TABLES

ROW_GROUP: Final = 120_000
"""Rows in a row group: rows are sorted by consumer, so a reader can leave out whole groups."""


@dataclass(slots=True)
class Writer:
    """Collects chunks of each table under `out`, then joins them into one file per table."""

    out: Path
    chunks: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))

    @property
    def _loose(self) -> Path:
        return self.out / ".chunks"

    def write(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Keep one chunk of every table.

        Raises:
            ValueError: a table's columns are not the schema's.
        """
        for name, frame in tables.items():
            if frame.schema != pl.Schema(TABLES[name].schema):
                raise ValueError(f"table {name} has other columns than the schema")
            folder = self._loose / name
            folder.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(
                folder / f"{self.chunks:06}.parquet", compression="lz4", statistics=False
            )
            self.rows[name] += frame.height
        self.chunks += 1

    def finish(self, csv: bool) -> None:
        """Write the files of the portfolio and remove the loose chunks.

        With `csv`, a CSV file stands beside each; lists are JSON text there.
        """
        for name, table in TABLES.items():
            loose = pl.scan_parquet(self._loose / name / "*.parquet")
            loose.sink_parquet(
                self.out / table.file,
                compression="zstd",
                compression_level=1,
                row_group_size=ROW_GROUP,
                maintain_order=True,
                engine="streaming",
            )
            if csv:
                loose.with_columns(
                    _json_list(column.name)
                    for column in table.columns
                    if isinstance(column.dtype, pl.List)
                ).sink_csv(
                    self.out / f"{name}.csv",
                    datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ",
                    maintain_order=True,
                    engine="streaming",
                )
        shutil.rmtree(self._loose)


def _json_list(name: str) -> pl.Expr:
    text = pl.lit('["') + pl.col(name).list.join('","') + pl.lit('"]')
    return pl.when(pl.col(name).list.len() == 0).then(pl.lit("[]")).otherwise(text).alias(name)
