"""The short way: what memory holds is confirmed under the locks, and nothing else is asked.

INVARIANT: an answer is given only if, after the locks were taken, no row of the store was left
unlooked at and every group it rests on has the version it was read at. Otherwise nothing was done,
and all is done the ordinary way, which reads anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..store.database import Store
from ..store.direct import Direct, Looked
from ..store.linking import read_looked
from .asked import Fault, Reserved
from .deciding import Desk
from .entering import Ledger, Work
from .jobs import Job, proposals
from .knowing import Known, Memory
from .proposing import decide_now
from .recording import Asking, Kept
from .single import Met, Single, met
from .token import Pen

Found = list[Kept | Fault]
One = Callable[[Job, Work], Any]
"""Answers a job from memory, as the ordinary way does."""


@dataclass
class Short:
    """The connection for it, and what of the store is known to be looked at."""

    store: Store
    pen: Pen
    seconds: timedelta
    direct: Direct | None = None
    _quiet: list[Any] = field(default_factory=list)
    _stands: tuple[int, int] = (-1, -1)

    def close(self) -> None:
        """Let go of the connection, stop signing."""
        self.pen.close()
        if self.direct is not None:
            self.direct.close()
            self.direct = None

    def run(
        self, jobs: Sequence[Job], work: Work, ledger: Ledger, memory: Memory, desk: Desk, one: One
    ) -> list[Any] | None:
        """The answers, committed, where memory holds all that they need; None: nothing was done.

        Raises StoreError: nothing was done, and what memory holds may be of this transaction.
        """
        if not ledger.begun or any(job.kind not in ("check", "reserve") for job in jobs):
            return None
        if len(jobs) == 1 and jobs[0].kind == "reserve":
            alone = met(jobs[0], work, ledger, memory)
            if alone is not None:
                told = self._single(jobs[0], alone, work, ledger, memory)
                return None if told is None else [told]
        groups: dict[str, Known] = {}
        locked: set[str] = set()
        decided: list[Found] = []
        for job in jobs:
            found = _ready(job, work, memory, desk, groups)
            if found is None:
                return None
            decided.append(found)
            if job.kind == "reserve":
                locked.update(memory.home[memory.owner[each.account]] for each in proposals(job))
        if self.direct is None:
            self.direct = Direct(self.store)
        direct = self.direct
        pending: list[Any] = []

        def answer() -> None:
            if locked:
                pending.extend(one(job, work) for job in jobs)
            else:
                for job, found in zip(jobs, decided, strict=True):
                    pending.append(_entered(job, found, work, desk))
            ledger.make_ready(work)

        try:
            with direct.transaction():
                looked = direct.look(locked, groups.keys() - locked, work.now, answer)
                head = looked.head
                if head is None or not self._holds(looked, memory, groups, work):
                    direct.give_up()
                    memory.forget(locked)  # reserved there is what never was
                    return None
                ledger.write_short(direct, work, head, self.pen)
        except BaseException:
            self.direct = None
            raise
        work.bumped = locked
        for name in groups:  # the last ones are those asked about last
            memory.groups[name] = memory.groups.pop(name)
        return pending

    def _single(
        self, job: Job, alone: Met, work: Work, ledger: Ledger, memory: Memory
    ) -> Reserved | None:
        """The same for one permit alone."""
        known, kept = alone
        if self.direct is None:
            self.direct = Direct(self.store)
        direct = self.direct
        single = Single(job, kept, work, ledger, self.seconds)
        try:
            looked = direct.look((known.name,), (), work.now, single.make)
            head = looked.head
            version, changed = looked.states[known.name]
            held = version == known.version and changed <= work.now
            if head is None or not held or not self._read(looked, memory):
                direct.give_up()
                return None
            single.write(direct, head, self.pen)
        except BaseException as error:
            self.direct = None
            direct.failed(error)
        known.reserve(single.permit)
        work.bumped = {known.name}
        memory.groups[known.name] = memory.groups.pop(known.name)
        return single.told()

    def _read(self, looked: Looked, memory: Memory) -> bool:
        """Whether there is nothing in the store that memory has not read."""
        marks = looked.marks
        if marks is not self._quiet and marks != self._quiet:
            stands, fresh = read_looked(marks)
            if fresh:
                return False
            self._quiet, self._stands = marks, stands
        return self._stands == (memory.epoch, memory.erased)

    def _holds(self, looked: Looked, memory: Memory, groups: dict[str, Known], work: Work) -> bool:
        """Whether all of it is as memory has it."""
        if not self._read(looked, memory):
            return False
        states, now = looked.states, work.now
        for name, known in groups.items():
            version, changed = states.get(name, (0, now))
            if known.version != version or changed > now:
                return False
        return True


def _ready(
    job: Job, work: Work, memory: Memory, desk: Desk, groups: dict[str, Known]
) -> Found | None:
    """What a job asks decided by what memory holds, before anything is locked; None: it does not.

    The groups it rests on are put into `groups`.
    """
    found: Found = []
    now, owner, home, all_of = work.now, memory.owner, memory.home, memory.groups
    for asked in proposals(job):
        known = all_of.get(home.get(owner.get(asked.account, ""), ""))
        if known is None or asked.account not in known.facts.accounts:
            return None
        if known.name not in groups:
            if known.wakes is not None and known.wakes <= now:
                return None
            groups[known.name] = known
        found.append(decide_now(desk, known, asked, now, work.micro))
    return found


def _entered(job: Job, found: Found, work: Work, desk: Desk) -> list[Any]:
    """What a check found, gathered for the log."""
    asking, kinds, now = Asking("check", job.by, job.person), desk.kinds, work.now
    return [
        one if isinstance(one, Fault) else work.enter(one, one.findings(kinds, now), asking)
        for one in found
    ]
