"""What the service says of itself: one JSON object a line, no personal data in any.

Bodies and ids are never written, only routes by their pattern; texts that come from elsewhere are
masked first.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol

from engine.clock import format_instant

_MAIL: Final = re.compile(r"[^\s@`'\"<>]+@[^\s@`'\"<>]+")
_NUMBER: Final = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_NAMED: Final = re.compile(r"`[^`]*`")
MASK: Final = "***"


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object:
        """Take a line."""

    def flush(self) -> None:
        """Have it seen."""


def masked(text: str) -> str:
    """A text without what may name or reach somebody: quoted names, addresses, long numbers."""
    text = _MAIL.sub(MASK, _NAMED.sub(MASK, text))
    return _NUMBER.sub(lambda found: found[0] if _DAY.fullmatch(found[0]) else MASK, text)


class Journal:
    """Writes lines; one at a time, whichever thread asks."""

    def __init__(self, stream: Stream, now: Callable[[], datetime]) -> None:
        """Write to `stream`, with moments of `now`."""
        self._stream = stream
        self._now = now
        self._lock = Lock()

    def say(self, what: str, level: str = "info", **fields: Any) -> None:
        """Write one line. `why` and `message` among the fields are masked."""
        for name in ("why", "message"):
            if isinstance(fields.get(name), str):
                fields[name] = masked(fields[name])
        line = {"at": format_instant(self._now()), "level": level, "what": what, **fields}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
        with self._lock:
            self._stream.write(text + "\n")
            self._stream.flush()

    def handler(self) -> logging.Handler:
        """A handler that brings what libraries log into the same lines."""
        return _Handler(self)


class _Handler(logging.Handler):
    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """One record as one line."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self._journal.say(
            "library", record.levelname.lower(), source=record.name, message=text[:1000]
        )
