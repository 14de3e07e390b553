"""One wide row -> rows of the store's tables, with ids that the same row always gives again.

A piece's id is made of the consumer's (or account's) and what it says, never of its place in the
row: a number that moves from the second column to the first is still the same contact point, and
another number in its place is another. Ids hold no number in clear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from ..store.adding import LINE
from ..store.schema import TABLES, Column, Table
from . import checks, spelling
from .wide_words import ADDRESSES, EMAILS, PARTIES, PHONES

MAIL: Final = {"residential": "home_mail", "work": "work_mail"}
WHOM: Final = {
    "co_debtor": "consumer",  # owes it as well: 12 CFR 1006.2(e)
    "spouse": "spouse",
    "guardian": "guardian",
    "executor": "representative",
    "successor": "successor",
}
OWN_RECORDS: Final = "own_records"


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one table, each with the `line` it comes from; what is wrong with them.

    `columns`: by the table's columns, the wide ones they come from, for messages.
    """

    table: Table
    rows: pl.DataFrame
    problems: pl.DataFrame = field(default_factory=checks.none)
    columns: Mapping[str, str] = field(default_factory=dict)


def digest(*parts: str | None) -> str:
    """Ten letters that stand for texts: the same for the same, in every version.

    >>> digest("C1", "+16175550123")
    '37a8e5bbd2'
    """
    whole = "\0".join(part or "" for part in parts).encode()
    return hashlib.blake2b(whole, digest_size=5).hexdigest()


def identified(rows: pl.DataFrame, name: str, owner: str, *of: str) -> pl.DataFrame:
    """Rows with an id: the owner's, a dash, and the digest of owner and these columns."""
    keys = rows.select(owner, *of).unique(maintain_order=True)
    ids = [f"{row[0]}-{digest(*row)}" for row in keys.iter_rows()]
    made = keys.with_columns(pl.Series(name, ids, pl.String()))
    return rows.join(made, on=[owner, *of], how="left", maintain_order="left", nulls_equal=True)


def as_table(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with all of a table's columns, `line`, and `void`; those that are not there are null."""
    have = set(rows.columns)
    return rows.select(
        LINE,
        *(
            pl.col(column.name).cast(column.dtype)
            if column.name in have
            else pl.lit(None, column.dtype).alias(column.name)
            for column in table.columns
        ),
        void=pl.lit(value=False),
    )


def consumers(rows: pl.DataFrame) -> Piece:
    """Each row's consumer. Who has no person id is a person of that id; none is dead unsaid."""
    told = rows.with_columns(
        pl.coalesce("person", "consumer").alias("person"),
        pl.col("deceased").fill_null(value=False),
    )
    table = TABLES["consumers"]
    return _piece(table, told, {one.name: one.name for one in table.columns})


def accounts(rows: pl.DataFrame) -> Piece:
    """Each row's account."""
    table = TABLES["accounts"]
    return _piece(table, rows, {one.name: one.name for one in table.columns})


def points(rows: pl.DataFrame, given: Callable[[str], bool]) -> Iterator[tuple[str, Piece]]:
    """The contact points of each row, by the wide column that has the number.

    `given` says which columns the file has. Rows need `consumer` and `person`.
    """
    for n in range(1, PHONES + 1):
        if given(name := f"phone_{n}"):
            yield name, _number(rows, name, spelling.phone, spelling.PHONE_KINDS, "phone")
    for n in range(1, EMAILS + 1):
        if given(name := f"email_{n}"):
            kinds = spelling.EMAIL_KINDS
            yield name, _number(rows, name, spelling.email, kinds, "email_personal")
    for n in range(1, PARTIES + 1):
        if given(f"party_{n}") and given(name := f"party_{n}_phone"):
            found = rows.with_columns(
                person=pl.col(f"party_{n}"),
                whom=_role(n).replace_strict(WHOM, default=None, return_dtype=pl.String()),
            ).filter(pl.col(f"party_{n}").is_not_null())
            yield name, _number(found, name, spelling.phone, spelling.PHONE_KINDS, "phone")
    for n in range(1, ADDRESSES + 1):
        if given(name := f"address_{n}_street"):
            kind = pl.col(f"address_{n}_kind").fill_null("residential")
            mailed = rows.filter(pl.col(name).is_not_null()).with_columns(
                kind=kind.replace_strict(MAIL, default="home_mail", return_dtype=pl.String()),
                state=spelling.state(pl.col(f"address_{n}_state")),
                code=spelling.postal_code(pl.col(f"address_{n}_postal_code")),
                owner="person",
                whom=pl.lit("consumer"),
            )
            told = identified(mailed, "point", "consumer", "kind", "state", "code")
            yield name, _piece(TABLES["contact_points"], told, {"kind": f"address_{n}_kind"})


def _role(n: int) -> pl.Expr:
    return pl.col(f"party_{n}_role").fill_null("co_debtor")


def _number(
    rows: pl.DataFrame,
    name: str,
    spelt: Callable[[pl.Expr], pl.Expr],
    kinds: dict[str, str],
    unknown: str,
) -> Piece:
    """Points of one column of numbers; `rows` may say `whom`, else it is the consumer."""
    told = rows.filter(pl.col(name).is_not_null())
    whom = pl.col("whom") if "whom" in rows.columns else pl.lit("consumer")
    kind = spelling.kind(pl.col(f"{name}_kind"), kinds)
    made = told.with_columns(number=spelt(pl.col(name)), kind=kind, owner="person", whom=whom)
    what = "an e-mail address" if name.startswith("email") else "a phone number"
    known = ", ".join(dict.fromkeys(kinds))
    problems = pl.concat(
        [
            checks.said(made, pl.col("number").is_null(), name, f"not {what}"),
            checks.said(
                made,
                pl.col("kind").is_null() & pl.col(f"{name}_kind").is_not_null(),
                f"{name}_kind",
                f"an unknown kind; it may be {known}",
            ),
        ]
    )
    whole = made.with_columns(pl.col("kind").fill_null(unknown))
    found = identified(whole, "point", "consumer", "owner", "number")
    piece = _piece(TABLES["contact_points"], found, {"number": name, "kind": f"{name}_kind"})
    return Piece(piece.table, piece.rows, pl.concat([problems, piece.problems]), piece.columns)


def addresses(rows: pl.DataFrame, given: Callable[[str], bool]) -> Iterator[Piece]:
    """The addresses of each row: those whose state, postal code or county is told."""
    for n in range(1, ADDRESSES + 1):
        names = [f"address_{n}_{part}" for part in ("state", "postal_code", "county")]
        if not any(map(given, names)):
            continue
        told = rows.filter(pl.any_horizontal(pl.col(one).is_not_null() for one in names))
        made = told.with_columns(
            state=spelling.state(pl.col(names[0])),
            postal_code=spelling.postal_code(pl.col(names[1])),
            county=names[2],
            kind=pl.col(f"address_{n}_kind").fill_null("residential"),
            since=f"address_{n}_since",
            until=f"address_{n}_until",
            source=pl.col(f"address_{n}_source").fill_null(OWN_RECORDS),
            known_bad=pl.col(f"address_{n}_known_bad").fill_null(value=False),
        )
        wrong = [
            checks.said(made, pl.col(part).is_null() & pl.col(name).is_not_null(), name, reason)
            for part, name, reason in (
                ("state", names[0], "not a state or territory of the United States"),
                ("postal_code", names[1], "not a postal code of the United States"),
            )
        ]
        found = identified(made, "address", "consumer", "kind", "state", "postal_code", "county")
        columns = {one.name: f"address_{n}_{one.name}" for one in TABLES["addresses"].columns}
        piece = _piece(TABLES["addresses"], found, columns)
        yield Piece(piece.table, piece.rows, pl.concat([*wrong, piece.problems]), columns)


def parties(rows: pl.DataFrame, given: Callable[[str], bool]) -> Iterator[Piece]:
    """The other people on each row's account."""
    for n in range(1, PARTIES + 1):
        if given(f"party_{n}"):
            told = rows.filter(pl.col(f"party_{n}").is_not_null()).with_columns(
                person=f"party_{n}", role=_role(n)
            )
            yield _piece(
                TABLES["account_parties"],
                told,
                {"person": f"party_{n}", "role": f"party_{n}_role"},
            )


def _piece(table: Table, rows: pl.DataFrame, columns: Mapping[str, str]) -> Piece:
    """A piece with what is wrong with its values, said of the wide columns."""
    whole = as_table(table, rows)
    given = {"received_at", "recorded_at"}
    wrong = [
        *checks.value_problems(_without(table, given), whole),
        *checks.shape_problems(table, whole),
    ]
    named = pl.concat([checks.none(), *wrong]).with_columns(pl.col("column").replace(dict(columns)))
    return Piece(table, whole, named, columns)


def _without(table: Table, names: set[str]) -> Table:
    columns: tuple[Column, ...] = tuple(one for one in table.columns if one.name not in names)
    return Table(table.name, columns, table.key, table.means)


def events(table: Table, rows: pl.DataFrame) -> Piece:
    """Statements or knowledge, whose ids and words are made already."""
    return _piece(table, rows, {})


def json_text(text: str) -> str:
    """A text as JSON."""
    return json.dumps(text, ensure_ascii=False)
