"""A portfolio decided as a part, and each of its candidates decided alone, to be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from engine import Ask, clock, decide
from engine.columns.combos import plain_contact
from engine.columns.findings import STRENGTH
from engine.decision import Decision
from engine.facts.view import Moment
from engine.history import Group
from engine.kinds import Limit, Wait
from engine.panel import Panel
from engine.part import PartInput, PartResult, decide_part
from scheduler.grouped import GroupsOf
from scheduler.humans import Humans, as_one, humans_of
from scheduler.linked import contact_groups
from scheduler.store.schema import TABLES

from .strategies.portfolios import Portfolio

EVERY = 1_000_000
Row = dict[str, Any]


def part_of(portfolio: Portfolio, **more: Any) -> PartInput:
    """A whole portfolio as one part, every candidate of it checked."""
    linked = contact_groups(portfolio.frames)
    found = PartInput(
        frames=portfolio.frames,
        groups=linked.groups,
        groups_of=GroupsOf(portfolio.frames, linked.groups.rename({"group": "together"})),
        day=portfolio.day,
        now=portfolio.now,
        sample_least=EVERY,
    )
    return replace(found, **more)


def known_by_now(portfolio: Portfolio) -> Portfolio:
    """What was on record when the list was made: what comes after asks for a permit."""
    frames = dict(portfolio.frames)
    for name in ("contacts", "statements", "knowledge", "addresses"):
        moments = [one for one in ("at", "received_at", "recorded_at") if one in frames[name]]
        known = [(pl.col(one) <= portfolio.now).fill_null(value=True) for one in moments]
        frames[name] = frames[name].filter(known)
    return replace(portfolio, frames=frames)


def part_with(portfolio: Portfolio, pairs: pl.DataFrame) -> tuple[PartInput, Humans]:
    """A part as a run reads it where ids are, or may be, one human's by these pairs."""
    known = humans_of({"same_persons": pairs})
    frames = {
        name: as_one(frame.lazy(), name, known.surely).collect()
        for name, frame in portfolio.frames.items()
    }
    linked = contact_groups({**frames, "same_persons": pairs})
    home = linked.groups.rename({"group": "together"})
    part = part_of(replace(portfolio, frames=frames))
    return replace(part, groups=linked.groups, groups_of=GroupsOf(frames, home)), known


def decided(panel: Panel, part: PartInput) -> tuple[PartResult, list[str]]:
    """The part decided, and every alarm."""
    alarms: list[str] = []
    return decide_part(panel, part, alarms.append), alarms


def groups_in(part: PartInput) -> dict[str, Group]:
    """The group of every consumer who has an account."""
    return dict(part.groups_of(part.frames["accounts"]["consumer"].unique().sort().to_list()))


def alone(panel: Panel, part: PartInput, group: Group, row: Row) -> Decision:
    """One candidate decided by the plain functions, for the same day."""
    contact = plain_contact(row["channel"], row["point"], row["account"], part.now)
    ask = Ask(refuse_unencoded=part.refuse_unencoded)
    return decide(panel, group, contact, Moment(part.now, day=part.day), ask)


def differences(panel: Panel, part: PartInput, candidates: pl.DataFrame) -> Iterator[str]:
    """Every candidate whose row is not what the plain functions decide, in words."""
    groups = groups_in(part)
    for row in candidates.iter_rows(named=True):
        decision = alone(panel, part, groups[row["consumer"]], row)
        told, plain = _row(row), _decision(panel, decision)
        for name, value in plain.items():
            if told[name] != value:
                yield (f"{row['account']} {row['point']} {row['channel']}: {name} "
                       f"{told[name]} in columns, {value} plainly")  # fmt: skip


def _row(row: Row) -> Row:
    return {
        "permitted": row["permitted"],
        "rules": sorted(row["rules"]),
        "cites": sorted(row["cites"]),
        "force": row["force"],
        "duties": row["duties"],
        "places": row["jurisdictions"],
        "zones": row["zones"],
        "windows_utc": json.loads(row["windows_utc"]),
        "windows_local": json.loads(row["windows_local"]),
        "opens": row["open_utc"],
        "closes": row["close_utc"],
        "next": row["next_permitted_utc"],
        "exhausted": row["exhausted"],
    }


def _decision(panel: Panel, found: Decision) -> Row:
    forces = {one.force for one in found.findings}
    windows = found.windows if found.permitted else ()
    zone = found.zones[0] if found.zones else "UTC"
    return {
        "permitted": found.permitted,
        "rules": sorted({one.rule for one in found.findings}),
        "cites": sorted({cite for one in found.findings for cite in one.cite}),
        "force": next((force for force in STRENGTH if force in forces), None),
        "duties": ";".join(sorted({duty for duty, _ in found.duties})),
        "places": ";".join(found.places),
        "zones": ";".join(found.zones),
        "windows_utc": _written(windows, clock.format_instant),
        "windows_local": _written(windows, lambda at: clock.format_local(at, zone)),
        "opens": windows[0][0] if windows else None,
        "closes": windows[-1][1] if windows else None,
        "next": found.next_permitted,
        "exhausted": not found.permitted and all(_waits(panel, f.rule) for f in found.findings),
    }


def _written(
    windows: Sequence[tuple[datetime, datetime]], form: Callable[[datetime], str]
) -> list[list[str]]:
    return [[form(start), form(end)] for start, end in windows]


def _waits(panel: Panel, rule: str) -> bool:
    """Whether a finding is of a limit or a wait."""
    if rule.startswith("structural/"):
        return False
    return isinstance(panel.rulebook.rule(rule).body, Limit | Wait)


# -- portfolios by hand

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)  # a Monday; 08:00 in Boston
DEFAULTS: dict[str, Row] = {
    "consumers": {"deceased": False},
    "accounts": {
        "consumer": "C1",
        "type": "credit_card",
        "collector": "AGENCY",
        "collector_role": "third_party",
        "fdcpa_covered": True,
        "status": "open",
        "balance": Decimal("12.50"),
    },
    "account_parties": {"role": "co_debtor"},
    "contact_points": {
        "consumer": "C1",
        "kind": "mobile",
        "owner": "H1",
        "whom": "consumer",
        "number": "+16175550100",
    },
    "addresses": {
        "consumer": "C1",
        "kind": "residential",
        "state": "MA",
        "postal_code": "02108",
        "source": "creditor",
        "known_bad": False,
        "received_at": NOW - timedelta(days=900),
    },
    "contacts": {
        "consumer": "C1",
        "channel": "call",
        "direction": "out",
        "point": "T1",
        "result": "no_answer",
        "attributed_to": ["A1"],
        "collector": "AGENCY",
        "reply_to_consumer": False,
        "automated": False,
        "at": NOW - timedelta(days=1),
    },
    "statements": {
        "consumer": "C1",
        "to": "this_collector",
        "medium": "written",
        "accepted_medium": True,
        "received_at": NOW - timedelta(days=2),
    },
    "knowledge": {
        "consumer": "C1",
        "source": "own_records",
        "received_at": NOW - timedelta(days=2),
    },
}
ONE: dict[str, Sequence[Row]] = {
    "consumers": [{"consumer": "C1", "person": "H1"}],
    "accounts": [{"account": "A1"}],
    "contact_points": [{"point": "T1"}],
    "addresses": [{}],
}
"""One consumer in Boston with a debt and a mobile phone."""


def made(
    *, day: date | None = None, now: datetime = NOW, **tables: Sequence[Mapping[str, Any]]
) -> Portfolio:
    """A portfolio of these rows, each filled up with what is usual; a table left out is ONE's."""
    frames = {}
    for name, table in TABLES.items():
        rows = [_filled(name, row, n) for n, row in enumerate(tables.get(name, ONE.get(name, ())))]
        frames[name] = pl.DataFrame(
            [{column: row.get(column) for column in table.schema} for row in rows],
            schema=table.schema,
        )
    return Portfolio(frames, day or NOW.date(), now)


def _filled(table: str, row: Mapping[str, Any], number: int) -> Row:
    found = {**DEFAULTS[table], **row}
    key = TABLES[table].key[0]
    found.setdefault(key, f"{key[0].upper()}{number + 1}")
    if "received_at" in found:
        found.setdefault("recorded_at", found["received_at"])
        found.setdefault("made_at", found["received_at"])
    elif "at" in found:
        found.setdefault("recorded_at", found["at"])
    return found
