"""A run that was broken off: what it did is taken up, if it is whole and the question the same."""

from __future__ import annotations

import errno
import functools
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine import Panel
from engine.part import PartInput, PartResult
from scheduler import checkpoints, cli, linked, putting_out
from scheduler.commands import days
from scheduler.day import run_day
from scheduler.disk import CannotWrite, read_record, write_record
from scheduler.law import law_of
from scheduler.making import DayExists, making, publish
from scheduler.manifest import Manifest
from scheduler.portfolio import Portfolio, open_portfolio
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from tests import standing_in

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = date(2026, 11, 21)
SETTINGS = Settings(refuse_unencoded_places=False, part_accounts=20)
LAW = law_of(SETTINGS)
PARTS = 5


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 90, 5, NOW)
    return open_portfolio(place)


class Day:
    """Runs of one day into one directory; `decided` counts parts, `said` is what was told."""

    def __init__(self, source: Portfolio, out: Path) -> None:
        self.source, self.out = source, out
        self.decided = 0
        self.said: list[str] = []

    def decide(self, panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        self.decided += 1
        return standing_in.decide(panel, part, alarm)

    def run(self, **more: Any) -> Manifest:
        self.decided, self.said = 0, []
        settings = more.pop("settings", SETTINGS)
        now = more.pop("now", NOW)
        afresh = more.pop("afresh", False)
        given: dict[str, Any] = {"decide": self.decide, "files": LAW.files, "workers": 1} | more
        with making(self.out, DAY, False, say=self.said.append, afresh=afresh) as held:
            return run_day(
                self.source, LAW.rulebook, settings, DAY, now, self.out, held=held, **given
            )

    def broken(self, patch: pytest.MonkeyPatch, where: str, after: int = 0) -> None:
        """A run that is stopped where the disk is full, after so many went well."""
        module, name = where.rsplit(".", 1)
        real = getattr(__import__(module, fromlist=[name]), name)
        left = [after]

        def full(*words: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*words, **more)

        with patch.context() as inner:
            inner.setattr(where, full)
            with pytest.raises(CannotWrite):
                self.run()

    @property
    def place(self) -> Path:
        return self.out / ".making-2026-11-21"

    @property
    def parts(self) -> Path:
        (found,) = self.place.glob("parts-*")
        return found


@pytest.fixture
def day(source: Portfolio, tmp_path: Path) -> Day:
    return Day(source, tmp_path)


@pytest.fixture(scope="module")
def made(source: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of a day that was not broken off."""
    return bytes_of(Day(source, tmp_path_factory.mktemp("lists")).run().directory)


def bytes_of(place: Path) -> dict[str, bytes]:
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def whole(day: Day, found: Manifest, made: dict[str, bytes]) -> None:
    assert bytes_of(found.directory) == made
    assert sorted(one.name for one in day.out.iterdir()) == [".lock", "2026-11-21"]


PUT = "scheduler.deciding.sync"  # twice a part: its candidates, and their marks
STAGES = [  # where it stops, after how many, and the parts that are left to decide
    (PUT, 0, 4),
    (PUT, 6, 1),
    ("scheduler.putting_out.write_decisions", 0, 0),
    ("scheduler.putting_out.write_list", 0, 0),
    ("scheduler.putting_out.write_list", 1, 0),
    ("scheduler.list_files._line", 2, 0),
    ("scheduler.set_aside.read_rows", 7, 0),
    ("scheduler.log.segment.write_parquet", 1, 0),
    ("scheduler.day.publish", 0, 0),
]


@pytest.mark.parametrize(("where", "after", "left"), STAGES)
def test_only_what_is_left_is_done(
    day: Day,
    made: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    after: int,
    left: int,
) -> None:
    if where == "scheduler.day.publish":
        where = "scheduler.making.write_record"  # the question, and then the journal
        after = 1
    day.broken(monkeypatch, where, after)
    found = day.run()
    whole(day, found, made)
    assert day.decided == left
    assert day.said[0] == "resuming the run of 2026-11-21, begun as known at 2026-11-21T11:00:00Z"
    assert day.said[1] == f"{PARTS - left} of {PARTS} parts were decided already"


def test_crowds_are_taken_up_as_well(
    source: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "SWITCHBOARD", 1)
    unbroken = bytes_of(Day(source, tmp_path / "one").run().directory)
    day = Day(source, tmp_path / "two")
    day.broken(monkeypatch, PUT, 3)
    found = day.run()
    whole(day, found, unbroken)
    assert day.said[1].startswith(("2 of", "3 of"))


# -- damage


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


THOROUGHLY = ("marks-00001.parquet", "put-00000.done", "../day/list.ndjson", "../question")


@pytest.mark.parametrize(
    ("where", "after", "name", "made_again"),
    [
        (PUT, 6, "decided-00003.parquet", "decided-00003"),
        (PUT, 6, "decided-00003.done", "decided-00003"),
        (PUT, 6, "met-00000.parquet", "put-00000"),
        (PUT, 6, "marks-00001.parquet", "put-00001"),
        (PUT, 6, "decided-00002.parquet", "put-00002"),
        (PUT, 6, "put-00000.done", "put-00000"),
        ("scheduler.putting_out.write_list", 0, "../day/log/decisions.parquet", "decisions"),
        ("scheduler.putting_out.write_list", 1, "../day/list.ndjson", "list"),
        ("scheduler.putting_out.write_list", 1, "list.done", "list"),
        ("scheduler.log.segment.write_parquet", 1, "../day/list.csv", "list"),
        ("scheduler.log.segment.write_parquet", 1, "../day/suppressed.parquet", "suppressed"),
        ("scheduler.making.write_record", 1, "../day/log/decisions.parquet", None),
        ("scheduler.making.write_record", 1, "../day/manifest.json", None),
        ("scheduler.making.write_record", 1, "../question", None),
    ],
)
def test_what_was_damaged_is_made_again(
    day: Day,
    made: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    after: int,
    name: str,
    made_again: str | None,
) -> None:
    for damage in (flip, cut, Path.unlink) if name in THOROUGHLY else (flip,):
        day.broken(monkeypatch, where, after)
        damage(day.parts / name)
        found = day.run()
        whole(day, found, made)
        told = [one for one in day.said if one.startswith("made again, because")]
        if made_again is not None and not (damage is Path.unlink and name.endswith(".done")):
            assert told == [f"made again, because they were damaged: {made_again}"]
        shutil.rmtree(found.directory)


def test_what_a_process_still_writes_when_its_run_was_killed_has_no_place(
    day: Day, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    day.broken(monkeypatch, PUT, 6)
    parts = day.parts
    with (
        (parts / "put-00002.done").open("r+b") as held,
        (parts / "half.parquet").open("wb") as half,
    ):
        kept: list[Path] = []

        def decide(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
            kept.extend(one for one in day.place.glob("parts-*"))
            half.write(b"late")
            assert not parts.exists()
            with pytest.raises(CannotWrite):
                checkpoints.Checkpoints(parts, "late").keep("put-00009", {}, {}, [])
            return day.decide(panel, part, alarm)

        found = day.run(decide=decide)
        assert kept[0].name == "parts-2"
        held.close()
    whole(day, found, made)


# -- another question


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"now": datetime(2026, 11, 21, 12, tzinfo=UTC)}, "now"),
        ({"settings": replace(SETTINGS, strategy=("balance_low",))}, "settings"),
        ({"settings": replace(SETTINGS, part_accounts=30)}, "part_accounts"),
        ({"settings": replace(SETTINGS, formats=("csv",))}, "formats"),
    ],
)
def test_what_was_left_by_another_question_is_put_away(
    day: Day, source: Portfolio, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], why: str
) -> None:
    day.broken(monkeypatch, "scheduler.log.segment.write_parquet")
    found = day.run(**more)
    assert day.decided >= 3
    assert day.said == [
        "the run of 2026-11-21, begun as known at 2026-11-21T11:00:00Z, was not finished; what it "
        f"did is put away, because this one has another {why}"
    ]
    other = Day(source, day.out / "other")
    assert bytes_of(found.directory) == bytes_of(other.run(**more).directory)


def test_afresh_puts_away_whatever_was_left(
    day: Day, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    day.broken(monkeypatch, "scheduler.log.segment.write_parquet")
    whole(day, day.run(afresh=True), made)
    assert day.decided == PARTS
    assert day.said == ["what a run that was not finished had done is put away"]


def test_a_fault_of_the_work_itself_leaves_nothing_to_take_up(day: Day) -> None:
    def fail(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        if day.decided == 2:
            raise RuntimeError("no")
        return day.decide(panel, part, alarm)

    with pytest.raises(RuntimeError):
        day.run(decide=fail)
    assert not day.place.exists()


def test_stopped_from_the_keyboard_it_can_be_taken_up(day: Day, made: dict[str, bytes]) -> None:
    def stop(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        if day.decided == 2:
            raise KeyboardInterrupt
        return day.decide(panel, part, alarm)

    with pytest.raises(KeyboardInterrupt):
        day.run(decide=stop)
    whole(day, day.run(), made)
    assert day.decided == PARTS - 2


def test_an_alarm_is_told_again(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    def alarmed(panel: Panel, part: PartInput, alarm: Callable[[str], None]) -> PartResult:
        alarm("the engines disagree")
        return standing_in.decide(panel, part, alarm)

    monkeypatch.setattr(day, "decide", alarmed)
    day.broken(monkeypatch, "scheduler.log.segment.write_parquet")
    assert day.run().alarms == ("the engines disagree",)


# -- the log is sealed before the list has a name


def test_the_log_is_sealed_before_the_list_is_published(day: Day) -> None:
    seen: list[tuple[str, ...]] = []

    def seal(log: Path, record: Any) -> dict[str, str]:
        seen.append(tuple(sorted(one.name for one in log.iterdir())))
        assert not (day.out / "2026-11-21").exists()
        (log / "note").write_text(record["run"], encoding="utf-8")
        return {"note": record["run"]}

    found = day.run(seal=seal)
    assert found.document["checkpoint"] == {"note": found.document["run"]}
    assert "log/note" in found.document["files"]
    assert seen == [("decisions.parquet", "rulebook.parquet", "segment.json", "situations.parquet")]


def test_a_log_that_cannot_be_sealed_stops_the_list_and_is_asked_once_more(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def seal(log: Path, record: Any) -> dict[str, int]:
        asked.append((log / "decisions.parquet").read_bytes())
        if len(asked) == 1:
            raise CannotWrite(log, "no space left on device")
        return {"size": len(asked)}

    with pytest.raises(CannotWrite):
        day.run(seal=seal)
    assert not (day.out / "2026-11-21").exists()
    found = day.run(seal=seal)
    assert asked[0] == asked[1]
    assert found.document["checkpoint"] == {"size": 2}
    assert day.decided == 0


# -- names


def test_a_day_broken_off_between_two_names_gets_its_own_back(
    day: Day, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--again` the earlier list is moved first: killed then, it is moved back."""
    day.run()
    with making(day.out, DAY, again=True) as held:
        held.begin({"run": "0" * 12, "day": "2026-11-21", "now": "then"})
        (held.day / "list.csv").write_text("new", encoding="utf-8")
        rename = Path.rename

        def killed(self: Path, target: Path) -> Path:
            if self == held.day:
                raise KeyboardInterrupt
            return rename(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", killed)
            with pytest.raises(KeyboardInterrupt):
                publish(held)
        assert not held.final.exists()
        write_record(day.place / "question", {"run": "0" * 12, "day": "2026-11-21", "now": "then"})
        left = day.out / "left"
        day.place.rename(left)
    left.rename(day.place)
    with pytest.raises(Exception, match="put out already"):
        day.run()
    assert bytes_of(day.out / "2026-11-21") == made
    assert not (day.out / "2026-11-21.1").exists()


@pytest.mark.parametrize("left", [(), ("publishing",), ("publishing", "question")])
def test_whatever_is_left_of_a_published_day_goes(day: Day, left: tuple[str, ...]) -> None:
    """Killed while it took its own place away, a run leaves some of it."""
    day.run()
    ended: list[str] = []
    day.place.mkdir()
    for name in left:
        write_record(day.place / name, {"kept": None, "run": "0" * 12, "told": {}})

    def finish(final: Path, question: Mapping[str, Any]) -> None:
        ended.append(question["run"])

    with pytest.raises(DayExists), making(day.out, DAY, False, finish=finish):
        pass
    assert ended == ["0" * 12] * ("question" in left)
    assert not day.place.exists()


def test_records_are_whole_or_none(tmp_path: Path) -> None:
    path = tmp_path / "record"
    assert read_record(path) is None
    write_record(path, {"b": {"z": 1, "a": [2]}, "a": 1})
    assert str(read_record(path)) == "{'b': {'z': 1, 'a': [2]}, 'a': 1}"  # in the same order
    for damage in (flip, cut):
        write_record(path, {"a": 1})
        damage(path)
        assert read_record(path) is None


# -- the command


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command at a moment: `ask(NOW, "run", ...)`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(days, "law_of", lambda settings: LAW)
    quick = functools.partial(run_day, decide=standing_in.decide, workers=1)
    monkeypatch.setattr(days, "run_day", quick)

    def run(now: datetime, *words: object) -> Any:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: now)
        assert "Traceback" not in result.stderr
        return result

    return run


LATE = datetime(2026, 11, 21, 15, tzinfo=UTC)


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_run_without_now_takes_the_moment_of_the_one_that_was_broken_off(
    ask: Callable[..., Any], source: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", "--from", source.path, "--out", "lists")
    with monkeypatch.context() as patch:
        patch.setattr(putting_out, "write_list", full)
        stopped = ask(NOW, *words)
    assert stopped.exit_code == 3
    assert "cannot be written: no space left on device" in stopped.stderr
    assert "the same command takes it up" in stopped.stderr
    told = ask(LATE, *words, "--json")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["now"] == "2026-11-21T11:00:00Z"
    assert "resuming the run of 2026-11-21, begun as known at 2026-11-21T11:00:00Z" in told.stderr


@pytest.mark.parametrize("option", ["--afresh", "--now"])
def test_afresh_or_with_a_moment_of_its_own_it_does_not(
    ask: Callable[..., Any], source: Portfolio, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    words = ("run", "--from", source.path, "--out", "lists")
    with monkeypatch.context() as patch:
        patch.setattr(putting_out, "write_list", full)
        ask(NOW, *words)
    more = ("2026-11-21T15:00Z",) if option == "--now" else ()
    told = ask(LATE, *words, "--json", option, *more)
    assert json.loads(told.stdout)["now"] == "2026-11-21T15:00:00Z"
    assert "put away" in told.stderr


def test_what_was_done_outlives_a_wrong_command(
    ask: Callable[..., Any], source: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", "--from", source.path, "--out", "lists")
    with monkeypatch.context() as patch:
        patch.setattr(putting_out, "write_list", full)
        ask(NOW, *words)
    assert ask(LATE, "run", "--from", "nowhere", "--out", "lists").exit_code == 2
    other = ask(LATE, *words, "--day", "2026-11-22")
    assert (
        "a run of 2026-11-21 was not finished; `--day 2026-11-21` takes it up "
        "(lists/.making-2026-11-21)\n"
    ) in other.stderr
    told = ask(LATE, *words, "--json")
    assert json.loads(told.stdout)["now"] == "2026-11-21T11:00:00Z"
    with monkeypatch.context() as patch:
        patch.setattr(putting_out, "write_list", full)
        assert ask(LATE, *words, "--again").exit_code == 3
    there = ask(LATE, *words)
    assert there.exit_code == 2
    assert "was not finished; `--day 2026-11-21 --again` takes it up" in there.stderr
    assert "resuming the run" in ask(LATE, *words, "--again").stderr


def test_files_that_are_others_by_now_are_another_question(
    ask: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synth(tmp_path / "p", 60, 5, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(putting_out, "write_list", full)
        ask(NOW, "run", "--from", "p")
    accounts = pl.read_parquet(tmp_path / "p" / "accounts.parquet")
    accounts.with_columns(pl.col("balance") * 2).cast(accounts.schema).write_parquet(
        tmp_path / "p" / "accounts.parquet"
    )
    told = ask(LATE, "run", "--from", "p", "--json")
    assert json.loads(told.stdout)["now"] == "2026-11-21T15:00:00Z"
    assert "because this one has another now, input" in told.stderr
