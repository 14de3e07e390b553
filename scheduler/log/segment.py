"""A log segment: every decision of one run, as Parquet, and what they all have in common.

README.md beside this file says what each field means. A segment is a directory with
`decisions.parquet`, `situations.parquet`, `rulebook.parquet` and `segment.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from ..list_files import write_parquet
from .records import DECISIONS, SITUATIONS

__all__ = ["DECISIONS", "FORMAT", "SITUATIONS", "SegmentWriter", "decisions", "write_decisions"]

FORMAT: Final = "forbear log segment 1"
FILE: Final = "decisions.parquet"
DIGITS: Final = "0123456789abcdef"
MANY: Final = 200_000  # situations sorted at once


def decisions(rows: pl.DataFrame) -> pl.DataFrame:
    """The log's rows of decided candidates."""
    verdict = pl.when("permitted").then(pl.lit("permitted")).otherwise(pl.lit("refused"))
    there = rows.collect_schema()
    given = {
        "asked": pl.lit("list"),
        "asked_by": pl.col("decision_id").str.extract(r"^(.*)-\d+$"),
        "recorded_as_of": pl.col("as_of"),
    }
    nothing = pl.lit(None)
    found = {
        name: pl.col(name) if name in there else given.get(name, nothing) for name in DECISIONS
    }
    found["verdict"] = verdict
    return rows.select(found[name].cast(kind).alias(name) for name, kind in DECISIONS.items())


def write_decisions(place: Path, pieces: Iterable[pl.DataFrame], common: Mapping[str, Any]) -> None:
    """Write the decisions of a segment: pieces of them, in their order."""
    write_parquet(place / FILE, DECISIONS, pieces, _facts(common))


def _facts(common: Mapping[str, Any]) -> dict[str, str]:
    return {"format": FORMAT, "run": json.dumps(common, sort_keys=True)}


class SegmentWriter:
    """Takes the situations of one run and makes a segment of them, beside its decisions.

    `scratch` is a directory for parts, of which nothing stays. Failures to write are the caller's
    to name: OSError and Polars' own errors pass through.
    """

    def __init__(self, place: Path, scratch: Path) -> None:
        """Begin a segment in `place`, a directory that exists when it is finished."""
        self.place = place
        self.scratch = scratch
        self._situations: list[Path] = []
        self._seen = pl.Series("situation", [], dtype=pl.String())

    def add_situations(self, situations: pl.DataFrame) -> None:
        """Write down the situations that were not met before."""
        number = len(self._situations)
        fresh = situations.select(pl.col(name).cast(kind) for name, kind in SITUATIONS.items())
        fresh = fresh.unique("situation", keep="first", maintain_order=True)
        fresh = fresh.filter(~pl.col("situation").is_in(self._seen.implode()))
        if fresh.height or not self._situations:
            path = self.scratch / f"situations-{number:05}.parquet"
            fresh.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
            self._situations.append(path)
            self._seen = pl.concat([self._seen, fresh["situation"]])

    @property
    def situations(self) -> int:
        """How many distinct situations were written."""
        return self._seen.len()

    def finish(
        self,
        common: Mapping[str, Any],
        decided: int,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> dict[str, int]:
        """Write all but the decisions, of which there are `decided`; returns files with their rows.

        `files` are the rule files, (path as shown, content): the rulebook that `common` names.
        """
        facts = _facts(common)
        path = self.place / "situations.parquet"
        write_parquet(path, SITUATIONS, self._sorted(), facts)
        rows = {FILE: decided, path.name: self.situations}
        if files:
            book = pl.DataFrame(
                {"path": [path for path, _ in files], "content": [data for _, data in files]}
            )
            path = self.place / "rulebook.parquet"
            book.write_parquet(path, compression="zstd", compression_level=9, metadata=facts)
            rows["rulebook.parquet"] = book.height
        document = {"format": FORMAT, **common, "rows": rows}
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (self.place / "segment.json").write_text(text, encoding="utf-8", newline="\n")
        return rows

    def _sorted(self) -> Iterator[pl.DataFrame]:
        """The situations in the order of their names, a sixteenth at a time if they are many."""
        whole = pl.scan_parquet(self._situations)
        for start in [""] if self.situations <= MANY else list(DIGITS):
            some = whole.filter(pl.col("situation").str.starts_with(start)) if start else whole
            yield some.collect().sort("situation")
