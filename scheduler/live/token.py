"""A permit as a signed text: who holds one may contact, until when; checkable without us.

`forbear-permit-1.PAYLOAD.SIGNATURE`, each base64url without padding; PAYLOAD is JSON, the signature
is Ed25519 over the text before its point. It says that the permit was issued, not that nothing was
withdrawn since.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.clock import format_instant, parse_instant
from engine.problem import ForbearError

HEAD: Final = "forbear-permit-1"
_NAMES: Final = ("permit", "account", "point", "channel", "from", "until", "rulebook", "key")


class NoPermit(ForbearError):
    """A text is no permit, or not one that this key signed, or it holds no more."""


class Signer(Protocol):
    """Signs permits: the home's Ed25519 key, and its name."""

    @property
    def name(self) -> str:
        """What the key goes by."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a private key at hand."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, seed: bytes) -> KeySigner:
        """Of the 32 bytes of a private key, as the log's signer has them."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self.key.sign(message)


@dataclass(frozen=True, slots=True)
class Token:
    """What a permit's token says. `since`, `until`: when it holds, the end not included."""

    permit: str
    account: str
    point: str
    channel: str
    since: datetime
    until: datetime
    rulebook: str
    key: str


def issue(signer: Signer, told: Token) -> str:
    """The token of a permit."""
    values = (
        told.permit, told.account, told.point, told.channel, format_instant(told.since),
        format_instant(told.until), told.rulebook, told.key,
    )  # fmt: skip
    said = dict(zip(_NAMES, values, strict=True))
    payload = _coded(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode())
    text = f"{HEAD}.{payload}"
    return f"{text}.{_coded(signer.sign(text.encode()))}"


def check_token(token: str, key: Ed25519PublicKey, now: datetime) -> Token:
    """What a token says, if the key signed it and it holds now. Raises NoPermit."""
    text, _, signature = token.rpartition(".")
    head, _, payload = text.partition(".")
    if head != HEAD:
        raise NoPermit("this is no permit of Forbear")
    try:
        key.verify(_decoded(signature), text.encode())
        said = json.loads(_decoded(payload))
        told = Token(
            said["permit"],
            said["account"],
            said["point"],
            said["channel"],
            parse_instant(said["from"]),
            parse_instant(said["until"]),
            said["rulebook"],
            said["key"],
        )
    except InvalidSignature:
        raise NoPermit("the permit is not signed by this key") from None
    except (ValueError, KeyError, TypeError):
        raise NoPermit("the permit cannot be read") from None
    if not told.since <= now < told.until:
        raise NoPermit(f"the permit holds from {said['from']} until {said['until']}")
    return told


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if _coded(found) != text:  # of texts that decode alike only the one RFC 4648 writes
        raise ValueError("bits behind the last byte")
    return found
