"""Of a large contact group, the past contacts that can bear on one contact.

Everybody behind a switchboard is one group, and a look-back over them would ask over everyone's
contacts for each of them. What rules count is in a unit (engine.facts.selecting): the files of the
same human, the person called, or the line. So what stands in other files, with other people, counts
only on the same line, and that no longer than the rules look back for a line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.facts.view import Moment, View
from engine.history import Contact, Group
from engine.kinds import Limit, Wait
from engine.panel import Panel
from engine.rule import Period, Rule

FEW: Final = 64
"""Contacts of a group up to which all of them are looked at."""
LONGEST: Final = {
    "hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=31),
    "business_day": timedelta(days=5), "calendar_day": timedelta(hours=25),
    "calendar_week_from_sunday": timedelta(days=7), "business_week": timedelta(days=7),
    "calendar_month": timedelta(days=31),
}  # fmt: skip
"""The longest that one of a unit of a period can be; business days: with a weekend and holidays."""
MORE: Final = {"hour": timedelta(hours=1), "calendar_day": timedelta(hours=1)}
"""What is added for days begun and clocks changed; two days where it stands not here."""
OF_A_LINE: Final = frozenset({"point", "line"})
KNOWN: Final = OF_A_LINE | {
    "person", "particular_debt", "account", "household", "consumer", "workplace",
}  # fmt: skip
"""Units whose contacts `Near` finds."""


def before(group: Group, asked: Contact) -> list[Contact]:
    """The contacts before one: of those at the same instant, the ones with smaller ids."""
    mine = (asked.at, asked.id)
    return [one for one in group.contacts if (one.at, one.id) < mine and one.id != asked.id]


@dataclass
class Near:
    """The contacts of a group by what they can be counted by: their numbers, oldest first."""

    group: Group
    keys: list[tuple[datetime, str]]
    everybody: list[int] = field(default_factory=list)
    files: dict[str, list[int]] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    points: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, group: Group) -> Near:
        """The contacts of a group, found by their keys."""
        found = cls(group, [(one.at, one.id) for one in group.contacts])
        for number, one in enumerate(group.contacts):
            file = group.consumers.get(one.consumer)
            point = group.points.get(one.point or "")
            if file is None:  # it may be anybody's
                found.everybody.append(number)
            else:
                found.files.setdefault(file.person, []).append(number)
                whose = one.intended_for or (point.owner if point is not None else file.person)
                for person in {whose, one.reached or whose}:
                    found.people.setdefault(person, []).append(number)
            if one.point is not None:
                line = point.line if point is not None else one.point
                found.lines.setdefault(line, []).append(number)
                found.points.setdefault(one.point, []).append(number)
        return found

    def before(self, asked: Contact, since: datetime | None) -> list[Contact]:
        """Contacts before one that can bear on it, oldest first; of its line those from `since` on.

        `since` None: all of its line.
        """
        contacts = self.group.contacts
        end = bisect_left(self.keys, (asked.at, asked.id))
        view = View(self.group, asked, Moment(known=asked.at, at=asked.at), "UTC")
        person = view.consumer.person
        met = set(_until(self.everybody, end)) | set(_until(self.files.get(person, []), end))
        for name in view.persons:
            met.update(_until(self.people.get(name, []), end))
        # whether a message came back is told by what went to its point before and after
        for point in {contacts[at].point for at in met}:
            met.update(_until(self.points.get(point or "", []), end))
        if asked.point is not None:
            line = self.lines.get(view.line(asked.point), [])
            first = 0 if since is None else bisect_left(self.keys, (since, ""))
            met.update(line[bisect_left(line, first) : bisect_left(line, end)])
        return [one for at in sorted(met) if (one := contacts[at]).id != asked.id]


def _until(numbers: list[int], end: int) -> list[int]:
    return numbers[: bisect_left(numbers, end)]


def since(panel: Panel, group: Group, asked: Contact) -> datetime | None:
    """From when on contacts of a line alone can bear on one; None: from ever on."""
    if asked.flag("same_call"):  # it may continue a call of any file
        return None
    point = group.points.get(asked.point or "")
    kind = point.kind if point is not None else ""
    note = ("of a line", asked.channel, kind)
    if note not in panel.notes:
        rules = [
            one for one in panel.rulebook.rules if not kind or one.reaches(asked.channel, kind)
        ]
        panel.notes[note] = reach(rules)
    days = panel.notes[note]
    return asked.at - days if isinstance(days, timedelta) else None


def _counts(rule: Rule, how: str) -> bool:
    """Whether a contact placed in such a way can be among what a limit counts."""
    if not isinstance(rule.body, Limit):
        return True
    chosen = rule.body.counting.technology
    return chosen is None or how in chosen


def reach(rules: Iterable[Rule]) -> timedelta | None:
    """How long, at the most, a contact counts by its line alone; None: for ever."""
    longest = timedelta(0)
    for rule in rules:
        body = rule.body
        if not isinstance(body, Limit | Wait):
            continue
        if body.per and not OF_A_LINE & set(body.per) and KNOWN.issuperset(body.per):
            continue
        period = body.within if isinstance(body, Limit) else body.for_
        open_ended = (
            body.since is not None or body.agreed_within is not None
            if isinstance(body, Limit)
            else body.until is not None or body.after.which == "first"
        )
        if period is None or open_ended or not body.per or not KNOWN.issuperset(body.per):
            return None
        days = _days(period)
        if days is None:
            return None
        longest = max(longest, days)
    return longest


def _days(period: Period) -> timedelta | None:
    longest = LONGEST.get(period.unit)
    more = MORE.get(period.unit, timedelta(days=2))
    return None if longest is None else longest * period.count + more
