"""Imports flow one way, and each thing from outside has one module that may touch it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import Module, forget_trees, imports, modules

# A module imports from its own group and earlier ones, never from a later group; what is imported
# for its type alone is not imported.
ENGINE = (
    {"version", "words", "intervals", "days", "citation", "account", "decision", "rule"},
    {"clock", "history", "problem", "structural", "kinds", "tables"},
    {"situation", "facts.catalogue"},
    {"place", "reading", "compiled", "network"},
    {"facts", "terms", "rulebook", "rete", "tables.make_area_codes", "tables.make_edge_codes"},
    {"panel", "explain", "brief"},
    {"question"},
    {"opening", "evidence", "footing", "upcoming", "releasing"},
    {"deciding", "columns"},
    {"part", "cases"},
    {""},  # the public door
)
SCHEDULER = (
    {
        "",
        "store",
        "settings",
        "settings_text",
        "settings_service",
        "settings_regions",
        "regions",
        "published",
        "openings",
        "changes",
        "checkpoints",
        "disk",
        "locking",
        "making",
        "funnel",
        "contact_list",
        "ranking",
        "list_files",
        "set_aside",
        "workers",
        "coverage",
        "coverage_page",
        "page_style",
    },
    {"said", "law", "log"},
    {"licensing", "portfolio_checks", "records", "sample"},
    {"humans"},
    {"linked"},
    {"portfolio", "crowds", "intake"},
    {"parts", "regional"},
    {"questions", "bothways"},
    {"grouped", "explaining", "noting", "reports"},
    {"doubtful"},
    {
        "log.ages",
        "log.lookback",
        "log.nearby",
        "log.doubting",
        "log.looking",
        "log.lookback_page",
        "log.reckoning",
        "log.rebuilding",
        "log.exporting",
        "log.exporting_page",
        "log.exporting_sheet",
        "log.exporting_timeline",
        "log.exporting_files",
        "log.examining",
    },
    {"deciding"},
    {"putting_out"},
    {"day", "live", "log.knowing_then", "log.rebuilding_live"},
    {"timer"},
    {"routine"},
    {"web", "dialer"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
WALKS = {"engine": ENGINE, "scheduler": SCHEDULER}
OUTSIDE_THE_ENGINE = {
    "scheduler", "tests", "sqlite3", "sqlalchemy", "psycopg", "alembic", "http", "urllib",
    "socket", "requests", "httpx", "fastapi", "uvicorn", "random", "secrets", "uuid", "time",
    "apscheduler", "typer", "rich", "zoneinfo", "logging", "asyncio",
}  # fmt: skip
STORE = {one.name for one in modules("scheduler") if one.name.startswith("scheduler.store.")}
ONLY = {  # of a package: the modules that may import it
    "pytz": {"engine.clock"},
    "durable_rules_engine": {"engine.rete"},
    "durable": set[str](),  # its convenient interface is the one that corrupts memory
    "apscheduler": {"scheduler.timer"},
    "subprocess": {"engine.rete", "scheduler.commands.children"},
    "yaml": {"engine.reading.nodes"},
    **dict.fromkeys(("sqlalchemy", "alembic", "sqlite3", "psycopg"), STORE),
}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic"}
ALL = modules("engine", "scheduler")


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    yield
    forget_trees()


def _unit(name: str, walk: tuple[set[str], ...]) -> tuple[str, int]:
    """The unit a module belongs to in the walk, and its place there; the longest name wins."""
    inner = name.partition(".")[2]
    while True:
        for place, group in enumerate(walk):
            if inner in group:
                return inner, place
        assert inner, f"{name} has no place in the walk: add it to tests/house/test_imports.py"
        inner = inner.rpartition(".")[0]


@pytest.mark.parametrize("module", ALL, ids=lambda one: one.name)
def test_imports_flow_one_way(module: Module) -> None:
    package = module.name.partition(".")[0]
    walk = WALKS[package]
    _, place = _unit(module.name, walk)
    for name, line in imports(module, types=False):
        if name.partition(".")[0] != package:
            continue
        _, there = _unit(name, walk)
        assert there <= place, f"{module.shown}:{line} imports {name}, which comes later"


@pytest.mark.parametrize("module", modules("engine"), ids=lambda one: one.name)
def test_the_engine_touches_nothing(module: Module) -> None:
    for name, line in imports(module):
        first = name.partition(".")[0]
        assert first not in OUTSIDE_THE_ENGINE, f"{module.shown}:{line} imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            where = f"{module.shown}:{node.lineno}"
            assert node.attr not in ("environ", "getenv"), f"{where} reads the environment"


@pytest.mark.parametrize("module", ALL, ids=lambda one: one.name)
def test_some_packages_have_one_user(module: Module) -> None:
    for name, line in imports(module):
        users = ONLY.get(name.partition(".")[0])
        if users is not None:
            assert module.name in users, f"{module.shown}:{line} imports {name}"


def test_each_of_these_users_is_there() -> None:
    used = {name.partition(".")[0] for module in ALL for name, _ in imports(module)}
    assert {"pytz", "durable_rules_engine", "yaml", "subprocess"} <= used


@pytest.mark.parametrize("module", ALL, ids=lambda one: one.name)
def test_only_the_command_line_asks_what_time_it_is(module: Module) -> None:
    if module.name == "scheduler.cli":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            named = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            asks = named in ("datetime", "date", "time") and node.func.attr in CLOCKS
            assert not asks, f"{module.shown}:{node.lineno} asks what time it is"


def test_the_command_line_asks_once() -> None:
    (cli,) = (one for one in ALL if one.name == "scheduler.cli")
    assert cli.text.count("datetime.now(") == 1


def test_kinds_do_not_know_each_other() -> None:
    kinds = {one.name for one in ALL if one.name.startswith("engine.kinds.")}
    words = {name for name in kinds if name.rpartition(".")[2] != "agreed"}
    assert len(words) == 6
    for module in ALL:
        if module.name in words:
            assert not {name for name, _ in imports(module)} & words


def test_the_door_is_light() -> None:
    """What a decision needs is imported with the door; the columns and their package are not."""
    import subprocess
    import sys

    asked = "import engine, sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"polars", "durable_rules_engine", "scheduler"} & set(done.stdout.split())
