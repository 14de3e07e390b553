"""`entries` of a place: what became of each entry that was researched about its law."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ..problem import did_you_mean, quoted
from .nodes import Map, Node, Scalar, Seq, Sheet
from .values import shape, text

_RULE: Final = re.compile(r"(?:[A-Za-z0-9_-]+/)?[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_KEY: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_SHAPE: Final = "write `[key-a, key-b]`, or a sentence that says why it is no rule"


@dataclass(frozen=True, slots=True)
class Entry:
    """A researched entry: `rules`, the ids of those that carry it, or `why` it became none."""

    rules: tuple[str, ...] = ()
    why: str = ""


def entries(sheet: Sheet, node: Node, place: str, keys: Collection[str]) -> dict[str, Entry]:
    """Read `entries`; `keys` are those of the file's own rules, without which a name is wrong.

    A text with a space in it is a reason; any other names a rule.
    """
    if not isinstance(node, Map):
        sheet.report("R011", node, f"`entries` is a mapping, not {shape(node)}", _SHAPE)
        return {}
    found = {}
    for key, value in node.entries:
        if not _KEY.fullmatch(key.text):
            hint = "small letters, digits and single hyphens, as in `calls-two-in-seven`"
            sheet.report("R041", key, f"the entry {quoted(key.text)} is not well formed", hint)
        found[key.text] = _entry(sheet, key, value, place, keys)
    return found


def _entry(sheet: Sheet, key: Scalar, value: Node, place: str, keys: Collection[str]) -> Entry:
    if isinstance(value, Map):
        sheet.report("R011", value, f"the entry `{key.text}` is a mapping", _SHAPE)
        return Entry()
    if isinstance(value, Scalar) and not _RULE.fullmatch(value.text):
        return Entry(why=text(sheet, value, key.text))
    items = value.items if isinstance(value, Seq) else (value,)
    if not items:
        sheet.report("R038", value, f"the entry `{key.text}` is an empty list", _SHAPE)
    named: dict[str, None] = {}
    for item in items:
        id = _named(sheet, item, place, keys)
        if id in named:
            sheet.report("R038", item, f"`{id}` is listed twice", "keep one of them")
        if id:
            named[id] = None
    return Entry(rules=tuple(named))


def _named(sheet: Sheet, item: Node, place: str, keys: Collection[str]) -> str:
    """The id of a rule named here, "" where that was reported."""
    if not isinstance(item, Scalar):
        sheet.report("R011", item, f"the name of a rule is a text, not {shape(item)}", _SHAPE)
        return ""
    act, slash, key = item.text.rpartition("/")
    if slash and act != place:
        return item.text
    if key not in keys:
        no_rule(sheet, item, keys)
        return ""
    return f"{place}/{key}"


def no_rule(sheet: Sheet, item: Scalar, known: Collection[str]) -> None:
    """Report a name that no rule has; `known` are those it may have meant."""
    message = f"there is no rule {quoted(item.text)}{did_you_mean(item.text, sorted(known))}"
    hint = "name a rule of this file, or one of another as `act/key`; a reason is a sentence"
    sheet.report("R049", item, message, hint)


def naming(node: Map, id: str) -> Scalar:
    """Where `entries`, which was read without a problem, names a rule of another file."""
    values = (value for _, value in node.entries)
    items = (
        one for value in values for one in (value.items if isinstance(value, Seq) else [value])
    )
    return next(one for one in items if isinstance(one, Scalar) and one.text == id)
