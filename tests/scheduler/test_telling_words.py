"""What place and zone were taken from, in words."""

from __future__ import annotations

import json

import pytest

from scheduler.log.telling_words import taken_from

HOME = {"kind": "residential", "state": "IN", "postal_code": "47453", "county": "Greene County"}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({}, ["from nothing: no address that held, no number of the person's own"]),
        (
            {"addresses": [HOME | {"source": "creditor"}], "area_codes": ["812", "954"]},
            [
                "from the residential address IN 47453, Greene County, told by: creditor",
                "from numbers with the area codes 812, 954",
            ],
        ),
        (
            {"addresses": [{"kind": "work", "state": None, "postal_code": "10001"}]},
            ["from the work address 10001"],
        ),
        ({"addresses": [{"kind": None}]}, ["from the known address without a place"]),
        (
            {"files": [{"area_codes": ["212"]}, {"said": ["America/Denver"], "instead": True}]},
            [
                "from numbers with the area codes 212",
                "from what somebody said of where the person is: America/Denver; "
                "it stands in place of the other clocks",
            ],
        ),
    ],
)
def test_evidence_of_a_place_in_words(told: dict[str, object], lines: list[str]) -> None:
    assert list(taken_from(json.dumps(told))) == lines
