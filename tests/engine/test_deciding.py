"""One contact decided: findings and their evidence, hours, attempts left, the next moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

import engine
from engine import (
    Account,
    Address,
    Ask,
    Collector,
    Decision,
    Group,
    Moment,
    Panel,
    Rule,
    Rulebook,
    clock,
    decide,
)
from engine.account import ZoneEvidence
from engine.compiled import compile_rules
from engine.kinds import Agreed, Limit, Notice, Require, Wait, Window
from engine.question import role_of
from engine.reading import Place
from engine.rete import EngineFailure
from engine.rule import Ask as Fact
from engine.rule import Period, Selector
from engine.situation import Answer, RuleSet, Situation
from engine.structural import STRUCTURAL, force_of, refusal
from tests.making import rule
from tests.telling import D1, NOON, P1, at, file, past, point, proposed, said

MASSACHUSETTS = Place("US-MA", "Massachusetts", ("America/New_York",))
NEW_YORK = Place("US-NY", "New York", ("America/New_York",), encoded=False)
PLACES = {"US-MA": MASSACHUSETTS, "US-NY": NEW_YORK}
CALLS = Selector("attempts", channels=frozenset({"call"}))
HOURS = rule("hours", Window(time(8), time(21)))
SEVEN = rule("seven", Limit(2, CALLS, ("person",), within=Period(7, "day")), force="presumption")
AFTER = rule("after", Wait(CALLS, ("line",), for_=Period(2, "hour")))
CEASED = rule("ceased", when=(Fact("ceased"),))
HOUSE = rule("policy", act="own", house=True, force="policy", when=(Fact("fdcpa_covered"),))
NOWHERE = replace(P1, addresses=())


class Twin(Panel):
    """A panel whose second engine is a copy of the first: no process is started."""

    def _second(self, rules: RuleSet) -> Copy:
        return Copy(rules)


class Copy:
    """The first engine again."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """What the first engine says."""
        assert name == self.rules.name
        return list(compile_rules(self.rules).decide_many(situations))

    def close(self) -> None:
        """Nothing to end."""


def panel(*rules: Rule, **places: Place) -> Panel:
    return Twin(Rulebook("sha256:made", rules, PLACES | places, {}))


def ruled(
    *rules: Rule, of: Group | None = None, ask: Ask | None = None, day: date | None = None,
    **more: object,
) -> Decision:  # fmt: skip
    contact = proposed(**more)  # type: ignore[arg-type]
    moment = None
    if day is not None:
        known = clock.parse_instant(f"{day.isoformat()}T05:00-04:00")
        moment = Moment(known, day=day)
    return decide(panel(*rules), of or file(), contact, moment, ask)


def names(decision: Decision) -> list[str]:
    return [one.rule for one in decision.findings]


TODAY = date(2026, 9, 18)


def test_a_yes() -> None:
    found = ruled(HOURS, SEVEN, of=file(past("09-17T10:00")))
    assert (found.verdict, found.word) == ("permitted", "presumed_compliance")
    assert found.findings == ()
    assert [(one.rule, one.used, one.maximum) for one in found.satisfied] == [
        ("an_act/hours", None, None),
        ("an_act/seven", 1, 2),
    ]
    assert found.attempts_left == 1
    assert found.next_permitted == NOON
    assert found.windows == ((NOON, at("09-18T21:00")),)
    assert found.engines == {"compiled": "permitted", "rete": "permitted"}
    assert (found.places, found.zones) == (("US-MA",), ("America/New_York",))
    assert list(found.facts) == ["federal@1/D1/America/New_York"]


@pytest.mark.parametrize(
    ("force", "word"),
    [
        ("prohibition", "prohibited"),
        ("presumption", "presumed_violation"),
        ("policy", "refused_by_policy"),
    ],
)
def test_the_word_of_a_no(force: str, word: str) -> None:
    found = ruled(rule("no", force=force))
    assert (found.verdict, found.word) == ("refused", word)


def test_every_rule_that_refuses_is_named_with_what_it_found() -> None:
    group = file(past("09-17T10:00"), past("09-18T11:30"), said("cease", ("D1",), "09-10T09:00"))
    found = ruled(AFTER, CEASED, SEVEN, HOURS, of=group)
    assert [(one.rule, one.observed, one.threshold) for one in found.findings] == [
        ("an_act/after", "running", "free from 2026-09-18T13:30:00-04:00"),
        ("an_act/ceased", "ceased: yes", "block"),
        ("an_act/seven", "3 with this one", "at most 2"),
    ]
    first = found.findings[0]
    assert (first.zone, first.debt, first.place) == ("America/New_York", "D1", None)
    assert first.free == at("09-18T13:30")
    assert found.attempts_left == 0
    assert found.next_permitted is None


@pytest.mark.parametrize(
    ("body", "threshold"),
    [
        (Window(time(8), time(11)), "between 08:00 and 11:00"),
        (
            Window(time(8), time(11), days=frozenset({"tue", "mon"}), closed=("christmas_day",)),
            "between 08:00 and 11:00, on mon, tue, not on christmas_day",
        ),
        (Window(None, Agreed(time(11), "calls_until")), "between midnight and 11:00"),
        (Window(days=frozenset({"sat"})), "on an open day"),
        (Window(closed_by="consumer_hours"), "outside the consumer's own hours"),
    ],
)
def test_a_window_says_what_it_allows(body: Window, threshold: str) -> None:
    bad = said("inconvenient", {"days": "fri"}, "09-01T09:00")
    (finding,) = ruled(rule("hours", body), of=file(bad)).findings
    assert finding.threshold == threshold
    assert finding.observed == "2026-09-18T12:00:00-04:00 in America/New_York"


def test_a_wait_until_an_event_does_not_end_by_time() -> None:
    body = Wait(Selector("disputes"), ("account",), until=Selector("payment_plan"))
    found = ruled(rule("wait", body), of=file(said("disputes", ("D1",), "09-10T09:00")))
    assert found.findings[0].threshold == "free from not by time alone"
    assert found.next_permitted is None


def test_a_rule_without_entries_is_in_scope() -> None:
    (finding,) = ruled(rule("no")).findings
    assert (finding.observed, finding.threshold) == ("in scope", "block")


def test_the_debts_a_contact_is_about() -> None:
    second = Account("D2", "P1", "medical", fdcpa_covered="yes")
    group = file(said("cease", ("D2",), "09-10T09:00"), accounts=(D1, second))
    assert names(ruled(CEASED, of=group)) == []
    found = ruled(CEASED, of=group, debts=("D1", "D2"))
    assert [(one.rule, one.debt) for one in found.findings] == [("an_act/ceased", "D2")]
    # blocks judge all its debts; limits and waits those it is attributed to
    calls = file(*(past(f"09-{day}T10:00") for day in (16, 17)), accounts=(D1, second))
    per_debt = replace(SEVEN, body=replace(SEVEN.body, per=("account",)))  # type: ignore[type-var]
    assert names(ruled(per_debt, of=calls, debts=("D1", "D2"))) == ["an_act/seven"]
    elsewhere = ruled(per_debt, of=calls, debts=("D1", "D2"), attributed_to=("D2",))
    assert names(elsewhere) == []


@pytest.mark.parametrize(
    ("debts", "observed"), [((), "the contact is about no debt"), (("D1", "D8", "D9"), "D8, D9")]
)
def test_without_a_debt_on_record_there_is_no_yes(debts: tuple[str, ...], observed: str) -> None:
    found = ruled(HOURS, debts=debts)
    assert [(one.rule, one.observed) for one in found.findings] == [
        ("structural/debt_unknown", observed)
    ]
    assert (found.word, found.next_permitted) == ("prohibited", None)


def test_nobody_knows_where_the_consumer_lives() -> None:
    found = ruled(HOURS, of=file(consumers=(NOWHERE,)))
    assert names(found) == ["structural/address_unknown"]
    assert found.places == ("US-MA",)  # by the number, so that its findings are shown as well
    bare = ruled(HOURS, of=file(consumers=(NOWHERE,)), ask=Ask(places=False))
    assert bare.permitted


def test_nobody_knows_the_zone() -> None:
    group = file(consumers=(NOWHERE,), points=(point("M1"),))
    found = ruled(HOURS, of=group, ask=Ask(places=False))
    assert [(one.rule, one.observed) for one in found.findings] == [
        ("an_act/hours", "zone unknown"),
        ("structural/zone_unknown", "no address, number or word tells the zone"),
    ]
    assert found.next_permitted is None
    assert ruled(CEASED, of=group, ask=Ask(places=False)).permitted
    other = replace(HOURS, channels=frozenset({"text"}))
    assert ruled(other, of=group, ask=Ask(places=False)).permitted


def test_a_place_without_a_file_or_without_its_law() -> None:
    nevada = replace(P1, addresses=(Address(state="NV", postal_code="89501"),))
    assert names(ruled(HOURS, of=file(consumers=(nevada,)))) == ["structural/place_without_file"]
    albany = file(consumers=(replace(P1, addresses=(Address(state="NY", postal_code="12207"),)),))
    plain = ruled(HOURS, of=albany)
    assert plain.permitted
    assert plain.duties == (("state_law_not_encoded", "US-NY"),)
    refused = ruled(HOURS, of=albany, ask=Ask(refuse_unencoded=True))
    assert names(refused) == ["structural/place_not_encoded"]
    both = ruled(HOURS, of=file(consumers=(nevada,)), ask=Ask(refuse_unencoded=True))
    assert names(both) == ["structural/place_without_file"]
    assert ruled(HOURS, of=albany, ask=Ask(places=False)).duties == ()


def test_the_law_of_the_place_and_of_the_workplace() -> None:
    local = rule("local", act="US-MA", place="US-MA")
    assert names(ruled(local)) == ["US-MA/local"]
    work = Address(kind="work", state="MA", postal_code="02108")
    albany = replace(P1, addresses=(Address(state="NY", postal_code="12207"), work))
    assert names(ruled(local, of=file(consumers=(albany,)))) == []
    assert names(ruled(local, of=file(consumers=(albany,)), point="W1")) == ["US-MA/local"]


def test_a_yes_must_hold_in_every_zone() -> None:
    far = (ZoneEvidence("residential_address", "Pacific/Honolulu"),)
    group = file(consumers=(replace(P1, zone_evidence=far),))
    found = ruled(HOURS, of=group)
    assert names(found) == ["an_act/hours"]
    assert found.findings[0].zone == "Pacific/Honolulu"
    # Boston after eight, Honolulu after eight, before nine in Boston
    assert found.windows == ((at("09-18T14:01"), at("09-18T21:00")),)


def test_a_no_lasts_until_it_ends_in_every_zone() -> None:
    """Midnight after a week comes to Boston first: what is told is when Honolulu has it."""
    far = (ZoneEvidence("residential_address", "Pacific/Honolulu"),)
    week = rule("week", Wait(CALLS, ("line",), for_=Period(7, "day")))
    called = past("09-17T14:00")
    for zones, until in (((), "09-24T00:00"), (far, "09-24T06:00")):
        group = file(called, consumers=(replace(P1, zone_evidence=zones),))
        found = ruled(week, of=group, day=TODAY)
        assert [one.free for one in found.findings] == [at(until)]
        assert found.next_permitted == at(until)


def test_what_is_asked_for() -> None:
    assert names(ruled(CEASED, HOUSE)) == ["own/policy"]
    assert names(ruled(HOUSE, ask=Ask(house=False))) == []
    assert names(ruled(HOUSE, ask=Ask(acts=frozenset({"an_act"})))) == []
    assert names(ruled(HOUSE, ask=Ask(acts=frozenset({"house"})))) == ["own/policy"]
    assert names(ruled(HOUSE, ask=Ask(acts=frozenset({"own"})))) == ["own/policy"]
    local = rule("local", act="US-MA", place="US-MA")
    assert names(ruled(local, ask=Ask(acts=frozenset({"US-MA"})))) == ["US-MA/local"]


def test_a_bare_check_looks_no_further() -> None:
    found = ruled(HOURS, SEVEN, ask=Ask(whole=False))
    assert (found.windows, found.attempts_left, found.next_permitted) == ((), None, None)
    refused = ruled(rule("no"), ask=Ask(search=False))
    assert refused.next_permitted is None


def test_duties_and_what_was_lifted() -> None:
    duty = rule("say", Notice("identify_caller", "say who calls"))
    spared = rule("spared", unless=(Fact("fdcpa_covered"),))
    found = ruled(duty, spared, ask=Ask(places=False))
    assert found.duties == (("identify_caller", "an_act/say"),)
    assert [(one.rule, one.by) for one in found.lifted] == [("an_act/spared", "fdcpa_covered")]
    house = replace(duty, house=True, act="own")
    assert ruled(house, ask=Ask(house=False, places=False)).duties == ()


# -- a whole day


def test_a_day_is_permitted_if_a_minute_of_it_is() -> None:
    found = ruled(HOURS, day=TODAY)
    assert found.windows == ((at("09-18T08:01"), at("09-18T21:00")),)
    assert found.next_permitted == at("09-18T08:01")


def test_without_a_window_rule_the_whole_day_is_open() -> None:
    found = ruled(SEVEN, day=TODAY)
    assert found.windows == ((at("09-18T05:00"), at("09-19T00:00")),)


def test_a_wait_that_ends_that_day_leaves_the_rest_of_it() -> None:
    found = ruled(HOURS, AFTER, of=file(past("09-18T04:30")), day=TODAY)
    assert found.windows[0][0] == at("09-18T08:01")
    long = replace(AFTER, body=replace(AFTER.body, for_=Period(6, "hour")))  # type: ignore[type-var]
    later = ruled(HOURS, long, of=file(past("09-18T04:30")), day=TODAY)
    assert later.windows == ((at("09-18T10:30"), at("09-18T21:00")),)
    assert later.attempts_left == 1
    silent = replace(long, house=True)
    unasked = ruled(HOURS, silent, of=file(past("09-18T04:30")), day=TODAY, ask=Ask(house=False))
    assert unasked.windows[0][0] == at("09-18T08:01")


def test_windows_that_are_open_one_by_one_and_never_together() -> None:
    morning, evening = rule("a", Window(time(8), time(12))), rule("b", Window(time(13), time(21)))
    found = ruled(morning, evening, day=TODAY)
    assert [(one.rule, one.observed) for one in found.findings] == [
        ("structural/no_common_window", "an_act/a, an_act/b")
    ]
    assert found.next_permitted is None


def test_part_of_a_minute_is_none() -> None:
    known = clock.parse_instant("2026-09-18T09:00:30-04:00")
    moment = Moment(known, day=TODAY)
    found = decide(panel(HOURS), file(), proposed(), moment)
    assert found.windows[0][0] == at("09-18T09:01")


def test_attempts_left_that_day() -> None:
    three = rule("three", Limit(3, CALLS, ("person",), within=Period(7, "day")))
    assert ruled(three, day=TODAY).attempts_left == 3
    assert ruled(three, SEVEN, day=TODAY).attempts_left == 2
    assert ruled(three, AFTER, day=TODAY).attempts_left == 1
    assert ruled(HOURS, day=TODAY).attempts_left is None
    talks = rule("talks", Wait(Selector("conversations"), ("line",), for_=Period(7, "day")))
    incoming = replace(CALLS, direction="in")
    answers = rule("answers", Wait(incoming, ("line",), for_=Period(7, "day")))
    dates = rule("dates", Wait(Selector("placed"), ("account",), for_=Period(7, "day")))
    placed = file(accounts=(replace(D1, dates={"placed": date(2026, 1, 5)}),))
    assert ruled(talks, answers, dates, of=placed, day=TODAY).attempts_left is None
    running = file(past("09-17T23:00"))
    held = rule("held", Wait(CALLS, ("line",), for_=Period(48, "hour")))
    assert ruled(held, of=running, day=TODAY).attempts_left == 0
    lifted = replace(SEVEN, unless=(Fact("fdcpa_covered"),))
    assert ruled(lifted, day=TODAY).attempts_left is None


# -- the next moment


def test_the_next_moment_is_the_first_yes() -> None:
    group = file(*(past(f"09-{day}T10:00") for day in (12, 13, 14)))
    found = ruled(HOURS, SEVEN, of=group)
    assert found.next_permitted == at("09-20T08:01")
    assert decide(panel(HOURS, SEVEN), group, proposed(at=found.next_permitted)).permitted


def test_the_next_opening() -> None:
    assert ruled(HOURS, at=at("09-18T07:00")).next_permitted == at("09-18T08:01")
    assert ruled(HOURS, at=at("09-18T21:30")).next_permitted == at("09-19T08:01")
    monday = rule("monday", Window(time(8), time(21), days=frozenset({"mon"})))
    assert ruled(monday).next_permitted == at("09-21T08:01")
    assert ruled(monday, day=TODAY).next_permitted == at("09-21T08:01")


def test_never() -> None:
    never = rule("never", Window(time(8), time(12)))
    other = rule("other", Window(time(13), time(21)))
    assert ruled(never, other).next_permitted is None
    assert ruled(CEASED, of=file(said("cease", ("D1",), "09-10T09:00"))).next_permitted is None


# -- what stands behind it


class Dead(Twin):
    """A panel whose second engine gives no answer."""

    def _second(self, rules: RuleSet) -> Copy:
        return Silent(rules)


class Silent(Copy):
    """An engine that died."""

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """No answer."""
        return [EngineFailure("it died")] * len(situations)


def test_an_engine_without_an_answer_refuses() -> None:
    alarms: list[str] = []
    dead = Dead(Rulebook("sha256:made", (HOURS,), PLACES, {}), alarm=alarms.append)
    found = decide(dead, file(), proposed())
    assert names(found) == ["structural/engine_failed"]
    assert found.engines == {
        "compiled": "permitted",
        "rete": "no answer",
        "trouble": "engine_failed: it died",
    }
    assert alarms


def test_a_rulebook_without_rules_for_anything() -> None:
    found = ruled()
    assert found.permitted
    assert (found.windows, found.safe_harbour) == ((), "unknown")
    assert ruled(day=TODAY).windows == ()


@pytest.mark.parametrize(
    ("role", "covered", "dates", "expected"),
    [
        ("third_party", "unknown", {}, "third_party"),
        ("servicer", "no", {}, "servicer"),
        ("servicer", "no", {"defaulted": 5, "placed": 5}, "servicer_in_default"),
        ("servicer", "yes", {}, "servicer_in_default"),
        ("servicer", "unknown", {}, "servicer_in_default"),
        ("servicer", "unknown", {"defaulted": 5, "placed": 5}, "servicer_in_default"),
        ("servicer", "unknown", {"defaulted": 6, "placed": 5}, "servicer"),
    ],
)
def test_in_what_capacity(role: str, covered: str, dates: dict[str, int], expected: str) -> None:
    days = {name: date(2026, 1, day) for name, day in dates.items()}
    account = replace(D1, fdcpa_covered=covered, dates=days)
    group = file(accounts=(account,), collectors=(Collector(role=role),))
    assert role_of(group, account) == expected


def test_scope_is_looked_at_before_counting() -> None:
    texts = rule("texts", Limit(0, CALLS, ("person",), within=Period(7, "day")),
                 channels=frozenset({"text"}))  # fmt: skip
    others = replace(texts, key="others", channels=CALLS.channels, whom=frozenset({"spouse"}))
    rules = RuleSet.of("federal", [texts, others])
    assert rules.reaching("call", "mobile", "consumer") == ()
    assert rules.reaching("text", "mobile", "consumer") == rules.with_bits[:1]
    assert ruled(texts, others).permitted


def test_every_structural_refusal_names_the_missing_thing() -> None:
    for name, (says, cite) in STRUCTURAL.items():
        found = refusal(name, "what is missing")
        assert (found.rule, found.says, found.cite) == (f"structural/{name}", says, (cite,))
        assert (found.force, found.observed) == (force_of(name), "what is missing")
    assert {n for n in STRUCTURAL if force_of(n) != "structural"} == {"licence_missing"}
    assert rule("needs", Require((Fact("ceased"),))).kind == "require"


# -- the door


def test_the_door_has_what_it_names() -> None:
    assert sorted(engine.__all__) == sorted(engine._WHERE)
    for name in engine.__all__:
        assert getattr(engine, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'permit'"):
        engine.permit  # type: ignore[attr-defined] # noqa: B018
    assert (Path(engine.__file__).parent / "py.typed").is_file()
