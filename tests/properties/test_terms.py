"""What places ask at the head of their files: columns and plain functions alike."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, note
from hypothesis import strategies as st

from engine.kinds import Notice
from scheduler.grouped import GroupsOf
from tests.comparing import PLAIN, TwinPanel, book_of
from tests.parting import decided, differences, part_of
from tests.strategies.places import headed, held
from tests.strategies.portfolios import COLLECTORS, Portfolio, portfolios

BOOK = book_of([replace(PLAIN, key="base", body=Notice("identify_caller", "a duty"))])
NAMES = tuple(one["collector"] for one in COLLECTORS)


@given(portfolios(contacts=2, said=2), headed(BOOK.places), st.data(), st.booleans())
def test_heads_of_places(
    portfolio: Portfolio, places: dict[str, object], data: st.DataObject, refuse: bool
) -> None:
    licences = data.draw(held(NAMES, tuple(places), portfolio.day))
    note(f"{portfolio!r} {places} {licences}")
    part = part_of(portfolio, refuse_unencoded=refuse, licences=licences)
    assert isinstance(part.groups_of, GroupsOf)
    part = replace(part, groups_of=replace(part.groups_of, licences=licences))
    panel = TwinPanel(replace(BOOK, places=places))
    result, alarms = decided(panel, part)
    assert alarms == []
    assert list(differences(panel, part, result.candidates)) == []
