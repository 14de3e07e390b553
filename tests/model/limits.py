"""Limits and waits: what is used of a number, and whether a wait still runs (rules/README.md)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.kinds import Agreed, Limit, Wait
from engine.rule import Period

from . import calendar
from .consent import told_us
from .exclusions import proposed_excluded
from .happened import at_work_here, date_of, events
from .past import Asked
from .people import human, with_whom
from .selecting import selects_proposed
from .told import said

OUT, LIFTED, REFUSED, SATISFIED = "out", "lifted", "refused", "satisfied"
Outcome = tuple[str, int | None, int | None]


def limited(asked: Asked, body: Limit) -> Outcome:
    """Refused when used + 1 is more than the maximum (rules/README.md)."""
    maximum, within = limit_numbers(asked, body)
    member = selects_proposed(asked, body.counting)
    if member == "out" or ("workplace" in body.per and not at_work_here(asked)):
        return OUT, None, None
    found = events(asked, body.counting, body.per)
    if body.since is not None:
        if body.since.of_dates and date_of(asked, body.since) is None:
            if member == "excluded":
                return SATISFIED, len(found), maximum  # since ever, for all that anybody knows
            # a date that the rule needs and nobody recorded is unknown and refuses
            return REFUSED, None, maximum
        starts = events(asked, body.since, body.per)
        if not starts:
            event = body.since
            spoken = event.what == "conversations" or event.direction == "in"
            if maximum == 0 or spoken or not event.of_contacts:
                return OUT, None, None
            return SATISFIED, 0, maximum  # what is placed today may be the first of them
        used = len([one for one in found if one.at >= starts[0].at])
    else:
        assert within is not None
        used = len(
            [one for one in found if calendar.counts_still(one.at, asked.now, asked.zone, within)]
        )
    if member == "excluded":
        return SATISFIED, used, maximum
    return (REFUSED if used + 1 > maximum else SATISFIED), used, maximum


def limit_numbers(asked: Asked, body: Limit) -> tuple[int, Period | None]:
    """The law's numbers, moved by what the person agreed to where the rule names it."""
    law = body.max.law if isinstance(body.max, Agreed) else body.max
    assert isinstance(law, int)
    maximum, within = law, body.within
    agreed = agreed_messages(asked)
    if isinstance(body.max, Agreed) and "max" in agreed:
        chosen = agreed["max"]
        assert isinstance(chosen, int)
        maximum = chosen
    if body.agreed_within is not None and "within" in agreed:
        within = calendar.period(str(agreed["within"]))
    return maximum, within


def agreed_messages(asked: Asked) -> Mapping[str, int | str]:
    """The latest `agrees_to_messages` of the person, told to this collector."""
    person = with_whom(asked.group, asked.contact, asked.consumer)
    found: Mapping[str, int | str] = {}
    for one in said(asked, "agrees_to_messages"):
        if told_us(one) and human(asked.group, one.by or one.consumer) == person:
            found = one.value
    return found


def waited(asked: Asked, body: Wait) -> str:
    """Not until: it runs from the latest event (`which: first`: the first); none: not applied."""
    if body.after.of_dates:
        start = date_of(asked, body.after)
        if start is None:
            return _unless_exempt(asked, body)  # a date the rule needs and nobody recorded
        if start > asked.now:
            return _unless_exempt(asked, body)  # READING: not even begun
    else:
        if "workplace" in body.per and not at_work_here(asked):
            return OUT
        found = events(asked, body.after, body.per)
        if not found:
            return OUT
        start = (found[0] if body.after.which == "first" else found[-1]).at
    if body.until is not None:
        over = any(
            one.sure == "yes" and one.at >= start for one in events(asked, body.until, body.per)
        )
        return SATISFIED if over else _unless_exempt(asked, body)
    assert body.for_ is not None
    if calendar.bars(start, asked.now, asked.zone, body.for_, body.first_day):
        return _unless_exempt(asked, body)
    return SATISFIED


def _unless_exempt(asked: Asked, body: Wait) -> str:
    """`exempt` names proposed contacts that the wait does not hold back."""
    if any(proposed_excluded(asked, exclusion) for exclusion in body.exempt):
        return SATISFIED
    return REFUSED
