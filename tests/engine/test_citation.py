"""Citations: what a text names, and when an entry of a case is met by a rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.citation import Citation, alternatives, any_matches, matches, parse


def shown(text: str) -> list[str]:
    return [str(one) for one in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 CFR 1006.6(b)(1)", ["12 cfr 1006.6(b)(1)"]),
        ("12 C.F.R. § 1006.6(b)(1)", ["12 cfr 1006.6(b)(1)"]),
        ("12 CFR part 1006.6(b) (1)", ["12 cfr 1006.6(b)(1)"]),
        ("15 USC 1692c(a)(1)", ["15 usc 1692c(a)(1)"]),
        ("15 U.S.C. 1692c(a)(1)", ["15 usc 1692c(a)(1)"]),
        ("47 USC 227(b)(1)(A)(iii)", ["47 usc 227(b)(1)(A)(iii)"]),
        ("26 CFR 1.501(r)-6(b),(c)", ["26 cfr 1.501(r)-6(b)", "26 cfr 1.501(r)-6(c)"]),
        ("209 CMR 18.16(1)(d)", ["209 cmr 18.16(1)(d)"]),
        ("Ind. Code 24-5-14-5(b)", ["ind code 24-5-14-5(b)"]),
        ("Cal. Civ. Code 1788.14", ["cal civ code 1788.14"]),
        ("RCW 19.16.250(18)", ["rcw 19.16.250(18)"]),
        ("205 ILCS 740/9.2(a)(2)", ["205 ilcs 740/9.2(a)(2)"]),
        ("M.G.L. c. 93, s. 24A", ["mgl c 93 24a"]),
        ("M.G.L. ch. 93 § 24A(d)", ["mgl ch 93 24a(d)"]),
        ("13.10.39.9(A)(c) NMAC", ["nmac 13.10.39.9(A)(c)"]),
        ("9-A M.R.S. 11-119(2)(A)", ["9-a mrs 11-119(2)(A)"]),
        ("RSA 358-C:3, I(c)", ["rsa 358-c:3(I)(c)"]),
        ("La. R.S. 9:3562(3)", ["la rs 9:3562(3)"]),
        ("N.Y. Pub. Health Law 2807-k(9-a)", ["ny pub health law 2807-k(9-a)"]),
        ("Ariz. Admin. Code R20-4-1513(B)", ["ariz admin code r20-4-1513(B)"]),
        ("Tenn. Comp. R. & Regs. 0320-05-.03", ["tenn comp r & regs 0320-05-.03"]),
        ("house policy", ["house policy"]),
        ("", []),
    ],
)
def test_one_source(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 CFR 1006 Supp. I, comment 6(b)(1)-1.i", ["12 cfr 1006.6(b)(1)"]),
        ("12 CFR part 1006, Supplement I, comment 38-1.ii", ["12 cfr 1006.38"]),
        (
            "12 CFR 1006 Supp. I, comments 6(b)(1)-2, 6(b)(2)-1",
            ["12 cfr 1006.6(b)(1)", "12 cfr 1006.6(b)(2)"],
        ),
        (
            "12 CFR 1024.39(d)(1); comment 39(d)-2",
            ["12 cfr 1024.39(d)(1)", "12 cfr 1024.39(d)"],
        ),
        (
            "12 CFR 1006 Supp. I, comment 10(b)(2)-1; reg 1006.10(b)(2); reg 18(d)",
            ["12 cfr 1006.10(b)(2)", "12 cfr 1006.10(b)(2)", "12 cfr 1006.18(d)"],
        ),
        (
            "12 CFR 1006.14(a); comments 14(a)-1, -2; 15 USC 1692d",
            ["12 cfr 1006.14(a)", "12 cfr 1006.14(a)", "15 usc 1692d"],
        ),
        ("15 USC 1692c(a); 12 CFR 1006.6(b), comment 6(b)(1)-1",
         ["15 usc 1692c(a)", "12 cfr 1006.6(b)", "12 cfr 1006.6(b)(1)"]),
        ("12 CFR 1006 Supp. I", []),
    ],
)  # fmt: skip
def test_comments_belong_to_their_paragraph(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "12 CFR 1006.18(d), (f); 15 USC 1692e(14)",
            ["12 cfr 1006.18(d)", "12 cfr 1006.18(f)", "15 usc 1692e(14)"],
        ),
        ("26 USC 6306(b)(2),(g)", ["26 usc 6306(b)(2)", "26 usc 6306(g)"]),
        ("47 CFR 64.1200(b)(1),(2)", ["47 cfr 64.1200(b)(1)", "47 cfr 64.1200(b)(2)"]),
        (
            "D.C. Code 28-3814(d)(4)(A)(ii),(iv)",
            ["dc code 28-3814(d)(4)(A)(ii)", "dc code 28-3814(d)(4)(A)(iv)"],
        ),
        ("15 USC 1692x(h),(i)", ["15 usc 1692x(h)", "15 usc 1692x(i)"]),
        ("42 Pa.C.S. 5525(1), (a)", ["42 pacs 5525(1)", "42 pacs 5525(a)"]),
        ("12 CFR 1006.38(d)(2)(i), (ii)", ["12 cfr 1006.38(d)(2)(i)", "12 cfr 1006.38(d)(2)(ii)"]),
        ("12 CFR 1006.6(c), 1006.10", ["12 cfr 1006.6(c)", "12 cfr 1006.10"]),
        ("RCW 19.16.110; 19.16.100", ["rcw 19.16.110", "rcw 19.16.100"]),
        ("12 CFR 1006.10(b)(1) and (b)(4)", ["12 cfr 1006.10(b)(1)", "12 cfr 1006.10(b)(4)"]),
    ],
)
def test_what_is_left_out_comes_from_before(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


def test_a_range_gives_each_of_its_members() -> None:
    assert shown("12 CFR 1006.10(b)(1)-(3)") == [
        "12 cfr 1006.10(b)(1)",
        "12 cfr 1006.10(b)(2)",
        "12 cfr 1006.10(b)(3)",
    ]
    assert [len(group) for group in alternatives("26 USC 1(a)-(c); 26 USC 2(i)-(iv)")] == [3, 4]
    assert len(shown("D.C. Code 28-3814(d)(4)(B)(iii)(I)-(III)")) == 3
    assert shown("Fla. Stat. 1.1(3)-(1)") == ["fla stat 1.1(3)", "fla stat 1.1(1)"]
    assert shown("Fla. Stat. 1.1(a)-(paragraph)") == ["fla stat 1.1(a)"]
    assert shown("Fla. Stat. 1.1(a)-(2)") == ["fla stat 1.1(a)", "fla stat 1.1(2)"]
    assert shown("Fla. Stat. 1.1(a)(1)-(b)(2)") == ["fla stat 1.1(a)(1)", "fla stat 1.1(b)(2)"]


def test_remarks_are_no_part_of_a_citation() -> None:
    assert shown("S.C. Code 37-5-108(5) (paragraph not read)") == ["sc code 37-5-108(5)"]
    assert shown("NYC Admin. Code 20-493.1 (Local Law 15 of 2009; from memory)") == [
        "nyc admin code 20-493.1"
    ]


@pytest.mark.parametrize(
    ("entry", "rule", "met"),
    [
        ("12 CFR 1006.6(b)(1)", "12 CFR 1006.6(b)(1)", True),
        ("12 CFR 1006.6(b)", "12 CFR 1006.6(b)(1)(i)", True),  # the entry is a prefix
        ("12 CFR 1006.6", "12 CFR 1006.6(b)(1)(i)", True),
        ("12 CFR 1006.6(b)(1)(i)", "12 CFR 1006.6(b)", True),  # the rule is, with one paragraph
        ("12 CFR 1006.6(b)(1)", "12 CFR 1006.6", False),  # not the bare section
        ("12 CFR 1006.6(b)(1)", "12 CFR 1006.6(b)(2)", False),
        ("12 CFR 1006.1", "12 CFR 1006.14(b)", False),  # a prefix ends at a step
        ("12 CFR 1006.6(b)", "15 USC 1006.6(b)", False),
        ("12 CFR 1006.6(A)", "12 CFR 1006.6(a)", False),
        ("12 CFR 1006 Supp. I, comment 6(b)(1)-1.i", "12 CFR 1006.6(b)(1)(ii)", True),
    ],
)
def test_what_matches(entry: str, rule: str, met: bool) -> None:
    assert matches(parse(entry)[0], parse(rule)[0]) is met


def test_members_of_a_cite_list_lean_on_each_other() -> None:
    cite = ("12 CFR 1024.39(d)", "comment 39(c)-2")
    assert any_matches(parse("12 CFR 1024.39(c)(1)"), cite)
    assert not any_matches(parse("12 CFR 1024.39(b)"), cite)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="12 CFRcfr.;,()-iabX§andcomment Supp", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for one in parse(text):
        assert isinstance(one, Citation)
        assert matches(one, one)
        assert str(one)


@given(
    st.lists(st.sampled_from("abcd1234"), max_size=4),
    st.lists(st.sampled_from("abcd1234"), max_size=4),
)
def test_matching_agrees_with_the_page(entry: list[str], rule: list[str]) -> None:
    one, other = Citation("x", "1", tuple(entry)), Citation("x", "1", tuple(rule))
    shorter = min(len(entry), len(rule))
    same = entry[:shorter] == rule[:shorter]
    assert matches(one, other) is (same and (len(entry) <= len(rule) or bool(rule)))
