"""What decides, and the one public door to it: given records, rules and a moment, a decision.

Nothing in here touches a database, the network, the environment or the clock. A whole decision:

    from engine import Panel, decide, law_directory, load

    with Panel(load([law_directory()])) as panel:
        decision = decide(panel, group, contact)

`group` is all that is known of one contact group (`Group` of `Consumer`, `Account`, `Point`,
`Contact`, `Statement`), `contact` the one proposed. `engine.part` decides a million at once.
"""

from __future__ import annotations

from .account import Account, Address, Collector, Consumer, Point, ZoneEvidence
from .decide import Ask, decide
from .decision import Decision, Finding, Interval, Lifted, Satisfied
from .explain import Question, document, in_words
from .facts.view import Moment
from .history import Contact, Group, Statement
from .panel import Panel
from .problem import ForbearError, NotFound, Problem, Problems
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
