"""The door: keys, scopes, errors of one shape, clocks, sizes, pace, and what is written down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.clock import format_instant
from engine.problem import Position, Problem, Problems
from scheduler.regions import Region
from scheduler.settings import Settings
from scheduler.web.app import contract
from scheduler.web.journal import masked
from scheduler.web.keys import revoke
from scheduler.web.pacing import Pace
from scheduler.web.problems import CODES
from tests.house.tree import ROOT, table
from tests.scheduler.serving import NOW, Served, law, make_home, serving

CONTRACT = Path(__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("firm") / "home")


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    with serving(settings) as found:
        yield found


def problem(answer: Any) -> str:
    """The code of an error, whose shape is looked at."""
    document = answer.json()
    assert set(document) == {"ok", "errors", "status"}
    assert document["ok"] is False
    assert document["status"] == answer.status_code
    assert document["errors"]
    for one in document["errors"]:
        assert {"code", "message"} <= set(one)
        assert CODES[one["code"]][0] == answer.status_code
    return str(document["errors"][0]["code"])


def test_without_a_key_nothing_opens(served: Served) -> None:
    client = served.client(None)
    assert problem(client.get("/v1/lists")) == "no_key"
    for wrong in ("nobody", "fb_x_y", served.keys["dialer"] + "x"):
        found = client.get("/v1/lists", headers={"Authorization": f"Bearer {wrong}"})
        assert problem(found) == "bad_key"
        assert "bearer" in found.headers["www-authenticate"].lower()
    assert problem(client.get("/v1/lists", headers={"Authorization": "Basic eDp5"})) == "no_key"
    assert problem(client.post("/v1/checks", content=b"{")) == "no_key"  # nobody's body is read
    codes = [one["code"] for one in served.journal("refused")]
    assert codes == ["no_key", "bad_key", "bad_key", "bad_key", "no_key", "no_key"]
    assert not any(one["key"] for one in served.journal("refused"))


def test_a_revoked_key_opens_nothing_from_that_moment(served: Served) -> None:
    client = served.client("auditor")
    assert client.get("/v1/lists").status_code == 200
    id = served.keys["auditor"].split("_")[1]
    revoke(served.service.store, id, NOW)
    assert problem(client.get("/v1/lists")) == "bad_key"


def test_every_answer_has_the_servers_time(served: Served) -> None:
    for client, path in ((served.client(), "/v1/lists"), (served.client(None), "/v1/nothing")):
        assert client.get(path).headers["forbear-time"] == "2026-11-21T18:00:00Z"


def test_a_client_whose_clock_is_off_is_refused(served: Served) -> None:
    client = served.client()
    for seconds, fits in ((0, True), (5, True), (-5, True), (5.001, False), (-6, False)):
        told = format_instant(NOW + timedelta(seconds=seconds))
        found = client.get("/v1/lists", headers={"Forbear-Client-Time": told})
        assert found.status_code == (200 if fits else 409), seconds
        assert fits or problem(found) == "clock_off"
    wrong = client.get("/v1/lists", headers={"Forbear-Client-Time": "noon"})
    assert problem(wrong) == "wrong_request"


def test_a_dialer_must_say_what_time_it_is_where_an_answer_holds_for_a_moment(
    served: Served,
) -> None:
    dialer, officer = served.client(clock=False), served.client("officer", clock=False)
    for path in ("/v1/checks", "/v1/permits"):
        missing = dialer.post(path, json={})
        assert (missing.status_code, problem(missing)) == (422, "no_clock")
        assert missing.json()["errors"][0]["field"] == "Forbear-Client-Time"
    assert problem(officer.post("/v1/checks", json={})) == "wrong_request"  # a person's: looked at
    assert problem(dialer.post("/v1/permits/p0/cancel")) == "unknown_permit"
    assert dialer.get("/v1/lists").status_code == 200


def test_a_made_up_clock_that_goes_fast_is_as_far_off_as_ours_would_be(settings: Settings) -> None:
    with serving(settings, off=timedelta(seconds=500)) as fast:
        for seconds, code in ((499, 200), (501, 409)):
            told = format_instant(NOW + timedelta(seconds=seconds))
            answer = fast.client().get("/v1/lists", headers={"Forbear-Client-Time": told})
            assert answer.status_code == code


def test_what_is_too_large_is_not_read(settings: Settings) -> None:
    with serving(settings, max_body=1_000) as served:
        client = served.client()
        assert problem(client.post("/v1/checks", content=b"x" * 1_001)) == "too_large"

        async def slowly() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b" " * 100

        assert problem(client.post("/v1/checks", content=slowly())) == "too_large"


def test_a_key_that_asks_too_often_waits(settings: Settings) -> None:
    with serving(settings, rate=2) as served:
        client = served.client()
        codes = [client.get("/v1/lists").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 200, 429]
        last = client.get("/v1/lists")
        assert problem(last) == "too_many"
        assert last.headers["retry-after"] == "1"
        assert served.client("officer").get("/v1/lists").status_code == 200
        served.clock.on(seconds=1)
        assert client.get("/v1/lists").status_code == 200


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    pace = Pace(10)
    assert [pace.wait("a", 0.0) for _ in range(20)] == [0.0] * 20
    assert pace.wait("a", 0.0) == pytest.approx(0.1)
    assert pace.wait("a", 1_000.0) == 0.0
    assert sum(pace.wait("a", 1_000.0) == 0.0 for _ in range(50)) == 19
    assert pace.wait("a", 0.0) > 0.0  # a stopwatch set back gives nothing
    assert Pace(0).wait("a", 0.0) == 0.0


def test_errors_have_one_shape(served: Served) -> None:
    client = served.client()
    assert problem(client.get("/v1/nothing")) == "not_found"
    assert problem(client.delete("/v1/lists")) == "wrong_method"
    assert problem(client.get("/v1/lists/2026-02-30")) == "wrong_request"
    assert problem(client.get("/v1/lists/2026-11-20")) == "not_found"
    assert problem(client.get("/v1/lists/2026-11-20.csv")) == "not_found"
    assert problem(client.post("/v1/checks", content=b"{")) == "wrong_request"
    sent = {"contacts": [{"account": "John Smith", "channel": 5, "more": "+12125550100"}]}
    found = client.post("/v1/checks", json=sent)
    assert problem(found) == "wrong_request"
    fields = {one["field"] for one in found.json()["errors"]}
    assert fields == {"body.contacts.0.channel", "body.contacts.0.more"}
    assert "Smith" not in found.text
    assert "5550100" not in found.text


def test_whoever_went_away_before_the_end_of_what_he_asked_is_no_fault_of_ours(
    served: Served,
) -> None:
    sent: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    head = {"authorization": f"Bearer {served.keys['officer']}", "content-length": "20"}
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/checks", "raw_path": b"/v1/checks", "root_path": "", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
        "client": ("127.0.0.1", 1), "server": ("here", 80),
    }  # fmt: skip

    async def ask() -> None:
        await served.app(scope, gone, send)

    served.runner.run(ask())
    assert sent[0]["status"] == 422
    assert not served.journal("fault")


def test_a_fault_of_ours_is_a_no_and_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise ZeroDivisionError("of +1 212 555 0100")

    monkeypatch.setattr(served.service.lists, "published", fails)
    assert problem(served.client().get("/v1/lists")) == "fault"
    (told,) = served.journal("fault")
    assert told["why"] == "ZeroDivisionError: of ***"


def test_every_request_is_written_down_without_what_it_held(served: Served) -> None:
    client = served.client()
    client.get("/v1/decisions/A-1234567890")
    client.get("/v1/lists/2026-11-21?cursor=John")
    one, two = served.journal()
    assert (one["route"], one["status"]) == ("/v1/decisions/{decision}", 404)
    assert (two["route"], two["status"], two["code"]) == ("/v1/lists/{day}", 422, "wrong_cursor")
    assert one["key"] == served.keys["dialer"].split("_")[1]
    assert "1234567890" not in served.said.getvalue()
    assert "John" not in served.said.getvalue()
    assert served.keys["dialer"] not in served.said.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no account `John Smith` known", "no account *** known"),
        ("call +1 (212) 555-0100 now", "call *** now"),
        ("from 2125550100.", "from ***."),
        ("a.b+c@example.com said", "*** said"),
        ("3 of 5 problems", "3 of 5 problems"),
        ("the list of 2026-11-21", "the list of 2026-11-21"),
    ],
)
def test_names_and_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_ready_only_when_everything_is_there(served: Served) -> None:
    client = served.client(None)
    found = client.get("/healthz").json()
    lists = {one["region"]: one for one in found.pop("lists")}
    assert found == {
        "ready": True,
        "missing": [],
        "time": "2026-11-21T18:00:00Z",
        "version": client.get("/healthz").json()["version"],
        "rulebook": law().rulebook.digest,
    }
    states = {name: one["state"] for name, one in lists.items()}
    assert states.pop("marianas") == "waits"  # it is the next day's morning there
    assert set(states.values()) == {"published"}  # the list of everybody is every region's
    assert lists["marianas"] == {
        "region": "marianas",
        "day": "2026-11-22",
        "state": "waits",
        "starts": "2026-11-21T19:00:00Z",
        "opens": "2026-11-21T22:00:00Z",
    }
    served.clock.on(hours=1)
    told = client.get("/healthz")
    assert (told.status_code, told.json()["lists"][0]["state"]) == (200, "due")
    served.clock.on(hours=3)
    told = client.get("/healthz")
    assert (told.status_code, told.json()["lists"][0]["state"]) == (503, "missing")
    assert told.json()["missing"] == ["the list of marianas for 2026-11-22"]


def test_a_single_list_of_everybody_is_missing_all_day(served: Served) -> None:
    one = (Region("everybody", ("America/New_York",), others=True),)
    settings = replace(served.service.settings, regions=one)
    served.service.settings = settings
    client = served.client(None)
    assert client.get("/healthz").json()["lists"][0]["state"] == "published"
    served.clock.on(hours=12)
    found = client.get("/healthz")
    assert (found.status_code, found.json()["missing"]) == (503, ["today's list"])


def test_metrics_count_without_ids(served: Served) -> None:
    served.client().get("/v1/decisions/A-1")
    found = served.client("admin").get("/metrics")
    assert found.status_code == 200
    line = 'forbear_requests_total{method="GET",route="/v1/decisions/{decision}",status="404"} 1.0'
    assert line in found.text
    assert "A-1" not in found.text


def test_rules_that_are_broken_change_nothing(served: Served) -> None:
    before = served.service.live.law

    def broken() -> Any:
        raise Problems([Problem("R014", Position("house/own.yaml", 3, 5), "unknown channel `sms`")])

    served.service.read_law = broken
    found = served.client("admin").post("/v1/admin/reload")
    assert problem(found) == "bad_rules"
    (one,) = found.json()["errors"]
    assert one["message"] == "unknown channel `sms`"
    assert one["line"] == 3
    assert served.service.live.law is before
    served.service.read_law = law
    same = served.client("admin").post("/v1/admin/reload").json()
    assert same == {
        "rulebook": before.rulebook.digest,
        "before": before.rulebook.digest,
        "changed": False,
    }


def test_the_contract_checked_in_is_the_one_served(served: Served) -> None:
    """`python -m tests.scheduler.contract` writes it anew."""
    assert json.loads(CONTRACT.read_text(encoding="utf-8")) == contract()
    assert served.client(None).get("/v1/openapi.json").json() == contract()


# -- the README says what is so


README = (ROOT / "scheduler" / "web" / "README.md").read_text(encoding="utf-8")


def test_every_code_is_explained() -> None:
    rows = table(README, "| code | status | means |")
    assert rows == [[f"`{code}`", str(status), means] for code, (status, means) in CODES.items()]


def test_every_endpoint_is_explained_with_its_scopes(served: Served) -> None:
    """The table is the contract's, and a key of each scope meets what the table says."""
    rows = table(README, "| endpoint | scope | does |")
    told: dict[tuple[str, str], set[str]] = {}
    for names, scopes, _ in rows:
        first, *more = [one.strip("` ") for one in names.split(",")]
        method, path = first.split()
        stem = path.removesuffix(".csv")
        for one in (path, *(f"{stem}{ending}" for ending in more)):
            told[method, one] = set(scopes.split(", ")) - {"none"}
    there = {
        (method.upper(), path) for path, ways in contract()["paths"].items() for method in ways
    }
    assert set(told) == there | {("GET", "/v1/openapi.json")}
    for (method, path), scopes in told.items():
        address = path.replace("{day}", "2026-11-20").replace("{decision}", "x")
        address = address.replace("{permit}", "x")
        for scope in served.keys if scopes else ():
            found = served.client(scope).request(method, address, content=b"{")
            refused = found.status_code == 403
            assert refused == (scope not in scopes), (scope, method, path)
