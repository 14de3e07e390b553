"""`window`: contact only between two wall-clock times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import ClassVar

from .agreed import Agreed


@dataclass(frozen=True, slots=True)
class Window:
    """Wall-clock hours. `closed` lists dates of holidays by name or an RRULE text.

    `from_` and `to` None: the whole day. `days` are words.DAYS on which these hours hold; on a
    day not listed the window is closed. `clock`: consumer, point, or a zone's name.
    `edges`: open (the exact instants are out) or closed. `closed_by`: consumer_hours or None.
    """

    kind: ClassVar[str] = "window"
    from_: time | Agreed | None = None
    to: time | Agreed | None = None
    days: frozenset[str] | None = None
    clock: str = "consumer"
    edges: str = "open"
    closed: tuple[str, ...] = ()
    closed_by: str | None = None
