"""READMEs say what is so: every word stands in one, tables are the catalogue, links lead there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from engine import words
from engine.cases import facts_words, people, reading
from engine.facts import catalogue
from engine.reading import vocabulary
from engine.reading.bodies import KIND_WORDS
from engine.reading.files import ACT_WORDS, PLACE_WORDS
from engine.reading.rules import COMMON_WORDS
from engine.reading.selectors import HAPPENED_WORDS, SELECTOR_WORDS
from engine.rulebook import law_directory
from engine.structural import STRUCTURAL
from scheduler import cli, settings
from scheduler.store import schema_text
from tests.house.tree import FOLDERS, ROOT, modules, readmes, table, text_files

RULES = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
PLACES = (ROOT / "jurisdictions" / "README.md").read_text(encoding="utf-8")
SCHEDULER = (ROOT / "scheduler" / "README.md").read_text(encoding="utf-8")
ENGINE = (ROOT / "engine" / "README.md").read_text(encoding="utf-8")
README_FILES = readmes()
WORDS = {
    "kinds": words.KINDS,
    "words of a rule": COMMON_WORDS,
    "words of kinds": tuple(word for kind in KIND_WORDS.values() for word in kind),
    "words of selectors": SELECTOR_WORDS,
    "words of happened": HAPPENED_WORDS,
    "words of files": ACT_WORDS,
    "channels": words.CHANNELS,
    "kinds of contact point": words.POINT_KINDS,
    "groups of them": tuple(words.POINT_GROUPS),
    "types of debt": words.DEBT_TYPES,
    "roles of collectors": words.COLLECTOR_ROLES,
    "who is contacted": tuple(words.WHOM),
    "forces": words.FORCES,
    "results": tuple(words.RESULTS),
    "purposes": tuple(words.PURPOSES),
    "contents": tuple(words.CONTENTS),
    "media": words.MEDIA,
    "units": words.UNITS,
    "counts": words.COUNTS,
    "days": words.DAYS[:1] + words.DAYS[-1:],
    "dates of the account": tuple(words.ACCOUNT_DATES),
    "holidays": tuple(vocabulary.HOLIDAYS),
    "facts": tuple(catalogue.FACTS),
    "statements": tuple(catalogue.STATEMENTS),
    "duties": tuple(catalogue.DUTIES),
    "agreements": tuple(catalogue.AGREEMENTS),
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_of_a_rule_file_is_explained(kind: str) -> None:
    named = set(re.findall(r"(?:`\{?|\*\*)([A-Za-z_]+)(?:`|\*\*|:)", RULES))
    missing = [word for word in WORDS[kind] if word not in named]
    assert not missing, f"rules/README.md does not name the {kind} {missing}"


def test_every_word_of_a_place_is_explained() -> None:
    rows = {row[0].strip("`") for row in table(PLACES, "| word | meaning |")}
    assert rows == set(PLACE_WORDS)
    for contract in vocabulary.CONTRACTS:
        assert f"`{contract}`" in PLACES


def test_every_anchor_of_a_message_is_there() -> None:
    lists = [one for one in vars(vocabulary).values() if isinstance(one, vocabulary.Vocabulary)]
    assert len(lists) > 15
    for one in lists:
        assert one.anchor in _anchors(RULES), f"rules/README.md#{one.anchor}"
    for module in modules("engine"):
        for anchor in re.findall(r"README\}?#([a-z_]+)", module.text):
            assert anchor in _anchors(RULES), f"{module.shown} leads to rules/README.md#{anchor}"


def test_the_table_of_facts_is_the_catalogue() -> None:
    rows = table(RULES, "| fact | about | parameter | yes if | authority |")
    assert rows == [
        [
            f"`{fact.name}`",
            fact.subject,
            "" if fact.parameter == "none" else catalogue.PARAMETERS[fact.parameter],
            fact.means,
            fact.cite,
        ]
        for fact in catalogue.FACTS.values()
    ]


def test_the_table_of_statements_is_the_catalogue() -> None:
    rows = table(RULES, "| word | value | meaning |")

    def value(saying: catalogue.Saying) -> str:
        beside = ", ".join(f"`{word}`" for word in saying.beside)
        return catalogue.SHAPES[saying.shape] + (f"; beside it {beside}" if beside else "")

    assert rows == [
        [f"`{saying.name}`", value(saying), saying.means]
        for saying in catalogue.STATEMENTS.values()
    ]


def test_the_table_of_duties_is_the_catalogue() -> None:
    rows = table(RULES, "| duty | meaning | not carried out if declared |")
    duties = catalogue.DUTIES.values()
    assert rows == [[f"`{duty.name}`", duty.means, duty.unmet_when] for duty in duties]


def test_the_table_of_agreements_is_the_catalogue() -> None:
    rows = table(RULES, "| agreement | moves | is |")
    assert {row[0].strip("`"): row[2] for row in rows} == catalogue.AGREEMENTS


def test_the_table_of_results_is_what_counts() -> None:
    rows = table(RULES, "| result | counts as |")
    for result, counted in rows:
        said = set() if counted.startswith("nothing") else set(counted.split(", "))
        assert said == words.RESULTS[result.strip("`")], result
    assert {row[0].strip("`") for row in rows} == set(words.RESULTS)


def test_every_rule_file_has_its_line() -> None:
    house = (ROOT / "rules" / "house" / "README.md").read_text(encoding="utf-8")
    for text, folder in ((RULES, ROOT / "rules"), (house, ROOT / "rules" / "house")):
        named = {f"`{path.name}`" for path in folder.glob("*.yaml")}
        assert all(name in text for name in named), folder


def test_every_refusal_without_a_rule_is_explained() -> None:
    rows = {row[0].strip("`"): row[1] for row in table(ENGINE, "| refusal | means |")}
    assert set(rows) == {f"structural/{name}" for name in STRUCTURAL}


def _commands() -> dict[str, tuple[str, ...]]:
    """Every command with its options, as the program itself knows them."""
    found: dict[str, tuple[str, ...]] = {}

    def walk(group: object, name: str) -> None:
        for word, command in getattr(group, "commands", {}).items():
            whole = f"{name} {word}"
            options = [o for p in command.params for o in p.opts if o.startswith("--")]
            found[whole] = tuple(options)
            walk(command, whole)

    walk(typer.main.get_command(cli.app), "forbear")
    return found


def test_every_command_and_option_is_explained() -> None:
    rows = " ".join(row[0] for row in table(SCHEDULER, "| command | does |"))
    for command, options in _commands().items():
        if any(other.startswith(f"{command} ") for other in _commands()):
            continue  # a family of commands; each has its own line
        assert f"`{command}" in rows, f"scheduler/README.md does not name {command}"
        missing = [one for one in options if f"{one}" not in SCHEDULER and one != "--help"]
        assert not missing, f"scheduler/README.md does not name {missing} of {command}"


def test_no_readme_names_a_command_that_is_not_there() -> None:
    known = {command.removeprefix("forbear ") for command in _commands()}
    known |= {command.split()[0] for command in known}
    for path in README_FILES:
        for line in path.read_text(encoding="utf-8").split("\n"):
            for found in re.findall(r"`forbear ([a-z]+(?: [a-z]+)?)", line):
                first = found.split()[0]
                assert found in known or first in known, f"{path.relative_to(ROOT)}: {found}"


def test_every_setting_is_explained() -> None:
    rows = {row[0].strip("`") for row in table(SCHEDULER, "| setting | default | means |")}
    text = settings.text_of(settings.Settings(home=None))
    written = set(re.findall(r"^([a-z_]+):", text, re.MULTILINE))
    assert rows == written
    assert written - {"format"} <= {field.name for field in fields(settings.Settings)}


def test_every_file_of_a_portfolio_is_named() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for described in schema_text.describe():
        assert f"`{described['file']}`" in text, described["file"]


@pytest.mark.parametrize("path", README_FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.relative_to(ROOT)} leads to {target}"
        if anchor and there.suffix == ".md":
            assert anchor in _anchors(there.read_text(encoding="utf-8")), target


def test_what_the_source_refers_to_is_there() -> None:
    """No page is named that a reader of this repository cannot open."""
    for path, text in text_files():
        # where law was read is outside this repository
        ours = re.sub(r"^ *source: .*$", "", text, flags=re.MULTILINE)
        for found in re.findall(r"[\w./-]*\w\.md\b", ours):
            near = [ROOT / found, path.parent / found, ROOT / "tests" / found]
            assert any(one.exists() for one in near), f"{path.relative_to(ROOT)} names {found}"


def _anchors(text: str) -> set[str]:
    """What a link may lead to: anchors written out, and head lines."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))


def test_every_folder_says_what_it_is() -> None:
    assert law_directory() == ROOT
    for folder in FOLDERS:
        assert (ROOT / folder / "README.md").is_file(), folder


CASES = (ROOT / "tests" / "cases" / "README.md").read_text(encoding="utf-8")
CASE_WORDS = {
    "file": reading.FILE_WORDS,
    "case": reading.CASE_WORDS,
    "facts": facts_words.FACT_WORDS,
    "history": facts_words.HISTORY_WORDS,
    "proposed contact": facts_words.PROPOSED_WORDS,
    "statement": facts_words.STATEMENT_WORDS,
    "knowledge": facts_words.KNOWLEDGE_WORDS,
    "collector": people.COLLECTOR_WORDS,
    "consumer": people.CONSUMER_WORDS,
    "address": people.ADDRESS_WORDS,
    "debt": people.DEBT_WORDS,
    "point": people.POINT_WORDS,
    "chain": people.CHAIN_WORDS,
    "flags": tuple(words.FLAGS),
    "results": tuple(words.RESULTS),
    "purposes": tuple(words.PURPOSES),
    "says": tuple(catalogue.STATEMENTS),
}


@pytest.mark.parametrize("where", CASE_WORDS)
def test_every_word_of_a_case_is_explained(where: str) -> None:
    missing = [w for w in CASE_WORDS[where] if not re.search(rf"\b{w}\b", CASES)]
    assert not missing, f"tests/cases/README.md does not name {missing} of a {where}"


def test_every_module_of_the_engine_has_its_line() -> None:
    for path in sorted((ROOT / "engine").iterdir()):
        if path.suffix == ".py" and path.name != "__init__.py":
            assert f"`{path.name}`" in ENGINE, f"engine/README.md does not name {path.name}"
        elif path.is_dir() and (path / "__init__.py").exists():
            assert f"`{path.name}/`" in ENGINE, f"engine/README.md does not name {path.name}/"
