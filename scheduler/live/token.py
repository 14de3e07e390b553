"""A permit as a signed text: who holds one may contact, until when; checkable without us.

`forbear-permit-1.PAYLOAD.SIGNATURE`, each base64url without padding; PAYLOAD is JSON, the signature
is Ed25519 over the text before its point. It says that the permit was issued, not that nothing was
withdrawn since.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.clock import format_instant, parse_instant
from engine.problem import ForbearError

from .recording import dumps

HEAD: Final = "forbear-permit-1"


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


class Token(NamedTuple):
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
    permit, account, point, channel, since, until, rulebook, key = told
    said = (
        f'{{"permit":"{permit}","account":{dumps(account)},"point":{dumps(point)},'
        f'"channel":"{channel}","from":"{format_instant(since)}","until":"{format_instant(until)}",'
        f'"rulebook":"{rulebook}","key":{dumps(key)}}}'
    )
    text = f"{HEAD}.{_coded(said.encode())}"
    return f"{text}.{_coded(signer.sign(text.encode()))}"


class Signing:
    """The token of a permit on its way: signed by whoever comes to it first, once.

    INVARIANT: nobody is given the token before the permit has been committed.
    """

    __slots__ = ("_begun", "_ended", "_error", "_signer", "_token", "_told")

    def __init__(self, signer: Signer, told: Token) -> None:
        """Not begun."""
        self._signer, self._told = signer, told
        self._begun, self._ended = threading.Lock(), threading.Lock()
        self._ended.acquire()
        self._token: str = ""
        self._error: BaseException | None = None

    def sign(self) -> None:
        """Sign, unless somebody does or did."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            self._token = issue(self._signer, self._told)
        except BaseException as error:
            self._error = error
        finally:
            self._ended.release()

    def result(self) -> str:
        """The token. Raises what signing it raised."""
        self.sign()
        with self._ended:
            if self._error is not None:
                raise self._error
            return self._token


def sign(some: Iterable[Signing]) -> None:
    """Sign them, but for those that somebody signs or has signed."""
    for one in some:
        one.sign()


@dataclass
class Pen:
    """Signs on a second processor, if one is free, while the database commits."""

    signer: Signer
    _asked: SimpleQueue[Sequence[Signing] | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None

    def begin(self, some: Sequence[Signing]) -> None:
        """Begin to sign."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name="permit-pen", daemon=True)
            self._thread.start()
        self._asked.put(some)

    def close(self) -> None:
        """Stop."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join()
            self._thread = None

    def _go(self) -> None:
        while (some := self._asked.get()) is not None:
            sign(some)


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
