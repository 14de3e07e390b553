"""What somebody said, noted at the desk: the rows it becomes and what they change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.commands import noting as command
from scheduler.law import Law, law_of
from scheduler.noting import CannotNote, rows_of, value_of
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from scheduler.store.adding import add_told
from scheduler.store.database import open_store
from scheduler.store.kept import NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from scheduler.store.snapshot import snapshot

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday
COMMON = {
    "to": "this_collector", "medium": "oral", "accepted_medium": True, "made_at": NOW,
    "received_at": NOW, "recorded_at": NOW,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "given", "laid"),
    [
        ("cease", [], {"accounts": ["A1", "A2"]}),
        ("cease", ["A2"], {"accounts": ["A2"]}),
        ("disputes", ["A1=12.50", "A2"], {"accounts": ["A1", "A2"], "value": '{"A1":"12.50"}'}),
        ("do_not_use_number", ["P1"], {"point": "P1"}),
        ("stop_calls_at", ["work"], {"value": '"work"'}),
        ("inconvenient", ["days=mon,tue", "from=09:00", "to=12:00"],
         {"value": '{"days":["mon","tue"],"from":"09:00","to":"12:00"}'}),
        ("inconvenient", ['{"to": "12:00"}'], {"value": '{"to":"12:00"}'}),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_a_row(kind: str, given: list[str], laid: dict[str, Any]) -> None:
    value = value_of(kind, given, ("A1", "A2"))
    rows = rows_of(kind, value, "C1", COMMON, 7)
    assert dict(rows.schema) == TABLES["statements"].schema
    (row,) = rows.to_dicts()
    empty = dict.fromkeys(("accounts", "point", "value", "more"))
    assert {name: row[name] for name in empty} == empty | laid
    assert (row["statement"], row["kind"], row["source"]) == ("desk-7", kind, "desk")


def test_each_point_is_a_row_of_its_own() -> None:
    rows = rows_of(
        "consents_to_text", value_of("consents_to_text", ["P1", "P2"], ()), "C1", COMMON, 3
    )
    assert rows.select("statement", "point").rows() == [("desk-3", "P1"), ("desk-4", "P2")]


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("disputs", [], "unknown word `disputs`; did you mean `disputes`?"),
        ("do_not_use_number", [], "do_not_use_number needs a contact point id"),
        ("inconvenient", ["noon"], "`noon` is not a word with its value, as in `from=09:00`"),
        ("inconvenient", ["{noon"], "`{noon` is not JSON"),
        ("inconvenient", ["from=25:00"], "not what the word takes: inconvenient takes"),
        ("disputes", ["A1=much"], "not what the word takes: disputes takes a list of debt ids"),
        ("stop_calls_at", ["church"], "not what the word takes: stop_calls_at takes home or work"),
    ],
)
def test_what_cannot_be_noted(kind: str, given: list[str], why: str) -> None:
    with pytest.raises(CannotNote) as error:
        rows_of(kind, value_of(kind, given, ("A1",)), "C1", COMMON, 1)
    assert why in str(error.value)


# -- the command

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def law() -> Law:
    return law_of(Settings(refuse_unencoded_places=False))


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, law: Law) -> Ask:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "law_of", lambda settings: law)

    def run(*words: object) -> Any:
        told = [*map(str, words), "--home", "firm"]
        result = CliRunner().invoke(cli.app, told, obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    return run


@pytest.fixture
def firm(tmp_path: Path, home: Path, url: str) -> str:
    """A home whose store holds a made-up portfolio; gives the store's URL."""
    synth(tmp_path / "made", 20, 3, NOW)
    store = open_store(url, home)
    migrate(store, home)
    with store.writing() as connection:
        for name in TABLES:
            rows = pl.read_parquet(tmp_path / "made" / f"{name}.parquet")
            add_told(connection, NAMES[name], rows, "crm", NOW)
    store.close()
    return url


def statements(firm: str, tmp_path: Path) -> pl.DataFrame:
    store = open_store(firm, tmp_path / "firm")
    found = snapshot(store)["statements"].filter(pl.col("source") == "desk")
    store.close()
    return found


def test_a_statement_is_recorded_and_changes_the_day(ask: Ask, firm: str, tmp_path: Path) -> None:
    calls = json.loads(
        ask("note", "C00000001", "stop_calls_at", "work", "--dry-run", "--json").stdout
    )
    assert calls["recorded"] == []
    assert statements(firm, tmp_path).is_empty()
    points = pl.read_parquet(tmp_path / "made" / "contact_points.parquet")
    mine = points.filter(pl.col("consumer") == "C00000001", pl.col("kind") == "mobile")
    (point,) = mine["point"].head(1)
    done = ask("note", "A00000001", "do_not_use_number", point, "--medium", "oral")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.split("\n")
    assert lines[0] == "do_not_use_number by C00000001: desk-1"
    (line,) = (one for one in lines if one.startswith(f"A00000001 call to {point} (mobile): "))
    assert "-> refused; now " in line
    again = json.loads(ask("note", "A00000001", "do_not_use_number", point, "--json").stdout)
    assert again["recorded"] == ["desk-2"]
    told = [one for one in again["contacts"] if one["channel"] == "call" and one["point"] == point]
    assert {one["before"] for one in told} == {"refused"}
    assert not any(one["differs"] for one in told)
    rows = statements(firm, tmp_path)
    assert rows.select("statement", "kind", "point", "received_at").rows() == [
        ("desk-1", "do_not_use_number", point, NOW),
        ("desk-2", "do_not_use_number", point, NOW),
    ]


def test_what_a_word_changes_of_other_accounts_is_said_as_well(ask: Ask, firm: str) -> None:
    """A petition stays every debt of the consumer; a dispute the one it names."""
    debts = pl.read_parquet("made/accounts.parquet").sort("account")
    (consumer, first, second, *_) = (
        debts.group_by("consumer", maintain_order=True)
        .agg("account")
        .filter(pl.col("account").list.len() > 1)
        .select("consumer", pl.col("account").list.get(0).alias("one"),
                pl.col("account").list.get(1).alias("other"))
        .row(0)
    )  # fmt: skip
    dry = ("--dry-run", "--json")
    stay = json.loads(ask("note", first, "bankruptcy_filed", "filed=2026-11-20", *dry).stdout)
    assert {one["account"] for one in stay["contacts"]} == {first}
    beyond = [one for one in stay["other_accounts"] if one["account"] == second]
    assert beyond
    assert all("bankruptcy/automatic-stay" in one["added"] for one in beyond)
    one_debt = json.loads(ask("note", first, "disputes", *dry).stdout)
    assert not any(one["differs"] for one in one_debt["other_accounts"])
    lines = ask("note", first, "bankruptcy_filed", "filed=2026-11-20", "--dry-run").stdout
    assert f"\n{second} mail to " in lines
    last = lines.strip().split("\n")[-1]
    assert re.fullmatch(rf"unchanged today: 0 of \d+ contacts; of other accounts of {consumer}: "
                        r"0 of \d+", last)  # fmt: skip
    whole = json.loads(ask("note", consumer, "cease", *dry).stdout)
    assert whole["other_accounts"] == []


def test_a_note_that_cannot_be(ask: Ask, firm: str, tmp_path: Path) -> None:
    for words, why in (
        (("nobody", "cease"), "no account or consumer `nobody`"),
        (("A00000001", "cease", "A0"), "the store has no account `A0`"),
        (("A00000001", "do_not_use_number", "P0"), "the store has no contact point `P0`"),
        (("A00000001", "cease", "--medium", "smoke"), "unknown word `smoke`; it may be "),
        (("A00000001", "cease", "--received", "2026-11-24T00:00Z"), "reached you after now"),
    ):
        said = ask("note", *words)
        assert (said.exit_code, said.stdout) == (2, "")
        assert why in said.stderr
    assert statements(firm, tmp_path).is_empty()
