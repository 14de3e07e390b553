"""A decision in words, every block of it, and as plain data."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine import Decision, Finding, Lifted, Question, Rulebook, Satisfied, document, in_words
from tests.making import rule
from tests.telling import ZONE, at

QUESTION = Question("A1", "C1", "M1", "mobile", "call", "on 2026-09-18")
BOOK = Rulebook("sha256:0123456789abcdef", (rule("hours", cite=("15 USC 1692c(a)(1)",)),), {}, {})
FINDING = Finding(
    "an_act/seven", ("12 CFR 1006.14(b)(2)(i)(A)",), "presumption", "More than seven calls.",
    "8 with this one", "at most 7", place="US-MA", zone=ZONE, debt="D1", free=at("09-20T00:00"),
)  # fmt: skip
REFUSED = Decision(
    permitted=False,
    findings=(FINDING,),
    duties=(("identify_caller", "an_act/hours"), ("state_law_not_encoded", "US-MA"), ("odd", "x")),
    lifted=(Lifted("an_act/spared", ("12 CFR 1006.6(b)",), "prohibition", "reply_open"),),
    satisfied=(
        Satisfied("an_act/two", ("12 CFR 1006.6",), "policy", 1, 2, "D1", counts_this=True),
        Satisfied("an_act/two", ("12 CFR 1006.6",), "policy", 0, 2, "D2"),
        Satisfied("an_act/two", ("12 CFR 1006.6",), "policy", 2, 3, "D3"),
        Satisfied("an_act/hours", ("15 USC 1692c(a)(1)",), "prohibition"),
    ),
    windows=((at("09-18T08:01"), at("09-18T21:00")),),
    attempts_left=0,
    next_permitted=at("09-20T08:01"),
    places=("US-MA",),
    zones=(ZONE,),
    rulebook=BOOK.digest,
    engines={"rete": "refused", "compiled": "refused"},
)
PERMITTED = replace(REFUSED, permitted=True, findings=(), attempts_left=3, next_permitted=None)


def test_a_no_in_words() -> None:
    assert (
        in_words(REFUSED, QUESTION, BOOK)
        == """\
REFUSED: call to M1 (mobile) about account A1 of consumer C1, on 2026-09-18

One rule refuses:
  1. an_act/seven (the law presumes a violation)
     More than seven calls.
     law: 12 CFR 1006.14(b)(2)(i)(A)
     found: 8 with this one; allowed: at most 7
     about: debt D1, US-MA, America/New_York
     lets go: 2026-09-20T04:00:00Z (2026-09-20T00:00:00-04:00 in America/New_York)

Open hours that day, start included and end not:
  2026-09-18T12:01:00Z to 2026-09-19T01:00:00Z
    2026-09-18T08:01:00-04:00 to 2026-09-18T21:00:00-04:00 (America/New_York)
Next permitted, if nothing else happens: \
2026-09-20T12:01:00Z (2026-09-20T08:01:00-04:00 in America/New_York)

What the contact must carry or the collector must do:
  - identify_caller: say who is calling [an_act/hours, 15 USC 1692c(a)(1)]
  - state_law_not_encoded: the law of this place is not written yet; federal law alone decided
    [US-MA]
  - odd: see the rule [x]

Rules that would have applied, and what lifted them:
  - an_act/spared [12 CFR 1006.6(b)]: reply_open

Rules that apply and are kept:
  - an_act/two [12 CFR 1006.6]: 2 of 3 used
  - an_act/hours [15 USC 1692c(a)(1)]

Law of: federal, US-MA
Clocks asked, all of them: America/New_York

Rulebook 01234567 (sha256:0123456789abcdef)
Engines: compiled: refused, rete: refused
"""
    )


def test_a_yes_in_words() -> None:
    text = in_words(PERMITTED, QUESTION, BOOK)
    assert text.startswith("PERMITTED: call to M1")
    assert "Attempts left that day, by every limit: 3\n" in text
    assert "Next permitted" not in text
    assert "refuses" not in text


def test_what_counts_this_one_says_so() -> None:
    alone = replace(PERMITTED, satisfied=REFUSED.satisfied[:1])
    assert "1 of 2 used (this one would count)" in in_words(alone, QUESTION, BOOK)


def test_the_barest_decision() -> None:
    bare = replace(
        REFUSED, findings=(replace(FINDING, place=None, zone=None, debt=None, free=None),) * 2,
        duties=(), lifted=(), satisfied=(), windows=(), places=(), zones=(), next_permitted=None,
    )  # fmt: skip
    text = in_words(bare, QUESTION, BOOK)
    assert "2 findings refuse, each by itself:" in text
    assert "Next permitted: not by time alone" in text
    assert "Law of: federal, none known" in text
    assert "about:" not in text
    assert "lets go" not in text
    free = replace(bare, findings=(replace(FINDING, zone=None),))
    assert "lets go: 2026-09-20T04:00:00Z\n" in in_words(free, QUESTION, BOOK)
    quiet = replace(bare, permitted=True, findings=(), attempts_left=None)
    assert "Attempts" not in in_words(quiet, QUESTION, BOOK)


@pytest.mark.parametrize(
    ("force", "said"),
    [
        ("structural", "cannot be decided without it"),
        ("prohibition", "nobody can release it"),
        ("policy", "the firm's own policy, not law"),
        ("of its own", "(of its own)"),
    ],
)
def test_every_force_is_explained(force: str, said: str) -> None:
    one = replace(REFUSED, findings=(replace(FINDING, force=force),))
    assert said in in_words(one, QUESTION, BOOK)


def test_statements_that_counts_rest_on_are_named() -> None:
    cite = ("12 CFR 1006.6",)
    five = Satisfied("an_act/five", cite, "policy", 5, 9, "D1", agreed=("S3",))
    full = Satisfied("an_act/full", cite, "policy", 7, 7, "D1", excused=("S1",))
    spaced = Satisfied("an_act/spaced", cite, "policy", excused=("S1",))
    one = replace(PERMITTED, satisfied=(five, full, spaced))
    text = in_words(one, QUESTION, BOOK)
    assert "an_act/five [12 CFR 1006.6]: 5 of 9 used; a number agreed on (S3)\n" in text
    assert "7 of 7 used; consent to be called leaves this one out (S1)\n" in text
    assert "an_act/spaced [12 CFR 1006.6]; consent to be called leaves this one out (S1)" in text
    assert document(one)["satisfied"] == [
        {"rule": "an_act/five", "used": 5, "max": 9, "agreed": ["S3"]},
        {"rule": "an_act/full", "used": 7, "max": 7, "excused": ["S1"]},
        {"rule": "an_act/spaced", "used": None, "max": None, "excused": ["S1"]},
    ]


def test_plain_data() -> None:
    found = document(REFUSED)
    assert json.loads(json.dumps(found)) == found
    assert found == {
        "verdict": "refused",
        "findings": [
            {
                "rule": "an_act/seven",
                "cite": ["12 CFR 1006.14(b)(2)(i)(A)"],
                "force": "presumption",
                "says": "More than seven calls.",
                "observed": "8 with this one",
                "threshold": "at most 7",
            }
        ],
        "duties": ["identify_caller", "odd", "state_law_not_encoded"],
        "lifted": [{"rule": "an_act/spared", "by": "reply_open"}],
        "satisfied": [
            {"rule": "an_act/two", "used": 1, "max": 2},
            {"rule": "an_act/two", "used": 0, "max": 2},
            {"rule": "an_act/two", "used": 2, "max": 3},
            {"rule": "an_act/hours", "used": None, "max": None},
        ],
        "windows": [["2026-09-18T12:01:00Z", "2026-09-19T01:00:00Z"]],
        "attempts_left": 0,
        "next_permitted": "2026-09-20T12:01:00Z",
        "places": ["US-MA"],
        "rulebook": "sha256:0123456789abcdef",
        "engines": {"rete": "refused", "compiled": "refused"},
    }
    assert document(PERMITTED)["next_permitted"] is None
