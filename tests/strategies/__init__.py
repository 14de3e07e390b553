"""Every Hypothesis strategy of the tests: people, pasts, words, proposed contacts, rules.

What is drawn clusters where law turns: seven days back, local midnights, opening and closing, the
weeks in which clocks change, zones that disagree about the day.
"""

from __future__ import annotations

from .groups import Situated, situated
from .moments import ZONES, moments
from .past import past_contacts, proposed_contacts
from .people import files
from .rules import asks_about, rule_lists, rules
from .words import statements

__all__ = [
    "ZONES",
    "Situated",
    "asks_about",
    "files",
    "moments",
    "past_contacts",
    "proposed_contacts",
    "rule_lists",
    "rules",
    "situated",
    "statements",
]
