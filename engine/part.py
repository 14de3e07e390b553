"""One part of a day: every candidate of some contact groups decided at once (engine/README.md).

candidates -> where -> facts as columns -> situations -> both engines -> the check against plain
functions -> decisions joined back -> next moments, windows, budgets. The result is a pure function
of its input and does not depend on how a day was cut into parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from . import clock
from .columns import tally
from .columns.budgets import budgets
from .columns.candidates import candidates_of, rows_of, ways_of
from .columns.check import check
from .columns.counted import countings
from .columns.findings import outcome_table, situation_table
from .columns.footing import basis
from .columns.judge import JUDGED, Judgement, judge
from .columns.ledger import TABLE as SITUATIONS
from .columns.ledger import turn
from .columns.past import Frames
from .columns.prepare import Prepared, prepare
from .columns.table import Table
from .columns.upcoming import upcoming
from .columns.where import (
    Where,
    doubtful_consumers,
    locate_all,
    mask,
    place_names,
    put_plain,
    unmask,
    zone_names,
)
from .columns.windows import UTC, Common, Hourglass, signatures
from .facts.view import Moment
from .footing import Met
from .history import Group
from .kinds import Window
from .panel import Panel
from .question import FEDERAL, whereabouts
from .rulebook import REACHING
from .terms import Licences

Groups = Callable[[Sequence[str]], Mapping[str, Group]]


@dataclass(frozen=True, slots=True)
class PartInput:
    """What one part is decided from.

    `frames`: the portfolio's tables for these consumers (contacts may hold extra rows of
    switchboard lines); `groups`: consumer, group; `groups_of`: engine records of consumers' whole
    groups, by consumer, from the same raw rows; `licences`: by collector the places it is licensed
    in, each with its last day if it has one (None: every collector has all); `fresh_only`: of
    situations only those are wanted that the panel has not handed over with a part before; `tick`:
    a stopwatch in seconds, for the stages.
    """

    frames: Frames
    groups: pl.DataFrame
    groups_of: Groups
    day: date
    now: datetime
    channels: tuple[str, ...] = ("call", "text", "email", "mail")
    row_caps: Mapping[str, int] = field(
        default_factory=lambda: {"call": 3, "text": 1, "email": 1, "mail": 1}
    )
    refuse_unencoded: bool = False
    licences: Licences | None = None
    fresh_only: bool = False
    sample_seed: int = 0
    sample_least: int = 1000
    tick: Callable[[], float] = lambda: 0.0


@dataclass(frozen=True, slots=True)
class PartResult:
    """A part decided: one row per candidate, the situations behind them, and how it went."""

    candidates: pl.DataFrame
    situations: pl.DataFrame
    stats: dict[str, float]


class _Stages:
    """Seconds per stage."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self.tick, self.last = tick, tick()
        self.seconds: dict[str, float] = {}

    def done(self, name: str) -> None:
        now = self.tick()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.last
        self.last = now


def decide_part(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
    """Decide every candidate of a part."""
    stages = _Stages(part.tick)
    turn(panel)
    panel.prepare((part.day,))
    table = _table(panel, part, stages)
    judgements = _judge_all(panel, part, table)
    stages.done("facts_and_engines")
    if table.cand.is_empty():
        met = situation_table(panel, None if part.fresh_only else judgements)
        return PartResult(assemble_empty(), met, {"candidates": 0.0, "sampled": 0.0})
    wrong, sampled = check(panel, part, table, judgements)
    stages.done("check")
    table, rows = table.judged(), len(table.rows)
    found, outcomes = outcome_table(panel, table, judgements, part.refuse_unencoded, part.licences)
    stages.done("findings")
    found = upcoming(panel, part, table, judgements, found, outcomes)
    stages.done("windows")
    table = table.settled()
    found = budgets(panel, table, judgements, found, part.row_caps)
    stages.done("budgets")
    for one in wrong[:20]:
        alarm(f"facts_disagree: {one}")
    candidates = _assemble(table, basis(table, found), bool(wrong))
    stages.done("assemble")
    stats = {f"seconds_{name}": value for name, value in stages.seconds.items()}
    stats |= {
        "candidates": float(len(candidates)),
        "rows": float(rows),
        "situations": float(sum(len(one.situations) for one in judgements)),
        "sampled": float(sampled),
        "disagreeing": float(len(wrong)),
        "plain_rows": float(table.plain_rows),
    }
    plain = pl.DataFrame(list(table.met.rows.values()), schema=SITUATIONS, orient="row")
    met = situation_table(panel, None if part.fresh_only else judgements, plain)
    return PartResult(candidates, met, stats)


def _where(part: PartInput, prepared: Prepared) -> Where:
    found = locate_all(part.frames, prepared)
    doubtful = doubtful_consumers(prepared)
    if not doubtful:
        return found
    plain: dict[str, tuple[int, int, int, int]] = {}
    groups = part.groups_of(doubtful)
    moment = Moment(part.now, day=part.day)
    for name in doubtful:
        known = whereabouts(groups[name], groups[name].consumers[name], moment, part.day)
        plain[name] = (
            mask(zone_names(), known.zones),
            mask(place_names(), known.jurisdictions),
            mask(place_names(), known.work_jurisdictions),
            mask(place_names(), known.number_jurisdictions),
        )
    return put_plain(found, plain)


def _table(panel: Panel, part: PartInput, stages: _Stages) -> Table:
    prepared = prepare(part.frames, part.day, part.now)
    where = _where(part, prepared)
    stages.done("prepare")
    hourglass = Hourglass(part.day, part.now, common=Common.of(panel, part.day))
    zones = (*zone_names(), UTC)
    pointed = any(
        isinstance(one.body, Window) and one.body.clock == "point" for one in panel.rulebook.rules
    )
    signed = signatures(prepared, hourglass)
    ways = ways_of(prepared, where, signed, part.channels, pointed=pointed)
    cand = candidates_of(prepared, ways, part.groups, panel.rulebook.places)
    back = tally.looked_back(panel.rulebook.rules, part.day)
    calendar = tally.Calendar(zones, back, clock.add_months(part.day, 14))
    rows = rows_of(cand, len(zones) - 1)
    met = Met(panel.rulebook.digest)
    counting = countings(panel.rulebook.rules, part.day)
    stages.done("candidates")
    return Table(
        prepared, cand, rows, ways, zones, calendar, hourglass, part.groups_of, met, counting
    )


def _judge_all(panel: Panel, part: PartInput, table: Table) -> list[Judgement]:
    """Federal law for every row; each place's law for the rows it applies to."""
    found = []
    judged = table.rows.select(JUDGED)
    for number, name in enumerate((FEDERAL, *place_names())):
        if name != FEDERAL and name not in panel.rulebook.places:
            continue
        rules = panel.rule_set(name, part.day)
        if not rules.rules:
            continue
        if name == FEDERAL:
            found.append(judge(panel, rules, table, judged))
            continue
        bit = 1 << (number - 1)
        here = table.rows["r"].filter((table.rows["law"] & bit) != 0)
        if len(here):
            found.append(judge(panel, rules, table, judged[here]))
    return found + _judge_reaching(panel, part, table)


def _judge_reaching(panel: Panel, part: PartInput, table: Table) -> list[Judgement]:
    """The rules of places that follow the collector, for the rows whose collector is there."""
    found = []
    for place in panel.rulebook.reaching:
        rules = panel.rule_set(f"{place}{REACHING}", part.day)
        there = table.prepared.accounts["collector_located_in"] == place
        here = table.rows["r"].filter(there.fill_null(value=False)[table.rows["a"]])
        rows = table.rows.select(JUDGED)[here]
        if rules.rules and len(rows):
            found.append(judge(panel, rules, table, rows))
    return found


COLUMNS = ("group", "account", "consumer", "point", "channel", "number", "permitted", "exhausted",
           "rules", "cites", "force", "jurisdictions", "zones", "open_utc", "close_utc",
           "windows_utc", "windows_local", "attempts_left", "budgets", "duties",
           "next_permitted_utc", "situations", "evidence", "basis", "balance",
           "placed")  # fmt: skip


def assemble_empty() -> pl.DataFrame:
    """The candidates of a part without any."""
    at = pl.Datetime("us", "UTC")
    texts = pl.List(pl.String)
    kinds: dict[str, pl.DataType] = dict.fromkeys(COLUMNS, pl.String())
    kinds |= {"permitted": pl.Boolean(), "exhausted": pl.Boolean(), "rules": texts, "cites": texts}
    kinds |= {"open_utc": at, "close_utc": at, "next_permitted_utc": at, "situations": texts}
    kinds |= {"attempts_left": pl.Int32(), "balance": pl.Decimal(12, 2), "placed": pl.Date()}
    return pl.DataFrame(schema=kinds)


def _assemble(table: Table, found: pl.DataFrame, disagree: bool) -> pl.DataFrame:
    """The columns of the contract, in the order of the list."""
    masks = found["law"].unique().to_list()
    laws = {m: ";".join(unmask(m, zones=False)) for m in masks}
    zones = {m: ";".join(unmask(m, zones=True)) for m in found["zones"].unique().to_list()}
    one = found.with_columns(
        pl.col("law").replace_strict(laws, return_dtype=pl.String).alias("jurisdictions"),
        pl.col("zones").replace_strict(zones, return_dtype=pl.String),
        pl.col("channel").cast(pl.String),
    )
    if disagree:
        one = one.with_columns(
            pl.lit(value=False).alias("permitted"),
            pl.lit(value=False).alias("exhausted"),
            pl.col("rules").list.concat(pl.lit(["structural/facts_disagree"])),
            pl.col("cites").list.concat(pl.lit(["README.md, promise 4"])),
            pl.lit("structural").alias("force"),
            pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("next_permitted_utc"),
            pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("open_utc"),
            pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("close_utc"),
            pl.lit(0, dtype=pl.Int32).alias("attempts_left"),
            *(pl.lit("[]").alias(name) for name in ("windows_utc", "windows_local", "budgets")),
        )
    return one.select(COLUMNS)
