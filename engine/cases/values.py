"""Single values of a case file: texts, numbers, dates, instants, words of a closed list.

Every function takes the sheet to report on and a node; it gives None after reporting a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, TypeVar

from .. import clock, words
from ..problem import did_you_mean
from ..reading.nodes import Map, Node, Scalar, Seq, Sheet
from ..rule import Period

DOCUMENTATION: Final = frozenset(
    {
        "rebuttal_flags",
        "note",
        "why",
        "engine_note",
        "derivation",
        "certainty",
        "example",
        "topic",
        "required_notices",
        "filler",
        "words",
        "intended_to_discuss",
    }
)
"""Keys that explain a case and are never read for a decision, wherever they stand."""

DAY_STARTS: Final = time(11, 0, tzinfo=UTC)
"""When a contact given by its day alone is put: inside that civil day in every zone of the United
States, Guam to American Samoa, and before eight in the morning in every state."""

Value = TypeVar("Value")
_PLACE: Final = re.compile(r"US-[A-Z]{2}(-[A-Z]{2,4})?")
_ACT: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,2})?")
_COUNTED: Final = re.compile(r"(\d{1,3}) (day|hour|month|business day)s?")
_SPANS: Final = {
    "calendar day": Period(1, "calendar_day"),
    "calendar week from sunday": Period(1, "calendar_week_from_sunday"),
    "business week": Period(1, "business_week"),
    "calendar month": Period(1, "calendar_month"),
    "ever": Period(0, "ever"),
}


def empty(node: Node | None) -> bool:
    """Whether nothing is there: the word is left out, or nothing is written after it."""
    return node is None or (isinstance(node, Scalar) and (node.empty or _null(node)))


def _null(node: Scalar) -> bool:
    return node.plain and node.text in ("null", "~")


def mapping(sheet: Sheet, node: Node | None, what: str) -> Map | None:
    """A mapping, or None if it is left out or is none."""
    if empty(node):
        return None
    if not isinstance(node, Map):
        sheet.report("R011", node, f"{what} must be words with values, as in `word: value`")
        return None
    return node


def listing(sheet: Sheet, node: Node | None, what: str) -> tuple[Node, ...]:
    """The entries of a list, () if it is left out or is none."""
    if empty(node):
        return ()
    if not isinstance(node, Seq):
        sheet.report("R011", node, f"{what} must be a list")
        return ()
    return node.items


def several(node: Node) -> tuple[Node, ...]:
    """The entries of a list, or the one value that stands in its place."""
    return node.items if isinstance(node, Seq) else (node,)


def known(sheet: Sheet, node: Map, allowed: Collection[str], what: str) -> None:
    """Report every word of a mapping that is not allowed there and is no documentation."""
    for key, _ in node.entries:
        if key.text not in allowed and key.text not in DOCUMENTATION:
            guess = did_you_mean(key.text, sorted(allowed))
            sheet.report("R013", key, f"unknown word `{shown(key.text)}` in {what}{guess}")


def shown(text: str) -> str:
    """A text of the file on one line, short enough for a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "..."


def text(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A text that is not empty; None (unreported) if it is left out."""
    if empty(node):
        return None
    if not isinstance(node, Scalar) or not node.text.strip():
        sheet.report("R011", node, f"{what} must be one value, not a list or a mapping")
        return None
    return node.text.strip()


def name(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """An id or a name; text from the first ` (` on is a comment (case format)."""
    found = text(sheet, node, what)
    return None if found is None else found.partition(" (")[0].strip()


def names(sheet: Sheet, node: Node | None, what: str) -> tuple[str, ...] | None:
    """Ids, as a list or one alone; None if left out."""
    if empty(node) or node is None:
        return None
    found = (name(sheet, one, what) for one in several(node))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def choice(
    sheet: Sheet, node: Node | None, allowed: Iterable[str], what: str, code: str = "R028"
) -> str | None:
    """One word of a closed list."""
    found = text(sheet, node, what)
    if found is None:
        return None
    listed = tuple(allowed)
    if found in listed:
        return found
    hint = f"it is one of: {', '.join(listed)}" if len(listed) <= 24 else ""
    guess = did_you_mean(found, listed)
    sheet.report(code, node, f"unknown {what} `{shown(found)}`{guess}", hint)
    return None


def choices(
    sheet: Sheet, node: Node | None, allowed: Iterable[str], what: str, code: str = "R028"
) -> tuple[str, ...] | None:
    """Words of a closed list, as a list or one alone; None if left out."""
    if empty(node) or node is None:
        return None
    listed = tuple(allowed)
    found = (choice(sheet, one, listed, what, code) for one in several(node))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def boolean(sheet: Sheet, node: Node | None, what: str) -> bool | None:
    """What `true` or `false` says."""
    found = text(sheet, node, what)
    if found is None:
        return None
    if found.casefold() in ("true", "false"):
        return found.casefold() == "true"
    sheet.report("R030", node, f"{what} must be true or false, not `{shown(found)}`")
    return None


def integer(sheet: Sheet, node: Node | None, what: str) -> int | None:
    """A whole number of at most six digits."""
    found = text(sheet, node, what)
    if found is None:
        return None
    if re.fullmatch(r"\d{1,6}", found, re.ASCII):
        return int(found)
    sheet.report("R030", node, f"{what} must be a whole number, not `{shown(found)}`")
    return None


def amount(sheet: Sheet, node: Node | None, what: str) -> Decimal | None:
    """Dollars and cents."""
    found = text(sheet, node, what)
    if found is None:
        return None
    if _AMOUNT.fullmatch(found) and found.isascii():
        return Decimal(found)
    sheet.report("R030", node, f'{what} must be dollars as in "120.00", not `{shown(found)}`')
    return None


def _read(
    sheet: Sheet, node: Node | None, what: str, code: str, parse: Callable[[str], Value]
) -> Value | None:
    found = text(sheet, node, what)
    if found is None:
        return None
    try:
        return parse(found)
    except ValueError as error:
        sheet.report(code, node, f"{what}: {shown_error(error)}")
        return None


def shown_error(error: Exception) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())[:200]


def day(sheet: Sheet, node: Node | None, what: str) -> date | None:
    """A civil date; of an instant, the date as written."""
    return _read(sheet, node, what, "R031", _day)


def _day(found: str) -> date:
    if len(found) > 10:
        clock.parse_instant(found)
    return _known_year(clock.parse_date(found[:10]))


def moment(sheet: Sheet, node: Node | None, what: str) -> datetime | date | None:
    """An instant, in UTC, or a civil date where no time is given."""
    return _read(sheet, node, what, "R031", _moment)


def _moment(found: str) -> datetime | date:
    if len(found) <= 10:
        return _known_year(clock.parse_date(found))
    at = clock.parse_instant(found)
    _known_year(at.date())
    return at


def instant(sheet: Sheet, node: Node | None, what: str) -> datetime | None:
    """An instant, in UTC; a date alone is put at `DAY_STARTS` of that day."""
    found = moment(sheet, node, what)
    if found is None or isinstance(found, datetime):
        return found
    return datetime.combine(found, DAY_STARTS)


def _known_year(found: date) -> date:
    if not 1900 <= found.year < clock.LAST_YEAR:
        raise ValueError(f"the year {found.year} is not between 1900 and {clock.LAST_YEAR - 1}")
    return found


def wall(sheet: Sheet, node: Node | None, what: str, *, closing: bool = False) -> time | None:
    """A time of day; a closing may be 24:00."""
    return _read(sheet, node, what, "R032", lambda found: clock.parse_time(found, closing=closing))


def zone(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A zone's name."""
    found = text(sheet, node, what)
    if found is None or clock.is_zone(found):
        return found
    guess = did_you_mean(found, clock.ZONES)
    sheet.report("R025", node, f"unknown zone `{shown(found)}`{guess}")
    return None


def place(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A place such as US-MA."""
    found = text(sheet, node, what)
    if found is None or _PLACE.fullmatch(found):
        return found
    sheet.report("R041", node, f"{what} must be a place as in US-MA, not `{shown(found)}`")
    return None


def state(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A state as in MA."""
    found = text(sheet, node, what)
    if found is None or re.fullmatch(r"[A-Z]{2}", found):
        return found
    sheet.report("R041", node, f"{what} must be a state as in MA, not `{shown(found)}`")
    return None


def act(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """The stem of a rule file, or a place, or `house`."""
    found = text(sheet, node, what)
    if found is None or _ACT.fullmatch(found):
        return found
    sheet.report("R041", node, f"{what} must be a file's stem or a place, not `{shown(found)}`")
    return None


def phone_number(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A telephone number in E.164 form, as in +16175550123."""
    found = text(sheet, node, what)
    if found is None or _NUMBER.fullmatch(found):
        return found
    hint = "write it with + and the country, as in +16175550123"
    sheet.report("R041", node, f"{what}: `{shown(found)}` is no number", hint)
    return None


def person(sheet: Sheet, node: Node | None, what: str, consumer: str = "P1") -> str | None:
    """A person's id, whose beginning says who it is (words.OWNER_PREFIXES)."""
    found = name(sheet, node, what)
    if found is None or found == consumer or words.owner_role(found) is not None:
        return found
    prefixes = ", ".join(prefix for prefix, _ in reversed(words.OWNER_PREFIXES))
    message = f"{what}: `{shown(found)}` does not begin like a person's id"
    sheet.report("R016", node, message, f"the beginnings are {prefixes}")
    return None


def channel(sheet: Sheet, node: Node | None, what: str = "channel") -> str | None:
    """A channel; an alias is taken for what it stands for."""
    allowed = (*words.CHANNELS, *words.CHANNEL_ALIASES)
    found = choice(sheet, node, allowed, what, "R014")
    return None if found is None else words.CHANNEL_ALIASES.get(found, found)


def weekdays(sheet: Sheet, node: Node | None, what: str) -> tuple[str, ...] | None:
    """Days of the week as words.DAYS, in the order of the week; None if left out."""
    found = choices(sheet, node, (*words.DAYS, *words.DAY_NAMES), what)
    if found is None:
        return None
    short = {one[:3] for one in found}
    return tuple(one for one in words.DAYS if one in short)


def period(sheet: Sheet, node: Node | None, what: str) -> Period | None:
    """A span such as `7 days` or `calendar week from sunday`."""
    found = text(sheet, node, what)
    if found is None:
        return None
    counted = _COUNTED.fullmatch(found)
    if counted and counted[1].isascii() and int(counted[1]):
        return Period(int(counted[1]), counted[2].replace(" ", "_"))
    if found in _SPANS:
        return _SPANS[found]
    hint = "write it as in 7 days, 24 hours, 3 months, 5 business days, calendar month"
    sheet.report("R024", node, f"{what}: `{shown(found)}` is not a period", hint)
    return None
