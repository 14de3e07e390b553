"""Keys of a log: the one that signs, and one for each consumer, from which salts are made.

The signing key and the seed of consumers' keys stay in `HOME/keys`, readable by their owner alone.
The public key and the consumers' keys stand in the log, for whoever checks it. A consumer's key is
there by the hash of the consumer's id; destroyed, it cannot be made again, for the seed changes.
"""

from __future__ import annotations

import os
import secrets
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import polars as pl

from engine.problem import ForbearError

from ..disk import sync, writing
from .note import NotANote, Signer, Verifier, read_signer, read_verifier, sign

FOLDER: Final = "keys"
SIGNING: Final = "log-signing.key"
SEED: Final = "consumers-seed.key"
PUBLIC: Final = "public.key"
CONSUMERS: Final = "consumers.parquet"
LOG: Final = "log"
KEY: Final = 24  # bytes of a consumer's key
WHOLE: Final = ("t0", "t1", "k0", "k1", "k2")
_IPAD: Final = bytes(one ^ 0x36 for one in range(256))
_OPAD: Final = bytes(one ^ 0x5C for one in range(256))
_AT_ONCE: Final = 200_000  # consumers whose keys are made together
NOBODY: Final = "forbear-without-a-home"


class KeyProblem(ForbearError):
    """A key is missing, cannot be used, or can be read by others: the message says which."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What seals a log: where the log is, who signs, and the seed of consumers' keys.

    `home` is None where there is none: then anybody could have signed, and verify says so.
    """

    log: Path
    signer: Signer
    seed: bytes
    home: Path | None = None


def keys_of(home: Path) -> Keys:
    """The keys of a home, made if its log has not begun. Raises KeyProblem, CannotWrite."""
    folder, log = home / FOLDER, home / LOG
    if not (folder / SIGNING).exists() and not (log / "segments").exists():
        make_keys(home)
    try:
        signer = read_signer(_read(folder / SIGNING))
    except NotANote as error:
        raise KeyProblem(f"{folder / SIGNING}: {error}") from error
    text = _read(folder / SEED).strip()
    try:
        seed = bytes.fromhex(text)
    except ValueError as error:
        raise KeyProblem(f"{folder / SEED} is not a seed") from error
    return Keys(log, signer, seed, home)


def keys_without_home(log: Path) -> Keys:
    """Keys that everybody knows, for a log without a home: it can be checked, but not trusted."""
    return Keys(log, nobody(), sha256(b"forbear: consumers without a home\n").digest())


def nobody() -> Signer:
    """The key that everybody knows."""
    return Signer(NOBODY, sha256(b"forbear: a log without a home\n").digest())


def seed_of(keys: Keys) -> bytes:
    """The seed as it is now: a purge may have changed it. Raises KeyProblem."""
    return keys.seed if keys.home is None else keys_of(keys.home).seed


def new_seed(home: Path) -> None:
    """Make another seed: keys that are gone cannot be made from it. Raises CannotWrite."""
    write_safely(home / FOLDER / SEED, f"{secrets.token_bytes(32).hex()}\n".encode())


def make_keys(home: Path) -> Keys:
    """Make the keys of a home, and its log's directory; keys that are there stay.

    Whatever the umask, files are their owner's alone. Raises CannotWrite, KeyProblem.
    """
    folder, log = home / FOLDER, home / LOG
    for place in (folder, log):
        private_folder(place)
    if not (folder / SIGNING).exists():
        seed = secrets.token_bytes(32)
        public = Signer("", seed).verifier.public
        signer = Signer(f"forbear-{sha256(public).hexdigest()[:8]}", seed)
        if not (folder / SEED).exists():
            _new(folder / SEED, f"{secrets.token_bytes(32).hex()}\n")
        _new(folder / SIGNING, f"{signer.secret()}\n")
    keys = keys_of(home)
    publish_key(keys)
    return keys


def publish_key(keys: Keys) -> Verifier:
    """Put the public key into the log, for whoever checks it. Raises CannotWrite, KeyProblem."""
    verifier, path = keys.signer.verifier, keys.log / PUBLIC
    if path.exists():
        if public_key(keys.log) != verifier:
            raise KeyProblem(f"{path} is not the public key of {FOLDER}/{SIGNING}")
        return verifier
    write_safely(path, f"{verifier}\n".encode())
    return verifier


def public_key(log: Path) -> Verifier:
    """The public key that stands in a log. Raises KeyProblem."""
    path = log / PUBLIC
    try:
        return read_verifier(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KeyProblem(f"{path} cannot be read") from error
    except NotANote as error:
        raise KeyProblem(f"{path}: {error}") from error


def private_folder(place: Path) -> None:
    """Make a directory that only its owner enters. Raises CannotWrite."""
    with writing(place):
        if not place.exists():
            place.mkdir(parents=True)
            place.chmod(0o700)


def _new(path: Path, text: str) -> None:
    with writing(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path) -> str:
    """A secret file's text, if nobody else can read it or put another in its place."""
    try:
        for one, mode in ((path, "600"), (path.parent, "700")):
            if sys.platform != "win32" and stat.S_IMODE(one.stat().st_mode) & 0o077:
                raise KeyProblem(
                    f"{one} is open to others: nothing is signed with it; make it yours alone "
                    f"(chmod {mode} {one}), or make new keys if others had it"
                )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise KeyProblem(f"the log's key {path} cannot be read: {why}") from error
    except ValueError as error:
        raise KeyProblem(f"{path} is not a key") from error


def write_safely(path: Path, data: bytes) -> None:
    """Write a file of one's own whole or not at all, on disk when this returns.

    Raises CannotWrite.
    """
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)


def sign_file(keys: Keys, path: Path) -> str:
    """A signed note that names a file and its hash, to stand beside it."""
    text = f"{keys.signer.name}\nfile {path.name} sha256:{sha256(path.read_bytes()).hexdigest()}\n"
    return sign(text, keys.signer)


# -- consumers


def _tag(consumer: str) -> bytes:
    return sha256(b"forbear consumer 1\n" + consumer.encode()).digest()[:16]


def salting(key: bytes) -> tuple[bytes, bytes]:
    """The two blocks of HMAC-SHA256 that depend on the key alone (RFC 2104), 64 bytes each."""
    whole = key.ljust(64, b"\0")
    return whole.translate(_IPAD), whole.translate(_OPAD)


def _made(seed: bytes, consumers: Sequence[str]) -> list[bytes]:
    """Each consumer's key: the first bytes of HMAC-SHA256(seed, consumer)."""
    inside, outside = salting(seed)
    start = inside + b"forbear consumer key 1\n"
    return [
        sha256(outside + sha256(start + one.encode()).digest()).digest()[:KEY] for one in consumers
    ]


def _words(column: str, count: int) -> list[pl.Expr]:
    """Eight bytes each of a binary column, as whole numbers."""
    return [
        pl.col(column).bin.slice(8 * at, 8).bin.reinterpret(dtype=pl.UInt64()).alias(f"w{at}")
        for at in range(count)
    ]


def _tags(consumers: Sequence[str]) -> pl.DataFrame:
    frame = pl.DataFrame({"tag": [_tag(one) for one in consumers]}, schema={"tag": pl.Binary()})
    return frame.select(_words("tag", 2)).rename({"w0": "t0", "w1": "t1"})


@dataclass(frozen=True, slots=True, repr=False)
class ConsumerKeys:
    """The keys of a log's consumers: a table of hashes and keys, eight bytes a column."""

    table: pl.DataFrame

    def of(self, consumers: Sequence[str]) -> list[bytes | None]:
        """Each consumer's key, None where there is none (any more)."""
        found = self._found(_tags(consumers))
        return [
            None if one[0] is None else struct.pack("<3Q", *one)
            for one in found.select(WHOLE[2:]).iter_rows()
        ]

    def _found(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The rows of some tags, in their order; the table is sorted, so most are just looked up.

        Where two tags have the same first half, or it is not sorted, it is joined.
        """
        first = self.table["t0"]
        if self.table.is_empty() or not first.is_sorted():
            return asked.join(self.table, on=["t0", "t1"], how="left", maintain_order="left")
        at = first.search_sorted(asked["t0"]).clip(upper_bound=first.len() - 1)
        near = self.table[at]
        same = near["t0"] == asked["t0"]
        if ((near["t1"] != asked["t1"]) & same).any():
            return asked.join(self.table, on=["t0", "t1"], how="left", maintain_order="left")
        keys = [pl.when(same).then(pl.col(name)).alias(name) for name in WHOLE[2:]]
        return near.select(asked["t0"], asked["t1"], *keys)

    def with_new(self, consumers: pl.Series, seed: bytes) -> ConsumerKeys:
        """These, with keys for consumers that have none yet."""
        added = []
        for some in consumers.unique().to_frame("consumer").iter_slices(_AT_ONCE):
            names = some["consumer"]
            tags = _tags(names.to_list())
            fresh = self._found(tags)["k0"].is_null()
            if not fresh.any():
                continue
            made = pl.DataFrame({"key": _made(seed, names.filter(fresh).to_list())})
            made = made.select(_words("key", 3))
            made.columns = list(WHOLE[2:])
            added.append(pl.concat([tags.filter(fresh), made], how="horizontal"))
        if not added:
            return self
        return ConsumerKeys(pl.concat([self.table, *added]).sort("t0", "t1"))

    def without(self, consumers: Iterable[str]) -> ConsumerKeys:
        """These, without the keys of some consumers."""
        gone = _tags(list(consumers))
        return ConsumerKeys(
            self.table.join(gone, on=["t0", "t1"], how="anti", maintain_order="left")
        )

    def write(self, log: Path) -> None:
        """Put them on disk, whole or not at all. Raises CannotWrite."""
        path = log / CONSUMERS
        part = path.with_name(f".{CONSUMERS}.part")
        with writing(path):
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self.table.write_parquet(part, compression="uncompressed", statistics=False)
            sync(part)
            part.replace(path)
            sync(log)


def consumer_keys(log: Path) -> ConsumerKeys:
    """The consumers' keys of a log; none if there is no file. Raises KeyProblem."""
    path = log / CONSUMERS
    if not path.exists():
        return ConsumerKeys(pl.DataFrame(schema=dict.fromkeys(WHOLE, pl.UInt64())))
    try:
        table = pl.read_parquet(path)
        return ConsumerKeys(table.select(pl.col(name).cast(pl.UInt64()) for name in WHOLE))
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise KeyProblem(f"{path} cannot be read") from error
