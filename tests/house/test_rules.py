"""Every rule stands on authority and is tried by cases that stand at the same path."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine import Rule, clock, load
from engine.cases import Case
from engine.citation import parse
from engine.place import same_clock, zones_of_state
from tests.all_cases import CASES, OFFICIAL, OTHER, ROOT, Ran, ran
from tests.engine.test_beyond_cases import BEYOND
from tests.house.tree import table

LAW = load([ROOT])
RULES = LAW.rules
PLACES = LAW.places
STATES = Path(__file__).with_name("state_entries.txt")
FEDERAL = Path(__file__).with_name("federal_entries.txt")
OFFICIAL_EXAMPLES = 134


@pytest.fixture(scope="module")
def done() -> Ran:
    return ran()


def test_every_case_passes(done: Ran) -> None:
    failed = [f"{one.path}:{one.line} {one.id}" for one in done.report.results if not one.passed]
    assert not failed, "\n".join(failed)
    assert done.report.failed == 0
    assert done.report.passed == len(done.report.results)


def test_every_official_example_is_there(done: Ran) -> None:
    assert len(done.of_file(OFFICIAL)) == OFFICIAL_EXAMPLES


def test_the_other_examples_are_all_run_and_none_is_an_official_one(done: Ran) -> None:
    """They are judged as the official ones are: the citation of a refusal is asked as well."""
    cases = [case for case, _ in done.of_file(OTHER)]
    assert f"\ncount: {len(cases)}\n" in OTHER.read_text(encoding="utf-8")
    assert all(case.cite and case.cite_decides for case in cases)
    ids = [case.id for case, _ in done.of_file(OFFICIAL)] + [case.id for case in cases]
    assert len(set(ids)) == len(ids)


def test_both_engines_answered_every_case_alike(done: Ran) -> None:
    assert done.alarms == ()
    for case, decision in done.decided:
        assert decision.engines["compiled"] == decision.engines["rete"], case.id


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_its_authority(rule: Rule) -> None:
    assert rule.cite
    assert rule.source
    assert rule.says
    # `unknown` is written where no date is known: the word itself is never left out
    text = (ROOT / rule.position.path).read_text(encoding="utf-8")
    entry = text.split("\n")[rule.position.line - 1 :]
    following = (n for n, line in enumerate(entry[1:], 1) if line.lstrip().startswith("- key:"))
    own = entry[: next(following, len(entry))]
    for word in ("cite", "source", "effective_from", "confidence"):
        assert any(line.strip().startswith(f"{word}:") for line in own), f"{rule.id}: {word}"
    if not rule.house:
        assert all(parse(cite) for cite in rule.cite), rule.cite


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_cases_at_its_path(rule: Rule, done: Ran) -> None:
    if rule.id in BEYOND:
        return  # tests/engine/test_beyond_cases.py tries it on both sides
    cases = done.of_file(CASES / rule.position.path)
    refusing = [case.id for case, one in cases if rule.id in {f.rule for f in one.findings}]
    bearing = [case.id for case, one in cases if rule.id in {name for _, name in one.duties}]
    leaving = [
        case.id
        for case, one in cases
        if _asked(case, rule) and rule.id not in {f.rule for f in one.findings}
    ]
    assert leaving, f"no case at {rule.position.path} lets {rule.id} pass"
    says = bearing or refusing if rule.kind == "notice" else refusing
    assert says, f"no case at {rule.position.path} has {rule.id} say anything"


DATED = [rule for rule in RULES if rule.place and (rule.effective_from or rule.effective_to)]


@pytest.mark.parametrize("rule", DATED, ids=lambda rule: rule.id)
def test_a_rule_of_a_place_is_tried_on_both_sides_of_its_dates(rule: Rule, done: Ran) -> None:
    """There is a contact on the day a rule comes into force or lapses, and on the day before."""
    zone = PLACES[rule.place or ""].zones[0]
    tried = {
        clock.local_date(case.contact.at, zone)
        for case, _ in done.of_file(CASES / rule.position.path)
        if _asked(case, rule)
    }
    for day in (rule.effective_from, rule.effective_to):
        if day is not None:
            assert {day - timedelta(days=1), day} <= tried


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.place], ids=lambda rule: rule.id)
def test_a_rule_of_a_place_is_tried_beyond_its_reach(rule: Rule, done: Ran) -> None:
    """Its file knows another place and another kind of collector; a case lifts it if it can be."""
    cases = done.of_file(CASES / f"jurisdictions/{rule.place}.yaml")
    people = [one for case, _ in cases for one in case.group.consumers.values()]
    assert len({home.state for one in people for home in one.addresses}) > 1
    roles = {one.role for case, _ in cases for one in case.group.collectors.values()}
    assert rule.collectors is None or roles - set(rule.collectors)
    lifted = any(rule.id in {one.rule for one in outcome.lifted} for _, outcome in cases)
    assert lifted or not rule.unless, f"{rule.id}: no case in which an exception lifts it"


def _asked(case: Case, rule: Rule) -> bool:
    """Whether a case asks a rule (case format, `rules`)."""
    if case.rules is None:
        return not rule.house
    return bool({rule.act, rule.place} & set(case.rules)) or (rule.house and "house" in case.rules)


def test_cases_stand_beside_rules(done: Ran) -> None:
    rules = {file.position.path for file in RULES} | {"rules/student_loans.yaml"}
    # a place that adds no rule is tried as well: federal law alone decides there, on its clocks
    rules |= {f"jurisdictions/{path.name}" for path in (ROOT / "jurisdictions").glob("*.yaml")}
    for path in sorted(CASES.rglob("*.yaml")):
        shown = path.relative_to(CASES).as_posix()
        assert path in (OFFICIAL, OTHER) or shown in rules, f"{shown}: there is no such rule file"
    assert {one.path for one in done.report.results} == {str(p) for p in CASES.rglob("*.yaml")}


def test_every_entry_of_the_federal_research_is_accounted_for() -> None:
    keys = FEDERAL.read_text(encoding="utf-8").split()
    assert len(keys) == len(set(keys)) == 110 + 2  # the research, and what was read since
    readme = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    rows = table(readme, "| entry | law | rules | remark |")
    assert [row[0].strip("`") for row in rows] == keys
    known = {rule.id for rule in RULES}
    for entry, law, rules, remark in rows:
        assert law, entry
        named = [] if rules == "none" else [one.strip(" `") for one in rules.split(",")]
        assert set(named) <= known, f"{entry} names {sorted(set(named) - known)}"
        assert named or remark, f"{entry} became no rule, and nothing says why"


RESEARCHED = dict(
    line.split(":") for line in STATES.read_text(encoding="utf-8").strip().split("\n")
)


def test_every_place_was_researched_and_is_written() -> None:
    assert set(RESEARCHED) == set(PLACES)
    assert [code for code, place in PLACES.items() if not place.encoded] == []
    assert sum(len(keys.split()) for keys in RESEARCHED.values()) == 350


@pytest.mark.parametrize("place", RESEARCHED)
def test_every_entry_of_a_place_is_accounted_for(place: str) -> None:
    """Each names its rules, which the reader holds to be there, or says why it is none."""
    assert sorted(PLACES[place].entries) == sorted(RESEARCHED[place].split())


@pytest.mark.parametrize("place", PLACES)
def test_a_place_keeps_the_zones_the_tables_give_it(place: str) -> None:
    state = place.split("-")[1]
    assert {same_clock(zone) for zone in PLACES[place].zones} == zones_of_state(state)


def test_every_federal_rule_comes_from_the_research() -> None:
    readme = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    named = {
        one.strip(" `")
        for row in table(readme, "| entry | law | rules | remark |")
        for one in row[2].split(",")
    }
    loose = [rule.id for rule in RULES if not rule.house and not rule.place]
    assert not set(loose) - named, sorted(set(loose) - named)
