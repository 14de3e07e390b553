"""A day: whole or not at all, the same bytes however it is cut, and nothing listed unlogged."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine import Panel
from engine.part import PartInput, PartResult, decide_part
from engine.rulebook import check
from scheduler import deciding, linked, making
from scheduler.changes import as_text
from scheduler.day import run_day
from scheduler.explaining import explain
from scheduler.grouped import GroupsOf
from scheduler.law import Law, law_of
from scheduler.making import Busy, CannotWrite, DayExists
from scheduler.manifest import Manifest
from scheduler.parts import plan, read
from scheduler.portfolio import Portfolio, group_rows, open_portfolio
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from scheduler.store.schema import TABLES
from tests import standing_in

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = date(2026, 11, 21)
SETTINGS = Settings(refuse_unencoded_places=False)
LAW = law_of(SETTINGS)
ACCOUNTS = 400


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, ACCOUNTS, 5, NOW)
    return open_portfolio(place)


def run(source: Portfolio, out: Path, **more: Any) -> Manifest:
    """A day decided by the made-up engine, unless told otherwise."""
    settings = more.pop("settings", SETTINGS)
    law: Law = more.pop("law", LAW)
    now = more.pop("now", NOW)
    given = {"decide": standing_in.decide, "files": law.files, "workers": 1} | more
    return run_day(source, law.rulebook, settings, DAY, now, out, **given)


def bytes_of(place: Path) -> dict[str, bytes]:
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


# -- what is put out


@pytest.fixture(scope="module")
def made(source: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return run(source, tmp_path_factory.mktemp("lists"))


def test_the_manifest_names_every_other_file_with_its_hash(made: Manifest) -> None:
    files = bytes_of(made.directory)
    text = files.pop("manifest.json")
    assert json.loads(text) == made.document
    assert set(made.document["files"]) == set(files)
    for name, data in files.items():
        told = made.document["files"][name]
        assert told["sha256"] == hashlib.sha256(data).hexdigest(), name
        assert told["bytes"] == len(data)


def test_every_candidate_is_listed_or_suppressed_and_logged(made: Manifest) -> None:
    place, counts = made.directory, made.document["counts"]
    log = pl.read_parquet(place / "log" / "decisions.parquet")
    listed, out = (pl.read_parquet(place / f"{one}.parquet") for one in ("list", "suppressed"))
    assert log["row"].to_list() == list(range(1, log.height + 1))
    assert log.height == counts["candidates"] == listed.height + out.height
    assert (listed.height, out.height) == (counts["listed"], counts["suppressed"])
    ids = {*listed["decision_id"], *out["decision_id"]}
    assert ids == set(log["decision_id"])
    assert log["decision_id"][0] == f"{made.document['run']}-000000001"
    told = log.filter("listed").select("decision_id", "account", "point", "channel", "number")
    assert told.equals(listed.select(told.columns))
    assert log.sort("group", "account", "point", "channel").equals(log)
    for name in ("decisions", "situations", "rulebook"):
        rows = pl.read_parquet(place / "log" / f"{name}.parquet").height
        assert (
            rows
            == json.loads((place / "log" / "segment.json").read_text("utf-8"))["rows"][
                f"{name}.parquet"
            ]
        )


def test_every_row_off_the_list_says_why(made: Manifest) -> None:
    log = pl.read_parquet(made.directory / "log" / "decisions.parquet")
    out = pl.read_parquet(made.directory / "suppressed.parquet")
    both = out.join(log.select("decision_id", "verdict", "exhausted"), on="decision_id")
    assert both["rules"].list.len().min() == 1
    assert both["cites"].list.len().min() == 1
    withheld = both.filter(pl.col("verdict") == "permitted")
    assert withheld.height == made.document["counts"]["withheld"] > 0
    assert set(withheld["rules"].explode()) == {standing_in.WAIT}
    exhausted = both.filter("exhausted")
    assert exhausted.height == made.document["counts"]["exhausted"] > 0
    # an instant is never rounded to before the contact is permitted
    assert exhausted["next_permitted_utc"].unique().to_list() == [
        datetime(2026, 11, 23, 13, 0, 1, tzinfo=UTC)
    ]


def test_the_funnel_counts_what_the_log_says(made: Manifest) -> None:
    log = pl.read_parquet(made.directory / "log" / "decisions.parquet")
    refused = log.filter(pl.col("verdict") == "refused")
    reasons = {one["rule"]: one for one in made.document["funnel"]["reasons"]}
    for rule, one in reasons.items():
        mine = refused.filter(pl.col("rules").list.contains(pl.lit(rule)))
        assert one["refused"] == mine.height
        assert one["alone"] == mine.filter(pl.col("rules").list.len() == 1).height
        assert one["force"] == LAW.rulebook.rule(rule).force
    assert made.document["funnel"]["forces"] == dict(
        refused["force"].value_counts().sort("force").rows()
    )
    listed = made.document["counts"]["listed"]
    assert made.document["funnel"]["duties"] == {
        "identify_caller": listed,
        "opt_out_notice": listed,
    }
    bare = made.document["unencoded"]["candidates"]
    both = log.filter(pl.col("jurisdictions").str.contains("US-NY")).height
    assert bare.get("US-NY", both) == both


def test_the_log_holds_the_rulebook_it_was_decided_by(made: Manifest) -> None:
    kept = pl.read_parquet(made.directory / "log" / "rulebook.parquet").rows()
    book, problems = check(kept)
    assert problems == ()
    assert book is not None
    assert book.digest == made.document["rulebook"] == LAW.rulebook.digest


def test_alarms_and_seconds_are_told(source: Portfolio, tmp_path: Path) -> None:
    def alarmed(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        alarm("the engines disagree")
        return standing_in.decide(panel, part, alarm)

    ticks: Iterator[int] = iter(range(10_000))
    found = run(source, tmp_path, decide=alarmed, tick=lambda: float(next(ticks)))
    assert found.alarms == ("the engines disagree",)
    assert found.seconds["seconds_all"] == 0.5
    assert "seconds" not in found.document


# -- the same bytes


def test_a_day_made_twice_is_the_same_to_the_byte(
    source: Portfolio, made: Manifest, tmp_path: Path
) -> None:
    assert bytes_of(run(source, tmp_path).directory) == bytes_of(made.directory)


@pytest.mark.parametrize("size", [11, 150])
def test_a_day_does_not_depend_on_its_parts(
    source: Portfolio, made: Manifest, tmp_path: Path, size: int
) -> None:
    cut = run(source, tmp_path, settings=replace(SETTINGS, part_accounts=size))
    mine, whole = bytes_of(cut.directory), bytes_of(made.directory)
    del mine["manifest.json"], whole["manifest.json"]  # how many were decided twice depends on it
    assert mine == whole
    same = {"counts": {**cut.document["counts"], "sampled": made.document["counts"]["sampled"]}}
    assert {**cut.document, **same} == made.document


def test_a_day_of_crowds_does_not_depend_on_its_parts(
    source: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "SWITCHBOARD", 1)  # whatever two share makes a crowd, not a group
    places = []
    for size in (ACCOUNTS, 20):
        settings = replace(SETTINGS, part_accounts=size)
        assert plan(source, size, tmp_path).crowded
        places.append(run(source, tmp_path / str(size), settings=settings).directory)
    one, two = map(bytes_of, places)
    del one["manifest.json"], two["manifest.json"]
    assert one == two


def test_another_moment_is_another_run(source: Portfolio, made: Manifest, tmp_path: Path) -> None:
    later = run(source, tmp_path, now=datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert later.document["run"] != made.document["run"]


# -- parts


@pytest.mark.parametrize("swept", [True, False])
def test_no_look_for_cycles_while_a_part_is_decided(swept: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if swept else gc.disable)()
        with deciding.unswept():
            assert not gc.isenabled()
        with pytest.raises(KeyError), deciding.unswept():
            raise KeyError
        assert gc.isenabled() == swept
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("strays", [50_000, 4])
@pytest.mark.parametrize("crowd", [200, 1])
@pytest.mark.parametrize("size", [9, 60, ACCOUNTS])
def test_parts_hold_every_row_once_and_no_group_is_cut(
    source: Portfolio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    crowd: int,
    strays: int,
) -> None:
    monkeypatch.setattr(linked, "SWITCHBOARD", crowd)
    monkeypatch.setattr("scheduler.parts.STRAYS", strays)
    cut = plan(source, size, tmp_path)
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in TABLES}
    homes = []
    for part in (*cut.crowded, *cut.parts):
        frames, groups = read(cut, part)
        homes.append(groups)
        for name, rows in frames.items():
            found[name].append(rows)
        assert set(frames["consumers"]["consumer"]) == set(groups["consumer"])
    for name, table in TABLES.items():
        whole = source.scan(name).collect().sort(table.key)
        assert pl.concat(found[name]).sort(table.key).equals(whole), name
    for column in ("group", "together"):
        labels = [label for groups in homes for label in groups[column].unique()]
        assert len(labels) == len(set(labels))
    assert cut.accounts == ACCOUNTS


@pytest.mark.parametrize("crowd", [200, 1])
def test_records_of_a_part_are_those_of_the_portfolio(
    source: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crowd: int
) -> None:
    monkeypatch.setattr(linked, "SWITCHBOARD", crowd)
    cut = plan(source, 100, tmp_path)
    part = (*cut.crowded, *cut.parts)[0]
    frames, groups = read(cut, part)
    asked = groups["consumer"].to_list()[:40]
    of = GroupsOf(frames, groups.select("consumer", "together"))
    found = of(asked)
    assert all(of([name])[name] is found[name] for name in asked)  # each is made once
    home = dict(groups.select("consumer", "together").iter_rows())
    for consumer in asked:
        members = [name for name, label in home.items() if label == home[consumer]]
        assert found[consumer] == group_rows(source, members)


def test_a_portfolio_of_nothing_makes_an_empty_list(tmp_path: Path) -> None:
    for table in TABLES.values():
        pl.DataFrame(schema=table.schema).write_parquet(tmp_path / table.file)
    found = run(open_portfolio(tmp_path), tmp_path / "out")
    assert found.document["counts"]["candidates"] == 0
    assert pl.read_parquet(found.directory / "list.parquet").is_empty()


# -- once


def test_a_day_that_is_there_is_refused(source: Portfolio, made: Manifest) -> None:
    before = bytes_of(made.directory)
    with pytest.raises(DayExists) as found:
        run(source, made.directory.parent)
    assert "--again" in str(found.value)
    assert bytes_of(made.directory) == before


def test_again_keeps_the_first_and_says_what_differs(source: Portfolio, tmp_path: Path) -> None:
    first = run(source, tmp_path)
    before = bytes_of(first.directory)
    same = run(source, tmp_path, again=True)
    assert same.kept == tmp_path / "2026-11-21.1"
    assert same.changes == {"because": [], "files": []}
    assert bytes_of(same.kept) == before

    def stricter(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        found = standing_in.decide(panel, part, alarm)
        none = pl.col("attempts_left") * 0
        return replace(found, candidates=found.candidates.with_columns(none.alias("attempts_left")))

    other = run(
        source, tmp_path, again=True, decide=stricter, now=datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    assert other.kept == tmp_path / "2026-11-21.2"
    assert other.changes["because"] == ["now"]
    assert "list.csv" in other.changes["files"]
    listed = first.document["counts"]["listed"]
    found = other.changes
    assert (found["newly_listed"], found["no_longer_listed"], found["gone"]) == (0, listed, 0)
    assert (found["refused_before"], found["refused_now"]) == ({}, {"withheld": listed})
    assert len(found["examples"]) == 5
    for one in found["examples"]:
        assert one["before"] == {"candidate": True, "listed": True, "rules": []}
        assert one["now"] == {"candidate": True, "listed": False, "rules": ["withheld"]}
    text = as_text(found, other.kept)
    assert f"no longer listed: {listed:,}\n" in text
    assert f"{listed:,}  are refused by no rule: others have what is left\n" in text
    assert f"{one['account']} {one['channel']} {one['point']}: listed -> no rule: others" in text


def test_again_tells_the_rules_and_contacts_behind_a_difference(
    source: Portfolio, tmp_path: Path
) -> None:
    first = run(source, tmp_path)

    def other_way(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        found = standing_in.decide(panel, part, alarm)
        rows = found.candidates
        gone = rows.filter(pl.col("account") != rows["account"].min())  # no longer in the data
        return replace(found, candidates=gone)

    found = run(source, tmp_path, again=True, decide=other_way).changes
    assert found["because"] == []
    assert 0 < found["gone"] == found["no_longer_listed"]
    assert found["newly_listed"] == found["new"] == 0
    back = run(source, tmp_path, again=True).changes
    assert back["new"] == back["newly_listed"] == found["gone"]
    assert back["refused_before"] == {}
    text = as_text(back, first.kept)
    assert f"newly listed: {back['new']}, of which {back['new']} were no candidates before" in text
    assert "no candidate -> listed" in text


def test_an_earlier_list_that_cannot_be_read_is_kept_all_the_same(
    source: Portfolio, tmp_path: Path
) -> None:
    (tmp_path / "2026-11-21").mkdir()
    (tmp_path / "2026-11-21" / "manifest.json").write_text("torn", encoding="utf-8")
    found = run(source, tmp_path, again=True)
    assert "cannot be read" in found.changes["unreadable"]
    assert (tmp_path / "2026-11-21.1" / "manifest.json").read_text("utf-8") == "torn"


def test_what_a_killed_run_left_is_no_hindrance(source: Portfolio, tmp_path: Path) -> None:
    (tmp_path / ".making-2026-11-21" / "parts").mkdir(parents=True)
    (tmp_path / ".making-2026-11-21" / "list.csv").write_text("half", encoding="utf-8")
    found = run(source, tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".lock", "2026-11-21"]
    assert "row_id" in (found.directory / "list.csv").read_text("utf-8")


def test_two_runs_do_not_write_side_by_side(source: Portfolio, tmp_path: Path) -> None:
    with making.making(tmp_path, date(2026, 11, 20), again=False), pytest.raises(Busy) as found:
        run(source, tmp_path)
    assert f"process {os.getpid()}, the list of 2026-11-20, since 2" in str(found.value)
    assert run(source, tmp_path).directory.is_dir()


# -- or not at all


@contextmanager
def nothing_changes(out: Path) -> Iterator[None]:
    """Whatever is raised inside, the lists in a directory are as they were."""

    def lists() -> dict[str, bytes]:
        return {name: data for name, data in bytes_of(out).items() if not name.startswith(".")}

    before = lists()
    yield
    assert lists() == before


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def torn(*_: object, **__: object) -> None:
    raise pl.exceptions.ComputeError("the disk is full\nand more")


@pytest.mark.parametrize("fault", [full, torn])
@pytest.mark.parametrize(
    "where",
    [
        "scheduler.set_aside.write",
        "scheduler.set_aside.read_rows",
        "scheduler.deciding.sync",
        "scheduler.putting_out.write_decisions",
        "scheduler.putting_out.write_list",
        "scheduler.list_files.write_parquet",
        "scheduler.list_files.Hashed.write",
        "scheduler.log.segment.write_parquet",
        "pathlib.Path.write_text",
    ],
)
def test_a_disk_that_fills_up_leaves_nothing_half_done(
    source: Portfolio,
    made: Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    fault: Callable[..., None],
) -> None:
    earlier = tmp_path / "2026-11-20"
    earlier.mkdir()
    (earlier / "list.csv").write_text("yesterday's", encoding="utf-8")
    with nothing_changes(tmp_path), monkeypatch.context() as patch:
        patch.setattr(where, fault)
        with pytest.raises(CannotWrite) as found:
            run(source, tmp_path)
        assert "cannot be written: " in str(found.value)
    after = run(source, tmp_path)
    assert bytes_of(after.directory) == bytes_of(made.directory)
    assert not any(one.name.startswith(".making") for one in tmp_path.iterdir())


@pytest.mark.parametrize(
    "where", ["scheduler.deciding.sync", "scheduler.putting_out.write_decisions"]
)
def test_without_a_log_there_is_no_list(
    source: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    lists: list[object] = []
    monkeypatch.setattr(where, full)
    monkeypatch.setattr("scheduler.putting_out.write_list", lambda *what: lists.append(what))
    with pytest.raises(CannotWrite):
        run(source, tmp_path)
    assert lists == []


def test_a_name_that_cannot_be_given_gives_the_first_its_own_back(
    source: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(source, tmp_path)
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self.name == "day":
            full()
        return rename(self, target)

    with nothing_changes(tmp_path):
        monkeypatch.setattr(Path, "rename", stubborn)
        with pytest.raises(CannotWrite):
            run(source, tmp_path, again=True)
        monkeypatch.undo()
    assert first.directory.is_dir()


def test_an_engine_that_fails_puts_nothing_out(source: Portfolio, tmp_path: Path) -> None:
    def fail(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        raise RuntimeError("no")

    with nothing_changes(tmp_path), pytest.raises(RuntimeError):
        run(source, tmp_path, decide=fail)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (pl.lit([["a/b"]]).first().alias("rules"), "permitted with a rule against it"),
        (pl.lit([], dtype=pl.List(pl.String)).alias("rules"), "refused without a reason"),
        (pl.col("close_utc").alias("open_utc"), "listed without a window"),
        (pl.lit(None, dtype=standing_in.AT).alias("open_utc"), "listed without a window"),
    ],
)
def test_answers_that_contradict_themselves_are_not_put_out(
    source: Portfolio, tmp_path: Path, wrong: pl.Expr, words: str
) -> None:
    def odd(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        found = standing_in.decide(panel, part, alarm)
        return replace(found, candidates=found.candidates.with_columns(wrong))

    with nothing_changes(tmp_path), pytest.raises(deciding.Unsound) as found:
        run(source, tmp_path, decide=odd)
    assert words in str(found.value)


# -- with both engines


@pytest.fixture(scope="module")
def decided(source: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The same portfolio, decided by the engines."""
    return run(source, tmp_path_factory.mktemp("decided"), decide=decide_part)


def test_the_day_of_the_engines_has_no_alarm_and_every_refusal_a_known_rule(
    decided: Manifest,
) -> None:
    assert decided.alarms == ()
    known = {rule.id for rule in LAW.rulebook.rules}
    for one in decided.document["funnel"]["reasons"]:
        assert one["rule"] in known or one["force"] == "structural"
    out = pl.read_parquet(decided.directory / "suppressed.parquet")
    assert out["rules"].list.len().min() >= 1
    assert out["cites"].list.len().min() >= 1
    log = pl.read_parquet(decided.directory / "log" / "decisions.parquet")
    told = pl.read_parquet(decided.directory / "log" / "situations.parquet")
    assert set(log["situations"].explode().drop_nulls()) == set(told["situation"])
    assert (told["trouble"] == "").all()


def test_the_day_of_the_engines_does_not_depend_on_its_parts_or_processes(
    source: Portfolio, decided: Manifest, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, part_accounts=150)
    cut = run(source, tmp_path, settings=settings, decide=decide_part, workers=2)
    mine, whole = bytes_of(cut.directory), bytes_of(decided.directory)
    del mine["manifest.json"], whole["manifest.json"]
    assert mine == whole


def test_the_list_and_an_explanation_say_the_same(source: Portfolio, decided: Manifest) -> None:
    log = pl.read_parquet(decided.directory / "log" / "decisions.parquet")
    some = log.sample(25, seed=1)
    with Panel(LAW.rulebook) as panel:
        for row in some.iter_rows(named=True):
            point, way = row["point"], row["channel"]
            said = explain(
                panel, source, row["account"], way, point, NOW, None, DAY, False, SETTINGS.licences
            ).decision
            assert said.verdict == row["verdict"]
            assert sorted({one.rule for one in said.findings}) == sorted(row["rules"])
            assert ";".join(sorted({duty for duty, _ in said.duties})) == row["duties"]
            assert ";".join(said.places) == row["jurisdictions"]
            assert ";".join(said.zones) == row["zones"]
            if said.permitted:
                windows = [
                    [f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
                    for start, end in said.windows
                ]
                assert json.loads(row["windows_utc"]) == windows
