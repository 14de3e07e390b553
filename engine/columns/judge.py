"""One rule set asked of all candidates of a part: facts and bits as columns, then situations.

Every row of `rows` is one candidate in one candidate zone (`i`, `z`). What comes back is a
situation per row, decided by both engines, and the counts behind the bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from .. import words
from ..panel import Panel
from ..rule import Ask, Rule
from ..situation import RuleSet, Situation, has_bit
from .bits import all_bits
from .combos import Alike, Combo, Words, alike, canonical, combo_of
from .facts import facts, places_of
from .ledger import Applying, Form, Fresh, Key, ledger_of
from .levels import Codes, Places, in_numbers, kinds, numbered
from .statuses import UNKNOWN
from .table import COMBO, Table

JUDGED = ["r", "i", "a", "fp", "tc", "z"]
"""Where a row stands; what else is known of it is looked up by these numbers."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule set's answers, in `rows`: i, z, combo, and `s`, a situation by its ledger's number.

    `situations` are the numbers met here; `timed` the numbers behind b, u and v columns, with the
    windows, limits and waits they are of.
    """

    rules: RuleSet
    rows: pl.DataFrame
    situations: pl.Series
    combos: list[Combo]
    timed: tuple[tuple[int, Rule], ...]


@dataclass(frozen=True, slots=True)
class Distinct:
    """Situations as they are laid out: of each its combo and packed codes, and where one stands."""

    keys: list[tuple[int, ...]]
    at: pl.Series


def judge(panel: Panel, rules: RuleSet, table: Table, asked: pl.DataFrame) -> Judgement:
    """Ask one rule set about these rows."""
    combos, rows = _combos(panel, rules, table, asked)
    needed = frozenset[Ask]().union(*(combo.needed for combo in combos))
    bits: dict[str, Rule] = {}
    for combo in combos:
        bits |= combo.timed
    asks = [ask for ask in rules.asks if ask in needed]
    told = facts(table, rows, asks, combos)
    keys = [rule.key for rule in rules.rules if rule.key in bits]
    rows, known, places = all_bits(table, rows, [bits[key] for key in keys], combos)
    places |= places_of(table, rows)
    found = kinds(places, [*told, *known], rows["combo"])
    laid = _laid_out(found.first, rows, asks, combos, told, known, places)
    of, distinct = _situations(laid)
    names = [rules.names[ask] for ask in asks] + [f"bit:{key}" for key in keys]
    numbers = _numbers(panel, rules, table.prepared.day, names, combos, distinct, laid)
    answers = rows.drop([name for name in asked.columns if name not in ("i", "z")])
    answers = answers.with_columns(numbers[of][found.of].alias("s"))
    return Judgement(rules, answers, numbers, combos, tuple(enumerate(bits[key] for key in keys)))


def _laid_out(
    some: pl.Series,
    rows: pl.DataFrame,
    asks: list[Ask],
    combos: list[Combo],
    told: list[Codes],
    known: list[Codes],
    places: Places,
) -> pl.DataFrame:
    """Combo, facts (f0, ...) and bits (b0, ...) of some rows, by their positions.

    A fact that no live rule of a row's combo asks is unknown there: it splits no situation.
    """
    combo = rows["combo"][some]
    found = [combo]
    for n, (ask, one) in enumerate(zip(asks, told, strict=True)):
        idle = pl.Series([ask not in each.needed for each in combos], dtype=pl.Boolean)[combo]
        found.append(one.at(places, some).set(idle, UNKNOWN).alias(f"f{n}"))
    found += [one.at(places, some).alias(f"b{n}") for n, one in enumerate(known)]
    return pl.DataFrame(found)


def _numbers(
    panel: Panel,
    rules: RuleSet,
    day: date,
    names: list[str],
    combos: list[Combo],
    distinct: Distinct,
    laid: pl.DataFrame,
) -> pl.Series:
    """The ledger's number of each distinct situation; those not met before are decided now.

    `laid`: rows with combo, facts and bits laid out; `distinct` names one of each situation.
    """
    ledger = ledger_of(panel)
    book = ledger.books.setdefault((rules.name, *names), {})
    words_of = [combo.words for combo in combos]
    keys: list[Key] = [(words_of[number], *codes) for number, *codes in distinct.keys]
    unknown = [at for at, key in enumerate(keys) if key not in book]
    fresh: list[Fresh] = []
    place = {name: n for n, name in enumerate(names, 1)}
    forms: dict[int, tuple[Form, list[int], Applying]] = {}
    for at, row in zip(unknown, laid[distinct.at[unknown]].iter_rows(), strict=True):
        if row[0] not in forms:
            combo = combos[row[0]]
            form = _form(panel, rules, combo, day)
            its = [place[name] for name in form.names]
            forms[row[0]] = form, its, partial(applying, panel, rules, combo)
        form, its, applies = forms[row[0]]
        fresh.append(Fresh(keys[at], form, bytes([row[n] for n in its]), applies))
    new = ledger.add(panel, rules, book, fresh) if fresh else {}
    found = [new[key] if key in new else book[key] for key in keys]
    return pl.Series(found, dtype=pl.UInt32)


def applying(panel: Panel, rules: RuleSet, combo: Combo, facts: Situation) -> tuple[Rule, ...]:
    """Limits, waits and windows that apply in a situation, refusing or not."""
    live = combo.answering
    found = panel.compiled(rules).applying(facts)
    return tuple(live[name] for name in found if name in live)


def _combos(
    panel: Panel, rules: RuleSet, table: Table, rows: pl.DataFrame
) -> tuple[list[Combo], pl.DataFrame]:
    """The combos of these rows, those that no rule tells apart taken as one (engine/README.md)."""
    units = table.units(rows, COMBO)
    kinds = table.once("kinds", units.keys.rows)
    day = table.prepared.day
    known: dict[Words, Combo] = panel.notes.setdefault(("combos", rules.name, day), {})  # type: ignore[assignment]  # notes are anybody's
    places: dict[Words, int] = {}
    combos: list[Combo] = []
    numbers = [0] * len(kinds)
    for unit in sorted(units.of.unique().to_list(), key=kinds.__getitem__):
        one = known.get(kinds[unit])
        if one is None:
            one = known[kinds[unit]] = _combo(panel, rules, table, kinds[unit])
        number = places.setdefault(one.words, len(combos))
        if number == len(combos):
            combos.append(one)
        numbers[unit] = number
    numbered = pl.Series("combo", numbers, dtype=pl.UInt16)
    return combos, rows.with_columns(numbered[units.of])


def _combo(panel: Panel, rules: RuleSet, table: Table, found: Words) -> Combo:
    """The combo of these words, worked out once for all that no rule tells from them."""
    now, day = table.prepared.now, table.prepared.day
    told = ("alike", rules.name)
    same = panel.notes.get(told)
    if not isinstance(same, Alike):
        same = panel.notes[told] = alike(rules)
    key = canonical(same, found)
    note = ("combo", rules.name, key, day)
    one = panel.notes.get(note)
    if not isinstance(one, Combo):
        one = panel.notes[note] = combo_of(rules, key, day, now)
    return one


def _form(panel: Panel, rules: RuleSet, combo: Combo, day: date) -> Form:
    """How a combo's situations are written: codes give what its live rules ask, and their bits."""
    notes = ledger_of(panel).notes
    note = ("form", rules.name, combo.words, day)
    if note not in notes:
        asked = [name for ask, name in rules.names.items() if ask in combo.needed]
        bits = [f"bit:{key}" for key in combo.timed]
        notes[note] = Form.of(rules, _base(rules, combo), [*asked, *bits])
    form = notes[note]
    assert isinstance(form, Form)
    return form


def _base(rules: RuleSet, combo: Combo) -> dict[str, str]:
    """A situation's fields before anything is looked up: what is not needed stays unknown."""
    found = dict.fromkeys(rules.fields, words.UNKNOWN)
    found.update({f"bit:{rule.key}": words.NO for rule in rules.rules if has_bit(rule)})
    found.update(zip(COMBO, (combo.channel, combo.kind, combo.whom, combo.role, combo.debt_type),
                     strict=True))  # fmt: skip
    found.update(combo.fixed)
    return found


def _situations(laid: pl.DataFrame) -> tuple[pl.Series, Distinct]:
    """Number the distinct rows of combo, facts and bits: the number of each row, and the rows."""
    codes = [laid[name] for name in laid.columns[1:]]
    words = [laid["combo"], *(word for word, _ in in_numbers(codes))]
    first, of = numbered(words)
    keys = list(zip(*(word[first].to_list() for word in words), strict=True))
    return of, Distinct(keys, first)
