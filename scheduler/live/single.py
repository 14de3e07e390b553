"""One permit asked for alone, as a dialer with one line asks: the short way in a straight line.

Only for an answer in memory that stands, permits, and rests on nothing that is not in the log yet;
for all others `short` is there. The locks, what is confirmed under them and what is written are the
same (`short.py`, its invariant).
"""

from __future__ import annotations

import os
from datetime import timedelta

from ..store import living
from ..store.direct import Direct
from ..store.living import Head, Permit
from .asked import Proposed, Reserved
from .entering import Ledger, Work
from .jobs import Job
from .knowing import Known, Memory
from .proposing import key_of
from .recording import (
    PREFIX,
    SALT,
    Asking,
    Kept,
    Stamp,
    answer,
    inner_of,
    link_of,
    personal_of,
    public_of,
)
from .token import Pen, Signing, Token

Met = tuple[Known, Kept]


def met(job: Job, work: Work, ledger: Ledger, memory: Memory) -> Met | None:
    """What memory holds of the one thing asked, if it can be reserved by that alone."""
    asked = job.asked
    if not isinstance(asked, Proposed):
        return None
    known = memory.groups.get(memory.home.get(memory.owner.get(asked.account, ""), ""))
    if known is None or (known.wakes is not None and known.wakes <= work.now):
        return None
    kept: Kept | None = known.answers.get(key_of(asked))
    if kept is None or not kept.row or kept.timed or not kept.holds(work.micro):
        return None
    decided = kept.decided
    if decided.releases or not decided.decision.permitted:
        return None
    written = ledger.written
    for name, _ in decided.situations:
        if name not in written:
            return None
    return known, kept


class Single:
    """A permit on its way: made while a server looks, numbered, written, signed."""

    __slots__ = (
        "asking", "inner", "kept", "ledger", "parts", "permit", "personal", "salt", "seconds",
        "seq", "signing", "stamp", "work",
    )  # fmt: skip

    def __init__(
        self, job: Job, kept: Kept, work: Work, ledger: Ledger, seconds: timedelta
    ) -> None:
        """Nothing is made yet."""
        self.asking = Asking("permit", job.by, job.person)
        self.kept, self.work, self.ledger, self.seconds = kept, work, ledger, seconds

    def make(self) -> None:
        """All that the decision's number does not change."""
        kept, work = self.kept, self.work
        drawn = os.urandom(SALT + 12).hex()
        self.salt = drawn[: 2 * SALT]
        now = work.now
        until = now + self.seconds
        if kept.until is not None and kept.until < until:
            until = kept.until
        self.permit = Permit(
            f"p{drawn[2 * SALT :]}", "", kept.consumer, kept.account, kept.point, kept.channel,
            kept.row, self.asking.by, now, until,
        )  # fmt: skip
        self.stamp = Stamp.of(now)
        self.personal = personal_of(kept, (), self.stamp, None)
        self.inner = inner_of(self.salt, self.personal)

    def write(self, direct: Direct, at: Head, pen: Pen) -> None:
        """Number it, write it down and commit; it is signed meanwhile."""
        ledger, kept, permit = self.ledger, self.kept, self.permit
        self.seq = seq = at.seq + 1
        public = public_of(kept, self.asking, seq, permit.permit, self.stamp, None)
        chain = link_of(at.chain, seq, ledger.common, public, self.inner)
        self.signing = Signing(
            pen.signer,
            Token(
                permit.permit, permit.account, permit.point, permit.channel, permit.opened_at,
                permit.until, ledger.law.rulebook.digest, pen.signer.name,
            ),
        )  # fmt: skip
        with direct.together(self.sign):
            living.add_one(
                direct,
                (seq, self.work.now, ledger.common, public, self.personal, self.salt, self.inner,
                 chain),
                permit._replace(decision=f"{PREFIX}{seq}"),
            )  # fmt: skip
            stands = Head(seq, chain, at.change)
            living.set_head(direct, stands)
            if not direct.waits:
                pen.begin((self.signing,))
            direct.commit(stands)

    def sign(self) -> None:
        """Sign it, while a server commits."""
        self.signing.sign()

    def told(self) -> Reserved:
        """What the asker is told, once it is committed. Raises what signing it raised."""
        kept, permit = self.kept, self.permit
        told = answer(kept, (), self.seq, self.work.now, kept.until)
        return Reserved(told, permit.permit, self.signing.result(), permit.until)
