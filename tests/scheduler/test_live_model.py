"""Permits against a slow and obvious model, in whatever order things happen."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.deciding import decide
from engine.facts.view import Moment
from engine.history import Contact, Group
from engine.question import Ask
from scheduler.explaining import plain_contact
from scheduler.live import (
    Answer,
    Ended,
    Event,
    Fault,
    Proposed,
    Reserved,
    Result,
    cancel,
    check,
    expire,
    post_events,
    reserve,
    settle,
)
from scheduler.live.recording import broken
from scheduler.portfolio import group_rows
from scheduler.store.living import START, live_decisions
from tests.scheduler import living as made
from tests.scheduler.living import DAY, NOON, Hands, debtors, new_store, tell

SCRATCH = Path(tempfile.mkdtemp(prefix="forbear-live-"))
PEOPLE = 2
RESULTS = {
    "call": (None, "no_answer", "busy", "conversation", "voicemail_left"),
    "text": (None, "delivered", "undeliverable", "sent"),
}
CHANNELS = st.sampled_from(sorted(RESULTS))
STEPS = (1, 20, 59, 61, 61, 3_600, 7_300, 90_000)


class Permits(RuleBasedStateMachine):
    """The model: a list of contacts by permit, and what the engine says of all of them together.

    It decides anew each time, keeps no group, no version and no answer; an open permit is a contact
    of which nobody knows the result, an expired one is that for good, one settled has its result.
    """

    numbers = 0

    def __init__(self) -> None:
        super().__init__()
        Permits.numbers += 1
        self.now = Hands(NOON)
        self.ends = ExitStack()
        self.store = new_store(SCRATCH, Permits.numbers, SCRATCH)
        frames = debtors(PEOPLE, calls=4, texts=9)
        tell(self.store, frames, NOON - DAY)
        self.frames = dict(frames)
        self.live = self.ends.enter_context(made.living(self.store, self.now))
        self.other = self.ends.enter_context(made.living(self.store, self.now))
        self.base: Group = group_rows(self.frames, [f"C{n + 1}" for n in range(PEOPLE)])
        self.placed: dict[str, Contact] = {}
        self.open: dict[str, datetime] = {}
        self.held: dict[str, str] = {}
        self.expired: set[str] = set()
        self.answers = 0
        self.taken: dict[str, Contact] = {}

    def teardown(self) -> None:
        """Every answer is in the log, once, in a chain."""
        rows = live_decisions(self.store, 0, 10_000)
        assert len(rows) == self.answers
        assert broken(rows, START, 1) is None
        self.ends.close()
        self.store.close()

    # -- what the model says

    def expected(self, number: int, channel: str) -> bool:
        contacts = sorted((*self.base.contacts, *self.placed.values()), key=lambda c: (c.at, c.id))
        group = replace(self.base, contacts=tuple(contacts))
        debt, point = group.accounts[f"A{number}"], group.points[f"P{number}"]
        contact = plain_contact(debt, point, channel, self.now.at)
        said = decide(made.desk().panel, group, contact, Moment(self.now.at, self.now.at), Ask())
        calls = {self.placed[one].point for one in self.open if self.placed[one].channel == "call"}
        return said.permitted and not (channel == "call" and point.id in calls)

    def place(self, permit: str, number: int, channel: str) -> None:
        at = self.now.at
        self.placed[permit] = Contact(
            id=permit, at=at, channel=channel, point=f"P{number}", attributed_to=(f"A{number}",),
            technology="manual", purpose="collection", collector="AGENCY",
            consumer=f"C{number}", recorded=at,
        )  # fmt: skip

    def any_permit(self, data: Any) -> str:
        return data.draw(st.sampled_from(sorted(self.held)))

    # -- what happens

    @initialize(hours=st.integers(0, 12))
    def start(self, hours: int) -> None:
        self.now.on(hours=hours)

    @rule(seconds=st.sampled_from(STEPS))
    def wait(self, seconds: int) -> None:
        self.now.on(seconds=seconds)

    @rule(number=st.integers(1, PEOPLE), channel=CHANNELS, which=st.booleans())
    def asks(self, number: int, channel: str, which: bool) -> None:
        live = self.live if which else self.other
        (found,) = check(live, [Proposed(f"A{number}", channel)], "dialer").result(60)
        assert isinstance(found, Answer)
        self.answers += 1
        assert found.permitted == self.expected(number, channel), found

    @rule(number=st.integers(1, PEOPLE), channel=CHANNELS, which=st.booleans())
    def reserves(self, number: int, channel: str, which: bool) -> None:
        live = self.live if which else self.other
        wanted = self.expected(number, channel)
        found = reserve(live, Proposed(f"A{number}", channel), "dialer").result(60)
        assert isinstance(found, Reserved)
        self.answers += 1
        assert (found.permit is not None) == wanted, found.answer
        if found.permit is not None:
            assert found.until is not None
            self.place(found.permit, number, channel)
            self.open[found.permit] = found.until
            self.held[found.permit] = "open"

    @rule(number=st.integers(1, PEOPLE), channel=CHANNELS)
    def reserves_twice(self, number: int, channel: str) -> None:
        self.reserves(number, channel, which=True)
        self.reserves(number, channel, which=False)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), which=st.booleans())
    def settles(self, data: Any, which: bool) -> None:
        permit = self.any_permit(data)
        channel = {**self.taken, **self.placed}[permit].channel
        result = data.draw(st.sampled_from(RESULTS[channel]))
        live = self.live if which else self.other
        found = settle(live, Result(permit, result), "dialer").result(60)
        if self.held[permit] == "cancelled" and permit not in self.expired:
            assert isinstance(found, Fault)
            return
        assert isinstance(found, Ended), found
        assert found.late == (permit in self.expired)
        if permit not in self.placed:  # taken back after its expiry, and now placed after all
            self.placed[permit] = self.taken[permit]
        self.placed[permit] = replace(self.placed[permit], result=result, recorded=self.now.at)
        self.open.pop(permit, None)
        self.held[permit] = "settled"

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def cancels(self, data: Any) -> None:
        permit = self.any_permit(data)
        found = cancel(self.live, permit, "dialer").result(60)
        if self.held[permit] == "settled":
            assert isinstance(found, Fault)
            assert found.code == "was_placed"
            return
        assert isinstance(found, Ended), found
        self.open.pop(permit, None)
        if permit in self.placed:
            self.taken[permit] = self.placed.pop(permit)
        self.held[permit] = "cancelled"

    @rule(which=st.booleans())
    def expires(self, which: bool) -> None:
        due = {one for one, until in self.open.items() if until <= self.now.at}
        assert expire(self.live if which else self.other).result(60) == len(due)
        for one in due:
            del self.open[one]
            self.held[one] = "expired"
            self.expired.add(one)

    @rule(number=st.integers(1, PEOPLE), back=st.sampled_from((60, 86_400, 5 * 86_400)),
          result=st.sampled_from(RESULTS["call"][1:]), again=st.booleans())  # fmt: skip
    def hears(self, number: int, back: int, result: str, again: bool) -> None:
        """A contact that another system placed, told late or twice."""
        at = self.now.at - timedelta(seconds=back)
        name = f"X{number}-{at.isoformat()}"
        row = {"channel": "call", "point": f"P{number}", "at": at.isoformat(), "result": result,
               "attributed_to": [f"A{number}"], "technology": "manual"}  # fmt: skip
        told = [Event("contact", "pbx", name, row)] * (1 + again)
        found = post_events(self.live, told, "pbx").result(60)
        assert all(one.outcome in ("new", "same", "corrected") for one in found)
        self.place(name, number, "call")
        self.placed[name] = replace(
            self.placed[name], at=at, result=result, purpose=None, recorded=self.now.at
        )

    @invariant()
    def the_two_agree(self) -> None:
        """Nobody holds two open calls to one person."""
        calls = [one for one in self.open if self.placed[one].channel == "call"]
        points = [self.placed[one].point for one in calls]
        assert len(points) == len(set(points))


TestPermits = Permits.TestCase
TestPermits.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)


def test_more_of_them_at_full_length(full: bool) -> None:
    """With `--full`: a longer way through the same machine."""
    if full:
        run_state_machine_as_test(
            Permits, settings=settings(max_examples=400, stateful_step_count=60, deadline=None)
        )
