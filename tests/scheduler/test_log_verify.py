"""What was done to a log is found, and said where: each tampering an examiner must hear of."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from scheduler.log import checking, layout, sealing
from scheduler.log.canonical import head_of
from scheduler.log.hashing import inner_hashes
from scheduler.log.keys import Keys, consumer_keys, make_keys, public_key
from scheduler.log.note import Checkpoint, Signer, sign
from scheduler.log.reading import NoLog, open_log
from scheduler.log.records import INNER, PERSONAL, RECORD, Field
from scheduler.log.verifying import Outside, Report, verify
from tests.scheduler.sealed import home, place_of, rewrite, segment

Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return home(tmp_path_factory.mktemp("whole"), 12, 5, 9)


@pytest.fixture
def log(whole: Keys, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.log, tmp_path / "log"))


def report(log: Path, against: Sequence[Outside] = ()) -> Report:
    return verify(log, public_key(log), against, workers=1)


def lines(log: Path, *against: Outside) -> list[str]:
    found = report(log, against)
    assert not found.holds
    return [str(one) for one in found.wrong]


def note(log: Path, number: int) -> str:
    return layout.note_path(log, number).read_text("utf-8")


def name(number: int) -> str:
    return f"segment {number:06}-{number - 1:012x}"


def test_a_log_that_nobody_touched_holds(log: Path) -> None:
    found = report(log)
    assert found.holds, found.wrong
    assert (found.decisions, found.segments, found.checkpoints, found.erased) == (26, 3, 3, 0)
    assert found.since == "2026-11-21T11:00:00Z"
    assert found.vouched is None
    outside = report(log, [Outside("kept", note(log, 2))])
    assert outside.holds
    assert outside.vouched == 17
    assert report(log, [Outside("kept", note(log, 3))]).since is None


def test_it_is_read_through_the_same_door(log: Path) -> None:
    found = open_log(log)
    assert [one.first for one in found.segments] == [0, 12, 17]
    assert [one.rows for one in found.segments] == [12, 5, 9]


def test_a_changed_byte_anywhere_in_a_segment_is_found(whole: Keys, tmp_path: Path) -> None:
    place = place_of(whole.log, 2)
    luck = random.Random(5)
    for path in sorted(place.iterdir()):
        size = path.stat().st_size
        some = sorted({0, size - 1, *(luck.randrange(size) for _ in range(5))})
        for at in some:
            copy = Path(shutil.copytree(whole.log, tmp_path / "copy"))
            data = bytearray((copy / "segments" / place.name / path.name).read_bytes())
            data[at] ^= 1 << luck.randrange(8)
            (copy / "segments" / place.name / path.name).write_bytes(data)
            found = lines(copy)
            assert found[0].startswith(name(2)), (path.name, at, found)
            assert all(line.startswith(name(2)) for line in found), (path.name, at, found)
            shutil.rmtree(copy)


def test_a_changed_record_is_named_even_if_the_hash_of_its_file_is_made_to_fit(log: Path) -> None:
    def change(rows: pl.DataFrame) -> pl.DataFrame:
        better = pl.when(pl.col("row") == 3).then(pl.lit("permitted")).otherwise("verdict")
        other = pl.when(pl.col("row") == 7).then(pl.lit("A9")).otherwise("account")
        return rows.with_columns(better.alias("verdict"), other.alias("account"))

    rewrite(place_of(log, 1), change)
    assert lines(log) == [
        f"{name(1)}: segment.json was changed after it was signed for",
        f"{name(1)}, row 3: the record was changed",
        f"{name(1)}, row 7: the record was changed",
    ]


@pytest.mark.parametrize("field", RECORD, ids=lambda one: one.name)
def test_a_change_of_any_field_is_found(log: Path, field: Field) -> None:
    other: pl.Expr = pl.lit("other")
    if isinstance(field.kind, pl.List):
        other = pl.lit(["other"])
    elif field.kind == pl.Boolean():
        other = ~pl.col(field.name)
    elif field.kind != pl.String():
        other = pl.lit(7)
    told = pl.when(pl.col("row") == 4).then(other.cast(field.kind)).otherwise(field.name)
    rewrite(place_of(log, 1), lambda rows: rows.with_columns(told.alias(field.name)))
    found = lines(log)
    assert any(line.startswith(f"{name(1)}, row 4: ") for line in found), found


def test_a_key_that_was_changed_is_told_from_a_record_that_was(log: Path) -> None:
    path = log / "consumers.parquet"
    keys = pl.read_parquet(path)
    first = pl.int_range(pl.len()) == 0
    keys.with_columns(
        pl.when(first).then(pl.col("k0") + 1).otherwise("k0").alias("k0")
    ).write_parquet(path)
    found = lines(log)
    assert found
    assert all("the key of its consumer in consumers.parquet was changed" in one for one in found)


def test_a_second_checkpoint_about_a_segment_does_not_make_it_missing(log: Path) -> None:
    notes = sorted((log / "checkpoints").iterdir())
    more = notes[-1].with_name(f"{len(notes) + 1:06}.note")
    more.write_bytes(notes[-1].read_bytes())
    found = lines(log)
    last = f"{name(len(notes))}: checkpoint {len(notes) + 1:06} is about it as well"
    assert any(one.startswith(last) for one in found), found
    assert not any("missing" in one for one in found)


def test_keys_of_consumers_that_cannot_be_read_are_named(log: Path) -> None:
    (log / "consumers.parquet").write_bytes(b"junk")
    found = lines(log)
    assert found[0].endswith("consumers.parquet cannot be read")
    assert f"{name(1)}, rows 1-12: the key of its consumer is missing" in found


def test_a_deleted_row_is_found(log: Path) -> None:
    rewrite(place_of(log, 1), lambda rows: rows.filter(pl.col("row") != 4))
    found = lines(log)
    assert f"{name(1)}: it holds 11 decisions, 12 were signed for" in found
    assert f"{name(1)}, row 4: missing" in found
    assert len(found) == 3


def test_a_deleted_row_is_found_if_those_behind_it_are_numbered_anew(log: Path) -> None:
    def change(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("row") != 10).with_columns(pl.int_range(1, 12).alias("row"))

    rewrite(place_of(log, 1), change)
    found = lines(log)
    assert f"{name(1)}, row 12: missing at the end" in found
    assert f"{name(1)}, rows 10-11: the record was changed" in found


def test_a_reordered_pair_is_found(log: Path) -> None:
    order = pl.col("row").replace({5: 6, 6: 5})
    rewrite(place_of(log, 1), lambda rows: rows.sort(order))
    assert f"{name(1)}, row 5: it is not in its place" in lines(log)


def test_a_pair_that_changed_numbers_is_found(log: Path) -> None:
    order = pl.col("row").replace({5: 6, 6: 5})
    rewrite(place_of(log, 1), lambda rows: rows.with_columns(order.alias("row")).sort("row"))
    assert f"{name(1)}, rows 5-6: the record was changed" in lines(log)


def test_a_back_dated_insertion_is_found(log: Path) -> None:
    def change(rows: pl.DataFrame) -> pl.DataFrame:
        late = rows.tail(1).with_columns(
            (pl.col("row") + 1).alias("row"), pl.lit("A99").alias("account")
        )
        return pl.concat([rows, late])

    rewrite(place_of(log, 1), change)
    found = lines(log)
    assert f"{name(1)}: it holds 13 decisions, 12 were signed for" in found
    assert f"{name(1)}, row 13: more than were sealed" in found


def test_a_back_dated_segment_is_found(log: Path, tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "other")
    made = segment(tmp_path / "made", "back-dated", 4)
    place = sealing.seal(keys, made, workers=1).place
    shutil.copytree(place, log / "segments" / "000002-back-dated")
    found = lines(log)
    assert "two segments have one number: 000002-000000000001, 000002-back-dated" in found
    assert "segment 000002-back-dated: its checkpoint is that of segment 000002-000000000001" in (
        found
    )
    assert "segment 000002-back-dated: it is the first, but begins at decision 1" not in found


def test_a_deleted_segment_is_found(log: Path) -> None:
    shutil.rmtree(place_of(log, 2))
    assert lines(log) == [f"{name(2)}: it is missing, its checkpoint stands"]


def test_a_segment_deleted_with_its_checkpoint_is_found(log: Path) -> None:
    shutil.rmtree(place_of(log, 2))
    layout.note_path(log, 2).unlink()
    found = lines(log)
    assert "checkpoint 000002 is missing" in found
    assert "segment 000002 is missing" in found


def test_a_truncated_tail_with_its_checkpoints_left_is_found(log: Path) -> None:
    shutil.rmtree(place_of(log, 2))
    shutil.rmtree(place_of(log, 3))
    assert lines(log) == [f"{name(n)}: it is missing, its checkpoint stands" for n in (2, 3)]


def test_a_log_cut_short_is_found_by_an_outside_checkpoint_alone(log: Path) -> None:
    kept = Outside("kept.note", note(log, 3))
    shutil.rmtree(place_of(log, 3))
    layout.note_path(log, 3).unlink()
    assert report(log).holds
    assert lines(log, kept) == ["the log was cut short: kept.note speaks of 26 decisions, not 17"]


def resealed(whole: Keys, tmp_path: Path) -> Keys:
    """The same log made again with other decisions by the key's owner, from the start."""
    shutil.copytree(whole.home or Path(), tmp_path / "again", ignore=shutil.ignore_patterns("log"))
    keys = make_keys(tmp_path / "again")
    for number, count in enumerate((12, 5, 9)):
        made = segment(tmp_path / "more", f"{number:012x}", count, input="sha256:11")
        sealing.seal(keys, made, workers=1)
    return keys


def test_a_log_signed_anew_whole_is_found_by_an_outside_checkpoint_alone(
    whole: Keys, tmp_path: Path
) -> None:
    keys = resealed(whole, tmp_path)
    assert report(keys.log).holds
    for number, size in ((1, 12), (3, 26)):
        assert lines(keys.log, Outside("kept", note(whole.log, number))) == [
            f"kept has another root for the first {size} decisions: the log was changed and "
            "signed anew"
        ]


def test_an_outside_checkpoint_within_a_segment_is_compared_too(whole: Keys, log: Path) -> None:
    """As where the log's owner sealed two segments as one when signing anew."""
    leaves = b""
    for number in (1, 2):
        place = place_of(log, number)
        head = json.loads((place / layout.HEAD).read_text("utf-8"))
        for block in checking.blocks(
            log, place / layout.DECISIONS, head["rows"][layout.DECISIONS], head_of(head)
        ):
            leaves += block.leaves
    edge, _ = checking.Edge().grow(leaves[: 14 * 32])
    good = sign(Checkpoint(whole.signer.name, 14, edge.root).text(), whole.signer)
    bad = sign(Checkpoint(whole.signer.name, 14, bytes(32)).text(), whole.signer)
    assert report(log, [Outside("good", good)]).holds
    assert "bad has another root for the first 14 decisions" in lines(log, Outside("bad", bad))[0]


def test_a_checkpoint_signed_again_by_another_key_is_found(log: Path) -> None:
    other = Signer(public_key(log).name, bytes(32))
    text = note(log, 2).partition("\n\n")[0] + "\n"
    layout.note_path(log, 2).write_text(sign(text, other), "utf-8")
    found = lines(log)
    assert found[0].startswith("checkpoint 000002: this is not signed by forbear-")
    assert "checkpoint 000003 does not name the one before it" in found


def test_a_changed_checkpoint_is_found(log: Path) -> None:
    path = layout.note_path(log, 2)
    path.write_text(note(log, 2).replace("\n17\n", "\n16\n"), "utf-8")
    assert "does not hold for this text" in lines(log)[0]
    path.write_bytes(b"\xff")
    assert lines(log)[0] == "checkpoint 000002: this is not a signed note"


def test_two_checkpoints_of_one_size_with_different_roots_are_found(whole: Keys, log: Path) -> None:
    forged = sign(Checkpoint(whole.signer.name, 17, bytes(32)).text(), whole.signer)
    (log / "checkpoints" / "kept.note").write_text(forged, "utf-8")
    assert lines(log) == [
        "checkpoints/kept.note and checkpoint 000002 have one size and different roots",
        "checkpoints/kept.note does not belong there",
    ]
    outside = [Outside("one", note(log, 2)), Outside("two", forged)]
    found = [str(one) for one in report(log, outside).wrong]
    assert "two and one have one size and different roots" in found


def emptied(whole: Keys, keep: bool) -> Change:
    def change(rows: pl.DataFrame) -> pl.DataFrame:
        inner = inner_hashes(rows, consumer_keys(whole.log))
        gone = pl.col("row") == 6
        bare = [
            pl.when(gone).then(None).otherwise(pl.col(one.name)).alias(one.name) for one in PERSONAL
        ]
        kept = pl.Series(INNER, inner if keep else [None] * rows.height, dtype=pl.Binary)
        rows = rows.with_columns(kept)
        return rows.with_columns(*bare, pl.when(gone).then(INNER).alias(INNER))

    return change


@pytest.mark.parametrize("keep", [True, False])
def test_a_personal_part_emptied_without_a_purge_record_is_found(
    whole: Keys, log: Path, keep: bool
) -> None:
    rewrite(place_of(log, 1), emptied(whole, keep))
    assert lines(log) == [
        f"{name(1)}: segment.json was changed after it was signed for",
        f"{name(1)}, row 6: the personal part was emptied, and no purge record says so",
    ]


def test_a_key_of_a_consumer_that_is_gone_is_found(whole: Keys, log: Path) -> None:
    consumer_keys(log).without(["C3"]).write(log)
    assert f"{name(1)}, rows 6-7: the key of its consumer is missing" in lines(log)


def test_files_that_do_not_belong_or_are_missing_are_named(log: Path) -> None:
    place = place_of(log, 1)
    (place / "more.parquet").write_bytes(b"x")
    (place / layout.SITUATIONS).unlink()
    next(iter((log / "rulebooks").iterdir())).unlink()
    found = lines(log)
    assert f"{name(1)}: more.parquet does not belong to it" in found
    assert f"{name(1)}: situations.parquet is missing or cannot be read" in found
    assert f"{name(3)}: the rulebook it was decided by is missing or cannot be read" in found


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"rows": {"decisions.parquet": 12}}'])
def test_a_head_that_is_none_is_named(log: Path, text: str) -> None:
    (place_of(log, 1) / layout.HEAD).write_text(text, "utf-8")
    assert lines(log)[0].startswith(f"{name(1)}: segment.json cannot be read")


def test_what_no_checkpoint_was_signed_for_is_named(log: Path) -> None:
    layout.note_path(log, 3).unlink()
    assert lines(log) == [f"{name(3)}: no checkpoint was signed for it"]


def test_nodes_kept_for_proofs_are_checked(tmp_path: Path) -> None:
    keys = home(tmp_path, 300)
    path = keys.log / layout.NODES
    assert path.stat().st_size == 32
    path.write_bytes(bytes(32))
    assert lines(keys.log) == [
        "nodes.bin, a help for proofs, was changed: delete it, it is made again"
    ]
    path.unlink()
    assert report(keys.log).holds


def test_a_place_without_a_sealed_log_says_so(tmp_path: Path, whole: Keys) -> None:
    with pytest.raises(NoLog, match="there is no sealed log"):
        verify(tmp_path, whole.signer.verifier)


def test_no_log_was_changed_by_checking_it(whole: Keys) -> None:
    before = {path: path.read_bytes() for path in whole.log.rglob("*") if path.is_file()}
    assert report(whole.log).holds
    assert before == {path: path.read_bytes() for path in whole.log.rglob("*") if path.is_file()}
