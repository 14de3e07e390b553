"""What follows for a decision given live: from each situation it was asked by, with its counts.

A run's decision is about a whole day and its record has counts once; a live one is about an
instant, of whatever contact the asker declared, and its `basis` has the counts of every question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from engine import clock, words
from engine.columns.upcoming import Clocks
from engine.decision import how_long
from engine.evidence import hours_text
from engine.intervals import Interval, from_on, intersect
from engine.kinds import Limit, Wait, Window
from engine.rule import Rule

from .answering import Outcome
from .comparing import moment, written
from .following import Follower
from .footing import NO_WINDOW, NOWHERE, Basis, Wrong, lawful, rests_on
from .walking import walked
from .whence import Placed, placed

EVENING: Final = "structural/zone_unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the situation's outcome, zone, debt, and counts by rule."""

    outcome: Outcome
    zone: str
    debt: str
    counts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """One way to take a live decision, and what it comes to.

    `frees`: (rule, zone) -> when it lets go, None: not by time; `blind`: windows without a clock;
    `shut`: of windows that refuse, (rule, zone) -> whether a clock is known that opens them.
    """

    zones: tuple[str, ...]
    places: tuple[str, ...]
    rules: frozenset[str]
    duties: frozenset[str]
    windows: tuple[Interval, ...]
    left: int | None
    frees: Mapping[tuple[str, str], datetime | None]
    blind: bool
    shut: Mapping[tuple[str, str], bool]
    basis: Basis
    clocks: Clocks


def otherwise(follower: Follower, row: Mapping[str, Any]) -> Iterator[Wrong]:
    """What of a live decision does not follow from its record."""
    told = json.loads(row["basis"])
    wrong: list[Wrong] = []
    looks = []
    for number, one in enumerate(told.get("ways", [told])):
        text = json.dumps(one["placed"]) if number and "placed" in one else row["place_evidence"]
        looks.append(_look(follower, row, one, placed(text), wrong))
    yield from wrong
    named = [name for one in told.get("ways", [told]) for name, *_ in one["judged"]]
    if list(dict.fromkeys(named)) != row["situations"]:
        yield "situations", row["situations"], list(dict.fromkeys(named))
    yield from _compared(follower, row, told, looks)


def _look(
    follower: Follower,
    row: Mapping[str, Any],
    told: Mapping[str, Any],
    where: Placed,
    wrong: list[Wrong],
) -> Look:
    basis = follower.basis_of(told)
    asked = [Asked(follower.outcomes[name], *rest) for name, *rest in told["judged"]]
    places = lawful(where, [one.outcome for one in asked])
    zones = tuple(sorted(where.zones))
    met = [one.outcome for one in asked]
    follower.sets(met, places, basis, _day(row, zones), wrong)
    number = follower.number(row["number"], basis)
    clocks: Clocks = (zones, number, basis.sig, row["channel"] in words.VOICE_CHANNELS)
    day = _day(row, zones)
    call = row["channel"] == "call"
    known = bool(where.home) and told.get("known", True)
    missing, duty = follower.missing(places, basis, day, known=known, call=call)
    refusing = {rule for one in asked for rule in one.outcome.refusing}
    rules = refusing | missing
    rules |= {f"structural/{one.outcome.trouble}" for one in asked if one.outcome.trouble}
    applying = [rule for one in asked for rule in one.outcome.windows]
    blind = not zones and any(_body(one).clock == "consumer" for one in applying)
    if blind:
        rules.add(EVENING)
    windows = _windows(follower, basis, asked, clocks, row)
    if not windows and not rules and row["at"] is None:
        rules.add(NO_WINDOW)
    for one in asked:
        _bits(follower, basis, one, clocks, row, wrong)
    frees = {
        (rule, one.zone): _free(one.counts.get(rule))
        for one in asked
        for rule in one.outcome.refusing
        if follower.law.counts(rule)
    }
    shut = {
        (rule, one.zone): one.outcome.bits.get(rule) != words.UNKNOWN
        for one in asked
        for rule in one.outcome.refusing
        if isinstance(follower.law.rules[rule].body, Window)
    }
    return Look(
        zones,
        places,
        frozenset(rules),
        frozenset(d for one in asked for d in one.outcome.duties) | duty,
        windows,
        _left(follower, asked),
        frees,
        blind,
        shut,
        basis,
        clocks,
    )


def _body(rule: Rule) -> Window:
    assert isinstance(rule.body, Window)
    return rule.body


def _day(row: Mapping[str, Any], zones: Sequence[str]) -> date:
    """The civil day asked about: that of the first zone at the instant."""
    day: date = row["day"]
    return day if row["at"] is None else clock.local_date(row["at"], (*zones, NOWHERE)[0])


def _free(told: Mapping[str, Any] | None) -> datetime | None:
    at = None if told is None else told.get("free")
    return None if at is None else clock.parse_instant(at)


def _windows(
    follower: Follower,
    basis: Basis,
    asked: Sequence[Asked],
    clocks: Clocks,
    row: Mapping[str, Any],
) -> tuple[Interval, ...]:
    """The hours open on the day, from the moment of the answer on (`opening.open_windows`)."""
    found: tuple[Interval, ...] | None = None
    at = row["at"]
    days = {one.zone: row["day"] if at is None else clock.local_date(at, one.zone) for one in asked}
    first = next(iter(days.values()), row["day"])
    for zone in days:
        bounds = (clock.day_bounds(first if at is not None else row["day"], zone),)
        found = bounds if found is None else intersect(found, bounds)
    start = clock.whole_minute(row["decided_at"])
    for one in asked:
        for rule in one.outcome.windows:
            for sig in basis.signs:
                asking = (clocks[1], sig, clocks[3])
                zone = one.zone if clocks[0] else NOWHERE
                here = follower.hourglass.minutes(rule, zone, *asking, days[one.zone])
                found = intersect(found or (), here or ())
        for name, count in one.counts.items():
            if "free" in count and one.outcome.bits.get(name) == words.NO:
                start = max(start, clock.whole_minute(clock.parse_instant(count["free"])))
    return from_on(found or (), start)


def _left(follower: Follower, asked: Sequence[Asked]) -> int | None:
    """How many such contacts fit before a limit refuses (`opening.attempts_left`)."""
    left: list[int] = []
    for one in asked:
        for name, told in one.counts.items():
            if told.get("counts"):
                left.append(max(told["max"] - told["used"], 0))
            elif told.get("starts"):
                left.append(1 if one.outcome.bits.get(name, words.NO) == words.NO else 0)
    return min(left, default=None)


def _bits(
    follower: Follower,
    basis: Basis,
    asked: Asked,
    clocks: Clocks,
    row: Mapping[str, Any],
    wrong: list[Wrong],
) -> None:
    """Whether what a situation says of limits, waits and windows follows from counts and hours."""
    at = row["at"]
    for name, said in asked.outcome.bits.items():
        rule = follower.law.rules[name]
        told = asked.counts.get(name)
        if isinstance(rule.body, Window):
            if at is None or not clocks[0]:
                continue
            shut = any(
                follower.hourglass.shut_at(rule, asked.zone, clocks[1], sig, clocks[3], at)
                for sig in basis.signs
            )
            if said != words.UNKNOWN and (said == words.YES) != shut:
                now = words.YES if shut else words.NO
                wrong.append((f"whether {name} is shut", said, now))
        elif told is None or said == words.UNKNOWN:
            continue
        elif told.get("excused"):
            wrong += rests_on(rule, told)
            if said == words.YES or told.get("counts"):
                wrong.append((f"whether {name} refuses", said, "a consent lifts it"))
        elif isinstance(rule.body, Limit):
            wrong += rests_on(rule, told)
            reached = bool(told.get("counts")) and told["used"] + 1 > told["max"]
            if (said == words.YES) != reached:
                wrong.append(
                    (f"whether {name} refuses", said, f"{told['used']} of {told['max']} used")
                )
        elif "free" in told:
            free = clock.parse_instant(told["free"])
            last = clock.day_bounds(row["day"], asked.zone)[1]
            runs = at < free if at is not None else last <= free
            if (said == words.YES) != runs:
                wrong.append((f"whether {name} refuses", said, f"until {told['free']}"))


# -- what the record says


def _compared(
    follower: Follower,
    row: Mapping[str, Any],
    told: Mapping[str, Any],
    looks: Sequence[Look],
) -> Iterator[Wrong]:
    law = follower.law
    zones = ";".join(sorted({zone for one in looks for zone in one.zones}))
    if (row["zones"] or "") != zones:
        yield "zones", row["zones"], zones
    places = ";".join(sorted({place for one in looks for place in one.places}))
    if (row["jurisdictions"] or "") != places:
        yield "places", row["jurisdictions"], places
    windows = looks[0].windows
    for one in looks[1:]:
        windows = intersect(windows, one.windows)
    rules = {rule for one in looks for rule in one.rules} | set(told.get("added", ()))
    if not rules and not windows and row["at"] is None:
        rules = {NO_WINDOW}
    evidence = json.loads(row["evidence"] or "{}")
    lifted = {one["rule"] for one in evidence.get("lifted", ()) if one["by"].startswith("release ")}
    free = {rule for rule in lifted if rule in law.rules and law.force(rule) == "presumption"}
    used = bool(rules) and rules <= free
    rules = set() if used else rules
    if set(row["rules"]) != rules:
        yield "rules that refuse", row["rules"], sorted(rules)
        return
    verdict = "refused" if rules else "permitted"
    if row["verdict"] != verdict:
        yield "verdict", row["verdict"], verdict
    if row["listed"] != (not rules):
        yield "listed", row["listed"], not rules
    yield from law.graded(rules, row)
    duties = {duty for one in looks for duty in one.duties}
    said = set(filter(None, (row["duties"] or "").split(";")))
    if said != duties:
        yield "duties", sorted(said), sorted(duties)
    if json.loads(row["windows_utc"] or "[]") != json.loads(written(windows)):
        yield "open hours", row["windows_utc"], written(windows)
    left = min((one.left for one in looks if one.left is not None), default=None)
    left = 1 if used else left
    if row["attempts_left"] != left:
        yield "attempts left", row["attempts_left"], left
    yield from _evidence(follower, evidence, looks, row)
    wrong: list[Wrong] = []
    upcoming = _upcoming(follower, row, told, looks, rules, evidence, wrong)
    if not rules and row["at"] is None:
        upcoming = windows[0][0] if windows else None
    yield from wrong
    if row["next_permitted_utc"] != upcoming:
        yield "next permitted moment", moment(row["next_permitted_utc"]), moment(upcoming)


def _evidence(
    follower: Follower,
    evidence: Mapping[str, Any],
    looks: Sequence[Look],
    row: Mapping[str, Any],
) -> Iterator[Wrong]:
    """Whether what was answered of each rule that refuses is what the rules and counts say."""
    rules = {one["rule"] for one in evidence.get("findings", ())}
    if rules != set(row["rules"]):
        yield "findings", sorted(rules), row["rules"]
    frees: dict[tuple[str, str], datetime | None] = {}
    for key, end in (each for look in looks for each in look.frees.items()):
        frees[key] = max(frees.get(key, end), end, key=how_long)
    for one in evidence.get("findings", ()):
        rule = follower.law.rules.get(one["rule"])
        if rule is None:
            continue
        if isinstance(rule.body, Window):
            if one["threshold"] != hours_text(rule.body):
                yield f"what {rule.id} allows", one["threshold"], hours_text(rule.body)
        elif isinstance(rule.body, Limit | Wait):
            free = moment(frees.get((rule.id, one["zone"])))
            if one["free"] != free:
                yield f"when {rule.id} lets go", one["free"], free


def _upcoming(
    follower: Follower,
    row: Mapping[str, Any],
    told: Mapping[str, Any],
    looks: Sequence[Look],
    rules: set[str],
    evidence: Mapping[str, Any],
    wrong: list[Wrong],
) -> datetime | None:
    """The first moment at which it becomes permitted by time alone (`upcoming.next_permitted`)."""
    now: datetime = row["decided_at"]
    if not rules:
        return now
    days: list[date] = []
    starts: list[date] = []
    frees: list[datetime] = []
    for one in evidence.get("findings", ()):
        known = [x.shut[key] for x in looks if (key := (one["rule"], one["zone"])) in x.shut]
        timed = bool(known) and known[0] and any(x.zones for x in looks)
        if one["free"] is None and not timed and one["rule"] != NO_WINDOW:
            return None
        if one["zone"]:
            starts.append(clock.local_date(now, one["zone"]))
            if one["free"] is not None:
                days.append(clock.local_date(clock.parse_instant(one["free"]), one["zone"]))
        elif one["free"] is not None:
            frees.append(clock.parse_instant(one["free"]))
    day = row["day"] if row["at"] is None else min(starts, default=now.astimezone(UTC).date())
    ways = [(one.basis, one.clocks) for one in looks]
    tried = row["day"] if row["at"] is None else None
    return walked(
        follower,
        ways,
        max([day, *days]),
        told.get("walk", ()),
        wrong,
        tried=tried,
        now=now,
        floor=max(frees, default=None),
    )


__all__ = ["otherwise"]
