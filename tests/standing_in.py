"""A made-up engine for tests of the day: quick, and every answer follows from ids alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import polars as pl

from engine import Panel, words
from engine.part import PartInput, PartResult

SEVEN = "regulation_f/seven-calls-in-seven-days"
WAIT = "regulation_f/seven-days-after-conversation"
TEN = "regulation_f/ten-messages-in-seven-days"
CEASED = "regulation_f/ceased"
AT = pl.Datetime("us", "UTC")
STRINGS = pl.List(pl.String)


def decide(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
    """One candidate in seven is refused outright, one has run out, one is withheld."""
    rows = [_row(part, *key) for key in _candidates(part)]
    empty: dict[str, pl.DataType] = {name: pl.String() for name in ROW}
    empty |= dict.fromkeys(("open_utc", "close_utc", "next_permitted_utc"), AT)
    empty |= dict.fromkeys(("rules", "cites", "situations"), STRINGS)
    empty |= {"permitted": pl.Boolean(), "exhausted": pl.Boolean(), "attempts_left": pl.Int32()}
    candidates = pl.DataFrame(rows, schema=empty, orient="row")
    names = sorted({one for row in candidates["situations"] for one in row})
    found = pl.DataFrame([_situation(one) for one in names], schema=SITUATION, orient="row")
    return PartResult(candidates, found, {"sampled": 2.0, "seconds_all": 0.5})


ROW = (
    "group", "account", "consumer", "point", "channel", "number", "permitted", "exhausted",
    "rules", "cites", "force", "jurisdictions", "zones", "open_utc", "close_utc", "windows_utc",
    "windows_local", "attempts_left", "budgets", "duties", "next_permitted_utc", "situations",
    "evidence",
)  # fmt: skip
SITUATION = {
    "situation": pl.String, "rule_set": pl.String, "facts": pl.String, "refusing": STRINGS,
    "duties": STRINGS, "compiled": STRINGS, "rete": STRINGS, "trouble": pl.String,
}  # fmt: skip


def _candidates(part: PartInput) -> list[tuple[str, str, str, str, str, str | None]]:
    home = dict(part.groups.select("consumer", "group").iter_rows())
    points: dict[str, list[tuple[str, str, str | None]]] = {}
    chosen = part.frames["contact_points"].select("consumer", "point", "kind", "number")
    for consumer, point, kind, number in chosen.iter_rows():
        for channel in words.CHANNELS_OF_KIND[kind]:
            if channel in part.channels:
                points.setdefault(consumer, []).append((point, channel, number))
    accounts = part.frames["accounts"].select("account", "consumer").iter_rows()
    return sorted(
        (home[consumer], account, consumer, point, channel, number)
        for account, consumer in accounts
        for point, channel, number in points.get(consumer, ())
    )


def _row(
    part: PartInput,
    group: str,
    account: str,
    consumer: str,
    point: str,
    channel: str,
    number: str | None,
) -> tuple[object, ...]:
    lot = int(hashlib.sha256(f"{account}{point}{channel}".encode()).hexdigest(), 16) % 7
    opens = datetime.combine(part.day, time(13), UTC)
    closes = opens + timedelta(hours=13)
    permitted = lot not in (0, 1)
    window = [[f"{opens:%Y-%m-%dT%H:%M:%SZ}", f"{closes:%Y-%m-%dT%H:%M:%SZ}"]]
    rules = {0: [CEASED, SEVEN], 1: [SEVEN]}.get(lot, [])
    left = 0 if lot <= 2 else min(lot - 2, part.row_caps[channel])
    budgets = [{"id": f"{SEVEN}|{group}", "rule": SEVEN, "left": 5},
               {"id": f"{WAIT}|{group}", "rule": WAIT, "left": 1}]  # fmt: skip
    upcoming = {0: None, 1: opens + timedelta(days=2, microseconds=1)}.get(lot, opens)
    return (
        group, account, consumer, point, channel, number, permitted, lot == 1, rules,
        ["12 CFR 1006.14(b)(2)(i)(A)"] if rules else [],
        None if permitted else ("prohibition" if lot == 0 else "presumption"),
        "US-MA;US-NY" if lot == 3 else "US-MA", "America/New_York",
        opens if permitted else None, closes if permitted else None,
        json.dumps(window if permitted else []), json.dumps(window if permitted else []),
        left, json.dumps(budgets if permitted else []), "identify_caller;opt_out_notice",
        upcoming, [f"{lot:064x}"], json.dumps({SEVEN: {"used": lot, "max": 7}}),
    )  # fmt: skip


def _situation(name: str) -> tuple[object, ...]:
    refusing = {0: [CEASED, SEVEN], 1: [SEVEN]}.get(int(name, 16), [])
    return (name, "federal@1", '{"channel":"call"}', refusing, ["identify_caller"], refusing,
            refusing, "")  # fmt: skip
