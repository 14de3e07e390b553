"""Numbers of things, as people say them."""

from __future__ import annotations


def many(count: int, one: str, more: str = "") -> str:
    """How many: `1 account`, `2,000 accounts`; `more` where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
