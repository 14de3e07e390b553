"""What limits and waits found, in words: the column `evidence`.

Many candidates are alike in what was counted: what a rule set says of each distinct count is put
into words once, and so is each distinct meeting of several rule sets.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ..kinds import Limit, Wait
from ..rule import Rule
from .bits import maximum_of
from .judge import Judgement
from .resting import fragments, resting
from .table import Table

Told = tuple[pl.Series, pl.Series, pl.Series]
"""Candidates (i), the number of each's text, and texts by number."""


def evidence(table: Table, judgements: Sequence[Judgement]) -> pl.Series:
    """By candidate: per limit what is used of it and when it is free, per wait when it ends.

    As JSON, by rule; `free` stands where the limit is reached. Where a count rests on what was
    said, the statements stand with it (`resting`).
    """
    texts = pl.Series([""])
    number = pl.zeros(len(table.cand), dtype=pl.UInt32, eager=True)
    for one in judgements:
        timed = [(n, rule) for n, rule in one.timed if isinstance(rule.body, Limit | Wait)]
        told = _told(table, one, timed) if timed else None
        if told is not None:
            _lay(number, texts, *told)
    whole = texts.to_frame("x").select(pl.concat_str(pl.lit("{"), "x", pl.lit("}")).alias("x"))
    return whole["x"].rechunk().gather(number)


def _lay(number: pl.Series, texts: pl.Series, i: pl.Series, of: pl.Series, told: pl.Series) -> None:
    """Put what a rule set says behind what others said before (both are changed in place)."""
    mine = of + len(texts)
    texts.append(told)
    before = number.gather(i)
    both = before > 0
    if both.any():
        pairs = pl.DataFrame([before.alias("before"), mine.alias("mine")]).filter(both)
        kinds = pairs.unique(maintain_order=True).with_row_index("n", offset=len(texts))
        places = pairs.join(kinds, on=["before", "mine"], how="left", maintain_order="left")["n"]
        sides = [texts.gather(kinds[side]).alias(side) for side in ("before", "mine")]
        joined = pl.concat_str("before", "mine", separator=",")
        texts.append(pl.DataFrame(sides).select(joined.alias("x"))["x"])
        mine = mine.scatter(both.arg_true(), places)
    number.scatter(i, mine)


def _told(table: Table, one: Judgement, timed: Sequence[tuple[int, Rule]]) -> Told | None:
    """What one rule set says of the candidates that it says anything of; None: of nobody."""
    said = {number: resting(table, one, rule) for number, rule in timed}
    timed = [
        (n, rule)
        for n, rule in timed
        if said[n] is not None
        or one.rows[f"{'u' if isinstance(rule.body, Limit) else 'v'}{n}"].null_count()
        < len(one.rows)
    ]
    if not timed:
        return None
    every = [f"u{n}" for n, rule in timed if isinstance(rule.body, Limit)]
    every += [f"v{n}" for n, _ in timed]
    columns = [name for name in every if one.rows[name].null_count() < len(one.rows)]
    worst = one.rows.select(pl.col("i").set_sorted(), *columns)
    if all(frame is None for frame in said.values()):
        worst = worst.filter(pl.any_horizontal(pl.col(columns).is_not_null()))
        if worst.is_empty():
            return None
    twice = table.plural.gather(worst["i"])
    if twice.any():
        several = worst.filter(twice).group_by("i").agg(pl.col(columns).max())
        worst = pl.concat([worst.filter(~twice), several])
    parts: list[pl.Expr] = []
    for number, rule in timed:
        rests = said[number]
        if rests is not None:
            worst = fragments(worst, number, rests)
        parts.append(_part(number, rule, rests=rests is not None))
    kinds = worst.group_by(worst.columns[1:]).agg("i")
    never = [one.rows[name].clear(len(kinds)) for name in every if name not in columns]
    whole = pl.concat_str(parts, separator=",", ignore_nulls=True).alias("told")
    told = kinds.hstack(never).select(whole, "i").filter(pl.col("told") != "")
    place = pl.int_range(pl.len(), dtype=pl.UInt32).alias("k")
    each = told.select("i", place).explode("i", empty_as_null=True, keep_nulls=True)
    return each["i"], each["k"], told["told"]


def _part(number: int, rule: Rule, *, rests: bool) -> pl.Expr:
    """One rule's words; null where there is nothing to say. `rests`: statements bear on it."""
    more = [pl.col(f"x{number}").fill_null("")] if rests else []
    if isinstance(rule.body, Limit):
        column, shown = f"u{number}", pl.col(f"u{number}").cast(pl.String)
        free = pl.concat_str(pl.lit(',"free":"'), _instant(f"v{number}"), pl.lit('"'))
        head = f'"{rule.id}":{{"used":'
        most = [pl.lit(f',"max":{maximum_of(rule)}')]
        if rests:
            agreed = pl.col(f"m{number}").fill_null(maximum_of(rule)).cast(pl.String)
            most = [pl.lit(',"max":'), agreed]
        told = [*most, free.fill_null(""), *more, pl.lit("}")]
    else:
        column, shown = f"v{number}", _instant(f"v{number}")
        head, told = f'"{rule.id}":{{"until":"', [pl.lit('"'), *more, pl.lit("}")]
    text = pl.concat_str(pl.lit(head), shown, *told)
    part: pl.Expr = pl.when(pl.col(column).is_not_null()).then(text)
    if rests:  # a wait that a consent lifts has no end
        alone = pl.concat_str(
            pl.lit(f'"{rule.id}":{{'), pl.col(f"x{number}").str.slice(1), pl.lit("}")
        )
        part = pl.coalesce(part, alone)
    return part


def _instant(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
