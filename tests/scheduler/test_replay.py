"""Decided again: from the record, and from the rows as they were known; what differs is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.panel import Panel
from scheduler import cli
from scheduler.commands.replaying import segment_of
from scheduler.log import reading, replaying
from scheduler.log.answering import Replayed
from scheduler.log.reading import Log, Segment, open_log
from scheduler.log.rebuilding import rebuild
from scheduler.log.rehearing import beyond, open_by_law
from scheduler.log.replaying import law_of, replay
from scheduler.manifest import versions
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import synth
from tests.parting import NOW, made


@pytest.fixture
def segment(logged: Log) -> Segment:
    """Its one segment."""
    (one,) = logged.segments
    return one


@pytest.fixture(scope="module")
def panel(logged: Log) -> Iterator[Panel]:
    """Both engines on the rulebook of the log."""
    with Panel(law_of(logged.segments[0])) as found:
        yield found


def told(found: Replayed) -> set[str]:
    """What differs."""
    return {one.what for one in found.differences}


# -- from the record


def test_a_day_comes_out_the_same(segment: Segment, panel: Panel) -> None:
    found = replay(segment, versions(), panel=panel)
    assert (found.different, found.differences, found.versions) == (0, [], {})
    assert found.decisions == segment.rows > 1000
    assert found.situations > 100


MIXED = """format: 1
name: A limit that counts more than it binds
rules:
  - key: calls-and-texts
    kind: limit
    says: No call after two calls or texts to one person in a week.
    force: policy
    channels: [call]
    max: 2
    within: 7 days
    per: [person]
    counting: {what: attempts, channels: [call, text]}
    effective_from: unknown
    cite: [House policy 9]
    source: house
    confidence: high
    reviewed_on: 2026-11-21
    review_by: 2027-11-21
"""


def test_attempts_that_draw_on_a_limit_of_others_come_out_the_same(tmp_path: Path) -> None:
    place, home, out = tmp_path / "portfolio", tmp_path / "home", tmp_path / "lists"
    synth(place, 60, 5)
    assert CliRunner().invoke(cli.app, ["init", "--home", str(home)], obj=cli.now).exit_code == 0
    (home / "house" / "mixed.yaml").write_text(MIXED, encoding="utf-8")
    asked = ["run", "--home", str(home), "--from", str(place), "--now", "2026-11-21T06:00-05:00",
             "--day", "2026-11-21", "--out", str(out), "--format", "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    (found,) = open_log(out / "log" if (out / "log").is_dir() else out).segments
    drawn = reading.decisions(found).filter(
        pl.col("channel") == "text", pl.col("budgets").str.contains("mixed/calls-and-texts")
    )
    assert drawn.collect().height
    again = replay(found, versions())
    assert (again.different, again.differences) == (0, [])


def test_a_full_limit_that_a_consent_lifts_comes_out_the_same(tmp_path: Path) -> None:
    calls = [{"at": NOW - timedelta(days=1, hours=n)} for n in range(8)]
    consent = {"kind": "consents_to_call", "by": "H1", "accounts": ["A1"]}
    told = [{**consent, "received_at": NOW - timedelta(hours=3)}]
    place, out = tmp_path / "portfolio", tmp_path / "lists"
    place.mkdir()
    for name, frame in made(contacts=calls, statements=told).frames.items():
        frame.write_parquet(place / f"{name}.parquet")
    asked = ["run", "--from", str(place), "--now", NOW.isoformat(), "--day", NOW.date().isoformat(),
             "--out", str(out), "--format", "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    (found,) = open_log(out / "log" if (out / "log").is_dir() else out).segments
    (call,) = reading.decisions(found).filter(pl.col("channel") == "call").collect().to_dicts()
    full = json.loads(call["evidence"])["regulation_f/seven-calls-in-seven-days"]
    assert full["used"] >= full["max"]
    assert "regulation_f/seven-calls-in-seven-days" not in call["rules"]
    again = replay(found, versions())
    assert (again.different, again.differences) == (0, [])


def test_one_decision_asks_only_its_own_situations(segment: Segment, panel: Panel) -> None:
    row = reading.decisions(segment).head(1).collect().to_dicts()[0]
    found = replay(segment, versions(), pl.col("decision_id") == row["decision_id"], panel=panel)
    assert (found.decisions, found.different) == (1, 0)
    assert found.situations == len(row["situations"])


def flipped(facts: str) -> str:
    """Facts in which one that was no is yes."""
    told = json.loads(facts)
    name = next(name for name, word in told.items() if word == "no")
    return json.dumps(told | {name: "yes"}, separators=(",", ":"))


def refused_more(rules: list[str]) -> list[str]:
    return [*rules, "regulation_f/ceased"]


TAMPERED: dict[str, tuple[str, pl.Expr]] = {
    "facts": ("name", pl.col("facts").map_elements(flipped, pl.String)),
    "refusing": ("what follows (refusing)", pl.lit(["regulation_f/ceased"])),
    "rete": ("what follows (rete)", pl.lit(["regulation_f/ceased"])),
    "trouble": ("trouble between the engines", pl.lit("engines_disagree: made up")),
}


@pytest.mark.parametrize("column", TAMPERED)
def test_a_situation_that_was_changed_is_named(
    segment: Segment, panel: Panel, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    what, changed = TAMPERED[column]
    whole = reading.situations(segment)
    number = whole["refusing"].list.len().eq(0).arg_true()[0]
    here = pl.int_range(pl.len()) == number
    other = whole.with_columns(pl.when(here).then(changed).otherwise(column).alias(column))
    monkeypatch.setattr(replaying, "situations", lambda *_: other)
    found = replay(segment, versions(), panel=panel)
    assert what in told(found)
    named = {one.of for one in found.differences if one.what == what}
    assert {name.split()[1] for name in named} == {whole["situation"][number][:12]}


CHANGED: dict[str, tuple[pl.Expr, pl.Expr]] = {
    "verdict": (pl.col("verdict") == "refused", pl.lit("permitted")),
    "rules that refuse": (pl.col("verdict") == "refused", pl.lit([], dtype=pl.List(pl.String))),
    "force": (pl.col("force") == "prohibition", pl.lit("policy")),
    "exhausted": (~pl.col("exhausted"), pl.lit(value=True)),
    "duties": (pl.col("duties").str.contains("disclosure_language"), pl.lit("")),
    "open hours": (
        (pl.col("verdict") == "permitted") & (pl.col("channel") == "call"),
        pl.lit('[["2026-11-21T05:30:00Z","2026-11-22T04:00:00Z"]]'),
    ),
    "listed": (pl.col("verdict") == "refused", pl.lit(value=True)),
    "situations that the record does not have": (
        pl.lit(value=True), pl.lit(["0" * 64], dtype=pl.List(pl.String))
    ),
}  # fmt: skip
OF: dict[str, str] = {
    "rules that refuse": "rules",
    "open hours": "windows_utc",
    "situations that the record does not have": "situations",
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_decision_that_does_not_follow_is_named(
    segment: Segment, panel: Panel, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    column = OF.get(what, what)
    which, changed = CHANGED[what]
    rows = reading.decisions(segment)
    first = rows.filter(which).head(1).collect()
    name = first["decision_id"][0]
    here = pl.col("decision_id") == name

    def other(of: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        put = pl.when(here).then(changed).otherwise(column).alias(column)
        return rows.with_columns(put).select(columns)

    monkeypatch.setattr(replaying, "decisions", other)
    found = replay(segment, versions(), panel=panel)
    assert what in told(found)
    assert {one.of for one in found.differences} == {f"decision {name}"}


def test_a_rulebook_that_is_not_the_one_named_is_told(segment: Segment, panel: Panel) -> None:
    named = dict(segment.head) | {"rulebook": "sha256:" + "0" * 64}
    files = reading.rulebook(segment)
    other = replace(segment, head=named)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "rulebook", lambda _: files)
        found = replay(other, versions(), panel=panel)
    assert told(found) == {"digest"}


def test_other_versions_are_told_and_are_no_difference(segment: Segment, panel: Panel) -> None:
    found = replay(segment, versions() | {"polars": "9.9.9"}, panel=panel)
    assert found.versions == {"polars": (segment.head["versions"]["polars"], "9.9.9")}
    assert found.different == 0


def test_erased_decisions_are_counted_and_not_decided(
    segment: Segment, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = reading.decisions(segment)
    gone = pl.col("row") <= 5

    def erased(of: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        lost = rows.with_columns(
            pl.when(gone).then(None).otherwise("situations").alias("situations"),
            gone.alias("erased"),
        )
        return lost.select(columns)

    monkeypatch.setattr(replaying, "decisions", erased)
    found = replay(segment, versions(), panel=panel)
    assert (found.erased, found.different) == (5, 0)


# -- hours


def test_hours_beyond_the_windows_are_named() -> None:
    from engine.kinds import Window
    from tests.making import rule

    window = rule(body=Window(from_=None, to=None))
    allowed = open_by_law([window], ["America/Chicago"], date(2026, 11, 21))
    inside = '[["2026-11-21T06:00:00Z","2026-11-22T06:00:00Z"]]'
    assert beyond(inside, allowed) == ""
    outside = '[["2026-11-21T05:00:00Z","2026-11-21T07:00:00Z"]]'
    assert beyond(outside, allowed) == '[["2026-11-21T05:00:00Z", "2026-11-21T06:00:00Z"]]'


# -- from the rows


def test_the_same_rows_give_the_same(segment: Segment, made_up: Path, tmp_path: Path) -> None:
    found = rebuild(segment, open_portfolio(made_up), tmp_path)
    assert (found.decisions, found.different, found.differences) == (segment.rows, 0, [])


def test_one_account_is_made_again_with_all_that_is_counted_with_it(
    segment: Segment, made_up: Path, tmp_path: Path
) -> None:
    row = reading.decisions(segment, pl.col("listed")).head(1).collect().to_dicts()[0]
    where = pl.col("account") == row["account"]
    found = rebuild(segment, open_portfolio(made_up), tmp_path, where)
    assert found.decisions == reading.decisions(segment, where).collect().height
    assert found.different == 0


def test_rows_that_are_others_by_now_are_found(
    segment: Segment, made_up: Path, tmp_path: Path
) -> None:
    row = reading.decisions(segment, pl.col("listed")).head(1).collect().to_dicts()[0]
    other = tmp_path / "portfolio"
    other.mkdir()
    for path in made_up.iterdir():
        frame = pl.read_parquet(path)
        if path.name == "accounts.parquet":
            mine = pl.col("account") == row["account"]
            closed = pl.when(mine).then(pl.lit("paid")).otherwise("status").alias("status")
            frame = frame.with_columns(closed)
        frame.write_parquet(other / path.name)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = rebuild(segment, open_portfolio(other), scratch)
    assert {"digest of the rows", "verdict", "rules", "situations"} <= told(found)
    own = {one.of for one in found.differences if one.what == "verdict"}
    rows = reading.decisions(segment, pl.col("account") == row["account"]).collect()
    assert own <= {f"decision {name}" for name in rows["decision_id"]}


# -- the command

Asked = Callable[..., tuple[int, Any]]


@pytest.fixture
def asked(logged: Log) -> Asked:
    """Asks `log replay` with --json: the exit code, and the document."""

    def ask(*words: str) -> tuple[int, Any]:
        told = ["log", "replay", *words, "--log", str(logged.place), "--json"]
        done = CliRunner().invoke(cli.app, told, obj=cli.now)
        return done.exit_code, json.loads(done.stdout)

    return ask


def test_the_command_takes_a_segment_a_day_and_a_decision(asked: Asked, segment: Segment) -> None:
    (first,) = reading.decisions(segment).head(1).collect()["decision_id"]
    for words in ([], [segment.run], ["1"], ["--day", "2026-11-21"]):
        status, document = asked(*words)
        assert (status, document["identical"]) == (0, True)
        assert document["segments"][0]["decisions"] == segment.rows
    status, document = asked(first)
    assert (status, document["segments"][0]["decisions"]) == (0, 1)


def test_the_command_asks_the_rows(asked: Asked, made_up: Path) -> None:
    status, document = asked("--from", str(made_up))
    assert (status, document["from"], document["identical"]) == (0, "rows", True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nothing-such"], "has no segment and no decision `nothing-such`"),
        (["--day", "2020-01-01"], "has no decision about 2020-01-01"),
        (["1", "--day", "2026-11-21"], "give one of them"),
    ],
)
def test_what_is_not_there_is_wrong_use(asked: Asked, words: list[str], why: str) -> None:
    status, document = asked(*words)
    assert status == 2
    assert why in document["errors"][0]["message"]


def test_a_decision_is_found_by_its_id(logged: Log, segment: Segment) -> None:
    (first,) = reading.decisions(segment).head(1).collect()["decision_id"]
    assert segment_of(logged, first) == segment


# -- from the store


def test_a_store_that_went_on_still_gives_what_was_decided(home: Path, tmp_path: Path) -> None:
    """Words, corrections and contacts recorded after the run change nothing of it."""
    synth(tmp_path / "made", 60, 5)

    def ask(*words: str) -> tuple[int, Any]:
        told = [*words, "--home", str(home), "--json"]
        done = CliRunner().invoke(cli.app, told, obj=cli.now)
        return done.exit_code, json.loads(done.stdout)

    assert ask("init")[0] == 0
    told = ask("import", str(tmp_path / "made"), "--now", "2026-11-21T10:59Z",
               "--accept-holes", "made up", "--by", "a test")  # fmt: skip
    assert told[0] == 0, told
    assert ask("run", "--day", "2026-11-21", "--now", "2026-11-21T11:00Z")[0] == 0
    rows = reading.decisions(open_log(home / "log"), pl.col("listed")).collect()
    account = rows["account"][0]
    assert (
        ask("note", account, "cease", "--medium", "written", "--now", "2026-11-21T12:00Z")[0] == 0
    )
    accounts = pl.read_parquet(tmp_path / "made" / "accounts.parquet")
    paid = accounts.with_columns(status=pl.lit("paid"))
    paid.write_parquet(tmp_path / "accounts.parquet")
    told = ask("import", "accounts", str(tmp_path / "accounts.parquet"), "--now",
               "2026-11-21T13:00Z")  # fmt: skip
    assert told[0] == 0, told
    status, document = ask("log", "replay", "--from-store")
    assert (status, document["identical"]) == (0, True), document
    one = rows["decision_id"][0]
    status, document = ask("log", "replay", one, "--from-store")
    assert (status, document["segments"][0]["decisions"], document["identical"]) == (0, 1, True)
