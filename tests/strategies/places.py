"""Heads of place files: licence, consent to recording, limitation; and licences that are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from engine.reading import Licence, Place, RecordingConsent

from .portfolios import HOMES

CITE = ("1 ABC 2.3(a)",)
LIVED_IN = (*dict.fromkeys(f"US-{state}" for state, _ in HOMES if state != "XX"), "US-NY-NYC")
"""Where people of drawn portfolios live; a head drawn for every place would be mostly unread."""

_ROLES = st.sampled_from(
    (frozenset({"third_party", "law_firm", "servicer_in_default"}), frozenset({"creditor"}))
)
_LICENCES = st.builds(
    Licence,
    st.sampled_from(("yes", "no", "unknown")),
    st.just("agencies"),
    st.sampled_from((CITE, ())),
    st.just("high"),
    _ROLES,
)
_CONSENTS = st.builds(
    RecordingConsent, st.sampled_from(("one", "all", "unknown")), st.just(CITE), st.just("high")
)
_YEARS = st.dictionaries(
    st.sampled_from(("written_contract", "open_account", "medical")),
    st.sampled_from((1, 3, 6, None)),
    max_size=2,
)


@st.composite
def headed(draw: st.DrawFn, places: Mapping[str, Place]) -> dict[str, Place]:
    """The same places; those in which somebody may live have a head of their own."""
    return {
        code: replace(
            place,
            encoded=draw(st.integers(0, 4)) != 4,
            licence=draw(st.none() | _LICENCES),
            recording_consent=draw(st.none() | _CONSENTS),
            limitation_years=draw(_YEARS),
        )
        if code in LIVED_IN
        else place
        for code, place in places.items()
    }


def held(names: tuple[str, ...], places: tuple[str, ...], day: date) -> st.SearchStrategy[Any]:
    """Licences that collectors hold, some of them ending about a day; or nobody said, or all."""
    ends = st.sampled_from((None, day, day - timedelta(days=1), day + timedelta(days=1)))
    lived_in = [code for code in places if code in LIVED_IN]
    of_one = st.dictionaries(st.sampled_from(lived_in), ends, max_size=3)
    return st.none() | st.dictionaries(st.sampled_from(names), of_one, max_size=3)
