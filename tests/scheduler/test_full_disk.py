"""No room on the disk, and places that cannot be written: nothing half done, and it goes on.

Where a file system may be mounted, a real one fills up; everywhere, no file may grow beyond a size.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.scheduler.killing import World, whole

Rounds = Callable[[int, int], int]
ROOM = r"(no space left on device( \(\S+\))?|database or disk is full)"
GROWN = r"(file too large|disk I/O error|parquet: .*)"  # as each library says it
SAID = rf"\S.* (cannot be written|refused): ({ROOM}|{GROWN})\n"
REALLY = rf"\S.* (cannot be written|refused): {ROOM}\n"
KIB = 1 << 10
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
Mount = Callable[..., bool]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Makes a place a file system of so many KiB, or changes it; False where that is forbidden."""
    mounted: list[Path] = []

    def make(place: Path, size: int, *, read_only: bool = False) -> bool:
        again = ["remount"] if place in mounted else []
        options = ",".join([*again, f"size={size}k", "ro" if read_only else "rw"])
        tool = shutil.which("mount")
        place.mkdir(exist_ok=True)
        words = [tool or "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if tool is None or subprocess.run(words, check=False, capture_output=True).returncode:
            return False
        mounted.append(place)
        return True

    yield make
    for place in {*mounted}:
        subprocess.run(["umount", str(place)], check=True)


def nothing_out(out: Path) -> bool:
    """Whether no list has a name."""
    return not out.exists() or all(one.name.startswith(".") for one in out.iterdir())


def sound(store: Path) -> dict[str, int]:
    """The rows of each table of a store that passes SQLite's own check."""
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = connection.execute(TABLES).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in names
        }


# -- the day


@pytest.mark.parametrize("kind", ["files", "store"])
def test_a_day_that_finds_no_room_puts_nothing_out_and_goes_on(
    world: World, rounds: Rounds, tmp_path: Path, mount: Mount, kind: str
) -> None:
    """The disk has a little more room each time, until the day is there: each stage runs full."""
    steps = rounds(2, 40)
    place = tmp_path / "disk"
    room = 1100 if kind == "store" else 300
    if not mount(place, room):
        return limited(world, steps, kind)
    shutil.copytree(world.place / kind, place / "home")
    out = place / "lists"
    stages = set()
    for step in range(1, steps + 1):
        assert mount(place, room + step * (1500 // (steps + 1)))
        code, said = world.run(world.words(kind, out))
        if code == 0:
            break
        assert code == 3, said
        assert re.search(REALLY, said), said
        assert str(place) in said or "store.sqlite" in said
        assert nothing_out(out)
        stages.add(said.splitlines()[-1])
    assert stages
    mount(place, 64 * KIB)
    code, said = world.run(world.words(kind, out))
    assert code == 0 or "was put out already" in said, said
    whole(world, kind, out)
    return None


def limited(world: World, steps: int, kind: str) -> None:
    """The same where no file may grow."""
    for step in range(steps):
        out = world.new(kind, f"limited-{kind}-{step}")
        most = str(6 * KIB + step * (150 * KIB // steps))
        code, said = world.run(world.words(kind, out), FILE_LIMIT=most)
        assert code == 3, said
        assert re.search(SAID, said), said
        assert nothing_out(out)
        code, said = world.run(world.words(kind, out))
        assert code == 0, said
        whole(world, kind, out)


@pytest.mark.parametrize("kind", ["files", "store"])
def test_a_day_whose_files_may_not_grow_says_which(world: World, rounds: Rounds, kind: str) -> None:
    limited(world, rounds(1, 10), kind)


def test_a_place_that_cannot_be_written_is_named(
    world: World, tmp_path: Path, mount: Mount
) -> None:
    out = world.new("files", "in-the-way")
    out.write_text("a file where lists should go", encoding="utf-8")
    code, said = world.run(world.words("files", out))
    assert code == 3
    assert f"{out} cannot be written: file exists\n" in said
    out.unlink()
    place = tmp_path / "disk"
    if mount(place, 64):
        assert mount(place, 64, read_only=True)
        code, said = world.run([*world.words("files", out), "--out", str(place / "lists")])
        assert code == 3
        assert f"{place / 'lists'} cannot be written: read-only file system\n" in said
    assert world.run(world.words("files", out))[0] == 0
    whole(world, "files", out)


# -- the store


def test_a_store_that_finds_no_room_is_as_it_was(
    world: World, rounds: Rounds, tmp_path: Path, mount: Mount
) -> None:
    """Made, brought up and filled with too little room, then with enough."""
    place = tmp_path / "disk"
    steps = rounds(2, 30)
    real = mount(place, 40)
    place.mkdir(exist_ok=True)
    home = place / "home"
    home.mkdir()
    shutil.copyfile(world.place / "store" / "settings.yaml", home / "settings.yaml")
    bring = ["import", str(world.place / "portfolio"), "--now", "2026-11-21T11:00:00Z"]
    bring += ["--accept-holes", "all made up", "--by", "Jo Doe", "--home", str(home)]
    words = ["init", "--home", str(home)], bring
    for number, asked in enumerate(words):
        for step in range(1, steps + 1):
            room = 40 + number * 460 + step * (500 // steps)
            more = {} if real else {"FILE_LIMIT": str(room * KIB // 2)}
            if real:
                assert mount(place, room)
            before = sound(home / "store.sqlite") if number else {}
            code, said = world.run(list(asked), **more)
            if code == 0:
                break
            assert code == 3, said
            assert re.search(REALLY if real else SAID, said), said
            after = sound(home / "store.sqlite") if (home / "store.sqlite").exists() else {}
            # each file of an import is one transaction, and so is a store's making
            for name, rows in after.items():
                assert rows in (before.get(name, 0), full_rows(world)[name]), (name, rows)
        if real:
            assert mount(place, 64 * KIB)
        code, said = world.run(list(asked))
        assert code == 0 or "is a home already" in said, said
    found = {name: rows for name, rows in sound(home / "store.sqlite").items() if rows}
    assert found == {name: rows for name, rows in full_rows(world).items() if rows}


def full_rows(world: World) -> dict[str, int]:
    rows = sound(world.place / "store" / "store.sqlite")
    assert rows["account"] > 0
    return rows


def test_a_copy_that_finds_no_room_leaves_the_store_and_no_half_copy(
    world: World, tmp_path: Path, mount: Mount
) -> None:
    home = tmp_path / "home"
    shutil.copytree(world.place / "store", home)
    size = (home / "store.sqlite").stat().st_size
    with closing(sqlite3.connect(home / "store.sqlite")) as connection:
        had = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        connection.commit()
    real = mount(home / "backups", size // KIB // 2)
    more = {} if real else {"FILE_LIMIT": str(size // 2)}
    code, said = world.run(["init", "--home", str(home)], **more)
    assert code == 3
    assert re.search(REALLY if real else SAID, said), said
    assert list((home / "backups").iterdir()) == []
    with closing(sqlite3.connect(home / "store.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", had)
        connection.commit()
    assert sound(home / "store.sqlite") == full_rows(world)
