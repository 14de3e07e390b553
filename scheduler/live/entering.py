"""What one transaction gathers, and how it is written: numbered, chained, logged, reserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from engine.decision import Finding

from ..law import Law
from ..store import living
from ..store.database import Connection, Way
from ..store.direct import Direct
from ..store.living import Head, Permit, StoredChange, StoredRelease
from ..store.plain import moment, together
from ..store.recording import record_rulebook
from .asked import Answer, Reserved
from .recording import (
    PREFIX,
    Asking,
    Kept,
    Stamp,
    answer,
    dumps,
    inner_of,
    link_of,
    personal_of,
    public_of,
    salts,
)
from .token import Pen, Signer, Signing, Token, sign
from .turning import micros
from .withdrawing import Listed

Given = tuple[Permit, str]
"""A permit, and the decision that gave it."""


@dataclass(slots=True)
class Entry:
    """A decision on its way into the log; about an instant, or the whole of `day`."""

    kept: Kept
    findings: tuple[Finding, ...]
    asking: Asking
    now: datetime
    day: str | None = None
    permit: Permit | None = None
    salt: str = ""
    personal: str = ""
    inner: str = ""
    seq: int = 0
    signing: Signing | None = None

    @property
    def decision(self) -> str:
        """Its id, once it is in the log."""
        return f"{PREFIX}{self.seq}"

    def answer(self) -> Answer:
        """What the asker is told."""
        return answer(self.kept, self.findings, self.seq, self.now, self.kept.until)


@dataclass
class Work:
    """What one transaction gathers until it is written."""

    now: datetime
    entries: list[Entry] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    released: list[StoredRelease] = field(default_factory=list)
    withdrawn: list[tuple[Listed, Entry]] = field(default_factory=list)
    bumped: set[str] = field(default_factory=set)
    situations: dict[str, str] = field(default_factory=dict)
    stamp: Stamp | None = None

    @cached_property
    def micro(self) -> int:
        """Now, in microseconds since 1970; of the moment it is first asked."""
        return micros(self.now)

    def enter(
        self,
        kept: Kept,
        findings: tuple[Finding, ...],
        asking: Asking,
        day: str | None = None,
    ) -> Entry:
        """One more decision."""
        entry = Entry(kept, findings, asking, self.now, day)
        self.entries.append(entry)
        return entry


@dataclass
class Ledger:
    """Writes decisions of one rulebook; `common` names what they share, `content` is that."""

    law: Law
    common: str
    content: str
    written: set[str] = field(default_factory=set)
    begun: bool = False

    def write(self, connection: Connection, work: Work) -> None:
        """Put all that was gathered into the store."""
        at: Head | None = None
        self.make_ready(work)
        if work.entries:
            self._meet(connection, work)
            # INVARIANT: from here to the commit nobody else adds to the log
            at = living.head(connection)
        with together(connection):
            permits = [] if at is None else self._log(connection, work, at)[0]
            living.add_permits(connection, permits)
            living.use_releases(connection, work.used)
            for one in work.released:
                living.add_release(connection, one)
            living.bump(connection, work.bumped, work.now)

    def write_short(self, direct: Direct, work: Work, at: Head, pen: Pen) -> None:
        """Put decisions made ready and permits into the store, and commit: one trip to a server."""
        signings: list[Signing] = []
        with direct.together(partial(sign, signings)):
            self._meet(direct, work)
            permits, stands = self._log(direct, work, at)
            living.add_permits(direct, permits)
            living.use_releases(direct, work.used)
            if permits:
                signings += self._signings(work, pen.signer)
                if not direct.waits:
                    pen.begin(signings)
            direct.commit(stands)

    def _signings(self, work: Work, signer: Signer) -> list[Signing]:
        """The tokens of permits, to be signed while they are committed."""
        found = []
        for one in work.entries:
            if one.permit is not None:
                one.signing = Signing(signer, self._token(one.permit, signer))
                found.append(one.signing)
        return found

    def make_ready(self, work: Work) -> None:
        """Write down of each decision what its number does not change."""
        stamp = work.stamp = Stamp.of(work.now)
        for entry, salt in zip(work.entries, salts(len(work.entries)), strict=True):
            entry.salt = salt
            entry.personal = personal_of(entry.kept, entry.findings, stamp, entry.day)
            entry.inner = inner_of(salt, entry.personal)

    def _token(self, permit: Permit, signer: Signer) -> Token:
        return Token(
            permit.permit, permit.account, permit.point, permit.channel, permit.opened_at,
            permit.until, self.law.rulebook.digest, signer.name,
        )  # fmt: skip

    def committed(self, work: Work) -> None:
        """It is in the store for good."""
        self.written.update(work.situations)
        self.begun = self.begun or bool(work.entries)

    def _meet(self, connection: Way, work: Work) -> None:
        """Put down what decisions share, where it is not there yet."""
        if isinstance(connection, Connection) and not self.begun:
            record_rulebook(connection, self.law.rulebook.digest, self.law.files, work.now)
            living.add_common(connection, self.common, self.content)
        met, written = work.situations, self.written
        for entry in work.entries:
            for name, content in entry.kept.decided.situations:
                if name not in written:
                    met[name] = content
        if met:
            rows = [(self.common, *one) for one in sorted(met.items())]
            living.add_situations(connection, rows)

    def _log(self, connection: Way, work: Work, at: Head) -> tuple[list[Given], Head]:
        """Number, chain and log the decisions; the permits given by them, where the log stands."""
        seq, chain, now = at.seq, at.chain, moment(connection, work.now)
        stamp = work.stamp or Stamp.of(work.now)
        rows: list[Sequence[Any]] = []
        permits: list[Given] = []
        for entry in work.entries:
            seq += 1
            entry.seq = seq
            name: str | None = None
            if entry.permit is not None:
                permits.append((entry.permit, entry.decision))
                name = entry.permit.permit
            public = public_of(entry.kept, entry.asking, seq, name, stamp, entry.day)
            chain = link_of(chain, seq, self.common, public, entry.inner)
            rows.append(
                (seq, now, self.common, public, entry.personal, entry.salt, entry.inner, chain)
            )
        living.add_decisions(connection, rows)
        changes = _changes(work, at.change)
        living.add_changes(connection, changes)
        stands = Head(seq, chain, at.change + len(changes))
        living.set_head(connection, stands)
        return permits, stands

    def answered(self, one: Any, signer: Signer, plain: bool) -> Any:
        """What the asker is told of what was gathered; `plain`: decisions as they were logged."""
        if isinstance(one, list):
            if plain:
                return tuple(one)
            return tuple(each.answer() if isinstance(each, Entry) else each for each in one)
        if not isinstance(one, Entry):
            return one
        told = one.answer()
        permit = one.permit
        if permit is None:
            return Reserved(told)
        signing = one.signing or Signing(signer, self._token(permit, signer))
        return Reserved(told, permit.permit, signing.result(), permit.until)


def _changes(work: Work, before: int) -> list[StoredChange]:
    return [
        StoredChange(
            number,
            work.now,
            row.day,
            row.row_id,
            row.consumer,
            row.account,
            row.point,
            row.channel,
            dumps(sorted({finding.rule for finding in entry.findings})),
            f"{PREFIX}{entry.seq}",
        )
        for number, (row, entry) in enumerate(work.withdrawn, before + 1)
    ]
