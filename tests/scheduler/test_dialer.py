"""The reference dialer: whatever is not a yes is a no, and no result is lost that it can tell."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from engine.clock import format_instant
from scheduler.dialer import lines
from scheduler.dialer.client import Client, No, Unreachable, Yes
from scheduler.dialer.lines import Plan, Work
from scheduler.dialer.outcomes import CODES, DELIVERIES, SAID, outcome
from scheduler.dialer.queue import Queue, Row
from scheduler.intake.results import load

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
Answers = Callable[[httpx.Request], httpx.Response]


def client(answers: Answers, now: Callable[[], datetime] | None = lambda: NOW) -> Client:
    return Client("http://here", "fb_x_y", now, transport=httpx.MockTransport(answers))


def says(status: int, document: Any) -> Answers:
    return lambda _: httpx.Response(status, json=document)


# -- what an answer means


def test_a_yes_is_a_permit_and_nothing_else_is() -> None:
    yes = {"permitted": True, "permit": "p1", "until": "2026-11-21T18:01:00Z", "answer": {}}
    assert client(says(201, yes)).reserve("A", "P", "call") == Yes("p1", NOW + HOUR / 60)
    no = {"permitted": False, "answer": {"rules": ["x/y"], "next_permitted": None}}
    assert client(says(200, no)).reserve("A", "P", "call") == No(("x/y",))
    no["answer"] |= {"next_permitted": "2026-11-21T19:00:00Z"}
    assert client(says(200, no)).reserve("A", "P", "call") == No(("x/y",), NOW + HOUR)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (201, {"permitted": False, "permit": "p1", "until": "2026-11-21T18:01:00Z"}),
        (201, {"permitted": True, "permit": "p1"}),
        (201, {"permitted": "yes", "permit": "p1", "until": "2026-11-21T18:01:00Z"}),
        (201, {"permitted": True, "permit": "p1", "until": "soon"}),
        (200, {"permitted": True, "permit": "p1", "until": "2026-11-21T18:01:00Z"}),
        (204, {}),
        (301, {"permitted": True}),
        (500, {}),
        (200, []),
        (201, None),
    ],
)
def test_what_is_not_quite_a_yes_is_a_no(status: int, document: Any) -> None:
    found = client(says(status, document)).reserve("A", "P", "call")
    assert isinstance(found, No)


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("slow"), httpx.ConnectError("gone"), httpx.RemoteProtocolError("?")]
)
def test_silence_is_a_no(error: Exception) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise error

    assert client(silent).reserve("A", "P", "call") == No(silent=True)
    with pytest.raises(Unreachable):
        client(silent).settle("p1", {})
    assert client(lambda _: httpx.Response(200, text="<html>")).reserve("A", "P", "call") == No(
        silent=True
    )


def test_an_error_says_its_code() -> None:
    told = {"ok": False, "errors": [{"code": "clock_off", "message": "x"}], "status": 409}
    assert client(says(409, told)).reserve("A", "P", "call") == No(code="clock_off")


def test_each_request_tells_the_clients_clock() -> None:
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503, headers={"Forbear-Time": "2026-11-21T18:00:01Z"})

    own = client(note)
    own.reserve("A", "P", "call")
    assert seen[0].headers["forbear-client-time"] == "2026-11-21T18:00:00Z"
    assert seen[0].headers["authorization"] == "Bearer fb_x_y"
    assert own.server_time == NOW + timedelta(seconds=1)
    client(note, None).reserve("A", "P", "call")
    assert "forbear-client-time" not in seen[1].headers


# -- what comes of calls


def test_the_same_seed_and_call_come_to_the_same() -> None:
    drawn = [outcome(1, f"r-{n}", n % 3) for n in range(4_000)]
    assert drawn == [outcome(1, f"r-{n}", n % 3) for n in range(4_000)]
    assert drawn != [outcome(2, f"r-{n}", n % 3) for n in range(4_000)]
    assert {one.code for one in drawn} == {code for code, _ in CODES}
    assert {one.delivery for one in drawn} == {word for word, _ in DELIVERIES}
    assert {one.said for one in drawn} == {*SAID, None}
    share = sum(one.code == "NA" for one in drawn) / len(drawn)
    assert share == pytest.approx(0.46, abs=0.03)


def test_every_code_is_in_the_generic_map() -> None:
    codes = load("generic")
    assert all(code in codes for code, _ in CODES)


# -- the queue


def row(name: str, priority: int, opens: datetime = NOW, attempts: int = 1) -> Row:
    return Row(f"r-{name}", name, f"C{name}", f"P{name}", "call", opens, NOW + 3 * HOUR, attempts,
               priority)  # fmt: skip


def test_rows_come_when_they_open_the_first_ones_first() -> None:
    queue = Queue()
    queue.add([row("a", 3), row("b", 1, NOW + HOUR), row("c", 2), row("d", 9)])
    queue.withdraw([row("d", 9).key])

    def taken(now: datetime) -> str | None:
        found = queue.take(now)
        return None if found is None else found[0].account

    assert [taken(NOW) for _ in range(3)] == ["c", "a", None]
    assert queue.next() == NOW + HOUR
    queue.again(row("a", 3), NOW + HOUR)
    assert [taken(NOW + HOUR) for _ in range(3)] == ["b", "a", None]
    queue.again(row("a", 3), NOW + 3 * HOUR)  # it is void by then
    assert queue.next() is None


def test_a_row_that_expired_while_it_waited_is_not_given_out() -> None:
    queue = Queue()
    queue.add([row("a", 1)])
    assert queue.take(NOW + 3 * HOUR) is None


# -- a day's work, against a service that keeps count


class Desk:
    """A service that gives each row one permit at a time, and breaks now and then."""

    def __init__(self, rows: int, breaks: int = 7) -> None:
        self.rows = rows
        self.breaks = breaks
        self.now = NOW
        self.asked = 0
        self.open: dict[str, str] = {}
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.statements: dict[str, dict[str, Any]] = {}
        self.gone: list[str] = []
        self.lists = 1
        self.pulls: list[str | None] = []
        self.after_withdrawal: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.asked += 1
            self.now += timedelta(seconds=1)
            if self.breaks and self.asked > 3 and self.asked % self.breaks == 0:
                raise httpx.ReadTimeout("slow")
            if self.breaks and self.asked % (self.breaks * 3) == 1 and self.asked > 3:
                return httpx.Response(503, text="restarting")
            return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else None
        if path.endswith("/changes"):
            return httpx.Response(200, json={"changes": [], "next": 0, "more": False})
        if path == "/v1/lists":
            days = [{"day": "2026-11-21", "run": f"r{n}"} for n in range(self.lists)]
            return httpx.Response(200, json={"days": [*days, {"day": "2026-11-20", "run": "x"}]})
        if path.startswith("/v1/lists"):
            self.pulls.append(request.url.params.get("region"))
            rows = [json.dumps(self.listed(n)) + "\n" for n in range(self.rows)]
            return httpx.Response(200, text="".join(rows))
        if path == "/v1/permits":
            permit = f"p{self.asked}"
            self.open[permit] = body["account"]
            until = format_instant(self.now + timedelta(seconds=60))
            return httpx.Response(201, json={"permitted": True, "permit": permit, "until": until})
        if path == "/v1/events":
            for one in body["events"]:
                self.statements[one["id"]] = one
            return httpx.Response(200, json={"results": [{"outcome": "new"}]})
        permit = path.split("/")[3]
        if path.endswith("/cancel"):
            self.open.pop(permit)
            return httpx.Response(200, json={"late": False})
        assert permit in self.open
        self.results.setdefault(permit, []).append(body)
        return httpx.Response(200, json={"late": False})

    @staticmethod
    def listed(number: int) -> dict[str, Any]:
        return {
            "decision_id": f"r-{number}", "account": f"A{number}", "consumer": f"C{number}",
            "point": f"P{number}", "channel": "call" if number % 5 else "email",
            "open_utc": "2026-11-21T13:00:00Z", "expires_utc": "2026-11-22T02:00:00Z",
            "attempts_left": 1, "priority": number + 1,
        }  # fmt: skip


@pytest.mark.parametrize("breaks", [0, 7])
def test_every_call_has_its_permit_and_every_result_is_told(breaks: int) -> None:
    desk = Desk(300, breaks)
    own = client(desk, None)
    plan = Plan("2026-11-21", 8, 3, load("generic"), lambda: desk.now, pace=1e6)
    work = Work(own, plan)
    assert work.pull() == 240
    counts = work.run()
    assert counts["placed"] == 240
    assert counts["results lost"] == 0
    told = [one for results in desk.results.values() for one in results]
    assert len(desk.results) == 240 - counts["result never told"]
    assert len(told) > len(desk.results)  # some twice
    for results in desk.results.values():
        assert len({json.dumps(one, sort_keys=True) for one in results}) == 1
    assert Counter(desk.open.values()).keys() == {f"A{n}" for n in range(300) if n % 5}
    if not breaks:
        assert max(Counter(desk.open.values()).values()) == 1
        assert all(one["row"]["accounts"] for one in desk.statements.values())


def test_a_list_that_comes_out_later_is_pulled_and_nothing_is_called_twice() -> None:
    desk = Desk(100, 0)
    work = Work(client(desk, None), Plan("2026-11-21", 1, 3, {}, lambda: desk.now, region="east"))
    assert work.pull() == 80
    assert not work.look()
    desk.lists, desk.rows = 2, 150
    assert work.look()
    assert work.counts["listed"] == 120
    assert desk.pulls == ["east", "east"]
    taken = [work.queue.take(NOW) for _ in range(121)]
    assert len({one[0].key for one in taken if one is not None}) == 120
    assert taken[-1] is None


def test_results_that_nobody_takes_any_more_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "TRIES", 3)
    monkeypatch.setattr(lines, "AGAIN", 0.0)
    desk = Desk(40, 0)

    def deaf(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/result"):
            raise httpx.ConnectError("gone")
        return desk(request)

    plan = Plan("2026-11-21", 4, 3, load("generic"), lambda: desk.now, pace=1e6)
    work = Work(client(deaf, None), plan)
    work.pull()
    counts = work.run()
    assert counts["results lost"] == counts["placed"] - counts["result never told"] > 20


def test_it_stops_after_so_many_calls() -> None:
    desk = Desk(300, 0)
    plan = Plan("2026-11-21", 1, 3, load("generic"), lambda: desk.now, pace=1e6, most=20)
    work = Work(client(desk, None), plan)
    work.pull()
    assert work.run()["placed"] == 20


def test_a_code_that_is_in_no_map_is_told_as_not_known() -> None:
    desk = Desk(20, 0)
    work = Work(client(desk, None), Plan("2026-11-21", 2, 3, {}, lambda: desk.now, pace=1e6))
    work.pull()
    work.run()
    assert {one["result"] for results in desk.results.values() for one in results} == {None}
