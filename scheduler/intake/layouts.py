"""Layouts: YAML that says which column of a foreign file is which of ours. README.md has the words.

Read like a rule file: all mistakes at once, with line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from engine.clock import is_zone
from engine.problem import Problems, did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Seq, Sheet, TooMany, compose, read_disk

from ..store.schema import EVERY
from . import results, wide_words
from .rows import IntakeError, NoRow, plain

FOLDER: Final = Path(__file__).parent / "layouts"
GENERIC: Final = "generic"
WIDE: Final = "wide"
"""The kind of a file that has everything in one row: see wide.py."""
VOID: Final = "void"
ASKED: Final = "asked"
README: Final = "scheduler/intake/README.md"
LAYOUT_WORDS: Final = ("format", "table", "origin", "columns", "results", "none", "empty")
COLUMN_WORDS: Final = (
    "column", "join", "value", "default", "map", "else", "format", "zone", "decimal", "find",
)  # fmt: skip
NONE_WORDS: Final = ("begins", "lacks", "has", "alone", "why")
FOUND: Final = ("consumer", "attributed_to", "discussed", "point")
"""Columns whose cells may name what the store knows in another way: see finding.py."""
DECIMALS: Final = (".", ",")


@dataclass(frozen=True, slots=True)
class From:
    """Where one of our columns comes from: the first of `columns` that the file has.

    `join`: of several, put together with a slash. `value` is what it always is; `default` what it
    is where the cell is empty or the file has no such column; `map` what its words mean here, and
    `other` what any other does. `formats`, `zone` and `decimal` are as `values.typed` takes them;
    the zone ASKED is the import's. `find`: it names an account or a consumer of the store, or a
    number of that consumer.
    """

    columns: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    value: str | None = None
    default: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    formats: tuple[str, ...] = ()
    zone: str = ""
    decimal: str = "."
    find: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout. `table` "": for any. A column of ours that it leaves out goes by its own name.

    `results` None: our own words. `none` says which lines are no rows; `empty` are words for
    nothing.
    """

    name: str
    table: str = ""
    origin: str = ""
    columns: Mapping[str, From] = field(default_factory=dict)
    results: results.Codes | None = None
    none: tuple[NoRow, ...] = ()
    empty: frozenset[str] = frozenset()

    def source(self, column: str) -> From:
        """Where a column of ours comes from."""
        return self.columns.get(column, From((column,)))

    def wanted(self, columns: Iterable[str]) -> frozenset[str]:
        """The names, made plain, by which a file may have these columns of ours."""
        sources = [self.source(name) for name in columns]
        return frozenset(plain(one) for each in sources for one in (*each.columns, *each.join))

    def told(self, values: Mapping[str, str]) -> Layout:
        """The layout with columns that are always the same."""
        more = {name: From(value=value) for name, value in values.items()}
        return replace(self, columns={**self.columns, **more})


def columns_of(kind: str) -> tuple[str, ...]:
    """The names that columns of a kind of file may have; "" for any table's."""
    if kind == WIDE:
        return tuple(wide_words.COLUMNS)
    tables = EVERY.values() if not kind else (EVERY[kind],)
    return (*dict.fromkeys(one for each in tables for one in each.schema), VOID)


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
    table = _text(sheet, found["table"], "table").replace("-", "_") if "table" in found else ""
    if table and table not in EVERY and table != WIDE:
        known = ", ".join((*(one.replace("_", "-") for one in EVERY), WIDE))
        sheet.report("R028", found["table"], "unknown table", f"the tables are {known}")
        table = ""
    empty = _names(sheet, found["empty"], "empty") if "empty" in found else ()
    return Layout(
        name,
        table,
        _text(sheet, found["origin"], "origin") if "origin" in found else "",
        _columns(sheet, found["columns"], table) if "columns" in found else {},
        _results(sheet, found["results"]) if "results" in found else None,
        _none(sheet, found["none"]) if "none" in found else (),
        frozenset(one.strip().casefold() for one in empty),
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


def _columns(sheet: Sheet, node: Node, table: str) -> dict[str, From]:
    found = {}
    for name, value in _fields(sheet, node, columns_of(table), "`columns`").items():
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
    if sum(word in found for word in ("column", "join", "value")) != 1:
        sheet.report("R036", node, f"`{name}` needs one of `column`, `join` and `value`")
    zone = found.get("zone")
    if zone is not None and not (
        isinstance(zone, Scalar) and (zone.text == ASKED or is_zone(zone.text))
    ):
        hint = f"as in `America/New_York`; or `{ASKED}`, for what `--zone` says"
        sheet.report("R025", zone, "not a time zone", hint)
    decimal = found.get("decimal")
    if decimal is not None and not (isinstance(decimal, Scalar) and decimal.text in DECIMALS):
        sheet.report("R028", decimal, "the sign before cents is a point or a comma")
    find = found.get("find")
    if find is not None and _yes(sheet, find, "find") and name not in FOUND:
        listed = ", ".join(FOUND)
        sheet.report("R037", find, f"`{name}` is not found in the store", f"those are {listed}")

    def told(word: str) -> str | None:
        return _text(sheet, found[word], word) if word in found else None

    def several(word: str) -> tuple[str, ...]:
        return _names(sheet, found[word], word) if word in found else ()

    return From(
        several("column"),
        several("join"),
        told("value"),
        told("default"),
        _map(sheet, found["map"]) if "map" in found else {},
        told("else"),
        several("format"),
        told("zone") or "",
        told("decimal") or ".",
        find is not None,
    )


def _yes(sheet: Sheet, node: Node, name: str) -> bool:
    if not (isinstance(node, Scalar) and node.text in ("yes", "true")):
        sheet.report("R030", node, f"`{name}` is yes, or left out")
    return True


def _map(sheet: Sheet, node: Node) -> dict[str, str]:
    pairs = _entries(sheet, node, "`map`", "words of the file to ours")
    return {key.text: _text(sheet, value, key.text) for key, value in pairs}


def _none(sheet: Sheet, node: Node) -> tuple[NoRow, ...]:
    found = []
    for item in node.items if isinstance(node, Seq) else (node,):
        words = _fields(sheet, item, NONE_WORDS, "`none`")
        if "why" not in words or len(words) < 2:
            hint = f"see {README}"
            sheet.report("R029", item, "it needs `why`, and how such a line is known", hint)
            continue
        has = {}
        if "has" in words:
            for key, value in _entries(sheet, words["has"], "`has`", "a column to its words"):
                has[key.text] = _names(sheet, value, key.text)
        begins, lacks = (
            _names(sheet, words[word], word) if word in words else ()
            for word in ("begins", "lacks")
        )
        alone = "alone" in words and _yes(sheet, words["alone"], "alone")
        found.append(NoRow(_text(sheet, words["why"], "why"), begins, lacks, has, alone))
    return tuple(found)


def _results(sheet: Sheet, node: Node) -> results.Codes:
    """Codes written out, or the name or file of a set of them."""
    if not isinstance(node, Scalar):
        return results.results_of(sheet, node)
    try:
        return results.load(node.text, Path(sheet.path).parent)
    except IntakeError as error:
        sheet.report("R028", node, str(error))
    except Problems as error:
        sheet.report("R001", node, f"the codes of {quoted(node.text)}: {error.problems[0].message}")
    return results.Codes({})
