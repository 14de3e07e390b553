"""What made-up people say, and what is learned of them: one line per word of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from .dice import choose, filled
from .people import Chunk, day_ago, padded

Value = Callable[[Chunk], pl.Expr]

LETTER: Final = {
    "postal_letter": 50,
    "certified_mail": 12,
    "email": 16,
    "collector_portal_message": 8,
    "returned_tear_off_form": 8,
    "registered_mail": 2,
    "courier_delivery": 2,
    "written": 2,
}
TALK: Final = {"oral": 86, "email": 6, "text": 5, "collector_portal_message": 3}
MIXED: Final = {"oral": 55, "postal_letter": 20, "email": 18, "text": 5, "electronic": 2}
TEXTED: Final = {"text": 84, "oral": 12, "electronic": 4}
MAILED: Final = {"email": 90, "electronic": 10}
OFFICE: Final = {"postal_letter": 60, "email": 30, "certified_mail": 10}


@dataclass(frozen=True, slots=True)
class Said:
    """How often a word is said, by whom, of what.

    `rate`: share of the consumers that have `needs` (a slot of points.KINDS). `media`: for a
    statement. `sources`: for knowledge, which has no medium. `about`: one, all or no accounts;
    `point`: slot of the point it names. `within`: at most so many days ago.
    """

    kind: str
    rate: float
    media: Mapping[str, float] | None = None
    sources: Mapping[str, float] | None = None
    about: str = ""  # one | all | ""
    point: str | None = None
    needs: str | None = None
    value: Value | None = None
    more: Value | None = None
    by: str | None = None  # column with the person; None: the consumer
    within: int = 180
    elsewhere: bool = field(default=False)  # now and then said to the creditor, not to us


def _u(n: int) -> pl.Expr:
    """One of the row's four chances, drawn in `told`; the fourth is for the words beside."""
    return pl.col(f"u{n}")


def _day(chunk: Chunk, least: int, most: int, n: int = 0) -> pl.Expr:
    """An ISO date between so many days before it is said (negative: after)."""
    back = pl.col("back") + (_u(n) * (most - least)).cast(pl.Int64()) + least
    return day_ago(chunk.today, back).dt.to_string("%Y-%m-%d")


def _date(least: int, most: int) -> Value:
    return lambda chunk: filled('"%s"', _day(chunk, least, most))


def _one_of(weights: Mapping[str, float]) -> Value:
    return lambda _: choose(_u(0), weights)


def _true(chunk: Chunk) -> pl.Expr:
    del chunk
    return pl.lit("true")


def _column(name: str) -> Value:
    return lambda chunk: filled('"%s"', pl.col(name))


_WORK: Final = '"days":["mon","tue","wed","thu","fri"],"from":"09:00","to":"17:00"'
_HOURS: Final = {
    "{" + _WORK + "}": 30,
    '{"from":"08:00","to":"12:00"}': 18,
    '{"days":["sun"]}': 14,
    '{"days":["sat","sun"]}': 10,
    '{"from":"18:30","to":"21:00"}': 10,
    '{"from":"20:00","to":"10:00"}': 6,
    '[{"days":["sat"],"from":"08:00","to":"13:00"},{' + _WORK + "}]": 4,
}


def _hours(chunk: Chunk) -> pl.Expr:
    ends = filled('{"days":["tue","thu"],"until":"%s"}', _day(chunk, -120, -10))
    return pl.when(_u(1) < 0.08).then(ends).otherwise(choose(_u(2), _HOURS))


def _consent(chunk: Chunk) -> pl.Expr:
    ends = filled('{"until":"%s"}', _day(chunk, -7, 0))
    weekdays = {'{"on":"unspecified"}': 40, '{"on":"mon"}': 10, '{"on":"sat"}': 10, "": 15}
    return pl.when(_u(1) < 0.25).then(ends).otherwise(choose(_u(2), weekdays))


def _partly(_: Chunk) -> pl.Expr:
    """One dispute in eight is about part of the debt."""
    part = filled(
        '{"%s":"%s.00"}',
        pl.col("one"),
        ((_u(0) * 200).cast(pl.Int64()) + 20),
    )
    return pl.when(_u(1) < 0.12).then(part)


def _new(_: Chunk) -> pl.Expr:
    return choose(
        _u(3),
        {"": 80, '{"new_information":true}': 12, '{"new_information":false}': 8},
    )


def _reachable(_: Chunk) -> pl.Expr:
    return choose(
        _u(3),
        {'{"address_known":true}': 75, "": 20, '{"address_known":false}': 5},
    )


def _petition(chunk: Chunk) -> pl.Expr:
    return filled(
        '{"filed":"%s","chapter":%s,"case":"26-%s"}',
        _day(chunk, 1, 60),
        choose(_u(1), {"7": 62, "13": 36, "11": 2}),
        padded("", (_u(2) * 99_999).cast(pl.Int64()), 5),
    )


def _callback(_: Chunk) -> pl.Expr:
    day = choose(_u(0), {"unspecified": 30, "sat": 25, "mon": 25, "fri": 20})
    return filled('{"debt":"%s","on":"%s"}', pl.col("one"), day)


def _promise(chunk: Chunk) -> pl.Expr:
    dollars = (_u(0) * 300).cast(pl.Int64()) + 20
    return filled('{"amount":"%s.00","date":"%s"}', dollars, _day(chunk, -45, 0, 1))


def _checked(chunk: Chunk) -> pl.Expr:
    return filled(
        '{"point":"%s","since":"%s","answer":"%s"}',
        padded("P", pl.col("p_mobile"), 9),
        _day(chunk, 60, 600),
        choose(_u(1), {"no": 86, "yes": 5, "no_data": 9}),
    )


_MEDIUM: Final = {'"call"': 45, '"text"': 25, '"email"': 24, '"mail"': 6}
_PLACE: Final = {'"work"': 75, '"home"': 25}
_ZONES: Final = {
    '"America/New_York"': 3,
    '"America/Chicago"': 3,
    '"America/Denver"': 1,
    '"America/Los_Angeles"': 2,
    '"Pacific/Honolulu"': 1,
}
_OWN: Final = {"own_records": 70, "own_research": 30}
_FILE: Final = {"creditor_file": 80, "own_records": 20}
_RESEARCH: Final = {"own_research": 60, "third_party": 20, "owner_of_number": 20}

_HOLDS: Final = {
    '"complaint"': 40,
    '"disaster_area"': 25,
    '"client_recall"': 20,
    '"legal_hold"': 15,
}
_hold = _one_of(_HOLDS)

SAID: Final = (
    Said("cease", 0.0065, LETTER, about="all", elsewhere=True),
    Said("cease", 0.0015, TALK, about="one"),
    Said("cease_or_refusal", 0.0012, LETTER, about="one"),
    Said("refuses_to_pay", 0.002, MIXED, about="one"),
    Said("says_does_not_owe", 0.006, TALK, about="one"),
    Said(
        "disputes",
        0.015,
        LETTER | {"oral": 40},
        about="one",
        value=_partly,
        more=_new,
        elsewhere=True,
    ),
    Said("requests_original_creditor", 0.003, LETTER, about="one"),
    Said("requests_information", 0.003, MIXED, about="one"),
    Said(
        "represented_by",
        0.65,
        OFFICE,
        about="all",
        needs="lawyer",
        value=_column("lawyer"),
        more=_reachable,
        by="lawyer",
    ),
    Said(
        "represented_by",
        0.2,
        TALK,
        about="all",
        needs="lawyer",
        value=_column("lawyer"),
        more=_reachable,
    ),
    Said(
        "represented_by",
        0.2,
        sources=_FILE,
        about="one",
        needs="lawyer",
        value=_column("lawyer"),
        more=_reachable,
    ),
    Said(
        "no_longer_represented", 0.06, OFFICE, about="all", needs="lawyer", by="lawyer", within=60
    ),
    Said(
        "attorney_consents_to_direct_contact",
        0.05,
        OFFICE,
        about="one",
        needs="lawyer",
        by="lawyer",
        within=60,
    ),
    Said(
        "attorney_unanswered_since",
        0.06,
        sources={"own_records": 1},
        about="all",
        needs="lawyer",
        value=_date(1, 40),
    ),
    Said(
        "attorney_written_to",
        0.1,
        sources={"own_records": 1},
        about="all",
        needs="lawyer",
        value=_date(0, 3),
    ),
    Said("wants_contact_through_attorney", 0.0008, TALK, about="one"),
    Said("insurance_appeal_pending", 0.0012, MIXED, about="one"),
    Said("charity_care_application_pending", 0.0012, MIXED, about="one"),
    Said("requests_itemized_statement", 0.0012, LETTER, about="one"),
    Said("identity_theft_papers", 0.002, LETTER, about="one"),
    Said("coerced_debt_papers", 0.0006, LETTER, about="one"),
    Said("workers_comp_pending", 0.0008, MIXED, about="one"),
    Said("opt_out_address", 0.02, MAILED, point="email", needs="email"),
    Said("opt_out_number_text", 0.021, TEXTED, point="mobile", needs="mobile"),
    Said("do_not_use_number", 0.006, TALK, point="mobile", needs="mobile"),
    Said("consents_to_text", 0.06, TEXTED, point="mobile", needs="mobile"),
    Said("consents_to_prerecorded_calls", 0.02, TALK, point="mobile", needs="mobile"),
    Said("revokes_consent_to_prerecorded", 0.004, TALK, point="mobile", needs="mobile"),
    Said("number_not_consumers", 0.01, TALK, point="mobile", needs="mobile", by="stranger"),
    Said("number_not_consumers", 0.005, sources=_RESEARCH, point="mobile", needs="mobile"),
    Said("number_not_consumers", 0.02, TALK, point="second", needs="second", by="stranger"),
    Said(
        "reassigned_since",
        0.03,
        sources={"fcc_reassigned_numbers_database": 1},
        point="mobile",
        needs="mobile",
        value=_checked,
    ),
    Said(
        "email_led_to_third_party_disclosure",
        0.001,
        sources={"third_party": 1, "consumer_email": 1},
        point="email",
        needs="email",
    ),
    Said(
        "employer_provided",
        0.0015,
        sources={"own_research": 1, "consumer": 1},
        point="email",
        needs="email",
    ),
    Said("last_known_address", 0.003, sources=_OWN, point="mail", needs="mail"),
    Said("known_bad_address", 0.006, sources=_OWN, point="mail", needs="mail"),
    Said("recipient_pays", 0.0008, TALK, point="mobile", needs="mobile"),
    Said("inconvenient", 0.022, TALK, value=_hours),
    Said("inconvenient", 0.003, sources=_FILE, value=_hours),
    Said("withdraws_inconvenience", 0.002, TALK, value=_hours, within=60),
    Said("inconvenient_place", 0.006, TALK, value=_one_of(_PLACE)),
    Said("withdraws_inconvenient_place", 0.0008, TALK, value=_one_of(_PLACE), within=60),
    Said("this_time_is_inconvenient", 0.004, {"oral": 1}, value=_true, within=4),
    Said("ended_call_before_consent", 0.0008, {"oral": 1}, value=_true, within=30),
    Said("cannot_take_personal_calls_at", 0.004, TALK, value=lambda _: pl.lit('"work"')),
    Said(
        "cannot_take_personal_calls_at",
        0.001,
        sources={"third_party": 1},
        value=lambda _: pl.lit('"work"'),
    ),
    Said("stop_calls_at", 0.004, TALK, value=lambda _: pl.lit('"work"')),
    Said(
        "consents_to_calls_until",
        0.002,
        {"oral": 1},
        value=_one_of({'"22:00"': 1, '"23:00"': 1}),
    ),
    Said("current_location_zone", 0.003, TALK, value=_one_of(_ZONES), within=60),
    Said("consumer_currently_at", 0.0008, {"oral": 1}, value=_one_of(_PLACE), within=2),
    Said("working_hours", 0.002, TALK, value=_hours),
    Said("consents_to_call", 0.005, TALK, about="one", point="mobile", value=_consent, within=10),
    Said("revokes_consent_to_call", 0.0008, TALK, about="one", value=_column("one"), within=8),
    Said("revokes_consent_to_call", 0.0004, TALK, value=_true, within=8),
    Said("asks_to_be_called", 0.003, MIXED, about="one", value=_callback, within=7),
    Said("stop_medium", 0.015, TALK | {"postal_letter": 20}, value=_one_of(_MEDIUM)),
    Said("opt_out_medium", 0.003, MIXED, value=_one_of(_MEDIUM)),
    Said("consents_to_medium", 0.002, MIXED, value=_one_of(_MEDIUM), within=60),
    Said(
        "agrees_to_messages",
        0.001,
        TEXTED,
        value=_one_of({'{"max":3,"within":"7 days"}': 2, '{"max":10,"within":"7 days"}': 1}),
    ),
    Said(
        "asks_for_more_contact",
        0.06,
        {"oral": 1},
        needs="third",
        value=lambda _: filled('"%s"', padded("HT", pl.col("i") + 1)),
        by="stranger",
    ),
    Said(
        "third_party_answer_was_wrong",
        0.06,
        sources={"own_research": 1},
        needs="third",
        value=_true,
    ),
    Said(
        "third_party_now_has_correct_information",
        0.05,
        sources={"third_party": 1},
        needs="third",
        value=_true,
        within=90,
    ),
    Said("location_known", 0.01, sources=_OWN, value=_true),
    Said("employee_notified", 0.0008, sources={"own_records": 1}, value=_date(0, 10)),
    Said("invites_visit", 0.0008, TALK, value=_date(-9, 0), within=10),
    Said(
        "public_health_emergency",
        0.0008,
        sources={"own_research": 1},
        value=lambda _: filled('"US-%s"', pl.col("state")),
        within=40,
    ),
    Said("consented_to_electronic_statements", 0.01, sources=_FILE, value=_true),
    Said(
        "financial_statement_received",
        0.001,
        sources={"own_records": 1},
        value=_date(0, 5),
    ),
    Said(
        "bankruptcy_filed",
        0.006,
        sources={"own_research": 60, "attorney": 30, "creditor_file": 10},
        about="all",
        value=_petition,
    ),
    Said(
        "bankruptcy_ended",
        0.0012,
        sources={"own_research": 1},
        about="all",
        value=_date(1, 30),
        within=60,
    ),
    Said("discharged", 0.0012, sources={"own_research": 3, "attorney": 1}, about="all", within=90),
    Said("reaffirmed", 0.0006, sources={"attorney": 1, "own_records": 1}, about="one", within=90),
    Said("active_duty", 0.0025, sources={"own_research": 1}, value=_true),
    Said("tax_account_ineligible", 0.0008, sources={"creditor_file": 1}, about="one"),
    Said("hold", 0.005, sources=_FILE, about="all", value=_hold),
    Said("releases_hold", 0.0012, sources={"own_records": 1}, about="all", value=_hold, within=60),
    Said("promise_to_pay", 0.02, TALK, about="one", value=_promise, within=60),
    Said("payment_plan", 0.012, TALK, about="one"),
)
