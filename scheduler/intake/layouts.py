"""Layouts: YAML that says which column of a foreign file is which of ours. README.md has the words.

Read like a rule file: all mistakes at once, with line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine import words
from engine.clock import is_zone
from engine.problem import Problems, did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Seq, Sheet, TooMany, compose, read_disk

from ..store.schema import TABLES, Table
from .rows import IntakeError, plain

FOLDER: Final = Path(__file__).parent / "layouts"
GENERIC: Final = "generic"
README: Final = "scheduler/intake/README.md"
LAYOUT_WORDS: Final = ("format", "table", "origin", "columns", "results")
COLUMN_WORDS: Final = ("column", "value", "default", "format", "zone")


@dataclass(frozen=True, slots=True)
class From:
    """Where one of our columns comes from: the first of `columns` that the file has.

    `value` is what it always is; `default` what it is where the cell is empty. `format` and `zone`
    are as `values.typed` takes them.
    """

    columns: tuple[str, ...] = ()
    value: str | None = None
    default: str | None = None
    format: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout. `table` "": for any. A column of ours that it leaves out goes by its own name."""

    name: str
    table: str = ""
    origin: str = ""
    columns: Mapping[str, From] = field(default_factory=dict)
    results: Mapping[str, str] | None = None

    def source(self, column: str) -> From:
        """Where a column of ours comes from."""
        return self.columns.get(column, From((column,)))

    def wanted(self, columns: Iterable[str]) -> frozenset[str]:
        """The names, made plain, by which a file may have these columns of ours."""
        return frozenset(plain(one) for name in columns for one in self.source(name).columns)


def bundled() -> tuple[str, ...]:
    """The names of the layouts that come with Forbear."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def layout_of(name: str) -> Layout:
    """A layout by the name it comes with, or by its file. Raises Problems, IntakeError."""
    path = FOLDER / f"{name}.yaml" if name in bundled() else Path(name)
    if path.suffix not in (".yaml", ".yml"):
        near = did_you_mean(name, bundled())
        known = ", ".join(bundled())
        raise IntakeError(f"no layout `{name}`{near}; there are {known}, or name a YAML file")
    data, unread = read_disk(path, str(path))
    if data is None:
        raise Problems(unread)
    return read_layout(data, str(path), path.stem)


def read_layout(data: bytes, shown: str, name: str) -> Layout:
    """A layout from a file's bytes; `shown` is its path in messages. Raises Problems."""
    sheet = Sheet(shown)
    layout = Layout(name)
    try:
        root = compose(data, sheet)
        if root is not None:
            layout = _layout(sheet, root, name)
    except TooMany:
        pass
    if sheet.problems:
        raise Problems(sheet.problems)
    return layout


def _layout(sheet: Sheet, root: Node, name: str) -> Layout:
    found = _fields(sheet, root, LAYOUT_WORDS, "a layout")
    form = found.get("format")
    if not isinstance(form, Scalar) or form.text != "1":
        sheet.report("R047", form or root, "this version reads `format: 1`")
    table = (
        TABLES.get(_text(sheet, found["table"], "table").replace("-", "_"))
        if ("table" in found)
        else None
    )
    if "table" in found and table is None:
        known = ", ".join(one.replace("_", "-") for one in TABLES)
        sheet.report("R028", found["table"], "unknown table", f"the tables are {known}")
    return Layout(
        name,
        "" if table is None else table.name,
        _text(sheet, found["origin"], "origin") if "origin" in found else "",
        _columns(sheet, found["columns"], table) if "columns" in found else {},
        _results(sheet, found["results"]) if "results" in found else None,
    )


def _fields(sheet: Sheet, node: Node, known: tuple[str, ...], where: str) -> dict[str, Node]:
    hint = f"the words are {', '.join(known)}; see {README}"
    found: dict[str, Node] = {}
    for key, value in _entries(sheet, node, where, hint):
        if key.text not in known:
            near = did_you_mean(key.text, known)
            sheet.report("R013", key, f"unknown word {quoted(key.text)} in {where}{near}", hint)
        else:
            found[key.text] = value
    return found


def _entries(
    sheet: Sheet, node: Node, where: str, hint: str = ""
) -> tuple[tuple[Scalar, Node], ...]:
    if not isinstance(node, Map):
        sheet.report("R011", node, f"{where} is a mapping", hint)
        return ()
    for key, value in node.entries:
        if isinstance(value, Scalar) and value.empty:
            sheet.report("R029", key, f"`{key.text}` has no value", "give it one or leave it out")
    return tuple(
        (key, value)
        for key, value in node.entries
        if not (isinstance(value, Scalar) and value.empty)
    )


def _text(sheet: Sheet, node: Node, name: str) -> str:
    if isinstance(node, Scalar):
        return node.text
    sheet.report("R011", node, f"`{name}` is a text")
    return ""


def _columns(sheet: Sheet, node: Node, table: Table | None) -> dict[str, From]:
    tables = TABLES.values() if table is None else (table,)
    known = (*dict.fromkeys(one for each in tables for one in each.schema), "void")
    found = {}
    for name, value in _fields(sheet, node, known, "`columns`").items():
        if isinstance(value, Map):
            found[name] = _from(sheet, value, name)
        else:
            found[name] = From(_names(sheet, value, name))
    return found


def _names(sheet: Sheet, node: Node, name: str) -> tuple[str, ...]:
    items = node.items if isinstance(node, Seq) else (node,)
    if not items:
        sheet.report("R038", node, f"`{name}` is an empty list", "leave the word out instead")
    return tuple(_text(sheet, item, name) for item in items)


def _from(sheet: Sheet, node: Map, name: str) -> From:
    found = _fields(sheet, node, COLUMN_WORDS, f"`{name}`")
    if ("column" in found) == ("value" in found):
        sheet.report("R036", node, f"`{name}` needs either `column` or `value`")
    zone = found.get("zone")
    if zone is not None and not (isinstance(zone, Scalar) and is_zone(zone.text)):
        sheet.report("R025", zone, "not a time zone", "as in `America/New_York`")

    def told(word: str) -> str | None:
        return _text(sheet, found[word], word) if word in found else None

    return From(
        _names(sheet, found["column"], "column") if "column" in found else (),
        told("value"),
        told("default"),
        told("format") or "",
        told("zone") or "",
    )


def _results(sheet: Sheet, node: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    known = tuple(words.RESULTS)
    for key, value in _entries(sheet, node, "`results`", "codes of the dialer to our results"):
        result = _text(sheet, value, key.text)
        if result not in known:
            near = did_you_mean(result, known)
            message = f"unknown result {quoted(result)}{near}"
            sheet.report("R028", value, message, f"the results are {', '.join(known)}")
        found[key.text] = result
    return found
