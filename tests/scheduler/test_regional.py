"""A list for each region: made once each day, on nobody's list twice, whatever the clock does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.clock import local_date
from engine.columns.where import zone_names
from scheduler.day import run_day
from scheduler.law import law_of
from scheduler.live.asked import Change
from scheduler.making import DayExists, making
from scheduler.manifest import Manifest
from scheduler.portfolio import Portfolio, open_portfolio
from scheduler.published import lists_in, lists_of_day, name_of, read_name
from scheduler.regional import share_of
from scheduler.regions import DEFAULT, Region, start_on
from scheduler.reports.outcome import published
from scheduler.routine import NotHere, tasks
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.recording import record_run
from scheduler.timer import Ran, Timer
from scheduler.web.lists import Lists, NoDay
from tests import standing_in

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = date(2026, 11, 21)
LAW = law_of(Settings(refuse_unencoded_places=False))
COASTS = (
    Region("east", ("America/New_York", "America/Chicago"), others=True),
    Region("west", ("America/Los_Angeles", "America/Denver")),
)
SETTINGS = Settings(refuse_unencoded_places=False, regions=COASTS)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 300, 5, NOW)
    return open_portfolio(place)


def run(source: Portfolio, out: Path, region: str | None, **more: Any) -> Manifest:
    """A day, or a region's share of it, decided by the made-up engine."""
    settings = more.pop("settings", SETTINGS)
    share = None if region is None else share_of(settings, region, DAY, out)
    given = {"decide": standing_in.decide, "files": LAW.files, "workers": 1} | more
    return run_day(source, LAW.rulebook, settings, DAY, NOW, out, share=share, **given)


def listed(one: Manifest) -> pl.DataFrame:
    return pl.read_parquet(one.directory / "list.parquet")


def decided(one: Manifest) -> pl.DataFrame:
    return pl.read_parquet(one.directory / "log" / "decisions.parquet")


@pytest.fixture(scope="module")
def out(source: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day by region."""
    place = tmp_path_factory.mktemp("lists")
    for one in COASTS:
        run(source, place, one.name)
    return place


# -- what is put out


def test_a_region_is_put_out_once_and_numbered_apart(out: Path, source: Portfolio) -> None:
    assert [one.region for one in lists_of_day(out, DAY)] == ["east", "west"]
    with pytest.raises(DayExists):
        run(source, out, "east")
    with pytest.raises(DayExists, match="a list for each region, never both"):
        run(source, out, None, again=True)
    east, west = (pl.read_parquet(out / f"2026-11-21.{one.name}/list.parquet") for one in COASTS)
    assert east["row_id"].to_list() == [1_000_000_001 + n for n in range(east.height)]
    assert west["row_id"].min() == 2_000_000_001
    assert sorted(west["priority"]) == list(range(1, west.height + 1))


def test_a_day_that_is_one_list_is_not_put_out_by_region(source: Portfolio, tmp_path: Path) -> None:
    run(source, tmp_path, None)
    with pytest.raises(DayExists, match="never both"):
        run(source, tmp_path, "west")


def test_in_whatever_order_they_are_made_lists_say_the_same(
    out: Path, source: Portfolio, tmp_path: Path
) -> None:
    for one in reversed(COASTS):
        run(source, tmp_path, one.name, settings=replace(SETTINGS, part_accounts=23))
    for one in COASTS:
        before, now = (
            pl.read_parquet(place / name_of(DAY, one.name) / "list.parquet").drop("decision_id")
            for place in (out, tmp_path)
        )
        assert now.equals(before)


def test_a_list_made_again_stands_beside_the_others(source: Portfolio, tmp_path: Path) -> None:
    first = run(source, tmp_path, "east")
    west = run(source, tmp_path, "west")
    assert west.document["region"]["beside"] == {"east": first.document["run"]}
    again = run(source, tmp_path, "east", again=True)
    assert again.kept == tmp_path / "2026-11-21.east.1"
    assert (
        listed(again)
        .drop("decision_id")
        .equals(
            pl.read_parquet(tmp_path / "2026-11-21.east.1" / "list.parquet").drop("decision_id")
        )
    )
    assert [one.region for one in lists_in(tmp_path)] == ["east", "west"]


def test_who_was_decided_on_one_list_of_a_day_stands_on_no_other(
    source: Portfolio, tmp_path: Path
) -> None:
    """The settings, or an address, put them elsewhere in between."""
    east = run(source, tmp_path, "east")
    moved = tuple(
        replace(one, zones=other.zones, others=other.others)
        for one, other in zip(COASTS, reversed(COASTS), strict=True)
    )
    west = run(source, tmp_path, "west", settings=replace(SETTINGS, regions=moved))
    assert not set(decided(east)["consumer"]) & set(decided(west)["consumer"])
    assert not set(decided(east)["group"]) & set(decided(west)["group"])
    assert west.document["counts"]["candidates"] == 0
    assert listed(west).height == 0


def test_numbers_of_lists_that_are_divided_otherwise_do_not_meet(
    source: Portfolio, tmp_path: Path
) -> None:
    run(source, tmp_path, "east")
    turned = replace(SETTINGS, regions=tuple(reversed(COASTS)))
    share = share_of(replace(turned, regions=(COASTS[1], COASTS[0])), "west", DAY, tmp_path)
    assert share.number == 3


def test_a_run_of_a_region_that_was_not_finished_is_named(
    source: Portfolio, tmp_path: Path
) -> None:
    said: list[str] = []

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path, "east", seal=cut_off)
    with making(tmp_path, DAY, again=False, region="west", say=said.append):
        pass
    assert any("`--day 2026-11-21 --region east` takes it up" in one for one in said)
    assert run(source, tmp_path, "east").document["counts"]["candidates"] > 0


def test_what_names_a_list() -> None:
    assert read_name("2026-11-21") == (DAY, None)
    assert read_name("2026-11-21.east-2") == (DAY, "east-2")
    for other in ("2026-11-21.1", "2026-11-21.east.1", "2026-13-21", ".making-2026-11-21", "log"):
        assert read_name(other) is None


def test_a_report_reads_all_lists_of_a_day(out: Path) -> None:
    found = published(out, DAY, NOW, DAY)
    assert found is not None
    both = [pl.read_parquet(one.place / "log" / "decisions.parquet") for one in lists_in(out)]
    assert found.decisions().collect().height == sum(one.height for one in both)
    newest = published(out, None, NOW, DAY - timedelta(days=1))
    assert newest is not None
    assert newest.day == DAY  # there is no other


# -- handed out


def test_a_day_by_region_is_handed_out_whole_and_in_pieces(out: Path) -> None:
    east, west = (pl.read_parquet(one.place / "list.parquet") for one in lists_in(out))
    gone = west.row(3, named=True)
    names = ("row_id", "account", "consumer", "point", "channel")
    change = Change(cursor=1, at=NOW, day=DAY, rules=("fdcpa/cease",), decision="L-1",
                    **{name: gone[name] for name in names})  # fmt: skip
    lists = Lists(out, lambda day, cursor, most: [change] if cursor < 1 else [])
    assert lists.withdrawn(DAY) == {(gone["account"], gone["point"], "call"): gone["row_id"]} or (
        gone["row_id"] in lists.withdrawn(DAY).values()
    )
    left = pl.concat([east, west.filter(pl.col("row_id") != gone["row_id"])])
    assert pl.read_parquet(lists.pull(DAY, "parquet", packed=False).path).equals(left)
    only = pl.read_parquet(lists.pull(DAY, "parquet", packed=False, region="east").path)
    assert only.equals(east)
    tags = {lists.pull(DAY, "csv", packed=False, region=one).tag for one in (None, "east", "west")}
    assert len(tags) == 3
    whole = lists.manifest(DAY)
    assert set(whole["regions"]) == {"east", "west"}
    assert whole["counts"]["listed"] == east.height + west.height
    assert lists.manifest(DAY, "west")["region"]["number"] == 2
    with pytest.raises(NoDay, match="no list of 2026-11-21 for north"):
        lists.pull(DAY, "csv", packed=False, region="north")
    page, last = lists.page(DAY, 0, east.height + 2)
    assert page.count(b'"row_id"') == east.height + 2
    assert last == west["row_id"][1]


# -- the timer


@dataclass
class Desk:
    """A service's lists under a clock moved by hand: what was made, and when."""

    settings: Settings
    opened: Callable[[], Store]
    now: datetime
    made: list[tuple[date, str | None, datetime]] = field(default_factory=list)
    told: list[Ran] = field(default_factory=list)
    timer: Timer | None = None

    def make(self, day: date, region: str | None) -> str:
        place = self.settings.lists / name_of(day, region)
        place.mkdir(parents=True)  # a list made twice fails here
        (place / "manifest.json").write_text("{}", encoding="utf-8")
        self.made.append((day, region, self.now))
        return "published"

    def begin(self) -> None:
        """Start, as after a crash."""
        store = self.opened()
        found = tasks(self.settings, store, lambda: self.now, self.make, None)
        mine = [one for one in found if one.id.startswith("list")]
        self.timer = Timer(store, mine, lambda: self.now, lambda: 0.0, self.told.append)
        self.timer.turn()

    def to(self, text: str, step: timedelta = HOUR / 2) -> None:
        """Let time go by."""
        end = datetime.fromisoformat(text).astimezone(UTC)
        while self.now < end:
            self.now = min(self.now + step, end)
            assert self.timer is not None
            self.timer.turn()

    def leap(self, text: str) -> None:
        """The clock stands elsewhere at once."""
        self.now = datetime.fromisoformat(text).astimezone(UTC)
        assert self.timer is not None
        self.timer.turn()

    def names(self) -> list[str]:
        return [f"{day.day} {region}" for day, region, _ in self.made]


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    stores: list[Store] = []

    def again() -> Store:
        stores.append(open_store(url, tmp_path))
        return stores[-1]

    migrate(again(), tmp_path / "backups")
    settings = Settings(home=tmp_path, store=url)
    yield Desk(settings, again, datetime(2026, 11, 21, 13, tzinfo=UTC))
    for one in stores:
        one.close()


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-07", "2026-03-10"),
        ("2026-10-31", "2026-11-03"),
        ("2028-02-28", "2028-03-02"),
    ],
)
def test_each_region_once_a_day_at_its_own_morning(desk: Desk, first: str, last: str) -> None:
    desk.now = datetime.fromisoformat(f"{first}T18:00+00:00")
    desk.begin()
    desk.made.clear()  # what was owed
    desk.to(f"{last}T18:00+00:00")
    for one in DEFAULT:
        mine = [(day, at) for day, region, at in desk.made if region == one.name]
        days = [day for day, _ in mine]
        count = (date.fromisoformat(last) - date.fromisoformat(first)).days
        assert len(days) == count
        assert days == [days[0] + timedelta(days=n) for n in range(count)]
        for day, at in mine:
            assert local_date(at, one.clock) == day
            assert at == start_on(day, time(5), one.clock)
    assert {one.outcome for one in desk.told} == {"done"}


def test_the_day_of_guam_begins_first(desk: Desk) -> None:
    """At 05:00 of the 23rd in Guam it is 14:00 of the 22nd in New York."""
    desk.now = datetime.fromisoformat("2026-11-22T13:30-05:00")
    desk.begin()
    desk.made.clear()
    desk.to("2026-11-22T14:00-05:00")
    assert desk.names() == ["23 marianas"]
    desk.to("2026-11-23T11:00-05:00")
    assert desk.names() == [f"23 {one.name}" for one in DEFAULT]


def test_a_machine_asleep_over_several_starts_makes_up_for_each(desk: Desk) -> None:
    desk.now = datetime.fromisoformat("2026-11-22T13:30-05:00")
    desk.begin()
    desk.made.clear()
    desk.leap("2026-11-23T08:30-05:00")  # of Guam's start more than the grace is over
    assert sorted(desk.names()) == sorted(
        f"23 {one}" for one in ("atlantic", "eastern", "central", "mountain", "pacific")
    )
    assert [one.task for one in desk.told if one.outcome == "missed"] == ["list-marianas"]
    desk.to("2026-11-24T11:00-05:00")
    assert len(desk.made) == len(set(desk.names())) == 8 + len(DEFAULT)


def test_a_clock_set_back_and_a_crash_make_nothing_twice(desk: Desk) -> None:
    desk.now = datetime.fromisoformat("2026-11-22T13:30-05:00")
    desk.begin()
    desk.made.clear()
    desk.to("2026-11-23T07:10-05:00")
    desk.leap("2026-11-23T03:00-05:00")
    desk.begin()
    desk.to("2026-11-23T11:00-05:00")
    assert sorted(desk.names()) == sorted(f"23 {one.name}" for one in DEFAULT)


def test_without_the_lists_of_another_machine_none_is_made_beside_them(desk: Desk) -> None:
    store = desk.opened()
    document = {"run": "abc", "day": "2026-11-21", "input": "x", "rulebook": "y",
                "region": {"name": "marianas"}}  # fmt: skip
    record_run(store, document, [("rules/a.yaml", b"")], NOW)
    by_id = {one.id: one for one in tasks(desk.settings, store, lambda: NOW, desk.make, None)}
    if store.dialect != "postgresql":
        assert by_id["list-eastern"].work(NOW) == "published"  # its lists are all here
        return
    due = start_on(DAY, time(5), "Pacific/Guam")
    said = by_id["list-marianas"].work(due)
    assert said == "the list of 2026-11-21 for marianas was published elsewhere, as run abc"
    with pytest.raises(NotHere, match="for marianas were put out elsewhere"):
        by_id["list-eastern"].work(NOW)
    assert desk.made == []


def test_every_zone_that_a_place_or_number_can_give_has_a_job(desk: Desk) -> None:
    found = tasks(desk.settings, desk.opened(), lambda: NOW, desk.make, None)
    assert [one.id for one in found][: len(DEFAULT)] == [f"list-{one.name}" for one in DEFAULT]
    assert {zone for one in DEFAULT for zone in one.zones} == set(zone_names())
