"""One account's decision, looked up in a portfolio and asked of both engines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from engine import Ask, words
from engine.account import Account, Point
from engine.clock import format_instant
from engine.decision import Decision
from engine.explain import Question
from engine.facts.view import Moment
from engine.history import Contact, Group
from engine.panel import Panel
from engine.problem import ForbearError, NotFound, did_you_mean
from engine.terms import Licences

from .bothways import decide_both
from .crowds import crowds
from .humans import humans_of
from .portfolio import contact_groups, group_rows
from .records import Tables


class NoSuchContact(ForbearError):
    """The account has no contact of that kind: `why` says what it has instead."""

    def __init__(self, why: str) -> None:
        """Say what is missing and what there is."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision with the question it answers, and other points it could have been asked about."""

    decision: Decision
    question: Question
    others: tuple[str, ...]


def group_of(source: Tables, account: str, licences: Licences | None = None) -> Group:
    """Everything that must be known to decide about an account: its contact group, or crowd.

    `licences` as in `records.group_rows`. Raises NotFound for an unknown account.
    """
    found = source.scan("accounts").filter(pl.col("account") == account)
    owners = found.select("consumer").collect(engine="streaming")
    if owners.is_empty():
        raise NotFound("account", account)
    linked = contact_groups(source)
    groups = linked.groups
    labels = [groups.filter(pl.col("consumer") == owners.item(0, 0))["group"][0]]
    crowded = crowds(source, linked)
    crowd = crowded.filter(pl.col("group") == labels[0])["crowd"]
    if not crowd.is_empty():
        labels = crowded.filter(pl.col("crowd") == crowd[0])["group"].to_list()
    members = groups.filter(pl.col("group").is_in(labels))["consumer"].to_list()
    return group_rows(source, members, licences)


def explain(
    panel: Panel,
    source: Tables,
    account: str,
    channel: str | None,
    point: str | None,
    now: datetime,
    at: datetime | None,
    day: date,
    refuse_unencoded: bool,
    licences: Licences | None = None,
) -> Explained:
    """Decide about one contact: the plain contact of its channel (rules/README.md).

    `at`: asked about that instant, with what was known by then; None: about the whole of `day`,
    with what is known `now`, as the list asks. Channel and point left out are chosen: a call
    before others, the consumer's own points before other people's. Raises NotFound, NoSuchContact.
    """
    group = group_of(source, account, licences)
    debt = group.accounts[account]
    chosen, way = choose(group, debt, channel, point)
    moment = Moment(known=at, at=at) if at is not None else Moment(known=now, day=day)
    contact = plain_contact(debt, chosen, way, moment.known)
    asked = Ask(refuse_unencoded=refuse_unencoded)
    decision = decide_both(panel, group, humans_of(source).maybe, contact, moment, asked)
    when = f"at {format_instant(at)}" if at else f"on {day.isoformat()}"
    question = Question(account, debt.consumer, chosen.id, chosen.kind, way, when)
    others = tuple(
        f"{one.id} ({one.kind})" for one in _points(group, debt, way) if one.id != chosen.id
    )
    return Explained(decision, question, others if point is None else ())


def plain_contact(debt: Account, point: Point, channel: str, at: datetime) -> Contact:
    """What the list asks about: live agent, dialled by hand, to collect, with every duty kept."""
    spoken = channel in (*words.VOICE_CHANNELS, "text")
    return Contact(
        id="proposed",
        at=at,
        channel=channel,
        point=point.id,
        debts=(debt.id,),
        purpose="collection",
        technology="manual" if spoken else None,
        collector=debt.collector,
        consumer=point.consumer,
    )


def _points(group: Group, debt: Account, channel: str | None) -> list[Point]:
    """The points of the account's consumer that a channel can go to, the consumer's own first."""
    mine = [
        one
        for one in group.points.values()
        if one.consumer == debt.consumer
        and (channel is None or channel in words.CHANNELS_OF_KIND[one.kind])
    ]
    return sorted(mine, key=lambda one: (one.whom != "consumer", one.id))


def choose(
    group: Group, debt: Account, channel: str | None, point: str | None
) -> tuple[Point, str]:
    """The point and the channel asked about; what is left out is chosen. Raises NoSuchContact."""
    if point is not None:
        known = [one.id for one in _points(group, debt, None)]
        if point not in known:
            near = did_you_mean(point, known)
            have = ", ".join(known) or "none"
            raise NoSuchContact(
                f"no contact point `{point}` for account `{debt.id}`{near}; it has: {have}"
            )
        chosen = group.points[point]
        ways = words.CHANNELS_OF_KIND[chosen.kind]
        if channel is not None and channel not in ways:
            raise NoSuchContact(
                f"`{point}` is a {chosen.kind}: it takes {', '.join(ways)}, not {channel}"
            )
        return chosen, channel or ways[0]
    found = _points(group, debt, channel or "call") or (
        [] if channel else _points(group, debt, None)
    )
    if not found:
        kinds = sorted({one.kind for one in _points(group, debt, None)})
        have = ", ".join(kinds) or "none"
        raise NoSuchContact(
            f"account `{debt.id}` has no contact point for {channel or 'any channel'}; "
            f"kinds of its points: {have}"
        )
    return found[0], channel or words.CHANNELS_OF_KIND[found[0].kind][0]


assert all(kind in words.CHANNELS_OF_KIND for kind in words.POINT_KINDS)
