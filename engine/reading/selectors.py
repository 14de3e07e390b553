"""What counts, and every event: `counting`, `after`, `until`, `since` and `happened`.

A selector of contacts takes what it leaves out from its rule (channels, to, whom, types of debt);
`any` widens it to everything. To a selector of statements, knowledge or dates these mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .. import words
from ..rule import Exclusion, Happened, Selector
from . import vocabulary as v
from .nodes import Map, Node, Scalar, Sheet
from .values import (
    ANY_PERIOD,
    DAYS_ONLY,
    LASTING,
    fields,
    listed,
    need,
    period,
    several,
    truth,
    word,
)

ELECTRONIC: Final = "electronic"
SELECTOR_WORDS: Final = (
    "what",
    "channels",
    "direction",
    "to",
    "whom",
    "debts",
    "purpose",
    "content",
    "technology",
    "result",
    "medium",
    "timely",
    "initiated_by",
    "which",
    "not",
)
OF_CONTACTS_ONLY: Final = (
    "direction",
    "purpose",
    "content",
    "technology",
    "result",
    "initiated_by",
)
OF_STATEMENTS_ONLY: Final = ("medium", "timely")
OF_DATES: Final = ("what", "which", "not")
HAPPENED_WORDS: Final = ("happened", "within", "older_than", "since", "unless_followed")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule gives its selectors: channels, kinds of point, owner roles, debts, its place."""

    channels: frozenset[str]
    to: frozenset[str] | None
    whom: frozenset[str] | None
    debts: frozenset[str] | None
    place: str | None = None


def channels(sheet: Sheet, node: Node, base: frozenset[str]) -> frozenset[str]:
    """Channels listed, or `{not: [...]}`: what is left of `base`, the channels if left out."""
    said, others = _or_not(sheet, node, v.CHANNEL, "channels")
    if not others:
        return frozenset(said)
    left = base - set(said)
    if not left:
        sheet.report("R038", node, "no channel is left", "leave one in")
    return left


def points(sheet: Sheet, node: Node) -> frozenset[str]:
    """Kinds of contact point, groups opened; `electronic` leaves a mark (Rule.reaches)."""
    said, others = _or_not(sheet, node, v.POINT, "to")
    named = words.kinds_of_words(frozenset(said))
    if not others:
        return named | ({ELECTRONIC} if ELECTRONIC in said else frozenset())
    left = frozenset(words.POINT_KINDS) - named
    return left | ({f"-{ELECTRONIC}"} if ELECTRONIC in said else frozenset())


def debts(sheet: Sheet, node: Node) -> frozenset[str]:
    """Types of debt listed, or all but those in `{not: [...]}`."""
    said, others = _or_not(sheet, node, v.DEBT, "debts")
    return frozenset(words.DEBT_TYPES) - set(said) if others else frozenset(said)


def whom(sheet: Sheet, node: Node) -> frozenset[str]:
    """Owner roles, groups such as `consumer` opened (12 CFR 1006.6(a))."""
    roles: set[str] = set()
    for one in several(sheet, node, v.WHOM, "whom"):
        roles |= words.WHOM[one]
    return frozenset(roles)


def _or_not(sheet: Sheet, node: Node, of: v.Vocabulary, name: str) -> tuple[tuple[str, ...], bool]:
    """The words given, and whether they are those left out."""
    if not isinstance(node, Map):
        return several(sheet, node, of, name), False
    found = fields(sheet, node, ("not",), f"`{name}`", of.anchor)
    need(sheet, node, found, ("not",), f"`{name}`", of.anchor)
    return (several(sheet, found["not"], of, "not"), True) if "not" in found else ((), True)


def exclusions(sheet: Sheet, node: Node, name: str) -> tuple[Exclusion, ...]:
    """The entries of `not` or `exempt`: a word, `{returned_within: N days}`, `{all: [...]}`."""
    return tuple(_exclusion(sheet, item) for item in listed(sheet, node, name))


def _exclusion(sheet: Sheet, node: Node) -> Exclusion:
    if not isinstance(node, Map):
        return _one_exclusion(sheet, node)
    found = fields(sheet, node, ("all", "returned_within"), "an exclusion", v.EXCLUSION.anchor)
    if "all" not in found:
        return _one_exclusion(sheet, node)
    parts = [_one_exclusion(sheet, item) for item in listed(sheet, found["all"], "all")]
    days = [part.days for part in parts if part.days is not None]
    names = tuple(name for part in parts for name in part.words)
    return Exclusion(names, days[0] if days else None)


def _one_exclusion(sheet: Sheet, node: Node) -> Exclusion:
    if isinstance(node, Map):
        found = fields(sheet, node, ("returned_within",), "an exclusion", v.EXCLUSION.anchor)
        if "returned_within" not in found:
            if not node.entries:
                sheet.report("R011", node, "an exclusion is a word, not an empty mapping")
            return Exclusion(())
        span = period(sheet, found["returned_within"], "returned_within", ("day",))
        return Exclusion(("returned_within",), span.count)
    if isinstance(node, Scalar) and node.text == "returned_within":
        message = "`returned_within` needs its days"
        sheet.report("R023", node, message, "write `{returned_within: 14 days}`")
        return Exclusion(())
    return Exclusion((word(sheet, node, v.EXCLUSION),))


def event(sheet: Sheet, node: Node, scope: Scope) -> Selector:
    """A selector: a bare word, or a mapping with `what`."""
    return followed(sheet, node, scope, ())[0]


def followed(
    sheet: Sheet, node: Node, scope: Scope, beside: tuple[str, ...]
) -> tuple[Selector, Mapping[str, Node]]:
    """A selector, and the nodes of the words `beside` it that its mapping may also have."""
    if isinstance(node, Scalar):
        return _selector(sheet, node, word(sheet, node, v.EVENT), {}, scope), {}
    known = SELECTOR_WORDS + beside
    found = fields(sheet, node, known, "a selector", "selectors")
    if not isinstance(node, Map) or not need(
        sheet, node, found, ("what",), "a selector", "selectors"
    ):
        return Selector(""), {}
    what = word(sheet, found["what"], v.EVENT) if "what" in found else ""
    rest = {name: found[name] for name in beside if name in found}
    return _selector(sheet, node, what, found, scope), rest


def _selector(
    sheet: Sheet, node: Node, what: str, found: Mapping[str, Node], scope: Scope
) -> Selector:
    of_contacts = what in words.COUNTS
    _fits(sheet, found, what)

    def given(name: str, read: Callable[[Node], frozenset[str]], own: frozenset[str] | None
              ) -> frozenset[str] | None:  # fmt: skip
        if name not in found:
            return own if of_contacts else None
        if name == "channels" and not of_contacts and _is_any(found[name]):
            return frozenset(words.CHANNELS)  # left out, a word about a medium is about ours
        return None if _is_any(found[name]) else read(found[name])

    def listed_of(name: str, of: v.Vocabulary) -> frozenset[str] | None:
        return given_only(name, lambda one: frozenset(several(sheet, one, of, name)))

    def given_only(name: str, read: Callable[[Node], frozenset[str]]) -> frozenset[str] | None:
        return None if name not in found or _is_any(found[name]) else read(found[name])

    def chosen(name: str, of: v.Vocabulary, own: str) -> str:
        return word(sheet, found[name], of) if name in found else own

    of_debts = chosen("debts", v.OF_DEBTS, "attributed")
    return Selector(
        what=what,
        channels=given("channels", lambda n: channels(sheet, n, words.DEFAULT_CHANNELS),
                       scope.channels),
        direction=chosen("direction", v.DIRECTION, "out"),
        to=given("to", lambda n: points(sheet, n), scope.to),
        whom=given("whom", lambda n: whom(sheet, n), scope.whom),
        types=scope.debts if of_contacts and of_debts != "any" else None,
        debts="attributed" if of_debts == "any" else of_debts,
        purpose=listed_of("purpose", v.PURPOSE),
        content=listed_of("content", v.CONTENT),
        technology=listed_of("technology", v.TECHNOLOGY),
        result=listed_of("result", v.RESULT),
        medium=given_only("medium", lambda n: media(several(sheet, n, v.MEDIUM, "medium"))),
        timely=truth(sheet, found["timely"], "timely") if "timely" in found else None,
        places=_declared_in(scope.place) if what == "public_health_emergency" else None,
        initiated_by=chosen("initiated_by", v.INITIATOR, "") or None,
        which=chosen("which", v.WHICH, "latest"),
        not_=exclusions(sheet, found["not"], "not") if "not" in found else (),
    )  # fmt: skip


def _declared_in(place: str | None) -> frozenset[str] | None:
    """A place and the state it lies in: what is declared elsewhere is no concern of its rules."""
    return frozenset({place, "-".join(place.split("-")[:2])}) if place is not None else None


def media(named: tuple[str, ...]) -> frozenset[str]:
    """Media with their groups opened: written is any but oral, electronic any that is sent so."""
    opened = set(named)
    if "written" in named:
        opened |= set(words.MEDIA) - {"oral"}
    if "electronic" in named:
        opened |= words.ELECTRONIC_MEDIA
    return frozenset(opened)


def _fits(sheet: Sheet, found: Mapping[str, Node], what: str) -> None:
    """Report words that mean nothing for what is selected."""
    if not what:
        return
    wrong: tuple[str, ...]
    if what in words.COUNTS:
        wrong, are = OF_STATEMENTS_ONLY, "contacts"
    elif what in words.ACCOUNT_DATES:
        wrong = tuple(name for name in SELECTOR_WORDS if name not in OF_DATES)
        are = "a date of the account"
    else:
        wrong, are = OF_CONTACTS_ONLY, "statements"
    for name in wrong:
        if name in found:
            message = f"`{name}` means nothing of {are} (`what: {what}`)"
            sheet.report("R037", found[name], message, f"see {v.README}#selectors")


def _is_any(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text == "any"


def happened(sheet: Sheet, node: Map, scope: Scope) -> Happened:
    """`{happened: SELECTOR, within | older_than | since, unless_followed}`."""
    found = fields(sheet, node, HAPPENED_WORDS, "`happened`", "happened")
    if "happened" not in found:
        return Happened(Selector(""))
    at_most_one(sheet, node, ("within", "older_than", "since"), found)
    within = found.get("within")
    older = found.get("older_than")
    since = found.get("since")
    after: Selector | None = None
    span = None
    if "unless_followed" in found:
        after, beside = followed(sheet, found["unless_followed"], scope, ("within",))
        if "within" in beside:
            span = period(sheet, beside["within"], "within", LASTING)
    return Happened(
        event=event(sheet, found["happened"], scope),
        within=period(sheet, within, "within", ANY_PERIOD) if within else None,
        older_than=period(sheet, older, "older_than", DAYS_ONLY) if older else None,
        since=event(sheet, since, scope) if since else None,
        unless_followed=after,
        followed_within=span,
    )


def at_most_one(
    sheet: Sheet, node: Node, names: tuple[str, ...], found: Mapping[str, Node]
) -> None:
    """Report words of which only one may be given."""
    given = [name for name in names if name in found]
    if len(given) > 1:
        both = " and ".join(f"`{name}`" for name in given)
        sheet.report("R035", node, f"{both} exclude each other", "keep one of them")
