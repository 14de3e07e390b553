"""The words of rule files as JSON Schema (draft 2020-12), for completion and marks in editors.

Written to rules/schema.json by `forbear rules schema`. It is looser than the reader, which has the
last word: a schema cannot say that a date exists or that two words exclude each other everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ..facts import catalogue
from . import vocabulary as v
from .bodies import KIND_WORDS
from .bodies import NEEDED as KIND_NEEDED
from .files import ACT_WORDS, PLACE_WORDS
from .rules import COMMON_WORDS, NEEDED
from .selectors import SELECTOR_WORDS

Json = dict[str, object]
_TEXT: Final[Json] = {"type": "string", "minLength": 1}
_WHOLE: Final[Json] = {"type": "integer", "minimum": 0}
_DATE: Final[Json] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_CLOCK: Final[Json] = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
_PERIOD: Final[Json] = {
    "type": "string",
    "pattern": r"^(\d+ (business days?|days?|hours?|months?)|calendar day|calendar month"
    r"|calendar week from sunday|business week|ever)$",
}
_KEY: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_CODE: Final[Json] = {"type": "string", "pattern": r"^US-[A-Z]{2}(-[A-Z]{2,4})?$"}


def schema_json() -> str:
    """The schema of rule files as JSON text, the same for the same version of this program."""
    document: Json = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Forbear rule file",
        "if": {"required": ["jurisdiction"]},
        "then": {"$ref": "#/$defs/place"},
        "else": {"$ref": "#/$defs/act"},
        "$defs": {
            "act": _mapping(ACT_WORDS, _file_words(), ("format", "name", "rules")),
            "place": _mapping(
                PLACE_WORDS, _file_words(), ("format", "jurisdiction", "name", "zones")
            ),
            "rule": _rule(),
            "selector": _mapping(SELECTOR_WORDS, _named("of", _selector_words()), ("what",)),
            "event": {"anyOf": [_ref("of_what"), _ref("selector")]},
            "following": _mapping(
                (*SELECTOR_WORDS, "within"),
                {**_named("of", _selector_words()), "within": _PERIOD},
                ("what",),
            ),
            "exclusions": _listed(_exclusion()),
            "ask": _ask(),
            "entries": _listed(_entry()),
            **{f"rule_{name}": word for name, word in {**_common_words(), **_kind_words()}.items()},
            **{f"of_{name}": word for name, word in _selector_words().items()},
        },
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _named(prefix: str, words: Json) -> Json:
    """The same words, each by reference: they are written down once."""
    return {name: _ref(f"{prefix}_{name}") for name in words}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _enum(of: v.Vocabulary) -> Json:
    return {"enum": [*of.words, *of.aliases]}


def _listed(item: Json) -> Json:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _several(of: v.Vocabulary, *, negated: bool = False, widened: bool = False) -> Json:
    """Words of a list, one or several; `{not: [...]}` and `any` where they may stand."""
    item = _enum(of)
    choices: list[object] = [item, {"type": "array", "items": item, "minItems": 1}]
    if negated:
        choices.append(_mapping(("not",), {"not": _listed(item)}, ("not",)))
    if widened:
        choices.append({"const": "any"})
    return {"anyOf": choices}


def _mapping(names: Sequence[str], words: Json, needed: Sequence[str] = ()) -> Json:
    return {
        "type": "object",
        "properties": {name: words.get(name, True) for name in names},
        "required": list(needed),
        "additionalProperties": False,
    }


def _agreed(law: Json) -> Json:
    both = _mapping(
        ("law", "or_agreed"), {"law": law, "or_agreed": _enum(v.AGREEMENT)}, ("law", "or_agreed")
    )
    return {"anyOf": [law, both]}


def _file_words() -> Json:
    years: Json = {"anyOf": [_WHOLE, {"const": "unknown"}]}
    licence: Json = {
        "required": {"enum": [True, False, "unknown"]},
        "who": _TEXT,
        "collectors": _several(v.COLLECTOR),
        "cite": _listed(_TEXT),
        "confidence": _enum(v.CONFIDENCE),
    }
    recording: Json = {**licence, "parties": _enum(v.PARTIES)}
    contracts: Json = {**licence, **dict.fromkeys(v.CONTRACTS, years)}
    return {
        "format": {"const": 1},
        "name": _TEXT,
        "cite": _listed(_TEXT),
        "jurisdiction": _CODE,
        "within": _CODE,
        "zones": _several(v.ZONE),
        "licence": _mapping(
            ("required", "who", "collectors", "cite", "confidence"),
            licence,
            ("required", "confidence"),
        ),
        "recording_consent": _mapping(
            ("parties", "cite", "confidence"), recording, ("parties", "confidence")
        ),
        "limitation_years": _mapping(
            (*v.CONTRACTS, "cite", "confidence"), contracts, ("confidence",)
        ),
        "encoded": _enum(v.ENCODED),
        "entries": {
            "type": "object",
            "propertyNames": {"pattern": _KEY},
            "additionalProperties": _listed(_TEXT),
        },
        "rules": {"type": "array", "items": _ref("rule")},
    }


def _rule() -> Json:
    """One rule: for each kind its own words, told apart by `kind`."""
    every = _named("rule", {**_common_words(), **_kind_words()})
    kinds: list[object] = []
    for kind, names in KIND_WORDS.items():
        words: Json = {**every, "kind": {"const": kind}}
        if kind == "window":
            words["to"] = {"anyOf": [_agreed(_CLOCK), _several(v.POINT, negated=True)]}
        known = tuple(dict.fromkeys(COMMON_WORDS + names))
        kinds.append(
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": _mapping(known, words, (*NEEDED, *KIND_NEEDED[kind])),
            }
        )
    return {
        "type": "object",
        "properties": {"kind": _enum(v.KIND)},
        "required": ["kind"],
        "allOf": kinds,
    }


def _common_words() -> Json:
    return {
        "key": {"type": "string", "pattern": _KEY},
        "says": _TEXT,
        "cite": _listed({"type": "string", "pattern": "[0-9]"}),
        "source": _TEXT,
        "confidence": _enum(v.CONFIDENCE),
        "reviewed_on": _DATE,
        "review_by": _DATE,
        "force": _enum(v.FORCE),
        "channels": _several(v.CHANNEL, negated=True),
        "to": _several(v.POINT, negated=True),
        "whom": _several(v.WHOM),
        "collectors": _several(v.COLLECTOR),
        "debts": _several(v.DEBT, negated=True),
        "reach": _enum(v.REACH),
        "when": _ref("entries"),
        "unless": _ref("entries"),
        "effective_from": {"anyOf": [_DATE, {"const": "unknown"}]},
        "effective_to": _DATE,
    }


def _kind_words() -> Json:
    return {
        "needs": _ref("entries"),
        "duty": _enum(v.DUTY),
        "text": _TEXT,
        "from": _agreed(_CLOCK),
        "days": _several(v.DAY),
        "clock": {"enum": ["consumer", "point", *v.ZONES]},
        "edges": _enum(v.EDGES),
        "closed": _listed({"anyOf": [_enum(v.HOLIDAY), {"type": "string", "pattern": "FREQ="}]}),
        "closed_by": _enum(v.CLOSED_BY),
        "max": _agreed(_WHOLE),
        "within": _agreed(_PERIOD),
        "since": _ref("event"),
        "per": _several(v.UNIT),
        "counting": _ref("event"),
        "after": _ref("event"),
        "for": _PERIOD,
        "until": _ref("event"),
        "first_day": _enum(v.FIRST_DAY),
        "exempt": _ref("exclusions"),
    }


def _selector_words() -> Json:
    return {
        "what": _enum(v.EVENT),
        "channels": _several(v.CHANNEL, negated=True, widened=True),
        "direction": _enum(v.DIRECTION),
        "to": _several(v.POINT, negated=True, widened=True),
        "whom": _several(v.WHOM, widened=True),
        "debts": _enum(v.OF_DEBTS),
        "purpose": _several(v.PURPOSE, widened=True),
        "content": _several(v.CONTENT, widened=True),
        "technology": _several(v.TECHNOLOGY, widened=True),
        "result": _several(v.RESULT, widened=True),
        "medium": _several(v.MEDIUM, widened=True),
        "timely": {"type": "boolean"},
        "initiated_by": _enum(v.INITIATOR),
        "which": _enum(v.WHICH),
        "not": _ref("exclusions"),
    }


def _exclusion() -> Json:
    returned = _mapping(("returned_within",), {"returned_within": _PERIOD}, ("returned_within",))
    one: Json = {"anyOf": [_enum(v.EXCLUSION), returned]}
    return {"anyOf": [one, _mapping(("all",), {"all": _listed(one)}, ("all",))]}


def _ask() -> Json:
    alone = [name for name, fact in catalogue.FACTS.items() if fact.parameter == "none"]
    choices: list[object] = [{"enum": alone}, _happened()]
    for name, fact in catalogue.FACTS.items():
        if fact.parameter not in ("none", "happened"):
            choices.append(_mapping((name,), {name: _parameter(fact.parameter)}, (name,)))
    return {"anyOf": choices}


def _parameter(kind: str) -> Json:
    if kind == "number":
        return _WHOLE
    return _several(v.REPLY if kind == "reply" else v.LISTS_OF[kind])


def _happened() -> Json:
    words: Json = {
        "happened": _ref("event"),
        "within": _PERIOD,
        "older_than": _PERIOD,
        "since": _ref("event"),
        "unless_followed": {"anyOf": [_ref("of_what"), _ref("following")]},
    }
    return _mapping(tuple(words), words, ("happened",))


def _entry() -> Json:
    groups: list[object] = [
        _mapping((name,), {name: _listed(_ref("ask"))}, (name,)) for name in ("all", "any")
    ]
    return {"anyOf": [_ref("ask"), *groups]}
