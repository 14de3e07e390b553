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
from .ledger import SAID, TEXTS, framed, ledger_of
from .table import Table
from .terms import asked_of_places

STRENGTH = ("structural", "prohibition", "presumption", "policy")


def situation_table(panel: Panel, judgements: list[Judgement]) -> pl.DataFrame:
    """Every situation once: its digest, rule set, facts, and both engines' answers."""
    numbers = [one.situations for one in judgements]
    met = pl.concat(numbers) if numbers else pl.Series([], dtype=pl.UInt32)
    return ledger_of(panel).table[met].sort("situation")


def _per_candidate(judgements: list[Judgement]) -> pl.DataFrame:
    """The situations of each candidate: `lo` and `hi`, and where there are more, all in `gs`."""
    frames = [one.rows.select("i", pl.col("s").alias("g")) for one in judgements]
    long = pl.concat(frames) if frames else pl.DataFrame(schema={"i": pl.UInt32, "g": pl.UInt32})
    g = pl.col("g")
    ends = long.group_by("i").agg(g.min().alias("lo"), g.max().alias("hi"), pl.len().alias("n"))
    more = ends.filter(pl.col("n") > 2).select("i")
    lists = long.join(more, on="i", how="semi").group_by("i").agg(g.unique().sort().alias("gs"))
    lists = lists.filter(pl.col("gs").list.len() > 2)
    return ends.drop("n").join(lists, on="i", how="left")


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
    found, said = _outcomes(panel, table.cand, _per_candidate(judgements))
    found, asked = asked_of_places(panel, table, found, refuse_unencoded, licences)
    unplaced = (pl.col("zones") == 0) & pl.col("reads_clock")
    found = found.with_columns(unplaced.alias("unplaced")).drop("reads_clock")
    keys = ["o", "m", "unplaced"]
    pairs = found.select(keys).unique(maintain_order=True)
    pairs = pairs.join(said, on="o", how="left", maintain_order="left")
    pairs = pairs.join(asked, on="m", how="left", maintain_order="left").select(
        *keys, "said", "cited", "missing", "by_law", "force", "timed", "told", "duty"
    )
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
                "\n".join(sorted([*rules, *(f"structural/{name}" for name in structural)])),
                "\n".join(sorted(cites)),
                min(forces, key=STRENGTH.index, default=None),
                bool(rules) and timed and not structural,
                ";".join(sorted({*told, *duty})),
            )
        )
    schema: dict[str, pl.DataType] = {
        "o": pl.UInt32(), "m": pl.UInt32(), "unplaced": pl.Boolean(), "rules": TEXTS,
        "cites": TEXTS, "force": pl.String(), "by_time": pl.Boolean(), "duties": pl.String(),
    }  # fmt: skip
    outcomes = framed(rows, schema).with_columns(
        (pl.col("rules").list.len() == 0).alias("permitted")
    )
    return found.join(outcomes, on=keys, how="left", maintain_order="left")


def _outcomes(
    panel: Panel, cand: pl.DataFrame, per: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates with their situations and the number (o) of what is said of these; all of that."""
    keys = ["lo", "hi", "gs"]
    distinct = per.select(keys).unique(maintain_order=True)
    numbers, said = _said(panel, distinct)
    digests = ledger_of(panel).table["situation"]
    two = pl.concat_list("x", "y").list.unique().list.sort()
    named = distinct.with_columns(
        numbers[1:].alias("o"),
        digests.gather(distinct["lo"]).alias("x"),
        digests.gather(distinct["hi"]).alias("y"),
    ).with_columns(two.alias("situations"))
    rare = named.filter(pl.col("gs").is_not_null())
    if len(rare):
        lists = rare.select("gs", pl.col("gs").alias("g")).explode(
            "g", empty_as_null=True, keep_nulls=True
        )
        lists = lists.with_columns(digests.gather(lists["g"]).alias("name"))
        lists = lists.group_by("gs").agg(pl.col("name").unique().sort().alias("names"))
        named = named.join(lists, on="gs", how="left", maintain_order="left").with_columns(
            pl.coalesce("names", "situations").alias("situations")
        )
    told = named.select(*keys, "o", "situations")
    both, more = pl.col("gs").is_null(), pl.col("gs").is_not_null()
    pairs = per.filter(both).join(told.filter(both).drop("gs"), on=["lo", "hi"], how="left")
    rest = per.filter(more).join(told.filter(more).drop("lo", "hi"), on="gs", how="left")
    per = pl.concat([one.select("i", "o", "situations") for one in (pairs, rest)])
    found = cand.join(per, on="i", how="left", maintain_order="left").with_columns(
        pl.col("o").fill_null(numbers[0]),
        pl.col("situations").fill_null(pl.lit([], dtype=pl.List(pl.String))),
    )
    few = said.select("o", "applies", "reads_clock", "w")
    return found.join(few, on="o", how="left", maintain_order="left"), said


def _said(panel: Panel, distinct: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Sets of situations: the number of each's set of outcomes, and what is said of those.

    The first number is that of no situation at all. Said is what refuses, which duties there are,
    and which timed rules apply.
    """
    ledger = ledger_of(panel)
    outcome = pl.Series(ledger.outcome, dtype=pl.UInt32)
    ends = distinct.select(
        outcome.gather(distinct["lo"]).alias("lo"), outcome.gather(distinct["hi"]).alias("hi")
    )
    pairs = ends.unique(maintain_order=True)  # many situations have one outcome
    sets: dict[tuple[int, ...], None] = {(): None}
    alike = [tuple(sorted({*two})) for two in pairs.iter_rows()]
    several = {
        at: tuple(sorted({ledger.outcome[g] for g in distinct["gs"][at]}))
        for at in distinct["gs"].is_not_null().arg_true().to_list()
    }
    sets.update(dict.fromkeys([*alike, *several.values()]))
    by_id = {rule.id: rule for rule in panel.rulebook.rules}
    rows = []
    for one in sets:
        if one in ledger.sets:
            continue
        o = ledger.sets[one] = len(ledger.sets)
        refusing: dict[str, tuple[tuple[str, ...], str, bool]] = {}
        duties: dict[str, None] = {}
        rules: dict[str, Rule] = {}
        if not one:  # no law in force was asked, so none opened a window
            cite = (STRUCTURAL["no_common_window"][1],)
            refusing["structural/no_common_window"] = (cite, "structural", False)
        for number in one:
            verdict, timed_rules = ledger.outcomes[number]
            for rule_id in verdict.refusing:
                rule = by_id[rule_id]
                timed = isinstance(rule.body, Limit | Wait | Window)
                refusing[rule_id] = (rule.cite, rule.force, timed)
            if verdict.trouble:
                name = verdict.trouble.split(":")[0]
                refusing[f"structural/{name}"] = ((STRUCTURAL[name][1],), "structural", False)
            duties.update((duty, None) for duty, _ in verdict.duties)
            rules.update((rule.id, rule) for rule in timed_rules)
        force = min((STRENGTH.index(one[1]) for one in refusing.values()), default=None)
        applies = tuple(sorted(rules))
        rows.append(
            (
                o,
                "\n".join(sorted(refusing)),
                "\n".join(sorted({cite for one in refusing.values() for cite in one[0]})),
                None if force is None else STRENGTH[force],
                "\n".join(sorted(duties)),
                all(one[2] for one in refusing.values()),
                "\n".join(applies),
                any(isinstance(r.body, Window) and r.body.clock == "consumer"
                    for r in rules.values()),
                ledger.rules.setdefault(applies, len(ledger.rules)),
            )
        )  # fmt: skip
    if rows:
        ledger.said = pl.concat([ledger.said, framed(rows, SAID)])
    known = pairs.with_columns(pl.Series("o", [ledger.sets[one] for one in alike], dtype=pl.UInt32))
    numbers = ends.join(known, on=["lo", "hi"], how="left", maintain_order="left")["o"]
    if several:
        numbers = numbers.scatter(list(several), [ledger.sets[one] for one in several.values()])
    numbers = pl.concat([pl.Series("o", [ledger.sets[()]], dtype=pl.UInt32), numbers])
    return numbers, ledger.said[numbers.unique()]
