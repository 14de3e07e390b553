"""Facts for one candidate: every name of the catalogue, answered by a plain function.

`value` is the single door; the part-wise columns of `engine.columns` are held equal to it.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import words
from ..account import Account
from ..history import effective_purposes, proposed_counts, technology
from ..kinds import Limit, Notice, Wait, Window
from ..rule import Ask, Happened, Rule
from . import attorneys, bankruptcy, email, statuses, wishes
from .catalogue import FACTS
from .consent import asked_to_be_called, in_call_consent, reply_open
from .counting import OUT, Count, happened, limit, wait
from .hours import closes
from .statuses import tri
from .view import View

PointFact = Callable[[View], str]
DebtFact = Callable[[View, Account], str]

PAYMENT_PURPOSES = frozenset({"collection", "payment_reminder", "settlement"})
SILENT_PURPOSES = frozenset(
    {"location", "contact_request", "stop_confirmation", "ask_convenience", "consent_request"}
)


def _mentions_debt(view: View) -> str:
    declared = view.contact.flag("mentions_debt")
    if declared is not None:
        return tri(declared)
    silent = (view.contact.purpose or "collection") in SILENT_PURPOSES
    return tri(not silent and view.contact.content != "limited_content_message")


def _requests_payment(view: View) -> str:
    declared = view.contact.flag("requests_payment")
    if declared is not None:
        return tri(declared)
    return tri((view.contact.purpose or "collection") in PAYMENT_PURPOSES)


def _identifies(view: View) -> str:
    declared = view.contact.flag("identifies_as_debt_collector")
    if declared is not None:
        return tri(declared)
    silent = (view.contact.purpose or "collection") == "location"
    return tri(not silent and view.contact.content != "limited_content_message")


def _is_communication(view: View) -> str:
    """A location enquiry that keeps to the rules conveys nothing about the debt to its hearer."""
    return tri("communications" in proposed_counts(view.contact))


def _visible(view: View) -> str:
    public = view.kind == "social_media_public"
    return tri(public or view.contact.visible_to == "contacts")


def _flag(name: str) -> PointFact:
    return lambda view: tri(view.contact.flag(name) is True)


def _dated(name: str) -> DebtFact:
    return lambda view, debt: tri(name in debt.dates and debt.dates[name] <= view.day)


def _listed(value: str | None, asked: tuple[str, ...] | None) -> str:
    """Whether a recorded word is one of those asked (None: any); nothing recorded is unknown."""
    if value is None:
        return words.UNKNOWN
    return tri(asked is None or value in asked)


def _known(value: bool | None) -> str:
    return words.UNKNOWN if value is None else tri(value)


def _cosigned(view: View, debt: Account) -> str:
    """As recorded, or because somebody stands on the account as co-debtor."""
    if any(role == "co_debtor" for _, role in view.group.parties.get(debt.id, ())):
        return words.YES
    return _known(debt.cosigned)


def _held_by_debt_buyer(view: View, debt: Account) -> str:
    """As recorded, or because the collector is a debt buyer."""
    if view.group.collectors[debt.collector].role == "debt_buyer":
        return words.YES
    return _listed(debt.holder, ("debt_buyer",))


OF_POINT: dict[str, PointFact] = {
    **{
        name: _flag(name)
        for name in (
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
    },
    "is_communication": _is_communication,
    "requests_payment": _requests_payment,
    "mentions_debt": _mentions_debt,
    "identifies_as_debt_collector": _identifies,
    "false_name": lambda view: tri(view.contact.sender_name == "false_name"),
    "visible_to_others": _visible,
    "deceased": lambda view: tri(view.consumer.deceased),
    "active_duty": lambda view: wishes.said_true(view, "active_duty"),
    "location_known": lambda view: wishes.said_true(view, "location_known"),
    "electronic_statements_consented": lambda view: wishes.said_true(
        view, "consented_to_electronic_statements"
    ),
    "medium_stopped": wishes.medium_stopped,
    "address_stopped": wishes.address_stopped,
    "place_inconvenient": wishes.place_inconvenient,
    "employer_forbids": lambda view: wishes.at_work(view, "cannot_take_personal_calls_at"),
    "stopped_at_work": lambda view: wishes.at_work(view, "stop_calls_at"),
    "employer_provided": email.employer_provided,
    "email_route_consumer": email.route_consumer,
    "email_route_creditor": email.route_creditor,
    "email_route_chain": email.route_chain,
    "disclosure_known": email.disclosure_known,
    "safe_harbour": email.safe_harbour,
    "consents_to_text": wishes.consents_to_text,
    "consents_to_prerecorded": wishes.consents_to_prerecorded,
    "known_bad_address": wishes.known_bad_address,
    "recipient_pays": lambda view: tri(wishes.said_of_point(view, "recipient_pays")),
    "recorded_revoked": wishes.recorded_revoked,
    "recorded_revoked_anywhere": lambda view: wishes.recorded_revoked(view, anywhere=True),
    "third_party_reopened": wishes.third_party_reopened,
    "called_at_bad_time": wishes.called_at_bad_time,
    "opt_out_confirmation_open": wishes.opt_out_confirmation_open,
}

OF_DEBT: dict[str, DebtFact] = {
    "fdcpa_covered": lambda _, debt: debt.fdcpa_covered,
    "account_open": lambda _, debt: tri(debt.status == "open"),
    "hospital_debt": lambda _, debt: _known(debt.hospital_debt),
    "secured": lambda _, debt: _listed(debt.secured_by, None),
    "cosigned": _cosigned,
    "judgment_entered": _dated("judgment"),
    "held_by_debt_buyer": _held_by_debt_buyer,
    "ceased": statuses.ceased,
    "represented": attorneys.represented,
    "attorney_silent": attorneys.attorney_silent,
    "attorney_consents": attorneys.attorney_consents,
    "disputed": statuses.disputed,
    "dispute_open": statuses.dispute_open,
    "duplicative_dispute_open": statuses.duplicative_dispute_open,
    "dispute_is_partial": statuses.dispute_is_partial,
    "original_creditor_request_open": statuses.original_creditor_request_open,
    "initial_communication_made": statuses.initial_communication_made,
    "identity_theft_claimed": lambda view, debt: statuses.about_debts(
        view, debt, "identity_theft_papers"
    ),
    "bankruptcy_stay": bankruptcy.bankruptcy_stay,
    "codebtor_stay": bankruptcy.codebtor_stay,
    "discharged": bankruptcy.discharged,
    "tax_ineligible": lambda view, debt: statuses.about_debts(view, debt, "tax_account_ineligible"),
    "spoke_or_wrote": statuses.spoke_or_wrote,
    "in_call_consent": lambda view, debt: tri(in_call_consent(view, view.pooled(debt))),
    "asked_to_be_called": lambda view, debt: tri(asked_to_be_called(view, view.pooled(debt))),
}


def _over(value: float | None, than: object) -> str:
    assert isinstance(than, int)
    return words.UNKNOWN if value is None else tri(value > than)


def value(view: View, ask: Ask, debt: Account, years: int | None = None, sure: bool = True) -> str:
    """The answer to one asked fact: yes, no or unknown.

    `years` is the shortest limitation period the contract may have where the consumer lives, and
    `sure` whether no shorter one may be, for `time_barred`. A name outside the catalogue raises
    KeyError: the reader lets none through.
    """
    name, parameter = ask.fact, ask.parameter
    of_point = OF_POINT.get(name)
    if of_point is not None:
        told = view.told.get(name)
        if told is None:
            told = view.told[name] = of_point(view)
        return told
    of_debt = OF_DEBT.get(name)
    if of_debt is not None:
        return of_debt(view, debt)
    if isinstance(parameter, Happened):
        return happened(view, parameter, debt)
    listed = parameter if isinstance(parameter, tuple) else (str(parameter),)
    match name:
        case "contact_is":
            return tri(bool(effective_purposes(view.contact) & set(listed)))
        case "technology_is":
            return tri(technology(view.contact, past=False) in listed)
        case "reply_open":
            return tri(reply_open(view, listed))
        case "hold_is":
            return statuses.holds(view, debt, listed)
        case "special_line_is":
            return tri(view.point is not None and view.point.special_line in listed)
        case "collector_type_is":
            return _listed(view.group.collectors[debt.collector].type, listed)
        case "lender_licence_is":
            return _listed(debt.lender_licence, listed)
        case "days_past_due_over":
            return _over(statuses.days_past_due(view, debt), parameter)
        case "original_amount_over":
            amount = None if debt.original_amount is None else float(debt.original_amount)
            return _over(amount, parameter)
        case "time_barred":
            return statuses.time_barred(view, debt, years, sure)
        case "known_time_barred":  # the duty of litigation must not refuse on a mere unknown
            return tri(statuses.time_barred(view, debt, years, sure) == words.YES)
    raise KeyError(FACTS[name].name)


Teller = Callable[[View, Account, int | None, bool], str]
"""Tells one fact: of a view, a debt, and what `value` is told of periods."""


def teller(ask: Ask) -> Teller:
    """What `value` does for one fact, looked up once."""
    name, parameter = ask.fact, ask.parameter
    of_point, of_debt = OF_POINT.get(name), OF_DEBT.get(name)
    if of_point is not None:
        return lambda view, debt, years, sure: value(view, ask, debt)
    if of_debt is not None:
        return lambda view, debt, years, sure: of_debt(view, debt)
    if isinstance(parameter, Happened):
        return lambda view, debt, years, sure: happened(view, parameter, debt)
    return lambda view, debt, years, sure: value(view, ask, debt, years, sure)


# -- bits


def duty_unmet(view: View, duty: str) -> bool:
    """Whether the contact is *declared* without a duty; the plain contact carries every one."""
    contact = view.contact
    match duty:
        case "opt_out_notice" | "prerecorded_opt_out":
            return contact.flag("opt_out_notice") is False
        case "initial_disclosure":
            return contact.disclosure in ("none", "subsequent")
        case "subsequent_disclosure":
            return contact.disclosure == "none"
        case "disclosure_language":
            used, told = contact.languages or (), contact.disclosure_languages
            return told is not None and bool(set(used) - set(told))
        case "identify_caller":
            return contact.sender_name == "false_name"
        case "identify_as_debt_collector":
            return contact.flag("identifies_as_debt_collector") is False
        case "no_debt_mention":
            return contact.flag("mentions_debt") is True
        case "no_payment_request":
            return contact.flag("requests_payment") is True
        case "no_suit_threat":
            return contact.purpose == "litigation"
        case "model_form":
            return contact.flag("model_form") is False
    return False


def bit(view: View, rule: Rule, debt: Account, zones: tuple[str, ...]) -> Count:
    """The bit of a limit, wait, window or notice for one debt, with the count behind it."""
    body = rule.body
    if isinstance(body, Limit):
        return limit(view, body, debt)
    if isinstance(body, Wait):
        return wait(view, body, debt)
    if isinstance(body, Window):
        if view.same_call is not None:
            return OUT
        shut = closes(view, body, zones)
        return Count(shut, "shut" if shut == words.YES else "open")
    if isinstance(body, Notice):
        return Count(tri(duty_unmet(view, body.duty)), "notice")
    return OUT
