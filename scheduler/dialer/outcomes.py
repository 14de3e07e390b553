"""What comes of a call, made up: the same seed and call, the same outcome.

Codes are a dialer's own; how they map to results is the map's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeVar

Word = TypeVar("Word", bound=str)
Delivery = Literal["at once", "late", "twice", "never"]
CODES: Final = (
    ("NA", 46),
    ("busy", 6),
    ("machine", 22),
    ("disconnected", 4),
    ("dropped", 2),
    ("RPC", 11),
    ("wrong party", 3),
    ("refused", 3),
    ("hung up", 3),
)
"""Codes of the set `generic`, with how many calls of a hundred end so."""
DELIVERIES: Final[tuple[tuple[Delivery, int], ...]] = (
    ("at once", 86),
    ("late", 6),
    ("twice", 6),
    ("never", 2),
)
SAID: Final[dict[str, bool | None]] = {
    "wants_contact_through_attorney": None,
    "disputes": None,
    "cease": None,
    "revokes_consent_to_call": True,
}
"""What somebody reached may say, one in SAYS of those who talk; the value that the word takes."""
SAYS: Final = 40
_TALKS: Final = frozenset({"RPC", "refused", "hung up"})
_RINGS: Final = (8, 30)
_TALKING: Final = (20, 240)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a code, seconds it took, how its result is delivered.

    `said`: what the consumer said, if it was something to be told of at once.
    """

    code: str
    seconds: int
    delivery: Delivery
    said: str | None


def outcome(seed: int, row: str, attempt: int) -> Outcome:
    """The outcome of an attempt at a row of the list; `row` names it for ever."""
    drawn = sha256(f"{seed}/{row}/{attempt}".encode()).digest()
    numbers = [int.from_bytes(drawn[n : n + 4], "big") for n in range(0, 32, 4)]
    code = _pick(CODES, numbers[0])
    low, high = _TALKING if code in _TALKS else _RINGS
    said = [*SAID][numbers[3] % len(SAID)] if numbers[4] % SAYS == 0 and code in _TALKS else None
    delivery = _pick(DELIVERIES, numbers[2])
    return Outcome(code, low + numbers[1] % (high - low), delivery, said)


def _pick(choices: Sequence[tuple[Word, int]], number: int) -> Word:
    left = number % sum(weight for _, weight in choices)
    for word, weight in choices:
        if left < weight:
            return word
        left -= weight
    raise AssertionError("weights are positive")
