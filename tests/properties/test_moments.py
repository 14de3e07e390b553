"""A yes holds in every candidate zone, and the next moment told is the first yes there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given

from engine import Ask, decide
from engine.account import ZoneEvidence
from engine.decision import Decision
from engine.history import Contact, Group
from engine.kinds import Window
from engine.rule import Rule
from tests.comparing import TwinPanel, book_of
from tests.strategies import Situated, rule_lists, situated

NO_PLACES = Ask(places=False, whole=False, search=False)
SEARCHED = Ask(places=False)
BY_TIME = ("window", "limit", "wait")
STEP = timedelta(minutes=47)
MINUTE = timedelta(minutes=1)


def in_zones(group: Group, *zones: str) -> Group:
    """The same group where all that is known of anybody's place is these zones."""
    evidence = tuple(ZoneEvidence("residential_address", zone) for zone in zones)
    consumers = {
        id: replace(one, addresses=(), zone_evidence=evidence)
        for id, one in group.consumers.items()
    }
    points = {id: replace(one, number=None) for id, one in group.points.items()}
    said = tuple(one for one in group.statements if one.kind != "current_location_zone")
    return replace(group, consumers=consumers, points=points, statements=said)


def lasting(rule: Rule) -> Rule:
    """The same rule in force on any day and on no condition, its hours at the consumer's clock."""
    rule = replace(rule, effective_from=None, effective_to=None, when=(), unless=())
    if isinstance(rule.body, Window):
        return replace(rule, body=replace(rule.body, clock="consumer"))
    return rule


def nowhere(few: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The same rules, holding everywhere."""
    return tuple(replace(rule, place=None, act="an_act") for rule in few)


@given(situated(located=True), rule_lists())
def test_a_yes_holds_in_every_candidate_zone(case: Situated, few: tuple[Rule, ...]) -> None:
    zones = [one.zone for one in case.group.consumers["P1"].zone_evidence]
    panel = TwinPanel(book_of(nowhere(few)))
    whole = decide(panel, in_zones(case.group, *zones), case.contact, ask=NO_PLACES)
    alone = [
        decide(panel, in_zones(case.group, zone), case.contact, ask=NO_PLACES) for zone in zones
    ]
    assert whole.permitted == all(one.permitted for one in alone)
    refusing = {finding.rule for one in alone for finding in one.findings}
    assert {finding.rule for finding in whole.findings} == refusing


def known_now(group: Group, now: datetime) -> Group:
    """What has happened by a moment: nothing else does afterwards."""
    return replace(
        group,
        contacts=tuple(one for one in group.contacts if one.at <= now),
        statements=tuple(
            one
            for one in group.statements
            if isinstance(one.received, datetime) and one.received <= now
        ),
    )


def minutes_before(start: datetime, end: datetime) -> list[datetime]:
    """Whole minutes from one moment up to another: a coarse walk, and the last ones one by one."""
    first = start.replace(second=0, microsecond=0) + MINUTE
    walk: list[datetime] = []
    at = first
    while at < end and len(walk) < 150:
        walk.append(at)
        at += STEP
    walk += [end - MINUTE * back for back in range(1, 4)]
    return [at for at in walk if first <= at < end]


def asked_at(panel: TwinPanel, group: Group, contact: Contact, at: datetime) -> Decision:
    """The same contact proposed at another moment."""
    return decide(panel, group, replace(contact, at=at), ask=NO_PLACES)


@given(situated(located=True), rule_lists(most=3, kinds=BY_TIME))
def test_next_permitted_is_the_first_yes_if_nothing_else_happens(
    case: Situated, few: tuple[Rule, ...]
) -> None:
    # one clock: of several the engine looks for minutes in which all have the same civil date
    zone = case.group.consumers["P1"].zone_evidence[0].zone
    group = in_zones(known_now(case.group, case.contact.at), zone)
    panel = TwinPanel(book_of([lasting(rule) for rule in nowhere(few)]))
    decision = decide(panel, group, case.contact, ask=SEARCHED)
    assume(not decision.permitted)
    told = decision.next_permitted
    if told is None:
        end = case.contact.at + timedelta(days=3)
        later = minutes_before(case.contact.at, end)
        assert not any(asked_at(panel, group, case.contact, at).permitted for at in later)
        return
    assert told > case.contact.at
    assert told == told.astimezone(UTC)
    assert asked_at(panel, group, case.contact, told).permitted
    for at in minutes_before(case.contact.at, told):
        assert not asked_at(panel, group, case.contact, at).permitted, at
