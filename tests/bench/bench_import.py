"""How fast contacts are taken in: `python -m tests.bench.bench_import --contacts N`.

A portfolio is made up with so many contacts. Its other tables are taken in; then the contacts, as
Parquet and as CSV, each into a store of its own, and beside it the same rows by nothing but the
database's own bulk insert, into the same table with its indexes and triggers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg

from scheduler.intake.importing import Imported, Run, import_file
from scheduler.intake.layouts import GENERIC, layout_of
from scheduler.sample.synth import NOW, synth
from scheduler.store import bulk
from scheduler.store.database import Store, open_store
from scheduler.store.kept import KEPT
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from scheduler.store.tables import STORED
from tests.bench.bench_store import postgres

SEED = 7
EACH = 6.05  # contacts that an account of the made-up portfolio has


@dataclass(frozen=True, slots=True)
class Took:
    """What a way of writing took, and how many rows it wrote."""

    seconds: float
    rows: int


def quiet(what: str, done: int, total: int) -> None:
    """Nobody hears it."""


def taken(store: Store, place: Path, name: str, ending: str) -> tuple[Imported, Took]:
    """One table's file taken in."""
    run = Run(NOW, place / "aside", quiet)
    path = place / f"{name}{ending}"
    start = time.perf_counter()
    done = import_file(store, path, TABLES[name], layout_of(GENERIC), run)
    return done, Took(time.perf_counter() - start, done.rows)


def told(place: Path) -> pl.DataFrame:
    """The contacts as the store's rows, ready to be written."""
    kept = KEPT["contact"]
    rows = pl.read_parquet(place / "contacts.parquet").with_columns(
        received_at="at",
        origin="source",
        origin_id="source_id",
        revision=pl.lit(0, pl.Int64()),
        void=pl.lit(value=False),
    )
    return rows.select(list(kept.schema))


def bare(store: Store, rows: pl.DataFrame) -> Took:
    """The rows by the database's own bulk insert alone."""
    start = time.perf_counter()
    with store.writing() as connection:
        bulk.insert(connection, STORED["contact"], rows)
    return Took(time.perf_counter() - start, rows.height)


def measure(name: str, new: Callable[[], Store], place: Path) -> None:
    """One database: each way into a store of its own."""
    rows = told(place)
    with ExitStack() as stack:

        def fresh() -> Store:
            store = new()
            stack.callback(store.close)
            migrate(store, place / "backups")
            return store

        own = bare(fresh(), rows)
        line = (
            f"{own.rows:,} contacts in {own.seconds:.1f} s, {own.rows / own.seconds:,.0f} a second"
        )
        sys.stdout.write(f"{name}, its own bulk insert: {line}\n")
        for ending in (".parquet", ".csv"):
            store = fresh()
            for table in TABLES:
                if table != "contacts":
                    taken(store, place, table, ".parquet")
                    continue
                done, took = taken(store, place, table, ending)
                assert done.new == took.rows == rows.height, done.problems[:3]
                share = own.seconds / took.seconds
                sys.stdout.write(
                    f"{name}, import of {ending[1:]}: {took.seconds:.1f} s, "
                    f"{took.rows / took.seconds:,.0f} a second, {share:.2f} of the bulk insert\n"
                )
                break


def main() -> None:
    """Make the portfolio, measure both databases."""
    said = argparse.ArgumentParser(description="How fast contacts are taken in.")
    said.add_argument("--contacts", type=int, default=1_000_000)
    said.add_argument("--dir", type=Path, help="keep the portfolio here, and use it if it is there")
    asked = said.parse_args()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fb-")))
        place = (asked.dir or work) / f"contacts-{asked.contacts}"
        if not place.exists():
            synth(place, round(asked.contacts / EACH), SEED)
            contacts = pl.read_parquet(place / "contacts.parquet")
            shown = contacts.with_columns(
                pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z"),
                pl.col(pl.List(pl.String)).list.join(";"),
            )
            shown.write_csv(place / "contacts.csv")
        url, _ = stack.enter_context(postgres(work / "pg"))
        count = iter(range(99))

        def sqlite() -> Store:
            return open_store(f"sqlite:///store{next(count)}.sqlite", work)

        def postgresql() -> Store:
            name = f"store{next(count)}"
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return open_store(url.replace("/postgres?", f"/{name}?"), work)

        measure("SQLite", sqlite, place)
        measure("PostgreSQL", postgresql, place)


if __name__ == "__main__":
    main()
