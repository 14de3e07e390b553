"""Nodes -> values: texts, words of closed lists, numbers, dates, times of day, periods.

Every reader reports what is wrong and then returns something of the right type, so that reading
goes on and all problems come out at once; a record is made only if nothing was reported.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final

from ..problem import did_you_mean, quoted
from ..rule import Period
from .nodes import Map, Node, Scalar, Seq, Sheet
from .vocabulary import README, Vocabulary

MAX_COUNT: Final = 10_000
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_COUNTED: Final = re.compile(r"(\d{1,6}) (business days?|days?|hours?|months?)", re.ASCII)
_UNITS: Final = {
    "day": "day",
    "hour": "hour",
    "month": "month",
    "business day": "business_day",
}
_CALENDAR: Final = {
    "calendar day": Period(1, "calendar_day"),
    "calendar week from sunday": Period(1, "calendar_week_from_sunday"),
    "business week": Period(1, "business_week"),
    "calendar month": Period(1, "calendar_month"),
    "ever": Period(0, "ever"),
}
ANY_PERIOD: Final = (
    "day",
    "hour",
    "month",
    "business_day",
    "calendar_day",
    "calendar_week_from_sunday",
    "business_week",
    "calendar_month",
    "ever",
)
LOOKING_BACK: Final = tuple(unit for unit in ANY_PERIOD if unit != "business_day")
LASTING: Final = ("hour", "day", "business_day", "month")
DAYS_ONLY: Final = ("day", "business_day")
_EXAMPLES: Final = {
    "day": "`7 days`",
    "hour": "`24 hours`",
    "month": "`3 months`",
    "business_day": "`10 business days`",
    "calendar_day": "`calendar day`",
    "calendar_week_from_sunday": "`calendar week from sunday`",
    "business_week": "`business week`",
    "calendar_month": "`calendar month`",
    "ever": "`ever`",
}


def shape(node: Node) -> str:
    """What a node is, in words for messages."""
    if isinstance(node, Scalar):
        return "nothing" if node.empty else "a text"
    return "a list" if isinstance(node, Seq) else "a mapping"


def fields(
    sheet: Sheet,
    node: Node,
    known: Sequence[str],
    where: str,
    anchor: str,
    passed: Container[str] = (),
) -> Mapping[str, Node]:
    """The words of a mapping and what stands under them; unknown and empty ones are reported.

    `where` names the mapping in messages ("a rule"), `anchor` its place in the README; words that
    are `passed` were judged before and are left out without a word.
    """
    if not isinstance(node, Map):
        hint = f"its words are {', '.join(known)}; see {README}#{anchor}"
        sheet.report("R011", node, f"{where} is a mapping, not {shape(node)}", hint)
        return {}
    found: dict[str, Node] = {}
    for key, value in node.entries:
        if key.text in passed:
            continue
        if key.text not in known:
            unknown_word(sheet, key, known, where, anchor)
        elif isinstance(value, Scalar) and value.empty:
            sheet.report("R029", key, f"`{key.text}` has no value", "give it one or leave it out")
        else:
            found[key.text] = value
    return found


def unknown_word(sheet: Sheet, key: Scalar, known: Sequence[str], where: str, anchor: str) -> None:
    """Report a word that a mapping does not have."""
    message = f"unknown word {quoted(key.text)} in {where}{did_you_mean(key.text, known)}"
    words = f"the words are {', '.join(known)}" if len(known) > 1 else f"the word is {known[0]}"
    hint = f"{words}; see {README}#{anchor}"
    sheet.report("R013", key, message, hint)


def need(
    sheet: Sheet,
    node: Node,
    found: Mapping[str, Node],
    names: Iterable[str],
    where: str,
    anchor: str,
) -> bool:
    """Report each word that must be given and was not; whether all were."""
    written = {key.text for key, _ in node.entries} if isinstance(node, Map) else set()
    missing = [name for name in names if name not in found and name not in written]
    for name in missing:
        sheet.report("R029", node, f"{where} needs `{name}`", f"see {README}#{anchor}")
    return not missing


def text(sheet: Sheet, node: Node, name: str) -> str:
    """A text that is not empty, its lines and spaces folded; `name` is the word it stands under."""
    if not isinstance(node, Scalar):
        sheet.report("R011", node, f"`{name}` is a text, not {shape(node)}")
        return ""
    folded = " ".join(node.text.split())
    if not folded:
        sheet.report("R029", node, f"`{name}` has no value", "give it one or leave it out")
    return folded


def texts(sheet: Sheet, node: Node, name: str) -> tuple[str, ...]:
    """One text or a list of texts."""
    return tuple(text(sheet, item, name) for item in listed(sheet, node, name))


def listed(sheet: Sheet, node: Node, name: str) -> tuple[Node, ...]:
    """The items of a list that is not empty; one value alone is a list of it."""
    if not isinstance(node, Seq):
        return (node,)
    if not node.items:
        sheet.report("R038", node, f"`{name}` is an empty list", "leave the word out instead")
    return node.items


def word(sheet: Sheet, node: Node, of: Vocabulary) -> str:
    """A word of a closed list; other spellings are put right."""
    if not isinstance(node, Scalar):
        sheet.report("R011", node, f"{_article(of.noun)} is one word, not {shape(node)}", of.hint)
        return ""
    known = of.known(node.text)
    if known is None:
        unknown(sheet, node, of)
        return ""
    return known


def unknown(sheet: Sheet, node: Scalar, of: Vocabulary) -> None:
    """Report a word that is not in a closed list."""
    message = f"unknown {of.noun} {quoted(node.text)}{did_you_mean(node.text, of.words)}"
    sheet.report(of.code, node, message, of.hint)


def several(sheet: Sheet, node: Node, of: Vocabulary, name: str) -> tuple[str, ...]:
    """Words of a closed list, in file order; one alone may stand without brackets."""
    found: dict[str, None] = {}
    for item in listed(sheet, node, name):
        one = word(sheet, item, of)
        if one and one in found:
            sheet.report("R038", item, f"`{one}` is listed twice", "keep one of them")
        if one:
            found[one] = None
    return tuple(found)


def whole(sheet: Sheet, node: Node, name: str) -> int:
    """A whole number from 0 to 999,999,999."""
    if isinstance(node, Scalar) and _WHOLE.fullmatch(node.text):
        return int(node.text)
    sheet.report("R030", node, f"`{name}` is a whole number, not {_shown(node)}")
    return 0


def truth(sheet: Sheet, node: Node, name: str) -> bool:
    """`true` or `false`; nothing else, for `no` is also a text and NO also Norway."""
    if isinstance(node, Scalar) and node.text in ("true", "false"):
        return node.text == "true"
    sheet.report("R030", node, f"`{name}` is true or false, not {_shown(node)}")
    return False


def day(sheet: Sheet, node: Node, name: str) -> date | None:
    """A civil date as in 2026-11-30; None where that was reported."""
    found = _DATE.fullmatch(node.text) if isinstance(node, Scalar) else None
    if found is None:
        hint = "write year, month and day, as in `2026-11-30`"
        sheet.report("R031", node, f"`{name}` is a date, not {_shown(node)}", hint)
        return None
    year, month, number = (int(part) for part in found.groups())
    why = _impossible(year, month, number)
    if why:
        sheet.report("R031", node, f"{_shown(node)} is not a date: {why}")
        return None
    return date(year, month, number)


def _impossible(year: int, month: int, number: int) -> str:
    if not 1700 <= year <= 2999:
        return "the year is not between 1700 and 2999"
    if not 1 <= month <= 12:
        return "there are twelve months"
    last = calendar.monthrange(year, month)[1]
    if not 1 <= number <= last:
        return f"{calendar.month_name[month].lower()} {year} has {last} days"
    return ""


def clock_time(sheet: Sheet, node: Node, name: str) -> time | None:
    """A time of day as in 21:00; None where that was reported."""
    found = _TIME.fullmatch(node.text) if isinstance(node, Scalar) else None
    if found is None:
        message = f"`{name}` is a time of day, not {_shown(node)}"
        hint = "write hours and minutes, as in `08:00` or `21:00`; for a whole day leave it out"
        sheet.report("R032", node, message, hint)
        return None
    return time(int(found[1]), int(found[2]))


def period(sheet: Sheet, node: Node, name: str, units: Sequence[str]) -> Period:
    """A span of time such as `7 days` or `calendar month`, in one of these units."""
    found = _period(node.text) if isinstance(node, Scalar) else None
    if found is None:
        _not_a_period(sheet, node, f"`{name}` is a period, not {_shown(node)}", units)
        return Period(1, "day")
    if found.unit not in units:
        _not_a_period(sheet, node, f"`{name}` cannot be {_shown(node)}", units)
    elif found.unit != "ever" and not 1 <= found.count <= MAX_COUNT:
        _not_a_period(sheet, node, f"`{name}` is from 1 to {MAX_COUNT:,}", units)
    return found


def _period(raw: str) -> Period | None:
    if raw in _CALENDAR:
        return _CALENDAR[raw]
    found = _COUNTED.fullmatch(raw)
    return Period(int(found[1]), _UNITS[found[2].removesuffix("s")]) if found else None


def _not_a_period(sheet: Sheet, node: Node, message: str, units: Sequence[str]) -> None:
    examples = ", ".join(_EXAMPLES[unit] for unit in units)
    more = ""
    if isinstance(node, Scalar) and (found := re.search(r"(\d{1,3}) (week|year)", node.text)):
        number = int(found[1])
        more = (
            f"write `{number * 7} days`; "
            if found[2] == "week"
            else (f"write `{number * 12} months`; ")
        )
    sheet.report("R024", node, message, f"{more}it may be {examples}; see {README}#periods")


def _shown(node: Node) -> str:
    return quoted(node.text) if isinstance(node, Scalar) and not node.empty else shape(node)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
