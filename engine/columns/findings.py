"""From situations back to candidates: what refuses, which duties, which windows apply.

A candidate has a situation per rule set, and per zone where they differ; its findings are their
union. Everything here is worked out once per distinct set of situations and joined.
"""

from __future__ import annotations

import polars as pl

from ..kinds import Limit, Wait, Window
from ..panel import Panel
from ..rule import Rule
from ..structural import STRUCTURAL, force_of
from ..terms import MISSING, Licences
from .judge import Judgement
from .ledger import SAID, ledger_of
from .table import Table
from .terms import asked_of_places

STRENGTH = ("structural", "prohibition", "presumption", "policy")


def situation_table(panel: Panel, judgements: list[Judgement]) -> pl.DataFrame:
    """Every situation once: its digest, rule set, facts, and both engines' answers."""
    numbers = [one.situations for one in judgements]
    met = pl.concat(numbers) if numbers else pl.Series([], dtype=pl.UInt32)
    return ledger_of(panel).table[met].sort("situation")


def _per_candidate(judgements: list[Judgement]) -> pl.DataFrame:
    """The situations of each candidate: one number `g`, or where several the list `gs`."""
    frames = [one.rows.select("i", pl.col("s").alias("g")) for one in judgements]
    long = pl.concat(frames) if frames else pl.DataFrame(schema={"i": pl.UInt32, "g": pl.UInt32})
    none = pl.lit(None, dtype=pl.List(pl.UInt32)).alias("gs")
    several = long["i"].is_duplicated()
    if not several.any():
        return long.with_columns(none)
    lists = long.filter(several).group_by("i").agg(pl.col("g").unique().sort().alias("gs"))
    first = pl.col("gs").list.first().alias("g")
    only = pl.col("gs").list.len() == 1
    lists = lists.select(
        "i", pl.when(only).then(first).alias("g"), pl.when(~only).then("gs").alias("gs")
    )
    return pl.concat([long.filter(~several).with_columns(none), lists])


def outcome_table(
    panel: Panel,
    table: Table,
    judgements: list[Judgement],
    refuse_unencoded: bool,
    licences: Licences | None = None,
) -> pl.DataFrame:
    """Candidates with `rules`, `cites`, `force`, `duties`, `situations` and what windows read.

    Also `by_time` (every refusal can end by time alone), `limits_only`, `applies` (number of the
    distinct set of applying rules: `table_of_applying` gives it back).
    """
    found = _outcomes(panel, table.cand, _per_candidate(judgements))
    found = asked_of_places(panel, table, found, refuse_unencoded, licences)
    unplaced = (pl.col("zones") == 0) & pl.col("reads_clock")
    pairs = found.select("o", "m", unplaced.alias("unplaced"), "said", "cited", "missing",
                         "by_law", "force", "timed", "told", "duty")  # fmt: skip
    pairs = pairs.unique(["o", "m", "unplaced"], maintain_order=True)
    rows = []
    for o, m, lost, rules, cites, absent, law, force, timed, told, duty in pairs.iter_rows():
        structural = [*absent, *(["zone_unknown"] if lost else [])]
        cites = {*cites, *law, *(STRUCTURAL[one][1] for one in structural if one != MISSING)}
        forces = [*map(force_of, structural), *([force] if force else [])]
        rows.append(
            (
                o,
                m,
                lost,
                sorted([*rules, *(f"structural/{name}" for name in structural)]),
                sorted(cites),
                min(forces, key=STRENGTH.index, default=None),
                bool(rules) and timed and not structural,
                ";".join(sorted({*told, *duty})),
            )
        )
    texts = pl.List(pl.String)
    outcomes = pl.DataFrame(
        rows,
        schema={"o": pl.UInt32, "m": pl.UInt32, "unplaced": pl.Boolean, "rules": texts,
                "cites": texts, "force": pl.String, "by_time": pl.Boolean, "duties": pl.String},
        orient="row",
    )  # fmt: skip
    found = found.with_columns(unplaced.alias("unplaced")).drop(
        "said", "cited", "missing", "by_law", "force", "timed", "told", "duty", "reads_clock"
    )
    return found.join(
        outcomes, on=["o", "m", "unplaced"], how="left", maintain_order="left"
    ).with_columns((pl.col("rules").list.len() == 0).alias("permitted"))


def _outcomes(panel: Panel, cand: pl.DataFrame, per: pl.DataFrame) -> pl.DataFrame:
    """Candidates with what is said of their situations together, by the ledger."""
    singles = per["g"].drop_nulls().unique()
    lists = per["gs"].drop_nulls().unique()
    sets = [(), *((g,) for g in singles.to_list()), *(tuple(gs) for gs in lists.to_list())]
    numbers, said = _said(panel, sets)
    one, many = numbers[1 : 1 + len(singles)], numbers[1 + len(singles) :]
    by_one = pl.DataFrame([singles.alias("g"), pl.Series("o", one, dtype=pl.UInt32)])
    per = per.join(by_one, on="g", how="left", maintain_order="left")
    if many:
        by_list = pl.DataFrame([lists.alias("gs"), pl.Series("oo", many, dtype=pl.UInt32)])
        several = per.filter(pl.col("gs").is_not_null()).join(by_list, on="gs")
        per = pl.concat(
            [
                per.filter(pl.col("gs").is_null()).select("i", "o"),
                several.select("i", pl.col("oo").alias("o")),
            ]
        )
    found = cand.join(per.select("i", "o"), on="i", how="left", maintain_order="left")
    found = found.with_columns(pl.col("o").fill_null(numbers[0]))
    return found.join(said, on="o", how="left", maintain_order="left")


def _said(panel: Panel, sets: list[tuple[int, ...]]) -> tuple[list[int], pl.DataFrame]:
    """Distinct sets of situations: their numbers in the ledger, and what is said of each.

    Said is what refuses, which duties there are, and which timed rules apply.
    """
    ledger = ledger_of(panel)
    by_id = {rule.id: rule for rule in panel.rulebook.rules}
    rows = []
    for gs in sets:
        if gs in ledger.sets:
            continue
        o = ledger.sets[gs] = len(ledger.sets)
        refusing: dict[str, tuple[tuple[str, ...], str, bool]] = {}
        duties: dict[str, None] = {}
        rules: dict[str, Rule] = {}
        if not gs:  # no law in force was asked, so none opened a window
            cite = (STRUCTURAL["no_common_window"][1],)
            refusing["structural/no_common_window"] = (cite, "structural", False)
        for g in gs:
            verdict = ledger.verdicts[g]
            for rule_id in verdict.refusing:
                rule = by_id[rule_id]
                timed = isinstance(rule.body, Limit | Wait | Window)
                refusing[rule_id] = (rule.cite, rule.force, timed)
            if verdict.trouble:
                name = verdict.trouble.split(":")[0]
                refusing[f"structural/{name}"] = ((STRUCTURAL[name][1],), "structural", False)
            duties.update((duty, None) for duty, _ in verdict.duties)
            rules.update((rule.id, rule) for rule in ledger.applies[g])
        force = min((STRENGTH.index(one[1]) for one in refusing.values()), default=None)
        applies = tuple(sorted(rules))
        rows.append(
            (
                o,
                sorted(refusing),
                sorted({cite for one in refusing.values() for cite in one[0]}),
                None if force is None else STRENGTH[force],
                sorted(duties),
                sorted({ledger.digests[g] for g in gs}),
                all(one[2] for one in refusing.values()),
                list(applies),
                any(isinstance(r.body, Window) and r.body.clock == "consumer"
                    for r in rules.values()),
                ledger.rules.setdefault(applies, len(ledger.rules)),
            )
        )  # fmt: skip
    if rows:
        ledger.said = pl.concat([ledger.said, pl.DataFrame(rows, schema=SAID, orient="row")])
    numbers = [ledger.sets[gs] for gs in sets]
    return numbers, ledger.said[numbers]
