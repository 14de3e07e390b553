"""The walk from one release to the next, with the decisions of each day made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from engine import Decision, Finding, Moment
from engine.upcoming import STEPS, next_permitted
from tests.telling import NOON, ZONE, at

LIMIT = Finding("a/limit", ("12 CFR 1",), "presumption", "says", "8 with this one", "at most 7")
NO = Decision(
    permitted=False, findings=(LIMIT,), duties=(), lifted=(), satisfied=(), windows=(),
    attempts_left=0, next_permitted=None, places=(), zones=(ZONE,), rulebook="r", engines={},
)  # fmt: skip
YES = replace(NO, permitted=True, findings=(), windows=((at("09-20T08:01"), at("09-20T21:00")),))


def freed(when: str | None, zone: str | None = ZONE, **more: str) -> Finding:
    return replace(LIMIT, free=at(when) if when else None, zone=zone, **more)


def walk(
    answers: dict[date, Decision], *findings: Finding, when: Moment | None = None
) -> tuple[datetime | None, list[date]]:
    asked: list[date] = []

    def decide(moment: Moment) -> Decision:
        assert moment.day is not None
        assert moment.at is None
        asked.append(moment.day)
        return answers.get(moment.day, replace(NO, findings=findings))

    return next_permitted(decide, when or Moment(NOON, at=NOON), findings), asked


DAY = date(2026, 9, 18)


def test_each_day_is_asked_of_the_engines() -> None:
    found, asked = walk({date(2026, 9, 20): YES}, freed("09-20T00:00"))
    assert found == at("09-20T08:01")
    assert asked == [date(2026, 9, 20)]


def test_one_release_after_another() -> None:
    later = replace(NO, findings=(freed("09-22T00:00"),))
    answers = {date(2026, 9, 20): later, date(2026, 9, 22): YES}
    found, asked = walk(answers, freed("09-19T00:00"), freed("09-20T00:00"))
    assert found == at("09-20T08:01")
    assert asked == [date(2026, 9, 20), date(2026, 9, 22)]


def test_a_day_that_was_asked_is_not_asked_again() -> None:
    found, asked = walk({date(2026, 9, 19): YES}, freed("09-18T13:00"), when=Moment(NOON, day=DAY))
    assert found is not None
    assert asked == [date(2026, 9, 19)]


def test_windows_end_by_time() -> None:
    for threshold in (
        "between 08:00 and 21:00",
        "outside the consumer's own hours",
        "on an open day",
    ):
        shut = freed(None, threshold=threshold)
        assert walk({DAY: YES}, shut)[0] == at("09-20T08:01")
    unknown = freed(None, threshold="between 08:00 and 21:00", observed="zone unknown")
    assert walk({DAY: YES}, unknown) == (None, [])


def test_windows_that_never_meet_may_meet_tomorrow() -> None:
    apart = freed(None, zone=None, rule="structural/no_common_window")
    assert walk({date(2026, 9, 19): YES}, apart, when=Moment(NOON, day=DAY))[0] is not None


@pytest.mark.parametrize("rule", ["a/block", "structural/address_unknown"])
def test_what_does_not_end_by_time(rule: str) -> None:
    assert walk({}, freed(None, rule=rule, threshold="block")) == (None, [])


def test_a_yes_without_an_hour_is_no_moment() -> None:
    answers = {date(2026, 9, 20): replace(YES, windows=()), date(2026, 9, 21): YES}
    found, asked = walk(answers, freed("09-20T00:00"))
    assert found == at("09-20T08:01")
    assert asked == [date(2026, 9, 20), date(2026, 9, 21)]


def test_the_walk_ends() -> None:
    found, asked = walk({}, freed("09-18T13:00"))
    assert found is None
    assert len(asked) == len(set(asked)) == STEPS
