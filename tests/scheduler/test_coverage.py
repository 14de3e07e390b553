"""How well the rules are founded: counted, and shown as a page that stands alone."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from engine.reading import Entry, RuleFile, read_bytes
from engine.rulebook import Rulebook, law_directory, load
from scheduler.coverage import as_document, as_text, coverage
from scheduler.coverage_page import VIEWS, page, places

DAY = date(2026, 11, 21)
NEVADA = """format: 1
jurisdiction: US-NV
name: Nevada <b>
zones: [America/Los_Angeles, America/Denver]
licence: {required: true, who: agencies & buyers, cite: NRS 649.075(1), confidence: high}
limitation_years: {written_contract: 6, oral_contract: unknown, confidence: low}
entries:
  two-calls: [two, bankruptcy/codebtor-stay]
  sales: It reaches <sales> only.
rules:
  - key: two
    kind: block
    says: Nothing & nobody.
    force: prohibition
    effective_from: unknown
    effective_to: 2027-01-01
    cite: [NRS 649.370(2)]
    source: https://example.org/law?a=1&b=2 (read in 2026)
    confidence: low
    review_by: 2026-11-20
  - key: three
    kind: block
    says: Nothing else.
    force: prohibition
    effective_from: 2020-01-01
    cite: [NRS 649.370(3)]
    source: a book
    confidence: high
"""
UTAH = "format: 1\njurisdiction: US-UT\nname: Utah\nzones: [America/Denver]\nencoded: none\n"
BANKRUPTCY = """format: 1
name: Bankruptcy
rules:
  - key: codebtor-stay
    kind: block
    says: Made up.
    force: prohibition
    when: [codebtor_stay]
    effective_from: unknown
    cite: [11 USC 1301(a)]
    source: the Code
    confidence: high
"""


def file(text: str, path: str) -> RuleFile:
    found, wrong = read_bytes(text.encode(), path)
    assert found is not None, wrong
    return found


@pytest.fixture(scope="module")
def book() -> Rulebook:
    files = (
        file(NEVADA, "jurisdictions/US-NV.yaml"),
        file(UTAH, "jurisdictions/US-UT.yaml"),
        file(BANKRUPTCY, "rules/bankruptcy.yaml"),
    )
    return Rulebook(
        "sha256:0123456789abcdef",
        tuple(rule for one in files for rule in one.rules),
        {one.act: one.place for one in files if one.place is not None},
        {one.act: one.name for one in files},
    )


def test_a_file_is_counted_by_kind_authority_date_review_and_case(book: Rulebook) -> None:
    found = coverage(book, DAY, {"US-NV/two": 4}, 9)
    nevada, utah, stay = found.files
    assert (nevada.rules, nevada.kinds["block"], nevada.primary, nevada.secondary) == (2, 2, 1, 1)
    assert (nevada.undated, nevada.overdue) == (("US-NV/two",), ("US-NV/two",))
    assert nevada.cases == {"US-NV/two": 4, "US-NV/three": 0}
    assert nevada.untested == ("US-NV/three",)
    assert nevada.entries["sales"] == Entry(why="It reaches <sales> only.")
    assert (utah.encoded, utah.path, utah.rules) == (False, "jurisdictions/US-UT.yaml", 0)
    assert (stay.untested, stay.beyond) == ((), ("bankruptcy/codebtor-stay",))
    assert found.untested == 1
    assert coverage(book, date(2026, 11, 20)).files[0].overdue == ()


def test_as_plain_data(book: Rulebook) -> None:
    document = as_document(coverage(book, DAY, {"US-NV/two": 4}, 9))
    assert (document["rules"], document["entries"], document["untested"]) == (3, 2, 1)
    nevada, utah, stay = document["files"]
    assert nevada["head"] == {
        "licence": "yes",
        "recording_consent": "unknown",
        "limitation_years": {"written_contract": 6, "oral_contract": "unknown"},
        "within": None,
        "zones": ["America/Los_Angeles", "America/Denver"],
    }
    assert nevada["entries"] == {
        "two-calls": {"rules": ["US-NV/two", "bankruptcy/codebtor-stay"], "why": None},
        "sales": {"rules": [], "why": "It reaches <sales> only."},
    }
    assert utah["head"]["licence"] == "unknown"
    assert stay["head"] is None


def test_as_a_table(book: Rulebook) -> None:
    text = as_text(coverage(book, DAY, {"US-NV/two": 4}, 9))
    lines = text.split("\n")
    assert lines[0].split() == [
        "file", "block", "require", "notice", "window", "limit", "wait", "rules", "primary",
        "secondary", "no", "date", "overdue", "entries", "per", "rule", "untested",
    ]  # fmt: skip
    assert lines[1].split() == ["US-NV", *"200000211112", "2.0", "1"]
    assert lines[2].endswith("not encoded")
    assert "no case:\n  US-NV/three\n" in text
    assert "no case can be written for:\n  bankruptcy/codebtor-stay\n" in text
    assert text.endswith("3 rules in 3 files, 9 cases; 1 places not encoded\n")
    assert "no case files beside them" in as_text(coverage(book, DAY))


class Page(HTMLParser):
    """Every tag with what it would fetch, and the text."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data


def test_the_page_says_all_of_a_place_and_escapes_it(book: Rulebook) -> None:
    found = Page(page(coverage(book, DAY, {"US-NV/two": 4}, 9), book, DAY))
    for told in (
        "Nevada <b>", "agencies & buyers", "Nothing & nobody.", "It reaches <sales> only.",
        "written contract 6, oral contract unknown", "America/Los_Angeles, America/Denver",
        "NRS 649.370(2)", "date unknown, until before 2027-01-01", "review was due 2026-11-20",
        "1 without a case", "no word for one", "law not written", "a book", "example.org",
    ):  # fmt: skip
        assert told in found.text, told
    ids = [one["id"] for _, one in found.tags if "id" in one]
    assert len(ids) == len(set(ids))
    links = {one["href"] for tag, one in found.tags if tag == "a"}
    assert {one.removeprefix("#") for one in links if one and one.startswith("#")} <= set(ids)


def test_the_page_fetches_nothing(book: Rulebook) -> None:
    text = page(coverage(book, DAY), book, DAY)
    found = Page(text)
    outside = {"link", "img", "iframe", "object", "embed", "audio", "video", "source", "base"}
    assert not outside & {tag for tag, _ in found.tags}
    assert not [one for tag, one in found.tags if "src" in one or "srcset" in one]
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    assert "default-src 'none'" in text


def test_the_map_has_every_place_once_and_each_its_own_square() -> None:
    law = load([law_directory()])
    where = places()
    assert set(where) == set(law.places)
    assert len(set(where.values())) == len(where) == 57
    found = Page(page(coverage(law, DAY), law, DAY))
    tiles = [one for tag, one in found.tags if tag == "a" and "tile" in (one.get("class") or "")]
    assert len(tiles) == 57
    for tile in tiles:
        assert {f"data-{name}" for name in VIEWS} <= set(tile)
