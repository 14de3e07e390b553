"""Lines that work a day's list off: ask, dial (made up), tell. The order of results is not kept.

A line dials only with a permit in hand whose time is not over. Results go out by themselves: some
late, some twice, some never, in any order, again until the service took them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from engine.clock import format_instant

from .client import Client, No, Unreachable, Yes
from .outcomes import SAID, Outcome, outcome
from .queue import Key, Queue, Row, row_of

PAUSE: Final = timedelta(hours=2)
"""Between two attempts at a row."""
LATE: Final = timedelta(minutes=3)
"""How late a late result is: its permit is over by then."""
LOOK: Final = 1.0
"""Seconds between two looks at the changes feed."""
IDLE: Final = 0.05
REST: Final = 0.25
"""Seconds that a line waits at most until it looks again whether a row's time has come."""
TELLING: Final = 2
"""Lines whose results one thread tells: each is told while its permit lives, and many at once."""
TRIES: Final = 60
"""Results told in vain one after another, when all lines have ended, before all are given up."""
AGAIN: Final = 0.5
"""Seconds between two such tries."""
SILENT: Final = timedelta(seconds=30)
"""After silence a row is asked about again so much later."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to work off and how; `region`: one region's list alone.

    `codes` map the dialer's codes to results; one that is not there is told as not known. `pace`:
    how many of its seconds pass in one of ours. `most`: calls after which it is enough.
    """

    day: str
    lines: int
    seed: int
    codes: Mapping[str, str]
    now: Callable[[], datetime]
    pace: float = 1.0
    most: int | None = None
    source: str = "dialer"
    region: str | None = None


@dataclass
class Told:
    """A result on its way: `body` for a permit, from `after` on, so many times still."""

    permit: str
    body: dict[str, Any]
    after: datetime
    times: int


@dataclass
class Work:
    """The work of all lines on a day, and what came of it (`counts`)."""

    client: Client
    plan: Plan
    queue: Queue = field(default_factory=Queue)
    counts: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)
    _outbox: list[Told] = field(default_factory=list)
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _feed: int = 0
    _runs: frozenset[str] = frozenset()
    _pulled: set[Key] = field(default_factory=set)

    def pull(self) -> int:
        """Pull what is listed of the day; how many calls are on it. Raises Unreachable.

        Rows that were pulled before are not added again.
        """
        self._runs = self.client.runs(self.plan.day)
        rows = map(row_of, self.client.rows(self.plan.day, region=self.plan.region))
        calls = {one.key: one for one in rows if one.channel == "call"}
        self.queue.add(one for key, one in calls.items() if key not in self._pulled)
        self._pulled |= calls.keys()
        self.counts["listed"] = len(self._pulled)
        return len(calls)

    def look(self) -> bool:
        """Pull again if another list of the day is out; whether one is. Raises Unreachable."""
        if not self.client.runs(self.plan.day) - self._runs:
            return False
        self.pull()
        return True

    def run(self) -> Counter[str]:
        """Work until nothing is left for today, so many calls were placed, or `stop`."""
        threads = [
            threading.Thread(target=self._line, name=f"line-{n}") for n in range(self.plan.lines)
        ]
        tellers = range(1 + self.plan.lines // TELLING)
        threads += [threading.Thread(target=self._tell, args=(number,)) for number in tellers]
        threads.append(threading.Thread(target=self._watch))
        self.counts["results lost"] = 0
        for one in threads:
            one.start()
        for one in threads[: self.plan.lines]:
            one.join()
        self.stopped.set()
        for one in threads:
            one.join()
        return self.counts

    def stop(self) -> None:
        """Place no more calls, tell what is to be told, and end."""
        self.stopped.set()

    def count(self, what: str) -> None:
        """One more of something."""
        with self._lock:
            self.counts[what] += 1

    # -- lines

    def _line(self) -> None:
        while not self.stopped.is_set() and not self._enough():
            now = self.plan.now()
            found = self._take(now)
            if found is None:
                if self._nothing_left():
                    return
                self.stopped.wait(self._rest(now))
                continue
            try:
                self._work(*found)
            finally:
                with self._lock:
                    self._busy -= 1

    def _take(self, now: datetime) -> tuple[Row, int] | None:
        with self._lock:
            found = self.queue.take(now)
            self._busy += found is not None
            return found

    def _rest(self, now: datetime) -> float:
        """Seconds until it is worth looking for a row again."""
        then = self.queue.next()
        left = 0.0 if then is None else (then - now).total_seconds() / self.plan.pace
        return min(REST, max(IDLE, left))

    def _nothing_left(self) -> bool:
        with self._lock:
            return self._busy == 0 and self.queue.next() is None

    def _enough(self) -> bool:
        return self.plan.most is not None and self.counts["placed"] >= self.plan.most

    def _work(self, row: Row, tried: int) -> None:
        answer = self.client.reserve(row.account, row.point, row.channel)
        now = self.plan.now()
        if isinstance(answer, No):
            self._refused(row, answer, now)
        elif now >= answer.until:
            # the answer came too late to be used: nothing was placed
            self.count("permit too late")
            self._give_back(answer)
            self.queue.again(row, now + SILENT)
        else:
            self._dial(row, tried, answer, now)

    def _refused(self, row: Row, answer: No, now: datetime) -> None:
        if answer.silent:
            self.count("no answer: taken as a no")
            self.queue.again(row, now + SILENT)
            return
        self.count(f"error {answer.code}" if answer.code else "refused")
        if answer.next is not None:
            self.queue.again(row, max(answer.next, now + timedelta(seconds=1)))
        elif answer.code in ("not_ready", "stopping", "fault", "too_many", "no_clock", "clock_off"):
            self.queue.again(row, now + SILENT)

    def _give_back(self, answer: Yes) -> None:
        try:
            self.client.cancel(answer.permit)
        except Unreachable:
            self.count("cancel lost")  # the permit ends by itself

    def _dial(self, row: Row, tried: int, permit: Yes, now: datetime) -> None:
        """Place the call, made up, and see that its result is told."""
        made = outcome(self.plan.seed, row.decision, tried)
        self.count("placed")
        self.stopped.wait(made.seconds / self.plan.pace)
        if made.said is not None:
            self._say(row, made.said, self.plan.now(), permit.permit)  # at the end of the call
        self._result(permit, made, now)
        if self.queue.tried(row) < row.attempts:
            self.queue.again(row, now + PAUSE)

    def _say(self, row: Row, word: str, now: datetime, call: str) -> None:
        """Tell at once what the consumer said; until it is taken nothing else is done here."""
        told: dict[str, object] = {
            "kind": word,
            "consumer": row.consumer,
            "accounts": [row.account],
            "medium": "oral",
            "made_at": format_instant(now),
        }
        if SAID[word] is not None:
            told["value"] = SAID[word]
        event = {"kind": "statement", "source": self.plan.source, "id": f"said-{call}", "row": told}
        for _ in range(100):
            try:
                (became,) = self.client.post([event])
            except Unreachable:
                self.stopped.wait(IDLE * 10)
                continue
            self.count(f"said: {became}")
            return
        self.count("said: lost")

    # -- results

    def _result(self, permit: Yes, made: Outcome, now: datetime) -> None:
        if made.delivery == "never":
            self.count("result never told")
            return
        body = {"result": self.plan.codes.get(made.code), "at": format_instant(now)}
        after = now + LATE if made.delivery == "late" else now
        told = Told(permit.permit, body, after, 2 if made.delivery == "twice" else 1)
        with self._lock:
            self._outbox.append(told)

    def _tell(self, number: int) -> None:
        """Tell results in any order, until every one was taken. Several do so side by side."""
        dice = Random(f"{self.plan.seed}/{number}")
        vain = 0
        while True:
            now = self.plan.now()
            with self._lock:
                ending = self.stopped.is_set() and self._busy == 0
                due = [n for n, one in enumerate(self._outbox) if ending or one.after <= now]
                one = self._outbox.pop(dice.choice(due)) if due else None
            if one is not None and ending and vain > TRIES:
                self.count("results lost")
            elif one is not None:
                vain = 0 if self._tell_one(one) else vain + 1
                if vain:
                    threading.Event().wait(AGAIN if ending else IDLE)
            elif ending:
                return
            else:
                threading.Event().wait(IDLE)

    def _tell_one(self, one: Told) -> bool:
        """Tell a result, and keep it if it is to be told again; whether it was taken."""
        try:
            became = self.client.settle(one.permit, one.body)
        except Unreachable:
            self.count("result not taken yet")
            taken = False
        else:
            self.count(f"result {became}")
            one.times -= 1
            taken = True
        if one.times > 0:
            with self._lock:
                self._outbox.append(one)
        return taken

    # -- withdrawals

    def _watch(self) -> None:
        """Rows withdrawn are not asked about any more; whoever asked would be refused.

        A list that came out since, of another region, is pulled.
        """
        while not self.stopped.wait(LOOK):
            try:
                self.look()
                found, self._feed = self.client.withdrawn(self.plan.day, self._feed)
            except Unreachable:
                self.count("feed not reached")
                continue
            self.queue.withdraw((one["account"], one["point"], one["channel"]) for one in found)
            if found:
                with self._lock:
                    self.counts["withdrawn"] += len(found)
