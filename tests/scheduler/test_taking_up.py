"""A copy of the store brought back under a running log: nothing numbered twice, nothing unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from scheduler.live.door import changes_after
from scheduler.live.recording import broken
from scheduler.log.keys import Keys, keys_of
from scheduler.log.sealing_live import seal_live
from scheduler.log.taking_up import LEAP, Behind, take_up
from scheduler.log.verifying import verify
from scheduler.settings import Settings
from scheduler.store.backups import back_up
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import newest
from scheduler.store.restoring import restore
from scheduler.timer import Daily, Task, Timer
from tests.scheduler.serving import DAY, NOW, Served, make_home, serving


@pytest.fixture
def settings(tmp_path: Path, new_url: Callable[[], str]) -> Settings:
    return make_home(tmp_path / "home", 30, new_url())


@pytest.fixture
def keys(settings: Settings) -> Keys:
    assert settings.home is not None
    return keys_of(settings.home)


@pytest.fixture
def copied(settings: Settings, new_url: Callable[[], str]) -> Iterator[Callable[[], Store]]:
    """Copies the store, as `forbear backup` does; then brings it back into an empty one."""
    home = settings.home
    assert home is not None
    store = open_store(settings.store, home)
    task = Task("list", "", Daily(NOW.time(), "UTC"), NOW - NOW, lambda _: "")
    Timer(store, [task], lambda: NOW, lambda: 0.0, lambda _: None).turn()  # its table is there too
    place: list[Path] = []
    opened: list[Store] = []

    def step() -> Store:
        if not place:
            place.append(back_up(store, home / "backups", newest()))
            return store
        opened.append(open_store(new_url(), home))
        restore(opened[0], place[0])
        return opened[0]

    yield step
    for one in (store, *opened):
        one.close()


def ask(served: Served, count: int, first: int = 0) -> list[str]:
    """Decisions about some contacts of the list."""
    listed = served.service.settings.lists / DAY.isoformat() / "list.parquet"
    rows = pl.read_parquet(listed).select("account", "point", "channel")
    body = {"contacts": rows.slice(first, count).to_dicts(), "brief": True}
    found = served.client().post("/v1/checks", json=body).json()["results"]
    return [one["decision"] for one in found]


def test_a_store_that_knows_less_than_the_log_is_not_gone_on_with_unseen(
    settings: Settings, keys: Keys, copied: Callable[[], Store]
) -> None:
    with serving(settings) as before:
        early = ask(before, 5)
        store = copied()
        late = ask(before, 6)
        seal_live(keys, store, broken)
        assert take_up(keys, store, restored=False) == 0
    other = copied()
    for _ in range(2):
        with pytest.raises(Behind, match=r"the store is an older copy; .* --restored"):
            take_up(keys, other, restored=False)
    assert take_up(keys, other, restored=True) == 6
    assert take_up(keys, other, restored=False) == 0
    again = replace(settings, store=other.engine.url.render_as_string(hide_password=False))
    with serving(again) as after:
        contact = after.client().get(f"/v1/lists/{DAY}?limit=1").json()["rows"][0]
        newer = ask(after, 4)
        assert not {*early, *late} & {*newer}
        row = {"kind": "cease", "accounts": [contact["account"]], "medium": "written"}
        event = {"kind": "statement", "source": "desk", "id": "1", "row": row}
        after.client("officer").post("/v1/events", json={"events": [event]})
        seen = changes_after(after.service.live, DAY, 0)
        assert seen[-1].cursor > LEAP  # whoever had seen some we do not know misses none
        assert seen[-1].account == contact["account"]
    (sealed, *_) = seal_live(keys, other, broken)
    assert sealed.first == int(late[-1].rpartition("-")[2])
    assert verify(keys.log, keys.signer.verifier, ()).holds


def test_what_is_reserved_in_a_copy_is_reserved_where_it_is_brought_back(
    settings: Settings, keys: Keys, copied: Callable[[], Store]
) -> None:
    with serving(settings) as before:
        rows = before.client().get(f"/v1/lists/{DAY}?limit=1000").json()["rows"]
        for row in rows:
            contact = {name: row[name] for name in ("account", "point", "channel")}
            given = before.client().post("/v1/permits", json=contact).json()
            if row["channel"] == "call" and given["permitted"]:
                break
        copied()
    other = copied()
    again = replace(settings, store=other.engine.url.render_as_string(hide_password=False))
    with serving(again) as after:
        refused = after.client().post("/v1/permits", json=contact).json()
        assert refused["permitted"] is False
