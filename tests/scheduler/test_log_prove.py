"""Proofs as files: what they show, and that nothing in them can be changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.log import layout
from scheduler.log.keys import Keys
from scheduler.log.note import Checkpoint, Signer, sign
from scheduler.log.proving import CannotProve, Prover, check_proof, locate, prover, read_proof
from tests.scheduler.sealed import home


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """A log of more than one tile, over several segments."""
    return home(tmp_path_factory.mktemp("proved"), 12, 300, 5, 290)


@pytest.fixture(scope="module")
def one(keys: Keys) -> Prover:
    return prover(keys.log, keys.signer.verifier)


def plain(document: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(document)))


def note(keys: Keys, number: int) -> str:
    return layout.note_path(keys.log, number).read_text("utf-8")


def test_every_decision_is_proved(keys: Keys, one: Prover) -> None:
    for segment in one.log.segments:
        for row in {1, segment.rows // 2, segment.rows}:
            proof = plain(one.inclusion(segment, row))
            said = check_proof(proof, keys.signer.verifier)
            assert f"is number {segment.first + row} of the 607 in the log" in said
            assert len(json.dumps(proof)) < 10_000


def test_that_the_log_only_grew_is_proved(keys: Keys, one: Prover) -> None:
    for old in (1, 2, 3, 4):
        for new in range(old, 5):
            proof = plain(one.consistency(note(keys, old), note(keys, new)))
            said = check_proof(proof, keys.signer.verifier)
            assert said.endswith("decisions") or "begins with the same" in said


def test_proofs_are_the_same_without_the_nodes_kept(keys: Keys, one: Prover) -> None:
    path = keys.log / layout.NODES
    kept = path.read_bytes()
    proof = one.inclusion(one.log.segments[1], 250)
    try:
        for left in (b"", kept[:32]):
            path.write_bytes(left)
            again = prover(keys.log, keys.signer.verifier)
            assert again.inclusion(again.log.segments[1], 250) == proof
    finally:
        path.write_bytes(kept)


def changed(document: Any) -> Iterator[tuple[str, Any]]:
    """The document with each of its values changed, one at a time."""
    places: list[tuple[Any, ...]] = []

    def walk(value: Any, place: tuple[Any, ...]) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, (*place, name))
        elif isinstance(value, list) and value:
            for number, inner in enumerate(value):
                walk(inner, (*place, number))
        else:
            places.append(place)

    walk(document, ())
    for place in places:
        other = copy.deepcopy(document)
        target = other
        for step in place[:-1]:
            target = target[step]
        value = target[place[-1]]
        if isinstance(value, bool):
            target[place[-1]] = not value
        elif isinstance(value, int):
            target[place[-1]] = value + 1
        elif isinstance(value, str) and len(value) > 20:
            target[place[-1]] = value[:-3] + ("0" if value[-3] != "0" else "1") + value[-2:]
        elif isinstance(value, list):
            target[place[-1]] = ["x"]
        else:
            target[place[-1]] = "x" if value != "x" else "y"
        yield "/".join(str(one) for one in place), other


def test_nothing_in_a_proof_can_be_changed(keys: Keys, one: Prover) -> None:
    proof = plain(one.inclusion(one.log.segments[1], 7))
    tried = 0
    for place, other in changed(proof):
        if place == "segment":  # where it stands, for people: nothing hangs on it
            continue
        with pytest.raises(CannotProve):
            raise AssertionError(f"{place}: {check_proof(other, keys.signer.verifier)}")
        tried += 1
    assert tried > 50
    grown = plain(one.consistency(note(keys, 2)))
    for place, other in changed(grown):
        with pytest.raises(CannotProve):
            raise AssertionError(f"{place}: {check_proof(other, keys.signer.verifier)}")


def test_a_proof_holds_for_its_key_alone(keys: Keys, one: Prover) -> None:
    proof = plain(one.inclusion(one.log.segments[0], 1))
    other = Signer(keys.signer.name, bytes(32))
    with pytest.raises(CannotProve, match="the checkpoint in the proof: this is not signed by"):
        check_proof(proof, other.verifier)
    forged = Checkpoint(keys.signer.name, 607, bytes(32)).text()
    with pytest.raises(CannotProve, match="is not in the log of this checkpoint, or was changed"):
        check_proof({**proof, "checkpoint": sign(forged, keys.signer)}, keys.signer.verifier)


@pytest.mark.parametrize("document", [{}, {"format": "forbear proof 1"}, {"format": 3}])
def test_what_is_no_proof_proves_nothing(keys: Keys, document: dict[str, Any]) -> None:
    with pytest.raises(CannotProve, match=r"not a proof of ours|not complete"):
        check_proof(document, keys.signer.verifier)


def test_files_that_are_no_proofs_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("{", "[]", "\xff"):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(CannotProve, match=r"x\.json is not a proof"):
            read_proof(path)


def test_a_decision_is_found_by_its_id(one: Prover) -> None:
    segment, row = locate(one.log, f"{1:012x}-{7:09}")
    assert (segment.number, row) == (2, 7)
    for name in ("nothing", f"{1:012x}-{301:09}", f"{1:012x}-0"):
        with pytest.raises(CannotProve, match="the log has no decision"):
            locate(one.log, name)


def test_a_log_that_was_changed_proves_nothing(tmp_path: Path) -> None:
    keys = home(tmp_path, 12, 5)
    text = Checkpoint(keys.signer.name, 17, bytes(32)).text()
    layout.note_path(keys.log, 2).write_text(sign(text, keys.signer), "utf-8")
    asked = prover(keys.log, keys.signer.verifier)
    with pytest.raises(CannotProve, match="the log is not as it was sealed"):
        asked.inclusion(asked.log.segments[0], 1)
    with pytest.raises(CannotProve, match="has no row 13"):
        asked.inclusion(asked.log.segments[0], 13)
    for path in (keys.log / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(CannotProve, match="was never sealed"):
        asked.checkpoint()
    bigger = sign(Checkpoint(keys.signer.name, 99, bytes(32)).text(), keys.signer)
    with pytest.raises(CannotProve, match="more than the newer"):
        asked.consistency(bigger, sign(text, keys.signer))
    with pytest.raises(CannotProve, match="the log has 17 decisions, not 99"):
        asked.consistency(bigger, bigger)
