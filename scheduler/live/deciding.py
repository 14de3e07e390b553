"""One contact decided at an instant, by both engines, with all that its record holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from engine import clock
from engine import days as calendar
from engine.clock import format_instant
from engine.deciding import decide, may_be_sued_on
from engine.decision import Decision, Finding
from engine.facts import hours
from engine.facts.view import Moment, View
from engine.footing import basis_of, steady, steps_of
from engine.history import Contact, Group
from engine.intervals import from_on
from engine.panel import Panel, Verdict
from engine.question import NOWHERE, Ask, Heard, days_there
from engine.releasing import released
from engine.rulebook import Rulebook
from engine.situation import RuleSet, Situation, name_of
from engine.upcoming import next_permitted

from ..bothways import decide_two
from ..log.whence import whence_of
from .turning import Dial, Marks, dial_of

MINUTE: Final = timedelta(minutes=1)
FORCES: Final = ("structural", "prohibition", "presumption", "policy")
RESERVED: Final = "structural/reserved"
MOST: Final = 50_000
"""Situations kept in memory, with their verdicts: a day has some thousands."""
PLAIN: Final = {
    "channel": "call", "kind": "mobile", "whom": "consumer", "role": "third_party",
    "debt_type": "credit_card",
}  # fmt: skip
"""What the engines are first asked, so that they run: a call of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with the situations it met, (name, content as JSON), and how it may be kept.

    `named`: of the situations those of the moment asked about; `basis` and `placed`: what else
    it stood on, and what place and zone were taken from.
    `since`, `until`: strictly between them, in microseconds since 1970, nothing that a decision
    reads of the clock changes, if the facts do not.
    """

    decision: Decision
    contact: Contact
    situations: tuple[tuple[str, str], ...]
    since: int
    until: int
    releases: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    basis: str = "{}"
    placed: str = "{}"


@dataclass
class Gathering:
    """Situations met by one decision, for its record."""

    desk: Desk
    rows: dict[str, str] = field(default_factory=dict)

    def take(self, rules: RuleSet, situation: Situation, verdict: Verdict) -> str:
        """Keep a situation with both answers; returns its name."""
        name, content = self.desk.named(rules, situation, verdict)
        self.rows[name] = content
        return name


@dataclass
class Desk:
    """Where live contacts are decided: both engines, a rulebook, and what is worked out of it."""

    panel: Panel
    ask: Ask
    kinds: dict[str, str] = field(default_factory=dict)
    dial: Dial = field(default_factory=Dial)
    _digests: dict[str, str] = field(default_factory=dict)
    _contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    _ready: date | None = None

    @classmethod
    def of(cls, rulebook: Rulebook, refuse_unencoded: bool, alarm: Callable[[str], None]) -> Desk:
        """A desk for a rulebook."""
        return cls(
            Panel(rulebook, alarm=alarm, keep=MOST),
            Ask(refuse_unencoded=refuse_unencoded, search=False),
            {rule.id: rule.kind for rule in rulebook.rules},
            dial_of(rulebook),
        )

    def make_ready(self, now: datetime) -> None:
        """Have the rule sets of these days, and the engines, before anybody waits for them."""
        today = now.date()
        if self._ready == today:
            return
        days = [today + timedelta(days=near) for near in range(-1, 3)]
        self.panel.prepare(days)
        rules = self.panel.rule_set("federal", today)
        blank = dict.fromkeys(rules.fields, "no") | PLAIN
        self.panel.ask(rules, [blank])
        self._ready = today

    def forget(self, now: datetime) -> None:
        """Let go of what was worked out before today."""
        self.panel.forget(now.date() - timedelta(days=1))
        self._contents.clear()
        for one in kept_by_day():
            one.cache_clear()

    def decide(
        self,
        group: Group,
        marks: Marks,
        contact: Contact,
        at: datetime,
        more: Callable[[Decision], Decision] | None = None,
        releases: Mapping[str, str] | None = None,
        same: Group | None = None,
    ) -> Decided:
        """Decide at an instant. `marks` are the group's; `more` may add findings.

        `same`: the group with those as one who may be one human, if there are any.
        """
        moment = Moment(known=at, at=at)
        heard: list[Heard] = []
        located: dict[Any, Any] = {}
        decision = self._ask(group, same, contact, moment, heard, located)
        own = {one.rule for one in decision.findings}
        if more is not None:
            decision = more(decision)
        added = sorted({one.rule for one in decision.findings} - own)
        used: tuple[str, ...] = ()
        if releases and not decision.permitted:
            decision, used = released(decision, releases)
        if not decision.permitted:
            decision = replace(
                decision,
                next_permitted=self._upcoming(
                    group, same, contact, moment, decision.findings, heard, located
                ),
            )
        since, until = self.dial.between(marks, at)
        groups = [one for one in (group, same) if one is not None]
        found = self._decided(decision, contact, groups, heard, added, located)
        return replace(found, since=since, until=until, releases=used)

    def whole_day(
        self,
        group: Group,
        contact: Contact,
        now: datetime,
        day: date,
        same: Group | None = None,
    ) -> Decided:
        """Decide about the rest of a civil day, as the list does."""
        heard: list[Heard] = []
        located: dict[Any, Any] = {}
        moment = Moment(known=now, day=day)
        decision = self._ask(group, same, contact, moment, heard, located)
        if not decision.permitted:
            found = self._upcoming(group, same, contact, moment, decision.findings, heard, located)
            decision = replace(decision, next_permitted=found)
        groups = [one for one in (group, same) if one is not None]
        return self._decided(decision, contact, groups, heard, [], located)

    def _decided(
        self,
        decision: Decision,
        contact: Contact,
        groups: Sequence[Group],
        heard: Sequence[Heard],
        added: Sequence[str],
        located: dict[Any, Any],
    ) -> Decided:
        """A decision with what its record holds of the looks it took, the first at each group."""
        met = Gathering(self)
        places = self.panel.rulebook.places
        ways = len(groups)
        looks = [
            basis_of(one, may_be_sued_on(places, one.places, one.judged), met)
            for one in heard[:ways]
        ]
        placed = [
            evidence_of(group, contact, one.when, located)
            for group, one in zip(groups, heard, strict=False)
        ]
        for look, text in zip(looks[1:], placed[1:], strict=True):
            look["placed"] = json.loads(text)
        named = tuple(met.rows)
        basis: dict[str, Any] = looks[0] if ways == 1 else {"ways": looks}
        if added:
            basis["added"] = list(added)
        if len(heard) > ways:
            basis["walk"] = steps_of(heard, met, ways)
        told = json.dumps(basis, separators=(",", ":"), ensure_ascii=False)
        return Decided(decision, contact, tuple(met.rows.items()), 0, 0, (), named, told, placed[0])

    def close(self) -> None:
        """Stop the engines."""
        self.panel.close()

    def _ask(
        self,
        group: Group,
        same: Group | None,
        contact: Contact,
        moment: Moment,
        heard: list[Heard],
        located: dict[Any, Any],
    ) -> Decision:
        asked = replace(self.ask, hear=heard.append, located=located)
        if same is None:
            return decide(self.panel, group, contact, moment, asked)
        return decide_two(self.panel, group, same, contact, moment, asked)

    def _upcoming(
        self,
        group: Group,
        same: Group | None,
        contact: Contact,
        moment: Moment,
        findings: tuple[Finding, ...],
        heard: list[Heard],
        located: dict[Any, Any],
    ) -> datetime | None:
        def again(other: Moment) -> Decision:
            return self._ask(group, same, contact, other, heard, located)

        return next_permitted(again, moment, findings)

    def named(self, rules: RuleSet, situation: Situation, verdict: Verdict) -> tuple[str, str]:
        """A situation's name and content. The name holds whatever order days were asked in."""
        shown = self._digests.get(rules.name)
        if shown is None:
            shown = self._digests[rules.name] = steady(self.panel.rulebook.digest, rules)
        name = name_of(shown, rules.sorted_fields, situation)
        found = self._contents.get(name)
        if found is not None and not verdict.trouble:
            return found
        content = {
            "rule_set": shown,
            "facts": json.dumps(dict(situation), sort_keys=True),
            "refusing": verdict.refusing,
            "duties": [duty for duty, _ in verdict.duties],
            "compiled": verdict.compiled,
            "rete": verdict.rete,
            "trouble": verdict.trouble,
        }
        told = (name, json.dumps(content, sort_keys=True))
        if not verdict.trouble:
            if len(self._contents) >= MOST:
                self._contents.clear()
            self._contents[name] = told
        return told

    def exhausted(self, findings: Sequence[Finding]) -> bool:
        """Whether only limits and waits refuse, which time undoes."""
        return bool(findings) and all(
            self.kinds.get(one.rule) in ("limit", "wait") for one in findings
        )


def kept_by_day() -> list[Any]:
    """Functions that keep what they found by day or instant: each day leaves some behind."""
    return [
        one
        for module in (clock, calendar, hours)
        for one in vars(module).values()
        if hasattr(one, "cache_clear") and one.__module__ == module.__name__
    ]


def evidence_of(group: Group, contact: Contact, when: Moment, located: dict[Any, Any]) -> str:
    """The place evidence of a contact: of its consumer, and of whoever's file its point stands in.

    As `engine.question.whereabouts_of` takes them; `located` as it keeps what was found.
    """
    consumer = View(group, contact, when, NOWHERE).consumer
    point = group.points.get(contact.point or "")
    named = contact.consumer or (point.consumer if point is not None else "")
    other = group.consumers.get(named, consumer)
    people = [consumer] if other.person == consumer.person else [consumer, other]
    days = {day for one in people for day in days_there(group, one, when, contact, located)}
    return whence_of(group, [one.id for one in people], sorted(days), when.known)


def force_of(findings: Sequence[Finding]) -> str | None:
    """The strongest force of a refusal."""
    forces = {one.force for one in findings}
    return next((one for one in FORCES if one in forces), None)


def closes(decision: Decision, at: datetime) -> datetime:
    """When the window that a permitted instant lies in closes.

    Windows are cut to whole minutes from the next one on: in a window's last minute none is left,
    and it closes with that minute.
    """
    for start, end in decision.windows:
        if start - MINUTE < at < end:
            return end
    return at.replace(second=0, microsecond=0) + MINUTE


def shown_windows(windows: Sequence[tuple[datetime, datetime]], start: datetime) -> str:
    """The windows as a record has them: JSON, what lies before `start`, a whole minute, cut off."""
    left = from_on(windows, start)
    return json.dumps([[format_instant(a), format_instant(b)] for a, b in left])


def at_instant(
    findings: Sequence[Finding], kinds: Mapping[str, str], at: datetime
) -> tuple[Finding, ...]:
    """Findings decided a little earlier as they read at an instant: windows name the time."""
    return tuple(
        replace(one, observed=f"{clock.format_local(at, one.zone)} in {one.zone}")
        if one.zone and kinds.get(one.rule) == "window" and one.observed.endswith(f" in {one.zone}")
        else one
        for one in findings
    )
