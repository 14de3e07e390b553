"""The source of the project as tests read it: files, syntax trees, imports, tables of READMEs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "scheduler")
FOLDERS = ("rules", "jurisdictions", "engine", "scheduler", "tests")


@dataclass(frozen=True)
class Module:
    """One Python file: its path, its dotted name and its text."""

    path: Path
    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The syntax tree, kept until `forget_trees`."""
        return _parsed(self.path, self.text)

    @property
    def shown(self) -> str:
        """The path as messages say it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python module of these folders, in the order of their paths."""
    return tuple(
        _module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    )


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(path, name, text)


@cache
def _parsed(path: Path, text: str) -> ast.Module:
    return ast.parse(text, str(path))


def forget_trees() -> None:
    """Let go of all syntax trees: three million objects, which every look for garbage goes through.

    For tests of other files in the same process, whatever order they come in.
    """
    _parsed.cache_clear()


def imports(module: Module, *, types: bool = True) -> Iterator[tuple[str, int]]:
    """Every module that is imported anywhere in a module, by its dotted name, with the line.

    `types`: also those that stand under `if TYPE_CHECKING` and are never imported when it runs.
    """
    known = {one.name for one in modules(*PACKAGES)}
    typed = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if not types and id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.package.split(".")[: len(module.package.split(".")) - node.level + 1]
            inside = [*base, node.module] if node.module else base
            source = ".".join(inside) if node.level else str(node.module)
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                yield (whole if whole in known else source), node.lineno


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file of the project that is written by hand, with its content."""
    loose = [path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".sqlite"]
    hidden = [ROOT / ".ci" / "run"]
    deep = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted({*loose, *hidden, *deep}):
        if "__pycache__" in path.parts or path.name == ".coverage":
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            assert path.parent.name == "rejected", f"{path} is not UTF-8"


def readmes() -> list[Path]:
    """Every README."""
    return [ROOT / "README.md", *sorted(p for f in FOLDERS for p in (ROOT / f).rglob("README.md"))]


def table(text: str, head: str) -> list[list[str]]:
    """The rows of every Markdown table whose head line begins so, cell by cell, anchors left out.

    Raises AssertionError where there is none.
    """
    found: list[list[str]] = []
    lines = iter(text.split("\n"))
    seen = False
    for line in lines:
        if not line.startswith(head):
            continue
        seen = True
        next(lines)
        for row in lines:
            if not row.startswith("|"):
                break
            plain = re.sub(r'<a id="[^"]*"></a>', "", row)
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", plain)[1:-1]])
    assert seen, f"no table begins with {head}"
    return found
