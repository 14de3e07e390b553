"""A part as a whole: what it starts, and what it keeps for the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engine import panel as panels
from engine.panel import Panel
from engine.rete import ReteEngine
from engine.rulebook import law_directory, load
from engine.situation import RuleSet
from tests.parting import decided, made, part_of

HOMES = {"MA": "02108", "NC": "27601", "CA": "90012"}


def test_the_law_of_many_places_takes_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def start(sets: Sequence[RuleSet], **more: Any) -> ReteEngine:
        started.append(len(sets))
        return ReteEngine(sets, **more)

    monkeypatch.setattr(panels, "ReteEngine", start)
    portfolio = made(
        consumers=[{"consumer": f"C{at}", "person": f"H{at}"} for at in HOMES],
        accounts=[{"consumer": f"C{at}"} for at in HOMES],
        contact_points=[{"consumer": f"C{at}", "owner": f"H{at}"} for at in HOMES],
        addresses=[
            {"consumer": f"C{at}", "state": at, "postal_code": code} for at, code in HOMES.items()
        ],
    )
    with Panel(load([law_directory()])) as panel:
        for _ in range(2):
            found, alarms = decided(panel, part_of(portfolio))
            assert alarms == []
    named = set(found.situations["rule_set"].str.split("@").list.first())
    assert {f"US-{at}" for at in HOMES} < named
    assert len(started) == 1
