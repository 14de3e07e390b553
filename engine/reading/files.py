"""A whole file: an act, a file of house policy, or a place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from ..problem import Problem, Problems, did_you_mean, quoted
from ..rule import Rule
from . import vocabulary as v
from .accounted import Entry, entries
from .nodes import MAX_BYTES, Map, Node, Scalar, Seq, Sheet, TooMany, compose
from .rules import Home, cite, roles, rule
from .values import fields, need, several, shape, text, whole, word

FORMAT: Final = "1"
ACT_WORDS: Final = ("format", "name", "cite", "rules")
PLACE_WORDS: Final = (
    "format",
    "jurisdiction",
    "name",
    "zones",
    "within",
    "licence",
    "recording_consent",
    "limitation_years",
    "encoded",
    "entries",
    "rules",
)
CODE: Final = re.compile(r"US-[A-Z]{2}(-[A-Z]{2,4})?", re.ASCII)
_ACT: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_LICENSED: Final = frozenset({"third_party", "law_firm", "servicer_in_default", "debt_buyer"})
_LICENCE_WORDS: Final = ("required", "who", "collectors", "cite", "confidence")
_NO_YEARS: Final[Mapping[str, int | None]] = {}


@dataclass(frozen=True, slots=True)
class Licence:
    """Whether collecting here takes a licence: `required` is yes, no or unknown.

    `who` needs it, in words; `collectors` are the roles of whom it is asked.
    """

    required: str
    who: str
    cite: tuple[str, ...]
    confidence: str
    collectors: frozenset[str] = _LICENSED


@dataclass(frozen=True, slots=True)
class RecordingConsent:
    """Whose consent a recording takes: `parties` is one, all or unknown."""

    parties: str
    cite: tuple[str, ...]
    confidence: str


@dataclass(frozen=True, slots=True)
class Place:
    """A jurisdiction: its code (US-MA), zones, the place it lies within, what it is known to ask.

    `encoded` is False where its law is not written yet (`encoded: none`). `limitation_years` gives
    years by kind of contract, None where nobody knows; empty where nothing is said. `entries` tells
    what became of each entry that was researched.
    """

    jurisdiction: str
    name: str
    zones: tuple[str, ...]
    within: str | None = None
    encoded: bool = True
    licence: Licence | None = None
    recording_consent: RecordingConsent | None = None
    limitation_years: Mapping[str, int | None] = field(default_factory=dict)
    limitation_cite: tuple[str, ...] = ()
    limitation_confidence: str = "low"
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file that was read: its path as shown, its act or place, its rules in file order."""

    path: str
    act: str
    name: str
    house: bool
    place: Place | None
    rules: tuple[Rule, ...]


def read_bytes(data: bytes, path: str) -> tuple[RuleFile | None, tuple[Problem, ...]]:
    """Read a rule file from its bytes: the file, or None and everything that is wrong with it.

    `path` is shown in messages and decides what the file is: its stem is the act, or the place's
    code; a file in a folder called `house` is policy.
    """
    sheet = Sheet(path)
    found: RuleFile | None = None
    try:
        root = compose(data, sheet)
        if root is not None:
            found = _file(sheet, root)
    except TooMany:
        pass
    return (None if sheet.problems else found), Problems(sheet.problems).problems


def read_file(path: Path, shown: str = "") -> tuple[RuleFile | None, tuple[Problem, ...]]:
    """Read a rule file from disk; `shown` is its path in messages. Unreadable is a problem too."""
    name = shown or path.as_posix()
    data, problems = read_disk(path, name)
    return read_bytes(data, name) if data is not None else (None, problems)


def read_disk(path: Path, shown: str) -> tuple[bytes | None, tuple[Problem, ...]]:
    """The bytes of a file, no more than just too many of them, or why it cannot be read."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                data += bytes(max(0, path.stat().st_size - len(data)))
            return data, ()
    except OSError as error:
        sheet = Sheet(shown)
        why = (error.strerror or "it cannot be opened").lower()
        sheet.report("R001", None, f"the file cannot be read: {why}")
        return None, tuple(sheet.problems)


def must_read(path: Path, shown: str = "") -> RuleFile:
    """Read a rule file; raises Problems if anything is wrong with it."""
    found, problems = read_file(path, shown)
    if found is None:
        raise Problems(problems)
    return found


def _file(sheet: Sheet, root: Node) -> RuleFile | None:
    if not isinstance(root, Map):
        hint = "it begins with `format: 1`; see rules/README.md#files"
        sheet.report("R011", root, f"a rule file is a mapping, not {shape(root)}", hint)
        return None
    where = PurePosixPath(sheet.path.replace("\\", "/"))
    if root.get("jurisdiction") is not None or where.parent.name == "jurisdictions":
        return _place_file(sheet, root, where)
    return _act_file(sheet, root, where)


def _act_file(sheet: Sheet, root: Map, where: PurePosixPath) -> RuleFile:
    found = fields(sheet, root, ACT_WORDS, "the file of an act", "files")
    need(sheet, root, found, ("format", "name", "rules"), "the file of an act", "files")
    _format(sheet, found)
    if not _ACT.fullmatch(where.stem):
        message = f"the file name {quoted(where.name)} is not an act's"
        sheet.report("R041", None, message, "small letters, digits and `_`, as in `fdcpa.yaml`")
    if "cite" in found:
        cite(sheet, found["cite"])
    house = where.parent.name == "house"
    name = text(sheet, found["name"], "name") if "name" in found else ""
    rules = _rules(sheet, found, Home(where.stem, None, house))
    return RuleFile(sheet.path, where.stem, name, house, None, rules)


def _place_file(sheet: Sheet, root: Map, where: PurePosixPath) -> RuleFile:
    found = fields(sheet, root, PLACE_WORDS, "the file of a place", "files")
    need(
        sheet,
        root,
        found,
        ("format", "jurisdiction", "name", "zones"),
        "the file of a place",
        "files",
    )
    _format(sheet, found)
    code = _code(sheet, found["jurisdiction"], "jurisdiction") if "jurisdiction" in found else ""
    if code and code != where.stem:
        message = f"the place `{code}` stands in a file called {quoted(where.name)}"
        sheet.report("R041", found["jurisdiction"], message, f"call it `{code}.yaml`")
    encoded = "encoded" not in found
    if not encoded:
        word(sheet, found["encoded"], v.ENCODED)
        if isinstance(rules := found.get("rules"), Seq) and rules.items:
            message = "`encoded: none` says that there are no rules, and here are some"
            sheet.report("R042", found["encoded"], message, "leave out one of them")
    elif root.get("rules") is None:
        message = "the file of a place needs `rules`"
        hint = "write `encoded: none` if its law is not written yet, `rules: []` if it adds nothing"
        sheet.report("R029", root, message, hint)
    name = text(sheet, found["name"], "name") if "name" in found else ""
    years, years_cite, years_confidence = _years(sheet, found)
    place = Place(
        code,
        name,
        several(sheet, found["zones"], v.ZONE, "zones") if "zones" in found else (),
        _code(sheet, found["within"], "within") if "within" in found else None,
        encoded,
        _licence(sheet, found),
        _recording(sheet, found),
        years,
        years_cite,
        years_confidence,
        entries(sheet, found["entries"], code, _keys(found)) if "entries" in found else {},
    )
    rules_found = _rules(sheet, found, Home(where.stem, code, False))
    return RuleFile(sheet.path, where.stem, name, False, place, rules_found)


def _format(sheet: Sheet, found: Mapping[str, Node]) -> None:
    given = found.get("format")
    if given is not None and not (isinstance(given, Scalar) and given.text == FORMAT):
        what = quoted(given.text) if isinstance(given, Scalar) else shape(given)
        sheet.report("R047", given, f"the format is {what}; this version reads 1")


def _code(sheet: Sheet, node: Node, name: str) -> str:
    code = text(sheet, node, name)
    if code and not CODE.fullmatch(code):
        near = did_you_mean(code.upper(), (f"US-{code.upper()[:2]}",)) if len(code) == 2 else ""
        message = f"{quoted(code)} is not the code of a place{near}"
        sheet.report("R041", node, message, "write it as in `US-MA` or `US-NY-NYC`")
        return ""
    return code


def _rules(sheet: Sheet, found: Mapping[str, Node], home: Home) -> tuple[Rule, ...]:
    node = found.get("rules")
    if node is None:
        return ()
    if not isinstance(node, Seq):
        sheet.report("R011", node, f"`rules` is a list, not {shape(node)}", "begin each with `-`")
        return ()
    first: dict[str, int] = {}
    for item in node.items:
        key = item.get("key") if isinstance(item, Map) else None
        if isinstance(key, Scalar) and key.text:
            if key.text in first:
                message = f"two rules have the key {quoted(key.text)}; the first is on line "
                hint = "an amendment has a key of its own"
                sheet.report("R034", key, f"{message}{first[key.text]}", hint)
            first.setdefault(key.text, key.line)
    return tuple(made for item in node.items if (made := rule(sheet, item, home)) is not None)


def _keys(found: Mapping[str, Node]) -> list[str]:
    """The keys of a file's rules, also of those that could not be read."""
    node = found.get("rules")
    keys = (
        [one.get("key") for one in node.items if isinstance(one, Map)]
        if isinstance(node, Seq)
        else []
    )
    return [key.text for key in keys if isinstance(key, Scalar)]


def _licence(sheet: Sheet, found: Mapping[str, Node]) -> Licence | None:
    if "licence" not in found:
        return None
    inner = fields(sheet, found["licence"], _LICENCE_WORDS, "`licence`", "files")
    need(sheet, found["licence"], inner, ("required", "confidence"), "`licence`", "files")
    said = word(sheet, inner["required"], v.LICENCE_REQUIRED) if "required" in inner else ""
    return Licence(
        {"true": "yes", "false": "no"}.get(said, "unknown"),
        text(sheet, inner["who"], "who") if "who" in inner else "",
        cite(sheet, inner["cite"]) if "cite" in inner else (),
        _confidence(sheet, inner),
        roles(sheet, inner) or _LICENSED,
    )


def _recording(sheet: Sheet, found: Mapping[str, Node]) -> RecordingConsent | None:
    name = "recording_consent"
    if name not in found:
        return None
    inner = fields(sheet, found[name], ("parties", "cite", "confidence"), f"`{name}`", "files")
    need(sheet, found[name], inner, ("parties", "confidence"), f"`{name}`", "files")
    return RecordingConsent(
        word(sheet, inner["parties"], v.PARTIES) if "parties" in inner else "",
        cite(sheet, inner["cite"]) if "cite" in inner else (),
        _confidence(sheet, inner),
    )


def _years(
    sheet: Sheet, found: Mapping[str, Node]
) -> tuple[Mapping[str, int | None], tuple[str, ...], str]:
    name = "limitation_years"
    if name not in found:
        return _NO_YEARS, (), "low"
    known = (*v.CONTRACTS, "cite", "confidence")
    inner = fields(sheet, found[name], known, f"`{name}`", "files")
    need(sheet, found[name], inner, ("confidence",), f"`{name}`", "files")
    years = {
        kind: _number_of_years(sheet, inner[kind], kind) for kind in v.CONTRACTS if kind in inner
    }
    cited = cite(sheet, inner["cite"]) if "cite" in inner else ()
    return years, cited, _confidence(sheet, inner)


def _number_of_years(sheet: Sheet, node: Node, name: str) -> int | None:
    if isinstance(node, Scalar) and node.text == "unknown":
        return None
    return whole(sheet, node, name)


def _confidence(sheet: Sheet, inner: Mapping[str, Node]) -> str:
    return word(sheet, inner["confidence"], v.CONFIDENCE) if "confidence" in inner else ""
