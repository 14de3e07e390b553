"""What decides, and the one public door to it: given records, rules and a moment, a decision.

Nothing in here touches a database, the network, the environment or the clock. A whole decision:

    from engine import Panel, decide, law_directory, load

    with Panel(load([law_directory()])) as panel:
        decision = decide(panel, group, contact)

`group` is all that is known of one contact group (`Group` of `Consumer`, `Account`, `Point`,
`Contact`, `Statement`), `contact` the one proposed. `engine.part` decides a million at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .account import Account, Address, Collector, Consumer, Point, ZoneEvidence
    from .deciding import decide
    from .decision import Decision, Finding, Interval, Lifted, Satisfied
    from .explain import Question, document, in_words
    from .facts.view import Moment
    from .history import Contact, Group, Statement
    from .panel import Panel
    from .problem import ForbearError, NotFound, Problem, Problems
    from .question import Ask
    from .rule import Rule
    from .rulebook import Rulebook, law_directory, load
    from .version import VERSION

__all__ = [
    "VERSION",
    "Account",
    "Address",
    "Ask",
    "Collector",
    "Consumer",
    "Contact",
    "Decision",
    "Finding",
    "ForbearError",
    "Group",
    "Interval",
    "Lifted",
    "Moment",
    "NotFound",
    "Panel",
    "Point",
    "Problem",
    "Problems",
    "Question",
    "Rule",
    "Rulebook",
    "Satisfied",
    "Statement",
    "ZoneEvidence",
    "decide",
    "document",
    "in_words",
    "law_directory",
    "load",
]

_WHERE: Final = {
    "VERSION": "version",
    "Account": "account",
    "Address": "account",
    "Ask": "question",
    "Collector": "account",
    "Consumer": "account",
    "Contact": "history",
    "Decision": "decision",
    "Finding": "decision",
    "ForbearError": "problem",
    "Group": "history",
    "Interval": "decision",
    "Lifted": "decision",
    "Moment": "facts.view",
    "NotFound": "problem",
    "Panel": "panel",
    "Point": "account",
    "Problem": "problem",
    "Problems": "problem",
    "Question": "explain",
    "Rule": "rule",
    "Rulebook": "rulebook",
    "Satisfied": "decision",
    "Statement": "history",
    "ZoneEvidence": "account",
    "decide": "deciding",
    "document": "explain",
    "in_words": "explain",
    "law_directory": "rulebook",
    "load": "rulebook",
}


def __getattr__(name: str) -> object:
    """A name of the door, imported when it is first asked for: the Rete process needs none."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = found
    return found
