"""What the service does by itself: one list a day, of however many processes that would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.commands.children import Maker, NotMade
from scheduler.published import name_of
from scheduler.routine import Make, tasks
from scheduler.settings import Settings, read_bytes
from scheduler.store.alone import only_one, runs_of_day
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.recording import record_run
from scheduler.timer import Every, NotNow, Task

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
DAY = date(2026, 11, 21)
ONE = "regions: {everybody: {zones: [America/New_York, others]}}\n"
Opened = Callable[[], Store]


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return read_bytes(f"store: '{url}'\n{ONE}".encode(), "settings.yaml", tmp_path)


@pytest.fixture
def opened(settings: Settings, tmp_path: Path) -> Iterator[Opened]:
    """Opens the same store, as each process does."""
    stores: list[Store] = []

    def again() -> Store:
        stores.append(open_store(settings.store, tmp_path))
        return stores[-1]

    migrate(again(), tmp_path / "backups")
    yield again
    for one in stores:
        one.close()


def publish(settings: Settings, day: date, region: str | None) -> str:
    place = settings.lists / name_of(day, region)
    place.mkdir(parents=True)
    (place / "manifest.json").write_text("{}", encoding="utf-8")
    return "published"


def list_task(settings: Settings, store: Store, make: Make) -> Task:
    found = tasks(settings, store, lambda: NOW, make, None)
    assert [one.id for one in found] == ["list", "expire", "refresh"]
    return found[0]


def test_of_many_at_once_one_makes_the_day(settings: Settings, opened: Opened) -> None:
    made: list[date] = []
    inside = threading.Event()
    others = threading.Barrier(4)

    def make(day: date, region: str | None) -> str:
        made.append(day)
        inside.set()
        others.wait(30)  # the others have found us at work
        return publish(settings, day, region)

    first = list_task(settings, opened(), make)
    rest = [list_task(settings, opened(), make) for _ in range(3)]
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(first.work(NOW)))
    thread.start()
    assert inside.wait(30)

    def ask(task: Task) -> None:
        with pytest.raises(NotNow, match="is at work: 2026-11-21 waits"):
            task.work(NOW)
        others.wait(30)

    waiting = [threading.Thread(target=ask, args=(one,)) for one in rest]
    for one in waiting:
        one.start()
    for one in (*waiting, thread):
        one.join()
    assert said == ["published"]
    assert made == [DAY]
    for one in rest:
        assert one.work(NOW) == "the list of 2026-11-21 was published already"
    assert made == [DAY]


def test_a_list_that_failed_is_made_by_the_next(settings: Settings, opened: Opened) -> None:
    def fail(day: date, region: str | None) -> str:
        raise NotMade("no room on the disk")

    with pytest.raises(NotMade):
        list_task(settings, opened(), fail).work(NOW)
    again = list_task(settings, opened(), lambda *whose: publish(settings, *whose))
    assert again.work(NOW) == "published"


def test_a_day_published_by_another_machine_is_not_made_here(
    settings: Settings, opened: Opened
) -> None:
    store = opened()
    document = {"run": "abc", "day": "2026-11-21", "input": "x", "rulebook": "y"}
    record_run(store, document, [("rules/a.yaml", b"")], NOW)
    assert runs_of_day(store, DAY) == {None: "abc"}
    assert runs_of_day(store, DAY + timedelta(days=1)) == {}
    task = list_task(settings, store, lambda *whose: publish(settings, *whose))
    if store.dialect == "postgresql":
        assert task.work(NOW) == "the list of 2026-11-21 was published elsewhere, as run abc"
    else:
        assert task.work(NOW) == "published"  # a file has one machine, and its lists are here


def test_a_lock_ends_with_its_holder(opened: Opened) -> None:
    one, two = opened(), opened()
    with only_one(one, "list") as mine, only_one(two, "list") as theirs:
        assert (mine, theirs) == (True, False)
        with only_one(two, "seal") as other:
            assert other
    with only_one(two, "list") as mine:
        assert mine


def test_jobs_are_those_of_the_settings(settings: Settings, opened: Opened) -> None:
    text = f"store: '{settings.store}'\njobs: {{expire: 5, refresh: never, grace: 2}}\n{ONE}"
    told = read_bytes(text.encode(), "settings.yaml", settings.home or Path())
    found = tasks(
        told, opened(), lambda: NOW, lambda *_: "", None, lambda: "sealed", lambda: "none"
    )
    assert [one.id for one in found] == ["list", "expire", "seal", "retention"]
    assert found[0].grace == timedelta(hours=2)
    assert found[1].when == Every(timedelta(seconds=5))
    assert [one.work(NOW) for one in found[2:]] == ["sealed", "none"]


# -- the run in a process of its own


def said(maker: Maker, code: int, document: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return maker._read(DAY.isoformat(), code, text)


def test_what_a_run_said(settings: Settings) -> None:
    alarms: list[tuple[str, str]] = []
    maker = Maker(settings, lambda what, text: alarms.append((what, text)))
    assert maker._common() == ["--home", str(settings.home)]
    trial = Maker(settings, lambda *_: None, lambda: NOW)
    assert trial._common()[2:] == ["--now", "2026-11-21T10:00:00Z"]
    made = {"counts": {"listed": 7}, "alarms": []}
    assert said(maker, 0, made) == "published the list of 2026-11-21: 7 rows"
    assert alarms == []
    assert said(maker, 1, made | {"alarms": ["x differs"]}).startswith("published")
    assert alarms == [("engines", "x differs")]
    for code, told, why in (
        (3, {"errors": [{"message": "no room"}]}, "ended with 3: no room"),
        (1, {"problems": []}, "ended with 1"),
        (-9, "", "ended with -9, saying nothing"),
    ):
        with pytest.raises(NotMade, match=why):
            said(maker, code, told)
    maker.stop()
    with pytest.raises(NotNow, match="is stopping"):
        maker(DAY)


def test_whose_time_is_over_is_said_and_nobody_is_named(settings: Settings) -> None:
    maker = Maker(settings, lambda *_: None)
    maker._run = lambda words: (0, json.dumps({"purge": None, "would_erase": ["C1", "C2"]}))  # type: ignore[method-assign]
    assert maker.due().startswith("2 consumers whose records may be erased")
    maker._run = lambda words: (3, json.dumps({"errors": [{"message": "no store"}]}))  # type: ignore[method-assign]
    with pytest.raises(NotMade, match="ended with 3: no store"):
        maker.due()


def test_a_command_of_ours_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Without a settings file it has no home: it says so, and that is a failure."""
    with pytest.raises(NotMade, match=r"ended with 2: .* is not a home"):
        Maker(Settings(home=tmp_path), lambda *_: None)(DAY)
