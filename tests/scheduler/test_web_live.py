"""Checks, permits, events, releases and decisions over HTTP, with the live core behind them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from scheduler.dialer.outcomes import SAID
from scheduler.law import Law, directories, load_law
from scheduler.live.recording import broken
from scheduler.live.token import KeySigner, check_token
from scheduler.log.keys import keys_of
from scheduler.log.sealing_live import seal_live
from scheduler.settings import Settings
from scheduler.web.access import CLIENT_TIME
from scheduler.web.door import Door
from scheduler.web.logged import log_of
from tests.scheduler.serving import DAY, Client, Served, law, make_home, serving
from tests.scheduler.test_web import problem

CODES = ("permitted", "decision", "at", "account", "consumer", "point", "channel")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("firm") / "home", 120)


@pytest.fixture(scope="module")
def whole(settings: Settings) -> Iterator[Served]:
    """One service for all tests of this module: each uses rows of its own."""
    assert settings.home is not None
    keys = keys_of(settings.home)
    with serving(settings) as found:
        found.service.log = log_of(keys.log, settings.lists, found.service.live)
        yield found


@pytest.fixture
def client(whole: Served) -> Client:
    return whole.client()


@pytest.fixture(scope="module")
def yes(whole: Served, settings: Settings) -> Iterator[dict[str, str]]:
    """Contacts that may be placed now, one after another."""
    rows = pl.read_parquet(settings.lists / DAY.isoformat() / "list.parquet")
    calls = rows.filter(pl.col("channel") == "call").unique("consumer", maintain_order=True)
    asked = calls.select("account", "point", "channel").to_dicts()
    found = whole.client().post("/v1/checks", json={"contacts": asked, "brief": True}).json()
    assert "results" in found, found
    picked = [one for one in found["results"] if one["permitted"]]
    assert len(picked) > 12
    return iter([{name: one[name] for name in ("account", "point", "channel")} for one in picked])


def reserved(client: Client, contact: dict[str, str]) -> dict[str, Any]:
    answer = client.post("/v1/permits", json=contact)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


# -- checks


def test_each_contact_has_a_result_of_its_own(
    client: Client, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    asked = [
        contact,
        {"account": "nobody", "channel": "call"},
        {**contact, "channel": "visit"},
        {**contact, "purpose": "mischief"},
        contact,
    ]
    found = client.post("/v1/checks", json={"contacts": asked})
    assert found.status_code == 200
    results = found.json()["results"]
    assert [one["permitted"] for one in results] == [True, False, False, False, True]
    codes = [one["fault"]["code"] if "fault" in one else None for one in results]
    assert codes == [None, "unknown_account", "wrong_channel", "unknown_word", None]
    assert results[0]["decision"] != results[4]["decision"]
    assert set(results[0]["engines"]) == {"compiled", "rete"}
    assert results[0]["until"] > results[0]["at"]
    assert results[0]["rulebook"] == law().rulebook.digest


def test_brief_answers_leave_the_words_out(client: Client, yes: Iterator[dict[str, str]]) -> None:
    body = {"contacts": [next(yes)], "brief": True}
    (one,) = client.post("/v1/checks", json=body).json()["results"]
    assert set(CODES) <= set(one)
    assert not {"findings", "engines", "places"} & set(one)


def test_a_thousand_and_no_more(client: Client) -> None:
    many = [{"account": "nobody", "channel": "call"}] * 1_001
    assert problem(client.post("/v1/checks", json={"contacts": many})) == "wrong_request"
    found = client.post("/v1/checks", json={"contacts": many[:1_000]})
    assert len(found.json()["results"]) == 1_000
    assert problem(client.post("/v1/checks", json={"contacts": []})) == "wrong_request"


# -- permits


def test_a_permit_from_its_reservation_to_its_result(
    whole: Served, client: Client, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    given = reserved(client, contact)
    assert given["permitted"] is True
    assert given["answer"]["permitted"] is True
    assert given["until"] == "2026-11-21T18:01:00Z"
    second = client.post("/v1/permits", json=contact)
    assert second.status_code == 200  # one open call at a time
    assert second.json()["permitted"] is False
    assert second.json()["permit"] is None
    path = f"/v1/permits/{given['permit']}"
    told = {"result": "no_answer", "at": "2026-11-21T18:00:00Z"}
    first = client.post(f"{path}/result", json=told).json()
    assert (first["how"], first["late"], first["again"]) == ("settled", False, False)
    assert client.post(f"{path}/result", json=told).json()["again"] is True
    assert client.post(f"{path}/result", json={"result": "busy"}).status_code == 200
    assert problem(client.post(f"{path}/cancel")) == "was_placed"
    assert problem(client.post(f"{path}/result", json={"result": "fun"})) == "unknown_word"
    assert problem(client.post(f"{path}/result", json={"at": "noon"})) == "wrong_request"
    early = {"result": "busy", "at": "2026-11-20T18:00:00Z"}
    assert problem(client.post(f"{path}/result", json=early)) == "wrong_time"
    assert problem(client.post("/v1/permits/p0/result", json={})) == "unknown_permit"


def test_a_permit_is_checked_without_us(
    whole: Served, settings: Settings, client: Client, yes: Iterator[dict[str, str]]
) -> None:
    assert settings.home is not None
    signer = keys_of(settings.home).signer
    with serving(settings, signer=KeySigner.of(signer.name, signer.seed)) as signed:
        contact = next(yes)
        given = reserved(signed.client(), contact)
        public = KeySigner.of(signer.name, signer.seed).key.public_key()
        found = check_token(given["token"], public, signed.clock())
        assert (found.permit, found.account) == (given["permit"], contact["account"])
        assert signed.client().post(f"/v1/permits/{found.permit}/cancel").status_code == 200


def test_a_permit_is_given_back_and_only_by_whom_it_was_given_to(
    whole: Served, client: Client, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    path = f"/v1/permits/{reserved(client, contact)['permit']}"
    with serving(whole.service.settings) as other:
        assert problem(other.client().post(f"{path}/cancel")) == "not_yours"
    assert client.post(f"{path}/cancel").json()["how"] == "cancelled"
    assert problem(client.post(f"{path}/result", json={})) == "already_ended"
    again = reserved(client, contact)["permit"]  # as if it had never been
    assert client.post(f"/v1/permits/{again}/cancel").status_code == 200


def test_who_asks_for_nobody_is_told_so(client: Client, yes: Iterator[dict[str, str]]) -> None:
    contact = next(yes)
    nobody = client.post("/v1/permits", json={**contact, "account": "nobody"})
    assert (nobody.status_code, problem(nobody)) == (404, "unknown_account")
    assert problem(client.post("/v1/permits", json={**contact, "point": "P?"})) == "unknown_point"
    assert problem(client.post("/v1/permits", json={**contact, "channel": "x"})) in (
        "wrong_channel",
        "unknown_word",
    )


# -- events


def test_an_event_is_known_from_the_moment_it_is_answered(
    whole: Served, client: Client, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    before = client.get(f"/v1/lists/{DAY}/changes").json()
    row = {"kind": "cease", "accounts": [contact["account"]], "medium": "written"}
    events = [
        {"kind": "statement", "source": "desk", "id": contact["account"], "row": row},
        {"kind": "statement", "source": "desk", "id": "x", "row": {**row, "kind": "sease"}},
        {"kind": "statement", "source": "desk", "id": contact["account"], "row": row},
    ]
    found = whole.client("officer").post("/v1/events", json={"events": events}).json()["results"]
    assert [one["outcome"] for one in found] == ["new", "refused", "same"]
    assert found[1]["problems"][0]["column"] == "kind"
    assert client.post("/v1/permits", json=contact).status_code == 200
    feed = client.get(f"/v1/lists/{DAY}/changes?after={before['next']}").json()
    gone = [one for one in feed["changes"] if one["account"] == contact["account"]]
    assert (contact["point"], "call") in {(one["point"], one["channel"]) for one in gone}
    assert feed["next"] == feed["changes"][-1]["cursor"]
    assert client.get(f"/v1/lists/{DAY}/changes?after={feed['next']}").json()["changes"] == []
    page = client.get(f"/v1/lists/{DAY}/changes?limit=1").json()
    assert (len(page["changes"]), page["more"]) == (1, True)
    left = client.get(f"/v1/lists/{DAY}.ndjson").text.splitlines()
    keys = {(one["account"], one["point"], one["channel"]) for one in map(json.loads, left)}
    assert (contact["account"], contact["point"], "call") not in keys
    unknown = {"kind": "rumour", "source": "desk", "id": "x", "row": {}}
    assert problem(client.post("/v1/events", json={"events": [unknown]})) == "wrong_request"


def test_whatever_the_dialer_has_consumers_say_is_taken(
    client: Client, yes: Iterator[dict[str, str]]
) -> None:
    told = {"accounts": [next(yes)["account"]], "medium": "oral"}
    events = [
        {
            "kind": "statement", "source": "dialer", "id": f"said-{word}",
            "row": {**told, "kind": word} | ({} if value is None else {"value": value}),
        }
        for word, value in SAID.items()
    ]  # fmt: skip
    found = client.post("/v1/events", json={"events": events}).json()["results"]
    assert {one["outcome"] for one in found} == {"new"}


# -- releases, decisions, the log


def test_only_a_presumption_is_lifted(whole: Served, yes: Iterator[dict[str, str]]) -> None:
    officer = whole.client("officer")
    lift = {
        "account": next(yes)["account"], "person": "O. Ficer", "factor": "the consumer asked",
        "reason": "asked to be called back today", "until": "2026-11-22T18:00:00Z",
    }  # fmt: skip
    given = officer.post(
        "/v1/releases", json={**lift, "rule": "regulation_f/seven-calls-in-seven-days"}
    )
    assert given.status_code == 201
    assert set(given.json()) == {"release", "at"}
    refused = officer.post("/v1/releases", json={**lift, "rule": "fdcpa/ceased"})
    assert problem(refused) == "not_releasable"
    assert problem(officer.post("/v1/releases", json={**lift, "rule": "x", "until": "soon"})) == (
        "wrong_request"
    )


def test_decisions_are_found_live_and_of_a_run(
    client: Client, settings: Settings, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    (one,) = client.post("/v1/checks", json={"contacts": [contact]}).json()["results"]
    record = client.get(f"/v1/decisions/{one['decision']}").json()
    assert (record["account"], record["verdict"]) == (contact["account"], "permitted")
    listed = pl.read_parquet(settings.lists / DAY.isoformat() / "list.parquet").row(3, named=True)
    of_run = client.get(f"/v1/decisions/{listed['decision_id']}").json()
    assert (of_run["account"], of_run["listed"]) == (listed["account"], True)
    assert problem(client.get("/v1/decisions/none-1")) == "not_found"


def test_a_permit_carries_the_newest_checkpoint(
    whole: Served, settings: Settings, client: Client, yes: Iterator[dict[str, str]]
) -> None:
    """Whoever keeps the answers is a witness of the log."""
    assert settings.home is not None
    keys = keys_of(settings.home)
    given = reserved(client, next(yes))
    assert given["checkpoint"] is None  # nothing was sealed yet
    notes = []
    for _ in range(2):
        seal_live(keys, whole.service.store, broken)
        notes.append(reserved(client, next(yes))["checkpoint"])
        assert notes[-1] == client.get("/v1/log/checkpoint").text
    assert len(set(notes)) == 2
    shutil.rmtree(keys.log)


def test_a_log_that_was_never_sealed_has_no_proof(whole: Served, client: Client) -> None:
    assert problem(client.get("/v1/log/checkpoint")) == "not_found"
    auditor = whole.client("auditor")
    assert problem(auditor.get("/v1/log/inclusion/none-1")) == "not_found"
    assert problem(auditor.post("/v1/log/consistency", json={"old": "x"})) == "not_found"


# -- past the framework


def test_the_quick_way_answers_as_the_frameworks_own(
    settings: Settings, yes: Iterator[dict[str, str]]
) -> None:
    """Whatever is asked: but for the number of the decision, the same bytes, heads and journal."""
    contact = next(yes)
    with serving(settings, max_body=9_000, rate=1_000) as served:
        quick = served.app
        assert isinstance(quick, Door)
        slow = Door(quick._app, served.service, {})
        key = f"Bearer {served.keys['dialer']}"
        own = {"Authorization": key, CLIENT_TIME: "2026-11-21T18:00:00Z"}
        asked: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
            ("POST", "/v1/checks", own, {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", own, {"json": {"contacts": [contact] * 3, "brief": True}}),
            ("POST", "/v1/checks", own, {"json": {"contacts": []}}),
            ("POST", "/v1/checks", {"Authorization": key}, {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", {"Authorization": f"Bearer {served.keys['officer']}"},
             {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", own, {"content": b"no JSON"}),
            ("POST", "/v1/checks", own, {"content": b"x" * 10_000}),
            ("POST", "/v1/checks", {}, {"json": {}}),
            ("POST", "/v1/checks", {"Authorization": "Bearer fb_no_key"}, {"json": {}}),
            ("POST", "/v1/checks", {"Authorization": "Basic eDp5"}, {"json": {}}),
            ("POST", "/v1/checks", {"Authorization": key.replace("Bearer", "bearer")},
             {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", {"Authorization": f"Bearer {served.keys['auditor']}"}, {}),
            ("POST", "/v1/permits", {"Authorization": f"Bearer {served.keys['officer']}"}, {}),
            ("POST", "/v1/permits", own, {"json": {"account": "nobody", "channel": "call"}}),
            ("POST", "/v1/permits", own, {"json": contact | {"channel": "visit"}}),
            ("GET", "/v1/permits", own, {}),
            ("POST", "/v1/checks/", own, {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks?x=1", own, {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", own | {CLIENT_TIME: "2026-11-21T18:00:09Z"}, {"json": {}}),
            ("POST", "/v1/checks", own | {CLIENT_TIME: "2026-11-21T18:00:01Z"},
             {"json": {"contacts": [contact]}}),
            ("POST", "/v1/checks", own | {CLIENT_TIME: "noon"}, {"json": {}}),
            ("POST", "/v1/checks", own | {CLIENT_TIME: "x" * 41}, {"json": {}}),
        ]  # fmt: skip
        for method, path, head, more in asked:
            told = []
            for way in (quick, slow):
                served.app = way
                found = Client(served, head, clock=False).request(method, path, **more)
                heads = {k: v for k, v in found.headers.items() if k != "content-length"}
                body = re.sub(r"live-\d+", "live-N", found.text)
                told.append((found.status_code, heads, body, served.journal()[-1] | {"ms": 0}))
            assert told[0] == told[1], path
        assert not [one for one in served.journal() if one["what"] == "fault"]


# -- when something is gone


def test_a_rulebook_read_anew_is_whole(whole: Served, settings: Settings) -> None:
    """What was asked before is decided by the one, what is asked after by the other."""

    def other() -> Law:
        found = load_law(directories(settings), settings.house)
        return Law(found.rulebook.at_least("high"), found.files)

    contact = {"account": "A00000001", "channel": "call"}
    client, admin = whole.client(), whole.client("admin")
    digests = []
    for read in (other, law):
        whole.service.read_law = read
        changed = admin.post("/v1/admin/reload").json()
        assert changed["changed"] is True
        (one,) = client.post("/v1/checks", json={"contacts": [contact]}).json()["results"]
        assert one["rulebook"] == changed["rulebook"]
        digests.append(one["rulebook"])
    assert len(set(digests)) == 2
    whole.service.sweep()  # every listed row has been asked again, by whichever of them
    assert whole.journal("swept")


def test_what_is_pulled_is_decided_ahead(settings: Settings) -> None:
    with serving(settings) as served:
        client = served.client()
        page = client.get(f"/v1/lists/{DAY.isoformat()}?limit=20").json()["rows"]
        assert client.get(f"/v1/lists/{DAY.isoformat()}.csv").status_code == 200
        assert served.service.foresee(DAY, 0, 20).result(60) > 0
        memory = served.service.live.writer.core.memory
        assert {one["account"] for one in page} & set(memory.owner)
        assert served.service.foresee(DAY, 10**9, 20).result(60) == 0
        served.clock.on(hours=-16)  # nothing is open in the night
        assert served.service.foresee(DAY, 0, 20).result(60) == 0


def test_a_store_that_is_gone_permits_nothing(
    settings: Settings, yes: Iterator[dict[str, str]]
) -> None:
    contact = next(yes)
    with serving(settings) as served:
        client = served.client()
        gone = True

        def refuse(*_: object) -> None:
            if gone:
                raise sa.exc.OperationalError("SELECT", {}, Exception(f"no {contact['account']}"))

        sa.event.listen(served.service.store.engine, "engine_connect", refuse)
        for path in ("/v1/permits", "/v1/checks"):
            answer = client.post(path, json=contact)
            assert (answer.status_code, problem(answer)) == (503, "not_ready")
        assert served.client(None).get("/healthz").json()["missing"][0] == "store"
        gone = False
        given = reserved(client, contact)
        assert client.post(f"/v1/permits/{given['permit']}/cancel").status_code == 200
