"""A live decision as the log has it: its record's text, its place in the chain.

scheduler/log/README.md explains every field.

chain = SHA-256 over the chain before, the number, what decisions have in common, the public part
and the hash of salt and personal part. So the chain still holds where a personal part was erased.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from engine import clock
from engine.clock import format_instant
from engine.decision import Decision, Finding, Lifted, Satisfied
from engine.history import Contact, Group

from ..store.living import StoredDecision
from .asked import Answer
from .deciding import (
    Decided,
    Desk,
    at_instant,
    closes,
    force_of,
    shown_windows,
)

PREFIX: Final = "live-"
SALT: Final = 16
"""Bytes of salt, so that nobody finds an erased personal part by trying."""
_PIECE: Final = 2_000
_DECLARED: Final = ("purpose", "content", "technology", "disclosure")


dumps: Final[Callable[[object], str]] = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False
).encode
"""JSON as records have it: no blanks, characters as they are."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks what: `asked` is list, check or permit (scheduler/log/README.md)."""

    asked: str
    by: str
    person: str | None = None


@lru_cache(maxsize=4_096)
def _shown(windows: tuple[tuple[datetime, datetime], ...], start: datetime) -> str:
    return dumps(shown_windows(windows, start))


@dataclass(slots=True)
class Stamp:
    """What all records of one transaction share, as text, written once."""

    now: datetime
    text: str
    minute: datetime
    _parts: dict[tuple[int, bool], tuple[str, str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, now: datetime) -> Stamp:
        """Of the moment they are made."""
        return cls(now, f'"{format_instant(now)}"', clock.whole_minute(now))

    def windows(self, decision: Decision) -> str:
        """The windows of a decision from this minute on, as JSON in JSON."""
        return _shown(decision.windows, self.minute)

    def around(self, asking: Asking, whole: bool) -> tuple[str, str, str]:
        """What stands around number, permit and day; `asking` must live as long as this."""
        found = self._parts.get((id(asking), whole))
        if found is None:
            shown = self.text
            person = "null" if asking.person is None else dumps(asking.person)
            found = self._parts[(id(asking), whole)] = (
                f'","asked":"{asking.asked}","asked_by":{dumps(asking.by)},'
                f'"asked_person":{person},"permit":',
                f',"decided_at":{shown},"as_of":{shown},"recorded_as_of":{shown},"day":"',
                f'","at":{"null" if whole else shown},',
            )
        return found


@dataclass(slots=True)
class Kept:
    """A decision made ready to be answered and logged, as often as it holds.

    `tail` and `head` are the parts of its record that stay: public and personal. `begin`, from the
    minute `minute` on, and `evidence` are what else of the personal part stays for a while.
    `row` is what a permit by it says of its contact, empty where none can be given. `shown` is for
    whoever writes answers: what stays of them.
    """

    decided: Decided
    account: str
    consumer: str
    point: str
    channel: str
    day: str
    head: str
    tail: str
    timed: bool
    until: datetime | None
    rest: tuple[str, str]
    upcoming: str
    row: str = ""
    minute: datetime | None = None
    begin: str = ""
    evidence: str = ""
    shown: dict[bool, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, now: int) -> bool:
        """Whether it is still the answer, in microseconds since 1970."""
        return self.decided.since < now < self.decided.until

    def findings(self, kinds: Mapping[str, str], at: datetime) -> tuple[Finding, ...]:
        """Its findings as they read at an instant."""
        found = self.decided.decision.findings
        return at_instant(found, kinds, at) if self.timed else found


def keep(desk: Desk, group: Group, group_name: str, decided: Decided, at: datetime | None) -> Kept:
    """Make a decision ready. `at` None: it is about a whole day."""
    decision, contact = decided.decision, decided.contact
    point = group.points[contact.point or ""]
    account = contact.debts[0]
    zone = decision.zones[0] if decision.zones else "UTC"
    known = at if at is not None else contact.at
    tail = dumps(
        {
            "verdict": decision.verdict,
            "listed": decision.permitted,
            "exhausted": desk.exhausted(decision.findings),
            "force": force_of(decision.findings),
            "rules": sorted({one.rule for one in decision.findings}),
            "duties": ";".join(sorted({duty for duty, _ in decision.duties})),
        }
    )
    head = dumps(
        {
            "group": group_name,
            "account": account,
            "consumer": group.accounts[account].consumer,
            "point": point.id,
            "channel": contact.channel,
            "number": point.number,
            "contact": declared(contact),
            "situations": list(decided.named),
            "jurisdictions": ";".join(decision.places),
            "zones": ";".join(decision.zones),
            "place_evidence": decided.placed,
            "attempts_left": decision.attempts_left,
            "budgets": None,
            "basis": decided.basis,
        }
    )
    timed = any(desk.kinds.get(one.rule) == "window" for one in decision.findings)
    shut = closes(decision, known) if decision.permitted else None
    rest = _evidence(decision)
    return Kept(
        decided,
        account,
        group.accounts[account].consumer,
        point.id,
        contact.channel,
        clock.local_date(known, zone).isoformat(),
        head[1:-1],
        tail[1:-1],
        timed,
        shut,
        rest,
        dumps(_instant(decision.next_permitted)),
        dumps(_contact_row(contact)) if decision.permitted else "",
        evidence="" if timed else _told(decision.findings, rest),
    )


def declared(contact: Contact) -> str | None:
    """What else the asker said of a contact, as JSON."""
    said: dict[str, Any] = {
        name: value for name in _DECLARED if (value := getattr(contact, name)) is not None
    }
    if contact.flags:
        said["flags"] = dict(sorted(contact.flags.items()))
    if len(contact.debts) > 1:
        said["debts"] = list(contact.debts)
    return dumps(said) if said else None


def _evidence(decision: Decision) -> tuple[str, str]:
    """What it stood on beside the situations: what follows the findings, as JSON."""
    satisfied = [
        {"rule": one.rule, "debt": one.debt, **_counted(one)}
        for one in decision.satisfied
        if one.maximum is not None or one.excused
    ]
    return dumps(satisfied), dumps([_lifted(one) for one in decision.lifted])


def _counted(one: Satisfied) -> dict[str, Any]:
    counted = {} if one.maximum is None else {"used": one.used, "max": one.maximum}
    return {**counted, **one.statements}


def _lifted(one: Lifted) -> dict[str, str]:
    return {"rule": one.rule, "by": one.by}


def _found(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "debt": one.debt,
        "place": one.place,
        "zone": one.zone,
        "observed": one.observed,
        "threshold": one.threshold,
        "free": _instant(one.free),
    }


def _told(findings: Sequence[Finding], rest: tuple[str, str]) -> str:
    """The end of a record: findings, and the rest of the evidence."""
    satisfied, lifted = rest
    found = dumps([_found(one) for one in findings])
    told = f'{{"findings":{found},"satisfied":{satisfied},"lifted":{lifted}}}'
    return f',"evidence":{dumps(told)}}}'


def _contact_row(contact: Contact) -> Mapping[str, object]:
    """What a permit's contact will be in the store, but for what comes of it."""
    technology = contact.technology
    for flag in ("autodialled", "prerecorded"):
        technology = flag if contact.flags.get(flag) else technology
    return {
        "collector": contact.collector,
        "attributed_to": list(contact.debts),
        "technology": technology,
        "purpose": contact.purpose,
        "content": contact.content,
        "disclosure": contact.disclosure,
        "reply_to_consumer": bool(contact.flags.get("reply_to_consumer")),
        "automated": bool(contact.flags.get("automated")),
        "opt_out_notice": contact.flags.get("opt_out_notice"),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def texts(
    kept: Kept,
    findings: Sequence[Finding],
    asking: Asking,
    seq: int,
    permit: str | None,
    stamp: Stamp,
    day: str | None = None,
) -> tuple[str, str]:
    """The public and the personal part of a record, as JSON; `day`: it is about the whole of it."""
    return public_of(kept, asking, seq, permit, stamp, day), personal_of(kept, findings, stamp, day)


def public_of(
    kept: Kept, asking: Asking, seq: int, permit: str | None, stamp: Stamp, day: str | None
) -> str:
    """The public part."""
    start, given, end = stamp.around(asking, day is not None)
    named = "null" if permit is None else f'"{permit}"'
    return f'{{"decision_id":"{PREFIX}{seq}{start}{named}{given}{day or kept.day}{end}{kept.tail}}}'


def personal_of(kept: Kept, findings: Sequence[Finding], stamp: Stamp, day: str | None) -> str:
    """The personal part: nothing of it depends on the decision's number."""
    decision = kept.decided.decision
    if kept.minute != stamp.minute:
        shown = stamp.windows(decision)
        kept.begin = f'{{{kept.head},"windows_utc":{shown},"next_permitted_utc":'
        kept.minute = stamp.minute
    evidence = _told(findings, kept.rest) if kept.timed else kept.evidence
    upcoming = stamp.text if day is None and decision.permitted else kept.upcoming
    return f"{kept.begin}{upcoming}{evidence}"


def answer(
    kept: Kept, findings: tuple[Finding, ...], seq: int, now: datetime, until: datetime | None
) -> Answer:
    """What the asker is told."""
    decision = kept.decided.decision
    return Answer(
        f"{PREFIX}{seq}",
        now,
        kept.account,
        kept.consumer,
        kept.point,
        kept.channel,
        decision.permitted,
        findings,
        decision.duties,
        decision.lifted,
        until,
        decision.attempts_left,
        now if decision.permitted else decision.next_permitted,
        decision.places,
        decision.zones,
        decision.rulebook,
        decision.engines,
    )


# -- the chain


def inner_of(salt: str, personal: str) -> str:
    """The hash of a personal part with its salt, hex: what stays when it is erased."""
    return _hashed(f"{salt}\n{personal}")


def link_of(before: str, seq: int, common: str, public: str, inner: str) -> str:
    """The chain at a decision, hex."""
    return _hashed(f"{before}\n{seq}\n{common}\n{public}\n{inner}")


def _hashed(text: str) -> str:
    """SHA-256 in pieces so short that Python lets no other thread in between."""
    data = text.encode()
    whole = hashlib.sha256(data[:_PIECE])
    for start in range(_PIECE, len(data), _PIECE):
        whole.update(data[start : start + _PIECE])
    return whole.hexdigest()


def salts(count: int) -> list[str]:
    """So many salts, hex."""
    drawn = os.urandom(SALT * count).hex()
    return [drawn[place * 2 * SALT : (place + 1) * 2 * SALT] for place in range(count)]


def broken(rows: Sequence[StoredDecision], before: str, first: int) -> str | None:
    """Where a stretch of the live log is not what it was: the first wrong place; None: nowhere.

    `before` is the chain before its first row, `first` the number that row must have.
    """
    for expected, row in enumerate(rows, first):
        if row.seq != expected:
            return f"{PREFIX}{expected} is missing"
        if row.personal is not None and inner_of(row.salt or "", row.personal) != row.inner:
            return f"the personal part of {PREFIX}{row.seq} was changed"
        before = link_of(before, row.seq, row.common, row.public, row.inner)
        if before != row.chain:
            return f"{PREFIX}{row.seq} was changed"
    return None


def number_of(name: str) -> int | None:
    """The number in a decision's id; None where it is no live decision's."""
    text = name.removeprefix(PREFIX)
    return int(text) if name.startswith(PREFIX) and text.isdecimal() and len(text) < 19 else None


__all__ = [
    "Asking",
    "Kept",
    "answer",
    "broken",
    "declared",
    "dumps",
    "inner_of",
    "keep",
    "link_of",
    "number_of",
    "personal_of",
    "public_of",
    "salts",
    "texts",
]
