"""How often each key may ask: a bucket that fills at a rate and holds one burst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BURST_SECONDS: Final = 2.0
"""A bucket holds what its rate fills in so many seconds."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """The buckets of all keys. `rate` is in requests a second; 0: no limit."""

    def __init__(self, rate: float) -> None:
        """Begin with full buckets."""
        self.rate = rate
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, key: str, now: float) -> float:
        """Take one from a key's bucket; seconds until there is one, 0.0 where it was taken.

        `now` is a stopwatch's reading in seconds.
        """
        if not self.rate:
            return 0.0
        full = max(1.0, self.rate * BURST_SECONDS)
        bucket = self._buckets.setdefault(key, _Bucket(full, now))
        bucket.left = min(full, bucket.left + max(0.0, now - bucket.at) * self.rate)
        bucket.at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / self.rate
        bucket.left -= 1.0
        return 0.0
