"""Attempts left: how often each row may be worked so that all rows together break no rule.

Every limit that applies is a budget shared by the rows of its unit that count for it, and every
wait that an attempt itself would start is a budget of one; a row that the rule does not bind draws
on it too wherever one that it binds stands beside it (`charging`). Rows take one attempt after
another, in order, as long as every budget they draw on has room for all that stand before them; so
working every row to its `attempts_left`, in any order and without a conversation, stays within
every rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from ..kinds import Limit, Wait
from ..question import FEDERAL
from ..rule import Rule
from ..rulebook import REACHING
from .bits import maximum_of
from .charging import Drawing
from .judge import Judgement
from .resting import bound_by, fragments, resting
from .table import Table
from .tally import KEYS
from .where import mask, place_names

ROUNDS = 12


def budgets(
    table: Table, judgements: list[Judgement], found: pl.DataFrame, caps: Mapping[str, int]
) -> pl.DataFrame:
    """Adds `attempts_left` and `budgets` (JSON) to permitted rows, and `evidence` to all."""
    shares = _shares(table, judgements, found)
    cap = pl.col("channel").replace_strict(dict(caps), default=1, return_dtype=pl.Int32)
    listed = found.filter("permitted").select("i", cap.alias("cap"))
    taken = allocate(listed, shares)
    found = found.join(taken, on="i", how="left", maintain_order="left").with_columns(
        pl.col("attempts_left").fill_null(0)
    )
    named = _named(table, shares, _rule_names(judgements))
    found = found.join(named, on="i", how="left", maintain_order="left").with_columns(
        pl.col("budgets").fill_null("[]")
    )
    return _evidence(table, judgements, found)


def _shares(table: Table, judgements: list[Judgement], found: pl.DataFrame) -> pl.DataFrame:
    """Long: i, r (number of the rule), unit, left. Only permitted rows.

    Units are numbers: the unit's keys packed where they fit into 64 bits, else ranked.
    """
    sets = found.filter("permitted").select("w", "applies").unique("w", maintain_order=True)
    named = [(w, frozenset(names)) for w, names in sets.iter_rows()]
    w = found.select(pl.when("permitted").then("w"))["w"]  # found stands in the order of i
    frames = []
    drawing = Drawing.of(table, found)
    keys = dict.fromkeys(("i", "combo", "collector", *KEYS.values()))
    for number, one in enumerate(judgements):
        used = [f"u{n}" for n, rule in one.timed if isinstance(rule.body, Limit)]
        rows = one.rows.select(*keys, *used, w.gather(one.rows["i"])).filter(
            pl.col("w").is_not_null()
        )
        for column, rule in one.timed:
            bound = [w for w, names in named if rule.id in names]
            here = _budget_rows(drawing, one, rows, column, rule, bound)
            if here is None or not len(here):
                continue
            twice = table.plural.gather(here["i"])
            if twice.any():  # in several zones: the smallest room holds
                least = here.filter(twice).group_by("i", "unit").agg(pl.col("left").min())
                here = pl.concat([here.filter(~twice), least])
            r = pl.lit(1000 * number + column, dtype=pl.Int32)
            frames.append(here.select("i", r.alias("r"), "unit", "left"))
    if not frames:
        return pl.DataFrame(
            schema={"i": pl.UInt32, "r": pl.Int32, "unit": pl.UInt64, "left": pl.Int64}
        )
    return pl.concat(frames)


def _rule_names(judgements: list[Judgement]) -> dict[int, str]:
    return {
        1000 * number + column: rule.id
        for number, one in enumerate(judgements)
        for column, rule in one.timed
    }


def _budget_rows(
    drawing: Drawing,
    one: Judgement,
    rows: pl.DataFrame,
    number: int,
    rule: Rule,
    sets: Sequence[int],
) -> pl.DataFrame | None:
    """i, unit and left of every row with a share of one rule's budgets; None where it has none.

    `sets` are the numbers (w) of the sets of applying rules that the rule is in.
    """
    body = rule.body
    if not isinstance(body, Limit | Wait):
        return None
    drawn = drawing.counting(rule, _near(one))
    if drawn.is_empty():
        return None
    keys = _keys(body.per)
    applies = pl.col("w").is_in(pl.Series(sets, dtype=pl.UInt32).implode())
    if isinstance(body, Limit):
        counts = [n for n, c in enumerate(one.combos) if c.member.get(rule.key) == "counts"]
        bound = rows.select("i", "combo", "w", *keys, f"u{number}").filter(
            applies & pl.col("combo").is_in(counts) & pl.col(f"u{number}").is_not_null()
        )
        bound = bound_by(bound, resting(drawing.table, one, rule))
        agreed = bound["number"].is_not_null().any()
        left = pl.col("number").fill_null(maximum_of(rule)) - pl.col(f"u{number}").cast(pl.Int64)
    else:
        free = [n for n, c in enumerate(one.combos) if rule.key in c.exempt]
        bound = rows.select("i", "combo", "w", *keys).filter(applies & ~pl.col("combo").is_in(free))
        left = pl.lit(1, dtype=pl.Int64)
        agreed = False
    if bound.is_empty():
        return None
    mine = bound.select("i", *keys, left.alias("left"))
    its = pl.zeros(len(drawing.table.cand), dtype=pl.Boolean, eager=True).scatter(mine["i"], True)
    others = drawn.filter(~its.gather(drawn["i"])).select("i", *keys)
    whole = pl.concat([mine, others], how="diagonal")
    whole = whole.select("i", _unit(whole, keys).alias("unit"), "left")
    if isinstance(body, Wait):  # nothing starts it where no row does
        starting = whole.filter(pl.col("i").is_in(drawn["i"].implode()))["unit"].unique()
        whole = whole.filter(pl.col("unit").is_in(starting.implode()))
    least = pl.col("left").min().over("unit")
    if agreed:  # by some of those who share it, and the number of the others holds too
        whole = whole.with_columns(least.alias("left"))
    elif not others.is_empty():
        whole = whole.with_columns(pl.coalesce("left", least).alias("left"))
    return whole.drop_nulls("left")


def _near(one: Judgement) -> int | None:
    """The bit of the place whose law a judgement is by; None: federal law, or a collector's."""
    name = one.rules.name.partition("@")[0]
    return (
        None
        if name == FEDERAL or name.endswith(REACHING)
        else mask(place_names(), frozenset((name,)))
    )


def _keys(per: Sequence[str]) -> list[str]:
    """The columns that tell one unit from another."""
    keys = list(dict.fromkeys(KEYS[unit] for unit in per))
    if not {"pool", "a"} & set(keys):  # a debt has one collector; other units need it named
        keys.insert(0, "collector")
    return keys


def _unit(rows: pl.DataFrame, keys: list[str]) -> pl.Series:
    """A number for each row's unit: its keys packed into 64 bits, else ranked."""
    if len(keys) == 1:
        return rows[keys[0]].cast(pl.UInt64)
    if len(keys) == 2 and "collector" not in keys:
        wide = [rows[key].cast(pl.UInt64) for key in keys]
        return wide[0] * (1 << 32) + wide[1]
    if len(keys) == 2:
        return rows["collector"].rank("dense").cast(pl.UInt64) * (1 << 32) + rows[keys[1]]
    return rows.select(pl.struct(keys).rank("dense").cast(pl.UInt64).alias("x"))["x"]


def allocate(listed: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Give attempts round by round.

    In each, a row gets one if all its budgets have room for it and for every row before it that
    still asks.
    """
    taken = listed.select("i", pl.lit(0, dtype=pl.Int32).alias("attempts_left"))
    unit = ["r", "unit"]
    # an unlimited row needs no rounds
    bound = shares.select("i").unique()
    free = listed.join(bound, on="i", how="anti").select("i", pl.col("cap").alias("attempts_left"))
    shares = shares.join(listed, on="i").sort("i")
    done = []
    for _ in range(ROUNDS):
        # who still asks: below its cap, and no budget of its own is spent
        spent = shares.filter(pl.col("left") <= 0).select("i").unique()
        shares = shares.join(spent, on="i", how="anti")
        if shares.is_empty():
            break
        ranked = shares.with_columns(pl.col("i").cum_count().over(unit).alias("rank"))
        given = ranked.group_by("i").agg((pl.col("rank") <= pl.col("left")).all().alias("ok"))
        given = given.filter("ok").select("i")  # the first of all that ask is always among them
        done.append(given.with_columns(pl.lit(1, dtype=pl.Int32).alias("one")))
        used = (
            shares.join(given, on="i", how="semi")
            .group_by(unit)
            .agg(pl.len().cast(pl.Int64).alias("used"))
        )
        shares = (
            shares.join(used, on=unit, how="left")
            .with_columns(
                (pl.col("left") - pl.col("used").fill_null(0)).alias("left"),
                (pl.col("cap") - pl.col("i").is_in(given["i"].implode()).cast(pl.Int32)).alias(
                    "cap"
                ),
            )
            .drop("used")
        )
        shares = shares.filter(pl.col("cap") > 0).sort("i")
    if done:
        total = pl.concat(done).group_by("i").agg(pl.col("one").sum())
        taken = (
            taken.join(total, on="i", how="left")
            .with_columns(pl.coalesce("one", "attempts_left").alias("attempts_left"))
            .drop("one")
        )
    return pl.concat([taken.join(free, on="i", how="anti"), free]).sort("i")


def _named(table: Table, shares: pl.DataFrame, names: Mapping[int, str]) -> pl.DataFrame:
    """The budgets column: [{"id","rule","left"}], by rule. Rows with the same id share it.

    An id is the rule and the least candidate of the unit, so that it names no person and is the
    same however a day was cut into parts.
    """
    if shares.is_empty():
        return pl.DataFrame(schema={"i": pl.UInt32, "budgets": pl.String})
    cand = table.cand
    least = pl.concat_str("account", "point", "channel", separator="|")
    place = _escaped(cand.select(least.alias("x"))["x"])
    firsts = shares.group_by("r", "unit").agg(pl.col("i").min().alias("first"))
    named = shares.join(firsts, on=["r", "unit"])
    rule = pl.col("r").replace_strict(names, return_dtype=pl.String)
    order = {r: rank for rank, r in enumerate(sorted(names, key=names.__getitem__))}
    text = pl.concat_str(
        pl.lit('{"id":"'),
        rule,
        pl.lit("|"),
        place.gather(named["first"]),
        pl.lit('","rule":"'),
        rule,
        pl.lit('","left":'),
        pl.col("left").cast(pl.String),
        pl.lit("}"),
    )
    return (
        named.with_columns(text.alias("one"), pl.col("r").replace_strict(order).alias("r"))
        .sort("i", "r")
        .group_by("i", maintain_order=True)
        .agg(pl.concat_str(pl.lit("["), pl.col("one").str.join(","), pl.lit("]")).alias("budgets"))
    )


def _escaped(text: pl.Series) -> pl.Series:
    """Text as it stands within a JSON string."""
    if not text.str.contains(r'["\\[:cntrl:]]').any():
        return text
    whole = text.to_frame("x").select(pl.struct("x").struct.json_encode().alias("x"))["x"]
    return whole.str.slice(6, whole.str.len_chars() - 8)


def _instant(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _evidence(table: Table, judgements: list[Judgement], found: pl.DataFrame) -> pl.DataFrame:
    """`evidence`: per limit what is used of it and when it is free, per wait when it ends, as JSON.

    By rule; `free` stands where the limit is reached. Where a count rests on what was said, the
    statements stand with it (`resting`).
    """
    judged = [
        one for one in judgements if any(isinstance(r.body, Limit | Wait) for _, r in one.timed)
    ]
    if not judged:
        return found.with_columns(pl.lit("{}").alias("evidence"))
    lines = []
    for one in judged:
        timed = [(n, r) for n, r in one.timed if isinstance(r.body, Limit | Wait)]
        columns = [f"u{n}" for n, r in timed if isinstance(r.body, Limit)]
        columns += [f"v{n}" for n, _ in timed]
        worst = one.rows.select("i", *columns)
        twice = table.plural.gather(worst["i"])
        if twice.any():
            several = worst.filter(twice).group_by("i").agg(pl.col(columns).max())
            worst = pl.concat([worst.filter(~twice), several])
        parts: list[pl.Expr] = []
        for number, rule in timed:
            said = resting(table, one, rule)
            more: list[pl.Expr] = []
            if said is not None:
                worst = fragments(worst, number, said)
                more.append(pl.col(f"x{number}").fill_null(""))
            if isinstance(rule.body, Limit):
                column, shown = f"u{number}", pl.col(f"u{number}").cast(pl.String)
                free = pl.concat_str(pl.lit(',"free":"'), _instant(f"v{number}"), pl.lit('"'))
                head = f'"{rule.id}":{{"used":'
                most = [pl.lit(f',"max":{maximum_of(rule)}')]
                if said is not None:
                    agreed = pl.col(f"m{number}").fill_null(maximum_of(rule)).cast(pl.String)
                    most = [pl.lit(',"max":'), agreed]
                told = [*most, free.fill_null(""), *more, pl.lit("}")]
            else:
                column, shown = f"v{number}", _instant(f"v{number}")
                head, told = f'"{rule.id}":{{"until":"', [pl.lit('"'), *more, pl.lit("}")]
            text = pl.concat_str(pl.lit(head), shown, *told)
            part: pl.Expr = pl.when(pl.col(column).is_not_null()).then(text)
            if said is not None:  # a wait that a consent lifts has no end
                alone = pl.col(f"x{number}").str.slice(1)
                alone = pl.concat_str(pl.lit(f'"{rule.id}":{{'), alone, pl.lit("}"))
                part = pl.coalesce(part, alone)
            parts.append(part)
        # many are alike: each is put into words once
        on = worst.columns[1:]
        whole = pl.concat_str(parts, separator=",", ignore_nulls=True).alias("told")
        kinds = worst.select(on).unique()
        kinds = kinds.with_columns(kinds.select(whole)["told"]).filter(pl.col("told") != "")
        lines.append(worst.join(kinds, on=on, nulls_equal=True).select("i", "told"))
    return found.with_columns(_joined(lines, len(found)).alias("evidence"))


def _joined(lines: list[pl.DataFrame], count: int) -> pl.Series:
    """The texts of each candidate (i, told) as one JSON object, in the order they stand in."""
    told = pl.concat(lines)
    twice = told["i"].is_duplicated()
    several = (
        told.filter(twice).group_by("i", maintain_order=True).agg(pl.col("told").str.join(","))
    )
    told = pl.concat([told.filter(~twice), several])
    at = pl.repeat(None, count, dtype=pl.UInt32, eager=True)
    at = at.scatter(told["i"], pl.int_range(len(told), dtype=pl.UInt32, eager=True))
    texts = pl.DataFrame({"told": told["told"].gather(at).fill_null("")})
    return texts.select(pl.concat_str(pl.lit("{"), "told", pl.lit("}")).alias("x"))["x"]
