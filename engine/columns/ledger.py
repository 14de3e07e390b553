"""What a panel has learned of situations, kept from part to part.

Parts meet the same situations again and again. Each is written out, named, decided and put into
words once, under a number that is good as long as the panel's ledger is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import polars as pl

from ..panel import Panel, Verdict
from ..rule import Rule
from ..situation import RuleSet, Situation, named
from .unions import Sets

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


@dataclass
class Ledger:
    """Situations by number: `verdicts`, the number of the `outcome`, and `table`.

    An outcome is what a verdict comes to: the numbers of the sets of what `refuses`, of the duties
    it `owes`, and of the timed rules that `applies`; many situations have one. `books`: per rule
    set and its questions, the number of each answer met. `refusals`, `duties` and `rules` hold
    those sets; `notes`: what was worked out of them.
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
    _table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TABLE))
    _rows: list[Row] = field(default_factory=list)

    @property
    def table(self) -> pl.DataFrame:
        """All situations, by number; those decided since it was last asked for are added now."""
        if self._rows:
            self._table = pl.concat([self._table, framed(self._rows, TABLE)], rechunk=True)
            self._rows.clear()
        return self._table

    def add(
        self,
        panel: Panel,
        rules: RuleSet,
        book: dict[Key, int],
        fresh: Sequence[tuple[Key, Situation, Applying]],
    ) -> dict[Key, int]:
        """Decide situations not met before, each with its key and what applies in it.

        Those that an engine failed on are numbered but not remembered: it may be up next time.
        """
        asked = [one for _, one, _ in fresh]
        order = rules.sorted_fields
        values = list(map(itemgetter(*order), asked))
        names = [named(rules.name, order, one) for one in values]
        shape = _shape(order)
        numbers: dict[Key, int] = {}
        verdicts = panel.ask(rules, asked, names)
        for (key, facts, applying), verdict, digest, told in zip(
            fresh, verdicts, names, values, strict=True
        ):
            number = len(self.verdicts)
            numbers[key] = number
            if not verdict.trouble.startswith("engine_failed"):
                book[key] = number
            self.verdicts.append(verdict)
            self.outcome.append(self._outcome(verdict, applying(facts)))
            self._rows.append(_row(rules, digest, shape % told, verdict))
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
        told = json.loads(self.table["facts"][number])
        return {str(name): str(value) for name, value in told.items()}


def _shape(order: Sequence[str]) -> str:
    """A JSON object with these fields, with a place (%s) for each word; words need no escapes."""
    names = [json.dumps(name).replace("%", "%%") for name in order]
    return "{" + ",".join(f'{name}:"%s"' for name in names) + "}"


def _row(rules: RuleSet, digest: str, facts: str, verdict: Verdict) -> Row:
    return (
        digest,
        rules.name,
        facts,
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
