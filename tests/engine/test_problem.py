"""Problems: their codes, their writers, and what is suggested for a word misspelt."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from engine import problem, rulebook
from engine.problem import (
    CODES,
    ForbearError,
    NotFound,
    Problem,
    Problems,
    as_annotations,
    as_json,
    as_text,
)
from engine.reading import read_bytes, read_file
from engine.rule import Position

ROOT = Path(__file__).resolve().parents[2]
REJECTED = ROOT / "tests" / "rejected"


def _found(code: str) -> tuple[Problem, ...]:
    """The problems of the example of a code, as tests/rejected/README.md says."""
    folder, file = REJECTED / code, REJECTED / f"{code}.yaml"
    if folder.is_dir():
        with pytest.raises(Problems) as caught:
            rulebook.load([folder])
        return caught.value.problems
    if not file.exists():
        return read_file(file, f"rules/{file.name}")[1]
    data = file.read_bytes()
    first, last = data.split(b"\n")[0], data.rstrip(b"\n").split(b"\n")[-1]
    path = re.match(rb"# path: (\S+)", first)
    again = re.match(rb"# repeat the last line: (\d+)", first)
    data += (last + b"\n") * (int(again[1]) if again else 0)
    return read_bytes(data, path[1].decode() if path else "rules/made_up.yaml")[1]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_an_example_with_its_exact_message(code: str) -> None:
    found = _found(code)
    text = as_text(found, problem.stays_in_force("3f9c2a71"))
    expected = (REJECTED / f"{code}.txt").read_text(encoding="utf-8")
    assert code in {one.code for one in found}
    if code == "R048":
        assert text.endswith(expected)
    else:
        assert text == expected
        assert {one.code for one in found} == {code}


def test_every_example_belongs_to_a_code() -> None:
    names = {path.stem for path in REJECTED.iterdir()} - {"README"}
    assert names == set(CODES)


def test_every_code_is_described_with_its_meaning() -> None:
    readme = (ROOT / "engine" / "README.md").read_text(encoding="utf-8")
    described = dict(re.findall(r"^\| (R\d{3}) \| ([^|]+) \|", readme, re.MULTILINE))
    assert described == CODES


def test_messages_are_in_the_style_of_the_house() -> None:
    for code in CODES:
        for one in _found(code):
            assert one.message[0] == "`" or not one.message[0].isupper() or "YAML" in one.message
            assert not one.message.endswith(".")
            assert "Traceback" not in one.message
            assert "NoneType" not in one.message


def _problem(**more: object) -> Problem:
    fields: dict[str, object] = {
        "code": "R014",
        "position": Position("jurisdictions/US-MA.yaml", 10, 22),
        "message": "unknown channel `sms`; did you mean `text`?",
        "hint": "the channels are call, text",
        "length": 3,
        "excerpt": "    channels: [call, sms]",
    }
    return Problem(**{**fields, **more})  # type: ignore[arg-type]


def test_text_marks_the_place_under_its_line() -> None:
    assert as_text([_problem()], problem.stays_in_force("3f9c2a71")) == (
        "jurisdictions/US-MA.yaml:10:22  R014  unknown channel `sms`; did you mean `text`?\n"
        "  10 |     channels: [call, sms]\n"
        "     |                      ^^^\n"
        "     = the channels are call, text\n"
        "1 problem in 1 file. Nothing was loaded; rulebook 3f9c2a71 stays in force.\n"
    )


def test_text_without_a_line_or_an_outcome() -> None:
    assert as_text([_problem(excerpt="", hint="")]) == (
        "jurisdictions/US-MA.yaml:10:22  R014  unknown channel `sms`; did you mean `text`?\n"
        "1 problem in 1 file.\n"
    )
    assert problem.stays_in_force(None) == "Nothing was loaded."


@pytest.mark.parametrize("column", [1, 55, 250, 498])
def test_a_long_line_is_cut_round_the_mark(column: int) -> None:
    line = "".join(str(n % 10) for n in range(1, 501))
    one = _problem(excerpt=line, position=Position("a.yaml", 1, column), length=3)
    _, shown, carets, *_ = as_text([one]).split("\n")
    start = carets.index("^")
    assert len(shown) < 120
    assert shown[start : start + carets.count("^")] == line[column - 1 : column + 2]


def test_a_mark_is_never_longer_than_its_line_nor_nothing() -> None:
    for length in (0, 4, 400):
        carets = as_text([_problem(length=length)]).split("\n")[2]
        assert 1 <= carets.count("^") <= 4


def test_json_is_one_document() -> None:
    document = json.loads(as_json([_problem(), _problem(code="R013")], "Nothing was loaded."))
    assert document["count"] == 2
    assert document["files"] == 1
    assert document["outcome"] == "Nothing was loaded."
    assert document["problems"][0] == {
        "code": "R014",
        "path": "jurisdictions/US-MA.yaml",
        "line": 10,
        "column": 22,
        "length": 3,
        "message": "unknown channel `sms`; did you mean `text`?",
        "hint": "the channels are call, text",
    }


def test_annotations_are_escaped() -> None:
    one = _problem(position=Position("a,b:c.yaml", 2, 3), message="100%\nsure", hint="")
    assert as_annotations([one]) == (
        "::error file=a%2Cb%3Ac.yaml,line=2,col=3,endColumn=6,title=R014::100%25%0Asure\n"
    )
    assert as_annotations([_problem()]).endswith("`text`? (the channels are call, text)\n")
    assert as_annotations([]) == ""


def test_problems_are_sorted_and_said_once() -> None:
    later = _problem(position=Position("b.yaml", 1, 1))
    first = _problem(position=Position("a.yaml", 9, 9))
    found = Problems([later, first, later])
    assert found.problems == (first, later)
    assert str(found) == "2 problems in 2 files"


def test_not_found_names_what_was_asked_for() -> None:
    missing = problem.NotFound("place", "US-XX")
    assert (missing.what, missing.id, str(missing)) == ("place", "US-XX", "no place `US-XX`")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sms", "text"),
        ("cal", "call"),
        ("Furnish-to-CRA", "furnish_to_cra"),
        ("quantum", None),
        ("c" * 41, None),
    ],
)
def test_the_word_that_was_meant(word: str, meant: str | None) -> None:
    assert problem.nearest(word, ("call", "text", "furnish_to_cra")) == meant


def test_user_text_is_quoted_on_one_short_line() -> None:
    assert problem.quoted(" a\n b ") == "`a b`"
    assert len(problem.quoted("x" * 500)) == 62


@pytest.mark.parametrize(
    "error", [NotFound("rule", "fdcpa/gone"), Problems([_problem()])], ids=["not found", "problems"]
)
def test_an_error_can_be_raised_again_in_another_process(error: ForbearError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
