"""Statuses and wishes where no case reaches: order of words, other people, nothing recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine import Account
from engine.facts import attorneys, bankruptcy, email, statuses, wishes
from tests.telling import D1, P1, at, file, past, proposed, said, view

D2 = Account("D2", "P1", "medical")
P2 = replace(P1, id="P2", person="P2")
ATTORNEY = said("represented_by", "ATTY1", "09-01T09:00")


def test_an_attorney_who_no_longer_acts() -> None:
    left = said("no_longer_represented", ("D1",), "09-02T09:00")
    assert attorneys.represented(view(file(ATTORNEY)), D1) == "yes"
    assert attorneys.represented(view(file(ATTORNEY, left)), D1) == "no"
    assert attorneys.represented(view(file(ATTORNEY, replace(left, value=("D2",)))), D1) == "yes"
    unreachable = replace(ATTORNEY, more={"address_known": False})
    assert attorneys.represented(view(file(unreachable)), D1) == "no"


def test_the_attorney_consents() -> None:
    consent = said("attorney_consents_to_direct_contact", ("D1",), "09-02T09:00", by="ATTY1")
    assert attorneys.attorney_consents(view(file(ATTORNEY, replace(consent, by="P1"))), D1) == "no"
    assert attorneys.attorney_consents(view(file(ATTORNEY, consent)), D1) == "yes"
    assert attorneys.attorney_consents(view(file(consent)), D1) == "no"
    early = replace(consent, received=at("08-31T09:00"))
    assert attorneys.attorney_consents(view(file(ATTORNEY, early)), D1) == "no"
    other = replace(consent, value=("D2",))
    assert attorneys.attorney_consents(view(file(ATTORNEY, other)), D1) == "no"


@pytest.mark.parametrize(("day", "silent"), [(18, "yes"), (19, "no")])
def test_the_attorney_is_silent_after_thirty_days(day: int, silent: str) -> None:
    letter = said("attorney_written_to", date(2026, 8, day), "09-01T09:00")
    assert attorneys.attorney_silent(view(file(letter)), D1) == silent


def test_what_ends_the_silence() -> None:
    letter = said("attorney_written_to", "2026-08-01", "09-01T09:00")
    assert attorneys.attorney_silent(view(file(letter)), D1) == "yes"
    other = replace(letter, more={"debts": ("D2",)})
    assert attorneys.attorney_silent(view(file(other)), D1) == "no"
    answer = past("08-20T10:00", "mail", "M7", result="received", direction="in")
    assert attorneys.attorney_silent(view(file(letter, answer)), D1) == "no"
    before = replace(answer, at=at("07-20T10:00"))
    assert attorneys.attorney_silent(view(file(letter, before)), D1) == "yes"


def test_who_acts_since_a_later_day_was_not_asked_whenever_the_word_came_in() -> None:
    before = said("attorney_unanswered_since", date(2026, 8, 1), "08-31T09:00")
    since = replace(before, received=at("09-10T09:00"))
    assert attorneys.attorney_silent(view(file(before)), D1) == "yes"
    for word in (before, since, replace(since, kind="attorney_written_to")):
        assert attorneys.attorney_silent(view(file(ATTORNEY, word)), D1) == "no"


def test_told_of_the_debt_before() -> None:
    letter = past("09-01T10:00", "mail", "A1", result="sent")
    assert statuses.initial_communication_made(view(file(letter)), D1) == "yes"
    loose = replace(letter, attributed_to=None)
    assert statuses.initial_communication_made(view(file(loose)), D1) == "yes"
    two = file(loose, accounts=(D1, D2))
    assert statuses.initial_communication_made(view(two), D1) == "unknown"
    other = file(replace(letter, attributed_to=("D2",)), accounts=(D1, D2))
    assert statuses.initial_communication_made(view(other), D1) == "no"
    running = replace(letter, flags={"call_in_progress": True})
    same = view(file(running), flags={"same_call": True})
    assert statuses.initial_communication_made(same, D1) == "no"
    answered = past("09-01T10:00", result="answered_in_progress")
    still = view(file(answered), flags={"same_call": True})
    assert statuses.initial_communication_made(still, D1) == "no"
    over = replace(answered, flags={"call_in_progress": False})
    assert not over.in_progress
    unanswered = past("09-01T10:00", "email", "E1", result="received", direction="in")
    assert statuses.initial_communication_made(view(file(unanswered)), D1) == "no"
    another = file(replace(letter, consumer="P2"), consumers=(P1, P2))
    assert statuses.initial_communication_made(view(another), D1) == "no"


def test_discharged_and_reaffirmed() -> None:
    order = said("discharged", ("D1",), "09-01T09:00")
    kept = said("reaffirmed", ("D1",), "08-31T09:00")
    assert bankruptcy.discharged(view(file(order)), D1) == "yes"
    assert bankruptcy.discharged(view(file(order, kept)), D1) == "no"
    assert bankruptcy.discharged(view(file(order, replace(kept, value=("D2",)))), D1) == "yes"
    late = said("reaffirmed", ("D1",), "09-02T09:00")
    assert bankruptcy.discharged(view(file(order, late)), D1) == "yes"
    heard_late = replace(late, made=at("08-31T09:00"))
    assert bankruptcy.discharged(view(file(order, heard_late)), D1) == "no"


@pytest.mark.parametrize(
    ("chapter", "owes", "expected"),
    [
        ("13", True, "yes"),
        ("12", True, "yes"),
        ("11", True, "no"),
        ("7", True, "no"),
        (None, True, "unknown"),
        ("13", False, "no"),
    ],
)
def test_the_stay_of_somebody_else_on_the_account(
    chapter: str | None, owes: bool, expected: str
) -> None:
    value = {"chapter": chapter} if chapter else {}
    filed = said("bankruptcy_filed", value, "09-01T09:00", consumer="P2")
    parties = {"D1": (("P2", "co_debtor"),)} if owes else {}
    group = file(filed, consumers=(P1, P2), parties=parties)
    assert bankruptcy.codebtor_stay(view(group), D1) == expected
    assert bankruptcy.bankruptcy_stay(view(group), D1) == "no"


def test_a_stay_told_with_another_debt_or_ended() -> None:
    filed = said("bankruptcy_filed", True, "09-01T09:00")
    assert bankruptcy.bankruptcy_stay(view(file(filed)), D1) == "yes"
    other = replace(filed, more={"debts": ("D2",)})
    assert bankruptcy.bankruptcy_stay(view(file(other)), D1) == "yes"
    ended = said("bankruptcy_ended", date(2026, 9, 2), "09-02T09:00")
    assert bankruptcy.bankruptcy_stay(view(file(filed, ended)), D1) == "no"
    elsewhere = replace(ended, more={"debts": ("D2",)})
    assert bankruptcy.bankruptcy_stay(view(file(filed, elsewhere)), D1) == "yes"


def test_an_end_counts_from_its_day_and_for_its_case() -> None:
    filed = said("bankruptcy_filed", {"filed": date(2026, 9, 1)}, "09-02T09:00")
    ended = said("bankruptcy_ended", date(2026, 9, 3), "09-03T09:00")
    assert bankruptcy.bankruptcy_stay(view(file(filed, ended)), D1) == "no"
    to_come = replace(ended, value=date(2027, 9, 3))
    assert bankruptcy.bankruptcy_stay(view(file(filed, to_come)), D1) == "yes"
    older = replace(ended, value=date(2026, 8, 31))
    assert bankruptcy.bankruptcy_stay(view(file(filed, older)), D1) == "yes"
    told_before = said("bankruptcy_ended", date(2026, 9, 3), "09-01T09:00")
    assert bankruptcy.bankruptcy_stay(view(file(filed, told_before)), D1) == "yes"
    again = said("bankruptcy_filed", {"filed": date(2026, 9, 4)}, "09-04T09:00")
    assert bankruptcy.bankruptcy_stay(view(file(filed, ended, again)), D1) == "yes"


def test_a_second_petition_does_not_end_the_first() -> None:
    first = said("bankruptcy_filed", {"chapter": 13}, "09-01T09:00", consumer="P2")
    second = said("bankruptcy_filed", {"chapter": 7}, "09-02T09:00", consumer="P2")
    parties = {"D1": (("P2", "co_debtor"),)}
    group = file(first, second, consumers=(P1, P2), parties=parties)
    assert bankruptcy.codebtor_stay(view(group), D1) == "yes"


def test_holds() -> None:
    held = said("hold", "complaint", "09-01T09:00", more={"debts": ("D1",)})
    freed = said("releases_hold", "complaint", "09-02T09:00")
    assert statuses.holds(view(file(held)), D1, ("complaint",)) == "yes"
    assert statuses.holds(view(file(held)), D1, ("legal_hold",)) == "no"
    assert statuses.holds(view(file(held)), D2, ("complaint",)) == "no"
    assert statuses.holds(view(file(held, freed)), D1, ("complaint",)) == "no"


def test_whether_papers_name_the_debt() -> None:
    papers = said("identity_theft_papers", ("D2",), "09-01T09:00")
    assert statuses.about_debts(view(file(papers)), D1, "identity_theft_papers") == "no"
    all_of_them = replace(papers, value=True)
    assert statuses.about_debts(view(file(all_of_them)), D1, "identity_theft_papers") == "yes"
    beside = replace(all_of_them, more={"debts": ("D2",)})
    assert statuses.about_debts(view(file(beside)), D1, "identity_theft_papers") == "no"


def test_spoken_or_written() -> None:
    talk = past("09-01T10:00", result="conversation")
    assert statuses.spoke_or_wrote(view(file(talk)), D1) == "yes"
    other = file(replace(talk, discussed=("D2",)), accounts=(D1, D2))
    assert statuses.spoke_or_wrote(view(other), D1) == "no"
    third = replace(talk, point="M9")
    assert statuses.spoke_or_wrote(view(file(third)), D1) == "no"
    answered_by_another = replace(talk, reached="HH1")
    assert statuses.spoke_or_wrote(view(file(answered_by_another)), D1) == "no"
    handed_over = replace(third, reached="P1")
    assert statuses.spoke_or_wrote(view(file(handed_over)), D1) == "yes"
    loose = file(replace(talk, attributed_to=None), accounts=(D1, D2))
    assert statuses.spoke_or_wrote(view(loose), D1) == "no"
    unanswered = replace(talk, result="no_answer")
    assert statuses.spoke_or_wrote(view(file(unanswered)), D1) == "no"


@pytest.mark.parametrize(
    ("sent", "bounced", "expected"),
    [
        ("09-03", None, "yes"),
        ("09-04", None, "no"),
        ("09-01", "09-15", "no"),
        ("09-01", "09-16", "yes"),
    ],
)
def test_a_letter_out_for_fourteen_days(sent: str, bounced: str | None, expected: str) -> None:
    letter = past(f"{sent}T10:00", "mail", "A1", result="sent")
    back = past(f"{bounced or sent}T10:00", "mail", "A1", result="undeliverable", direction="in")
    group = file(letter, back) if bounced else file(letter)
    assert statuses.spoke_or_wrote(view(group), D1) == expected


def test_a_message_that_says_nothing_is_no_letter() -> None:
    quiet = past("09-01T10:00", "email", "E1", result="furnished")
    assert statuses.spoke_or_wrote(view(file(quiet)), D1) == "no"


def test_what_answers_a_dispute_is_sent_to_the_consumer() -> None:
    dispute = said("disputes", ("D1",), "09-02T09:00")
    answer = past("09-03T10:00", "mail", "A1", result="sent", content="verification")
    assert statuses.dispute_open(view(file(dispute, answer)), D1) == "no"
    elsewhere = replace(answer, point="M9")  # a third party's
    assert statuses.dispute_open(view(file(dispute, elsewhere)), D1) == "yes"
    spoken = replace(answer, channel="call", point="M1", result="conversation")
    assert statuses.dispute_open(view(file(dispute, spoken)), D1) == "yes"


def test_a_partial_dispute() -> None:
    part = said("disputes", ({"debt": "D1", "amount": "120.00"},), "09-10T09:00")
    assert statuses.dispute_is_partial(view(file(part)), D1) == "yes"
    whole = said("disputes", ("D1",), "09-11T09:00")
    assert statuses.dispute_is_partial(view(file(part, whole)), D1) == "no"
    assert statuses.dispute_is_partial(view(file(replace(whole, value=True))), D1) == "no"
    assert statuses.dispute_is_partial(view(file()), D1) == "no"


# -- wishes


def test_an_oral_cease_stops_the_telephone_only() -> None:
    told = said("cease", ("D1",), "09-10T09:00", medium="oral")
    assert wishes.medium_stopped(view(file(told))) == "yes"
    assert wishes.medium_stopped(view(file(told), proposed("voicemail"))) == "yes"
    assert wishes.medium_stopped(view(file(told), proposed("text"))) == "no"
    assert wishes.medium_stopped(view(file(replace(told, medium="email")))) == "no"


def test_a_later_consent_opens_a_medium() -> None:
    stop = said("stop_medium", "text", "09-10T09:00")
    again = said("consents_to_medium", "text", "09-11T09:00")
    asked = proposed("text")
    assert wishes.medium_stopped(view(file(stop, again), asked)) == "no"
    other = replace(again, value="email")
    assert wishes.medium_stopped(view(file(stop, other), asked)) == "yes"


def test_a_later_consent_to_texts_opens_a_number_for_texts() -> None:
    stop = said("do_not_use_number", "M1", "09-10T09:00")
    again = said("consents_to_text", "M1", "09-11T09:00")
    assert wishes.address_stopped(view(file(stop, again), proposed("text"))) == "no"
    assert wishes.address_stopped(view(file(stop, again))) == "yes"
    stop_texts = said("opt_out_number_text", "M1", "09-10T09:00")
    assert wishes.address_stopped(view(file(stop_texts), proposed("text"))) == "yes"
    assert wishes.address_stopped(view(file(stop_texts))) == "no"


def test_where_the_consumer_is_today() -> None:
    home = said("inconvenient_place", "home", "09-01T09:00")
    there = said("consumer_currently_at", "home", "09-18T09:00")
    assert wishes.place_inconvenient(view(file(home, there))) == "yes"
    assert wishes.place_inconvenient(view(file(home, replace(there, value="work")))) == "no"
    yesterday = replace(there, received=at("09-17T09:00"))
    assert wishes.place_inconvenient(view(file(home, yesterday))) == "no"


def test_a_telephone_of_unknown_kind_may_be_at_a_place() -> None:
    home = file(said("inconvenient_place", "home", "09-01T09:00"))
    work = file(said("stop_calls_at", "work", "09-01T09:00"))
    for point, expected in (("U1", "unknown"), ("W1", "yes"), ("M1", "no")):
        asked = view(work, proposed(point=point))
        assert wishes.at_work(asked, "stop_calls_at") == expected
        assert wishes.place_inconvenient(asked) == expected
    assert wishes.place_inconvenient(view(home, proposed(point="U1"))) == "unknown"
    assert wishes.place_inconvenient(view(home, proposed(point="L1"))) == "yes"
    elsewhere = file(said("inconvenient_place", "cabin", "09-01T09:00"))
    assert wishes.place_inconvenient(view(elsewhere, proposed(point="U1"))) == "no"


def test_a_third_party_reopened() -> None:
    more = said("asks_for_more_contact", "TP1", "09-01T09:00")
    assert wishes.third_party_reopened(view(file(more), point="M9")) == "yes"
    assert wishes.third_party_reopened(view(file(more))) == "no"
    wrong = said("third_party_answer_was_wrong", True, "09-01T09:00")
    knows = said("third_party_now_has_correct_information", True, "09-02T09:00")
    assert wishes.third_party_reopened(view(file(wrong))) == "no"
    assert wishes.third_party_reopened(view(file(wrong, knows))) == "yes"


def test_not_now_in_this_call() -> None:
    began = past("09-18T11:55", result="answered_in_progress", flags={"call_in_progress": True})
    told = said("this_time_is_inconvenient", True, "09-18T11:58")
    same = proposed(flags={"same_call": True})
    assert wishes.called_at_bad_time(view(file(began, told), same)) == "yes"
    assert wishes.called_at_bad_time(view(file(began, told))) == "no"
    assert wishes.called_at_bad_time(view(file(told), same)) == "no"  # no call is in progress
    earlier = replace(told, received=at("09-18T09:00"))
    assert wishes.called_at_bad_time(view(file(began, earlier), same)) == "no"
    assert wishes.called_at_bad_time(view(file(began, replace(told, value=False)), same)) == "no"


# -- e-mail


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, "no"),
        ({"consumer_used_with_this_collector": True}, "yes"),
        ({"consumer_used_with_this_collector": False}, "no"),
        ({"consumer_used_with_this_collector": date(2026, 9, 18)}, "yes"),
        ({"consumer_used_with_this_collector": date(2026, 9, 19)}, "no"),
        ({"direct_consent_to_this_collector": at("09-18T09:00")}, "yes"),
        ({"direct_consent_to_this_collector": "2026-09-01"}, "yes"),
        ({"direct_consent_to_this_collector": True, "opted_out": True}, "no"),
        ({"consumer_entered_on_portal": "2026-09-01"}, "no"),
        (
            {"consumer_entered_on_portal": "2026-09-01", "portal_disclosed_use_for_debt": True},
            "yes",
        ),
    ],
)
def test_how_an_address_came_from_the_consumer(how: dict[str, object], expected: str) -> None:
    group = file(email_provenance={"E1": how})
    assert email.route_consumer(view(group, proposed("email", "E1"))) == expected


def test_an_address_the_consumer_wrote_from() -> None:
    wrote = past("09-01T10:00", "email", "E1", result="received", direction="in")
    assert email.route_consumer(view(file(wrote), proposed("email", "E1"))) == "yes"
    stop = said("opt_out_address", "E1", "09-02T09:00")
    assert email.route_consumer(view(file(wrote, stop), proposed("email", "E1"))) == "no"


def test_no_procedure_speaks_of_calls() -> None:
    assert email.safe_harbour(view(file())) == "unknown"


@pytest.mark.parametrize(("consented", "expected"), [("07-21", "yes"), ("07-20", "no")])
def test_sixty_days_for_texts(consented: str, expected: str) -> None:
    consent = said("consents_to_text", "M1", f"{consented}T09:00")
    assert email.safe_harbour(view(file(consent), proposed("text"))) == expected
    answer = {"point": "M1", "since": date(2026, 7, 20), "answer": "no"}
    checked = said("reassigned_since", answer, "09-01T09:00")
    assert email.safe_harbour(view(file(consent, checked), proposed("text"))) == "yes"
    assert email.safe_harbour(view(file(checked), proposed("text"))) == "no"
    wrong = said("number_not_consumers", "M1", "09-02T09:00")
    assert email.safe_harbour(view(file(consent, checked, wrong), proposed("text"))) == "no"
    for asked in ({"since": date(2026, 7, 22)}, {"since": None}):
        other = replace(checked, value=answer | asked)
        again = view(file(consent, other), proposed("text"))
        assert email.safe_harbour(again) == ("yes" if consented == "07-21" else "no")


def test_an_address_that_reached_another() -> None:
    told = said("email_led_to_third_party_disclosure", "E1", "09-02T09:00")
    how = {"E1": {"consumer_used_with_this_collector": True}}
    group = file(told, email_provenance=how)
    assert email.safe_harbour(view(group, proposed("email", "E1"))) == "no"
    assert email.safe_harbour(view(file(email_provenance=how), proposed("email", "E1"))) == "yes"


def test_a_chain_of_collectors() -> None:
    first = {"collector": "A", "obtained_by": "6(d)(4)(i)", "emailed_consumer": True}
    assert _chain(first) == "yes"
    assert _chain(first, {"collector": "us"}) == "yes"
    assert _chain({**first, "opted_out": True}) == "no"
    assert _chain({**first, "emailed_consumer": False}) == "no"
    assert _chain({**first, "obtained_by": "6(d)(4)(ii)"}) == "yes"
    for no_such in ("6(d)(4)(iii)", "6(d)(4)(iv)", ""):
        assert _chain({**first, "obtained_by": no_such}) == "no"
    assert _chain({"collector": "us"}) == "no"
    assert _chain(first, opted_out=False) == "yes"
    assert _chain(first, opted_out=True) == "no"


def _chain(*links: dict[str, object], **how: object) -> str:
    group = file(email_provenance={"": {"chain": links, **how}})
    return email.route_chain(view(group, proposed("email", "E1")))
