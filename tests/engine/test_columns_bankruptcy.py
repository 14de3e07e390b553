"""Bankruptcy in columns: ends to come, ends of other cases, agreements before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from engine.kinds import Block
from engine.rule import Ask
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import NOW, decided, differences, made, part_of
from tests.strategies.portfolios import Portfolio

TODAY = NOW.date()
Row = dict[str, Any]


def days(*ages: int) -> tuple[date, ...]:
    return tuple(TODAY - timedelta(days=age) for age in ages)


def stories() -> Iterator[list[Row]]:
    """What is learned of one consumer, a day and more ago, in every order that matters."""
    filings = [{}, {"chapter": 13}, {"chapter": 12}, {"chapter": 7, "filed": "2026-09-01"}]
    ends = [None, *days(40, 13, 2, 1, 0, -1, -2, -30)]
    for filed, ended, later in product(filings, ends, (True, False)):
        found = [{"kind": "bankruptcy_filed", "value": json.dumps(filed), "age": 5}]
        if ended is not None:
            told = json.dumps(ended.isoformat())
            found.append({"kind": "bankruptcy_ended", "value": told, "age": 3 if later else 5})
        yield found
    yield [
        {"kind": "bankruptcy_filed", "value": json.dumps({"chapter": chapter}), "age": age}
        for chapter, age in ((13, 5), (7, 4))
    ]
    for debt, kind in product(("mine", "other"), ("bankruptcy_filed", "bankruptcy_ended")):
        told = json.dumps(days(2)[0].isoformat())
        story = [{"kind": "bankruptcy_filed", "value": "{}", "age": 5},
                 {"kind": "bankruptcy_ended", "value": told, "age": 3}]  # fmt: skip
        yield [{**one, "debt": debt if one["kind"] == kind else None} for one in story]
    for agreed in (6, 5, 4):
        yield [{"kind": "discharged", "age": 5}, {"kind": "reaffirmed", "age": agreed}]


def named(one: Row, n: int) -> list[str] | None:
    if one.get("debt") == "other":
        return [f"AD{n}"]
    mine = one.get("debt") == "mine" or one["kind"] in ("discharged", "reaffirmed")
    return [f"AC{n}"] if mine else None


def portfolio() -> Portfolio:
    """One consumer for each story, and beside each another who owes the same debt."""
    people: list[Row] = []
    accounts, parties, points, addresses, known = [], [], [], [], []
    for n, story in enumerate(stories()):
        for mine, other in ((f"C{n}", f"D{n}"), (f"D{n}", f"C{n}")):
            people.append({"consumer": mine, "person": f"H{mine}"})
            accounts.append({"account": f"A{mine}", "consumer": mine})
            parties.append({"account": f"A{mine}", "person": f"H{other}"})
            points.append({"point": f"T{mine}", "consumer": mine, "owner": f"H{mine}",
                           "number": None, "kind": "email_personal"})  # fmt: skip
            addresses.append({"consumer": mine})
        known += [
            {"consumer": f"C{n}", "kind": one["kind"], "value": one.get("value"),
             "accounts": named(one, n),
             "received_at": NOW - timedelta(days=one["age"])}
            for one in story
        ]  # fmt: skip
    return made(
        consumers=people,
        accounts=accounts,
        account_parties=parties,
        contact_points=points,
        addresses=addresses,
        knowledge=known,
    )


@pytest.mark.parametrize("fact", ["bankruptcy_stay", "codebtor_stay", "discharged"])
def test_columns_say_what_the_plain_functions_say(fact: str) -> None:
    panel = TwinPanel(book_of((replace(PLAIN, body=Block(), when=(Ask(fact),)),)))
    part = part_of(portfolio())
    found, alarms = decided(panel, part)
    assert not alarms
    assert not list(differences(panel, part, found.candidates))
    told = found.candidates["permitted"]
    assert told.any()
    assert not told.all()
