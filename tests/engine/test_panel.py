"""Both engines at one table: only equal answers count, each situation is asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from engine import Panel, Rulebook
from engine.compiled import compile_rules
from engine.panel import compare
from engine.reading import Place
from engine.rete import EngineFailure
from engine.rule import Ask
from engine.situation import Answer, RuleSet, Situation
from tests.making import rule, situation

DAY = date(2026, 9, 18)
CEASED = rule("ceased", when=(Ask("ceased"),))
TURNS = rule("turns", effective_to=DAY)
LOCAL = rule("local", act="US-MA", place="US-MA")


@dataclass
class Second:
    """A second engine under a test's control: what it says of every situation, and what it saw."""

    says: Answer | EngineFailure | None = None
    asked: list[Situation] = field(default_factory=list)
    closed: int = 0
    sets: dict[str, RuleSet] = field(default_factory=dict)

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        """What it was told to say, else what is right."""
        self.asked += situations
        if self.says is not None:
            return [self.says] * len(situations)
        return list(compile_rules(self.sets[name]).decide_many(situations))

    def close(self) -> None:
        """Count it."""
        self.closed += 1


def book(*rules: object) -> Rulebook:
    places = {"US-MA": Place("US-MA", "Massachusetts", ("America/New_York",))}
    return Rulebook("sha256:made", tuple(rules), places, {})  # type: ignore[arg-type]


def seat(
    says: Answer | EngineFailure | None = None, **more: object
) -> tuple[Panel, Second, RuleSet]:
    second = Second(says)
    panel = Panel(book(CEASED), rete=second, **more)  # type: ignore[arg-type]
    rules = panel.rule_set("federal", DAY)
    second.sets[rules.name] = rules
    return panel, second, rules


def test_equal_answers_are_an_answer() -> None:
    permitted = compare(Answer((), (("a", "r"),)), Answer((), (("a", "r"),)))
    assert permitted.permitted
    assert permitted.duties == (("a", "r"),)
    refused = compare(Answer(("r",), ()), Answer(("r",), ()))
    assert not refused.permitted
    assert refused.trouble == ""


@pytest.mark.parametrize(
    ("first", "second", "trouble"),
    [
        (Answer(("r",), ()), Answer((), ()), "compiled alone: r"),
        (Answer((), ()), Answer(("r",), ()), "rete alone: r"),
        (Answer((), (("a", "r"),)), Answer((), ()), "compiled alone: a by r"),
        (Answer(("r",), ()), Answer(("s",), ()), "compiled alone: r; rete alone: s"),
    ],
)
def test_a_difference_refuses(first: Answer, second: Answer, trouble: str) -> None:
    found = compare(first, second)
    assert not found.permitted
    assert found.trouble == f"engines_disagree: {trouble}"
    assert set(found.refusing) == {*first.refusing, *second.refusing}


def test_no_answer_refuses() -> None:
    found = compare(Answer((), ()), EngineFailure("it died"))
    assert not found.permitted
    assert (found.rete, found.trouble) == (None, "engine_failed: it died")


def test_a_situation_is_asked_once() -> None:
    panel, second, rules = seat()
    ceased, plain = situation(rules, ceased="yes"), situation(rules)
    first = panel.ask(rules, [plain, ceased, plain])
    assert [one.permitted for one in first] == [True, False, True]
    assert len(second.asked) == 2
    assert panel.ask(rules, [ceased]) == first[1:2]
    assert len(second.asked) == 2


def test_only_so_many_are_remembered() -> None:
    panel, second, rules = seat(keep=1)
    two = [situation(rules), situation(rules, ceased="yes")]
    panel.ask(rules, two)
    panel.ask(rules, [situation(rules, ceased="unknown")])
    panel.ask(rules, two)
    assert len(second.asked) == 5


def test_every_trouble_raises_an_alarm() -> None:
    alarms: list[str] = []
    panel, _, rules = seat(Answer((), ()), alarm=alarms.append)
    panel.ask(rules, [situation(rules, ceased="yes")])
    assert len(alarms) == 1
    assert alarms[0].startswith("federal@1: engines_disagree: compiled alone: an_act/ceased (situ")


def test_an_engine_that_failed_is_asked_again() -> None:
    panel, second, rules = seat(EngineFailure("it died"))
    assert panel.ask(rules, [situation(rules)])[0].trouble == "engine_failed: it died"
    second.says = Answer((), ())
    assert panel.ask(rules, [situation(rules)])[0].permitted


def test_an_engine_that_was_given_is_kept() -> None:
    panel, second, rules = seat()
    with panel as same:
        same.ask(rules, [situation(rules)])
    assert second.closed == 1
    assert panel.rete is second


def test_days_on_which_the_same_rules_hold_share_a_set() -> None:
    panel = Panel(book(CEASED, TURNS, LOCAL))
    before = panel.rule_set("federal", date(2026, 9, 17))
    after = panel.rule_set("federal", DAY)
    assert (before.name, after.name) == ("federal@1", "federal@2")
    assert panel.rule_set("federal", date(2026, 9, 1)) is before
    assert panel.rule_set("federal", date(2027, 1, 1)) is after
    assert panel.rule_set("US-MA", DAY).name == "US-MA@1"


def test_a_set_without_rules_permits_unasked() -> None:
    panel, second, _ = seat()
    empty = panel.rule_set("US-MA", DAY)
    assert [one.permitted for one in panel.ask(empty, [{}, {}])] == [True, True]
    assert second.asked == []


def test_the_process_starts_once_for_what_is_prepared() -> None:
    with Panel(book(CEASED, TURNS, LOCAL)) as panel:
        panel.prepare([date(2026, 9, 17), DAY])
        rules = panel.rule_set("federal", DAY)
        panel.ask(rules, [situation(rules)])
        first = panel.rete
        local = panel.rule_set("US-MA", DAY)
        panel.ask(local, [situation(local)])
        assert panel.rete is first


def test_a_set_nobody_prepared_starts_another_process() -> None:
    later = rule("later", effective_from=date(2027, 1, 1))
    with Panel(book(CEASED, later)) as panel:
        for day, permits in ((DAY, True), (date(2027, 1, 1), False)):
            rules = panel.rule_set("federal", day)
            found = panel.ask(rules, [situation(rules)])
            assert found[0].permitted is permits
            assert found[0].trouble == ""
    assert replace(found[0], trouble="x").permitted is False


def test_nothing_is_started_before_the_first_question() -> None:
    with Panel(book(CEASED)) as panel:
        assert panel.rete is None
