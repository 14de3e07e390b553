"""A record of a run set against what follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.clock import format_instant
from engine.intervals import Interval

from .drawing import Drawing, shares_in
from .footing import Followed, Law, Wrong


def written(windows: Sequence[Interval]) -> str:
    """Windows as a record writes them."""
    told = [[format_instant(start), format_instant(end)] for start, end in windows]
    return json.dumps(told, separators=(",", ":"))


def compared(law: Law, row: Mapping[str, Any], now: Followed, drawing: Drawing) -> Iterator[Wrong]:
    """What a record says otherwise than what follows from it; what it draws on is put down."""
    if (row["zones"] or "") != ";".join(now.zones):
        yield "zones", row["zones"], ";".join(now.zones)
    if (row["jurisdictions"] or "") != ";".join(now.places):
        yield "places", row["jurisdictions"], ";".join(now.places)
    if sorted(row["rules"]) != sorted(now.rules):
        yield "rules that refuse", row["rules"], sorted(now.rules)
        return
    verdict = "permitted" if now.permitted else "refused"
    if row["verdict"] != verdict:
        yield "verdict", row["verdict"], verdict
    yield from law.graded(now.rules, row, now.exhausted)
    told = set(filter(None, (row["duties"] or "").split(";")))
    if told != now.duties:
        yield "duties", sorted(told), sorted(now.duties)
    if (row["windows_utc"] or "[]") != written(now.windows):
        yield "open hours", row["windows_utc"], written(now.windows)
    if row["next_permitted_utc"] != now.upcoming:
        yield (
            "next permitted moment",
            moment(row["next_permitted_utc"]),
            moment(now.upcoming),
        )
    shares = shares_in(row["budgets"])
    if now.shares is None:
        yield from drawing.compare(row, shares, now, 0)
    elif shares != list(now.shares):
        yield "what limits leave", shares, list(now.shares)


def moment(at: datetime | None) -> str | None:
    """An instant as records write it."""
    return None if at is None else format_instant(at)
