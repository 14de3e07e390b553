"""Decisions found again, with an index or without; and one of them in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.log import finding
from scheduler.log.finding import FOLDER, Wanted, find, forget, standing
from scheduler.log.reading import Log, Segment, decisions, open_log, situations
from scheduler.log.replaying import law_of
from scheduler.log.telling import tell
from scheduler.log.telling_text import as_text

DAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is made for small segments too."""
    monkeypatch.setattr(finding, "NEAR", 16)


@pytest.fixture
def log(logged: Log, tmp_path: Path) -> Log:
    """A log of one's own."""
    place = tmp_path / "own"
    shutil.copytree(logged.place, place)
    return open_log(place)


def plainly(log: Log, test: pl.Expr) -> list[str]:
    """The ids that a plain filter finds."""
    return decisions(log, test, ["decision_id"]).collect()["decision_id"].to_list()


def ids(log: Log, wanted: Wanted, most: int | None = None) -> list[str]:
    """The ids that are found."""
    return find(log, wanted, most).rows["decision_id"].to_list()


@pytest.mark.parametrize("by", ["account", "consumer"])
def test_everybodys_decisions_are_found_by_the_index(log: Log, by: str) -> None:
    everyone = decisions(log, None, [by]).collect()[by].unique().sort().to_list()
    for name in everyone[::7]:
        assert ids(log, Wanted(**{by: name})) == plainly(log, pl.col(by) == name)
    assert (log.place / FOLDER).is_dir()


def test_who_is_not_there_is_not_found(log: Log) -> None:
    assert find(log, Wanted(account="nobody")).total == 0


WANTED: dict[str, tuple[Wanted, pl.Expr]] = {
    "day": (Wanted(day=DAY), pl.col("day") == DAY),
    "another day": (Wanted(day=date(2020, 1, 1)), pl.lit(value=False)),
    "verdict": (Wanted(verdict="refused"), pl.col("verdict") == "refused"),
    "channel": (Wanted(channel="text"), pl.col("channel") == "text"),
    "rule": (
        Wanted(rule="holds/account-open"),
        pl.col("rules").list.contains("holds/account-open"),
    ),
    "act": (
        Wanted(rule="regulation_f"),
        pl.col("rules").list.eval(pl.element().str.starts_with("regulation_f/")).list.any(),
    ),
    "both": (
        Wanted(verdict="permitted", channel="call"),
        (pl.col("verdict") == "permitted") & (pl.col("channel") == "call"),
    ),
}


@pytest.mark.parametrize("name", WANTED)
def test_what_is_asked_for_is_found(log: Log, name: str) -> None:
    wanted, test = WANTED[name]
    assert ids(log, wanted) == plainly(log, test)
    some = find(log, wanted, 3)
    assert (some.total, some.rows["decision_id"].to_list()) == (
        len(plainly(log, test)),
        plainly(log, test)[:3],
    )


def test_an_account_and_more_words_all_hold(log: Log) -> None:
    (name,) = decisions(log, pl.col("listed"), ["account"]).head(1).collect()["account"]
    wanted = Wanted(account=name, channel="call", verdict="permitted")
    test = (pl.col("account") == name) & (pl.col("channel") == "call")
    assert ids(log, wanted) == plainly(log, test & (pl.col("verdict") == "permitted"))


def test_an_index_that_no_longer_fits_is_made_again(log: Log) -> None:
    (name,) = decisions(log, None, ["account"]).tail(1).collect()["account"]
    before = ids(log, Wanted(account=name))
    for path in (log.place / FOLDER).glob("*/account.arrow"):
        pl.DataFrame(schema=pl.read_ipc_schema(path)).write_ipc(path)
    assert ids(log, Wanted(account=name)) == []  # it is trusted while the segment is the same
    for path in (log.place / FOLDER).glob("*/index.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(told | {"rows": 0}), encoding="utf-8")
    assert ids(log, Wanted(account=name)) == before
    forget(log.place)
    assert not (log.place / FOLDER).exists()
    assert ids(log, Wanted(account=name)) == before


def test_where_no_index_can_be_kept_segments_are_read_through(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = decisions(log, None, ["account"]).tail(1).collect()["account"]

    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(finding, "_make", refuse)
    assert ids(log, Wanted(account=name)) == plainly(log, pl.col("account") == name)
    assert not (log.place / FOLDER).exists()


def test_rows_far_apart_are_found_and_those_between_are_not(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live decisions about one account stand apart; erased ones have no account at all."""
    (segment,) = log.segments
    rows = decisions(segment).collect()
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=2).with_columns(
        pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("account").alias("account")
    )

    def shuffled(
        of: object, where: pl.Expr | None = None, columns: list[str] | None = None
    ) -> pl.LazyFrame:
        told = mixed.lazy() if where is None else mixed.lazy().filter(where)
        return told if columns is None else told.select(columns)

    monkeypatch.setattr(finding, "decisions", shuffled)
    for name in rows["account"].unique().sort().to_list()[::11]:
        expected = mixed.filter(pl.col("account") == name)["decision_id"].to_list()
        assert ids(log, Wanted(account=name)) == expected


def test_the_last_decision_about_each_contact_stands(log: Log) -> None:
    (name,) = decisions(log, pl.col("listed"), ["account"]).head(1).collect()["account"]
    found = list(standing(log, Wanted(account=name)))
    assert len(found) == len(plainly(log, pl.col("account") == name))
    first = decisions(log).head(1).collect()["decided_at"][0]
    assert list(standing(log, Wanted(account=name), first)) == found
    early = first.replace(year=2020)
    assert list(standing(log, Wanted(account=name), early)) == []


# -- in words


def told(segment: Segment, test: pl.Expr, **changed: Any) -> str:
    """A decision in words."""
    record = decisions(segment, test).head(1).collect().to_dicts()[0] | changed
    met = situations(segment, record["situations"]).to_dicts()
    whole = as_text(tell(record, met, law_of(segment), segment.head, "sealed by the test"))
    assert max(map(len, whole.split("\n"))) <= 100
    return " ".join(whole.split())


def test_a_refusal_says_every_rule_its_law_and_what_was_found(logged: Log) -> None:
    (segment,) = logged.segments
    seven = "regulation_f/seven-days-after-conversation"
    said = told(segment, pl.col("rules").list.contains(seven))
    assert said.startswith("REFUSED: ")
    assert seven in said
    assert "12 CFR 1006.14(b)(2)(i)(B)" in said
    assert "the wait ends 2026-11-" in said
    assert "generated Python: refused by" in said
    assert "Rete network: refused by" in said
    assert "sealed by the test" in said


def test_a_permission_says_hours_attempts_and_duties(logged: Log) -> None:
    (segment,) = logged.segments
    said = told(segment, pl.col("listed") & (pl.col("channel") == "call"))
    assert said.startswith("PERMITTED: call to ")
    for part in ("open 2026-11-2", "attempts given for the day: ", "identify_caller: say who",
                 "Rules that applied and are kept:", "nothing refuses"):  # fmt: skip
        assert part in said, part


def test_what_was_asked_live_is_said(logged: Log) -> None:
    (segment,) = logged.segments
    at = decisions(segment).head(1).collect()["decided_at"][0]
    said = told(segment, pl.lit(value=True), asked="permit", asked_by="key-7", permit="p-1", at=at,
                asked_person="A. Person", contact='{"purpose": "collection"}')  # fmt: skip
    assert "a permit to place the contact now, asked by key-7 for A. Person" in said
    assert "about the instant 2026-11-21T11:00:00Z" in said
    assert "purpose collection" in said


def test_an_erased_decision_says_so(logged: Log) -> None:
    (segment,) = logged.segments
    said = told(segment, pl.col("verdict") == "refused", erased=True)
    assert "its personal part was erased" in said


# -- the commands

Asked = Callable[..., tuple[int, Any]]


@pytest.fixture
def asked(log: Log) -> Asked:
    """Asks a command of the log with --json: the exit code, and the document."""

    def ask(*words: str) -> tuple[int, Any]:
        told = ["log", *words, "--log", str(log.place), "--json"]
        done = CliRunner().invoke(cli.app, told, obj=cli.now)
        return done.exit_code, json.loads(done.stdout)

    return ask


def test_find_tells_how_many_and_shows_some(asked: Asked, log: Log) -> None:
    status, document = asked("find", "--verdict", "refused", "--limit", "2")
    assert status == 0
    assert document["total"] == len(plainly(log, pl.col("verdict") == "refused"))
    assert len(document["decisions"]) == 2
    assert asked("find", "--account", "nobody") == (1, {"total": 0, "decisions": []})


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["find"], "say what to look for"),
        (["find", "--channel", "sms"], "unknown channel `sms`"),
        (["find", "--verdict", "maybe"], "a verdict is permitted or refused"),
        (["why", "nobody"], "has no segment and no decision `nobody`"),
        (["why", "nobody", "--channel", "call"], "has no such decision about account `nobody`"),
    ],
)
def test_what_cannot_be_asked_is_wrong_use(asked: Asked, words: list[str], why: str) -> None:
    status, document = asked(*words)
    assert status == 2
    assert why in document["errors"][0]["message"]


def test_why_tells_an_accounts_decision_and_names_the_others(log: Log, asked: Asked) -> None:
    rows = decisions(log).filter(pl.len().over("account") > 1).collect()
    name = rows["account"][0]
    words = ["log", "why", name, "--log", str(log.place)]
    done = CliRunner().invoke(cli.app, words, obj=cli.now)
    assert done.exit_code == 0, done.output
    assert f"account {name}" in done.stdout
    mine = rows.filter(pl.col("account") == name)
    assert done.stderr.count("also: ") == mine.height - 1
    status, document = asked("why", mine["decision_id"][0])
    assert (status, document["decision"]["account"]) == (0, name)
    assert {one["situation"] for one in document["situations"]} == set(mine["situations"][0])


def test_find_says_it_in_lines(log: Log) -> None:
    words = ["log", "find", "--verdict", "permitted", "--limit", "3", "--log", str(log.place)]
    done = CliRunner().invoke(cli.app, words, obj=cli.now)
    assert done.exit_code == 0
    assert "3 shown; --limit 0 shows all" in done.stdout
    assert "listed" in done.stdout


def test_a_purge_takes_the_index_away(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from scheduler.log.keys import make_keys
    from scheduler.log.purging import purge
    from scheduler.log.sealing import seal
    from tests.scheduler.sealed import segment

    keys = make_keys(tmp_path / "home")
    seal(keys, segment(tmp_path), workers=1)
    log = open_log(keys.log)
    (name,) = decisions(log).head(1).collect()["consumer"]
    assert find(log, Wanted(consumer=name)).total
    folder = keys.log / FOLDER
    folder.mkdir(exist_ok=True)
    purge(keys, [name], datetime(2026, 11, 22, tzinfo=UTC), "asked for")
    assert not folder.exists()
    assert find(open_log(keys.log), Wanted(consumer=name)).total == 0
