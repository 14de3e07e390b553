"""The funnel of a day: why candidates were refused, by which law, and when time alone permits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from engine.clock import format_instant, local_date

from .outcome import Outcome, words_of
from .report import DAY, TEXT, WHOLE, Cell, Chart, Column, Report, Table, numbers, shown

FORCES: Final = ("structural", "prohibition", "presumption", "policy")
NEVER: Final = "not by time alone"
MOST: Final = 15
REFUSED: Final = Column("refused", "Refused", WHOLE)
ALONE: Final = Column("alone", "By it alone", WHOLE)
SOON: Final = Column("by_time", "Time helps", WHOLE)
NOTES: Final = {
    "rules": "A candidate that several rules refuse is counted under each; by it alone: no other "
    "rule refuses. Time helps: it becomes permitted at a known moment if nothing else happens.",
    "forces": "By the strongest force that refuses: each refused candidate is counted once.",
    "acts": "Each refused candidate is counted once for an act or place, and under every one that "
    "refuses it.",
    "when": "If nothing else happens. A candidate is an account at a contact point by a channel; "
    "accounts are counted on the first day that any of their refused candidates is permitted.",
}


def funnel(outcome: Outcome, zone: str) -> Report:
    """The report of a published day; `zone` is the clock by which a next moment has its day."""
    book = outcome.rulebook()
    rows = outcome.decisions().select(
        "account", "rules", "force", "verdict", "listed", "exhausted", "next_permitted_utc"
    ).collect(engine="streaming").with_row_index("n")  # fmt: skip
    refused = rows.filter(pl.col("verdict") == "refused")
    each = refused.select(
        "n", "force", many=pl.col("rules").list.len(), rule=pl.col("rules"),
        soon=pl.col("next_permitted_utc").is_not_null(),
    ).explode("rule", empty_as_null=False, keep_nulls=False)  # fmt: skip
    rules = each.group_by("rule").agg(
        pl.len().cast(pl.Int64).alias("refused"),
        (pl.col("many") == 1).sum().cast(pl.Int64).alias("alone"),
        pl.col("soon").sum().cast(pl.Int64).alias("by_time"),
    ).sort(["refused", "rule"], descending=[True, False])  # fmt: skip
    told = {rule: words_of(rule, book) for rule in rules["rule"]}
    tables = (
        _forces(refused),
        _when(refused, zone),
        _rules(rules, told, outcome.forces, refused.height),
        _acts(each, told),
    )
    listed = int(rows["listed"].sum())
    held = rows.height - refused.height - listed
    return Report(
        "funnel",
        f"Why contacts were refused on {outcome.day.isoformat()}",
        (
            f"as known at {format_instant(outcome.now)}",
            f"rulebook {str(outcome.manifest.get('rulebook', ''))[7:15]}",
        ),
        {
            "candidates": shown(rows.height, WHOLE),
            "listed": shown(listed, WHOLE),
            "refused": shown(refused.height, WHOLE),
            "of them by a limit or wait only": shown(int(refused["exhausted"].sum()), WHOLE),
            "permitted, but others have what is left": shown(held, WHOLE),
        },
        tables,
        _charts(tables[2], tables[1]),
        "rules",
    )


def _rules(
    rules: pl.DataFrame,
    told: Mapping[str, tuple[str, str, str, str]],
    forces: Mapping[str, str],
    refused: int,
) -> Table:
    columns = (
        Column("rule", "Rule", TEXT), REFUSED, ALONE, SOON, Column("force", "Force", TEXT),
        Column("act", "Act or place", TEXT), Column("says", "What it says", TEXT),
        Column("cite", "Law", TEXT),
    )  # fmt: skip
    lines = []
    for rule, count, alone, soon in rules.iter_rows():
        force, act, says, cite = told[rule]
        lines.append((rule, count, alone, soon, force or forces.get(rule, ""), act, says, cite))
    total: dict[str, Cell] = {"rule": "refused candidates", "refused": refused}
    return Table("rules", "By rule", columns, tuple(lines), total, NOTES["rules"])


def _forces(refused: pl.DataFrame) -> Table:
    counts = dict(refused.group_by("force").len().iter_rows())
    later = refused.filter(pl.col("next_permitted_utc").is_not_null())
    soon = dict(later.group_by("force").len().iter_rows())
    columns = (Column("force", "Force", TEXT), REFUSED, SOON)
    lines = tuple((one, counts.get(one, 0), soon.get(one, 0)) for one in FORCES)
    total: dict[str, Cell] = {
        "force": "total",
        "refused": refused.height,
        "by_time": sum(soon.values()),
    }
    return Table("forces", "By force", columns, lines, total, NOTES["forces"])


def _acts(each: pl.DataFrame, told: Mapping[str, tuple[str, str, str, str]]) -> Table:
    named = pl.col("rule").replace_strict(
        {rule: one[1] for rule, one in told.items()}, return_dtype=pl.String()
    )
    acts = (
        each.with_columns(act=named)
        .group_by("act", "n")
        .agg(rules=pl.len(), many=pl.col("many").first())
    )
    found = acts.group_by("act").agg(
        pl.len().cast(pl.Int64).alias("refused"),
        (pl.col("rules") == pl.col("many")).sum().cast(pl.Int64).alias("alone"),
    ).sort(["refused", "act"], descending=[True, False])  # fmt: skip
    columns = (Column("act", "Act or place", TEXT), REFUSED, ALONE)
    total: dict[str, Cell] = {"act": "refused candidates", "refused": each["n"].n_unique()}
    return Table("acts", "By act and place", columns, tuple(found.rows()), total, NOTES["acts"])


def _when(refused: pl.DataFrame, zone: str) -> Table:
    """What would become permitted when, by the day of its next moment."""
    moments = refused.select("next_permitted_utc").unique().drop_nulls().to_series()
    days = {at: local_date(at, zone) for at in moments}
    dated = refused.with_columns(
        day=pl.col("next_permitted_utc").replace_strict(days, default=None, return_dtype=pl.Date())
    )
    first = dated.drop_nulls("day").group_by("account").agg(pl.col("day").min())
    accounts = dict(first.group_by("day").len().iter_rows())
    counts = dated.group_by("day").len().sort("day", nulls_last=True)
    columns = (
        Column("day", "Permitted again on", DAY),
        Column("refused", "Candidates", WHOLE, True),
        Column("accounts", "Accounts", WHOLE, True),
    )
    lines: list[tuple[date | str, int, int]] = []
    for day, count in counts.iter_rows():
        if day is not None:
            lines.append((day, count, accounts.get(day, 0)))
            continue
        never = dated.filter(pl.col("day").is_null()).join(first, on="account", how="anti")
        lines.append((NEVER, count, never["account"].n_unique()))
    total: dict[str, Cell] = {
        "day": "total",
        "refused": refused.height,
        "accounts": refused["account"].n_unique(),
    }
    return Table(
        "when", "When they would be permitted", columns, tuple(lines), total, NOTES["when"]
    )


def _charts(rules: Table, when: Table) -> tuple[Chart, ...]:
    most = rules.rows[:MOST]
    names = tuple(str(row[0]) for row in most)
    alone = numbers(most, 2)
    by_rule = {
        "by it alone": alone,
        "with others": [all_ - one for all_, one in zip(numbers(most, 1), alone, strict=True)],
    }
    dated = [row for row in when.rows if isinstance(row[0], date)][:60]
    found = [
        Chart("rules", f"The {len(most)} rules that refused most", "candidates", names, by_rule,
              lying=True)
    ]  # fmt: skip
    if dated:
        days = tuple(str(row[0]) for row in dated)
        counts = {"candidates": numbers(dated, 1)}
        found.append(Chart("when", when.title, "candidates", days, counts))
    return tuple(found)
