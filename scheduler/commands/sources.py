"""Where a command's facts come from: a directory that was named, the home's store, its portfolio.

The store is read as of now into Parquet files beside it, and these are opened and checked like any
portfolio's: one way makes the day, whatever it is made from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.clock import format_instant

from ..portfolio import Portfolio, open_portfolio
from ..settings import Settings
from ..store.database import CACHE, Store, open_store
from ..store.migrating import must_be_newest, version
from ..store.snapshot import write_snapshot
from .common import WrongUse, err, tell
from .progress import Shown


@dataclass(frozen=True, slots=True)
class Source:
    """A portfolio to decide on; `stored`: it was read from the store."""

    portfolio: Portfolio
    stored: bool


@contextmanager
def store_of(settings: Settings, cache: int = CACHE) -> Iterator[Store]:
    """The home's store, which must be there and of this version. Raises WrongUse, StoreError.

    `cache`: as of `open_store`.
    """
    if settings.home is None:
        raise WrongUse("there is no home, and so no store; `forbear init` makes both")
    store = open_store(settings.store, settings.home, cache)
    try:
        must_be_newest(store)
        yield store
    finally:
        store.close()


@contextmanager
def opened(
    given: Path | None,
    settings: Settings,
    now: datetime,
    *,
    aloud: bool = True,
    tables: Collection[str] | None = None,
) -> Iterator[Source]:
    """The portfolio to decide on, checked: as told, else the store's as of now, else the home's.

    `aloud`: say what is being read. `tables`: no others are read, or checked, and what was checked
    when it was imported is not checked again: enough to look at, not to decide on.
    Raises WrongUse, StoreError, PortfolioError.
    """
    look = checked if aloud else open_portfolio
    own = own_portfolio(settings)
    if given is None and has_store(settings):
        assert settings.home is not None
        with (
            store_of(settings) as store,
            TemporaryDirectory(prefix=".snapshot-", dir=settings.home) as place,
        ):
            if aloud:
                tell(f"reading the store {store.shown}, as known at {format_instant(now)}")
            rows = write_snapshot(store, Path(place), now, now, tables)
            if tables is not None and (any(rows.values()) or not own.is_dir()):
                yield Source(Portfolio(Path(place)), True)
                return
            if rows.get("accounts"):
                yield Source(look(Path(place)), True)
                return
            if not own.is_dir():
                raise WrongUse(
                    f"the store {store.shown} knew of no account at {format_instant(now)}; "
                    "`forbear import` takes them in, and --from DIR names a portfolio"
                )
            tell(f"the store knew of no account then; reading {own}")
    if given is None and (settings.home is None or not own.is_dir()):
        raise WrongUse("no portfolio was named; say where it is with --from DIR")
    if tables is not None:
        yield Source(open_portfolio(given or own, tables), False)
        return
    yield Source(look(given or own), False)


def own_portfolio(settings: Settings) -> Path:
    """Where a home's own portfolio is, if it has one."""
    return (settings.home or Path()) / "portfolio"


def has_store(settings: Settings) -> bool:
    """Whether there is a home, and a store with its tables. Raises StoreError."""
    if settings.home is None:
        return False
    store = open_store(settings.store, settings.home)
    try:
        return version(store) is not None
    finally:
        store.close()


def checked(path: Path) -> Portfolio:
    """A portfolio's directory, opened; says what it does. Raises PortfolioError."""
    with Shown(err) as shown:
        shown("checking the portfolio", 0, 1)
        return open_portfolio(path)
