"""From situations back to candidates: what refuses, which duties, which windows apply.

A candidate has a situation per rule set, and per zone where they differ; its findings are their
union. Everything here is worked out once per distinct set of situations and joined.
"""

from __future__ import annotations

import json

import polars as pl

from ..compiled import LIFTED, OUT
from ..kinds import Limit, Wait, Window
from ..panel import Panel
from ..rule import Rule
from ..situation import name_of, sorted_fields
from ..structural import STRUCTURAL
from .judge import Judgement, Table
from .where import unmask

STRENGTH = ("structural", "prohibition", "presumption", "policy")


def situation_table(judgements: list[Judgement]) -> pl.DataFrame:
    """Every situation once: its digest, rule set, facts, and both engines' answers."""
    rows = []
    for one in judgements:
        order = sorted_fields(one.rules)
        for facts, verdict in zip(one.situations, one.verdicts, strict=True):
            rows.append(
                (
                    name_of(one.rules.name, order, facts),
                    one.rules.name,
                    json.dumps(facts, sort_keys=True, separators=(",", ":")),
                    list(verdict.refusing),
                    [duty for duty, _ in verdict.duties],
                    list(verdict.compiled),
                    None if verdict.rete is None else list(verdict.rete),
                    verdict.trouble,
                )
            )
    texts = pl.List(pl.String)
    return pl.DataFrame(
        rows,
        schema={
            "situation": pl.String,
            "rule_set": pl.String,
            "facts": pl.String,
            "refusing": texts,
            "duties": texts,
            "compiled": texts,
            "rete": texts,
            "trouble": pl.String,
        },
        orient="row",
    ).sort("situation")


def _per_candidate(judgements: list[Judgement]) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Per candidate the sorted list of its situations, numbered over all rule sets."""
    frames = []
    at: list[tuple[int, int]] = []
    for number, one in enumerate(judgements):
        frames.append(one.rows.select("i", (pl.col("s") + len(at)).cast(pl.UInt32).alias("g")))
        at += [(number, s) for s in range(len(one.situations))]
    if not frames:
        return pl.DataFrame(schema={"i": pl.UInt32, "gs": pl.List(pl.UInt32)}), at
    long = pl.concat(frames)
    if long["i"].n_unique() == len(long):
        return long.select("i", pl.concat_list("g").alias("gs")), at
    return long.group_by("i").agg(pl.col("g").unique().sort().alias("gs")), at


def applying(panel: Panel, one: Judgement, s: int) -> list[Rule]:
    """Limits, waits and windows that apply in a situation, refusing or not."""
    engine = panel.compiled(one.rules)
    combo = one.combos[one.combo_at[s]]
    return [
        rule
        for rule in combo.live
        if isinstance(rule.body, Limit | Wait | Window)
        and not (isinstance(rule.body, Limit) and combo.member[rule.key] == "out")
        and engine.outcome(rule, one.situations[s]) not in (OUT, LIFTED)
    ]


def outcome_table(
    panel: Panel, table: Table, judgements: list[Judgement], refuse_unencoded: bool
) -> pl.DataFrame:
    """Candidates with `rules`, `cites`, `force`, `duties`, `situations` and what windows read.

    Also `by_time` (every refusal can end by time alone), `limits_only`, `applies` (number of the
    distinct set of applying rules: `table_of_applying` gives it back).
    """
    per, at = _per_candidate(judgements)
    found = table.cand.join(per, on="i", how="left", maintain_order="left").with_columns(
        pl.col("gs").fill_null(pl.lit([], dtype=pl.List(pl.UInt32)))
    )
    keys = ["gs", "law", "known", "zones"]
    distinct = found.select(keys).unique(maintain_order=True).with_row_index("o")
    names = [_digests(one) for one in judgements]
    cache: dict[tuple[int, int], list[Rule]] = {}
    rows = []
    for o, gs, law, known, zones in distinct.iter_rows():
        refusing: dict[str, tuple[tuple[str, ...], str, bool]] = {}
        duties: dict[str, None] = {}
        rules: dict[str, Rule] = {}
        for g in gs:
            number, s = at[g]
            one = judgements[number]
            verdict = one.verdicts[s]
            by_id = {rule.id: rule for rule in one.combos[one.combo_at[s]].live}
            for rule_id in verdict.refusing:
                rule = by_id.get(rule_id) or panel.rulebook.rule(rule_id)
                timed = isinstance(rule.body, Limit | Wait | Window)
                refusing[rule_id] = (rule.cite, rule.force, timed)
            if verdict.trouble:
                _structural(refusing, verdict.trouble.split(":")[0])
            duties.update((duty, None) for duty, _ in verdict.duties)
            if (number, s) not in cache:
                cache[number, s] = applying(panel, one, s)
            rules.update((rule.id, rule) for rule in cache[number, s])
        windowed = any(isinstance(r.body, Window) and r.body.clock == "consumer"
                       for r in rules.values())  # fmt: skip
        _where_refusals(panel, refusing, duties, law, known, zones, windowed, refuse_unencoded)
        if not gs and not refusing:  # no law in force was asked: no rule opens a window
            _structural(refusing, "no_common_window")
        force = min((STRENGTH.index(one[1]) for one in refusing.values()), default=None)
        rows.append(
            (
                o,
                sorted(refusing),
                sorted({cite for one in refusing.values() for cite in one[0]}),
                None if force is None else STRENGTH[force],
                ";".join(sorted(duties)),
                sorted({names[at[g][0]][at[g][1]] for g in gs}),
                bool(refusing) and all(one[2] for one in refusing.values()),
                sorted(r.id for r in rules.values()),
            )
        )
    texts = pl.List(pl.String)
    outcomes = pl.DataFrame(
        rows,
        schema={
            "o": pl.UInt32,
            "rules": texts,
            "cites": texts,
            "force": pl.String,
            "duties": pl.String,
            "situations": texts,
            "by_time": pl.Boolean,
            "applies": texts,
        },
        orient="row",
    )
    sets = outcomes.select("applies").unique(maintain_order=True).with_row_index("w")
    outcomes = outcomes.join(sets, on="applies", how="left", maintain_order="left")
    distinct = distinct.join(outcomes, on="o", how="left", maintain_order="left")
    return found.join(
        distinct, on=keys, how="left", maintain_order="left", nulls_equal=True
    ).with_columns((pl.col("rules").list.len() == 0).alias("permitted"))


def _digests(one: Judgement) -> list[str]:
    order = sorted_fields(one.rules)
    return [name_of(one.rules.name, order, facts) for facts in one.situations]


def _structural(refusing: dict[str, tuple[tuple[str, ...], str, bool]], name: str) -> None:
    refusing[f"structural/{name}"] = ((STRUCTURAL[name][1],), "structural", False)


def _where_refusals(
    panel: Panel,
    refusing: dict[str, tuple[tuple[str, ...], str, bool]],
    duties: dict[str, None],
    law: int,
    known: bool,
    zones: int,
    windowed: bool,
    refuse_unencoded: bool,
) -> None:
    """`decide._structural` and `_place_duties` for one set of places and zones."""
    if not known:
        _structural(refusing, "address_unknown")
    if zones == 0 and windowed:
        _structural(refusing, "zone_unknown")
    for place in unmask(law, zones=False):
        if place not in panel.rulebook.places:
            _structural(refusing, "place_without_file")
        elif not panel.rulebook.places[place].encoded:
            duties["state_law_not_encoded"] = None
            if refuse_unencoded:
                _structural(refusing, "place_not_encoded")


