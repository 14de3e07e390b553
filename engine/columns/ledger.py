"""What a panel has learned of situations, kept from part to part.

Parts meet the same situations again and again. Each is named and decided once, under a number that
is good as long as the panel's ledger is. Its words are kept as codes and put in full when a record
is made of them: three thousand letters of each would be half of what a process holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

import polars as pl

from .. import words
from ..panel import Panel, Verdict
from ..rule import Rule
from ..situation import RuleSet, Situation, named
from .unions import Sets

WORDS: Final = (words.NO, words.YES, words.UNKNOWN)
"""The words of codes."""
MOST = 200_000  # situations, or sets of them, kept at once
TEXTS = pl.List(pl.String)
TABLE: dict[str, pl.DataType] = {
    "situation": pl.String(),
    "rule_set": pl.String(),
    "facts": pl.String(),
    "refusing": TEXTS,
    "duties": TEXTS,
    "compiled": TEXTS,
    "rete": TEXTS,
    "trouble": pl.String(),
}
Key = tuple[object, ...]
Row = tuple[object, ...]
Applying = Callable[[Situation], tuple[Rule, ...]]


@dataclass(frozen=True, slots=True)
class Form:
    """How situations are written that have most of their fields in common.

    `base`: all fields; `names`: those that codes give, in their order; `text`: JSON of all fields,
    sorted, with a place (%s) for each of these, of which `picks` tells the code.
    """

    rules: str
    base: Situation
    names: tuple[str, ...]
    text: str
    picks: tuple[int, ...]

    @classmethod
    def of(cls, rules: RuleSet, base: Situation, names: Sequence[str]) -> Form:
        """The form of a rule set's situations; words need no escapes in JSON."""
        place = {name: n for n, name in enumerate(names)}
        order = rules.sorted_fields
        told = [f'{json.dumps(n)}:"{base[n]}"'.replace("%", "%%") for n in order]
        for at, name in enumerate(order):
            if name in place:
                told[at] = json.dumps(name).replace("%", "%%") + ':"%s"'
        picks = tuple(place[name] for name in order if name in place)
        return cls(rules.name, base, tuple(names), "{" + ",".join(told) + "}", picks)

    def facts(self, codes: bytes) -> dict[str, str]:
        """A situation's fields."""
        return {**self.base, **dict(zip(self.names, map(WORDS.__getitem__, codes), strict=True))}

    def written(self, codes: bytes) -> str:
        """The same as JSON."""
        return self.text % tuple([WORDS[codes[n]] for n in self.picks])


@dataclass(frozen=True, slots=True)
class Fresh:
    """A situation not met before: its key in a book, how it is written, and what applies in it."""

    key: Key
    form: Form
    codes: bytes
    applying: Applying


@dataclass
class Ledger:
    """Situations by number: `names`, `verdicts`, the number of the `outcome`, `forms` and `codes`.

    An outcome is what a verdict comes to: the numbers of the sets of what `refuses`, of the duties
    it `owes`, and of the timed rules that `applies`; many situations have one. `books`: per rule
    set and its questions, the number of each answer met. `refusals`, `duties` and `rules` hold
    those sets; `notes`: what was worked out of them. `given`: situations below that number were
    handed over already.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    outcome: list[int] = field(default_factory=list)
    refuses: list[int] = field(default_factory=list)
    owes: list[int] = field(default_factory=list)
    applies: list[int] = field(default_factory=list)
    refusals: Sets = field(default_factory=Sets)
    duties: Sets = field(default_factory=Sets)
    rules: Sets = field(default_factory=Sets)
    numbers: dict[tuple[int, int, int], int] = field(default_factory=dict)
    books: dict[Key, dict[Key, int]] = field(default_factory=dict)
    notes: dict[Key, Any] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)
    given: int = 0
    _names: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String()))
    _new_names: list[str] = field(default_factory=list)

    @property
    def names(self) -> pl.Series:
        """The digests of all situations, by number."""
        if self._new_names:
            new = pl.Series(self._new_names, dtype=pl.String)
            self._names = pl.concat([self._names, new], rechunk=True)
            self._new_names.clear()
        return self._names

    def table(self, numbers: pl.Series) -> pl.DataFrame:
        """These situations in full (TABLE)."""
        rows = [self._row(n, name) for n, name in zip(numbers, self.names[numbers], strict=True)]
        return framed(rows, TABLE)

    def fresh(self) -> pl.Series:
        """The numbers of the situations not handed over before; they are now."""
        before, self.given = self.given, len(self.verdicts)
        return pl.int_range(before, self.given, dtype=pl.UInt32, eager=True)

    def add(
        self,
        panel: Panel,
        rules: RuleSet,
        book: dict[Key, int],
        fresh: Sequence[Fresh],
    ) -> dict[Key, int]:
        """Decide situations not met before.

        Those that an engine failed on are numbered but not remembered: it may be up next time.
        """
        asked = [one.form.facts(one.codes) for one in fresh]
        order = rules.sorted_fields
        names = [named(rules.name, order, words) for words in map(itemgetter(*order), asked)]
        numbers: dict[Key, int] = {}
        verdicts = panel.ask(rules, asked, names)
        for one, facts, verdict in zip(fresh, asked, verdicts, strict=True):
            number = len(self.verdicts)
            numbers[one.key] = number
            if not verdict.trouble.startswith("engine_failed"):
                book[one.key] = number
            self.verdicts.append(verdict)
            self.outcome.append(self._outcome(verdict, one.applying(facts)))
            self.forms.append(one.form)
            self.codes.append(one.codes)
        self._new_names += names
        return numbers

    def _outcome(self, verdict: Verdict, applies: tuple[Rule, ...]) -> int:
        refusing = list(verdict.refusing)
        if verdict.trouble:
            refusing.append(f"structural/{verdict.trouble.split(':')[0]}")
        key = (
            self.refusals.number(refusing),
            self.duties.number(duty for duty, _ in verdict.duties),
            self.rules.number(rule.id for rule in applies),
        )
        if key not in self.numbers:
            self.numbers[key] = len(self.refuses)
            for held, number in zip((self.refuses, self.owes, self.applies), key, strict=True):
                held.append(number)
        return self.numbers[key]

    def facts(self, number: int) -> dict[str, str]:
        """A situation's fields, as they were put to the engines."""
        return self.forms[number].facts(self.codes[number])

    def _row(self, number: int, name: str) -> Row:
        verdict, form = self.verdicts[number], self.forms[number]
        return (
            name,
            form.rules,
            form.written(self.codes[number]),
            "\n".join(verdict.refusing),
            "\n".join([duty for duty, _ in verdict.duties]),
            "\n".join(verdict.compiled),
            None if verdict.rete is None else "\n".join(verdict.rete),
            verdict.trouble,
        )


def framed(rows: Sequence[Row], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows as a frame. Lists of words are given as lines, which columns split all at once."""
    lists = [name for name, kind in schema.items() if kind == TEXTS]
    plain = {name: pl.String() if kind == TEXTS else kind for name, kind in schema.items()}
    none = pl.lit([], dtype=TEXTS)
    return pl.DataFrame(rows, schema=plain, orient="row").with_columns(
        pl.when(pl.col(name) == "").then(none).otherwise(pl.col(name).str.split("\n")).alias(name)
        for name in lists
    )


def ledger_of(panel: Panel) -> Ledger:
    """The panel's ledger. Numbers taken from it are good until `turn` begins a new one."""
    found = panel.notes.get(("ledger",))
    if not isinstance(found, Ledger):
        found = panel.notes["ledger",] = Ledger()
    return found


def turn(panel: Panel) -> None:
    """Before a part: begin a new ledger where the old one is full."""
    found = ledger_of(panel)
    held: tuple[Sized, ...] = (
        found.verdicts,
        found.refusals,
        found.duties,
        found.rules,
        found.notes,
    )
    if max(map(len, held)) > MOST:
        del panel.notes["ledger",]
