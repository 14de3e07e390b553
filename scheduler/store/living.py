"""What the live core keeps in the store: groups' versions, permits, decisions, withdrawals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from .database import Store, Way
from .plain import among, asked, day, done, moment, put, read_day, read_moment
from .tables import EPOCH

START: Final = "0" * 64
"""The chain before the first decision."""
PERMIT: Final = (
    "permit", "decision", "consumer", "account", "point", "channel", "contact", "by", "opened_at",
    "until",
)  # fmt: skip
"""Columns of a permit."""
RELEASE: Final = (
    "release", "consumer", "account", "rule", "channel", "point", "person", "factor", "reason",
    "by", "made_at", "until",
)  # fmt: skip
"""Columns of a release."""
_CHANGE: Final = (
    "seq", "at", "day", "row_id", "consumer", "account", "point", "channel", "rules", "decision",
)  # fmt: skip
_DECISION: Final = ("seq", "at", "common", "public", "personal", "salt", "inner", "chain")
_READ: Final = ", ".join(f'"{one}"' for one in _DECISION)


class Head(NamedTuple):
    """Where the live log stands: its newest number, the chain there, the newest withdrawal."""

    seq: int
    chain: str
    change: int


class Permit(NamedTuple):
    """A permit as the store has it; `contact` is JSON, `how` it ended, None while it is open."""

    permit: str
    decision: str
    consumer: str
    account: str
    point: str
    channel: str
    contact: str | None
    by: str
    opened_at: datetime
    until: datetime
    how: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release as the store has it."""

    release: str
    consumer: str
    account: str
    rule: str
    channel: str | None
    point: str | None
    person: str | None
    factor: str
    reason: str | None
    by: str
    made_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A withdrawal as the store has it; `rules` is JSON."""

    seq: int
    at: datetime
    day: date
    row_id: int
    consumer: str
    account: str
    point: str
    channel: str
    rules: str
    decision: str


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A live decision; `personal` and `salt` are null once erased, `inner` stays."""

    seq: int
    at: datetime
    common: str
    public: str
    personal: str | None
    salt: str | None
    inner: str
    chain: str


def _server(connection: Way) -> bool:
    return connection.dialect.name == "postgresql"


# -- groups

_NEW_STATES: Final = (
    "INSERT INTO group_state (grp, version, at) SELECT grp, 0, ? FROM unnest(?::text[]) grp "
    "ORDER BY grp ON CONFLICT (grp) DO UPDATE SET version = group_state.version "
    "RETURNING grp, version, at"
)
"""Makes rows of groups that have none, and locks them, whoever made them first (PostgreSQL)."""


def stop_writers(connection: Way) -> None:
    """Nobody else adds facts until this transaction ends (SQLite: nobody does anyway)."""
    if _server(connection):
        done(connection, "LOCK TABLE contact, statement, knowledge IN SHARE ROW EXCLUSIVE MODE")


def states(
    connection: Way, groups: Collection[str], *, lock: bool = False
) -> dict[str, tuple[int, datetime | None]]:
    """The version of each group, and when it last changed; `lock`: nobody else locks it now.

    On SQLite the whole database is locked from a transaction's start.
    """
    condition, value = among(connection, "grp", sorted(groups))
    text = f"SELECT grp, version, at FROM group_state WHERE {condition}"
    if lock and _server(connection):
        text += " ORDER BY grp FOR UPDATE"
    rows = asked(connection, text, (value,))
    if lock and _server(connection) and len(rows) < len(groups):
        there = {row[0] for row in rows}
        new = [one for one in sorted(groups) if one not in there]
        rows += asked(connection, _NEW_STATES, (EPOCH, new))
    found: dict[str, tuple[int, datetime | None]] = dict.fromkeys(groups, (0, None))
    for group, version, at in rows:
        found[group] = (version, read_moment(at))
    return found


def bump(connection: Way, groups: Iterable[str], at: datetime) -> None:
    """Say that something of these groups changed."""
    now = moment(connection, at)
    latest = "GREATEST" if _server(connection) else "max"
    for group in sorted(groups):
        done(
            connection,
            "INSERT INTO group_state (grp, version, at) VALUES (?, 1, ?) ON CONFLICT (grp) DO "
            "UPDATE SET version = group_state.version + 1, "
            f"at = {latest}(group_state.at, excluded.at)",
            (group, now),
        )


# -- permits and releases


def _permits(connection: Way, condition: str, value: Any) -> list[Permit]:
    columns = ", ".join(f"p.{one}" for one in PERMIT)
    rows = asked(
        connection,
        f"SELECT {columns}, e.how FROM permit p LEFT JOIN permit_end e ON e.permit = p.permit "
        f"WHERE {condition}",
        (value,),
    )
    return [permit_of(row) for row in sorted(rows, key=lambda row: str(row[0]))]


def permit_of(row: Sequence[Any]) -> Permit:
    """A row of PERMIT, and how it ended where that stands behind."""
    told = dict(zip((*PERMIT, "how"), row, strict=False))
    times = {name: read_moment(told[name]) for name in ("opened_at", "until")}
    return Permit(**{**told, **times})


def open_permits(connection: Way, consumers: Collection[str]) -> list[Permit]:
    """Permits of these consumers that have not ended."""
    condition, value = among(connection, "p.consumer", consumers)
    return _permits(connection, f"{condition} AND e.permit IS NULL", value)


def overdue(connection: Way, now: datetime, limit: int) -> list[Permit]:
    """Permits past their end that nobody settled, the oldest first."""
    columns = ", ".join(f"p.{one}" for one in PERMIT)
    rows = asked(
        connection,
        f"SELECT {columns} FROM permit p LEFT JOIN permit_end e ON e.permit = p.permit "
        "WHERE p.until <= ? AND e.permit IS NULL ORDER BY p.until, p.permit LIMIT ?",
        (moment(connection, now), limit),
    )
    return [permit_of(row) for row in rows]


def permits(connection: Way, names: Collection[str]) -> dict[str, Permit]:
    """Permits by their ids, however they ended."""
    condition, value = among(connection, "p.permit", names)
    return {one.permit: one for one in _permits(connection, condition, value)}


def add_permits(connection: Way, given: Sequence[tuple[Permit, str]]) -> None:
    """Add permits, each with the decision that gave it."""
    rows = [
        (one.permit, decision, one.consumer, one.account, one.point, one.channel, one.contact,
         one.by, moment(connection, one.opened_at), moment(connection, one.until))
        for one, decision in given
    ]  # fmt: skip
    put(connection, "permit", PERMIT, rows)


def end_permits(connection: Way, ended: Sequence[tuple[str, str, str]], at: datetime) -> None:
    """End permits: (permit, how, by whom)."""
    now = moment(connection, at)
    rows = [(permit, how, now, by) for permit, how, by in ended]
    put(connection, "permit_end", ("permit", "how", "at", "by"), rows)


def releases(connection: Way, consumers: Collection[str], now: datetime) -> list[StoredRelease]:
    """Releases in force that no permit has used up; one that was cancelled uses up nothing."""
    condition, value = among(connection, "r.consumer", consumers)
    columns = ", ".join(f"r.{one}" for one in RELEASE)
    rows = asked(
        connection,
        f"SELECT {columns} FROM release r WHERE {condition} AND r.until > ? AND NOT EXISTS "
        "(SELECT 1 FROM release_use u LEFT JOIN permit_end e ON e.permit = u.permit "
        "WHERE u.release = r.release AND (e.how IS NULL OR e.how <> 'cancelled')) "
        "ORDER BY r.until, r.release",
        (value, moment(connection, now)),
    )
    return [release_of(row) for row in rows]


def release_of(row: Sequence[Any]) -> StoredRelease:
    """A row of RELEASE."""
    told = dict(zip(RELEASE, row, strict=True))
    times = {name: read_moment(told[name]) for name in ("made_at", "until")}
    return StoredRelease(**{**told, **times})


def add_release(connection: Way, one: StoredRelease) -> None:
    """Add a release."""
    values = [getattr(one, name) for name in RELEASE[:10]]
    times = [moment(connection, one.made_at), moment(connection, one.until)]
    put(connection, "release", RELEASE, [[*values, *times]])


def use_releases(connection: Way, used: Sequence[tuple[str, str]]) -> None:
    """Note which permit used which release: (release, permit)."""
    put(connection, "release_use", ("release", "permit"), used)


# -- the live log


def head(connection: Way) -> Head:
    """Where the live log stands; nobody else adds to it until this transaction ends."""
    text = "SELECT seq, chain, change FROM live_head WHERE id = 1"
    if _server(connection):
        text += " FOR UPDATE"
    rows = asked(connection, text)
    if not rows:
        columns = ("id", "seq", "chain", "change")
        put(connection, "live_head", columns, [(1, 0, START, 0)], unless=("id",))
        rows = asked(connection, text)
    return Head(*rows[0])


def set_head(connection: Way, at: Head) -> None:
    """Say where the live log stands now."""
    done(
        connection,
        "UPDATE live_head SET seq = ?, chain = ?, change = ? WHERE id = 1",
        (at.seq, at.chain, at.change),
    )


def add_decisions(connection: Way, rows: Sequence[Sequence[Any]]) -> None:
    """Add decisions: seq, at (as `plain.moment`), common, public, personal, salt, inner, chain."""
    put(connection, "live_decision", _DECISION, rows)


def add_one(connection: Way, decision: Sequence[Any], permit: Permit) -> None:
    """Add one decision (as `add_decisions`, its `at` a moment) and the permit that it gives."""
    seq, at, *rest = decision
    opened = moment(connection, at)
    put(connection, "live_decision", _DECISION, [(seq, opened, *rest)])
    row = (*permit[:8], opened, moment(connection, permit.until))
    put(connection, "permit", PERMIT, [row])


def add_situations(connection: Way, rows: Sequence[tuple[str, str, str]]) -> None:
    """Add situations met for the first time: (common, situation, content)."""
    columns = ("common", "situation", "content")
    put(connection, "live_situation", columns, rows, unless=columns[:2])


def add_common(connection: Way, common: str, content: str) -> None:
    """Add what decisions have in common, unless it is there."""
    columns = ("common", "content")
    put(connection, "live_common", columns, [(common, content)], unless=columns[:1])


def live_decisions(store: Store, after: int, limit: int) -> list[StoredDecision]:
    """Live decisions after a number, in order. Raises StoreError."""
    with store.reading() as connection:
        rows = asked(
            connection,
            f"SELECT {_READ} FROM live_decision WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
    return [StoredDecision(row[0], read_moment(row[1]), *row[2:]) for row in rows]


def live_situations(store: Store, common: str, names: Collection[str]) -> dict[str, str]:
    """The content of situations that decisions of one `common` met, by name. Raises StoreError."""
    with store.reading() as connection:
        condition, value = among(connection, "situation", names)
        rows = asked(
            connection,
            f"SELECT situation, content FROM live_situation WHERE common = ? AND {condition}",
            (common, value),
        )
    return dict(rows)


def live_common(store: Store, common: str) -> str | None:
    """What decisions have in common, by its name: JSON. Raises StoreError."""
    with store.reading() as connection:
        rows = asked(connection, "SELECT content FROM live_common WHERE common = ?", (common,))
    return None if not rows else str(rows[0][0])


# -- withdrawals


def add_changes(connection: Way, new: Sequence[StoredChange]) -> None:
    """Add withdrawals."""
    rows = [
        (one.seq, moment(connection, one.at), day(connection, one.day),
         *(getattr(one, name) for name in _CHANGE[3:]))
        for one in new
    ]  # fmt: skip
    put(connection, "change", _CHANGE, rows)


def withdrawn(connection: Way, of: date) -> set[tuple[int, str, str, str]]:
    """Rows of a day's list that are withdrawn: row_id, account, point, channel."""
    rows = asked(
        connection,
        "SELECT row_id, account, point, channel FROM change WHERE day = ?",
        (day(connection, of),),
    )
    return {tuple(row) for row in rows}


def changes(store: Store, of: date, after: int, limit: int) -> list[StoredChange]:
    """Withdrawals of a day after a place in the feed, in order. Raises StoreError."""
    with store.reading() as connection:
        rows = asked(
            connection,
            f"SELECT {', '.join(_CHANGE)} FROM change WHERE day = ? AND seq > ? "
            "ORDER BY seq LIMIT ?",
            (day(connection, of), after, limit),
        )
    return [StoredChange(row[0], read_moment(row[1]), read_day(row[2]), *row[3:]) for row in rows]
