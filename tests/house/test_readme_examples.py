"""What the README shows is what happens: its commands print it, its code runs, its rule is read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine import load
from engine.reading import read_bytes
from tests.house.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCREEN = 60  # lines a first screen may have
GAP = "..."


def blocks(word: str) -> list[str]:
    """The fenced blocks of a language, in their order."""
    return re.findall(rf"^```{word}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def forbear(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A command of the README, run where nothing is yet but what `home` holds."""
    words = line.split()
    assert words[0] == "forbear", line
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "scheduler", *words[1:]],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def shown_in(example: str, output: str) -> str:
    """ "" if the lines stand in the output in this order, `...` for any between; else the line."""
    got = output.split("\n")
    at, free = 0, True
    for line in example.rstrip("\n").split("\n"):
        if line == GAP:
            free = True
            continue
        if free:
            found = next((n for n in range(at, len(got)) if got[n] == line), None)
            if found is None:
                return line
            at = found
        elif at >= len(got) or got[at] != line:
            return line
        at, free = at + 1, False
    return ""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory, as one stands in at first."""
    return tmp_path_factory.mktemp("reader")


def _example(command: str) -> str:
    (found,) = (one for one in blocks("text") if one.startswith(f"$ {command}\n"))
    return found.partition("\n")[2]


def test_what_the_demo_prints(place: Path) -> None:
    done = forbear("forbear demo", place)
    assert done.returncode == 0, done.stderr
    assert shown_in(_example("forbear demo"), done.stdout) == ""
    assert (place / "forbear-home" / "lists").is_dir()


def test_a_day_of_ones_own(place: Path) -> None:
    (day,) = (one for one in blocks("sh") if "forbear run" in one)
    for line in day.strip().split("\n"):
        done = forbear(line, place)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert sorted(path.name for path in (place / "lists" / "2026-11-21").iterdir()) == [
        "list.csv",
        "list.ndjson",
        "list.parquet",
        "log",
        "manifest.json",
        "manifest.note",
        "suppressed.csv",
        "suppressed.ndjson",
        "suppressed.parquet",
    ]


def test_the_python_example() -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})


def test_the_rule_is_the_one_in_its_file() -> None:
    (text,) = blocks("yaml")
    file, problems = read_bytes(f"format: 1\nname: A\nrules:\n{text}".encode(), "rules/a.yaml")
    assert not problems
    assert file is not None
    (shown,) = file.rules
    real = load([ROOT]).rule(f"regulation_f/{shown.key}")
    more = {name: getattr(real, name) for name in ("act", "says", "cite", "position")}
    more |= {"reviewed_on": real.reviewed_on, "review_by": real.review_by}
    assert replace(shown, **more) == real
    assert set(shown.cite) <= set(real.cite)
    assert real.says.startswith(shown.says.rstrip("."))
    assert real.source == shown.source


def test_the_mistake_is_reported_as_shown(place: Path) -> None:
    (text,) = blocks("yaml")
    mistaken = text.replace("[call, voicemail]", "[call, sms]")
    assert mistaken != text
    (place / "mine.yaml").write_text(f"format: 1\nname: Mine\nrules:\n{mistaken}", encoding="utf-8")
    done = forbear("forbear rules check mine.yaml", place)
    assert done.returncode == 1
    assert shown_in(_example("forbear rules check mine.yaml"), done.stdout) == ""


def test_every_example_is_tried() -> None:
    tried = {"forbear demo", "forbear rules check mine.yaml"}
    assert {one.split("\n")[0].removeprefix("$ ") for one in blocks("text")} == tried
    assert len(blocks("python")) == len(blocks("yaml")) == 1
    assert len(blocks("sh")) == 3


def test_the_checks_run_the_tests_the_readme_runs() -> None:
    install, tests, _ = blocks("sh")
    assert tests.strip() == ".venv/bin/python -m pytest"
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^python -m pytest$", checks, re.MULTILINE)
    for said in ("-c requirements.lock", "-e '.[test]'"):
        assert said in install
        assert said in checks


def test_the_first_screen_is_one() -> None:
    head, _, _ = README.partition("\n## ")
    assert head.count("\n") <= SCREEN
    for word in ("Not legal advice", "C compiler", "forbear demo", "python -m pytest", "CFR"):
        assert word in head
    for folder in ("rules/", "jurisdictions/", "engine/", "scheduler/", "tests/"):
        assert f"[`{folder}`]" in head


def test_gaps_are_gaps_and_nothing_else_is() -> None:
    output = "a\nb\nc\nd\n"
    assert shown_in("a\nb", output) == ""
    assert shown_in("b\n...\nd", output) == ""
    assert shown_in("a\nc", output) == "c"
    assert shown_in("d\n...\na", output) == "a"
