"""The examiner's pack: decisions picked out of the log, with all that is needed to check them.

Here they are chosen and gathered; `exporting_files` writes the pack, `exporting_page` and
`exporting_sheet` put it on a page and on paper. What a pack holds follows from the log, the rows
and the words it was asked with; no clock is read, and the same asked twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from engine.compiled import OUT, outcome
from engine.problem import ForbearError
from engine.rule import Rule
from engine.rulebook import Rulebook

from ..records import Tables
from .finding import Wanted, find
from .proving import Prover, plain
from .reading import ERASED, SEGMENT, Log, Segment, decisions, rulebook, situations
from .records import DECISIONS, situations_named
from .replaying import law_of
from .standing import covers
from .telling import Told, met_of, tell

BEFORE: Final = timedelta(days=60)
AFTER: Final = timedelta(days=7)
AROUND: Final[dict[str, tuple[str, ...]]] = {
    "contacts": (
        "at", "consumer", "channel", "direction", "point", "result", "attributed_to", "discussed",
        "intended_for", "reached", "purpose", "content", "technology", "collector", "source",
        "source_id", "recorded_at", "contact",
    ),
    "statements": (
        "received_at", "consumer", "kind", "by", "to", "medium", "accounts", "point", "value",
        "more", "made_at", "recorded_at", "source", "statement",
    ),
    "knowledge": (
        "received_at", "consumer", "kind", "source", "accounts", "point", "value", "more",
        "recorded_at", "knowledge",
    ),
}  # fmt: skip
WHEN: Final = {"contacts": "at", "statements": "received_at", "knowledge": "received_at"}
Rows = dict[str, list[dict[str, Any]]]
Source = Callable[[datetime], Tables]
"""Gives the firm's rows as they were known at a moment."""


class TooMany(ForbearError):
    """More decisions fit than a pack can tell: `total` of them, `most` at most."""

    def __init__(self, total: int, most: int) -> None:
        """Say how many, and what to do."""
        super().__init__(
            f"{total:,} decisions fit, and a pack tells at most {most:,}: take a sample of them "
            "with --sample N --seed S, or raise --limit"
        )
        self.total = total
        self.most = most


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a pack's decisions were chosen: `fitting` of them fit, in words `how`.

    With a `sample`, those whose sha256 of "SEED:DECISION" is smallest were taken, so that anybody
    who has the log can take the same.
    """

    how: str
    fitting: int
    sample: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """One decision of a pack, with its proof, and the rows around it: known then, and after."""

    segment: Segment
    record: Mapping[str, Any]
    met: Sequence[Mapping[str, Any]]
    told: Told
    proof: Mapping[str, Any] | None
    then: Rows = field(default_factory=dict)
    after: Rows = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The decision's id."""
        return str(self.record["decision_id"])


@dataclass(frozen=True, slots=True)
class Pack:
    """All that a pack holds. `rules`: by rulebook, those that had a say in its decisions."""

    chosen: Chosen
    picked: tuple[Picked, ...]
    books: Mapping[str, Rulebook]
    files: Mapping[str, tuple[tuple[str, bytes], ...]]
    rules: Mapping[str, tuple[Rule, ...]]
    heads: Mapping[str, Mapping[str, Any]]
    counts: Mapping[str, int]
    checkpoint: str | None
    key: str | None
    unproved: str | None
    rows_from: str | None


def choose(
    log: Log, wanted: Wanted, sample: int | None, seed: int, most: int
) -> tuple[Chosen, list[tuple[str, str]]]:
    """The decisions of a pack: (segment, decision), in the order of the log.

    Raises TooMany, NoLog.
    """
    columns = (SEGMENT, "row", "decision_id")
    rows = find(log, wanted, None, columns).rows
    how = in_words(wanted)
    if sample is None:
        if rows.height > most:
            raise TooMany(rows.height, most)
        return Chosen(how, rows.height), _in_order(log, rows)
    if sample > most:
        raise TooMany(sample, most)
    names = rows["decision_id"].to_list()
    drawn = sorted(names, key=lambda name: _lot(seed, name))[:sample]
    few = rows.filter(pl.col("decision_id").is_in(drawn))
    return Chosen(how, rows.height, sample, seed), _in_order(log, few)


def _lot(seed: int, decision: str) -> bytes:
    return hashlib.sha256(f"{seed}:{decision}".encode()).digest()


def _in_order(log: Log, rows: pl.DataFrame) -> list[tuple[str, str]]:
    order = {one.name: place for place, one in enumerate(log.segments)}
    found = [(order[segment], row, name, segment) for segment, row, name in rows.iter_rows()]
    return [(segment, name) for _, _, name, segment in sorted(found)]


def in_words(wanted: Wanted) -> str:
    """What was asked for, in words."""
    words = {
        "account": wanted.account, "consumer": wanted.consumer, "contact point": wanted.point,
        "day": wanted.day and wanted.day.isoformat(), "rule": wanted.rule,
        "verdict": wanted.verdict, "channel": wanted.channel, "run": wanted.run,
    }  # fmt: skip
    told = [f"{name} {value}" for name, value in words.items() if value is not None]
    return ", ".join(told) or "every decision"


def gather(
    log: Log,
    chosen: Chosen,
    names: Sequence[tuple[str, str]],
    prover: Prover | None,
    unproved: str | None,
    key: str | None,
    source: Source | None,
    rows_from: str | None,
    now: datetime,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Pack:
    """Gather everything about the chosen decisions.

    `prover`: None where the log cannot be proved, and `unproved` says why; `source`: None where the
    firm's rows are not at hand. Raises NoLog, CannotProve.
    """
    books: dict[str, Rulebook] = {}
    files: dict[str, tuple[tuple[str, bytes], ...]] = {}
    heads: dict[str, Mapping[str, Any]] = {}
    picked: list[Picked] = []
    for segment in log.segments:
        mine = [name for of, name in names if of == segment.name]
        if not mine:
            continue
        heads[segment.name] = segment.head
        if segment.rulebook not in books:
            books[segment.rulebook] = law_of(segment)
            files[segment.rulebook] = rulebook(segment)
        rows = decisions(segment, pl.col("decision_id").is_in(mine)).sort("row").collect()
        asked = {name for row in rows.select("situations", "basis").iter_rows()
                 for name in situations_named(*row)}  # fmt: skip
        met = {row["situation"]: row for row in situations(segment, asked).to_dicts()}
        sealed = covers(log, segment)
        book = books[segment.rulebook]
        for record in rows.to_dicts():
            named = situations_named(record["situations"], record["basis"])
            situated = [met[name] for name in named]
            proof = prover.inclusion(segment, record["row"]) if prover is not None else None
            own = situated[: len(record["situations"] or ())]
            told = tell(record, own, book, segment.head, sealed)
            picked.append(Picked(segment, record, situated, told, proof))
            progress("proving and telling", len(picked), len(names))
    if source is not None:
        picked = _with_rows(picked, source, now)
    return Pack(
        chosen=chosen,
        picked=tuple(picked),
        books=books,
        files=files,
        rules={digest: _rules(digest, book, picked) for digest, book in books.items()},
        heads=heads,
        counts=_counts(picked),
        checkpoint=prover.checkpoint()[0] if prover is not None else None,
        key=key,
        unproved=unproved,
        rows_from=rows_from,
    )


def _counts(picked: Sequence[Picked]) -> dict[str, int]:
    return {
        "decisions": len(picked),
        "permitted": sum(one.record["verdict"] == "permitted" for one in picked),
        "refused": sum(one.record["verdict"] == "refused" for one in picked),
        "erased": sum(bool(one.record[ERASED]) for one in picked),
        "proved": sum(one.proof is not None for one in picked),
    }


def _rules(digest: str, book: Rulebook, picked: Iterable[Picked]) -> tuple[Rule, ...]:
    """The rules that had a say: they refused, applied and were kept, or were lifted."""
    found: dict[str, Rule] = {}
    for one in picked:
        if one.segment.rulebook != digest:
            continue
        for met in (met_of(row, book, one.record["day"]) for row in one.met):
            if met.rules is None:
                continue
            for rule in met.rules.rules:
                if outcome(rule, met.facts, met.rules.names) != OUT:
                    found[rule.id] = rule
    return tuple(found[name] for name in sorted(found))


# -- the rows around


def _with_rows(picked: Sequence[Picked], source: Source, now: datetime) -> list[Picked]:
    """Decisions with the contacts, statements and knowledge of their consumers around them."""
    moments = sorted({one.record["as_of"] for one in picked if not one.record[ERASED]})
    found: dict[str, Picked] = {}
    for moment in moments:
        mine = [one for one in picked if one.record["as_of"] == moment and not one.record[ERASED]]
        people = {str(one.record["consumer"]) for one in mine}
        then = _rows(source(moment), people, moment - BEFORE, None, moment, moment)
        last = min(now, moment + AFTER)
        after = _rows(source(now), people, moment, moment, last, now)
        for one in mine:
            who = str(one.record["consumer"])
            found[one.name] = Picked(
                one.segment, one.record, one.met, one.told, one.proof,
                {table: rows.get(who, []) for table, rows in then.items()},
                {table: rows.get(who, []) for table, rows in after.items()},
            )  # fmt: skip
    return [found.get(one.name, one) for one in picked]


def _rows(
    tables: Tables,
    people: set[str],
    contacts_after: datetime,
    words_after: datetime | None,
    last: datetime,
    recorded: datetime,
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Rows by table and consumer, up to `last`, as far as they were recorded by a moment.

    Words (None: of any time) hold until they are taken back, however old they are.
    """
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table, columns in AROUND.items():
        when = pl.col(WHEN[table])
        test = pl.col("consumer").is_in(sorted(people)) & (when <= last)
        test &= pl.col("recorded_at") <= recorded
        first = contacts_after if table == "contacts" else words_after
        if first is not None:
            test &= when > first
        rows = tables.scan(table).filter(test).select(columns).collect()
        by: dict[str, list[dict[str, Any]]] = {}
        for row in rows.sort(WHEN[table], columns[-1]).to_dicts():
            by.setdefault(row["consumer"], []).append(row)
        found[table] = by
    return found


def record_of(one: Picked) -> dict[str, Any]:
    """A decision's fields as plain data."""
    return plain(one.record, [name for name in DECISIONS if name in one.record])
