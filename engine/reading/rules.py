"""One rule: the words that every kind has, and the checks between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from .. import words
from ..kinds import Block, Body
from ..problem import quoted
from ..rule import Position, Rule
from . import vocabulary as v
from .bodies import KIND_WORDS, body, is_hour
from .entries import entries
from .nodes import Map, Node, Scalar, Sheet
from .selectors import Scope, channels, debts, points, whom
from .values import day, fields, need, several, shape, text, texts, word

SCOPE_WORDS: Final = ("channels", "to", "whom", "collectors", "debts", "reach")
COMMON_WORDS: Final = (
    "key",
    "kind",
    "says",
    "cite",
    "source",
    "confidence",
    "reviewed_on",
    "review_by",
    "force",
    *SCOPE_WORDS,
    "when",
    "unless",
    "effective_from",
    "effective_to",
)
NEEDED: Final = (
    "key",
    "kind",
    "says",
    "force",
    "effective_from",
    "cite",
    "source",
    "confidence",
)
_KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_DIGIT: Final = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Home:
    """The file a rule stands in: its act (the stem), its place or None, whether it is policy."""

    act: str
    place: str | None
    house: bool


def rule(sheet: Sheet, node: Node, home: Home) -> Rule | None:
    """One rule of a file, or None with its problems on the sheet."""
    if not isinstance(node, Map):
        sheet.report("R011", node, f"a rule is a mapping, not {shape(node)}")
        return None
    before = len(sheet.problems)
    given = node.get("kind")
    kind = word(sheet, given, v.KIND) if given is not None else ""
    known = tuple(dict.fromkeys(COMMON_WORDS + KIND_WORDS.get(kind, ())))
    found = fields(sheet, node, known, "a rule", "words", _of_others(sheet, node, kind))
    need(sheet, node, found, NEEDED, "a rule", "words")
    scope = _scope(sheet, found, kind, home.place)
    content: Body = body(sheet, node, kind, found, scope) if kind else Block()
    made = _rule(sheet, node, found, home, scope, content)
    return made if len(sheet.problems) == before else None


def _of_others(sheet: Sheet, node: Map, kind: str) -> frozenset[str]:
    """The words of other kinds: reported where the kind is known, let pass where it is not."""
    own = (*COMMON_WORDS, *KIND_WORDS.get(kind, ()))
    others = {
        name: other for other, names in KIND_WORDS.items() for name in names if name not in own
    }
    if kind:
        for key, _ in node.entries:
            if key.text in others:
                message = f"`{key.text}` is a word of a {others[key.text]}, not of a {kind}"
                sheet.report("R037", key, message, f"see {v.README}#{kind}")
    return frozenset(others)


def _scope(sheet: Sheet, found: Mapping[str, Node], kind: str, place: str | None) -> Scope:
    """Channels, kinds of point, roles and types of debt; a window leaves mail out by default."""
    base = words.DEFAULT_CHANNELS - ({"mail"} if kind == "window" else set())
    to = found.get("to")
    if to is not None and kind == "window" and is_hour(to):
        to = None
    return Scope(
        channels(sheet, found["channels"], base) if "channels" in found else base,
        points(sheet, to) if to is not None else None,
        whom(sheet, found["whom"]) if "whom" in found else None,
        debts(sheet, found["debts"]) if "debts" in found else None,
        place,
    )


def _rule(
    sheet: Sheet,
    node: Map,
    found: Mapping[str, Node],
    home: Home,
    scope: Scope,
    content: Body,
) -> Rule:
    def said(name: str) -> str:
        return text(sheet, found[name], name) if name in found else ""

    def chosen(name: str, of: v.Vocabulary, own: str) -> str:
        return word(sheet, found[name], of) if name in found else own

    effective = _dates(sheet, found)
    return Rule(
        key=_key(sheet, found["key"]) if "key" in found else "",
        act=home.act,
        says=said("says"),
        cite=cite(sheet, found["cite"]) if "cite" in found else (),
        source=said("source"),
        confidence=chosen("confidence", v.CONFIDENCE, ""),
        force=_force(sheet, found["force"], home) if "force" in found else "",
        body=content,
        channels=scope.channels,
        to=scope.to,
        whom=scope.whom,
        collectors=roles(sheet, found),
        debts=scope.debts,
        reach=chosen("reach", v.REACH, "consumer_place"),
        when=entries(sheet, found["when"], "when", scope) if "when" in found else (),
        unless=entries(sheet, found["unless"], "unless", scope) if "unless" in found else (),
        effective_from=effective[0],
        effective_to=effective[1],
        place=home.place,
        house=home.house,
        position=Position(sheet.path, node.line, node.column),
        reviewed_on=effective[2],
        review_by=effective[3],
    )


def _dates(
    sheet: Sheet, found: Mapping[str, Node]
) -> tuple[date | None, date | None, date | None, date | None]:
    start = _effect(sheet, found["effective_from"]) if "effective_from" in found else None
    end, reviewed, due = (
        day(sheet, found[name], name) if name in found else None
        for name in ("effective_to", "reviewed_on", "review_by")
    )
    if start and end and end <= start:
        message = f"`effective_to` {end} is not after `effective_from` {start}"
        hint = "it is the day after the last day in force"
        sheet.report("R033", found["effective_to"], message, hint)
    if reviewed and due and due < reviewed:
        message = f"`review_by` {due} is before `reviewed_on` {reviewed}"
        sheet.report("R033", found["review_by"], message, "review it, and set the next date")
    return start, end, reviewed, due


def _effect(sheet: Sheet, node: Node) -> date | None:
    if isinstance(node, Scalar) and node.text == "unknown":
        return None
    return day(sheet, node, "effective_from")


def _key(sheet: Sheet, node: Node) -> str:
    name = text(sheet, node, "key")
    if name and not _KEY.fullmatch(name):
        message = f"{quoted(name)} is not a key"
        sheet.report("R041", node, message, "small letters, digits and single hyphens")
    return name


def cite(sheet: Sheet, node: Node) -> tuple[str, ...]:
    """Citations, each of which must name a number at least."""
    given = texts(sheet, node, "cite")
    for one in given:
        if one and not _DIGIT.search(one):
            message = f"{quoted(one)} names no paragraph"
            hint = "cite to the paragraph, as in `12 CFR 1006.14(b)(2)(i)`"
            sheet.report("R040", node, message, hint)
    return given


def _force(sheet: Sheet, node: Node, home: Home) -> str:
    force = word(sheet, node, v.FORCE)
    if force and home.house and force != "policy":
        message = f"a rule of the house has force policy, not {force}"
        sheet.report("R039", node, message, "law stands in `rules` and `jurisdictions`")
    if force == "policy" and not home.house:
        message = "policy stands only in `rules/house`"
        sheet.report("R039", node, message, "here it is prohibition or presumption")
    return force


def roles(sheet: Sheet, found: Mapping[str, Node]) -> frozenset[str] | None:
    """Roles of the collector; third_party takes in law firms, and servicers of debts in default."""
    if "collectors" not in found:
        return None
    named = frozenset(several(sheet, found["collectors"], v.COLLECTOR, "collectors"))
    if "third_party" in named:
        named |= {"law_firm", "servicer_in_default"}
    if "servicer" in named:
        named |= {"servicer_in_default"}
    return named
