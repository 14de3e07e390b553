"""What a fixed panel may do in two fixed weeks, in every place, is what it was when last read."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from tests.panel import PANEL, POSTAL_CODES, SNAPSHOTS, files, law

PLACES = sorted(path.name for path in SNAPSHOTS.glob("*.txt"))


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return files(law())


def test_every_place_has_its_snapshot(made: dict[str, str]) -> None:
    assert sorted(made) == PLACES
    assert len(made) == len(POSTAL_CODES) == 57
    assert 12 <= sum(len(card.points) for card in PANEL) <= 16


@pytest.mark.parametrize("name", PLACES)
def test_nothing_differs(name: str, made: dict[str, str]) -> None:
    was = (SNAPSHOTS / name).read_text(encoding="utf-8")
    lines = unified_diff(was.split("\n"), made[name].split("\n"), "was", "is", lineterm="", n=2)
    assert was == made[name], "\n".join(
        [f"{name} differs; if the law says so now, `python -m tests.panel` writes it:", *lines]
    )
