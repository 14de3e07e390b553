"""A file made by hand: one consumer of Boston, a few points and debts, what was said and done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from engine import (
    Account,
    Address,
    Collector,
    Consumer,
    Contact,
    Group,
    Moment,
    Point,
    Statement,
    clock,
    words,
)
from engine.cases.people import roles
from engine.facts.view import View

ZONE = "America/New_York"
BOSTON = Address(state="MA", postal_code="02108")
P1 = Consumer("P1", "P1", addresses=(BOSTON,))
D1 = Account("D1", "P1", "credit_card", fdcpa_covered="yes")
KINDS = {
    "M": "mobile", "L": "home_landline", "W": "work_phone", "U": "phone", "E": "email_personal",
    "A": "home_mail", "V": "home_visit", "S": "social_media_private", "EW": "email_work",
    "AW": "work_mail", "VW": "work_visit",
}  # fmt: skip


def at(text: str) -> datetime:
    """An instant written as Boston's clock shows it in September: 09-18T10:00."""
    return clock.parse_instant(f"2026-{text}-04:00")


NOON = at("09-18T12:00")


def point(id: str, owner: str = "P1", **more: Any) -> Point:
    """A contact point; the letters of its id say its kind, those of its owner the role."""
    kind = more.pop("kind", None) or KINDS[id.rstrip("0123456789")]
    role = words.owner_role(owner) or "consumer"
    return Point(id, kind, owner, role, more.pop("consumer", "P1"), **more)


POINTS = (
    point("M1", number="+16175550123"), point("L1", number="+16175550124"), point("W1"),
    point("E1"), point("A1"), point("V1"), point("S1"), point("EW1"), point("M9", "TP1"),
    point("M8", "SPOUSE1"), point("M7", "ATTY1"), point("M6", "EMP1"), point("U1"),
)  # fmt: skip


def past(text: str, channel: str = "call", point: str | None = "M1", **more: Any) -> Contact:
    """Something placed, sent or received; a call nobody answered about D1, unless told."""
    given: dict[str, Any] = {"attributed_to": ("D1",)}
    if channel == "call":
        given["result"] = "no_answer"
    return Contact(f"c{text}{channel}{point}", at(text), channel, point, **{**given, **more})


def said(kind: str, value: Any, when: datetime | date | str, **more: Any) -> Statement:
    """Something the consumer told this collector in writing, received then."""
    received = at(when) if isinstance(when, str) else when
    given: dict[str, Any] = {"by": "P1", "origin": "statement"}
    if more.get("origin") == "knowledge":
        given["by"] = None
    return Statement(
        id=f"{kind}{received}", kind=kind, value=value, received=received, **{**given, **more}
    )


def proposed(channel: str = "call", point: str | None = "M1", **more: Any) -> Contact:
    """A contact proposed at noon about D1."""
    given: dict[str, Any] = {"at": NOON, "debts": ("D1",)}
    return Contact(id="proposed", channel=channel, point=point, **{**given, **more})


def file(*happened: Contact | Statement, **more: Any) -> Group:
    """All that is known: the consumer of Boston, D1, every point, and what happened."""
    accounts = more.pop("accounts", (D1,))
    consumers = more.pop("consumers", (P1,))
    points = more.pop("points", POINTS)
    collectors = more.pop("collectors", (Collector(),))
    return Group(
        consumers={one.id: one for one in consumers},
        accounts={one.id: one for one in accounts},
        points={one.id: one for one in points},
        collectors={one.id: one for one in collectors},
        contacts=tuple(
            sorted((one for one in happened if isinstance(one, Contact)), key=lambda one: one.at)
        ),
        statements=tuple(one for one in happened if isinstance(one, Statement)),
        roles=roles(
            (one for one in happened if isinstance(one, Statement)),
            (one for one in happened if isinstance(one, Contact)),
        ),
        **more,
    )


def view(group: Group, contact: Contact | None = None, **more: Any) -> View:
    """What a question about a contact at its own instant sees, in Boston."""
    asked = contact or proposed(**more)
    return View(group, asked, Moment(known=asked.at, at=asked.at), ZONE)


def day_view(group: Group, contact: Contact | None = None, day: date | None = None) -> View:
    """What a question about a whole day sees: asked at five in the morning of it."""
    asked = contact or proposed()
    whole = day or date(2026, 9, 18)
    known = clock.parse_instant(f"{whole.isoformat()}T05:00-04:00")
    return View(group, replace(asked, at=known), Moment(known=known, day=whole), ZONE)
