"""Sealing: keys, what is on disk after each step, and a log that is whole wherever it broke off."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.log import canonical, hashing, layout, sealing
from scheduler.log.keys import (
    CONSUMERS,
    ConsumerKeys,
    KeyProblem,
    Keys,
    consumer_keys,
    keys_of,
    keys_without_home,
    make_keys,
    public_key,
)
from scheduler.log.note import opened, read_checkpoint
from scheduler.log.proving import check_proof, prover
from scheduler.log.purging import purge
from scheduler.log.reading import (
    RULEBOOKS,
    decisions,
    open_log,
    read_head,
    rulebook,
    situations,
)
from scheduler.log.records import DECISIONS, RECORD
from scheduler.log.verifying import verify
from scheduler.making import CannotWrite
from tests.scheduler.sealed import COMMON, FILES, NAMES, NOW, home, place_of, rewrite, segment


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def holds(keys: Keys) -> bool:
    return verify(keys.log, public_key(keys.log), workers=1).holds


# -- keys


@pytest.mark.usefixtures("open_umask")
def test_keys_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "home")
    folder = tmp_path / "home" / "keys"
    assert mode(folder) == mode(keys.log) == 0o700
    assert [mode(path) for path in sorted(folder.iterdir())] == [0o600, 0o600]
    sealing.seal(keys, segment(tmp_path), workers=1)
    assert mode(keys.log / CONSUMERS) == 0o600
    assert mode(place_of(keys.log, 1) / layout.DECISIONS) == 0o600


@pytest.mark.parametrize("name", ["log-signing.key", "consumers-seed.key", "."])
def test_keys_that_others_can_read_are_refused(tmp_path: Path, name: str) -> None:
    make_keys(tmp_path)
    (tmp_path / "keys" / name).chmod(0o640 if name != "." else 0o755)
    with pytest.raises(KeyProblem, match="is open to others: nothing is signed with it"):
        keys_of(tmp_path)


def test_keys_are_made_once_and_found_again(tmp_path: Path) -> None:
    first = make_keys(tmp_path)
    again = make_keys(tmp_path)
    assert (again.signer, again.seed) == (first.signer, first.seed)
    assert first.signer.secret() not in repr(first)
    other = make_keys(tmp_path / "other")
    assert other.signer != first.signer
    (tmp_path / "log" / "public.key").write_text(f"{other.signer.verifier}\n", "utf-8")
    with pytest.raises(KeyProblem, match="is not the public key of"):
        make_keys(tmp_path)


def test_a_log_whose_key_is_lost_says_so(tmp_path: Path) -> None:
    keys = home(tmp_path, 3)
    (tmp_path / "home" / "keys" / "log-signing.key").unlink()
    with pytest.raises(KeyProblem, match="cannot be read: no such file"):
        keys_of(tmp_path / "home")
    path = tmp_path / "home" / "keys" / "log-signing.key"
    path.write_text("junk", "utf-8")
    path.chmod(0o600)
    with pytest.raises(KeyProblem, match="a private key begins with"):
        keys_of(tmp_path / "home")
    assert holds(keys)


def test_a_consumer_has_one_key_and_few_bytes(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    names = [f"C{number}" for number in range(5000)]
    made = consumer_keys(keys.log).with_new(pl.Series(names), keys.seed)
    made.write(keys.log)
    assert (keys.log / CONSUMERS).stat().st_size <= 48 * len(names)
    read = consumer_keys(keys.log)
    assert read.of(names) == made.of(names)
    assert len(set(read.of(names))) == len(names)
    assert read.with_new(pl.Series(names[:9]), b"other") is read
    less = read.without(["C7"])
    assert less.of(["C7", "C8"]) == [None, read.of(["C8"])[0]]
    assert less.with_new(pl.Series(["C7"]), b"other seed").of(["C7"]) != read.of(["C7"])
    (keys.log / CONSUMERS).write_bytes(b"junk")
    with pytest.raises(KeyProblem, match="cannot be read"):
        consumer_keys(keys.log)


# -- the canonical bytes


def test_the_canonical_bytes_are_those_of_the_readme() -> None:
    rows = pl.DataFrame(
        [{"row": 1, "rules": ["a/b", "é"], "decided_at": None, "listed": True, "duties": ""}],
        schema={name: kind for name, kind in DECISIONS.items() if name in
                ("row", "rules", "decided_at", "listed", "duties")},
    )  # fmt: skip
    whole = rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in DECISIONS.items()
    )
    told = canonical.public(whole, "sha256:00")[0].decode()
    assert told == "16:forbear record 2,9:sha256:00,1:1,-----------4:true,--11:3:a/b,2:é,,0:,"
    assert canonical.personal(whole)[0] == b"16:forbear record 2," + b"-" * 17
    assert canonical.public(whole, "sha256:00", 1)[0].decode() == told.replace(
        "record 2", "record 1"
    )
    assert canonical.personal(whole, 1)[0] == b"16:forbear record 1," + b"-" * 16


def plain(value: object) -> bytes:
    """One field as the README says it, one record at a time."""
    if value is None:
        return b"-"
    if isinstance(value, list):
        value = b"".join(plain(one) for one in value).decode()
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return f"{len(text.encode())}:{text},".encode()


TEXT = st.none() | st.sampled_from(["", "é", "12:x,", "-", "a" * 13]) | st.text(max_size=3)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "row": st.none() | st.integers(0, 200),
                "decision_id": st.just("same"),
                "asked_person": TEXT,
                "listed": st.none() | st.booleans(),
                "rules": st.none() | st.lists(TEXT, max_size=2),
                "consumer": TEXT,
                "situations": st.lists(TEXT, max_size=2),
                "attempts_left": st.just(0),
                "evidence": TEXT,
            }
        ),
        max_size=5,
    )
)
def test_many_records_have_the_bytes_of_each_alone(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame([{**dict.fromkeys(DECISIONS), **one} for one in rows], schema=DECISIONS)
    for personal, told in ((True, canonical.personal(frame)), (False, canonical.public(frame, ""))):
        fields = [field.name for field in RECORD if field.personal is personal]
        start = plain("forbear record 2") + (b"" if personal else plain(""))
        assert told.to_list() == [
            start + b"".join(plain(row.get(name)) for name in fields) for row in rows
        ]


def test_a_key_is_found_where_two_consumers_hashes_begin_alike(tmp_path: Path) -> None:
    made = consumer_keys(tmp_path).with_new(pl.Series(["C1", "C2", "C3"]), b"seed")
    asked = made.of(["C3", "C1", "C9"])
    row = made.table.row(0, named=True)
    twin = made.table.head(1).with_columns(t1=pl.lit(row["t1"] ^ 1, pl.UInt64), k0=pl.col("k0") + 1)
    for more in (pl.concat([twin, made.table]), pl.concat([made.table, twin]).sort("t0", "t1")):
        assert ConsumerKeys(more).of(["C3", "C1", "C9"]) == asked
    assert ConsumerKeys(made.table.reverse()).of(["C3", "C1", "C9"]) == asked
    assert asked[2] is None


def test_no_two_records_have_the_same_bytes() -> None:
    """Every field changed alone changes the bytes of its own part, and of no other."""
    base: dict[str, Any] = dict.fromkeys(DECISIONS)
    seen = {part: set[bytes]() for part in (True, False)}
    for field in RECORD:
        value: Any = {pl.List: ["x"], pl.Boolean: False, pl.String: "x"}.get(type(field.kind), 0)
        if isinstance(field.kind, pl.Datetime | pl.Date):
            frame = pl.DataFrame([base], schema=DECISIONS).with_columns(
                pl.lit(0).cast(field.kind).alias(field.name)
            )
        else:
            frame = pl.DataFrame([{**base, field.name: value}], schema=DECISIONS)
        parts = {True: canonical.personal(frame)[0], False: canonical.public(frame, "h")[0]}
        seen[True].add(parts[True])
        seen[False].add(parts[False])
    personal = sum(field.personal for field in RECORD)
    assert (len(seen[True]), len(seen[False])) == (personal + 1, len(RECORD) - personal + 1)


def test_salts_are_the_published_hmac() -> None:
    """RFC 4231, test case 1."""
    told = hashing.salt_of(bytes([0x0B] * 20), "Hi There")
    assert told.hex() == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


# -- sealing


def test_a_segment_of_an_earlier_form_is_sealed_checked_proved_and_purged(tmp_path: Path) -> None:
    """Records of version 1 stay what they were, in a log that goes on with version 2."""
    keys = make_keys(tmp_path / "home")
    made = segment(tmp_path)
    path = made / layout.DECISIONS
    pl.read_parquet(path).drop("basis").write_parquet(path)
    done = sealing.seal(keys, made, workers=1)
    newer = sealing.seal(keys, segment(tmp_path, "f" * 12), workers=1)
    formats = [read_head(one.place)["format"] for one in (done, newer)]
    assert formats == ["forbear log segment 2", "forbear log segment 3"]
    assert holds(keys)
    one = prover(keys.log, keys.signer.verifier)
    for part in one.log.segments:
        proof = one.inclusion(part, 3)
        assert ("basis" in proof["personal"]) == (part.number == 2)
        assert "is number" in check_proof(proof, keys.signer.verifier)
    told = purge(keys, ["C2"], NOW, "a test")
    assert [rows for _, rows in told.segments] == [2, 2]
    assert holds(keys)
    kept = pl.read_parquet(done.place / layout.DECISIONS)
    assert "basis" not in kept.columns
    rewrite(done.place, lambda rows: rows.with_columns(basis=pl.lit("{}")))
    assert not holds(keys)


def test_a_sealed_segment_holds_what_was_made(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "home")
    made = segment(tmp_path)
    done = sealing.seal(keys, made, workers=1)
    assert (done.name, done.first, done.size, done.found) == ("000001-0123456789ab", 0, 12, False)
    text = opened(done.checkpoint, keys.signer.verifier)
    signed = read_checkpoint(text)
    assert (signed.size, signed.value("before"), signed.value("at")) == (12, "none", COMMON["now"])
    assert sealing.newest(keys.log) == done.checkpoint
    (one,) = open_log(keys.log).segments
    assert (
        decisions(one, columns=list(DECISIONS))
        .collect()
        .equals(pl.read_parquet(made / "decisions.parquet"))
    )
    assert situations(one).height == len(NAMES)
    assert rulebook(one) == tuple(FILES)
    assert made.exists()


def test_a_rulebook_is_kept_once(tmp_path: Path) -> None:
    keys = home(tmp_path, 3, 4)
    assert len(list((keys.log / RULEBOOKS).iterdir())) == 1


def test_asked_again_it_finds_the_segment(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "home")
    made = segment(tmp_path)
    done = sealing.seal(keys, made, workers=1)
    sealing.seal(keys, segment(tmp_path, "other"), workers=1)
    again = sealing.seal(keys, made, workers=1)
    assert again.found
    assert (again.place, again.first, again.size) == (done.place, done.first, done.size)
    assert again.checkpoint == done.checkpoint
    assert sealing.sealed(keys, "0123456789ab") == again
    assert sealing.sealed(keys, "nothing") is None
    put = sealing.sealer(keys, 1)
    assert put(made, {}) == put(made, {})
    assert put(made, {})["note"] == done.checkpoint


def test_one_run_has_one_answer(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "home")
    sealing.seal(keys, segment(tmp_path), workers=1)
    other = segment(tmp_path / "other", count=7)
    with pytest.raises(sealing.CannotSeal, match="the same input gave two answers"):
        sealing.seal(keys, other, workers=1)
    assert holds(keys)


def test_the_same_home_gives_the_same_bytes(tmp_path: Path) -> None:
    notes = []
    for name in ("one", "two"):
        keys = keys_without_home(tmp_path / name)
        sealing.seal(keys, segment(tmp_path / f"made-{name}"), workers=1)
        notes.append(
            {path.relative_to(keys.log): path.read_bytes()
             for path in keys.log.rglob("*") if path.is_file()}
        )  # fmt: skip
        assert verify(keys.log, public_key(keys.log), workers=1).anybody
    assert notes[0] == notes[1]


STEPS = ("write_safely", "sync", "_sign", "_keep_nodes", "_hash", "_keep_rulebook", "file_digest")


class Killed(Exception):
    """Stands for the end of the process."""


def step(monkeypatch: pytest.MonkeyPatch, name: str, left: int) -> None:
    """End the process at the `left`th call of a step, before it does anything."""
    real = getattr(sealing, name)
    calls = [left]

    def dying(*args: Any) -> Any:
        calls[0] -= 1
        if calls[0] < 0:
            raise Killed
        return real(*args)

    monkeypatch.setattr(sealing, name, dying)


@pytest.mark.parametrize("name", STEPS)
def test_broken_off_anywhere_nothing_is_lost_or_doubled(tmp_path: Path, name: str) -> None:
    whole = home(tmp_path / "whole", 12, 5)
    for left in range(8):
        place = tmp_path / f"{left}"
        keys = home(place, 12)
        made = segment(place / "made", f"{1:012x}", 5)
        with pytest.MonkeyPatch.context() as patch:
            step(patch, name, left)
            try:
                sealing.seal(keys, made, workers=1)
                broken = False
            except Killed:
                broken = True
        if left % 2:  # another run comes between
            sealing.seal(keys, segment(place / "made", "between", 2), workers=1)
        sealing.seal(keys, made, workers=1)
        assert holds(keys)
        found = open_log(keys.log)
        assert sorted(one.run for one in found.segments if one.run != "between") == [
            f"{n:012x}" for n in (0, 1)
        ]
        assert not [one for one in (keys.log / "segments").iterdir() if one.name[0] == "."]
        if not broken:
            break
    assert holds(whole)


def test_a_log_that_was_changed_is_not_added_to(tmp_path: Path) -> None:
    keys = home(tmp_path, 12, 5)
    path = place_of(keys.log, 2) / layout.HEAD
    head = json.loads(path.read_text("utf-8"))
    head["tree"]["after"][0] = "00" * 32
    path.write_text(json.dumps(head), "utf-8")
    with pytest.raises(sealing.CannotSeal, match="is not as it was sealed"):
        sealing.seal(keys, segment(tmp_path, "more"), workers=1)


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "home")
    (keys.log / "segments").write_bytes(b"a file where a directory must be")
    with pytest.raises(CannotWrite):
        sealing.seal(keys, segment(tmp_path), workers=1)


KILL = """
import os, signal, sys
from pathlib import Path
from scheduler.log import keys, sealing
left = [int(sys.argv[3])]
def dying(real):
    def one(*args, **more):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    return one
os.fsync, os.replace, Path.rename = dying(os.fsync), dying(os.replace), dying(Path.rename)
Path.replace = dying(Path.replace)
sealing.seal(keys.keys_of(Path(sys.argv[1])), Path(sys.argv[2]), workers=1)
"""


def test_killed_for_good_at_each_step_nothing_is_lost_or_doubled(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    """Real kills, before each write to disk and each renaming; then another run, then again."""
    some = (1, 6, 11, 15, 17)
    for left in range(40) if rounds(len(some), 40) == 40 else some:
        place = tmp_path / f"{left}"
        keys = home(place, 12)
        made = segment(place / "made", f"{1:012x}", 5)
        told = [sys.executable, "-c", KILL, str(place / "home"), str(made), str(left)]
        ended = subprocess.run(told, check=False, timeout=60).returncode
        if left % 2:
            sealing.seal(keys, segment(place / "made", "between", 2), workers=1)
        sealing.seal(keys, made, workers=1)
        assert holds(keys)
        runs = [one.run for one in open_log(keys.log).segments if one.run != "between"]
        assert runs == [f"{n:012x}" for n in (0, 1)]
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
