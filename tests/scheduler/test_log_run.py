"""A run and its sealed log: nothing is put out that is not in it; the commands that check it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.log import layout
from scheduler.log.keys import NOBODY, public_key
from scheduler.log.reading import open_log
from scheduler.sample.synth import NOW, synth

DAY = NOW.date().isoformat()


def ask(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, list(words), obj=cli.now)
    return done.exit_code, done.stdout, done.stderr


def told(*words: str) -> Any:
    return json.loads(ask(*words, "--json")[1])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("small") / "portfolio"
    synth(place, 40, 3, NOW)
    return place


def run(portfolio: Path, *more: str) -> tuple[int, str, str]:
    return ask("run", "--from", str(portfolio), "--now", "2026-11-21T11:00:00Z", "--day", DAY,
               "--format", "csv", *more)  # fmt: skip


@pytest.fixture(scope="module")
def firm(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a day was run."""
    place = tmp_path_factory.mktemp("run") / "firm"
    assert ask("init", "--home", str(place))[0] == 0
    status, _, said = run(small, "--home", str(place))
    assert status == 0, said
    return place


def test_a_run_is_sealed_and_its_manifest_is_a_witness(firm: Path) -> None:
    manifest = json.loads((firm / "lists" / DAY / "manifest.json").read_text("utf-8"))
    told_ = manifest["checkpoint"]
    log = open_log(firm / "log")
    (segment,) = log.segments
    assert (told_["segment"], told_["first"], told_["size"]) == (segment.name, 0, log.rows)
    assert manifest["counts"]["candidates"] == log.rows
    kept = str(firm / "lists" / DAY / "manifest.json")
    key = str(public_key(firm / "log"))
    status, said, err = ask("log", "verify", str(firm), "--key", key, "--against", kept)
    assert (status, said.split("\n")[1]) == (
        0, "every record, leaf, tree head, signature and chain is what was sealed"
    )  # fmt: skip
    assert f"outside checkpoints speak for the first {log.rows:,} decisions" in err
    assert "no outside checkpoint" not in err
    note = str(layout.note_path(firm / "log", 1))
    assert ask("log", "verify", str(firm), "--key", key, "--against", kept, note)[0] == 0
    assert ask("log", "verify", str(firm), str(firm))[0] == 2
    status, said, err = ask("log", "verify", "--home", str(firm))
    assert status == 0
    assert "whoever could change the log could change it too" in err
    assert "no outside checkpoint speaks for the log" in err


def test_a_published_day_is_checked_against_its_signed_manifest(firm: Path, tmp_path: Path) -> None:
    day = firm / "lists" / DAY
    assert ask("log", "verify", str(day))[:2] == (
        0, f"{day}: every file is what the signed manifest says\n"
    )  # fmt: skip
    copy = tmp_path / DAY
    key = str(firm / "log" / "public.key")
    for name, change, said in (
        ("list.csv", b"x", ["list.csv was changed"]),
        ("list.csv", None, ["list.csv is missing"]),
        ("manifest.note", None, ["manifest.note is missing: the manifest is not signed"]),
        ("manifest.json", b" ", ["manifest.json was changed after it was signed"]),
        ("manifest.json", None, ["manifest.json cannot be read"]),
    ):
        shutil.copytree(day, copy)
        if change is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes((copy / name).read_bytes() + change)
        if (name, change) == ("manifest.json", None):
            (copy / name).mkdir()
            assert ask("log", "verify", str(copy), "--key", key)[0] == 2
        else:
            assert told("log", "verify", str(copy), "--key", key)["wrong"] == said
        shutil.rmtree(copy)


def test_the_newest_checkpoint_is_printed(firm: Path) -> None:
    status, said, _ = ask("log", "checkpoint", "--home", str(firm))
    assert (status, said) == (0, layout.note_path(firm / "log", 1).read_text("utf-8"))
    document = told("log", "checkpoint", "--log", str(firm / "log"))
    assert document["checkpoint"] == said
    assert document["origin"] == document["key"].partition("+")[0]


def test_a_decision_is_proved_and_the_proof_is_checked_without_the_log(
    firm: Path, tmp_path: Path
) -> None:
    log = open_log(firm / "log")
    proof = tmp_path / "proof.json"
    name = f"{log.segments[0].run}-{3:09}"
    key = str(firm / "log" / "public.key")
    assert ask("log", "prove", name, "--home", str(firm), "--out", str(proof))[0] == 0
    status, said, _ = ask("log", "verify", "--proof", str(proof), "--key", key)
    assert status == 0
    assert said.startswith(f"the proof holds: decision {name} (")
    other = json.loads(proof.read_text("utf-8"))
    flipped = {"permitted": "refused", "refused": "permitted"}
    other["public"]["verdict"] = flipped[other["public"]["verdict"]]
    proof.write_text(json.dumps(other), "utf-8")
    status, said, _ = ask("log", "verify", "--proof", str(proof), "--key", key)
    assert status == 1
    assert said.startswith("the proof does not hold: ")
    kept = str(firm / "lists" / DAY / "manifest.json")
    assert ask("log", "prove", "--since", kept, "--home", str(firm), "--out", str(proof))[0] == 0
    assert ask("log", "verify", str(firm), "--proof", str(proof))[0] == 0


def test_what_is_wrong_is_named_and_ends_with_one(firm: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(firm / "log", tmp_path / "log"))
    next(iter((copy / "segments").iterdir())).rename(tmp_path / "gone")
    status, said, _ = ask("log", "verify", str(copy))
    assert status == 1
    assert "it is missing, its checkpoint stands" in said
    assert "the log does not hold: 1 wrong" in said
    document = told("log", "verify", str(copy))
    assert document["ok"] is False
    assert document["wrong"][0]["what"] == "it is missing, its checkpoint stands"


def test_wrong_use_is_named(firm: Path, tmp_path: Path) -> None:
    for words, why in (
        (["verify", str(tmp_path)], "there is no sealed log"),
        (["verify", str(firm), "--key", "x"], "a key is one line"),
        (["verify", str(firm), "--against", str(tmp_path / "no")], "cannot be read"),
        (["prove", "--home", str(firm)], "prove a decision by its id"),
        (["verify", "--proof", str(tmp_path / "no"), str(firm)], "no cannot be read"),
    ):
        status, _, said = ask("log", *words)
        assert status == 2, said
        assert why in said


def test_without_a_log_nothing_is_put_out(small: Path, tmp_path: Path) -> None:
    """The log's place cannot be written: the run could not run, and says why."""
    place = tmp_path / "firm"
    assert ask("init", "--home", str(place))[0] == 0
    (place / "log" / "segments").write_bytes(b"where a directory must be")
    status, _, said = run(small, "--home", str(place))
    assert status == 3
    assert "cannot be written" in said
    assert not (place / "lists" / DAY).exists()


def test_keys_open_to_others_stop_a_run(small: Path, tmp_path: Path) -> None:
    place = tmp_path / "firm"
    assert ask("init", "--home", str(place))[0] == 0
    (place / "keys" / "log-signing.key").chmod(0o644)
    status, _, said = run(small, "--home", str(place))
    assert status == 3
    assert "is open to others: nothing is signed with it" in said
    assert not (place / "lists" / DAY).exists()


def test_without_a_home_the_same_day_has_the_same_bytes_and_nobody_vouches(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for name in ("one", "two"):
        assert run(small, "--out", name)[0] == 0
        files = (path for path in sorted(Path(name).rglob("*")) if path.is_file())
        found.append({str(one.relative_to(name)): one.read_bytes() for one in files
                      if one.name != ".lock"})  # fmt: skip
    assert found[0] == found[1]
    status, said, err = ask("log", "verify", "one")
    assert status == 0, said
    assert "by a key everybody knows: it can be checked, not trusted" in err
    assert told("log", "verify", "one")["key"].startswith(NOBODY)
