"""Erasure: the personal part is gone, and everything that was proved is proved still."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scheduler.log import layout, purged, purging, sealing
from scheduler.log.handed_out import remember
from scheduler.log.keys import Keys, consumer_keys, keys_of, keys_without_home
from scheduler.log.note import NotANote
from scheduler.log.proving import check_proof, locate, prover
from scheduler.log.purging import CannotPurge, purge, report
from scheduler.log.reading import decisions, open_log
from scheduler.log.records import PERSONAL
from scheduler.log.verifying import Report, verify
from tests.scheduler.sealed import home, place_of, segment

AT = datetime(2030, 1, 2, 3, tzinfo=UTC)
WHY = "three years after the last activity"


def checked(keys: Keys) -> Report:
    return verify(keys.log, keys.signer.verifier, workers=1)


def lines(keys: Keys) -> list[str]:
    return [str(one) for one in checked(keys).wrong]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return home(tmp_path, 12, 5)


def bytes_of(place: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file())


def test_what_was_erased_is_gone_and_the_log_holds(keys: Keys) -> None:
    before = {path.name: path.read_bytes() for path in (keys.log / layout.CHECKPOINTS).iterdir()}
    (keys.log / "index").mkdir()
    done = purge(keys, ["C3", "C1"], AT, WHY)
    assert not (keys.log / "index").exists()
    assert (done.number, done.consumers, done.rows) == (1, 2, 6)
    assert done.segments == (("000001-000000000000", 4), ("000002-000000000001", 2))
    found = checked(keys)
    assert found.holds, found.wrong
    assert found.erased == 6
    rows = decisions(open_log(keys.log)).collect()
    gone = rows.filter("erased")
    assert gone["row"].to_list() == [2, 3, 6, 7, 2, 3]
    empty = pl.all_horizontal(pl.col(one.name).is_null() for one in PERSONAL)
    assert gone.select(empty).to_series().all()
    assert gone["verdict"].null_count() == 0
    assert not set(rows["consumer"].drop_nulls()) & {"C1", "C3"}
    assert consumer_keys(keys.log).of(["C1", "C2", "C3"])[1] is not None
    assert consumer_keys(keys.log).of(["C1", "C3"]) == [None, None]
    after = {path.name: path.read_bytes() for path in (keys.log / layout.CHECKPOINTS).iterdir()}
    assert after == before
    for place in (keys.log / layout.SEGMENTS).iterdir():
        for path in place.glob("*.parquet"):
            assert b"5550007" not in path.read_bytes()


def test_a_key_that_was_destroyed_is_not_made_again(keys: Keys, tmp_path: Path) -> None:
    (had,) = consumer_keys(keys.log).of(["C3"])
    purge(keys, ["C3"], AT, WHY)
    assert keys_of(tmp_path / "home").seed != keys.seed
    sealing.seal(keys, segment(tmp_path / "more", "later", 8), workers=1)
    (has,) = consumer_keys(keys.log).of(["C3"])
    assert has not in (None, had)
    assert checked(keys).holds


def test_proofs_made_before_and_after_hold(keys: Keys) -> None:
    name = f"{0:012x}-{7:09}"
    one = prover(keys.log, keys.signer.verifier)
    before = one.inclusion(*locate(one.log, name))
    purge(keys, ["C3"], AT, WHY)
    one = prover(keys.log, keys.signer.verifier)
    after = one.inclusion(*locate(one.log, name))
    assert "personal" not in after
    assert "5550007" in str(before)
    assert "5550007" not in str(after)
    assert check_proof(before, keys.signer.verifier) + "; its personal part was erased" == (
        check_proof(after, keys.signer.verifier)
    )


def test_more_is_erased_from_the_same_segment(keys: Keys) -> None:
    purge(keys, ["C3"], AT, WHY)
    done = purge(keys, ["C5"], AT, "asked for by the consumer")
    assert done.number == 2
    assert checked(keys).holds
    again = purge(keys, ["C3"], AT, WHY)
    assert (again.number, again.rows) == (0, 0)
    assert checked(keys).holds


def test_an_erasure_is_accepted_against_its_record_alone(keys: Keys) -> None:
    purge(keys, ["C3"], AT, WHY)
    path = layout.note_path(keys.log, 1, layout.PURGES)
    kept = path.read_text("utf-8")
    path.unlink()
    assert (
        "segment 000001-000000000000, rows 6-7: the personal part was emptied, and no purge "
        "record says so" in lines(keys)
    )
    path.write_text(kept.replace("rows 6-7", "rows 6"), "utf-8")
    assert lines(keys)[0].startswith("purge record 000001: the signature of")
    path.write_text(kept, "utf-8")
    assert checked(keys).holds


def test_records_that_come_back_after_an_erasure_are_found(keys: Keys, tmp_path: Path) -> None:
    shutil.copytree(keys.log, tmp_path / "back-up")
    purge(keys, ["C3"], AT, WHY)
    place = place_of(keys.log, 1)
    shutil.copy(place_of(tmp_path / "back-up", 1) / layout.DECISIONS, place / layout.DECISIONS)
    shutil.copy(tmp_path / "back-up" / "consumers.parquet", keys.log / "consumers.parquet")
    assert (
        "segment 000001-000000000000, rows 6-7: it was purged, but its personal part is there "
        "again" in lines(keys)
    )


def test_what_could_not_be_reached_is_named(keys: Keys, tmp_path: Path) -> None:
    lists = tmp_path / "home" / "lists"
    made = segment(tmp_path / "more", "listed", 8)
    (lists / "2026-11-21").mkdir(parents=True)
    made.rename(lists / "2026-11-21" / "log")
    sealing.seal(keys, lists / "2026-11-21" / "log", workers=1)
    (lists / "2026-11-21" / "list.csv").write_text("A7", "utf-8")
    (tmp_path / "home" / "backups").mkdir()
    copy = tmp_path / "home" / "backups" / "store-0005-1"  # as `forbear backup` makes one
    copy.mkdir()
    (copy / "store.sqlite").write_text("A7", "utf-8")
    for _ in range(2):
        remember(tmp_path / "home", tmp_path / "pack.zip", AT)
    with (tmp_path / "home" / "handed-out.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026')  # whoever wrote it was killed
    told = report(purge(keys, ["C3"], AT, WHY, lists))
    assert [Path(one).name for one in told["not_reached"]] == [
        "list.csv", "store-0005-1", "pack.zip"
    ]  # fmt: skip
    beside = pl.read_parquet(lists / "2026-11-21" / "log" / layout.DECISIONS)
    assert beside.filter(pl.col("account") == "A7").is_empty()
    assert (told["purge"], told["records"], told["consumers"]) == (1, 4, 1)


def test_records_of_others_that_name_the_consumer_are_counted(tmp_path: Path) -> None:
    keys = home(tmp_path)
    made = segment(tmp_path, count=4)
    path = made / layout.DECISIONS
    pl.read_parquet(path).with_columns(group=pl.lit("C0")).write_parquet(path)
    sealing.seal(keys, made, workers=1)
    assert purge(keys, ["C0"], AT, WHY).mentions == 3


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("where", ["purging.write_safely", "purging._sign", "purged.destroy",
                                   "purged.new_seed", "purged.sync"])  # fmt: skip
def test_broken_off_anywhere_it_is_finished_or_was_nothing(
    keys: Keys, tmp_path: Path, where: str
) -> None:
    module, _, name = where.partition(".")
    target: Any = {"purging": purging, "purged": purged}[module]
    real = getattr(target, name)

    def dying(*_: Any) -> Any:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, dying)
        with pytest.raises(Killed):
            purge(keys, ["C3"], AT, WHY)
    assert getattr(target, name) is real
    signed = layout.note_path(keys.log, 1, layout.PURGES).exists()
    sealing.seal(keys, segment(tmp_path / "more", "later", 3), workers=1)
    found = checked(keys)
    assert found.holds, found.wrong
    assert found.erased == (2 if signed else 0)
    if not signed:
        assert purge(keys, ["C3"], AT, WHY).rows == 2
    assert checked(keys).erased == 2
    assert consumer_keys(keys.log).of(["C3"]) == [None]
    assert not (keys.log / purged.DRAFTS).exists()


def test_what_cannot_be_erased_says_why(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(CannotPurge, match="has no keys of its own"):
        purge(keys_without_home(tmp_path / "log"), ["C3"], AT, WHY)
    with pytest.raises(CannotPurge, match="say why in one line"):
        purge(keys, ["C3"], AT, " ")
    consumer_keys(keys.log).without(["C3"]).write(keys.log)
    with pytest.raises(CannotPurge, match=r"the key of a consumer in 000001-0+ is missing"):
        purge(keys, ["C3"], AT, WHY)


def test_a_purge_record_is_read_as_it_is_written(keys: Keys) -> None:
    rows = (1, 2, 3, 7, 9, 10)
    one = purged.Purge(3, "2030-01-02T03:00:00Z", WHY, "none", (("000001-x", "ab" * 32, rows),))
    note = one.note(keys.signer)
    assert "rows 1-3,7,9-10\n" in note
    assert purged.read_purge(note, keys.signer.verifier) == one
    for bad in ("x\n", f"{keys.signer.name}\npurge x\n", one.text("other")):
        with pytest.raises(NotANote, match="not a purge record"):
            purged.read_purge(purged.sign(bad, keys.signer), keys.signer.verifier)
