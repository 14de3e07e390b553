"""Text -> positioned nodes. Values stay raw text; whoever reads a node knows what it should be.

Composed by ourselves from the events of PyYAML's C parser. Its own `compose` hides anchors,
aliases, tags and repeated keys, and recurses as deep as a file is nested; `load` would go on to
turn `21:00` into 1260 and `NO` into False.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from ..problem import Problem, quoted
from ..rule import Position

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_NODES: Final = 200_000
MAX_DEPTH: Final = 16
MAX_PROBLEMS: Final = 1_000
_STRANGE: Final = re.compile(
    "[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `line` and `column` count from 1; `start` and `end` are offsets into the text."""

    text: str
    line: int
    column: int
    length: int
    start: int
    end: int
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing was written at all, as after `max:`."""
        return self.plain and not self.text


@dataclass(frozen=True, slots=True)
class Seq:
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int
    length: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Map:
    """A mapping, in file order; of a word given twice only the first is kept."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int
    length: int
    start: int
    end: int

    def get(self, word: str) -> Node | None:
        """What stands under a word, or None."""
        for key, value in self.entries:
            if key.text == word:
                return value
        return None


Node = Scalar | Seq | Map


class TooMany(Exception):
    """Internal: a file has MAX_PROBLEMS problems and is read no further."""


@dataclass(slots=True)
class Sheet:
    """One file being read: its `path` as shown, its `text`, and the problems found so far."""

    path: str
    text: str = ""
    problems: list[Problem] = field(default_factory=list)
    _lines: list[str] | None = None

    def line(self, number: int) -> str:
        """A line of the file by its number from 1, "" past the end."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines[number - 1] if number <= len(self._lines) else ""

    def report(self, code: str, node: Node | None, message: str, hint: str = "") -> None:
        """Note a problem with a node, or with the file's beginning."""
        if node is None:
            self.at(code, 1, 1, message, hint)
        else:
            self.at(code, node.line, node.column, message, hint, node.length)

    def at(
        self, code: str, line: int, column: int, message: str, hint: str = "", length: int = 1
    ) -> None:
        """Note a problem at a line and column; length 0 marks the rest of the line.

        Raises TooMany once the file has more problems than anybody reads.
        """
        excerpt = self.line(line)
        position = Position(self.path, line, column)
        marked = length or max(1, len(excerpt.rstrip()) - column + 1)
        self.problems.append(Problem(code, position, message, hint, marked, excerpt))
        if len(self.problems) >= MAX_PROBLEMS:
            more = f"reading stopped here, after {MAX_PROBLEMS} problems"
            self.problems.append(Problem("R048", position, more, "mend these first", 1, excerpt))
            raise TooMany


def compose(data: bytes, sheet: Sheet) -> Node | None:
    """Turn the bytes of a file into its root node, or None with every problem on the sheet.

    None only if the file cannot be read as a tree; a repeated word is reported and reading goes on.
    """
    if not _decode(data, sheet):
        return None
    before = len(sheet.problems)
    root = _root(sheet)
    broken = any(problem.code != "R012" for problem in sheet.problems[before:])
    return None if broken else root


def _decode(data: bytes, sheet: Sheet) -> bool:
    """Put the text on the sheet, LF only; False, with the problems, if it is none we read."""
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1024 / 1024:.1f} MiB"
        hint = "a rule file holds one act or one place; split it"
        sheet.report("R002", None, f"the file has {size}; at most 2 MiB are read", hint)
        return False
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8 text (byte {error.start + 1} cannot be read)"
        sheet.at("R003", line, 1, message, "save it as UTF-8")
        return False
    sheet.text = text.replace("\r\n", "\n")
    if "\x00" in text:
        sheet.report("R003", None, "the file is not text but binary", "save it as UTF-8")
        return False
    before = len(sheet.problems)
    for found in _STRANGE.finditer(sheet.text):
        line, column = _spot(sheet.text, found.start())
        code = f"U+{ord(found.group()):04X}"
        sheet.at("R004", line, column, f"the character {code} has no place here", "delete it")
    for found in re.finditer("\t+", sheet.text):
        line, column = _spot(sheet.text, found.start())
        sheet.at("R005", line, column, "a tab", "write spaces", len(found.group()))
    if len(sheet.problems) == before and not _has_content(sheet.text):
        sheet.report("R006", None, "the file is empty", "start with `format: 1`")
    return len(sheet.problems) == before


def _spot(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n"))


def _root(sheet: Sheet) -> Node | None:
    builder = _Builder(sheet)
    try:
        events: Iterator[Any] = yaml.parse(sheet.text, Loader=yaml.CSafeLoader)
        for event in events:
            if not builder.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        _syntax(sheet, error)
        return None
    if builder.root is None or (isinstance(builder.root, Scalar) and builder.root.empty):
        sheet.report("R006", None, "the file is empty", "start with `format: 1`")
        return None
    return builder.root


def _syntax(sheet: Sheet, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = ""
    if error.context:
        began = f" that begins on line {error.context_mark.line + 1}" if error.context_mark else ""
        hint = f"{error.context}{began}"
    sheet.at("R007", line, column, f"not YAML: {error.problem or 'cannot be read'}", hint)


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("children", "event", "is_map")

    def __init__(self, event: Any, is_map: bool) -> None:
        self.event = event
        self.is_map = is_map
        self.children: list[Node] = []


class _Builder:
    """Puts events together; `root` is the finished tree."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.nodes = 0

    def take(self, event: Any) -> bool:
        """Take one event; False if the file should be read no further."""
        if isinstance(event, yaml.ScalarEvent):
            self._check(event)
            return self._put(_scalar(event))
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check(event)
            return self._open(event)
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            return self._put(self._close(event))
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"an alias `*{event.anchor}`", "write the value out")
            return self._put(_empty(event))
        if isinstance(event, yaml.DocumentStartEvent):
            return self._document(event)
        return True

    def _document(self, event: Any) -> bool:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if event.version or event.tags:
            hint = "leave out lines that begin with `%`"
            self.sheet.at("R009", line, column, "a directive", hint)
        if self.root is None:
            return True
        hint = "one file holds one act or one place; leave out `---`"
        self.sheet.at("R008", line, column, "a second document in one file", hint, 3)
        return False

    def _check(self, event: Any) -> None:
        if event.anchor is not None:
            hint = "write the value out where it is used"
            self._refuse(event, f"an anchor `&{event.anchor}`", hint)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"a tag {quoted(tag)}", "leave it out; the word decides the type")

    def _refuse(self, event: Any, what: str, hint: str) -> None:
        mark = event.start_mark
        self.sheet.at("R009", mark.line + 1, mark.column + 1, what, hint)

    def _open(self, event: Any) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            mark = event.start_mark
            message = f"nested more than {MAX_DEPTH} deep"
            self.sheet.at("R010", mark.line + 1, mark.column + 1, message)
            return False
        self.stack.append(_Open(event, isinstance(event, yaml.MappingStartEvent)))
        return True

    def _put(self, node: Node) -> bool:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            message = f"the file has more than {MAX_NODES:,} values"
            self.sheet.report("R002", node, message, "split it")
            return False
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        return True

    def _close(self, event: Any) -> Node:
        opened = self.stack.pop()
        children = opened.children
        start, end = opened.event.start_mark, event.end_mark
        if opened.event.flow_style:
            length = end.column - start.column if end.line == start.line else 0
        else:
            length = children[0].length if children else 1
        spot = (start.line + 1, start.column + 1, length, start.index, end.index)
        if not opened.is_map:
            return Seq(tuple(children), *spot)
        return Map(self._entries(children), *spot)

    def _entries(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        found: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.sheet.report("R011", key, "a word was expected before `:`")
            elif key.text == "<<" and key.plain:
                self.sheet.report("R009", key, "a merge key `<<`", "write the words out")
            elif key.text in found:
                first = found[key.text][0].line
                message = f"{quoted(key.text)} is given twice; first on line {first}"
                self.sheet.report("R012", key, message, "keep one of them")
            else:
                found[key.text] = (key, value)
        return tuple(found.values())


def _scalar(event: Any) -> Scalar:
    start, end = event.start_mark, event.end_mark
    length = max(1, end.column - start.column) if end.line == start.line else 0
    spot = (start.line + 1, start.column + 1, length, start.index, end.index)
    return Scalar(event.value, *spot, plain=not event.style)


def _empty(event: Any) -> Scalar:
    mark = event.start_mark
    return Scalar("", mark.line + 1, mark.column + 1, 1, mark.index, mark.index)
