"""A fixed panel of contacts through two fixed weeks, in every place: tests/snapshots.

Each account of the panel is one consumer of the place, with a past of its own. A week runs from
the Wednesday before a clock change to the Tuesday after it. What happened in a week happened at
half past one in the afternoon, UTC, when one civil date holds from Guam to Samoa; each day is asked
about at a quarter to two in the afternoon, UTC, of the day before, before it begins in Guam.

`python -m tests.panel` writes the snapshots anew. A difference is a change of what may be done: it
is read as one, and written down only if it is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.part import PartInput, decide_part
from engine.rulebook import Rulebook, law_directory, load
from scheduler.grouped import GroupsOf
from scheduler.linked import contact_groups
from scheduler.store.schema import TABLES

from .comparing import TwinPanel

SNAPSHOTS: Final = Path(__file__).with_name("snapshots")
WEEKS: Final = {"spring": date(2026, 3, 4), "autumn": date(2026, 10, 28)}
CHANNELS: Final = ("call", "text", "email", "mail", "visit")
HAPPENED: Final = time(13, 30, tzinfo=UTC)
ASKED: Final = time(13, 45, tzinfo=UTC)
POSTAL_CODES: Final = {
    "AK": "99501", "AL": "35203", "AR": "72201", "AS": "96799", "AZ": "85003", "CA": "90012",
    "CO": "80202", "CT": "06103", "DC": "20001", "DE": "19801", "FL": "33130", "GA": "30303",
    "GU": "96910", "HI": "96813", "IA": "50309", "ID": "83702", "IL": "60602", "IN": "46204",
    "KS": "66603", "KY": "40202", "LA": "70112", "MA": "02108", "MD": "21202", "ME": "04101",
    "MI": "48226", "MN": "55401", "MO": "63101", "MP": "96950", "MS": "39201", "MT": "59601",
    "NC": "27601", "ND": "58501", "NE": "68102", "NH": "03101", "NJ": "07102", "NM": "87102",
    "NV": "89101", "NY": "14604", "NYC": "10007", "OH": "43215", "OK": "73102", "OR": "97201",
    "PA": "19107", "PR": "00901", "RI": "02903", "SC": "29201", "SD": "57104", "TN": "37201",
    "TX": "78701", "UT": "84101", "VA": "23219", "VI": "00802", "VT": "05401", "WA": "98101",
    "WI": "53703", "WV": "25301", "WY": "82001",
}  # fmt: skip
"""One postal code of each place; none of them lies on the edge of a zone."""


@dataclass(frozen=True, slots=True)
class Card:
    """One account of the panel: who collects what, from which points, and what went before.

    `points`: kind, or kind and owner's role. `past`: days from the week's first, what and how it
    ended. `days`: dates of the account, by days before the week's first.
    """

    title: str
    role: str
    debt: str
    points: tuple[tuple[str, str], ...]
    past: tuple[tuple[int, str, str], ...] = ()
    days: Mapping[str, int] = field(default_factory=dict)
    covered: bool = True
    coded: bool = True  # whether the address has its postal code
    more: Mapping[str, Any] = field(default_factory=dict)


MINE: Final = "consumer"
AGED: Final = {"defaulted": 500, "placed": 40, "last_payment": 520}
PANEL: Final = (
    Card(
        "an agency, a card, nothing done yet", "third_party", "credit_card",
        (("mobile", MINE), ("email_personal", MINE), ("home_mail", MINE), ("home_visit", MINE)),
        days=AGED,
    ),
    Card(
        "an agency, a medical debt: three calls, a talk on the first Friday, a call on Monday",
        "third_party", "medical", (("home_landline", MINE),),
        ((-4, "call", "no_answer"), (-3, "call", "no_answer"), (-1, "call", "voicemail_left"),
         (2, "call", "conversation"), (5, "call", "no_answer")),
        {**AGED, "first_bill": 700},
    ),
    Card(
        "a debt buyer, a card: a call and two texts before, a call on Saturday",
        "debt_buyer", "credit_card", (("mobile", MINE),),
        ((-3, "text", "delivered"), (-2, "text", "delivered"), (-1, "call", "no_answer"),
         (3, "call", "voicemail_left")),
        {**AGED, "charged_off": 300},
    ),
    Card(
        "a creditor, a car loan: a call before, one on Wednesday, a talk on Sunday",
        "creditor", "auto", (("mobile", MINE), ("work_phone", MINE)),
        ((-1, "call", "no_answer"), (0, "call", "no_answer"), (4, "call", "conversation")),
        {"defaulted": 70, "delinquent_since": 75}, covered=False,
    ),
    Card(
        "a hospital, its own bill of a hundred days ago", "creditor", "medical",
        (("mobile", MINE), ("home_mail", MINE)), days={"first_bill": 100, "delinquent_since": 70},
        covered=False, more={"hospital_debt": True},
    ),
    Card(
        "a law firm, an instalment loan, called at work on Thursday", "law_firm", "installment",
        (("work_phone", MINE),), ((1, "call", "conversation"),), AGED,
    ),
    Card(
        "an agency, a card, the spouse; the address without its postal code", "third_party",
        "credit_card", (("mobile", "spouse"),), days=AGED, coded=False,
    ),
    Card(
        "an agency, a card, a neighbour", "third_party", "credit_card",
        (("home_landline", "third_party"),), days=AGED,
    ),
)  # fmt: skip


# -- the portfolio of a week


def portfolio(places: Sequence[str], first: date) -> dict[str, pl.DataFrame]:
    """The panel in every place, with all that happens in the week that begins on `first`."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for place in places:
        for number, card in enumerate(PANEL, 1):
            _put(rows, place, f"{place}/{number}", card, first)
    return {
        name: pl.DataFrame(
            [{column: row.get(column) for column in table.schema} for row in rows[name]],
            schema=table.schema,
        )
        for name, table in TABLES.items()
    }


def _put(
    rows: dict[str, list[dict[str, Any]]], place: str, id: str, card: Card, first: date
) -> None:
    short = place.rsplit("-", 1)[-1]
    long_ago = datetime.combine(first - timedelta(days=900), HAPPENED)
    rows["consumers"].append({"consumer": id, "person": id, "deceased": False})
    rows["accounts"].append(
        {
            "account": id,
            "consumer": id,
            "type": card.debt,
            "collector": card.role,
            "collector_role": card.role,
            "fdcpa_covered": card.covered,
            "status": "open",
            "balance": Decimal("1250.00"),
            **{name: first - timedelta(days=ago) for name, ago in card.days.items()},
            **card.more,
        }
    )
    rows["addresses"].append(
        {
            "address": id,
            "consumer": id,
            "kind": "residential",
            "state": "NY" if short == "NYC" else short,
            "postal_code": POSTAL_CODES[short] if card.coded else None,
            "source": "creditor",
            "received_at": long_ago,
            "recorded_at": long_ago,
            "known_bad": False,
        }
    )
    for number, (kind, whom) in enumerate(card.points):
        point = f"{id}/{number}"
        owner = id if whom == MINE else f"{id}/{whom}"
        rows["contact_points"].append(
            {"point": point, "consumer": id, "kind": kind, "owner": owner, "whom": whom}
        )
    for day, channel, result in card.past:
        at = datetime.combine(first + timedelta(days=day), HAPPENED)
        rows["contacts"].append(
            {
                "contact": f"{id}/{day}",
                "consumer": id,
                "channel": channel,
                "direction": "out",
                "point": f"{id}/0",
                "at": at,
                "recorded_at": at,
                "result": result,
                "technology": "manual",
                "attributed_to": [id],
                "collector": card.role,
                "reply_to_consumer": False,
                "automated": False,
            }
        )


# -- decided


@dataclass(frozen=True, slots=True)
class Answer:
    """What one contact of the panel may do on one day, in words."""

    said: str
    duties: str


Asked = tuple[str, str, str]  # account, point, channel


def answers(book: Rulebook) -> dict[Asked, dict[date, Answer]]:
    """Every contact of the panel on every day of both weeks, by a rulebook."""
    panel, found = TwinPanel(book), dict[Asked, dict[date, Answer]]()
    for first in WEEKS.values():
        frames = portfolio(sorted(book.places), first)
        groups = contact_groups(frames).groups
        for number in range(7):
            day = first + timedelta(days=number)
            part = PartInput(
                frames=frames,
                groups=groups,
                groups_of=GroupsOf(frames, groups.rename({"group": "together"})),
                day=day,
                now=datetime.combine(day - timedelta(days=1), ASKED),
                channels=CHANNELS,
                row_caps=dict.fromkeys(CHANNELS, 99),
                sample_least=1,
            )
            alarms: list[str] = []
            decided = decide_part(panel, part, alarms.append).candidates
            assert not alarms, alarms
            for row in decided.iter_rows(named=True):
                key = (row["account"], row["point"], row["channel"])
                found.setdefault(key, {})[day] = _answer(row)
    return found


def _answer(row: Mapping[str, Any]) -> Answer:
    if not row["permitted"]:
        return Answer(f"no: {', '.join(sorted(row['rules']))}", "")
    spans = [_span(start, end) for start, end in json.loads(row["windows_local"])]
    left = row["attempts_left"]
    many = "" if left is None or left >= 99 else f", {left} left"
    return Answer(f"{' and '.join(spans)}{many}", row["duties"].replace(";", ", "))


def _span(start: str, end: str) -> str:
    """`2026-03-04T08:01:00-05:00`, `...T21:00:00-05:00` -> `08:01-21:00 (-05:00)`."""
    clocks = f"{start[11:16]}-{end[11:16]}"
    return (
        f"{clocks} ({start[19:]})"
        if start[19:] == end[19:]
        else f"{clocks} ({start[19:]} to {end[19:]})"
    )


# -- written


def snapshot(book: Rulebook, place: str, found: Mapping[Asked, Mapping[date, Answer]]) -> str:
    """The text of one place's file."""
    head = book.places[place]
    lines = [
        f"{head.name} ({place}): what a fixed panel may do in two fixed weeks",
        f"zones {', '.join(head.zones)}",
        "Federal law and the place's, without house policy; hours at the consumer's clock.",
    ]
    for number, card in enumerate(PANEL, 1):
        lines += ["", f"== {card.title}"]
        for asked, days in sorted(found.items()):
            account, point, channel = asked
            if account == f"{place}/{number}":
                kind, whom = card.points[int(point.rsplit("/", 1)[1])]
                lines.append(f"-- {channel} to {kind}" + ("" if whom == MINE else f" of {whom}"))
                lines += _days(days)
    return "\n".join(lines) + "\n"


def _days(days: Mapping[date, Answer]) -> Iterator[str]:
    """One line for days in a row of which the same is to be said; duties where they change."""
    told = ""
    for first in WEEKS.values():
        runs: list[tuple[date, date, Answer]] = []
        for number in range(7):
            day = first + timedelta(days=number)
            if runs and runs[-1][2] == days[day]:
                runs[-1] = (runs[-1][0], day, days[day])
            else:
                runs.append((day, day, days[day]))
        for start, end, answer in runs:
            last = "" if start == end else f" to {end:%a %m-%d}"
            yield f"{f'{start:%a %m-%d}{last}':24}{answer.said}"
            if answer.duties not in ("", told):
                told = answer.duties
                yield f"{'':24}with {told}"


def law() -> Rulebook:
    """The law as it stands here, without house policy."""
    book = load([law_directory()])
    return replace(book, rules=tuple(one for one in book.rules if not one.house))


def files(book: Rulebook) -> dict[str, str]:
    """Every snapshot by the name of its file."""
    found = answers(book)
    by_place: dict[str, dict[Asked, dict[date, Answer]]] = {place: {} for place in book.places}
    for asked, days in found.items():
        by_place[asked[0].split("/")[0]][asked] = days
    return {f"{place}.txt": snapshot(book, place, by_place[place]) for place in sorted(book.places)}


def main() -> None:
    """Write every snapshot anew."""
    SNAPSHOTS.mkdir(exist_ok=True)
    made = files(law())
    for path in SNAPSHOTS.glob("*.txt"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (SNAPSHOTS / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
