"""Attempts left: how often each row may be worked so that all rows together break no rule.

Every limit that applies is a budget shared by the rows of its unit that count for it, and every
wait that an attempt itself would start is a budget of one; a row that the rule does not bind draws
on it too wherever one that it binds stands beside it (`charging`). Rows take one attempt after
another, in order, as long as every budget they draw on has room for all that stand before them
(`allocating`); so working every row to its `attempts_left`, in any order and without a
conversation, stays within every rule.

Units live on the level of the candidate and have numbers there; a budget (`g`) is a rule with one
of its units, and is put into words once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from ..kinds import Limit, Wait
from ..panel import Panel
from ..rule import Rule
from .allocating import ends, rounds, starts
from .bits import maximum_of
from .charging import Drawing
from .evidence import evidence
from .judge import Judgement
from .ledger import ledger_of
from .resting import bound_by, resting
from .table import Table
from .tally import KEYS
from .units import Units

WIDE = 16  # a unit's number is its keys side by side up to so many times the candidates


def budgets(
    panel: Panel,
    table: Table,
    judgements: list[Judgement],
    found: pl.DataFrame,
    caps: Mapping[str, int],
) -> pl.DataFrame:
    """Adds `attempts_left` and `budgets` (JSON) to permitted rows, and `evidence` to all."""
    permitted = found["permitted"]
    drawing = Drawing.of(panel, table, permitted)
    rules, shares = _shares(drawing, judgements, found)
    cap = pl.Series([caps.get(words[0], 1) for words in drawing.words], dtype=pl.Int32)
    left = cap.gather(drawing.kind) * permitted.cast(pl.Int32)
    bound = shares["i"].unique()
    left = left.scatter(bound, rounds(left, shares).gather(bound))
    return found.with_columns(
        left.alias("attempts_left"),
        _named(table, shares, rules).alias("budgets"),
        evidence(table, judgements).alias("evidence"),
    )


def _shares(
    drawing: Drawing, judgements: list[Judgement], found: pl.DataFrame
) -> tuple[list[str], pl.DataFrame]:
    """Rules with budgets, sorted; each share: i, g, left, r (its rule's place), by g and i."""
    sets = ledger_of(drawing.panel).rules
    permitted, w = found["permitted"], found["w"]
    timed: list[tuple[str, pl.DataFrame]] = []
    for one in judgements:
        numbered = [(n, rule) for n, rule in one.timed if isinstance(rule.body, Limit | Wait)]
        if not numbered:
            continue
        used = [f"u{n}" for n, rule in numbered if isinstance(rule.body, Limit)]
        rows = one.rows.select("i", "combo", *used)
        rows = rows.filter(permitted.gather(rows["i"]))
        rows = rows.with_columns(w.gather(rows["i"]))
        for number, rule in numbered:
            within = sets.holding(rule.id)
            counts = drawing.counting(rule) if within.any() else None
            if counts is not None:
                mine = rows.filter(within.gather(rows["w"]))
                here = _budget_rows(drawing, one, mine, number, rule, counts)
                if not here.is_empty():
                    timed.append((rule.id, here))
    timed.sort(key=lambda pair: pair[0])
    frames, budgets = [], 0
    for place, (_, here) in enumerate(timed):
        g = here["unit"].rle_id() + budgets
        budgets = g[-1] + 1
        r = pl.repeat(place, len(here), dtype=pl.UInt32, eager=True)
        frames.append(here.select("i", "left").with_columns(g.alias("g"), r.alias("r")))
    schema = {"i": pl.UInt32, "left": pl.Int64, "g": pl.UInt32, "r": pl.UInt32}
    whole = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    return [name for name, _ in timed], whole


def _budget_rows(
    drawing: Drawing, one: Judgement, rows: pl.DataFrame, number: int, rule: Rule, counts: pl.Series
) -> pl.DataFrame:
    """i, unit and left of every row with a share of one rule's budgets, by unit and i.

    `rows`: of candidates to whom it applies; `counts`: whose attempts count, by words.
    """
    assert isinstance(rule.body, Limit | Wait)
    mine, agreed = _bound(drawing.table, one, rows, number, rule)
    if mine.is_empty():
        return mine
    unit = _unit(drawing.table, rule.body.per)
    last = unit.max()
    assert isinstance(last, int)
    blank = pl.zeros(last + 1, dtype=pl.Boolean, eager=True)
    bound = unit.gather(mine["i"])
    counts = counts.gather(drawing.kind)
    drawn = (counts & blank.clone().scatter(bound, True).gather(unit)).scatter(mine["i"], False)
    others = drawing.rows.filter(drawn.gather(drawing.rows))
    theirs = unit.gather(others)
    if isinstance(rule.body, Wait):  # nothing starts it where no row does
        starting = blank.scatter(bound.filter(counts.gather(mine["i"])), True)
        starting.scatter(theirs, True)
        mine = mine.filter(starting.gather(bound))
        bound = unit.gather(mine["i"])
    none = pl.repeat(None, len(others), dtype=pl.Int64, eager=True)
    whole = pl.DataFrame(
        [
            mine["i"].append(others.cast(pl.UInt32)),
            bound.append(theirs).alias("unit"),
            mine["left"].append(none),
        ]
    )
    whole = whole.select(
        pl.all().gather((pl.col("unit").cast(pl.UInt64) * (1 << 32) + pl.col("i")).arg_sort())
    )
    if agreed or len(others):
        least = pl.col("left").min().over("unit")
        # agreed by some of those who share it, the number of the others holds too
        whole = whole.with_columns(least.alias("left") if agreed else pl.coalesce("left", least))
    return whole


def _bound(
    table: Table, one: Judgement, rows: pl.DataFrame, number: int, rule: Rule
) -> tuple[pl.DataFrame, bool]:
    """Rows that a rule binds (i) with what they leave of it, and whether a number was agreed on."""
    agreed = False
    if isinstance(rule.body, Limit):
        used = f"u{number}"
        counts = pl.Series([c.member.get(rule.key) == "counts" for c in one.combos])
        among = counts.gather(rows["combo"]) & rows[used].is_not_null()
        bound = rows.select("i", used).filter(among)
        most: pl.Expr = pl.lit(maximum_of(rule), dtype=pl.Int64)
        said = resting(table, one, rule)
        if said is not None:
            bound = bound_by(bound, said)
            agreed = bound["number"].is_not_null().any()
            most = pl.col("number").fill_null(most)
        mine = bound.select("i", (most - pl.col(used).cast(pl.Int64)).alias("left"))
    else:
        binding = pl.Series([rule.key not in c.exempt for c in one.combos])
        bound = rows.select("i").filter(binding.gather(rows["combo"]))
        mine = bound.with_columns(pl.lit(1, dtype=pl.Int64).alias("left"))
    if len(mine) and (mine["i"] == mine["i"].shift()).any():  # in several zones
        mine = mine.group_by("i", maintain_order=True).agg(pl.col("left").min())
    return mine, agreed


def _keys(per: Sequence[str]) -> list[str]:
    """The columns that tell one unit from another."""
    keys = list(dict.fromkeys(KEYS[unit] for unit in per))
    if not {"pool", "a"} & set(keys):  # a debt has one collector; other units need it named
        keys.insert(0, "collector")
    return keys


def _unit(table: Table, per: Sequence[str]) -> pl.Series:
    """By candidate, the number of the unit that a rule counts it in."""
    keys = _keys(per)
    return table.once(("unit", *keys), lambda: _numbered(table, keys))


def _numbered(table: Table, keys: Sequence[str]) -> pl.Series:
    """Units by number: the keys side by side where that leaves few gaps, else told apart."""
    cand = table.cand
    number = pl.zeros(len(cand), dtype=pl.UInt64, eager=True)
    room = 1
    for key in keys:
        one = cand[key]
        if key == "collector":
            one = table.once(("unit", key), lambda: _collector(table))
        last = one.max()
        width = (last if isinstance(last, int) else 0) + 1
        room *= width
        number = number * width + one.cast(pl.UInt64)
    if room > WIDE * len(cand):
        return Units.told(cand, list(keys)).of
    return number.cast(pl.UInt32)


def _collector(table: Table) -> pl.Series:
    """By candidate, the number of its debt's collector."""
    return Units.told(table.prepared.accounts, ["collector"]).of.gather(table.cand["a"])


def _named(table: Table, shares: pl.DataFrame, rules: Sequence[str]) -> pl.Series:
    """By candidate its budgets: [{"id","rule","left"}], by rule. Rows with the same id share it.

    An id is the rule and the least candidate of the unit, so that it names no person and is the
    same however a day was cut into parts.
    """
    count = len(table.cand)
    if shares.is_empty():
        return pl.repeat("[]", count, dtype=pl.String, eager=True)
    i, g, left = shares["i"], shares["g"], shares["left"]
    first = i.gather(starts(g))  # by budget
    # what is left of it is mostly the same for all who share it: each is put into words once
    told = ((g != g.shift()) | (left != left.shift())).fill_null(value=True)
    at = told.arg_true()
    each = table.cand.select("account", "point", "channel")[first]
    place = each.select(pl.concat_str(pl.all().cast(pl.String), separator="|").alias("x"))["x"]
    named = pl.Series(rules, dtype=pl.String).gather(shares["r"].gather(at))
    columns = {
        "rule": named,
        "place": _escaped(place).gather(g.gather(at)),
        "left": left.gather(at),
    }
    text = pl.concat_str(
        pl.lit('{"id":"'), "rule", pl.lit("|"), "place", pl.lit('","rule":"'), "rule",
        pl.lit('","left":'), pl.col("left").cast(pl.String), pl.lit("}"),
    )  # fmt: skip
    texts = pl.DataFrame(columns).select(text.alias("x"))["x"]
    number = told.cast(pl.UInt32).cum_sum() - 1
    # a candidate's, side by side
    order = (i.cast(pl.UInt64) * (1 << 32) + g).arg_sort()
    i, number = i.gather(order), number.gather(order)
    start = starts(i)
    many = ends(start, len(i)) - start + 1
    rows, whole = [], [pl.Series(["[]"])]
    for length in many.unique().sort().to_list():
        mine = start.filter(many == length)
        beside = pl.DataFrame(
            [texts.gather(number.gather(mine + n)).alias(str(n)) for n in range(length)]
        )
        joined = pl.concat_str(pl.all(), separator=",")
        whole.append(beside.select(pl.concat_str(pl.lit("["), joined, pl.lit("]")).alias("x"))["x"])
        rows.append(i.gather(mine))
    of = pl.concat(rows)
    numbers = pl.int_range(1, len(of) + 1, dtype=pl.UInt32, eager=True)
    listed = pl.zeros(count, dtype=pl.UInt32, eager=True).scatter(of, numbers)
    return pl.concat(whole, rechunk=True).gather(listed)


def _escaped(text: pl.Series) -> pl.Series:
    """Text as it stands within a JSON string."""
    if not text.str.contains(r'["\\[:cntrl:]]').any():
        return text
    whole = text.to_frame("x").select(pl.struct("x").struct.json_encode().alias("x"))["x"]
    return whole.str.slice(6, whole.str.len_chars() - 8)
