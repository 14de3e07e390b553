"""A portfolio: a directory of Parquet files, checked whole before a row of it is used.

`store.schema` says what the files hold. `open_portfolio` reports every problem at once; what it
returns can be trusted to have every column, type, word, key and reference in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from .humans import Humans, as_one, humans_of
from .linked import SWITCHBOARD, Linked, contact_groups
from .portfolio_checks import PortfolioProblem, file_problems, row_problems
from .records import group_rows
from .said import assemble, lay_out
from .store.schema import EVERY, OPTIONAL, TABLES

__all__ = [
    "SWITCHBOARD",
    "Linked",
    "Portfolio",
    "PortfolioError",
    "PortfolioProblem",
    "assemble",
    "contact_groups",
    "group_rows",
    "lay_out",
    "open_portfolio",
]
_CHUNK = 1 << 20


class PortfolioError(Exception):
    """A portfolio that cannot be used; `problems` holds everything found, in file order."""

    def __init__(self, path: Path, problems: tuple[PortfolioProblem, ...]) -> None:
        """Keep the problems; the message has one line for each and a count."""
        self.path = path
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [str(problem) for problem in problems]
        super().__init__("\n".join([*lines, f"{count} in portfolio {path}; nothing was read"]))


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A portfolio that passed its checks. Files are read again at each `scan`."""

    path: Path

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of a table, lazily, with the columns of the schema in its order.

        A person stands in them under one id, whichever the files use (`humans`). A file that may be
        left out, and is, has no rows.

        Raises:
            KeyError: there is no such table.
        """
        path = self.path / EVERY[table].file
        schema = EVERY[table].schema
        columns = list(schema)
        if table in OPTIONAL:
            there = path.is_file()
            return pl.scan_parquet(path).select(columns) if there else pl.LazyFrame(schema=schema)
        return as_one(pl.scan_parquet(path).select(columns), table, self._surely())

    def _surely(self) -> Mapping[str, str]:
        """The names under which people stand, where a file says that ids are one human's."""
        path = self.path / OPTIONAL["same_persons"].file
        if not path.is_file():
            return {}
        told = path.stat()
        return _humans(path, told.st_size, told.st_mtime_ns).surely

    def files(self) -> list[str]:
        """The names of the files it has."""
        more = [one.file for one in OPTIONAL.values() if (self.path / one.file).is_file()]
        return sorted([*(table.file for table in TABLES.values()), *more])

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        frames = [self.scan(name).select(pl.len()) for name in TABLES]
        return {
            name: int(frame.item())
            for name, frame in zip(TABLES, pl.collect_all(frames), strict=True)
        }

    def digest(self) -> str:
        """The name of this exact input: "sha256:" and the hash of its files' names and hashes."""
        whole = hashlib.sha256()
        for name in self.files():
            one = hashlib.sha256()
            with (self.path / name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    one.update(chunk)
            whole.update(f"{name}\x00{one.hexdigest()}\n".encode())
        return f"sha256:{whole.hexdigest()}"


@lru_cache(maxsize=4)
def _humans(path: Path, size: int, changed: int) -> Humans:
    """Who is one human by a file, which is read once for each state it is in."""
    return humans_of({"same_persons": pl.read_parquet(path)})


def open_portfolio(path: str | Path, tables: Collection[str] | None = None) -> Portfolio:
    """Check a portfolio directory and open it; of some tables alone, if no others will be read.

    Looked at are: the directory; each file present and readable; every column there with its type
    (columns beyond the schema are ignored); nulls only where allowed; words from their closed
    lists; keys unique; references found; one role to a collector; statement values in shape.

    Raises:
        PortfolioError: with all problems found.
    """
    directory = Path(path)
    if not directory.is_dir():
        missing = PortfolioProblem("", None, f"{directory} is not a directory")
        raise PortfolioError(directory, (missing,))
    problems: list[PortfolioProblem] = []
    sound: dict[str, pl.LazyFrame] = {}
    for table in EVERY.values():
        if tables is not None and table.name not in {*tables, "same_persons"}:
            continue
        if table.name in OPTIONAL and not (directory / table.file).exists():
            continue
        found = file_problems(directory / table.file, table)
        problems.extend(found)
        if not found:
            sound[table.name] = pl.scan_parquet(directory / table.file)
    problems.extend(row_problems(sound))
    if problems:
        order = {table.file: place for place, table in enumerate(EVERY.values())}
        problems.sort(key=lambda one: order.get(one.file, -1))
        raise PortfolioError(directory, tuple(problems))
    return Portfolio(directory)
