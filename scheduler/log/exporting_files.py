"""A pack's files: what an examiner is handed, and a list of them with their hashes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.explain import WIDTH
from engine.version import VERSION

from ..making import writing
from .exporting import AROUND, Pack, record_of
from .exporting_page import cell, introduction, page
from .exporting_sheet import sheet
from .exporting_timeline import timeline

FORMAT: Final = "forbear pack 1"
LIST: Final = "pack.json"
KEY: Final = "public.key"
NOTE: Final = "checkpoint.note"
PROOFS: Final = "proofs"
BOOKS: Final = "rulebooks"
RECORDS: Final = "decisions.json"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def files_of(pack: Pack) -> dict[str, bytes]:
    """Every file of a pack by its path, in the order of the paths."""
    found: dict[str, bytes] = {
        "README.txt": readme(pack).encode(),
        "decisions.html": page(pack).encode(),
        "decisions.pdf": sheet(pack),
        RECORDS: _json(_records(pack)),
    }
    if pack.rows_from is not None:
        found |= {f"{table}.csv": _csv(pack, table) for table in AROUND}
        found["timeline.csv"] = _timeline(pack)
    if pack.checkpoint is not None:
        found[NOTE] = pack.checkpoint.encode()
    if pack.key is not None:
        found[KEY] = pack.key.encode()
    for one in pack.picked:
        if one.proof is not None:
            found[f"{PROOFS}/{one.name}.json"] = _json(one.proof)
    for digest, files in pack.files.items():
        folder = f"{BOOKS}/{digest.removeprefix('sha256:')[:12]}"
        found |= {f"{folder}/{path}": data for path, data in files}
    found = dict(sorted(found.items()))
    found[LIST] = _json(_list(pack, found))
    return found


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _records(pack: Pack) -> dict[str, Any]:
    """What a decision is decided again from: its fields and situations, and its segment's head."""
    return {
        "format": FORMAT,
        "segments": {name: dict(head) for name, head in pack.heads.items()},
        "decisions": [
            {
                "segment": one.segment.name,
                "record": record_of(one),
                "situations": [dict(row) for row in one.met],
            }
            for one in pack.picked
        ],
    }


def _list(pack: Pack, files: Mapping[str, bytes]) -> dict[str, Any]:
    chosen = pack.chosen
    return {
        "format": FORMAT,
        "forbear": VERSION,
        "asked_for": chosen.how,
        "fitting": chosen.fitting,
        "sample": chosen.sample,
        "seed": chosen.seed,
        "counts": dict(pack.counts),
        "unproved": pack.unproved,
        "rulebooks": sorted(pack.books),
        "files": {
            path: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for path, data in files.items()
        },
    }


def _csv(pack: Pack, table: str) -> bytes:
    """The rows of one table around all decisions, each once for every decision it stands by."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(["decision_id", "known", *AROUND[table]])
    for one in pack.picked:
        for known, rows in (("then", one.then), ("afterwards", one.after)):
            for row in rows.get(table, ()):
                cells = [_safe(cell(row[name])) for name in AROUND[table]]
                writer.writerow([one.name, known, *cells])
    return held.getvalue().encode()


def _timeline(pack: Pack) -> bytes:
    """Each consumer's file in the order of time."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(["consumer", "at", "what", "said", "id"])
    for one in timeline(pack):
        cells = (one.consumer, cell(one.at), one.what, one.said, one.id)
        writer.writerow([_safe(each) for each in cells])
    return held.getvalue().encode()


def _safe(text: str) -> str:
    """A text that a spreadsheet would take for a formula, marked as text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def readme(pack: Pack) -> str:
    """What the pack is, what is in it, and what to run."""
    some = pack.picked[0].name if pack.picked else "DECISION"
    proved = pack.checkpoint is not None and pack.key is not None
    lines = [
        "DECISIONS OUT OF THE LOG",
        "",
        textwrap.fill(introduction(pack), WIDTH, break_long_words=False, break_on_hyphens=False),
        "",
        "What is in here",
        "  decisions.html  each decision in words: what was asked, every rule that refused, its",
        "  decisions.pdf   law and what was found, what applied and was kept, what the two",
        "                  engines answered each",
        "  decisions.json  the same as data: the records and the facts they stand on",
        "  rulebooks/      the rule files decided by, whole, under their digest",
    ]
    if pack.rows_from is not None:
        lines += [
            "  contacts.csv    what was on record around each decision: as known then, sixty days",
            "  statements.csv  of contacts and everything said or learned; and what came within",
            "  knowledge.csv   seven days afterwards",
            "  timeline.csv    all of it and the decisions, each consumer's in the order of time",
        ]
    if proved:
        lines += [
            "  proofs/         for each decision a proof that it is in the log",
            "  checkpoint.note the signed head of the log that the proofs lead to",
            "  public.key      the key it was signed with",
        ]
    lines += [
        "  pack.json       how it was chosen; every file with its sha256",
        "",
        "What to run",
        f"  pip install forbear=={VERSION}   (any later version will do; it needs a C compiler)",
        "",
        "  forbear log examine .",
        "      checks every file against pack.json and every proof against the key, and decides",
        "      each decision again by both engines from its facts and the rules in here; it needs",
        "      no network and nothing of the firm's",
    ]
    if proved:
        lines += [
            f"  forbear log verify --proof proofs/{some}.json --key public.key",
            "      checks one proof alone",
            "",
            "What you must ask for elsewhere",
            "  Take the public key, and a checkpoint, from a place the firm does not write: its",
            "  filings with you, or a dialer that kept the checkpoint of its list. Then",
            "      forbear log examine . --key THAT-KEY",
            "  shows that the pack is of that log. That the log is whole, with nothing left out or",
            "  cut off, its files show:",
            "      forbear log verify LOG --key THAT-KEY --against THAT-CHECKPOINT",
        ]
    lines += [
        "",
        "What a decision's words mean",
        "  prohibition: the law forbids; presumption: the law presumes a violation; policy: the",
        "  firm's own, not law; structural: something without which nothing can be decided is",
        "  missing. A contact is permitted only if both engines found nothing against it.",
        "",
        "The pack names people. Keep it as such papers are kept.",
        "",
    ]
    return "\n".join(lines)


def write_directory(place: Path, files: Mapping[str, bytes]) -> None:
    """Write a pack into a directory that is not there yet, or is empty. Raises CannotWrite."""
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o700)
        for path, data in files.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def write_zip(place: Path, files: Mapping[str, bytes]) -> None:
    """Write a pack as one zip file, whose bytes hang on the files alone. Raises CannotWrite."""
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:
            for path, data in files.items():
                entry = zipfile.ZipInfo(path, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o600 << 16
                whole.writestr(entry, data)
        place.chmod(0o600)


def read_files(place: Path) -> dict[str, bytes]:
    """The files of a pack, of a directory or a zip file, by path. Raises OSError, BadZipFile."""
    if place.is_dir():
        paths: Sequence[Path] = sorted(path for path in place.rglob("*") if path.is_file())
        return {path.relative_to(place).as_posix(): path.read_bytes() for path in paths}
    with zipfile.ZipFile(place) as whole:
        return {name: whole.read(name) for name in sorted(whole.namelist())}
