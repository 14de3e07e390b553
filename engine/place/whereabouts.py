"""One consumer's candidate zones and jurisdictions at a moment, each with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from .. import clock, words
from ..account import Address, Consumer, Point
from ..history import Statement
from .zones import (
    Zones,
    jurisdictions_of,
    number_area_code,
    same_clock,
    states_of_area_code,
    zones_of_area_code,
    zones_of_postal_code,
)

_FROM_CONSUMER = frozenset({"consumer", "consumer_email"})
Roles = Callable[[str], str | None]
"""What a person is to the consumer, by id; None: nobody knows."""


SAY_WHERE = frozenset({"current_location_zone", "number_not_consumers"})
"""Words that bear on where somebody is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for zones or jurisdictions.

    `kind`: residential or work (addresses), number, stated (zone evidence given outright),
    current_location_zone. `what` is what the file says, in short. `counts` is False where a later
    word on the consumer's current location displaced its zones (its jurisdictions stay).
    """

    kind: str
    what: str
    zones: Zones
    jurisdictions: frozenset[str] = frozenset()
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a consumer may be.

    `zones` are all candidate zones (empty: unknown); `jurisdictions` those of current residential
    addresses; `work_jurisdictions` those of current work addresses, for contacts at work only;
    `number_jurisdictions` those of the consumer's numbers, to show beside an unknown address.
    `address_known`: some current residential address names a place.
    """

    zones: Zones
    jurisdictions: frozenset[str]
    work_jurisdictions: frozenset[str]
    evidence: tuple[Evidence, ...]
    address_known: bool
    number_jurisdictions: frozenset[str]


def locate_number(point: Point) -> Zones:
    """Every zone the area code of a point's number reaches; empty without a number or a place."""
    return zones_of_area_code(number_area_code(point.number))


# -- addresses


def _began(address: Address) -> date | None:
    if address.since is not None:
        return address.since
    return address.received.date() if address.received else None


def _known(address: Address, day: date, known: datetime) -> bool:
    received = address.received is None or address.received <= known
    return received and (address.since is None or address.since <= day)


def _superseded(address: Address, others: Iterable[Address]) -> bool:
    began = _began(address)
    return began is not None and any(
        other.source in _FROM_CONSUMER and (_began(other) or began) > began for other in others
    )


def current_addresses(consumer: Consumer, day: date, known: datetime) -> tuple[Address, ...]:
    """The addresses that hold on a local day, as known at an instant (rules/README.md).

    Left out: one not yet received or not yet begun, one whose last day (`until`) is past, one known
    bad, and one that began before a later address of its kind which the consumer gave. An address
    with no date at all is never taken as the earlier one.
    """
    held = [
        one
        for one in consumer.addresses
        if _known(one, day, known) and (one.until is None or one.until >= day)
    ]
    return tuple(
        one
        for one in held
        if not one.known_bad
        and not _superseded(one, [other for other in held if other.kind == one.kind])
    )


def _address_evidence(address: Address) -> Evidence:
    what = " ".join(filter(None, (address.state, address.postal_code))) or "nothing"
    return Evidence(
        "work" if address.kind == "work" else "residential",
        what,
        zones_of_postal_code(address.postal_code, address.state, address.county),
        jurisdictions_of(address.state, address.postal_code, address.county),
    )


# -- statements


def _received_between(statement: Statement, zones: Zones) -> tuple[datetime, datetime]:
    """The earliest and latest instant of receipt: a civil date starts apart in each zone."""
    received = statement.received
    if isinstance(received, datetime):
        return received, received
    starts = [clock.start_of_day(received, zone) for zone in zones or clock.ZONES]
    return min(starts), max(starts)


def _surely_received(statement: Statement, known: datetime, zones: Zones) -> bool:
    recorded = statement.recorded is None or statement.recorded <= known
    return recorded and _received_between(statement, zones)[1] <= known


def _others_points(
    statements: Iterable[Statement], known: datetime, zones: Zones
) -> frozenset[str]:
    """Points whose numbers are known by now to be somebody else's."""
    found: set[str] = set()
    for statement in statements:
        if statement.kind == "number_not_consumers" and _surely_received(statement, known, zones):
            value = statement.value
            found.update([value] if isinstance(value, str) else value)
    return frozenset(found)


def _speaks_for(statement: Statement, consumer: Consumer, roles: Roles) -> bool | None:
    """Whose word about place it is (the case format, Meaning).

    True: the consumer's own, or knowledge; False: about the consumer, by an outsider or by who
    knows whom; None: about somebody else.
    """
    if statement.consumer not in (consumer.id, consumer.person):
        return None
    if statement.origin == "knowledge" or statement.by in (None, consumer.id, consumer.person):
        return True
    return None if roles(statement.by or "") in words.CONSUMER_ROLES else False


def _later_address(
    statement: Statement, addresses: Iterable[Address], zones: Zones, known: datetime
) -> bool:
    """Whether an address came in, or began, after the word on the current location."""
    received = _received_between(statement, zones)[0]
    said = max(clock.local_date(received, zone) for zone in zones or clock.ZONES)
    return any(
        (one.received is not None and received < one.received <= known)
        or (one.since is not None and one.since > said)
        for one in addresses
    )


# -- the whole


def locate(
    consumer: Consumer,
    points: Sequence[Point],
    statements: Sequence[Statement],
    day: date,
    known: datetime,
    roles: Roles,
) -> Whereabouts:
    """Where a consumer may be on a local day, by what was known at an instant (rules/README.md).

    Zones are the union of every zone of every current address, of the area codes of the consumer's
    own numbers, and of zones given outright. The latest word on the current location replaces them
    all from its receipt, until a later one or a later address; where it is not sure that it has
    been received, or whose word it is, its zone is added instead. Raises ValueError for a zone no
    database knows.
    """
    addresses = current_addresses(consumer, day, known)
    evidence = [_address_evidence(one) for one in addresses]
    evidence += [
        Evidence("stated", f"{one.kind} {one.zone}", frozenset({same_clock(one.zone)}))
        for one in consumer.zone_evidence
    ]
    placed = frozenset[str]().union(*(one.zones for one in evidence))
    others = _others_points(statements, known, placed)
    for point in points:
        own = point.owner in (consumer.id, consumer.person) and point.id not in others
        code = number_area_code(point.number)
        if own and point.kind in words.PHONE_KINDS and code:
            states = states_of_area_code(code)
            places = frozenset[str]().union(*(jurisdictions_of(one, None) for one in states))
            evidence.append(
                Evidence("number", f"area code {code}", zones_of_area_code(code), places)
            )
    evidence = _with_location(evidence, consumer, addresses, statements, known, roles)
    return Whereabouts(
        zones=frozenset[str]().union(*(one.zones for one in evidence if one.counts)),
        jurisdictions=_places(evidence, "residential"),
        work_jurisdictions=_places(evidence, "work"),
        evidence=tuple(evidence),
        address_known=bool(_places(evidence, "residential")),
        number_jurisdictions=_places(evidence, "number"),
    )


def together(found: Sequence[Whereabouts], known: Callable[[Iterable[bool]], bool]) -> Whereabouts:
    """Several answers as one: everything that any of them says.

    `known` (any or all): in how many of them the address must be known for it to be known.
    """
    if len(found) == 1:
        return found[0]
    nowhere = frozenset[str]()
    return Whereabouts(
        zones=nowhere.union(*(one.zones for one in found)),
        jurisdictions=nowhere.union(*(one.jurisdictions for one in found)),
        work_jurisdictions=nowhere.union(*(one.work_jurisdictions for one in found)),
        evidence=tuple(dict.fromkeys(each for one in found for each in one.evidence)),
        address_known=known(one.address_known for one in found),
        number_jurisdictions=nowhere.union(*(one.number_jurisdictions for one in found)),
    )


def _places(evidence: Iterable[Evidence], kind: str) -> frozenset[str]:
    return frozenset[str]().union(*(one.jurisdictions for one in evidence if one.kind == kind))


def _with_location(
    evidence: list[Evidence],
    consumer: Consumer,
    addresses: Sequence[Address],
    statements: Sequence[Statement],
    known: datetime,
    roles: Roles,
) -> list[Evidence]:
    """The evidence with what was said of the current location, and without what that displaced."""
    zones = frozenset[str]().union(*(one.zones for one in evidence))
    said = [
        (one, _received_between(one, zones | {one.value}))
        for one in statements
        if one.kind == "current_location_zone"
        and _speaks_for(one, consumer, roles) is not None
        and (one.recorded is None or one.recorded <= known)
    ]
    begun = sorted((one for one in said if one[1][0] <= known), key=lambda one: one[1])
    found = list(evidence)
    for statement, (_, latest) in begun:
        zone = same_clock(statement.value)
        if _later_address(statement, addresses, zones | {zone}, known):
            continue
        if latest <= known and _speaks_for(statement, consumer, roles):
            found = [_displaced(one) for one in found]
        found.append(Evidence("current_location_zone", str(statement.value), frozenset({zone})))
    return found


def _displaced(one: Evidence) -> Evidence:
    return Evidence(one.kind, one.what, one.zones, one.jurisdictions, counts=False)
