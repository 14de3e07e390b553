"""A pack checked by whoever was handed it: its files, its proofs, and every decision once more.

Nothing but the pack is needed, and at best a key that came from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from engine.panel import Panel
from engine.problem import ForbearError

from .answering import Replayed
from .exporting_files import BOOKS, FORMAT, KEY, LIST, PROOFS, RECORDS
from .note import Verifier, read_verifier
from .proving import CannotProve, check_proof
from .reading import ERASED
from .records import DECISIONS, SITUATIONS
from .replaying import days_of, decide_again, law_from


class NotAPack(ForbearError):
    """What was handed over is no pack of ours: one sentence says why."""


@dataclass
class Examined:
    """What came of a pack: what is `wrong` in words, how much was looked at, and by which key."""

    wrong: list[str] = field(default_factory=list)
    files: int = 0
    proofs: int = 0
    decisions: int = 0
    erased: int = 0
    replayed: list[Replayed] = field(default_factory=list)
    key: str | None = None
    own_key: bool = True


def examine(
    files: Mapping[str, bytes],
    key: Verifier | None,
    versions: Mapping[str, str],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Examined:
    """Check a pack: each file by its hash, each proof by the key, each decision by both engines.

    `key`: the public key as it came from elsewhere; None: the one in the pack is taken at its word.
    Raises NotAPack, CannotReplay.
    """
    found = Examined(own_key=key is None)
    listed = _document(files, LIST)
    if listed.get("format") != FORMAT:
        raise NotAPack(f"{LIST} is of another format; this version reads `{FORMAT}`")
    _files(found, files, listed)
    records = _document(files, RECORDS)
    verifier = key if key is not None else _own_key(files)
    found.key = str(verifier) if verifier is not None else None
    _proofs(found, files, records, verifier)
    for name, head in records["segments"].items():
        mine = [one for one in records["decisions"] if one["segment"] == name]
        found.replayed.append(_again(files, name, head, mine, versions, progress))
    found.decisions = len(records["decisions"])
    found.erased = sum(one.erased for one in found.replayed)
    found.wrong += [str(each) for one in found.replayed for each in one.differences]
    return found


def _document(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in files:
        raise NotAPack(f"this is no pack: it has no {name}")
    try:
        found = json.loads(files[name])
    except ValueError:
        raise NotAPack(f"{name} is not JSON") from None
    if not isinstance(found, dict):
        raise NotAPack(f"{name} is not what it should be")
    return found


def _files(found: Examined, files: Mapping[str, bytes], listed: Mapping[str, Any]) -> None:
    """Compare every file with the list of them."""
    told: Mapping[str, Mapping[str, Any]] = listed["files"]
    for path in sorted(told.keys() - files.keys()):
        found.wrong.append(f"{path} is missing")
    for path in sorted(files.keys() - told.keys() - {LIST}):
        found.wrong.append(f"{path} is not in {LIST}")
    for path in sorted(told.keys() & files.keys()):
        found.files += 1
        if hashlib.sha256(files[path]).hexdigest() != told[path]["sha256"]:
            found.wrong.append(f"{path} was changed since the pack was made")


def _own_key(files: Mapping[str, bytes]) -> Verifier | None:
    if KEY not in files:
        return None
    try:
        return read_verifier(files[KEY].decode().strip())
    except (ForbearError, ValueError) as error:
        raise NotAPack(f"{KEY}: {error}") from error


def _proofs(
    found: Examined,
    files: Mapping[str, bytes],
    records: Mapping[str, Any],
    verifier: Verifier | None,
) -> None:
    """Check every decision's proof, and that it proves the very record of the pack."""
    for one in records["decisions"]:
        name = one["record"]["decision_id"]
        path = f"{PROOFS}/{name}.json"
        if path not in files:
            if verifier is not None:
                found.wrong.append(f"decision {name} has no proof")
            continue
        if verifier is None:
            found.wrong.append(f"there is no key to check {path} with")
            continue
        try:
            proof = _document(files, path)
            check_proof(proof, verifier)
        except (CannotProve, NotAPack) as error:
            found.wrong.append(f"{path}: {error}")
            continue
        found.proofs += 1
        proved = {**proof["public"], **proof.get("personal", {})}
        for word in proved:
            if word in one["record"] and proved[word] != one["record"][word]:
                found.wrong.append(f"decision {name}: {word} is not what its proof proves")
        if "personal" in proof:
            told = [{w: row[w] for w in SITUATIONS} for row in proof["situations"]]
            if told != [{w: row[w] for w in SITUATIONS} for row in one["situations"]]:
                found.wrong.append(f"decision {name}: its situations are not those proved")


def _again(
    files: Mapping[str, bytes],
    name: str,
    head: Mapping[str, Any],
    mine: list[dict[str, Any]],
    versions: Mapping[str, str],
    progress: Callable[[str, int, int], None],
) -> Replayed:
    """Decide the pack's decisions of one segment again."""
    folder = f"{BOOKS}/{str(head['rulebook']).removeprefix('sha256:')[:12]}/"
    book = [(path.removeprefix(folder), data) for path, data in files.items()
            if path.startswith(folder)]  # fmt: skip
    law = law_from(book, name, head)
    rows = frame_of([one["record"] for one in mine])
    met = {row["situation"]: row for one in mine for row in one["situations"]}
    kept = [{word: row[word] for word in SITUATIONS} for row in met.values()]
    situations = pl.DataFrame(kept, schema=SITUATIONS)
    found = Replayed(name)
    days = days_of(rows)
    with Panel(law) as panel:
        decide_again(found, panel, head, situations, [rows], days, versions, progress)
    return found


def frame_of(records: list[dict[str, Any]]) -> pl.DataFrame:
    """Records of plain data as rows, as the log's door gives them."""
    rows = []
    for one in records:
        row: dict[str, Any] = {}
        for name, kind in DECISIONS.items():
            value = one.get(name)
            if value is not None and isinstance(kind, pl.Datetime):
                value = datetime.fromisoformat(value)
            elif value is not None and isinstance(kind, pl.Date):
                value = date.fromisoformat(value)
            row[name] = value
        rows.append(row)
    found = pl.DataFrame(rows, schema=DECISIONS)
    return found.with_columns(pl.col("account").is_null().alias(ERASED))
