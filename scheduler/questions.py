"""What a run is asked: everything its answer depends on, and what it is named by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from engine.clock import format_instant
from engine.rulebook import Rulebook

from . import manifest
from .regional import Share
from .settings import Settings


def question_of(
    rulebook: Rulebook,
    settings: Settings,
    day: date,
    now: datetime,
    input_: str,
    share: Share | None = None,
) -> dict[str, Any]:
    """All that a run depends on, named by its `run`: of the answer, and of how it is worked out."""
    common = common_of(rulebook, settings, day, now, input_, share)
    return {
        "run": manifest.run_id(common),
        **common,
        "part_accounts": settings.part_accounts,
        "sample_at_least": settings.sample_at_least,
        "formats": list(settings.formats),
    }


def common_of(
    rulebook: Rulebook,
    settings: Settings,
    day: date,
    now: datetime,
    input_: str,
    share: Share | None,
) -> dict[str, Any]:
    """What the answer depends on; a `share` makes it one region's."""
    return {
        "day": day.isoformat(),
        **({} if share is None else {"region": share.told()}),
        "now": format_instant(now),
        "input": input_,
        "rulebook": rulebook.digest,
        "versions": manifest.versions(),
        "settings": settings.deciding(),
    }
