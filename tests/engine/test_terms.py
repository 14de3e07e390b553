"""What a place asks at the head of its file: a licence, consent to recording, limitation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine import Account, Ask, Collector, Contact, Decision, Rulebook, decide
from engine.reading import Licence, Place, RecordingConsent
from engine.terms import HELD, UNCHECKED, licence, licensed, limitation
from tests.engine.test_deciding import HOURS, Twin, names
from tests.telling import D1, NOON, file, proposed

DAY = date(2026, 9, 18)
NEEDED = Licence("yes", "agencies", ("209 CMR 18.03(1)",), "high")
ALL = RecordingConsent("all", ("M.G.L. c. 272, s. 99(C)",), "high")
MA = Place(
    "US-MA",
    "Massachusetts",
    ("America/New_York",),
    licence=NEEDED,
    recording_consent=ALL,
    limitation_years={"written_contract": 6, "open_account": 6},
)
YOUNG = replace(D1, dates={"defaulted": date(2024, 5, 1)})
LICENSED = Collector(licensed_in=frozenset({"US-MA"}))
UNTOLD = Collector(licences_told=False)
CALL = proposed()


def decided(
    place: Place = MA,
    account: Account = YOUNG,
    collector: Collector = LICENSED,
    contact: Contact = CALL,
    ask: Ask | None = None,
) -> Decision:
    panel = Twin(Rulebook("sha256:made", (HOURS,), {"US-MA": place}, {}))
    group = file(accounts=(account,), collectors=(collector,))
    return decide(panel, group, contact, ask=ask)


def duties(decision: Decision) -> list[str]:
    return [duty for duty, source in decision.duties if source == "US-MA"]


# -- licences


@pytest.mark.parametrize(
    ("required", "told", "expected"),
    [
        ("yes", {"US-MA": None}, HELD),
        ("yes", {"US-MA": DAY}, HELD),
        ("yes", {"US-MA": date(2026, 9, 17)},
         "the licence of this_collector in US-MA ended on 2026-09-17"),
        ("yes", {"US-NY": None}, "this_collector has no licence in US-MA"),
        ("yes", {}, "this_collector has no licence in US-MA"),
        ("yes", None, UNCHECKED),
        ("unknown", {"US-NY": None}, UNCHECKED),
        ("unknown", {"US-MA": None}, HELD),
        ("unknown", None, UNCHECKED),
        ("no", {}, HELD),
        ("no", None, HELD),
    ],
)  # fmt: skip
def test_how_a_collector_stands(
    required: str, told: dict[str, date | None] | None, expected: str
) -> None:
    place = replace(MA, licence=replace(NEEDED, required=required))
    licences = {} if told is None else {"this_collector": told}
    assert licence(place, licensed(Collector(), licences), "third_party", DAY) == expected


def test_a_licence_is_asked_of_the_roles_that_need_one() -> None:
    nobody = licensed(Collector(), {"this_collector": {}})
    for role in ("third_party", "law_firm", "servicer_in_default", "debt_buyer"):
        assert licence(MA, nobody, role, DAY) == "this_collector has no licence in US-MA"
    for role in ("creditor", "servicer"):
        assert licence(MA, nobody, role, DAY) == HELD
    creditors = replace(MA, licence=replace(NEEDED, collectors=frozenset({"creditor"})))
    assert licence(creditors, nobody, "creditor", DAY) != HELD


def test_where_all_licences_are_held_or_the_file_says_nothing() -> None:
    assert licence(MA, licensed(Collector(), None), "third_party", DAY) == HELD
    silent = replace(MA, licence=None)
    assert licence(silent, LICENSED, "third_party", DAY) == UNCHECKED
    assert licence(replace(silent, encoded=False), LICENSED, "third_party", DAY) == HELD


def test_a_collector_without_its_licence_is_refused_by_the_law_of_the_place() -> None:
    bare = Collector(licensed_in=frozenset())
    (found,) = decided(collector=bare).findings
    assert (found.rule, found.force) == ("structural/licence_missing", "prohibition")
    assert (found.cite, found.place) == (("209 CMR 18.03(1)",), "US-MA")
    assert found.observed == "this_collector has no licence in US-MA"
    assert decided(collector=bare).word == "prohibited"
    assert decided(collector=bare).next_permitted is None
    assert decided(collector=bare, account=replace(YOUNG, type="medical")).verdict == "refused"
    uncited = replace(MA, licence=replace(NEEDED, cite=()))
    assert decided(uncited, collector=bare).findings[0].cite == ("12 CFR 1006.104",)


def test_a_licence_counts_to_its_last_day() -> None:
    until = replace(LICENSED, licence_ends={"US-MA": DAY})
    assert decided(collector=until).permitted
    late = replace(CALL, at=NOON.replace(day=19))
    assert names(decided(collector=until, contact=late)) == ["structural/licence_missing"]


def test_licences_are_asked_for_only_where_their_place_is() -> None:
    bare = Collector(licensed_in=frozenset())
    assert decided(collector=bare, ask=Ask(acts=frozenset({"an_act"}))).permitted
    assert decided(collector=bare, ask=Ask(acts=frozenset({"an_act"}), places=False)).permitted
    assert not decided(collector=bare, ask=Ask(acts=frozenset({"an_act", "US-MA"}))).permitted


def test_licences_nobody_told_are_a_duty() -> None:
    assert decided(collector=UNTOLD).permitted
    assert "licence_unchecked" in duties(decided(collector=UNTOLD))
    assert "licence_unchecked" not in duties(decided())


# -- recording


@pytest.mark.parametrize(
    ("consent", "duty"),
    [(ALL, True), (replace(ALL, parties="unknown"), True), (None, True),
     (replace(ALL, parties="one"), False)],
)  # fmt: skip
def test_recording_takes_consent_unless_one_party_is_enough(
    consent: RecordingConsent | None, duty: bool
) -> None:
    place = replace(MA, recording_consent=consent)
    assert ("recording_consent" in duties(decided(place))) is duty
    letter = proposed("mail", "A1")
    assert "recording_consent" not in duties(decided(place, contact=letter))


# -- limitation


def test_the_shortest_limitation_period() -> None:
    places = {
        "US-MA": MA,
        "US-CA": replace(MA, limitation_years={"written_contract": 4, "oral_contract": None}),
        "US-NY": replace(MA, limitation_years={"consumer_credit": 3}),
        "US-NY-NYC": replace(MA, within="US-NY", limitation_years={}),
        "US-GU": replace(MA, limitation_years={}),
    }
    assert limitation(places, ("US-MA",), "auto") == (6, True)
    assert limitation(places, ("US-MA", "US-NY"), "auto") == (3, True)
    assert limitation(places, ("US-NY", "US-NY-NYC"), "auto") == (3, True)
    assert limitation(places, ("US-CA",), "auto") == (4, False)
    assert limitation(places, ("US-MA", "US-GU"), "auto") == (6, False)
    assert limitation(places, ("US-NV",), "auto") == (None, True)


@pytest.mark.parametrize(
    ("debt", "years"),
    [("medical", 3), ("unspecified", 3), ("other", 3), ("credit_card", 4), ("auto", 4)],
)
def test_the_period_of_medical_care_is_for_medical_debts(debt: str, years: int) -> None:
    periods = {"written_contract": 5, "open_account": 4, "medical_facility": 3}
    places = {"US-FL": replace(MA, limitation_years=periods)}
    assert limitation(places, ("US-FL",), debt) == (years, True)
    bare = {"US-FL": replace(MA, limitation_years={"medical": 3})}
    assert limitation(bare, ("US-FL",), "auto") == (None, False)


@pytest.mark.parametrize(
    ("dates", "years", "duty"),
    [
        ({"defaulted": date(2024, 5, 1)}, {"open_account": 6}, False),
        ({"defaulted": date(2020, 9, 18)}, {"open_account": 6}, False),
        ({"defaulted": date(2020, 9, 17)}, {"open_account": 6}, True),
        ({"defaulted": date(2019, 1, 1), "last_payment": date(2024, 1, 1)},
         {"open_account": 6}, False),
        ({"defaulted": date(2018, 1, 1), "last_payment": date(2024, 1, 2)},
         {"open_account": 6}, True),
        ({"defaulted": date(2024, 5, 1)}, {"open_account": 6, "oral_contract": None}, True),
        ({"defaulted": date(2024, 5, 1)}, {}, True),
        ({}, {"open_account": 6}, True),
        ({"judgment": date(2026, 9, 18)}, {}, False),
        ({"judgment": date(2026, 9, 19)}, {}, True),
    ],
)  # fmt: skip
def test_no_word_of_suit_unless_the_period_is_known_to_run_still(
    dates: dict[str, date], years: dict[str, int | None], duty: bool
) -> None:
    found = decided(replace(MA, limitation_years=years), replace(D1, dates=dates))
    assert ("no_suit_threat" in duties(found)) is duty
    suit = replace(CALL, purpose="litigation")
    place, account = replace(MA, limitation_years=years), replace(D1, dates=dates)
    assert decided(place, account, contact=suit).permitted


def test_places_that_are_not_asked_or_not_written_ask_nothing() -> None:
    assert decided(collector=UNTOLD, ask=Ask(places=False)).duties == ()
    bare = Place("US-MA", "Massachusetts", ("America/New_York",), encoded=False)
    assert duties(decided(bare, collector=UNTOLD)) == ["state_law_not_encoded"]
