"""A record of a run set against what follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.clock import format_instant
from engine.intervals import Interval

from .footing import SAME, Followed, Law, Wrong


def written(windows: Sequence[Interval]) -> str:
    """Windows as a record writes them."""
    told = [[format_instant(start), format_instant(end)] for start, end in windows]
    return json.dumps(told, separators=(",", ":"))


def compared(law: Law, row: Mapping[str, Any], now: Followed) -> Iterator[Wrong]:
    """What a record says otherwise than what follows from it."""
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
    shares = json.loads(row["budgets"] or "[]")
    left = {one["rule"] + (SAME if one["id"].endswith(SAME) else ""): one["left"] for one in shares}
    if {name: n for name, n in left.items() if name in now.budgets or not _drawn(law, name)} != (
        now.budgets
    ):
        yield "what limits leave", left, dict(now.budgets)


def _drawn(law: Law, name: str) -> bool:
    """Whether a share may be of a budget that is drawn on and not bound to.

    What the rule leaves is told by the decisions it binds (`engine.columns.charging`).
    """
    return law.counts(name.removesuffix(SAME))


def moment(at: datetime | None) -> str | None:
    """An instant as records write it."""
    return None if at is None else format_instant(at)
