"""Every fact of the catalogue, from statements, knowledge and history (rules/README.md).

Three values: yes, no, unknown. A status nobody has reported is no; unknown is for what must be on
record and is not. Each function cites the entry of the catalogue it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.account import Account
from engine.rule import AllOf, AnyOf, Ask, Entry, Happened

from .answers import UNKNOWN, Question, tri, words_of
from .consent import asked_to_be_called, covered_by_consent
from .facts_debt import (
    attorney_consents,
    attorney_silent,
    bankruptcy_stay,
    ceased,
    codebtor_stay,
    collector_type_is,
    contact_is,
    cosigned,
    days_past_due_over,
    deceased,
    discharged,
    dispute_is_partial,
    false_name,
    flag,
    held_by_debt_buyer,
    hold_is,
    identifies_as_debt_collector,
    initial_communication_made,
    is_communication,
    judgment_entered,
    latest_says,
    lender_licence_is,
    mentions_debt,
    on_record,
    original_amount_over,
    original_creditor_request_open,
    representations,
    requests_payment,
    secured,
    technology_is,
    time_barred,
    visible_to_others,
)
from .facts_history import (
    called_at_bad_time,
    opt_out_confirmation_open,
    reply_open,
    spoke_or_wrote,
    third_party_reopened,
)
from .facts_point import (
    address_stopped,
    consents_to_prerecorded,
    consents_to_text,
    disclosure_known,
    email_route_chain,
    email_route_consumer,
    email_route_creditor,
    employer_forbids,
    employer_provided,
    known_bad_address,
    medium_stopped,
    named_by,
    place_inconvenient,
    recorded_revoked,
    recorded_revoked_anywhere,
    safe_harbour,
    special_line_is,
    stopped_at_work,
)
from .happened import happened
from .past import NO, YES, Asked
from .told import open_disputes, open_duplicates

# -- entries (Kleene)


def holds(question: Question, entry: Entry) -> str:
    """The value of one entry of `when`, `unless` or `needs`."""
    if isinstance(entry, AllOf):
        values = [value_of(question, ask) for ask in entry.asks]
        if NO in values:
            return NO
        return UNKNOWN if UNKNOWN in values else YES
    if isinstance(entry, AnyOf):
        values = [value_of(question, ask) for ask in entry.asks]
        if YES in values:
            return YES
        return UNKNOWN if UNKNOWN in values else NO
    return value_of(question, entry)


def value_of(question: Question, ask: Ask) -> str:
    """The value of one fact."""
    asked = question.asked
    if ask.fact == "happened":
        assert isinstance(ask.parameter, Happened)
        return happened(asked, ask.parameter)
    if ask.fact == "reply_open":
        return reply_open(asked, words_of(ask.parameter))
    if ask.fact == "time_barred":
        return time_barred(asked, *question.where.limitation(asked.account.type))
    if ask.fact == "known_time_barred":
        return tri(time_barred(asked, *question.where.limitation(asked.account.type)) == YES)
    if ask.fact in PARAMETERISED:
        return PARAMETERISED[ask.fact](asked, ask.parameter)
    return PLAIN[ask.fact](asked)


# -- the catalogue


def _account(read: Callable[[Account], str]) -> Callable[[Asked], str]:
    return lambda asked: read(asked.account)


_FLAG_FACTS = (
    "reply_to_consumer",
    "same_call",
    "during_consumer_session",
    "automated",
    "excludes_disputed_part",
    "opt_out_requires_information",
    "obscene",
    "postcard",
    "envelope_reveals_debt",
    "model_form",
)
PLAIN: dict[str, Callable[[Asked], str]] = {
    **{name: flag(name) for name in _FLAG_FACTS},
    "is_communication": is_communication,
    "requests_payment": requests_payment,
    "mentions_debt": mentions_debt,
    "identifies_as_debt_collector": identifies_as_debt_collector,
    "false_name": false_name,
    "visible_to_others": visible_to_others,
    "fdcpa_covered": _account(lambda account: account.fdcpa_covered),
    "account_open": _account(lambda account: tri(account.status == "open")),
    "hospital_debt": _account(lambda account: tri(account.hospital_debt)),
    "secured": secured,
    "cosigned": cosigned,
    "judgment_entered": judgment_entered,
    "held_by_debt_buyer": held_by_debt_buyer,
    "ceased": ceased,
    "represented": lambda asked: tri(bool(representations(asked))),
    "attorney_silent": attorney_silent,
    "attorney_consents": attorney_consents,
    "disputed": on_record("disputes", "says_does_not_owe"),
    "dispute_open": lambda asked: tri(bool(open_disputes(asked))),
    "duplicative_dispute_open": lambda asked: tri(bool(open_duplicates(asked))),
    "dispute_is_partial": dispute_is_partial,
    "original_creditor_request_open": original_creditor_request_open,
    "initial_communication_made": initial_communication_made,
    "identity_theft_claimed": on_record("identity_theft_papers"),
    "bankruptcy_stay": bankruptcy_stay,
    "codebtor_stay": codebtor_stay,
    "discharged": discharged,
    "tax_ineligible": on_record("tax_account_ineligible"),
    "deceased": deceased,
    "active_duty": latest_says("active_duty"),
    "location_known": latest_says("location_known"),
    "electronic_statements_consented": latest_says("consented_to_electronic_statements"),
    "medium_stopped": medium_stopped,
    "address_stopped": address_stopped,
    "place_inconvenient": place_inconvenient,
    "employer_forbids": employer_forbids,
    "stopped_at_work": stopped_at_work,
    "employer_provided": employer_provided,
    "email_route_consumer": email_route_consumer,
    "email_route_creditor": email_route_creditor,
    "email_route_chain": email_route_chain,
    "disclosure_known": disclosure_known,
    "safe_harbour": safe_harbour,
    "consents_to_text": consents_to_text,
    "consents_to_prerecorded": consents_to_prerecorded,
    "known_bad_address": known_bad_address,
    "recorded_revoked": recorded_revoked,
    "recorded_revoked_anywhere": recorded_revoked_anywhere,
    "recipient_pays": named_by("recipient_pays"),
    "in_call_consent": lambda asked: tri(covered_by_consent(asked, asked.contact)),
    "asked_to_be_called": asked_to_be_called,
    "third_party_reopened": third_party_reopened,
    "called_at_bad_time": called_at_bad_time,
    "opt_out_confirmation_open": opt_out_confirmation_open,
    "spoke_or_wrote": spoke_or_wrote,
}
PARAMETERISED: dict[str, Callable[[Asked, Any], str]] = {
    "contact_is": contact_is,
    "technology_is": technology_is,
    "collector_type_is": collector_type_is,
    "days_past_due_over": days_past_due_over,
    "lender_licence_is": lender_licence_is,
    "original_amount_over": original_amount_over,
    "hold_is": hold_is,
    "special_line_is": special_line_is,
}
