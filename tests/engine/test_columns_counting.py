"""What columns count, held against the plain functions in cases that chance seldom draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.columns.facts import run_before
from engine.days import add_months
from engine.kinds import Block, Body, Limit, Notice, Wait, Window
from engine.rule import Ask, Exclusion, Happened, Period, Selector
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import NOW, ONE, Row, decided, differences, made, part_of
from tests.strategies.portfolios import Portfolio

BASE = replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))
ATTEMPTS = Selector("attempts")
WEEK = Period(7, "day")
YESTERDAY = NOW - timedelta(days=1)
Rows = Sequence[Mapping[str, Any]]


def rows_of(portfolio: Portfolio, *bodies: Body, **more: Any) -> dict[str, Row]:
    """Candidates of rules with these bodies, by account and point; equal to the plain answers."""
    rules = [replace(PLAIN, key=f"r{n}", body=body, **more) for n, body in enumerate(bodies)]
    panel, part = TwinPanel(book_of([BASE, *rules])), part_of(portfolio)
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []
    calls = result.candidates.filter(channel="call")
    return {f"{row['account']} {row['point']}": row for row in calls.to_dicts()}


def limit(counting: Selector = ATTEMPTS, per: tuple[str, ...] = ("line",), **more: Any) -> Limit:
    return Limit(more.pop("max", 1), counting, per, within=more.pop("within", WEEK), **more)


TWO_ON_A_LINE: dict[str, Rows] = {
    "consumers": [{"consumer": "C1", "person": "H1"}, {"consumer": "C2", "person": "H2"}],
    "accounts": [{"account": "A1"}, {"account": "A2", "consumer": "C2"}],
    "contact_points": [{"point": "T1"}, {"point": "T2", "consumer": "C2", "owner": "H2"}],
    "addresses": [{}, {"consumer": "C2"}],
}


@pytest.mark.parametrize("kind", ["number_not_consumers", "reassigned_since"])
def test_a_line_is_wrong_to_the_file_that_says_so_and_to_no_other(kind: str) -> None:
    value = '{"answer":"yes","point":"T1"}' if kind == "reassigned_since" else None
    known = [{"kind": kind, "point": "T1", "value": value}]
    called = [{"consumer": "C2", "point": "T2", "attributed_to": ["A2"]}]
    portfolio = made(**TWO_ON_A_LINE, knowledge=known, contacts=called)
    not_wrong = Selector("attempts", not_=(Exclusion(("misdirected",)),))
    to_kin = Selector("attempts", whom=frozenset({"consumer"}))
    found = rows_of(portfolio, limit(not_wrong))
    assert {name: row["permitted"] for name, row in found.items()} == {
        "A1 T1": True,
        "A2 T2": False,
    }
    assert rows_of(portfolio, limit(to_kin))["A1 T1"]["permitted"]
    wait = Wait(not_wrong, ("line",), for_=WEEK)
    assert rows_of(portfolio, wait)["A1 T1"]["permitted"]
    assert not rows_of(portfolio, wait)["A2 T2"]["permitted"]


def test_a_wrong_number_of_another_file_is_wrong_to_who_says_so() -> None:
    known = [{"kind": "number_not_consumers", "point": "T2"}]
    called = [{"consumer": "C1", "point": "T2"}]
    portfolio = made(
        **TWO_ON_A_LINE | {"contact_points": [
            {"point": "T1", "number": "+12125550100"},
            {"point": "T2", "consumer": "C2", "owner": "H2"},
        ]},
        knowledge=known,
        contacts=called,
    )  # fmt: skip
    told = Happened(Selector("attempts", whom=frozenset({"consumer"})))
    found = rows_of(portfolio, Block(), when=(Ask("happened", told),))
    assert found["A1 T1"]["permitted"]
    assert rows_of(portfolio, Block(), when=(Ask("initial_communication_made"),))


def test_consent_leaves_a_past_call_out_wherever_a_selector_says_so() -> None:
    said = [{"kind": "consents_to_call", "accounts": ["A1"], "received_at": NOW - timedelta(2)}]
    portfolio = made(contacts=[{"result": "conversation"}], statements=said)
    freely = Selector("attempts", not_=(Exclusion(("in_call_consent",)),))
    assert rows_of(portfolio, Wait(freely, ("line",), for_=WEEK))["A1 T1"]["permitted"]
    assert rows_of(portfolio, limit(freely))["A1 T1"]["permitted"]
    happened = Ask("happened", Happened(freely))
    assert rows_of(portfolio, Block(), when=(happened,))["A1 T1"]["permitted"]
    assert not rows_of(portfolio, limit())["A1 T1"]["permitted"]


@pytest.mark.parametrize(("named", "permitted"), [
    (["A1"], True), (["A1", "A2"], False), (["A3"], True), (["A1", "A3"], True), ([], False),
])  # fmt: skip
def test_types_of_debt_are_those_of_all_debts_named(named: list[str], permitted: bool) -> None:
    portfolio = made(
        consumers=[*ONE["consumers"], {"consumer": "C2", "person": "H2"}],
        accounts=[
            {"account": "A1"},
            {"account": "A2", "type": "medical"},
            {"account": "A3", "consumer": "C2", "type": "auto"},
        ],
        contacts=[{"attributed_to": named}],
    )
    medical = Selector("attempts", types=frozenset({"medical"}))
    for per in (("person",), ("person", "particular_debt")):
        wait = Wait(medical, per, for_=WEEK)
        assert rows_of(portfolio, wait)["A1 T1"]["permitted"] == permitted


def test_a_result_left_out_does_not_answer_who_began() -> None:
    portfolio = made(contacts=[{"result": None, "initiated_by": "consumer"}])
    ours = Selector("attempts", result=frozenset({"busy"}), initiated_by="collector")
    assert rows_of(portfolio, Wait(ours, ("line",), for_=WEEK))["A1 T1"]["permitted"]
    theirs = Wait(replace(ours, initiated_by="consumer"), ("line",), for_=WEEK)
    assert not rows_of(portfolio, theirs)["A1 T1"]["permitted"]


@pytest.mark.parametrize(("late", "permitted"), [(False, True), (True, False)])
def test_a_message_came_back_once_that_was_recorded(late: bool, permitted: bool) -> None:
    bounce = {"channel": "text", "direction": "in", "result": "undeliverable"}
    recorded = {"recorded_at": NOW + timedelta(hours=1)} if late else {}
    portfolio = made(
        contacts=[
            {"channel": "text", "result": "sent", "at": YESTERDAY},
            {**bounce, **recorded, "at": YESTERDAY + timedelta(minutes=1)},
        ]
    )
    arrived = Selector("communications")
    assert rows_of(portfolio, limit(arrived))["A1 T1"]["permitted"] == permitted


def test_half_a_year_back_the_days_are_told_by_the_clock_of_then() -> None:
    """A contact at 23:30 in winter, 180 days before a day in August: not the day after."""
    day = date(2026, 8, 1)
    now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    last = day - timedelta(days=180)  # 2 February: in Boston, UTC-5
    at = datetime(last.year, last.month, last.day, 23, 30, tzinfo=UTC) + timedelta(hours=5)
    half = limit(within=Period(180, "day"))
    assert rows_of(made(day=day, now=now, contacts=[{"at": at}]), half)["A1 T1"]["permitted"]
    later = made(day=day, now=now, contacts=[{"at": at + timedelta(hours=1)}])
    assert not rows_of(later, half)["A1 T1"]["permitted"]


def test_a_date_long_past_begins_at_its_own_midnight() -> None:
    """`since` a date of last winter, asked in summer: midnight was an hour later then."""
    charged = date(2026, 1, 10)
    at = datetime(2026, 1, 10, 4, 30, tzinfo=UTC)  # 23:30 the day before
    accounts = [{"account": "A1", "charged_off": charged}]
    happened = Happened(ATTEMPTS, since=Selector("charged_off"))
    for offset, permitted in ((0, True), (30, False)):
        portfolio = made(accounts=accounts, contacts=[{"at": at + timedelta(minutes=offset)}])
        found = rows_of(portfolio, Block(), when=(Ask("happened", happened),))
        assert found["A1 T1"]["permitted"] == permitted
    bare = made(contacts=[{"at": at}])
    assert not rows_of(bare, Block(), when=(Ask("happened", happened),))["A1 T1"]["permitted"]


def test_the_hours_of_the_number_called_are_those_of_its_area() -> None:
    """The consumer's own number is read on the clocks of its area where a rule says `point`."""
    portfolio = made(contact_points=[{"point": "T1", "number": "+18085550100"}])
    by_day = Window(clock="point", from_=None, to=None)
    found = rows_of(portfolio, by_day)["A1 T1"]
    assert found["permitted"]
    free = made(contact_points=[{"point": "T1", "number": "+18005550100"}])
    assert not rows_of(free, by_day)["A1 T1"]["permitted"]  # tells no area: unknown


def test_a_limit_in_hours_lets_go_within_the_day() -> None:
    at = NOW - timedelta(hours=20)
    found = rows_of(made(contacts=[{"at": at}]), limit(within=Period(24, "hour")))["A1 T1"]
    assert found["permitted"]
    assert found["open_utc"] == at + timedelta(hours=24)
    twice = made(contacts=[{"at": at}, {"at": at + timedelta(hours=19)}])
    found = rows_of(twice, limit(within=Period(24, "hour")))["A1 T1"]
    assert not found["permitted"]
    assert found["next_permitted_utc"] == at + timedelta(hours=43)


def test_a_contact_elsewhere_uses_nothing_of_a_limit_per_workplace() -> None:
    portfolio = made(contact_points=[{"point": "T1"}, {"point": "T2", "kind": "work_phone"}],
                     contacts=[{"point": "T2"}])  # fmt: skip
    found = rows_of(portfolio, limit(per=("workplace",)))
    assert {name: row["permitted"] for name, row in found.items()} == {
        "A1 T1": True,
        "A1 T2": False,
    }


def test_no_law_in_force_permits_nothing() -> None:
    later = replace(PLAIN, key="later", effective_from=date(2030, 1, 1))
    result, alarms = decided(TwinPanel(book_of([later])), part_of(made()))
    assert alarms == []
    assert set(result.candidates["permitted"]) == {False}
    assert set(result.candidates["rules"].explode()) == {"structural/no_common_window"}


def test_each_account_has_its_own_facts_whoever_it_belongs_to() -> None:
    """Accounts of many consumers, some the same person, in no order of theirs."""
    count = 40
    people = [{"consumer": f"C{n:02}", "person": f"H{n % 30:02}"} for n in range(count)]
    owners = [f"C{(n * 17) % count:02}" for n in range(count)]
    accounts = [{"account": f"A{n:02}", "consumer": who} for n, who in enumerate(owners)]
    points = [
        {"point": f"T{n:02}", "consumer": f"C{n:02}", "owner": f"H{n % 30:02}", "number": None}
        for n in range(count)
    ]
    ceased = [{"kind": "cease", "consumer": owners[n], "accounts": [f"A{n:02}"]}
              for n in range(0, count, 3)]  # fmt: skip
    portfolio = made(
        consumers=people,
        accounts=accounts,
        contact_points=points,
        addresses=[{"consumer": f"C{n:02}"} for n in range(count)],
        statements=ceased,
    )
    found = rows_of(portfolio, Block(), when=(Ask("ceased"),))
    refused = {row["account"] for row in found.values() if not row["permitted"]}
    assert refused == {f"A{n:02}" for n in range(0, count, 3)}


def test_who_owes_elsewhere_is_an_outsider_in_this_file() -> None:
    """Another consumer's word in this file is about both; a spouse's about the spouse."""
    said = [{"kind": "stop_medium", "value": '"call"', "by": "H2"}]
    portfolio = made(**TWO_ON_A_LINE, statements=said)
    found = rows_of(portfolio, Block(), when=(Ask("medium_stopped"),))
    assert not found["A1 T1"]["permitted"]
    assert not found["A2 T2"]["permitted"]  # his own word binds in his own file too
    points = [*TWO_ON_A_LINE["contact_points"], {"point": "T3", "owner": "H2", "whom": "spouse"}]
    portfolio = made(**TWO_ON_A_LINE | {"contact_points": points}, statements=said)
    found = rows_of(portfolio, Block(), when=(Ask("medium_stopped"),))
    assert found["A1 T1"]["permitted"]
    assert not found["A1 T3"]["permitted"]


@pytest.mark.parametrize("name", ["P77", "SPOUSE7", "REP7", "ATTY7", "X7"])
def test_who_somebody_is_is_told_by_points_and_accounts_and_never_by_an_id(name: str) -> None:
    said = [{"kind": "stop_medium", "value": '"call"', "by": name}]
    free = rows_of(made(statements=said), Block(), when=(Ask("medium_stopped"),))
    assert not free["A1 T1"]["permitted"]  # an outsider's word is about the consumer
    for role in ("spouse", "co_debtor", "executor"):  # theirs is about themselves
        party = [{"account": "A1", "person": name, "role": role}]
        portfolio = made(statements=said, account_parties=party)
        found = rows_of(portfolio, Block(), when=(Ask("medium_stopped"),))
        assert found["A1 T1"]["permitted"]
    consents = [
        {"kind": "represented_by", "value": '"ATTY7"'},
        {"kind": "attorney_consents_to_direct_contact", "by": name},
    ]
    asks = (Ask("attorney_consents"),)
    given = rows_of(made(statements=consents), Block(), when=asks)
    assert given["A1 T1"]["permitted"]  # nobody is on record as the attorney who says so
    his = [{"point": "T1"}, {"point": "T9", "owner": name, "whom": "attorney"}]
    given = rows_of(made(statements=consents, contact_points=his), Block(), when=asks)
    assert not given["A1 T1"]["permitted"]


@pytest.mark.parametrize(
    ("reached", "told"),
    [(None, True), ("H1", True), ("C1", True), ("TP1", False), ("X9", False), ("SP1", True),
     ("CO1", True)],
)  # fmt: skip
def test_whoever_answered_was_told(reached: str | None, told: bool) -> None:
    talk = {"channel": "call", "result": "conversation", "discussed": ["A1"], "reached": reached}
    portfolio = made(
        contact_points=[
            {"point": "T1"},
            {"point": "T3", "owner": "TP1", "whom": "third_party", "number": "+12125550100"},
            {"point": "T4", "owner": "SP1", "whom": "spouse", "number": "+12125550101"},
        ],
        account_parties=[{"account": "A1", "person": "CO1", "role": "co_debtor"}],
        contacts=[talk],
    )
    found = rows_of(portfolio, Block(), when=(Ask("initial_communication_made"),))
    assert found["A1 T1"]["permitted"] is not told


def test_who_is_named_by_the_id_of_his_file_is_that_person() -> None:
    portfolio = made(
        contact_points=[
            {"point": "T1", "owner": "C1"},
            {"point": "T2", "number": "+18085550100"},
            {"point": "T3", "owner": "TP1", "whom": "third_party", "number": "+12125550100"},
        ],
        contacts=[{"point": "T3", "intended_for": "TP1", "reached": "C1"}],
    )
    found = rows_of(portfolio, limit(per=("person", "particular_debt")))
    assert [row["permitted"] for _, row in sorted(found.items())] == [False, False, False]
    assert found["A1 T1"]["zones"] == found["A1 T2"]["zones"]


def test_an_electronic_word_without_more_came_by_an_accepted_medium() -> None:
    cease = {"kind": "cease", "medium": "email", "accepted_medium": None}
    portfolio = made(statements=[cease])
    written = Selector("cease", medium=frozenset({"written", "email"}))
    asks = (Ask("ceased"), Ask("happened", Happened(written)))
    for ask in asks:
        assert not rows_of(portfolio, Block(), when=(ask,))["A1 T1"]["permitted"]


@pytest.mark.parametrize("unit", ["workplace", "household", "particular_debt"])
@pytest.mark.parametrize("day", [None, NOW.date() - timedelta(days=3)])
def test_a_wait_from_a_date_of_the_account(day: date | None, unit: str) -> None:
    """A date nobody recorded refuses everywhere; a known one does where there is such a unit."""
    portfolio = made(accounts=[{"account": "A1", "defaulted": day}])
    wait = Wait(Selector("defaulted"), ("person", unit), for_=WEEK)
    row = rows_of(portfolio, wait)["A1 T1"]
    assert row["permitted"] == (day is not None and unit == "workplace")


def test_what_happened_is_of_one_loan_and_not_of_its_pool() -> None:
    loans = [{"type": "student_loan", "servicing_account": "S"} for _ in range(2)]
    portfolio = made(
        accounts=[{"account": f"A{n}", **loan} for n, loan in enumerate(loans, 1)],
        contact_points=[{"point": "T1"}],
        contacts=[{"channel": "mail", "point": None, "attributed_to": ["A1"]}],
    )
    letter = Happened(Selector("attempts", channels=frozenset({"mail"})))
    blocked = Block()
    found = rows_of(portfolio, blocked, when=(Ask("happened", letter),))
    assert {name: row["permitted"] for name, row in found.items()} == {
        "A1 T1": False,
        "A2 T1": True,
    }


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2028, 2, 29), date(2027, 3, 1)])
@pytest.mark.parametrize("years", [2, 3, 4, 6])
def test_a_period_of_years_has_run_of_what_began_before_one_day(day: date, years: int) -> None:
    cut = run_before(day, years)
    for near in range(-400, 400):
        began = cut + timedelta(days=near)
        assert (began < cut) == (day > add_months(began, 12 * years))


@pytest.mark.parametrize(
    ("dates", "open_"),
    [
        ({"defaulted": date(2019, 9, 1), "last_payment": date(2025, 9, 1)}, True),
        ({"defaulted": date(2019, 9, 1), "last_payment": date(2025, 9, 2)}, False),
        ({"last_payment": date(2025, 9, 2)}, True),
        ({"defaulted": date(2021, 9, 1)}, True),
    ],
)
def test_a_payment_after_the_period_leaves_open_whether_a_debt_is_barred(
    dates: dict[str, date], open_: bool
) -> None:
    blocked = replace(PLAIN, key="barred", body=Block(), when=(Ask("time_barred"),))
    book = book_of([BASE, blocked])
    place = replace(book.places["US-MA"], limitation_years={"open_account": 6})
    panel = TwinPanel(replace(book, places={**book.places, "US-MA": place}))
    part = part_of(made(accounts=[{"account": "A1", **dates}]))
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []
    calls = result.candidates.filter(channel="call")
    assert calls["permitted"].to_list() == [open_]


def test_attempts_of_the_day_may_be_what_a_limit_runs_from() -> None:
    """Whoever is worked first begins it for all who share it: two calls and two texts are four."""
    portfolio = made(**TWO_ON_A_LINE)
    found = rows_of(portfolio, limit(within=None, since=ATTEMPTS, max=4))
    assert [row["attempts_left"] for row in found.values()] == [1, 1]
    found = rows_of(portfolio, limit(within=None, since=Selector("conversations"), max=4))
    assert [row["attempts_left"] for row in found.values()] == [3, 3]
