"""The live core, on both databases: checks, permits, events, withdrawals, and what they leave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scheduler.live import (
    Answer,
    ClockBehind,
    Ended,
    Event,
    Fault,
    Live,
    LiveError,
    NoPermit,
    Proposed,
    Release,
    Released,
    Reserved,
    Result,
    ahead,
    cancel,
    changes_after,
    check,
    check_token,
    core,
    decision,
    expire,
    post_events,
    posting,
    refresh,
    release,
    renew,
    reserve,
    settle,
)
from scheduler.live.recording import broken
from scheduler.live.withdrawing import Listed, Published
from scheduler.store import linking, living
from scheduler.store.adding import add_told
from scheduler.store.database import Store, StoreError
from scheduler.store.living import START, live_decisions
from scheduler.store.migrating import migrate
from scheduler.store.snapshot import snapshot
from tests.scheduler import living as made
from tests.scheduler.living import DAY, KEY, NOON, Hands, Shown, debtors, frame, tell

MINUTE = timedelta(minutes=1)
SEVEN = "regulation_f/seven-calls-in-seven-days"
T = TypeVar("T")


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    tell(empty, debtors(4), NOON - DAY)
    return empty


@pytest.fixture
def lists() -> Shown:
    return Shown()


@pytest.fixture
def live(store: Store, now: Hands, lists: Shown) -> Iterator[Live]:
    with made.living(store, now, lists) as opened:
        yield opened


def call(live: Live, account: str = "A1") -> Reserved:
    """A call reserved, or not."""
    return of(reserve(live, Proposed(account, "call"), "dialer"), Reserved)


def asked(live: Live, account: str = "A1", channel: str = "call") -> Answer:
    """A check's one answer."""
    (found,) = check(live, [Proposed(account, channel)], "dialer").result(60)
    assert isinstance(found, Answer)
    return found


def of(future: Future[Any], kind: type[T]) -> T:
    found = future.result(60)
    assert isinstance(found, kind), found
    return found


def rules(answer: Answer) -> set[str]:
    return {one.rule for one in answer.findings}


def contacts(store: Store) -> list[dict[str, Any]]:
    """The contacts that permits left, as the store knows them."""
    rows = snapshot(store)["contacts"].filter(pl.col("source") == "permit")
    return rows.sort("contact").to_dicts()


def cease(number: int = 1, **more: Any) -> Event:
    row = {
        "kind": "cease",
        "medium": "written",
        "accounts": [f"A{number}"],
        "consumer": f"C{number}",
    }
    return Event("statement", "crm", f"S{number}", {**row, **more})


# -- checks


def test_a_check_reserves_nothing_and_is_logged_like_any_decision(live: Live, store: Store) -> None:
    first, second = asked(live), asked(live)
    assert first.permitted
    assert second.permitted
    record = decision(live, first.decision)
    assert record is not None
    assert (record["asked"], record["asked_by"], record["verdict"]) == (
        "check",
        "dialer",
        "permitted",
    )
    assert (record["account"], record["consumer"], record["point"]) == ("A1", "C1", "P1")
    assert record["rulebook"] == made.law().rulebook.digest
    rows = live_decisions(store, 0, 10)
    assert [one.seq for one in rows] == [1, 2]
    assert broken(rows, START, 1) is None


def test_each_item_of_a_batch_has_its_own_answer(live: Live) -> None:
    batch = [
        Proposed("A1", "call"),
        Proposed("nobody", "call"),
        Proposed("A2", "call", "P1"),
        Proposed("A2", "email"),
        Proposed("A2", "call", purpose="gossip"),
        Proposed("A2", "call", flags={"loud": True}),
        Proposed("A2", "call", debts=("A3",)),
        Proposed("A3", "call", "P3"),
    ]
    found = check(live, batch, "dialer").result(60)
    codes = [one.code if isinstance(one, Fault) else one.verdict for one in found]
    assert codes == [
        "permitted", "unknown_account", "unknown_point", "wrong_channel", "unknown_word",
        "unknown_word", "unknown_account", "permitted",
    ]  # fmt: skip
    assert check(live, [], "dialer").result(60) == ()


def test_a_refusal_names_every_rule_and_when_it_lets_go(live: Live, now: Hands) -> None:
    now.at = NOON.replace(hour=4)
    answer = asked(live)
    assert not answer.permitted
    assert answer.until is None
    assert answer.next_permitted is not None
    assert answer.next_permitted > now.at
    now.at = answer.next_permitted + timedelta(seconds=1)
    assert asked(live).permitted


def test_the_situations_of_a_decision_are_kept_once(live: Live, store: Store) -> None:
    record = decision(live, asked(live).decision)
    again = decision(live, asked(live, "A2").decision)
    assert record is not None
    assert again is not None
    names = {*record["situations"], *again["situations"]}
    (common,) = {one.common for one in live_decisions(store, 0, 10)}
    found = living.live_situations(store, common, names)
    assert set(found) == names
    content = json.loads(found[record["situations"][0]])
    assert content["rete"] == content["compiled"]
    assert content["rule_set"].startswith("federal@")


def test_a_decision_that_is_none_is_nothing(live: Live) -> None:
    asked(live)
    assert decision(live, "live-2") is None
    assert decision(live, "live-01") is None
    assert decision(live, "else") is None


def test_what_is_decided_ahead_is_no_answer_yet(live: Live, store: Store, now: Hands) -> None:
    now.on(seconds=1)
    assert ahead(live, [Proposed("A1", "call"), Proposed("nobody", "call")]).result(60) == 1
    assert live_decisions(store, 0, 10) == []
    kept = live.writer.core.memory.of("C1").answers
    assert len(kept) == 1
    now.on(minutes=20)
    assert asked(live).at == now.at
    assert live.writer.core.memory.of("C1").answers == kept
    post_events(live, [cease()], "crm").result(60)
    assert not asked(live).permitted


# -- permits


def test_the_last_attempt_is_given_once(live: Live) -> None:
    given = [call(live) for _ in range(3)]
    assert [one.permit is not None for one in given] == [True, False, False]
    assert SEVEN in rules(given[1].answer)
    assert "structural/reserved" in rules(given[1].answer)
    assert call(live, "A2").permit is not None


def test_a_permit_is_a_token_that_ends(live: Live, now: Hands) -> None:
    given = call(live)
    assert given.token is not None
    assert given.until == now.at + MINUTE
    told = check_token(given.token, KEY.public_key(), now.at)
    assert (told.permit, told.account, told.channel, told.until) == (
        given.permit, "A1", "call", given.until,
    )  # fmt: skip
    with pytest.raises(NoPermit, match="holds from"):
        check_token(given.token, KEY.public_key(), given.until)
    with pytest.raises(NoPermit, match="not signed by this key"):
        check_token(given.token, Ed25519PrivateKey.generate().public_key(), now.at)
    with pytest.raises(NoPermit, match="cannot be read"):
        check_token("forbear-permit-1.e30.!!", KEY.public_key(), now.at)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    alike = given.token[:-1] + letters[letters.index(given.token[-1]) | 1]
    with pytest.raises(NoPermit, match="cannot be read"):
        check_token(alike, KEY.public_key(), now.at)
    with pytest.raises(NoPermit, match="no permit"):
        check_token("something", KEY.public_key(), now.at)


def test_a_permit_never_outlives_its_window(live: Live, now: Hands) -> None:
    now.at = NOON.replace(day=24, hour=2, minute=59, second=30)  # 20:59:30 in Chicago
    given = call(live)
    assert given.until == NOON.replace(day=24, hour=3)


def test_a_result_settles_a_permit(live: Live, store: Store, now: Hands) -> None:
    permit = call(live).permit or ""
    now.on(seconds=20)
    told = Result(permit, "no_answer", NOON + timedelta(seconds=5))
    ended = of(settle(live, told, "dialer"), Ended)
    assert (ended.how, ended.contact, ended.late, ended.again) == ("settled", permit, False, False)
    (row,) = contacts(store)
    assert (row["contact"], row["result"], row["attributed_to"]) == (permit, "no_answer", ["A1"])
    assert row["at"] == NOON + timedelta(seconds=5)
    assert SEVEN in rules(asked(live))
    assert of(settle(live, told, "dialer"), Ended).again
    of(settle(live, Result(permit, "busy"), "dialer"), Ended)
    assert [one["result"] for one in contacts(store)] == ["busy"]


def test_a_permit_given_back_leaves_nothing(live: Live, store: Store, now: Hands) -> None:
    permit = call(live).permit or ""
    assert of(cancel(live, permit, "dialer"), Ended) == Ended(permit, "cancelled", None, False)
    assert of(cancel(live, permit, "dialer"), Ended).again
    assert of(settle(live, Result(permit, "busy"), "dialer"), Fault).code == "already_ended"
    assert contacts(store) == []
    assert call(live).permit is not None


def test_what_was_placed_cannot_be_given_back(live: Live) -> None:
    permit = call(live).permit or ""
    of(settle(live, Result(permit, "busy"), "dialer"), Ended)
    assert of(cancel(live, permit, "dialer"), Fault).code == "was_placed"


def test_a_permit_that_nobody_settles_counts(live: Live, store: Store, now: Hands) -> None:
    permit = call(live).permit or ""
    assert expire(live).result(60) == 0
    now.on(minutes=2)
    assert not asked(live).permitted  # past its end it still counts, expired or not
    assert expire(live).result(60) == 1
    assert expire(live).result(60) == 0
    (row,) = contacts(store)
    assert (row["contact"], row["result"]) == (permit, None)
    assert not asked(live).permitted
    late = of(settle(live, Result(permit, "no_answer"), "dialer"), Ended)
    assert late.late
    assert [one["result"] for one in contacts(store)] == ["no_answer"]
    assert of(cancel(live, permit, "dialer"), Fault).code == "was_placed"


def test_an_expired_permit_that_was_never_used_is_taken_back(
    live: Live, store: Store, now: Hands
) -> None:
    permit = call(live).permit or ""
    now.on(minutes=2)
    expire(live).result(60)
    ended = of(cancel(live, permit, "dialer"), Ended)
    assert ended.late
    assert contacts(store) == []
    assert call(live).permit is not None


def test_only_who_holds_a_permit_ends_it_and_only_rightly(live: Live, now: Hands) -> None:
    permit = call(live).permit or ""
    codes = [
        of(settle(live, Result(permit, "busy"), "other"), Fault).code,
        of(cancel(live, permit, "other"), Fault).code,
        of(settle(live, Result("p-none", "busy"), "dialer"), Fault).code,
        of(settle(live, Result(permit, "shouted"), "dialer"), Fault).code,
        of(settle(live, Result(permit, "busy", NOON + DAY), "dialer"), Fault).code,
        of(settle(live, Result(permit, "busy", NOON - DAY), "dialer"), Fault).code,
    ]
    assert codes == [
        "not_yours", "not_yours", "unknown_permit", "unknown_word", "wrong_time", "wrong_time",
    ]  # fmt: skip


def test_one_open_call_for_a_person_and_for_a_number(store: Store, now: Hands) -> None:
    extra = frame(
        "contact_points",
        [
            {"point": "P1b", "consumer": "C1", "kind": "home_landline", "owner": "H1",
             "whom": "consumer", "number": "+13125559999"},
            {"point": "P2b", "consumer": "C2", "kind": "home_landline", "owner": "H2",
             "whom": "consumer", "number": "+13125559999"},
        ],
    )  # fmt: skip
    tell(store, debtors(2, first=11, calls=0), NOON - DAY)
    tell(store, {"contact_points": extra}, NOON - DAY)
    with made.living(store, now) as live:
        first = of(reserve(live, Proposed("A1", "call", "P1b"), "dialer"), Reserved)
        assert first.permit is not None
        second = of(reserve(live, Proposed("A1", "call", "P1"), "dialer"), Reserved)
        third = of(reserve(live, Proposed("A2", "call", "P2b"), "dialer"), Reserved)
        shown = [[one.observed for one in two.answer.findings if "reserved" in one.rule]
                 for two in (second, third)]  # fmt: skip
        assert shown == [
            ["an open permit for the same person"], ["an open permit for the same number"],
        ]  # fmt: skip
        assert call(live, "A11").permit is not None


# -- events


def test_an_event_refuses_everywhere_from_the_answer_on(
    store: Store, now: Hands, lists: Shown
) -> None:
    lists.listed = [Listed(NOON.date(), n, f"A{n}", f"C{n}", f"P{n}", "call") for n in (1, 2)]
    with made.living(store, now, lists) as live, made.living(store, now, lists) as other:
        assert asked(live).permitted
        assert asked(other).permitted
        (posted,) = post_events(live, [cease()], "crm").result(60)
        assert (posted.outcome, posted.problems) == ("new", ())
        for one in (live, other):
            assert "regulation_f/ceased" in rules(asked(one))
            assert call(one).permit is None
            (change,) = changes_after(one, NOON.date(), 0)
            assert (change.row_id, change.account, change.cursor) == (1, "A1", 1)
            assert changes_after(one, NOON.date(), 1) == ()
            record = decision(one, change.decision)
            assert record is not None
            assert record["asked"] == "list"
            assert record["at"] is None
        post_events(live, [cease(), cease(1, medium="postal_letter")], "crm").result(60)
        assert len(changes_after(live, NOON.date(), 0)) == 1  # withdrawn once


def test_events_are_idempotent_and_corrected_by_their_id(live: Live, now: Hands) -> None:
    found = [
        post_events(live, [cease()], "crm").result(60)[0].outcome,
        post_events(live, [cease()], "crm").result(60)[0].outcome,
        post_events(live, [cease(), cease(void=None, source="post")], "crm").result(60)[0].outcome,
    ]
    assert found[:2] == ["new", "same"]
    assert not asked(live).permitted
    taken_back = Event("statement", "crm", "S1", cease().row, void=True)
    (posted,) = post_events(live, [taken_back], "crm").result(60)
    assert posted.outcome == "corrected"
    assert asked(live).permitted


def test_one_event_told_a_thousand_times_at_once_keeps_nobody_waiting(
    live: Live, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    whole = posting._round

    def counted(connection: Any, table: Any, kind: str, told: Any, *more: Any) -> Any:
        rounds.append(len(told))
        return whole(connection, table, kind, told, *more)

    monkeypatch.setattr(posting, "_round", counted)
    media = ("written", "postal_letter")
    often = [cease(medium=media[one % 2]) for one in range(12)]
    nameless = [replace(one, id="") for one in often]
    found = post_events(live, [*often, *nameless], "crm").result(60)
    assert [one.outcome for one in found] == ["new", *["corrected"] * 9, *["refused"] * 14]
    assert found[10].problems[0][0] == "id"
    assert rounds == [13, *[1] * 9]


def test_an_event_told_again_without_its_moments_keeps_those_it_has(live: Live, now: Hands) -> None:
    for outcome in ("new", "same", "same"):
        (found,) = post_events(live, [cease()], "crm").result(60)
        assert found.outcome == outcome
        now.at += timedelta(minutes=5)


def test_each_event_has_its_own_outcome(live: Live) -> None:
    events = [
        cease(2),
        Event("statement", "crm", "S9", {"kind": "ceese", "medium": "written", "consumer": "C1"}),
        Event("statement", "crm", "S8", {"kind": "cease", "medium": "oral", "accounts": ["none"]}),
        Event("rumour", "crm", "S7", {}),
        Event("knowledge", "crm", "N1", {"kind": "active_duty", "value": True, "consumer": "C3",
                                         "source": "own_research"}),
        Event("contact", "pbx", "X1", {"channel": "call", "direction": "in", "point": "P4",
                                       "at": NOON.isoformat(), "result": "conversation",
                                       "discussed": ["A4"]}),
        Event("contact", "", "", {"channel": "call", "loud": 1}),
        cease(2),
    ]  # fmt: skip
    found = post_events(live, events, "crm").result(60)
    assert [one.outcome for one in found] == [
        "new", "refused", "refused", "refused", "new", "new", "refused", "same",
    ]  # fmt: skip
    assert "unknown word" in found[1].problems[0][1]
    assert {column for column, _ in found[2].problems} >= {"accounts", "consumer"}
    assert found[3].problems[0][0] == "kind"
    assert "loud" in {column for column, _ in found[6].problems}
    assert "regulation_f/seven-days-after-conversation" in rules(asked(live, "A4"))


def test_late_and_unordered_contacts_count_where_they_happened(live: Live, now: Hands) -> None:
    def told(name: str, back: timedelta) -> Event:
        at = (NOON - back).isoformat()
        row = {"channel": "call", "point": "P1", "at": at, "result": "no_answer"}
        return Event("contact", "pbx", name, {**row, "attributed_to": ["A1"]})

    events = [told("X3", 3 * MINUTE), told("X1", 30 * DAY), told("X2", 10 * DAY)]
    assert [one.outcome for one in post_events(live, events, "pbx").result(60)] == ["new"] * 3
    assert SEVEN in rules(asked(live))


def test_what_is_to_come_counts_when_it_comes(live: Live, now: Hands) -> None:
    later = (NOON + timedelta(hours=1)).isoformat()
    post_events(live, [cease(received_at=later)], "crm").result(60)
    assert asked(live).permitted
    now.on(minutes=61)
    assert not asked(live).permitted


def test_whoever_adds_to_the_store_is_seen(
    live: Live, store: Store, lists: Shown, now: Hands
) -> None:
    """An import or a note made by another process, that knows nothing of the live core."""
    lists.listed = [Listed(NOON.date(), 1, "A1", "C1", "P1", "call")]
    assert asked(live).permitted
    row = {"statement": "desk-1", "consumer": "C1", "kind": "cease", "to": "this_collector",
           "medium": "written", "accepted_medium": True, "accounts": ["A1"], "made_at": NOON,
           "received_at": NOON, "recorded_at": NOON}  # fmt: skip
    with store.writing() as connection:
        add_told(connection, "statement", frame("statements", [row]), "desk", NOON)
    refresh(live).result(60)
    assert len(changes_after(live, NOON.date(), 0)) == 1
    assert not asked(live).permitted


def test_after_a_large_import_every_listed_row_is_asked_again(
    live: Live, store: Store, lists: Shown, now: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.listed = [Listed(NOON.date(), n, f"A{n}", f"C{n}", f"P{n}", "call") for n in (1, 2, 3)]
    assert asked(live, "A3").permitted
    monkeypatch.setattr(linking, "FEW", 1)
    monkeypatch.setattr(core, "SWEPT", 2)
    rows = [
        {"statement": f"many-{n}", "consumer": f"C{n}", "kind": "cease", "to": "this_collector",
         "medium": "written", "accepted_medium": True, "accounts": [f"A{n}"], "made_at": NOON,
         "received_at": NOON, "recorded_at": NOON}
        for n in (2, 3, 4)
    ]  # fmt: skip
    with store.writing() as connection:
        add_told(connection, "statement", frame("statements", rows), "import", NOON)
    assert not asked(live, "A3").permitted  # whoever asks is refused at once
    assert refresh(live).result(60) == 1
    assert refresh(live).result(60) == 0
    assert [one.row_id for one in changes_after(live, NOON.date(), 0)] == [2, 3]


def test_of_a_large_group_the_rows_of_the_others_are_asked_by_and_by(
    live: Live, lists: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds who share a switchboard must not keep everybody waiting."""
    met = {"channel": "call", "point": "P2", "consumer": "C1", "at": (NOON - DAY).isoformat(),
           "result": "busy", "attributed_to": ["A1"], "collector": "AGENCY"}  # fmt: skip
    linked = [Event("contact", "pbx", "X1", met), cease(2)]
    assert [one.outcome for one in post_events(live, linked, "crm").result(60)] == ["new", "new"]
    monkeypatch.setattr(core, "LARGE", 2)
    lists.listed = [Listed(NOON.date(), n, f"A{n}", f"C{n}", f"P{n}", "call") for n in (1, 2)]
    post_events(live, [cease(1)], "crm").result(60)
    assert [one.row_id for one in changes_after(live, NOON.date(), 0)] == [1]
    assert not asked(live, "A2").permitted  # whoever asks is refused at once
    assert refresh(live).result(60) == 0
    assert [one.row_id for one in changes_after(live, NOON.date(), 0)] == [1, 2]


def test_an_event_that_links_two_groups_joins_them(live: Live, store: Store) -> None:
    """Two files of one person count together from the moment that is known."""
    assert asked(live, "A1").permitted
    assert asked(live, "A2").permitted
    held = call(live, "A2")
    at = (NOON - 9 * DAY).isoformat()
    row = {"channel": "call", "point": "P2", "consumer": "C1", "at": at, "result": "busy"}
    met = Event("contact", "pbx", "X1", {**row, "attributed_to": ["A1"], "collector": "AGENCY"})
    post_events(live, [met], "pbx").result(60)
    with store.writing() as connection:
        linking.catch_up(connection)
        assert linking.groups_of(connection, ["C1", "C2"]) == {"C1": "C1", "C2": "C1"}
    record = decision(live, asked(live, "A2").decision)
    assert record is not None
    assert record["group"] == "C1"
    assert held.permit is not None
    assert not asked(live, "A2").permitted


# -- releases


def test_a_person_lifts_a_presumption_for_one_contact(live: Live, now: Hands) -> None:
    call_one = Event("contact", "pbx", "X1", {
        "channel": "call", "point": "P1", "at": (NOON - timedelta(hours=3)).isoformat(),
        "result": "no_answer", "attributed_to": ["A1"],
    })  # fmt: skip
    post_events(live, [call_one], "pbx").result(60)
    assert rules(asked(live)) == {SEVEN}
    plain = Release(SEVEN, "A1", "J. Doe", "urgent circumstances", "asked by letter",
                    NOON + timedelta(hours=2))  # fmt: skip
    done = of(release(live, plain, "officer"), Released)
    given = call(live)
    assert given.permit is not None
    assert (SEVEN, f"release {done.release}") in {(a.rule, a.by) for a in given.answer.lifted}
    of(cancel(live, given.permit, "dialer"), Ended)
    again = call(live)  # what was given back uses nothing up
    assert again.permit is not None
    of(settle(live, Result(again.permit, "busy"), "dialer"), Ended)
    now.on(hours=2.5)
    assert SEVEN in rules(asked(live))


def test_only_presumptions_are_released_and_only_by_name(live: Live, now: Hands) -> None:
    good = Release(SEVEN, "A1", "J. Doe", "factor", "reason", NOON + DAY)
    wrong = [
        Release("fdcpa/cease-communication", "A1", "J. Doe", "factor", "reason", NOON + DAY),
        Release("contact_policy/two-hours-between-calls", "A1", "J", "f", "r", NOON + DAY),
        Release(SEVEN, "A1", " ", "factor", "reason", NOON + DAY),
        Release(SEVEN, "A1", "J. Doe", "factor", "reason", NOON),
    ]
    for one in wrong:
        assert of(release(live, one, "officer"), Fault).code == "not_releasable"
    nobody = Release(SEVEN, "A77", "J. Doe", "factor", "reason", NOON + DAY)
    assert of(release(live, nobody, "officer"), Fault).code == "unknown_account"
    of(release(live, good, "officer"), Released)
    post_events(live, [cease()], "crm").result(60)
    assert not asked(live).permitted  # a prohibition stands


# -- the store underneath


@pytest.mark.parametrize(
    "table", ["live_decision", "live_situation", "live_common", "permit", "permit_end", "change"]
)
def test_what_is_logged_is_never_changed(
    live: Live, store: Store, lists: Shown, table: str
) -> None:
    lists.listed = [Listed(NOON.date(), 1, "A1", "C1", "P1", "call")]
    of(cancel(live, call(live).permit or "", "dialer"), Ended)
    post_events(live, [cease()], "crm").result(60)
    for text in (f"DELETE FROM {table}", f"UPDATE {table} SET {_first(table)} = {_first(table)}"):
        with pytest.raises(StoreError), store.writing() as connection:
            connection.execute(sa.text(text))


def _first(table: str) -> str:
    return {"live_decision": "chain", "live_situation": "content", "live_common": "content",
            "permit": "until", "permit_end": "how", "change": "rules"}[table]  # fmt: skip


def test_a_changed_row_of_the_live_log_is_found(live: Live, store: Store) -> None:
    for _ in range(4):
        asked(live)
    rows = live_decisions(store, 0, 10)
    assert broken(rows, START, 1) is None
    assert broken(rows[2:], rows[1].chain, 3) is None
    second = rows[1]
    for other in (
        replace(second, public="x"),
        replace(second, personal="x"),
        replace(second, inner="x"),
        replace(second, chain="x"),
        replace(second, common="x"),
    ):
        changed = [*rows[:1], other, *rows[2:]]
        assert "live-2" in (broken(changed, START, 1) or "")
    assert "live-2 is missing" in (broken([rows[0], *rows[2:]], START, 1) or "")
    erased = [*rows[:1], replace(rows[1], personal=None, salt=None), *rows[2:]]
    assert broken(erased, START, 1) is None


def test_a_clock_that_stands_behind_the_store_answers_nothing(live: Live, now: Hands) -> None:
    call(live)
    now.at = NOON - timedelta(seconds=3)
    assert asked(live).at == NOON  # two machines' clocks may lie a little apart
    now.at = NOON - timedelta(hours=1)
    with pytest.raises(ClockBehind, match="set the clock"):
        asked(live)
    now.at = NOON + MINUTE
    assert asked(live).at == now.at


def test_a_database_that_is_gone_permits_nothing(live: Live, store: Store) -> None:
    assert asked(live).permitted
    with store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE live_head RENAME TO elsewhere"))
    with pytest.raises(StoreError):
        call(live, "A2")
    with store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO live_head"))
    assert call(live, "A2").permit is not None
    assert len(live_decisions(store, 0, 10)) == 2


def test_another_rulebook_between_two_answers(store: Store, now: Hands) -> None:
    book = made.law()
    with made.living(store, now, book=book) as live:
        before = asked(live)
        renew(live, book).result(60)
        assert asked(live).rulebook == before.rulebook
    with pytest.raises(LiveError):
        check(live, [], "x").result(60)


def test_published_lists_are_read_again_when_they_are_replaced(tmp_path: Path) -> None:
    lists = Published(tmp_path)
    assert lists.rows(["C1"], NOON) == []
    place = tmp_path / "2026-11-23"
    place.mkdir()
    (place / "manifest.json").write_text("{}", encoding="utf-8")

    def write(*consumers: str) -> None:
        pl.DataFrame(
            {
                "row_id": range(1, len(consumers) + 1),
                "account": [f"A{one}" for one in consumers],
                "consumer": consumers,
                "point": [f"P{one}" for one in consumers],
                "channel": ["call"] * len(consumers),
                "expires_utc": [NOON + DAY] * len(consumers),
            }
        ).write_parquet(place / "new.parquet")
        (place / "new.parquet").replace(place / "list.parquet")

    write("C2", "C1", "C3")
    later = NOON + timedelta(seconds=2)
    assert [one.row_id for one in lists.rows(["C1", "C9"], later)] == [2]
    assert lists.consumers(later) == ["C1", "C2", "C3"]
    assert lists.rows(["C1"], later + 2 * DAY) == []
    write("C1")
    assert [one.row_id for one in lists.rows(["C1"], later + timedelta(seconds=2))] == [1]
    place.rename(tmp_path / "2026-11-23.eastern")
    assert lists.consumers(later + timedelta(seconds=4)) == ["C1"]
    (tmp_path / "2026-11-23.eastern").rename(tmp_path / "2026-11-23.1")
    assert lists.consumers(later + timedelta(seconds=6)) == []
