"""The closed catalogue: facts a rule may ask, what people may say, duties, agreements.

Every fact is three-valued (words.TRI). Unknown is a value that both engines receive. A status that
nobody reported is no; unknown is for what must be on record and is not (rules/README.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .. import words


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: `subject` it is about, `parameter` it takes (see PARAMETERS), meaning, authority."""

    name: str
    subject: str  # collector | consumer | account | point | history | contact
    parameter: str  # a key of PARAMETERS
    means: str
    cite: str


PARAMETERS: Final[dict[str, str]] = {
    "none": "written alone",
    "number": "a whole number",
    "purposes": "a list of purposes and contents",
    "technologies": "a list of technologies",
    "lines": "a list of: emergency, hospital_room",
    "holds": "a list of: complaint, disaster_area, legal_hold, client_recall",
    "types": "a list of: mortgage_servicer",
    "licences": "a list of: installment_loan",
    "reply": "one of: hours, own_hours, place, attorney, medium, address, cease; or a list of it and any_channel",
    "agreement": "a key of AGREEMENTS",
    "happened": "a selector with within, older_than, since or unless_followed",
}
HOLDS: Final = ("complaint", "disaster_area", "legal_hold", "client_recall")
LINES: Final = ("emergency", "hospital_room")
COLLECTOR_TYPES: Final = ("mortgage_servicer",)
LENDER_LICENCES: Final = ("installment_loan",)
REPLIES: Final = (
    "hours", "own_hours", "place", "attorney", "medium", "address", "cease", "any_channel",
)  # fmt: skip

_ALL = (
    # -- contact: never unknown; the plain contact unless declared otherwise
    Fact("contact_is", "contact", "purposes", "its purpose or content is one of these", "12 CFR 1006.2(d)"),
    Fact("technology_is", "contact", "technologies", "how it is placed", "47 USC 227(b)(1)(A)"),
    Fact("is_communication", "contact", "none", "it conveys information about a debt; a limited-content voicemail does not", "12 CFR 1006.2(d),(j)"),
    Fact("reply_to_consumer", "contact", "none", "declared an answer to what the consumer sent", "12 CFR 1006 Supp. I, comment 6(b)(1)-2"),
    Fact("same_call", "contact", "none", "continues the call in progress", "12 CFR 1006 Supp. I, comment 6(b)(1)-2.ii"),
    Fact("during_consumer_session", "contact", "none", "shown while the consumer browses the portal", "12 CFR 1006 Supp. I, comment 6(b)(1)-2.iv"),
    Fact("automated", "contact", "none", "composed by a machine", "12 CFR 1006 Supp. I, comment 6(b)(1)-2"),
    Fact("excludes_disputed_part", "contact", "none", "leaves the disputed part of the debt alone", "12 CFR 1006.38(d)(2)"),
    Fact("opt_out_requires_information", "contact", "none", "demands more than the preference and the address to opt out", "12 CFR 1006.6(e)"),
    Fact("requests_payment", "contact", "none", "asks for payment", "12 CFR 1024.39(d)(3)"),
    Fact("mentions_debt", "contact", "none", "says that a debt is owed", "12 CFR 1006.10(b)(2)"),
    Fact("identifies_as_debt_collector", "contact", "none", "says it comes from a debt collector", "12 CFR 1006.18(e)"),
    Fact("obscene", "contact", "none", "uses obscene or abusive language", "12 CFR 1006.14(d)"),
    Fact("postcard", "contact", "none", "is a postcard", "12 CFR 1006.22(f)(1)"),
    Fact("envelope_reveals_debt", "contact", "none", "its envelope shows more than delivery needs", "12 CFR 1006.22(f)(2)"),
    Fact("model_form", "contact", "none", "uses the model form", "12 CFR 1006.34(d)(2)"),
    Fact("false_name", "contact", "none", "sent under a false name", "12 CFR 1006.18(f)"),
    Fact("visible_to_others", "contact", "none", "the public or the person's contacts can see it", "12 CFR 1006.22(f)(4)"),
    # -- collector and account
    Fact("collector_type_is", "collector", "types", "what business the collector is", "12 CFR 1024.2(b)"),
    Fact("fdcpa_covered", "account", "none", "the collector is a debt collector for this account", "12 CFR 1006.2(i)(1); 15 USC 1692a(6)"),
    Fact("account_open", "account", "none", "the account is placed and open", "house"),
    Fact("days_past_due_over", "account", "number", "more than so many days past due (delinquent_since, else defaulted)", "12 CFR 1024.39(a)"),
    Fact("time_barred", "account", "none", "the limitation period has run", "12 CFR 1006.26"),
    Fact("known_time_barred", "account", "none", "the dates on record show that the limitation period has run; never unknown", "12 CFR 1006.26(b)"),
    Fact("hospital_debt", "account", "none", "owed to a hospital", "26 CFR 1.501(r)-6"),
    Fact("secured", "account", "none", "secured by property", "12 CFR 1006.2(i)(1)"),
    Fact("cosigned", "account", "none", "somebody else is liable too", "11 USC 1301(a)"),
    Fact("judgment_entered", "account", "none", "a court has given judgment on it", "12 CFR 1006.2(h)"),
    Fact("held_by_debt_buyer", "account", "none", "a debt buyer owns it", "12 CFR 1006.2(i)"),
    Fact("lender_licence_is", "account", "licences", "the licence the lender held", "state law"),
    Fact("original_amount_over", "account", "number", "more than so many dollars at the outset", "state law"),
    # -- the consumer, this debt
    Fact("ceased", "account", "none", "written notice to cease or refusal to pay has been received for this debt", "12 CFR 1006.6(c)(1)"),
    Fact("represented", "account", "none", "an attorney, reachable, is known to act for this debt", "12 CFR 1006.6(b)(2)"),
    Fact("attorney_silent", "account", "none", "the attorney left a letter unanswered for 30 days (number ours)", "12 CFR 1006.6(b)(2)(i)"),
    Fact("attorney_consents", "account", "none", "the attorney allows direct contact", "12 CFR 1006.6(b)(2)(ii)"),
    Fact("disputed", "account", "none", "the consumer has disputed the debt, in any form", "12 CFR 1006.18(c)(2)"),
    Fact("dispute_open", "account", "none", "a timely written dispute awaits verification", "12 CFR 1006.38(d)(2)(i)"),
    Fact("duplicative_dispute_open", "account", "none", "a duplicative written dispute awaits its notice or verification", "12 CFR 1006.38(d)(2)(ii)"),
    Fact("dispute_is_partial", "account", "none", "every open dispute is about part of the debt", "12 CFR 1006.38(d)(2)"),
    Fact("original_creditor_request_open", "account", "none", "a timely written request for the original creditor awaits its answer", "12 CFR 1006.38(c)"),
    Fact("initial_communication_made", "account", "none", "the consumer has been told of the debt by this collector before", "12 CFR 1006.18(e)(1)"),
    Fact("identity_theft_claimed", "account", "none", "papers of identity theft have come in", "15 USC 1681m(f),(g)"),
    Fact("bankruptcy_stay", "account", "none", "a stay protects the consumer", "11 USC 362(a)(6)"),
    Fact("codebtor_stay", "account", "none", "a chapter 12 or 13 case of somebody else on the account stays it", "11 USC 1201(a), 1301(a)"),
    Fact("discharged", "account", "none", "the debt was discharged in bankruptcy, and not reaffirmed before that", "11 USC 524(a)(2), (c)(1)"),
    Fact("tax_ineligible", "account", "none", "the tax account may not be worked by a private agency", "26 USC 6306(d)"),
    Fact("hold_is", "account", "holds", "the firm holds the account for one of these reasons", "house"),
    Fact("deceased", "consumer", "none", "the consumer has died", "12 CFR 1006.6(a)(4)"),
    Fact("active_duty", "consumer", "none", "the consumer serves in the armed forces", "50 USC 3911"),
    Fact("location_known", "consumer", "none", "home address, home phone and workplace are known (only if said so)", "12 CFR 1006.10(a)"),
    Fact("electronic_statements_consented", "consumer", "none", "the consumer agreed to electronic statements", "12 CFR 1026.31(b)"),
    # -- the point and the person behind it
    Fact("special_line_is", "point", "lines", "a line of this kind", "47 USC 227(b)(1)(A)(i),(ii)"),
    Fact("medium_stopped", "point", "none", "the person asked not to be contacted by this medium", "12 CFR 1006.14(h)(1)"),
    Fact("address_stopped", "point", "none", "this address or number was refused for this medium", "12 CFR 1006.14(h)(1)"),
    Fact("place_inconvenient", "point", "none", "the point is tied to, or the person is now at, a place called inconvenient", "12 CFR 1006.6(b)(1)(ii)"),
    Fact("employer_forbids", "point", "none", "the employer is known to forbid such contact at work", "12 CFR 1006.6(b)(3)"),
    Fact("stopped_at_work", "point", "none", "the person asked not to be called at work", "12 CFR 1006.6(b)(1)(ii)"),
    Fact("employer_provided", "point", "none", "the address is known to be the employer's", "12 CFR 1006.22(f)(3)"),
    Fact("email_route_consumer", "point", "none", "the consumer used or allowed the address with this collector", "12 CFR 1006.6(d)(4)(i)"),
    Fact("email_route_creditor", "point", "none", "the creditor's notice ran its course", "12 CFR 1006.6(d)(4)(ii)"),
    Fact("email_route_chain", "point", "none", "it came down from an earlier collector properly", "12 CFR 1006.6(d)(4)(iii)"),
    Fact("disclosure_known", "point", "none", "the address is known to have led to a third-party disclosure", "12 CFR 1006.6(d)(3)(ii)"),
    Fact("safe_harbour", "point", "none", "a procedure of 1006.6(d)(3)-(5) is met for this electronic message", "12 CFR 1006.6(d)(3)-(5)"),
    Fact("consents_to_text", "point", "none", "consent to texts at this number stands", "12 CFR 1006.6(d)(5)(ii); 47 CFR 64.1200(a)(1)"),
    Fact("consents_to_prerecorded", "point", "none", "consent to prerecorded or autodialled calls to this number stands", "47 CFR 64.1200(a)(1)"),
    Fact("recorded_revoked", "point", "none", "consent to autodialled or recorded contacts with this number was withdrawn, by whatever word, and not given anew", "47 CFR 64.1200(a)(10)"),
    Fact("recorded_revoked_anywhere", "point", "none", "the person withdrew such consent for any number or medium, and did not give it anew for this number", "47 CFR 64.1200(a)(10)"),
    Fact("known_bad_address", "point", "none", "mail to this address is known not to arrive", "12 CFR 1006 Supp. I, comment 42(a)(1)-3"),
    Fact("recipient_pays", "point", "none", "the person contacted would pay for the contact", "12 CFR 1006.22(d)"),
    # -- history
    Fact("happened", "history", "happened", "such a contact, statement or knowledge is on record", "rules/README.md#happened"),
    Fact("reply_open", "history", "reply", "the consumer contacted us and has had no answer since; the contact is declared a reply", "12 CFR 1006 Supp. I, comments 6(b)(1)-2, 6(b)(2)-1; 12 CFR 1006.14(h)(2)(ii)"),
    Fact("in_call_consent", "history", "none", "prior consent to calls covers this one", "12 CFR 1006.14(b)(3)(i)"),
    Fact("asked_to_be_called", "history", "none", "the person asked today to be called", "12 CFR 1006.14(b)(3)(i)"),
    Fact("third_party_reopened", "history", "none", "the third party asked for more contact, or answered wrongly and now knows better", "12 CFR 1006.10(c)"),
    Fact("called_at_bad_time", "history", "none", "in this call the person said that the time is inconvenient", "12 CFR 1006 Supp. I, comment 6(b)(4)(i)-1"),
    Fact("opt_out_confirmation_open", "history", "none", "an electronic opt-out from this address has not been confirmed yet", "12 CFR 1006.14(h)(2)(i)"),
    Fact("spoke_or_wrote", "history", "none", "the debt was talked over, or a message about it was out for 14 days without bouncing", "12 CFR 1006.30(a)(1)"),
)  # fmt: skip
FACTS: Final[dict[str, Fact]] = {fact.name: fact for fact in _ALL}
CONTACT_FACTS: Final = frozenset(f.name for f in _ALL if f.subject == "contact")


@dataclass(frozen=True, slots=True)
class Saying:
    """A word of `says`: the `shape` of its value (see SHAPES) and the words beside it."""

    name: str
    shape: str
    beside: tuple[str, ...] = ()
    means: str = ""


SHAPES: Final[dict[str, str]] = {
    "debts": "a list of debt ids",
    "disputes": "a list of debt ids, or of {debt, amount}",
    "debt": "a debt id",
    "debt_or_true": "a debt id, a list of them, or true",
    "point": "a contact point id",
    "points": "a contact point id or a list of them",
    "channel": "a channel",
    "hours": "{days, from, to, until}, or a list of it",
    "place": "home or work",
    "clock": "a time of day such as 23:00",
    "zone": "a zone such as America/New_York",
    "true": "true or false",
    "date": "a date",
    "person": "a person's id",
    "place_code": "a place such as US-MA",
    "consent": "{debt, number, date, on, until}",
    "callback": "{debt, on}",
    "messages": "{max, within}",
    "reassigned": "{point, since, answer}",
    "bankruptcy": "{filed, chapter, case}",
    "hold": "complaint, disaster_area, legal_hold or client_recall",
    "money": "{amount, date}",
}
_SAYINGS = (
    Saying("cease", "debts", means="stop all contact about these debts"),
    Saying("cease_or_refusal", "debts", means="stop contact, or I refuse to pay"),
    Saying("refuses_to_pay", "debts", means="I refuse to pay"),
    Saying("says_does_not_owe", "debts", means="I do not owe this"),
    Saying("disputes", "disputes", ("new_information",), "disputes the debt or a part of it"),
    Saying("requests_original_creditor", "debts", means="asks who the original creditor is"),
    Saying("requests_information", "debts", means="asks for information"),
    Saying("no_longer_represented", "debts", means="the attorney no longer acts"),
    Saying("attorney_consents_to_direct_contact", "debts", means="the attorney allows contact"),
    Saying("insurance_appeal_pending", "debts", means="an insurance appeal is pending"),
    Saying("charity_care_application_pending", "debts", means="charity care was applied for"),
    Saying("requests_itemized_statement", "debts", means="asks for an itemized statement"),
    Saying("wants_contact_through_attorney", "debts", means="contact my attorney instead"),
    Saying("identity_theft_papers", "debts", means="sent papers of identity theft"),
    Saying("coerced_debt_papers", "debts", means="sent papers of coerced debt"),
    Saying("workers_comp_pending", "debts", means="a workers' compensation claim is pending"),
    Saying("opt_out_address", "point", means="do not use this address"),
    Saying("opt_out_number_text", "point", means="no texts to this number (STOP)"),
    Saying("do_not_use_number", "point", means="do not use this number"),
    Saying("consents_to_text", "points", means="texts to this number are fine"),
    Saying("consents_to_prerecorded_calls", "points", means="recorded calls are fine"),
    Saying("revokes_consent_to_prerecorded", "points", means="no more recorded calls"),
    Saying("number_not_consumers", "point", means="this number is somebody else's"),
    Saying("reassigned_since", "reassigned", means="what the reassigned-number check answered"),
    Saying("email_led_to_third_party_disclosure", "point", means="mail there reached another"),
    Saying("employer_provided", "point", means="this address is the employer's"),
    Saying("last_known_address", "point", means="this is the last known address"),
    Saying("known_bad_address", "point", means="mail to this address does not arrive"),
    Saying("recipient_pays", "point", means="the recipient pays for contacts there"),
    Saying("inconvenient", "hours", means="these hours do not suit"),
    Saying("withdraws_inconvenience", "hours", means="these hours suit after all"),
    Saying("inconvenient_place", "place", means="do not contact me there"),
    Saying("withdraws_inconvenient_place", "place", means="you may contact me there after all"),
    Saying("this_time_is_inconvenient", "true", means="not now"),
    Saying("ended_call_before_consent", "true", means="hung up before agreeing to anything"),
    Saying("cannot_take_personal_calls_at", "place", means="the employer forbids it"),
    Saying("stop_calls_at", "place", means="do not call me at work"),
    Saying("consents_to_calls_until", "clock", means="you may call as late as this"),
    Saying("current_location_zone", "zone", means="where the consumer is for now"),
    Saying("consumer_currently_at", "place", means="the consumer is there today"),
    Saying("working_hours", "hours", means="when the consumer works"),
    Saying("consents_to_call", "consent", means="you may call again"),
    Saying("revokes_consent_to_call", "debt_or_true", means="do not call again after all"),
    Saying("asks_to_be_called", "callback", means="please call me"),
    Saying("stop_medium", "channel", means="do not use this medium"),
    Saying("opt_out_medium", "channel", means="do not use this medium"),
    Saying("consents_to_medium", "channel", means="this medium is fine"),
    Saying("agrees_to_messages", "messages", means="so many messages are fine"),
    Saying("asks_for_more_contact", "person", means="the third party asks to be contacted again"),
    Saying("location_known", "true", means="the consumer's whereabouts are known"),
    Saying("represented_by", "person", ("debts", "address_known"), "an attorney acts"),
    Saying("attorney_unanswered_since", "date", ("debts",), "the attorney has not answered since"),
    Saying("attorney_written_to", "date", ("debts",), "we wrote to the attorney"),
    Saying("employee_notified", "date", means="the employee was told"),
    Saying("invites_visit", "date", means="a visit that day is welcome"),
    Saying("public_health_emergency", "place_code", means="declared there"),
    Saying("consented_to_electronic_statements", "true", means="electronic statements are fine"),
    Saying("financial_statement_received", "date", means="a financial statement came in"),
    Saying("third_party_answer_was_wrong", "true", means="the third party's answer was wrong"),
    Saying("third_party_now_has_correct_information", "true", means="and it knows better now"),
    # ours, beyond the case format: what the store must hold for federal law and the firm
    Saying("bankruptcy_filed", "bankruptcy", ("debts",), "a bankruptcy petition was filed; it stays every debt of the consumer"),
    Saying("bankruptcy_ended", "date", ("debts",), "the case was closed or dismissed, the stay was lifted, or the debts named arose after the petition"),
    Saying("discharged", "debts", means="a court discharged these debts"),
    Saying("reaffirmed", "debts", means="the consumer reaffirmed these debts"),
    Saying("active_duty", "true", means="the consumer serves in the armed forces"),
    Saying("tax_account_ineligible", "debts", means="on the list of 26 USC 6306(d)"),
    Saying("hold", "hold", ("debts",), "the firm holds the account"),
    Saying("releases_hold", "hold", ("debts",), "the firm releases the account"),
    Saying("promise_to_pay", "money", ("debts",), "promised to pay"),
    Saying("payment_plan", "debts", means="a payment plan is agreed"),
)  # fmt: skip
STATEMENTS: Final[dict[str, Saying]] = {saying.name: saying for saying in _SAYINGS}


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that a notice attaches, and how a contact declares that it is not carried out."""

    name: str
    means: str
    unmet_when: str


_DUTIES = (
    Duty("opt_out_notice", "say how to opt out of further messages to this address", "opt_out_notice: false"),
    Duty("initial_disclosure", "say that this is an attempt to collect a debt and that information will be used for it", "disclosure: none or subsequent"),
    Duty("subsequent_disclosure", "say that this comes from a debt collector", "disclosure: none"),
    Duty("disclosure_language", "make the disclosures in every language used", "a language used that is not among disclosure_languages"),
    Duty("identify_caller", "say who is calling", "sender_name: false_name"),
    Duty("identify_as_debt_collector", "say that the sender is a debt collector", "identifies_as_debt_collector: false"),
    Duty("no_debt_mention", "do not say that a debt is owed", "mentions_debt: true"),
    Duty("no_payment_request", "do not ask for payment", "requests_payment: true"),
    Duty("no_suit_threat", "do not sue or threaten to sue", "purpose: litigation"),
    Duty("check_limitation", "establish that the limitation period has not run before any suit or threat of suit", "never declared"),
    Duty("prerecorded_identification", "the recording says first who is responsible, and gives a number to call", "never declared"),
    Duty("prerecorded_opt_out", "the recording offers an opt-out", "opt_out_notice: false"),
    Duty("validation_notice_due", "give the validation information now or within five days", "never declared"),
    Duty("no_overshadowing", "say nothing that clouds the right to dispute", "never declared"),
    Duty("mark_disputed", "report the debt as disputed", "never declared"),
    Duty("review_active_duty", "have a person review: the consumer serves in the armed forces", "never declared"),
    Duty("no_safe_harbour", "no procedure of 1006.6(d)(3)-(5) covers this message", "never declared"),
    Duty("state_law_not_encoded", "the law of this place is not written yet; federal law alone decided", "never declared"),
    Duty("licence_unchecked", "whether a licence is needed here was not checked", "never declared"),
    Duty("live_contact_due", "the servicer must try to reach the borrower live by day 36", "never declared"),
    Duty("early_intervention_letter_due", "the servicer must write by day 45", "never declared"),
    Duty("tell_creditor_of_fraud", "tell the creditor that the debt may be fraudulent", "never declared"),
    Duty("model_form", "use the model form", "model_form: false"),
    Duty("recording_consent", "ask for consent before recording", "never declared"),
    Duty("actual_notice", "send it so that it can be expected to arrive", "never declared"),
)  # fmt: skip
DUTIES: Final[dict[str, Duty]] = {duty.name: duty for duty in _DUTIES}

AGREEMENTS: Final[dict[str, str]] = {
    "calls_until": "consents_to_calls_until, given to this collector during a lawful contact",
    "messages_max": "agrees_to_messages: its max",
    "messages_within": "agrees_to_messages: its within",
}
LIMITED_SUBJECTS: Final = frozenset(
    {"collector", "consumer", "account", "point", "history", "contact"}
)
assert all(fact.subject in LIMITED_SUBJECTS and fact.parameter in PARAMETERS for fact in _ALL)
assert all(saying.shape in SHAPES for saying in _SAYINGS)
assert set(words.ACCOUNT_DATES).isdisjoint(STATEMENTS)
