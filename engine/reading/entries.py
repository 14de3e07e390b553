"""The entries of `when`, `unless` and `needs`: facts, alone or with one typed parameter."""

from __future__ import annotations

from typing import Final

from ..facts import catalogue
from ..problem import did_you_mean, quoted
from ..rule import AllOf, AnyOf, Ask, Entry, Parameter
from . import vocabulary as v
from .nodes import Map, Node, Scalar, Sheet
from .selectors import HAPPENED_WORDS, Scope, happened
from .values import fields, listed, several, shape, whole

GROUPS: Final = ("all", "any")
_NOWHERE: Final = Ask("")


def entries(sheet: Sheet, node: Node, name: str, scope: Scope) -> tuple[Entry, ...]:
    """The entries of a list; one alone may stand without brackets."""
    return tuple(_entry(sheet, item, scope) for item in listed(sheet, node, name))


def _entry(sheet: Sheet, node: Node, scope: Scope) -> Entry:
    if not isinstance(node, Map) or not any(key.text in GROUPS for key, _ in node.entries):
        return _ask(sheet, node, scope)
    found = fields(sheet, node, GROUPS, "an entry", "entries")
    if len(found) > 1:
        message = "`all` and `any` exclude each other in one entry"
        sheet.report("R035", node, message, "write two entries")
    name = next(iter(found), "all")
    inner = (
        tuple(_inner(sheet, item, scope) for item in listed(sheet, found[name], name))
        if (found)
        else ()
    )
    return AllOf(inner) if name == "all" else AnyOf(inner)


def _inner(sheet: Sheet, node: Node, scope: Scope) -> Ask:
    if isinstance(node, Map) and any(key.text in GROUPS for key, _ in node.entries):
        message = "`all` and `any` go one level deep"
        sheet.report("R011", node, message, "write a second rule, or a new fact")
        return _NOWHERE
    return _ask(sheet, node, scope)


def _ask(sheet: Sheet, node: Node, scope: Scope) -> Ask:
    if isinstance(node, Scalar):
        return _alone(sheet, node)
    if not isinstance(node, Map):
        message = f"an entry is a fact, not {shape(node)}"
        sheet.report("R011", node, message, f"see {v.README}#entries")
        return _NOWHERE
    if node.get("happened") is not None:
        return Ask("happened", happened(sheet, node, scope))
    if len(node.entries) != 1:
        message = "an entry is one fact and its parameter"
        hint = f"write each fact as an entry of its own; see {v.README}#entries"
        if any(key.text in HAPPENED_WORDS for key, _ in node.entries):
            beside = "`within`, `older_than`, `since` and `unless_followed` go with `happened`"
            hint = f"{beside}; {hint}"
        sheet.report("R011", node, message, hint)
        return _NOWHERE
    key, value = node.entries[0]
    fact = _fact(sheet, key)
    return Ask(fact.name, _parameter(sheet, key, value, fact)) if fact else _NOWHERE


def _fact(sheet: Sheet, key: Scalar) -> catalogue.Fact | None:
    fact = catalogue.FACTS.get(key.text)
    if fact is None:
        near = did_you_mean(key.text, v.FACT.words)
        sheet.report("R018", key, f"unknown fact {quoted(key.text)}{near}", v.FACT.hint)
    return fact


def _alone(sheet: Sheet, node: Scalar) -> Ask:
    fact = _fact(sheet, node)
    if fact is None:
        return _NOWHERE
    if fact.parameter != "none":
        message = f"`{fact.name}` needs a parameter: {catalogue.PARAMETERS[fact.parameter]}"
        sheet.report("R019", node, message, f"write `{{{fact.name}: ...}}`")
    return Ask(fact.name)


def _parameter(sheet: Sheet, key: Scalar, node: Node, fact: catalogue.Fact) -> Parameter:
    kind = fact.parameter
    if kind == "none":
        message = f"`{fact.name}` takes no parameter"
        sheet.report("R019", key, message, f"write `{fact.name}` alone")
        return None
    if isinstance(node, Scalar) and node.empty:
        message = f"`{fact.name}` needs a parameter: {catalogue.PARAMETERS[kind]}"
        sheet.report("R019", key, message)
        return None
    if kind == "number":
        return whole(sheet, node, fact.name)
    if kind == "reply":
        return _reply(sheet, node, fact.name)
    return several(sheet, node, v.LISTS_OF[kind], fact.name)


def _reply(sheet: Sheet, node: Node, name: str) -> str | tuple[str, ...]:
    """One kind of reply, and `any_channel` beside it if a rule takes any channel."""
    given = several(sheet, node, v.REPLY, name)
    kinds = [one for one in given if one != "any_channel"]
    if given and len(kinds) != 1:
        message = f"`{name}` takes one kind of reply, and `any_channel` beside it"
        sheet.report("R019", node, message, v.REPLY.hint)
    return given[0] if len(given) == 1 else given
