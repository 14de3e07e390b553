"""The words of each kind of rule, read into its record in `engine.kinds`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import time
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
_RECURRENCE: Final = re.compile(
    r"FREQ=(?:YEARLY|MONTHLY|WEEKLY|DAILY)"
    r"(?:;BY(?:MONTH|MONTHDAY|DAY|YEARDAY|WEEKNO|SETPOS|EASTER)=[-+0-9A-Z,]+)*",
    re.ASCII,
)
_UNKNOWN: Final = Selector("")


def body(sheet: Sheet, node: Node, kind: str, found: Words, scope: Scope) -> Body:
    """The record of a kind of rule from the words found in its mapping."""
    need(sheet, node, found, NEEDED[kind], f"a {kind}")
    return _READERS[kind](sheet, node, found, scope)


def is_hour(node: Node) -> bool:
    """Whether `to` in a window is its closing time; else it is the kinds of contact point."""
    if isinstance(node, Map):
        return node.get("law") is not None or node.get("or_agreed") is not None
    return isinstance(node, Scalar) and (node.text[:1].isdigit() or ":" in node.text)


def _block(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
    del sheet, node, found, scope
    return Block()


def _require(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
    del node
    return Require(entries(sheet, found["needs"], "needs", scope) if "needs" in found else ())


def _notice(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
    del node, scope
    duty = word(sheet, found["duty"], v.DUTY) if "duty" in found else ""
    if "text" in found:
        return Notice(duty, text(sheet, found["text"], "text"))
    return Notice(duty, catalogue.DUTIES[duty].means if duty else "")


def _window(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
    del scope
    hours = [name for name in ("from", "to") if name in found and is_hour(found[name])]
    if not hours and not {"from", "days", "closed", "closed_by"} & set(found):
        message = "a window needs its hours (`from`, `to`), `days`, `closed` or `closed_by`"
        sheet.report("R036", node, message, f"see {v.README}#window")
    opens = _hour(sheet, found["from"], "from") if "from" in found else None
    closes = _hour(sheet, found["to"], "to") if "to" in hours else None
    start = opens.law if isinstance(opens, Agreed) else opens
    end = closes.law if isinstance(closes, Agreed) else closes
    if isinstance(start, time) and isinstance(end, time) and start >= end != time(0):
        message = f"the window never opens: {start:%H:%M} is not before {end:%H:%M}"
        hint = "hours over midnight are two windows of one rule each"
        sheet.report("R046", found["to"], message, hint)
    days = frozenset(several(sheet, found["days"], v.DAY, "days")) if "days" in found else None
    closed = listed(sheet, found["closed"], "closed") if "closed" in found else ()
    return Window(
        from_=opens,
        to=closes,
        days=days,
        clock=_clock(sheet, found["clock"]) if "clock" in found else "consumer",
        edges=word(sheet, found["edges"], v.EDGES) if "edges" in found else "open",
        closed=tuple(_closed(sheet, item) for item in closed),
        closed_by=word(sheet, found["closed_by"], v.CLOSED_BY) if "closed_by" in found else None,
    )


def _hour(sheet: Sheet, node: Node, name: str) -> time | Agreed:
    if not isinstance(node, Map):
        return clock_time(sheet, node, name)
    law, agreed = _agreed(sheet, node, name, ("calls_until",))
    return Agreed(clock_time(sheet, law, "law") if law else time(0), agreed)


def _agreed(sheet: Sheet, node: Map, name: str, may: tuple[str, ...]) -> tuple[Node | None, str]:
    """The law's number and the agreement that may move it."""
    found = fields(sheet, node, ("law", "or_agreed"), f"`{name}`", "or_agreed")
    need(sheet, node, found, ("law", "or_agreed"), f"`{name}`")
    if "or_agreed" not in found:
        return found.get("law"), ""
    agreement = word(sheet, found["or_agreed"], v.AGREEMENT)
    if agreement and agreement not in may:
        message = f"the agreement `{agreement}` does not move `{name}`"
        hint = f"`{name}` is moved by {', '.join(may)}; see {v.README}#or_agreed"
        sheet.report("R027", found["or_agreed"], message, hint)
    return found.get("law"), agreement


def _clock(sheet: Sheet, node: Node) -> str:
    if isinstance(node, Scalar) and node.text in ("consumer", "point"):
        return node.text
    if isinstance(node, Scalar) and "/" not in node.text:
        near = did_you_mean(node.text, ("consumer", "point", *v.ZONES))
        message = f"unknown clock {quoted(node.text)}{near}"
        hint = f"it is consumer, point or a zone such as America/New_York; see {v.README}#clock"
        sheet.report("R025", node, message, hint)
        return ""
    return word(sheet, node, v.ZONE)


def _closed(sheet: Sheet, node: Node) -> str:
    if isinstance(node, Scalar) and "=" in node.text:
        return _recurrence(sheet, node)
    return word(sheet, node, v.HOLIDAY)


def _recurrence(sheet: Sheet, node: Scalar) -> str:
    raw = node.text.removeprefix("RRULE:")
    parts = "BYMONTH, BYMONTHDAY, BYDAY, BYYEARDAY, BYWEEKNO, BYSETPOS, BYEASTER"
    why = f"it is FREQ and then only {parts}"
    if _RECURRENCE.fullmatch(raw):
        try:
            rrule.rrulestr(raw)
            return raw
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            why = "a number in it is out of range"
    message = f"{quoted(node.text)} is no recurrence that can be used"
    hint = f"{why}; as in `FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH`"
    sheet.report("R026", node, message, f"{hint}; see {v.README}#closed")
    return ""


def _limit(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
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


def _wait(sheet: Sheet, node: Node, found: Words, scope: Scope) -> Body:
    exactly_one(sheet, node, ("for", "until"), found, "a wait")
    return Wait(
        after=event(sheet, found["after"], scope) if "after" in found else _UNKNOWN,
        per=several(sheet, found["per"], v.UNIT, "per") if "per" in found else (),
        for_=period(sheet, found["for"], "for", LASTING) if "for" in found else None,
        until=event(sheet, found["until"], scope) if "until" in found else None,
        first_day=word(sheet, found["first_day"], v.FIRST_DAY) if "first_day" in found else "event",
        exempt=exclusions(sheet, found["exempt"], "exempt") if "exempt" in found else (),
    )


def exactly_one(sheet: Sheet, node: Node, names: tuple[str, ...], found: Words, where: str) -> None:
    """Report words of which one must be given, and only one."""
    if isinstance(node, Map):
        at_most_one(sheet, node, names, found)
        if not any(node.get(name) for name in names):
            either = " or ".join(f"`{name}`" for name in names)
            sheet.report("R036", node, f"{where} needs {either}", "give one of them")


_READERS: Final[dict[str, Callable[[Sheet, Node, Words, Scope], Body]]] = {
    "block": _block,
    "require": _require,
    "notice": _notice,
    "window": _window,
    "limit": _limit,
    "wait": _wait,
}
