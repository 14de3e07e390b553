"""Permits that end: with a result, given back, or past their time; each as the contact it leaves.

INVARIANT: a permit ends once (the store's key sees to it), and from then on exactly one row of
`contact` says what it came to, unless nothing was placed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from engine import words

from ..store import living
from ..store.adding import LINE, Added, add
from ..store.database import Connection
from ..store.living import Permit
from ..store.rows import frame_of
from .asked import Ended, Fault, Result

ORIGIN: Final = "permit"
SKEW: Final = timedelta(seconds=5)


@dataclass
class Ending:
    """What ends in one transaction: contacts to write, ends to note, whose groups they touch.

    `placed`: permits that had expired, of which a result was told after all.
    """

    now: datetime
    permits: dict[str, Permit]
    overdue: tuple[Permit, ...] = ()
    placed: set[str] = field(default_factory=set)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    talked: set[str] = field(default_factory=set)

    def settle(self, told: Result, by: str) -> Ended | Fault:
        """What came of a permit."""
        permit = self._of(told.permit, by)
        if isinstance(permit, Fault):
            return permit
        if told.result is not None and told.result not in words.RESULTS:
            return Fault("unknown_word", f"`{told.result}` is no result; see rules/README.md")
        how = self._how(permit)
        if how == "cancelled":
            return Fault("already_ended", f"permit `{permit.permit}` was given back")
        at = told.at or permit.opened_at
        if not permit.opened_at - SKEW <= at <= self.now + SKEW:
            why = "a permit's contact lies between its reservation and now"
            return Fault("wrong_time", why)
        row = _row(permit)
        if row is None:
            return Fault("already_ended", f"permit `{permit.permit}` was erased")
        row |= {
            "at": at,
            "result": told.result,
            "message_possible": told.message_possible,
            "reached": told.reached,
            "discussed": _listed(told.discussed),
            "conversation_attributed_to": _listed(told.conversation_attributed_to),
        }
        self._tell(permit, row, void=False)
        self.placed.add(permit.permit)
        if how is None:
            self.ends[permit.permit] = ("settled", by)
        if told.result is None or "conversations" in words.RESULTS[told.result]:
            self.talked.add(permit.consumer)
        return Ended(permit.permit, "settled", permit.permit, how == "expired", how == "settled")

    def cancel(self, name: str, by: str) -> Ended | Fault:
        """A permit given back: nothing was placed."""
        permit = self._of(name, by)
        if isinstance(permit, Fault):
            return permit
        how = self._how(permit)
        if how == "settled" or name in self.placed:
            return Fault("was_placed", f"permit `{name}` has a result: something was placed")
        if how == "cancelled":
            return Ended(name, "cancelled", None, late=False, again=True)
        if how == "expired":
            row = _row(permit)
            if row is not None:
                self._tell(permit, row, void=True)
        else:
            self.ends[name] = ("cancelled", by)
        return Ended(name, "cancelled", None, late=how == "expired")

    def expire_all(self) -> int:
        """Permits past their end: tried, and nobody knows what came of it. How many there were."""
        count = 0
        for permit in self.overdue:
            if self._how(permit) is None:
                row = _row(permit)
                if row is not None:
                    self._tell(permit, row, void=False)
                self.ends[permit.permit] = ("expired", ORIGIN)
                count += 1
        return count

    def _of(self, name: str, by: str) -> Permit | Fault:
        permit = self.permits.get(name)
        if permit is None:
            return Fault("unknown_permit", f"there is no permit `{name}`")
        if permit.by != by:
            return Fault("not_yours", f"permit `{name}` was given to another key")
        return permit

    def _how(self, permit: Permit) -> str | None:
        if permit.permit in self.ends:
            return self.ends[permit.permit][0]
        return permit.how

    def _tell(self, permit: Permit, row: dict[str, Any], *, void: bool) -> None:
        self.told[permit.permit] = {
            **row,
            "contact": permit.permit,
            "consumer": permit.consumer,
            "source": ORIGIN,
            "source_id": permit.permit,
            "received_at": row["at"],
            "recorded_at": self.now,
            "origin": ORIGIN,
            "origin_id": permit.permit,
            "void": void,
        }

    def write(self, connection: Connection) -> Added | None:
        """Put contacts and ends into the store."""
        added: Added | None = None
        if self.told:
            rows = [{**row, LINE: line} for line, row in enumerate(self.told.values(), 1)]
            added = add(connection, "contact", frame_of("contact", rows), self.now)
        ends = [(permit, how, by) for permit, (how, by) in self.ends.items()]
        living.end_permits(connection, ends, self.now)
        return added

    @property
    def consumers(self) -> set[str]:
        """Whose permits ended."""
        return {self.permits[name].consumer for name in (*self.told, *self.ends)}


def _listed(value: Sequence[str] | None) -> list[str] | None:
    return None if value is None else list(value)


def _row(permit: Permit) -> dict[str, Any] | None:
    """The contact that a permit was given for, as a row of the store; None once it was erased."""
    if permit.contact is None:
        return None
    row: dict[str, Any] = json.loads(permit.contact)
    return {**row, "at": permit.opened_at, "channel": permit.channel, "point": permit.point,
            "direction": "out"}  # fmt: skip
