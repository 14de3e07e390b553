"""What we are told of consumers, accounts and contact points. Plain frozen records, no behaviour.

Instants are aware datetimes in UTC; civil dates are `datetime.date`; money is `Decimal` dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Collector:
    """Whoever collects: `role` is the capacity it acts in, `type` what business it is."""

    id: str = "this_collector"
    role: str = "third_party"
    type: str | None = None
    licensed_in: frozenset[str] | None = None  # None: all licences held
    located_in: str | None = None
    licence_ends: Mapping[str, date] = field(default_factory=dict)  # last days, where they end
    licences_told: bool = True  # False: nobody said which licences are held


@dataclass(frozen=True, slots=True)
class Address:
    """A dated address; `until` is its last day. `state` as in "MA"; `known_bad`: mail came back."""

    kind: str = "residential"  # residential | work
    state: str | None = None
    postal_code: str | None = None
    county: str | None = None
    since: date | None = None
    until: date | None = None
    source: str | None = None
    received: datetime | None = None
    known_bad: bool = False


@dataclass(frozen=True, slots=True)
class ZoneEvidence:
    """A zone given outright: kind is residential_address, work_address, *_area_code."""

    kind: str
    zone: str


@dataclass(frozen=True, slots=True)
class Point:
    """A contact point. `owner` is a person's id, `whom` that person's role (words.OWNER_ROLES).

    `line` is the phone number however recorded (E.164), so that one line written twice is one.
    """

    id: str
    kind: str
    owner: str
    whom: str
    consumer: str  # whose file it stands in
    number: str | None = None
    special_line: str | None = None  # emergency | hospital_room (47 USC 227(b)(1)(A)(i),(ii))

    @property
    def line(self) -> str:
        """The identity of the line: the number, or the point itself where none is known."""
        return self.number or self.id


@dataclass(frozen=True, slots=True)
class Account:
    """One debt of one consumer, placed for collection: "a particular debt" in Regulation F."""

    id: str
    consumer: str
    type: str = "unspecified"
    collector: str = "this_collector"
    creditor: str | None = None
    fdcpa_covered: str = "unknown"  # yes | no | unknown
    status: str = "open"
    dates: Mapping[str, date] = field(default_factory=dict)  # words.ACCOUNT_DATES
    servicing_account: str | None = None  # when obtained
    original_amount: Decimal | None = None
    balance: Decimal | None = None
    hospital_debt: bool | None = None
    lender_licence: str | None = None
    secured_by: str | None = None
    cosigned: bool | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A natural person who owes, as one row of a file; `person` joins rows of the same human."""

    id: str
    person: str
    deceased: bool = False
    surviving_spouse: str | None = None
    personal_representative: str | None = None
    addresses: tuple[Address, ...] = ()
    zone_evidence: tuple[ZoneEvidence, ...] = ()
