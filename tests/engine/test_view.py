"""What one question sees: who is contacted, which debts, and what was known by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine import Account, Contact, Moment
from engine.facts.speaking import binding, bound
from engine.facts.view import View, day_of, instant_of
from tests.telling import D1, NOON, P1, ZONE, at, day_view, file, past, point, proposed, said, view

SECOND = replace(P1, id="P2", person="P2")
AGAIN = replace(P1, id="P9", person="P1")
D2 = Account("D2", "P2")
D9 = Account("D9", "P9")


def test_the_day_asked() -> None:
    assert Moment(NOON, at=at("09-18T23:30")).day_in(ZONE) == date(2026, 9, 18)
    assert Moment(NOON, at=at("09-18T23:30")).day_in("UTC") == date(2026, 9, 19)
    assert day_view(file()).day == date(2026, 9, 18)


def test_a_civil_date_is_the_start_of_that_day() -> None:
    assert instant_of(date(2026, 9, 18), ZONE) == at("09-18T00:00")
    assert instant_of(NOON, ZONE) == NOON
    assert day_of(date(2026, 9, 18), ZONE) == day_of(NOON, ZONE) == date(2026, 9, 18)


def test_whose_file_it_is() -> None:
    group = file(consumers=(P1, SECOND, AGAIN), accounts=(D1, D2, D9))
    assert view(group, debts=("D2",)).consumer == SECOND
    assert view(group, debts=()).consumer == P1
    assert view(group, debts=("gone",), point="M1").consumer == P1
    assert view(group, debts=(), point=None).consumer == P1
    assert view(group).consumers == {"P1", "P9"}
    assert view(group).own_accounts == {"D1", "D9"}


def test_debts_that_are_on_record() -> None:
    assert view(file(), debts=("D1", "gone")).debts == (D1,)
    assert view(file()).charged == (D1,)
    assert view(file(), attributed_to=("gone",)).charged == ()


def test_a_point_on_no_record_is_the_consumers_own() -> None:
    one = view(file(), point="X1")
    assert (one.whom, one.kind, one.line("X1"), one.line(None)) == ("consumer", "phone", "X1", "")
    assert one.persons == {"P1"}


def test_furnishing_is_to_an_agency() -> None:
    one = view(file(), proposed("furnish_to_cra", None))
    assert (one.whom, one.kind) == ("cra", "cra")


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (said("number_not_consumers", "M1", "09-10T09:00"), True),
        (said("reassigned_since", {"point": "M1", "answer": "yes"}, "09-10T09:00"), True),
        (said("reassigned_since", {"point": "M1", "answer": "no"}, "09-10T09:00"), False),
        (said("number_not_consumers", "L1", "09-10T09:00"), False),
        (said("number_not_consumers", "M1", "09-19T09:00"), False),
    ],
)
def test_a_wrong_number_is_a_strangers(told: object, wrong: bool) -> None:
    one = view(file(told))  # type: ignore[arg-type]  # drawn from a table
    assert one.whom == ("third_party" if wrong else "consumer")
    assert one.owner("M1")[0] == ("?+16175550123" if wrong else "P1")


def test_whose_tally_a_contact_is_in() -> None:
    one = view(file())
    assert one.persons_of(past("09-17T10:00")) == {"P1"}
    assert one.persons_of(past("09-17T10:00", point="M9")) == {"TP1"}
    answered = past("09-17T10:00", point="M1", reached="SPOUSE1")
    assert one.persons_of(answered) == {"P1", "SPOUSE1"}
    assert one.persons_of(answered, talk=True) == {"SPOUSE1"}
    assert one.persons_of(replace(answered, intended_for="TP1")) == {"TP1", "SPOUSE1"}
    assert one.persons_of(past("09-17T10:00", point="X1", consumer="gone")) == {"P1"}


def test_a_contact_in_another_file() -> None:
    group = file(past("09-17T10:00", point=None, consumer="P2"), consumers=(P1, SECOND))
    one = view(group)
    assert one.persons_of(group.contacts[0]) == {"P2"}
    assert one.own_history == ()
    assert one.history == group.contacts


def test_loans_under_one_servicing_account_are_one() -> None:
    loans = tuple(
        Account(id, "P1", type, servicing_account=under)
        for id, type, under in (
            ("L1", "student_loan", "S7"),
            ("L2", "student_loan", "S7"),
            ("L3", "student_loan", "S8"),
            ("L4", "student_loan", None),
            ("L5", "auto", "S7"),
        )
    )
    one = view(file(accounts=loans), debts=("L1",))
    assert one.pooled(loans[0]) == {"L1", "L2"}
    assert [one.pooled(loan) for loan in loans[2:]] == [{"L3"}, {"L4"}, {"L5"}]


def test_only_what_was_received_and_recorded_is_known() -> None:
    late = said("cease", ("D1",), "09-10T09:00", recorded=at("09-19T09:00"))
    assert view(file(late)).known_statements == ()
    early = said("cease", ("D1",), "09-10T09:00", recorded=at("09-11T09:00"))
    assert len(view(file(early)).known_statements) == 1
    assert view(file(past("09-17T10:00", recorded=at("09-19T09:00")))).history == ()
    assert view(file(past("09-18T13:00"))).history == ()


def test_statements_of_another_consumer_are_not_ours() -> None:
    other = said("cease", ("D1",), "09-10T09:00", consumer="P2")
    assert list(view(file(other, consumers=(P1, SECOND))).said("cease")) == []
    nowhere = replace(other, consumer="gone")
    assert len(list(view(file(nowhere, consumers=(P1, SECOND))).said("cease"))) == 1


def test_what_came_back() -> None:
    first = past("09-10T10:00", "email", "E1", result="sent")
    second = past("09-11T10:00", "email", "E1", result="sent")
    bounce = past("09-12T10:00", "email", "E1", result="undeliverable", direction="in")
    other = past("09-12T11:00", "email", "EW1", result="undeliverable", direction="in")
    itself = past("09-13T10:00", "mail", "A1", result="undeliverable")
    later = past("09-19T10:00", "email", "E1", result="undeliverable", direction="in")
    came_in = past("09-11T12:00", "email", "E1", result="received", direction="in")
    one = view(file(first, second, came_in, bounce, other, itself, later))
    assert one.returned == {second.id: bounce.at, itself.id: itself.at}
    assert one.counts(second) == {"attempts"}
    assert one.counts(first) == {"attempts", "communications"}


def test_whom_a_statement_binds() -> None:
    group = file(points=(point("M1"), point("M9", "TP1"), point("M8", "SPOUSE1")))
    one = view(group)
    told = said("inconvenient", {}, "09-10T09:00")
    assert bound(one, told) == {"P1"}
    assert bound(one, replace(told, by="SPOUSE1")) == {"SPOUSE1"}
    assert bound(one, replace(told, by="TP1")) == {"TP1", "P1"}
    assert bound(one, replace(told, by="ATTY7")) == {"ATTY7", "P1"}
    assert bound(one, replace(told, by="TP1", origin="knowledge")) == {"P1"}
    assert one.role_of("P1", "P1") == "consumer"
    assert one.role_of("nobody", "P1") is None


def test_binding_on_those_contacted() -> None:
    told = said("stop_medium", "call", "09-10T09:00", by="TP1")
    ours = said("stop_medium", "text", "09-11T09:00", to="creditor")
    group = file(told, ours)
    assert [one.value for _, one in binding(view(group), "stop_medium")] == ["call", "text"]
    assert [one.value for _, one in binding(view(group), "stop_medium", ours=True)] == ["call"]
    spouse = View(group, proposed(point="M8"), Moment(NOON, at=NOON), ZONE)
    assert list(binding(spouse, "stop_medium")) == []


def test_views_of_one_group_share_what_they_know() -> None:
    group = file(past("09-17T10:00"), said("cease", ("D1",), "09-10T09:00"))
    shared: dict[tuple[str, str], object] = {}
    views = [View(group, proposed(), Moment(NOON, at=NOON), ZONE, shared) for _ in range(2)]
    first, second = ((v.history, v.known_statements, v.returned) for v in views)
    assert first == second
    assert views[0].history is views[1].history
    assert isinstance(group.contacts[0], Contact)
