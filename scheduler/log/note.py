"""Signed notes and checkpoints as C2SP writes them down (signed-note, tlog-checkpoint), Ed25519.

A note is text, an empty line, and signatures: `— NAME BASE64(KEY HASH, SIGNATURE)`. A verifier key
is `NAME+KEY HASH+BASE64(0x01, PUBLIC KEY)`; the key hash is the first four bytes of the SHA-256 of
name, line feed, 0x01 and public key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.problem import ForbearError

ED25519: Final = b"\x01"
PRIVATE: Final = "PRIVATE+KEY+"
DASH: Final = "— "


class NotANote(ForbearError):
    """A text is no note, no key, or not signed by the key asked for: the message says why."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it goes by."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes that tell signatures of this key."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as one line."""
        return f"{self.name}+{self.hash.hex()}+{_text(ED25519 + self.public)}"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key and the name it goes by. It is never shown."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(self.name, key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def secret(self) -> str:
        """The key as one line, for the file it is kept in."""
        return f"{PRIVATE}{self.name}+{self.verifier.hash.hex()}+{_text(ED25519 + self.seed)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _data(text: str) -> bytes:
    """What a text in base64 says; of the texts that decode alike only the one RFC 4648 writes."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotANote(f"`{text[:20]}` is not base64") from error
    if _text(found) != text:  # bits behind the last byte, RFC 4648, 3.5
        raise NotANote(f"`{text[:20]}` is not base64 as it is written")
    return found


def _parts(text: str) -> tuple[str, str, bytes]:
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not parts[0] or any(one.isspace() for one in parts[0]):
        raise NotANote("a key is one line, NAME+HASH+BASE64")
    data = _data(parts[2])
    if len(data) != 33 or data[:1] != ED25519:
        raise NotANote("this is not an Ed25519 key")
    return parts[0], parts[1], data[1:]


def read_verifier(text: str) -> Verifier:
    """The public key a line holds. Raises NotANote."""
    name, hash_, public = _parts(text)
    found = Verifier(name, public)
    if found.hash.hex() != hash_:
        raise NotANote("the hash in the key is not that of the key")
    return found


def read_signer(text: str) -> Signer:
    """The private key a line holds. Raises NotANote."""
    if not text.startswith(PRIVATE):
        raise NotANote(f"a private key begins with {PRIVATE}")
    name, hash_, seed = _parts(text.removeprefix(PRIVATE))
    found = Signer(name, seed)
    if found.verifier.hash.hex() != hash_:
        raise NotANote("the hash in the key is not that of the key")
    return found


def sign(text: str, signer: Signer) -> str:
    """A note of this text, which must end in a line feed."""
    if not text.endswith("\n"):
        raise ValueError("the text of a note ends in a line feed")
    made = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(text.encode())
    return f"{text}\n{DASH}{signer.name} {_text(signer.verifier.hash + made)}\n"


def opened(note: str, verifier: Verifier) -> str:
    """The text of a note that this key signed. Raises NotANote."""
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NotANote("this is not a signed note")
    text += "\n"
    named = False
    for line in signatures[:-1].split("\n"):
        name, _, value = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not name or not value:
            raise NotANote("a line of signatures is no signature")
        data = _data(value)
        if name != verifier.name or data[:4] != verifier.hash:
            continue
        named = True
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(data[4:], text.encode())
        except InvalidSignature:
            raise NotANote(f"the signature of {name} does not hold for this text") from None
    if not named:
        raise NotANote(f"this is not signed by {verifier.name}+{verifier.hash.hex()}")
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree: whose log, its size and root, and lines of our own, `word value`."""

    origin: str
    size: int
    root: bytes
    lines: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        own = "".join(f"{word} {value}\n" for word, value in self.lines)
        return f"{self.origin}\n{self.size}\n{_text(self.root)}\n{own}"

    def value(self, word: str) -> str | None:
        """What the line of this word says, None if there is none."""
        return next((value for name, value in self.lines if name == word), None)


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that the text of a note is. Raises NotANote."""
    lines: Sequence[str] = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NotANote("this is not a checkpoint")
    origin, size, root, *own = lines[:-1]
    if not size.isascii() or not size.isdigit() or (size[0] == "0" and size != "0"):
        raise NotANote(f"`{size[:20]}` is not the size of a tree")
    data = _data(root)
    if len(data) != 32:
        raise NotANote("the root of a tree has 32 bytes")
    words = (line.partition(" ") for line in own)
    return Checkpoint(origin, int(size), data, tuple((word, value) for word, _, value in words))
