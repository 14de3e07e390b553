"""The list and the suppressed list: their columns, and how decided candidates become their rows.

In CSV instants end in Z, lists are JSON, and nothing is an empty cell. In NDJSON windows and
budgets are JSON themselves. In Parquet instants and days have their own types; windows and budgets
are JSON texts (`list_files`).
"""

from __future__ import annotations

import json
from typing import Final

import polars as pl

from engine.rulebook import Rulebook

INSTANT: Final = pl.Datetime("us", "UTC")
LIST: Final[dict[str, pl.DataType]] = {
    "row_id": pl.Int64(),
    "day": pl.Date(),
    "account": pl.String(),
    "consumer": pl.String(),
    "point": pl.String(),
    "channel": pl.String(),
    "number": pl.String(),
    "jurisdictions": pl.String(),
    "zones": pl.String(),
    "open_utc": INSTANT,
    "close_utc": INSTANT,
    "windows_utc": pl.String(),
    "windows_local": pl.String(),
    "attempts_left": pl.Int32(),
    "budgets": pl.String(),
    "technology": pl.String(),
    "priority": pl.Int64(),
    "duties": pl.String(),
    "expires_utc": INSTANT,
    "decision_id": pl.String(),
}
SUPPRESSED: Final[dict[str, pl.DataType]] = {
    "account": pl.String(),
    "consumer": pl.String(),
    "point": pl.String(),
    "channel": pl.String(),
    "rules": pl.List(pl.String()),
    "cites": pl.List(pl.String()),
    "next_permitted_utc": INSTANT,
    "decision_id": pl.String(),
}
JSON_TEXTS: Final = frozenset({"windows_utc", "windows_local", "budgets"})
SPOKEN: Final = ("call", "voicemail", "text")  # channels whose technology the law asks about


def whole_second(at: pl.Expr) -> pl.Expr:
    """An instant, or the next whole second after it: lists write no fractions."""
    floor = at.dt.truncate("1s")
    return pl.when(floor == at).then(at).otherwise(floor.dt.offset_by("1s"))


def listed(rows: pl.DataFrame, first: int, priority: pl.Series) -> pl.DataFrame:
    """The list's rows of decided candidates that are all listed: exactly the list's columns.

    `first` is the `row_id` of the first of them; `priority` has one value for each row.
    """
    own = rows.with_columns(
        pl.int_range(first, first + rows.height, dtype=pl.Int64).alias("row_id"),
        priority.alias("priority"),
        technology=pl.when(pl.col("channel").is_in(SPOKEN))
        .then(pl.lit("manual"))
        .otherwise(pl.lit("")),
        expires_utc=pl.col("close_utc"),
    )
    return own.select(pl.col(name).cast(kind) for name, kind in LIST.items())


def withheld(rows: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """Decided candidates with the rules and citations that keep permitted ones off the list.

    A contact that is permitted by itself is withheld where rows before it were given all that a
    shared budget leaves. Named are the budgets with the least room; `kept_by` and `kept_cites`
    are empty for every other row.
    """
    places = rows.select("permitted", "listed", "budgets").with_row_index("n")
    kept = places.filter(pl.col("permitted") & ~pl.col("listed"))
    kept = kept.select("n", pl.col("budgets").str.replace_all(_ID, "").alias("budgets"))
    shares = kept["budgets"].unique().sort()
    table = pl.DataFrame(
        [_tightest(text, rulebook) for text in shares],
        schema={"kept_by": pl.List(pl.String), "kept_cites": pl.List(pl.String)},
        orient="row",
    ).with_columns(budgets=shares)
    named = kept.join(table, on="budgets").drop("budgets")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    found = places.select("n").join(named, on="n", how="left", maintain_order="left")
    return rows.hstack(found.select(pl.col("kept_by", "kept_cites").fill_null(nothing)))


_ID: Final = r'"id":"(?:[^"\\]|\\.)*",'  # what tells budgets alike in rule and room apart


def _tightest(text: str, rulebook: Rulebook) -> tuple[list[str], list[str]]:
    budgets = json.loads(text)
    least = min((one["left"] for one in budgets), default=0)
    rules = sorted({one["rule"] for one in budgets if one["left"] == least})
    cites = dict.fromkeys(cite for rule in rules for cite in rulebook.rule(rule).cite)
    return rules, list(cites)


def suppressed(rows: pl.DataFrame) -> pl.DataFrame:
    """The suppressed list's rows of candidates that are not listed (`withheld` marked them)."""
    refused = rows.with_columns(
        pl.when("permitted").then("kept_by").otherwise("rules").alias("rules"),
        pl.when("permitted").then("kept_cites").otherwise("cites").alias("cites"),
    )
    return refused.select(pl.col(name).cast(kind) for name, kind in SUPPRESSED.items())
