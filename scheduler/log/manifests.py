"""A published day checked: the note about its manifest, every file, the checkpoint it carries."""

from __future__ import annotations

import json
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from .note import NotANote, Verifier, opened, read_checkpoint
from .sealing import file_digest

MANIFEST: Final = "manifest.json"
NOTE: Final = "manifest.note"


def check_manifest(place: Path, verifier: Verifier, purged: Collection[str] = ()) -> list[str]:
    """What is wrong with a published day; nothing, if all of it is what was signed.

    `purged`: hashes of files that signed purge records left, which stand for the ones before.
    """
    wrong: list[str] = []
    try:
        data = (place / MANIFEST).read_bytes()
        document = json.loads(data)
        files = dict(document["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{MANIFEST} cannot be read"]
    try:
        text = opened((place / NOTE).read_text(encoding="utf-8"), verifier)
        if f"file {MANIFEST} sha256:{sha256(data).hexdigest()}" not in text.split("\n"):
            wrong.append(f"{MANIFEST} was changed after it was signed")
    except OSError:
        wrong.append(f"{NOTE} is missing: the manifest is not signed")
    except (NotANote, ValueError) as error:
        wrong.append(f"{NOTE}: {error}")
    found = (_file(place, name, files[name], purged) for name in sorted(files))
    wrong += [problem for problem in found if problem]
    return wrong + _checkpoint(document.get("checkpoint"), verifier)


def _file(place: Path, name: str, told: Any, purged: Collection[str]) -> str | None:
    try:
        if file_digest(place / name) not in (told["sha256"], *purged):
            return f"{name} was changed"
    except OSError:
        return f"{name} is missing"
    except (KeyError, TypeError):
        return f"{MANIFEST} says nothing of {name}"
    return None


def _checkpoint(told: Any, verifier: Verifier) -> list[str]:
    """Whether the checkpoint in the manifest is the log's."""
    try:
        signed = read_checkpoint(opened(told["note"], verifier))
        if signed.size != told["size"] or signed.origin != verifier.name:
            return [f"the checkpoint in {MANIFEST} is another than it says"]
    except (KeyError, TypeError):
        return [f"{MANIFEST} carries no checkpoint"]
    except NotANote as error:
        return [f"the checkpoint in {MANIFEST}: {error}"]
    return []
