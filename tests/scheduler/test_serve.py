"""The service as real processes: killed, stopped, told of new rules, two at once, with a dialer."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import polars as pl
import pytest

from engine.clock import format_instant
from scheduler.settings import Settings
from tests.scheduler.processes import (
    PATIENCE,
    Service,
    environment,
    forbear,
    keys_of,
    serve,
    wait_for,
)
from tests.scheduler.serving import DAY, make_home

NOON = "2026-11-21T18:00:00Z"
Start = Callable[..., Service]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, str]]:
    home = tmp_path_factory.mktemp("firm") / "home"
    settings = make_home(home, 200)
    return settings, keys_of(settings)


@pytest.fixture
def start(made: tuple[Settings, dict[str, str]]) -> Iterator[Start]:
    """Starts services over the home, at noon unless told; what still runs is killed in the end."""
    running: list[Service] = []

    def begin(*words: object) -> Service:
        given = words if "--now" in words else (*words, "--now", NOON)
        home = made[0].home
        assert home is not None
        running.append(serve(home, *given, keys=made[1]))
        return running[-1]

    yield begin
    for one in running:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture(scope="module")
def rows(made: tuple[Settings, dict[str, str]]) -> pl.DataFrame:
    listed = pl.read_parquet(made[0].lists / DAY.isoformat() / "list.parquet")
    return listed.filter(pl.col("channel") == "call")


def permitted(service: Service, rows: pl.DataFrame, skip: int = 0) -> list[dict[str, Any]]:
    """Rows that may be called now, as the service says."""
    asked = rows.slice(skip, 60).select("account", "point", "channel").to_dicts()
    found = service.ask("POST", "/v1/checks", json={"contacts": asked, "brief": True})
    assert found.status_code == 200, found.text
    return [one for one in found.json()["results"] if one["permitted"]]


def test_what_one_process_is_told_another_knows_at_once(start: Start, rows: pl.DataFrame) -> None:
    # two made-up clocks that began at two moments would differ: these stand still
    one, two = start("--no-timer", "--pace", "0"), start("--no-timer", "--pace", "0")
    row = permitted(one, rows)[0]
    contact = {name: row[name] for name in ("account", "point", "channel")}
    given = two.ask("POST", "/v1/permits", json=contact)
    assert given.status_code == 201
    told = {"kind": "cease", "accounts": [row["account"]], "medium": "written"}
    event = {"kind": "statement", "source": "desk", "id": "letter-1", "row": told}
    posted = one.ask("POST", "/v1/events", "officer", json={"events": [event]})
    assert [item["outcome"] for item in posted.json()["results"]] == ["new"]
    for service in (two, one):
        answer = service.ask("POST", "/v1/permits", json=contact)
        assert answer.status_code == 200, answer.text + service.said.read_text("utf-8")[-2000:]
        refused = answer.json()
        assert refused["permitted"] is False
        assert refused["answer"]["rules"]
        feed = service.ask("GET", f"/v1/lists/{DAY}/changes").json()
        gone = {(item["account"], item["point"], item["channel"]) for item in feed["changes"]}
        assert (row["account"], row["point"], "call") in gone
        again = service.ask("GET", f"/v1/lists/{DAY}?limit=10000").json()["rows"]
        left = {item["account"] for item in again if item["channel"] == "call"}
        assert row["account"] not in left
    permit = given.json()["permit"]
    ended = one.ask("POST", f"/v1/permits/{permit}/result", json={"result": "no_answer"})
    assert ended.json()["how"] == "settled"
    again = one.ask("POST", "/v1/events", "officer", json={"events": [event]})
    assert [item["outcome"] for item in again.json()["results"]] == ["same"]


def test_it_stops_when_it_is_told_and_answers_what_began(start: Start) -> None:
    service = start()
    assert service.ask("GET", "/healthz").json()["ready"] is True
    assert service.stop() == 0
    assert service.journal("stopped")
    assert not [one for one in service.journal("alarm") if one["alarm"] != "job"]


def test_new_rules_are_read_without_a_stop_and_broken_ones_are_not(
    start: Start, made: tuple[Settings, dict[str, str]]
) -> None:
    house = made[0].house
    assert house is not None
    service = start("--no-timer")
    before = service.ask("GET", "/healthz").json()["rulebook"]
    own = house / "own.yaml"
    own.write_text("format: 1\nname: Own\nrules: [{key: x}]\n", encoding="utf-8")
    try:
        service.process.send_signal(signal.SIGHUP)
        service.until("rulebook_refused")
        assert service.until("alarm")[0]["alarm"] == "rulebook"
        broken = service.ask("POST", "/v1/admin/reload", "admin")
        assert broken.status_code == 409
        assert all(one["code"] == "bad_rules" for one in broken.json()["errors"])
        assert service.ask("GET", "/healthz").json()["rulebook"] == before
        text = (Path(__file__).parents[2] / "rules" / "house" / "holds.yaml").read_text("utf-8")
        own.write_text(text.replace("key: ", "key: own-"), encoding="utf-8")
        service.process.send_signal(signal.SIGHUP)
        service.until("rulebook")
        after = service.ask("GET", "/healthz").json()["rulebook"]
        assert after != before
    finally:
        own.unlink()
    changed = service.ask("POST", "/v1/admin/reload", "admin").json()
    assert changed == {"rulebook": before, "before": after, "changed": True}


def test_a_dialer_works_on_while_the_service_is_killed(
    start: Start, made: tuple[Settings, dict[str, str]], rows: pl.DataFrame
) -> None:
    """Nothing is lost: each permit ends once, in one contact; the log of it all holds."""
    settings, keys = made
    before = _told(settings)
    first = start("--pace", "60")
    port = first.url.rpartition(":")[2]
    words = ["--url", first.url, "--key", keys["dialer"], "--lines", "6", "--pace", "60",
             "--follow", "--day", DAY.isoformat(), "--calls", "24", "--json"]  # fmt: skip
    with Popen(
        [sys.executable, "-m", "scheduler", "dialer", *words],
        stdout=PIPE, stderr=PIPE, text=True, env=environment(),
    ) as dialer:  # fmt: skip
        wait_for(lambda: _count(settings, "permit") >= 6)
        first.kill()
        second = start("--pace", "60", "--port", port, "--now", _a_little_later(settings))
        said, errors = dialer.communicate(timeout=PATIENCE)
    assert dialer.returncode == 0, errors
    counts = json.loads(said)["counts"]
    assert counts["placed"] >= 24
    assert counts["results lost"] == 0
    assert counts.get("no answer: taken as a no", 0) + counts.get("result not taken yet", 0) > 0
    wait_for(lambda: _count(settings, "permit") == _count(settings, "permit_end"))
    assert second.stop() == 0
    _every_permit_is_one_contact(settings)
    assert _told(settings) - before == counts["placed"] - counts.get("result never told", 0)
    verified = forbear("log", "verify", "--home", settings.home, "--json")
    assert json.loads(verified.stdout)["ok"] is True


def _asked(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    assert settings.home is not None
    with closing(sqlite3.connect(settings.home / "store.sqlite", timeout=30)) as connection:
        return connection.execute(sql).fetchall()


def _count(settings: Settings, table: str) -> int:
    ((found,),) = _asked(settings, f"SELECT count(*) FROM {table}")
    return int(found)


def _a_little_later(settings: Settings) -> str:
    """The newest moment in the log, and five seconds: no clock goes back."""
    ((micros,),) = _asked(settings, "SELECT max(at) FROM live_decision")
    return format_instant(datetime.fromtimestamp(micros // 1_000_000 + 5, UTC))


def _left(settings: Settings) -> list[tuple[Any, ...]]:
    """The contacts that permits left: name, whether it was taken back, result."""
    return _asked(
        settings,
        "SELECT origin_id, void, result FROM contact c WHERE origin = 'permit' AND revision = "
        "(SELECT max(revision) FROM contact d WHERE d.contact = c.contact)",
    )


def _standing(settings: Settings) -> dict[str, str | None]:
    """Those that stand, each with its result."""
    return {name: result for name, void, result in _left(settings) if not void}


def _told(settings: Settings) -> int:
    """How many of them have a result that was told."""
    return sum(result is not None for result in _standing(settings).values())


def _every_permit_is_one_contact(settings: Settings) -> None:
    """What was placed is on file once; what was given back, or never placed, is not."""
    ends = dict(_asked(settings, "SELECT permit, how FROM permit_end"))
    placed = {name for name, how in ends.items() if how != "cancelled"}
    back = {name for name, void, _ in _left(settings) if void}  # given back after their end
    assert {ends[name] for name in back} <= {"expired"}
    assert set(_standing(settings)) == placed - back
    open_at_once = _asked(
        settings,
        "SELECT count(*) FROM permit a JOIN permit b ON a.point = b.point AND a.permit < b.permit "
        "JOIN permit_end e ON e.permit = a.permit WHERE b.opened_at < e.at "
        "AND a.opened_at < b.opened_at AND b.opened_at < a.until",
    )
    assert open_at_once == [(0,)]
