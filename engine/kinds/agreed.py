"""A number that an agreement may move; limits and windows have such numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Agreed:
    """`{law: 21:00, or_agreed: calls_until}`: an agreement may move the number."""

    law: time | int
    or_agreed: str
