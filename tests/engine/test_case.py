"""Case files: what is read, what is refused by name, and how a decision is judged."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import (
    BrokenCase,
    Case,
    Decided,
    Report,
    Result,
    as_json,
    as_text,
    judge,
    read,
    run_cases,
    run_file,
)
from engine.decision import Decision, Finding, Lifted, Satisfied
from engine.facts import catalogue
from engine.history import Contact, Statement
from engine.problem import NotFound

OFFICIAL = Path(__file__).parent.parent / "cases" / "official" / "official_examples.yaml"
WIDE = """\
format: 1
note: every part of the format once
assume:
  rules: [fdcpa, US-MA]
  collector: {role: law_firm, fdcpa_covered: true}
vectors:
- id: wide (a comment)
  cite: 940 CMR 7.04(1)(f)
  topic: shown to nobody
  facts:
    collector: {type: mortgage_servicer, licensed_in: [US-MA, US-NY-NYC], located_in: US-CO}
    consumer:
      id: P1
      deceased: false
      surviving_spouse: SPOUSE1
      personal_representative: REP1 (signed a paper)
      addresses:
      - {kind: residential, state: MA, postal_code: "02108", since: 2020-01-01}
      - {kind: work, state: NY, postal_code: "10001", until: 2026-12-31}
      time_zone_evidence: [{kind: landline_area_code, zone: America/New_York, filler: true}]
    debts:
    - {id: D1, type: credit_card, defaulted: 2025-01-02, cosigned: true,
       judgment: "2026-02-03T10:00-05:00"}
    - {id: SL1, type: student_loan, servicing_account_when_obtained: ACC-1, holder: debt_buyer}
    - {id: D3, type: payday, original_amount: "1200.50", lender_licence: installment_loan,
       hospital_debt: false, secured_by: a car, delinquent_since: 2026-03-01}
    contact_points:
    - {id: M1, kind: mobile, belongs_to: P1, number: +16175550123}
    - {id: E1, kind: email_personal, belongs_to: P1}
    - {id: T1, kind: phone, belongs_to: TP1}
    history:
    - {at: "2026-09-15T10:00-04:00", direction: in, channel: call, point: M1, result: conversation,
       discussed: [D1], call_in_progress: true}
    - {at: "2026-09-14T10:00-04:00", direction: out, channel: ringless_voicemail, point: M1,
       result: delivered, attributed_to: [D1, SL1], content: limited_content_message}
    - {at: 2026-09-13, direction: out, channel: call, point: L9, result: no_answer, discussed: [],
       prerecorded: true, message_possible: false, intended_for: P1, reached: HH1}
    - {at: "2026-09-12T10:00-04:00", channel: furnish_to_cra, point: CRA, result: furnished}
    statements:
    - at: 2026-09-01T11:00-04:00
      by: P1
      medium: oral
      says:
        inconvenient: [{days: [friday, mon], from: "15:00", to: "24:00"}, {until: 2026-12-31}]
        consents_to_calls_until: "23:00"
        words: not after eleven
      during_lawful_contact: true
    - {at: 2026-08-03, received: 2026-08-06, by: P1, to: creditor, medium: email,
       accepted_medium: false, after_opt_out_deadline: true,
       says: {disputes: [D1, {debt: SL1, amount: "120.00"}], new_information: false}}
    - {at: 2026-08-04, says: {consents_to_call: {debt: D1, number: M1, on: monday,
       date: 2026-08-07, until: "2026-08-08T12:00-04:00"}, agrees_to_messages: {max: 3,
       within: 7 days}, revokes_consent_to_call: true, withdraws_inconvenience: true}}
    knowledge:
    - {source: creditor_file, received: 2026-06-01,
       says: {represented_by: ATTY1, debts: [D1], address_known: true}}
    - {source: fcc_reassigned_numbers_database, received: 2026-06-02,
       says: {reassigned_since: {point: M1, since: 2026-05-01, answer: no_data},
              bankruptcy_filed: {filed: 2026-05-01, chapter: 13, case: "26-1"}, debts: D1,
              promise_to_pay: {amount: "10.00", date: 2026-07-01},
              consents_to_prerecorded_calls: [M1], public_health_emergency: US-NV,
              asks_to_be_called: {debt: D1, on: unspecified}}}
    email_provenance:
      consumer_used_with_this_collector: 2026-06-01
      direct_consent_to_this_collector: true
      creditor_use: [periodic_statements]
      opted_out: false
      domain: public
      chain: [{collector: ABC, obtained_by: 6(d)(4)(i), emailed_consumer: true},
              {collector: XYZ (this collector)}]
  proposed_contact:
    channel: call
    at: "2026-09-18T10:00-04:00"
    point: M1
    debts: [D1, SL1]
    attributed_to: [SL1]
    purpose: settlement
    language: es
    languages: [en]
    disclosure_languages: [en]
    disclosure: subsequent
    viewed_at: 2026-09-18T11:00-04:00
    autodialled: true
    reply_to_consumer: false
    intended_to_discuss: [D1]
  expected: prohibited
  because: ["940 CMR 7.04(1)(f)", "12 CFR 1006.6(b), (c)"]
  expected_calls_in_window: {D1: 2, D1+SL1: 3}
  safe_harbour: false
  validation_period_end_earliest: 2026-10-01
  limited_content_message: false
  verdict_only: true
"""
SMALL = """\
format: 1
vectors:
- id: one
  cite: 12 CFR 1006.6(b)
  facts: {contact_points: [{id: M1, kind: mobile}]}
  proposed_contact: {channel: call, at: "2026-09-18T10:00-04:00", point: M1}
  expected: permitted
- id: two
  facts: {contact_points: [{id: M1, kind: mobile}]}
  proposed_contact: {channel: call, at: "2026-09-18T10:00-04:00", point: M1}
  expected: prohibited
"""
FINDING = Finding(
    rule="regulation_f/hours",
    cite=("12 CFR 1006.6(b)(1)(i)", "comment 6(b)(1)(i)-1"),
    force="prohibition",
    says="",
    observed="22:00",
    threshold="21:00",
)
PRESUMPTION = Satisfied("regulation_f/seven", ("12 CFR 1006.14(b)(2)(i)(A)",), "presumption", 3, 7)


def decision(*findings: Finding, kept: tuple[Satisfied, ...] = ()) -> Decision:
    return Decision(
        permitted=not findings,
        findings=findings,
        duties=(),
        lifted=(Lifted("regulation_f/attorney", ("12 CFR 1006.6(b)(2)",), "prohibition", "x"),),
        satisfied=kept,
        windows=(),
        attempts_left=None,
        next_permitted=None,
        places=(),
        zones=(),
        rulebook="sha256:0",
        engines={},
        safe_harbour="no",
    )


def cases(text: str, path: str = "a.yaml") -> tuple[Case | BrokenCase, ...]:
    return read(path, text.encode()).cases


def only(text: str) -> Case:
    case = cases(text)[0]
    assert isinstance(case, Case), [one.message for one in case.problems]
    return case


def said(case: Case, kind: str) -> Statement:
    return next(one for one in case.group.statements if one.kind == kind)


def reasons(
    case: Case, made: Decision, calls: int | None = 2, end: date | None = None
) -> list[str]:
    return judge(case, made, lambda _: calls, lambda _: end)


# -- reading


def test_every_official_example_can_be_read() -> None:
    file = read(str(OFFICIAL), OFFICIAL.read_bytes())
    assert file.problems == ()
    assert len(file.cases) == 134
    assert all(isinstance(one, Case) and one.cite_decides for one in file.cases)


def test_people_debts_and_points() -> None:
    case = only(WIDE)
    group = case.group
    consumer = group.consumers["P1"]
    assert consumer.personal_representative == "REP1"
    assert [one.state for one in consumer.addresses] == ["MA", "NY"]
    assert consumer.addresses[1].until == date(2026, 12, 31)
    assert consumer.zone_evidence[0].zone == "America/New_York"
    who = group.collectors["this_collector"]
    assert (who.role, who.type, who.located_in) == ("law_firm", "mortgage_servicer", "US-CO")
    assert who.licensed_in == frozenset({"US-MA", "US-NY-NYC"})
    assert {one.fdcpa_covered for one in group.accounts.values()} == {"yes"}
    assert group.accounts["D1"].dates["judgment"] == date(2026, 2, 3)
    assert group.accounts["SL1"].servicing_account == "ACC-1"
    assert group.accounts["D3"].original_amount == Decimal("1200.50")
    assert group.points["M1"].number == "+16175550123"
    assert group.points["T1"].whom == "third_party"
    assert (group.points["L9"].kind, group.points["L9"].owner) == ("phone", "P1")
    assert (group.points["CRA"].kind, group.points["CRA"].whom) == ("cra", "cra")
    assert (case.rules, case.verdict_only) == (("fdcpa", "US-MA"), True)
    assert case.expected_calls == {("D1",): 2, ("D1", "SL1"): 3}


def test_history_is_put_in_order_and_read_word_by_word() -> None:
    furnished, recorded, voicemail, talk = only(WIDE).group.contacts
    assert furnished.result == "furnished"
    assert recorded.at == datetime(2026, 9, 13, 11, tzinfo=UTC)  # that day in every zone
    assert (recorded.technology, recorded.message_possible) == ("prerecorded", False)
    assert (recorded.discussed, recorded.reached) == (None, "HH1")
    assert (voicemail.channel, voicemail.attributed_to) == ("voicemail", ("D1", "SL1"))
    assert (talk.direction, talk.flag("call_in_progress")) == ("in", True)


def test_statements_and_knowledge() -> None:
    case = only(WIDE)
    hours = said(case, "inconvenient")
    assert hours.value == (
        {"days": ("mon", "fri"), "from": time(15), "to": time.max},
        {"until": date(2026, 12, 31)},
    )
    assert (hours.medium, hours.during_lawful_contact, hours.by) == ("oral", True, "P1")
    assert hours.received == datetime(2026, 9, 1, 15, tzinfo=UTC)
    disputes = said(case, "disputes")
    assert disputes.value == ("D1", {"debt": "SL1", "amount": Decimal("120.00")})
    assert disputes.more == {"new_information": False}
    assert (disputes.made, disputes.received) == (date(2026, 8, 3), date(2026, 8, 6))
    assert (disputes.to, disputes.accepted_medium) == ("creditor", False)
    consent = said(case, "consents_to_call")
    assert consent.value == {
        "debt": ("D1",),
        "number": "M1",
        "on": "mon",
        "date": date(2026, 8, 7),
        "until": datetime(2026, 8, 8, 16, tzinfo=UTC),
    }
    assert (consent.by, consent.medium, consent.received) == ("P1", "written", date(2026, 8, 4))
    assert said(case, "agrees_to_messages").value == {"max": 3, "within": "7 days"}
    assert said(case, "revokes_consent_to_call").value is True
    assert said(case, "withdraws_inconvenience").value == ({},)
    attorney = said(case, "represented_by")
    assert attorney.more == {"debts": ("D1",), "address_known": True}
    assert (attorney.origin, attorney.source, attorney.by) == ("knowledge", "creditor_file", None)
    assert said(case, "reassigned_since").value["answer"] == "no_data"
    assert said(case, "bankruptcy_filed").more == {"debts": ("D1",)}


def test_provenance_and_proposal() -> None:
    case = only(WIDE)
    how = case.group.email_provenance[""]
    assert how["consumer_used_with_this_collector"] == date(2026, 6, 1)
    assert how["direct_consent_to_this_collector"] is True
    assert how["chain"][1] == {"collector": "XYZ"}
    contact: Contact = case.contact
    assert (contact.debts, contact.attributed_to) == (("D1", "SL1"), ("SL1",))
    assert contact.at == datetime(2026, 9, 18, 14, tzinfo=UTC)
    assert contact.languages == ("en", "es")
    assert (contact.technology, contact.flags["reply_to_consumer"]) == ("autodialled", False)


def test_the_least_a_case_can_be() -> None:
    case = only(SMALL)
    assert list(case.group.accounts) == ["D1"] == list(case.contact.debts)
    assert case.group.accounts["D1"].fdcpa_covered == "unknown"
    assert case.group.collectors["this_collector"].licensed_in is None
    assert case.rules is None
    assert not case.cite_decides


def test_a_case_wins_over_what_is_assumed_key_by_key() -> None:
    text = SMALL.replace(
        "format: 1\n",
        "format: 1\nassume: {rules: [house], collector: {role: servicer, fdcpa_covered: false}}\n",
    ).replace("facts: {", "facts: {collector: {role: creditor}, ", 1)
    first, second = cases(text)
    assert isinstance(first, Case)
    assert isinstance(second, Case)
    assert first.group.collectors["this_collector"].role == "creditor"
    assert second.group.collectors["this_collector"].role == "servicer"
    assert first.group.accounts["D1"].fdcpa_covered == "no"
    assert first.rules == ("house",)
    assert only(SMALL.replace("  cite:", "  rules: [US-MA]\n  cite:")).rules == ("US-MA",)


def test_a_word_that_only_explains_states_nothing() -> None:
    noted = SMALL.replace(
        "facts: {",
        "facts: {knowledge: [{source: payment_processor, received: 2026-01-01,"
        " says: {words: declined}}], ",
    )
    assert only(noted).group.statements == ()


def test_official_files_are_known_by_their_set_or_source() -> None:
    assert only("set: shared\n" + SMALL).cite_decides
    assert only("source: CFPB Official\n  Interpretations\n" + SMALL).cite_decides
    both = "set: shared\n" + SMALL.replace("  cite:", "  because: [12 CFR 1006.6]\n  cite:")
    assert not only(both).cite_decides


CHANGES = [
    ("channel: call\n    at", "channel: sms\n    at", "channel `sms`; did you mean `text`?"),
    ("kind: mobile,", "kind: cell,", "contact point `cell`; did you mean `mobile`?"),
    ("result: no_answer", "result: noanswer", "result `noanswer`; did you mean `no_answer`"),
    ("expected: prohibited", "expected: forbidden", "unknown expected `forbidden`"),
    ("expected: prohibited", "", "a case needs `expected`"),
    ("role: law_firm", "role: lawyer", "unknown role `lawyer`"),
    ("type: mortgage_servicer", "type: bank", "unknown type of collector `bank`"),
    ("type: payday", "type: pay_day", "unknown type of debt `pay_day`; did you mean `payday`?"),
    ("says:\n        inconvenient", "says:\n        annoying: 1\n        inconvenient",
     "unknown word `annoying` in says"),
    ("deceased: false", "deceased: maybe", "deceased must be true or false, not `maybe`"),
    ("deceased: false", "dead: false", "unknown word `dead` in consumer"),
    ("purpose: settlement", "purpose: fun", "unknown purpose `fun`"),
    ("medium: oral", "medium: pigeon", "unknown medium `pigeon`"),
    ("[friday, mon]", "[friday, moonday]", "unknown inconvenient: days `moonday`"),
    ('from: "15:00"', 'from: "3pm"', "`3pm` is not a time of day"),
    ("until: 2026-12-31}]", "until: 2026-11-31}]", "`2026-11-31` is not a date of the calendar"),
    ("zone: America/New_York", "zone: America/Newyork", "unknown zone `America/Newyork`"),
    ("number: +16175550123", "number: 555-0123", "number: `555-0123` is no number"),
    ("belongs_to: TP1", "belongs_to: X1", "belongs_to: `X1` does not begin like a person's id"),
    ("discussed: [D1],", "discussed: [D9],", "discussed: `D9` is no debt of this case"),
    ("number: M1,", "number: M9,", "`M9` is no contact point of this case"),
    ("point: M1\n    debts", "point: M9\n    debts", "the point `M9` is not declared"),
    ("point: M1\n    debts", "debts", "proposed_contact: `point` is missing"),
    ('at: "2026-09-18T10:00-04:00"', 'at: "2026-09-18T10:00"', "is not an instant"),
    ('at: "2026-09-18T10:00-04:00"', "", "proposed_contact: `at` is missing"),
    ("at: 2026-09-01T11:00-04:00", "at: 0001-01-01T00:00+14:00", "does not exist"),
    ("at: 2026-09-01T11:00-04:00", "at: 1776-07-04", "the year 1776 is not between"),
    ("{max: 3,", "{max: three,", "max must be a whole number, not `three`"),
    ("within: 7 days", "within: a while", "`a while` is not a period"),
    ('amount: "120.00"', "amount: lots", "must be dollars"),
    ("answer: no_data", "answer: perhaps", "unknown reassigned_since: answer `perhaps`"),
    ("public_health_emergency: US-NV", "public_health_emergency: Nevada", "must be a place"),
    ("state: MA", "state: Massachusetts", "state must be a state as in MA"),
    ("domain: public", "domain: dotcom", "unknown domain `dotcom`"),
    ("obtained_by: 6(d)(4)(i)", "obtained_by: post", "unknown obtained_by `post`"),
    ("represented_by: ATTY1, ", "", "`address_known` in says stands beside no word"),
    ("to: creditor", "to: nobody", "unknown to `nobody`"),
    ("D1+SL1: 3", "D1+SL9: 3", "`SL9` is no debt of this case"),
    ("D1+SL1: 3", "D1+SL1: many", "must be a whole number, not `many`"),
    ("direction: in,", "direction: inward,", "unknown direction `inward`"),
    ("rules: [fdcpa, US-MA]", "rules: ['?']", "rules must be a file's stem or a place"),
    ("safe_harbour: false", "safe_harbor: false", "did you mean `safe_harbour`?"),
    ("id: D3,", "id: D1,", "the debt `D1` stands here twice"),
    ("id: E1,", "id: M1,", "the contact point `M1` stands here twice"),
    ("  verdict_only: true", "  expected: permitted", "`expected` is given twice"),
    ("    email_provenance:", "    provenance:", "unknown word `provenance` in facts"),
    ("says: {disputes: [D1,", "says: {cease: [], disputes: [D1,", "cease names no debt"),
    ("revokes_consent_to_call: true", "stop_medium: ~", "`stop_medium` needs a value"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_an_unknown_word_or_value_fails_its_case_and_is_named(
    old: str, new: str, message: str
) -> None:
    assert old in WIDE
    broken, *others = cases(WIDE.replace(old, new, 1) + SMALL.split("vectors:\n")[1])
    assert isinstance(broken, BrokenCase)
    found = "\n".join(f"{one.message} {one.hint}" for one in broken.problems)
    assert message in found
    assert all(one.position.line > 1 for one in broken.problems)
    assert len(others) == 2
    shared = old.startswith(("role", "rules"))  # what is assumed is every case's
    assert all(isinstance(one, BrokenCase if shared else Case) for one in others)


SHAPES = [
    ("facts: {", "facts: {history: [1], ", "an entry of history must be words with values"),
    ("facts: {", "facts: {history: 1, ", "history must be a list"),
    ("facts: {", "facts: {history: [{channel: call}], ", "history: `at` is missing"),
    ("facts: {", "facts: {statements: [1], ", "a statement must be words with values"),
    ("facts: {", "facts: {statements: [{says: {location_known: true}}], ", "needs `at`"),
    ("facts: {", "facts: {statements: [{at: 2026-01-01}], ", "`says` is missing"),
    ("facts: {", "facts: {statements: [{at: 2026-01-01, says: 1}], ", "says must be words"),
    ("facts: {", "facts: {statements: [{at: 2026-01-01, says: {}}], ", "says nothing"),
    ("facts: {", "facts: {knowledge: [1], ", "an entry of knowledge must be words with values"),
    ("facts: {", "facts: {knowledge: [{says: {location_known: true}}], ", "needs `received`"),
    ("facts: {", "facts: {debts: [1], ", "a debt must be words with values"),
    ("facts: {", "facts: {debts: [{type: auto}], ", "a debt needs an `id`"),
    ("facts: {", "facts: {consumer: [P1], ", "consumer must be words with values"),
    ("facts: {", "facts: {consumer: {addresses: [MA]}, ", "an address must be words with values"),
    ("facts: {", "facts: {consumer: {time_zone_evidence: [1]}, ", "an entry of time_zone_evid"),
    ("facts: {", "facts: {consumer: {time_zone_evidence: [{}]}, ", "`zone` is missing"),
    ("facts: {", "facts: {email_provenance: {chain: [ABC]}, ", "an entry of chain must be words"),
    ("facts: {", "facts: {email_provenance: {chain: [{}]}, ", "chain: `collector` is missing"),
    ("[{id: M1", "[1, {id: M1", "a contact point must be words with values"),
    ("{id: M1, kind: mobile}", "{kind: mobile}", "a contact point needs an `id`"),
    ("facts: {contact", "facts: [] #", "facts must be words with values"),
    ("proposed_contact: {", "proposed_contact: [1] #", "proposed_contact must be words"),
    ("proposed_contact: {", "limited_content_message: {", "`proposed_contact` is missing"),
    ("point: M1}", "point: [M1]}", "point must be one value, not a list or a mapping"),
    ("point: M1}", "point: M1, result: no_answer}", "unknown word `result` in proposed_contact"),
    ("point: M1}", "point: M1, discussed: [[]]}", "discussed must be one value"),
    ("id: one", "id: [one]", "id must be one value"),
    ("id: one", "cites: one", "a case needs an `id`"),
    ("cite: 12", "expected_calls_in_window: {D1: }\n  cite: 12", "`D1` needs a number"),
    ("facts: {", "facts: {knowledge: [{received: 2026-01-01, says: {disputes: []}}], ", "no debt"),
    ("facts: {", "facts: {knowledge: [{received: 2026-01-01, says: {disputes: [{}]}}], ", "`debt`"),
    ("facts: {", "facts: {knowledge: [{received: 2026-01-01, says: {inconvenient: []}}], ",
     "inconvenient names no hours"),
    ("facts: {", "facts: {knowledge: [{received: 2026-01-01, says: {reassigned_since: {}}}], ",
     "`point` is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), SHAPES)
def test_a_wrong_shape_fails_its_case_alone(old: str, new: str, message: str) -> None:
    assert old in SMALL
    broken, other = cases(SMALL.replace(old, new, 1))
    assert isinstance(broken, BrokenCase)
    assert message in "\n".join(one.message for one in broken.problems)
    assert isinstance(other, Case)


def test_a_file_with_too_much_wrong_is_read_no_further() -> None:
    many = "".join(f"  word{at}: 1\n" for at in range(1100))
    broken, other = cases(SMALL.replace("- id: one\n", f"- id: one\n{many}"))
    assert isinstance(broken, BrokenCase)
    assert "reading stopped here" in "\n".join(one.message for one in broken.problems)
    assert isinstance(other, Case)
    assert read("a.yaml", (SMALL + "a: *b\n" * 1100).encode()).problems


def test_documentation_is_no_part_of_a_case() -> None:
    changed = WIDE.replace("topic: shown to nobody", "why: [any, {shape: at all}]")
    assert only(changed).group == only(WIDE).group


def test_every_word_of_the_catalogue_can_be_said() -> None:
    samples = {
        "debts": "[D1]", "disputes": "[D1]", "debt": "D1", "debt_or_true": "D1", "point": "M1",
        "points": "[M1]", "channel": "ringless_voicemail", "hours": "{days: [mon]}",
        "place": "home", "clock": '"23:00"', "zone": "America/Chicago", "true": "true",
        "date": "2026-09-01", "person": "TP1", "place_code": "US-MA", "consent": "{debt: D1}",
        "callback": "{debt: D1}", "messages": "{max: 2, within: calendar month}",
        "reassigned": "{point: M1}", "bankruptcy": "{chapter: 7}", "hold": "complaint",
        "money": "{amount: '1.00'}",
    }  # fmt: skip
    for word, saying in catalogue.STATEMENTS.items():
        says = f"says: {{{word}: {samples[saying.shape]}}}"
        text = SMALL.replace(
            "facts: {", f"facts: {{knowledge: [{{received: 2026-01-01, {says}}}], ", 1
        )
        assert said(only(text), word).value is not None
        wrong = SMALL.replace(
            "facts: {",
            f"facts: {{knowledge: [{{received: 2026-01-01, says: {{{word}: [[]]}}}}], ",
            1,
        )
        assert isinstance(cases(wrong)[0], BrokenCase), word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("[1, 2]", "a case file must be words with values"),
        ("vectors: {", "not YAML"),
        ("format: 2\nvectors: []", "format `2` is not one this version reads"),
        ("format: 1", "`vectors` is missing"),
        ("vectors: 1", "vectors must be a list of cases"),
        ("vectors: []", "vectors is empty"),
        ("assume: 1\n" + SMALL, "assume must be words with values"),
        ("cases: []\n" + SMALL, "unknown word `cases` in a case file"),
        ("format: 1\n" + SMALL, "`format` is given twice"),
    ],
)
def test_what_is_wrong_with_a_whole_file(text: str, message: str) -> None:
    file = read("a.yaml", text.encode())
    assert message in "\n".join(one.message for one in file.problems)
    report = Report(tuple(run_file(file, stub)))
    assert report.failed >= 1
    assert report.passed == (1 if "\n- id: one" in text else 0)


def test_a_case_that_is_no_mapping_or_has_no_id() -> None:
    broken = cases(SMALL + "- just words\n- {expected: permitted}\n")[2:]
    assert [one.id for one in broken] == ["case 3", "case 4"]
    assert all(isinstance(one, BrokenCase) for one in broken)


# -- judging


def stub(case: Case) -> Decided:
    return Decided(decision(kept=(PRESUMPTION,)), lambda _: 2, lambda _: None)


def expecting(expected: str, extra: str = "", head: str = "") -> Case:
    text = head + SMALL.replace("expected: permitted", f"expected: {expected}{extra}", 1)
    return only(text)


def test_permitted_accepts_presumed_compliance_and_not_the_other_way_round() -> None:
    assert reasons(expecting("permitted"), decision(kept=(PRESUMPTION,))) == []
    assert reasons(expecting("permitted"), decision()) == []
    assert reasons(expecting("presumed_compliance"), decision(kept=(PRESUMPTION,))) == []
    assert reasons(expecting("presumed_compliance"), decision()) == [
        "expected presumed_compliance, got permitted"
    ]
    only_yes_or_no = expecting("presumed_compliance", "\n  verdict_only: true")
    assert reasons(only_yes_or_no, decision()) == []


def test_each_word_of_refusal() -> None:
    policy = Finding("house/x", ("house policy",), "policy", "", "", "")
    presumed = Finding("regulation_f/y", ("12 CFR 1006.14(b)",), "presumption", "", "", "")
    structural = Finding("structural/zone", (), "structural", "", "", "")
    got = {
        "prohibited": decision(FINDING, presumed),
        "presumed_violation": decision(presumed, policy),
        "refused_by_policy": decision(policy),
    }
    for expected in got:
        for word, made in got.items():
            assert (reasons(expecting(expected), made) == []) is (word == expected)
            assert reasons(expecting(expected, "\n  verdict_only: true"), made) == []
    assert reasons(expecting("prohibited"), decision(structural)) == []
    (why,) = reasons(expecting("permitted"), got["prohibited"])
    assert why.startswith(
        "expected permitted, got prohibited: regulation_f/hours [12 CFR 1006.6(b)"
    )


def test_because_names_findings_of_a_no_and_kept_rules_of_a_yes() -> None:
    met = expecting("prohibited", "\n  because: [12 CFR 1006.6(b), comment 6(b)(1)(i)-2]")
    assert reasons(met, decision(FINDING)) == []
    unmet = expecting("prohibited", "\n  because: ['12 CFR 1006.6(b)(1), (c)']")
    assert reasons(unmet, decision(FINDING)) == ["`12 cfr 1006.6(c)` is the citation of no finding"]
    lifted = expecting("permitted", "\n  because: [12 CFR 1006.6(b)(2), 12 CFR 1006.14(b)]")
    assert reasons(lifted, decision(kept=(PRESUMPTION,))) == []
    assert reasons(lifted, decision()) == [
        "`12 cfr 1006.14(b)` is the citation of no rule that was satisfied or lifted"
    ]
    range_ = expecting("prohibited", "\n  because: [12 CFR 1006.6(a)-(c)]")
    assert reasons(range_, decision(FINDING)) == []


def test_an_official_cite_is_met_by_any_of_its_citations() -> None:
    head = "set: shared\n"
    official = expecting("prohibited", head=head)
    assert reasons(official, decision(FINDING)) == []
    other = Finding("x/y", ("15 USC 1692c",), "prohibition", "", "", "")
    (why,) = reasons(official, decision(other))
    assert why.startswith("`12 cfr 1006.6(b)` is the citation of no finding: x/y")
    assert reasons(expecting("prohibited"), decision(other)) == []  # not an official file


def test_counts_harbour_and_validation_period() -> None:
    extra = """
  expected_calls_in_window: {D1: 2}
  safe_harbour: true
  validation_period_end_earliest: 2026-10-01"""
    case = expecting("permitted", extra)
    assert reasons(case, decision(), calls=3) == [
        "expected 2 calls in the window for D1, got 3",
        "expected safe harbour yes, got no",
        "expected the validation period of D1 to end on 2026-10-01 at the earliest, got none",
    ]
    fine = expecting("permitted", extra.replace("true", "false"))
    assert reasons(fine, decision(), end=date(2026, 10, 1)) == []
    assert "got no count" in reasons(fine, decision(), calls=None)[0]


# -- running


def test_files_run_to_a_count(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SMALL + "- {id: three, sms: 1}\n")
    report = run_cases([path, tmp_path / "none.yaml"], stub)
    assert (report.passed, report.failed) == (1, 3)
    text = as_text(report)
    assert text.endswith("\n1 passed, 3 failed\n")
    assert f"{path}:8  two\n    expected prohibited, got presumed_compliance" in text
    assert "unknown word `sms` in a case" in text
    assert "the file cannot be read: no such file or directory" in text
    document = json.loads(as_json(report))
    assert (document["passed"], document["failed"]) == (1, 3)
    assert [one["passed"] for one in document["cases"]] == [True, False, False, False]
    assert as_text(Report(())) == "0 passed, 0 failed\n"
    assert Result("a", 1, "x", "permitted", ()).passed


def test_rules_that_are_not_there_fail_the_case(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SMALL.replace("  cite:", "  rules: [regulation_g, house]\n  cite:"))
    report = run_cases([path], stub, {"regulation_f"})
    assert report.results[0].reasons == (
        "rules: there is no rule file or place `regulation_g`; did you mean `regulation_f`?",
    )


def test_one_case_that_cannot_be_decided_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SMALL)

    def failing(case: Case) -> Decided:
        if case.id == "one":
            raise NotFound("place", "US-ZZ")
        raise KeyError("a\nb")

    report = run_cases([path], failing)
    assert report.results[0].reasons == ("could not be decided: no place `US-ZZ`",)
    assert report.results[1].reasons[0].startswith("could not be decided, by a fault of ours")
    assert "\n" not in report.results[1].reasons[0]


# -- anything at all


PIECES = [
    "channel: call", "channel: sms", "kind: mobile", "[", "]", "{", "}", ": ", "- ", "\n", "  ",
    "&a ", "*a", "!!python/object ", "'", '"', "null", "~", "true", "2026-13-01", "9" * 40, "-",
    "id:", "says:", "facts:", "[[[[[[[[[[", "\u00a7", "\x00", "\t", "\ud7ff", "?", "---\n", "D1",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_mutation_of_a_case_file_raises(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([WIDE, SMALL]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.sampled_from([*PIECES, ""])) + text[end:]
    file = read("a.yaml", text.encode("utf-8", "surrogatepass"))
    report = Report(tuple(run_file(file, stub)))
    assert as_text(report).endswith(f"{report.passed} passed, {report.failed} failed\n")
    assert json.loads(as_json(report))["failed"] == report.failed
    assert len(report.results) == len(file.cases) + bool(file.problems)
    assert report.results


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_renamed_word_never_goes_unseen(data: st.DataObject) -> None:
    lines = WIDE.splitlines()
    at = data.draw(st.sampled_from([n for n, line in enumerate(lines) if ": " in line and n > 9]))
    word, colon, rest = lines[at].partition(": ")
    indent = word[: len(word) - len(word.lstrip(" -{"))]
    lines[at] = f"{indent}zzz{word[len(indent) :]}{colon}{rest}"
    first = cases("\n".join(lines))[0]
    assert isinstance(first, BrokenCase)
    assert any("zzz" in one.message for one in first.problems)
