"""What happened, taken in: events as rows of the store, checked as imported files are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from ..intake import checks
from ..intake.values import REASONS, typed
from ..store import fetching
from ..store.adding import LINE, add
from ..store.database import Connection
from ..store.kept import KEPT, NAMES
from ..store.schema import TABLES, Table
from .asked import EVENTS, Event, Posted

MOST_TOLD: Final = 10
"""How often one event may be told in one request: each time is a step through the store."""
OURS: Final = ("recorded_at",)
"""Columns that nobody tells: when it was recorded is when it was posted."""
_PLAIN: Final[dict[str, dict[str, object]]] = {
    "contact": {"direction": "out", "reply_to_consumer": False, "automated": False},
    "statement": {"to": "this_collector", "accepted_medium": True},
    "knowledge": {},
}
"""What an event that leaves it out means."""
_TABLES: Final[dict[str, Table]] = {
    name: TABLES[portfolio] for portfolio, name in NAMES.items() if name in EVENTS
}


def take_in(
    connection: Connection, events: Sequence[Event], now: datetime
) -> tuple[tuple[Posted, ...], set[str]]:
    """Add events to the store, within the caller's transaction; one outcome for each, in order.

    Also the consumers whose files something was added to. Of several with one source and id the
    last one told holds; what is told more than MOST_TOLD times at once is refused from there on.
    """
    found: dict[int, Posted] = {}
    whose: set[str] = set()
    for kind, table in _TABLES.items():
        numbered, often = _not_too_often(
            [(place, one) for place, one in enumerate(events) if one.kind == kind]
        )
        found |= often
        # each round has every id once: what is told twice is told in order
        while numbered:
            ids: set[tuple[str, str]] = set()
            now_told: list[tuple[int, Event]] = []
            later: list[tuple[int, Event]] = []
            for place, one in numbered:
                (later if (one.source, one.id) in ids else now_told).append((place, one))
                if one.source and one.id:
                    ids.add((one.source, one.id))
            found |= _round(connection, table, kind, now_told, now, whose)
            numbered = later
    for place, one in enumerate(events):
        if one.kind not in _TABLES:
            why = f"`{one.kind}` is no kind of event; it may be {', '.join(EVENTS)}"
            found[place] = _refused(one, [("kind", why)])
    return tuple(found[place] for place in range(len(events))), whose


def _not_too_often(
    numbered: Sequence[tuple[int, Event]],
) -> tuple[list[tuple[int, Event]], dict[int, Posted]]:
    """Events to be taken in, and those of an id that stands too often before them, refused."""
    told: Counter[tuple[str, str]] = Counter()
    kept: list[tuple[int, Event]] = []
    often: dict[int, Posted] = {}
    why = f"told more than {MOST_TOLD} times in one request; what stands is what was told before"
    for place, one in numbered:
        told[one.source, one.id] += 1
        if one.source and one.id and told[one.source, one.id] > MOST_TOLD:
            often[place] = _refused(one, [("id", why)])
        else:
            kept.append((place, one))
    return kept, often


def _round(
    connection: Connection,
    table: Table,
    kind: str,
    numbered: Sequence[tuple[int, Event]],
    now: datetime,
    whose: set[str],
) -> dict[int, Posted]:
    problems: list[pl.DataFrame] = [checks.none()]
    wrong: dict[int, list[tuple[str, str]]] = {}
    known = {column.name for column in table.columns} - {table.key[0], *OURS}
    rows: list[dict[str, Any]] = []
    for place, one in numbered:
        strange = sorted(set(one.row) - known)
        bad = [(name, f"no column that an event of kind {kind} has") for name in strange]
        bad += [
            (name, "no value; one is needed") for name in ("source", "id") if not getattr(one, name)
        ]
        if bad:
            wrong[place] = bad
        told = {name: value for name, value in one.row.items() if name in known}
        rows.append({**_PLAIN[kind], **told, **_named(table, one), LINE: place})
    _fill_in(connection, kind, rows, now)
    values, unread = _values(table, rows)
    problems += unread
    problems += [*checks.value_problems(table, values), *checks.shape_problems(table, values)]
    problems += list(checks.store_problems(connection, table, values))
    for line, column, reason in pl.concat(problems).unique(maintain_order=True).iter_rows():
        wrong.setdefault(line, []).append((column, reason))
    voids = {place: one.void for place, one in numbered}
    sources = {place: (one.source, one.id) for place, one in numbered}
    lines = values[LINE].to_list()
    fit = values.with_columns(
        pl.Series("origin", [sources[line][0] for line in lines], pl.String()),
        pl.Series("origin_id", [sources[line][1] for line in lines], pl.String()),
        pl.Series("void", [voids[line] for line in lines], pl.Boolean()),
    ).filter(~pl.col(LINE).is_in(list(wrong)))
    outcome: dict[int, str] = {}
    if fit.height:
        outcome = _added(connection, kind, fit, wrong, now)
        changed = [line for line, what in outcome.items() if what != "same" and line not in wrong]
        whose.update(fit.filter(pl.col(LINE).is_in(changed))["consumer"])
    return {
        place: _refused(one, wrong[place])
        if place in wrong
        else Posted(kind, one.source, one.id, _word(outcome[place]))
        for place, one in numbered
    }


def _word(outcome: str) -> Any:
    return outcome


def _refused(one: Event, why: Sequence[tuple[str, str]]) -> Posted:
    return Posted(one.kind, one.source, one.id, "refused", tuple(why))


def _named(table: Table, one: Event) -> dict[str, str]:
    """The key of an event's row, and where it comes from."""
    named = {table.key[0]: f"{one.source}:{one.id}"}
    if table.name == "contacts":
        named |= {"source": one.source, "source_id": one.id}
    return named


def _fill_in(
    connection: Connection, kind: str, rows: Iterable[dict[str, Any]], now: datetime
) -> None:
    """Whose file an event is about, where it names an account or a point; when it was received."""
    lists = ("attributed_to", "discussed", "accounts")
    rows = list(rows)
    key = KEPT[kind].key[0]
    # told again without its moments, an event keeps those it has
    stands = (
        {}
        if kind == "contact"
        else fetching.told_when(connection, kind, {row[key] for row in rows})
    )
    for row in rows:
        had = stands.get(row[key], {})
        row |= {name: at for name, at in had.items() if row.get(name) is None}
    accounts = {name for row in rows for one in lists for name in _texts(row.get(one))}
    points = {row["point"] for row in rows if isinstance(row.get("point"), str)}
    holders = fetching.holders(connection, accounts) if accounts else {}
    files = fetching.files(connection, points) if points else {}
    for row in rows:
        named = [name for one in lists for name in _texts(row.get(one)) if name in holders]
        if row.get("consumer") is None:
            at = files.get(row["point"]) if isinstance(row.get("point"), str) else None
            row["consumer"] = holders[named[0]][0] if named else at
        if kind == "contact":
            if row.get("collector") is None and named:
                row["collector"] = holders[named[0]][1]
            row["received_at"] = row.get("at")
        else:
            row["received_at"] = row.get("received_at") or now
        if kind == "statement" and row.get("made_at") is None:
            row["made_at"] = row["received_at"]
        row["recorded_at"] = now


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _values(
    table: Table, rows: Sequence[Mapping[str, Any]]
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Every column in its type, and the cells that hold something else."""
    columns = {**{one.name: one.dtype for one in table.columns}, "received_at": None}
    frame = pl.DataFrame({LINE: [row[LINE] for row in rows]}, schema={LINE: pl.Int64()})
    found = [frame[LINE]]
    problems = []
    for name in columns:
        column = (
            table.column(name)
            if columns[name] is not None
            else TABLES["statements"].column("received_at")
        )
        cells = [_text(row.get(name), name) for row in rows]
        read = typed(pl.DataFrame({name: cells}, schema={name: pl.String()}), column)
        found.append(read["value"].alias(name))
        why = REASONS.get(column.dtype, "not a text")
        problems.append(checks.said(frame.with_columns(read["bad"]), pl.col("bad"), name, why))
    return pl.DataFrame(found), problems


def _text(value: object, name: str) -> str | None:
    """A plain JSON value as the text that a cell of a file would hold."""
    if name in ("value", "more") and value is not None:
        return _json(value)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _json(value: object) -> str:
    """What a word was given, as JSON: a text may be JSON already."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(value, ensure_ascii=False)
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _added(
    connection: Connection,
    kind: str,
    fit: pl.DataFrame,
    wrong: dict[int, list[tuple[str, str]]],
    now: datetime,
) -> dict[int, str]:
    """Add rows; what became of each line. Those refused are noted in `wrong`."""
    before = fetching.newest(connection, kind, fit[KEPT[kind].key[0]].to_list())
    added = add(connection, kind, fit, now)
    for line, reason in added.refused.iter_rows():
        wrong.setdefault(line, []).append(("id", reason))
    after = fetching.newest(connection, kind, fit[KEPT[kind].key[0]].to_list())
    outcome = {}
    for line, key in fit.select(LINE, KEPT[kind].key[0]).iter_rows():
        had, has = before.get(key), after.get(key)
        outcome[line] = "new" if had is None else "same" if had == has else "corrected"
    return outcome
