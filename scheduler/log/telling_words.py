"""Words for parts of a record: what place and zone were taken from, what a live answer adds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

LIVE: Final = {
    "reserved": (
        "A call to this person or number is reserved, and its result is not known yet.",
        "12 CFR 1006.14(b)(2)",
    )
}
"""Structural refusals that only a live answer has."""


def taken_from(text: str) -> Iterator[str]:
    """The lines that `place_evidence` of a record comes to.

    >>> list(taken_from('{"area_codes":["212"]}'))
    ['from numbers with the area codes 212']
    """
    yield from _lines(json.loads(text))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told.get("files", ()):
        yield from _lines(one)
    for one in told.get("addresses", ()):
        yield f"from {_address(one)}"
    if codes := told.get("area_codes"):
        yield f"from numbers with the area codes {', '.join(codes)}"
    for one in told.get("said", ()):
        instead = "; it stands in place of the other clocks" if told.get("instead") else ""
        yield f"from what somebody said of where the person is: {one}{instead}"
    if not told:
        yield "from nothing: no address that held, no number of the person's own"


def _address(one: Mapping[str, Any]) -> str:
    parts = [f"{one['state']} {one['postal_code'] or ''}".strip() if one.get("state") else ""]
    parts += [str(one[name]) for name in ("postal_code",) if one.get(name) and not one.get("state")]
    parts += [str(one["county"])] if one.get("county") else []
    where = ", ".join(filter(None, parts)) or "without a place"
    source = f", told by: {one['source']}" if one.get("source") else ""
    return f"the {one.get('kind') or 'known'} address {where}{source}"
