"""From situations back to candidates: what refuses, which duties, which windows apply.

A candidate has a situation per rule set, and per zone where they differ; its findings are their
union. Everything here is worked out once per distinct set of situations and joined.
"""

from __future__ import annotations

import json

import polars as pl

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
    combo = one.combos[one.combo_at[s]]
    live = {
        rule.id: rule
        for rule in combo.live
        if not (isinstance(rule.body, Limit) and combo.member[rule.key] == "out")
    }
    found = panel.compiled(one.rules).applying(one.situations[s])
    return [live[name] for name in found if name in live]


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
    said = _said(panel, judgements, at, found.select("gs").unique(maintain_order=True)["gs"])
    missing = _missing(panel, found, refuse_unencoded)
    found = found.join(said, on="gs", how="left", maintain_order="left").join(
        missing, on=["law", "known"], how="left", maintain_order="left"
    )
    unplaced = (pl.col("zones") == 0) & pl.col("reads_clock")
    pairs = found.select("o", "m", unplaced.alias("unplaced"), "said", "cited", "missing",
                         "force", "timed", "told", "duty")  # fmt: skip
    pairs = pairs.unique(["o", "m", "unplaced"], maintain_order=True)
    rows = []
    for o, m, lost, rules, cites, absent, force, timed, told, duty in pairs.iter_rows():
        structural = [*absent, *(["zone_unknown"] if lost else [])]
        cites = {*cites, *(STRUCTURAL[name][1] for name in structural)}
        rows.append(
            (
                o,
                m,
                lost,
                sorted([*rules, *(f"structural/{name}" for name in structural)]),
                sorted(cites),
                "structural" if structural else force,
                bool(rules) and timed and not structural,
                ";".join(sorted({*told, *([duty] if duty else [])})),
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
        "said", "cited", "missing", "force", "timed", "told", "duty", "reads_clock"
    )
    return found.join(
        outcomes, on=["o", "m", "unplaced"], how="left", maintain_order="left"
    ).with_columns((pl.col("rules").list.len() == 0).alias("permitted"))


def _said(
    panel: Panel, judgements: list[Judgement], at: list[tuple[int, int]], sets: pl.Series
) -> pl.DataFrame:
    """Per distinct set of situations: what refuses, duties, and which timed rules apply."""
    names = [_digests(one) for one in judgements]
    cache: dict[tuple[int, int], list[Rule]] = {}
    by_id = {rule.id: rule for rule in panel.rulebook.rules}
    rows = []
    for o, gs in enumerate(sets.to_list()):
        refusing: dict[str, tuple[tuple[str, ...], str, bool]] = {}
        duties: dict[str, None] = {}
        rules: dict[str, Rule] = {}
        for g in gs:
            number, s = at[g]
            one = judgements[number]
            verdict = one.verdicts[s]
            for rule_id in verdict.refusing:
                rule = by_id[rule_id]
                timed = isinstance(rule.body, Limit | Wait | Window)
                refusing[rule_id] = (rule.cite, rule.force, timed)
            if verdict.trouble:
                name = verdict.trouble.split(":")[0]
                refusing[f"structural/{name}"] = ((STRUCTURAL[name][1],), "structural", False)
            duties.update((duty, None) for duty, _ in verdict.duties)
            if (number, s) not in cache:
                cache[number, s] = applying(panel, one, s)
            rules.update((rule.id, rule) for rule in cache[number, s])
        force = min((STRENGTH.index(one[1]) for one in refusing.values()), default=None)
        rows.append(
            (
                gs,
                o,
                sorted(refusing),
                sorted({cite for one in refusing.values() for cite in one[0]}),
                None if force is None else STRENGTH[force],
                sorted(duties),
                sorted({names[at[g][0]][at[g][1]] for g in gs}),
                all(one[2] for one in refusing.values()),
                sorted(rules),
                any(isinstance(r.body, Window) and r.body.clock == "consumer"
                    for r in rules.values()),
            )
        )  # fmt: skip
    texts = pl.List(pl.String)
    said = pl.DataFrame(
        rows,
        schema={"gs": sets.dtype, "o": pl.UInt32, "said": texts, "cited": texts,
                "force": pl.String, "told": texts, "situations": texts, "timed": pl.Boolean,
                "applies": texts, "reads_clock": pl.Boolean},
        orient="row",
    )  # fmt: skip
    sets_of_rules = said.select("applies").unique(maintain_order=True).with_row_index("w")
    return said.join(sets_of_rules, on="applies", how="left", maintain_order="left")


def _missing(panel: Panel, found: pl.DataFrame, refuse_unencoded: bool) -> pl.DataFrame:
    """Per distinct places: what is missing for a decision, and the duty of unwritten law.

    `decide._structural` and `_place_duties`, but for the zone.
    """
    places = found.select("law", "known").unique(maintain_order=True)
    rows = []
    numbers: dict[tuple[tuple[str, ...], str], int] = {}
    for law, known in places.iter_rows():
        absent = [] if known else ["address_unknown"]
        duty = ""
        for place in unmask(law, zones=False):
            if place not in panel.rulebook.places:
                absent.append("place_without_file")
            elif not panel.rulebook.places[place].encoded:
                duty = "state_law_not_encoded"
                if refuse_unencoded:
                    absent.append("place_not_encoded")
        absent = sorted(set(absent))
        number = numbers.setdefault((tuple(absent), duty), len(numbers))
        rows.append((law, known, number, absent, duty))
    return pl.DataFrame(
        rows,
        schema={"law": pl.UInt64, "known": pl.Boolean, "m": pl.UInt32,
                "missing": pl.List(pl.String), "duty": pl.String},
        orient="row",
    )  # fmt: skip


def _digests(one: Judgement) -> list[str]:
    order = sorted_fields(one.rules)
    return [name_of(one.rules.name, order, facts) for facts in one.situations]
