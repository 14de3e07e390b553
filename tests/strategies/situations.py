"""Situations of a rule set: any word in every field, the common scope a little ahead."""

from __future__ import annotations

from hypothesis import strategies as st

from engine import words
from engine.kinds import Notice
from engine.situation import SCOPE_FIELDS, RuleSet

SCOPE = {
    "channel": st.sampled_from(("call", "text", *words.CHANNELS)),
    "kind": st.sampled_from(("mobile", "phone", *words.POINT_KINDS)),
    "whom": st.sampled_from(("consumer", *words.OWNER_ROLES)),
    "role": st.sampled_from((*words.COLLECTOR_ROLES, "servicer_in_default")),
    "debt_type": st.sampled_from(words.DEBT_TYPES),
}


def situations(rules: RuleSet) -> st.SearchStrategy[dict[str, str]]:
    """A situation of these rules."""
    facts = {name: st.sampled_from(words.TRI) for name in rules.fields if name not in SCOPE_FIELDS}
    return st.fixed_dictionaries({**SCOPE, **facts})


def open_fields(rules: RuleSet) -> tuple[str, ...]:
    """The facts and bits that may be unknown: all but what a notice's contact declares."""
    declared = {f"bit:{rule.key}" for rule in rules.rules if isinstance(rule.body, Notice)}
    return tuple(f for f in rules.fields if f not in SCOPE_FIELDS and f not in declared)
