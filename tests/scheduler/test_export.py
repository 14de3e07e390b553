"""The examiner's pack: what is in it, that it is always the same, and that tampering is found."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.log.exporting_files import LIST, RECORDS, read_files
from scheduler.log.reading import Log, decisions

NOW = "2026-11-22T12:00Z"
Run = Callable[..., tuple[int, Any]]


def asked(*words: str) -> tuple[int, Any]:
    """A command with --json: the exit code, and the document."""
    done = CliRunner().invoke(cli.app, ["log", *words, "--json"], obj=cli.now)
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def export(logged: Log, made_up: Path) -> Run:
    """Makes a pack of the day's log with the rows it was made from."""

    def make(place: Path, *words: str) -> tuple[int, Any]:
        return asked("export", str(place), *words, "--log", str(logged.place), "--from",
                     str(made_up), "--now", NOW)  # fmt: skip

    return make


@pytest.fixture(scope="module")
def pack(logged: Log, made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of eight decisions drawn from the refused ones."""
    place = tmp_path_factory.mktemp("pack") / "pack"
    status, told = asked("export", str(place), "--sample", "8", "--seed", "5", "--verdict",
                         "refused", "--log", str(logged.place), "--from", str(made_up), "--now",
                         NOW)  # fmt: skip
    assert (status, told["counts"]["refused"], told["counts"]["proved"]) == (0, 8, 8)
    return place


# -- what is in it


def test_a_pack_holds_and_says_so(pack: Path) -> None:
    status, told = asked("examine", str(pack))
    assert (status, told["holds"], told["wrong"]) == (0, True, [])
    assert (told["decisions"], told["proofs"], told["key_from_pack"]) == (8, 8, True)
    assert told["files"] == len(read_files(pack)) - 1


def test_the_sample_is_one_that_anybody_can_draw(pack: Path, logged: Log) -> None:
    refused = decisions(logged, pl.col("verdict") == "refused").collect()["decision_id"]
    lots = {name: hashlib.sha256(f"5:{name}".encode()).hexdigest() for name in refused}
    drawn = sorted(sorted(lots, key=lots.__getitem__)[:8])
    records = json.loads((pack / RECORDS).read_text(encoding="utf-8"))
    assert sorted(one["record"]["decision_id"] for one in records["decisions"]) == drawn
    assert json.loads((pack / LIST).read_text(encoding="utf-8"))["fitting"] == len(refused)


def test_the_same_asked_twice_gives_the_same_bytes(export: Run, pack: Path, tmp_path: Path) -> None:
    words = ("--sample", "8", "--seed", "5", "--verdict", "refused")
    for name in ("again", "again.zip", "once-more.zip"):
        assert export(tmp_path / name, *words)[0] == 0
    assert read_files(tmp_path / "again") == read_files(pack) == read_files(tmp_path / "again.zip")
    zips = [(tmp_path / name).read_bytes() for name in ("again.zip", "once-more.zip")]
    assert zips[0] == zips[1]
    assert export(tmp_path / "other", "--sample", "8", "--seed", "6")[0] == 0
    assert read_files(tmp_path / "other")[RECORDS] != read_files(pack)[RECORDS]
    assert asked("examine", str(tmp_path / "again.zip"))[1]["holds"]


def test_every_decision_is_told_on_the_page_with_law_and_proof(pack: Path, logged: Log) -> None:
    page = (pack / "decisions.html").read_text(encoding="utf-8")
    records = json.loads((pack / RECORDS).read_text(encoding="utf-8"))["decisions"]
    for one in records:
        record = one["record"]
        assert f'<article id="{record["decision_id"]}">' in page
        for rule in record["rules"]:
            assert rule in page
    assert "<script" not in page
    assert (pack / "decisions.pdf").read_bytes().startswith(b"%PDF-")
    readme = (pack / "README.txt").read_text(encoding="utf-8")
    assert "forbear log examine ." in readme
    assert f"proofs/{records[0]['record']['decision_id']}.json --key public.key" in readme
    assert max(map(len, readme.split("\n"))) <= 100


def test_an_accounts_pack_has_all_its_decisions_and_the_rows_around(
    export: Run, logged: Log, made_up: Path, tmp_path: Path
) -> None:
    rows = decisions(logged, pl.col("listed")).collect()
    contacts = pl.read_parquet(made_up / "contacts.parquet")
    busy = contacts.group_by("consumer").len().sort("len", "consumer")["consumer"]
    known = rows.filter(pl.col("consumer").is_in(busy.tail(60).implode()))
    name, consumer = known.select("account", "consumer").row(0)
    status, told = export(tmp_path / "pack", "--account", name)
    assert status == 0
    mine = decisions(logged, pl.col("account") == name).collect()
    assert told["counts"]["decisions"] == mine.height
    text = (tmp_path / "pack" / "contacts.csv").read_text(encoding="utf-8")
    listed = list(csv.DictReader(io.StringIO(text)))
    then = mine["as_of"][0]
    seen = contacts.filter(
        pl.col("consumer") == consumer, pl.col("recorded_at") <= then,
        pl.col("at") > then - pl.duration(days=60), pl.col("at") <= then,
    )  # fmt: skip
    assert seen.height
    first = [one for one in listed if one["decision_id"] == mine["decision_id"][0]]
    known_then = {one["contact"] for one in first if one["known"] == "then"}
    assert known_then == set(seen["contact"].to_list())
    timeline = (tmp_path / "pack" / "timeline.csv").read_text(encoding="utf-8")
    events = list(csv.DictReader(io.StringIO(timeline)))
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)
    assert {one["consumer"] for one in events} == {consumer}
    decided = [one["id"] for one in events if one["what"] == "decision"]
    assert sorted(decided) == sorted(mine["decision_id"])
    placed = {one["id"] for one in events if one["what"] == "contact"}
    assert placed == {one["contact"] for one in listed}


# -- tampering


def put(pack: Path, path: str, change: Callable[[Any], None], *, honest: bool = False) -> None:
    """Change a JSON file of a pack; unless `honest`, its hash is put right as well."""
    file = pack / path
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    if not honest:
        rehash(pack, path)


def rehash(pack: Path, path: str) -> None:
    """Put a file's hash right in the list."""
    listed = json.loads((pack / LIST).read_text(encoding="utf-8"))
    digest = hashlib.sha256((pack / path).read_bytes()).hexdigest()
    listed["files"][path]["sha256"] = digest
    (pack / LIST).write_text(json.dumps(listed), encoding="utf-8")


def first_proof(pack: Path) -> str:
    """The path of the first proof."""
    return sorted(path.relative_to(pack).as_posix() for path in pack.glob("proofs/*.json"))[0]


def permit(document: Any) -> None:
    """Say of the first record that it was permitted."""
    record = document["decisions"][0]["record"]
    record["verdict"], record["rules"] = "permitted", []


def lighten(document: Any) -> None:
    """Turn the first yes of the first situation into a no, and let it refuse nothing."""
    row = document["decisions"][0]["situations"][0]
    row["facts"] = row["facts"].replace('"yes"', '"no"', 1)


def other_verdict(document: Any) -> None:
    """Change the record that a proof proves."""
    document["public"]["verdict"] = "permitted"


def test_a_changed_file_is_found_by_its_hash(pack: Path, tmp_path: Path) -> None:
    mine = tmp_path / "pack"
    shutil.copytree(pack, mine)
    (mine / "decisions.html").write_text("all is well", encoding="utf-8")
    (mine / "more.txt").write_text("", encoding="utf-8")
    (mine / "contacts.csv").unlink()
    status, told = asked("examine", str(mine))
    assert status == 1
    assert told["wrong"] == [
        "contacts.csv is missing",
        "more.txt is not in pack.json",
        "decisions.html was changed since the pack was made",
    ]


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        (RECORDS, permit, "verdict is not what its proof proves"),
        (RECORDS, permit, "rules that refuse"),
        (RECORDS, lighten, "its situations are not those proved"),
        (RECORDS, lighten, "name"),
        ("proof", other_verdict, "the decision is not in the log of this checkpoint"),
        ("proof", lambda one: one.pop("checkpoint"), "the proof is not complete"),
    ],
)
def test_what_was_changed_with_care_is_found_by_proof_and_by_deciding_again(
    pack: Path, tmp_path: Path, path: str, change: Callable[[Any], None], said: str
) -> None:
    mine = tmp_path / "pack"
    shutil.copytree(pack, mine)
    put(mine, first_proof(mine) if path == "proof" else path, change)
    status, told = asked("examine", str(mine))
    assert status == 1
    assert any(said in one for one in told["wrong"]), told["wrong"]


def test_a_rule_that_was_changed_is_found(pack: Path, tmp_path: Path) -> None:
    mine = tmp_path / "pack"
    shutil.copytree(pack, mine)
    (path,) = mine.glob("rulebooks/*/rules/regulation_f.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("max: 7", "max: 8"), encoding="utf-8")
    rehash(mine, path.relative_to(mine).as_posix())
    status, told = asked("examine", str(mine))
    assert status == 1
    assert any("rulebook: digest" in one for one in told["wrong"])


def test_another_key_does_not_hold(pack: Path) -> None:
    from scheduler.log.note import Signer

    other = Signer("somebody-else", bytes(range(32))).verifier
    status, told = asked("examine", str(pack), "--key", str(other))
    assert (status, told["proofs"], told["key_from_pack"]) == (1, 0, False)
    assert all("not signed by" in one for one in told["wrong"])


def test_a_log_without_a_key_gives_a_pack_without_proofs(logged: Log, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(logged.place, bare)
    (bare / "public.key").unlink()
    status, told = asked("export", str(tmp_path / "pack"), "--sample", "2", "--log", str(bare))
    assert (status, told["counts"]["proved"]) == (0, 0)
    assert told["unproved"].startswith("the log is not sealed")
    assert "contacts.csv" not in told["files"]
    status, told = asked("examine", str(tmp_path / "pack"))
    assert (status, told["holds"], told["key"]) == (0, True, None)


# -- wrong use


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "say of what: --account"),
        (["--account", "nobody"], "no decision in"),
        (["--day", "2026-11-21", "--limit", "10"], "a pack tells at most 10"),
        (["--sample", "11", "--limit", "10"], "a pack tells at most 10"),
        (["--verdict", "maybe"], "a verdict is permitted or refused"),
    ],
)
def test_what_cannot_be_made_is_wrong_use(
    export: Run, tmp_path: Path, words: list[str], why: str
) -> None:
    status, told = export(tmp_path / "pack", *words)
    assert status == 2
    assert why in told["errors"][0]["message"]
    assert not (tmp_path / "pack").exists()


def test_a_place_that_is_taken_is_not_written_over(export: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    status, told = export(tmp_path, "--sample", "1")
    assert (status, "is there already" in told["errors"][0]["message"]) == (2, True)


def test_what_is_no_pack_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    status, told = asked("examine", str(tmp_path / "pack"))
    assert (status, "it has no pack.json" in told["errors"][0]["message"]) == (2, True)
    (tmp_path / "pack.zip").write_bytes(b"no zip")
    assert asked("examine", str(tmp_path / "pack.zip"))[0] == 2
