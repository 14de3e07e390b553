"""Small, awkward portfolios: frames of `scheduler.store.schema` in which much is shared.

A few consumers who share numbers, persons, loans and parties; pasts that cluster at local
midnights, seven days back and the weeks in which clocks change; words of every kind, some of them
not known yet; nulls wherever the schema allows them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

from engine import clock, words
from engine.facts import catalogue
from scheduler.records import table_of
from scheduler.said import lay_out
from scheduler.store.schema import PARTY_ROLES, TABLES

from .moments import DAYS, TIMES, ZONES, at_wall
from .past import RESULTS_BACK, RESULTS_IN, RESULTS_OF, RESULTS_OUT
from .people import seldom
from .words import CLOCKS, COMMON

Draw = st.DrawFn
Row = dict[str, Any]
PHONES = ("+16175550100", "+12125550100", "+16175550100", "+18085550100", "+16715550100",
          "+18505550100", "+18005550100", None, "", "617-555-0100", "+441632960000")  # fmt: skip
EMAILS = ("a@example.org", "b@example.com", None)
HOMES = (("MA", "02108"), ("NY", "10001"), ("NY", "14604"), ("NY", None), ("HI", "96813"),
         ("GU", "96910"), ("TX", "79901"), ("FL", "32501"), ("TN", None), ("XX", None))  # fmt: skip
COUNTIES = ("Queens County", "Nassau", "Gulf", "Escambia", "El Paso", "Knox", "")
KINDS = ("mobile", "mobile", "home_landline", "work_phone", "phone", "email_personal",
         "email_work", "home_mail", "work_mail", "home_visit", "social_media_private")  # fmt: skip
OTHERS = (("SPOUSE1", "spouse"), ("TP1", "third_party"), ("EMP1", "employer"),
          ("ATTY1", "attorney"), ("HH1", "household_member"), ("REP1", "representative"),
          ("PARENT1", "parent"))  # fmt: skip
TYPES = ("credit_card", "medical", "student_loan", "student_loan", "mortgage", "tax", "unspecified")
COLLECTORS = (
    {"collector": "AGENCY", "collector_role": "third_party"},
    {"collector": "SERVICER", "collector_role": "servicer", "collector_type": "mortgage_servicer"},
    {"collector": "OWNER", "collector_role": "creditor", "collector_located_in": "US-MA"},
)
STEPS = (-1, 0, -7, -6, -8, -2, -3, -5, -30, -31, -60, -90)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Pools:
    """What rows are drawn from: the fewer there are of each, the more of them meet."""

    kinds: tuple[str, ...] = KINDS
    phones: tuple[str | None, ...] = PHONES
    homes: tuple[tuple[str, str | None], ...] = HOMES
    collectors: tuple[dict[str, str], ...] = (COLLECTORS[0], *COLLECTORS)
    steps: tuple[int, ...] = STEPS
    said: tuple[str, ...] = tuple(catalogue.STATEMENTS)


WIDE = Pools()
CROWDED = Pools(
    kinds=("mobile", "mobile", "phone", "email_personal"),
    phones=("+16175550100", "+16175550100", "+12125550100"),
    homes=(("MA", "02108"), ("MA", "02108"), ("HI", "96813")),
    collectors=COLLECTORS[:1],
    steps=(0, -1, 0, -1, -6, -7),
    said=COMMON,
)
"""Few of everything: numbers are shared, and what happened mostly counts."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A portfolio and the day it is decided for, as known at `now`."""

    frames: dict[str, pl.DataFrame]
    day: date
    now: datetime

    def rows(self, table: str) -> list[Row]:
        """A table's rows."""
        return self.frames[table].to_dicts()

    def scan(self, table: str) -> pl.LazyFrame:
        """A table's rows, lazily (`scheduler.records.Tables`)."""
        return table_of(self.frames, table)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As Hypothesis prints it."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        """What is in it, without the empty cells."""
        lines = [f"day {self.day}, now {self.now}"]
        for name in self.frames:
            for row in self.rows(name):
                told = {key: value for key, value in row.items() if value not in (None, False)}
                lines.append(f"{name}: {told}")
        return "\n".join(lines)


@dataclass
class _File:
    """One consumer's ids while rows are drawn."""

    consumer: str
    person: str
    accounts: list[str]
    points: list[Row]


@dataclass
class _Sheet:
    """Rows drawn so far."""

    day: date
    now: datetime
    pools: Pools
    rows: dict[str, list[Row]]
    files: list[_File]

    def add(self, table: str, **row: Any) -> Row:
        """One more row; a key that is a number is given here."""
        self.rows[table].append(row)
        return row

    def number(self, table: str, letter: str) -> str:
        """The next id of a table."""
        return f"{letter}{len(self.rows[table]) + 1:02d}"

    @property
    def points(self) -> list[Row]:
        """Every point so far."""
        return self.rows["contact_points"]


def _instant(draw: Draw, sheet: _Sheet, ahead: int = 0) -> datetime:
    """An instant near an edge of a day some days before; now and then after `now`."""
    step = draw(st.sampled_from(sheet.pools.steps))
    if ahead and draw(st.integers(0, 14)) == 14:
        step = ahead
    if draw(st.integers(0, 3)) == 3:
        return sheet.now + timedelta(days=step)
    zone = draw(st.sampled_from(ZONES))
    at = at_wall(sheet.day + timedelta(days=step), draw(st.sampled_from(TIMES)), zone)
    return at + draw(st.sampled_from((timedelta(), timedelta(), MICROSECOND, -MICROSECOND)))


def _date(draw: Draw, sheet: _Sheet) -> date:
    return sheet.day + timedelta(days=draw(st.sampled_from((*STEPS, 1, 2, -365, -1096, -2191))))


def _recorded(draw: Draw, sheet: _Sheet, at: datetime) -> datetime:
    late = draw(st.integers(0, 11)) == 11
    return max(at, sheet.now + timedelta(hours=1)) if late else at


def _some(draw: Draw, ids: Sequence[str]) -> list[str]:
    return draw(st.lists(st.sampled_from(ids), min_size=1, max_size=2, unique=True))


# -- people, debts, points


def _person(draw: Draw, sheet: _Sheet, number: int) -> str:
    """Mostly a person of their own; else somebody who is in the sheet already."""
    known = [file.person for file in sheet.files]
    if known and draw(st.integers(0, 3)) == 3:
        return draw(st.sampled_from((*known, "SPOUSE1", "EMP1")))
    return f"H{number}"


def _add_file(draw: Draw, sheet: _Sheet, number: int) -> None:
    consumer = f"C{number}"
    person = _person(draw, sheet, number)
    sheet.add(
        "consumers",
        consumer=consumer,
        person=person,
        deceased=draw(st.integers(0, 11)) == 11,
        surviving_spouse=seldom(draw, st.just("SPOUSE1"), 8),
        personal_representative=seldom(draw, st.just("REP1"), 8),
    )
    file = _File(consumer, person, [], [])
    sheet.files.append(file)
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        _add_account(draw, sheet, file)
    for _ in range(draw(st.sampled_from((1, 2, 3)))):
        _add_point(draw, sheet, file)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 0)))):
        _add_address(draw, sheet, file)


def _add_account(draw: Draw, sheet: _Sheet, file: _File) -> None:
    account = sheet.number("accounts", "A")
    dates = st.lists(st.sampled_from(words.ACCOUNT_DATES), max_size=3, unique=True)
    file.accounts.append(account)
    sheet.add(
        "accounts",
        account=account,
        consumer=file.consumer,
        type=draw(st.sampled_from(TYPES)),
        **draw(st.sampled_from(sheet.pools.collectors)),
        fdcpa_covered=draw(st.sampled_from((True, True, None, False))),
        status=draw(st.sampled_from(("open", "open", "open", "closed"))),
        balance=Decimal("12.50"),
        original_amount=seldom(draw, st.sampled_from((Decimal(500), Decimal("500.01"))), 3),
        servicing_account=draw(st.sampled_from((None, "S-1", "S-1", "S-2", ""))),
        hospital_debt=seldom(draw, st.booleans(), 3),
        lender_licence=draw(st.sampled_from((None, None, "none", "installment_loan"))),
        secured_by=seldom(draw, st.just("car"), 4),
        cosigned=seldom(draw, st.booleans(), 3),
        holder=draw(st.sampled_from((None, None, "creditor", "debt_buyer"))),
        **{name: _date(draw, sheet) for name in draw(dates)},
    )


def _add_point(draw: Draw, sheet: _Sheet, file: _File) -> None:
    kind = draw(st.sampled_from(sheet.pools.kinds))
    owner, whom = file.person, "consumer"
    if draw(st.integers(0, 3)) == 3:
        others = [(one.person, "consumer") for one in sheet.files] + [(file.consumer, whom)]
        owner, whom = draw(st.sampled_from((*OTHERS, *others, (file.person, "spouse"))))
    number = None
    if kind in words.PHONE_KINDS:
        number = draw(st.sampled_from(sheet.pools.phones))
    elif kind.startswith("email"):
        number = draw(st.sampled_from(EMAILS))
    given = seldom(draw, st.just(True), 3) if kind.startswith("email") else None
    row = sheet.add(
        "contact_points",
        point=sheet.number("contact_points", "T"),
        consumer=file.consumer,
        kind=kind,
        owner=owner,
        whom=whom,
        number=number,
        special_line=seldom(draw, st.sampled_from(catalogue.LINES), 12),
        email_provenance=json.dumps(_provenance(draw, sheet)) if given else None,
    )
    file.points.append(row)


def _provenance(draw: Draw, sheet: _Sheet) -> dict[str, Any]:
    day = st.builds(lambda: _date(draw, sheet).isoformat())
    how = st.one_of(day, st.booleans())
    parts: dict[str, st.SearchStrategy[Any]] = {
        "consumer_used_with_this_collector": how,
        "direct_consent_to_this_collector": how,
        "consumer_entered_on_portal": how,
        "portal_disclosed_use_for_debt": st.booleans(),
        "creditor_obtained_from_consumer": st.just(True),
        "creditor_use": st.sampled_from(
            (["periodic_statements"], ["marketing"], "periodic_statements")
        ),
        "notice_sent": st.just((sheet.day - timedelta(days=60)).isoformat()),
        "notice_names_this_collector": st.just(True),
        "opt_out_deadline": day,
        "opted_out": st.booleans(),
        "domain": st.sampled_from(("public", "reserved_institution")),
        "chain": st.lists(_links(), max_size=3),
    }
    chosen = draw(st.lists(st.sampled_from(tuple(parts)), max_size=3, unique=True))
    if draw(st.integers(0, 2)) == 2:
        chosen = [*parts][4:11]
    return {name: draw(parts[name]) for name in chosen}


@st.composite
def _links(draw: Draw) -> dict[str, Any]:
    found: dict[str, Any] = {"collector": "EARLIER"}
    if draw(st.booleans()):
        by = ("6(d)(4)(i)", "6(d)(4)(ii)", "6(d)(4)(i) or (ii)", "6(d)(4)(iii)", "6(d)(4)(iv)")
        found["obtained_by"] = draw(st.sampled_from(by))
    for name in ("emailed_consumer", "opted_out"):
        if draw(st.booleans()):
            found[name] = draw(st.booleans())
    return found


def _add_address(draw: Draw, sheet: _Sheet, file: _File) -> None:
    state, code = draw(st.sampled_from(sheet.pools.homes))
    received = _instant(draw, sheet, 1)
    sheet.add(
        "addresses",
        address=sheet.number("addresses", "R"),
        consumer=file.consumer,
        kind="work" if draw(st.integers(0, 4)) == 4 else "residential",
        state=state,
        postal_code=code,
        county=seldom(draw, st.sampled_from(COUNTIES), 4),
        since=seldom(draw, st.builds(lambda: _date(draw, sheet)), 4),
        until=seldom(draw, st.builds(lambda: _date(draw, sheet)), 5),
        source=draw(st.sampled_from(("consumer", "creditor"))),
        received_at=received,
        recorded_at=_recorded(draw, sheet, received),
        known_bad=draw(st.integers(0, 11)) == 11,
    )


# -- what happened


def _people(sheet: _Sheet) -> list[str]:
    return [*(one.person for one in sheet.files), "SPOUSE1", "TP1", "EMP1", "nobody"]


def _add_contact(draw: Draw, sheet: _Sheet) -> None:
    file = draw(st.sampled_from(sheet.files))
    near = draw(st.integers(0, 9))
    point = draw(st.sampled_from(file.points if near < 8 else sheet.points))
    channel = draw(st.sampled_from(words.CHANNELS_OF_KIND[point["kind"]]))
    inbound = draw(st.integers(0, 3)) == 3
    if inbound:
        result = draw(st.sampled_from(RESULTS_IN.get(channel, RESULTS_BACK)))
    else:
        result = draw(st.sampled_from(RESULTS_OF.get(channel, RESULTS_OUT)))
    every = [row["account"] for row in sheet.rows["accounts"]]
    debts = st.lists(st.sampled_from((*file.accounts, *file.accounts, *every)), max_size=2,
                     unique=True)  # fmt: skip
    at = _instant(draw, sheet, 1)
    known = [one["collector"] for one in sheet.pools.collectors]
    sheet.add(
        "contacts",
        contact=sheet.number("contacts", "K"),
        consumer=file.consumer,
        channel=channel,
        direction="in" if inbound else "out",
        point=None if near == 9 and draw(st.booleans()) else point["point"],
        at=at,
        result=result,
        message_possible=seldom(draw, st.booleans(), 5),
        intended_for=seldom(draw, st.sampled_from((*_people(sheet), file.consumer)), 6),
        reached=seldom(draw, st.sampled_from((*_people(sheet), file.consumer)), 6),
        attributed_to=draw(st.one_of(st.just(file.accounts[:1]), st.none(), debts)),
        discussed=seldom(draw, debts, 4),
        conversation_attributed_to=seldom(draw, debts, 6),
        initiated_by=seldom(draw, st.sampled_from(("consumer", "collector")), 6),
        technology=seldom(draw, st.sampled_from(words.TECHNOLOGIES), 3),
        purpose=seldom(draw, st.sampled_from(words.PURPOSES), 4),
        content=seldom(draw, st.sampled_from(words.CONTENTS), 4),
        disclosure=None,
        reply_to_consumer=draw(st.integers(0, 6)) == 6,
        automated=False,
        opt_out_notice=None,
        validation_period_end=seldom(draw, st.builds(lambda: _date(draw, sheet)), 5),
        collector=draw(st.sampled_from((*known, *known, "ANOTHER"))),
        recorded_at=_recorded(draw, sheet, at),
    )


def _hours(draw: Draw, sheet: _Sheet) -> Any:
    found = []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        entry: dict[str, Any] = {}
        if draw(st.booleans()):
            entry["days"] = _some(draw, words.DAYS)
        if draw(st.booleans()):
            first, last = draw(st.sampled_from(CLOCKS)), draw(st.sampled_from(CLOCKS[1:]))
            if first != last:
                entry |= {"from": first, "to": last}
        if draw(st.integers(0, 3)) == 3:
            entry["until"] = _date(draw, sheet)
        found.append(entry)
    return found


def _value(draw: Draw, sheet: _Sheet, file: _File, shape: str) -> Any:
    """A value of a shape, as a case file gives it."""
    day = _date
    given = draw(st.integers(0, 3))
    match shape:
        case "debts" | "debt" | "debt_or_true":
            return True if shape == "debt_or_true" and given == 3 else _some(draw, file.accounts)
        case "disputes":
            amounts = ({}, {"amount": Decimal(120)})
            return [{"debt": one, **draw(st.sampled_from(amounts))}
                    for one in _some(draw, file.accounts)]  # fmt: skip
        case "point" | "points":
            return draw(st.sampled_from([p["point"] for p in file.points]))
        case "consent" | "callback":
            parts: dict[str, Any] = {"on": draw(st.sampled_from(("unspecified", *words.DAYS)))}
            if shape == "consent":
                parts |= {"date": day(draw, sheet), "until": _until(draw, sheet),
                          "number": draw(st.sampled_from(file.points))["point"]}  # fmt: skip
            kept = draw(st.lists(st.sampled_from(sorted(parts)), max_size=1))
            return {"debt": _some(draw, file.accounts), **{name: parts[name] for name in kept}}
        case "reassigned":
            point = draw(st.sampled_from(file.points))["point"]
            answer = draw(st.sampled_from(("yes", "no", "no_data")))
            since = draw(st.none() | st.builds(lambda: day(draw, sheet)))
            return {"point": point, "answer": answer} | ({"since": since} if since else {})
    simple: dict[str, st.SearchStrategy[Any]] = {
        "channel": st.sampled_from(words.CHANNELS),
        "hours": st.builds(lambda: _hours(draw, sheet)),
        "place": st.sampled_from(("home", "work")),
        "clock": st.sampled_from(CLOCKS[1:]),
        "zone": st.sampled_from(ZONES),
        "true": st.sampled_from((True, True, False)),
        "date": st.builds(lambda: day(draw, sheet)),
        "person": st.sampled_from(("ATTY1", "TP1")),
        "place_code": st.just("US-MA"),
        "messages": st.sampled_from(({"max": 1}, {"max": 4, "within": "3 days"}, {},
                                     {"within": "1 days"}, {"max": 2, "within": "30 days"})),
        "bankruptcy": st.builds(lambda: _petition(draw, sheet)),
        "hold": st.sampled_from(catalogue.HOLDS),
        "money": st.just({"amount": Decimal(10)}),
    }  # fmt: skip
    return draw(simple[shape])


def _petition(draw: Draw, sheet: _Sheet) -> dict[str, Any]:
    found = dict(draw(st.sampled_from(({}, {"chapter": 13}, {"chapter": 12}, {"chapter": 7}))))
    return found | ({"filed": _date(draw, sheet)} if draw(st.booleans()) else {})


def _until(draw: Draw, sheet: _Sheet) -> date:
    return draw(st.one_of(st.builds(lambda: _date(draw, sheet)),
                          st.builds(lambda: _instant(draw, sheet, 1))))  # fmt: skip


def _add_word(draw: Draw, sheet: _Sheet, kinds: Sequence[str]) -> None:
    """Something said, or learned; a word about several points is a row for each."""
    file = draw(st.sampled_from(sheet.files))
    kind = draw(st.one_of(st.sampled_from(kinds), st.sampled_from(sheet.pools.said)))
    saying = catalogue.STATEMENTS[kind]
    value = _value(draw, sheet, file, saying.shape)
    more: dict[str, Any] = {}
    for word in saying.beside:
        if draw(st.booleans()):
            more[word] = _some(draw, file.accounts) if word == "debts" else draw(st.booleans())
    received = _instant(draw, sheet, 1)
    common = {"consumer": file.consumer, "kind": kind, "received_at": received,
              "recorded_at": _recorded(draw, sheet, received)}  # fmt: skip
    learned = draw(st.integers(0, 3)) == 3
    for row in lay_out(kind, value, more):
        if learned:
            source = draw(st.sampled_from(words.SOURCES))
            sheet.add("knowledge", knowledge=sheet.number("knowledge", "L"), source=source,
                      **common, **row)  # fmt: skip
            continue
        sheet.add(
            "statements",
            statement=sheet.number("statements", "S"),
            by=draw(st.sampled_from((None, file.person, file.consumer, *_people(sheet), "ATTY1"))),
            to=draw(st.sampled_from(("this_collector",) * 6 + words.STATEMENT_TARGETS)),
            medium=draw(st.sampled_from(("written", "oral", *words.MEDIA))),
            accepted_medium=draw(st.integers(0, 4)) != 4,
            during_lawful_contact=seldom(draw, st.booleans(), 2),
            made_at=received - timedelta(days=draw(st.sampled_from((0, 0, 1, 4)))),
            **common,
            **row,
        )


# -- the whole


def _now(draw: Draw, day: date) -> datetime:
    """From the evening before a day to its late evening, at some consumer's clock."""
    zone = draw(st.sampled_from(ZONES))
    wall = draw(st.sampled_from(("-20:00", "00:00", "05:00", "05:00", "12:30", "17:00", "22:00")))
    before = wall.startswith("-")
    at = at_wall(day - timedelta(days=int(before)), clock.parse_time(wall.lstrip("-")), zone)
    return at + draw(st.sampled_from((timedelta(), timedelta(seconds=1))))


@st.composite
def portfolios(
    draw: Draw,
    *,
    consumers: int = 4,
    contacts: int = 12,
    said: int = 6,
    kinds: Sequence[str] = COMMON,
    pools: Pools = WIDE,
) -> Portfolio:
    """A portfolio of at most so many consumers, contacts and words; `kinds` come more often."""
    day = draw(st.sampled_from(DAYS))
    sheet = _Sheet(day, _now(draw, day), pools, {name: [] for name in TABLES}, [])
    for number in range(1, 1 + draw(st.integers(1, consumers))):
        _add_file(draw, sheet, number)
    for row in sheet.rows["accounts"]:
        if draw(st.integers(0, 5)) == 5:
            sheet.add("account_parties", account=row["account"],
                      person=draw(st.sampled_from(_people(sheet))),
                      role=draw(st.sampled_from(PARTY_ROLES)))  # fmt: skip
    for _ in range(draw(st.integers(0, contacts))):
        _add_contact(draw, sheet)
    for _ in range(draw(st.integers(0, said))):
        _add_word(draw, sheet, kinds)
    frames = {
        name: pl.DataFrame(
            [{column: row.get(column) for column in table.schema} for row in sheet.rows[name]],
            schema=table.schema,
        )
        for name, table in TABLES.items()
    }
    return Portfolio(frames, sheet.day, sheet.now)
