"""What stands under `says`: every word of the catalogue, its value read by its shape.

The value a `Statement` carries, by shape (catalogue.SHAPES): ids are texts and tuples of texts;
`disputes` a tuple of ids and of {debt, amount: Decimal}; hours a tuple of {days, from, to, until}
with `days` of words.DAYS, times, and a date; {debt, number, date, on, until} and the like a dict
of what was given, dates as dates and instants in UTC; `true` a bool; `date` a date; `clock` a time;
`messages` {max: int, within: "7 days"}; `money` {amount: Decimal, date}.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from .. import words
from ..facts import catalogue
from ..reading.nodes import Map, Node, Scalar, Seq, Sheet
from . import values

PLACES: Final = ("home", "work")
ANSWERS: Final = ("yes", "no", "no_data", "true", "false")
UNSPECIFIED: Final = "unspecified"
BESIDE: Final = frozenset(word for one in catalogue.STATEMENTS.values() for word in one.beside)


class Known:
    """The ids that a case declares: what `says` may name."""

    __slots__ = ("consumer", "debts", "points")

    def __init__(self, consumer: str, debts: Collection[str], points: Collection[str]) -> None:
        """Take the ids; nothing is copied."""
        self.consumer = consumer
        self.debts = debts
        self.points = points

    def debt(self, sheet: Sheet, node: Node | None, what: str) -> str | None:
        """A debt that the case declares."""
        return self._declared(sheet, node, what, self.debts, "debt")

    def debts_of(self, sheet: Sheet, node: Node | None, what: str) -> tuple[str, ...] | None:
        """Debts that the case declares, as a list or one alone; None if left out."""
        if values.empty(node) or node is None:
            return None
        found = (self.debt(sheet, one, what) for one in values.several(node))
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def point(self, sheet: Sheet, node: Node | None, what: str) -> str | None:
        """A contact point that the case declares."""
        return self._declared(sheet, node, what, self.points, "contact point")

    def _declared(
        self, sheet: Sheet, node: Node | None, what: str, ids: Collection[str], kind: str
    ) -> str | None:
        found = values.name(sheet, node, what)
        if found is None or found in ids:
            return found
        listed = ", ".join(ids) or "none"
        message = f"{what}: `{values.shown(found)}` is no {kind} of this case"
        sheet.report("R028", node, message, f"declared: {values.shown(listed)}")
        return None


Reader = Callable[[Sheet, Node, str, Known], Any]


def read(sheet: Sheet, node: Map, ids: Known) -> list[tuple[str, Any, dict[str, Any]]]:
    """Every (word, value, words beside it) under one `says`; problems go to the sheet."""
    values.known(sheet, node, (*catalogue.STATEMENTS, *BESIDE), "says")
    main = [(k, v) for k, v in node.entries if k.text in catalogue.STATEMENTS]
    more: dict[str, Any] = {}
    for key, value in node.entries:
        word = key.text
        if word not in BESIDE or word in catalogue.STATEMENTS:
            continue
        if not any(word in catalogue.STATEMENTS[k.text].beside for k, _ in main):
            sheet.report("R037", key, f"`{word}` in says stands beside no word it belongs to")
        elif word == "debts":
            more[word] = ids.debts_of(sheet, value, word)
        else:
            more[word] = values.boolean(sheet, value, word)
    found = []
    for key, value in main:
        saying = catalogue.STATEMENTS[key.text]
        read_value = _given(sheet, key, value, ids)
        beside = {w: more[w] for w in saying.beside if more.get(w) is not None}
        found.append((key.text, read_value, beside))
    if not node.entries:
        sheet.report("R029", node, "says nothing: one word at least must stand there")
    return found


def _given(sheet: Sheet, key: Scalar, node: Node, ids: Known) -> Any:
    if values.empty(node):
        sheet.report("R029", key, f"`{key.text}` needs a value", _shape(key.text))
        return None
    return _READERS[catalogue.STATEMENTS[key.text].shape](sheet, node, key.text, ids)


def _shape(word: str) -> str:
    return catalogue.SHAPES[catalogue.STATEMENTS[word].shape]


def _debts(sheet: Sheet, node: Node, what: str, ids: Known) -> tuple[str, ...]:
    found = ids.debts_of(sheet, node, what) or ()
    if isinstance(node, Seq) and not node.items:
        sheet.report("R038", node, f"{what} names no debt")
    return found


def _disputes(sheet: Sheet, node: Node, what: str, ids: Known) -> tuple[Any, ...]:
    if isinstance(node, Seq) and not node.items:
        sheet.report("R038", node, f"{what} names no debt")
    found: list[Any] = []
    for one in values.several(node):
        if not isinstance(one, Map):
            found.append(ids.debt(sheet, one, what))
            continue
        values.known(sheet, one, ("debt", "amount"), what)
        debt = ids.debt(sheet, one.get("debt"), f"{what}: debt")
        amount = values.amount(sheet, one.get("amount"), f"{what}: amount")
        if debt is None and values.empty(one.get("debt")):
            sheet.report("R029", one, f"{what}: `debt` is missing")
        found.append({"debt": debt, "amount": amount} if amount is not None else debt)
    return tuple(found)


def _debt_or_true(sheet: Sheet, node: Node, what: str, ids: Known) -> Any:
    if isinstance(node, Scalar) and node.text.casefold() in ("true", "false"):
        return node.text.casefold() == "true"
    return _debts(sheet, node, what, ids)


def _points(sheet: Sheet, node: Node, what: str, ids: Known) -> tuple[str, ...]:
    found = (ids.point(sheet, one, what) for one in values.several(node))
    return tuple(one for one in found if one is not None)


def _hours(sheet: Sheet, node: Node, what: str, ids: Known) -> tuple[dict[str, Any], ...]:
    del ids
    if isinstance(node, Scalar) and node.text.casefold() == "true" and what.startswith("withdraws"):
        return ({},)  # all of them
    if isinstance(node, Seq) and not node.items:
        sheet.report("R038", node, f"{what} names no hours")
    found = []
    for one in values.several(node):
        entry = values.mapping(sheet, one, what)
        if entry is None:
            continue
        values.known(sheet, entry, ("days", "from", "to", "until"), what)
        read_entry = {
            "days": values.weekdays(sheet, entry.get("days"), f"{what}: days"),
            "from": values.wall(sheet, entry.get("from"), f"{what}: from"),
            "to": values.wall(sheet, entry.get("to"), f"{what}: to", closing=True),
            "until": values.day(sheet, entry.get("until"), f"{what}: until"),
        }
        found.append({word: value for word, value in read_entry.items() if value is not None})
    return tuple(found)


def _on(sheet: Sheet, node: Node | None, what: str) -> Any:
    found = values.choice(sheet, node, (UNSPECIFIED, *words.DAYS, *words.DAY_NAMES), what)
    return found if found is None or found == UNSPECIFIED else found[:3]


def _consent(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("debt", "number", "date", "on", "until"), what)
    found = {
        "debt": ids.debts_of(sheet, entry.get("debt"), f"{what}: debt"),
        "number": ids.point(sheet, entry.get("number"), f"{what}: number"),
        "date": values.day(sheet, entry.get("date"), f"{what}: date"),
        "on": _on(sheet, entry.get("on"), f"{what}: on"),
        "until": values.moment(sheet, entry.get("until"), f"{what}: until"),
    }
    return {word: value for word, value in found.items() if value is not None}


def _callback(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("debt", "on"), what)
    found = {
        "debt": ids.debts_of(sheet, entry.get("debt"), f"{what}: debt"),
        "on": _on(sheet, entry.get("on"), f"{what}: on"),
    }
    return {word: value for word, value in found.items() if value is not None}


def _span(sheet: Sheet, node: Node | None, what: str) -> str | None:
    """A span as written, once it is known to be one."""
    found = values.period(sheet, node, what)
    return None if found is None else values.text(sheet, node, what)


def _messages(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    del ids
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("max", "within"), what)
    found = {
        "max": values.integer(sheet, entry.get("max"), f"{what}: max"),
        "within": _span(sheet, entry.get("within"), f"{what}: within"),
    }
    return {word: value for word, value in found.items() if value is not None}


def _reassigned(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("point", "since", "answer"), what)
    answer = values.choice(sheet, entry.get("answer"), ANSWERS, f"{what}: answer")
    found = {
        "point": ids.point(sheet, entry.get("point"), f"{what}: point"),
        "since": values.day(sheet, entry.get("since"), f"{what}: since"),
        "answer": {"true": "yes", "false": "no"}.get(answer or "", answer),
    }
    if values.empty(entry.get("point")):
        sheet.report("R029", entry, f"{what}: `point` is missing")
    return {word: value for word, value in found.items() if value is not None}


def _bankruptcy(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    del ids
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("filed", "chapter", "case"), what)
    found = {
        "filed": values.day(sheet, entry.get("filed"), f"{what}: filed"),
        "chapter": values.integer(sheet, entry.get("chapter"), f"{what}: chapter"),
        "case": values.text(sheet, entry.get("case"), f"{what}: case"),
    }
    return {word: value for word, value in found.items() if value is not None}


def _money(sheet: Sheet, node: Node, what: str, ids: Known) -> dict[str, Any]:
    del ids
    entry = values.mapping(sheet, node, what)
    if entry is None:
        return {}
    values.known(sheet, entry, ("amount", "date"), what)
    found = {
        "amount": values.amount(sheet, entry.get("amount"), f"{what}: amount"),
        "date": values.day(sheet, entry.get("date"), f"{what}: date"),
    }
    return {word: value for word, value in found.items() if value is not None}


_READERS: Final[dict[str, Reader]] = {
    "debts": _debts,
    "disputes": _disputes,
    "debt": lambda sheet, node, what, ids: ids.debt(sheet, node, what),
    "debt_or_true": _debt_or_true,
    "point": lambda sheet, node, what, ids: ids.point(sheet, node, what),
    "points": _points,
    "channel": lambda sheet, node, what, ids: values.channel(sheet, node, what),
    "hours": _hours,
    "place": lambda sheet, node, what, ids: values.choice(sheet, node, PLACES, what),
    "clock": lambda sheet, node, what, ids: values.wall(sheet, node, what, closing=True),
    "zone": lambda sheet, node, what, ids: values.zone(sheet, node, what),
    "true": lambda sheet, node, what, ids: values.boolean(sheet, node, what),
    "date": lambda sheet, node, what, ids: values.day(sheet, node, what),
    "person": lambda sheet, node, what, ids: values.person(sheet, node, what, ids.consumer),
    "place_code": lambda sheet, node, what, ids: values.place(sheet, node, what),
    "consent": _consent,
    "callback": _callback,
    "messages": _messages,
    "reassigned": _reassigned,
    "bankruptcy": _bankruptcy,
    "hold": lambda sheet, node, what, ids: values.choice(sheet, node, catalogue.HOLDS, what),
    "money": _money,
}
assert set(_READERS) == set(catalogue.SHAPES)
