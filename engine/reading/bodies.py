"""The words of each kind of rule, read into its record in `engine.kinds`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Final

from dateutil import rrule

from ..facts import catalogue
from ..kinds import Agreed, Block, Body, Limit, Notice, Require, Wait, Window
from ..problem import did_you_mean, quoted
from ..rule import Period, Selector
from . import vocabulary as v
from .entries import entries
from .nodes import Map, Node, Scalar, Sheet
from .selectors import Scope, at_most_one, event, exclusions
from .values import (
    LASTING,
    LOOKING_BACK,
    clock_time,
    fields,
    listed,
    need,
    period,
    several,
    text,
    whole,
    word,
)

Words = Mapping[str, Node]
KIND_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "block": (),
    "require": ("needs",),
    "notice": ("duty", "text"),
    "window": ("from", "to", "days", "clock", "edges", "closed", "closed_by"),
    "limit": ("max", "within", "since", "per", "counting"),
    "wait": ("after", "for", "until", "first_day", "per", "exempt"),
}
NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "block": (),
    "require": ("needs",),
    "notice": ("duty",),
    "window": (),
    "limit": ("max", "per", "counting"),
    "wait": ("after", "per"),
}
_PARTS: Final = {
    "BYMONTH": re.compile(r"[1-9]|1[0-2]"),
    "BYMONTHDAY": re.compile(r"-?([1-9]|[12][0-9]|3[01])"),
    "BYDAY": re.compile(r"([-+]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)"),
    "BYEASTER": re.compile(r"0|[-+]?[1-9][0-9]?"),
}
_CYCLE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - of days; 28 years hold every calendar
_UNKNOWN: Final = Selector("")


def body(sheet: Sheet, node: Map, kind: str, found: Words, scope: Scope) -> Body:
    """The record of a kind of rule from the words found in its mapping."""
    need(sheet, node, found, NEEDED[kind], f"a {kind}", kind)
    return _READERS[kind](sheet, node, found, scope)


def is_hour(node: Node) -> bool:
    """Whether `to` in a window is its closing time; else it is the kinds of contact point."""
    if isinstance(node, Map):
        return node.get("law") is not None or node.get("or_agreed") is not None
    return isinstance(node, Scalar) and (node.text[:1].isdigit() or ":" in node.text)


def _block(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    del sheet, node, found, scope
    return Block()


def _require(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    del node
    return Require(entries(sheet, found["needs"], "needs", scope) if "needs" in found else ())


def _notice(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    del node, scope
    duty = word(sheet, found["duty"], v.DUTY) if "duty" in found else ""
    if "text" in found:
        return Notice(duty, text(sheet, found["text"], "text"))
    return Notice(duty, catalogue.DUTIES[duty].means if duty else "")


def _window(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    del scope
    hours = [name for name in ("from", "to") if name in found and is_hour(found[name])]
    if not hours and not {"from", "days", "closed", "closed_by"} & set(found):
        message = "a window needs its hours (`from`, `to`), `days`, `closed` or `closed_by`"
        sheet.report("R036", node, message, f"see {v.README}#window")
    opens = _hour(sheet, found["from"], "from") if "from" in found else None
    closes = _hour(sheet, found["to"], "to") if "to" in hours else None
    _opening(sheet, found, opens, closes)
    days = frozenset(several(sheet, found["days"], v.DAY, "days")) if "days" in found else None
    closed = listed(sheet, found["closed"], "closed") if "closed" in found else ()
    return Window(
        from_=opens,
        to=closes,
        days=days,
        clock=_clock(sheet, found["clock"]) if "clock" in found else "consumer",
        edges=word(sheet, found["edges"], v.EDGES) if "edges" in found else "open",
        closed=tuple(one for item in closed for one in _closed(sheet, item)),
        closed_by=word(sheet, found["closed_by"], v.CLOSED_BY) if "closed_by" in found else None,
    )


def _opening(
    sheet: Sheet, found: Words, opens: time | Agreed | None, closes: time | Agreed | None
) -> None:
    """Report hours that leave nothing open."""
    start = opens.law if isinstance(opens, Agreed) else opens
    end = closes.law if isinstance(closes, Agreed) else closes
    if isinstance(start, time) and isinstance(end, time) and start >= end:
        message = f"the window never opens: {start:%H:%M} is not before {end:%H:%M}"
        hint = "the hours are those of one day; to open until midnight leave `to` out"
        sheet.report("R046", found["to"], message, hint)


def _hour(sheet: Sheet, node: Node, name: str) -> time | Agreed | None:
    if not isinstance(node, Map):
        return clock_time(sheet, node, name)
    law, agreed = _agreed(sheet, node, name, ("calls_until",))
    hour = clock_time(sheet, law, "law") if law else None
    return None if hour is None else Agreed(hour, agreed)


def _agreed(sheet: Sheet, node: Map, name: str, may: tuple[str, ...]) -> tuple[Node | None, str]:
    """The law's number and the agreement that may move it."""
    found = fields(sheet, node, ("law", "or_agreed"), f"`{name}`", "agreements")
    need(sheet, node, found, ("law", "or_agreed"), f"`{name}`", "agreements")
    if "or_agreed" not in found:
        return found.get("law"), ""
    agreement = word(sheet, found["or_agreed"], v.AGREEMENT)
    if agreement and agreement not in may:
        message = f"the agreement `{agreement}` does not move `{name}`"
        hint = f"`{name}` is moved by {', '.join(may)}; see {v.README}#agreements"
        sheet.report("R027", found["or_agreed"], message, hint)
    return found.get("law"), agreement


def _clock(sheet: Sheet, node: Node) -> str:
    if isinstance(node, Scalar) and node.text in ("consumer", "point"):
        return node.text
    if isinstance(node, Scalar) and "/" not in node.text:
        near = did_you_mean(node.text, ("consumer", "point", *v.ZONES))
        message = f"unknown clock {quoted(node.text)}{near}"
        hint = f"it is consumer, point or a zone such as America/New_York; see {v.README}#window"
        sheet.report("R025", node, message, hint)
        return ""
    return word(sheet, node, v.ZONE)


def _closed(sheet: Sheet, node: Node) -> tuple[str, ...]:
    """A recurrence, or those that a holiday's name stands for."""
    if isinstance(node, Scalar) and "=" in node.text:
        return (_recurrence(sheet, node),)
    return v.HOLIDAYS.get(word(sheet, node, v.HOLIDAY), ())


def _recurrence(sheet: Sheet, node: Scalar) -> str:
    """A recurrence of days without beginning or end (RFC 5545, 3.3.10; BYEASTER is dateutil's)."""
    raw = node.text.removeprefix("RRULE:")
    if not _can_recur(raw):
        message = f"{quoted(node.text)} is no recurrence that can be used"
        hint = f"it is FREQ (YEARLY, MONTHLY, WEEKLY) and then {', '.join(_PARTS)}"
        example = "`FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH`"
        sheet.report("R026", node, message, f"{hint}, as in {example}; see {v.README}#window")
    elif next(iter(rrule.rrulestr(f"{raw};UNTIL=20280101", dtstart=_CYCLE)), None) is None:
        sheet.report("R026", node, f"{quoted(node.text)} never comes", "no day is all of this")
    return raw


def _can_recur(raw: str) -> bool:
    """Whether a recurrence is a frequency and at least one known part, none twice, all in range."""
    frequency, *parts = raw.split(";")
    named = [part.partition("=")[::2] for part in parts]
    if frequency not in ("FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY") or not named:
        return False
    if frequency == "FREQ=WEEKLY" and any(name != "BYDAY" for name, _ in named):
        return False
    counted = any(char.isdigit() for char in dict(named).get("BYDAY", ""))
    if len(dict(named)) < len(named) or (frequency == "FREQ=WEEKLY" and counted):
        return False
    return all(
        name in _PARTS and all(_PARTS[name].fullmatch(one) for one in values.split(","))
        for name, values in named
    )


def _limit(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    exactly_one(sheet, node, ("within", "since"), found, "a limit")
    within: Period | None = None
    agreed: str | None = None
    if "within" in found:
        within, agreed = _span(sheet, found["within"])
    return Limit(
        max=_number(sheet, found["max"]) if "max" in found else 0,
        counting=event(sheet, found["counting"], scope) if "counting" in found else _UNKNOWN,
        per=several(sheet, found["per"], v.UNIT, "per") if "per" in found else (),
        within=within,
        agreed_within=agreed,
        since=event(sheet, found["since"], scope) if "since" in found else None,
    )


def _number(sheet: Sheet, node: Node) -> int | Agreed:
    if not isinstance(node, Map):
        return whole(sheet, node, "max")
    law, agreed = _agreed(sheet, node, "max", ("messages_max",))
    return Agreed(whole(sheet, law, "law") if law else 0, agreed)


def _span(sheet: Sheet, node: Node) -> tuple[Period | None, str | None]:
    if not isinstance(node, Map):
        return period(sheet, node, "within", LOOKING_BACK), None
    law, agreed = _agreed(sheet, node, "within", ("messages_within",))
    return (period(sheet, law, "law", LOOKING_BACK) if law else None), agreed


def _wait(sheet: Sheet, node: Map, found: Words, scope: Scope) -> Body:
    exactly_one(sheet, node, ("for", "until"), found, "a wait")
    return Wait(
        after=event(sheet, found["after"], scope) if "after" in found else _UNKNOWN,
        per=several(sheet, found["per"], v.UNIT, "per") if "per" in found else (),
        for_=period(sheet, found["for"], "for", LASTING) if "for" in found else None,
        until=event(sheet, found["until"], scope) if "until" in found else None,
        first_day=word(sheet, found["first_day"], v.FIRST_DAY) if "first_day" in found else "event",
        exempt=exclusions(sheet, found["exempt"], "exempt") if "exempt" in found else (),
    )


def exactly_one(sheet: Sheet, node: Map, names: tuple[str, ...], found: Words, where: str) -> None:
    """Report words of which one must be given, and only one."""
    at_most_one(sheet, node, names, found)
    if not any(node.get(name) for name in names):
        either = " or ".join(f"`{name}`" for name in names)
        sheet.report("R036", node, f"{where} needs {either}", "give one of them")


_READERS: Final[dict[str, Callable[[Sheet, Map, Words, Scope], Body]]] = {
    "block": _block,
    "require": _require,
    "notice": _notice,
    "window": _window,
    "limit": _limit,
    "wait": _wait,
}
