"""Refusals that no rule makes: something without which nothing can be decided is missing.

README.md, promise 2: unknown is a no, with the missing thing named.
"""

from __future__ import annotations

from typing import Final

from .decision import Finding

STRUCTURAL: Final[dict[str, tuple[str, str]]] = {
    "debt_unknown": (
        "A contact about no debt, or about one that is not on record, can be judged by no rule.",
        "15 USC 1692a(5)",
    ),
    "address_unknown": (
        "Without a current residential address it is unknown whose law applies.",
        "12 CFR 1006.104",
    ),
    "zone_unknown": (
        "Without a zone it is unknown whether the hour is convenient.",
        "12 CFR 1006.6(b)(1)(i)",
    ),
    "place_without_file": ("The law of this place has no file.", "12 CFR 1006.104"),
    "place_not_encoded": (
        "The law of this place is not written yet, and the setting refuses it.",
        "12 CFR 1006.104",
    ),
    "licence_missing": (
        "Collecting here takes a licence, and the collector has none in force.",
        "12 CFR 1006.104",
    ),
    "no_common_window": (
        "Windows that are open one by one leave no minute in common.",
        "12 CFR 1006.6(b)(1)(i)",
    ),
    "engines_disagree": ("The two engines answered differently.", "README.md, promise 4"),
    "engine_failed": ("An engine gave no answer.", "README.md, promise 4"),
    "facts_disagree": ("Two ways of reckoning the facts differ.", "README.md, promise 4"),
    "log_unwritable": ("The decision could not be logged.", "README.md, promise 6"),
}
FORCE: Final = "structural"
PROHIBITIONS: Final = frozenset({"licence_missing"})  # known facts, and the law forbids


def force_of(name: str) -> str:
    """The force of a refusal by its name: structural, or prohibition where nothing is unknown."""
    return "prohibition" if name in PROHIBITIONS else FORCE


def refusal(name: str, observed: str) -> Finding:
    """The finding of a structural refusal; `observed` names the missing thing."""
    says, cite = STRUCTURAL[name]
    return Finding(f"structural/{name}", (cite,), force_of(name), says, observed, "must be known")
