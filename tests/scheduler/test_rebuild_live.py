"""Live decisions decided again from the store as it was known then, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from scheduler import cli, settings
from scheduler.live import (
    Event,
    Live,
    Proposed,
    Release,
    Reserved,
    Result,
    cancel,
    check,
    expire,
    post_events,
    release,
    reserve,
    settle,
)
from scheduler.live.recording import broken
from scheduler.live.withdrawing import Listed
from scheduler.log import rebuilding_live
from scheduler.log.answering import Replayed
from scheduler.log.keys import make_keys
from scheduler.log.purging import purge
from scheduler.log.reading import Log, decisions, open_log
from scheduler.log.rebuilding_live import rebuild_live
from scheduler.log.sealing_live import seal_live
from scheduler.manifest import versions
from scheduler.store.adding import add_told
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, Shown, debtors, frame, tell

MINUTE = timedelta(minutes=1)
SEVEN = "regulation_f/seven-calls-in-seven-days"


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    tell(empty, debtors(6), NOON - DAY)
    return empty


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def lists() -> Shown:
    return Shown()


@pytest.fixture
def live(store: Store, now: Hands, lists: Shown) -> Iterator[Live]:
    with made.living(store, now, lists) as opened:
        yield opened


def sealed(store: Store, place: Path) -> Log:
    keys = make_keys(place / "home")
    seal_live(keys, store, broken)
    return open_log(keys.log)


def again(store: Store, log: Log, where: pl.Expr | None = None) -> Replayed:
    (segment,) = log.segments
    return rebuild_live(segment, store, versions(), where, desk=made.desk())


def words(found: Replayed) -> str:
    return "\n".join(map(str, found.differences))


def the_same(store: Store, place: Path, count: int) -> Log:
    """All of so many decisions come out the same."""
    log = sealed(store, place)
    found = again(store, log)
    assert words(found) == ""
    assert (found.decisions, found.erased, found.lacking, found.notes) == (count, 0, 0, [])
    return log


def ask(live: Live, *numbers: int, channel: str = "call") -> list[bool]:
    asked = [Proposed(f"A{n}", channel) for n in numbers]
    return [one.permitted for one in check(live, asked, "dialer").result(60)]


def call(live: Live, number: int = 1) -> Reserved:
    found = reserve(live, Proposed(f"A{number}", "call"), "dialer").result(60)
    assert isinstance(found, Reserved)
    return found


def said(kind: str, number: int = 1, name: str = "S", **more: Any) -> Event:
    row = {"kind": kind, "medium": "written", "accounts": [f"A{number}"], "consumer": f"C{number}"}
    return Event("statement", "crm", f"{name}{number}", {**row, **more})


def post(live: Live, *events: Event) -> None:
    assert {one.outcome for one in post_events(live, events, "crm").result(60)} <= {
        "new", "corrected"
    }  # fmt: skip


def test_permits_and_what_became_of_them(
    live: Live, store: Store, now: Hands, tmp_path: Path
) -> None:
    """Open, settled, given back, expired and counted, corrected afterwards."""
    first = call(live)
    assert first.permit is not None
    assert not call(live).answer.permitted  # one open call a person
    now.on(seconds=20)
    assert ask(live, 1, 2) == [False, True]
    settle(live, Result(first.permit, "no_answer"), "dialer").result(60)
    assert ask(live, 1) == [False]  # seven in seven
    second = call(live, 2)
    assert second.permit is not None
    now.on(seconds=5)
    cancel(live, second.permit, "dialer").result(60)
    assert ask(live, 2) == [True]
    third = call(live, 2)
    assert third.permit is not None
    now.on(seconds=90)  # past its end, and nobody has looked
    assert ask(live, 2) == [False]
    assert expire(live).result(60) == 1
    now.on(seconds=1)
    assert ask(live, 2) == [False]
    now.on(minutes=3)
    settle(live, Result(third.permit, "busy"), "dialer").result(60)
    assert ask(live, 2, 3) == [False, True]
    now.on(days=8)
    assert ask(live, 1, 2) == [True, True]
    log = the_same(store, tmp_path, 14)
    one = decisions(log, pl.col("permit").is_not_null()).collect()["decision_id"].to_list()
    assert again(store, log, pl.col("decision_id") == one[1]).decisions == 1


def test_what_was_told_afterwards_changes_nothing(
    live: Live, store: Store, now: Hands, tmp_path: Path
) -> None:
    """Words, withdrawn ones, corrections, other contacts, and a group that grew."""
    assert ask(live, 1, 2, 3) == [True, True, True]
    now.on(seconds=30)
    post(live, said("cease"))
    assert ask(live, 1, 2, 3) == [False, True, True]
    now.on(seconds=30)
    post(live, replace(said("cease"), void=True))
    assert ask(live, 1) == [True]
    now.on(minutes=10)
    early = (NOON - DAY / 2).isoformat()
    row = {"consumer": "C2", "channel": "call", "direction": "out", "point": "P2", "at": early,
           "result": "conversation", "attributed_to": ["A2"], "discussed": ["A2"],
           "technology": "manual", "collector": "AGENCY"}  # fmt: skip
    post(live, Event("contact", "crm", "late", row))
    assert ask(live, 2) == [False]
    now.on(minutes=1)
    post(live, Event("contact", "crm", "late", row | {"result": "no_answer", "discussed": None}))
    ask(live, 2)
    now.on(minutes=1)
    accounts = debtors(3)["accounts"]
    paid = accounts.with_columns(status=pl.lit("paid")).filter(pl.col("account") == "A3")
    points = frame("contact_points", [{"point": "PX", "consumer": "C4", "kind": "mobile",
                   "owner": "H4", "whom": "consumer", "number": "+13125550003"}])  # fmt: skip
    with store.writing() as connection:
        add_told(connection, "account", paid, "crm", now.at)
        add_told(connection, "contact_point", points, "crm", now.at)
    now.on(seconds=1)
    assert ask(live, 3, 4)[0] is False
    the_same(store, tmp_path, 11)


def test_what_was_recorded_in_the_same_instant(live: Live, store: Store, tmp_path: Path) -> None:
    """Before and after a word, a permit given back, one settled: one moment for all of it."""
    assert ask(live, 1, 2) == [True, True]
    post(live, said("cease"))
    assert ask(live, 1, 2) == [False, True]
    post(live, said("refuses_to_pay", 2), replace(said("cease"), void=True))
    assert ask(live, 1, 2) == [True, False]
    third = call(live, 3)
    assert third.permit is not None
    assert ask(live, 3) == [False]
    cancel(live, third.permit, "dialer").result(60)
    assert ask(live, 3) == [True]
    fourth = call(live, 4)
    assert fourth.permit is not None
    settle(live, Result(fourth.permit, "no_answer"), "dialer").result(60)
    assert ask(live, 4) == [False]
    the_same(store, tmp_path, 11)


def test_releases(live: Live, store: Store, now: Hands, tmp_path: Path) -> None:
    """In force, used up by a permit, free again when it was given back, and over."""
    tell(store, debtors(1, calls=8, first=9), NOON - DAY)
    assert ask(live, 9) == [False]
    for hours in (2, 1):
        lifted = Release(SEVEN, "A9", "B. Person", "asked_for", "she wrote",
                         now.at + timedelta(hours=hours))  # fmt: skip
        release(live, lifted, "desk").result(60)
    assert ask(live, 9) == [True]
    given = call(live, 9)
    assert given.permit is not None
    now.on(seconds=1)
    assert ask(live, 9) == [False]
    now.on(seconds=1)
    cancel(live, given.permit, "dialer").result(60)
    now.on(seconds=1)
    assert ask(live, 9) == [True]
    now.on(hours=3)
    assert ask(live, 9) == [False]
    the_same(store, tmp_path, 6)


def test_a_listed_row_that_was_withdrawn(
    live: Live, lists: Shown, store: Store, now: Hands, tmp_path: Path
) -> None:
    lists.listed = [Listed(now.at.date(), 1, "A1", "C1", "P1", "call")]
    ask(live, 1)
    now.on(minutes=1)
    post(live, said("cease"))
    log = the_same(store, tmp_path, 2)
    row = decisions(log, pl.col("asked") == "list").collect().to_dicts()[0]
    assert (row["at"], row["verdict"]) == (None, "refused")


def test_a_declared_contact_is_asked_as_it_was(live: Live, store: Store, tmp_path: Path) -> None:
    asked = [
        Proposed("A1", "call", purpose="validation_notice", flags={"reply_to_consumer": True}),
        Proposed("A2", "text", technology="autodialled"),
        Proposed("A3", "call", technology="prerecorded", content="limited_content_message"),
    ]
    found = check(live, asked, "dialer", "A. Person").result(60)
    assert all(hasattr(one, "permitted") for one in found), found
    the_same(store, tmp_path, 3)


# -- a store that was changed behind its triggers


CHANGES = {
    "a contact": (
        "UPDATE contact SET result = 'conversation', discussed = '[\"A1\"]' WHERE contact = 'K1-0'",
        "regulation_f/seven-days-after-conversation",
    ),
    "a contact that is gone": ("DELETE FROM contact WHERE contact = 'K1-0'", "used"),
    "a word that is gone": ("DELETE FROM statement WHERE consumer = 'C2'", "rules"),
    "an address": (
        "UPDATE address SET state = 'HI', postal_code = '96813' WHERE consumer = 'C1'",
        "jurisdictions",
    ),
    "a permit that is gone": (
        "DELETE FROM permit WHERE consumer = 'C3'",
        "not in the store",
    ),
    "when a permit was given": (
        "UPDATE permit SET opened_at = opened_at - {minute} WHERE consumer = 'C3'",
        "the moment of permit",
    ),
    "a whole account": ("DELETE FROM account WHERE account = 'A1'", "its account"),
    "a row that says it was there before": (
        "UPDATE statement SET recorded_at = recorded_at - {minute}, "
        "received_at = received_at - {minute} WHERE consumer = 'C2'",
        "rules",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_store_that_was_changed_is_told(
    live: Live, store: Store, now: Hands, tmp_path: Path, what: str
) -> None:
    ask(live, 1, 2)
    now.on(seconds=30)
    post(live, said("cease", 2))
    ask(live, 2, 4)
    call(live, 3)
    now.on(seconds=1)
    ask(live, 3)
    log = the_same(store, tmp_path, 6)
    text, expected = CHANGES[what]
    server = store.dialect == "postgresql"
    text = text.format(minute="interval '1 minute'" if server else "60000000")
    with store.writing() as connection:
        if server:
            connection.execute(sa.text("SET session_replication_role = replica"))
        else:
            for (name,) in connection.execute(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
        assert connection.exec_driver_sql(text).rowcount
    found = again(store, log)
    assert expected in words(found)
    untouched = decisions(log, pl.col("account") == "A4").collect()["decision_id"].item()
    assert f"decision {untouched}" not in {one.of for one in found.differences}


# -- what a record does not hold, and what cannot be asked


def test_a_record_of_version_1_says_what_is_not_compared(
    live: Live, store: Store, now: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(live, 1, 2)
    log = sealed(store, tmp_path)
    whole = decisions(log).collect()
    first = pl.col("decision_id") == "live-1"
    earlier = whole.with_columns(
        *(pl.when(~first).then(pl.col(name)).alias(name) for name in ("basis", "place_evidence"))
    )
    monkeypatch.setattr(rebuilding_live, "decisions", lambda *_: earlier.lazy())
    found = again(store, log)
    assert words(found) == ""
    assert (found.decisions, found.lacking) == (2, 1)
    (note,) = found.notes
    assert note.startswith("decision live-1: of an earlier form of the record")


def test_what_was_erased_is_counted(live: Live, store: Store, now: Hands, tmp_path: Path) -> None:
    ask(live, 1, 2)
    log = sealed(store, tmp_path)
    keys = make_keys(tmp_path / "home")
    purge(keys, ["C1"], now.at, "its time was over")
    found = again(store, open_log(log.place))
    assert (found.decisions, found.erased, found.different) == (2, 1, 0)


def test_the_command_asks_the_store(home: Path, tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, Any]:
        told = [*words, "--home", str(home), "--json"]
        done = CliRunner().invoke(cli.app, told, obj=cli.now)
        return done.exit_code, json.loads(done.stdout)

    assert run("init")[0] == 0
    store = open_store(settings.read(home).store, home)
    tell(store, debtors(2), NOON - DAY)
    with made.living(store, Hands()) as live:
        ask(live, 1)
        call(live, 2)
    seal_live(make_keys(home), store, broken)
    store.close()
    status, document = run("log", "replay", "--from-store")
    assert (status, document["identical"]) == (0, True), document
    assert document["segments"][0]["decisions"] == 2
    assert document["segments"][0]["notes"] == []
    status, document = run("log", "replay", "live-2", "--from-store")
    assert (status, document["segments"][0]["decisions"]) == (0, 1)
    status, document = run("log", "replay", "--from", str(tmp_path))
    assert status == 2
