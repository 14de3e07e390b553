"""What refuses is the same where no fact is worked out that cannot bear on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import Panel, clock
from engine.brief import Plans
from engine.cases.deciding import ask_of
from engine.deciding import decide
from engine.question import Ask, local_dates
from tests.all_cases import ran


def test_every_case_is_refused_for_the_same_and_in_the_same_words() -> None:
    found = ran()
    refused = 0
    with Panel(found.rulebook) as panel:
        for case, decision in found.decided:
            asked = replace(ask_of(case), whole=False, notes=False, brief=True)
            brief = decide(panel, case.group, case.contact, ask=asked)
            plain = tuple(one for one in decision.findings if one.rule.count("common_window") == 0)
            assert brief.findings == plain, case.name
            assert (brief.places, brief.zones) == (decision.places, decision.zones)
            refused += bool(plain)
    assert refused > 1_000


def test_facts_that_cannot_bear_on_it_are_not_worked_out() -> None:
    case, _ = ran().decided[0]
    with Panel(ran().rulebook) as panel:
        plain: list[Any] = []
        brief: list[Any] = []
        decide(panel, case.group, case.contact, ask=Ask(hear=plain.append))
        asked = Ask(whole=False, notes=False, brief=True, hear=brief.append)
        for _ in range(2):
            decide(panel, case.group, case.contact, ask=asked)
        plans = [one for one in panel.notes.values() if isinstance(one, Plans)]
        assert plans
        assert all(len(one.found) == 1 for one in plans)
    counted = [sum(len(one.counts) for one in heard[0].judged) for heard in (plain, brief)]
    assert counted[0] >= counted[1] > 0
    assert brief[0].judged[0].situation.keys() == plain[0].judged[0].situation.keys()


def test_where_people_are_is_kept_by_what_it_is_found_from() -> None:
    located: dict[Any, Any] = {}
    asked = Ask(located=located)
    with Panel(ran().rulebook) as panel:
        for case, decision in ran().decided[:200]:
            for _ in range(2):
                found = decide(panel, case.group, case.contact, ask=replace(asked, search=False))
                assert found.zones == decision.zones, case.name
                assert found.places == decision.places, case.name
    assert located


def test_the_dates_of_an_instant_are_those_of_every_zone() -> None:
    step = timedelta(hours=5, minutes=29, seconds=59)
    for number in range(24_000):
        when = datetime(2010, 1, 1, tzinfo=UTC) + number * step
        if number % 8 == 0 or when.minute == 59:
            every = sorted({clock.local_date(when, zone) for zone in clock.ZONES})
            assert list(local_dates(when)) == every
