"""Text of a case file -> cases. A word that is not known fails its case and is named.

`assume` and a case's `facts` are merged key by key before either is read; the case wins.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import Final

from ..problem import Problem
from ..reading.nodes import Map, Node, Scalar, Seq, Sheet, TooMany, compose
from . import facts_words, values
from .record import EXPECTED, BrokenCase, Case, CaseFile

FILE_WORDS: Final = (
    "format",
    "assume",
    "vectors",
    "set",
    "count",
    "read_me",
    "source",
    "classifications",
    "classifications_note",
)
CASE_WORDS: Final = (
    "id",
    "cite",
    "facts",
    "proposed_contact",
    "expected",
    "because",
    "rules",
    "verdict_only",
    "expected_calls_in_window",
    "safe_harbour",
    "validation_period_end_earliest",
    "limited_content_message",
    "classifications",
)
OFFICIAL: Final = "official interpretations"


def read(path: str, data: bytes) -> CaseFile:
    """Read a case file. Nothing is raised: problems stand in the file or in its broken cases."""
    sheet = Sheet(path)
    try:
        root = compose(data, sheet)
    except TooMany:
        root = None
    if root is None:
        return CaseFile(path, (), tuple(sheet.problems))
    repeated, sheet.problems = sheet.problems, []
    if not isinstance(root, Map):
        sheet.report("R011", root, "a case file must be words with values, as in `vectors: [...]`")
        return CaseFile(path, (), tuple(sheet.problems))
    vectors = _head(sheet, root)
    if vectors is None:
        return CaseFile(path, (), (*repeated, *sheet.problems))
    starts = [one.line for one in vectors]
    assume, rules = _assumed(sheet, root.get("assume"))
    official = _is_official(root)
    cases: list[Case | BrokenCase] = []
    for at, node in enumerate(vectors, 1):
        own = [one for one in repeated if bisect_right(starts, one.position.line) == at]
        page = Sheet(path, sheet.text, [], sheet._lines)
        cases.append(_case(page, node, at, assume, rules, official, own))
    above = [one for one in repeated if one.position.line < min(starts, default=1 << 60)]
    return CaseFile(path, tuple(cases), (*above, *sheet.problems))


def _head(sheet: Sheet, root: Map) -> tuple[Node, ...] | None:
    """The cases of a file, or None where it has none that can be read."""
    values.known(sheet, root, FILE_WORDS, "a case file")
    number = values.text(sheet, root.get("format"), "format")
    if number not in (None, "1"):
        message = f"format `{values.shown(number or '')}` is not one this version reads"
        sheet.report("R047", root.get("format"), message, "write `format: 1`")
        return None
    vectors = root.get("vectors")
    if values.empty(vectors):
        sheet.report("R029", root, "`vectors` is missing: the list of cases")
        return None
    if not isinstance(vectors, Seq):
        sheet.report("R011", vectors, "vectors must be a list of cases")
        return None
    if not vectors.items:
        sheet.report("R038", vectors, "vectors is empty")
    return vectors.items


def _assumed(sheet: Sheet, node: Node | None) -> tuple[Map | None, Node | None]:
    """What holds for every case: facts, and the rules asked."""
    assume = values.mapping(sheet, node, "assume")
    if assume is None:
        return None, None
    facts = tuple(entry for entry in assume.entries if entry[0].text != "rules")
    return replace(assume, entries=facts), assume.get("rules")


def _is_official(root: Map) -> bool:
    """Whether the file holds the official worked examples, whose `cite` serves as `because`.

    They name a `set`, or the Official Interpretations as their source.
    """
    source = root.get("source")
    named = isinstance(source, Scalar) and OFFICIAL in " ".join(source.text.casefold().split())
    return named or not values.empty(root.get("set"))


def _merged(assume: Map | None, own: Map | None) -> Map | None:
    """Two mappings as one, key by key, mappings in them likewise; the second wins."""
    if assume is None or own is None:
        return own or assume
    entries: dict[str, tuple[Scalar, Node]] = {entry[0].text: entry for entry in assume.entries}
    for key, node in own.entries:
        before = entries.get(key.text)
        if before is not None and isinstance(before[1], Map) and isinstance(node, Map):
            merged = _merged(before[1], node)
            entries[key.text] = (key, merged if merged is not None else node)
        else:
            entries[key.text] = (key, node)
    return replace(own, entries=tuple(entries.values()))


def _case(
    sheet: Sheet,
    node: Node,
    at: int,
    assume: Map | None,
    rules: Node | None,
    official: bool,
    repeated: list[Problem],
) -> Case | BrokenCase:
    id = f"case {at}"
    case: Case | None = None
    if isinstance(node, Map):
        named = node.get("id")
        if isinstance(named, Scalar) and named.text.strip():
            id = values.shown(named.text)
        try:
            case = _read(sheet, node, id, assume, rules, official)
        except TooMany:
            case = None
    else:
        sheet.report("R011", node, "a case must be words with values, as in `id: ...`")
    problems = (*repeated, *sheet.problems)
    if case is None or problems:
        return BrokenCase(id, sheet.path, node.line, _sorted(problems))
    return case


def _sorted(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: one.order))


def _read(
    sheet: Sheet, node: Map, id: str, assume: Map | None, rules: Node | None, official: bool
) -> Case | None:
    values.known(sheet, node, CASE_WORDS, "a case")
    if values.text(sheet, node.get("id"), "id") is None:
        sheet.report("R029", node, "a case needs an `id`")
    facts = _merged(assume, values.mapping(sheet, node.get("facts"), "facts"))
    read = facts_words.read(sheet, facts, node.get("proposed_contact"))
    expected = values.choice(sheet, node.get("expected"), EXPECTED, "expected")
    if values.empty(node.get("expected")):
        sheet.report("R029", node, "a case needs `expected`", f"one of: {', '.join(EXPECTED)}")
    own_rules = node.get("rules")
    asked = _acts(sheet, rules if own_rules is None else own_rules)
    because = _texts(sheet, node.get("because"), "because")
    verdict_only = values.boolean(sheet, node.get("verdict_only"), "verdict_only")
    harbour = values.boolean(sheet, node.get("safe_harbour"), "safe_harbour")
    end = values.day(
        sheet, node.get("validation_period_end_earliest"), "validation_period_end_earliest"
    )
    cite = "; ".join(_texts(sheet, node.get("cite"), "cite") or ())
    if read is None or expected is None:
        return None
    group, contact = read
    return Case(
        id=id,
        path=sheet.path,
        line=node.line,
        cite=cite,
        group=group,
        contact=contact,
        expected=expected,
        rules=asked,
        because=because,
        cite_decides=official and because is None,
        verdict_only=bool(verdict_only),
        expected_calls=_calls(sheet, node.get("expected_calls_in_window"), tuple(group.accounts)),
        safe_harbour=harbour,
        validation_period_end_earliest=end,
    )


def _acts(sheet: Sheet, node: Node | None) -> tuple[str, ...] | None:
    if values.empty(node) or node is None:
        return None
    found = (values.act(sheet, one, "rules") for one in values.several(node))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _texts(sheet: Sheet, node: Node | None, what: str) -> tuple[str, ...] | None:
    if values.empty(node) or node is None:
        return None
    found = (values.text(sheet, one, what) for one in values.several(node))
    return tuple(one for one in found if one is not None)


def _calls(sheet: Sheet, node: Node | None, debts: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    """Calls expected per unit: a debt, or several that are one, as in `SL1+SL2`."""
    entry = values.mapping(sheet, node, "expected_calls_in_window")
    found: dict[tuple[str, ...], int] = {}
    for key, value in entry.entries if entry is not None else ():
        unit = tuple(part.strip() for part in key.text.split("+"))
        for debt in unit:
            if debt not in debts:
                message = f"`{values.shown(debt)}` is no debt of this case"
                sheet.report("R028", key, f"expected_calls_in_window: {message}")
        number = values.integer(sheet, value, f"expected_calls_in_window of {'+'.join(unit)}")
        if number is None:
            if values.empty(value):
                sheet.report("R029", key, f"`{values.shown(key.text)}` needs a number")
        else:
            found[unit] = number
    return found
