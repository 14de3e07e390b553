"""The parts of `facts` that do not move: collector, consumer, debts, contact points, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from .. import words
from ..account import Account, Address, Collector, Consumer, Point, ZoneEvidence
from ..facts import catalogue
from ..history import Contact, Statement
from ..reading.nodes import Map, Node, Sheet
from . import values

COLLECTOR_WORDS: Final = ("id", "role", "type", "fdcpa_covered", "licensed_in", "located_in")
CONSUMER_WORDS: Final = (
    "id",
    "deceased",
    "surviving_spouse",
    "personal_representative",
    "time_zone_evidence",
    "addresses",
)
ADDRESS_WORDS: Final = ("kind", "state", "postal_code", "county", "since", "until")
ADDRESS_KINDS: Final = ("residential", "work")
EVIDENCE_KINDS: Final = (
    "residential_address",
    "work_address",
    "mobile_area_code",
    "landline_area_code",
)
DEBT_WORDS: Final = (
    "id",
    "type",
    *words.ACCOUNT_DATES,
    "original_amount",
    "hospital_debt",
    "lender_licence",
    "servicing_account_when_obtained",
    "secured_by",
    "cosigned",
    "holder",
)
HOLDERS: Final = ("debt_buyer",)
POINT_WORDS: Final = ("id", "kind", "belongs_to", "number", "special_line")
CREDITOR_USES: Final = ("periodic_statements", "marketing_unrelated_to_account")
DOMAINS: Final = ("public", "reserved_commercial", "reserved_institution")
ROUTES: Final = ("6(d)(4)(i)", "6(d)(4)(ii)", "6(d)(4)(i) or (ii)")
CHAIN_WORDS: Final = ("collector", "obtained_by", "emailed_consumer", "opted_out")
_SINCE: Final = (
    "consumer_used_with_this_collector",
    "direct_consent_to_this_collector",
    "consumer_entered_on_portal",
)
_FLAGS: Final = (
    "portal_disclosed_use_for_debt",
    "creditor_obtained_from_consumer",
    "notice_names_this_collector",
    "opted_out",
)
_DATES: Final = ("notice_sent", "opt_out_deadline")
PROVENANCE_WORDS: Final = (
    *_SINCE,
    *_FLAGS,
    *_DATES,
    "creditor_use",
    "domain",
    "address",
    "chain",
)
FIRST_CONSUMER: Final = "P1"
FIRST_DEBT: Final = "D1"


@dataclass(frozen=True, slots=True)
class Covered:
    """A collector and, per case, whether it is a debt collector under 12 CFR 1006.2(i)."""

    collector: Collector
    fdcpa_covered: str


def collector(sheet: Sheet, node: Node | None) -> Covered:
    """The collector; `licensed_in` left out means that all licences are held."""
    entry = values.mapping(sheet, node, "collector")
    if entry is None:
        return Covered(Collector(), words.UNKNOWN)
    values.known(sheet, entry, COLLECTOR_WORDS, "collector")
    values.name(sheet, entry.get("id"), "collector: id")
    role = values.choice(sheet, entry.get("role"), words.COLLECTOR_ROLES, "role", "R016")
    kind = values.choice(sheet, entry.get("type"), catalogue.COLLECTOR_TYPES, "type of collector")
    licences = entry.get("licensed_in")
    held: frozenset[str] | None = None
    if not values.empty(licences) and licences is not None:
        found = (values.place(sheet, one, "licensed_in") for one in values.several(licences))
        held = frozenset(one for one in found if one is not None)
    located = values.place(sheet, entry.get("located_in"), "located_in")
    who = Collector(role=role or "third_party", type=kind, licensed_in=held, located_in=located)
    return Covered(who, _covered(sheet, entry.get("fdcpa_covered")))


def _covered(sheet: Sheet, node: Node | None) -> str:
    found = values.choice(sheet, node, ("true", "false", words.UNKNOWN), "fdcpa_covered", "R030")
    return {"true": words.YES, "false": words.NO}.get(found or "", words.UNKNOWN)


def consumer(sheet: Sheet, node: Node | None) -> Consumer:
    """The consumer, P1 where no id is given."""
    entry = values.mapping(sheet, node, "consumer")
    if entry is None:
        return Consumer(FIRST_CONSUMER, FIRST_CONSUMER)
    values.known(sheet, entry, CONSUMER_WORDS, "consumer")
    id = values.name(sheet, entry.get("id"), "consumer: id") or FIRST_CONSUMER
    addresses = values.listing(sheet, entry.get("addresses"), "addresses")
    evidence = values.listing(sheet, entry.get("time_zone_evidence"), "time_zone_evidence")
    return Consumer(
        id=id,
        person=id,
        deceased=values.boolean(sheet, entry.get("deceased"), "deceased") or False,
        surviving_spouse=values.person(sheet, entry.get("surviving_spouse"), "surviving_spouse"),
        personal_representative=values.person(
            sheet, entry.get("personal_representative"), "personal_representative"
        ),
        addresses=tuple(_address(sheet, one) for one in addresses),
        zone_evidence=tuple(_evidence(sheet, one) for one in evidence),
    )


def _address(sheet: Sheet, node: Node) -> Address:
    entry = values.mapping(sheet, node, "an address")
    if entry is None:
        return Address()
    values.known(sheet, entry, ADDRESS_WORDS, "an address")
    kind = values.choice(sheet, entry.get("kind"), ADDRESS_KINDS, "kind of address")
    return Address(
        kind=kind or "residential",
        state=values.state(sheet, entry.get("state"), "state"),
        postal_code=values.text(sheet, entry.get("postal_code"), "postal_code"),
        county=values.text(sheet, entry.get("county"), "county"),
        since=values.day(sheet, entry.get("since"), "since"),
        until=values.day(sheet, entry.get("until"), "until"),
    )


def _evidence(sheet: Sheet, node: Node) -> ZoneEvidence:
    entry = values.mapping(sheet, node, "an entry of time_zone_evidence")
    if entry is None:
        return ZoneEvidence("", "")
    values.known(sheet, entry, ("kind", "zone"), "time_zone_evidence")
    kind = values.choice(sheet, entry.get("kind"), EVIDENCE_KINDS, "kind of zone evidence")
    zone = values.zone(sheet, entry.get("zone"), "zone")
    for word, found in (("kind", entry.get("kind")), ("zone", entry.get("zone"))):
        if values.empty(found):
            sheet.report("R029", entry, f"time_zone_evidence: `{word}` is missing")
    return ZoneEvidence(kind or "", zone or "")


def accounts(sheet: Sheet, node: Node | None, owner: str, fdcpa_covered: str) -> dict[str, Account]:
    """The debts by id; a case that lists none has one, D1."""
    found: dict[str, Account] = {}
    for one in values.listing(sheet, node, "debts"):
        account = _account(sheet, one, owner, fdcpa_covered)
        if account is None:
            continue
        if account.id in found:
            sheet.report("R034", one, f"the debt `{values.shown(account.id)}` stands here twice")
        found[account.id] = account
    if not found:
        found[FIRST_DEBT] = Account(FIRST_DEBT, owner, fdcpa_covered=fdcpa_covered)
    return found


def _account(sheet: Sheet, node: Node, owner: str, fdcpa_covered: str) -> Account | None:
    entry = values.mapping(sheet, node, "a debt")
    if entry is None:
        return None
    values.known(sheet, entry, DEBT_WORDS, "a debt")
    id = values.name(sheet, entry.get("id"), "debt: id")
    if id is None:
        sheet.report("R029", entry, "a debt needs an `id`")
        return None
    dates: dict[str, date] = {}
    for word in words.ACCOUNT_DATES:
        at = values.day(sheet, entry.get(word), word)
        if at is not None:
            dates[word] = at
    kind = values.choice(sheet, entry.get("type"), words.DEBT_TYPES, "type of debt", "R017")
    return Account(
        id=id,
        consumer=owner,
        type=kind or "unspecified",
        fdcpa_covered=fdcpa_covered,
        dates=dates,
        servicing_account=values.text(
            sheet, entry.get("servicing_account_when_obtained"), "servicing_account_when_obtained"
        ),
        original_amount=values.amount(sheet, entry.get("original_amount"), "original_amount"),
        hospital_debt=values.boolean(sheet, entry.get("hospital_debt"), "hospital_debt"),
        lender_licence=values.choice(
            sheet, entry.get("lender_licence"), catalogue.LENDER_LICENCES, "lender_licence"
        ),
        secured_by=values.text(sheet, entry.get("secured_by"), "secured_by"),
        cosigned=values.boolean(sheet, entry.get("cosigned"), "cosigned"),
        holder=values.choice(sheet, entry.get("holder"), HOLDERS, "holder"),
    )


def points(sheet: Sheet, node: Node | None, owner: str) -> dict[str, Point]:
    """The declared contact points by id."""
    found: dict[str, Point] = {}
    for one in values.listing(sheet, node, "contact_points"):
        point = _point(sheet, one, owner)
        if point is None:
            continue
        if point.id in found:
            message = f"the contact point `{values.shown(point.id)}` stands here twice"
            sheet.report("R034", one, message)
        found[point.id] = point
    return found


def _point(sheet: Sheet, node: Node, owner: str) -> Point | None:
    entry = values.mapping(sheet, node, "a contact point")
    if entry is None:
        return None
    values.known(sheet, entry, POINT_WORDS, "a contact point")
    id = values.name(sheet, entry.get("id"), "contact point: id")
    if id is None:
        sheet.report("R029", entry, "a contact point needs an `id`")
        return None
    kind = values.choice(
        sheet, entry.get("kind"), words.POINT_KINDS, "kind of contact point", "R015"
    )
    person = values.person(sheet, entry.get("belongs_to"), "belongs_to", owner) or owner
    return Point(
        id=id,
        kind=kind or words.UNKNOWN_KIND,
        owner=person,
        whom=whom(person, owner),
        consumer=owner,
        number=values.phone_number(sheet, entry.get("number"), "number"),
        special_line=values.choice(
            sheet, entry.get("special_line"), catalogue.LINES, "special_line"
        ),
    )


def undeclared(id: str, owner: str) -> Point:
    """A point of the history that the case does not declare: of unknown kind, the consumer's."""
    if id == "CRA":
        return Point(id, "cra", id, "cra", owner)
    return Point(id, words.UNKNOWN_KIND, owner, "consumer", owner)


def whom(person: str, owner: str) -> str:
    """The role of a person by its id's prefix; the consumer is whoever the case calls so."""
    return "consumer" if person == owner else words.owner_role(person) or "third_party"


def roles(statements: Iterable[Statement], contacts: Iterable[Contact]) -> dict[str, str]:
    """The roles of all people named in these, by the beginnings of their ids."""
    names = {one.by for one in statements}
    names |= {name for one in contacts for name in (one.intended_for, one.reached)}
    found = ((name, words.owner_role(name)) for name in sorted(filter(None, names)))
    return {name: role for name, role in found if role is not None}


def provenance(sheet: Sheet, node: Node | None) -> Mapping[str, Any] | None:
    """How the case's e-mail address was obtained; None if nothing is said of it.

    Values: dates, true or false, `creditor_use` and `chain` as tuples. What the first three words
    give is a date, or true or false where no date is known.
    """
    entry = values.mapping(sheet, node, "email_provenance")
    if entry is None:
        return None
    values.known(sheet, entry, PROVENANCE_WORDS, "email_provenance")
    found: dict[str, Any] = {word: _since(sheet, entry, word) for word in _SINCE}
    found |= {word: values.boolean(sheet, entry.get(word), word) for word in _FLAGS}
    found |= {word: values.day(sheet, entry.get(word), word) for word in _DATES}
    found["creditor_use"] = values.choices(
        sheet, entry.get("creditor_use"), CREDITOR_USES, "creditor_use"
    )
    found["domain"] = values.choice(sheet, entry.get("domain"), DOMAINS, "domain")
    found["address"] = values.text(sheet, entry.get("address"), "address")
    chain = values.listing(sheet, entry.get("chain"), "chain")
    found["chain"] = tuple(_link(sheet, one) for one in chain) or None
    return {word: value for word, value in found.items() if value is not None}


def _since(sheet: Sheet, entry: Map, word: str) -> date | bool | None:
    given = values.text(sheet, entry.get(word), word)
    if given is not None and given.casefold() in ("true", "false"):
        return given.casefold() == "true"
    return values.day(sheet, entry.get(word), word)


def _link(sheet: Sheet, node: Node) -> dict[str, Any]:
    entry = values.mapping(sheet, node, "an entry of chain")
    if entry is None:
        return {}
    values.known(sheet, entry, CHAIN_WORDS, "chain")
    found = {
        "collector": values.name(sheet, entry.get("collector"), "chain: collector"),
        "obtained_by": values.choice(sheet, entry.get("obtained_by"), ROUTES, "obtained_by"),
        "emailed_consumer": values.boolean(
            sheet, entry.get("emailed_consumer"), "emailed_consumer"
        ),
        "opted_out": values.boolean(sheet, entry.get("opted_out"), "opted_out"),
    }
    if found["collector"] is None:
        sheet.report("R029", entry, "chain: `collector` is missing")
    return {word: value for word, value in found.items() if value is not None}
