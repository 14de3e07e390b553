"""Made-up accounts: what is owed, to whom, since when, and who collects it in what capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine import words

from ..store.schema import MONEY, TABLES
from .dice import choose, normal, unit
from .people import Chunk, day_ago, padded


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of debt: its share, the median balance in dollars and its spread, its creditors."""

    share: float
    median: float
    spread: float
    creditors: tuple[str, ...]


TYPES: Final = {
    "medical": Kind(
        30, 520, 1.1, ("Lakeside General Hospital", "Valley Imaging", "Northgate Clinic")
    ),
    "credit_card": Kind(21, 2400, 0.9, ("First Example Bank", "Prairie Card Services")),
    "telecom": Kind(12, 310, 0.7, ("Example Mobile", "Blue Ridge Broadband")),
    "utility": Kind(9, 280, 0.8, ("Example Power and Light", "City Water Works")),
    "installment": Kind(6, 1900, 0.8, ("Example Finance", "Corner Loans")),
    "auto": Kind(4.5, 7200, 0.6, ("Example Auto Credit",)),
    "student_loan": Kind(3.5, 9400, 0.8, ("Example Education Trust",)),
    "rent": Kind(4, 1700, 0.7, ("Maple Court Apartments", "Example Property Group")),
    "payday": Kind(3, 420, 0.5, ("Fast Example Cash",)),
    "government": Kind(2, 640, 0.9, ("Example County",)),
    "mortgage": Kind(1.6, 84000, 0.7, ("Example Home Loans",)),
    "tax": Kind(0.6, 3100, 1.0, ("United States Treasury",)),
    "other": Kind(2.2, 350, 0.9, ("Example Fitness", "Book Club of Example")),
    "unspecified": Kind(0.6, 500, 0.9, ("Example Trading",)),
}
BOOKS: Final = {  # collector: (share, role, type, located in)
    "AGENCY": (81.0, "third_party", None, "US-OH"),
    "BUYER": (8.0, "debt_buyer", None, "US-TX"),
    "LAWFIRM": (3.0, "law_firm", None, "US-MD"),
    "CREDITOR": (4.0, "creditor", None, "US-DE"),
    "SERVICER": (4.0, "servicer", None, "US-SD"),
}
MORTGAGE_SERVICER: Final = "HOMELOANS"
SERVICED: Final = ("mortgage", "student_loan", "auto")


def accounts_core(chunk: Chunk, frame: pl.DataFrame, used: int) -> pl.DataFrame:
    """One row per account of these consumers; `used` account ids are taken.

    Columns: a (number), i, at (the consumer's place), rank (which of the consumer's), account,
    type, collector, role, placed_back and default_back (days ago), and what `accounts` needs.
    """
    seed = chunk.seed
    a = pl.col("a")
    core = (
        frame.select("i", "at", "consumer", "n", "zone_id", rank=pl.int_ranges(0, pl.col("n")))
        .explode("rank")
        .with_columns(a=pl.int_range(used, used + pl.len(), dtype=pl.UInt64()))
        .with_columns(account=padded("A", pl.col("a") + 1))
    )
    shares = {name: kind.share for name, kind in TYPES.items()}
    student = unit(pl.col("i"), seed, "student") < 0.035
    core = core.with_columns(
        type=pl.when(student & (unit(a, seed, "loan") < 0.75))
        .then(pl.lit("student_loan"))
        .otherwise(choose(unit(a, seed, "type"), shares)),
        book=choose(unit(a, seed, "book"), {name: book[0] for name, book in BOOKS.items()}),
        moment=unit(a, seed, "placed"),
        grace=unit(a, seed, "grace"),
        early=unit(a, seed, "early"),
    )
    serviced = pl.col("type").is_in(SERVICED)
    book = (
        pl.when((pl.col("type") == "mortgage") & (pl.col("book") != "BUYER"))
        .then(pl.lit(MORTGAGE_SERVICER))
        .when(~serviced & (pl.col("book") == "SERVICER"))
        .then(pl.lit("AGENCY"))
        .otherwise("book")
    )
    placed = (pl.col("moment") ** 1.8 * 880).cast(pl.Int64()) + 2
    core = core.with_columns(collector=book, placed_back=placed)
    servicing = pl.col("collector").is_in(["SERVICER", MORTGAGE_SERVICER])
    own = pl.col("collector") == "CREDITOR"
    # a servicer or creditor had it before default; some such accounts are not in default at all
    before = servicing & (pl.col("early") < 0.8) | own
    ago = (pl.col("grace") ** 1.5 * 1100).cast(pl.Int64())
    return core.with_columns(
        before=before,
        default_back=pl.when(before)
        .then(
            pl.when(pl.col("early") < 0.7).then(
                (pl.col("placed_back") * pl.col("grace")).cast(pl.Int64()) + 1
            )
        )
        .otherwise(pl.col("placed_back") + ago + 45),
        covered=pl.when(unit(a, seed, "covered") < 0.012)
        .then(None)
        .otherwise(~before & (unit(a, seed, "not covered") >= 0.01)),
    )


def accounts(chunk: Chunk, core: pl.DataFrame) -> pl.DataFrame:
    """The rows of table `accounts`."""
    seed, today = chunk.seed, chunk.today
    a = pl.col("a")
    kind = pl.col("type")

    def chance(stream: str, share: float) -> pl.Expr:
        return unit(a, seed, stream) < share

    def between(stream: str, least: int, most: int) -> pl.Expr:
        return (unit(a, seed, stream) * (most - least)).cast(pl.Int64()) + least

    default, placed = pl.col("default_back"), pl.col("placed_back")
    median = kind.replace_strict({n: k.median for n, k in TYPES.items()}, return_dtype=pl.Float64())
    spread = kind.replace_strict({n: k.spread for n, k in TYPES.items()}, return_dtype=pl.Float64())
    size = median * (spread * normal(unit(a, seed, "balance"))).exp()
    cents = (size * 100).round().cast(pl.Int64()).clip(1500, 99_999_999_99)
    lenders = pl.concat_str(kind, between("creditor", 0, 6) % 6)
    names = {
        f"{name}{n}": one.creditors[n % len(one.creditors)]
        for name, one in TYPES.items()
        for n in range(6)
    }
    care = kind == "medical"
    bills = kind.is_in(["medical", "utility", "telecom"])
    written_off = kind.is_in(["credit_card", "installment", "payday", "auto", "telecom"])
    charge = pl.when(written_off & chance("charged", 0.85)).then(
        default - between("charge", 90, 181)
    )
    charge = pl.when(charge > placed).then(charge)  # written off before it was placed
    first_bill = pl.when(bills).then(default + between("first bill", 60, 150))
    statement = pl.when(bills & chance("final", 0.85)).then(default + between("last bill", 0, 55))
    later = chance("paid later", 0.07) & (placed > 20)
    payment = (
        pl.when(later)
        .then((placed * unit(a, seed, "pays")).cast(pl.Int64()) + 1)
        .when(chance("paid", 0.7))
        .then(default.fill_null(25) + between("last pay", 1, 90))
    )
    judged = chance("judged", 0.02) & (placed > 60)
    days = {
        "defaulted": default,
        "charged_off": charge,
        "last_payment": payment,
        "placed": placed,
        "first_bill": first_bill,
        "final_invoice_due": pl.when(bills).then(statement - 30),
        "final_statement_received": statement,
        "additional_bill": pl.when(care & chance("again", 0.2)).then(default - 20),
        "collection_action_notice": pl.when(care & chance("warned", 0.6)).then(default - 10),
        "payment_plan_offered": pl.when(care & chance("plan", 0.5)).then(default - 5),
        "delinquent_since": (default + between("late", 28, 33)).fill_null(
            pl.when(chance("late at all", 0.6)).then(between("late by", 3, 75))
        ),
        "collection_procedures_since": pl.when(chance("procedures", 0.8)).then(placed - 1),
        "judgment": pl.when(judged).then((placed * 0.5).cast(pl.Int64())),
        "itemization": charge.fill_null(statement).fill_null(default),
    }
    loan = kind == "student_loan"
    consumer_loan = padded("L", pl.col("i") + 1)
    single_loan = padded("LS", a + 1)
    columns: dict[str, pl.Expr] = {
        "account": pl.col("account"),
        "consumer": pl.col("consumer"),
        "type": kind,
        "collector": pl.col("collector"),
        "collector_role": _of_book(1),
        "collector_type": pl.when(pl.col("collector") == MORTGAGE_SERVICER).then(
            pl.lit("mortgage_servicer")
        ),
        "collector_located_in": _of_book(3),
        "creditor": lenders.replace_strict(names, return_dtype=pl.String()),
        "fdcpa_covered": pl.col("covered"),
        "status": choose(
            unit(a, seed, "status"),
            {"open": 93, "closed": 3, "paid": 2, "recalled": 1.5, "sold": 0.5},
        ),
        "balance": (cents.cast(pl.Decimal(14, 2)) / 100).cast(MONEY),
        "original_amount": pl.when(chance("original", 0.9)).then(
            (
                (cents * (1 + unit(a, seed, "paid off") * 0.6))
                .cast(pl.Int64())
                .clip(None, 99_999_999_99)
                .cast(pl.Decimal(14, 2))
                / 100
            ).cast(MONEY)
        ),
        **{name: day_ago(today, days[name].clip(0, None)) for name in words.ACCOUNT_DATES},
        "servicing_account": pl.when(loan & chance("serviced as one", 0.8))
        .then(consumer_loan)
        .when(loan)
        .then(single_loan),
        "hospital_debt": pl.when(care & chance("hospital known", 0.9)).then(
            chance("hospital", 0.6)
        ),
        "lender_licence": pl.when((kind == "installment") & chance("licence", 0.35))
        .then(pl.lit("installment_loan"))
        .when(kind == "installment")
        .then(pl.lit("none")),
        "secured_by": pl.when(kind == "auto")
        .then(pl.lit("vehicle"))
        .when(kind == "mortgage")
        .then(pl.lit("home")),
        "cosigned": pl.when(kind.is_in(["auto", "student_loan", "installment", "rent"])).then(
            chance("cosigned", 0.12)
        ),
        "holder": pl.when(pl.col("collector") == "BUYER")
        .then(pl.lit("debt_buyer"))
        .otherwise(pl.lit("creditor")),
        "contract_form": kind.replace_strict(_FORMS, default=None, return_dtype=pl.String()),
        "governing_law": pl.when(kind == "credit_card").then(
            choose(
                unit(a, seed, "law"), {"US-DE": 45, "US-SD": 25, "US-UT": 10, "US-VA": 10, "": 10}
            )
        ),
    }
    return core.select(**{name: columns[name] for name in TABLES["accounts"].schema})


_FORMS: Final = {
    "credit_card": "open_ended",
    "auto": "written",
    "mortgage": "promissory_note",
    "student_loan": "promissory_note",
    "installment": "written",
    "payday": "written",
    "rent": "written",
    "telecom": "written",
    "medical": "oral",
}


def _of_book(column: int) -> pl.Expr:
    said = {name: str(book[column]) for name, book in BOOKS.items()}
    said[MORTGAGE_SERVICER] = {1: "servicer", 3: "US-MO"}[column]
    return pl.col("collector").replace_strict(said, return_dtype=pl.String())


def account_parties(chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """The rows of table `account_parties`: spouses, co-debtors, a few guardians and others.

    A party may be a consumer of the file (a spouse, or somebody who also owes), or nobody else.
    """
    seed = chunk.seed
    a = pl.col("a")
    rows = core.select(
        "a",
        "account",
        spouse=pl.lit(frame["spouse_person"]).gather("at"),
        friend=pl.lit(frame["person"]).gather(
            (unit(a, seed, "friend") * frame.height).cast(pl.Int64())
        ),
        own=pl.lit(frame["person"]).gather("at"),
        dead=pl.lit(frame["deceased"]).gather("at"),
        u=unit(a, seed, "party"),
    )
    u = pl.col("u")
    who = padded("HX", a + 1)
    wed = pl.col("spouse").is_not_null() & (u < 0.3)
    pieces = [
        rows.filter(wed).select("a", "account", person="spouse", role=pl.lit("spouse")),
        rows.filter(u.is_between(0.3, 0.3005) & (pl.col("friend") != pl.col("own"))).select(
            "a", "account", person="friend", role=pl.lit("co_debtor")
        ),
        rows.filter(u.is_between(0.31, 0.318)).select(
            "a", "account", person=who, role=pl.lit("co_debtor")
        ),
        rows.filter(u.is_between(0.318, 0.3335)).select(
            "a", "account", person=who, role=pl.lit("spouse")
        ),
        rows.filter(u.is_between(0.3335, 0.335)).select(
            "a", "account", person=who, role=pl.lit("guardian")
        ),
        rows.filter(pl.col("dead") & (u > 0.6)).select(
            "a", "account", person=who, role=pl.lit("executor")
        ),
        rows.filter(u.is_between(0.336, 0.3365)).select(
            "a", "account", person=who, role=pl.lit("successor")
        ),
    ]
    found = pl.concat(pieces).unique(["account", "person", "role"], maintain_order=True)
    return found.sort("a", "person", "role").select("account", "person", "role")
