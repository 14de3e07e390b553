"""How every source file looks: length, docstrings, aware times, nothing foreign in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, Module, forget_trees, modules, text_files

SOURCE = modules("engine", "scheduler")
LONGEST = 400
# Written in two halves, so that this file does not hold what it forbids.
FOREIGN = (
    "py" + "pi.org", "files.python" + "hosted", "npm" + "js.", "registry." + "npm",
    "crates" + ".io", "proxy.golang" + ".org", "conda.anaconda" + ".org", "maven" + ".org",
    "rubygems" + ".org",
    "--index" + "-url", "--extra-index" + "-url", "--find" + "-links", "trusted" + "-host",
    "/r" + "oot/", "/wo" + "rk/", "/tmp" + "/venv", "/home" + "/", "/Us" + "ers/", "/opt" + "/",
)  # fmt: skip
UNFINISHED = re.compile("TO" + r"DO|FIX" + r"ME|XX" + r"X\b|NotImplemented" + "Error")
PARKED = re.compile(r"pytest\.(mark\.)?(skip|xfail)|unittest\.skip|import" + "orskip")
REASON = re.compile(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]  # \S.{8,}")
NAIVE = {"now", "utcnow", "fromtimestamp", "utcfromtimestamp", "today"}


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    yield
    forget_trees()


@pytest.mark.parametrize("module", SOURCE, ids=lambda one: one.name)
def test_a_module_is_short(module: Module) -> None:
    length = module.text.count("\n")
    assert length <= LONGEST, f"{module.shown} has {length} lines; split it"


@pytest.mark.parametrize("module", SOURCE, ids=lambda one: one.name)
def test_public_names_say_what_they_are(module: Module) -> None:
    assert ast.get_docstring(module.tree), f"{module.shown} says nothing of itself"
    bare = [
        f"{module.shown}:{node.lineno} {name}"
        for name, node in _public(module.tree)
        if not ast.get_docstring(node)
    ]
    assert not bare, "\n".join(bare)


def _public(
    tree: ast.Module | ast.ClassDef, of: str = ""
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        yield f"{of}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from _public(node, f"{node.name}.")


@pytest.mark.parametrize("module", modules("engine", "scheduler", "tests"), ids=lambda m: m.name)
def test_no_time_without_its_zone(module: Module) -> None:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if "# noqa: DTZ" in module.text.split("\n")[node.lineno - 1]:
            continue  # a civil day as the calendar arithmetic asks for it, said beside it
        where = f"{module.shown}:{node.lineno}"
        zoned = "tzinfo" in {word.arg for word in node.keywords}
        if name == "datetime":
            assert zoned or len(node.args) == 8, f"{where} makes a time without a zone"
        if name in ("fromtimestamp", "now"):
            given = len(node.args) > (name == "fromtimestamp") or "tz" in {
                word.arg for word in node.keywords
            }
            assert given or not _of_datetime(node), f"{where} asks for a time without a zone"
        if name in NAIVE - {"now", "fromtimestamp"}:
            assert not _of_datetime(node), f"{where} asks for a time without a zone"


def _of_datetime(call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    named = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return named in ("datetime", "date")


@pytest.mark.parametrize("module", SOURCE, ids=lambda one: one.name)
def test_what_the_types_are_told_to_overlook_has_a_reason(module: Module) -> None:
    for number, line in enumerate(module.text.split("\n"), 1):
        if "# type: " + "ignore" in line:
            assert REASON.search(line), f"{module.shown}:{number} overlooks without a reason"


@pytest.mark.parametrize("module", modules("engine", "scheduler", "tests"), ids=lambda m: m.name)
def test_nothing_is_unfinished_or_put_aside(module: Module) -> None:
    if module.name == __name__:
        return
    for number, line in enumerate(module.text.split("\n"), 1):
        assert not UNFINISHED.search(line), f"{module.shown}:{number} is unfinished"
        assert not PARKED.search(line), f"{module.shown}:{number} puts a test aside"


def test_nothing_foreign_is_written_anywhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {word}"
        for path, text in text_files()
        for number, line in enumerate(text.split("\n"), 1)
        for word in FOREIGN
        if word in line
    ]
    assert not found, "\n".join(found)


def test_there_are_five_folders() -> None:
    hidden = {".git", ".ci", ".github", ".hypothesis", ".pytest_cache", ".mypy_cache"}
    made = {"forbear-home", "build", "dist", "__pycache__"}
    here = {path.name for path in ROOT.iterdir() if path.is_dir()}
    kept = {name for name in here - hidden - made if not name.startswith(".")}
    assert {one for one in kept if not one.endswith(".egg-info")} == {
        "engine",
        "jurisdictions",
        "rules",
        "scheduler",
        "tests",
    }
