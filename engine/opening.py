"""When and how often: the hours that every rule leaves open on a day, and the attempts left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from . import clock, words
from .account import Account
from .compiled import LIFTED, OUT, outcome
from .decision import Interval
from .facts import hours, selecting
from .facts.counting import may_begin
from .facts.view import View
from .intervals import from_on, intersect
from .kinds import Limit, Wait, Window
from .place import Whereabouts
from .question import Ask, Judged
from .rule import Rule


def windows_of(judged: list[Judged], asked: Ask) -> list[tuple[Judged, Rule]]:
    """Window rules that applied, refusing or not."""
    return [
        (one, rule)
        for one in judged
        for rule in one.rules.windows
        if asked.wants(rule) and one.counts[rule.key].state != "out" and applies(rule, one)
    ]


def applies(rule: Rule, one: Judged) -> bool:
    """Whether a rule is in scope and not lifted."""
    return outcome(rule, one.situation, one.rules.names) not in (OUT, LIFTED)


def window_names(judged: list[Judged], asked: Ask) -> str:
    """The ids of the window rules that applied, for a finding that names all of them."""
    return ", ".join(sorted({rule.id for _, rule in windows_of(judged, asked)}))


def open_windows(
    judged: list[Judged], asked: Ask, where: Whereabouts, day: date | None = None
) -> tuple[Interval, ...]:
    """The minutes of a day (default: the day asked) that every applying window and wait leaves.

    Half-open, whole minutes, UTC; what lies before the moment known is cut off. They lie in that
    civil day in every zone asked, since it is that day's counts that were looked at.
    """
    zones = tuple(sorted(where.zones))
    found: tuple[Interval, ...] | None = None
    for zone in dict.fromkeys(one.zone for one in judged):
        bounds = (clock.day_bounds(day or judged[0].view.day, zone),)
        found = bounds if found is None else intersect(found, bounds)
    for one, rule in windows_of(judged, asked):
        assert isinstance(rule.body, Window)
        clocks = hours.window_zones(one.view, rule.body, zones)
        here = hours.open_on(one.view, rule.body, day or one.view.day, clocks)
        found = intersect(found or (), here)
    if found is None:
        return ()
    return from_on(found, _earliest(judged, asked))


def _earliest(judged: list[Judged], asked: Ask) -> datetime:
    """The first instant a contact can be meant for: now, or when what holds today lets go."""
    first = clock.whole_minute(judged[0].view.moment.known)
    for one in judged:
        for rule in one.rules.counting:
            count = one.counts.get(rule.key)
            if not asked.wants(rule) or count is None:
                continue
            if count.free is not None and count.bit == words.NO and applies(rule, one):
                first = max(first, clock.whole_minute(count.free))
    return first


def attempts_left(judged: list[Judged], asked: Ask) -> int | None:
    """How many such contacts fit today before a limit refuses; a wait on attempts leaves one."""
    left: int | None = None
    for one in judged:
        for rule in one.rules.counting:
            count = one.counts.get(rule.key)
            if count is None or not asked.wants(rule) or not applies(rule, one):
                continue
            here: int | None = None
            if isinstance(rule.body, Limit) and count.counts_this:
                here = max(count.maximum - count.used, 0)
            elif isinstance(rule.body, Wait) and starts_wait(one.view, rule.body, one.debt):
                here = 0 if count.bit != words.NO else 1
            if here is not None:
                left = here if left is None else min(left, here)
    return left


def starts_wait(view: View, body: Wait, debt: Account) -> bool:
    """Whether the contact, without a conversation, would itself start the wait."""
    if not may_begin(body.after):
        return False
    return selecting.membership(view, replace(body.after, direction="out"), debt) == "counts"
