"""Which column answers which fact, and where a column leaves the answer to the plain function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl

from ..rule import Ask
from .bankruptcy import bankruptcy_stay, codebtor_stay, discharged, ends_near
from .points import (
    address_stopped,
    at_work,
    employer_provided,
    known_bad_address,
    medium_stopped,
    of_point,
    place_inconvenient,
    said_true,
)
from .prepare import Prepared, files_of
from .statuses import (
    UNKNOWN,
    Column,
    about,
    attorney_consents,
    attorney_silent,
    awaiting,
    ceased,
    disputed,
    disputes,
    hold_is,
    initial_communication_made,
    represented,
    silences,
)


def _account(cand: pl.DataFrame, prepared: Prepared, test: pl.Expr) -> pl.Series:
    codes = prepared.accounts.select("a", test.cast(pl.UInt8).fill_null(UNKNOWN).alias("state"))
    return codes["state"].gather(cand["a"])  # accounts are sorted by a, from 0


def of_account(test: Callable[[Prepared, Ask], pl.Expr]) -> Column:
    """A fact that is an expression of the account's own row; null is unknown."""
    return lambda prepared, cand, ask: _account(cand, prepared, test(prepared, ask))


def _past_due(prepared: Prepared, ask: Ask) -> pl.Expr:
    since = pl.coalesce("delinquent_since", "defaulted")
    assert isinstance(ask.parameter, int)
    return (pl.lit(prepared.day) - since) > timedelta(days=ask.parameter)


def _amount(prepared: Prepared, ask: Ask) -> pl.Expr:
    assert isinstance(ask.parameter, int)
    return pl.col("original_amount").cast(pl.Float64) > ask.parameter


def _cosigned(prepared: Prepared, ask: Ask) -> pl.Expr:
    """`asking._cosigned`."""
    liable = prepared.parties.filter(pl.col("role") == "co_debtor")["a"].unique()
    on_it = pl.col("a").is_in(liable.implode())
    return pl.when(on_it).then(pl.lit(value=True)).otherwise(pl.col("cosigned"))


def _listed(name: str) -> Column:
    def test(prepared: Prepared, ask: Ask) -> pl.Expr:
        asked = ask.parameter if isinstance(ask.parameter, tuple) else (str(ask.parameter),)
        return pl.col(name).is_in(asked)

    return of_account(test)


def doubtful(prepared: Prepared, fact: str) -> pl.Series | None:
    """Files (fp) whose answer may hang on a zone's own day, or is too rare to have a column.

    None: no file. The plain function answers for these, in each zone.
    """
    day = prepared.day
    kinds: tuple[str, ...] = ()
    since = None
    match fact:
        case "address_stopped":
            return _noted_elsewhere(
                prepared, "opt_out_address", "opt_out_number_text", "do_not_use_number"
            )
        case "place_inconvenient":
            kinds, since = ("consumer_currently_at",), day - timedelta(days=2)
        case "attorney_silent":
            return silences(prepared)[1]
        case "bankruptcy_stay" | "codebtor_stay":
            return ends_near(prepared)
        case "dispute_open" | "duplicative_dispute_open" | "original_creditor_request_open":
            return disputes(prepared, fact)[1]
        case "dispute_is_partial":
            kinds = ("disputes",)
        case "recorded_revoked" | "recorded_revoked_anywhere" | "consents_to_prerecorded":
            kinds = ("revokes_consent_to_prerecorded", "do_not_use_number", "opt_out_address",
                     "opt_out_number_text", "stop_medium", "opt_out_medium",
                     "consents_to_prerecorded_calls", "consents_to_text", "cease",
                     "cease_or_refusal", "revokes_consent_to_call")  # fmt: skip
    return files_of(prepared, kinds, since) if kinds else None


def _noted_elsewhere(prepared: Prepared, *kinds: str) -> pl.Series:
    """Files (fp) with a point of somebody bound by a word of these kinds in another's file."""
    told = prepared.bound.filter(pl.col("kind").is_in(kinds)).select("who", noted="fp").unique()
    points = prepared.points.select("tp", "fp").join(told, left_on="tp", right_on="who")
    return points.filter(pl.col("fp") != pl.col("noted"))["fp"].unique()


def _no(prepared: Prepared, cand: pl.DataFrame, ask: Ask) -> pl.Series:
    """No, but for the files that `doubtful` names."""
    return pl.zeros(len(cand), dtype=pl.UInt8, eager=True)


COLUMNS: dict[str, Column] = {
    "fdcpa_covered": of_account(lambda _, __: pl.col("fdcpa_covered")),
    "account_open": of_account(lambda _, __: pl.col("status") == "open"),
    "hospital_debt": of_account(lambda _, __: pl.col("hospital_debt")),
    "secured": of_account(
        lambda _, __: pl.when(pl.col("secured_by").is_not_null()).then(pl.lit(value=True))
    ),
    "cosigned": of_account(_cosigned),
    "judgment_entered": of_account(
        lambda prepared, _: (pl.col("judgment") <= prepared.day).fill_null(value=False)
    ),
    "held_by_debt_buyer": of_account(
        lambda _, __: (
            pl.when(pl.col("collector_role") == "debt_buyer")
            .then(pl.lit(value=True))
            .otherwise(pl.col("holder") == "debt_buyer")
        )
    ),
    "collector_type_is": _listed("collector_type"),
    "lender_licence_is": _listed("lender_licence"),
    "days_past_due_over": of_account(_past_due),
    "original_amount_over": of_account(_amount),
    "ceased": ceased,
    "represented": represented,
    "attorney_consents": attorney_consents,
    "attorney_silent": attorney_silent,
    "disputed": disputed,
    "dispute_open": awaiting,
    "duplicative_dispute_open": awaiting,
    "dispute_is_partial": _no,
    "original_creditor_request_open": awaiting,
    "initial_communication_made": initial_communication_made,
    "identity_theft_claimed": about("identity_theft_papers"),
    "tax_ineligible": about("tax_account_ineligible"),
    "bankruptcy_stay": bankruptcy_stay,
    "codebtor_stay": codebtor_stay,
    "discharged": discharged,
    "hold_is": hold_is,
    "deceased": lambda prepared, cand, _: (
        prepared.consumers.sort("c")["deceased"].cast(pl.UInt8).gather(cand["c"])
    ),
    "active_duty": said_true("active_duty"),
    "location_known": said_true("location_known"),
    "electronic_statements_consented": said_true("consented_to_electronic_statements"),
    "medium_stopped": medium_stopped,
    "address_stopped": address_stopped,
    "place_inconvenient": place_inconvenient,
    "employer_forbids": at_work("cannot_take_personal_calls_at"),
    "stopped_at_work": at_work("stop_calls_at"),
    "employer_provided": employer_provided,
    "known_bad_address": known_bad_address,
    "recipient_pays": of_point("recipient_pays"),
    "disclosure_known": of_point("email_led_to_third_party_disclosure"),
    "recorded_revoked": _no,
    "recorded_revoked_anywhere": _no,
    "consents_to_prerecorded": _no,
}
