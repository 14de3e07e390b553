"""A decision in words and as plain data: nothing of it is left out, and nothing is added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine import Decision, Panel, Question, decide, document, in_words, law_directory, load
from engine.decision import Finding, Lifted, Satisfied
from engine.explain import WIDTH
from tests.telling import file, past, point, proposed, said

ASKED = Question("D1", "P1", "M1", "mobile", "call", "at 2026-09-18T16:00:00Z")
KEYS = {
    "verdict", "findings", "duties", "lifted", "satisfied", "windows", "attempts_left",
    "next_permitted", "places", "rulebook", "engines",
}  # fmt: skip


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel(load([law_directory()])) as found:
        yield found


def words_of(panel: Panel, decision: Decision) -> str:
    """The words as one line, so that a line break hides nothing."""
    return " ".join(in_words(decision, ASKED, panel.rulebook).split())


def refused(panel: Panel) -> Decision:
    calls = [past(f"09-{day:02}T10:00") for day in range(12, 19)]
    return decide(panel, file(*calls), proposed())


def permitted(panel: Panel) -> Decision:
    return decide(panel, file(past("09-15T10:00")), proposed())


def test_the_plain_data_has_exactly_the_words_of_the_contract(panel: Panel) -> None:
    for decision in (refused(panel), permitted(panel)):
        found = document(decision)
        assert set(found) == KEYS
        assert json.loads(json.dumps(found)) == found
        for one in found["findings"]:
            assert set(one) == {"rule", "cite", "force", "says", "observed", "threshold"}
        for one in found["lifted"]:
            assert set(one) == {"rule", "by"}
        for one in found["satisfied"]:
            assert set(one) == {"rule", "used", "max"}
        assert set(found["engines"]) >= {"rete", "compiled"}


def test_plain_data_of_a_no(panel: Panel) -> None:
    found = document(refused(panel))
    assert found["verdict"] == "refused"
    seven = next(one for one in found["findings"] if "seven-calls" in one["rule"])
    assert "12 CFR 1006.14(b)(2)(i)(A)" in seven["cite"]
    assert seven["force"] == "presumption"
    assert found["next_permitted"] is not None
    assert found["next_permitted"].endswith("Z")
    assert found["places"] == ["US-MA"]
    assert found["engines"]["rete"] == found["engines"]["compiled"] == "refused"
    assert found["rulebook"] == panel.rulebook.digest


def test_plain_data_of_a_yes(panel: Panel) -> None:
    found = document(permitted(panel))
    assert (found["verdict"], found["findings"]) == ("permitted", [])
    for start, end in found["windows"]:
        assert start < end
        assert start.endswith("Z")
    seven = next(one for one in found["satisfied"] if "seven-calls" in one["rule"])
    assert (seven["used"], seven["max"]) == (1, 7)
    assert found["duties"] == sorted(set(found["duties"]))


def test_the_verdict_comes_first(panel: Panel) -> None:
    no, yes = refused(panel), permitted(panel)
    assert in_words(no, ASKED, panel.rulebook).startswith("REFUSED: call to M1 (mobile) about ")
    assert in_words(yes, ASKED, panel.rulebook).startswith("PERMITTED: call to M1 (mobile) about ")


def test_a_no_tells_all_that_refuses(panel: Panel) -> None:
    decision = refused(panel)
    text = words_of(panel, decision)
    for one in decision.findings:
        for part in (one.rule, one.says, one.observed, one.threshold, *one.cite):
            assert " ".join(part.split()) in text
    assert "lets go:" in text
    assert "Next permitted, if nothing else happens: 2026-09-" in text


def test_a_yes_tells_what_it_stands_on(panel: Panel) -> None:
    decision = permitted(panel)
    text = words_of(panel, decision)
    for duty, _ in decision.duties:
        assert f"- {duty}: " in text
    for one in decision.lifted:
        assert f"{one.rule} [{one.cite[0]}]: {one.by}" in text
    for kept in decision.satisfied:
        assert f"- {kept.rule} [{kept.cite[0]}]" in text
    assert "1 of 7 used (this one would count)" in text
    assert f"Attempts left that day, by every limit: {decision.attempts_left}" in text
    assert "(America/New_York)" in text
    assert "Law of: federal, US-MA" in text
    assert f"Rulebook {panel.rulebook.short} ({panel.rulebook.digest})" in text
    assert "Engines: compiled: permitted, rete: permitted" in text


def test_each_rule_is_told_once_however_many_zones_and_debts_asked_it(panel: Panel) -> None:
    group = file(said("current_location_zone", "America/Los_Angeles", "09-18T09:00"))
    text = in_words(decide(panel, group, proposed()), ASKED, panel.rulebook)
    kept = [line for line in text.split("\n") if line.startswith("  - regulation_f/seven-calls")]
    assert len(kept) == 1


def test_windows_are_told_at_every_clock(panel: Panel) -> None:
    points = (point("M1", number="+12135550123"),)
    decision = decide(panel, file(points=points), proposed(channel="text"))
    assert len(decision.zones) == 2
    text = in_words(decision, ASKED, panel.rulebook)
    for start, end in decision.windows:
        assert f"{start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}" in text
    for zone in decision.zones:
        assert f"({zone})" in text


def test_what_is_missing_is_named(panel: Panel) -> None:
    homeless = replace(file().consumers["P1"], addresses=())
    decision = decide(
        panel, file(consumers=(homeless,), points=(point("E1"),)), proposed("email", "E1")
    )
    text = words_of(panel, decision)
    assert (
        "structural/address_unknown (cannot be decided without it; nobody can release it)" in text
    )
    assert "no current residential address on record" in text
    assert "Next permitted: not by time alone" in text
    assert "Clocks asked, all of them: none known" in text


def test_words_are_plain_lines_that_fit(panel: Panel) -> None:
    for decision in (refused(panel), permitted(panel)):
        text = in_words(decision, ASKED, panel.rulebook)
        assert text.endswith("\n")
        assert "\x1b" not in text
        long = [line for line in text.split("\n") if len(line) > WIDTH and " " in line.strip()]
        assert all(line.startswith(("Next permitted", "Rulebook")) for line in long)


def test_parts_that_a_decision_does_not_have_are_not_spoken_of(panel: Panel) -> None:
    bare = Decision(
        permitted=False,
        findings=(Finding("a/b", ("1 USC 1",), "policy", "No.", "so", "never"),),
        duties=(),
        lifted=(),
        satisfied=(),
        windows=(),
        attempts_left=None,
        next_permitted=None,
        places=(),
        zones=(),
        rulebook=panel.rulebook.digest,
        engines={"rete": "refused", "compiled": "refused"},
    )
    text = in_words(bare, ASKED, panel.rulebook)
    for silent in (
        "Open hours",
        "Attempts left",
        "must carry",
        "lifted them",
        "are kept",
        "about:",
    ):
        assert silent not in text
    assert "One rule refuses:" in text
    assert "(the firm's own policy, not law)" in text
    assert "Law of: federal, none known" in text
    soon = replace(bare, next_permitted=datetime(2026, 9, 20, 12, tzinfo=UTC))
    assert "happens: 2026-09-20T12:00:00Z\n" in in_words(soon, ASKED, panel.rulebook)


def test_the_largest_count_of_a_rule_is_told(panel: Panel) -> None:
    counts = tuple(
        Satisfied("a/b", ("1 USC 1",), "policy", used, 9, debt)
        for debt, used in (("D1", 2), ("D2", 5), ("D3", 1))
    )
    lifted = (Lifted("c/d", ("2 USC 2",), "policy", "fdcpa_covered"),)
    decision = replace(
        permitted(panel), satisfied=counts, lifted=lifted, duties=(("odd", "US-MA"),)
    )
    text = in_words(decision, ASKED, panel.rulebook)
    assert "  - a/b [1 USC 1]: 5 of 9 used\n" in text
    assert text.count("a/b") == 1
    assert "  - c/d [2 USC 2]: fdcpa_covered\n" in text
    assert "  - odd: see the rule [US-MA]\n" in text
