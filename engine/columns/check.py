"""The run's own check: a seeded sample decided again from raw rows by plain functions.

Promise 4: at least one in 1,000 and at least 1,000 candidates, always some one below and at each
limit; a difference refuses the whole part and alarms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ..facts import asking
from ..facts.view import Moment
from ..kinds import Limit, Notice
from ..panel import Panel
from ..rule import Rule
from ..situation import has_bit
from .bits import maximum_of
from .judge import Judgement
from .ledger import ledger_of
from .table import CODE, WORDS, Said, Table
from .upcoming import zone_list
from .where import unmask

if TYPE_CHECKING:
    from ..part import PartInput

EACH = 5  # rows at, and one below, each limit
STEP = 1000
GOLDEN = 2654435761  # Knuth's multiplicative hash, so that the choice is spread and repeatable


def chosen(part: PartInput, table: Table, judgements: list[Judgement]) -> pl.Series:
    """The candidates to check, by number."""
    count = len(table.cand)
    wanted = min(count, max(-(-count // STEP), part.sample_least))
    index = pl.int_range(count, dtype=pl.UInt64, eager=True)
    order = ((index + part.sample_seed + 1) * GOLDEN) % (1 << 32)
    picks = [order.arg_sort().head(wanted).cast(pl.UInt32)]
    for one in judgements:
        for number, rule in one.timed:
            if not isinstance(rule.body, Limit):
                continue
            used = one.rows[f"u{number}"].cast(pl.Int64)
            for value in (maximum_of(rule) - 1, maximum_of(rule)):
                rows = one.rows["i"].filter(used == value).unique().sort().head(EACH)
                picks.append(rows.cast(pl.UInt32))
    return pl.concat(picks).unique().sort()


def check(
    panel: Panel, part: PartInput, table: Table, judgements: list[Judgement]
) -> tuple[list[str], int]:
    """(every difference found, how many candidates were checked)."""
    from ..question import whereabouts

    picked = chosen(part, table, judgements)
    if not len(picked):
        return [], 0
    asked = ["consumer", "account", "point", "channel", "zones", "places", "known"]
    few = table.cand.select(asked)[picked]
    groups = table.groups(few["consumer"].unique().to_list())
    moment = Moment(part.now, day=part.day)
    wrong: list[str] = []
    for consumer, account, point, channel, zones, places, known in few.iter_rows():
        group = groups[consumer]
        where = whereabouts(group, group.consumers[consumer], moment, part.day)
        name = f"{account} {point} {channel}"
        if tuple(sorted(where.zones)) != unmask(zones, zones=True):
            wrong.append(f"{name}: zones {sorted(where.zones)} plainly, "
                         f"{unmask(zones, zones=True)} in columns")  # fmt: skip
        if tuple(sorted(where.jurisdictions)) != unmask(places, zones=False):
            wrong.append(f"{name}: places {sorted(where.jurisdictions)} plainly")
        if where.address_known != known:
            wrong.append(f"{name}: address known {where.address_known} plainly")
    checked = pl.zeros(len(table.cand), dtype=pl.Boolean, eager=True).scatter(picked, True)
    for one in judgements:
        wrong += _facts(panel, table, one, checked.gather(one.rows["i"]).arg_true())
    return wrong, len(picked)


def _facts(panel: Panel, table: Table, one: Judgement, rows: pl.Series) -> list[str]:
    """Facts, bits and counts of these rows (by place), plainly, against the columns."""
    wrong: list[str] = []
    numbers = {rule.key: number for number, rule in one.timed}
    counted = [f"{c}{n}" for n, r in one.timed for c in ("u", "v")
               if f"{c}{n}" in one.rows.columns]  # fmt: skip
    engine = panel.compiled(one.rules)
    few = one.rows.select("i", "z", "s", "combo", *counted)[rows]
    views = table.views(few)
    words = table.cand.select("account", "point", "channel", "zones", "years", "sure")
    few = few.hstack(words[few["i"]])
    ledger = ledger_of(panel)
    bits: dict[int, list[Rule]] = {}
    for view, row in zip(views, few.iter_rows(named=True), strict=True):
        combo = one.combos[row["combo"]]
        situation = ledger.facts(row["s"])
        debt = view.debts[0]
        name = f"{row['account']} {row['point']} {row['channel']} in {view.zone}"
        plain = dict(situation)
        note = ("named", one.rules.name, combo.words, table.prepared.day)
        if note not in panel.notes:
            panel.notes[note] = [(ask, one.rules.names[ask]) for ask in combo.needed]
        named = panel.notes[note]
        assert isinstance(named, list)
        for ask, field in named:
            plain[field] = asking.value(view, ask, debt, row["years"], row["sure"])
            if plain[field] != situation[field]:
                wrong.append(f"{name}: {field} is {plain[field]} plainly, "
                             f"{situation[field]} in columns")  # fmt: skip
        zones = zone_list(table, row["zones"]) if row["zones"] else ()
        if row["combo"] not in bits:
            asked = [rule for rule in combo.live if has_bit(rule)]
            bits[row["combo"]] = [rule for rule in asked if not isinstance(rule.body, Notice)]
        for rule in bits[row["combo"]]:
            count = asking.bit(view, rule, debt, zones)
            plain[f"bit:{rule.key}"] = count.bit
            number = numbers[rule.key]
            if WORDS[CODE[count.bit]] != situation[f"bit:{rule.key}"]:
                wrong.append(f"{name}: {rule.id} is {count.bit} plainly")
            counts = isinstance(rule.body, Limit) and count.state != "out"
            if counts and row[f"u{number}"] != count.used:
                wrong.append(f"{name}: {rule.id} used {count.used} plainly, "
                             f"{row[f'u{number}']} in columns")  # fmt: skip
            plainly = (count.excused, count.agreed, count.maximum)
            told = table.said.get(rule.id, {}).get(
                (row["i"], row["z"]), Said((), (), count.maximum)
            )
            if plainly != told:
                wrong.append(f"{name}: {rule.id} rests on {plainly} plainly, "
                             f"{tuple(told)} in columns")  # fmt: skip
            if f"v{number}" in row and count.bit == "yes" and row[f"v{number}"] != count.free:
                wrong.append(f"{name}: {rule.id} lets go {count.free} plainly, "
                             f"{row[f'v{number}']} in columns")  # fmt: skip
        refusing = engine.decide(plain).refusing
        if refusing != ledger.verdicts[row["s"]].compiled:
            wrong.append(f"{name}: refused by {refusing} plainly")
    return wrong
