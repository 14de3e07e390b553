"""The columns of a wide file: an account in a row, with all that belongs to it.

A flag is yes, no, nothing, or the day since when it is so; beside it stands `..._at` where another
column has the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..store.schema import (
    ADDRESS_KINDS,
    DAY,
    FLAG,
    INSTANT,
    PARTY_ROLES,
    STRING,
    TABLES,
    Column,
)

PHONES: Final = 6
EMAILS: Final = 4
ADDRESSES: Final = 4
PARTIES: Final = 4
PERSON: Final = "person"
BANKRUPTCY: Final = "bankruptcy"


@dataclass(frozen=True, slots=True)
class Word:
    """What a flag becomes: a row of `table` with a word of `says` and its JSON value.

    `value` PERSON: whoever the cell names; BANKRUPTCY: the day it was filed. `debts`: it is about
    the account. `dated`: it frees, so it must have its day.
    """

    kind: str
    table: str = "statements"
    value: str | None = None
    debts: bool = False
    dated: bool = False


_SAID: Final = (
    "cease", "cease_or_refusal", "refuses_to_pay", "says_does_not_owe", "disputes",
    "requests_original_creditor", "requests_information", "requests_itemized_statement",
    "wants_contact_through_attorney", "identity_theft_papers", "coerced_debt_papers",
    "insurance_appeal_pending", "charity_care_application_pending", "workers_comp_pending",
    "payment_plan",
)  # fmt: skip
_CHANNELS: Final = ("call", "text", "email", "mail", "social", "visit")
_HOLDS: Final = ("complaint", "disaster_area", "legal_hold", "client_recall")

WORDS: Final[dict[str, Word]] = {
    **{kind: Word(kind, debts=True) for kind in _SAID},
    **{f"stop_medium_{one}": Word("stop_medium", value=f'"{one}"') for one in _CHANNELS},
    "inconvenient_place_work": Word("inconvenient_place", value='"work"'),
    "inconvenient_place_home": Word("inconvenient_place", value='"home"'),
    "stop_calls_at_work": Word("stop_calls_at", value='"work"'),
    "cannot_take_personal_calls_at_work": Word("cannot_take_personal_calls_at", value='"work"'),
    "represented_by": Word("represented_by", "knowledge", PERSON, debts=True),
    "bankruptcy_filed": Word("bankruptcy_filed", "knowledge", BANKRUPTCY, debts=True),
    "discharged": Word("discharged", "knowledge", debts=True),
    "active_duty": Word("active_duty", "knowledge", "true"),
    "tax_account_ineligible": Word("tax_account_ineligible", "knowledge", debts=True),
    **{f"hold_{one}": Word("hold", "knowledge", f'"{one}"', debts=True) for one in _HOLDS},
}
"""Flags about an account or its consumer."""
PHONE_WORDS: Final[dict[str, Word]] = {
    "do_not_use_number": Word("do_not_use_number"),
    "opt_out_number_text": Word("opt_out_number_text"),
    "consents_to_text": Word("consents_to_text", dated=True),
    "consents_to_prerecorded_calls": Word("consents_to_prerecorded_calls", dated=True),
    "revokes_consent_to_prerecorded": Word("revokes_consent_to_prerecorded"),
    "number_not_consumers": Word("number_not_consumers", "knowledge"),
    "recipient_pays": Word("recipient_pays"),
}
"""Flags about a phone number: `phone_1_do_not_use_number`."""
EMAIL_WORDS: Final[dict[str, Word]] = {
    "opt_out_address": Word("opt_out_address"),
    "employer_provided": Word("employer_provided", "knowledge"),
}
"""Flags about an e-mail address: `email_1_opt_out_address`."""


def _column(name: str, means: str, words: tuple[str, ...] | None = None) -> Column:
    return Column(name, STRING, True, means, words)


def _flagged(name: str, means: str) -> tuple[Column, Column]:
    return _column(name, means), Column(f"{name}_at", INSTANT, True, f"when: {means}")


def _numbered() -> list[Column]:
    found: list[Column] = []
    for n in range(1, PHONES + 1):
        found += [
            _column(f"phone_{n}", "a phone number of the consumer"),
            _column(f"phone_{n}_kind", "mobile, home, work; left out: of unknown kind"),
        ]
        for name, word in PHONE_WORDS.items():
            found += _flagged(f"phone_{n}_{name}", f"{word.kind} of that number")
    for n in range(1, EMAILS + 1):
        found += [
            _column(f"email_{n}", "an e-mail address of the consumer"),
            _column(f"email_{n}_kind", "personal or work; left out: personal"),
        ]
        for name, word in EMAIL_WORDS.items():
            found += _flagged(f"email_{n}_{name}", f"{word.kind} of that address")
    for n in range(1, ADDRESSES + 1):
        found += [
            _column(f"address_{n}_state", "the state, by letters or name"),
            _column(f"address_{n}_postal_code", "the postal code"),
            _column(f"address_{n}_county", "the county"),
            _column(
                f"address_{n}_street", "where letters go; that there is one is all that is kept"
            ),
            _column(f"address_{n}_kind", "home or place of work", ADDRESS_KINDS),
            Column(f"address_{n}_since", DAY, True, "first day"),
            Column(f"address_{n}_until", DAY, True, "last day"),
            _column(f"address_{n}_source", "who said so"),
            Column(f"address_{n}_known_bad", FLAG, True, "mail is known not to arrive"),
        ]
    for n in range(1, PARTIES + 1):
        found += [
            _column(f"party_{n}", "person id of another human on the account"),
            _column(f"party_{n}_role", "what they are to it; left out: co_debtor", PARTY_ROLES),
            _column(f"party_{n}_phone", "their phone number"),
            _column(f"party_{n}_phone_kind", "as phone_1_kind"),
        ]
    return found


COLUMNS: Final[dict[str, Column]] = {
    column.name: column
    for column in (
        *TABLES["consumers"].columns,
        *(one for one in TABLES["accounts"].columns if one.name != "consumer"),
        *(one for name, word in WORDS.items() for one in _flagged(name, word.kind)),
        *_numbered(),
    )
}
"""Every column of a wide file, by name."""
DEFAULTED: Final = ("person", "deceased")
"""Columns of consumers that may be left out: the consumer himself, and no."""
