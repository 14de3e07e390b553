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
from operator import itemgetter
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
_CONTACT = (
    "contact", "consumer", "at", "channel", "point", "direction", "result", "attributed_to",
    "discussed", "conversation_attributed_to", "intended_for", "reached", "initiated_by",
    "technology", "purpose", "content", "disclosure", "message_possible", "validation_period_end",
    "collector", "recorded_at", "reply_to_consumer", "automated", "opt_out_notice",
)  # fmt: skip
"""What a record takes of a contact; there are many of them, so they are no dictionaries."""


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
    if not consumers:
        return group_of_frames({}, licences)
    owner = pl.col("consumer")
    near = owner.is_between(pl.lit(min(consumers)), pl.lit(max(consumers)))  # prunes row groups
    mine = near & owner.is_in(list(consumers))
    frames = {
        name: table_of(tables, name).filter(mine).collect()
        for name in TABLES
        if name != "account_parties"
    }
    debts = frames["accounts"]["account"].implode()
    parties = table_of(tables, "account_parties").filter(pl.col("account").is_in(debts))
    return group_of_frames(frames | {"account_parties": parties.collect()}, licences)


def group_of_frames(frames: Mapping[str, pl.DataFrame], licences: Licences | None = None) -> Group:
    """The same of all rows of these tables; one that is left out is empty."""
    few = {name: frames[name].sort(table.key) for name, table in TABLES.items() if name in frames}
    rows = {
        name: few[name].to_dicts() if name in few else [] for name in TABLES if name != "contacts"
    }
    columns = [few["contacts"][name].to_list() for name in _CONTACT] if "contacts" in few else []
    return _group_of(rows, zip(*columns, strict=True), licences)


def group_of_rows(rows: Mapping[str, list[Row]], licences: Licences | None = None) -> Group:
    """The same of rows that were found already, by table, each in the order of its key."""
    return _group_of(rows, map(itemgetter(*_CONTACT), rows["contacts"]), licences)


def _group_of(
    rows: Mapping[str, list[Row]], contacts: Iterable[tuple[Any, ...]], licences: Licences | None
) -> Group:
    """The records of rows; `contacts` has the values of _CONTACT."""
    accounts = {row["account"]: _account(row) for row in rows["accounts"]}
    people: dict[str, list[tuple[str, str]]] = {}
    for row in rows["account_parties"]:
        people.setdefault(row["account"], []).append((row["person"], row["role"]))
    homes = _by_consumer(rows["addresses"])
    person = {row["consumer"]: row["person"] for row in rows["consumers"]}
    _by_person(rows["contact_points"], ("owner",), person)
    past = _contacts(contacts, person)
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
        collectors=_collectors(rows["accounts"], past, licences),
        contacts=tuple(sorted(past, key=lambda one: (one.at, one.id))),
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


def _collectors(
    accounts: Iterable[Row], contacts: Iterable[Contact], licences: Licences | None
) -> dict[str, Collector]:
    """Collectors by id; one known only from contacts acts for third parties."""
    found = {
        row["collector"]: Collector(
            id=row["collector"],
            role=row["collector_role"],
            type=row["collector_type"],
            located_in=row["collector_located_in"],
        )
        for row in accounts
    }
    for one in contacts:
        if one.collector not in found:
            found[one.collector] = Collector(id=one.collector)
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


def _contacts(rows: Iterable[tuple[Any, ...]], person: Mapping[str, str]) -> list[Contact]:
    """Contacts of the values of _CONTACT; `person` is by file, whose id may stand for it."""
    return [
        Contact(
            id=contact,
            at=at,
            channel=channel,
            point=point,
            direction=direction,
            result=result,
            attributed_to=_tuple(attributed_to),
            discussed=_tuple(discussed),
            conversation_attributed_to=_tuple(conversation),
            intended_for=person[consumer] if meant == consumer else meant,
            reached=person[consumer] if reached == consumer else reached,
            initiated_by=initiated_by,
            technology=technology,
            purpose=purpose,
            content=content,
            disclosure=disclosure,
            message_possible=message_possible,
            validation_period_end=validation_period_end,
            collector=collector,
            consumer=consumer,
            recorded=recorded,
            flags=_flags(reply, automated, notice),
        )
        for (
            contact, consumer, at, channel, point, direction, result, attributed_to, discussed,
            conversation, meant, reached, initiated_by, technology, purpose, content, disclosure,
            message_possible, validation_period_end, collector, recorded, reply, automated, notice,
        ) in rows
    ]  # fmt: skip


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
