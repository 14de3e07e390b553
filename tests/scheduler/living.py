"""A store with a few made-up files in it, and the live core over it, for tests."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.rulebook import law_directory
from scheduler.law import Law, load_law
from scheduler.live import KeySigner, Live, open_live
from scheduler.live.core import Core
from scheduler.live.deciding import Desk
from scheduler.live.withdrawing import Listed
from scheduler.settings import Settings
from scheduler.store.adding import add_told
from scheduler.store.database import Store, open_store
from scheduler.store.kept import NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
"""A Monday, late morning in Chicago."""
DAY = timedelta(days=1)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = KeySigner("tests", KEY)
Frames = Mapping[str, pl.DataFrame]


@cache
def law() -> Law:
    """The law that comes with Forbear, read once."""
    return load_law([law_directory()])


@dataclass
class Hands:
    """A clock that is set by hand."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        """What time it is."""
        return self.at

    def on(self, **more: float) -> None:
        """Go on by so much."""
        self.at += timedelta(**more)


@dataclass
class Shown:
    """Published lists that a test makes up."""

    listed: list[Listed] = field(default_factory=list)

    def rows(self, consumers: Collection[str], now: datetime) -> list[Listed]:
        """The rows of these consumers."""
        return [one for one in self.listed if one.consumer in consumers]

    def consumers(self, now: datetime) -> list[str]:
        """Everybody who is listed."""
        return sorted({one.consumer for one in self.listed})


class Lasting(Desk):
    """Engines that outlive who uses them, so that tests need not start them again and again."""

    def close(self) -> None:
        """Stay."""


@cache
def desk() -> Desk:
    """The engines that tests share."""
    made = Lasting.of(law().rulebook, refuse_unencoded=False, alarm=lambda _: None)
    atexit.register(made.panel.close)
    return made


@cache
def _blank(place: Path) -> Path:
    store = open_store("sqlite:///blank.sqlite", place)
    migrate(store, place / "backups")
    store.close()
    return place / "blank.sqlite"


def new_store(place: Path, number: int, scratch: Path) -> Store:
    """A store in SQLite with its tables, copied from one that was migrated once."""
    path = place / f"store-{number}.sqlite"
    shutil.copyfile(_blank(scratch), path)
    return open_store(f"sqlite:///{path.name}", place)


def tell(store: Store, frames: Frames, now: datetime) -> None:
    """Rows of a portfolio, told by a system of record."""
    with store.writing() as connection:
        for name, kept in NAMES.items():
            frame = frames.get(name)
            if frame is not None and frame.height:
                add_told(connection, kept, frame, "crm", now)


@contextmanager
def living(
    store: Store,
    now: Hands,
    lists: Shown | None = None,
    book: Law | None = None,
    **settings: Any,
) -> Iterator[Live]:
    """The live core over a store."""
    given = Settings(refuse_unencoded_places=False, **settings)
    with open_live(store, book or law(), given, SIGNER, now, lists=lists or Shown()) as live:
        if book is None:
            live.writer.core.desk = desk()
        yield live


def frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of a portfolio's table; what they leave out is null."""
    schema = TABLES[table].schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def debtors(
    count: int, now: datetime = NOON, *, calls: int = 6, texts: int = 0, first: int = 1
) -> Frames:
    """Consumers in Chicago, each with a debt, a mobile, and so many unanswered calls and texts.

    With six calls in the last days one more is left of seven in seven (12 CFR 1006.14(b)(2)); of
    texts, ten.
    """
    told = now - 30 * DAY
    numbers = range(first, first + count)
    return {
        "consumers": frame(
            "consumers",
            [{"consumer": f"C{n}", "person": f"H{n}", "deceased": False} for n in numbers],
        ),
        "accounts": frame(
            "accounts",
            [
                {
                    "account": f"A{n}",
                    "consumer": f"C{n}",
                    "type": "credit_card",
                    "collector": "AGENCY",
                    "collector_role": "third_party",
                    "creditor": "BANK",
                    "fdcpa_covered": True,
                    "status": "open",
                    "balance": Decimal("500.00"),
                    "original_amount": Decimal("500.00"),
                    "defaulted": (now - 400 * DAY).date(),
                    "last_payment": (now - 400 * DAY).date(),
                    "placed": (now - 60 * DAY).date(),
                    "itemization": (now - 400 * DAY).date(),
                    "delinquent_since": (now - 420 * DAY).date(),
                }
                for n in numbers
            ],
        ),
        "contact_points": frame(
            "contact_points",
            [
                {
                    "point": f"P{n}",
                    "consumer": f"C{n}",
                    "kind": "mobile",
                    "owner": f"H{n}",
                    "whom": "consumer",
                    "number": f"+1312{5550000 + n}",
                }
                for n in numbers
            ],
        ),
        "addresses": frame(
            "addresses",
            [
                {
                    "address": f"D{n}",
                    "consumer": f"C{n}",
                    "kind": "residential",
                    "state": "IL",
                    "postal_code": "60601",
                    "source": "consumer",
                    "received_at": told,
                    "recorded_at": told,
                    "known_bad": False,
                }
                for n in numbers
            ],
        ),
        "contacts": frame(
            "contacts",
            [_notice(n, now - 58 * DAY) for n in numbers]
            + [_call(n, k, now - (k + 1) * DAY / 1.2) for n in numbers for k in range(calls)]
            + [_text(n, k, now - (k + 2) * DAY / 2.2) for n in numbers for k in range(texts)],
        ),
    }


def _call(number: int, which: int, at: datetime) -> dict[str, Any]:
    return {
        "contact": f"K{number}-{which}",
        "consumer": f"C{number}",
        "channel": "call",
        "direction": "out",
        "point": f"P{number}",
        "at": at,
        "result": "no_answer",
        "attributed_to": [f"A{number}"],
        "technology": "manual",
        "reply_to_consumer": False,
        "automated": False,
        "collector": "AGENCY",
        "recorded_at": at,
    }


def _text(number: int, which: int, at: datetime) -> dict[str, Any]:
    return _call(number, 100 + which, at) | {"channel": "text", "result": "delivered"}


def _notice(number: int, at: datetime) -> dict[str, Any]:
    return _call(number, 99, at) | {
        "channel": "mail",
        "point": None,
        "result": "sent",
        "content": "validation_notice",
        "technology": None,
        "disclosure": "initial",
        "discussed": [f"A{number}"],
        "validation_period_end": (at + 35 * DAY).date(),
    }


def hold(live: Live) -> Callable[[], None]:
    """Keep the writer at work until what this gives is called."""
    begun, held = Event(), Event()

    def wait(_: Core) -> None:
        begun.set()
        held.wait(60)

    live.writer.hand_in(wait)
    assert begun.wait(60)
    return held.set
