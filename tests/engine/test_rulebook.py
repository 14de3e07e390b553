"""The rulebook: loaded whole or not at all, named by its content, asked by day and place."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest

from engine.problem import NotFound, Problems, as_text, counted
from engine.rulebook import Rulebook, check, digest_of, law_directory, load, read_sources

RULE = """- key: {key}
  kind: block
  says: Made up.
  force: {force}
  effective_from: {start}
  cite: [1 CFR 2.3(a)]
  source: https://example.org/law
  confidence: high
"""


def act(*rules: str) -> str:
    return "format: 1\nname: Made up\nrules:" + ("\n" + "".join(rules) if rules else " []\n")


def rule(key: str, start: str = "unknown", force: str = "prohibition", more: str = "") -> str:
    return RULE.format(key=key, start=start, force=force) + more


def place(code: str, more: str = "rules: []\n") -> str:
    zones = "zones: [America/New_York]\n"
    return f"format: 1\njurisdiction: {code}\nname: Somewhere\n{zones}{more}"


def home(folder: Path, **files: str) -> Path:
    """A directory of rule files; `__` in a name stands for a folder, `_` in a place for `-`."""
    texts = {"rules__fdcpa": act(), "rules__regulation_f": act(), **files}
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folder


def codes(caught: pytest.ExceptionInfo[Problems]) -> list[str]:
    return [one.code for one in caught.value.problems]


def test_a_rulebook_of_acts_house_and_places(tmp_path: Path) -> None:
    book = load(
        [
            home(
                tmp_path,
                rules__fdcpa=act(rule("cease")),
                rules__house__contact_policy=act(rule("spacing", force="policy")),
                **{"jurisdictions__US-NY": place("US-NY", "rules:\n" + rule("local"))},
                **{"jurisdictions__US-NY-NYC": place("US-NY-NYC", "within: US-NY\nrules: []\n")},
            )
        ]
    )
    assert [one.id for one in book.rules] == [
        "US-NY/local",
        "fdcpa/cease",
        "contact_policy/spacing",
    ]
    assert set(book.places) == {"US-NY", "US-NY-NYC"}
    assert book.acts["fdcpa"] == "Made up"
    assert book.rule("fdcpa/cease").key == "cease"
    assert [one.key for one in book.rule_set("federal", date(2026, 1, 1)).rules] == [
        "cease",
        "spacing",
    ]
    assert [one.key for one in book.rule_set("US-NY", date(2026, 1, 1)).rules] == ["local"]
    assert book.rule_set("US-NY-NYC", date(2026, 1, 1)).rules == ()


def test_what_is_not_there_is_said_by_name(tmp_path: Path) -> None:
    book = load([home(tmp_path)])
    with pytest.raises(NotFound, match="no place `US-XX`"):
        book.rule_set("US-XX", date(2026, 1, 1))
    with pytest.raises(NotFound, match="no rule `fdcpa/none`"):
        book.rule("fdcpa/none")


def test_rules_hold_from_their_first_day_to_the_day_before_effective_to(tmp_path: Path) -> None:
    text = act(rule("later", "2026-03-01", more="  effective_to: 2026-06-01\n"), rule("always"))
    book = load([home(tmp_path, rules__fdcpa=text)])

    def keys(day: date) -> list[str]:
        assert [one.key for one in book.rules_on(day)] == [
            one.key for one in book.rule_set("federal", day).rules
        ]
        return [one.key for one in book.rules_on(day)]

    assert keys(date(2026, 2, 28)) == ["always"]
    assert keys(date(2026, 3, 1)) == ["later", "always"]
    assert keys(date(2026, 5, 31)) == ["later", "always"]
    assert keys(date(2026, 6, 1)) == ["always"]


def test_days_of_the_same_rules_share_one_rule_set(tmp_path: Path) -> None:
    book = load([home(tmp_path, rules__fdcpa=act(rule("later", "2026-03-01")))])
    march = book.rule_set("federal", date(2026, 3, 1))
    assert book.rule_set("federal", date(2030, 1, 1)) is march
    assert book.rule_set("federal", date(2026, 2, 28)) is not march


def test_the_digest_names_the_content(tmp_path: Path) -> None:
    first = load([home(tmp_path / "a")])
    again = load([home(tmp_path / "b")])
    other = load([home(tmp_path / "c", rules__fdcpa=act(rule("cease")))])
    assert first.digest == again.digest
    assert first == again
    assert first.digest != other.digest
    assert first.digest.startswith("sha256:")
    assert first.short == first.digest[7:15]


def test_the_digest_does_not_depend_on_line_ends_or_order() -> None:
    one, two = ("rules/a.yaml", b"a: 1\n"), ("rules/b.yaml", b"b: 2\n")
    assert digest_of([one, two]) == digest_of([two, ("rules/a.yaml", b"a: 1\r\n")])
    assert digest_of([one]) != digest_of([("rules/b.yaml", b"a: 1\n")])
    assert digest_of([one, two]) != digest_of([("rules/a.yaml", b"a: 1\nrules/b.yaml\n5\nb: 2\n")])


def test_rules_of_places_can_be_left_out_by_their_confidence(tmp_path: Path) -> None:
    def said(key: str, confidence: str, force: str = "prohibition") -> str:
        return rule(key, force=force).replace("confidence: high", f"confidence: {confidence}")

    local = "".join(said(f"local-{word}", word) for word in ("high", "medium", "low"))
    book = load(
        [
            home(
                tmp_path,
                rules__fdcpa=act(said("cease", "low")),
                rules__house__contact_policy=act(said("spacing", "low", "policy")),
                **{"jurisdictions__US-NY": place("US-NY", "rules:\n" + local)},
            )
        ]
    )
    assert book.at_least("low") is book
    assert book.left_out == ()
    some, few = book.at_least("medium"), book.at_least("high")
    assert some.left_out == ("US-NY/local-low",)
    assert few.left_out == ("US-NY/local-low", "US-NY/local-medium")
    everywhere = {"fdcpa/cease", "contact_policy/spacing"}
    assert {one.id for one in few.rules} == everywhere | {"US-NY/local-high"}
    assert [one.key for one in few.rule_set("US-NY", date(2026, 1, 1)).rules] == ["local-high"]
    assert len({book.digest, some.digest, few.digest}) == 3
    assert book.at_least("high") == few


def test_house_given_takes_the_place_of_the_house_that_is_there(tmp_path: Path) -> None:
    shipped = home(
        tmp_path / "law", rules__house__contact_policy=act(rule("theirs", force="policy"))
    )
    own = tmp_path / "own"
    own.mkdir()
    (own / "ours.yaml").write_text(act(rule("ours", force="policy")), encoding="utf-8")
    assert [one.id for one in load([shipped], own).rules] == ["ours/ours"]
    assert [one.id for one in load([shipped]).rules] == ["contact_policy/theirs"]


def test_the_strategy_of_the_house_is_no_rule_file(tmp_path: Path) -> None:
    assert load([home(tmp_path, rules__house__strategy="order: oldest\n")]).rules == ()


def test_without_federal_law_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        load([tmp_path])
    assert codes(caught) == ["R045", "R045"]
    text = as_text(caught.value.problems)
    assert "rules/fdcpa.yaml" in text
    assert "rules/regulation_f.yaml" in text


def test_a_broken_federal_file_is_broken_and_not_missing(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        load([home(tmp_path, rules__fdcpa="format: 2\nname: A\nrules: []\n")])
    assert codes(caught) == ["R047"]


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    broken = act(rule("a", "2026-11-31"))
    with pytest.raises(Problems) as caught:
        load([home(tmp_path, rules__fdcpa=broken, rules__tcpa=broken, rules__tax="")])
    assert codes(caught) == ["R031", "R006", "R031"]
    assert counted(caught.value.problems) == "3 problems in 3 files"


def test_an_unreadable_file_stops_the_rulebook(tmp_path: Path) -> None:
    (home(tmp_path) / "rules" / "folder.yaml").mkdir()
    with pytest.raises(Problems) as caught:
        load([tmp_path])
    assert codes(caught) == ["R001"]


def test_a_file_with_the_wrong_ending_is_not_passed_over(tmp_path: Path) -> None:
    (home(tmp_path) / "rules" / "tcpa.yml").write_text(act(), encoding="utf-8")
    with pytest.raises(Problems) as caught:
        load([tmp_path])
    assert codes(caught) == ["R041"]
    assert caught.value.problems[0].hint == "call it `tcpa.yaml`"


def test_keys_are_unique_among_the_rules_decided_together(tmp_path: Path) -> None:
    files = {
        "rules__fdcpa": act(rule("same")),
        "rules__tcpa": act(rule("first"), rule("same")),
        "jurisdictions__US-MA": place("US-MA", "rules:\n" + rule("same")),
        "jurisdictions__US-NY": place("US-NY", "rules:\n" + rule("same")),
    }
    with pytest.raises(Problems) as caught:
        load([home(tmp_path, **files)])
    (one,) = caught.value.problems
    assert (one.code, one.position.path, one.position.line) == ("R034", "rules/tcpa.yaml", 12)
    assert one.message == "the key `same` is taken by a rule at rules/fdcpa.yaml:4"
    assert one.excerpt == "- key: same"


def test_a_place_in_two_directories_is_two_files_for_one_place(tmp_path: Path) -> None:
    first = home(tmp_path / "a", **{"jurisdictions__US-MA": place("US-MA")})
    second = tmp_path / "b" / "jurisdictions" / "US-MA.yaml"
    second.parent.mkdir(parents=True)
    second.write_text(place("US-MA"), encoding="utf-8")
    with pytest.raises(Problems) as caught:
        load([first, tmp_path / "b"])
    (one,) = caught.value.problems
    assert one.code == "R044"
    assert one.excerpt == "jurisdiction: US-MA"


def test_places_lie_one_deep(tmp_path: Path) -> None:
    files = {
        "jurisdictions__US-NY": place("US-NY", "within: US-NY-NYC\nrules: []\n"),
        "jurisdictions__US-NY-NYC": place("US-NY-NYC", "within: US-NY\nrules: []\n"),
    }
    with pytest.raises(Problems) as caught:
        load([home(tmp_path, **files)])
    assert codes(caught) == ["R043", "R043"]


def test_a_rulebook_is_made_again_from_what_it_was_made_of(tmp_path: Path) -> None:
    folder = home(tmp_path, rules__fdcpa=act(rule("cease")))
    sources, unread = read_sources([folder])
    assert unread == ()
    assert [shown for shown, _ in sources] == ["rules/fdcpa.yaml", "rules/regulation_f.yaml"]
    assert check(sources)[0] == load([folder])


def test_sources_can_be_checked_without_a_disk() -> None:
    book, found = check(
        [("rules/fdcpa.yaml", act().encode()), ("rules/regulation_f.yaml", act().encode())]
    )
    assert found == ()
    assert isinstance(book, Rulebook)
    assert check([])[0] is None


def test_the_law_stands_beside_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (law_directory() / "rules" / "fdcpa.yaml").is_file()
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / package)
    with pytest.raises(NotFound, match="no folder `rules`"):
        law_directory()


def test_our_own_law_loads_whole() -> None:
    book = load([law_directory()])
    assert len(book.places) == 57
    assert {one.force for one in book.rules if one.house} <= {"policy"}
    assert pickle.loads(pickle.dumps(book)) == book


def test_nine_hundred_rules_of_one_file_are_read() -> None:
    rules = "".join(rule(f"rule-{number}") for number in range(900))
    book, found = check(
        [
            ("rules/fdcpa.yaml", ("format: 1\nname: A\nrules:\n" + rules).encode()),
            ("rules/regulation_f.yaml", act().encode()),
        ]
    )
    assert found == ()
    assert book is not None
    assert len(book.rules) >= 900
