"""The closed vocabularies of law and of the field: channels, points, roles, debts, results.

Every word a rule, a case or a portfolio may use stands here or in `engine.facts.catalogue`, with
what it means. Sources: rules/README.md and the case format; 12 CFR 1006.2 where law defines a word.
"""

from __future__ import annotations

from typing import Final

YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"
TRI: Final = (YES, NO, UNKNOWN)

CHANNELS: Final = (
    "call",
    "voicemail",  # a message sent without ringing ("ringless")
    "text",
    "email",
    "mail",
    "social",
    "visit",
    "web",
    "furnish_to_cra",
)
CHANNEL_ALIASES: Final = {"ringless_voicemail": "voicemail"}
DEFAULT_CHANNELS: Final = frozenset(CHANNELS) - {"furnish_to_cra", "web"}
VOICE_CHANNELS: Final = frozenset({"call", "voicemail"})
ELECTRONIC_CHANNELS: Final = frozenset({"text", "email", "social"})
WRITTEN_CHANNELS: Final = frozenset({"text", "email", "mail", "social"})

POINT_KINDS: Final = (
    "mobile",
    "home_landline",
    "work_phone",
    "phone",  # a telephone of unknown kind: matches every `to`
    "email_personal",
    "email_work",
    "home_mail",
    "work_mail",
    "home_visit",
    "work_visit",
    "web_portal",
    "social_media_private",
    "social_media_public",
    "cra",
)
UNKNOWN_KIND: Final = "phone"
POINT_GROUPS: Final = {
    "personal_phone": frozenset({"mobile", "home_landline"}),
    "home": frozenset({"home_landline", "home_mail", "home_visit"}),
    "workplace": frozenset({"work_phone", "work_mail", "email_work", "work_visit"}),
    # texts go to a phone of any kind, hence the phones; email and social by kind
    "electronic": frozenset(
        {"email_personal", "email_work", "social_media_private", "social_media_public"}
    ),
}
PHONE_KINDS: Final = frozenset({"mobile", "home_landline", "work_phone", "phone"})
HOME_KINDS: Final = POINT_GROUPS["home"]
WORK_KINDS: Final = POINT_GROUPS["workplace"]
CHANNELS_OF_KIND: Final = {
    "mobile": ("call", "voicemail", "text"),
    "home_landline": ("call", "voicemail"),
    "work_phone": ("call", "voicemail"),
    "phone": ("call", "voicemail", "text"),
    "email_personal": ("email",),
    "email_work": ("email",),
    "home_mail": ("mail",),
    "work_mail": ("mail",),
    "home_visit": ("visit",),
    "work_visit": ("visit",),
    "web_portal": ("web",),
    "social_media_private": ("social",),
    "social_media_public": ("social",),
    "cra": ("furnish_to_cra",),
}

# Who owns a contact point. 12 CFR 1006.6(a)(1)-(5) widens "consumer" as CONSUMER_ROLES does.
OWNER_ROLES: Final = (
    "consumer",
    "spouse",
    "parent",  # of a minor consumer
    "guardian",
    "representative",  # executor, administrator, informal personal representative
    "successor",  # confirmed successor in interest
    "household_member",
    "third_party",
    "employer",
    "attorney",
    "creditor",
    "cra",
)
CONSUMER_ROLES: Final = frozenset(
    {"consumer", "spouse", "parent", "guardian", "representative", "successor"}
)
THIRD_PARTY_ROLES: Final = frozenset({"third_party", "household_member", "employer"})
PROFESSIONAL_ROLES: Final = frozenset({"attorney", "cra", "creditor"})
# To whom the answer to a dispute may go: 12 CFR 1006.38(c), (d)(2), and 1006.6(b)(2) for counsel.
ANSWERED_ROLES: Final = CONSUMER_ROLES | {"attorney"}
PARTY_ROLES: Final = {
    "co_debtor": "consumer",
    "spouse": "spouse",
    "guardian": "guardian",
    "executor": "representative",
    "successor": "successor",
}
"""What another human on an account is (`account_parties`), as an owner's role."""
OWNER_PREFIXES: Final = (  # longest first: the prefix of a case's `belongs_to`
    ("SPOUSE", "spouse"),
    ("PARENT", "parent"),
    ("GUARD", "guardian"),
    ("ATTY", "attorney"),
    ("CRED", "creditor"),
    ("SUCC", "successor"),
    ("REP", "representative"),
    ("EMP", "employer"),
    ("CRA", "cra"),
    ("HH", "household_member"),
    ("TP", "third_party"),
    ("P", "consumer"),
)
WHOM: Final = {
    "consumer": CONSUMER_ROLES,
    "consumer_only": frozenset({"consumer"}),
    "spouse": frozenset({"spouse"}),
    "parent": frozenset({"parent"}),
    "guardian": frozenset({"guardian"}),
    "third_party": THIRD_PARTY_ROLES,
    "household_member": frozenset({"household_member"}),
    "employer": frozenset({"employer"}),
    "attorney": frozenset({"attorney"}),
    "creditor": frozenset({"creditor"}),
    "cra": frozenset({"cra"}),
}

COLLECTOR_ROLES: Final = ("third_party", "debt_buyer", "creditor", "law_firm", "servicer")
DEBT_TYPES: Final = (
    "credit_card",
    "medical",
    "student_loan",
    "mortgage",
    "auto",
    "utility",
    "telecom",
    "rent",
    "payday",
    "installment",
    "government",
    "tax",
    "other",
    "unspecified",
)
ACCOUNT_DATES: Final = (
    "defaulted",
    "charged_off",
    "last_payment",
    "placed",
    "first_bill",
    "final_invoice_due",
    "final_statement_received",
    "additional_bill",
    "collection_action_notice",
    "payment_plan_offered",
    "delinquent_since",
    "collection_procedures_since",
    "judgment",
    "itemization",
)
ACCOUNT_STATUSES: Final = ("open", "closed", "paid", "recalled", "sold")

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

FORCES: Final = ("prohibition", "presumption", "policy")
KINDS: Final = ("block", "require", "notice", "window", "limit", "wait")
CONFIDENCES: Final = ("high", "medium", "low")
TECHNOLOGIES: Final = ("manual", "autodialled", "prerecorded")
DIRECTIONS: Final = ("out", "in")

# What a contact can count as (12 CFR 1006.2(b),(d),(j); 1006.14(b)(3)(ii) and its comment 1).
COUNTS: Final = ("attempts", "connected", "communications", "conversations")
_TALK = frozenset(COUNTS)
_RUNG = frozenset({"attempts", "connected"})
_SENT = frozenset({"attempts", "communications"})
RESULTS: Final[dict[str, frozenset[str]]] = {
    "conversation": _TALK,
    "conversation_then_dropped": _TALK,
    "answered_in_progress": _TALK,
    "voicemail_left": frozenset({"attempts", "connected", "communications"}),
    "answered_then_dropped": _RUNG,
    "voicemail_full_no_ring": _RUNG,
    "no_answer": _RUNG,
    "busy": frozenset({"attempts"}),
    "not_in_service": frozenset({"attempts"}),
    "sent": _SENT,
    "delivered": _SENT,  # by voicemail also connected: see history.counts_as
    "received": frozenset({"communications"}),
    "undeliverable": frozenset(),
    "session_started": frozenset(),
    "session_ended": frozenset(),
    "furnished": frozenset({"attempts"}),
}
BINDS_IF_TOLD_TO_US: Final = frozenset(
    {
        "cease", "cease_or_refusal", "refuses_to_pay", "disputes", "requests_original_creditor",
        "requests_information", "requests_itemized_statement", "opt_out_address",
        "opt_out_number_text", "do_not_use_number", "opt_out_medium", "stop_medium",
        "consents_to_text", "consents_to_prerecorded_calls", "consents_to_calls_until",
        "consents_to_call", "asks_to_be_called", "consents_to_medium", "agrees_to_messages",
        "invites_visit",
    }
)  # fmt: skip
"""Cease, opt-outs, requests and consent bind only the collector they were told to."""
NAME_A_MEDIUM: Final = frozenset({"stop_medium", "opt_out_medium", "consents_to_medium"})
"""Words about one medium: such an event is one that names the medium asked about."""
RECEIPTS: Final = frozenset({"undeliverable", "session_started", "session_ended"})

PURPOSES: Final = (
    "collection",
    "location",
    "validation_notice",
    "verification",
    "payment_reminder",
    "settlement",
    "litigation",
    "information_requested",
    "contact_request",
    "consent_request",
    "live_contact_outreach",
    "legally_required_notice",
    "specific_remedy_notice",
    "advise_efforts_ending",
    "stop_confirmation",
    "modified_early_intervention_notice",
    "ask_convenience",
    "ask_consent_to_continue",
    "possible_remedies_notice",
    "medical_debt_notice",
    "employment_verification",
    "debt_counselling",
    "original_creditor_information",
)
CONTENTS: Final = (
    "validation_notice",
    "verification",
    "itemized_statement",
    "medical_debt_notice",
    "limited_content_message",
    "modified_early_intervention_notice",
    "duplicative_dispute_notice",
    "judgment_copy",
    "original_creditor_information",
)
DISCLOSURES: Final = ("initial_full", "subsequent", "none")
SENDER_NAMES: Final = ("true_name", "false_name")
VISIBILITIES: Final = ("recipient_only", "contacts")
FLAGS: Final = (
    "reply_to_consumer",
    "same_call",
    "during_consumer_session",
    "call_in_progress",
    "automated",
    "autodialled",
    "prerecorded",
    "excludes_disputed_part",
    "opt_out_notice",
    "opt_out_requires_information",
    "requests_payment",
    "mentions_debt",
    "identifies_as_debt_collector",
    "obscene",
    "postcard",
    "envelope_reveals_debt",
    "model_form",
)

MEDIA: Final = (
    "oral",
    "written",
    "postal_letter",
    "certified_mail",
    "registered_mail",
    "courier_delivery",
    "returned_tear_off_form",
    "email",
    "text",
    "electronic",
    "collector_portal_message",
)
ELECTRONIC_MEDIA: Final = frozenset({"email", "text", "electronic", "collector_portal_message"})
STATEMENT_TARGETS: Final = ("this_collector", "creditor", "previous_collector")
SOURCES: Final = (
    "consumer",
    "consumer_email",
    "attorney",
    "creditor_file",
    "own_records",
    "own_research",
    "third_party",
    "owner_of_number",
    "payment_processor",
    "fcc_reassigned_numbers_database",
)
EXCLUSIONS: Final = (
    "in_call_consent",
    "to_professional",
    "misdirected",
    "reply_to_consumer",
    "returned_at_request",
    "not_connected",
    "no_message_possible",
    "returned",
    "returned_within",  # takes {returned_within: N days}
    "conversation",
)
UNITS: Final = (
    "person",
    "particular_debt",
    "account",
    "household",
    "consumer",
    "point",
    "line",
    "workplace",
)


def owner_role(belongs_to: str) -> str | None:
    """The role that the prefix of a case's `belongs_to` stands for, or None if it has none.

    >>> owner_role("ATTY1"), owner_role("P1"), owner_role("X1")
    ('attorney', 'consumer', None)
    """
    for prefix, role in OWNER_PREFIXES:
        if belongs_to.startswith(prefix):
            return role
    return None


def kinds_of_words(words: frozenset[str]) -> frozenset[str]:
    """The point kinds that words of a rule's `to` stand for (groups opened)."""
    found: set[str] = set()
    for word in words:
        found |= POINT_GROUPS.get(word, frozenset({word}))
    return frozenset(found)
