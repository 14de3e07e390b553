"""A release lifts presumptions on the engines' common answer, all of them or none."""

from __future__ import annotations

from engine import law_directory, load
from engine.decision import Decision, Finding
from engine.releasing import releasable, released

SEVEN = "regulation_f/seven-calls-in-seven-days"
WAIT = "regulation_f/seven-days-after-conversation"


def refused(*forces: tuple[str, str]) -> Decision:
    findings = tuple(Finding(rule, ("12 CFR 1",), force, "", "8", "7") for rule, force in forces)
    engines = {"compiled": "refused", "rete": "refused"}
    return Decision(
        not forces, findings, (), (), (), (), 0, None, (), (), "sha256:0", engines
    )  # fmt: skip


def test_a_release_lifts_what_only_presumes() -> None:
    asked = refused((SEVEN, "presumption"), (WAIT, "presumption"))
    decision, used = released(asked, {SEVEN: "r1", WAIT: "r2", "other/rule": "r3"})
    assert decision.permitted
    assert decision.findings == ()
    assert used == ("r1", "r2")
    assert {(one.rule, one.by) for one in decision.lifted} == {
        (SEVEN, "release r1"),
        (WAIT, "release r2"),
    }
    assert decision.attempts_left == 1


def test_each_engine_keeps_its_own_answer() -> None:
    asked = refused((SEVEN, "presumption"))
    decision, _ = released(asked, {SEVEN: "r1"})
    assert decision.engines == {"compiled": "refused", "rete": "refused"}


def test_half_a_release_permits_nothing_and_uses_up_nothing() -> None:
    for asked in (
        refused((SEVEN, "presumption"), (WAIT, "presumption")),
        refused((SEVEN, "presumption"), ("fdcpa/rule", "prohibition")),
        refused((SEVEN, "presumption"), ("house/rule", "policy")),
        refused((SEVEN, "presumption"), ("structural/engines_disagree", "structural")),
        refused(("fdcpa/rule", "prohibition")),
        refused(),
    ):
        assert released(asked, {SEVEN: "r1", "fdcpa/rule": "r2"}) == (asked, ())


def test_only_presumptions_of_the_rulebook_can_be_released() -> None:
    book = load([law_directory()])
    forces = {rule.id: rule.force for rule in book.rules}
    for rule, force in forces.items():
        assert releasable(book, rule) == (force == "presumption")
    assert not releasable(book, "no/such-rule")
