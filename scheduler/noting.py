"""A statement noted at the desk: the rows it becomes, and what it changes of an account's day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from engine import Ask, words
from engine.decision import Decision
from engine.facts.catalogue import SHAPES, STATEMENTS
from engine.facts.view import Moment
from engine.history import Group
from engine.panel import Panel
from engine.problem import ForbearError, NotFound, did_you_mean
from engine.terms import Licences

from .bothways import decide_both
from .explaining import group_of, plain_contact
from .humans import group_as_one, humans_of
from .portfolio import assemble, group_rows, lay_out
from .records import Tables
from .store.schema import TABLES

ORIGIN: Final = "desk"
_RECORDS: Final = ("hours", "consent", "callback", "messages", "reassigned", "bankruptcy", "money")
_LISTED: Final = {"days", "debt"}
_NUMBERS: Final = {"max", "chapter"}


class CannotNote(ForbearError):
    """A statement that cannot be noted: one sentence says why and what it would take."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One contact of an account before and after: what it may be, and the rules that refuse."""

    account: str
    point: str
    kind: str
    channel: str
    before: Decision
    after: Decision

    @property
    def added(self) -> tuple[str, ...]:
        """Rules that refuse only now."""
        had = {one.rule for one in self.before.findings}
        return tuple(one.rule for one in self.after.findings if one.rule not in had)

    @property
    def gone(self) -> tuple[str, ...]:
        """Rules that refuse no more."""
        have = {one.rule for one in self.after.findings}
        return tuple(one.rule for one in self.before.findings if one.rule not in have)

    @property
    def differs(self) -> bool:
        """Whether anything changed: the verdict, a rule, a duty, the hours."""
        before, after = self.before, self.after
        return bool(
            self.added
            or self.gone
            or before.verdict != after.verdict
            or before.windows != after.windows
            or before.duties != after.duties
        )


def who(source: Tables, name: str) -> tuple[str, tuple[str, ...]]:
    """A consumer, and the accounts meant: of an account's id that one, of a consumer's all.

    Raises NotFound.
    """
    rows = source.scan("accounts").select("account", "consumer")
    one = rows.filter(pl.col("account") == name).collect()
    if one.height:
        return one["consumer"][0], (name,)
    owed = rows.filter(pl.col("consumer") == name).sort("account").collect()
    if owed.is_empty():
        raise NotFound("account or consumer", name)
    return name, tuple(owed["account"])


def value_of(kind: str, given: Sequence[str], accounts: Sequence[str]) -> Any:
    """What a word was given on the command line, as a case file gives it.

    Debts left out are the accounts meant. Records are words with values, as in `from=09:00
    to=12:00`, or JSON. Raises CannotNote.
    """
    if kind not in STATEMENTS:
        near = did_you_mean(kind, tuple(STATEMENTS))
        raise CannotNote(f"unknown word `{kind}`{near}; the words are in rules/README.md#events")
    shape = STATEMENTS[kind].shape
    if shape in ("debts", "debt", "debt_or_true"):
        debts = list(given or accounts)
        return debts[0] if shape == "debt" else debts
    if shape == "disputes":
        parts = [one.partition("=") for one in given or accounts]
        return [{"debt": debt, "amount": part} if part else debt for debt, _, part in parts]
    if shape == "points":
        return _some(kind, given)
    if shape in _RECORDS:
        return _record(kind, given)
    if shape == "true":
        return {"true": True, "false": False}.get(" ".join(given) or "true", given)
    return " ".join(_some(kind, given))


def _some(kind: str, given: Sequence[str]) -> list[str]:
    if not given:
        raise CannotNote(f"{kind} needs {SHAPES[STATEMENTS[kind].shape]}")
    return list(given)


def _record(kind: str, given: Sequence[str]) -> Any:
    whole = " ".join(_some(kind, given))
    if whole.startswith(("{", "[")):
        try:
            return json.loads(whole)
        except (ValueError, RecursionError):
            raise CannotNote(f"`{whole}` is not JSON") from None
    found: dict[str, Any] = {}
    for part in given:
        name, mark, text = part.partition("=")
        if not mark:
            raise CannotNote(f"`{part}` is not a word with its value, as in `from=09:00`")
        found[name] = text.split(",") if name in _LISTED else text
        if name in _NUMBERS and text.isdecimal():
            found[name] = int(text)
    return found


def rows_of(
    kind: str, value: Any, consumer: str, common: dict[str, Any], first: int
) -> pl.DataFrame:
    """The statement's rows, one or one for each point; numbered from `first`.

    `common` holds the other columns. Raises CannotNote for what the word does not take.
    """
    takes = f"{kind} takes {SHAPES[STATEMENTS[kind].shape]}"
    try:
        laid = lay_out(kind, value)
        for row in laid:
            assemble(kind, row["accounts"], row["point"], row["value"], row["more"])
    except (ValueError, TypeError, AttributeError, KeyError):
        raise CannotNote(f"not what the word takes: {takes}") from None
    rows = [
        {
            **common,
            **row,
            "statement": f"{ORIGIN}-{number}",
            "consumer": consumer,
            "kind": kind,
            "source": ORIGIN,
        }
        for number, row in enumerate(laid, first)
    ]
    return pl.DataFrame(rows, schema=TABLES["statements"].schema)


@dataclass(frozen=True, slots=True)
class _With:
    """A portfolio with statements that are not in it yet."""

    source: Tables
    more: pl.DataFrame

    def scan(self, table: str) -> pl.LazyFrame:
        rows = self.source.scan(table)
        return pl.concat([rows, self.more.lazy()]) if table == "statements" else rows


def changes(
    panel: Panel,
    source: Tables,
    told: pl.DataFrame,
    account: str,
    channels: Sequence[str],
    now: datetime,
    day: date,
    refuse_unencoded: bool,
    licences: Licences | None = None,
) -> list[Changed]:
    """Every contact of an account on a day, before and after the statements told.

    In the order of points and channels. Raises NotFound.
    """
    before = group_of(source, account, licences)
    known = humans_of(source)
    after = group_rows(_With(source, told), sorted(before.consumers), licences)
    after = group_as_one(after, known.surely)  # who speaks now may be named by another id
    owner = before.accounts[account].consumer
    moment = Moment(known=now, day=day)
    ask = Ask(refuse_unencoded=refuse_unencoded)
    found = []
    for point in sorted(before.points.values(), key=lambda one: one.id):
        ways = words.CHANNELS_OF_KIND[point.kind] if point.consumer == owner else ()
        for channel in (one for one in ways if one in channels):

            def decided(group: Group, point: Any = point, channel: str = channel) -> Decision:
                contact = plain_contact(group.accounts[account], point, channel, now)
                return decide_both(panel, group, known.maybe, contact, moment, ask)

            found.append(
                Changed(account, point.id, point.kind, channel, decided(before), decided(after))
            )
    return found
