"""The one source of every portfolio column: name, type, nullability, meaning.

A portfolio is a directory with one Parquet file per table (engine/README.md). Every loader, sample
and importer reads its columns off `TABLES`; `schema_text` prints them. Instants are
UTC, civil dates are dates, money is exact decimal. `received_at` has legal effect; `recorded_at`
says when we knew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine import words
from engine.facts.catalogue import COLLECTOR_TYPES, LENDER_LICENCES, LINES, STATEMENTS

STRING: Final[pl.DataType] = pl.String()
FLAG: Final[pl.DataType] = pl.Boolean()
DAY: Final[pl.DataType] = pl.Date()
INSTANT: Final[pl.DataType] = pl.Datetime("us", "UTC")
MONEY: Final[pl.DataType] = pl.Decimal(12, 2)
STRINGS: Final[pl.DataType] = pl.List(pl.String())

PARTY_ROLES: Final = tuple(words.PARTY_ROLES)
ADDRESS_KINDS: Final = ("residential", "work")
LICENCES: Final = (*LENDER_LICENCES, "none")
HOLDERS: Final = ("creditor", "debt_buyer")
SURENESS: Final = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `words`: the closed list its values come from, if there is one.

    `refers`: the table whose key its values (for a list: its members) must be found in.
    """

    name: str
    dtype: pl.DataType
    nullable: bool
    means: str
    words: tuple[str, ...] | None = None
    refers: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One file `NAME.parquet`; the columns of `key` together name a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    means: str

    @property
    def file(self) -> str:
        """The file's name inside a portfolio directory."""
        return f"{self.name}.parquet"

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column names and Polars types, in order."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _must(
    name: str,
    dtype: pl.DataType,
    means: str,
    words: tuple[str, ...] | None = None,
    refers: str | None = None,
) -> Column:
    return Column(name, dtype, False, means, words, refers)


def _may(
    name: str,
    dtype: pl.DataType,
    means: str,
    words: tuple[str, ...] | None = None,
    refers: str | None = None,
) -> Column:
    return Column(name, dtype, True, means, words, refers)


_DATES: Final = {
    "defaulted": "when the debt went into default",
    "charged_off": "when the creditor wrote it off",
    "last_payment": "the last payment",
    "placed": "when it was placed with, or sold to, this collector",
    "first_bill": "the first bill after care or service",
    "final_invoice_due": "when the final invoice fell due",
    "final_statement_received": "when the final statement reached the consumer",
    "additional_bill": "when a bill was sent again",
    "collection_action_notice": "when notice of collection action was given",
    "payment_plan_offered": "when a payment plan was offered",
    "delinquent_since": "the due date of the oldest payment still missed",
    "collection_procedures_since": "when collection procedures began",
    "judgment": "when a court gave judgment on it",
    "itemization": "the itemization date of 12 CFR 1006.34(b)(3)",
}
assert set(_DATES) == set(words.ACCOUNT_DATES)
_RESULTS: Final = tuple(words.RESULTS)
_KINDS: Final = tuple(STATEMENTS)
_CONSUMER: Final = _must("consumer", STRING, "whose file the row stands in", refers="consumers")
_VALUE: Final = _may(
    "value",
    STRING,
    "JSON: what the word was given, where `accounts` and `point` do not say it all",
)
_MORE: Final = _may("more", STRING, "JSON: the words beside it, but for `debts` (-> accounts)")
_ACCOUNTS: Final = _may("accounts", STRINGS, "the debts it is about", refers="accounts")
_POINT: Final = _may("point", STRING, "the contact point it is about", refers="contact_points")
_RECEIVED: Final = _must("received_at", INSTANT, "when it reached the collector: legal effect")
_RECORDED: Final = _must("recorded_at", INSTANT, "when it was recorded: what we knew")

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "consumers",
            (
                _must("consumer", STRING, "the consumer's id in the caller's files"),
                _must("person", STRING, "the natural person: equal for rows of the same human"),
                _must("deceased", FLAG, "whether the consumer has died"),
                _may("surviving_spouse", STRING, "person id"),
                _may("personal_representative", STRING, "person id of who acts for the estate"),
            ),
            ("consumer",),
            "the people who owe, or are said to",
        ),
        Table(
            "accounts",
            (
                _must("account", STRING, "the account's id in the caller's files"),
                _must("consumer", STRING, "who owes it", refers="consumers"),
                _must("type", STRING, "type of debt", words.DEBT_TYPES),
                _must("collector", STRING, "the collector that works it"),
                _must(
                    "collector_role", STRING, "in what capacity it collects", words.COLLECTOR_ROLES
                ),
                _may("collector_type", STRING, "what business it is", COLLECTOR_TYPES),
                _may("collector_located_in", STRING, "the place it collects from, as in US-MA"),
                _may("creditor", STRING, "to whom it is owed"),
                _may(
                    "fdcpa_covered",
                    FLAG,
                    "the collector is a debt collector for it, 12 CFR 1006.2(i); null: unknown",
                ),
                _must("status", STRING, "whether it may be worked at all", words.ACCOUNT_STATUSES),
                _must("balance", MONEY, "dollars owed now"),
                _may("original_amount", MONEY, "dollars at the outset"),
                *(_may(name, DAY, _DATES[name]) for name in words.ACCOUNT_DATES),
                _may(
                    "servicing_account",
                    STRING,
                    "student loans: the account number under which they were serviced when "
                    "obtained; equal ones are one particular debt, 12 CFR 1006.14(b)(4)",
                ),
                _may("hospital_debt", FLAG, "owed to a hospital"),
                _may("lender_licence", STRING, "the licence the lender held", LICENCES),
                _may("secured_by", STRING, "the property that secures it"),
                _may("cosigned", FLAG, "somebody else is liable too"),
                _may("holder", STRING, "who owns it: its creditor, or who bought it", HOLDERS),
                _may("contract_form", STRING, "written, oral, open_ended, ..."),
                _may("governing_law", STRING, "the place whose law the contract chose"),
            ),
            ("account",),
            "debts: one row is one particular debt in Regulation F's sense",
        ),
        Table(
            "account_parties",
            (
                _must("account", STRING, "the account", refers="accounts"),
                _must("person", STRING, "person id of the other human on it"),
                _must("role", STRING, "what they are to it", PARTY_ROLES),
            ),
            ("account", "person", "role"),
            "other people on an account",
        ),
        Table(
            "contact_points",
            (
                _must("point", STRING, "the contact point's id"),
                _CONSUMER,
                _must("kind", STRING, "kind of contact point", words.POINT_KINDS),
                _must("owner", STRING, "person id of whoever is reached there"),
                _must("whom", STRING, "that person's role", words.OWNER_ROLES),
                _may("number", STRING, "phone number in E.164, or the e-mail address"),
                _may("special_line", STRING, "47 USC 227(b)(1)(A)(i),(ii)", LINES),
                _may(
                    "email_provenance",
                    STRING,
                    "JSON: how the address was obtained, 12 CFR 1006.6(d)(4), in the words of a "
                    "case file's `email_provenance`",
                ),
            ),
            ("point",),
            "phone numbers, addresses, accounts at which somebody is reached",
        ),
        Table(
            "addresses",
            (
                _must("address", STRING, "the address's id"),
                _CONSUMER,
                _must("kind", STRING, "home or place of work", ADDRESS_KINDS),
                _must("state", STRING, "two letters, as in MA"),
                _may("postal_code", STRING, "five digits"),
                _may("county", STRING, "county or its equivalent, as the postal service names it"),
                _may("since", DAY, "first day"),
                _may("until", DAY, "last day"),
                _must("source", STRING, "who said so: consumer, creditor, bureau, ..."),
                _RECEIVED,
                _RECORDED,
                _must("known_bad", FLAG, "mail is known not to arrive"),
            ),
            ("address",),
            "where consumers live and work, and since when",
        ),
        Table(
            "contacts",
            (
                _must("contact", STRING, "the contact's id"),
                _CONSUMER,
                _must("channel", STRING, "how", words.CHANNELS),
                _must("direction", STRING, "out: by the collector; in: to it", words.DIRECTIONS),
                _POINT,
                _must("at", INSTANT, "when it was placed, sent or received"),
                _may("result", STRING, "what came of it", _RESULTS),
                _may("message_possible", FLAG, "false: no message could be left"),
                _may("intended_for", STRING, "person id of whom it was meant for"),
                _may("reached", STRING, "person id of who answered"),
                _may("attributed_to", STRINGS, "accounts it was charged to", refers="accounts"),
                _may("discussed", STRINGS, "accounts talked about", refers="accounts"),
                _may(
                    "conversation_attributed_to",
                    STRINGS,
                    "accounts the conversation was charged to",
                    refers="accounts",
                ),
                _may("initiated_by", STRING, "consumer or collector, where recorded"),
                _may("technology", STRING, "how a call was placed", words.TECHNOLOGIES),
                _may("purpose", STRING, "what for; null: collection", words.PURPOSES),
                _may("content", STRING, "what it was or held", words.CONTENTS),
                _may("disclosure", STRING, "which disclosure was made", words.DISCLOSURES),
                _must("reply_to_consumer", FLAG, "an answer to what the consumer sent"),
                _must("automated", FLAG, "composed by a machine"),
                _may("opt_out_notice", FLAG, "whether it said how to opt out"),
                _may("validation_period_end", DAY, "the date printed in a validation notice"),
                _must("collector", STRING, "who made it, or to whom it came"),
                _may("source", STRING, "the system that reported it"),
                _may("source_id", STRING, "its id there"),
                _RECORDED,
            ),
            ("contact",),
            "everything placed, sent or received",
        ),
        Table(
            "statements",
            (
                _must("statement", STRING, "the statement's id"),
                _CONSUMER,
                _must("kind", STRING, "the word of `says`", _KINDS),
                _may(
                    "by",
                    STRING,
                    "person id of who made it; null: the consumer. Who that is, is "
                    "told by contact_points or account_parties; else it is an outsider",
                ),
                _must("to", STRING, "to whom it was made", words.STATEMENT_TARGETS),
                _must("medium", STRING, "by what medium", words.MEDIA),
                _must(
                    "accepted_medium",
                    FLAG,
                    "for an electronic medium: one the collector takes such statements by",
                ),
                _may("during_lawful_contact", FLAG, "made during a contact that was lawful"),
                _may(
                    "after_opt_out_deadline",
                    FLAG,
                    "an opt-out made after the period of 12 CFR 1006.6(d)(4)(ii)(C)",
                ),
                _ACCOUNTS,
                _POINT,
                _VALUE,
                _MORE,
                _must("made_at", INSTANT, "when it was made"),
                _RECEIVED,
                _RECORDED,
                _may("source", STRING, "where it was noted"),
            ),
            ("statement",),
            "what somebody told the collector",
        ),
        Table(
            "knowledge",
            (
                _must("knowledge", STRING, "the row's id"),
                _CONSUMER,
                _must("kind", STRING, "the word of `says`", _KINDS),
                _must("source", STRING, "from whom or where", words.SOURCES),
                _ACCOUNTS,
                _POINT,
                _VALUE,
                _MORE,
                _RECEIVED,
                _RECORDED,
            ),
            ("knowledge",),
            "what the collector learned otherwise",
        ),
    )
}

OPTIONAL: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "collectors",
            (
                _must("collector", STRING, "the collector's id in the caller's files"),
                _must(
                    "collector_role", STRING, "in what capacity it collects", words.COLLECTOR_ROLES
                ),
                _may("collector_type", STRING, "what business it is", COLLECTOR_TYPES),
                _may("collector_located_in", STRING, "the place it collects from, as in US-MA"),
                _may(
                    "licences",
                    STRING,
                    'JSON: by place, the last day of its licence or "unlimited"; null: not told',
                ),
            ),
            ("collector",),
            "those who collect, with their licences",
        ),
        Table(
            "same_persons",
            (
                _must("person", STRING, "a person id"),
                _must("other", STRING, "another person id of the same human"),
                _must("source", STRING, "who says so"),
                _must("confidence", STRING, "how sure it is; only high joins", SURENESS),
            ),
            ("person", "other"),
            "person ids that are, or may be, one human",
        ),
    )
}
"""Files that a portfolio may leave out."""
EVERY: Final[dict[str, Table]] = {**TABLES, **OPTIONAL}

# How a word's value is laid over the columns accounts, point and value, by its shape
# (engine.facts.catalogue.SHAPES). `scheduler.said` puts it together again.
LAYOUT: Final[dict[str, str]] = {
    "debts": "accounts; value null",
    "debt": "accounts holds the one; value null",
    "disputes": 'accounts; value {"ACCOUNT": "120.00"} for those disputed in part',
    "point": "point; value null",
    "points": "point, one row for each point; value null",
    "consent": 'accounts [debt], point for number; value {"on", "date", "until"}, those given',
    "person": "value, a JSON text",
    "debt_or_true": "value; accounts repeats the debts named, if any",
    "reassigned": "value; point repeats the point named",
    "callback": "value; accounts repeats the debt named, if any",
}
LAYOUT_ELSE: Final = "value"
