"""Statement values: how a word's value is laid over columns, and put together again.

What is put together is what `engine.cases.sayings` reads from a case file, to the type: tuples of
ids, dates, times, exact decimals. So the plain functions meet the same values from a portfolio as
from a case. `store.schema.LAYOUT` says which column holds what.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from engine import clock, words
from engine.facts.catalogue import HOLDS, STATEMENTS

FILE_NAMED: Final = "{}, which is the id of a file; the person of that file is {}"
FIRST_YEAR: Final = 1900
"""Years before it are mistakes; those after clock.LAST_YEAR have no clock changes known."""
PLACES: Final = ("home", "work")
ANSWERS: Final = {"yes": "yes", "no": "no", "no_data": "no_data", "true": "yes", "false": "no"}
UNSPECIFIED: Final = "unspecified"


def assemble(
    kind: str,
    accounts: Sequence[str] | None,
    point: str | None,
    value: str | None,
    more: str | None,
) -> tuple[Any, dict[str, Any]]:
    """What a statement's word was given, and the words beside it, as a case file gives them.

    The inverse of `lay_out`. `value` and `more` are JSON.

    Raises:
        KeyError: an unknown word.
        ValueError: `value` or `more` is not what the word takes.
    """
    saying = STATEMENTS[kind]
    debts = tuple(accounts or ())
    given = None if value is None else json.loads(value)
    beside: dict[str, Any] = {} if more is None else _beside(kind, json.loads(more))
    if saying.shape == "debts":
        return debts, beside
    if saying.shape == "disputes":
        parts = _parts(given)
        return tuple({"debt": a, "amount": parts[a]} if a in parts else a for a in debts), beside
    if saying.shape == "debt":
        return (debts[0] if debts else None), beside
    if saying.shape == "point":
        return point, beside
    if saying.shape == "points":
        return ((point,) if point is not None else ()), beside
    if saying.shape == "consent":
        named: dict[str, Any] = {"debt": debts} if debts else {}
        if point is not None:
            named["number"] = point
        return named | _CONSENT({} if given is None else given), beside
    if accounts is not None and "debts" in saying.beside:
        beside["debts"] = debts
    return _READERS[saying.shape](given), beside


def fits(kind: str, value: str | None = None, more: str | None = None) -> bool:
    """Whether JSON texts are what the word takes as `value` and `more`.

    A shape that is laid over other columns takes no value. An unknown word takes nothing.
    """
    try:
        saying = STATEMENTS[kind]
        if value is not None:
            given = json.loads(value)
            _VALUES[saying.shape](given)
        if more is not None:
            _beside(kind, json.loads(more))
    except (KeyError, ValueError):
        return False
    return True


def lay_out(kind: str, value: Any, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A word's value over the columns accounts, point, value, more: one row, or one per point.

    `value` is as a case file gives it (`engine.facts.catalogue.SHAPES`).

    Raises:
        KeyError: an unknown word.
    """
    saying = STATEMENTS[kind]
    beside = dict(more or {})
    row: dict[str, Any] = {"accounts": None, "point": None, "value": None, "more": None}
    if saying.shape in ("debts", "debt"):
        row["accounts"] = _listed(value)
    elif saying.shape == "disputes":
        said = [one if isinstance(one, Mapping) else {"debt": one} for one in _listed(value)]
        row["accounts"] = [one["debt"] for one in said]
        parts = {one["debt"]: one["amount"] for one in said if one.get("amount") is not None}
        row["value"] = _json(parts) if parts else None
    elif saying.shape == "consent":
        rest = dict(value)
        row["accounts"] = _listed(rest.pop("debt")) if "debt" in rest else None
        row["point"] = rest.pop("number", None)
        row["value"] = _json(rest) if rest else None
    elif saying.shape not in ("point", "points"):
        row["value"] = _json(value)
        if saying.shape == "reassigned":
            row["point"] = value.get("point")
        elif saying.shape == "callback" and value.get("debt"):
            row["accounts"] = _listed(value["debt"])
        elif saying.shape == "debt_or_true" and not isinstance(value, bool):
            row["accounts"] = _listed(value)
        elif "debts" in saying.beside and "debts" in beside:
            row["accounts"] = _listed(beside.pop("debts"))
    if beside:
        row["more"] = _json(beside)
    if saying.shape in ("point", "points"):
        return [row | {"point": point} for point in _listed(value)]
    return [row]


# -- writing


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> Any:
    """A value with dates, times and money as text, ready for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return clock.format_instant(value)
    if isinstance(value, time):
        return "24:00" if value == clock.END_OF_DAY else value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else _amount_text(value)


def _amount_text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _json(value: Any) -> str:
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


# -- reading; each raises ValueError for what it does not take

Reader = Callable[[Any], Any]


def _text(value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("not a text")


def _one_of(*allowed: str) -> Reader:
    def read(value: Any) -> str:
        if value in allowed:
            return str(value)
        raise ValueError("not one of the words")

    return read


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("not true or false")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000:
        return value
    raise ValueError("not a whole number")


def _amount(value: Any) -> Decimal:
    whole, _, cents = _text(value).partition(".")
    digits = whole.isascii() and whole.isdigit() and (not cents or cents.isdigit())
    if digits and len(whole) <= 12 and len(cents) <= 2 and not value.endswith("."):
        return Decimal(value)
    raise ValueError("not an amount")


def _known_year(day: date) -> date:
    if FIRST_YEAR <= day.year < clock.LAST_YEAR:
        return day
    raise ValueError("not a year that can be meant")


def _date(value: Any) -> date:
    return _known_year(clock.parse_date(_text(value)))


def _moment(value: Any) -> date:
    text = _text(value)
    if len(text) <= 10:
        return _date(text)
    at = clock.parse_instant(text)
    _known_year(at)
    return at


def _clock(value: Any) -> time:
    return clock.parse_time(_text(value), closing=True)


def _opening(value: Any) -> time:
    return clock.parse_time(_text(value))


def _zone(value: Any) -> str:
    if clock.is_zone(_text(value)):
        return str(value)
    raise ValueError("not a zone")


def _weekday(value: Any) -> str:
    if value in words.DAYS or value in words.DAY_NAMES:
        return str(value)[:3]
    raise ValueError("not a day of the week")


def _on(value: Any) -> str:
    return UNSPECIFIED if value == UNSPECIFIED else _weekday(value)


def _weekdays(value: Any) -> tuple[str, ...]:
    named = {_weekday(one) for one in _listed(value)}
    return tuple(day for day in words.DAYS if day in named)


def _debts(value: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in _listed(value))


def _record(**readers: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not set(value) <= set(readers):
            raise ValueError("not a record of these words")
        return {name: readers[name](one) for name, one in value.items() if one is not None}

    return read


_ENTRY = _record(days=_weekdays, **{"from": _opening}, to=_clock, until=_date)


def _hours(value: Any) -> tuple[dict[str, Any], ...]:
    if value is True:
        return ({},)  # a withdrawal of all of them
    found = tuple(_ENTRY(one) for one in _listed(value))
    if not found:
        raise ValueError("no hours")
    return found


def _parts(value: Any) -> dict[str, Decimal]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("not amounts by debt")
    return {name: _amount(one) for name, one in value.items()}


def _debt_or_true(value: Any) -> Any:
    return value if isinstance(value, bool) else _debts(value)


def _answer(value: Any) -> str:
    if value in ANSWERS:
        return ANSWERS[value]
    raise ValueError("not an answer")


def _beside(kind: str, value: Any) -> dict[str, Any]:
    allowed = {word: _flag for word in STATEMENTS[kind].beside if word != "debts"}
    read: dict[str, Any] = _record(**allowed)(value)
    return read


_CONSENT = _record(date=_date, on=_on, until=_moment)
_READERS: Final[dict[str, Reader]] = {
    "debt_or_true": _debt_or_true,
    "channel": _one_of(*words.CHANNELS),
    "hours": _hours,
    "place": _one_of(*PLACES),
    "clock": _clock,
    "zone": _zone,
    "true": _flag,
    "date": _date,
    "person": _text,
    "place_code": _text,
    "callback": _record(debt=_debts, on=_on),
    "messages": _record(max=_whole, within=_text),
    "reassigned": _record(point=_text, since=_date, answer=_answer),
    "bankruptcy": _record(filed=_date, chapter=_whole, case=_text),
    "hold": _one_of(*HOLDS),
    "money": _record(amount=_amount, date=_date),
}
_VALUES: Final = {**_READERS, "disputes": _parts, "consent": _CONSENT}
"""Readers of the column `value` alone."""
