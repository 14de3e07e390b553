"""Rule files read: what each word becomes, and what is said of words that cannot be read."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, time
from pathlib import Path

import pytest

from engine import kinds, words
from engine.facts import catalogue
from engine.kinds import Agreed, Limit, Notice, Require, Wait, Window
from engine.problem import Problem, Problems
from engine.reading import (
    Entry,
    Map,
    Place,
    RuleFile,
    Scalar,
    Seq,
    Sheet,
    compose,
    must_read,
    read_bytes,
    read_disk,
    read_file,
)
from engine.reading.bodies import KIND_WORDS
from engine.reading.nodes import MAX_BYTES
from engine.reading.rules import COMMON_WORDS
from engine.reading.schema import schema_json
from engine.reading.selectors import SELECTOR_WORDS
from engine.reading.vocabulary import HOLIDAYS, LISTS_OF
from engine.rule import AllOf, AnyOf, Ask, Exclusion, Happened, Period, Position, Rule, Selector

ROOT = Path(__file__).resolve().parents[2]
HEAD = "format: 1\nname: Made up\nrules:\n"
COMMON = """- key: made-up
  says: Made up.
  force: prohibition
  effective_from: unknown
  cite: [1 CFR 2.3(a)]
  source: https://example.org/law
  confidence: high
"""


def read(text: str, path: str = "rules/made_up.yaml") -> RuleFile:
    found, problems = read_bytes(text.encode(), path)
    assert found is not None, problems
    return found


def rule(more: str) -> Rule:
    indented = "".join(f"  {line}\n" for line in more.strip("\n").split("\n"))
    (one,) = read(HEAD + COMMON + indented).rules
    return one


def problems(more: str) -> tuple[Problem, ...]:
    indented = "".join(f"  {line}\n" for line in more.strip("\n").split("\n"))
    found, wrong = read_bytes((HEAD + COMMON + indented).encode(), "rules/made_up.yaml")
    assert found is None
    return wrong


def codes(more: str) -> list[str]:
    return [one.code for one in problems(more)]


def selector(counting: str, scope: str = "") -> Selector:
    body = rule(
        f"kind: limit\nmax: 1\nwithin: 7 days\nper: person\ncounting: {counting}\n{scope}"
    ).body
    assert isinstance(body, Limit)
    return body.counting


# -- the two of rules/README.md


def test_seven_calls_in_seven_days() -> None:
    one = rule(
        """
kind: limit
channels: [call, voicemail]
whom: [consumer, third_party]
when: [fdcpa_covered]
max: 7
within: 7 days
per: [person, particular_debt]
counting: {what: connected, not: [in_call_consent, to_professional, misdirected]}
"""
    )
    both = words.CONSUMER_ROLES | words.THIRD_PARTY_ROLES
    assert one.id == "made_up/made-up"
    assert one.position == Position("rules/made_up.yaml", 4, 3)
    assert one.channels == {"call", "voicemail"}
    assert one.whom == both
    assert one.when == (Ask("fdcpa_covered"),)
    assert one.body == Limit(
        max=7,
        counting=Selector(
            "connected",
            channels=frozenset({"call", "voicemail"}),
            whom=both,
            not_=tuple(
                Exclusion((name,)) for name in ("in_call_consent", "to_professional", "misdirected")
            ),
        ),
        per=("person", "particular_debt"),
        within=Period(7, "day"),
    )


def test_seven_days_after_a_conversation() -> None:
    one = rule(
        """
kind: wait
channels: [call, voicemail]
after: {what: conversations, channels: [call], direction: any, debts: discussed, not: [misdirected]}
for: 7 days
first_day: event
per: [person, particular_debt]
exempt: [in_call_consent, to_professional]
"""
    )
    assert one.body == Wait(
        after=Selector(
            "conversations",
            channels=frozenset({"call"}),
            direction="any",
            debts="discussed",
            not_=(Exclusion(("misdirected",)),),
        ),
        per=("person", "particular_debt"),
        for_=Period(7, "day"),
        exempt=(Exclusion(("in_call_consent",)), Exclusion(("to_professional",))),
    )


# -- scope


def test_what_is_left_out_is_unrestricted() -> None:
    one = rule("kind: block")
    assert one.channels == words.DEFAULT_CHANNELS
    assert (one.to, one.whom, one.collectors, one.debts) == (None, None, None, None)
    assert (one.reach, one.when, one.unless) == ("consumer_place", (), ())
    assert (one.effective_from, one.effective_to, one.place, one.house) == (None, None, None, False)


def test_not_takes_the_rest() -> None:
    one = rule("kind: block\nchannels: {not: [mail]}\ndebts: {not: [medical]}\nto: {not: [home]}")
    assert one.channels == words.DEFAULT_CHANNELS - {"mail"}
    assert one.debts == frozenset(words.DEBT_TYPES) - {"medical"}
    assert one.to == frozenset(words.POINT_KINDS) - words.HOME_KINDS


def test_a_word_may_stand_alone_and_aliases_are_put_right() -> None:
    assert rule("kind: block\nchannels: ringless_voicemail").channels == {"voicemail"}


def test_electronic_leaves_its_mark_for_texts() -> None:
    named = rule("kind: block\nto: [electronic]")
    others = rule("kind: block\nto: {not: [electronic]}")
    assert named.to == words.POINT_GROUPS["electronic"] | {"electronic"}
    assert others.to == (
        frozenset(words.POINT_KINDS) - words.POINT_GROUPS["electronic"] | {"-electronic"}
    )
    assert named.reaches("text", "mobile")
    assert not named.reaches("call", "mobile")
    assert not others.reaches("text", "mobile")
    assert others.reaches("call", "mobile")


def test_a_third_party_collector_is_a_law_firm_too_and_a_servicer_in_default() -> None:
    assert rule("kind: block\ncollectors: [third_party]").collectors == frozenset(
        {"third_party", "law_firm", "servicer_in_default"}
    )
    assert rule("kind: block\ncollectors: [servicer]").collectors == frozenset(
        {"servicer", "servicer_in_default"}
    )


def test_dates_of_effect_and_review() -> None:
    text = (
        HEAD
        + COMMON.replace("unknown", "2024-02-29")
        + (
            "  kind: block\n  effective_to: 2025-03-01\n"
            "  reviewed_on: 2026-01-01\n  review_by: 2026-01-01\n"
        )
    )
    (one,) = read(text).rules
    assert (one.effective_from, one.effective_to) == (date(2024, 2, 29), date(2025, 3, 1))
    assert (one.reviewed_on, one.review_by) == (date(2026, 1, 1), date(2026, 1, 1))


def test_texts_are_folded_and_a_citation_may_stand_alone() -> None:
    text = HEAD + COMMON.replace("Made up.", ">\n    in two\n    lines").replace(
        "[1 CFR 2.3(a)]", "1 CFR 2.3(a)"
    )
    (one,) = read(text + "  kind: block\n").rules
    assert one.says == "in two lines"
    assert one.cite == ("1 CFR 2.3(a)",)


def test_house_rules_are_policy() -> None:
    text = HEAD + COMMON.replace("prohibition", "policy") + "  kind: block\n"
    (one,) = read(text, "rules/house/contact_policy.yaml").rules
    assert (one.house, one.force, one.act) == (True, "policy", "contact_policy")
    wrong = read_bytes(text.replace("policy", "presumption").encode(), "rules/house/a.yaml")[1]
    assert [problem.code for problem in wrong] == ["R039"]


# -- selectors


def test_a_selector_of_contacts_takes_the_scope_of_its_rule() -> None:
    scope = "channels: [call]\nto: [mobile]\nwhom: [spouse]\ndebts: [auto]"
    assert selector("attempts", scope) == Selector(
        "attempts",
        channels=frozenset({"call"}),
        to=frozenset({"mobile"}),
        whom=frozenset({"spouse"}),
        types=frozenset({"auto"}),
    )


def test_any_widens_a_selector() -> None:
    scope = "channels: [call]\nto: [mobile]\nwhom: [spouse]\ndebts: [auto]"
    wide = "{what: attempts, channels: any, to: any, whom: any, debts: any, direction: any}"
    assert selector(wide, scope) == Selector("attempts", direction="any")


def test_a_selector_of_statements_takes_nothing_from_its_rule() -> None:
    scope = "channels: [call]\nto: [mobile]\nwhom: [spouse]\ndebts: [auto]"
    assert selector("cease", scope) == Selector("cease")
    assert selector("first_bill", scope) == Selector("first_bill")


def test_every_word_of_a_selector() -> None:
    assert selector(
        "{what: communications, channels: {not: [call]}, direction: in, to: [mobile],"
        " whom: [employer], debts: discussed, purpose: [location], content: [verification],"
        " technology: [manual], result: [busy], initiated_by: consumer, which: first,"
        " not: [{returned_within: 14 days}, {all: [not_connected, no_message_possible]},"
        " {all: [returned, {returned_within: 2 days}]}]}"
    ) == Selector(
        "communications",
        channels=words.DEFAULT_CHANNELS - {"call"},
        direction="in",
        to=frozenset({"mobile"}),
        whom=frozenset({"employer"}),
        debts="discussed",
        purpose=frozenset({"location"}),
        content=frozenset({"verification"}),
        technology=frozenset({"manual"}),
        result=frozenset({"busy"}),
        initiated_by="consumer",
        which="first",
        not_=(
            Exclusion(("returned_within",), 14),
            Exclusion(("not_connected", "no_message_possible")),
            Exclusion(("returned", "returned_within"), 2),
        ),
    )


def test_media_are_opened() -> None:
    timely = selector("{what: disputes, medium: [written], timely: true}")
    assert timely.medium == frozenset(words.MEDIA) - {"oral"}
    assert timely.timely is True
    assert selector("{what: cease, medium: [oral, electronic]}").medium == (
        words.ELECTRONIC_MEDIA | {"oral"}
    )
    assert selector("{what: cease, medium: any}").medium is None


# -- facts


def test_entries() -> None:
    one = rule(
        """
kind: require
when: [fdcpa_covered, {days_past_due_over: 30}, {contact_is: verification}]
unless: [{all: [ceased, {hold_is: [complaint, legal_hold]}]}, {any: disputed}]
needs: account_open
"""
    )
    assert one.when == (
        Ask("fdcpa_covered"),
        Ask("days_past_due_over", 30),
        Ask("contact_is", ("verification",)),
    )
    assert one.unless == (
        AllOf((Ask("ceased"), Ask("hold_is", ("complaint", "legal_hold")))),
        AnyOf((Ask("disputed"),)),
    )
    assert one.body == Require((Ask("account_open"),))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hours", "hours"),
        ("[place]", "place"),
        ("[attorney, any_channel]", ("attorney", "any_channel")),
    ],
)
def test_replies(written: str, meant: object) -> None:
    assert rule(f"kind: block\nunless: [{{reply_open: {written}}}]").unless == (
        Ask("reply_open", meant),  # type: ignore[arg-type]
    )


def test_happened() -> None:
    one = rule(
        """
kind: block
channels: [call]
when:
- {happened: cease, older_than: 10 business days}
- {happened: {what: attempts, direction: in}, within: 24 hours}
- happened: stop_calls_at
  since: placed
  unless_followed: {what: stop_calls_at, medium: [written], within: 10 days}
- {happened: cease, unless_followed: cease}
"""
    )
    call = frozenset({"call"})
    written = frozenset(words.MEDIA) - {"oral"}
    assert [ask.parameter for ask in one.when if isinstance(ask, Ask)] == [
        Happened(Selector("cease"), older_than=Period(10, "business_day")),
        Happened(Selector("attempts", channels=call, direction="in"), within=Period(24, "hour")),
        Happened(
            Selector("stop_calls_at"),
            since=Selector("placed"),
            unless_followed=Selector("stop_calls_at", medium=written),
            followed_within=Period(10, "day"),
        ),
        Happened(Selector("cease"), unless_followed=Selector("cease")),
    ]


def test_every_parameter_of_the_catalogue_can_be_read() -> None:
    special = {"none", "number", "reply", "happened"}
    assert set(catalogue.PARAMETERS) == set(LISTS_OF) | special
    examples = {"number": "3", "reply": "hours", "happened": "cease"}
    for name, fact in catalogue.FACTS.items():
        given = examples.get(fact.parameter) or next(
            (of.words[0] for kind, of in LISTS_OF.items() if kind == fact.parameter), ""
        )
        entry = name if fact.parameter == "none" else f"{{{name}: {given}}}"
        (found,) = rule(f"kind: block\nwhen: [{entry}]").when
        assert isinstance(found, Ask)
        assert found.fact == name


# -- kinds


def test_windows() -> None:
    one = rule("kind: window\nfrom: 08:00\nto: {law: 21:00, or_agreed: calls_until}\nedges: closed")
    assert one.body == Window(time(8), Agreed(time(21), "calls_until"), edges="closed")
    assert one.channels == words.DEFAULT_CHANNELS - {"mail"}
    other = rule(
        "kind: window\nchannels: [mail]\nto: [home]\ndays: [monday, tue]\nclock: America/Chicago"
    )
    assert other.channels == {"mail"}
    assert other.to == words.HOME_KINDS
    assert other.body == Window(days=frozenset({"mon", "tue"}), clock="America/Chicago")
    own = rule("kind: window\nclosed_by: consumer_hours\nclock: point")
    assert own.body == Window(closed_by="consumer_hours", clock="point")


def test_closed_days() -> None:
    one = rule(
        "kind: window\nclosed: [thanksgiving_day, christmas_day,"
        ' "RRULE:FREQ=YEARLY;BYEASTER=-2", "FREQ=WEEKLY;BYDAY=SU"]'
    ).body
    assert isinstance(one, Window)
    assert one.closed == (
        *HOLIDAYS["thanksgiving_day"],
        *HOLIDAYS["christmas_day"],
        "FREQ=YEARLY;BYEASTER=-2",
        "FREQ=WEEKLY;BYDAY=SU",
    )


@pytest.mark.parametrize(
    "recurrence",
    [
        "FREQ=YEARLY",
        "FREQ=DAILY;BYDAY=SU",
        "FREQ=WEEKLY;BYDAY=1SU",
        "FREQ=WEEKLY;BYMONTH=1",
        "FREQ=YEARLY;BYMONTH=1;BYMONTH=2",
        "FREQ=YEARLY;BYDAY=",
        "FREQ=YEARLY;COUNT=3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
    ],
)
def test_recurrences_that_cannot_be_used(recurrence: str) -> None:
    assert codes(f'kind: window\nclosed: ["{recurrence}"]') == ["R026"]


def test_limits() -> None:
    one = rule(
        "kind: limit\nmax: {law: 10, or_agreed: messages_max}\nper: [person]\ncounting: attempts\n"
        "within: {law: 7 days, or_agreed: messages_within}"
    ).body
    assert isinstance(one, Limit)
    assert (one.max, one.within, one.agreed_within) == (
        Agreed(10, "messages_max"),
        Period(7, "day"),
        "messages_within",
    )
    since = rule("kind: limit\nmax: 0\nper: [person]\ncounting: attempts\nsince: first_bill").body
    assert isinstance(since, Limit)
    assert (since.max, since.within, since.since) == (0, None, Selector("first_bill"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 day", Period(1, "day")),
        ("1 days", Period(1, "day")),
        ("24 hours", Period(24, "hour")),
        ("3 months", Period(3, "month")),
        ("calendar day", Period(1, "calendar_day")),
        ("calendar week from sunday", Period(1, "calendar_week_from_sunday")),
        ("business week", Period(1, "business_week")),
        ("calendar month", Period(1, "calendar_month")),
        ("ever", Period(0, "ever")),
    ],
)
def test_periods(written: str, meant: Period) -> None:
    body = rule(f"kind: limit\nmax: 1\nper: person\ncounting: attempts\nwithin: {written}").body
    assert isinstance(body, Limit)
    assert body.within == meant


def test_waits() -> None:
    one = rule("kind: wait\nafter: disputes\nuntil: validation_notice_sent".replace(
        "validation_notice_sent", "{what: communications, content: verification}"
    ) + "\nfirst_day: next\nper: account").body  # fmt: skip
    assert isinstance(one, Wait)
    assert one.until is not None
    assert (one.for_, one.until.content, one.first_day) == (
        None,
        frozenset({"verification"}),
        "next",
    )
    days = rule("kind: wait\nafter: cease\nfor: 10 business days\nper: person").body
    assert isinstance(days, Wait)
    assert days.for_ == Period(10, "business_day")


def test_notices_say_what_the_duty_means_unless_told_otherwise() -> None:
    assert rule("kind: notice\nduty: identify_caller").body == Notice(
        "identify_caller", catalogue.DUTIES["identify_caller"].means
    )
    said = rule("kind: notice\nduty: identify_caller\ntext: Say your name.").body
    assert said == Notice("identify_caller", "Say your name.")


def test_the_words_of_a_kind_are_the_fields_of_its_record() -> None:
    for kind, record in (
        ("block", kinds.Block),
        ("require", kinds.Require),
        ("notice", kinds.Notice),
        ("window", kinds.Window),
        ("limit", kinds.Limit),
        ("wait", kinds.Wait),
    ):
        names = {field.name.rstrip("_") for field in dataclasses.fields(record)}
        assert set(KIND_WORDS[kind]) == names - {"agreed_within"}
    assert set(KIND_WORDS) == set(words.KINDS)
    selected = {field.name.rstrip("_") for field in dataclasses.fields(Selector)}
    assert set(SELECTOR_WORDS) == selected - {"types", "places"}
    given = {field.name for field in dataclasses.fields(Rule)} | {"kind"}
    assert set(COMMON_WORDS) == given - {"act", "body", "place", "house", "position"}


# -- files


PLACE = """format: 1
jurisdiction: US-NY-NYC
name: New York City
within: US-NY
zones: [America/New_York]
licence: {required: true, who: agencies, cite: N.Y.C. Admin. Code 20-490, confidence: medium}
recording_consent: {parties: one, cite: [N.Y. Penal Law 250.05], confidence: medium}
limitation_years: {consumer_credit: 3, open_account: unknown, cite: CPLR 214-i, confidence: low}
"""


def test_a_place() -> None:
    found = read(PLACE + "encoded: none\n", "jurisdictions/US-NY-NYC.yaml")
    place = found.place
    assert place is not None
    assert (place.jurisdiction, place.within, place.encoded) == ("US-NY-NYC", "US-NY", False)
    assert place.zones == ("America/New_York",)
    assert place.licence is not None
    assert place.licence.required == "yes"
    assert place.recording_consent is not None
    assert place.recording_consent.parties == "one"
    assert place.limitation_years == {"consumer_credit": 3, "open_account": None}
    assert place.limitation_cite == ("CPLR 214-i",)
    assert place.limitation_confidence == "low"
    assert found.rules == ()


def test_the_rules_of_a_place_are_its_own() -> None:
    text = PLACE + "rules:\n" + COMMON + "  kind: block\n"
    (one,) = read(text, "jurisdictions/US-NY-NYC.yaml").rules
    assert (one.place, one.act, one.id) == ("US-NY-NYC", "US-NY-NYC", "US-NY-NYC/made-up")


def test_an_emergency_is_one_of_the_rules_own_place() -> None:
    text = PLACE + "rules:\n" + COMMON + "  kind: block\n"
    text += "  when: [{happened: public_health_emergency}]\n"
    (one,) = read(text, "jurisdictions/US-NY-NYC.yaml").rules
    declared = Selector("public_health_emergency", places=frozenset({"US-NY-NYC", "US-NY"}))
    assert one.when == (Ask("happened", Happened(declared)),)


def test_words_about_any_medium_are_asked_for_by_any() -> None:
    for said, channels in (("", None), (", channels: any", frozenset(words.CHANNELS))):
        one = rule(f"kind: block\nwhen: [{{happened: {{what: stop_medium{said}}}}}]")
        assert one.when == (Ask("happened", Happened(Selector("stop_medium", channels=channels))),)


def test_a_place_that_says_little() -> None:
    text = "format: 1\njurisdiction: US-AL\nname: Alabama\nzones: America/Chicago\nrules: []\n"
    assert read(text, "jurisdictions/US-AL.yaml").place == Place(
        "US-AL", "Alabama", ("America/Chicago",)
    )
    bare = "licence: {required: unknown, confidence: low}\n"
    bare += "recording_consent: {parties: unknown, confidence: low}\n"
    bare += "limitation_years: {confidence: low}\n"
    place = read(text + bare, "jurisdictions/US-AL.yaml").place
    assert place is not None
    assert place.licence is not None
    assert (place.licence.required, place.licence.who, place.licence.cite) == ("unknown", "", ())
    assert place.limitation_years == {}


def test_a_place_accounts_for_what_was_researched() -> None:
    text = PLACE + "entries:\n  two: made-up\n  three: [made-up, fdcpa/hours]\n"
    text += "  four: It reaches   sales calls only.\nrules:\n" + COMMON + "  kind: block\n"
    place = read(text, "jurisdictions/US-NY-NYC.yaml").place
    assert place is not None
    assert place.entries == {
        "two": Entry(("US-NY-NYC/made-up",)),
        "three": Entry(("US-NY-NYC/made-up", "fdcpa/hours")),
        "four": Entry(why="It reaches sales calls only."),
    }


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("two: sales-only", "R049"),
        ("two: [US-NY-NYC/made-down]", "R049"),
        ("two: []", "R038"),
        ("two: [made-up, US-NY-NYC/made-up]", "R038"),
        ("two: {made-up: true}", "R011"),
        ("two: [[made-up]]", "R011"),
        ("Two: [made-up]", "R041"),
        ("two:", "R029"),
    ],
)
def test_an_entry_names_rules_or_says_why(entry: str, code: str) -> None:
    text = PLACE + f"entries:\n  {entry}\nrules:\n" + COMMON + "  kind: block\n"
    file, wrong = read_bytes(text.encode(), "jurisdictions/US-NY-NYC.yaml")
    assert file is None
    assert [one.code for one in wrong] == [code]


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        (PLACE + "rules: []\nentries: []\n", "jurisdictions/US-NY-NYC.yaml", ["R011"]),
        (PLACE, "jurisdictions/US-NY-NYC.yaml", ["R029"]),
        (PLACE + "rules: []\n", "jurisdictions/US-NY.yaml", ["R041"]),
        (PLACE + "rules: {}\n", "jurisdictions/US-NY-NYC.yaml", ["R011"]),
        (PLACE + "encoded: yes\n", "jurisdictions/US-NY-NYC.yaml", ["R028"]),
        ("format: 1\nname: A\nrules: []\n", "jurisdictions/US-AL.yaml", ["R029", "R029"]),
        ("format: 1\nname: A\nrules: []\n", "rules/Not An Act.yaml", ["R041"]),
        ("format: 1\nname: A\ncite: the act\nrules: []\n", "rules/act.yaml", ["R040"]),
        ("format: [1]\nname: A\nrules: []\n", "rules/act.yaml", ["R047"]),
        ("name: A\n", "rules/act.yaml", ["R029", "R029"]),
        ("- a\n- b\n", "rules/act.yaml", ["R011"]),
        ("a: b: c\n", "rules/act.yaml", ["R007"]),
        ("just text\n", "rules/act.yaml", ["R011"]),
        ("---\n", "rules/act.yaml", ["R006"]),
        ("", "rules/act.yaml", ["R006"]),
        ("\ufeff  \n", "rules/act.yaml", ["R006"]),
        ("? [a, b]\n: c\n", "rules/act.yaml", ["R011"]),
        ("%YAML 1.1\n---\nformat: 1\nname: A\nrules: []\n", "rules/act.yaml", ["R009"]),
        ("a: b\x00", "rules/act.yaml", ["R003"]),
        ("a: b\r", "rules/act.yaml", ["R004"]),
        ("a: \u2028", "rules/act.yaml", ["R004"]),
    ],
)
def test_files_that_are_not_rule_files(text: str, path: str, found: list[str]) -> None:
    file, wrong = read_bytes(text.encode(), path)
    assert file is None
    assert [one.code for one in wrong] == found


def test_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    text = HEAD + COMMON + "  kind: block\n"
    plain = read(text)
    assert read("\ufeff" + text.replace("\n", "\r\n")) == plain
    assert read("---\n" + text + "...\n").rules[0].position.line == 5


def test_a_file_of_too_many_values_is_not_read() -> None:
    data = ("[" + "1," * 200_001 + "]").encode()
    assert [one.code for one in read_bytes(data, "rules/a.yaml")[1]] == ["R002"]


def test_reading_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "act.yaml"
    path.write_text(HEAD + COMMON + "  kind: block\n", encoding="utf-8")
    found = must_read(path)
    assert found.path == path.as_posix()
    assert read_file(path, "rules/act.yaml")[0] == dataclasses.replace(
        found,
        path="rules/act.yaml",
        rules=tuple(
            dataclasses.replace(one, position=Position("rules/act.yaml", 4, 3))
            for one in found.rules
        ),
    )
    with pytest.raises(Problems) as caught:
        must_read(tmp_path / "none.yaml")
    assert [one.code for one in caught.value.problems] == ["R001"]


def test_a_big_file_is_refused_with_its_size_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as stream:
        stream.truncate(10 * 1024 * 1024)
    data, wrong = read_disk(path, "big.yaml")
    assert wrong == ()
    assert data is not None
    assert len(data) > MAX_BYTES
    (one,) = read_file(path, "rules/big.yaml")[1]
    assert one.message == "the file has 10.0 MiB; at most 2 MiB are read"


# -- what is wrong inside a rule


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("kind: block\nchannels: {}", ["R029"]),
        ("kind: block\nwhen: [[ceased]]", ["R011"]),
        ("kind: block\nwhen: [{within: 3 days, older_than: 3 days}]", ["R011"]),
        ("kind: block\nwhen: [{}]", ["R011"]),
        ("kind: block\nwhen: [{no_such_fact: 3}]", ["R018"]),
        ("kind: block\nwhen: [{days_past_due_over: [3]}]", ["R030"]),
        ("kind: block\nwhen: [{happened: }]", ["R029"]),
        ("kind: block\nwhen: [{all: }]", ["R029"]),
        ("kind: block\nwhen: [{happened: [cease]}]", ["R011"]),
        ("kind: block\nwhen: [{reply_open: any_channel}]", ["R019"]),
        ("kind: window\nclock: consumers", ["R025", "R036"]),
        ("kind: window\nfrom: {law: 8am, or_agreed: calls_until}", ["R032"]),
        ("kind: window\nfrom: {or_agreed: calls_until}", ["R029"]),
        ("kind: window\nfrom: 08:00\nto: {law: 21:00}", ["R029"]),
        ("kind: window\nfrom: {law: 21:00, or_agreed: calls_until}\nto: 09:00", ["R046"]),
        ("kind: window\nfrom: 08:00\nto: 00:00", ["R046"]),
        ("kind: limit\nper: person", ["R029", "R029", "R036"]),
        ("kind: limit\nmax: 1\nper: person\ncounting: attempts\nwithin: {}", ["R029", "R029"]),
        ("kind: limit\nmax: {}\nper: person\ncounting: attempts\nwithin: ever", ["R029", "R029"]),
        ("kind: limit\nmax: 1\nper: person\ncounting: attempts\nwithin: [7]", ["R024"]),
        ("kind: wait", ["R029", "R029", "R036"]),
        ("kind: wait\nafter: {}\nfor: 7 days\nper: person", ["R029"]),
        ("kind: wait\nafter: {what: }\nfor: 7 days\nper: person", ["R029"]),
        ("kind: wait\nafter: {what: no}\nfor: 7 days\nper: person", ["R020"]),
        ("kind: wait\nafter: {what: placed, medium: oral}\nfor: 7 days\nper: person", ["R037"]),
        ("kind: wait\nafter: cease\nfor: 7 days\nper: person\nexempt: [{}]", ["R011"]),
        (
            "kind: wait\nafter: cease\nfor: 7 days\nper: person\nexempt: [{all: [{no: 1}]}]",
            ["R013"],
        ),
        ("kind: require", ["R029"]),
        ("kind: notice", ["R029"]),
        ("kind: [block]", ["R011"]),
        ("kind: block\neffective_to: [2026]", ["R031"]),
        ("kind: block\neffective_to: 0099-01-01", ["R031"]),
        ("kind: block\neffective_to: 2026-02-00", ["R031"]),
        ("max: 7", ["R029"]),
    ],
)
def test_problems_inside_a_rule(more: str, found: list[str]) -> None:
    assert sorted(codes(more)) == found


def test_a_key_is_small_letters_and_hyphens() -> None:
    for key in ("Made-Up", "made_up", "-made", "made--up"):
        text = HEAD + COMMON.replace("key: made-up", f"key: {key}") + "  kind: block\n"
        assert [one.code for one in read_bytes(text.encode(), "rules/a.yaml")[1]] == ["R041"]
    empty = HEAD + COMMON.replace("key: made-up", 'key: ""') + "  kind: block\n"
    assert [one.code for one in read_bytes(empty.encode(), "rules/a.yaml")[1]] == ["R029"]


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    found = problems("kind: limit\nmax: seven\nwithin: 1 week\nper: debt\ncounting: calls")
    assert [one.code for one in found] == ["R030", "R024", "R022", "R020"]
    assert [one.position.line for one in found] == [12, 13, 14, 15]


def test_the_mark_is_under_the_word() -> None:
    (one,) = problems("kind: block\nchannels: [call, sms]")
    assert one.excerpt[one.position.column - 1 :][: one.length] == "sms"


def test_a_text_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    (one,) = problems("kind: block\nchannels: some\n  thing")
    assert one.excerpt[one.position.column - 1 :][: one.length] == "some"


# -- nodes, for others that read YAML


def test_nodes_keep_text_line_column_and_offsets() -> None:
    text = "at: 21:00\nis: [NO, 'yes']\nof: {a: 1}\n"
    sheet = Sheet("any.yaml")
    root = compose(text.encode(), sheet)
    assert isinstance(root, Map)
    at, listed = root.get("at"), root.get("is")
    assert isinstance(at, Scalar)
    assert (at.text, at.line, at.column, text[at.start : at.end]) == ("21:00", 1, 5, "21:00")
    assert isinstance(listed, Seq)
    first, second = listed.items
    assert isinstance(first, Scalar)
    assert isinstance(second, Scalar)
    assert (first.text, first.plain, second.text, second.plain) == ("NO", True, "yes", False)
    assert text[listed.start : listed.end] == "[NO, 'yes']"
    assert root.get("nothing") is None
    assert sheet.problems == []
    assert sheet.line(99) == ""


# -- the schema


def test_the_schema_has_the_reader_s_words() -> None:
    schema = json.loads(schema_json())
    rules = schema["$defs"]["rule"]["allOf"]
    for one in rules:
        kind = one["if"]["properties"]["kind"]["const"]
        assert set(one["then"]["properties"]) == set(COMMON_WORDS) | set(KIND_WORDS[kind])
        assert True not in one["then"]["properties"].values()
    assert set(schema["$defs"]["selector"]["properties"]) == set(SELECTOR_WORDS)
    events = set(schema["$defs"]["of_what"]["enum"])
    assert events == {*words.COUNTS, *catalogue.STATEMENTS, *words.ACCOUNT_DATES}


def test_every_reference_of_the_schema_is_defined() -> None:
    text = schema_json()
    schema = json.loads(text)
    used = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert used <= set(schema["$defs"])
    assert schema_json() == text


def test_our_own_rule_files_are_read() -> None:
    paths = sorted(
        path
        for folder in ("rules", "rules/house", "jurisdictions")
        for path in (ROOT / folder).glob("*.yaml")
        if path.name != "strategy.yaml"
    )
    assert len(paths) >= 58
    for path in paths:
        shown = path.relative_to(ROOT).as_posix()
        assert read_file(path, shown)[1] == ()
