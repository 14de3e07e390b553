"""From situations back to candidates: what refuses, which duties, which windows apply.

A candidate has a situation per rule set, and per zone where they differ; its findings are their
union. What a situation comes to is numbers of sets (`ledger`), so a candidate's is the number of
the union of these; what is said of it is put into words once per distinct number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ..kinds import Limit, Wait, Window
from ..panel import Panel
from ..rule import Rule
from ..structural import STRUCTURAL, force_of
from ..terms import MISSING, Licences
from .allocating import ends, starts
from .judge import Judgement
from .ledger import TEXTS, Ledger, framed, ledger_of
from .table import Table
from .terms import Asked, asked_of_places
from .unions import Sets, side_by_side, told_apart

STRENGTH = ("structural", "prohibition", "presumption", "policy")
NO_WINDOW = "structural/no_common_window"
OUTCOMES: dict[str, pl.DataType] = {
    "rules": TEXTS, "cites": TEXTS, "force": pl.String(), "by_time": pl.Boolean(),
    "waits": pl.Boolean(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusing:
    """What a set of refusals comes to: its rules, their law, the strongest force of any.

    `timed`: all can end by time; `waits`: and none of them is a window.
    """

    rules: tuple[str, ...]
    cites: frozenset[str]
    forces: tuple[str, ...]
    timed: bool
    waits: bool


def situation_table(
    panel: Panel, judgements: list[Judgement] | None, more: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every situation once: its digest, rule set, facts, and both engines' answers; and `more`.

    Without judgements those that the panel has not handed over before.
    """
    ledger = ledger_of(panel)
    found = ledger.table(ledger.fresh() if judgements is None else _numbers(judgements))
    if more is not None:
        found = pl.concat([found, more], rechunk=True)
    return found[found["situation"].arg_sort()]


def _numbers(judgements: Sequence[Judgement]) -> pl.Series:
    numbers = [one.situations for one in judgements]
    return pl.concat(numbers) if numbers else pl.Series([], dtype=pl.UInt32)


def rules_of(panel: Panel) -> dict[str, Rule]:
    """Every rule by its id."""
    found = panel.notes.get(("rules",))
    if not isinstance(found, dict):
        found = panel.notes["rules",] = {rule.id: rule for rule in panel.rulebook.rules}
    return found


def outcome_table(
    panel: Panel,
    table: Table,
    judgements: list[Judgement],
    refuse_unencoded: bool,
    licences: Licences | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates with `situations`, `duties` and the numbers of what they come to; and outcomes.

    `f`: the set of refusals, `w`: of applying rules, both the ledger's; `x`: the outcome, a place
    in the second frame, whose last is that no window is open; `permitted`; `by_time`: every
    refusal can end by time alone.
    """
    ledger = ledger_of(panel)
    situations, f, d, w = _met(ledger, judgements, len(table.cand))
    asked = asked_of_places(panel, table, refuse_unencoded, licences)
    by_id = rules_of(panel)
    reads = ledger.notes.setdefault(("reads clock",), [])
    reads += [_reads_clock(names, by_id) for names in ledger.rules.members[len(reads) :]]
    unplaced = (table.cand["zones"] == 0) & pl.Series(reads, dtype=pl.Boolean).gather(w)
    outcomes, x = _outcomes(ledger, by_id, f, asked, unplaced)
    found = table.cand.with_columns(
        situations.alias("situations"),
        f.alias("f"),
        w.alias("w"),
        x.alias("x"),
        _duties(ledger, d, asked).alias("duties"),
        asked.suable.alias("suable"),
        (outcomes["rules"].list.len() == 0).gather(x).alias("permitted"),
        outcomes["by_time"].gather(x).alias("by_time"),
    )
    return found, outcomes


def _reads_clock(names: Sequence[str], by_id: dict[str, Rule]) -> bool:
    bodies = [by_id[name].body for name in names]
    return any(isinstance(body, Window) and body.clock == "consumer" for body in bodies)


def _met(
    ledger: Ledger, judgements: Sequence[Judgement], count: int
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """By candidate: its situations, and the numbers of what refuses, is owed and applies."""
    numbers = _numbers(judgements).unique()
    names = ledger.names.gather(numbers)
    order = names.arg_sort()
    numbers, names = numbers.gather(order), names.gather(order)
    # situations of a part by the place of their names among each other
    places = pl.zeros(len(ledger.verdicts), dtype=pl.UInt32, eager=True)
    places.scatter(numbers, pl.int_range(len(numbers), dtype=pl.UInt32, eager=True))
    marks = [side_by_side(one.rows["i"], places.gather(one.rows["s"])) for one in judgements]
    met = pl.concat(marks).sort() if marks else pl.Series([], dtype=pl.UInt64)
    met = met.filter((met != met.shift()).fill_null(value=True))
    i, place = (met // (1 << 32)).cast(pl.UInt32), (met % (1 << 32)).cast(pl.UInt32)
    start = starts(i)
    many = ends(start, len(i)) - start + 1
    most = max(many.to_list(), default=0)
    candidates = i.gather(start)
    outcome = pl.Series(ledger.outcome, dtype=pl.UInt32).gather(numbers).gather(place)

    def whole(sets: Sets, numbers: list[int], none: int) -> pl.Series:
        each = pl.Series(numbers, dtype=pl.UInt32).gather(outcome)
        found = each.gather(start)
        for more in range(1, most):
            at = (many > more).arg_true()
            found.scatter(at, sets.joined(found.gather(at), each.gather(start.gather(at) + more)))
        return pl.repeat(none, count, dtype=pl.UInt32, eager=True).scatter(candidates, found)

    # no law in force was asked, so none opened a window
    closed = ledger.refusals.number([NO_WINDOW])
    return (
        _listed(names, i, place, count),
        whole(ledger.refusals, ledger.refuses, closed),
        whole(ledger.duties, ledger.owes, 0),
        whole(ledger.rules, ledger.applies, 0),
    )


def _listed(names: pl.Series, i: pl.Series, place: pl.Series, count: int) -> pl.Series:
    """By candidate the names of its situations, sorted: those at `place`, i in order."""
    rows = pl.DataFrame([i.set_sorted().alias("i"), names.gather(place).alias("name")])
    lists = rows.group_by("i", maintain_order=True).agg("name")
    found = lists["name"]
    if names.is_duplicated().any():  # asked again because an engine had failed
        found = found.list.unique(maintain_order=True)
    if len(found) == count:
        return found
    numbers = pl.int_range(1, len(found) + 1, dtype=pl.UInt32, eager=True)
    at = pl.zeros(count, dtype=pl.UInt32, eager=True).scatter(lists["i"], numbers)
    return pl.concat([pl.Series("name", [[]], dtype=TEXTS), found], rechunk=True).gather(at)


def _outcomes(
    ledger: Ledger, by_id: dict[str, Rule], f: pl.Series, asked: Asked, unplaced: pl.Series
) -> tuple[pl.DataFrame, pl.Series]:
    """What refusals, with what places miss and zones unknown, come to; which each candidate has."""
    kinds, x = told_apart(side_by_side(f, asked.lacks * 2 + unplaced.cast(pl.UInt32)))
    rows = []
    for kind in kinds.to_list():
        number, rest = divmod(kind, 1 << 32)
        lacks, lost = divmod(rest, 2)
        key = (number, *asked.missing[lacks], lost)
        if key not in ledger.notes:
            refusing = _refusing(ledger, number, by_id)
            ledger.notes[key] = _outcome(refusing, *asked.missing[lacks], lost=bool(lost))
        rows.append(ledger.notes[key])
    closed = (NO_WINDOW, STRUCTURAL["no_common_window"][1], "structural", True, False)
    return framed([*rows, closed], OUTCOMES), x


def _refusing(ledger: Ledger, number: int, by_id: dict[str, Rule]) -> Refusing:
    """A set of refusals put together."""
    names = ledger.refusals.members[number]
    rules = [by_id[name] for name in names if name in by_id]
    others = [name.removeprefix("structural/") for name in names if name not in by_id]
    cites = {cite for rule in rules for cite in rule.cite}
    cites.update(STRUCTURAL[name][1] for name in others)
    forces = (*(rule.force for rule in rules), *("structural" for _ in others))
    timed = not others and all(isinstance(rule.body, Limit | Wait | Window) for rule in rules)
    waits = timed and not any(isinstance(rule.body, Window) for rule in rules)
    return Refusing(names, frozenset(cites), forces, timed, waits)


def _outcome(
    refusing: Refusing, missing: tuple[str, ...], by_law: tuple[str, ...], *, lost: bool
) -> tuple[object, ...]:
    """A row of OUTCOMES; texts as lines."""
    structural = [*missing, *(["zone_unknown"] if lost else [])]
    cites = {*refusing.cites, *by_law}
    cites.update(STRUCTURAL[one][1] for one in structural if one != MISSING)
    forces = [*map(force_of, structural), *refusing.forces]
    return (
        "\n".join(sorted([*refusing.rules, *(f"structural/{name}" for name in structural)])),
        "\n".join(sorted(cites)),
        min(forces, key=STRENGTH.index, default=None),
        bool(refusing.rules) and refusing.timed and not structural,
        refusing.waits,
    )


def _duties(ledger: Ledger, owed: pl.Series, asked: Asked) -> pl.Series:
    """By candidate, the duties of rules and of places."""
    kinds, of = told_apart(side_by_side(owed, asked.owes))
    texts = []
    for kind in kinds.to_list():
        number, owes = divmod(kind, 1 << 32)
        texts.append(";".join(sorted({*ledger.duties.members[number], *asked.duties[owes]})))
    return pl.Series(texts, dtype=pl.String).gather(of)
