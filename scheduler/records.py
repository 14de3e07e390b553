"""Rows of a portfolio as the engine's plain records.

This is the plain path: one contact group at a time, obvious and slow, against which the columnar
facts are held (README.md, promise 4).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any, Protocol

import polars as pl

from engine import words
from engine.account import Account, Address, Collector, Consumer, Point
from engine.history import Contact, Group, Statement
from engine.terms import Licences, licensed

from .said import assemble
from .store.schema import EVERY, TABLES

Row = dict[str, Any]


class Tables(Protocol):
    """Whatever gives the rows of a table lazily: a Portfolio."""

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of a table."""
        ...


def table_of(tables: Tables | Mapping[str, pl.DataFrame], name: str) -> pl.LazyFrame:
    """A table's rows, lazily; one that a mapping leaves out is empty."""
    if not isinstance(tables, Mapping):
        return tables.scan(name)
    frame = tables.get(name)
    return pl.LazyFrame(schema=EVERY[name].schema) if frame is None else frame.lazy()


def group_rows(
    tables: Tables | Mapping[str, pl.DataFrame],
    consumers: Sequence[str],
    licences: Licences | None = None,
) -> Group:
    """Everything known of these consumers, as the engine's records.

    `consumers` should be a whole contact group (`linked.contact_groups`). `licences`: by
    collector the places it is licensed in, each with its last day if it has one; a collector left
    out is one of whom nobody said. None: every collector has all (case format).
    """
    rows = {name: _rows(tables, name, consumers) for name in TABLES if name != "account_parties"}
    debts = [row["account"] for row in rows["accounts"]]
    parties = table_of(tables, "account_parties").filter(pl.col("account").is_in(debts))
    rows["account_parties"] = parties.sort("account", "person", "role").collect().to_dicts()
    return group_of_rows(rows, licences)


def group_of_rows(rows: Mapping[str, list[Row]], licences: Licences | None = None) -> Group:
    """The same of rows that were found already, by table, each in the order of its key."""
    accounts = {row["account"]: _account(row) for row in rows["accounts"]}
    people: dict[str, list[tuple[str, str]]] = {}
    for row in rows["account_parties"]:
        people.setdefault(row["account"], []).append((row["person"], row["role"]))
    homes = _by_consumer(rows["addresses"])
    person = {row["consumer"]: row["person"] for row in rows["consumers"]}
    _by_person(rows["contact_points"], ("owner",), person)
    _by_person(rows["contacts"], ("intended_for", "reached"), person)
    contacts = sorted(map(_contact, rows["contacts"]), key=lambda one: (one.at, one.id))
    told = [_statement(row) for row in rows["statements"]]
    told += [_knowledge(row) for row in rows["knowledge"]]
    told.sort(key=_order)
    return Group(
        consumers={
            row["consumer"]: _consumer(row, homes.get(row["consumer"], ()))
            for row in rows["consumers"]
        },
        accounts=accounts,
        points={row["point"]: _point(row) for row in rows["contact_points"]},
        collectors=_collectors(rows, licences),
        contacts=tuple(contacts),
        statements=tuple(told),
        email_provenance={
            row["point"]: json.loads(row["email_provenance"])
            for row in rows["contact_points"]
            if row["email_provenance"] is not None
        },
        parties={account: tuple(found) for account, found in people.items()},
    )


def _by_person(rows: Iterable[Row], names: Sequence[str], person: Mapping[str, str]) -> None:
    """Who is named by the id of the file he stands in is the person whose file it is."""
    for row in rows:
        for name in names:
            if row[name] == row["consumer"]:
                row[name] = person[row["consumer"]]


def _order(one: Statement) -> tuple[datetime, str]:
    assert isinstance(one.received, datetime)
    return one.received, one.id


def _rows(
    tables: Tables | Mapping[str, pl.DataFrame], name: str, consumers: Sequence[str]
) -> list[Row]:
    if not consumers:
        return []
    owner = pl.col("consumer")
    near = owner.is_between(pl.lit(min(consumers)), pl.lit(max(consumers)))  # prunes row groups
    found = table_of(tables, name).filter(near & owner.is_in(list(consumers)))
    return found.sort(TABLES[name].key).collect().to_dicts()


def _by_consumer(rows: Iterable[Row]) -> dict[str, tuple[Address, ...]]:
    found: dict[str, list[Address]] = {}
    for row in rows:
        found.setdefault(row["consumer"], []).append(
            Address(
                kind=row["kind"],
                state=row["state"],
                postal_code=row["postal_code"],
                county=row["county"],
                since=row["since"],
                until=row["until"],
                source=row["source"],
                received=row["received_at"],
                known_bad=row["known_bad"],
            )
        )
    return {consumer: tuple(homes) for consumer, homes in found.items()}


def _consumer(row: Row, addresses: tuple[Address, ...]) -> Consumer:
    return Consumer(
        id=row["consumer"],
        person=row["person"],
        deceased=row["deceased"],
        surviving_spouse=row["surviving_spouse"],
        personal_representative=row["personal_representative"],
        addresses=addresses,
    )


def _tri(value: bool | None) -> str:
    return words.UNKNOWN if value is None else words.YES if value else words.NO


def _account(row: Row) -> Account:
    balance: Decimal = row["balance"]
    return Account(
        id=row["account"],
        consumer=row["consumer"],
        type=row["type"],
        collector=row["collector"],
        creditor=row["creditor"],
        fdcpa_covered=_tri(row["fdcpa_covered"]),
        status=row["status"],
        dates={name: row[name] for name in words.ACCOUNT_DATES if row[name] is not None},
        servicing_account=row["servicing_account"],
        original_amount=row["original_amount"],
        balance=balance,
        hospital_debt=row["hospital_debt"],
        lender_licence=row["lender_licence"],
        secured_by=row["secured_by"],
        cosigned=row["cosigned"],
        holder=row["holder"],
    )


def _collectors(rows: Mapping[str, list[Row]], licences: Licences | None) -> dict[str, Collector]:
    """Collectors by id; one known only from contacts acts for third parties."""
    found = {
        row["collector"]: Collector(
            id=row["collector"],
            role=row["collector_role"],
            type=row["collector_type"],
            located_in=row["collector_located_in"],
        )
        for row in rows["accounts"]
    }
    for row in rows["contacts"]:
        name = row["collector"]
        if name not in found:
            found[name] = Collector(id=name)
    return {name: licensed(one, licences) for name, one in found.items()}


def _point(row: Row) -> Point:
    return Point(
        id=row["point"],
        kind=row["kind"],
        owner=row["owner"],
        whom=row["whom"],
        consumer=row["consumer"],
        number=row["number"],
        special_line=row["special_line"],
    )


def _tuple(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(map(intern, value))


@lru_cache(maxsize=32)
def _flags(reply: bool | None, automated: bool | None, notice: bool | None) -> Mapping[str, bool]:
    """What was declared of a contact: the same for most of them, and kept once."""
    flags = {"reply_to_consumer": True} if reply else {}
    flags |= {"automated": True} if automated else {}
    return flags if notice is None else {**flags, "opt_out_notice": notice}


def _contact(row: Row) -> Contact:
    return Contact(
        id=row["contact"],
        at=row["at"],
        channel=row["channel"],
        point=row["point"],
        direction=row["direction"],
        result=row["result"],
        attributed_to=_tuple(row["attributed_to"]),
        discussed=_tuple(row["discussed"]),
        conversation_attributed_to=_tuple(row["conversation_attributed_to"]),
        intended_for=row["intended_for"],
        reached=row["reached"],
        initiated_by=row["initiated_by"],
        technology=row["technology"],
        purpose=row["purpose"],
        content=row["content"],
        disclosure=row["disclosure"],
        message_possible=row["message_possible"],
        validation_period_end=row["validation_period_end"],
        collector=row["collector"],
        consumer=row["consumer"],
        recorded=row["recorded_at"],
        flags=_flags(row["reply_to_consumer"], row["automated"], row["opt_out_notice"]),
    )


def _statement(row: Row) -> Statement:
    value, more = assemble(row["kind"], row["accounts"], row["point"], row["value"], row["more"])
    return Statement(
        id=row["statement"],
        kind=row["kind"],
        origin="statement",
        value=value,
        received=row["received_at"],
        made=row["made_at"],
        recorded=row["recorded_at"],
        consumer=row["consumer"],
        by=row["by"],
        to=row["to"],
        medium=row["medium"],
        accepted_medium=row["accepted_medium"] is not False,  # case format: without it, accepted
        during_lawful_contact=row["during_lawful_contact"],
        after_opt_out_deadline=bool(row["after_opt_out_deadline"]),
        more=more,
    )


def _knowledge(row: Row) -> Statement:
    value, more = assemble(row["kind"], row["accounts"], row["point"], row["value"], row["more"])
    return Statement(
        id=row["knowledge"],
        kind=row["kind"],
        origin="knowledge",
        value=value,
        received=row["received_at"],
        recorded=row["recorded_at"],
        consumer=row["consumer"],
        source=row["source"],
        more=more,
    )
