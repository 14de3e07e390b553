"""One transaction of the live core: what waited together, decided, logged, reserved, committed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from engine.releasing import releasable

from ..explaining import plain_contact
from ..law import Law
from ..manifest import versions
from ..settings import Settings
from ..store import fetching, linking, living
from ..store.database import Connection, Store
from ..store.living import Permit, StoredRelease
from .asked import Fault, Proposed, Release, Released, Result
from .deciding import Desk
from .ending import Ending
from .entering import Entry, Ledger, Work
from .jobs import TELLING, Job, events, proposals
from .knowing import Known, Memory
from .posting import take_in
from .proposing import decide_now
from .recording import Asking, Kept, keep
from .resting import rest
from .short import Short
from .token import Pen, Signer
from .turning import micros
from .withdrawing import Lists

AT_ONCE: Final = 500
"""Permits expired in one transaction."""
SWEPT: Final = 10
"""Consumers whose listed rows are asked again in one transaction; of a large group one alone."""
LARGE: Final = 50
"""Members of a contact group from which on it is large: who shares a switchboard with hundreds."""
NIGHT: Final = timedelta(hours=9)
"""After the beginning of a day of UTC: when no window is open, from Puerto Rico to Hawaii."""


@dataclass
class _Told:
    """What was told before anything was asked: answers by the place of their job, and of whom.

    `loud` are the consumers whose listed rows must be asked again.
    """

    found: dict[int, Any] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    loud: set[str] = field(default_factory=set)


@dataclass
class Core:
    """All that answers need between two transactions."""

    store: Store
    law: Law
    settings: Settings
    signer: Signer
    lists: Lists
    alarm: Callable[[str], None]
    desk: Desk = field(init=False)
    memory: Memory = field(init=False)
    ledger: Ledger = field(init=False)
    short: Short = field(init=False)
    unswept: list[str] = field(default_factory=list)
    today: date | None = None

    def __post_init__(self) -> None:
        """Make the engines ready for the rulebook."""
        lasting = timedelta(seconds=self.settings.permit_seconds)
        self.short = Short(self.store, Pen(self.signer), lasting)
        self._begin(self.law)

    def renew(self, law: Law, now: datetime) -> None:
        """Go on with another rulebook. Sweeps ask every listed row again, by the new one."""
        listed = self.lists.consumers(now)
        self.desk.close()
        self._begin(law)
        self.unswept = listed

    def _begin(self, law: Law) -> None:
        self.law = law
        self.desk = Desk.of(law.rulebook, self.settings.refuse_unencoded_places, self.alarm)
        self.memory = Memory(self.settings.licences)
        deciding = self.settings.deciding()
        common = {
            "rulebook": law.rulebook.digest,
            "versions": versions(),
            "settings": deciding,
        }
        content = json.dumps(common, sort_keys=True, separators=(",", ":"))
        self.ledger = Ledger(law, sha256(content.encode()).hexdigest()[:16], content)

    def close(self) -> None:
        """Stop the engines."""
        self.desk.close()
        self.short.close()

    def run(self, jobs: Sequence[Job], now: datetime) -> list[Any]:
        """Do all of it in one transaction; the answer to each, in order.

        Raises StoreError, ClockBehind: then nothing was done.
        """
        self._night(now)
        self.desk.make_ready(now)
        work = Work(now)
        unswept = self.unswept
        try:
            pending = self.short.run(jobs, work, self.ledger, self.memory, self.desk, self._one)
            if pending is None:
                work = Work(now)
                with self.store.writing() as connection:
                    pending = self._work(connection, jobs, work)
                    self.ledger.write(connection, work)
        except BaseException:
            # INVARIANT: what was taken from `unswept` is asked again later
            self.unswept = unswept
            self.memory.clear()  # what it holds may be of this transaction, which never was
            raise
        for name in work.bumped:
            known = self.memory.groups.get(name)
            if known is not None:
                known.version += 1
        self.ledger.committed(work)
        if self.memory.gone:
            self._let_go(now)
        self.memory.make_room()
        return [
            self.ledger.answered(one, self.signer, job.plain)
            for job, one in zip(jobs, pending, strict=True)
        ]

    def _night(self, now: datetime) -> None:
        """Begin each day with nothing in memory, so that months need no more of it than a day."""
        today = (now - NIGHT).date()
        if self.today is not None and today != self.today:
            self._let_go(now)
        self.today = today

    def _let_go(self, now: datetime) -> None:
        """Go on with nothing in memory."""
        self.memory.clear()
        self.memory.gone = False
        self.ledger.written.clear()
        self.desk.forget(now)
        self.short.close()
        self.store.close()  # each connection holds pages of its own, the more the longer
        rest()

    def glance(self, now: Callable[[], datetime]) -> None:
        """Let go of all where retention emptied rows, though nobody asks. Raises StoreError."""
        if self.memory.erased < 0:
            return  # nothing was read yet
        with self.store.reading() as connection:
            erased = linking.erasures(connection)
        if erased != self.memory.erased:
            self.memory.erased = erased
            self._let_go(now())

    def _work(self, connection: Connection, jobs: Sequence[Job], work: Work) -> list[Any]:
        if any(job.kind in TELLING for job in jobs):
            living.stop_writers(connection)
        others = linking.catch_up(connection)
        told = self._tell(connection, jobs, work.now)
        caught = linking.catch_up(connection) if told.found else others
        known = self.memory.epoch
        for one in (others, caught):
            self.memory.caught(one)
        # so much was added that any row may be concerned
        if others.whole or caught.whole or -1 != known != self.memory.epoch:
            self.unswept = self.lists.consumers(work.now)
        swept = self._sweep(jobs)
        self.memory.forget_of(told.ended)
        accounts = {one.account for job in jobs for one in proposals(job)}
        self.memory.owners(connection, accounts)
        owners = {owner for one in accounts if (owner := self.memory.owner.get(one)) is not None}
        touched = others.touched | caught.touched
        lock = bool(touched or told.ended) or any(
            job.kind in ("reserve", "release") for job in jobs
        )
        wanted = owners | told.ended | told.loud | swept
        work.now, groups = self.memory.know(connection, wanted, touched, work.now, lock=lock)
        work.bumped |= touched | {self.memory.of(one).name for one in told.ended}
        pending = [
            told.found[place] if place in told.found else self._one(job, work)
            for place, job in enumerate(jobs)
        ]
        loud = others.touched | {self.memory.of(one).name for one in told.loud}
        again = [groups[name] for name in sorted(loud) if name in groups]
        self._withdraw(connection, self._at_once(again, told.loud) | swept, work)
        return pending

    def _at_once(self, groups: Iterable[Known], told: Collection[str]) -> set[str]:
        """Whose rows are asked again before anybody is answered: those of the groups.

        Of a large group only those of whom something was told; the others are asked by and by,
        and each is refused from now on in any case if a permit is asked for.
        """
        found = set(told)
        later: list[str] = []
        for known in groups:
            if len(known.members) < LARGE:
                found.update(known.members)
            else:
                later += [one for one in known.members if one not in found]
        if later:
            waiting = set(self.unswept)
            self.unswept = [*self.unswept, *(one for one in later if one not in waiting)]
        return found

    def _sweep(self, jobs: Sequence[Job]) -> set[str]:
        """The next consumers whose listed rows are asked again."""
        if not any(job.kind == "sweep" for job in jobs):
            return set()
        count = 0
        for one in self.unswept[:SWEPT]:
            known = self.memory.groups.get(self.memory.home.get(one, ""))
            large = known is not None and len(known.members) >= LARGE
            if large and count:
                break
            count += 1
            if large:
                break
        some, self.unswept = self.unswept[:count], self.unswept[count:]
        return set(some)

    def _tell(self, connection: Connection, jobs: Sequence[Job], now: datetime) -> _Told:
        """Permits that end, events: what happened comes before what is asked."""
        told = _Told()
        ending = self._ending(connection, jobs, now)
        for place, job in enumerate(jobs):
            if isinstance(job.asked, Result):
                told.found[place] = ending.settle(job.asked, job.by)
            elif job.kind == "cancel":
                told.found[place] = ending.cancel(str(job.asked), job.by)
        for place, job in enumerate(jobs):
            if job.kind == "expire":
                told.found[place] = ending.expire_all()
        ending.write(connection)
        told.ended = ending.consumers
        told.loud = set(ending.talked)
        for place, job in enumerate(jobs):
            if job.kind == "post":
                told.found[place], whose = take_in(connection, events(job), now)
                told.loud |= whose
        return told

    def _ending(self, connection: Connection, jobs: Sequence[Job], now: datetime) -> Ending:
        names = {
            job.asked.permit if isinstance(job.asked, Result) else str(job.asked)
            for job in jobs
            if job.kind in ("settle", "cancel")
        }
        permits = living.permits(connection, names) if names else {}
        due = any(job.kind == "expire" for job in jobs)
        overdue = living.overdue(connection, now, AT_ONCE) if due else []
        permits |= {one.permit: one for one in overdue}
        expired = [one.permit for one in permits.values() if one.how == "expired"]
        placed = fetching.told_late(connection, expired) if expired else set()
        return Ending(now, permits, tuple(overdue), placed)

    def _one(self, job: Job, work: Work) -> Any:
        asking = Asking("permit" if job.kind == "reserve" else "check", job.by, job.person)
        if isinstance(job.asked, Proposed):
            return self._reserve(job.asked, asking, work)
        if isinstance(job.asked, Release):
            return self._release(job.asked, job, work)
        if job.kind == "sweep":
            return len(self.unswept)
        if job.kind == "ahead":
            return sum(isinstance(self._decided(one, work.now), tuple) for one in proposals(job))
        return [self._check(one, asking, work) for one in proposals(job)]

    def _decided(self, asked: Proposed, now: datetime) -> tuple[Known, Kept] | Fault:
        owner = self.memory.owner.get(asked.account)
        known = None if owner is None else self.memory.of(owner)
        if known is None or asked.account not in known.facts.accounts:
            return Fault("unknown_account", f"no account `{asked.account}`")
        kept = decide_now(self.desk, known, asked, now, micros(now))
        return kept if isinstance(kept, Fault) else (known, kept)

    def _check(self, asked: Proposed, asking: Asking, work: Work) -> Entry | Fault:
        found = self._decided(asked, work.now)
        if isinstance(found, Fault):
            return found
        _, kept = found
        return work.enter(kept, kept.findings(self.desk.kinds, work.now), asking)

    def _reserve(self, asked: Proposed, asking: Asking, work: Work) -> Entry | Fault:
        found = self._decided(asked, work.now)
        if isinstance(found, Fault):
            return found
        known, kept = found
        entry = work.enter(kept, kept.findings(self.desk.kinds, work.now), asking)
        if not kept.decided.decision.permitted:
            return entry
        until = work.now + timedelta(seconds=self.settings.permit_seconds)
        entry.permit = permit = Permit(
            permit=f"p{secrets.token_hex(12)}",
            decision="",
            consumer=kept.consumer,
            account=kept.account,
            point=kept.point,
            channel=kept.channel,
            contact=kept.row,
            by=asking.by,
            opened_at=work.now,
            until=until if kept.until is None else min(until, kept.until),
        )
        used = kept.decided.releases
        work.used += [(one, permit.permit) for one in used]
        known.releases = tuple(one for one in known.releases if one.release not in used)
        known.reserve(permit)
        work.bumped.add(known.name)
        return entry

    def _release(self, asked: Release, job: Job, work: Work) -> Released | Fault:
        owner = self.memory.owner.get(asked.account)
        if owner is None:
            return Fault("unknown_account", f"no account `{asked.account}`")
        why = _not_releasable(self.desk, asked, work.now)
        if why:
            return Fault("not_releasable", why)
        one = StoredRelease(
            release=f"r{secrets.token_hex(12)}",
            consumer=owner,
            account=asked.account,
            rule=asked.rule,
            channel=asked.channel,
            point=asked.point,
            person=asked.person,
            factor=asked.factor,
            reason=asked.reason,
            by=job.by,
            made_at=work.now,
            until=asked.until,
        )
        known = self.memory.of(owner)
        known.release(one)
        work.released.append(one)
        work.bumped.add(known.name)
        return Released(one.release, asked, work.now)

    def _withdraw(self, connection: Connection, whose: Iterable[str], work: Work) -> None:
        """Ask again what is listed of these consumers, as the list asked: the rest of its day."""
        members = {one: self.memory.of(one) for one in whose if one in self.memory.home}
        rows = self.lists.rows(members, work.now) if members else []
        gone = {day: living.withdrawn(connection, day) for day in {one.day for one in rows}}
        for one in rows:
            if (one.row_id, one.account, one.point, one.channel) in gone[one.day]:
                continue
            known = members[one.consumer]
            debt = known.group.accounts.get(one.account)
            point = known.group.points.get(one.point)
            if debt is None or point is None:
                continue
            contact = plain_contact(debt, point, one.channel, work.now)
            decided = self.desk.whole_day(known.group, contact, work.now, one.day, known.same)
            if decided.decision.permitted:
                continue
            kept = keep(self.desk, known.group, known.name, decided, None)
            asking = Asking("list", "withdrawal")
            found = decided.decision.findings
            entry = work.enter(kept, found, asking, one.day.isoformat())
            work.withdrawn.append((one, entry))


def _not_releasable(desk: Desk, asked: Release, now: datetime) -> str:
    """Why a release cannot be made; empty where it can."""
    if not releasable(desk.panel.rulebook, asked.rule):
        return f"`{asked.rule}` is no presumption of the rulebook; nothing else can be released"
    if not asked.person.strip() or not asked.reason.strip() or not asked.factor.strip():
        return "a release names a person, a factor and a reason"
    if asked.until <= now:
        return "a release ends later than now"
    return ""
